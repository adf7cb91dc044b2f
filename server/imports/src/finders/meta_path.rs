//! The finders of `sys.meta_path`, in their order.

use speclens_environment::MetaPathFinder;

use super::entry::{Hit, Search};
use super::{Directories, Resolution, SearchState};
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
            MetaPathFinder::Path => search.path_finder(name, path.unwrap_or(&state.path)),
            MetaPathFinder::SetuptoolsEditable { .. }
            | MetaPathFinder::Redirecting { .. }
            | MetaPathFinder::MesonBuild { .. }
            | MetaPathFinder::ScikitBuild { .. }
            | MetaPathFinder::ScikitBuildInplace { .. } => {
                let (spec, uncertain) = search.editable(finder, name, path);
                resolution.uncertain = resolution.uncertain.or(uncertain);
                spec
            }
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
        if spec.is_some() {
            resolution.spec = spec;
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
    let spec = Search::new(directories, state).path_finder(name, path.unwrap_or(&state.path));
    Resolution { spec, uncertain: None }
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
    pub(super) fn path_finder(&self, name: &str, path: &[String]) -> Option<ModuleSpec> {
        let mut portions: Vec<String> = Vec::new();
        for entry in path {
            match self.look_in(entry, name) {
                Some(Hit::Module(spec)) => return Some(spec),
                Some(Hit::Portions(found)) => portions.extend(found),
                None => {}
            }
        }
        (!portions.is_empty()).then(|| self.namespace(name, portions))
    }

    pub(super) fn namespace(&self, name: &str, portions: Vec<String>) -> ModuleSpec {
        ModuleSpec {
            name: name.to_owned(),
            loader: None,
            origin: (!self.version().at_least(7)).then(|| "namespace".to_owned()),
            submodule_search_locations: Some(portions),
            has_location: false,
            cached: None,
        }
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
