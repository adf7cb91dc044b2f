//! scikit-build-core: a generated module that ends in a call with its tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speclens_source::{Literal, literal_calls};

use super::{is_skipped, text_pairs, texts, top_level};
use crate::disk::Disk;
use crate::model::{MetaPathFinder, ScikitBuildStyle};
use crate::site::Site;

/// The directories of each package, with their ranks.
type Locations = BTreeMap<String, BTreeMap<PathBuf, u8>>;

pub(super) fn install(site: &mut Site<'_>, file: &Path, text: &str) -> Option<String> {
    if !text.contains("class ScikitBuildRedirectingFinder") {
        return None;
    }
    let calls = literal_calls(text);
    let call = calls.iter().find(|call| matches!(call.function.as_str(), "install" | "install_inplace"))?;
    let finder = if call.function == "install" {
        redirecting(site, file, text, &call.arguments)?
    } else {
        inplace(file, &call.arguments)?
    };
    let names = match &finder {
        MetaPathFinder::ScikitBuildInplace { names, .. } => names.join(", "),
        finder => top_level(finder.editable_modules().iter().map(|module| module.name.as_str())),
    };
    site.meta_path.insert(0, finder);
    Some(format!("puts scikit-build-core's editable finder first on sys.meta_path, for {names}"))
}

/// `install_inplace(known_packages, search_paths, …)`.
fn inplace(file: &Path, arguments: &[Literal]) -> Option<MetaPathFinder> {
    let [names, directories, ..] = arguments else { return None };
    let directories = texts(directories)?.into_iter().map(PathBuf::from).collect();
    Some(MetaPathFinder::ScikitBuildInplace { file: file.to_path_buf(), names: texts(names)?, directories })
}

/// `install(known_source_files, known_wheel_files, …)`: `known_directories` and `known_packages` follow since 1.0.
fn redirecting(site: &Site<'_>, file: &Path, text: &str, arguments: &[Literal]) -> Option<MetaPathFinder> {
    let [sources, wheel, rest @ ..] = arguments else { return None };
    let directory = file.parent()?;
    let style = ScikitBuildStyle {
        wraps_loaders: text.contains("class _ScikitBuildLoaderWrapper"),
        is_ordered: text.contains("ranked_locations"),
        merges_portions: text.contains("native = importlib.machinery.PathFinder.find_spec(fullname, path)"),
    };
    let mut modules: Vec<(String, PathBuf)> = Vec::new();
    for (name, path) in text_pairs(wheel)?.into_iter().chain(text_pairs(sources)?) {
        if modules.iter().all(|(known, _)| known != name) {
            modules.push((name.to_owned(), directory.join(path)));
        }
    }
    let locations = match rest {
        [directories, packages, build, ..] if text.contains("known_directories") => {
            let build = build.as_str().filter(|_| text.contains("if self.path and self.path in os.environ"));
            if build.is_some_and(|build| is_skipped(site, "SKBUILD_EDITABLE_SKIP", build)) {
                modules.clear();
                Locations::new()
            } else {
                declared(site.disk, directory, directories, &texts(packages)?)?
            }
        }
        _ => of_modules([sources, wheel], directory, text.contains("submodule_search_locations"))?,
    };
    let packages = locations
        .into_iter()
        .map(|(name, ranked)| {
            let mut ranked: Vec<_> = ranked.into_iter().map(|(path, rank)| (rank, path)).collect();
            ranked.sort();
            (name, ranked.into_iter().map(|(_, path)| path).collect())
        })
        .collect();
    Some(MetaPathFinder::ScikitBuild { file: file.to_path_buf(), modules, packages, style })
}

/// What CMake installed (its paths are relative) goes before the sources; a package in a package gets the directories
/// of its name below the other's.
fn declared(
    disk: Disk<'_>,
    directory: &Path,
    directories: &Literal,
    packages: &[String],
) -> Option<Locations> {
    let mut locations = Locations::new();
    for (name, paths) in directories.as_dict()? {
        let known = locations.entry(name.as_str()?.to_owned()).or_default();
        for path in texts(paths)? {
            let path = Path::new(&path);
            known.entry(directory.join(path)).or_insert(u8::from(path.is_absolute()));
        }
    }
    let mut packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    packages.sort_by_key(|name| name.matches('.').count());
    for package in packages {
        let Some((parent, last)) = package.rsplit_once('.') else { continue };
        let above = locations.get(parent).cloned().unwrap_or_default();
        for (path, rank) in above.into_iter().map(|(path, rank)| (path.join(last), rank)) {
            if disk.is_directory(&path) {
                locations.entry(package.to_owned()).or_default().entry(path).or_insert(rank);
            }
        }
    }
    Some(locations)
}

/// Before 1.0 the directories of a package are those of its modules; before 0.6 that of its `__init__`.
fn of_modules(tables: [&Literal; 2], directory: &Path, all: bool) -> Option<Locations> {
    let mut locations = Locations::new();
    for (name, path) in tables.into_iter().filter_map(text_pairs).flatten() {
        let above = || name.rsplit_once('.').map(|(parent, _)| parent).filter(|_| all);
        let parent = if path.contains("__init__.py") { Some(name) } else { above() };
        if let Some(parent) = parent {
            let inside = directory.join(Path::new(path).parent()?);
            locations.entry(parent.to_owned()).or_default().insert(inside, 0);
        }
    }
    Some(locations)
}
