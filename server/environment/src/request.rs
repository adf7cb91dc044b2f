//! What the user and the process ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::PythonVersion;

/// The environment variables of the process, read once at its start by the binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Keeps the given variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The variable `name`, where it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What the user asked for: which interpreter, and what is put on the search path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `--python`: an interpreter, or the directory of an environment.
    pub python: Option<PathBuf>,
    /// Who named it, where it was not `--python`.
    pub python_named_by: Option<String>,
    /// `--python-version`: overrides what is found.
    pub python_version: Option<PythonVersion>,
    /// `--extra-path`, put first, like `PYTHONPATH`.
    pub extra_paths: Vec<PathBuf>,
    /// `--isolated`, as `python -I`: no script directory, no `PYTHONPATH`, no user site.
    pub isolated: bool,
    /// The process's environment variables.
    pub variables: Variables,
    /// What the user has set in the editor, in the form of `speclens.toml`: the analysis reads it.
    pub editor_settings: Arc<str>,
}
