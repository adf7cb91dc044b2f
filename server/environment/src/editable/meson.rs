//! meson-python: a finder that builds, and then reads what Meson would install from where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use speclens_source::{Literal, literal_calls};

use super::{is_skipped, texts};
use crate::disk::{Disk, normal};
use crate::model::{MetaPathFinder, Problem};
use crate::site::Site;

/// The arguments of `MesonpyMetaFinder` that matter.
struct Build {
    names: Vec<String>,
    directory: String,
    program: Option<String>,
    /// Since 0.16 what Meson would leave out of a directory is left out.
    excludes: bool,
}

/// Importing such a package builds it first. Nothing is built here: what was built last is what is known.
pub(super) fn install(site: &mut Site<'_>, file: &Path, text: &str) -> Option<String> {
    if !text.contains("class MesonpyMetaFinder") || !text.contains("'intro-install_plan.json'") {
        return None;
    }
    let calls = literal_calls(text);
    let build = calls
        .iter()
        .filter(|call| matches!(call.function.as_str(), "install" | "MesonpyMetaFinder"))
        .find_map(|call| arguments(&call.arguments))?;
    let build = Build { excludes: text.contains("'exclude_files'"), ..build };
    let shown = build.names.join(", ");
    let finder = match tree(site, &build) {
        Ok(tree) => {
            let answers = !is_skipped(site, "MESONPY_EDITABLE_SKIP", &build.directory);
            let names = if answers { build.names } else { Vec::new() };
            let has_path_hook = text.contains("sys.path_hooks.insert(");
            MetaPathFinder::MesonBuild { file: file.to_path_buf(), names, tree, has_path_hook }
        }
        Err(message) => {
            let message = format!("{message}, so importing {shown} fails");
            site.problems.push(Problem { message, file: file.to_path_buf(), line: None });
            let what = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            MetaPathFinder::Narrow { what, names: build.names, file: file.to_path_buf(), line: 1 }
        }
    };
    site.meta_path.insert(0, finder);
    Some(format!("puts meson-python's editable finder first on sys.meta_path, for {shown}"))
}

/// The names, the build directory and the command; the releases differ in what comes before.
fn arguments(arguments: &[Literal]) -> Option<Build> {
    let first = arguments.iter().position(|argument| argument.as_list().is_some())?;
    let [names, directory, command, ..] = &arguments[first..] else { return None };
    let mut names = texts(names)?;
    // A set: it is written in any order.
    names.sort();
    let directory = directory.as_str()?.to_owned();
    Some(Build { names, directory, program: texts(command)?.into_iter().next(), excludes: false })
}

/// The install plan of the build directory, or why there is none.
fn tree(site: &Site<'_>, build: &Build) -> Result<BTreeMap<String, PathBuf>, String> {
    let program = build.program.as_deref().map(Path::new).filter(|program| program.is_absolute());
    if let Some(program) = program.filter(|program| !site.disk.is_file(program)) {
        return Err(format!("{}, which is to build it, does not exist", program.display()));
    }
    let plan = Path::new(&build.directory).join("meson-info/intro-install_plan.json");
    let bytes = site.disk.bytes(&plan).ok_or_else(|| format!("{} cannot be read", plan.display()))?;
    let plan: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", plan.display()))?;
    Ok(collect(site.disk, &plan, build.excludes))
}

/// `collect` of the generated module.
fn collect(disk: Disk<'_>, plan: &Value, excludes: bool) -> BTreeMap<String, PathBuf> {
    let mut tree = BTreeMap::new();
    for (kind, targets) in plan.as_object().into_iter().flatten() {
        for (source, target) in targets.as_object().into_iter().flatten() {
            let Some(destination) = target["destination"].as_str() else { continue };
            let inside = ["{py_platlib}", "{py_purelib}"].iter().find_map(|root| {
                let below = destination.strip_prefix(root)?;
                if below.is_empty() { Some(below) } else { below.strip_prefix('/') }
            });
            let Some(place) = inside else { continue };
            let source = normal(Path::new(source));
            let is_tree = kind == "install_subdirs" || kind == "targets" && disk.is_directory(&source);
            if is_tree {
                let excluded = |key: &str| -> Vec<PathBuf> {
                    let paths = target[key]
                        .as_array()
                        .filter(|_| excludes)
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str);
                    paths.map(|path| normal(Path::new(path))).collect()
                };
                let mut walk = Walk {
                    disk,
                    files: excluded("exclude_files"),
                    directories: excluded("exclude_dirs"),
                    tree: &mut tree,
                };
                walk.add(place, &source, Path::new(""));
            } else {
                tree.insert(place.to_owned(), source);
            }
        }
    }
    tree
}

/// `os.walk` of an installed directory.
struct Walk<'a> {
    disk: Disk<'a>,
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    tree: &'a mut BTreeMap<String, PathBuf>,
}

impl Walk<'_> {
    /// Adds the files in `source`, which is at `below` in the installed directory.
    fn add(&mut self, place: &str, source: &Path, below: &Path) {
        let Some(listing) = self.disk.listing(source) else { return };
        for member in listing.iter() {
            let (path, below) = (source.join(&member.name), below.join(&member.name));
            let place =
                if place.is_empty() { member.name.clone() } else { format!("{place}/{}", member.name) };
            if !self.disk.is_directory(&path) {
                if !self.files.contains(&below) {
                    self.tree.insert(place, path);
                }
            } else if !self.directories.contains(&below) && self.disk.0.system().read_link(&path).is_err() {
                self.add(&place, &path, &below);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_older_and_newer_releases() {
        let text = |text: &str| Literal::Str(text.to_owned());
        let names = Literal::List(vec![text("b"), text("a")]);
        let command = Literal::List(vec![text("/bin/ninja")]);
        let older = [names, text("/build"), command, Literal::Bool(false)];
        let newer: Vec<Literal> = std::iter::once(text("project")).chain(older.clone()).collect();
        for given in [older.as_slice(), &newer] {
            let found = arguments(given).expect("arguments");
            assert_eq!(found.names, ["a", "b"]);
            assert_eq!((found.directory.as_str(), found.program.as_deref()), ("/build", Some("/bin/ninja")));
        }
        assert!(arguments(&newer[..3]).is_none());
    }
}
