//! Truth, comparison, arithmetic, items.

use std::sync::Arc;

use speclens_source::program::{Comparison, Operator};

use super::Machine;
use super::exception::{Raised, Raises};
use super::lists::range;
use super::value::{ObjectId, Payload, Value};

impl Machine<'_> {
    /// `bool(value)`.
    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Unknown => None,
            Value::None => Some(false),
            Value::Bool(value) => Some(*value),
            Value::Int(value) => Some(*value != 0),
            Value::Str(text) => Some(!text.is_empty()),
            Value::Tuple(items) => Some(!items.is_empty()),
            Value::Builtin(_) | Value::Method(_) => Some(true),
            Value::OneOf(values) => {
                let mut truths = values.iter().map(|value| self.truth(value));
                let first = truths.next()??;
                truths.all(|truth| truth == Some(first)).then_some(first)
            }
            Value::Object(id) => {
                let object = self.state.heap.get(*id);
                match &object.payload {
                    // What is possibly put in as well does not empty it.
                    Payload::Dict(items) if object.open && !items.is_empty() => Some(true),
                    Payload::List(_) | Payload::Dict(_) if object.open => None,
                    Payload::List(items) => Some(!items.is_empty()),
                    Payload::Dict(items) => Some(!items.is_empty()),
                    Payload::Class(_) | Payload::Function(_) => Some(true),
                    _ if super::loader::is_loader_class(&object.class) => Some(true),
                    _ if self.find_in_class(&object.class, "__bool__").is_some()
                        || self.find_in_class(&object.class, "__len__").is_some() =>
                    {
                        None
                    }
                    _ if self.is_module(*id) || !self.is_open_class(&object.class) => Some(true),
                    _ => None,
                }
            }
        }
    }

    /// `one == other`.
    pub(super) fn equal(&self, one: &Value, other: &Value) -> Option<bool> {
        match (one, other) {
            (Value::OneOf(values), other) | (other, Value::OneOf(values)) => {
                let mut results = values.iter().map(|value| self.equal(value, other));
                let first = results.next()??;
                results.all(|result| result == Some(first)).then_some(first)
            }
            (Value::Unknown | Value::Method(_), _) | (_, Value::Unknown | Value::Method(_)) => None,
            (Value::Tuple(one), Value::Tuple(other)) => {
                if one.len() != other.len() {
                    return Some(false);
                }
                let mut result = Some(true);
                for (one, other) in one.iter().zip(other.iter()) {
                    match self.equal(one, other) {
                        Some(false) => return Some(false),
                        Some(true) => {}
                        None => result = None,
                    }
                }
                result
            }
            (Value::Object(one), Value::Object(other)) if one == other => Some(true),
            // These are equal to nothing but themselves.
            (Value::Object(id), other) | (other, Value::Object(id))
                if self.is_by_identity(*id)
                    && other.as_object().is_none_or(|other| self.has_no_equals(other)) =>
            {
                Some(false)
            }
            (Value::Object(id), other) | (other, Value::Object(id)) => {
                let named = self.named_tuple(*id)?;
                self.equal(&named, other)
            }
            (Value::Bool(one), Value::Int(other)) | (Value::Int(other), Value::Bool(one)) => {
                Some(i64::from(*one) == *other)
            }
            (one, other) => Some(one == other),
        }
    }

    fn is_by_identity(&self, id: ObjectId) -> bool {
        let object = self.state.heap.get(id);
        matches!(object.payload, Payload::Function(_)) || object.class == super::modules::MODULE_TYPE
    }

    /// Whether an object is never equal to one of another kind.
    fn has_no_equals(&self, id: ObjectId) -> bool {
        let object = self.state.heap.get(id);
        self.is_by_identity(id)
            || matches!(object.payload, Payload::List(_) | Payload::Dict(_))
            || object.class == super::modules::MODULE_SPEC
            || !self.is_open_class(&object.class) && self.find_in_class(&object.class, "__eq__").is_none()
    }

    /// The tuple behind an object such as `sys.version_info`.
    fn named_tuple(&self, id: ObjectId) -> Option<Value> {
        match &self.state.heap.get(id).payload {
            Payload::Descriptor(tuple @ Value::Tuple(_)) => Some(tuple.clone()),
            _ => None,
        }
    }

    fn ordering(&self, one: &Value, other: &Value) -> Option<std::cmp::Ordering> {
        let unwrapped = |value: &Value| match value {
            Value::Object(id) => self.named_tuple(*id),
            value => Some(value.clone()),
        };
        match (unwrapped(one)?, unwrapped(other)?) {
            (Value::Int(one), Value::Int(other)) => Some(one.cmp(&other)),
            (Value::Str(one), Value::Str(other)) => Some(one.cmp(&other)),
            (Value::Tuple(one), Value::Tuple(other)) => {
                for (one, other) in one.iter().zip(other.iter()) {
                    match self.equal(one, other) {
                        Some(true) => {}
                        Some(false) => return self.ordering(one, other),
                        None => return None,
                    }
                }
                Some(one.len().cmp(&other.len()))
            }
            _ => None,
        }
    }

    /// A comparison.
    pub(super) fn compare(&mut self, one: &Value, comparison: Comparison, other: &Value) -> Option<bool> {
        use std::cmp::Ordering;
        match comparison {
            Comparison::Equal => self.equal(one, other),
            Comparison::NotEqual => self.equal(one, other).map(|equal| !equal),
            Comparison::Is => self.identical(one, other),
            Comparison::IsNot => self.identical(one, other).map(|same| !same),
            Comparison::In => self.contains(other, one),
            Comparison::NotIn => self.contains(other, one).map(|contains| !contains),
            Comparison::Less => self.ordering(one, other).map(|order| order == Ordering::Less),
            Comparison::LessOrEqual => self.ordering(one, other).map(|order| order != Ordering::Greater),
            Comparison::Greater => self.ordering(one, other).map(|order| order == Ordering::Greater),
            Comparison::GreaterOrEqual => self.ordering(one, other).map(|order| order != Ordering::Less),
        }
    }

    fn identical(&self, one: &Value, other: &Value) -> Option<bool> {
        match (one, other) {
            (Value::OneOf(values), other) | (other, Value::OneOf(values)) => {
                let mut results = values.iter().map(|value| self.identical(value, other));
                let first = results.next()??;
                results.all(|result| result == Some(first)).then_some(first)
            }
            (Value::Unknown, _) | (_, Value::Unknown) => None,
            (one, other) if one != other && [one, other].iter().any(|value| self.is_decorated(value)) => None,
            (Value::None | Value::Bool(_) | Value::Object(_), _)
            | (_, Value::None | Value::Bool(_) | Value::Object(_)) => Some(one == other),
            (Value::Builtin(one), Value::Builtin(other)) => Some(one == other),
            (Value::Builtin(_), Value::Method(_)) | (Value::Method(_), Value::Builtin(_)) => Some(false),
            // Each look-up of a method makes another.
            (Value::Method(one), Value::Method(other)) => Arc::ptr_eq(one, other).then_some(true),
            _ => None,
        }
    }

    /// `item in container`.
    fn contains(&mut self, container: &Value, item: &Value) -> Option<bool> {
        if let Value::Builtin("sys.modules") = container {
            return self.is_in_modules(item.as_str()?);
        }
        if let (Value::Str(text), Value::Str(part)) = (container, item) {
            return Some(text.contains(&**part));
        }
        if let Some(owner) = self.owner_of_dict(container) {
            let slot = self.state.heap.slot(owner, item.as_str()?);
            return match slot {
                Some(slot) => slot.certain.then_some(true),
                None => (!self.state.heap.get(owner).open).then_some(false),
            };
        }
        if container.as_object().is_some() {
            let found = self.possibly_raising(|machine| {
                machine.call_method(container, "__contains__", vec![item.clone()])
            });
            if let Some(found) = found {
                return self.truth(&found);
            }
        }
        let (items, complete) = self.elements(container);
        let mut result = if complete { Some(false) } else { None };
        for known in items? {
            match self.equal(&known, item) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => result = None,
            }
        }
        result
    }

    /// Arithmetic, as far as it is done with names, versions and paths.
    pub(super) fn binary(&mut self, left: &Value, operator: Operator, right: &Value) -> Value {
        match (left, operator, right) {
            (Value::Str(left), Operator::Add, Value::Str(right)) => Value::str(format!("{left}{right}")),
            (Value::Int(left), Operator::Add, Value::Int(right)) => {
                left.checked_add(*right).map_or(Value::Unknown, Value::Int)
            }
            (Value::Int(left), Operator::Subtract, Value::Int(right)) => {
                left.checked_sub(*right).map_or(Value::Unknown, Value::Int)
            }
            (Value::Tuple(left), Operator::Add, Value::Tuple(right)) => {
                Value::tuple(left.iter().chain(right.iter()).cloned().collect())
            }
            // No other operator that has no name of its own takes a string.
            (Value::Str(text), Operator::Other, Value::Int(times)) => {
                let times = usize::try_from(*times).unwrap_or(0).min(super::MAX_ITEMS);
                Value::str(text.repeat(times))
            }
            (Value::Int(_) | Value::Bool(_), Operator::Other, _) if self.is_list(right) => {
                self.repeat(right, left)
            }
            (_, Operator::Other, Value::Int(_) | Value::Bool(_)) if self.is_list(left) => {
                self.repeat(left, right)
            }
            (Value::Str(pattern), Operator::Modulo, right) => self.percent(pattern, right),
            (_, Operator::Add, _) if self.is_list(left) => {
                let region = self.region();
                let list = self.state.heap.list(Vec::new(), region);
                self.extend(&list, left);
                self.extend(&list, right);
                list
            }
            (_, Operator::Divide, _) => self.divide_paths(left, right),
            (_, Operator::BitOr | Operator::BitAnd | Operator::Subtract, _)
                if self.is_list(left) && self.is_list(right) =>
            {
                self.combine_sets(left, operator, right)
            }
            (_, Operator::BitOr, _) if self.is_dict(left) && self.is_dict(right) => {
                let region = self.region();
                let dict = self.state.heap.dict(Vec::new(), region);
                self.update_dict(&dict, left);
                self.update_dict(&dict, right);
                dict
            }
            _ => Value::Unknown,
        }
    }

    /// `list * times`.
    fn repeat(&mut self, list: &Value, times: &Value) -> Value {
        let times = match times {
            Value::Int(times) => usize::try_from(*times).unwrap_or(0),
            Value::Bool(once) => usize::from(*once),
            _ => return Value::Unknown,
        };
        let (Some(items), true) = self.elements(list) else { return Value::Unknown };
        if items.len().saturating_mul(times) > super::MAX_ITEMS {
            return Value::Unknown;
        }
        let region = self.region();
        let count = items.len() * times;
        self.state.heap.list(items.into_iter().cycle().take(count).collect(), region)
    }

    /// `left | right`, `left & right`, `left - right`.
    fn combine_sets(&mut self, left: &Value, operator: Operator, right: &Value) -> Value {
        let (left, left_complete) = self.elements(left);
        let (right, right_complete) = self.elements(right);
        let (mut items, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        // What is not known of the one may be in the other.
        let all_known =
            right_complete && items.iter().chain(&right).all(|item| !matches!(item, Value::Unknown));
        match operator {
            Operator::BitOr => items.extend(right),
            Operator::BitAnd if all_known => items.retain(|item| right.contains(item)),
            _ if all_known => items.retain(|item| !right.contains(item)),
            _ => return Value::Unknown,
        }
        let region = self.region();
        let set = self.state.heap.list(items, region);
        if let (Value::Object(id), false) = (&set, left_complete && right_complete) {
            self.state.heap.get_mut(*id).open = true;
        }
        set
    }

    pub(super) fn is_dict(&self, value: &Value) -> bool {
        let Some(id) = value.as_object() else { return false };
        matches!(self.state.heap.get(id).payload, Payload::Dict(_))
    }

    fn percent(&self, pattern: &str, right: &Value) -> Value {
        let arguments = match right {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        let mut arguments = arguments.iter();
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            let part = match rest[at + 1..].chars().next() {
                Some('%') => Some("%".to_owned()),
                Some('s' | 'd') => arguments.next().and_then(|value| self.to_text(value)),
                _ => None,
            };
            let Some(part) = part else { return Value::Unknown };
            text.push_str(&part);
            rest = &rest[at + 2..];
        }
        text.push_str(rest);
        Value::str(text)
    }

    /// `str(value)`.
    pub(super) fn to_text(&self, value: &Value) -> Option<String> {
        match value {
            Value::Str(text) => Some(text.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(true) => Some("True".into()),
            Value::Bool(false) => Some("False".into()),
            Value::None => Some("None".into()),
            Value::Object(id) => {
                let text = self.exception_text(*id).or_else(|| self.path_text(value));
                text.map(|text| text.to_string())
            }
            _ => None,
        }
    }

    /// `object[index]`.
    pub(super) fn item(&mut self, object: &Value, index: &Value) -> Raises<Value> {
        if let Value::Builtin("sys.modules") = object {
            return self.modules_item(index);
        }
        if let Some(owner) = self.owner_of_dict(object) {
            let Some(name) = index.as_str() else { return Ok(Value::Unknown) };
            return match self.state.heap.slot(owner, name) {
                Some(slot) => Ok(slot.value.clone()),
                None if self.state.heap.get(owner).open || !self.is_expected("KeyError") => {
                    Ok(Value::Unknown)
                }
                None => Err(Raised::of("builtins.KeyError", format!("'{name}'"))),
            };
        }
        if let Some(found) = self.call_method(object, "__getitem__", vec![index.clone()])? {
            return Ok(found);
        }
        if let Some(id) = object.as_object() {
            let stored = self.state.heap.get(id);
            match &stored.payload {
                Payload::Dict(items) => {
                    let open = stored.open;
                    for (key, value) in items.iter().rev() {
                        match self.equal(key, index) {
                            Some(true) => return Ok(value.clone()),
                            Some(false) => {}
                            None => return Ok(Value::Unknown),
                        }
                    }
                    if open || !self.is_expected("KeyError") || matches!(index, Value::Unknown) {
                        return Ok(Value::Unknown);
                    }
                    let shown = self.to_text(index).unwrap_or_default();
                    return Err(Raised::of("builtins.KeyError", format!("'{shown}'")));
                }
                Payload::Descriptor(tuple @ Value::Tuple(_)) => {
                    let tuple = tuple.clone();
                    return self.item(&tuple, index);
                }
                _ => {}
            }
        }
        let (Some(items), true) = self.elements(object) else { return Ok(Value::Unknown) };
        let Value::Int(at) = index else { return Ok(Value::Unknown) };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let at = if *at < 0 { at + length } else { *at };
        Ok(usize::try_from(at).ok().and_then(|at| items.get(at).cloned()).unwrap_or(Value::Unknown))
    }

    /// `object[lower:upper]`.
    pub(super) fn slice(&mut self, object: &Value, lower: Option<&Value>, upper: Option<&Value>) -> Value {
        let object = match object {
            Value::Object(id) => self.named_tuple(*id).unwrap_or_else(|| object.clone()),
            other => other.clone(),
        };
        let (Some(items), true) = self.elements(&object) else { return Value::Unknown };
        let Some(range) = range(items.len(), lower, upper) else { return Value::Unknown };
        let taken = &items[range];
        match object {
            Value::Str(_) => Value::str(taken.iter().filter_map(Value::as_str).collect::<String>()),
            Value::Tuple(_) => Value::Tuple(Arc::from(taken)),
            _ => {
                let region = self.region();
                self.state.heap.list(taken.to_vec(), region)
            }
        }
    }

    /// `object[::-1]`.
    pub(super) fn backwards(&mut self, object: &Value) -> Value {
        let (Some(mut items), true) = self.elements(object) else { return Value::Unknown };
        items.reverse();
        match object {
            Value::Str(_) => Value::str(items.iter().filter_map(Value::as_str).collect::<String>()),
            Value::Tuple(_) => Value::tuple(items),
            _ => {
                let region = self.region();
                self.state.heap.list(items, region)
            }
        }
    }

    /// `object[index] = value`.
    pub(super) fn set_item(&mut self, object: &Value, index: &Value, value: Value) -> Raises<()> {
        if let Value::Builtin(builtin) = object {
            self.set_builtin_item(builtin, index, value);
            return Ok(());
        }
        if let Some(owner) = self.owner_of_dict(object) {
            match index.as_str() {
                Some(name @ ("__import__" | "path" | "meta_path" | "path_hooks"))
                    if self.set_known_module_attribute(owner, name, &value) => {}
                Some(name) => self.set_slot(owner, name, value),
                None => self.state.heap.get_mut(owner).open = true,
            }
            return Ok(());
        }
        if self.call_method(object, "__setitem__", vec![index.clone(), value.clone()])?.is_some() {
            return Ok(());
        }
        self.set_stored_item(object, index, value);
        Ok(())
    }

    /// The same in the container itself, whatever its class does.
    pub(super) fn set_stored_item(&mut self, object: &Value, index: &Value, value: Value) {
        let Some(id) = object.as_object() else { return };
        let hashable = !matches!(index, Value::Unknown | Value::OneOf(_));
        let position = match &self.state.heap.get(id).payload {
            Payload::Dict(items) => items.iter().position(|(key, _)| key == index),
            _ => None,
        };
        let object = self.change_items(id);
        object.open |= !hashable;
        match &mut object.payload {
            Payload::Dict(items) => match position {
                Some(at) => items[at].1 = value,
                None if hashable => items.push((index.clone(), value)),
                None => {}
            },
            Payload::List(items) => match index {
                Value::Int(at) if usize::try_from(*at).is_ok_and(|at| at < items.len()) => {
                    items[usize::try_from(*at).unwrap_or(0)] = value;
                }
                _ => object.open = true,
            },
            _ => {}
        }
        object.limit();
    }

    /// `del object[index]`.
    pub(super) fn delete_item(&mut self, object: &Value, index: &Value) {
        if let (Value::Builtin("sys.modules"), Some(name)) = (object, index.as_str()) {
            self.remove_from_modules(name);
        } else if matches!(object, Value::Builtin(_)) || self.is_list(object) {
            self.set_place(object, index, None);
        } else if let (Some(owner), Some(name)) = (self.owner_of_dict(object), index.as_str()) {
            let old = self.state.heap.slot(owner, name).cloned();
            if old.is_some() {
                self.write_slot(owner, name, old, None);
            }
        } else if let Some(id) = object.as_object() {
            let object = self.change_items(id);
            match &mut object.payload {
                Payload::Dict(items) => items.retain(|(key, _)| key != index),
                _ => object.open = true,
            }
        }
    }

    /// `list.append(item)`.
    pub(super) fn append(&mut self, list: &Value, item: Value) {
        let Some(id) = list.as_object() else { return };
        let object = self.change_items(id);
        if let Payload::List(items) = &mut object.payload {
            items.push(item);
        }
        object.limit();
    }

    /// `dict.update(other)`.
    pub(super) fn update_dict(&mut self, dict: &Value, other: &Value) {
        let source = self.owner_of_dict(other).or_else(|| other.as_object());
        let mut complete = source.is_some_and(|source| !self.state.heap.get(source).open);
        let pairs: Vec<(Value, Value)> = match source.map(|source| self.state.heap.get(source)) {
            Some(object) => match &object.payload {
                Payload::Dict(items) => items.clone(),
                _ if self.owner_of_dict(other).is_some() => {
                    let slots = object.attributes.iter();
                    slots.map(|(name, slot)| (Value::str(name.as_str()), slot.value.clone())).collect()
                }
                _ => {
                    complete = false;
                    Vec::new()
                }
            },
            None => Vec::new(),
        };
        let target = self.owner_of_dict(dict).or_else(|| dict.as_object());
        if let (false, Some(target)) = (complete, target) {
            self.state.heap.get_mut(target).open = true;
        }
        for (key, value) in pairs {
            drop(self.set_item(dict, &key, value));
        }
    }
}
