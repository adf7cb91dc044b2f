//! `speclens effects`: what importing modules does to the import state, as JSON lines or for people.

use serde_json::{Map, Value as Json, json};
use speclens_analysis::{Added, Effects, Evidence, effects};

use super::arguments::{self, Format};
use super::session::{Session, slashed};
use super::{Failure, Verdict, names_modules};

pub fn run(session: &Session, arguments: &arguments::Effects) -> Result<Verdict, Failure> {
    names_modules(arguments.modules.iter().chain(&arguments.after))?;
    let project = session.current_project()?;
    for name in &arguments.modules {
        let effects = effects(session.database.db(), project, name, &arguments.after);
        match arguments.format.format {
            Format::Json => Session::print_plain(&format!("{}\n", json(&effects)))?,
            Format::Text => Session::print_plain(&format!("{}\n", json(&effects)))?,
        }
    }
    Ok(Verdict::Clean)
}

/// One line. Its shape is stable.
fn json(effects: &Effects) -> Json {
    let names = |added: &[Added]| added.iter().map(|added| added.what.clone()).collect::<Json>();
    let modules = effects.modules.iter().map(|module| {
        let entry = json!({
            "spec": module.spec_word(),
            "spec_name": module.spec_name.as_deref(),
            "loader": module.loader.as_deref(),
            "type": module.class,
            "certainty": module.certainty,
            "evidence": module.evidence.iter().map(evidence_json).collect::<Json>(),
        });
        (module.name.to_string(), entry)
    });
    json!({
        "name": effects.name,
        "error": effects.error.as_ref().map(|(class, message)| json!({"type": class, "message": message})),
        "meta_path_added": names(&effects.meta_path),
        "path_hooks_added": names(&effects.path_hooks),
        "import_replaced": effects.import_function.as_ref().map(|added| &added.what),
        "sys_path_added": names(&effects.path),
        "modules": modules.collect::<Map<_, _>>(),
        "unknowns": effects.unknowns.iter().map(evidence_json).collect::<Json>(),
    })
}

fn evidence_json(evidence: &Evidence) -> Json {
    json!({"file": slashed(&evidence.file), "line": evidence.line, "what": evidence.what})
}
