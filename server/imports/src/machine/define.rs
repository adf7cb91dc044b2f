//! Definitions: functions and classes as objects.

use std::sync::Arc;

use speclens_source::program::{Class, Expression, Function, Statement, StatementKind};
use speclens_source::{ModuleFacts, Name};

use super::Machine;
use super::exception::Raises;
use super::value::{Attributes, FunctionObject, ObjectId, Payload, Value};

impl Machine<'_> {
    pub(super) fn define_function(
        &mut self,
        function: &Arc<Function>,
        decorators: &[Expression],
    ) -> Raises<()> {
        let decorators = decorators.iter().map(|each| self.evaluate(each)).collect::<Raises<Vec<_>>>()?;
        if let Some(intrinsic) = self.intrinsic_definition(&function.name) {
            self.bind(&function.name, intrinsic);
            return Ok(());
        }
        let mut value = self.function_object(function)?;
        for decorator in decorators.iter().rev() {
            let decorated = self.decorate(decorator, value.clone())?;
            value = if decorated == Value::Unknown { self.decorated(value) } else { decorated };
        }
        self.bind(&function.name, value);
        Ok(())
    }

    /// A function as an object, with its defaults evaluated here.
    pub(super) fn function_object(&mut self, function: &Arc<Function>) -> Raises<Value> {
        let mut defaults = Vec::new();
        for (index, parameter) in function.parameters.iter().enumerate() {
            if let Some(default) = &parameter.default {
                defaults.reserve_exact(function.parameters.len() - defaults.len());
                defaults.resize(index, None);
                defaults.push(Some(self.evaluate(default)?));
            }
        }
        let region = self.region();
        let qualified_name = self.qualified_name(&function.name);
        let Some(frame) = self.frames.last_mut() else { return Ok(Value::Unknown) };
        frame.is_captured = true;
        let in_class = matches!(self.state.heap.get(frame.names).payload, Payload::Class(_));
        let enclosing = if frame.is_function() && !in_class { Some(frame.names) } else { frame.enclosing };
        let object = FunctionObject {
            code: Arc::clone(function),
            qualified_name,
            module: frame.module,
            enclosing,
            defaults,
            file: Arc::clone(&frame.file),
            class: in_class.then_some(frame.names),
        };
        let payload = Payload::Function(Arc::new(object));
        Ok(self.state.heap.make(Value::Builtin("types.FunctionType"), payload, region))
    }

    /// `exec(text, globals)`.
    pub(super) fn execute_text(&mut self, text: &str, scopes: &[Value]) -> Raises<Value> {
        let Some(frame) = self.frame() else { return Ok(Value::Unknown) };
        let (file, own, called_from) = (Arc::clone(&frame.file), frame.module, self.site());
        let given = scopes.first().filter(|scope| !matches!(scope, Value::None));
        let (module, dict) = match given {
            None => (own, None),
            Some(scope) => match self.owner_of_dict(scope) {
                Some(owner) => (owner, None),
                None if scope.as_object().is_some() => (self.bare_module("builtins", None), Some(scope)),
                None => return Ok(Value::Unknown),
            },
        };
        let facts = ModuleFacts::of_text(text);
        let view = self.dict_of(module);
        if let Some(dict) = dict {
            // Nothing but what the dict has.
            self.state.heap.get_mut(module).attributes = Attributes::default();
            self.update_dict(&view, dict);
        }
        let frame = super::Frame { called_from, ..Self::frame_of_module(module, &file) };
        self.frames.push(frame);
        let result = self.execute_block(&facts.program);
        self.frames.pop();
        if let Some(dict) = dict {
            self.update_dict(dict, &view);
        }
        result.map(|_| Value::None)
    }

    /// `eval(text)`.
    pub(super) fn evaluate_text(&mut self, text: &str) -> Raises<Value> {
        let facts = ModuleFacts::of_text(text);
        let [Statement { kind: StatementKind::Expression(expression), .. }] = &facts.program[..] else {
            return Ok(Value::Unknown);
        };
        let site = self.site();
        let before = self.frames.last_mut().map(|frame| std::mem::replace(&mut frame.called_from, site));
        let value = self.evaluate(expression);
        if let (Some(frame), Some(before)) = (self.frames.last_mut(), before) {
            frame.called_from = before;
        }
        value
    }

    /// The `__qualname__` of what is defined here (PEP 3155).
    fn qualified_name(&self, name: &str) -> Arc<str> {
        let Some(frame) = self.frame() else { return Arc::from(name) };
        if let Some(function) = &frame.function {
            return Arc::from(format!("{function}.<locals>.{name}"));
        }
        match self.text_attribute(frame.names, "__qualname__") {
            Some(class) => Arc::from(format!("{class}.{name}")),
            None => Arc::from(name),
        }
    }

    /// Calls the metaclass's `__new__`, where that may touch the import state: what it gives is the class.
    fn make_with_metaclass(
        &mut self,
        class: ObjectId,
        metaclass: &Value,
        bases: Vec<Value>,
        given: &[(Name, Value)],
    ) -> Raises<Value> {
        let made = Value::Object(class);
        let Some(new) = self.find_in_class(metaclass, "__new__") else { return Ok(made) };
        // The metaclasses of the standard library import nothing.
        let is_followed = self.as_function(&new).is_some_and(|function| {
            function.code.mentions_import_state && !self.is_standard_library(function.module)
        });
        if !is_followed {
            return Ok(made);
        }
        let name = self.state.heap.slot(class, "__name__").map(|slot| slot.value.clone());
        let namespace = self.dict_of(class);
        let arguments = vec![metaclass.clone(), name.unwrap_or_default(), Value::tuple(bases), namespace];
        self.classes.push(class);
        let result = self.call(&new, arguments, given.to_vec());
        self.classes.pop();
        Ok(Some(result?).filter(|result| self.is_class(result)).unwrap_or(made))
    }

    pub(super) fn define_class(&mut self, class: &Arc<Class>, decorators: &[Expression]) -> Raises<()> {
        let decorators = decorators.iter().map(|each| self.evaluate(each)).collect::<Raises<Vec<_>>>()?;
        if let Some(intrinsic) = self.intrinsic_definition(&class.name) {
            self.bind(&class.name, intrinsic);
            return Ok(());
        }
        let bases = class.bases.iter().map(|base| self.evaluate(base)).collect::<Raises<Vec<_>>>()?;
        let mut metaclass = None;
        let mut given = Vec::new();
        for (name, keyword) in &class.keywords {
            let value = self.evaluate(keyword)?;
            if name.as_deref() == Some("metaclass") {
                metaclass = Some(value);
            } else if let Some(name) = name {
                given.push((name.clone(), value));
            }
        }
        let metaclass = metaclass.unwrap_or_else(|| self.metaclass_of(&bases));
        let qualified_name = self.qualified_name(&class.name);
        let Some(frame) = self.frame() else { return Ok(()) };
        let site = super::Site { file: Arc::clone(&frame.file), span: class.name_span };
        let module_name = self.state.heap.slot(frame.module, "__name__").map(|slot| slot.value.clone());
        let open = bases.iter().any(|base| self.is_open_class(base));
        let id = self.add_class(metaclass.clone(), &bases, open, site);
        self.state.heap.set(id, "__module__", module_name.unwrap_or(Value::Unknown), None);
        self.state.heap.set(id, "__name__", Value::str(&class.name), None);
        self.state.heap.set(id, "__qualname__", Value::Str(qualified_name), None);
        // Docstrings and annotations are not in the program.
        self.state.heap.set(id, "__doc__", Value::Unknown, None);
        self.state.heap.set(id, "__annotations__", Value::Unknown, None);
        self.run_class_body(id, &class.body)?;
        let mut value = self.make_with_metaclass(id, &metaclass, bases, &given)?;
        // `type.__new__` calls it on what is behind the class (PEP 487).
        let order = self.bases(&value);
        if let Some(Value::Object(hook)) = self.find_in(&order[1..], "__init_subclass__") {
            let hook = match self.state.heap.get(hook).payload.clone() {
                Payload::Descriptor(function) => function,
                _ => Value::Object(hook),
            };
            self.call(&hook, vec![value.clone()], given)?;
        }
        for decorator in decorators.iter().rev() {
            let decorated = self.decorate(decorator, value.clone())?;
            // Most decorators give the class back, with more in it.
            if matches!(decorated, Value::Unknown) {
                self.state.heap.get_mut(id).open = true;
            } else {
                value = decorated;
            }
        }
        self.bind(&class.name, value);
        Ok(())
    }
}
