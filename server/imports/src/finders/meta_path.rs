//! The finders of `sys.meta_path`, in their order.

use std::path::{Path, PathBuf};

use speclens_environment::MetaPathFinder;

use super::entry::{Hit, Search, join};
use super::{Candidate, Directories, Resolution, SearchState, Verdict};
use crate::spec::{Loader, ModuleSpec};

/// `importlib._bootstrap._find_spec(name, path)`: asks each finder of `sys.meta_path` in turn. `path` is `None` for a
/// top-level name and the parent's `__path__` otherwise.
pub fn find_spec(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Resolution {
    let search = Search::new(directories, state);
    let mut resolution = Resolution::default();
    for finder in &state.meta_path {
        let spec = match finder {
            MetaPathFinder::BuiltIn => search.built_in(name, path),
            MetaPathFinder::Frozen => search.frozen(name),
            MetaPathFinder::Path => {
                let found = search.path_finder(name, path.unwrap_or(&state.path));
                resolution.candidates.extend(found.candidates);
                found.spec
            }
            MetaPathFinder::SetuptoolsEditable { mapping, any_depth: false, .. } => {
                search.editable(name, mapping)
            }
            MetaPathFinder::SetuptoolsEditable { mapping, .. } => search.editable_at_any_depth(name, mapping),
            MetaPathFinder::DistutilsHack { gives_origin, .. } => {
                let spec = search.distutils(name, path, *gives_origin);
                if spec.is_some() && search.version().at_least(12) {
                    let reason = "whether setuptools._distutils can be imported decides it, and not every setuptools \
                                  runs on this version";
                    resolution.uncertain.get_or_insert_with(|| reason.to_owned());
                }
                spec
            }
            MetaPathFinder::Narrow { what, names, .. } => {
                if names.iter().any(|known| known == name) {
                    resolution.uncertain.get_or_insert_with(|| format!("a finder of {what} may answer"));
                }
                None
            }
            MetaPathFinder::Unknown { what, file, line } => {
                let place = format!("{}:{line}", file.display());
                let reason = format!("a finder that is not understood may answer: {what} ({place})");
                resolution.uncertain.get_or_insert(reason);
                None
            }
        };
        if let Some(spec) = spec {
            if resolution.candidates.is_empty() && spec.has_location {
                let path = spec.origin.as_deref().unwrap_or_default().into();
                resolution.candidates.push(Candidate { path, verdict: Verdict::Chosen });
            }
            resolution.spec = Some(spec);
            break;
        }
    }
    resolution
}

/// `importlib.machinery.PathFinder.find_spec(name, path)` alone, without the other finders.
pub fn find_in_path(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Resolution {
    Search::new(directories, state).path_finder(name, path.unwrap_or(&state.path))
}

impl Search<'_> {
    /// `BuiltinImporter`; before 3.11 it answers for top-level names only.
    pub(super) fn built_in(&self, name: &str, path: Option<&[String]>) -> Option<ModuleSpec> {
        let asked = path.is_none() || self.version().at_least(11);
        (asked && self.state.environment.interpreter.is_builtin(name)).then(|| ModuleSpec {
            name: name.to_owned(),
            loader: Some(Loader::BuiltIn),
            origin: Some("built-in".to_owned()),
            submodule_search_locations: None,
            has_location: false,
            cached: None,
        })
    }

    /// `FrozenImporter`; since 3.11 a package gets its directory in the standard library.
    pub(super) fn frozen(&self, name: &str) -> Option<ModuleSpec> {
        let interpreter = &self.state.environment.interpreter;
        let frozen = self.table.frozen(name).filter(|_| interpreter.freezes(name))?;
        let library = interpreter.standard_library.as_deref();
        let directory = frozen.1.as_ref().zip(library).map(|(below, library)| library.join(below));
        let locations = directory.map(|directory| directory.to_string_lossy().into_owned());
        Some(ModuleSpec {
            name: name.to_owned(),
            loader: Some(Loader::Frozen),
            origin: Some("frozen".to_owned()),
            submodule_search_locations: frozen.0.then(|| locations.into_iter().collect()),
            has_location: false,
            cached: None,
        })
    }

    /// `PathFinder`: the first module or regular package wins; until then portions are collected.
    fn path_finder(&self, name: &str, path: &[String]) -> Resolution {
        let mut portions: Vec<String> = Vec::new();
        let mut resolution = Resolution::default();
        for entry in path {
            match self.look_in(entry, name) {
                Some(Hit::Module(spec)) => {
                    let unused = portions.into_iter().map(|path| (path, Verdict::PortionNotUsed));
                    let chosen = spec.origin.clone().map(|path| (path, Verdict::Chosen));
                    resolution.candidates = unused.chain(chosen).map(candidate).collect();
                    resolution.spec = Some(spec);
                    return resolution;
                }
                Some(Hit::Portions(found)) => portions.extend(found),
                None => {}
            }
        }
        if !portions.is_empty() {
            let paths = portions.iter().map(|path| candidate((path.clone(), Verdict::Portion)));
            resolution.candidates = paths.collect();
            resolution.spec = Some(self.namespace(name, portions));
        }
        resolution
    }

    fn namespace(&self, name: &str, portions: Vec<String>) -> ModuleSpec {
        ModuleSpec {
            name: name.to_owned(),
            loader: None,
            origin: (!self.version().at_least(7)).then(|| "namespace".to_owned()),
            submodule_search_locations: Some(portions),
            has_location: false,
            cached: None,
        }
    }

    /// `_EditableFinder` of setuptools: the names of its table, and the modules directly below them.
    fn editable(&self, name: &str, mapping: &[(String, PathBuf)]) -> Option<ModuleSpec> {
        let mapped = |wanted: &str| mapping.iter().find(|(known, _)| known == wanted).map(|(_, path)| path);
        if let Some(path) = mapped(name) {
            return self.editable_target(name, path);
        }
        let (parent, _) = name.rsplit_once('.')?;
        let directory = mapped(parent)?.to_string_lossy().into_owned();
        self.path_finder(name, &[directory]).spec
    }

    /// The older `_EditableFinder`: the last name of its table that is `name` or above it decides.
    fn editable_at_any_depth(&self, name: &str, mapping: &[(String, PathBuf)]) -> Option<ModuleSpec> {
        let below = |known: &str| match name.strip_prefix(known)? {
            "" => Some(String::new()),
            rest => rest.strip_prefix('.').map(|rest| rest.replace('.', "/")),
        };
        let (rest, path) = mapping.iter().rev().find_map(|(known, path)| Some((below(known)?, path)))?;
        // Joining nothing would leave a slash at the end.
        self.editable_target(name, &if rest.is_empty() { path.clone() } else { path.join(rest) })
    }

    /// `_find_spec`: `__init__.py`, else the path with each suffix: source, bytecode, extension.
    fn editable_target(&self, name: &str, path: &Path) -> Option<ModuleSpec> {
        let directory = path.to_str()?;
        if self.directories.listing(directory).is_some_and(|inside| inside.has_file("__init__.py")) {
            let init = join(directory, "__init__.py");
            return Some(self.suffixes.spec(name, init, &Loader::Source, Some(directory)));
        }
        let (above, stem) = directory.rsplit_once('/')?;
        let listing = self.directories.listing(above)?;
        let order = [Loader::Source, Loader::Sourceless, Loader::Extension];
        order.iter().find_map(|wanted| {
            let suffixes = self.suffixes.iter().filter(|(_, loader)| *loader == wanted);
            let mut files = suffixes.map(|(suffix, _)| format!("{stem}{suffix}"));
            let file = files.find(|file| listing.has_file(file))?;
            Some(self.suffixes.spec(name, join(above, &file), wanted, None))
        })
    }

    /// `_distutils_hack.DistutilsMetaFinder`: `distutils` is `setuptools._distutils`, where that can be imported.
    fn distutils(&self, name: &str, path: Option<&[String]>, gives_origin: bool) -> Option<ModuleSpec> {
        if name != "distutils" || path.is_some() {
            return None;
        }
        let find =
            |name: &str, path: Option<&[String]>| find_spec(self.directories, self.state, name, path).spec;
        let target = find("setuptools", None)
            .and_then(|parent| parent.submodule_search_locations)
            .and_then(|locations| find("setuptools._distutils", Some(&locations)));
        // The older finder answers in any case, and fails later.
        if target.is_none() && gives_origin {
            return None;
        }
        Some(ModuleSpec {
            name: name.to_owned(),
            loader: Some(Loader::Other("DistutilsLoader".to_owned())),
            origin: target.and_then(|target| target.origin).filter(|_| gives_origin),
            submodule_search_locations: None,
            has_location: false,
            cached: None,
        })
    }
}

pub(super) fn candidate((path, verdict): (String, Verdict)) -> Candidate {
    Candidate { path: path.into(), verdict }
}
