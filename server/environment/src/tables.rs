//! What an interpreter knows that its files do not tell: built-in and frozen modules, suffixes, the modules of its
//! start. One table for each version, made by `data/generate.py` in that interpreter.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::model::PythonVersion;

/// A frozen module, as `FrozenImporter.find_spec` describes it: whether it is a package, its directory and its file,
/// both relative to the standard library (3.11 and newer tell them).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct FrozenModule(pub bool, pub Option<String>, pub Option<String>);

/// A name that importing a module of the standard library leaves in `sys.modules` without its own spec: what its
/// `__spec__` is (`none`, `missing`, or `=` and the name of the spec that it has), and the module whose import does it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct OddSpec(pub String, pub Option<String>);

/// The facts of one version of CPython, on Linux (x86-64).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct VersionTables {
    /// `3.13`.
    pub version: String,
    /// The release that the table was made with: `3.13.0`.
    pub release: String,
    /// `sys.implementation.cache_tag`.
    pub cache_tag: String,
    /// `importlib.machinery.EXTENSION_SUFFIXES`.
    pub extension_suffixes: Vec<String>,
    /// `importlib.machinery.SOURCE_SUFFIXES`.
    pub source_suffixes: Vec<String>,
    /// `importlib.machinery.BYTECODE_SUFFIXES`.
    pub bytecode_suffixes: Vec<String>,
    /// `sys.builtin_module_names`, sorted.
    pub builtin_modules: Vec<String>,
    /// The frozen modules by name.
    pub frozen_modules: BTreeMap<String, FrozenModule>,
    /// `sys.modules` after the start with `-I -S`, sorted.
    pub startup_modules: Vec<String>,
    /// What `site` adds to it where no `.pth` file imports anything, sorted.
    pub site_modules: Vec<String>,
    /// The names in `builtins`, sorted.
    pub builtins: Vec<String>,
    /// The names in `sys`, sorted.
    pub sys_names: Vec<String>,
    /// The top-level names of the standard library, sorted.
    pub stdlib_names: Vec<String>,
    /// The packages of the standard library by dotted name, sorted.
    pub packages: Vec<String>,
    /// Its source modules by dotted name, sorted.
    pub modules: Vec<String>,
    /// Its extension modules by dotted name, sorted.
    pub extensions: Vec<String>,
    /// Names in `sys.modules` that have no spec, or another's.
    pub odd_specs: BTreeMap<String, OddSpec>,
    /// What importing a module without Python source (built-in, extension) imports besides, in that order.
    pub extension_imports: BTreeMap<String, Vec<String>>,
}

impl VersionTables {
    /// Whether `name` is compiled into the interpreter.
    pub fn is_builtin(&self, name: &str) -> bool {
        contains(&self.builtin_modules, name)
    }

    /// The frozen module `name`.
    pub fn frozen(&self, name: &str) -> Option<&FrozenModule> {
        self.frozen_modules.get(name)
    }

    /// Whether `name` is a top-level name of the standard library.
    pub fn is_stdlib(&self, name: &str) -> bool {
        contains(&self.stdlib_names, name)
    }

    /// Whether the standard library has the package `name` (dotted).
    pub fn is_package(&self, name: &str) -> bool {
        contains(&self.packages, name)
    }

    /// Whether the standard library has the source module `name` (dotted).
    pub fn is_module(&self, name: &str) -> bool {
        contains(&self.modules, name)
    }

    /// Whether the standard library has the extension module `name` (dotted).
    pub fn is_extension(&self, name: &str) -> bool {
        contains(&self.extensions, name)
    }
}

fn contains(sorted: &[String], name: &str) -> bool {
    sorted.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
}

macro_rules! versions {
    ($($minor:literal => $file:literal),* $(,)?) => {
        /// The minor versions of CPython 3 that have a table, oldest first.
        pub const KNOWN_MINORS: &[u8] = &[$($minor),*];
        static TEXTS: &[&str] = &[$(include_str!($file)),*];
    };
}

