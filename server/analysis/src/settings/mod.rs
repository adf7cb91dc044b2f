//! What the user has set: in `speclens.toml`, in `[tool.speclens]` of `pyproject.toml`, in the editor.
//!
//! The command line wins over the editor, the editor over the file, the file over what is built in. The file is the
//! nearest from the workspace's root upwards; of two in one directory, `speclens.toml`.

mod declaration;
mod edit;
mod glob;
mod read;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::{Project, PythonVersion, Request};
use speclens_files::{Db, Entry};
use speclens_source::text;

use crate::finding::Severity;
use read::{Read, Section};

pub(crate) use edit::turn_off;
pub(crate) use read::nearest;
pub(crate) use report::report;

pub use report::paths_in_settings;

pub use declaration::{LAUNCHES, LEVELS, SETTINGS, Setting, Shape};
pub use glob::Glob;

/// The rule of what is wrong in a configuration file.
pub(crate) const INVALID: &str = "invalid-configuration";
/// The name of the file that is all ours.
const OWN_FILE: &str = "speclens.toml";
/// The name of the file that we share.
const SHARED_FILE: &str = "pyproject.toml";

/// How grave some rules' findings are; `None` turns one off.
pub type Levels = BTreeMap<&'static str, Option<Severity>>;

/// How a file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// `python FILE`.
    Script,
    /// It is imported.
    Module,
}

/// What one place sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `environment.python`
    pub python: Option<String>,
    /// `environment.python-version`
    pub python_version: Option<PythonVersion>,
    /// `environment.extra-paths`
    pub extra_paths: Option<Vec<String>>,
    /// `environment.isolated`
    pub isolated: Option<bool>,
    /// `rules`
    pub rules: Levels,
    /// `per-file`, in the order of the text.
    pub per_file: Vec<(Glob, Levels)>,
    /// `launch`, in the order of the text.
    pub launch: Vec<(Glob, Launch)>,
    /// `exclude`
    pub exclude: Option<Vec<Glob>>,
}

/// Settings with the directory that their paths are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    settings: Settings,
    base: PathBuf,
    /// Who set it, as a phrase.
    whose: String,
}

/// All that holds for a project, the strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layers {
    layers: Vec<Layer>,
    /// The configuration file.
    pub file: Option<PathBuf>,
}

impl Layers {
    /// The level of a rule in a file, where one is set.
    pub fn level(&self, file: &Path, rule: &str) -> Option<Option<Severity>> {
        self.layers.iter().find_map(|layer| {
            let matching = layer.matching(file, &layer.settings.per_file);
            let of_file = matching.rev().find_map(|levels| levels.get(rule));
            of_file.or_else(|| layer.settings.rules.get(rule)).copied()
        })
    }

    /// How a file is run, where that is set.
    pub fn launch(&self, file: &Path) -> Option<Launch> {
        self.layers.iter().find_map(|layer| layer.matching(file, &layer.settings.launch).next_back()).copied()
    }

    /// Whether a file or directory is not to be looked at.
    pub fn excludes(&self, path: &Path) -> bool {
        let set = self.layers.iter().find_map(|layer| Some((&layer.base, layer.settings.exclude.as_ref()?)));
        set.is_some_and(|(base, globs)| {
            path.strip_prefix(base).is_ok_and(|path| globs.iter().any(|glob| glob.matches(path)))
        })
    }

    /// What is asked of the environment: what `given` leaves open is filled in.
    fn request(&self, given: &Request) -> Request {
        let mut request = given.clone();
        for Layer { settings, base, whose } in &self.layers {
            if let (None, Some(python)) = (&request.python, &settings.python) {
                request.python = Some(program(base, python));
                request.python_named_by = Some(whose.clone());
            }
            request.python_version = request.python_version.or(settings.python_version);
            if let (true, Some(paths)) = (request.extra_paths.is_empty(), &settings.extra_paths) {
                request.extra_paths = paths.iter().map(|path| normal(&base.join(path))).collect();
            }
        }
        request.isolated |= self.layers.iter().find_map(|layer| layer.settings.isolated).unwrap_or(false);
        request
    }
}

