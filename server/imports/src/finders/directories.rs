//! The directories of the database's file system, as the finders ask for them.

use std::cell::RefCell;
use std::path::Path;

use rustc_hash::FxHashMap;
use speclens_environment::PythonVersion;
use speclens_files::{Db, Entry, Listing, PathKind};

use super::{Archive, Directories, archive};

/// The directories of the database's file system.
#[derive(Clone, Copy)]
pub struct DatabaseDirectories<'db>(pub &'db dyn Db);

impl DatabaseDirectories<'_> {
    /// The entry of `path`; for a path with a slash at its end only where that is a directory, which a [`Path`] forgets.
    fn entry(self, path: &str) -> Option<Entry> {
        // The finders of a relative entry look in the directory of the process, which is not known here.
        if !Path::new(path).is_absolute() {
            return None;
        }
        let entry = self.0.entry(Path::new(path));
        (!(path.ends_with('/') || path.ends_with("/.")) || entry.is_directory(self.0)).then_some(entry)
    }
}

impl Directories for DatabaseDirectories<'_> {
    fn kind(&self, path: &str) -> Option<PathKind> {
        self.entry(path)?.kind(self.0)
    }

    fn listing(&self, directory: &str) -> Option<&Listing> {
        self.entry(directory)?.listing(self.0)
    }

    fn archive(&self, path: &str, version: PythonVersion) -> Option<&Archive> {
        archive::read(self.0, self.entry(path)?, version.minor).as_ref()
    }
}

/// The same for many names in one query: each path is asked for once, which is most of a search's cost.
pub struct KnownDirectories<'db> {
    directories: DatabaseDirectories<'db>,
    known: RefCell<FxHashMap<String, Known<'db>>>,
}

#[derive(Clone, Copy)]
struct Known<'db> {
    entry: Option<Entry>,
    kind: Option<PathKind>,
    listing: Option<&'db Listing>,
}

impl<'db> KnownDirectories<'db> {
    /// Knows none yet.
    pub fn new(db: &'db dyn Db) -> Self {
        Self { directories: DatabaseDirectories(db), known: RefCell::default() }
    }

    /// The entry of the directory `path`.
    pub fn directory(&self, path: &str) -> Option<Entry> {
        let known = self.known(path);
        known.entry.filter(|_| known.kind == Some(PathKind::Directory))
    }

    /// The members of a directory, or `None` where there is none that can be read.
    pub fn members(&self, directory: &str) -> Option<&'db Listing> {
        self.known(directory).listing
    }

    fn known(&self, path: &str) -> Known<'db> {
        if let Some(known) = self.known.borrow().get(path) {
            return *known;
        }
        let db = self.directories.0;
        let entry = self.directories.entry(path);
        let kind = entry.and_then(|entry| entry.kind(db));
        let listing = entry.and_then(|entry| entry.listing(db));
        let known = Known { entry, kind, listing };
        self.known.borrow_mut().insert(path.to_owned(), known);
        known
    }
}

impl Directories for KnownDirectories<'_> {
    fn kind(&self, path: &str) -> Option<PathKind> {
        self.known(path).kind
    }

    fn listing(&self, directory: &str) -> Option<&Listing> {
        self.members(directory)
    }

    fn archive(&self, path: &str, version: PythonVersion) -> Option<&Archive> {
        self.directories.archive(path, version)
    }
}
