//! `speclens verify --effects`: imports each module in an interpreter of its own, and says where the machine is wrong.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value as Json, json};
use speclens_analysis::{Certainty, Comparison, Difference, Field, Tallies, Tally, compare, effects};
use speclens_environment::{Project, PythonVersion};

use super::interpreter::ask_effects;
use crate::command_line::arguments::{Format, Verify};
use crate::command_line::session::Session;
use crate::command_line::text::{Page, bad, dim, good};
use crate::command_line::{Failure, Verdict, names_modules};

/// One import, on both sides; or why the interpreter did not answer.
struct Import<'n> {
    name: &'n str,
    outcome: Result<Comparison, String>,
}

pub fn run(
    session: &Session,
    arguments: &Verify,
    project: Project,
    python: &Path,
    version: PythonVersion,
) -> Result<Verdict, Failure> {
    names_modules(&arguments.modules)?;
    if !session.quiet {
        let (python, count) = (session.shown(python), arguments.modules.len());
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        anstream::eprintln!(
            "speclens: starting {python} -I {times}, which imports what was named and runs its code"
        );
    }
    let limit = Duration::from_secs(arguments.timeout);
    let mut imports = Vec::new();
    for name in &arguments.modules {
        let errors = if session.verbose > 0 { Stdio::inherit() } else { Stdio::null() };
        let (truth, effects) = std::thread::scope(|scope| {
            let first = &session.request.extra_paths;
            let asked = scope.spawn(move || ask_effects(python, name, first, errors, limit));
            let effects = effects(session.database.db(), project, name, &[]);
            (asked.join(), effects)
        });
        let truth = truth.map_err(|_| Failure::Request("a thread of our own panicked".to_owned()))??;
        imports.push(Import { name, outcome: truth.map(|truth| compare(&effects, &truth, |_| true)) });
    }
    let text = match arguments.format.format {
        Format::Json => format!("{:#}\n", json(version, &imports)),
        Format::Text => page(session, version, &imports),
    };
    session.print(&text)?;
    Ok(verdict(&imports))
}

