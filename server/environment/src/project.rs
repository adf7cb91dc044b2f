//! A workspace and the environment chosen for it, as an input of the incremental engine.

#![allow(missing_docs, reason = "salsa's macro adds undocumented constructors to its inputs")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_files::Db;

use crate::disk::Disk;
use crate::model::{Environment, PythonVersion};
use crate::{discover, distributions, site};

/// The environment variables of the process, read once at its start by the binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Keeps the given variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
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
    /// `--python-version`: overrides what is found.
    pub python_version: Option<PythonVersion>,
    /// `--extra-path`, put first, like `PYTHONPATH`.
    pub extra_paths: Vec<PathBuf>,
    /// `--isolated`, as `python -I`: no script directory, no `PYTHONPATH`, no user site.
    pub isolated: bool,
    /// The process's environment variables.
    pub variables: Variables,
}

/// A workspace folder with its request.
#[salsa::input(debug)]
pub struct Project {
    /// The workspace folder, absolute.
    #[returns(ref)]
    pub root: PathBuf,
    /// What the user asked for.
    #[returns(ref)]
    pub request: Request,
}

/// The environment of a project, as the disk has it now.
#[salsa::tracked(returns(ref))]
pub fn environment(db: &dyn Db, project: Project) -> Arc<Environment> {
    Arc::new(read_environment(Disk(db), project.root(db), project.request(db)))
}

fn read_environment(disk: Disk<'_>, root: &Path, request: &Request) -> Environment {
    let located = discover::discover(disk, root, request);
    let site = site::run(disk, root, request, &located);
    let distributions = distributions::installed(disk, &site.entries);
    let (search_path, meta_path, startup_hooks) = (site.entries, site.meta_path, site.hooks);
    let problems = located.problems.iter().cloned().chain(site.problems).collect();
    let interpreter = located.interpreter;
    Environment { interpreter, search_path, meta_path, startup_hooks, distributions, problems }
}
