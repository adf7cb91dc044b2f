//! All modules of an environment, by looking at its directories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use speclens_environment::{MetaPathFinder, tables};
use speclens_files::{Listing, MemberKind};
use speclens_imports::spec::ModuleSpec;

use crate::resolver::Resolver;

/// Every module that can be found by looking at the interpreter's tables and at directories, by name. A directory
/// without `__init__` counts where a module lies somewhere below it.
pub fn all_modules(resolver: &Resolver<'_>) -> Vec<ModuleSpec> {
    let mut walk = Walk::new(resolver);
    walk.collect("", None);
    for name in names_in_tables(resolver) {
        if walk.all.contains_key(&name) {
            continue;
        }
        let Some(spec) = resolver.resolve(&name).resolution.spec else { continue };
        if let Some(locations) = &spec.submodule_search_locations {
            walk.collect(&name, Some(locations));
        }
        walk.all.insert(name, spec);
    }
    walk.all.into_values().collect()
}

/// The top-level namespace packages on the environment's own search path.
pub fn namespace_packages(resolver: &Resolver<'_>) -> Vec<ModuleSpec> {
    let mut found = Vec::new();
    for name in names_in(resolver, resolver.sys_path()) {
        let Some(spec) = resolver.find(name, None).spec.filter(ModuleSpec::is_namespace) else { continue };
        if Walk::new(resolver).collect(name, spec.submodule_search_locations.as_deref()) {
            found.push(spec);
        }
    }
    found
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
    /// What was found.
    all: BTreeMap<String, ModuleSpec>,
    /// The directories on the way down, links resolved: a link that leads back up would be followed for ever.
    above: Vec<PathBuf>,
    /// Directories with what they are when links are resolved.
    real: FxHashMap<PathBuf, PathBuf>,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(resolver: &'w Resolver<'a>) -> Self {
        Self { resolver, all: BTreeMap::new(), above: Vec::new(), real: FxHashMap::default() }
    }

    /// Collects what lies below the package `parent`, and tells whether there is something that is no namespace.
    fn collect(&mut self, parent: &str, path: Option<&[String]>) -> bool {
        let depth = self.above.len();
        for location in path.unwrap_or_default() {
            match self.real(Path::new(location)) {
                Some(real) if self.above[..depth].contains(&real) => {
                    self.above.truncate(depth);
                    return false;
                }
                Some(real) => self.above.push(real),
                None => {}
            }
        }
        let mut found_any = false;
        for name in names_in(self.resolver, path.unwrap_or(self.resolver.path())) {
            let name = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
            let Some(spec) = self.resolver.find(&name, path).spec else { continue };
            let locations = spec.submodule_search_locations.as_deref();
            let below = locations.is_some_and(|locations| self.collect(&name, Some(locations)));
            if below || !spec.is_namespace() {
                found_any = true;
                self.all.insert(name, spec);
            }
        }
        self.above.truncate(depth);
        found_any
    }

    /// The directory with its links resolved. Asks about its last name only, where the one above it is known.
    fn real(&mut self, directory: &Path) -> Option<PathBuf> {
        if let Some(real) = self.real.get(directory) {
            return Some(real.clone());
        }
        let system = self.resolver.db().system();
        let above = directory.parent().and_then(|above| self.real.get(above)).zip(directory.file_name());
        let real = match above {
            Some((above, name)) if system.read_link(directory).is_err() => above.join(name),
            _ => system.canonicalize(directory).ok()?,
        };
        self.real.insert(directory.to_path_buf(), real.clone());
        Some(real)
    }
}

/// The names of members that could be modules.
fn names_in<'a>(resolver: &Resolver<'a>, path: &[String]) -> BTreeSet<&'a str> {
    let db = resolver.db();
    let directories = path.iter().map(Path::new).filter(|directory| directory.is_absolute());
    let listings = directories.filter_map(|directory| db.entry(directory).listing(db));
    listings
        .flat_map(Listing::iter)
        .filter_map(|member| match member.kind {
            MemberKind::Directory if member.name != "__pycache__" => Some(member.name.as_str()),
            MemberKind::File => module_name(&member.name),
            MemberKind::Directory | MemberKind::Other | MemberKind::BrokenLink => None,
        })
        .filter(|name| is_identifier(name) && *name != "__init__")
        .collect()
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
