//! `importlib.machinery.ModuleSpec` as data.

use speclens_environment::PythonVersion;

/// The loader of a spec, by its class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Loader {
    /// `importlib.machinery.BuiltinImporter` (the class itself is the loader).
    BuiltIn,
    /// `importlib.machinery.FrozenImporter` (the class itself is the loader).
    Frozen,
    /// `importlib.machinery.SourceFileLoader`.
    Source,
    /// `importlib.machinery.SourcelessFileLoader`.
    Sourceless,
    /// `importlib.machinery.ExtensionFileLoader`.
    Extension,
    /// `NamespaceLoader` (`_NamespaceLoader` before 3.11, `Lib/importlib/_bootstrap_external.py`).
    Namespace,
    /// `zipimport.zipimporter`.
    Zip,
    /// Any other class, by its name.
    Other(String),
}

impl Loader {
    /// The class's `__name__`.
    pub fn class_name(&self, version: PythonVersion) -> &str {
        match self {
            Self::BuiltIn => "BuiltinImporter",
            Self::Frozen => "FrozenImporter",
            Self::Source => "SourceFileLoader",
            Self::Sourceless => "SourcelessFileLoader",
            Self::Extension => "ExtensionFileLoader",
            Self::Namespace if version.at_least(11) => "NamespaceLoader",
            Self::Namespace => "_NamespaceLoader",
            Self::Zip => "zipimporter",
            Self::Other(name) => name,
        }
    }
}

/// A module's spec. Before the import of a namespace package `loader` is `None`; see [`ModuleSpec::after_import`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleSpec {
    /// The absolute name.
    pub name: String,
    /// The loader; `None` for a namespace package that was not imported yet.
    pub loader: Option<Loader>,
    /// Where the module comes from: a path, `built-in`, `frozen`, or nothing.
    pub origin: Option<String>,
    /// The directories searched for submodules; `None` for what is no package.
    pub submodule_search_locations: Option<Vec<String>>,
    /// Whether `origin` is a location that a loader loads from.
    pub has_location: bool,
    /// Where the bytecode is, or would be (PEP 3147).
    pub cached: Option<String>,
}

impl ModuleSpec {
    /// The package that `__package__` names (`ModuleSpec.parent`).
    pub fn parent(&self) -> &str {
        if self.submodule_search_locations.is_some() {
            &self.name
        } else {
            self.name.rsplit_once('.').map_or("", |(parent, _)| parent)
        }
    }

    /// Whether this is a namespace package (PEP 420): it has locations and nothing to load.
    pub fn is_namespace(&self) -> bool {
        self.submodule_search_locations.is_some() && matches!(self.loader, None | Some(Loader::Namespace))
    }

    /// The spec that the imported module has: `_init_module_attrs` gives a namespace package its loader (3.7+,
    /// `Lib/importlib/_bootstrap.py`).
    pub fn after_import(&self) -> Self {
        let mut spec = self.clone();
        if spec.is_namespace() {
            spec.loader = Some(Loader::Namespace);
        }
        spec
    }
}
