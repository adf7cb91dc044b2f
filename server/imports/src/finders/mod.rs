//! How importlib finds a module: a name and a search path -> a [`ModuleSpec`], or nothing; and what was passed over.
//!
//! A static account of `Lib/importlib/_bootstrap.py` (`_find_spec`) and `_bootstrap_external.py` (`PathFinder`,
//! `FileFinder`).

mod archive;
mod bytecode;
mod candidates;
mod directories;
mod editable;
mod entry;
mod meta_path;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::{Environment, MetaPathFinder, PythonVersion};
use speclens_files::{Listing, PathKind};

use crate::spec::ModuleSpec;

pub use archive::Archive;
pub use candidates::candidates;
pub use directories::{DatabaseDirectories, KnownDirectories};
pub use meta_path::{find_in_path, find_spec};

/// What the finders may ask of the world. Implemented over the database and, in tests, over anything.
pub trait Directories {
    /// What the path leads to, symbolic links followed; `None` where nothing is there.
    fn kind(&self, path: &str) -> Option<PathKind>;

    /// The members of a directory, or `None` where there is none that can be read.
    fn listing(&self, directory: &str) -> Option<&Listing>;

    /// The members of the zip archive that the file `path` is, or `None` where there is none.
    fn archive(&self, path: &str, version: PythonVersion) -> Option<&Archive>;
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
    /// An extension module, but for another interpreter: its suffix is none of this one's.
    WrongTag,
    /// It is called like the directory of a package, and is none.
    NotADirectory,
    /// It is called like the file of a module, and is none.
    NotAFile,
    /// A symbolic link that leads nowhere, or in a circle.
    BrokenLink,
    /// Its name has letters of another case.
    OtherCase,
    /// A path entry that cannot be listed, or a file that is no zip archive: no finder finds anything in it.
    Unreadable,
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
    /// Set where a finder that is not understood stands before the answer: the answer is then only possible.
    pub uncertain: Option<String>,
}

impl SearchState {
    /// The state of a fresh interpreter: what `site` leaves, with `script` put first (`sys.path[0]`).
    pub fn at_startup(environment: &Arc<Environment>, script: Option<&Path>) -> Self {
        let script = script.map(|directory| directory.to_string_lossy().into_owned());
        Self {
            environment: Arc::clone(environment),
            meta_path: environment.meta_path.clone(),
            path: script.into_iter().chain(environment.sys_path()).collect(),
        }
    }
}
