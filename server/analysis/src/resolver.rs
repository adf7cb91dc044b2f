//! Names and their parents, asked of the finders in a fresh interpreter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::{Environment, Project, environment};
use speclens_files::{Db, Listing, MemberKind};
use speclens_imports::finders::{Directories, Resolution, SearchState, find_spec};
use speclens_imports::spec::ModuleSpec;

use crate::value::repr;

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
    state: SearchState,
}

struct OnDisk<'a>(&'a dyn Db);

impl Directories for OnDisk<'_> {
    fn listing(&self, directory: &str) -> Option<&Listing> {
        self.0.entry(Path::new(directory)).listing(self.0)
    }
}

impl<'a> Resolver<'a> {
    /// The finders of a project's environment.
    pub fn new(db: &'a dyn Db, project: Project) -> Self {
        let environment = environment(db, project);
        let script = (!project.request(db).isolated).then(|| text(project.root(db)));
        let path = script.into_iter().chain(environment.search_path.iter().map(|entry| text(&entry.path)));
        let state = SearchState {
            meta_path: environment.meta_path.clone(),
            path: path.collect(),
            environment: Arc::clone(environment),
        };
        Self { db, state }
    }

    /// The environment that is asked.
    pub fn environment(&self) -> &Environment {
        &self.state.environment
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
                let missing =
                    Missing::ParentNoPackage { name: format!("{current}.{name}"), parent: current.to_owned() };
                return Resolved {
                    missing: Some(missing),
                    resolution: Resolution { uncertain: resolved.resolution.uncertain, ..Resolution::default() },
                    searched: Vec::new(),
                };
            }
        }
        resolved
    }

    fn find(&self, name: &str, path: Option<&[String]>) -> Resolution {
        find_spec(&OnDisk(self.db), &self.state, name, path)
    }

    /// The distributions that installed a directory or file, by name and version.
    pub fn owners(&self, path: &Path) -> Vec<String> {
        let _ = path;
        Vec::new()
    }

    /// Every module that can be found by looking at the interpreter's tables and at directories, by name. A directory
    /// without `__init__` counts where a module lies somewhere below it.
    pub fn all(&self) -> Vec<ModuleSpec> {
        let mut all = BTreeMap::new();
        self.collect("", None, &mut Vec::new(), &mut all);
        all.into_values().collect()
    }

    /// The top-level namespace packages on the environment's own search path.
    pub fn namespace_packages(&self) -> Vec<ModuleSpec> {
        let path: Vec<String> = self.environment().search_path.iter().map(|entry| text(&entry.path)).collect();
        let mut found = Vec::new();
        for name in self.names_in(&path) {
            let Some(spec) = self.find(&name, None).spec.filter(ModuleSpec::is_namespace) else { continue };
            let locations = spec.submodule_search_locations.clone().unwrap_or_default();
            if self.collect(&name, Some(&locations), &mut Vec::new(), &mut BTreeMap::new()) {
                found.push(spec);
            }
        }
        found
    }

    /// Collects what lies below the package `parent`, and tells whether there is something that is no namespace.
    fn collect(
        &self,
        parent: &str,
        path: Option<&[String]>,
        above: &mut Vec<PathBuf>,
        all: &mut BTreeMap<String, ModuleSpec>,
    ) -> bool {
        // A link that leads back up would be followed for ever.
        let depth = above.len();
        for location in path.unwrap_or_default() {
            match self.db.system().canonicalize(Path::new(location)) {
                Ok(real) if above[..depth].contains(&real) => {
                    above.truncate(depth);
                    return false;
                }
                Ok(real) => above.push(real),
                Err(_) => {}
            }
        }
        let mut found_any = false;
        for name in self.names_in(path.unwrap_or(&self.state.path)) {
            let name = if parent.is_empty() { name } else { format!("{parent}.{name}") };
            let Some(spec) = self.find(&name, path).spec else { continue };
            let below = spec
                .submodule_search_locations
                .as_deref()
                .is_some_and(|locations| self.collect(&name, Some(locations), above, all));
            if below || !spec.is_namespace() {
                found_any = true;
                all.insert(name, spec);
            }
        }
        above.truncate(depth);
        found_any
    }

    /// The names of members that could be modules.
    fn names_in(&self, path: &[String]) -> BTreeSet<String> {
        let listings = path.iter().filter_map(|directory| self.db.entry(Path::new(directory)).listing(self.db));
        listings
            .flat_map(Listing::iter)
            .filter_map(|member| match member.kind {
                MemberKind::Directory if member.name != "__pycache__" => Some(member.name.as_str()),
                MemberKind::File => module_name(&member.name),
                MemberKind::Directory | MemberKind::Other => None,
            })
            .filter(|name| is_identifier(name) && *name != "__init__")
            .map(str::to_owned)
            .collect()
    }
}

fn module_name(file: &str) -> Option<&str> {
    let (stem, suffix) = file.split_once('.')?;
    let is_module = matches!(suffix.rsplit('.').next(), Some("py" | "pyc" | "pyw" | "so" | "pyd"));
    is_module.then_some(stem)
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c == '_' || c.is_alphanumeric()) && !name.starts_with(|c: char| c.is_numeric())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
