//! Answers of former runs, where nothing has changed: what imports do, and under which key other answers are kept.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use speclens_analysis::{Effects, Resolver, effects};
use speclens_environment::{Project, PythonVersion, environment};
use speclens_files::CacheKey;

use super::Failure;
use super::session::Session;

/// What an import does, and all else that is needed to show it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Imported {
    pub effects: Effects,
    /// `sys.path` at the start.
    pub sys_path: Vec<String>,
    /// Major, minor, micro.
    version: (u8, u8, Option<u8>),
    /// That there is no Python here.
    warning: Option<String>,
}

/// Finds out what imports do in the environment of the current directory.
pub struct Imports<'s> {
    session: &'s Session,
    project: OnceCell<Project>,
    warned: OnceCell<()>,
}

/// All that the answer depends on beside the disk. The code that is imported may look at any environment variable.
#[derive(Serialize)]
struct Question<'q, A> {
    kind: &'static str,
    directory: &'q Path,
    python: Option<&'q Path>,
    python_version: Option<String>,
    extra_paths: &'q [PathBuf],
    isolated: bool,
    variables: Vec<(&'q str, &'q str)>,
    about: A,
}

/// The key under which the answer to a question of this kind is kept.
pub fn key(session: &Session, kind: &'static str, about: impl Serialize) -> Option<CacheKey> {
    let request = &session.request;
    CacheKey::of(&Question {
        kind,
        directory: &session.directory,
        python: request.python.as_deref(),
        python_version: request.python_version.map(|version| version.to_string()),
        extra_paths: &request.extra_paths,
        isolated: request.isolated,
        variables: request.variables.iter().collect(),
        about,
    })
}

impl Imported {
    /// The version of the interpreter.
    pub fn version(&self) -> PythonVersion {
        let (major, minor, micro) = self.version;
        PythonVersion { major, minor, micro }
    }
}

impl<'s> Imports<'s> {
    pub fn new(session: &'s Session) -> Self {
        Self { session, project: OnceCell::new(), warned: OnceCell::new() }
    }

    /// What `import NAME` does after other imports.
    pub fn of(&self, name: &str, after: &[String]) -> Result<Imported, Failure> {
        let cache = self.session.cache.as_ref();
        let cache = cache.and_then(|cache| Some((cache, key(self.session, "effects", (name, after))?)));
        let kept = cache.and_then(|(cache, key)| cache.get::<Imported>(key));
        let is_kept = kept.is_some();
        let imported = kept.map_or_else(|| self.compute(name, after), Ok)?;
        if let Some(warning) = &imported.warning
            && self.warned.set(()).is_ok()
        {
            self.session.warn(warning);
        }
        if let Some((cache, key)) = cache.filter(|_| !is_kept) {
            cache.put(key, &self.session.database, &imported);
        }
        Ok(imported)
    }

    fn compute(&self, name: &str, after: &[String]) -> Result<Imported, Failure> {
        let db = self.session.database.db();
        let project = *self.project.get_or_init(|| self.session.project(self.session.directory.clone()));
        let warning = self.session.no_python(environment(db, project))?;
        let resolver = Resolver::new(db, project);
        let version = resolver.environment().interpreter.version;
        Ok(Imported {
            effects: effects(db, project, name, after),
            sys_path: resolver.sys_path().to_vec(),
            version: (version.major, version.minor, version.micro),
            warning,
        })
    }
}
