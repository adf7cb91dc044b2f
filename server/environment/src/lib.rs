//! The Python environment of a workspace, read from the disk: which interpreter, which search path, what `site` does at
//! startup. Nothing of it is ever executed.

mod model;
mod project;

pub use model::{
    Distribution, Environment, Implementation, Interpreter, MetaPathFinder, PathOrigin, Problem,
    PythonVersion, SearchPathEntry, StartupHook,
};
pub use project::{Project, Request, Variables, environment};
