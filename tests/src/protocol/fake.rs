//! An analysis whose answers a test can foresee.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use speclens::server::Analyses;
use speclens_analysis::{
    Certainty, Definition, Edit, FileReport, Finding, Fix, Hint, Hover, Place, Related, Severity,
};
use speclens_environment::Project;
use speclens_files::{Db, Entry};

const MARK: &str = "__spec__";

/// Reports each `__spec__`, with a fix that writes `__name__`; related is the first line of `elsewhere.py`, where that
/// exists. Hovering a `__spec__` shows the whole text and what the project asks for. Where the text has `__slow__`, each waits until it is cancelled;
/// where it has `__panic__`, each panics; where it has `__stubborn__`, each works on for a while, whatever anyone wants.
pub const FAKE: Analyses = Analyses { check, hover, definition, hints, complaint };

fn check(db: &dyn Db, project: Project, file: Entry) -> Arc<FileReport> {
    let text = text(db, file);
    let elsewhere = project.root(db).join("elsewhere.py");
    let findings = text.match_indices(MARK).map(|(start, _)| finding(db, file.path(db), start, &elsewhere));
    Arc::new(FileReport { findings: findings.collect() })
}

fn finding(db: &dyn Db, file: &Path, start: usize, elsewhere: &Path) -> Finding {
    let start = u32::try_from(start).unwrap();
    let place = Place { file: file.to_path_buf(), start, end: start + u32::try_from(MARK.len()).unwrap() };
    let related = db.entry(elsewhere).is_file(db).then(|| {
        let first = text(db, db.entry(elsewhere)).lines().next().unwrap_or_default().len();
        Related {
            message: "decided here".into(),
            place: Place { file: elsewhere.to_path_buf(), start: 0, end: u32::try_from(first).unwrap() },
        }
    });
    Finding {
        rule: "fake-rule",
        severity: Severity::Warning,
        certainty: Certainty::Certain,
        message: "a spec".into(),
        related: related.into_iter().collect(),
        help: vec!["write `__name__`".into()],
        fixes: vec![Fix {
            title: "Write `__name__`".into(),
            edits: vec![Edit { place: place.clone(), text: "__name__".into() }],
            safe: true,
        }],
        place,
    }
}

fn hover(db: &dyn Db, project: Project, file: Entry, offset: u32) -> Option<Hover> {
    let request = project.request(db);
    let text = text(db, file);
    let here = offset as usize;
    let (start, _) =
        text.match_indices(MARK).find(|(start, mark)| (*start..start + mark.len()).contains(&here))?;
    let start = u32::try_from(start).unwrap();
    let place = Place { file: file.path(db).clone(), start, end: start + u32::try_from(MARK.len()).unwrap() };
    let markdown = format!("{text}\n{:?} {:?}", request.python, request.extra_paths);
    Some(Hover { place, markdown })
}

/// A `__spec__` comes from the first line of `elsewhere.py`.
fn definition(db: &dyn Db, project: Project, file: Entry, offset: u32) -> Option<Definition> {
    let place = hover(db, project, file, offset)?.place;
    Some(Definition {
        place,
        targets: vec![Place { file: project.root(db).join("elsewhere.py"), start: 0, end: 0 }],
    })
}

/// There is no interpreter where the workspace has a file `no-python`.
fn complaint(db: &dyn Db, project: Project) -> Option<String> {
    let mark = db.entry(&project.root(db).join("no-python"));
    mark.is_file(db).then(|| "no Python was found".into())
}

/// Each `__spec__` is None.
fn hints(db: &dyn Db, _: Project, file: Entry) -> Vec<Hint> {
    let text = text(db, file);
    let ends = text.match_indices(MARK).map(|(start, mark)| start + mark.len());
    ends.map(|end| Hint { at: u32::try_from(end).unwrap(), value: "None".into() }).collect()
}

fn text(db: &dyn Db, file: Entry) -> String {
    let text = String::from_utf8(file.bytes(db).unwrap_or_default()).unwrap();
    assert!(!text.contains("__panic__"), "the fake analysis panics");
    if text.contains("__stubborn__") {
        thread::sleep(Duration::from_millis(600));
    }
    while text.contains("__slow__") {
        db.unwind_if_revision_cancelled();
        thread::sleep(Duration::from_millis(1));
    }
    text
}
