//! How importlib finds a module: a name and a search path -> a [`ModuleSpec`], or nothing, and what was passed over.
//!
//! A static account of `Lib/importlib/_bootstrap.py` (`_find_spec`) and `_bootstrap_external.py` (`PathFinder`,
//! `FileFinder`).

use std::path::PathBuf;
use std::sync::Arc;

use speclens_environment::{Environment, MetaPathFinder};
use speclens_files::Listing;

use crate::spec::ModuleSpec;

/// What the finders may ask of the world. Implemented over the database and, in tests, over anything.
pub trait Directories {
    /// The members of a directory, or `None` where there is none that can be read.
    fn listing(&self, directory: &str) -> Option<&Listing>;
}

/// The import state that a search starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchState {
    /// The interpreter with its tables.
    pub environment: Arc<Environment>,
    /// `sys.meta_path`.
    pub meta_path: Vec<MetaPathFinder>,
    /// `sys.path`, with `sys.path[0]`.
    pub path: Vec<String>,
}

/// Why a candidate lost, or that it won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This is the module.
    Chosen,
    /// It is one portion of the namespace package that was chosen.
    Portion,
    /// Something before it in the search order was chosen already.
    Later,
    /// A directory without `__init__`, and a regular module was found in another path entry.
    PortionNotUsed,
    /// In the same path entry another kind goes first (package, then extension, source, bytecode).
    SameEntry,
}

/// A file or directory that could have been the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The file, or the directory of a namespace portion.
    pub path: PathBuf,
    /// What became of it.
    pub verdict: Verdict,
}

/// The answer for one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// What `sys.meta_path` gives, or `None` where nothing is found.
    pub spec: Option<ModuleSpec>,
    /// What was seen on the way, in search order, with what became of it.
    pub candidates: Vec<Candidate>,
    /// Set where a finder that is not understood stands before the answer: the answer is then only possible.
    pub uncertain: Option<String>,
}

/// `importlib._bootstrap._find_spec(name, path)`: asks each finder of `sys.meta_path` in turn. `path` is `None` for a
/// top-level name and the parent's `__path__` otherwise.
pub fn find_spec(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Resolution {
    let _ = (directories, state, name, path);
    unimplemented!("the next commit")
}
