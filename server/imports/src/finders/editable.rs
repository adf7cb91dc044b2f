//! The finders of editable installs, and their path hooks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speclens_environment::{MetaPathFinder, Redirection, ScikitBuildStyle};

use super::entry::{Hit, Search, join, join_all};
use crate::spec::{Loader, ModuleSpec};

/// A directory of what Meson would install.
struct MesonTree<'a> {
    tree: &'a BTreeMap<String, PathBuf>,
    /// The path of this directory, with a slash at its end, or nothing.
    root: String,
}

impl<'a> MesonTree<'a> {
    fn of(tree: &'a BTreeMap<String, PathBuf>) -> Self {
        Self { tree, root: String::new() }
    }

    fn file(&self, path: &str) -> Option<&'a Path> {
        self.tree.get(&format!("{}{path}", self.root)).map(PathBuf::as_path)
    }

    /// The directory `path` below this one, where there is something in it.
    fn below(&self, path: &str) -> Option<Self> {
        let root = format!("{}{path}/", self.root);
        let (first, _) = self.tree.range(root.clone()..).next()?;
        first.starts_with(&root).then_some(Self { tree: self.tree, root })
    }
}

impl Search<'_> {
    /// Asks the finder of an editable install; with the reason why its answer is only possible, where it is.
    pub(super) fn editable(
        &self,
        finder: &MetaPathFinder,
        name: &str,
        path: Option<&[String]>,
    ) -> (Option<ModuleSpec>, Option<String>) {
        let spec = match finder {
            MetaPathFinder::SetuptoolsEditable { mapping, any_depth: false, .. } => {
                self.setuptools(name, mapping)
            }
            MetaPathFinder::SetuptoolsEditable { mapping, .. } => self.setuptools_at_any_depth(name, mapping),
            MetaPathFinder::Redirecting { redirections } => self.redirecting(name, path, redirections),
            MetaPathFinder::MesonBuild { file, names, tree, has_path_hook } => {
                let find = || self.meson(name, file, &MesonTree::of(tree), *has_path_hook);
                is_below(name, names).then(find).flatten()
            }
            MetaPathFinder::ScikitBuild { modules, packages, style, .. } => {
                let spec = self.scikit_build(name, path, modules, packages, *style);
                let locations = spec.as_ref().and_then(|spec| spec.submodule_search_locations.as_deref());
                if !style.is_ordered && locations.is_some_and(|locations| locations.len() > 1) {
                    let reason = "the order of the directories in its __path__ differs from run to run";
                    return (spec, Some(reason.to_owned()));
                }
                spec
            }
            MetaPathFinder::ScikitBuildInplace { names, directories, .. } => {
                let find = || self.scikit_build_inplace(name, path, directories);
                is_below(name, names).then(find).flatten()
            }
            _ => None,
        };
        (spec, None)
    }

    /// `spec_from_file_location(name, path)`: the suffix decides the loader, and the file need not exist.
    fn spec_from_file_location(&self, name: &str, path: &Path) -> Option<ModuleSpec> {
        let path = path.to_str()?;
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        let (_, loader) = self.suffixes.iter().find(|(suffix, _)| file.ends_with(suffix))?;
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let package = (stem == "__init__").then(|| directory.to_owned());
        Some(self.suffixes.spec(name, path.to_owned(), loader, package))
    }

    /// `_EditableFinder` of setuptools: the names of its table, and the modules directly below them.
    fn setuptools(&self, name: &str, mapping: &[(String, PathBuf)]) -> Option<ModuleSpec> {
        let mapped = |wanted: &str| mapping.iter().find(|(known, _)| known == wanted).map(|(_, path)| path);
        if let Some(path) = mapped(name) {
            return self.setuptools_target(name, path);
        }
        let (parent, _) = name.rsplit_once('.')?;
        let directory = mapped(parent)?.to_string_lossy().into_owned();
        self.path_finder(name, &[directory])
    }

    /// The older `_EditableFinder`: the last name of its table that is `name` or above it decides.
    fn setuptools_at_any_depth(&self, name: &str, mapping: &[(String, PathBuf)]) -> Option<ModuleSpec> {
        let below = |known: &str| match name.strip_prefix(known)? {
            "" => Some(String::new()),
            rest => rest.strip_prefix('.').map(|rest| rest.replace('.', "/")),
        };
        let (rest, path) = mapping.iter().rev().find_map(|(known, path)| Some((below(known)?, path)))?;
        // Joining nothing would leave a slash at the end.
        self.setuptools_target(name, &if rest.is_empty() { path.clone() } else { path.join(rest) })
    }

    /// `_find_spec`: `__init__.py`, else the path with each suffix: source, bytecode, extension.
    fn setuptools_target(&self, name: &str, path: &Path) -> Option<ModuleSpec> {
        let directory = path.to_str()?;
        if self.directories.listing(directory).is_some_and(|inside| inside.has_file("__init__.py")) {
            let init = join(directory, "__init__.py");
            return Some(self.suffixes.spec(name, init, Loader::Source, Some(directory.to_owned())));
        }
        let (above, stem) = directory.rsplit_once('/')?;
        let called = self.directories.listing(above)?.of_stem(stem);
        let order = [Loader::Source, Loader::Sourceless, Loader::Extension];
        order.into_iter().find_map(|wanted| {
            let mut suffixes = self.suffixes.iter().filter(|(_, loader)| *loader == wanted);
            let (suffix, _) = suffixes.find(|(suffix, _)| called.has_file(suffix))?;
            Some(self.suffixes.spec(name, join_all(above, &[stem, suffix]), wanted, None))
        })
    }

    /// `RedirectingFinder` of `editables`.
    fn redirecting(
        &self,
        name: &str,
        path: Option<&[String]>,
        redirections: &[Redirection],
    ) -> Option<ModuleSpec> {
        let asked = path.is_none() && !name.contains('.');
        let found = redirections.iter().find(|redirection| redirection.name == name).filter(|_| asked)?;
        self.spec_from_file_location(name, &found.path)
    }

    /// `find_spec` of meson-python's generated module: package, module, namespace package.
    fn meson(
        &self,
        name: &str,
        generated: &Path,
        tree: &MesonTree<'_>,
        has_path_hook: bool,
    ) -> Option<ModuleSpec> {
        let path = name.replace('.', "/");
        let locations = || {
            let below = generated.join(name).to_string_lossy().into_owned();
            if has_path_hook { vec![below] } else { Vec::new() }
        };
        let package = tree.below(&path);
        let inits = package.iter().flat_map(|package| {
            self.suffixes.iter().filter_map(move |(suffix, _)| package.file(&format!("__init__{suffix}")))
        });
        let modules = self.suffixes.iter().filter_map(|(suffix, _)| tree.file(&format!("{path}{suffix}")));
        let found = inits.map(|file| (file, true)).chain(modules.map(|file| (file, false))).next();
        let Some((file, is_package)) = found else {
            return package.map(|_| self.namespace(name, locations()));
        };
        let mut spec = self.spec_from_file_location(name, file)?;
        // `is_package` of the loader looks at the file alone.
        if is_package || spec.submodule_search_locations.is_some() {
            spec.submodule_search_locations = Some(locations());
        }
        Some(spec)
    }

    /// `ScikitBuildRedirectingFinder`.
    fn scikit_build(
        &self,
        name: &str,
        path: Option<&[String]>,
        modules: &[(String, PathBuf)],
        packages: &[(String, Vec<PathBuf>)],
        style: ScikitBuildStyle,
    ) -> Option<ModuleSpec> {
        let package = packages.iter().find(|(known, _)| known == name);
        let locations: Option<Vec<String>> =
            package.map(|(_, paths)| paths.iter().map(|path| path.to_string_lossy().into_owned()).collect());
        if let Some((_, file)) = modules.iter().find(|(known, _)| known == name) {
            let mut spec = self.spec_from_file_location(name, file)?;
            let is_package = file.ends_with("__init__.py") || file.ends_with("__init__.pyc");
            spec.submodule_search_locations = locations.filter(|_| is_package);
            if style.wraps_loaders {
                let several = spec.submodule_search_locations.as_ref().is_some_and(|paths| paths.len() > 1);
                let class =
                    if several { "_ScikitBuildResourceLoaderWrapper" } else { "_ScikitBuildLoaderWrapper" };
                spec.loader = Some(Loader::Other(class.to_owned()));
            }
            return Some(spec);
        }
        let mut locations = locations.filter(|_| style.wraps_loaders)?;
        if style.merges_portions {
            let native = self.path_finder(name, path.unwrap_or(&self.state.path));
            let native = native.filter(|spec| spec.loader.is_none());
            for portion in native.and_then(|spec| spec.submodule_search_locations).into_iter().flatten() {
                if !locations.contains(&portion) {
                    locations.push(portion);
                }
            }
        }
        let loader = Some(Loader::Other("_ScikitBuildNamespaceLoader".to_owned()));
        Some(ModuleSpec { loader, ..self.namespace(name, locations) })
    }

    /// `ScikitBuildInplaceFinder`.
    fn scikit_build_inplace(
        &self,
        name: &str,
        path: Option<&[String]>,
        directories: &[PathBuf],
    ) -> Option<ModuleSpec> {
        let directories: Vec<String> =
            directories.iter().map(|directory| directory.to_string_lossy().into_owned()).collect();
        let mut spec = self.path_finder(name, path.unwrap_or(&directories))?;
        spec.loader.as_ref()?;
        spec.loader = Some(Loader::Other("_ScikitBuildLoaderWrapper".to_owned()));
        Some(spec)
    }

    /// The path hooks of editable installs, which answer for entries that are no directories.
    pub(super) fn look_behind_placeholder(&self, entry: &str, name: &str) -> Option<Hit> {
        self.state.meta_path.iter().find_map(|finder| match finder {
            MetaPathFinder::SetuptoolsEditable { namespaces, placeholder, .. } => {
                let asked = placeholder == entry && !placeholder.is_empty();
                let (_, paths) = namespaces.iter().find(|(namespace, _)| asked && namespace == name)?;
                let paths = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
                Some(Hit::Portions(paths))
            }
            MetaPathFinder::MesonBuild { file, tree, has_path_hook: true, .. } => {
                let (generated, package) = entry.rsplit_once('/')?;
                let asked = Path::new(generated) == file;
                let tree = MesonTree::of(tree).below(&package.replace('.', "/")).filter(|_| asked)?;
                self.meson(name, file, &tree, true).map(|spec| match spec.loader {
                    Some(_) => Hit::Module(spec),
                    None => Hit::Portions(spec.submodule_search_locations.unwrap_or_default()),
                })
            }
            _ => None,
        })
    }
}

/// Whether the top-level name of `name` is one of `names`.
fn is_below(name: &str, names: &[String]) -> bool {
    let top_level = name.split('.').next().unwrap_or(name);
    names.iter().any(|known| known == top_level)
}
