//! All modules of an environment, by looking at its directories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use speclens_environment::{MetaPathFinder, tables};
use speclens_files::{Entry, Listing, MemberKind};
use speclens_imports::finders::{KnownDirectories, Resolution};
use speclens_imports::spec::ModuleSpec;

use crate::resolver::Resolver;

/// Every module that can be found by looking at the interpreter's tables and at directories, by name. A directory
/// without `__init__` counts where a module lies somewhere below it.
pub fn all_modules(resolver: &Resolver<'_>) -> Vec<ModuleSpec> {
    top_levels(resolver).iter().flat_map(|top_level| top_level.modules(resolver)).collect()
}

/// A top-level name whose modules can be looked for beside others': those of all in order are [`all_modules`].
#[derive(Debug, Default)]
pub struct TopLevel {
    /// What the directories on the search path have: the name.
    on_path: Option<String>,
    /// What the interpreter's tables have: this and any below it.
    in_tables: Vec<String>,
}

/// The names with which modules begin, in order.
pub fn top_levels(resolver: &Resolver<'_>) -> Vec<TopLevel> {
    let mut found: BTreeMap<String, TopLevel> = BTreeMap::new();
    for name in names_in(&KnownDirectories::new(resolver.db()), resolver.path()) {
        found.entry(name.to_owned()).or_default().on_path = Some(name.to_owned());
    }
    for name in names_in_tables(resolver) {
        // A table may have what is no identifier: up to here, no name of another group comes between two of this one.
        let end = name.find(|c| c <= '.').unwrap_or(name.len());
        found.entry(name[..end].to_owned()).or_default().in_tables.push(name);
    }
    found.into_values().collect()
}

impl TopLevel {
    /// Its modules by name.
    pub fn modules(&self, resolver: &Resolver<'_>) -> Vec<ModuleSpec> {
        let mut walk = Walk::new(resolver);
        if let Some(name) = &self.on_path {
            walk.visit(name, None);
        }
        if self.in_tables.is_empty() {
            return walk.all;
        }
        let by_name = |spec: ModuleSpec| (spec.name.clone(), spec);
        let mut all: BTreeMap<String, ModuleSpec> = walk.all.drain(..).map(by_name).collect();
        for name in &self.in_tables {
            if all.contains_key(name) {
                continue;
            }
            let Some(spec) = resolver.resolve(name).resolution.spec else { continue };
            if let Some(locations) = &spec.submodule_search_locations {
                walk.collect(name, locations);
            }
            all.extend(walk.all.drain(..).map(by_name));
            all.insert(name.clone(), spec);
        }
        all.into_values().collect()
    }
}

/// The top-level namespace packages on the environment's own search path.
pub fn namespace_packages(resolver: &Resolver<'_>) -> Vec<ModuleSpec> {
    let mut walk = Walk::new(resolver);
    for name in names_in(&walk.directories, resolver.sys_path()) {
        let Some(spec) = walk.find(name, None).spec.filter(ModuleSpec::is_namespace) else { continue };
        let at = walk.all.len();
        if walk.collect(name, spec.submodule_search_locations.as_deref().unwrap_or_default()) {
            walk.all.truncate(at);
            walk.all.push(spec);
        }
    }
    walk.all
}

/// The names of the modules that lie in one directory of the search path.
pub fn names_on(resolver: &Resolver<'_>, directory: &str) -> Vec<String> {
    let directories = KnownDirectories::new(resolver.db());
    names_in(&directories, &[directory.to_owned()]).into_iter().map(str::to_owned).collect()
}

/// The names that no directory on the search path tells.
fn names_in_tables(resolver: &Resolver<'_>) -> BTreeSet<String> {
    let environment = resolver.environment();
    let tables = tables(environment.interpreter.version);
    let mut names: BTreeSet<String> =
        tables.builtin_modules.iter().chain(tables.frozen_modules.keys()).cloned().collect();
    if environment.interpreter.standard_library.is_none() {
        names.extend([&tables.packages, &tables.modules, &tables.extensions].into_iter().flatten().cloned());
    }
    for finder in &environment.meta_path {
        names.extend(finder.editable_modules().into_iter().map(|module| module.name));
        if let MetaPathFinder::Narrow { names: narrow, .. } = finder {
            names.extend(narrow.iter().cloned());
        }
    }
    names
}

