//! The table from paths to their entries.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dashmap::DashMap;
use rustc_hash::FxBuildHasher;

use crate::entry::Entry;

/// Which [`Entry`] stands for a path. The one concurrent map of Speclens: no guard leaves this module, every method
/// copies out.
#[derive(Debug, Default)]
pub struct PathTable {
    entries: DashMap<Key, Entry, FxBuildHasher>,
    fresh: Mutex<Vec<Entry>>,
}

/// Where one path has one text only, that is hashed and compared, which takes a fraction of the time.
#[cfg(unix)]
type Key = std::ffi::OsString;
#[cfg(not(unix))]
type Key = PathBuf;

impl PathTable {
    /// The entry for `path`, if one was made.
    pub fn get(&self, path: &Path) -> Option<Entry> {
        self.of_plain(&plain(path))
    }

    /// The entry for `path`, made by `make` if there is none. `make` gets the path as [`PathBuf`] compares it, and must
    /// not touch this table.
    pub fn get_or_insert(&self, path: &Path, make: impl FnOnce(PathBuf) -> Entry) -> Entry {
        let path = plain(path);
        if let Some(entry) = self.of_plain(&path) {
            return entry;
        }
        let path = path.into_owned();
        *self.entries.entry(path.clone().into()).or_insert_with(|| {
            let entry = make(path);
            self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
            entry
        })
    }

    /// The entries made since this was asked last.
    pub fn take_fresh(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All entries known now.
    pub fn all(&self) -> Vec<Entry> {
        self.entries.iter().map(|entry| *entry.value()).collect()
    }

    fn of_plain(&self, path: &Path) -> Option<Entry> {
        #[cfg(unix)]
        let path = path.as_os_str();
        self.entries.get(path).map(|entry| *entry)
    }
}

/// `path` as its components say it. `a/` and `a` are one path to Rust, but not to the operating system where `a` is a
/// file.
fn plain(path: &Path) -> Cow<'_, Path> {
    let text = path.as_os_str().as_encoded_bytes();
    let is_odd = |pair: &[u8]| pair == b"//" || pair == b"/.";
    if cfg!(unix) && !text.ends_with(b"/") && !text.windows(2).any(is_odd) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(path.components().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_path() {
        let texts = [
            "/", "//", "/a", "/a/", "/a//b", "/a/./b", "/a/.", "/a/..", "/a/../b", "/a/.b", "/a/b.", "./a",
            "a/b/",
        ];
        for text in texts {
            let components: PathBuf = Path::new(text).components().collect();
            assert_eq!(plain(Path::new(text)).as_os_str(), components.as_os_str(), "{text}");
        }
    }
}
