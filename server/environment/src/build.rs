//! What `_sysconfigdata…py` in the standard library tells of how an interpreter was built.

use std::path::Path;

use speclens_source::{Literal, module_literals};

use crate::disk::Disk;
use crate::model::PythonVersion;
use crate::tables;

/// Built-in modules that the list of the build leaves out (`_contextvars` since 3.14).
const CORE: &[&str] = &[
    "_ast",
    "_contextvars",
    "_imp",
    "_string",
    "_tokenize",
    "_warnings",
    "builtins",
    "gc",
    "marshal",
    "sys",
];

/// The facts that differ between two builds of one version.
pub(crate) struct Build {
    pub(crate) built_in_modules: Vec<String>,
    pub(crate) extension_suffixes: Vec<String>,
}

impl Build {
    /// As the tables have it.
    pub(crate) fn of_tables(version: PythonVersion) -> Self {
        Self {
            built_in_modules: tables::tables(version).builtin_modules.clone(),
            extension_suffixes: tables::extension_suffixes(version),
        }
    }

    /// The tables, corrected by the installation.
    pub(crate) fn read(disk: Disk<'_>, library: Option<&Path>, version: PythonVersion) -> Self {
        let mut build = Self::of_tables(version);
        let variables = library.map(|library| variables(disk, library)).unwrap_or_default();
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| known.as_str() == Some(name));
            found.and_then(|(_, value)| value.as_str())
        };
        // Before 3.8 the list has another name; since 3.11 it also holds what became a file of its own.
        if let Some(names) = get("MODBUILT_NAMES").or_else(|| get("MODNAMES")) {
            let shared: Vec<&str> = get("MODSHARED_NAMES").unwrap_or_default().split_whitespace().collect();
            let names = names.split_whitespace().filter(|name| !shared.contains(name));
            build.built_in_modules.retain(|name| CORE.contains(&name.as_str()));
            build.built_in_modules.extend(names.map(str::to_owned));
            build.built_in_modules.sort();
            build.built_in_modules.dedup();
        }
        if let (Some(suffix), Some(first)) = (get("EXT_SUFFIX"), build.extension_suffixes.first_mut()) {
            suffix.clone_into(first);
        }
        build
    }
}

/// `build_time_vars`.
fn variables(disk: Disk<'_>, library: &Path) -> Vec<(Literal, Literal)> {
    let listing = disk.listing(library);
    let is_data =
        |name: &str| name.strip_suffix(".py").is_some_and(|stem| stem.starts_with("_sysconfigdata"));
    let member = listing.and_then(|listing| listing.iter().find(|member| is_data(&member.name)));
    let text = member.and_then(|member| disk.text(&library.join(&member.name)));
    let literals = text.map(|text| module_literals(&text)).unwrap_or_default();
    literals
        .into_iter()
        .find_map(|(name, value)| match value {
            Literal::Dict(pairs) if name == "build_time_vars" => Some(pairs),
            _ => None,
        })
        .unwrap_or_default()
}
