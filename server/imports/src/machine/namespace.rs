//! `__path__` of a namespace package: `_NamespacePath` of `Lib/importlib/_bootstrap_external.py`, which looks for the
//! portions again whenever the path of its parent has changed.

use super::Machine;
use super::modules::{PackagePath, parent_of};
use super::value::{ObjectId, Payload, Value};
use crate::finders;
use crate::spec::ModuleSpec;

const NAME: &str = "_name";
const LAST_PARENT_PATH: &str = "_last_parent_path";

/// What a list has and a `_NamespacePath` has not.
const NOT_IN_PATH: &[&str] =
    &["clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
/// What the loaders of files have and that of a namespace package has not.
const NOT_IN_LOADER: &[&str] = &["get_data", "get_filename", "name", "path", "path_mtime", "path_stats"];

impl Machine<'_> {
    /// The class of a namespace package's path or loader, where that class certainly has no attribute `name`.
    pub(super) fn lacks(&self, id: ObjectId, name: &str) -> Option<&'static str> {
        let object = self.state.heap.get(id);
        if matches!(object.payload, Payload::List(_)) {
            let is_path = NOT_IN_PATH.contains(&name) && self.state.heap.slot(id, NAME).is_some();
            return is_path.then_some("_NamespacePath");
        }
        let is_loader = NOT_IN_LOADER.contains(&name)
            && matches!(object.class, Value::Builtin(class) if class.ends_with("NamespaceLoader"));
        // It got its public name in 3.11.
        let class = if self.version().at_least(11) { "NamespaceLoader" } else { "_NamespaceLoader" };
        is_loader.then_some(class)
    }

    /// `_NamespacePath.__init__`: a list of portions that remembers the parent's path.
    pub(super) fn namespace_path(&mut self, name: &str, portions: Vec<Value>, parent_path: Value) -> Value {
        let region = self.region();
        let path = self.state.heap.list(portions, region);
        if let Some(id) = path.as_object() {
            self.state.heap.set(id, NAME, Value::str(name), None);
            self.state.heap.set(id, LAST_PARENT_PATH, parent_path, None);
        }
        path
    }

    /// `_NamespacePath._get_parent_path`: `__path__` of the parent, or `sys.path`; unknown where that is not known.
    pub(super) fn parent_path(&mut self, name: &str) -> Value {
        let texts = match parent_of(name) {
            None => self.state.search.path.clone(),
            Some(parent) => {
                let parent = self.module_entry(parent).map_or(Value::Unknown, |entry| entry.value);
                match self.package_path(&parent) {
                    PackagePath::Known(path) => path,
                    PackagePath::None | PackagePath::Unknown => return Value::Unknown,
                }
            }
        };
        Value::tuple(texts.iter().map(Value::str).collect())
    }

    /// `_NamespacePath._recalculate`, where `path` is one. A regular package that is found now changes nothing.
    pub(super) fn recalculate(&mut self, path: &Value) {
        let Some(id) = path.as_object() else { return };
        let slot = |name: &str| self.state.heap.slot(id, name).map(|slot| slot.value.clone());
        let (Some(Value::Str(name)), Some(last)) = (slot(NAME), slot(LAST_PARENT_PATH)) else { return };
        let now = self.parent_path(&name);
        // What is only possibly looked for again may stay as it is.
        if now == last || now == Value::Unknown || !self.is_certain() {
            return;
        }
        let entries: Vec<String> = match &now {
            Value::Tuple(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let found = finders::find_in_path(self.world, &self.state.search, &name, Some(&entries)).spec;
        let found = found.filter(ModuleSpec::is_namespace).and_then(|spec| spec.submodule_search_locations);
        if let Some(portions) = found {
            self.state.heap.get_mut(id).payload = Payload::List(portions.iter().map(Value::str).collect());
        }
        self.state.heap.set(id, LAST_PARENT_PATH, now, None);
    }
}
