//! The pages of the rules as files, for findings to lead to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use speclens_analysis::rule;
use speclens_environment::Variables;
use speclens_files::{cache_directory, keep_page};

/// A directory with a page for each rule that was ever found.
#[derive(Debug)]
pub(super) struct Pages {
    directory: PathBuf,
    /// The page of each rule that was asked for, if it could be written.
    known: Mutex<HashMap<&'static str, Option<PathBuf>>>,
}

impl Pages {
    /// In the cache, if the user has one.
    pub(super) fn new(variables: &Variables) -> Option<Self> {
        let asked = variables.get("SPECLENS_CACHE_DIR").map(Path::new).filter(|path| path.is_absolute());
        let cache = asked.map(Path::to_path_buf).or_else(|| cache_directory(|name| variables.get(name)))?;
        let directory = cache.join("rules").join(env!("CARGO_PKG_VERSION"));
        Some(Self { directory, known: Mutex::default() })
    }

    /// The page of a rule, which is written when it is first asked for.
    pub(super) fn of(&self, name: &'static str) -> Option<PathBuf> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let page = known.entry(name).or_insert_with(|| {
            let page = self.directory.join(format!("{name}.md"));
            keep_page(&page, rule(name)?.page).then_some(page)
        });
        page.clone()
    }
}
