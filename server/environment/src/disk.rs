//! Questions to the disk, each tied to an entry of the incremental engine.

use std::path::{Path, PathBuf};

use speclens_files::{Db, Entry, Listing, ReadError};

/// More links than this in a row are a circle (Linux's own limit).
const MOST_LINKS: usize = 40;

#[derive(Clone, Copy)]
pub(crate) struct Disk<'db>(pub(crate) &'db dyn Db);

impl<'db> Disk<'db> {
    pub(crate) fn is_file(self, path: &Path) -> bool {
        path.is_absolute() && self.0.entry(path).is_file(self.0)
    }

    pub(crate) fn is_directory(self, path: &Path) -> bool {
        path.is_absolute() && self.0.entry(path).is_directory(self.0)
    }

    pub(crate) fn exists(self, path: &Path) -> bool {
        path.is_absolute() && !matches!(self.0.entry(path).status(self.0), speclens_files::Status::Missing)
    }

    pub(crate) fn bytes(self, path: &Path) -> Option<Vec<u8>> {
        self.read(path).ok()
    }

    pub(crate) fn read(self, path: &Path) -> Result<Vec<u8>, ReadError> {
        if path.is_absolute() { content(self.0, self.0.entry(path)).clone() } else { Err(ReadError::Missing) }
    }

    /// The same of a large file, for those who ask for nothing more because of what it holds.
    pub(crate) fn read_large(self, path: &Path) -> Option<Vec<u8>> {
        if path.is_absolute() { self.0.entry(path).bytes(self.0).ok() } else { None }
    }

    pub(crate) fn text(self, path: &Path) -> Option<String> {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn listing(self, path: &Path) -> Option<&'db Listing> {
        if path.is_absolute() { self.0.entry(path).listing(self.0) } else { None }
    }

    /// Whether `path` itself is a link, wherever it leads.
    pub(crate) fn is_link(self, path: &Path) -> bool {
        // The status ties the caller to the path: where the link leads nowhere, it is missing.
        !self.is_directory(path) && self.0.system().read_link(path).is_ok()
    }

    /// Follows the links that `path` itself is, as `getpath` does: those of the directories above it stay.
    pub(crate) fn resolve_links(self, path: &Path) -> PathBuf {
        let mut path = path.to_path_buf();
        for _ in 0..MOST_LINKS {
            // The status ties the caller to the link's target; links are seldom changed without it.
            if !self.exists(&path) {
                break;
            }
            let Ok(target) = self.0.system().read_link(&path) else { break };
            path = match path.parent() {
                Some(directory) => normal(&directory.join(target)),
                None => target,
            };
        }
        path
    }
}

/// What a file holds, remembered. A query that reads several files asks for the one because of what another holds. Were
/// that read anew, it could be what the disk has and the table of paths does not know yet: the query would drop what it
/// asked, and look older than what it was made of.
#[salsa::tracked(returns(ref))]
fn content(db: &dyn Db, file: Entry) -> Result<Vec<u8>, ReadError> {
    file.bytes(db)
}

/// `os.path.normpath`: without `.`, `..` and doubled slashes, by the text alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
