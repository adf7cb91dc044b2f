//! What is wrong in a configuration file, as findings.

use std::sync::Arc;

use speclens_environment::Project;
use speclens_files::{Db, Entry};

use super::{INVALID, configuration, normal, settings_of};
use crate::check::FileReport;
use crate::finding::{Certainty, Edit, Finding, Fix, Place};
use crate::rules::rule;

/// The report of a file that is no Python: of its settings, where it has any.
pub(crate) fn report(db: &dyn Db, project: Project, file: Entry) -> Option<Arc<FileReport>> {
    let path = file.path(db);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return None;
    }
    let mut findings = findings(db, file);
    if let Some(level) = settings_of(db, project).level(path, INVALID) {
        match level {
            Some(severity) => findings.iter_mut().for_each(|finding| finding.severity = severity),
            None => findings.clear(),
        }
    }
    Some(Arc::new(FileReport { findings }))
}

/// The paths that a file of settings names, whether they are there or not; the name of a program is none.
pub fn paths_in_settings(db: &dyn Db, file: Entry) -> Vec<(Place, std::path::PathBuf)> {
    let Some(read) = configuration(db, file) else { return Vec::new() };
    let path = file.path(db);
    let base = path.parent().unwrap_or(path);
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let paths = read.paths.iter().map(|named| {
        let place =
            Place { file: path.clone(), start: narrow(named.span.start), end: narrow(named.span.end) };
        (place, normal(&base.join(&named.path)))
    });
    paths.collect()
}

fn findings(db: &dyn Db, file: Entry) -> Vec<Finding> {
    let Some(read) = configuration(db, file) else { return Vec::new() };
    let path = file.path(db);
    let base = path.parent().unwrap_or(path);
    let is_there = |named: &super::read::NamedPath| {
        let written = std::path::Path::new(&named.path);
        (named.is_program && super::is_bare_program(written))
            || db.entry(&normal(&base.join(written))).kind(db).is_some()
    };
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let finding = |span: &std::ops::Range<usize>, message: String, meant: Option<&String>| {
        let place = Place { file: path.clone(), start: narrow(span.start), end: narrow(span.end) };
        let fix = meant.map(|meant| Fix {
            title: format!("Write `{meant}`"),
            edits: vec![Edit { place: place.clone(), text: meant.clone() }],
            safe: false,
        });
        Finding {
            rule: INVALID,
            severity: rule(INVALID).map_or(crate::finding::Severity::Warning, |rule| rule.severity),
            certainty: Certainty::Certain,
            message: match meant {
                Some(meant) => format!("{message}; did you mean `{}`?", meant.trim_matches('"')),
                None => message,
            },
            place,
            related: Vec::new(),
            help: Vec::new(),
            fixes: fix.into_iter().collect(),
        }
    };
    let wrong = read
        .problems
        .iter()
        .map(|problem| finding(&problem.span, problem.message.clone(), problem.meant.as_ref()));
    let missing = read.paths.iter().filter(|named| !is_there(named)).map(|named| {
        finding(&named.span, format!("there is no such file or directory: {}", named.path), None)
    });
    let mut findings: Vec<Finding> = wrong.chain(missing).collect();
    findings.sort_by_key(|finding| (finding.place.start, finding.place.end));
    findings
}
