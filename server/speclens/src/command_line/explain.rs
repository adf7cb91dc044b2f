//! `speclens explain`: one module's spec, why it is so, and what was passed over.

use std::path::Path;

use anstream::adapter::strip_str;
use serde_json::{Map, Value as Json, json};
use speclens_analysis::{
    Evidence, Explanation, Found, Imported, PutSpec, Replacement, Value, explain, spec_values, verdict_words,
};
use speclens_environment::{Project, PythonVersion};
use speclens_files::Db;
use speclens_imports::finders::Verdict as Fate;
use speclens_imports::spec::ModuleSpec;

use super::arguments::{Explain, Format};
use super::session::{Session, shown, slashed};
use super::text::{Page, bad, dim, good};
use super::{Failure, Verdict, names_modules};

pub fn run(session: &Session, arguments: &Explain) -> Result<Verdict, Failure> {
    names_modules(std::iter::once(&arguments.module).chain(&arguments.after))?;
    let project = session.current_project()?;
    let explanation = explain(session.database.db(), project, &arguments.module, &arguments.after);
    let text = match arguments.format.format {
        Format::Json => format!("{:#}\n", json(&explanation)),
        Format::Text => page(&session.directory, &explanation),
    };
    session.print(&text)?;
    Ok(if explanation.found.is_ok() { Verdict::Clean } else { Verdict::Found })
}

/// What the command says of a module, without its colours.
pub fn plain(db: &dyn Db, project: Project, name: &str) -> String {
    let explanation = explain(db, project, name, &[]);
    strip_str(&page(project.root(db), &explanation)).to_string()
}

/// What the command says as JSON.
pub fn tree(db: &dyn Db, project: Project, name: &str) -> Json {
    json(&explain(db, project, name, &[]))
}

fn json(explanation: &Explanation) -> Json {
    let found = explanation.found.as_ref();
    let version = explanation.version;
    let candidates = explanation.candidates.iter();
    let evidence = explanation.evidence.iter();
    json!({
        "name": explanation.name,
        "kind": found.map_or("not found", |found| found.kind.words()),
        "spec": found.ok().map(|found| attributes(&spec_values(&found.after, version))),
        "spec_before_import": found.ok().map(|found| attributes(&spec_values(&found.before, version))),
        "module": found.ok().map(|found| attributes(&found.attributes)),
        "portions": found.map_or(&[][..], |found| &found.portions).iter()
            .map(|portion| json!({"path": slashed(&portion.path), "owners": portion.owners}))
            .collect::<Json>(),
        "error": found.err().map(|missing| format!("ModuleNotFoundError: {missing}")),
        "imported": imported_json(&explanation.imported),
        "changes": explanation.changes.iter().map(evidence_json).collect::<Json>(),
        "candidates": candidates
            .map(|candidate| json!({
                "path": slashed(&candidate.path),
                "verdict": verdict_words(&candidate.verdict),
            }))
            .collect::<Json>(),
        "searched": explanation.searched.iter().map(|path| slashed(path.as_ref())).collect::<Json>(),
        "evidence": evidence
            .map(evidence_json)
            .collect::<Json>(),
        "certainty": explanation.certainty(),
        "uncertain": explanation.uncertain,
    })
}

/// A line of a file, and what it does.
pub fn evidence_json(evidence: &Evidence) -> Json {
    json!({"file": slashed(&evidence.file), "line": evidence.line, "what": evidence.what})
}

/// What the import leaves in `sys.modules`, or its exception.
fn imported_json(imported: &Imported) -> Json {
    let lines = |evidence: &[Evidence]| evidence.iter().map(evidence_json).collect::<Json>();
    match imported {
        Imported::AsFound => json!({"state": "as found"}),
        Imported::Unknown => json!({"state": "unknown"}),
        Imported::Raises { exception, evidence } => {
            json!({"state": "raises", "exception": exception, "evidence": lines(evidence)})
        }
        Imported::Other(other) => {
            let (spec, name) = match &other.spec {
                PutSpec::None => ("none", None),
                PutSpec::Missing => ("missing", None),
                PutSpec::Of(name) => ("spec", Some(name)),
                PutSpec::Unknown => ("unknown", None),
            };
            json!({
                "state": "another object",
                "type": other.class,
                "spec": spec,
                "spec_name": name,
                "evidence": lines(&other.evidence),
            })
        }
    }
}

