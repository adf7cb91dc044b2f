//! Directories without `__init__.py` that a walk over packages passes by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_files::MemberKind;
use speclens_imports::machine::Observation;

use super::{Context, certainty, will};
use crate::finding::{Edit, Finding, Fix, Place, Severity};

/// `pkgutil.walk_packages` and `iter_modules` take a directory for a package if it has `__init__` (`_iter_file_finder_modules`
/// in `Lib/pkgutil.py`), while an import finds it all the same.
pub(super) fn walk(
    context: &Context<'_>,
    observation: &Observation,
    function: &str,
    path: &[Arc<str>],
) -> Option<Finding> {
    let root = context.project.root(context.db);
    let own = path.iter().map(|directory| Path::new(&**directory)).filter(|path| path.starts_with(root));
    let passed: Vec<PathBuf> = own.flat_map(|directory| without_init(context, directory)).collect();
    let first = passed.first()?;
    let certainty = certainty(observation, None);
    let mut finding = context.finding("missing-init", Severity::Warning, certainty, observation.span);
    let passes = will(certainty, "passes", "may pass");
    let called = function.rsplit('.').next().unwrap_or(function);
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    let others = match passed.len() - 1 {
        0 => String::new(),
        1 => " and one more directory".to_owned(),
        many => format!(" and {many} more directories"),
    };
    finding.message = format!("`{called}` {passes} by {}{others}: there is no __init__.py", shown(first));
    finding.help.push("an import finds it, as a namespace package; `pkgutil` does not".to_owned());
    let edit = |directory: &PathBuf| Edit {
        place: Place { file: directory.join("__init__.py"), start: 0, end: 0 },
        text: String::new(),
    };
    let title = if passed.len() == 1 {
        format!("Add {}", shown(&first.join("__init__.py")))
    } else {
        format!("Add __init__.py to {} directories", passed.len())
    };
    finding.fixes.push(Fix { title, edits: passed.iter().map(edit).collect(), safe: false });
    Some(finding)
}

/// The directories in a package's that hold modules, and have no `__init__.py`.
fn without_init(context: &Context<'_>, directory: &Path) -> Vec<PathBuf> {
    let db = context.db;
    let Some(listing) = db.entry(directory).listing(db) else { return Vec::new() };
    let is_identifier = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(char::is_alphabetic) && letters.all(|c| c.is_alphanumeric() || c == '_')
    };
    let packages =
        listing.iter().filter(|member| member.kind == MemberKind::Directory && is_identifier(&member.name));
    let packages = packages.map(|member| directory.join(&*member.name));
    packages
        .filter(|package| {
            db.entry(package).listing(db).is_some_and(|listing| {
                !listing.has_file("__init__.py")
                    && listing.iter().any(|member| {
                        member.kind == MemberKind::File
                            && Path::new(&member.name).extension().is_some_and(|extension| extension == "py")
                    })
            })
        })
        .collect()
}
