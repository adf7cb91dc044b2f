//! Literate tests: files with comments that say what Speclens finds and what CPython does (see `tests/rules/README.md`).
//!
//! A [`Document`] is a Markdown file with many small trees, one under each heading; a [`Tree`] can also be a directory
//! of the repository. [`check`] compares each with the analysis and with every interpreter of this machine.

mod cpython;
mod document;
mod expectation;
mod findings;
mod fixes;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use speclens_environment::{PythonVersion, Request};

pub use document::{Document, SourceFile, Tree, Versions};
pub use expectation::{Expectation, FoundBy};
pub use fixes::{Applied, apply_fixes};

use crate::interpreters::{Interpreter, interpreters};

/// What of a tree is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Only what CPython does.
    CPython,
    /// What CPython does, and what the analysis finds.
    Everything,
}

impl Compare {
    /// Everything, unless `SPECLENS_COMPARE=cpython` says that a test is written before the code.
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever writes tests")]
    pub fn from_environment() -> Self {
        if std::env::var("SPECLENS_COMPARE").is_ok_and(|value| value == "cpython") {
            Self::CPython
        } else {
            Self::Everything
        }
    }
}

/// Compares one tree, which lies on disk at `root`, with every interpreter of this machine that it is for; the result
/// is a list of differences, one on a line or more.
pub fn check(tree: &Tree, root: &Path, compare: Compare) -> Vec<String> {
    let mut differences = check_with(tree, root, interpreters(), compare);
    let is_run = interpreters().iter().any(|interpreter| tree.versions.contains(interpreter.version));
    if !is_run && compare == Compare::Everything {
        let request = Request { python_version: tree.versions.from, ..Request::default() };
        let version = tree.versions.from.map_or(String::new(), |version| format!(" for {version}"));
        let label = format!("Speclens{version} without a Python");
        add(&mut differences, &label, findings::compare(root, tree, request));
    }
    differences
}

/// Compares one tree with the given interpreters.
pub fn check_with(tree: &Tree, root: &Path, interpreters: &[Interpreter], compare: Compare) -> Vec<String> {
    let mut differences = Vec::new();
    for interpreter in interpreters.iter().filter(|interpreter| tree.versions.contains(interpreter.version)) {
        let label = format!("CPython {}", interpreter.version);
        let mut found = Vec::new();
        for file in tree.files.iter().filter(|file| file.is_run()) {
            found.extend(cpython::compare(root, file, interpreter));
        }
        add(&mut differences, &label, found);
        if compare == Compare::Everything {
            let label = format!("Speclens for {}", interpreter.version);
            let request = Request { python: Some(interpreter.program.clone()), ..Request::default() };
            add(&mut differences, &label, findings::compare(root, tree, request));
        }
    }
    differences
}

/// The versions that [`check`] runs, for saying so.
pub fn versions() -> Vec<PythonVersion> {
    interpreters().iter().map(|interpreter| interpreter.version).collect()
}

/// Writes every tree of `document` below `directory`, checks it, and tells all differences by heading.
pub fn check_document(document: &Document, directory: &Path, compare: Compare) -> Result<(), String> {
    let mut report = String::new();
    for tree in &document.trees {
        let root: PathBuf = directory.join(&tree.slug);
        tree.write_below(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        let differences = check(tree, &root, compare);
        if !differences.is_empty() {
            let _ = writeln!(report, "\n{}:{}: {}", document.path.display(), tree.line, tree.title);
            for difference in differences {
                let _ = writeln!(report, "{difference}");
            }
        }
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}

/// The same difference under several versions is told once.
fn add(differences: &mut Vec<String>, label: &str, found: Vec<String>) {
    for text in found {
        let start = format!("  {text}   [");
        match differences.iter_mut().find(|known| known.starts_with(&start)) {
            Some(known) => known.insert_str(known.len() - 1, &format!(", {label}")),
            None => differences.push(format!("{start}{label}]")),
        }
    }
}
