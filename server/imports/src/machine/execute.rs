//! Statements.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::{
    Block, Case, Class, Expression, ExpressionKind, Function, Handler, Pattern, Statement, StatementKind,
};

use super::exception::{Raised, Raises};
use super::value::{Attributes, FunctionObject, Object, Payload, Value};
use super::{MAX_STATEMENT_STEPS, Machine, TryContext};

/// More turns of a loop than this are not run one by one.
const MAX_TURNS: usize = 2_000;

/// How a statement ended, where it did not raise.
#[derive(Debug, Default)]
pub(super) enum Completion {
    /// The next statement runs.
    #[default]
    Normal,
    /// The next statement of the loop's turn possibly runs: something before it may have left the turn.
    DoubtfulTurn,
    /// The next statement possibly runs: something before it may have left the function.
    Doubtful,
    Return(Value),
    Break,
    Continue,
}

impl Machine<'_> {
    /// The statements of a module. Each may take its share of steps.
    pub(super) fn execute_module_block(&mut self, block: &[Statement]) -> Raises<()> {
        for statement in block {
            if self.calls == 0 {
                self.statement_limit = self.steps + MAX_STATEMENT_STEPS;
            }
            // The user's file is looked at to its end, whatever a line of it raises.
            self.execute_recovering(statement)?;
        }
        Ok(())
    }

    fn execute_recovering(&mut self, statement: &Statement) -> Raises<Completion> {
        let tries = self.tries.len();
        match self.execute(statement) {
            Err(_) if self.observes() && !self.tries.iter().any(|context| context.observed) => {
                self.tries.truncate(tries);
                Ok(Completion::Normal)
            }
            result => result,
        }
    }

    pub(super) fn execute_block(&mut self, block: &[Statement]) -> Raises<Completion> {
        for (index, statement) in block.iter().enumerate() {
            match self.execute_recovering(statement)? {
                Completion::Normal => {}
                doubtful @ (Completion::Doubtful | Completion::DoubtfulTurn) => {
                    let rest = &block[index + 1..];
                    let completion = self.possibly_raising(|machine| machine.execute_block(rest));
                    return Ok(match completion {
                        Completion::Return(value) => {
                            self.possibly_return(value);
                            Completion::Doubtful
                        }
                        Completion::Doubtful => Completion::Doubtful,
                        _ => doubtful,
                    });
                }
                other => return Ok(other),
            }
        }
        Ok(Completion::Normal)
    }

    fn possibly_return(&mut self, value: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.possible_returns.push(value);
        }
    }

    fn execute(&mut self, statement: &Statement) -> Raises<Completion> {
        self.step();
        if let Some(frame) = self.frames.last_mut() {
            frame.current = statement.span;
        }
        match &statement.kind {
            StatementKind::Import { names, is_lazy } => {
                if *is_lazy && self.version().at_least(15) {
                    self.lazy_import(names.iter().map(|alias| {
                        let top = || alias.name.split('.').next().unwrap_or_default().into();
                        alias.asname.clone().unwrap_or_else(top)
                    }));
                } else {
                    self.import_statement(names)?;
                }
            }
            StatementKind::ImportFrom { module, module_span, names, level, is_lazy } => {
                if *is_lazy && self.version().at_least(15) {
                    let bound = |alias: &speclens_source::program::Alias| {
                        alias.asname.clone().unwrap_or_else(|| alias.name.clone())
                    };
                    self.lazy_import(names.iter().map(bound));
                } else {
                    let span = if module.is_some() { *module_span } else { statement.span };
                    self.import_from_statement(module.as_deref(), span, names, *level)?;
                }
            }
            StatementKind::Assign { targets, value } => {
                let value = self.evaluate(value)?;
                for target in targets {
                    self.assign(target, value.clone())?;
                }
            }
            StatementKind::AugmentedAssign { target, operator, value } => {
                self.augmented_assign(target, *operator, value)?;
            }
            StatementKind::Expression(value) => drop(self.evaluate(value)?),
            StatementKind::Function { function, decorators } => self.define_function(function, decorators)?,
            StatementKind::Class { class, decorators } => self.define_class(class, decorators)?,
            StatementKind::If { test, body, orelse } => return self.branch(test, body, orelse),
            StatementKind::While { test, body, orelse } => return self.execute_while(test, body, orelse),
            StatementKind::For { target, iterable, body, orelse } => {
                return self.execute_for(target, iterable, body, orelse);
            }
            StatementKind::Try { body, handlers, orelse, finally } => {
                return self.execute_try(body, handlers, orelse, finally);
            }
            StatementKind::With { items, body } => return self.execute_with(items, body),
            StatementKind::Match { subject, cases } => return self.execute_match(subject, cases),
            StatementKind::Raise { exception } => {
                let raised = self.raise_statement(exception.as_ref())?;
                if self.is_convincing(&raised) {
                    return Err(raised);
                }
                self.note_possible(*raised);
                return Ok(Completion::Return(Value::Unknown));
            }
            StatementKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Value::None), |value| self.evaluate(value))?;
                return Ok(Completion::Return(value));
            }
            StatementKind::Delete(targets) => {
                for target in targets {
                    self.delete(target)?;
                }
            }
            StatementKind::Global(names) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.globals.extend(names.iter().cloned());
                }
            }
            StatementKind::Nonlocal(names) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.nonlocals.extend(names.iter().cloned());
                }
            }
            StatementKind::Assert { test, message } => {
                if self.condition(test)? == Some(false) {
                    let message = message.as_ref().map_or(Ok(Value::str("")), |text| self.evaluate(text))?;
                    let raised = Raised::of("builtins.AssertionError", message.as_str().unwrap_or_default());
                    if self.is_convincing(&raised) {
                        return Err(raised);
                    }
                    self.note_possible(*raised);
                }
            }
            StatementKind::Break => return Ok(Completion::Break),
            StatementKind::Continue => return Ok(Completion::Continue),
            StatementKind::Pass => {}
        }
        Ok(Completion::Normal)
    }

    /// `lazy import` (PEP 810): the name is bound, the module is not imported until the name is used.
    fn lazy_import(&mut self, names: impl Iterator<Item = Name>) {
        for name in names {
            self.bind(&name, Value::Unknown);
        }
    }

    /// Whether a condition holds; `None` where it cannot be decided.
    pub(super) fn condition(&mut self, test: &Expression) -> Raises<Option<bool>> {
        let tested = std::mem::replace(&mut self.tested, is_read(test));
        let value = self.evaluate(test);
        self.tested = tested;
        Ok(self.truth(&value?))
    }

    fn branch(&mut self, test: &Expression, body: &Block, orelse: &Block) -> Raises<Completion> {
        match self.condition(test)? {
            Some(true) => self.execute_block(body),
            Some(false) => self.execute_block(orelse),
            None => {
                let first = self.possibly_raising(|machine| machine.execute_block(body));
                let second = self.possibly_raising(|machine| machine.execute_block(orelse));
                Ok(self.either(first, second))
            }
        }
    }

    /// How two undecided branches end together.
    fn either(&mut self, first: Completion, second: Completion) -> Completion {
        match (first, second) {
            (Completion::Normal, Completion::Normal) => Completion::Normal,
            (Completion::Return(first), Completion::Return(second)) => Completion::Return(first.join(second)),
            (first, second) => {
                let mut together = Completion::DoubtfulTurn;
                for completion in [first, second] {
                    match completion {
                        Completion::Return(value) => {
                            self.possibly_return(value);
                            together = Completion::Doubtful;
                        }
                        Completion::Doubtful => together = Completion::Doubtful,
                        _ => {}
                    }
                }
                together
            }
        }
    }

    fn execute_while(&mut self, test: &Expression, body: &Block, orelse: &Block) -> Raises<Completion> {
        for _ in 0..MAX_TURNS {
            match self.condition(test)? {
                Some(false) => return self.execute_block(orelse),
                None => break,
                Some(true) => match self.execute_block(body)? {
                    Completion::Break => return Ok(Completion::Normal),
                    Completion::Return(value) => return Ok(Completion::Return(value)),
                    Completion::Doubtful => {
                        self.possible_turn(body);
                        return Ok(Completion::Doubtful);
                    }
                    Completion::DoubtfulTurn => break,
                    Completion::Normal | Completion::Continue => {}
                },
            }
        }
        Ok(self.possible_turn(body))
    }

    /// One turn of a loop that possibly runs.
    fn possible_turn(&mut self, body: &Block) -> Completion {
        match self.possibly_raising(|machine| machine.execute_block(body)) {
            Completion::Return(value) => {
                self.possibly_return(value);
                Completion::Doubtful
            }
            Completion::Doubtful => Completion::Doubtful,
            _ => Completion::Normal,
        }
    }

    fn execute_for(
        &mut self,
        target: &Expression,
        iterable: &Expression,
        body: &Block,
        orelse: &Block,
    ) -> Raises<Completion> {
        let iterable = self.evaluate(iterable)?;
        let (items, complete) = self.elements(&iterable);
        let items = items.unwrap_or_default();
        for item in items.iter().take(MAX_TURNS) {
            self.assign(target, item.clone())?;
            match self.execute_block(body)? {
                Completion::Break => return Ok(Completion::Normal),
                Completion::Return(value) => return Ok(Completion::Return(value)),
                // The loop may have been left: the other turns are possible.
                doubtful @ (Completion::Doubtful | Completion::DoubtfulTurn) => {
                    self.assign(target, Value::Unknown)?;
                    let rest = self.possible_turn(body);
                    return Ok(match doubtful {
                        Completion::Doubtful => Completion::Doubtful,
                        _ => rest,
                    });
                }
                Completion::Normal | Completion::Continue => {}
            }
        }
        if complete && items.len() <= MAX_TURNS {
            return self.execute_block(orelse);
        }
        self.assign(target, Value::Unknown)?;
        let turn = self.possible_turn(body);
        self.possibly_raising(|machine| machine.execute_block(orelse));
        Ok(turn)
    }

    fn execute_try(
        &mut self,
        body: &Block,
        handlers: &[Handler],
        orelse: &Block,
        finally: &Block,
    ) -> Raises<Completion> {
        let result = self.execute_guarded(body, handlers, orelse);
        let end = self.execute_block(finally)?;
        match end {
            Completion::Normal | Completion::Doubtful | Completion::DoubtfulTurn => result,
            other => Ok(other),
        }
    }

    fn execute_guarded(&mut self, body: &Block, handlers: &[Handler], orelse: &Block) -> Raises<Completion> {
        let context = self.try_context(handlers);
        self.tries.push(context);
        let depth = self.tries.len();
        let result = self.execute_try_body(body, depth);
        self.tries.truncate(depth);
        let possible = self.tries.pop().map(|context| context.possible).unwrap_or_default();
        match result {
            Err(raised) => self.handle(raised, handlers),
            Ok(Completion::Normal) => {
                let done = self.execute_block(orelse)?;
                self.handle_possible(possible, handlers);
                Ok(done)
            }
            Ok(completion) => {
                self.handle_possible(possible, handlers);
                Ok(completion)
            }
        }
    }

    /// The statements of a `try` block: behind one that possibly raises, the others possibly run.
    fn execute_try_body(&mut self, body: &[Statement], depth: usize) -> Raises<Completion> {
        for index in 1..=body.len() {
            let completion = self.execute_block(&body[index - 1..index])?;
            if !matches!(completion, Completion::Normal) {
                return Ok(completion);
            }
            let doubtful = self.tries.get(depth - 1).is_some_and(|context| !context.possible.is_empty());
            if doubtful && index < body.len() {
                let rest = self.possibly_raising(|machine| machine.execute_block(&body[index..]));
                return Ok(self.either(Completion::Normal, rest));
            }
        }
        Ok(Completion::Normal)
    }

    fn try_context(&self, handlers: &[Handler]) -> TryContext {
        let mut context =
            TryContext { observed: self.observes() && !handlers.is_empty(), ..Default::default() };
        for handler in handlers {
            match &handler.exception {
                None => context.catches_all = true,
                Some(expression) => {
                    let names = exception_names(expression);
                    context.catches_all |= names.is_empty();
                    context.catches.extend(names);
                }
            }
        }
        context
    }

    /// Runs the first handler that catches the exception, or passes it on.
    fn handle(&mut self, mut raised: Box<Raised>, handlers: &[Handler]) -> Raises<Completion> {
        for handler in handlers {
            let caught = match &handler.exception {
                None => Some(true),
                Some(expression) => {
                    let classes = self.evaluate(expression)?;
                    self.is_instance_of(&raised.class, &classes)
                }
            };
            match caught {
                Some(false) => {}
                Some(true) => {
                    self.mark_handled(&raised);
                    return self.run_handler(handler, &raised);
                }
                None => {
                    // It may be caught here: what follows is possible, and it may go on.
                    self.mark_handled(&raised);
                    raised.certain = false;
                    let end = self.possibly_raising(|machine| machine.run_handler(handler, &raised));
                    return Ok(self.either(Completion::Normal, end));
                }
            }
        }
        Err(raised)
    }

    fn run_handler(&mut self, handler: &Handler, raised: &Raised) -> Raises<Completion> {
        if let Some(name) = &handler.name {
            let value = self.exception_instance(raised);
            self.bind(name, value);
        }
        match self.execute_block(&handler.body) {
            // A bare `raise` in the handler.
            Err(again) if again.type_name.is_empty() => Err(Box::new(raised.clone())),
            result => result,
        }
    }

    /// The handlers of what the body may have raised run possibly.
    fn handle_possible(&mut self, possible: Vec<Raised>, handlers: &[Handler]) {
        let mut ran = vec![false; handlers.len()];
        for raised in possible {
            for (index, handler) in handlers.iter().enumerate() {
                let caught = match &handler.exception {
                    None => Some(true),
                    Some(expression) => self.possibly(|machine| {
                        let classes = machine.evaluate(expression).unwrap_or(Value::Unknown);
                        machine.is_instance_of(&raised.class, &classes)
                    }),
                };
                if caught == Some(false) {
                    continue;
                }
                if !std::mem::replace(&mut ran[index], true) {
                    self.mark_handled(&raised);
                    if let Completion::Return(value) =
                        self.possibly_raising(|machine| machine.run_handler(handler, &raised))
                    {
                        self.possibly_return(value);
                    }
                }
                break;
            }
        }
    }

    fn mark_handled(&mut self, raised: &Raised) {
        if self.observes() {
            for &index in &raised.observations {
                if let Some(observation) = self.observations.get_mut(index) {
                    observation.handled = true;
                }
            }
        }
    }

    fn execute_with(
        &mut self,
        items: &[(Expression, Option<Expression>)],
        body: &Block,
    ) -> Raises<Completion> {
        let mut managers = Vec::new();
        for (context, target) in items {
            let manager = self.evaluate(context)?;
            let entered = self.call_method(&manager, "__enter__", Vec::new())?.unwrap_or(Value::Unknown);
            if let Some(target) = target {
                self.assign(target, entered)?;
            }
            managers.push(manager);
        }
        let may_suppress = !managers.is_empty();
        if may_suppress {
            let observed = self.observes() && managers.iter().any(|manager| !matches!(manager, Value::None));
            self.tries.push(TryContext { observed, ..Default::default() });
        }
        let depth = self.tries.len();
        let result = self.execute_block(body);
        self.tries.truncate(depth);
        self.tries.pop();
        let Err(raised) = result else {
            for manager in managers.iter().rev() {
                self.call_method(manager, "__exit__", vec![Value::None, Value::None, Value::None])?;
            }
            return result;
        };
        for manager in managers.iter().rev() {
            let instance = self.exception_instance(&raised);
            let arguments = vec![raised.class.clone(), instance, Value::Unknown];
            let exit = self.call_method(manager, "__exit__", arguments)?.unwrap_or(Value::None);
            if self.truth(&exit) == Some(true) {
                self.mark_handled(&raised);
                return Ok(Completion::Normal);
            }
        }
        Err(raised)
    }

    fn execute_match(&mut self, subject: &Expression, cases: &[Case]) -> Raises<Completion> {
        let subject = self.evaluate(subject)?;
        let mut undecided = Completion::Normal;
        for (index, case) in cases.iter().enumerate() {
            let mut matches = self.matches(&subject, &case.pattern)?;
            if let (Some(true), Some(guard)) = (matches, &case.guard) {
                matches = self.condition(guard)?;
            }
            match matches {
                Some(false) => {}
                Some(true) if index == 0 || matches!(undecided, Completion::Normal) => {
                    return self.execute_block(&case.body);
                }
                _ => {
                    let end = self.possibly_raising(|machine| machine.execute_block(&case.body));
                    undecided = self.either(undecided, end);
                }
            }
        }
        Ok(undecided)
    }

    fn matches(&mut self, subject: &Value, pattern: &Pattern) -> Raises<Option<bool>> {
        Ok(match pattern {
            Pattern::Any(name) => {
                if let Some(name) = name {
                    self.bind(name, subject.clone());
                }
                Some(true)
            }
            Pattern::Value(expression) => {
                let value = self.evaluate(expression)?;
                self.equal(subject, &value)
            }
            Pattern::Or(patterns) => {
                let mut result = Some(false);
                for pattern in patterns {
                    match self.matches(subject, pattern)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => result = None,
                    }
                }
                result
            }
            Pattern::Other(names) => {
                for name in names {
                    self.bind(name, Value::Unknown);
                }
                None
            }
        })
    }

    fn raise_statement(&mut self, exception: Option<&Expression>) -> Raises<Box<Raised>> {
        let Some(expression) = exception else {
            // The handler that runs knows which exception is meant.
            let mut again = Raised::of("builtins.BaseException", "");
            again.type_name = Name::default();
            return Ok(again);
        };
        let value = self.evaluate(expression)?;
        let value = if self.is_class(&value) { self.call(&value, Vec::new(), Vec::new())? } else { value };
        let Value::Object(id) = value else {
            let mut raised = Raised::of("builtins.Exception", "");
            raised.message = None;
            raised.class = Value::Unknown;
            return Ok(raised);
        };
        let class = self.state.heap.get(id).class.clone();
        let mut raised = Raised::of("builtins.Exception", "");
        raised.type_name = self.class_name(&class);
        raised.class = class;
        raised.message = self.exception_text(id);
        raised.name = self.text_attribute(id, "name").map(|name| Name::from(&*name));
        raised.instance = Some(Value::Object(id));
        raised.certain = self.is_certain();
        Ok(raised)
    }

    /// Whether a `raise` that is reached is believed. A released package that cannot be imported is rare; code that checks its
    /// own values with something that is not modelled is not. So an exception from inside a call is believed where
    /// the code around expects it, or where it is about imports.
    fn is_convincing(&self, raised: &Raised) -> bool {
        let in_function = self.frame().is_some_and(|frame| frame.is_function && !frame.observed);
        let import_error = Value::Builtin("builtins.ImportError");
        !in_function
            || raised.type_name.is_empty()
            || self.is_instance_of(&raised.class, &import_error) == Some(true)
            || self.is_expected(&raised.type_name)
    }

    fn define_function(&mut self, function: &Arc<Function>, decorators: &[Expression]) -> Raises<()> {
        let decorators = decorators.iter().map(|each| self.evaluate(each)).collect::<Raises<Vec<_>>>()?;
        let mut value = match self.intrinsic_definition(&function.name) {
            Some(intrinsic) => intrinsic,
            None => self.function_object(function)?,
        };
        for decorator in decorators.iter().rev() {
            value = self.decorate(decorator, value)?;
        }
        self.bind(&function.name, value);
        Ok(())
    }

    /// A function as an object, with its defaults evaluated here.
    pub(super) fn function_object(&mut self, function: &Arc<Function>) -> Raises<Value> {
        let mut defaults = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.evaluate(default)?),
                None => None,
            });
        }
        let region = self.region();
        let Some(frame) = self.frame() else { return Ok(Value::Unknown) };
        let in_class = matches!(self.state.heap.get(frame.names).payload, Payload::Class { .. });
        let enclosing = if frame.is_function && !in_class { Some(frame.names) } else { frame.enclosing };
        let object = FunctionObject {
            code: Arc::clone(function),
            module: frame.module,
            enclosing,
            defaults,
            file: Arc::clone(&frame.file),
            class: in_class.then_some(frame.names),
        };
        let payload = Payload::Function(Arc::new(object));
        Ok(self.state.heap.make(Value::Builtin("types.FunctionType"), payload, region))
    }

    fn define_class(&mut self, class: &Arc<Class>, decorators: &[Expression]) -> Raises<()> {
        let decorators = decorators.iter().map(|each| self.evaluate(each)).collect::<Raises<Vec<_>>>()?;
        if let Some(intrinsic) = self.intrinsic_definition(&class.name) {
            self.bind(&class.name, intrinsic);
            return Ok(());
        }
        let bases = class.bases.iter().map(|base| self.evaluate(base)).collect::<Raises<Vec<_>>>()?;
        let mut metaclass = None;
        for (name, keyword) in &class.keywords {
            let value = self.evaluate(keyword)?;
            if name.as_deref() == Some("metaclass") {
                metaclass = Some(value);
            }
        }
        let metaclass = metaclass.unwrap_or_else(|| self.metaclass_of(&bases));
        let region = self.region();
        let Some(frame) = self.frame() else { return Ok(()) };
        let site = super::Site { file: Arc::clone(&frame.file), span: class.name_span };
        let module_name = self.state.heap.slot(frame.module, "__name__").map(|slot| slot.value.clone());
        let open = bases.iter().any(|base| self.is_open_class(base));
        let id = self.state.heap.add(Object {
            class: metaclass,
            attributes: Attributes::default(),
            open,
            region,
            payload: Payload::Class { bases: bases.into(), site },
        });
        self.state.heap.set(id, "__module__", module_name.unwrap_or(Value::Unknown), None);
        self.state.heap.set(id, "__name__", Value::str(&class.name), None);
        self.state.heap.set(id, "__qualname__", Value::str(&class.name), None);
        // Docstrings and annotations are not in the program.
        self.state.heap.set(id, "__doc__", Value::Unknown, None);
        self.state.heap.set(id, "__annotations__", Value::Unknown, None);
        self.run_class_body(id, &class.body)?;
        let mut value = Value::Object(id);
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

/// The names that an `except` clause catches by; none where they are computed.
fn exception_names(expression: &Expression) -> Vec<Name> {
    match &expression.kind {
        ExpressionKind::Name(name) => vec![name.clone()],
        ExpressionKind::Attribute { name, .. } => vec![name.clone()],
        ExpressionKind::Tuple(items) => items.iter().flat_map(exception_names).collect(),
        _ => Vec::new(),
    }
}

/// Whether the expression is a read whose value is only tested.
fn is_read(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Attribute { .. } | ExpressionKind::Name(_) | ExpressionKind::Call(_) => true,
        ExpressionKind::Not(inner) => is_read(inner),
        _ => false,
    }
}
