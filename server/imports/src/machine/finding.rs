//! importlib's finders as code asks them: the items of `sys.meta_path`, and their `find_spec`.

use std::sync::Arc;

use speclens_environment::MetaPathFinder;
use speclens_source::Name;

use super::Machine;
use super::builtins::builtin_attribute;
use super::state::Deed;
use super::value::Value;
use crate::finders;

/// importlib's finders, each with the class that stands for it on `sys.meta_path` and the name of its method here.
const FINDERS: &[(MetaPathFinder, &str, &str)] = &[
    (
        MetaPathFinder::BuiltIn,
        "_frozen_importlib.BuiltinImporter",
        "_frozen_importlib.BuiltinImporter.find_spec",
    ),
    (
        MetaPathFinder::Frozen,
        "_frozen_importlib.FrozenImporter",
        "_frozen_importlib.FrozenImporter.find_spec",
    ),
    (
        MetaPathFinder::Path,
        "_frozen_importlib_external.PathFinder",
        "_frozen_importlib_external.PathFinder.find_spec",
    ),
];

/// `find_spec` of one of importlib's finders.
pub(super) fn find_spec_of(class: &str) -> Option<&'static str> {
    FINDERS.iter().find(|(_, finder, _)| *finder == class).map(|(_, _, method)| *method)
}

/// Whether it is one of importlib's classes that stand for themselves where others have instances.
pub(super) fn is_finder(class: &str) -> bool {
    find_spec_of(class).is_some()
}

/// Attributes that every class has. What else is set on a finder by its name in underscores is code's own mark.
const OF_CLASSES: &[&str] =
    &["__class__", "__dict__", "__doc__", "__init__", "__module__", "__name__", "__new__", "__qualname__"];

impl Machine<'_> {
    /// An attribute of something built in; of importlib's finders with what code has put there.
    pub(super) fn finder_attribute(&self, builtin: &'static str, name: &str) -> Option<Value> {
        if !is_finder(builtin) {
            return Some(builtin_attribute(builtin, name));
        }
        let mut patches = self.state.patches.iter().rev();
        if let Some((.., patch)) = patches.find(|(class, of, _)| *class == builtin && of == name) {
            return Some(patch.clone());
        }
        let is_mark = name.starts_with("__") && !OF_CLASSES.contains(&name);
        // No finder of `sys.meta_path` has `find_loader`: those of path entries had (until 3.11).
        (!is_mark && name != "find_loader").then(|| builtin_attribute(builtin, name))
    }

    /// `BuiltinImporter.find_spec = function`.
    pub(super) fn patch_finder(&mut self, class: &'static str, name: &str, value: Value) {
        if !is_finder(class) {
            return;
        }
        if !self.is_certain() {
            self.unknown("a finder of importlib that is possibly changed");
            return;
        }
        if name == "find_spec" {
            self.note_change(Deed::ChangesMetaPath);
        }
        self.state.changed = true;
        Arc::make_mut(&mut self.state.patches).push((class, Name::from(name), value));
    }

    /// The class of one of importlib's finders, where code has put another `find_spec` on it.
    pub(super) fn patched_finder(&self, finder: &MetaPathFinder) -> Option<Value> {
        let (_, class, _) = FINDERS.iter().find(|(known, ..)| known == finder)?;
        let is_it = |(of, name, _): &(&str, Name, Value)| of == class && name == "find_spec";
        self.state.patches.iter().any(is_it).then_some(Value::Builtin(class))
    }

    /// `sys.meta_path = items`.
    pub(super) fn set_meta_path(&mut self, value: &Value) {
        let (Some(items), true) = self.elements(value) else {
            self.add_finder(Some(0), &Value::Unknown);
            return;
        };
        let before = self.meta_path_items();
        if !self.is_certain() {
            // What is possibly taken away is asked still.
            for item in items.iter().filter(|item| !before.contains(item)) {
                self.add_finder(None, item);
            }
            return;
        }
        let old = self.state.search.meta_path.clone();
        let objects = Arc::clone(&self.state.finders);
        let at = |index: usize, item: &Value| match item {
            // An item that is not known is what stood in its place.
            Value::Unknown => (before.get(index) == Some(item)).then_some(index),
            item => before.iter().position(|known| known == item),
        };
        let places: Vec<Option<usize>> =
            items.iter().enumerate().map(|(index, item)| at(index, item)).collect();
        self.note_change(Deed::ChangesMetaPath);
        Arc::make_mut(&mut self.state.search).meta_path.clear();
        Arc::make_mut(&mut self.state.finders).clear();
        for (item, place) in items.iter().zip(places) {
            match place {
                Some(place) => {
                    Arc::make_mut(&mut self.state.search).meta_path.push(old[place].clone());
                    Arc::make_mut(&mut self.state.finders).push(objects[place].clone());
                }
                None => self.add_finder(None, item),
            }
        }
    }

    /// The items of `sys.meta_path`.
    pub(super) fn meta_path_items(&self) -> Vec<Value> {
        let finders = self.state.search.meta_path.iter().zip(self.state.finders.iter());
        let items = finders.map(|(finder, object)| match object {
            Some(object) => object.value.clone(),
            None => {
                let known = FINDERS.iter().find(|(known, _, _)| known == finder);
                known.map_or(Value::Unknown, |(_, class, _)| Value::Builtin(class))
            }
        });
        items.collect()
    }

    /// `PathFinder.find_spec(fullname, path=None)` and its kin.
    pub(super) fn ask_known_finder(
        &mut self,
        method: &str,
        name: Option<Value>,
        path: Option<Value>,
    ) -> Value {
        let Some(name) = name.as_ref().and_then(Value::as_str).map(str::to_owned) else {
            return Value::Unknown;
        };
        let path = match path {
            None | Some(Value::None) => None,
            Some(path) => match self.elements(&path) {
                (Some(items), true) => {
                    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
                }
                _ => return Value::Unknown,
            },
        };
        let Some((finder, ..)) = FINDERS.iter().find(|(_, _, known)| *known == method) else {
            return Value::Unknown;
        };
        let mut search = finders::SearchState::clone(&self.state.search);
        search.meta_path = vec![finder.clone()];
        let resolution = finders::find_spec(self.world, &search, &name, path.as_deref());
        if resolution.uncertain.is_some() {
            return Value::Unknown;
        }
        resolution.spec.map_or(Value::None, |spec| self.spec_object(&spec))
    }
}
