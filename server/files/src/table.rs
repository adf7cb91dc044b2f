//! The table from paths to their entries.

use std::path::{Path, PathBuf};

use dashmap::DashMap;
use rustc_hash::FxBuildHasher;

use crate::entry::Entry;

/// Which [`Entry`] stands for a path. The one concurrent map of Speclens: no guard leaves this module, every method
/// copies out.
#[derive(Debug, Default)]
pub struct PathTable {
    entries: DashMap<PathBuf, Entry, FxBuildHasher>,
}

impl PathTable {
    /// The entry for `path`, if one was made.
    pub fn get(&self, path: &Path) -> Option<Entry> {
        self.entries.get(path).map(|entry| *entry)
    }

    /// The entry for `path`, made by `make` if there is none. `make` must not touch this table.
    pub fn get_or_insert(&self, path: &Path, make: impl FnOnce() -> Entry) -> Entry {
        if let Some(entry) = self.get(path) {
            return entry;
        }
        *self.entries.entry(path.to_path_buf()).or_insert_with(make)
    }

    /// All entries known now.
    pub fn all(&self) -> Vec<Entry> {
        self.entries.iter().map(|entry| *entry.value()).collect()
    }
}
