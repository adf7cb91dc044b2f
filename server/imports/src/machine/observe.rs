//! What the user's file sees as it runs: the reads of module metadata and the imports, with the state that they met.

use std::sync::Arc;

use speclens_source::{Name, Span};

use super::exception::Raised;
use super::state::Evidence;
use super::value::Site;
use super::view::ModuleView;

/// One read, or one import, of the file that is looked at.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The expression, or the imported name.
    pub span: Span,
    /// What was read, and what it gave.
    pub kind: ObservationKind,
    /// Whether it depends on nothing that could not be decided.
    pub certain: bool,
    /// Whether it stands in a function that the file does not call: it runs when someone else decides.
    pub uncalled: bool,
    /// Whether the code around it handles what it gave: a test against None, a default, an `except` clause.
    pub handled: bool,
    /// What comes of it, where that is known.
    pub consequence: Option<Consequence>,
    /// What has been changed of the finders, the path hooks, the search path and `__import__` before it.
    pub changes: Arc<Vec<Evidence>>,
}

/// What the user's file does with what a read gave.
#[derive(Debug, Clone)]
pub struct Consequence {
    /// What happens.
    pub outcome: Outcome,
    /// The expression in which it does.
    pub span: Span,
    /// Whether it happens whenever the read does.
    pub certain: bool,
}

/// What comes of a value that was read.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// An exception.
    Raises(Box<Raised>),
    /// It is taken for the path of a file.
    IsPath,
}

/// What was read.
#[derive(Debug, Clone)]
pub enum ObservationKind {
    /// `import name`, `from name import …`.
    Import {
        /// The module's absolute name.
        module: Name,
        /// The exception, where it raises.
        raised: Option<Raised>,
        /// What was imported, where it was.
        view: Option<ModuleView>,
    },
    /// `module.__spec__`, `module.__file__`, ….
    ModuleAttribute {
        /// The module.
        module: ModuleView,
        /// The attribute.
        attribute: Name,
        /// What it gives.
        seen: Seen,
        /// The name in `sys.modules` that the code spells, where it spells one: `os.path` of `os.path.__file__`.
        asked: Option<Name>,
    },
    /// `module.__spec__.origin`, ….
    SpecAttribute {
        /// The module that the spec belongs to.
        module: ModuleView,
        /// The place of the expression that gave the spec.
        spec_span: Span,
        /// The attribute.
        attribute: Name,
        /// What it gives.
        seen: Seen,
        /// The name in `sys.modules` that the code spells, where it spells one.
        asked: Option<Name>,
    },
    /// A call of a library function that looks at the metadata of a module: `inspect.getfile(module)`, ….
    Call {
        /// The function, as it is imported.
        function: &'static str,
        /// The module, where it is known.
        module: Option<ModuleView>,
        /// What it gives.
        seen: Seen,
    },
    /// `pkgutil.walk_packages(path)`, `pkgutil.iter_modules(path)`.
    Walk {
        /// The function.
        function: &'static str,
        /// The directories.
        path: Vec<Arc<str>>,
    },
    /// A call of a library that looks at the metadata of a module, and raises because of what it sees.
    LibraryCall {
        /// The module.
        module: ModuleView,
        /// The attribute that the library reads.
        attribute: Name,
        /// The line of the library.
        site: Site,
        /// The exception.
        raised: Raised,
    },
    /// What the file does to the import system.
    Hook(Hook),
    /// `importlib.util.find_spec(name)`.
    FindSpec {
        /// The name asked for.
        name: Name,
        /// The exception, where it raises.
        raised: Option<Raised>,
        /// Whether a spec was found.
        found: bool,
        /// What stood in `sys.modules` under that name.
        module: Option<ModuleView>,
    },
}

/// What the user's file does to the import system, or seems to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// `builtins.__import__ = …`.
    ReplacesImport,
    /// `__import__ = …`, which the import statement does not look at.
    BindsImport,
    /// A finder without `find_spec` goes on `sys.meta_path`.
    FinderWithoutFindSpec {
        /// The finder's class.
        class: Name,
        /// Whether it has `find_module`, which was asked before 3.12.
        finds_module: bool,
    },
    /// A finder asks `importlib.util.find_spec` for the name that it is asked for.
    AsksItself,
}

impl ObservationKind {
    /// What the read gave.
    pub(super) fn seen(&self) -> Option<&Seen> {
        match self {
            Self::ModuleAttribute { seen, .. }
            | Self::SpecAttribute { seen, .. }
            | Self::Call { seen, .. } => Some(seen),
            Self::Import { .. }
            | Self::FindSpec { .. }
            | Self::Walk { .. }
            | Self::LibraryCall { .. }
            | Self::Hook(_) => None,
        }
    }

    /// The module that a read is about.
    pub fn module(&self) -> Option<&ModuleView> {
        match self {
            Self::Import { view, .. } => view.as_ref(),
            Self::FindSpec { module, .. } | Self::Call { module, .. } => module.as_ref(),
            Self::ModuleAttribute { module, .. }
            | Self::SpecAttribute { module, .. }
            | Self::LibraryCall { module, .. } => Some(module),
            Self::Hook(_) | Self::Walk { .. } => None,
        }
    }

    /// Whether it is a read, whose value goes on.
    pub(super) fn is_read(&self) -> bool {
        self.seen().is_some()
    }
}

/// What a read gave.
#[derive(Debug, Clone)]
pub enum Seen {
    /// `None`.
    None,
    /// A known value, as `repr` gives it.
    Known(String),
    /// An exception.
    Raises(Box<Raised>),
    /// It could not be decided.
    Unknown,
}
