//! Classes: their order of look-up, instances, `super()`.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::Statement;

use super::exception::{Raises, builtin_bases};
use super::modules::MODULE_TYPE;
use super::value::{Attributes, ClassObject, Object, ObjectId, Payload, Site, Value};
use super::{Frame, Machine};

/// A class with more bases than this, near and far, has some that are not known.
const MAX_BASES: usize = 250;

impl Machine<'_> {
    /// Runs the body of a class: its names are the class's attributes.
    pub(super) fn run_class_body(&mut self, class: ObjectId, body: &[Statement]) -> Raises<()> {
        let Some(outer) = self.frames.last_mut() else { return Ok(()) };
        outer.is_captured = true;
        let frame = Frame {
            file: Arc::clone(&outer.file),
            module: outer.module,
            names: class,
            function: None,
            enclosing: if outer.is_function() { Some(outer.names) } else { outer.enclosing },
            method: None,
            globals: Vec::new(),
            nonlocals: Vec::new(),
            current: outer.current,
            called_from: outer.called_from.clone(),
            observed: outer.observed,
            is_captured: false,
            possible_returns: Vec::new(),
            consumer: None,
        };
        self.frames.push(frame);
        let result = self.execute_block(body);
        self.frames.pop();
        result.map(drop)
    }

    /// Makes a class, with its order of look-up.
    pub(super) fn add_class(&mut self, class: Value, bases: &[Value], open: bool, site: Site) -> ObjectId {
        let region = self.region();
        let behind = self.linearisation(bases);
        let (attributes, order) = (Attributes::default(), Arc::from([]));
        let payload = Payload::Class(Box::new(ClassObject { order, site }));
        let id = self.state.heap.add(Object { class, attributes, open, region, payload });
        if let Payload::Class(made) = &mut self.state.heap.get_mut(id).payload {
            made.order = std::iter::once(Value::Object(id)).chain(behind).collect();
        }
        id
    }

    /// The method resolution order of a class; a base that is not known is [`Value::Unknown`].
    pub(super) fn bases(&self, class: &Value) -> Arc<[Value]> {
        match class {
            Value::Object(id) => match &self.state.heap.get(*id).payload {
                Payload::Class(class) => Arc::clone(&class.order),
                _ => Arc::from([class.clone(), Value::Unknown]),
            },
            Value::Builtin(name) => builtin_order(name).map(Value::Builtin).collect(),
            _ => Arc::from([class.clone()]),
        }
    }

    /// What stands behind a class with these bases in its order (C3, as `type.mro`).
    fn linearisation(&self, bases: &[Value]) -> Vec<Value> {
        if bases.is_empty() {
            return vec![Value::Builtin("builtins.object")];
        }
        let mut sequences: Vec<Vec<Value>> = bases.iter().map(|base| self.bases(base).to_vec()).collect();
        sequences.push(bases.to_vec());
        let mut order = Vec::new();
        loop {
            sequences.retain(|sequence| !sequence.is_empty());
            let Some(first) = sequences.first().map(|sequence| sequence[0].clone()) else { return order };
            if order.len() == MAX_BASES {
                order.push(Value::Unknown);
                return order;
            }
            let in_tail = |head: &Value| sequences.iter().any(|sequence| sequence[1..].contains(head));
            let head = sequences.iter().map(|sequence| &sequence[0]).find(|head| !in_tail(head));
            // An inconsistent hierarchy raises in CPython; here some order must do.
            let head = head.cloned().unwrap_or(first);
            for sequence in &mut sequences {
                sequence.retain(|known| *known != head);
            }
            order.push(head);
        }
    }

    /// The attribute that the class or the first of its bases has.
    pub(super) fn find_in_class(&self, class: &Value, name: &str) -> Option<Value> {
        match class {
            Value::Object(id) => match &self.state.heap.get(*id).payload {
                Payload::Class(class) => self.find_in(&class.order, name),
                _ => self.find_in(std::slice::from_ref(class), name),
            },
            Value::Builtin(class) if name == "__init__" => {
                let order: Vec<Value> = builtin_order(class).map(Value::Builtin).collect();
                self.find_in(&order, name)
            }
            _ => None,
        }
    }

    pub(super) fn find_in(&self, order: &[Value], name: &str) -> Option<Value> {
        for class in order {
            match class {
                Value::Object(id) => {
                    if let Some(slot) = self.state.heap.slot(*id, name) {
                        return Some(slot.value.clone());
                    }
                }
                class if *class == MODULE_TYPE && name == "__init__" => {
                    return Some(Value::Builtin("types.ModuleType.__init__"));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether instances may have attributes that are not known.
    pub(super) fn is_open_class(&self, class: &Value) -> bool {
        match class {
            Value::Object(id) => match &self.state.heap.get(*id).payload {
                Payload::Class(class) => class.order.iter().any(|base| match base {
                    Value::Object(id) => self.state.heap.get(*id).open,
                    Value::Builtin(name) => is_open_builtin(name),
                    _ => true,
                }),
                _ => true,
            },
            Value::Builtin(name) => builtin_order(name).any(is_open_builtin),
            _ => true,
        }
    }

    /// Whether the object is a module: an instance of `types.ModuleType` or of a class derived from it.
    pub(super) fn is_module(&self, id: ObjectId) -> bool {
        let object = self.state.heap.get(id);
        matches!(object.payload, Payload::Module { .. })
            && (object.class == MODULE_TYPE || self.bases(&object.class).contains(&MODULE_TYPE))
    }

    /// The metaclass that a class inherits from its bases.
    pub(super) fn metaclass_of(&self, bases: &[Value]) -> Value {
        let plain = Value::Builtin("builtins.type");
        let inherited = bases.iter().map(|base| match base {
            Value::Object(id) => self.state.heap.get(*id).class.clone(),
            Value::Builtin(_) => plain.clone(),
            _ => Value::Unknown,
        });
        inherited.into_iter().find(|metaclass| *metaclass != plain).unwrap_or(plain.clone())
    }

    /// Whether a value is a class.
    pub(super) fn is_class(&self, value: &Value) -> bool {
        match value {
            Value::Object(id) => matches!(self.state.heap.get(*id).payload, Payload::Class(_)),
            Value::Builtin(name) => name.rsplit('.').next().is_some_and(|last| {
                last.ends_with("Error") || last.ends_with("Exception") || is_class_name(last)
            }),
            _ => false,
        }
    }

    /// `type(value)`.
    pub(super) fn class_of(&self, value: &Value) -> Value {
        match value {
            Value::Object(id) => self.state.heap.get(*id).class.clone(),
            Value::Str(_) => Value::Builtin("builtins.str"),
            Value::Bool(_) => Value::Builtin("builtins.bool"),
            Value::Int(_) => Value::Builtin("builtins.int"),
            Value::Tuple(_) => Value::Builtin("builtins.tuple"),
            Value::None => Value::Builtin("types.NoneType"),
            Value::Builtin(finder) if super::finding::is_finder(finder) => Value::Builtin("builtins.type"),
            _ => Value::Unknown,
        }
    }

    /// The `__name__` of a class.
    pub(super) fn class_name(&self, class: &Value) -> Name {
        match class {
            Value::Builtin("types.ModuleType") => "module".into(),
            Value::Builtin(name) => name.rsplit('.').next().unwrap_or(name).into(),
            Value::Object(id) => {
                self.text_attribute(*id, "__name__").map_or("?".into(), |name| Name::from(&*name))
            }
            _ => "?".into(),
        }
    }

    /// Whether instances of `class` are instances of `classes`, a class or a tuple of them.
    pub(super) fn is_instance_of(&self, class: &Value, classes: &Value) -> Option<bool> {
        if let Value::Tuple(alternatives) = classes {
            let mut result = Some(false);
            for alternative in alternatives.iter() {
                match self.is_instance_of(class, alternative) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => result = None,
                }
            }
            return result;
        }
        // One class stands for all of pathlib's.
        let is_other_path = *class == super::paths::PATH && matches!(classes, Value::Object(_));
        if is_other_path || !self.is_class(classes) {
            return None;
        }
        let order = self.bases(class);
        if order.iter().any(|base| base == classes || self.is_same_class(base, classes)) {
            return Some(true);
        }
        if *classes == Value::Builtin("builtins.object") {
            return Some(true);
        }
        if order.contains(&Value::Unknown) { None } else { Some(false) }
    }

    /// A class that both the interpreter raises and the standard library's source defines is one class.
    fn is_same_class(&self, one: &Value, other: &Value) -> bool {
        let (Value::Builtin(name), Value::Object(id)) = (one, other) else {
            return matches!((one, other), (Value::Object(_), Value::Builtin(_)))
                && self.is_same_class(other, one);
        };
        let Some((module, class)) = name.rsplit_once('.') else { return false };
        self.text_attribute(*id, "__name__").as_deref() == Some(class)
            && self.text_attribute(*id, "__module__").as_deref() == Some(module)
    }

    /// An instance of a class, its `__init__` run.
    pub(super) fn instantiate(
        &mut self,
        class: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let order = self.bases(class);
        let value = match self.find_in(&order, "__new__") {
            Some(new @ Value::Object(_)) => {
                let mut with_class = vec![class.clone()];
                with_class.extend(arguments.iter().cloned());
                match self.call(&new, with_class, keywords.clone())? {
                    Value::Object(id) if self.state.heap.get(id).class == *class => Value::Object(id),
                    // Something else: it is not initialised.
                    other @ Value::Object(_) => return Ok(other),
                    _ => {
                        let id = self.new_instance(class);
                        self.state.heap.get_mut(id).open = true;
                        Value::Object(id)
                    }
                }
            }
            _ => Value::Object(self.new_instance(class)),
        };
        let Value::Object(id) = value else { return Ok(value) };
        if order.contains(&Value::Builtin("builtins.BaseException")) {
            self.state.heap.set(id, "args", Value::tuple(arguments.clone()), None);
            for (name, value) in &keywords {
                self.state.heap.set(id, name, value.clone(), None);
            }
        }
        let is_namespace = order.contains(&Value::Builtin("types.SimpleNamespace"));
        if is_namespace && self.find_in(&order, "__init__").is_none() {
            for (name, value) in &keywords {
                self.set_slot(id, name, value.clone());
            }
        }
        let own_init = self.find_in(&order, "__init__");
        if let Some(kind) = container(&order).filter(|_| own_init.is_none()) {
            let mut with_self = vec![value.clone()];
            with_self.extend(arguments);
            let init = if kind == "dict" { "dict.__init__" } else { "list.__init__" };
            self.call_builtin_method(init, &with_self, keywords)?;
        } else if let Some(init) = own_init {
            let bound = Value::Method(Arc::new((value.clone(), init)));
            let followed = self.call(&bound, arguments, keywords)?;
            if matches!(followed, Value::Unknown) && !order.contains(&MODULE_TYPE) {
                self.state.heap.get_mut(id).open = true;
            }
        }
        Ok(value)
    }

    /// `object.__new__(class)`.
    pub(super) fn new_instance(&mut self, class: &Value) -> ObjectId {
        let region = self.region();
        let order = self.bases(class);
        let is_exception = order.contains(&Value::Builtin("builtins.BaseException"));
        let made = self.site();
        let payload = match container(&order) {
            Some("dict") => Payload::Dict(Vec::new()),
            Some(_) => Payload::List(Vec::new()),
            None if is_exception => Payload::Plain,
            None => Payload::Module { made },
        };
        let open = order.iter().any(|base| matches!(base, Value::Unknown)) || self.is_open_class(class);
        let attributes = Attributes::default();
        self.state.heap.add(Object { class: class.clone(), attributes, open, region, payload })
    }

    /// `super()`: the instance, seen from behind the class whose method runs.
    pub(super) fn super_value(&mut self) -> Value {
        let Some((class, instance)) = self.frame().and_then(|frame| frame.method.clone()) else {
            return Value::Unknown;
        };
        self.super_of(class, instance)
    }

    /// `super(class, instance)`.
    pub(super) fn super_of(&mut self, class: ObjectId, instance: Value) -> Value {
        let region = self.region();
        let pair = Value::Tuple(Arc::from([Value::Object(class), instance]));
        self.state.heap.make(Value::Builtin("builtins.super"), Payload::Descriptor(pair), region)
    }

    /// An attribute of `super()`.
    pub(super) fn super_attribute(&mut self, pair: &Value, name: &str) -> Value {
        let Value::Tuple(pair) = pair else { return Value::Unknown };
        let [class, instance] = &pair[..] else { return Value::Unknown };
        // In `__new__` and class methods, what stands for the instance is the class.
        let order =
            if self.is_class(instance) { self.bases(instance) } else { self.bases(&self.class_of(instance)) };
        let behind: Vec<Value> = order.iter().skip_while(|base| *base != class).skip(1).cloned().collect();
        match self.find_in(&behind, name) {
            Some(found) if name == "__new__" => found,
            None if name == "__new__" => Value::Builtin("builtins.object.__new__"),
            Some(found) => Value::Method(Arc::new((instance.clone(), found))),
            None if let Some(kind) = container(&behind).filter(|_| !self.is_class(instance)) => {
                let known = super::methods::method(kind, name);
                if let (None, Some(id)) = (known, instance.as_object()) {
                    self.state.heap.get_mut(id).open = true;
                }
                known.map_or(Value::Unknown, |method| super::methods::bound(instance.clone(), method))
            }
            None if name == "__init__" && !behind.contains(&Value::Unknown) => {
                Value::Method(Arc::new((instance.clone(), Value::Builtin("builtins.object.__init__"))))
            }
            None if name == "__setattr__" => {
                Value::Method(Arc::new((instance.clone(), Value::Builtin("builtins.object.__setattr__"))))
            }
            None if name == "__getattribute__" => Value::Method(Arc::new((
                instance.clone(),
                Value::Builtin("builtins.object.__getattribute__"),
            ))),
            None => Value::Unknown,
        }
    }
}

/// The method resolution order of a class of the interpreter: each has one base.
fn builtin_order(name: &'static str) -> impl Iterator<Item = &'static str> {
    std::iter::successors(Some(name), |name| builtin_bases(name).first().copied())
}

/// The kind of the builtin container among the bases of a class.
fn container(order: &[Value]) -> Option<&'static str> {
    order.iter().find_map(|base| match base {
        Value::Builtin("builtins.dict") => Some("dict"),
        Value::Builtin("builtins.list" | "builtins.set") => Some("list"),
        _ => None,
    })
}

fn is_open_builtin(name: &str) -> bool {
    let is_closed = matches!(
        name,
        "types.ModuleType"
            | "types.SimpleNamespace"
            | "builtins.object"
            | "builtins.list"
            | "builtins.dict"
            | "builtins.set"
            | "importlib.machinery.ModuleSpec"
            | "_thread._local"
    );
    !is_closed && !builtin_order(known(name)).any(|base| base == "builtins.BaseException")
}

fn is_class_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        || matches!(
            name,
            "object"
                | "str"
                | "int"
                | "bool"
                | "list"
                | "dict"
                | "tuple"
                | "set"
                | "frozenset"
                | "type"
                | "float"
                | "bytes"
                | "property"
                | "staticmethod"
                | "classmethod"
                | "super"
                | "_local"
        )
}

/// Exceptions are the only built-in classes that are looked up by a name that is not static.
fn known(name: &str) -> &'static str {
    super::builtins::EXCEPTIONS.iter().find(|known| **known == name).copied().unwrap_or("builtins.object")
}
