//! Names and what is assigned to.

use std::sync::Arc;

use speclens_source::program::{AugmentedAssign, Expression, ExpressionKind, Operator};

use super::Machine;
use super::builtins::builtin_name;
use super::exception::{Raised, Raises};
use super::value::{ObjectId, Payload, Value};

impl Machine<'_> {
    /// Binds a name where the running code binds names.
    pub(super) fn bind(&mut self, name: &str, value: Value) {
        let Some(frame) = self.frame() else { return };
        let target = if frame.globals.iter().any(|global| global == name) {
            frame.module
        } else if frame.nonlocals.iter().any(|nonlocal| nonlocal == name) {
            self.enclosing_with(frame.enclosing, name).unwrap_or(frame.names)
        } else {
            frame.names
        };
        self.set_slot(target, name, value);
        self.observe_binding(name);
    }

    fn enclosing_with(&self, mut scope: Option<ObjectId>, name: &str) -> Option<ObjectId> {
        while let Some(id) = scope {
            if self.state.heap.slot(id, name).is_some() {
                return Some(id);
            }
            scope = match self.state.heap.get(id).payload {
                Payload::Scope { enclosing } => enclosing,
                _ => None,
            };
        }
        None
    }

    /// What a name means: local, enclosing, global, built-in.
    pub(super) fn lookup(&mut self, name: &str) -> Raises<Value> {
        let Some(frame) = self.frame() else { return Ok(Value::Unknown) };
        let (names, enclosing, module) = (frame.names, frame.enclosing, frame.module);
        if !frame.globals.iter().any(|global| global == name) {
            if let Some(slot) = self.state.heap.slot(names, name) {
                return self.used(names, name, slot.value.clone());
            }
            if let Some(scope) = self.enclosing_with(enclosing, name) {
                return Ok(self
                    .state
                    .heap
                    .slot(scope, name)
                    .map_or(Value::Unknown, |slot| slot.value.clone()));
            }
        }
        if let Some(slot) = self.state.heap.slot(module, name) {
            return self.used(module, name, slot.value.clone());
        }
        if let Some(value) = builtin_name(name) {
            return Ok(value);
        }
        let closed = !self.state.heap.get(module).open && !self.state.heap.get(names).open;
        // A name that is nowhere is more often our ignorance than a NameError: it is raised where the code expects it.
        if closed && self.is_expected("NameError") && !self.is_builtin_name(name) {
            return Err(Raised::of("builtins.NameError", format!("name '{name}' is not defined")));
        }
        Ok(Value::Unknown)
    }

    /// Whether a `try` statement of the same module, or of one that called it, catches exceptions of this name. One around
    /// the import of the module does not expect what goes wrong in it.
    pub(super) fn is_expected(&self, exception: &str) -> bool {
        let bases: &[&str] = match exception {
            "KeyError" | "IndexError" => &["LookupError"],
            "ModuleNotFoundError" => &["ImportError"],
            "FileNotFoundError" => &["OSError", "IOError", "EnvironmentError"],
            _ => &[],
        };
        let catches = |name: &speclens_source::Name| {
            name == exception
                || bases.contains(&name.as_str())
                || matches!(name.as_str(), "Exception" | "BaseException")
        };
        let mut tries = self.tries.iter().skip(self.module_tries);
        tries.any(|context| context.catches_all || context.catches.iter().any(catches))
    }

    /// Assigns to a target of any form.
    pub(super) fn assign(&mut self, target: &Expression, value: Value) -> Raises<()> {
        match &target.kind {
            ExpressionKind::Name(name) => self.bind(name, value),
            ExpressionKind::Attribute { value: object, name, .. } => {
                let object = self.evaluate(object)?;
                self.set_attribute(&object, name, value)?;
            }
            ExpressionKind::Subscript { value: object, index } => {
                let object = self.evaluate(object)?;
                if matches!(index.kind, ExpressionKind::Slice { .. }) {
                    return self.set_slice(&object, index, &value);
                }
                let index = self.evaluate(index)?;
                self.set_item(&object, &index, value)?;
            }
            ExpressionKind::Tuple(targets) | ExpressionKind::List(targets) => {
                let (items, complete) = self.elements(&value);
                let starred = targets.iter().any(|each| matches!(each.kind, ExpressionKind::Starred(_)));
                if let Some(items) =
                    items.as_ref().filter(|items| complete && items.len() < targets.len() && !starred)
                {
                    let (wanted, got) = (targets.len(), items.len());
                    let message = format!("not enough values to unpack (expected {wanted}, got {got})");
                    let raised = Raised::of("builtins.ValueError", message);
                    if self.is_convincing(&raised) {
                        return Err(raised);
                    }
                }
                let items = items.filter(|_| complete).and_then(|items| self.one_for_each(targets, items));
                for (index, target) in targets.iter().enumerate() {
                    let item = items.as_ref().map_or(Value::Unknown, |items| items[index].clone());
                    self.assign(target, item)?;
                }
            }
            ExpressionKind::Starred(target) => self.assign(target, value)?,
            _ => {}
        }
        Ok(())
    }

    /// The items that the targets of an unpacking get; a starred one gets a list.
    fn one_for_each(&mut self, targets: &[Expression], mut items: Vec<Value>) -> Option<Vec<Value>> {
        let is_starred = |target: &Expression| matches!(target.kind, ExpressionKind::Starred(_));
        if let Some(at) = targets.iter().position(is_starred) {
            let behind = targets.len() - at - 1;
            let end = items.len().checked_sub(behind).filter(|end| *end >= at)?;
            let rest: Vec<Value> = items.drain(at..end).collect();
            let region = self.region();
            items.insert(at, self.state.heap.list(rest, region));
        }
        (items.len() == targets.len()).then_some(items)
    }

    pub(super) fn augmented_assign(
        &mut self,
        AugmentedAssign { target, operator, value }: &AugmentedAssign,
    ) -> Raises<()> {
        let operator = *operator;
        let old = self.evaluate(target)?;
        let value = self.evaluate(value)?;
        if let (Operator::Add, Value::Builtin(list @ ("sys.path" | "sys.meta_path" | "sys.path_hooks"))) =
            (operator, &old)
        {
            return self.call_sys_method(list, "list.extend", &[value], &[]).map(drop);
        }
        if operator == Operator::Add && self.is_list(&old) {
            // `list += items` changes the list itself.
            self.extend(&old, &value);
            return Ok(());
        }
        let result = self.binary(&old, operator, &value);
        self.assign(target, result)
    }

    pub(super) fn delete(&mut self, target: &Expression) -> Raises<()> {
        match &target.kind {
            ExpressionKind::Name(name) => {
                if let Some(frame) = self.frame() {
                    let names = frame.names;
                    self.remove_attribute(names, name);
                }
            }
            ExpressionKind::Attribute { value, name, .. } => {
                if let Value::Object(id) = self.evaluate(value)? {
                    self.remove_attribute(id, name);
                }
            }
            ExpressionKind::Subscript { value, index } => {
                let object = self.evaluate(value)?;
                if matches!(index.kind, ExpressionKind::Slice { .. }) {
                    return self.set_slice(&object, index, &Value::tuple(Vec::new()));
                }
                let index = self.evaluate(index)?;
                self.delete_item(&object, &index);
            }
            ExpressionKind::Tuple(targets) | ExpressionKind::List(targets) => {
                for target in targets {
                    self.delete(target)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn remove_attribute(&mut self, id: ObjectId, name: &str) {
        let old = self.state.heap.slot(id, name).cloned();
        if old.is_some() {
            self.write_slot(id, name, old, None);
        }
    }

    /// The items of a value that is iterated over, as far as they are known, and whether these are all.
    pub(super) fn elements(&self, value: &Value) -> (Option<Vec<Value>>, bool) {
        match value {
            Value::Tuple(items) => (Some(items.to_vec()), true),
            Value::Str(text) if text.len() > super::MAX_ITEMS => (None, false),
            Value::Str(text) => (Some(text.chars().map(|c| Value::str(c.to_string())).collect()), true),
            Value::Builtin("sys.path") => {
                (Some(self.state.search.path.iter().map(Value::str).collect()), true)
            }
            Value::Builtin("sys.meta_path") => (Some(self.meta_path_items()), true),
            Value::Builtin("sys.modules") => {
                let names = self.state.modules.keys().map(|name| Value::str(name.as_str())).collect();
                (Some(names), true)
            }
            Value::Object(id) => {
                let object = self.state.heap.get(*id);
                match &object.payload {
                    Payload::List(items) => (Some(items.clone()), !object.open),
                    Payload::Dict(items) => {
                        (Some(items.iter().map(|(key, _)| key.clone()).collect()), !object.open)
                    }
                    Payload::Descriptor(Value::Tuple(items)) => (Some(items.to_vec()), true),
                    _ => (None, false),
                }
            }
            _ => (None, false),
        }
    }

    /// Adds the items of `other` to a list.
    pub(super) fn extend(&mut self, list: &Value, other: &Value) {
        let (items, complete) = self.elements(other);
        let Some(id) = list.as_object() else { return };
        let object = self.change_items(id);
        object.open |= !complete;
        if let (Payload::List(list), Some(items)) = (&mut object.payload, items) {
            list.extend(items);
        }
        object.limit();
    }

    pub(super) fn is_list(&self, value: &Value) -> bool {
        value.as_object().is_some_and(|id| matches!(self.state.heap.get(id).payload, Payload::List(_)))
    }

    /// A string attribute of an object itself.
    pub(super) fn text_attribute(&self, id: ObjectId, name: &str) -> Option<Arc<str>> {
        match &self.state.heap.slot(id, name)?.value {
            Value::Str(text) => Some(Arc::clone(text)),
            _ => None,
        }
    }
}