fn verdict(imports: &[Import<'_>]) -> Verdict {
    if imports.iter().any(|import| import.outcome.as_ref().is_ok_and(|it| !it.differences.is_empty())) {
        Verdict::Found
    } else if imports.iter().any(|import| import.outcome.is_err()) {
        Verdict::Incomplete
    } else {
        Verdict::Clean
    }
}

fn compared<'i>(imports: &'i [Import<'_>]) -> impl Iterator<Item = &'i Comparison> {
    imports.iter().filter_map(|import| import.outcome.as_ref().ok())
}

fn totals(imports: &[Import<'_>]) -> Tallies {
    let mut totals = Tallies::default();
    for comparison in compared(imports) {
        totals += comparison.tallies;
    }
    totals
}

/// The kinds, in the order of the table.
fn kinds(tallies: &Tallies) -> [(&'static str, Tally); 4] {
    [
        ("modules", tallies.modules),
        ("oddities", tallies.oddities),
        ("finders", tallies.finders),
        ("from_extensions", tallies.from_extensions),
    ]
}

/// How many of the modules that CPython has are as the model says.
fn agreed(comparison: &Comparison) -> usize {
    let differing = comparison.differences.iter().filter(|it| matches!(it, Difference::Differs { .. }));
    comparison.tallies.modules.reached.saturating_sub(differing.count())
}

fn json(version: PythonVersion, imports: &[Import<'_>]) -> Json {
    let one = |import: &Import<'_>| match &import.outcome {
        Err(reason) => json!({"name": import.name, "unanswered": reason}),
        Ok(comparison) => json!({
            "name": import.name,
            "agreed": agreed(comparison),
            "differences": comparison.differences.iter().map(difference_json).collect::<Json>(),
            "tallies": comparison.tallies,
        }),
    };
    let totals = totals(imports);
    let totals = kinds(&totals).map(|(kind, tally)| {
        let Tally { actual, reached, certain, right, spare } = tally;
        let counts = json!({
            "actual": actual, "reached": reached, "recall": tally.recall(),
            "certain": certain, "right": right, "precision": tally.precision(),
            "spare": spare,
        });
        (kind.to_owned(), counts)
    });
    json!({
        "version": version.to_string(),
        "imports": imports.iter().map(one).collect::<Json>(),
        "totals": Json::Object(totals.into_iter().collect()),
    })
}

fn difference_json(difference: &Difference) -> Json {
    match difference {
        Difference::Missed { place, what } => json!({"kind": "missed", "place": place, "what": what}),
        Difference::NotThere { place, what } => json!({"kind": "not there", "place": place, "what": what}),
        Difference::Differs { module, fields, certainty } => {
            let sides = |field: &Field| {
                (field.name.to_owned(), json!({"speclens": field.speclens, "python": field.python}))
            };
            let fields = Json::Object(fields.iter().map(sides).collect());
            json!({
                "kind": "differs", "place": "sys.modules", "what": module,
                "fields": fields, "certainty": certainty,
            })
        }
        Difference::Ends { python, speclens } => {
            json!({"kind": "ends", "speclens": speclens, "python": python})
        }
    }
}

fn page(session: &Session, version: PythonVersion, imports: &[Import<'_>]) -> String {
    let mut page = Page::default();
    for import in imports {
        match &import.outcome {
            Err(reason) => page.heading(format_args!("{}: {}", import.name, bad(reason))),
            Ok(comparison) => describe(&mut page, import.name, comparison),
        }
    }
    if !session.quiet {
        table(&mut page, version, imports);
    }
    page.finish()
}

fn describe(page: &mut Page, name: &str, comparison: &Comparison) {
    let (agreed, actual) = (agreed(comparison), comparison.tallies.modules.actual);
    page.heading(format_args!("{name}: {agreed} of {actual} modules agree"));
    for difference in &comparison.differences {
        match difference {
            Difference::Missed { place, what } => {
                page.line(format_args!("  {} {what} in {place}", bad("missed:")));
            }
            Difference::NotThere { place, what } => {
                page.line(format_args!("  {} {what} in {place}", bad("certain, but not there:")));
            }
            Difference::Differs { module, fields, certainty } => {
                let doubt =
                    if *certainty == Certainty::Possible { dim(" (called possible)") } else { String::new() };
                page.line(format_args!("  {} {module}{doubt}", bad("differs:")));
                for field in fields {
                    sides(page, field.name, field.speclens.as_deref(), field.python.as_deref());
                }
            }
            Difference::Ends { python, speclens } => {
                page.line(format_args!("  {}", bad("ends in another way:")));
                sides(page, "exception", speclens.as_deref(), python.as_deref());
            }
        }
    }
}

fn sides(page: &mut Page, field: &str, speclens: Option<&str>, python: Option<&str>) {
    let [speclens, python] = [speclens, python].map(|side| side.unwrap_or("None"));
    page.line(format_args!("    {field}"));
    page.table(&[("    Speclens", speclens), ("    Python", python)]);
}

/// How much of it is right.
fn table(page: &mut Page, version: PythonVersion, imports: &[Import<'_>]) {
    let totals = totals(imports);
    page.heading(format_args!("CPython {version}, {} imports", imports.len()));
    page.line(dim(
        "                                 there  reached  recall  certain   right  precision  possible only",
    ));
    for (kind, tally) in kinds(&totals) {
        let words = match kind {
            "finders" => "finders, hooks, __import__",
            "from_extensions" => "only from extension modules",
            kind => kind,
        };
        let Tally { actual, reached, certain, right, spare } = tally;
        let (recall, precision) = (tally.recall(), tally.precision());
        page.line(format_args!(
            "  {words:<28} {actual:>7} {reached:>8} {recall:>7.3} {certain:>8} {right:>7} {precision:>10.3} {spare:>14}"
        ));
    }
    let differences: usize = compared(imports).map(|comparison| comparison.differences.len()).sum();
    let unanswered = imports.len() - compared(imports).count();
    let count = match differences {
        0 => good("no difference"),
        1 => bad("1 difference"),
        many => bad(format_args!("{many} differences")),
    };
    page.line(match unanswered {
        0 => count,
        some => format!("{count}, {}", bad(format_args!("{some} without an answer"))),
    });
}
