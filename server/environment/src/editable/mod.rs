//! The finders of editable installs (PEP 660), each known by the form of the module that its build back end generates.
//! The others need no finder: a line of a `.pth` file puts their directory on the path.

mod editables;
mod meson;
mod scikit_build;
mod setuptools;

use std::collections::BTreeMap;
use std::path::Path;

use speclens_source::Literal;

use crate::model::{EditableModule, MetaPathFinder};
use crate::site::Site;

/// What importing the generated module `file`, and the call that its `.pth` line makes, put on `sys.meta_path`; tells
/// the effect. `None` where it is no such module.
pub(crate) fn install(site: &mut Site<'_>, pth: &Path, line: u32, file: &Path, text: &str) -> Option<String> {
    setuptools::install(site, pth, line, file, text)
        .or_else(|| editables::install(site, file, text))
        .or_else(|| meson::install(site, file, text))
        .or_else(|| scikit_build::install(site, file, text))
}

/// A second call of the function that installs the finder of `file`, where nothing keeps it from doing so twice.
pub(crate) fn install_again(site: &mut Site<'_>, file: &Path) {
    let known = site.meta_path.iter().find(
        |finder| matches!(finder, MetaPathFinder::MesonBuild { file: generated, .. } if generated == file),
    );
    if let Some(finder) = known.cloned() {
        site.meta_path.insert(0, finder);
    }
}

/// The strings of a dictionary's keys and values.
fn text_pairs(literal: &Literal) -> Option<Vec<(&str, &str)>> {
    literal.as_dict()?.iter().map(|(key, value)| Some((key.as_str()?, value.as_str()?))).collect()
}

fn texts(literal: &Literal) -> Option<Vec<String>> {
    literal.as_list()?.iter().map(|member| member.as_str().map(str::to_owned)).collect()
}

/// Whether `directory` is named in the variable by which a back end keeps its own build from its finder.
fn is_skipped(site: &Site<'_>, variable: &str, directory: &str) -> bool {
    let skipped = site.request.variables.get(variable).unwrap_or_default();
    skipped.split(if cfg!(windows) { ';' } else { ':' }).any(|known| known == directory)
}

/// The module name of a file in `site-packages`, and whether it is a package's `__init__`.
fn module_of(path: &str) -> Option<(String, bool)> {
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, suffixes) = file.split_once('.')?;
    if !matches!(suffixes.rsplit('.').next(), Some("py" | "pyc" | "so" | "pyd")) {
        return None;
    }
    let package = directory.replace('/', ".");
    match (stem, package.is_empty()) {
        ("__init__", false) => Some((package, true)),
        ("__init__", true) => None,
        (_, true) => Some((stem.to_owned(), false)),
        (_, false) => Some((format!("{package}.{stem}"), false)),
    }
}

/// The directory of a package's `__init__`, the file of another module.
fn module_at<'a>(name: impl Into<String>, path: &'a Path, file: &'a Path) -> EditableModule<'a> {
    let is_package = path.file_stem().is_some_and(|stem| stem == "__init__");
    let path = if is_package { path.parent().unwrap_or(path) } else { path };
    EditableModule { name: name.into(), path: Some(path), file }
}

impl MetaPathFinder {
    /// What the finder of an editable install knows; nothing for other finders.
    pub fn editable_modules(&self) -> Vec<EditableModule<'_>> {
        match self {
            Self::SetuptoolsEditable { file, mapping, namespaces, .. } => {
                let mapped = mapping.iter().map(|(name, path)| module_at(name, path, file));
                let spaces = namespaces.iter().map(|(name, _)| namespace(name, file));
                mapped.chain(spaces).collect()
            }
            Self::Redirecting { redirections } => {
                redirections.iter().map(|it| module_at(&it.name, &it.path, &it.file)).collect()
            }
            Self::MesonBuild { names, .. } if names.is_empty() => Vec::new(),
            Self::MesonBuild { file, tree, .. } => {
                let modules = tree.iter().filter_map(|(place, path)| {
                    let (name, is_package) = module_of(place)?;
                    let path = if is_package { path.parent()? } else { path };
                    Some((name.clone(), EditableModule { name, path: Some(path), file }))
                });
                let mut known: BTreeMap<String, EditableModule<'_>> = modules.collect();
                for name in known.keys().cloned().collect::<Vec<_>>() {
                    for (at, _) in name.match_indices('.') {
                        let above = &name[..at];
                        known.entry(above.to_owned()).or_insert_with(|| namespace(above, file));
                    }
                }
                known.into_values().collect()
            }
            Self::ScikitBuild { file, modules, packages, style } => {
                let is_module = |name: &str| modules.iter().any(|(known, _)| known == name);
                let spaces = packages.iter().filter(|(name, _)| style.wraps_loaders && !is_module(name));
                let spaces = spaces.map(|(name, _)| namespace(name, file));
                modules.iter().map(|(name, path)| module_at(name, path, file)).chain(spaces).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn namespace<'a>(name: &str, file: &'a Path) -> EditableModule<'a> {
    EditableModule { name: name.to_owned(), path: None, file }
}

/// The names in front of the first dot, each once, for a sentence.
fn top_level<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        let top = name.split('.').next().unwrap_or(name);
        if !found.contains(&top) {
            found.push(top);
        }
    }
    found.join(", ")
}
