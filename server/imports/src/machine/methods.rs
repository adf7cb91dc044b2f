//! The methods of strings, lists, sets and dicts.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::value::{ObjectId, Payload, Value};

pub(super) const METHODS: &[&str] = &[
    "str.capitalize",
    "str.endswith",
    "str.format",
    "str.isidentifier",
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
    "list.__init__",
    "list.add",
    "list.append",
    "list.clear",
    "list.copy",
    "list.discard",
    "list.extend",
    "list.insert",
    "list.pop",
    "list.remove",
    "list.update",
    "dict.__init__",
    "dict.__setitem__",
    "dict.clear",
    "dict.copy",
    "dict.get",
    "dict.items",
    "dict.keys",
    "dict.pop",
    "dict.setdefault",
    "dict.update",
    "dict.values",
];

/// The method of a kind of value, where the machine knows it.
pub(super) fn method(kind: &str, name: &str) -> Option<&'static str> {
    METHODS
        .iter()
        .find(|method| method.split_once('.').is_some_and(|(of, method)| of == kind && method == name))
        .copied()
}

/// A method bound to its receiver.
pub(super) fn bound(receiver: Value, method: &'static str) -> Value {
    Value::Method(Arc::new((receiver, Value::Builtin(method))))
}

const IN: speclens_source::program::Comparison = speclens_source::program::Comparison::In;

impl Machine<'_> {
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

    pub(super) fn call_builtin_method(
        &mut self,
        name: &'static str,
        arguments: &[Value],
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let uses_up =
            matches!(name, "list.__init__" | "list.extend" | "list.update" | "dict.update" | "str.join");
        let arguments = if uses_up {
            arguments.iter().map(|argument| self.used_up(argument)).collect::<Raises<Vec<_>>>()?
        } else {
            arguments.to_vec()
        };
        let Some((receiver, rest)) = arguments.split_first() else { return Ok(Value::Unknown) };
        match receiver {
            Value::Builtin(list) => self.call_sys_method(list, name, rest, &keywords),
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
            ("list.add", [item]) if self.elements(&list).0.is_some_and(|items| items.contains(item)) => {}
            ("list.append" | "list.add", [item]) => self.append(&list, item.clone()),
            ("list.__init__" | "list.extend" | "list.update", [items]) => self.extend(&list, items),
            ("list.copy", []) => {
                let copy = self.state.heap.list(Vec::new(), region);
                self.extend(&copy, &list);
                return copy;
            }
            ("list.pop", [] | [Value::Int(_)]) if self.is_whole(id) => {
                let Payload::List(items) = &mut self.change_items(id).payload else {
                    return Value::Unknown;
                };
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = match arguments {
                    [Value::Int(at)] if *at >= 0 => *at,
                    [Value::Int(at)] => length + at,
                    _ => length - 1,
                };
                return match usize::try_from(at).ok().filter(|at| *at < items.len()) {
                    Some(at) => items.remove(at),
                    None => Value::Unknown,
                };
            }
            ("list.remove" | "list.discard", [item]) if self.is_whole(id) => {
                if let Payload::List(items) = &mut self.change_items(id).payload
                    && let Some(at) = items.iter().position(|known| known == item)
                {
                    items.remove(at);
                }
            }
            ("list.clear", []) => {
                let object = self.change_items(id);
                object.open = false;
                if let Payload::List(items) = &mut object.payload {
                    items.clear();
                }
            }
            ("list.insert", [Value::Int(0), item]) => {
                if let Payload::List(items) = &mut self.change_items(id).payload {
                    items.insert(0, item.clone());
                }
            }
            _ => {
                self.change_items(id).open = true;
                return Value::Unknown;
            }
        }
        Value::None
    }

    /// Whether all items of a list are known.
    fn is_whole(&self, id: ObjectId) -> bool {
        !self.state.heap.get(id).open
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
                Some(false) if rest.is_empty() && self.is_expected("KeyError") => {
                    let shown = self.to_text(key).unwrap_or_default();
                    Err(Raised::of("builtins.KeyError", format!("'{shown}'")))
                }
                Some(false) => Ok(rest.first().cloned().unwrap_or(Value::Unknown)),
                None => Ok(Value::Unknown),
            },
            ("dict.__setitem__", [key, value]) => {
                self.set_stored_item(dict, key, value.clone());
                Ok(Value::None)
            }
            ("dict.__init__" | "dict.update", others) => {
                for other in others {
                    self.update_dict(dict, other);
                }
                for (key, value) in keywords {
                    self.set_item(dict, &Value::str(key.as_str()), value)?;
                }
                Ok(Value::None)
            }
            ("dict.clear", []) => {
                let (known, _) = pairs(self);
                for (key, _) in known {
                    self.delete_item(dict, &key);
                }
                let owner = self.owner_of_dict(dict).or_else(|| dict.as_object());
                if let Some(owner) = owner.filter(|_| self.is_certain()) {
                    self.state.heap.get_mut(owner).open = false;
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
            ("str.isidentifier", 0) if text.is_ascii() => {
                let starts = !text.starts_with(|first: char| first.is_ascii_digit());
                let words = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                Value::Bool(starts && words && !text.is_empty())
            }
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
            ("str.split" | "str.rsplit", 2) => match (text_at(0), arguments.get(1)) {
                (Some(separator), Some(Value::Int(most))) if !separator.is_empty() && *most >= 0 => {
                    let most = usize::try_from(*most).unwrap_or(0).saturating_add(1);
                    let mut items: Vec<&str> = if name == "str.split" {
                        text.splitn(most, separator).collect()
                    } else {
                        text.rsplitn(most, separator).collect()
                    };
                    if name == "str.rsplit" {
                        items.reverse();
                    }
                    let items = parts(items);
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
}
