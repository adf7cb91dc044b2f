//! The reads of the user's file: each is noted with what it gives.

use std::fmt::Write as _;
use std::sync::Arc;

use speclens_source::program::{Call, Expression, ExpressionKind};
use speclens_source::{Name, Span};

use super::Machine;
use super::attributes::MODULE_METADATA;
use super::exception::{Raised, Raises};
use super::modules::MODULE_SPEC;
use super::observe::{ObservationKind, Seen};
use super::value::{ObjectId, Payload, Value};
use super::view::SpecState;

/// The attributes of a spec.
pub(super) const SPEC_ATTRIBUTES: &[&str] =
    &["name", "loader", "origin", "submodule_search_locations", "has_location", "cached", "parent"];

/// What the loaders of files have beyond `create_module` and `exec_module` (`FileLoader` and `SourceLoader` in
/// `Lib/importlib/_bootstrap_external.py`).
const LOADER_ATTRIBUTES: &[&str] = &[
    "get_code",
    "get_data",
    "get_filename",
    "get_resource_reader",
    "get_source",
    "is_package",
    "name",
    "path",
];

impl Machine<'_> {
    /// `value.name` as an expression: read, and noted if the user's file reads metadata.
    pub(super) fn attribute_expression(
        &mut self,
        span: Span,
        value: &Expression,
        name: &Name,
        tested: bool,
    ) -> Raises<Value> {
        let before = self.observations.len();
        let object = self.evaluate(value)?;
        let result = self.attribute(&object, name);
        if !self.observes() {
            self.note_library_read(&object, name, &result);
            return result;
        }
        let result = match result {
            Ok(Value::Unknown) => self.loader_attribute(value, &object, name),
            result => result,
        };
        let asked = self.name_asked_for(value, &object);
        let read = Read { span, value: value.span, before, asked };
        self.observe_attribute(&read, &object, name, &result, tested);
        if tested && let Some(key) = self.attribute_key(value, name) {
            self.note_test(&key);
        }
        let reads = if result.is_err() { self.reads_of(value) } else { Vec::new() };
        result.map_err(|mut raised| {
            if self.observations.len() > before {
                raised.observations.push(self.observations.len() - 1);
            }
            self.note_consequence(&reads, &mut raised, span);
            raised
        })
    }

    /// An attribute that the loaders of files have, of a loader that code has made without it.
    fn loader_attribute(&mut self, value: &Expression, object: &Value, name: &Name) -> Raises<Value> {
        let is_made = object.as_object().is_some_and(|id| {
            let loader = self.state.heap.get(id);
            !loader.open && matches!(loader.class, Value::Object(_))
        });
        let reads_loader = |machine: &Self| {
            machine.reads_of(value).iter().any(|index| {
                matches!(
                    machine.observations.get(*index).map(|observation| &observation.kind),
                    Some(
                        ObservationKind::ModuleAttribute { attribute, .. }
                            | ObservationKind::SpecAttribute { attribute, .. }
                    ) if attribute.ends_with("loader") || attribute == "__loader__"
                )
            })
        };
        if is_made
            && LOADER_ATTRIBUTES.contains(&name.as_str())
            && reads_loader(self)
            && self.attribute_or_missing(object, name)?.is_none()
            && let Some(id) = object.as_object()
        {
            let class = self.class_name(&self.state.heap.get(id).class);
            let message = format!("'{class}' object has no attribute '{name}'");
            return Err(Raised::of("builtins.AttributeError", message));
        }
        Ok(Value::Unknown)
    }

    /// The name in `sys.modules` that a dotted expression spells.
    fn name_asked_for(&mut self, value: &Expression, object: &Value) -> Option<Name> {
        let ExpressionKind::Attribute { value, name, .. } = &value.kind else { return None };
        let ExpressionKind::Name(top) = &value.kind else { return None };
        let id = self
            .variable_key(top)
            .and_then(|(scope, name)| self.state.heap.slot(scope, &name))?
            .value
            .as_object()
            .filter(|id| self.is_module(*id))?;
        let parent = self.text_attribute(id, "__name__")?;
        let asked = format!("{parent}.{name}");
        (self.module_entry(&asked)?.value == *object).then(|| asked.into())
    }

    fn observe_attribute(
        &mut self,
        read: &Read,
        object: &Value,
        name: &Name,
        result: &Raises<Value>,
        tested: bool,
    ) {
        let seen = self.seen(result);
        let attribute = name.clone();
        if MODULE_METADATA.contains(&name.as_str()) {
            if let Some(module) = self.view(object, None).filter(|_| self.is_module_entry(object)) {
                let asked = read.asked.clone();
                let kind = ObservationKind::ModuleAttribute { module, attribute, seen, asked };
                self.observe(read.span, kind, tested);
            }
            return;
        }
        if !SPEC_ATTRIBUTES.contains(&name.as_str()) {
            return;
        }
        // The spec of a module that the same expression read…
        let own =
            self.observations[read.before..].iter().rev().find_map(|observation| match &observation.kind {
                ObservationKind::ModuleAttribute { module, attribute, asked, .. }
                    if attribute == "__spec__" && observation.span == read.value =>
                {
                    Some((module.clone(), asked.clone()))
                }
                _ => None,
            });
        // … or a spec that came from elsewhere: it says whose it is.
        let module = own.or_else(|| {
            let id = object.as_object()?;
            if self.state.heap.get(id).class != MODULE_SPEC {
                return None;
            }
            let owner = self.text_attribute(id, "name")?;
            let is_current = |machine: &Self| {
                let entry = machine.state.modules.get(&*owner)?;
                let slot = machine.state.heap.slot(entry.value.as_object()?, "__spec__")?;
                Some(slot.value == *object)
            };
            // A spec that was found before the import is not the one that the module has.
            let found = if is_current(self) == Some(true) { self.view_of_name(&owner) } else { None };
            Some((found.or_else(|| self.view_of_spec(id))?, None))
        });
        if let Some((module, asked)) = module {
            let spec_span = read.value;
            let kind = ObservationKind::SpecAttribute { module, spec_span, attribute, seen, asked };
            self.observe(read.span, kind, tested);
        }
    }

    /// A bare `__spec__`, `__file__`, … in the user's file.
    pub(super) fn observe_name(&mut self, span: Span, name: &Name, value: &Value, tested: bool) {
        if !self.observes() {
            return;
        }
        if tested && let Some(key) = self.variable_key(name) {
            self.note_test(&key);
        }
        if !MODULE_METADATA.contains(&name.as_str()) {
            return;
        }
        let Some(module) = self.frame().map(|frame| frame.module) else { return };
        let seen = self.seen(&Ok(value.clone()));
        if let Some(module) = self.view(&Value::Object(module), None) {
            let kind =
                ObservationKind::ModuleAttribute { module, attribute: name.clone(), seen, asked: None };
            self.observe(span, kind, tested);
        }
    }

    /// `value[index]`, which may read a module's metadata out of its `__dict__`, or fail on None.
    pub(super) fn subscript(
        &mut self,
        span: Span,
        value: &Expression,
        object: &Value,
        index: &Value,
        tested: bool,
    ) -> Raises<Value> {
        let result = self.item(object, index);
        if !self.observes() {
            return result;
        }
        if *object == Value::None {
            let reads = self.reads_of(value);
            if !reads.is_empty() {
                let mut raised = Raised::of("builtins.TypeError", "'NoneType' object is not subscriptable");
                self.note_consequence(&reads, &mut raised, span);
                return Err(raised);
            }
        }
        let (Some(owner), Some(name)) = (self.owner_of_dict(object), index.as_str()) else { return result };
        let owner = Value::Object(owner);
        if !MODULE_METADATA.contains(&name) || !self.is_module_entry(&owner) {
            return result;
        }
        let id = owner.as_object().map(|id| self.state.heap.get(id).open);
        let result = match result {
            Ok(Value::Unknown) if id == Some(false) && self.has_attribute(&owner, name) == Some(false) => {
                Err(Raised::of("builtins.KeyError", format!("'{name}'")))
            }
            result => result,
        };
        let before = self.observations.len();
        let read = Read { span, value: value.span, before, asked: None };
        self.observe_attribute(&read, &owner, &Name::from(name), &result, tested);
        self.attach_observation(before, result)
    }

    /// An exception belongs to the observation that was made of it after the first `count`.
    fn attach_observation(&self, count: usize, result: Raises<Value>) -> Raises<Value> {
        result.map_err(|mut raised| {
            if self.observations.len() > count {
                raised.observations.push(self.observations.len() - 1);
            }
            raised
        })
    }

    /// `getattr(module, "__spec__", default)` in the user's file.
    pub(super) fn observe_getattr(
        &mut self,
        span: Span,
        call: &Call,
        object: &Value,
        name: &Name,
        result: Raises<Value>,
        tested: bool,
    ) -> Raises<Value> {
        let Some(first) = call.arguments.first().filter(|_| self.observes()) else {
            self.note_library_read(object, name, &result);
            return result;
        };
        let asked = self.name_asked_for(first, object);
        let before = self.observations.len().saturating_sub(super::provenance::NEAR);
        let read = Read { span, value: first.span, before, asked };
        let asks = call.arguments.len() > 2 || tested;
        let count = self.observations.len();
        self.observe_attribute(&read, object, name, &result, asks);
        self.attach_observation(count, result)
    }

    /// A call of the import system, or of what looks at its metadata, in the user's file.
    pub(super) fn observe_call(
        &mut self,
        span: Span,
        function: &Value,
        call: &Call,
        first: Option<&Value>,
        result: Raises<Value>,
    ) -> Raises<Value> {
        if !self.observes() {
            return result;
        }
        self.observe_own_find_spec(span, function, call);
        let Value::Builtin(function) = *function else { return result };
        let Some(kind) = self.observed_call(function, call, first, &result) else { return result };
        let count = self.observations.len();
        self.observe(span, kind, false);
        self.attach_observation(count, result)
    }

    fn observed_call(
        &mut self,
        function: &'static str,
        call: &Call,
        first: Option<&Value>,
        result: &Raises<Value>,
    ) -> Option<ObservationKind> {
        if super::inspection::inspects(function) {
            let module = self.inspected(first?);
            return Some(ObservationKind::Call { function, module, seen: self.seen(result) });
        }
        if matches!(function, "pkgutil.walk_packages" | "pkgutil.iter_modules") {
            let (directories, true) = self.elements(first?) else { return None };
            let path = directories?.iter().filter_map(Value::as_str).map(Arc::from).collect();
            return Some(ObservationKind::Walk { function, path });
        }
        let imports = match function {
            "importlib.util.find_spec" => false,
            "importlib.import_module" | "builtins.__import__" => true,
            _ => return None,
        };
        let name = self.constant_argument(call)?;
        let raised = result.as_ref().err().map(|raised| (**raised).clone());
        let module = self.view_of_name(&name);
        Some(if imports {
            ObservationKind::Import { module: name, raised, view: module }
        } else {
            let found = !matches!(result, Ok(Value::None));
            ObservationKind::FindSpec { name, raised, found, module }
        })
    }

    fn constant_argument(&mut self, call: &Call) -> Option<Name> {
        let argument = call.arguments.first().or_else(|| call.keywords.first().map(|(_, value)| value))?;
        let observations = self.observations.len();
        let value = self.evaluate(argument).ok()?;
        self.observations.truncate(observations);
        value.as_str().map(Name::from)
    }

    fn seen(&self, result: &Raises<Value>) -> Seen {
        match result {
            Err(raised) => Seen::Raises(raised.clone()),
            Ok(Value::None) => Seen::None,
            Ok(Value::Str(text)) => Seen::Known(format!("'{text}'")),
            Ok(Value::Bool(true)) => Seen::Known("True".into()),
            Ok(Value::Bool(false)) => Seen::Known("False".into()),
            Ok(Value::Object(id)) => {
                let object = self.state.heap.get(*id);
                match &object.payload {
                    Payload::List(items) if !object.open => {
                        let texts: Option<Vec<_>> =
                            items.iter().map(|item| item.as_str().map(|text| format!("'{text}'"))).collect();
                        texts.map_or(Seen::Unknown, |texts| Seen::Known(format!("[{}]", texts.join(", "))))
                    }
                    _ if object.class == MODULE_SPEC => {
                        self.spec_repr(*id).map_or(Seen::Unknown, Seen::Known)
                    }
                    _ => Seen::Known(format!("<{} object>", self.class_name(&object.class))),
                }
            }
            Ok(Value::Builtin(name)) => Seen::Known(format!("<class '{name}'>")),
            Ok(_) => Seen::Unknown,
        }
    }

    /// `repr(spec)` (`ModuleSpec.__repr__` in `Lib/importlib/_bootstrap.py`), without addresses.
    fn spec_repr(&self, id: ObjectId) -> Option<String> {
        let seen = |name: &str| {
            let value = self.state.heap.slot(id, name).map(|slot| slot.value.clone())?;
            match (&value, self.seen(&Ok(value.clone()))) {
                (Value::None, _) => Some("None".to_owned()),
                (_, Seen::Known(text)) => Some(text),
                _ => None,
            }
        };
        let name = seen("name")?;
        let loader = seen("loader").unwrap_or_else(|| "…".to_owned());
        let mut text = format!("ModuleSpec(name={name}, loader={loader}");
        for attribute in ["origin", "submodule_search_locations"] {
            if let Some(value) = seen(attribute).filter(|value| value != "None") {
                let _ = write!(text, ", {attribute}={value}");
            }
        }
        text.push(')');
        Some(text)
    }

    /// Whether the object stands in `sys.modules`, or is a module at all.
    pub(super) fn is_module_entry(&self, value: &Value) -> bool {
        let Some(id) = value.as_object() else { return false };
        self.is_module(id) || self.state.modules.values().any(|entry| entry.value == *value)
    }

    pub(super) fn view_of_spec(&self, id: ObjectId) -> Option<super::ModuleView> {
        let name = self.text_attribute(id, "name")?;
        let value = |attribute| self.state.heap.slot(id, attribute).map(|slot| &slot.value);
        let is_package = !matches!(value("submodule_search_locations"), None | Some(Value::None));
        let is_namespace = is_package && matches!(value("origin"), Some(Value::None));
        let path = value("submodule_search_locations").map(|path| self.elements(path).0.unwrap_or_default());
        let path = path.unwrap_or_default();
        Some(super::ModuleView {
            name: Name::from(&*name),
            spec: SpecState::Present,
            spec_name: Some(Name::from(&*name)),
            class: "module".into(),
            is_namespace,
            is_main: false,
            is_supposed: self.state.supposed.contains(&id),
            path: path.iter().filter_map(|item| item.as_str().map(Arc::from)).collect(),
            file: self.text_attribute(id, "origin"),
            evidence: Vec::new(),
        })
    }
}

/// One read, as an expression of the user's file.
struct Read {
    /// The whole expression.
    span: Span,
    /// The expression whose attribute is read.
    value: Span,
    /// How many observations there were before it.
    before: usize,
    /// The name in `sys.modules` that the code spells.
    asked: Option<Name>,
}
