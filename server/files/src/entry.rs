//! A path as an input of the incremental engine.

#![allow(missing_docs, reason = "salsa's macro adds undocumented constructors to its inputs")]

use std::path::PathBuf;
use std::sync::Arc;

use crate::Db;
use crate::listing::Listing;
use crate::system::{Parts, PathKind, ReadError, Stamp};

/// A document that the editor has open; its text wins over the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDocument {
    /// The version that the editor gave it.
    pub version: i32,
    /// The whole text.
    pub text: Arc<str>,
}

/// What a path is, as of the current revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing is there.
    Missing,
    /// A regular file on disk.
    File(Stamp),
    /// A directory on disk.
    Directory(Stamp),
    /// Something that is neither, and is never opened.
    Other,
    /// A document that the editor has open.
    Open(OpenDocument),
}

/// One path, known to the incremental engine. Made by [`Db::entry`].
#[salsa::input(debug)]
pub struct Entry {
    /// The absolute path.
    #[returns(ref)]
    pub path: PathBuf,
    /// What the path is now.
    #[returns(ref)]
    pub status: Status,
}

impl Entry {
    /// What is there.
    pub fn kind(self, db: &dyn Db) -> Option<PathKind> {
        match self.status(db) {
            Status::Missing => None,
            Status::File(_) | Status::Open(_) => Some(PathKind::File),
            Status::Directory(_) => Some(PathKind::Directory),
            Status::Other => Some(PathKind::Other),
        }
    }

    /// Whether a regular file (or an open document) is there.
    pub fn is_file(self, db: &dyn Db) -> bool {
        matches!(self.status(db), Status::File(_) | Status::Open(_))
    }

    /// Whether a directory is there.
    pub fn is_directory(self, db: &dyn Db) -> bool {
        matches!(self.status(db), Status::Directory(_))
    }

    /// The content, as of the current revision. Not remembered: whoever calls this remembers what it makes of it.
    pub fn bytes(self, db: &dyn Db) -> Result<Vec<u8>, ReadError> {
        // Asking for the status first ties the caller to it; the read of the disk itself is invisible to salsa.
        match self.status(db) {
            Status::Missing => Err(ReadError::Missing),
            Status::Directory(_) | Status::Other => Err(ReadError::NotAFile),
            Status::Open(document) => Ok(document.text.as_bytes().to_vec()),
            Status::File(_) => db.system().read(self.path(db)),
        }
    }

    /// The content, to read parts of it. As with [`Entry::bytes`], whoever calls this remembers what it makes of it.
    pub fn parts(self, db: &dyn Db) -> Result<Box<dyn Parts>, ReadError> {
        match self.status(db) {
            Status::File(_) => db.system().open(self.path(db)),
            _ => Ok(Box::new(std::io::Cursor::new(self.bytes(db)?))),
        }
    }

    /// The version of the open document, where the editor has it open.
    pub fn open_version(self, db: &dyn Db) -> Option<i32> {
        match self.status(db) {
            Status::Open(document) => Some(document.version),
            _ => None,
        }
    }

    /// The members of a directory; `None` where there is no readable directory.
    pub fn listing(self, db: &dyn Db) -> Option<&Listing> {
        listing(db, self).as_ref()
    }
}

#[salsa::tracked(returns(ref))]
fn listing(db: &dyn Db, entry: Entry) -> Option<Listing> {
    match entry.status(db) {
        Status::Directory(_) => db.system().read_directory(entry.path(db)).ok().map(Listing::new),
        _ => None,
    }
}

impl Status {
    /// What the disk says of a path.
    pub fn of_disk(system: &dyn crate::FileSystem, path: &std::path::Path) -> Self {
        match system.metadata(path) {
            Err(_) => Self::Missing,
            Ok(found) => match found.kind {
                PathKind::File => Self::File(found.stamp),
                PathKind::Directory => Self::Directory(found.stamp),
                PathKind::Other => Self::Other,
            },
        }
    }
}