versions! {
    6 => "../data/cpython-3.6.json",
    7 => "../data/cpython-3.7.json",
    8 => "../data/cpython-3.8.json",
    9 => "../data/cpython-3.9.json",
    10 => "../data/cpython-3.10.json",
    11 => "../data/cpython-3.11.json",
    12 => "../data/cpython-3.12.json",
    13 => "../data/cpython-3.13.json",
    14 => "../data/cpython-3.14.json",
    15 => "../data/cpython-3.15.json",
}

/// The newest version that has a table.
pub const fn newest() -> PythonVersion {
    PythonVersion::new(3, KNOWN_MINORS[KNOWN_MINORS.len() - 1])
}

/// The table of `version`, or of the nearest version that has one.
pub fn tables(version: PythonVersion) -> &'static VersionTables {
    static LOADED: [OnceLock<VersionTables>; TEXTS.len()] = [const { OnceLock::new() }; TEXTS.len()];
    let minor = if version.major > 3 { u8::MAX } else { version.minor };
    let at = KNOWN_MINORS.iter().rposition(|&known| known <= minor).unwrap_or(0);
    LOADED[at].get_or_init(|| read(TEXTS[at]))
}

#[expect(clippy::expect_used, reason = "the text is part of the program, and a test reads every one")]
fn read(text: &str) -> VersionTables {
    serde_json::from_str(text).expect("a table of this program")
}

/// `sys.implementation.cache_tag` of CPython, exact for versions without a table too: `cpython-38`.
pub fn cache_tag(version: PythonVersion) -> String {
    format!("cpython-{}{}", version.major, version.minor)
}

/// `importlib.machinery.EXTENSION_SUFFIXES` on Linux (x86-64), exact for versions without a table too.
pub fn extension_suffixes(version: PythonVersion) -> Vec<String> {
    let known = tables(version);
    let (own, tag) = (known.cache_tag.as_str(), cache_tag(version));
    known.extension_suffixes.iter().map(|suffix| suffix.replace(own, &tag)).collect()
}

/// `sys.builtin_module_names` on Windows, sorted.
pub(crate) fn windows_builtins(version: PythonVersion) -> Vec<String> {
    let rows = include_str!("../data/windows-builtins.txt").lines().filter(|row| !row.starts_with('#'));
    rows.filter_map(|row| {
        let (name, range) = row.split_once(' ').unwrap_or((row, "-"));
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().unwrap_or(0), last.parse().unwrap_or(u8::MAX));
        (first..=last).contains(&version.minor).then(|| name.to_owned())
    })
    .collect()
}

/// What PyPy's `BuiltinImporter` answers for, sorted.
pub(crate) fn pypy_builtins() -> Vec<String> {
    let rows = include_str!("../data/pypy-builtins.txt").lines();
    rows.filter(|row| !row.starts_with('#')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read_and_is_sorted() {
        for &minor in KNOWN_MINORS {
            let table = tables(PythonVersion::new(3, minor));
            assert_eq!(table.version, format!("3.{minor}"));
            assert_eq!(table.cache_tag, cache_tag(PythonVersion::new(3, minor)));
            assert!(
                table.is_builtin("sys") && table.is_stdlib("json") && table.is_package("json"),
                "{minor}"
            );
            for list in [&table.builtin_modules, &table.stdlib_names, &table.packages, &table.modules] {
                assert!(list.is_sorted(), "3.{minor}");
            }
        }
    }

    #[test]
    fn the_nearest_table_answers_for_an_unknown_version() {
        assert_eq!(tables(PythonVersion::new(3, 99)).version, newest().to_string());
        assert_eq!(tables(PythonVersion::new(3, 5)).version, "3.6");
        assert!(extension_suffixes(PythonVersion::new(3, 99))[0].starts_with(".cpython-399-"));
    }

    #[test]
    fn the_other_tables_are_sorted() {
        for minor in 6..=15 {
            let names = windows_builtins(PythonVersion::new(3, minor));
            assert!(names.is_sorted() && names.contains(&"nt".to_owned()), "3.{minor}");
            assert_eq!(names.contains(&"_sha2".to_owned()), minor >= 12);
            assert_eq!(names.contains(&"parser".to_owned()), minor <= 9);
        }
        assert!(pypy_builtins().is_sorted());
    }
}
