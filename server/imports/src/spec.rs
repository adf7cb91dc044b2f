//! `importlib.machinery.ModuleSpec` as data.

use speclens_environment::{Environment, PythonVersion, tables};

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

    /// As [`ModuleSpec::after_import`], for any version: in 3.6 the spec of a namespace package keeps no loader.
    pub fn after_import_in(&self, version: PythonVersion) -> Self {
        if version.at_least(7) { self.after_import() } else { self.clone() }
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

/// An attribute that a module may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute<T> {
    /// Reading it raises `AttributeError`.
    Missing,
    /// It is `None`.
    None,
    /// It has a value.
    Value(T),
}

/// What the import system gives a module before its code runs (`_init_module_attrs`, `Lib/importlib/_bootstrap.py`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleAttributes {
    /// `__name__`.
    pub name: String,
    /// `__package__`.
    pub package: String,
    /// The class of `__loader__`, as [`ModuleSpec::loader`].
    pub loader: Option<Loader>,
    /// `__file__`.
    pub file: Attribute<String>,
    /// `__path__`.
    pub path: Attribute<Vec<String>>,
    /// `__cached__`, which 3.15 sets no more.
    pub cached: Attribute<String>,
}

/// The attributes of a module that is imported by `spec`, as long as its own code does not change them.
pub fn module_attributes(spec: &ModuleSpec, environment: &Environment) -> ModuleAttributes {
    let version = environment.interpreter.version;
    let located = |value: &Option<String>| match value {
        Some(value) if spec.has_location => Attribute::Value(value.clone()),
        _ => Attribute::Missing,
    };
    let file = match spec.loader {
        _ if spec.is_namespace() && version.at_least(7) => Attribute::None,
        Some(Loader::Frozen) => {
            frozen_file(&spec.name, environment).map_or(Attribute::Missing, Attribute::Value)
        }
        _ => located(&spec.origin),
    };
    ModuleAttributes {
        name: spec.name.clone(),
        package: spec.parent().to_owned(),
        // 3.6 gives a namespace package its loader here, though its spec keeps none.
        loader: spec.after_import().loader,
        file,
        path: spec.submodule_search_locations.clone().map_or(Attribute::Missing, Attribute::Value),
        cached: if version.at_least(15) { Attribute::Missing } else { located(&spec.cached) },
    }
}

/// The file in the standard library that a frozen module was made from (3.11 and newer).
fn frozen_file(name: &str, environment: &Environment) -> Option<String> {
    let interpreter = &environment.interpreter;
    let below = tables(interpreter.version).frozen(name)?.2.as_ref()?;
    let library = interpreter.standard_library.as_ref()?;
    Some(library.join(below).to_string_lossy().into_owned())
}
