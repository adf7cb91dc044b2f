//! Functions that a decorator has wrapped which cannot be followed (one of an extension module, a long one).
//!
//! What it made of the function is not known, but to call that most likely is to call the function: so it is run, and all that it
//! does to the import state is possible. It is not a region: what it writes is read as it was written, by itself and by the
//! finders that it installs.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::exception::Raises;
use super::import::Found;
use super::value::{Payload, Value};

impl Machine<'_> {
    /// What such a decorator makes of a function, where it matters what the function does.
    pub(super) fn decorated(&mut self, value: Value) -> Value {
        let is_own = self.frame().is_some_and(|frame| Some(&frame.file) == self.user_file.as_ref());
        let matters = match self.as_function(&value) {
            Some(function) => function.code.mentions_import_state || is_own,
            None => self.is_decorated(&value),
        };
        match self.inside(&value) {
            _ if !matters => Value::Unknown,
            Some(_) => value,
            None => self.make_decorated(value),
        }
    }

    pub(super) fn make_decorated(&mut self, inner: Value) -> Value {
        let region = self.region();
        let value = self.state.heap.make(Value::Unknown, Payload::Decorated(inner), region);
        if let Some(id) = value.as_object() {
            self.state.heap.get_mut(id).open = true;
        }
        value
    }

    /// The function inside.
    fn inside(&self, value: &Value) -> Option<Value> {
        match &self.state.heap.get(value.as_object()?).payload {
            Payload::Decorated(inner) => Some(inner.clone()),
            _ => None,
        }
    }

    pub(super) fn is_decorated(&self, value: &Value) -> bool {
        self.inside(value).is_some()
    }

    /// Calls the function inside; what the call gives in the end is not known.
    pub(super) fn call_decorated(
        &mut self,
        inner: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) {
        self.may_raise();
        let result = self.supposedly(|machine| machine.call(inner, arguments, keywords));
        self.without_exception(result);
    }

    /// Calls a method for which a protocol says what it gives.
    pub(super) fn call_own_method(
        &mut self,
        method: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        match self.inside(method) {
            Some(inner) => self.supposedly(|machine| machine.call(&inner, arguments, keywords)),
            None => self.call(method, arguments, keywords),
        }
    }

    /// Notes the same of what such a function installs.
    pub(super) fn suppose_installed(&mut self, value: &Value) {
        if self.suppositions > 0 {
            self.suppose(value);
        }
    }

    fn supposedly<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        self.suppositions += 1;
        let result = body(self);
        self.suppositions -= 1;
        result
    }

    /// Asks a finder that such a function has put on `sys.meta_path`.
    pub(super) fn ask_supposed_finder(
        &mut self,
        finder: &Value,
        name: &str,
        locations: Option<&[String]>,
    ) -> Found {
        let found = self.supposedly(|machine| machine.ask_finder(finder, name, locations));
        match found {
            Found::Object(spec) => {
                self.suppose(&Value::Object(spec));
                Found::Object(spec)
            }
            Found::Raised(_) => Found::Unknown,
            found => found,
        }
    }

    /// Notes that a module, a spec or a finder is only supposed to be as it is.
    pub(super) fn suppose(&mut self, value: &Value) {
        if let Some(id) = value.as_object().filter(|id| !self.state.supposed.contains(id)) {
            Arc::make_mut(&mut self.state.supposed).insert(id);
        }
    }

    pub(super) fn is_supposed(&self, value: &Value) -> bool {
        value.as_object().is_some_and(|id| self.state.supposed.contains(&id))
    }
}