struct Walk<'w, 'a> {
    resolver: &'w Resolver<'a>,
    directories: KnownDirectories<'a>,
    /// What was found, in the order of the names.
    all: Vec<ModuleSpec>,
    /// The directories on the way down: a link that leads back up would be followed for ever.
    above: Vec<Entry>,
    /// Directories with what they are when links are resolved.
    real: FxHashMap<PathBuf, Option<PathBuf>>,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(resolver: &'w Resolver<'a>) -> Self {
        Self {
            resolver,
            directories: KnownDirectories::new(resolver.db()),
            all: Vec::new(),
            above: Vec::new(),
            real: FxHashMap::default(),
        }
    }

    fn find(&self, name: &str, path: Option<&[String]>) -> Resolution {
        self.resolver.find_in(&self.directories, name, path)
    }

    /// Collects the module `name` and what lies below it, and tells whether there is something that is no namespace.
    fn visit(&mut self, name: &str, path: Option<&[String]>) -> bool {
        let Some(mut spec) = self.find(name, path).spec else { return false };
        let is_namespace = spec.is_namespace();
        let Some(locations) = spec.submodule_search_locations.take() else {
            self.all.push(spec);
            return true;
        };
        let at = self.all.len();
        self.all.push(spec);
        let below = self.collect(name, &locations);
        self.all[at].submodule_search_locations = Some(locations);
        if !below && is_namespace {
            self.all.truncate(at);
        }
        below || !is_namespace
    }

    /// Collects what lies below the package `parent`, and tells whether there is something that is no namespace.
    fn collect(&mut self, parent: &str, path: &[String]) -> bool {
        let depth = self.above.len();
        for location in path {
            let Some(directory) = self.directories.directory(location) else { continue };
            if self.is_above(directory, depth) {
                self.above.truncate(depth);
                return false;
            }
            self.above.push(directory);
        }
        let mut found_any = false;
        let mut name = format!("{parent}.");
        for member in names_in(&self.directories, path) {
            name.truncate(parent.len() + 1);
            name.push_str(member);
            found_any |= self.visit(&name, Some(path));
        }
        self.above.truncate(depth);
        found_any
    }

    /// Whether the directory is one of the first `depth` above. Those of another stamp are others: no link need be read.
    fn is_above(&mut self, directory: Entry, depth: usize) -> bool {
        let db = self.resolver.db();
        (0..depth).any(|at| {
            let above = self.above[at];
            above.status(db) == directory.status(db)
                && self.real(directory.path(db)).is_some_and(|real| self.real(above.path(db)) == Some(real))
        })
    }

    /// The directory with its links resolved. Asks about its last name only, once the one above it is known.
    fn real(&mut self, directory: &Path) -> Option<PathBuf> {
        if let Some(real) = self.real.get(directory) {
            return real.clone();
        }
        let above = directory.parent().and_then(|above| self.real(above)).zip(directory.file_name());
        let system = self.resolver.db().system();
        let real = match above {
            Some((above, name)) if system.read_link(directory).is_err() => Some(above.join(name)),
            _ => system.canonicalize(directory).ok(),
        };
        self.real.insert(directory.to_path_buf(), real.clone());
        real
    }
}

/// The names of members that could be modules, in order.
fn names_in<'a>(directories: &KnownDirectories<'a>, path: &[String]) -> Vec<&'a str> {
    let listings = path.iter().filter_map(|directory| directories.members(directory));
    let mut names: Vec<&str> = listings
        .flat_map(Listing::iter)
        .filter_map(|member| match member.kind {
            MemberKind::Directory if member.name != "__pycache__" => Some(member.name.as_str()),
            MemberKind::File => module_name(&member.name),
            MemberKind::Directory | MemberKind::Other | MemberKind::BrokenLink => None,
        })
        .filter(|name| is_identifier(name) && *name != "__init__")
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The module's name in a file's name.
pub(crate) fn module_name(file: &str) -> Option<&str> {
    let (stem, suffix) = file.split_once('.')?;
    let is_module = matches!(suffix.rsplit('.').next(), Some("py" | "pyc" | "pyw" | "so" | "pyd"));
    is_module.then_some(stem)
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c == '_' || c.is_alphanumeric()) && !name.starts_with(|c: char| c.is_numeric())
}
