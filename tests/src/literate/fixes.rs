//! What the fixes of the findings do: each is applied alone, and then looked at again, by Speclens and by CPython.

#![allow(clippy::disallowed_methods, reason = "a test's own tree is on the disk")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speclens_analysis::{Finding, Fix, check_file};
use speclens_environment::{Project, Request};
use speclens_files::Database;

use super::cpython::raised;
use super::document::{SourceFile, Tree};
use crate::interpreters::Interpreter;

/// How the fixes of a tree fared.
#[derive(Debug, Default)]
pub struct Applied {
    /// The titles of those that were applied.
    pub titles: Vec<String>,
    /// What did not become better.
    pub problems: Vec<String>,
}

/// Applies each fix of each finding in `tree`, but for those that only silence it, each to a fresh copy of the tree below
/// `directory`. Its finding must be gone, and fewer statements must raise where the finding said that one will.
pub fn apply_fixes(tree: &Tree, directory: &Path, interpreter: &Interpreter) -> Applied {
    let mut applied = Applied::default();
    let before = directory.join("before");
    if let Err(error) = tree.write_below(&before) {
        applied.problems.push(error.to_string());
        return applied;
    }
    for file in tree.files.iter().filter(|file| file.is_python()) {
        for finding in findings(&before, file, interpreter) {
            for fix in finding.fixes.iter().filter(|fix| !only_silences(fix)) {
                let after = directory.join(format!("after-{}", applied.titles.len()));
                let told = apply(tree, &before, &after, file, &finding, fix, interpreter);
                let place = format!("{}: {}: {}", file.path, finding.message, fix.title);
                applied.problems.extend(told.err().map(|problem| format!("{place}: {problem}")));
                applied.titles.push(fix.title.clone());
            }
        }
    }
    applied
}

fn only_silences(fix: &Fix) -> bool {
    fix.edits.iter().any(|edit| edit.text.contains("speclens"))
        || fix.edits.iter().any(|edit| edit.place.file.ends_with("speclens.toml"))
}

fn apply(
    tree: &Tree,
    before: &Path,
    after: &Path,
    file: &SourceFile,
    finding: &Finding,
    fix: &Fix,
    interpreter: &Interpreter,
) -> Result<(), String> {
    tree.write_below(after).map_err(|error| error.to_string())?;
    let mut by_file: BTreeMap<PathBuf, Vec<(usize, usize, &str)>> = BTreeMap::new();
    for edit in &fix.edits {
        let place = &edit.place;
        let inside = place.file.strip_prefix(before).map_err(|_| "an edit outside of the tree")?;
        let edits = by_file.entry(after.join(inside)).or_default();
        edits.push((place.start as usize, place.end as usize, &edit.text));
    }
    for (path, mut edits) in by_file {
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        edits.sort_by_key(|(start, end, _)| std::cmp::Reverse((*start, *end)));
        for (start, end, with) in edits {
            text.replace_range(start..end, with);
        }
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
    }
    let count = |root: &Path| {
        let found = findings(root, file, interpreter);
        found.iter().filter(|other| other.rule == finding.rule).count()
    };
    if count(after) >= count(before) {
        return Err("the finding is still there".to_owned());
    }
    let (mut then, mut now) = (0, 0);
    for run in tree.files.iter().filter(|file| file.is_run()) {
        then += raised(before, run, interpreter)?;
        now += raised(after, run, interpreter)?;
    }
    let must_be_fewer = finding.message.contains(" raises ") && file.is_run();
    match must_be_fewer {
        true if now >= then => Err(format!("{now} statements raise, and {then} did before")),
        false if now > then => Err(format!("{now} statements raise, and only {then} did before")),
        _ => Ok(()),
    }
}

fn findings(root: &Path, file: &SourceFile, interpreter: &Interpreter) -> Vec<Finding> {
    let database = Database::on_disk();
    let db = database.db();
    let request = Request { python: Some(interpreter.program.clone()), ..Request::default() };
    let project = Project::new(db, root.to_path_buf(), request);
    check_file(db, project, db.entry(&root.join(&file.path))).findings.clone()
}
