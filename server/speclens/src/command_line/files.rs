//! Which files `check` is about, and which project each belongs to.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use speclens_analysis::{Layers, settings_at};
use speclens_files::{DiskSystem, FileSystem, PathKind};

use super::Failure;
use super::session::{Session, absolute};

/// The files of one project.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The project's root.
    pub root: PathBuf,
    /// Its files, sorted.
    pub files: BTreeSet<PathBuf>,
}

/// What marks the root of a project.
const MARKS: [&str; 4] = ["speclens.toml", "pyproject.toml", "setup.py", ".git"];

/// The Python files that `paths` name, by project. A file that is named twice belongs to the first.
pub fn collect(session: &Session, paths: &[PathBuf]) -> Result<Vec<Target>, Failure> {
    let system = session.database.db().system();
    let current = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &current } else { paths };
    let mut targets: Vec<Target> = Vec::new();
    let mut seen = BTreeSet::new();
    for given in paths {
        let path = absolute(&session.directory, given);
        let (root, mut files) = match system.metadata(&path).map(|found| found.kind) {
            Ok(PathKind::Directory) => {
                let settings = settings_at(session.database.db(), &path);
                (path.clone(), python_files(&path, settings)?)
            }
            Ok(PathKind::File) => (root_of(system, &path), BTreeSet::from([path])),
            Ok(PathKind::Other) => {
                return Err(Failure::Request(format!("{}: not a file or directory", given.display())));
            }
            Err(error) => return Err(Failure::Request(format!("{}: {}", given.display(), reason(&error)))),
        };
        files.retain(|file| seen.insert(file.clone()));
        match targets.iter_mut().find(|target| target.root == root) {
            Some(target) => target.files.append(&mut files),
            None => targets.push(Target { root, files }),
        }
    }
    Ok(targets)
}

fn reason(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        "no such file or directory".to_owned()
    } else {
        error.to_string()
    }
}

/// The nearest directory above `file` that is marked as a project's root, else the file's own directory.
fn root_of(system: &dyn FileSystem, file: &Path) -> PathBuf {
    let is_marked =
        |directory: &&Path| MARKS.iter().any(|mark| system.metadata(&directory.join(mark)).is_ok());
    file.ancestors().skip(1).find(is_marked).or(file.parent()).unwrap_or(file).to_path_buf()
}

/// What lies below `directory` and is its own: no virtual environment, nothing hidden, nothing that git ignores or the
/// settings exclude.
pub(crate) fn walk(
    directory: &Path,
    settings: Layers,
) -> impl Iterator<Item = Result<DirEntry, ignore::Error>> {
    WalkBuilder::new(directory)
        .filter_entry(move |entry| {
            entry.depth() == 0 || !is_foreign(entry) && !settings.excludes(entry.path())
        })
        .sort_by_file_name(OsStr::cmp)
        .build()
}

/// The `.py` files among it.
fn python_files(directory: &Path, settings: Layers) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut files = BTreeSet::new();
    for entry in walk(directory, settings) {
        match entry {
            Ok(entry) if is_python_file(entry.path()) => {
                files.insert(entry.into_path());
            }
            Ok(_) => {}
            Err(error) if error.depth() == Some(0) => return Err(Failure::Request(error.to_string())),
            Err(error) => tracing::warn!("{error}"),
        }
    }
    Ok(files)
}

/// Whether a directory holds what others wrote.
fn is_foreign(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && (entry.file_name() == "node_modules"
            || entry.file_name() == "__pycache__"
            || DiskSystem.metadata(&entry.path().join("pyvenv.cfg")).is_ok())
}

pub(crate) fn is_python_file(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("py"))
        && DiskSystem.metadata(path).is_ok_and(|found| found.kind == PathKind::File)
}

#[cfg(test)]
mod tests {
    use speclens_files::MemorySystem;

    use super::*;

    #[test]
    fn the_nearest_mark_is_the_root() {
        let system = MemorySystem::default();
        for file in ["/a/.git/HEAD", "/a/app/pyproject.toml", "/a/app/src/x.py", "/a/lib/y.py", "/b/z.py"] {
            system.write(file, "");
        }
        for (file, root) in [("/a/app/src/x.py", "/a/app"), ("/a/lib/y.py", "/a"), ("/b/z.py", "/b")] {
            assert_eq!(root_of(&system, Path::new(file)), Path::new(root));
        }
    }
}
