//! The Python environment of a workspace, read from the disk: which interpreter, which search path, what `site` does at
//! startup. Nothing of it is ever executed.

mod build;
mod discover;
mod disk;
mod distributions;
mod hooks;
mod interpreter;
mod model;
mod path_files;
mod project;
mod pyvenv;
mod request;
mod site;
mod tables;

pub use discover::BUILT_IN_LIBRARY;
pub use distributions::{owner_of, owners_of};
pub use model::{
    Distribution, Environment, Implementation, Interpreter, MetaPathFinder, PathOrigin, Problem,
    PythonVersion, SearchPathEntry, StartupHook, StartupModule,
};
pub use path_files::{SiteDirectory, add_site_directory};
pub use project::{Project, environment};
pub use request::{Request, Variables};
pub use tables::{
    FrozenModule, KNOWN_MINORS, OddSpec, VersionTables, cache_tag, extension_suffixes, newest, tables,
};
