//! Python's import system as two models: the *finders* (a name -> its `ModuleSpec`, as importlib decides it) and the
//! *machine* (what running modules does to the import state).

pub mod finders;
pub mod machine;
pub mod spec;
mod world;

pub use world::{DatabaseWorld, SourcesRead};
