//! Attributes: the look-up of Python's data model, as far as modules, classes and their instances need it.

use super::exception::{Raised, Raises};
use super::value::{ObjectId, Payload, Value};
use super::{Machine, TryContext};
use std::sync::Arc;

/// The attributes of a module that say where it comes from.
pub(super) const MODULE_METADATA: &[&str] =
    &["__spec__", "__file__", "__path__", "__loader__", "__package__", "__cached__"];

impl Machine<'_> {
    /// `object.name`, or the AttributeError.
    pub(super) fn attribute(&mut self, object: &Value, name: &str) -> Raises<Value> {
        if let Value::OneOf(values) = object {
            return self.join_alternatives(values, |machine, value| machine.attribute(value, name));
        }
        match self.attribute_or_missing(object, name)? {
            Some(value) => Ok(value),
            None => self.missing_attribute(object, name),
        }
    }

    /// An attribute that is certainly not there: an exception where that is sure to be what CPython does.
    fn missing_attribute(&mut self, object: &Value, name: &str) -> Raises<Value> {
        let metadata = MODULE_METADATA.contains(&name);
        let message = match object {
            Value::None => format!("'NoneType' object has no attribute '{name}'"),
            Value::Object(id) if self.is_module(*id) => {
                if let Some(raised) = self.not_yet_bound(*id, name) {
                    return Err(raised);
                }
                let module = self.text_attribute(*id, "__name__").unwrap_or_else(|| Arc::from("?"));
                format!("module '{module}' has no attribute '{name}'")
            }
            Value::Object(id) if self.lacks(*id, name).is_some() => {
                let class = self.lacks(*id, name).unwrap_or_default();
                let message = format!("'{class}' object has no attribute '{name}'");
                return Err(Raised::of("builtins.AttributeError", message));
            }
            Value::Object(id) => {
                let class = self.class_name(&self.state.heap.get(*id).class);
                format!("'{class}' object has no attribute '{name}'")
            }
            _ => return Ok(Value::Unknown),
        };
        // As with names: what the code does not expect to miss is more often something that we do not know.
        if metadata || matches!(object, Value::None) || self.is_expected("AttributeError") {
            return Err(Raised::of("builtins.AttributeError", message));
        }
        Ok(Value::Unknown)
    }

    /// `object.name`; `None` where there certainly is no such attribute.
    pub(super) fn attribute_or_missing(&mut self, object: &Value, name: &str) -> Raises<Option<Value>> {
        match object {
            Value::Unknown | Value::OneOf(_) => Ok(Some(Value::Unknown)),
            Value::None => Ok(if name.starts_with("__") { Some(Value::Unknown) } else { None }),
            Value::Builtin(builtin) => Ok(self.finder_attribute(builtin, name)),
            Value::Object(id) => self.object_attribute(*id, name),
            Value::Method(_) | Value::Bool(_) | Value::Int(_) => Ok(Some(Value::Unknown)),
            Value::Str(_) | Value::Tuple(_) => Ok(Some(self.bound_builtin(object, name))),
        }
    }

    fn object_attribute(&mut self, id: ObjectId, name: &str) -> Raises<Option<Value>> {
        let object = self.state.heap.get(id);
        if let (Value::Object(_), Payload::Plain | Payload::Module { .. }) = (&object.class, &object.payload)
        {
            let class = object.class.clone();
            if let Some(getter @ Value::Object(_)) = self.find_in_class(&class, "__getattribute__")
                && self.may_follow()
            {
                let arguments = vec![Value::Object(id), Value::str(name)];
                return match self.ask_for_attribute(&getter, arguments)? {
                    None if self.find_in_class(&class, "__getattr__").is_some() => {
                        self.dynamic_attribute(id, &class, name)
                    }
                    found => Ok(found),
                };
            }
        }
        self.plain_attribute(id, name)
    }

    /// `object.__getattribute__`, and then `__getattr__`.
    pub(super) fn plain_attribute(&mut self, id: ObjectId, name: &str) -> Raises<Option<Value>> {
        let value = Value::Object(id);
        if let Some(slot) = self.state.heap.slot(id, name) {
            let (found, certain) = (slot.value.clone(), slot.certain);
            // Who looks for the code that calls may fill the names of its module.
            if name == "f_back"
                && let Value::Object(module) = self.module_of(&found)
            {
                self.state.heap.get_mut(module).open = true;
            }
            if name == "__path__" {
                self.recalculate(&found);
            }
            if matches!(self.state.heap.get(id).payload, Payload::Class(_)) {
                return Ok(Some(self.bind_class_attribute(found, &value)));
            }
            let found = self.used(id, name, found)?;
            return Ok(Some(if certain { found } else { Value::Unknown }));
        }
        match name {
            "__class__" => return Ok(Some(self.state.heap.get(id).class.clone())),
            "__dict__" => return Ok(Some(self.dict_of(id))),
            _ => {}
        }
        if self.lacks(id, name).is_some() {
            return Ok(None);
        }
        let object = self.state.heap.get(id);
        match &object.payload {
            Payload::Descriptor(pair) if object.class == Value::Builtin("builtins.super") => {
                let pair = pair.clone();
                return Ok(Some(self.super_attribute(&pair, name)));
            }
            Payload::Class(_) => return self.class_attribute(id, name),
            Payload::Function(function) => return Ok(Some(self.function_attribute(function, name))),
            Payload::List(_) | Payload::Dict(_) if self.find_in_class(&object.class, name).is_none() => {
                return Ok(Some(self.bound_builtin(&value, name)));
            }
            _ if self.owner_of_dict(&value).is_some() => return Ok(Some(self.bound_builtin(&value, name))),
            _ => {}
        }
        if matches!(name, "__file__" | "__cached__" | "__path__") && self.is_built_in(id) {
            return Ok(None);
        }
        if let Some(found) = self.known_module_attribute(id, name) {
            return Ok(Some(found));
        }
        let class = self.state.heap.get(id).class.clone();
        if class == super::paths::PATH {
            return Ok(Some(self.path_attribute(id, name).unwrap_or_default()));
        }
        let method = super::loader::loader_method(&class, name);
        if let Some(method) = method.or_else(|| super::entry_points::entry_point_method(&class, name)) {
            return Ok(Some(Value::Method(Arc::new((value, method)))));
        }
        if let Some(found) = self.find_in_class(&class, name) {
            // What the class has as a default, an object that may have more attributes may have in its own way.
            let is_default = matches!(
                found,
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Tuple(_)
            );
            if is_default && self.state.heap.get(id).open {
                return Ok(Some(Value::Unknown));
            }
            return self.bind_attribute(found, &value, &class).map(Some);
        }
        let open = self.state.heap.get(id).open || self.is_open_class(&class);
        // A class that makes attributes up says itself that it makes none of these (Mock does).
        let refuses = MODULE_METADATA.contains(&name) && !self.bases(&class).contains(&Value::Unknown);
        if open && !(refuses && self.find_in_class(&class, "__getattr__").is_some()) {
            return Ok(Some(Value::Unknown));
        }
        self.dynamic_attribute(id, &class, name)
    }

    /// Whether a module is compiled into the interpreter, without a file (`BuiltinImporter`), or made by an extension
    /// module (`PyImport_AddModule`).
    fn is_built_in(&self, id: ObjectId) -> bool {
        let value = |name| self.state.heap.slot(id, name).map(|slot| &slot.value);
        let is_made = matches!(self.state.heap.get(id).payload, Payload::Module { made: None });
        let built_in = Value::Builtin("_frozen_importlib.BuiltinImporter");
        let is_main = || value("__name__").and_then(Value::as_str) == Some("__main__");
        self.is_module(id)
            && (value("__loader__") == Some(&built_in)
                || is_made && value("__spec__") == Some(&Value::None) && !is_main())
    }

    /// `__getattr__`: the module's own (PEP 562, 3.7+), or the class's.
    fn dynamic_attribute(&mut self, id: ObjectId, class: &Value, name: &str) -> Raises<Option<Value>> {
        let value = Value::Object(id);
        let own = self.state.heap.slot(id, "__getattr__").filter(|_| self.is_module(id));
        let (getter, arguments) = match own {
            Some(slot) => (slot.value.clone(), vec![Value::str(name)]),
            None => match self.find_in_class(class, "__getattr__") {
                Some(found) => (found, vec![value, Value::str(name)]),
                None => return Ok(None),
            },
        };
        if !self.may_follow() {
            return Ok(Some(Value::Unknown));
        }
        self.ask_for_attribute(&getter, arguments)
    }

    /// The exception for an attribute that an object does not have: the one that its own `__getattribute__` raises.
    pub(super) fn refused_attribute(&mut self, object: &Value, name: &str) -> Box<Raised> {
        let class = self.class_of(object);
        let own = self.find_in_class(&class, "__getattribute__").filter(|own| own.as_object().is_some());
        let asked = own.map(|own| {
            self.tries.push(TryContext { catches: vec!["AttributeError".into()], ..Default::default() });
            let asked = self.call(&own, vec![object.clone(), Value::str(name)], Vec::new());
            self.tries.pop();
            asked
        });
        match asked {
            Some(Err(raised)) => raised,
            _ => {
                let message = format!("'{}' object has no attribute '{name}'", self.class_name(&class));
                Raised::of("builtins.AttributeError", message)
            }
        }
    }

    /// Calls what answers for an attribute; `None` for its AttributeError.
    fn ask_for_attribute(&mut self, getter: &Value, arguments: Vec<Value>) -> Raises<Option<Value>> {
        // Followed however long it is: what it answers is the attribute.
        let function = self.as_function(getter);
        // Its AttributeError is the answer "no such attribute", and so is expected.
        self.tries.push(TryContext { catches: vec!["AttributeError".into()], ..Default::default() });
        let depth = self.tries.len();
        let found = match function {
            Some(function) => self.enter_function(&function, arguments, Vec::new()),
            None => self.call(getter, arguments, Vec::new()),
        };
        self.tries.truncate(depth);
        self.tries.pop();
        match found {
            Ok(found) => Ok(Some(found)),
            Err(raised) if raised.type_name == "AttributeError" => Ok(None),
            Err(raised) => Err(raised),
        }
    }

    /// What an instance sees of an attribute that its class has.
    pub(super) fn bind_attribute(&mut self, found: Value, instance: &Value, class: &Value) -> Raises<Value> {
        let Some(id) = found.as_object() else {
            return Ok(match found {
                Value::Builtin(name) if name.starts_with("types.ModuleType.") => {
                    Value::Method(Arc::new((instance.clone(), found)))
                }
                found => found,
            });
        };
        match &self.state.heap.get(id).payload {
            Payload::Function(_) => Ok(Value::Method(Arc::new((instance.clone(), found)))),
            Payload::Descriptor(function) => {
                let function = function.clone();
                match self.state.heap.get(id).class {
                    Value::Builtin("builtins.property") => {
                        self.call(&function, vec![instance.clone()], Vec::new())
                    }
                    Value::Builtin("builtins.classmethod") => {
                        Ok(Value::Method(Arc::new((class.clone(), function))))
                    }
                    _ => Ok(function),
                }
            }
            Payload::Decorated(inner) => {
                let bound = Value::Method(Arc::new((instance.clone(), inner.clone())));
                Ok(self.make_decorated(bound))
            }
            // A descriptor of code's own.
            Payload::Plain | Payload::Module { .. } => {
                let arguments = vec![instance.clone(), class.clone()];
                let got = self.call_method(&found, "__get__", arguments)?;
                Ok(got.unwrap_or(found))
            }
            _ => Ok(found),
        }
    }

    /// What the class itself sees of one of its attributes.
    fn bind_class_attribute(&self, found: Value, class: &Value) -> Value {
        let Some(id) = found.as_object() else { return found };
        match (&self.state.heap.get(id).payload, &self.state.heap.get(id).class) {
            (Payload::Descriptor(function), Value::Builtin("builtins.classmethod")) => {
                Value::Method(Arc::new((class.clone(), function.clone())))
            }
            (Payload::Descriptor(function), Value::Builtin("builtins.staticmethod")) => function.clone(),
            _ => found,
        }
    }

    fn class_attribute(&mut self, id: ObjectId, name: &str) -> Raises<Option<Value>> {
        let class = Value::Object(id);
        if let Some(found) = self.find_in_class(&class, name) {
            return Ok(Some(self.bind_class_attribute(found, &class)));
        }
        let metaclass = self.state.heap.get(id).class.clone();
        if let Some(found) = self.find_in_class(&metaclass, name) {
            return self.bind_attribute(found, &class, &metaclass).map(Some);
        }
        let known = matches!(name, "__spec__" | "__file__" | "__path__" | "__loader__" | "__cached__");
        Ok(if known && !self.is_open_class(&class) { None } else { Some(Value::Unknown) })
    }

    /// Whether an object has an attribute; `None` where that cannot be decided.
    pub(super) fn has_attribute(&mut self, object: &Value, name: &str) -> Option<bool> {
        if let Some(id) = object.as_object() {
            let is_file = matches!(name, "__file__" | "__cached__" | "__path__");
            if self.lacks(id, name).is_some()
                || is_file && self.state.heap.slot(id, name).is_none() && self.is_built_in(id)
            {
                return Some(false);
            }
            if let Some(slot) = self.state.heap.slot(id, name) {
                return slot.certain.then_some(true);
            }
            let object = self.state.heap.get(id);
            let open = object.open && super::loader::loader_method(&object.class, name).is_none();
            match self.text_attribute(id, "__name__").as_deref() {
                Some("sys") if open => {
                    return Some(self.world.tables().sys_names.iter().any(|known| known == name));
                }
                Some("builtins") if open => return Some(self.is_builtin_name(name)),
                _ => {}
            }
            if open && self.known_module_attribute(id, name).is_none() {
                return None;
            }
        }
        match self.attribute_or_missing(object, name) {
            Ok(None) => Some(false),
            Ok(Some(Value::Unknown)) if !object.as_object().is_some_and(|id| self.is_module(id)) => None,
            Ok(Some(_)) => Some(true),
            Err(raised) if raised.type_name == "AttributeError" => Some(false),
            Err(_) => None,
        }
    }

    /// `object.name = value`.
    pub(super) fn set_attribute(&mut self, object: &Value, name: &str, value: Value) -> Raises<()> {
        let id = match *object {
            Value::Object(id) => id,
            Value::Builtin(builtin) => {
                self.patch_finder(builtin, name, value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if self.set_known_module_attribute(id, name, &value) {
            return Ok(());
        }
        if name == "__class__" {
            let region = self.region();
            let object = self.state.heap.get_mut(id);
            object.class = if object.region == region { value } else { Value::Unknown };
            return Ok(());
        }
        let class = self.state.heap.get(id).class.clone();
        if let Some(Value::Object(setter)) = self.find_in_class(&class, "__setattr__")
            && self.may_follow()
        {
            let setter = Value::Method(Arc::new((object.clone(), Value::Object(setter))));
            self.call(&setter, vec![Value::str(name), value.clone()], Vec::new())?;
            // `object.__setattr__` and `super().__setattr__` end in the plain case below.
            if self.state.heap.slot(id, name).is_some() {
                return Ok(());
            }
        }
        self.set_slot(id, name, value);
        Ok(())
    }
}
