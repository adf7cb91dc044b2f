//! Names and their parents, asked of the finders in a fresh interpreter.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use speclens_environment::{Distribution, Environment, MetaPathFinder, Project, owner_of};
use speclens_files::{Db, Listing, MemberKind};
use speclens_imports::DatabaseWorld;
use speclens_imports::finders::{
    Candidate, DatabaseDirectories, Directories, Resolution, SearchState, candidates, find_spec,
};
use speclens_imports::machine::{Deed, ImportState, PATH_IS_UNKNOWN};
use speclens_source::module_facts;

use crate::value::repr;
use crate::walk::module_name;

/// Why importing a name raises `ModuleNotFoundError`. As text it is the exception's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// No finder knows this name: the one that was asked for, or one of its parents.
    NotFound(String),
    /// The parent is a module without `__path__`.
    ParentNoPackage {
        /// The name that was asked for.
        name: String,
        /// Its parent.
        parent: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => write!(formatter, "No module named {}", repr(name)),
            Self::ParentNoPackage { name, parent } => {
                write!(formatter, "No module named {}; {} is not a package", repr(name), repr(parent))
            }
        }
    }
}

/// The answer for a name with all its parents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The finders' answer for the last name that was looked for.
    pub resolution: Resolution,
    /// The directories in which that name was looked for.
    pub searched: Vec<String>,
    /// Why there is none, where there is none.
    pub missing: Option<Missing>,
}

/// Asks the finders as a fresh interpreter would, with the project's root as the script's directory.
pub struct Resolver<'a> {
    db: &'a dyn Db,
    state: Arc<SearchState>,
    /// Why any answer of the path may be wrong: what code of the start has done.
    doubt: Option<String>,
    /// How many entries stand before those that `site` left: the directory of the script.
    before_site: usize,
}

impl<'a> Resolver<'a> {
    /// The finders of a project's environment.
    pub fn new(db: &'a dyn Db, project: Project) -> Self {
        let script = (!project.request(db).isolated).then(|| project.root(db).to_string_lossy().into_owned());
        Self::started_in(db, project, script)
    }

    /// The same for what is run from a directory; `None` for `--isolated`.
    pub(crate) fn started_in(db: &'a dyn Db, project: Project, script: Option<String>) -> Self {
        let before_site = usize::from(script.is_some());
        let start = DatabaseWorld::new(db, project, script).checkpoint(&[]);
        let doubt = doubt(db, &start.state);
        Self { db, state: Arc::clone(&start.state.search), doubt, before_site }
    }

    /// The environment that is asked.
    pub fn environment(&self) -> &Environment {
        &self.state.environment
    }

    /// `sys.path`, with the directory of the script.
    pub(crate) fn path(&self) -> &[String] {
        &self.state.path
    }

    /// `sys.path` as it is when the interpreter has started: without the directory of the script.
    pub fn sys_path(&self) -> &[String] {
        &self.state.path[self.before_site..]
    }

    /// `sys.meta_path`.
    pub fn finders(&self) -> &[MetaPathFinder] {
        &self.state.meta_path
    }

    pub(crate) fn db(&self) -> &'a dyn Db {
        self.db
    }

    /// The spec of `name`, whose parents are looked for first.
    pub fn resolve(&self, name: &str) -> Resolved {
        if name.split('.').any(str::is_empty) {
            let missing = Some(Missing::NotFound(name.to_owned()));
            return Resolved { missing, ..Resolved::default() };
        }
        let mut path: Option<Vec<String>> = None;
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let mut resolved = Resolved::default();
        for end in ends {
            let current = &name[..end];
            let resolution = self.find(current, path.as_deref());
            resolved.searched = path.take().unwrap_or_else(|| self.state.path.clone());
            resolved.missing = resolution.spec.is_none().then(|| Missing::NotFound(current.to_owned()));
            // What was uncertain of a parent is uncertain of its children.
            let uncertain = resolved.resolution.uncertain.take().or_else(|| resolution.uncertain.clone());
            resolved.resolution = Resolution { uncertain, ..resolution };
            let Some(spec) = &resolved.resolution.spec else { break };
            if end == name.len() {
                break;
            }
            path.clone_from(&spec.submodule_search_locations);
            if path.is_none() {
                let name = name.split_at(end).1[1..].split('.').next().unwrap_or_default();
                let missing = Missing::ParentNoPackage {
                    name: format!("{current}.{name}"),
                    parent: current.to_owned(),
                };
                return Resolved {
                    missing: Some(missing),
                    resolution: Resolution {
                        uncertain: resolved.resolution.uncertain,
                        ..Resolution::default()
                    },
                    searched: Vec::new(),
                };
            }
        }
        resolved
    }

    fn find(&self, name: &str, path: Option<&[String]>) -> Resolution {
        self.find_in(&DatabaseDirectories(self.db), name, path)
    }

    pub(crate) fn find_in(
        &self,
        directories: &dyn Directories,
        name: &str,
        path: Option<&[String]>,
    ) -> Resolution {
        let mut resolution = find_spec(directories, &self.state, name, path);
        let from_path = resolution.spec.as_ref().is_none_or(|spec| spec.has_location || spec.is_namespace());
        if from_path && resolution.uncertain.is_none() {
            resolution.uncertain.clone_from(&self.doubt);
        }
        resolution
    }

    /// Everything on the search path that could have been the module of the answer, with what became of it.
    pub fn candidates(&self, name: &str, resolved: &Resolved) -> Vec<Candidate> {
        let path = name.contains('.').then_some(resolved.searched.as_slice());
        candidates(&DatabaseDirectories(self.db), &self.state, name, path)
    }

    /// The distributions that installed a directory or file. Many may share a directory without `__init__`.
    pub fn owners(&self, path: &Path) -> Vec<&Distribution> {
        let mut owners = Vec::new();
        self.add_owners(path, &mut owners);
        owners
    }

    fn add_owners<'s>(&'s self, path: &Path, owners: &mut Vec<&'s Distribution>) {
        let environment = self.environment();
        let Some(owner) = owner_of(self.db, environment, path) else { return };
        if !owners.contains(&owner) {
            owners.push(owner);
        }
        let is_shared = path.starts_with(&owner.location);
        let members =
            self.db.entry(path).listing(self.db).filter(|members| is_shared && !is_regular(members));
        for member in members.into_iter().flat_map(Listing::iter) {
            self.add_owners(&path.join(&member.name), owners);
        }
    }
}

/// What the start has done to the search that is not understood.
fn doubt(db: &dyn Db, start: &ImportState) -> Option<String> {
    let hook = start.changes.iter().find(|change| change.deed == Deed::ChangesPathHooks);
    let hook = hook.map(|change| {
        let site = &change.site;
        (&site.file, site.span.start, "a path entry hook that is not asked may answer")
    });
    let mut unknown = start.unknowns.iter().map(|(file, offset, what)| (file, *offset, *what));
    let (file, offset, what) = hook.or_else(|| unknown.find(|(.., what)| *what == PATH_IS_UNKNOWN))?;
    let facts = module_facts(db, db.entry(Path::new(&**file))).as_ref().ok();
    Some(format!("{what} ({file}:{})", facts.map_or(1, |facts| facts.line(offset))))
}

/// Whether a directory with these members is a regular package.
fn is_regular(members: &Listing) -> bool {
    members
        .iter()
        .any(|member| member.kind == MemberKind::File && module_name(&member.name) == Some("__init__"))
}
