//! The functions and classes of `builtins`, and the methods of strings, lists and dicts, as far as code that decides about
//! imports uses them.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::value::{Attributes, Object, ObjectId, Payload, Value};

/// The exception classes that the machine knows.
pub(super) const EXCEPTIONS: &[&str] = &[
    "builtins.ArithmeticError",
    "builtins.AssertionError",
    "builtins.AttributeError",
    "builtins.BaseException",
    "builtins.DeprecationWarning",
    "builtins.Exception",
    "builtins.FileExistsError",
    "builtins.FileNotFoundError",
    "builtins.FutureWarning",
    "builtins.GeneratorExit",
    "builtins.ImportError",
    "builtins.ImportWarning",
    "builtins.IndentationError",
    "builtins.IndexError",
    "builtins.IsADirectoryError",
    "builtins.KeyError",
    "builtins.KeyboardInterrupt",
    "builtins.LookupError",
    "builtins.ModuleNotFoundError",
    "builtins.NameError",
    "builtins.NotADirectoryError",
    "builtins.NotImplementedError",
    "builtins.OSError",
    "builtins.OverflowError",
    "builtins.PermissionError",
    "builtins.RecursionError",
    "builtins.RuntimeError",
    "builtins.RuntimeWarning",
    "builtins.StopAsyncIteration",
    "builtins.StopIteration",
    "builtins.SyntaxError",
    "builtins.SystemError",
    "builtins.SystemExit",
    "builtins.TypeError",
    "builtins.UnboundLocalError",
    "builtins.UnicodeDecodeError",
    "builtins.UnicodeEncodeError",
    "builtins.UnicodeError",
    "builtins.UserWarning",
    "builtins.ValueError",
    "builtins.Warning",
    "builtins.ZeroDivisionError",
];

const FUNCTIONS: &[&str] = &[
    "builtins.__import__",
    "builtins.any",
    "builtins.all",
    "builtins.bool",
    "builtins.callable",
    "builtins.classmethod",
    "builtins.delattr",
    "builtins.dict",
    "builtins.enumerate",
    "builtins.exec",
    "builtins.frozenset",
    "builtins.getattr",
    "builtins.globals",
    "builtins.hasattr",
    "builtins.int",
    "builtins.isinstance",
    "builtins.issubclass",
    "builtins.len",
    "builtins.list",
    "builtins.locals",
    "builtins.object",
    "builtins.print",
    "builtins.property",
    "builtins.range",
    "builtins.reversed",
    "builtins.set",
    "builtins.setattr",
    "builtins.sorted",
    "builtins.staticmethod",
    "builtins.str",
    "builtins.sum",
    "builtins.super",
    "builtins.tuple",
    "builtins.type",
    "builtins.vars",
    "builtins.zip",
];

const METHODS: &[&str] = &[
    "str.capitalize",
    "str.endswith",
    "str.format",
    "str.join",
    "str.lower",
    "str.lstrip",
    "str.partition",
    "str.replace",
    "str.rpartition",
    "str.rsplit",
    "str.rstrip",
    "str.split",
    "str.startswith",
    "str.strip",
    "str.title",
    "str.upper",
    "list.add",
    "list.append",
    "list.clear",
    "list.copy",
    "list.extend",
    "list.insert",
    "list.pop",
    "list.remove",
    "list.update",
    "dict.copy",
    "dict.get",
    "dict.items",
    "dict.keys",
    "dict.pop",
    "dict.setdefault",
    "dict.update",
    "dict.values",
];

fn method(kind: &str, name: &str) -> Option<&'static str> {
    METHODS
        .iter()
        .find(|method| method.split_once('.').is_some_and(|(of, method)| of == kind && method == name))
        .copied()
}

