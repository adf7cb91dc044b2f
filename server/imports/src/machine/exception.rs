//! Exceptions as the machine raises them.

use std::sync::Arc;

use speclens_source::Name;

use super::state::Evidence;
use super::value::{Site, Value};
use super::view::ModuleView;
use crate::finders::SearchState;

/// An exception on its way.
#[derive(Debug, Clone)]
pub struct Raised {
    /// Its class.
    pub class: Value,
    /// The name of its class.
    pub type_name: Name,
    /// `str(exception)`, where it is known.
    pub message: Option<Arc<str>>,
    /// `exception.name`, for an `ImportError`.
    pub name: Option<Name>,
    /// The instance, where code made one.
    pub instance: Option<Value>,
    /// The lines it came through, the innermost first, as in a traceback read from its end.
    pub traceback: Vec<Site>,
    /// Why, beyond the traceback.
    pub evidence: Vec<Evidence>,
    /// The module that an import failed to take a name or a submodule from.
    pub subject: Option<ModuleView>,
    /// The search path and the finders that did not find a submodule.
    pub search: Option<Arc<SearchState>>,
    /// Which observations of the user's file it belongs to, to be marked when it is caught there.
    pub observations: Vec<usize>,
    /// Whether it is certainly raised.
    pub certain: bool,
}

/// The result of whatever may raise.
pub type Raises<T> = Result<T, Box<Raised>>;

impl Raised {
    /// An exception of a built-in class, by the class's qualified name.
    pub(super) fn of(class: &'static str, message: impl AsRef<str>) -> Box<Self> {
        let type_name = class.rsplit('.').next().unwrap_or(class);
        Box::new(Self {
            class: Value::Builtin(class),
            type_name: type_name.into(),
            message: Some(Arc::from(message.as_ref())),
            name: None,
            instance: None,
            traceback: Vec::new(),
            evidence: Vec::new(),
            subject: None,
            search: None,
            observations: Vec::new(),
            certain: true,
        })
    }

    /// A `ModuleNotFoundError` for a name.
    pub(super) fn not_found(name: &str, message: String) -> Box<Self> {
        let mut raised = Self::of("builtins.ModuleNotFoundError", message);
        raised.name = Some(name.into());
        raised
    }

    /// `Type: message`, as the last line of a traceback.
    pub fn headline(&self) -> String {
        match self.message.as_deref() {
            Some("") => self.type_name.to_string(),
            Some(message) => format!("{}: {message}", self.type_name),
            None => self.type_name.to_string(),
        }
    }
}

/// The bases of the exception classes of `builtins` (the tree in CPython's documentation of built-in exceptions).
pub(super) fn builtin_bases(class: &str) -> &'static [&'static str] {
    match class {
        "builtins.BaseException" => &["builtins.object"],
        "builtins.Exception"
        | "builtins.KeyboardInterrupt"
        | "builtins.SystemExit"
        | "builtins.GeneratorExit" => &["builtins.BaseException"],
        "builtins.ModuleNotFoundError" => &["builtins.ImportError"],
        "importlib.metadata.PackageNotFoundError" => &["builtins.ModuleNotFoundError"],
        "builtins.KeyError" | "builtins.IndexError" => &["builtins.LookupError"],
        "builtins.UnicodeDecodeError" | "builtins.UnicodeEncodeError" => &["builtins.UnicodeError"],
        "builtins.UnicodeError" => &["builtins.ValueError"],
        "builtins.NotImplementedError" | "builtins.RecursionError" => &["builtins.RuntimeError"],
        "builtins.FileNotFoundError"
        | "builtins.PermissionError"
        | "builtins.FileExistsError"
        | "builtins.NotADirectoryError"
        | "builtins.IsADirectoryError" => &["builtins.OSError"],
        "builtins.IndentationError" => &["builtins.SyntaxError"],
        "builtins.UnboundLocalError" => &["builtins.NameError"],
        "builtins.ZeroDivisionError" | "builtins.OverflowError" | "builtins.FloatingPointError" => {
            &["builtins.ArithmeticError"]
        }
        "builtins.Warning" => &["builtins.Exception"],
        name if name.ends_with("Warning") => &["builtins.Warning"],
        name if name.ends_with("Error") || name.starts_with("builtins.Stop") => &["builtins.Exception"],
        "builtins.object" => &[],
        _ => &["builtins.object"],
    }
}
