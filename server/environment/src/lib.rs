//! The Python environment of a workspace, read from the disk: which interpreter, which search path, what `site` does at
//! startup. Nothing of it is ever executed.

mod build;
mod discover;
mod disk;
mod distributions;
mod editable;
mod hooks;
mod interpreter;
mod layout;
mod model;
mod path_file;
mod project;
mod pyvenv;
mod request;
mod site;
mod site_directory;
mod tables;
mod version;

pub use discover::BUILT_IN_LIBRARY;
pub use distributions::{owner_of, owners_of};
pub use layout::{Layout, Platform};
pub use model::{
    Distribution, EditableModule, Environment, Implementation, Interpreter, MetaPathFinder, PathOrigin,
    Problem, PythonVersion, Redirection, ScikitBuildStyle, SearchPathEntry, StartupHook, StartupModule,
};
pub use project::{Project, environment};
pub use request::{Request, Variables};
pub use site_directory::{SiteDirectory, add_site_directory};
pub use tables::{
    FrozenModule, KNOWN_MINORS, OddSpec, VersionTables, cache_tag, extension_suffixes, newest, tables,
};