fn attributes(values: &[(&'static str, Value)]) -> Json {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Json::String(value.to_string())))
        .collect::<Map<_, _>>()
        .into()
}

fn page(base: &Path, explanation: &Explanation) -> String {
    let mut page = Page::default();
    match &explanation.found {
        Ok(found) => {
            page.heading(format_args!("{} is a {}", explanation.name, found.kind.words()));
            doubt(&mut page, explanation);
            describe(&mut page, base, found, explanation.version);
        }
        Err(missing) => {
            page.heading(format_args!("{} is not found by the finders", explanation.name));
            doubt(&mut page, explanation);
            if !matches!(explanation.imported, Imported::Other(_) | Imported::Raises { .. }) {
                let error = bad(format_args!("ModuleNotFoundError: {missing}"));
                page.line(format_args!("  import {} raises {error}", explanation.name));
            }
        }
    }
    outcome(&mut page, base, explanation);
    if !explanation.changes.is_empty() {
        page.heading("What its import changes beside sys.modules");
        lines(&mut page, base, &explanation.changes);
    }
    let passed_over = |fate: &Fate| !matches!(fate, Fate::Chosen | Fate::Portion);
    let losers: Vec<_> = explanation.candidates.iter().filter(|it| passed_over(&it.verdict)).collect();
    if !losers.is_empty() {
        page.heading("Passed over");
        for candidate in losers {
            page.line(format_args!("  {}", shown(base, &candidate.path)));
            page.line(format_args!("    {}", dim(verdict_words(&candidate.verdict))));
        }
    }
    if explanation.found.is_err() && !explanation.searched.is_empty() {
        page.heading("Searched");
        for directory in &explanation.searched {
            page.line(format_args!("  {}", shown(base, directory.as_ref())));
        }
    }
    if !explanation.evidence.is_empty() {
        page.heading("Why it is found");
        lines(&mut page, base, &explanation.evidence);
    }
    page.finish()
}

/// What the import does, where that is not what the finders promise.
fn outcome(page: &mut Page, base: &Path, explanation: &Explanation) {
    let name = &explanation.name;
    let evidence = match &explanation.imported {
        Imported::AsFound | Imported::Unknown => return,
        Imported::Raises { exception, evidence } => {
            page.heading("What its import does");
            page.line(format_args!("  import {name} raises {}", bad(exception)));
            evidence
        }
        Imported::Other(other) => {
            page.heading("What stands in sys.modules after the import");
            page.line(format_args!("  {}", replacement(name, other)));
            &other.evidence
        }
    };
    lines(page, base, evidence);
}

/// Lines of files, each with what it does.
fn lines(page: &mut Page, base: &Path, evidence: &[Evidence]) {
    for evidence in evidence {
        let line = evidence.line.map(|line| format!(":{line}")).unwrap_or_default();
        page.line(format_args!("  {}{line}", shown(base, &evidence.file)));
        page.line(format_args!("    {}", dim(&evidence.what)));
    }
}

fn replacement(name: &str, other: &Replacement) -> String {
    let object = match other.class.as_str() {
        "module" => "another module object".to_owned(),
        class => format!("a {class} object"),
    };
    match &other.spec {
        PutSpec::None => {
            format!("{object} whose __spec__ is None: find_spec({name:?}) then raises ValueError")
        }
        PutSpec::Missing => {
            format!("{object} that has no __spec__: find_spec({name:?}) then raises ValueError")
        }
        PutSpec::Of(spec) if spec == name => format!("{object} that has the module's own spec"),
        PutSpec::Of(spec) => format!("{object}: {name}.__spec__.name is '{spec}'"),
        PutSpec::Unknown => format!("{object} whose __spec__ could not be followed"),
    }
}

fn doubt(page: &mut Page, explanation: &Explanation) {
    if let Some(reason) = &explanation.uncertain {
        page.line(format_args!("  {}", bad(format_args!("not certain: {reason}"))));
    }
}

fn describe(page: &mut Page, base: &Path, found: &Found, version: PythonVersion) {
    // A namespace package has no code that could change what the finders made.
    let is_final = found.after.is_namespace();
    page.heading(if is_final { "Its __spec__" } else { "Its __spec__, as the finders make it" });
    page.table(&spec_rows(&found.before, &found.after, version));
    page.heading(if is_final { "The module" } else { "The module, when its code begins to run" });
    let mut rows: Vec<_> = found.attributes.iter().map(|(name, value)| (*name, value.to_string())).collect();
    for always in ["__path__", "__file__"] {
        if !rows.iter().any(|(name, _)| *name == always) {
            rows.insert(0, (always, dim("not set")));
        }
    }
    page.table(&rows);
    if !found.portions.is_empty() {
        page.heading(if is_final {
            "Portions, and the distributions that install into them"
        } else {
            "Where it is"
        });
        for portion in &found.portions {
            page.line(format_args!("  {}", shown(base, &portion.path)));
            for owner in &portion.owners {
                page.line(format_args!("    {}", good(owner)));
            }
        }
    }
}

/// The attributes of `__spec__`; both values where the import changes one.
fn spec_rows(before: &ModuleSpec, after: &ModuleSpec, version: PythonVersion) -> Vec<(&'static str, String)> {
    let pairs = spec_values(before, version).into_iter().zip(spec_values(after, version));
    pairs
        .map(|((name, before), (_, after))| {
            let changed = before != after;
            let note = dim(format_args!("   {before} in find_spec's answer before the import"));
            (name, if changed { format!("{after}{note}") } else { after.to_string() })
        })
        .collect()
}
