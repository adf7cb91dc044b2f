//! Names and their parents, asked of the finders in a fresh interpreter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use speclens_environment::{
    Distribution, Environment, MetaPathFinder, Project, environment, owner_of, tables,
};
use speclens_files::{Db, Listing, MemberKind};
use speclens_imports::finders::{
    Candidate, DatabaseDirectories, Resolution, SearchState, candidates, find_spec,
};
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

impl<'a> Resolver<'a> {
    /// The finders of a project's environment.
    pub fn new(db: &'a dyn Db, project: Project) -> Self {
        let environment = environment(db, project);
        let script = (!project.request(db).isolated).then(|| project.root(db).as_path());
        let state = SearchState::at_startup(environment, script);
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
        find_spec(&DatabaseDirectories(self.db), &self.state, name, path)
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

    /// Every module that can be found by looking at the interpreter's tables and at directories, by name. A directory
    /// without `__init__` counts where a module lies somewhere below it.
    pub fn all(&self) -> Vec<ModuleSpec> {
        let mut all = BTreeMap::new();
        self.collect("", None, &mut Vec::new(), &mut all);
        for name in self.names_in_tables() {
            if all.contains_key(&name) {
                continue;
            }
            let Some(spec) = self.resolve(&name).resolution.spec else { continue };
            if let Some(locations) = spec.submodule_search_locations.clone() {
                self.collect(&name, Some(&locations), &mut Vec::new(), &mut all);
            }
            all.insert(name, spec);
        }
        all.into_values().collect()
    }

    /// The names that no directory on the search path tells.
    fn names_in_tables(&self) -> BTreeSet<String> {
        let environment = self.environment();
        let tables = tables(environment.interpreter.version);
        let mut names: BTreeSet<String> =
            tables.builtin_modules.iter().chain(tables.frozen_modules.keys()).cloned().collect();
        if environment.interpreter.standard_library.is_none() {
            names.extend(
                [&tables.packages, &tables.modules, &tables.extensions].into_iter().flatten().cloned(),
            );
        }
        for finder in &environment.meta_path {
            match finder {
                MetaPathFinder::SetuptoolsEditable { mapping, namespaces, .. } => {
                    names.extend(mapping.iter().map(|(name, _)| name.clone()));
                    names.extend(namespaces.iter().map(|(name, _)| name.clone()));
                }
                MetaPathFinder::Narrow { names: narrow, .. } => names.extend(narrow.iter().cloned()),
                _ => {}
            }
        }
        names
    }

    /// The top-level namespace packages on the environment's own search path.
    pub fn namespace_packages(&self) -> Vec<ModuleSpec> {
        let path = self.environment().sys_path();
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
        let directories = path.iter().map(Path::new).filter(|directory| directory.is_absolute());
        let listings = directories.filter_map(|directory| self.db.entry(directory).listing(self.db));
        listings
            .flat_map(Listing::iter)
            .filter_map(|member| match member.kind {
                MemberKind::Directory if member.name != "__pycache__" => Some(member.name.as_str()),
                MemberKind::File => module_name(&member.name),
                MemberKind::Directory | MemberKind::Other | MemberKind::BrokenLink => None,
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

/// Whether a directory with these members is a regular package.
fn is_regular(members: &Listing) -> bool {
    members
        .iter()
        .any(|member| member.kind == MemberKind::File && module_name(&member.name) == Some("__init__"))
}
