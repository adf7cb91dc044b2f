//! A module as a reader sees it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use speclens_source::Name;

use super::state::Evidence;

/// Where a spec went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecState {
    /// The module has a `ModuleSpec`.
    Present,
    /// `__spec__` is None.
    None,
    /// There is no `__spec__`.
    Missing,
    /// It could not be decided.
    Unknown,
}

/// A module as it stood when it was read.
#[derive(Debug, Clone)]
pub struct ModuleView {
    /// The name under which it stands in `sys.modules`, or its `__name__`.
    pub name: Name,
    /// What became of its spec.
    pub spec: SpecState,
    /// The name that its spec has, which is another's for an alias.
    pub spec_name: Option<Name>,
    /// The name of its class: `module`, or the class of the object that replaced it.
    pub class: Name,
    /// Whether it is a namespace package.
    pub is_namespace: bool,
    /// Whether it is the file that is run as a script.
    pub is_main: bool,
    /// Whether it is only possibly in `sys.modules`.
    pub is_supposed: bool,
    /// `__path__`, where it is known.
    pub path: Vec<Arc<str>>,
    /// `__file__` or `origin`, where it is known.
    pub file: Option<Arc<str>>,
    /// How it got this way.
    pub evidence: Vec<Evidence>,
}
