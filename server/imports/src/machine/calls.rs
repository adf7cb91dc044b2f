//! Calls: which are followed, and how arguments meet parameters.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::ParameterKind;

use super::exception::{Raised, Raises};
use super::execute::Completion;
use super::generators::Consumer;
use super::value::{Attributes, FunctionObject, Object, ObjectId, Payload, Value};
use super::{Frame, Machine};

/// Objects further away than this from an argument are taken to be left alone by a call that is not followed.
const MAX_TAINT: u32 = 3;

impl Machine<'_> {
    /// Calls a value.
    pub(super) fn call(
        &mut self,
        function: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        match function {
            Value::Builtin(name) => self.call_builtin(name, arguments, keywords),
            Value::Method(bound) => {
                let mut with_receiver = vec![bound.0.clone()];
                with_receiver.extend(arguments);
                self.call(&bound.1.clone(), with_receiver, keywords)
            }
            Value::Object(id) => self.call_object(*id, arguments, keywords),
            Value::OneOf(values) => self.join_alternatives(values, |machine, value| {
                machine.call(value, arguments.clone(), keywords.clone())
            }),
            _ => {
                if arguments.iter().any(|argument| self.is_import_state(argument)) {
                    self.unknown("import state is given to a call that cannot be followed");
                }
                self.may_raise();
                Ok(Value::Unknown)
            }
        }
    }

    /// A `try` around nothing but a call that cannot be followed is there for what that call raises.
    pub(super) fn may_raise(&mut self) {
        let depth = self.frames.len();
        let expects = |name: &Name| !matches!(name.as_str(), "ImportError" | "ModuleNotFoundError");
        let context = self.tries.last_mut().filter(|context| context.single_in == Some(depth));
        if let Some(context) = context.filter(|context| context.catches.iter().any(expects)) {
            let mut raised = Raised::of("builtins.Exception", "");
            raised.class = Value::Unknown;
            raised.certain = false;
            context.possible.push(*raised);
        }
    }

    /// The value that one of the alternatives gives. Where each of them raises, so does the whole.
    pub(super) fn join_alternatives(
        &mut self,
        alternatives: &[Value],
        mut each: impl FnMut(&mut Self, &Value) -> Raises<Value>,
    ) -> Raises<Value> {
        let mut joined: Option<Value> = None;
        let mut raised = Vec::new();
        for alternative in alternatives {
            match self.possibly(|machine| each(machine, alternative)) {
                Ok(value) => {
                    joined = Some(match joined {
                        Some(joined) => joined.join(value),
                        None => value,
                    });
                }
                Err(error) => raised.push(error),
            }
        }
        let Some(joined) = joined else {
            return match raised.into_iter().next() {
                Some(error) => Err(error),
                None => Ok(Value::Unknown),
            };
        };
        for mut error in raised {
            error.certain = false;
            self.note_possible(*error);
        }
        Ok(joined)
    }

    fn is_import_state(&self, value: &Value) -> bool {
        match value {
            Value::Builtin(name) => {
                matches!(*name, "sys.modules" | "sys.meta_path" | "sys.path_hooks" | "sys.path")
            }
            Value::Object(id) => self.is_module(*id),
            _ => false,
        }
    }

    fn call_object(
        &mut self,
        id: ObjectId,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let object = self.state.heap.get(id);
        match &object.payload {
            Payload::Function(function) => {
                let function = Arc::clone(function);
                self.call_function(&function, arguments, keywords)
            }
            Payload::Decorated(inner) => {
                let inner = inner.clone();
                self.call_decorated(&inner, arguments, keywords);
                Ok(Value::Unknown)
            }
            Payload::Class(_) => {
                let metaclass = object.class.clone();
                // `Enum("Name", …)` makes a class, a singleton's metaclass gives an old instance.
                if metaclass == Value::Unknown || self.find_in_class(&metaclass, "__call__").is_some() {
                    for value in arguments.iter().chain(keywords.iter().map(|(_, value)| value)) {
                        self.taint(value, 0);
                    }
                    return Ok(Value::Unknown);
                }
                self.instantiate(&Value::Object(id), arguments, keywords)
            }
            _ => {
                let class = object.class.clone();
                match self.find_in_class(&class, "__call__") {
                    Some(method) => {
                        let bound = Value::Method(Arc::new((Value::Object(id), method)));
                        self.call(&bound, arguments, keywords)
                    }
                    None => Ok(Value::Unknown),
                }
            }
        }
    }

    /// Calls `object.name(…)` where the object's class certainly has such a method.
    pub(super) fn call_method(
        &mut self,
        object: &Value,
        name: &str,
        arguments: Vec<Value>,
    ) -> Raises<Option<Value>> {
        let Some(id) = object.as_object() else { return Ok(None) };
        let class = self.state.heap.get(id).class.clone();
        let Some(method) = self.find_in_class(&class, name) else { return Ok(None) };
        let bound = Value::Method(Arc::new((object.clone(), method)));
        self.call(&bound, arguments, Vec::new()).map(Some)
    }

    /// Applies a decorator.
    pub(super) fn decorate(&mut self, decorator: &Value, value: Value) -> Raises<Value> {
        match decorator {
            // What these add does not change what a call does to the import state.
            Value::Builtin("functools.identity" | "functools.lru_cache" | "functools.cache") => Ok(value),
            _ => self.call(decorator, vec![value], Vec::new()),
        }
    }

    fn call_function(
        &mut self,
        function: &Arc<FunctionObject>,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        if function.code.is_generator && function.code.is_followed() {
            return Ok(self.make_generator(function, arguments, keywords));
        }
        if function.code.is_deferred {
            return Ok(Value::Unknown);
        }
        if !self.is_followed(function) {
            let reached = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
            for value in reached.cloned().collect::<Vec<_>>() {
                self.taint(&value, 0);
            }
            self.taint_globals(function);
            return Ok(Value::Unknown);
        }
        self.enter_function(function, arguments, keywords)
    }

    /// The function, if the value is one.
    pub(super) fn as_function(&self, value: &Value) -> Option<Arc<FunctionObject>> {
        match &self.state.heap.get(value.as_object()?).payload {
            Payload::Function(function) => Some(Arc::clone(function)),
            _ => None,
        }
    }

    /// Runs a function's body with these arguments.
    pub(super) fn enter_function(
        &mut self,
        function: &Arc<FunctionObject>,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        self.run_function(function, arguments, keywords, None).0
    }

    /// Runs the body of a generator function; at each `yield` its consumer runs.
    pub(super) fn consume_function(
        &mut self,
        function: &Arc<FunctionObject>,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
        consumer: Consumer,
    ) -> (Raises<Value>, Consumer) {
        let (result, consumer) = self.run_function(function, arguments, keywords, Some(Box::new(consumer)));
        (result, consumer.map_or_else(Consumer::default, |consumer| *consumer))
    }

    fn run_function(
        &mut self,
        function: &Arc<FunctionObject>,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
        consumer: Option<Box<Consumer>>,
    ) -> (Raises<Value>, Option<Box<Consumer>>) {
        let code = Arc::clone(&function.code);
        let left_out =
            if code.body.is_none() { self.world.function(&function.file, code.name_span) } else { None };
        let body = left_out.unwrap_or_else(|| Arc::clone(&code));
        let receiver = arguments.first().cloned();
        let region = self.region();
        let variables = self.state.heap.add(Object {
            class: Value::Unknown,
            attributes: Attributes::default(),
            open: false,
            region,
            payload: Payload::Scope { enclosing: function.enclosing },
        });
        let given = arguments.len();
        self.bind_parameters(variables, function, arguments, keywords);
        let observed = self.user_file.as_ref() == Some(&function.file);
        if observed {
            self.bind_reads(variables, &code.parameters, given);
            self.called.insert(Arc::as_ptr(&code));
        }
        self.calls += 1;
        self.frames.push(Frame {
            file: Arc::clone(&function.file),
            module: function.module,
            names: variables,
            function: Some(Arc::clone(&function.qualified_name)),
            enclosing: function.enclosing,
            method: function.class.zip(receiver),
            globals: Vec::new(),
            nonlocals: Vec::new(),
            current: code.name_span,
            called_from: None,
            observed,
            is_captured: false,
            possible_returns: Vec::new(),
            consumer,
        });
        let result = match &body.body {
            Some(body) => self.execute_block(body),
            None => Ok(Completion::Return(Value::Unknown)),
        };
        let site = self.site();
        let frame = self.frames.pop();
        self.calls -= 1;
        if frame.as_ref().is_some_and(|frame| !frame.is_captured) {
            self.state.heap.discard(variables);
        }
        let (possible, consumer) =
            frame.map(|frame| (frame.possible_returns, frame.consumer)).unwrap_or_default();
        let result = match result {
            Ok(completion) => {
                self.forget_library_reads();
                let last = match completion {
                    Completion::Return(value) => value,
                    _ => Value::None,
                };
                Ok(possible.into_iter().fold(last, Value::join))
            }
            Err(mut raised) => {
                raised.traceback.extend(site);
                Err(raised)
            }
        };
        (result, consumer)
    }

    /// Names that only functions bind, by `global`: a call that is not followed may have bound them.
    fn bind_absent_globals(&mut self, module: ObjectId, names: &[Name]) {
        // In a checkpoint such a module is another one: only the code that makes the module is looked at here.
        let is_running = self.frames.iter().any(|frame| frame.module == module && !frame.is_function());
        if !is_running {
            return;
        }
        for name in names {
            if self.state.heap.slot(module, name).is_none() {
                self.set_slot(module, name, Value::Unknown);
            }
        }
    }

    /// What a call that is not followed may have done to the names of its module.
    fn taint_globals(&mut self, function: &FunctionObject) {
        let Some(facts) = self.world.facts(&function.file) else { return };
        self.bind_absent_globals(function.module, &facts.global_names);
        let module = self.state.heap.get(function.module);
        let is_known =
            |name: &Name| module.attributes.get(name).is_some_and(|slot| slot.value != Value::Unknown);
        let names: Vec<Name> = facts.global_names.iter().filter(|name| is_known(name)).cloned().collect();
        // A module is only changed where there is something to change: a checkpoint cannot stand for a changed one.
        if names.is_empty() && (module.open || !facts.rewrites_globals) {
            return;
        }
        let module = self.state.heap.get_mut(function.module);
        module.open |= facts.rewrites_globals;
        for name in names {
            if let Some(slot) = module.attributes.get_mut(&name) {
                slot.value = Value::Unknown;
            }
        }
    }

    /// What a call that is not followed may have done to one of its arguments.
    pub(super) fn taint(&mut self, value: &Value, depth: u32) {
        let Some(id) = value.as_object() else { return };
        // Who is given `globals()` is given it to add names.
        if let Some(owner) = self.owner_of_dict(value) {
            self.state.heap.get_mut(owner).open = true;
            return;
        }
        let object = self.state.heap.get(id);
        let reachable = match &object.payload {
            // A module's and a class's names are changed by their own code, as a rule.
            Payload::Class(_)
            | Payload::Function(_)
            | Payload::Descriptor(_)
            | Payload::Decorated(_)
            | Payload::Scope { .. } => return,
            Payload::Module { .. } if self.is_module(id) => return,
            _ if object.class == super::modules::MODULE_SPEC => return,
            Payload::List(items) => items.clone(),
            Payload::Deferred(arguments) => arguments.to_vec(),
            Payload::LazyImport(_) | Payload::Generator(_) => return,
            Payload::Dict(items) => items.iter().map(|(_, value)| value.clone()).collect(),
            Payload::Plain | Payload::Module { .. } => {
                object.attributes.values().map(|slot| slot.value.clone()).collect()
            }
        };
        if object.open && depth > 0 {
            return;
        }
        let object = self.state.heap.get_mut(id);
        object.open = true;
        for slot in object.attributes.values_mut() {
            if matches!(
                slot.value,
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Tuple(_)
            ) {
                slot.value = Value::Unknown;
            }
        }
        if depth < MAX_TAINT {
            for value in reachable {
                self.taint(&value, depth + 1);
            }
        }
    }

    fn is_followed(&mut self, function: &FunctionObject) -> bool {
        let is_own = self.user_file.as_ref() == Some(&function.file);
        let wanted = function.code.is_followed() || self.follows_all || is_own && self.passes_reads();
        if wanted && !self.may_follow() {
            self.unknown("a call that is nested too deep, or too long to follow");
            // It might have bound names in its own module, or in the one that calls it.
            let caller = self.frame().map(|frame| frame.module);
            for module in [Some(function.module), caller].into_iter().flatten() {
                self.state.heap.get_mut(module).open = true;
            }
            return false;
        }
        wanted
    }

    fn bind_parameters(
        &mut self,
        variables: ObjectId,
        function: &FunctionObject,
        arguments: Vec<Value>,
        mut keywords: Vec<(Name, Value)>,
    ) {
        let region = self.region();
        let mut arguments = arguments.into_iter();
        for (index, parameter) in function.code.parameters.iter().enumerate() {
            let default = || function.defaults.get(index).cloned().flatten().unwrap_or(Value::Unknown);
            let mut take_keyword = || {
                let at = keywords.iter().position(|(name, _)| *name == parameter.name)?;
                Some(keywords.remove(at).1)
            };
            let value = match parameter.kind {
                ParameterKind::PositionalOnly => arguments.next().unwrap_or_else(default),
                ParameterKind::PositionalOrKeyword => {
                    arguments.next().or_else(take_keyword).unwrap_or_else(default)
                }
                ParameterKind::KeywordOnly => take_keyword().unwrap_or_else(default),
                ParameterKind::VarPositional => Value::tuple(arguments.by_ref().collect()),
                ParameterKind::VarKeyword => {
                    let rest = keywords.drain(..).map(|(name, value)| (Value::str(name.as_str()), value));
                    let rest = rest.collect();
                    self.state.heap.dict(rest, region)
                }
            };
            self.state.heap.set(variables, &parameter.name, value, None);
        }
    }

    /// `function.__name__` and the like.
    pub(super) fn function_attribute(&self, function: &FunctionObject, name: &str) -> Value {
        match name {
            "__name__" => Value::str(function.code.name.as_str()),
            "__qualname__" => Value::Str(Arc::clone(&function.qualified_name)),
            "__module__" => self
                .state
                .heap
                .slot(function.module, "__name__")
                .map_or(Value::Unknown, |slot| slot.value.clone()),
            _ => Value::Unknown,
        }
    }

    /// The `__dict__` of an object: a view, through which the object is changed.
    pub(super) fn dict_of(&mut self, id: ObjectId) -> Value {
        let region = self.region();
        self.state.heap.make(
            Value::Builtin("types.MappingView"),
            Payload::Descriptor(Value::Object(id)),
            region,
        )
    }

    /// The object that a `__dict__` belongs to.
    pub(super) fn owner_of_dict(&self, value: &Value) -> Option<ObjectId> {
        let object = self.state.heap.get(value.as_object()?);
        match (&object.class, &object.payload) {
            (Value::Builtin("types.MappingView"), Payload::Descriptor(Value::Object(owner))) => Some(*owner),
            _ => None,
        }
    }
}