impl Layer {
    fn matching<'l, T>(
        &self,
        file: &Path,
        by_glob: &'l [(Glob, T)],
    ) -> impl DoubleEndedIterator<Item = &'l T> + use<'l, T> {
        let path = file.strip_prefix(&self.base).map(Path::to_path_buf);
        by_glob
            .iter()
            .filter(move |(glob, _)| path.as_ref().is_ok_and(|path| glob.matches(path)))
            .map(|(_, of_glob)| of_glob)
    }
}

/// A bare name is looked for on PATH where nothing of that name is here.
fn program(base: &Path, written: &str) -> PathBuf {
    let path = Path::new(written);
    if is_bare_program(path) { path.to_path_buf() } else { normal(&base.join(path)) }
}

/// `python3.12`, but not `venv`, which is a directory of the workspace.
fn is_bare_program(path: &Path) -> bool {
    let name = path.to_str().unwrap_or_default();
    path.components().count() == 1 && (name.starts_with("python") || name.starts_with("pypy"))
}

/// The path without `.` and `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}

/// What holds in a project.
#[salsa::tracked(returns(ref))]
pub fn settings_of(db: &dyn Db, project: Project) -> Arc<Layers> {
    Arc::new(layers(db, project.root(db), &project.request(db).editor_settings))
}

/// What is asked of the environment of the workspace `root`, where `given` says the rest.
pub fn request(db: &dyn Db, root: &Path, given: &Request) -> Request {
    layers(db, root, &given.editor_settings).request(given)
}

/// What holds for files below `root` where nobody else has set anything.
pub fn settings_at(db: &dyn Db, root: &Path) -> Layers {
    layers(db, root, "")
}

/// How a file is run, where that is set.
#[salsa::tracked(returns(copy))]
pub(crate) fn launch_of(db: &dyn Db, project: Project, file: Entry) -> Option<Launch> {
    settings_of(db, project).launch(file.path(db))
}

/// What is wrong in the editor's settings, as sentences.
pub fn problems_of_editor(settings: &str) -> Vec<String> {
    let problems = read::read(settings, Section::Whole).problems;
    problems.into_iter().map(|problem| problem.message).collect()
}

fn layers(db: &dyn Db, root: &Path, of_editor: &str) -> Layers {
    let mut layers = Layers::default();
    if !of_editor.is_empty() {
        let settings = read::read(of_editor, Section::Whole).settings;
        let whose = "the editor's settings".to_owned();
        layers.layers.push(Layer { settings, base: root.to_path_buf(), whose });
    }
    if let Some(file) = nearest_file(db, root) {
        let path = file.path(db);
        layers.layers.push(Layer {
            settings: configuration(db, file).as_ref().map(|read| read.settings.clone()).unwrap_or_default(),
            base: path.parent().unwrap_or(path).to_path_buf(),
            whose: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        });
        layers.file = Some(path.clone());
    }
    layers
}

/// The configuration file for what is below `root`.
fn nearest_file(db: &dyn Db, root: &Path) -> Option<Entry> {
    let files =
        root.ancestors().flat_map(|directory| [OWN_FILE, SHARED_FILE].map(|name| directory.join(name)));
    files
        .map(|path| db.entry(&path))
        .find(|file| file.is_file(db) && configuration(db, *file).as_ref().is_some_and(|read| read.is_there))
}

/// A file of settings, read; `None` where the file is none, or cannot be read.
#[salsa::tracked(returns(ref))]
fn configuration(db: &dyn Db, file: Entry) -> Option<Read> {
    let section = match file.path(db).file_name()?.to_str()? {
        OWN_FILE => Section::Whole,
        SHARED_FILE => Section::Tool,
        _ => return None,
    };
    let (text, _) = text(db, file).ok()?;
    Some(read::read(&text, section))
}

/// Whether the path is that of a configuration file.
pub fn is_configuration(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == OWN_FILE || name == SHARED_FILE)
}

#[cfg(test)]
mod tests;
