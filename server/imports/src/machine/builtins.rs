//! The functions and classes of `builtins`, as far as code that decides about imports uses them.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::methods::{METHODS, bound, method};
use super::value::{ObjectId, Payload, Value};

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
    "builtins.compile",
    "builtins.dir",
    "builtins.eval",
    "builtins.open",
    "builtins.enumerate",
    "builtins.exec",
    "builtins.filter",
    "builtins.frozenset",
    "builtins.getattr",
    "builtins.globals",
    "builtins.hasattr",
    "builtins.hash",
    "builtins.id",
    "builtins.repr",
    "builtins.int",
    "builtins.isinstance",
    "builtins.issubclass",
    "builtins.len",
    "builtins.list",
    "builtins.locals",
    "builtins.map",
    "builtins.next",
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

/// The functions that use their arguments up.
const USE_UP: &[&str] = &[
    "all",
    "any",
    "dict",
    "enumerate",
    "frozenset",
    "list",
    "reversed",
    "set",
    "sorted",
    "sum",
    "tuple",
    "zip",
];

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
        ("builtins.object" | "types.ModuleType", "__getattribute__") => {
            Value::Builtin("builtins.object.__getattribute__")
        }
        ("builtins.object" | "builtins.type" | "types.ModuleType", "__new__") => {
            Value::Builtin("builtins.object.__new__")
        }
        ("builtins.object", "__init__") => Value::Builtin("builtins.object.__init__"),
        (finder, "find_spec") => super::finding::find_spec_of(finder).map_or(Value::Unknown, Value::Builtin),
        (_, "create_module" | "exec_module") => super::loader::loader_method(&value, name)
            .map_or(Value::Unknown, |method| Value::Method(Arc::new((value, method)))),
        (_, "__name__" | "__qualname__") => Value::str(builtin.rsplit('.').next().unwrap_or(builtin)),
        _ => Value::Unknown,
    }
}

