//! Values of Python, written as Python's `repr` writes them.

use std::fmt::{self, Write};

use speclens_environment::PythonVersion;
use speclens_imports::spec::{Loader, ModuleSpec};

/// A value that the import system gives to an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// A `str`.
    Str(String),
    /// A `list` of `str`.
    List(Vec<String>),
    /// The iterable of a namespace package's portions, by the name of its class.
    NamespacePath(&'static str, Vec<String>),
    /// Anything else, as `repr` writes it but without its address in memory.
    Object(String),
}

impl Value {
    fn optional(text: Option<&String>) -> Self {
        text.map_or(Self::None, |text| Self::Str(text.clone()))
    }

    /// `submodule_search_locations`, which is `__path__` after the import; nothing where the module is no package.
    pub fn locations(spec: &ModuleSpec, version: PythonVersion) -> Option<Self> {
        let locations = spec.submodule_search_locations.clone()?;
        Some(match spec.is_namespace() {
            true if version.at_least(15) => Self::NamespacePath("NamespacePath", locations),
            true => Self::NamespacePath("_NamespacePath", locations),
            false => Self::List(locations),
        })
    }
}

/// The attributes of a spec, in the order of CPython's documentation.
pub fn spec_values(spec: &ModuleSpec, version: PythonVersion) -> Vec<(&'static str, Value)> {
    vec![
        ("name", Value::Str(spec.name.clone())),
        ("loader", loader_value(spec.loader.as_ref(), version)),
        ("origin", Value::optional(spec.origin.as_ref())),
        ("submodule_search_locations", Value::locations(spec, version).unwrap_or(Value::None)),
        ("cached", Value::optional(spec.cached.as_ref())),
        ("parent", Value::Str(spec.parent().to_owned())),
        ("has_location", Value::Bool(spec.has_location)),
    ]
}

/// A loader, which is a class where the interpreter's own finder is its loader.
pub fn loader_value(loader: Option<&Loader>, version: PythonVersion) -> Value {
    let Some(loader) = loader else { return Value::None };
    let class = loader.class_name(version);
    Value::Object(match loader {
        Loader::BuiltIn | Loader::Frozen => format!("<class '_frozen_importlib.{class}'>"),
        Loader::Zip | Loader::Other(_) => format!("<{class} object>"),
        _ => format!("<_frozen_importlib_external.{class} object>"),
    })
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("None"),
            Self::Bool(true) => formatter.write_str("True"),
            Self::Bool(false) => formatter.write_str("False"),
            Self::Str(text) => formatter.write_str(&repr(text)),
            Self::List(items) => formatter.write_str(&list(items)),
            Self::NamespacePath(class, items) => write!(formatter, "{class}({})", list(items)),
            Self::Object(text) => formatter.write_str(text),
        }
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| repr(item)).collect::<Vec<_>>().join(", "))
}

/// `repr(text)` of a `str` (`Objects/unicodeobject.c`, `unicode_repr`).
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut result = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            c if c == quote => result.extend(['\\', c]),
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
                let _ = write!(result, "\\x{:02x}", u32::from(c));
            }
            c => result.push(c),
        }
    }
    result.push(quote);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_repr_writes_them() {
        assert_eq!(repr("it's"), "\"it's\"");
        assert_eq!(repr("'\""), "'\\'\"'");
        assert_eq!(repr("a\\b\n\x1b é"), "'a\\\\b\\n\\x1b é'");
        let path = Value::NamespacePath("_NamespacePath", vec!["/a/ns".into(), "/b/ns".into()]);
        assert_eq!(path.to_string(), "_NamespacePath(['/a/ns', '/b/ns'])");
        let version = PythonVersion::new(3, 8);
        assert_eq!(
            loader_value(Some(&Loader::BuiltIn), version).to_string(),
            "<class '_frozen_importlib.BuiltinImporter'>"
        );
        assert_eq!(
            loader_value(Some(&Loader::Namespace), version).to_string(),
            "<_frozen_importlib_external._NamespaceLoader object>"
        );
    }
}
