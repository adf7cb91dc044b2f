//! Files and directories as incremental inputs.
//!
//! This crate alone touches the disk. A path becomes an [`Entry`], an input of the incremental engine whose
//! [`Status`] says what the path is now: a missing path is a fact with a revision too, so that creating the file
//! wakes what depended on its absence. What the editor has open is a status like any other, and wins over the disk.
//! Answers can be kept between runs, each with all paths that it rests on: see [`Cache`].

#[expect(clippy::disallowed_methods, reason = "this crate touches the disk")]
mod cache;
mod database;
mod entry;
mod listing;
mod system;
mod table;

pub use cache::{Cache, CacheKey, Recalled, cache_directory, keep_page};
pub use database::{Database, Db, Recorded, Snapshot};
pub use entry::{Entry, OpenDocument, Status};
pub use listing::{Listing, Member, MemberKind, OfStem};
pub use system::{
    DiskSystem, FileSystem, MAX_FILE_BYTES, MemorySystem, Metadata, Parts, PathKind, ReadError, Stamp,
};
pub use table::PathTable;