/// A name of `builtins` that the machine knows; `None` for one that it does not.
pub(super) fn builtin_name(name: &str) -> Option<Value> {
    let known = |list: &[&'static str]| {
        list.iter().find(|known| known.strip_prefix("builtins.") == Some(name)).copied()
    };
    match name {
        "IOError" | "EnvironmentError" => Some(Value::Builtin("builtins.OSError")),
        "__debug__" => Some(Value::Bool(true)),
        _ => known(FUNCTIONS).or_else(|| known(EXCEPTIONS)).map(Value::Builtin),
    }
}

/// An attribute of a built-in function or class.
pub(super) fn builtin_attribute(builtin: &'static str, name: &str) -> Value {
    let value = Value::Builtin(builtin);
    match (builtin, name) {
        ("sys.modules", name) => method("dict", name).map_or(Value::Unknown, |m| bound(value, m)),
        ("sys.path" | "sys.meta_path" | "sys.path_hooks", name) => {
            method("list", name).map_or(Value::Unknown, |method| bound(value, method))
        }
        ("types.ModuleType", "__init__") => Value::Builtin("types.ModuleType.__init__"),
        ("builtins.object" | "types.ModuleType", "__setattr__") => {
            Value::Builtin("builtins.object.__setattr__")
        }
        ("builtins.object", "__init__") => Value::Builtin("builtins.object.__init__"),
        ("_frozen_importlib_external.PathFinder", "find_spec") => {
            Value::Builtin("importlib.machinery.PathFinder.find_spec")
        }
        (_, "__name__" | "__qualname__") => Value::str(builtin.rsplit('.').next().unwrap_or(builtin)),
        _ => Value::Unknown,
    }
}