impl Machine<'_> {
    /// Whether `builtins` has the name in this version.
    pub(super) fn is_builtin_name(&self, name: &str) -> bool {
        self.world.tables().builtins.iter().any(|known| known == name)
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
        if EXCEPTIONS.contains(&name)
            || matches!(name, "importlib.metadata.PackageNotFoundError" | "_thread._local")
        {
            return self.instantiate(&Value::Builtin(name), arguments, keywords);
        }
        if METHODS.contains(&name) {
            return self.call_builtin_method(name, &arguments, keywords);
        }
        let Some(name) = name.strip_prefix("builtins.") else { return Ok(Value::Unknown) };
        let arguments = if USE_UP.contains(&name) {
            arguments.iter().map(|argument| self.used_up(argument)).collect::<Raises<Vec<_>>>()?
        } else {
            arguments
        };
        match name {
            "dir" | "hasattr" | "getattr" | "setattr" | "delattr" | "vars" | "globals" | "locals"
            | "exec" | "isinstance" | "issubclass" | "callable" | "type" => {
                self.call_reflection(name, &arguments)
            }
            "object.__setattr__" => match arguments.as_slice() {
                [Value::Object(id), Value::Str(attribute), value] => {
                    self.set_slot(*id, attribute, value.clone());
                    Ok(Value::None)
                }
                _ => Ok(Value::Unknown),
            },
            "object.__getattribute__" => match arguments.as_slice() {
                [Value::Object(id), Value::Str(attribute)] => match self.plain_attribute(*id, attribute)? {
                    Some(found) => Ok(found),
                    None => Err(super::exception::Raised::of("builtins.AttributeError", attribute)),
                },
                _ => Ok(Value::Unknown),
            },
            "object" if arguments.is_empty() => {
                self.instantiate(&Value::Builtin("builtins.object"), arguments, keywords)
            }
            "object.__init__" | "print" => Ok(Value::None),
            "object.__new__" => match arguments.first() {
                // `type.__new__(metaclass, name, bases, namespace)`
                Some(_) if arguments.len() > 3 => {
                    Ok(self.classes.last().map_or(Value::Unknown, |class| Value::Object(*class)))
                }
                Some(class) if self.is_class(class) => Ok(Value::Object(self.new_instance(class))),
                _ => Ok(Value::Unknown),
            },
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
            "map" | "filter" => {
                // What it calls is called by whoever uses it up.
                let class = Value::Builtin(if name == "map" { "builtins.map" } else { "builtins.filter" });
                let region = self.region();
                Ok(self.state.heap.make(class, Payload::Deferred(arguments.into()), region))
            }
            "int"
                if matches!(&arguments[..], [Value::Str(text)] if text.trim().parse::<i64>().is_err())
                    && self.is_expected("ValueError") =>
            {
                let shown = arguments[0].as_str().unwrap_or_default();
                let message = format!("invalid literal for int() with base 10: '{shown}'");
                Err(super::exception::Raised::of("builtins.ValueError", message))
            }
            "hash"
                if arguments.first().is_some_and(|value| self.is_list(value) || self.is_dict(value))
                    && self.is_expected("TypeError") =>
            {
                Err(super::exception::Raised::of("builtins.TypeError", "unhashable type"))
            }
            "next" => self.call_next(&arguments),
            "open" => self.call_open(&arguments),
            "compile" => {
                Ok(arguments.first().filter(|text| text.as_str().is_some()).cloned().unwrap_or_default())
            }
            "eval" => match arguments.first() {
                Some(Value::Str(text)) => self.evaluate_text(&Arc::clone(text)),
                _ => Ok(Value::Unknown),
            },
            "sorted" if !keywords.is_empty() => {
                // The order is not computed, but the key is.
                if let (Some((_, key)), Some(items)) =
                    (keywords.iter().find(|(name, _)| name == "key"), arguments.first())
                {
                    self.call_for_each("map", &[key.clone(), items.clone()])?;
                }
                Ok(self.call_plain(name, &arguments, &keywords))
            }
            _ => Ok(self.call_plain(name, &arguments, &keywords)),
        }
    }

    /// A value to iterate over; an iterator that `map` or `filter` made does its work now.
    pub(super) fn used_up(&mut self, value: &Value) -> Raises<Value> {
        let Some(id) = value.as_object() else { return Ok(value.clone()) };
        if let Some(generator) = self.as_generator(value) {
            return self.all_of(&generator);
        }
        let object = self.state.heap.get(id);
        let Payload::Deferred(arguments) = &object.payload else { return Ok(value.clone()) };
        let (arguments, name) = (Arc::clone(arguments), object.class.clone());
        let Value::Builtin(name) = name else { return Ok(Value::Unknown) };
        self.call_for_each(name.trim_start_matches("builtins."), &arguments)
    }

    /// `next(iterator)`. A generator expression is a list here, of which the first item goes.
    fn call_next(&mut self, arguments: &[Value]) -> Raises<Value> {
        let Some((iterator, default)) = arguments.split_first() else { return Ok(Value::Unknown) };
        if let Some(generator) = self.as_generator(iterator) {
            return self.first_of(&generator, default.first());
        }
        let iterator = self.used_up(iterator)?;
        let Some(id) = iterator.as_object().filter(|_| self.is_list(&iterator)) else {
            return Ok(Value::Unknown);
        };
        let is_open = self.state.heap.get(id).open;
        let Payload::List(items) = &mut self.change_items(id).payload else { return Ok(Value::Unknown) };
        Ok(match default {
            _ if is_open => Value::Unknown,
            _ if !items.is_empty() => items.remove(0),
            [default] => default.clone(),
            _ => Value::Unknown,
        })
    }

    /// `open(path)`, which is believed to fail where the code expects it to.
    fn call_open(&mut self, arguments: &[Value]) -> Raises<Value> {
        let reads = matches!(arguments, [_] | [_, Value::Str(_), ..])
            && arguments.get(1).and_then(Value::as_str).is_none_or(|mode| mode.starts_with('r'));
        let path = arguments.first().and_then(|path| self.path_text(path));
        if let Some(path) = path.filter(|path| reads && path.starts_with('/'))
            && self.world.kind(&path).is_none()
            && self.is_expected("FileNotFoundError")
        {
            let message = format!("[Errno 2] No such file or directory: '{path}'");
            return Err(super::exception::Raised::of("builtins.FileNotFoundError", message));
        }
        Ok(Value::Unknown)
    }

    /// `map(function, items)`, `filter(function, items)`, used up.
    fn call_for_each(&mut self, name: &str, arguments: &[Value]) -> Raises<Value> {
        let [function, items] = arguments else { return Ok(Value::Unknown) };
        let items = self.used_up(items)?;
        let items = &items;
        let (items, mut complete) = self.elements(items);
        let mut results = Vec::new();
        for item in items.unwrap_or_default() {
            if !self.may_repeat() {
                complete = false;
                break;
            }
            let result = match function {
                Value::None => item.clone(),
                function => self.call(function, vec![item.clone()], Vec::new())?,
            };
            if name == "map" {
                results.push(result);
                continue;
            }
            match self.truth(&result) {
                Some(true) => results.push(item),
                Some(false) => {}
                None => complete = false,
            }
        }
        let region = self.region();
        let list = self.state.heap.list(results, region);
        if let (false, Value::Object(id)) = (complete, &list) {
            self.state.heap.get_mut(*id).open = true;
        }
        Ok(list)
    }

    /// Functions that neither raise nor change anything.
    fn call_plain(&mut self, name: &str, arguments: &[Value], keywords: &[(Name, Value)]) -> Value {
        let first = arguments.first();
        let region = self.region();
        match (name, first) {
            ("bool", Some(value)) => self.truth(value).map_or(Value::Unknown, Value::Bool),
            ("repr", Some(Value::Str(text))) => quoted(text).map_or(Value::Unknown, Value::str),
            ("repr", Some(Value::Object(_))) => Value::Unknown,
            ("str" | "repr", Some(value)) => self.to_text(value).map_or(Value::Unknown, Value::str),
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
                    "tuple" => return if complete { Value::tuple(items) } else { Value::Unknown },
                    "reversed" => items.reverse(),
                    "enumerate" => {
                        let numbered = items.into_iter().enumerate().map(|(index, item)| {
                            let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                            Value::tuple(vec![index, item])
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
            (0..rows).map(|row| Value::tuple(columns.iter().map(|column| column[row].clone()).collect()));
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
            // A method is chosen by a computed name (`ast.NodeVisitor.visit`): what it does to its object is not known.
            ("getattr", [object, Value::Unknown, Value::Method(default)]) if default.0 == *object => {
                self.taint(object, 0);
                Ok(Value::Unknown)
            }
            ("setattr", [object, Value::Str(attribute), value]) => {
                self.set_attribute(object, attribute, value.clone())?;
                Ok(Value::None)
            }
            ("setattr", [Value::Object(id), ..]) => {
                self.state.heap.get_mut(*id).open = true;
                Ok(Value::None)
            }
            ("dir", [Value::Object(id)]) if self.is_module(*id) => {
                let object = self.state.heap.get(*id);
                let (mut names, open) = (object.attributes.keys().cloned().collect::<Vec<_>>(), object.open);
                names.sort_unstable();
                let names = names.iter().map(|name| Value::str(name.as_str())).collect();
                let region = self.region();
                let list = self.state.heap.list(names, region);
                if let (true, Value::Object(list)) = (open, &list) {
                    self.state.heap.get_mut(*list).open = true;
                }
                Ok(list)
            }
            ("vars", [Value::Object(id)]) => Ok(self.dict_of(*id)),
            ("globals", []) => match self.frame().map(|frame| frame.module) {
                Some(module) => Ok(self.dict_of(module)),
                None => Ok(Value::Unknown),
            },
            ("locals" | "vars", []) => match self.frames.last_mut() {
                Some(frame) => {
                    frame.is_captured = true;
                    let names = frame.names;
                    Ok(self.dict_of(names))
                }
                None => Ok(Value::Unknown),
            },
            ("exec", [Value::Str(text), scopes @ ..]) => self.execute_text(text, scopes),
            ("exec", _) => {
                if let Some(module) = self.frame().map(|frame| frame.module) {
                    self.state.heap.get_mut(module).open = true;
                }
                Ok(Value::Unknown)
            }
            ("isinstance", [Value::Builtin(_) | Value::Method(_), Value::Builtin("types.ModuleType")]) => {
                Ok(Value::Bool(false))
            }
            ("isinstance", [Value::None, Value::Builtin(class)]) if *class != "types.NoneType" => {
                Ok(Value::Bool(*class == "builtins.object"))
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
        let id = self.add_class(Value::Builtin("builtins.type"), bases, false, site);
        self.state.heap.set(id, "__name__", Value::str(name), None);
        let view = self.dict_of(id);
        self.update_dict(&view, namespace);
        Value::Object(id)
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

/// `repr(text)`, where it is the text between quotes.
fn quoted(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '\'' | '\\'));
    is_plain.then(|| format!("'{text}'"))
}
