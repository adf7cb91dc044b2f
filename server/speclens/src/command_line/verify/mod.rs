//! `speclens verify`: asks the interpreter itself, and says where the model is wrong.
//!
//! What the finders say is compared here, and in `effects` what importing a module does.

mod effects;
mod interpreter;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use speclens_analysis::{Resolver, all_modules};

use self::interpreter::{AnsweredRow, Question, ask};
use super::arguments::{Format, Verify};
use super::resolve::Row;
use super::session::Session;
use super::text::{Page, bad, good};
use super::{Failure, Verdict};

/// Where Speclens and the interpreter do not say the same of one name.
#[derive(Debug, Serialize)]
struct Difference {
    name: String,
    /// The fields that differ: what Speclens says, and what the interpreter says.
    fields: BTreeMap<String, Sides>,
    /// Why Speclens had called its own answer uncertain.
    uncertain: Option<String>,
}

#[derive(Debug, Serialize)]
struct Sides {
    speclens: Json,
    python: Json,
}

pub fn run(session: &mut Session, arguments: &Verify) -> Result<Verdict, Failure> {
    // The interpreter runs isolated, and so does the model.
    session.request.isolated = true;
    let project = session.current_project()?;
    let resolver = Resolver::new(session.database.db(), project);
    let interpreter = &resolver.environment().interpreter;
    let Some(python) = &interpreter.executable else {
        return Err(Failure::Request("there is no Python to compare with".to_owned()));
    };
    if arguments.effects {
        return effects::run(session, arguments, project, python, interpreter.version);
    }
    let all = if arguments.modules.is_empty() { all_modules(&resolver) } else { Vec::new() };
    let listed = all.iter().map(|spec| spec.name.as_str());
    let names: Vec<&str> = arguments.modules.iter().map(String::as_str).chain(listed).collect();
    if !session.quiet {
        anstream::eprintln!(
            "speclens: starting {} -I, which runs this environment's startup code",
            session.shown(python)
        );
    }
    let question = Question { names: &names, all: arguments.modules.is_empty() };
    let answer = ask(python, &question, Duration::from_secs(arguments.timeout))?;

    let mut differences = Vec::new();
    let path = json!(resolver.sys_path());
    if path != json!(answer.state.sys_path) {
        let sides = Sides { speclens: path, python: json!(answer.state.sys_path) };
        let fields = BTreeMap::from([("value".to_owned(), sides)]);
        differences.push(Difference { name: "sys.path".to_owned(), fields, uncertain: None });
    }
    let total = answer.rows.len();
    let mut unlike = 0;
    for row in answer.rows {
        let difference = compare(&resolver, row);
        unlike += usize::from(difference.is_some());
        differences.extend(difference);
    }
    let agreed = total - unlike;
    let text = match arguments.format.format {
        Format::Json => {
            let version = &answer.state.version;
            format!("{:#}\n", json!({"version": version, "agreed": agreed, "differences": differences}))
        }
        Format::Text => page(session, &answer.state.version, agreed, &differences),
    };
    session.print(&text)?;
    Ok(if differences.is_empty() { Verdict::Clean } else { Verdict::Found })
}

/// The fields in which the model's row differs from the interpreter's.
fn compare(resolver: &Resolver<'_>, answered: AnsweredRow) -> Option<Difference> {
    let (name, python) = match answered {
        AnsweredRow::Found(row) => (row.name.clone(), fields(&row)),
        AnsweredRow::Raised { name, raised } => {
            (name, Map::from_iter([("raised".to_owned(), raised.into())]))
        }
    };
    let resolved = resolver.resolve(&name);
    let version = resolver.environment().interpreter.version;
    let mut speclens = fields(&Row::new(&name, resolved.resolution.spec.as_ref(), version));
    if python.contains_key("raised") {
        speclens.retain(|field, _| field == "found");
    }
    let keys = speclens.keys().chain(python.keys().filter(|key| !speclens.contains_key(*key)));
    let differing = keys.filter(|key| speclens.get(*key) != python.get(*key)).map(|key| {
        let side = |fields: &Map<String, Json>| fields.get(key).cloned().unwrap_or(Json::Null);
        (key.clone(), Sides { speclens: side(&speclens), python: side(&python) })
    });
    let fields: BTreeMap<String, Sides> = differing.collect();
    let uncertain = resolved.resolution.uncertain;
    (!fields.is_empty()).then_some(Difference { name, fields, uncertain })
}

fn fields(row: &impl Serialize) -> Map<String, Json> {
    match serde_json::to_value(row) {
        Ok(Json::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn page(session: &Session, version: &str, agreed: usize, differences: &[Difference]) -> String {
    let mut page = Page::default();
    for difference in differences {
        page.heading(&difference.name);
        for (field, sides) in &difference.fields {
            page.line(format_args!("  {field}"));
            page.table(&[("  Speclens", sides.speclens.to_string()), ("  Python", sides.python.to_string())]);
        }
        if let Some(reason) = &difference.uncertain {
            page.line(format_args!("  Speclens called this uncertain: {reason}"));
        }
    }
    if !session.quiet {
        if !differences.is_empty() {
            page.line("");
        }
        let count = match differences.len() {
            0 => good("no difference"),
            1 => bad("1 difference"),
            many => bad(format_args!("{many} differences")),
        };
        page.line(format_args!("CPython {version}: {agreed} names agree, {count}"));
    }
    page.finish()
}
