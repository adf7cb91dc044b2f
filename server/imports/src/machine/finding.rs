//! importlib's finders as code asks them: the items of `sys.meta_path`, and their `find_spec`.

use speclens_environment::MetaPathFinder;

use super::Machine;
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

impl Machine<'_> {
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