impl Machine<'_> {
    /// Whether `builtins` has the name in this version.
    pub(super) fn is_builtin_name(&self, name: &str) -> bool {
        self.world.tables().builtins.iter().any(|known| known == name)
    }

    /// A method of a string, tuple, list, set or dict.
    pub(super) fn bound_builtin(&self, object: &Value, name: &str) -> Value {
        let kind = match object {
            Value::Str(_) => "str",
            Value::Object(id) => match &self.state.heap.get(*id).payload {
                Payload::List(_) => "list",
                Payload::Dict(_) | Payload::Descriptor(_) => "dict",
                _ => return Value::Unknown,
            },
            _ => return Value::Unknown,
        };
        method(kind, name).map_or(Value::Unknown, |method| bound(object.clone(), method))
    }

    /// Calls a function or class that the interpreter implements.
    pub(super) fn call_builtin(
        &mut self,
        name: &'static str,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        if let Some(result) = self.call_intrinsic(name, &arguments, &keywords) {
            return result;
        }
        if EXCEPTIONS.contains(&name) || name == "importlib.metadata.PackageNotFoundError" {
            return self.instantiate(&Value::Builtin(name), arguments, keywords);
        }
        if METHODS.contains(&name) {
            return self.call_builtin_method(name, &arguments, keywords);
        }
        let Some(name) = name.strip_prefix("builtins.") else { return Ok(Value::Unknown) };
        match name {
            "hasattr" | "getattr" | "setattr" | "delattr" | "vars" | "globals" | "locals" | "exec"
            | "isinstance" | "issubclass" | "callable" | "type" => self.call_reflection(name, &arguments),
            "object.__setattr__" => match arguments.as_slice() {
                [Value::Object(id), Value::Str(attribute), value] => {
                    self.set_slot(*id, attribute, value.clone());
                    Ok(Value::None)
                }
                _ => Ok(Value::Unknown),
            },
            "object" if arguments.is_empty() => {
                self.instantiate(&Value::Builtin("builtins.object"), arguments, keywords)
            }
            "object.__init__" | "print" => Ok(Value::None),
            "super" => Ok(match arguments.as_slice() {
                [Value::Object(class), instance] => self.super_of(*class, instance.clone()),
                _ => Value::Unknown,
            }),
            "property" | "staticmethod" | "classmethod" => {
                let class = match name {
                    "property" => Value::Builtin("builtins.property"),
                    "staticmethod" => Value::Builtin("builtins.staticmethod"),
                    _ => Value::Builtin("builtins.classmethod"),
                };
                let function = arguments.first().cloned().unwrap_or(Value::Unknown);
                let region = self.region();
                Ok(self.state.heap.make(class, Payload::Descriptor(function), region))
            }
            _ => Ok(self.call_plain(name, &arguments, &keywords)),
        }
    }

    /// Functions that neither raise nor change anything.
    fn call_plain(&mut self, name: &str, arguments: &[Value], keywords: &[(Name, Value)]) -> Value {
        let first = arguments.first();
        let region = self.region();
        match (name, first) {
            ("bool", Some(value)) => self.truth(value).map_or(Value::Unknown, Value::Bool),
            ("str", Some(value)) => self.to_text(value).map_or(Value::Unknown, Value::str),
            ("int", Some(Value::Str(text))) => text.trim().parse().map_or(Value::Unknown, Value::Int),
            ("int", Some(Value::Int(number))) => Value::Int(*number),
            ("dict", _) => {
                let dict = self.state.heap.dict(Vec::new(), region);
                if let Some(other) = first {
                    self.update_dict(&dict, other);
                }
                for (key, value) in keywords {
                    drop(self.set_item(&dict, &Value::str(key.as_str()), value.clone()));
                }
                dict
            }
            ("list" | "set" | "frozenset" | "sorted" | "reversed", None) => {
                self.state.heap.list(Vec::new(), region)
            }
            ("tuple", None) => Value::Tuple(Arc::from([])),
            ("list" | "set" | "frozenset" | "sorted" | "reversed" | "tuple" | "enumerate", Some(value)) => {
                let (items, complete) = self.elements(value);
                let mut items = items.unwrap_or_default();
                match name {
                    "tuple" => return if complete { Value::Tuple(items.into()) } else { Value::Unknown },
                    "reversed" => items.reverse(),
                    "enumerate" => {
                        let numbered = items.into_iter().enumerate().map(|(index, item)| {
                            let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                            Value::Tuple(Arc::from([index, item]))
                        });
                        items = numbered.collect();
                    }
                    _ => {}
                }
                let list = self.state.heap.list(items, region);
                if let (false, Some(id)) = (complete, list.as_object()) {
                    self.state.heap.get_mut(id).open = true;
                }
                list
            }
            ("len", Some(value)) => match self.elements(value) {
                (Some(items), true) => Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX)),
                _ => Value::Unknown,
            },
            ("any" | "all", Some(value)) => {
                let (items, complete) = self.elements(value);
                let decides = name == "any";
                let truths: Vec<_> = items.unwrap_or_default().iter().map(|item| self.truth(item)).collect();
                if truths.contains(&Some(decides)) {
                    Value::Bool(decides)
                } else if complete && !truths.contains(&None) {
                    Value::Bool(!decides)
                } else {
                    Value::Unknown
                }
            }
            ("zip", Some(_)) => self.zip(arguments),
            ("sum", Some(lists)) => {
                let (items, complete) = self.elements(lists);
                let result = self.state.heap.list(Vec::new(), region);
                let items = items.unwrap_or_default();
                if !complete || !items.iter().all(|item| self.is_list(item)) || arguments.len() < 2 {
                    return Value::Unknown;
                }
                for item in items {
                    self.extend(&result, &item);
                }
                result
            }
            _ => Value::Unknown,
        }
    }

    fn zip(&mut self, arguments: &[Value]) -> Value {
        let mut columns = Vec::new();
        for argument in arguments {
            let (Some(items), true) = self.elements(argument) else { return Value::Unknown };
            columns.push(items);
        }
        let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
        let rows =
            (0..rows).map(|row| Value::Tuple(columns.iter().map(|column| column[row].clone()).collect()));
        let rows = rows.collect();
        let region = self.region();
        self.state.heap.list(rows, region)
    }

    fn call_reflection(&mut self, name: &str, arguments: &[Value]) -> Raises<Value> {
        let decided = |answer: Option<bool>| Ok(answer.map_or(Value::Unknown, Value::Bool));
        match (name, arguments) {
            ("hasattr", [object, Value::Str(attribute)]) => {
                let answer = self.has_attribute(object, attribute);
                decided(answer)
            }
            ("getattr", [object, Value::Str(attribute)]) => self.attribute(object, attribute),
            ("getattr", [object, Value::Str(attribute), default]) => {
                match self.has_attribute(object, attribute) {
                    Some(true) => self.attribute(object, attribute),
                    Some(false) => Ok(default.clone()),
                    None => Ok(Value::Unknown),
                }
            }
            ("setattr", [object, Value::Str(attribute), value]) => {
                self.set_attribute(object, attribute, value.clone())?;
                Ok(Value::None)
            }
            ("setattr", [Value::Object(id), ..]) => {
                self.state.heap.get_mut(*id).open = true;
                Ok(Value::None)
            }
            ("vars", [Value::Object(id)]) => Ok(self.dict_of(*id)),
            ("globals", []) => match self.frame().map(|frame| frame.module) {
                Some(module) => Ok(self.dict_of(module)),
                None => Ok(Value::Unknown),
            },
            ("locals" | "vars", []) => match self.frame().map(|frame| frame.names) {
                Some(names) => Ok(self.dict_of(names)),
                None => Ok(Value::Unknown),
            },
            ("exec", _) => {
                if let Some(module) = self.frame().map(|frame| frame.module) {
                    self.state.heap.get_mut(module).open = true;
                }
                Ok(Value::Unknown)
            }
            ("isinstance", [object, classes]) => {
                let class = self.class_of(object);
                decided(if class == Value::Unknown { None } else { self.is_instance_of(&class, classes) })
            }
            ("issubclass", [class, classes]) if self.is_class(class) => {
                decided(self.is_instance_of(class, classes))
            }
            ("type", [object]) => Ok(self.class_of(object)),
            ("type", [Value::Str(name), Value::Tuple(bases), namespace]) => {
                Ok(self.make_class(name, bases, namespace))
            }
            _ => Ok(Value::Unknown),
        }
    }

    /// `type(name, bases, namespace)`.
    fn make_class(&mut self, name: &str, bases: &Arc<[Value]>, namespace: &Value) -> Value {
        let Some(site) = self.site() else { return Value::Unknown };
        let region = self.region();
        let id = self.state.heap.add(Object {
            class: Value::Builtin("builtins.type"),
            attributes: Attributes::default(),
            open: false,
            region,
            payload: Payload::Class { bases: Arc::clone(bases), site },
        });
        self.state.heap.set(id, "__name__", Value::str(name), None);
        let view = self.dict_of(id);
        self.update_dict(&view, namespace);
        Value::Object(id)
    }

    fn call_builtin_method(
        &mut self,
        name: &'static str,
        arguments: &[Value],
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let Some((receiver, rest)) = arguments.split_first() else { return Ok(Value::Unknown) };
        match receiver {
            Value::Builtin(list) => self.call_sys_method(list, name, rest),
            Value::Str(text) => Ok(self.call_str_method(text, name, rest, &keywords)),
            Value::Object(id) if name.starts_with("list.") => Ok(self.call_list_method(*id, name, rest)),
            Value::Object(_) => self.call_dict_method(receiver, name, rest, keywords),
            _ => Ok(Value::Unknown),
        }
    }

    fn call_list_method(&mut self, id: ObjectId, name: &str, arguments: &[Value]) -> Value {
        let list = Value::Object(id);
        let region = self.region();
        match (name, arguments) {
            ("list.append" | "list.add", [item]) => self.append(&list, item.clone()),
            ("list.extend" | "list.update", [items]) => self.extend(&list, items),
            ("list.copy", []) => {
                let copy = self.state.heap.list(Vec::new(), region);
                self.extend(&copy, &list);
                return copy;
            }
            ("list.insert", [Value::Int(0), item]) if self.state.heap.get(id).region == region => {
                if let Payload::List(items) = &mut self.state.heap.get_mut(id).payload {
                    items.insert(0, item.clone());
                }
            }
            _ => {
                self.state.heap.get_mut(id).open = true;
                return Value::Unknown;
            }
        }
        Value::None
    }

    fn call_dict_method(
        &mut self,
        dict: &Value,
        name: &str,
        arguments: &[Value],
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let region = self.region();
        let pairs = |machine: &Self| -> (Vec<(Value, Value)>, bool) {
            let owner = machine.owner_of_dict(dict);
            let Some(id) = owner.or_else(|| dict.as_object()) else { return (Vec::new(), false) };
            let object = machine.state.heap.get(id);
            let pairs = match &object.payload {
                Payload::Dict(items) => items.clone(),
                _ => {
                    let slots = object.attributes.iter();
                    slots.map(|(name, slot)| (Value::str(name.as_str()), slot.value.clone())).collect()
                }
            };
            (pairs, !object.open)
        };
        match (name, arguments) {
            ("dict.get", [key, rest @ ..]) => match self.compare(key, IN, dict) {
                Some(true) => self.item(dict, key),
                Some(false) => Ok(rest.first().cloned().unwrap_or(Value::None)),
                None => Ok(Value::Unknown),
            },
            ("dict.setdefault", [key, rest @ ..]) => {
                if self.compare(key, IN, dict) == Some(false) {
                    let default = rest.first().cloned().unwrap_or(Value::None);
                    self.set_item(dict, key, default)?;
                }
                self.item(dict, key)
            }
            ("dict.pop", [key, rest @ ..]) => match self.compare(key, IN, dict) {
                Some(true) => {
                    let value = self.item(dict, key)?;
                    self.delete_item(dict, key);
                    Ok(value)
                }
                Some(false) => Ok(rest.first().cloned().unwrap_or(Value::Unknown)),
                None => Ok(Value::Unknown),
            },
            ("dict.update", others) => {
                for other in others {
                    self.update_dict(dict, other);
                }
                for (key, value) in keywords {
                    self.set_item(dict, &Value::str(key.as_str()), value)?;
                }
                Ok(Value::None)
            }
            ("dict.copy", []) => {
                let copy = self.state.heap.dict(Vec::new(), region);
                self.update_dict(&copy, dict);
                Ok(copy)
            }
            ("dict.items" | "dict.keys" | "dict.values", []) => {
                let (pairs, complete) = pairs(self);
                let items = pairs.into_iter().map(|(key, value)| match name {
                    "dict.items" => Value::Tuple(Arc::from([key, value])),
                    "dict.keys" => key,
                    _ => value,
                });
                let items = items.collect();
                let list = self.state.heap.list(items, region);
                if let (false, Some(id)) = (complete, list.as_object()) {
                    self.state.heap.get_mut(id).open = true;
                }
                Ok(list)
            }
            _ => Ok(Value::Unknown),
        }
    }

    fn call_str_method(
        &mut self,
        text: &str,
        name: &str,
        arguments: &[Value],
        keywords: &[(Name, Value)],
    ) -> Value {
        let text_at = |index: usize| arguments.get(index).and_then(Value::as_str);
        let parts = |items: Vec<&str>| items.into_iter().map(Value::str).collect::<Vec<_>>();
        let region = self.region();
        match (name, arguments.len()) {
            ("str.lower", _) => Value::str(text.to_lowercase()),
            ("str.upper", _) => Value::str(text.to_uppercase()),
            ("str.strip", 0) => Value::str(text.trim()),
            ("str.lstrip", 0) => Value::str(text.trim_start()),
            ("str.rstrip", 0) => Value::str(text.trim_end()),
            ("str.startswith" | "str.endswith", 1) => {
                let test = |affix: &str| {
                    if name == "str.startswith" { text.starts_with(affix) } else { text.ends_with(affix) }
                };
                match &arguments[0] {
                    Value::Str(affix) => Value::Bool(test(affix)),
                    Value::Tuple(affixes) if affixes.iter().all(|affix| affix.as_str().is_some()) => {
                        Value::Bool(affixes.iter().filter_map(Value::as_str).any(test))
                    }
                    _ => Value::Unknown,
                }
            }
            ("str.replace", 2) => match (text_at(0), text_at(1)) {
                (Some(from), Some(to)) => Value::str(text.replace(from, to)),
                _ => Value::Unknown,
            },
            ("str.split" | "str.rsplit", 1) => match text_at(0) {
                Some(separator) if !separator.is_empty() => {
                    let items = parts(text.split(separator).collect());
                    self.state.heap.list(items, region)
                }
                _ => Value::Unknown,
            },
            ("str.split", 0) => {
                let items = parts(text.split_whitespace().collect());
                self.state.heap.list(items, region)
            }
            ("str.partition" | "str.rpartition", 1) => {
                let Some(separator) = text_at(0) else { return Value::Unknown };
                let split = if name == "str.partition" {
                    text.split_once(separator).unwrap_or((text, ""))
                } else {
                    text.rsplit_once(separator).unwrap_or(("", text))
                };
                let middle = if text.contains(separator) { separator } else { "" };
                Value::Tuple(parts(vec![split.0, middle, split.1]).into())
            }
            ("str.join", 1) => match self.elements(&arguments[0]) {
                (Some(items), true) if items.iter().all(|item| item.as_str().is_some()) => {
                    let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                    Value::str(items.join(text))
                }
                _ => Value::Unknown,
            },
            ("str.format", _) => self.format_method(text, arguments, keywords),
            _ => Value::Unknown,
        }
    }

    fn format_method(&self, text: &str, arguments: &[Value], keywords: &[(Name, Value)]) -> Value {
        let mut result = String::new();
        let mut rest = text;
        let mut next = 0;
        while let Some(at) = rest.find('{') {
            result.push_str(&rest[..at]);
            let Some(length) = rest[at..].find('}') else { return Value::Unknown };
            let field = &rest[at + 1..at + length];
            let value = if field.is_empty() {
                next += 1;
                arguments.get(next - 1)
            } else if let Ok(index) = field.parse::<usize>() {
                arguments.get(index)
            } else {
                keywords.iter().find(|(name, _)| name == field).map(|(_, value)| value)
            };
            let Some(part) = value.and_then(|value| self.to_text(value)) else { return Value::Unknown };
            result.push_str(&part);
            rest = &rest[at + length + 1..];
        }
        result.push_str(rest);
        if text.contains("{{") || text.contains("}}") { Value::Unknown } else { Value::str(result) }
    }

    /// The instance that `except … as error` binds.
    pub(super) fn exception_instance(&mut self, raised: &Raised) -> Value {
        if let Some(instance) = &raised.instance {
            return instance.clone();
        }
        let region = self.region();
        let instance = self.state.heap.make(raised.class.clone(), Payload::Plain, region);
        if let Some(id) = instance.as_object() {
            let message = raised.message.as_ref().map_or(Value::Unknown, |text| Value::Str(Arc::clone(text)));
            self.state.heap.set(id, "args", Value::Tuple(Arc::from([message])), None);
            let name = raised.name.as_ref().map_or(Value::None, |name| Value::str(name.as_str()));
            self.state.heap.set(id, "name", name, None);
        }
        instance
    }

    /// `str(exception)`.
    pub(super) fn exception_text(&self, id: ObjectId) -> Option<Arc<str>> {
        let Value::Tuple(arguments) = &self.state.heap.slot(id, "args")?.value else { return None };
        match &arguments[..] {
            [] => Some(Arc::from("")),
            [Value::Str(text)] => Some(Arc::clone(text)),
            _ => None,
        }
    }
}

const IN: speclens_source::program::Comparison = speclens_source::program::Comparison::In;

fn bound(receiver: Value, method: &'static str) -> Value {
    Value::Method(Arc::new((receiver, Value::Builtin(method))))
}
