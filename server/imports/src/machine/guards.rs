//! Statements that decide what happens to an exception or a value: `try`, `with`, `match`.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::{Block, Case, Expression, ExpressionKind, Handler, Pattern, Statement, With};

use super::exception::{Raised, Raises};
use super::execute::Completion;
use super::value::Value;
use super::{Machine, TryContext};

impl Machine<'_> {
    pub(super) fn execute_try(
        &mut self,
        body: &Block,
        handlers: &[Handler],
        orelse: &Block,
        finally: &Block,
    ) -> Raises<Completion> {
        let result = self.execute_guarded(body, handlers, orelse);
        let end = match &result {
            Err(raised) if !finally.is_empty() => {
                self.while_handled(raised, |machine| machine.execute_block(finally))?
            }
            _ => self.execute_block(finally)?,
        };
        match end {
            Completion::Normal | Completion::Doubtful | Completion::DoubtfulTurn => result,
            other => Ok(other),
        }
    }

    fn execute_guarded(&mut self, body: &Block, handlers: &[Handler], orelse: &Block) -> Raises<Completion> {
        let mut context = self.try_context(handlers);
        context.single_in = (body.len() == 1).then_some(self.frames.len());
        self.tries.push(context);
        let depth = self.tries.len();
        let result = self.execute_try_body(body, depth);
        self.tries.truncate(depth);
        let possible = self.tries.pop().map(|context| context.possible).unwrap_or_default();
        match result {
            Err(raised) => self.handle(raised, handlers),
            Ok(Completion::Normal) => {
                let done = self.execute_block(orelse)?;
                let left = self.handle_possible(possible, handlers);
                Ok(if matches!(done, Completion::Normal) { left } else { done })
            }
            Ok(completion) => {
                drop(self.handle_possible(possible, handlers));
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
                    self.forget_library_reads();
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
        self.while_handled(raised, |machine| machine.execute_block(&handler.body))
    }

    /// Runs what a bare `raise` may stand in.
    fn while_handled<T>(&mut self, raised: &Raised, body: impl FnOnce(&mut Self) -> T) -> T {
        self.handled.push(raised.clone());
        let result = body(self);
        self.handled.pop();
        result
    }

    /// The handlers of what the body may have raised run possibly.
    fn handle_possible(&mut self, possible: Vec<Raised>, handlers: &[Handler]) -> Completion {
        let mut together = Completion::Normal;
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
                    let end = self.possibly_raising(|machine| machine.run_handler(handler, &raised));
                    together = self.either(together, end);
                }
                break;
            }
        }
        together
    }

    pub(super) fn mark_handled(&mut self, raised: &Raised) {
        if self.observes() {
            for &index in &raised.observations {
                if let Some(observation) = self.observations.get_mut(index) {
                    observation.handled = true;
                }
            }
        }
    }

    /// A `with` statement from one of its items on: each stands around those behind it.
    pub(super) fn execute_with(&mut self, with: &Arc<With>, index: usize) -> Raises<Completion> {
        let Some((context, _)) = with.items.get(index) else { return self.execute_with_block(&with.body) };
        let manager = self.evaluate(context)?;
        if let Some(generator) = self.generator_of_manager(&manager) {
            return self.execute_in_generator(&generator, with, index);
        }
        let entered = self.call_guard(&manager, "__enter__", Vec::new())?.unwrap_or(Value::Unknown);
        self.bind_entered(with, index, entered)?;
        let result = self.execute_with(with, index + 1);
        let Err(raised) = result else {
            self.call_guard(&manager, "__exit__", vec![Value::None, Value::None, Value::None])?;
            return result;
        };
        let instance = self.exception_instance(&raised);
        let arguments = vec![raised.class.clone(), instance, Value::Unknown];
        let exit =
            self.while_handled(&raised, |machine| machine.call_guard(&manager, "__exit__", arguments))?;
        let exit = exit.unwrap_or(Value::None);
        if self.truth(&exit) == Some(true) {
            self.mark_handled(&raised);
            return Ok(Completion::Normal);
        }
        Err(raised)
    }

    /// Calls a method of a context manager, and follows it however long it is.
    fn call_guard(&mut self, manager: &Value, name: &str, arguments: Vec<Value>) -> Raises<Option<Value>> {
        let Some(id) = manager.as_object() else { return Ok(None) };
        let class = self.state.heap.get(id).class.clone();
        let function = self.find_in_class(&class, name).and_then(|method| self.as_function(&method));
        match function.filter(|function| !function.code.is_deferred && self.may_follow()) {
            Some(function) => {
                let mut with_manager = vec![manager.clone()];
                with_manager.extend(arguments);
                self.enter_function(&function, with_manager, Vec::new()).map(Some)
            }
            None => self.call_method(manager, name, arguments),
        }
    }

    /// The statements of a `with` block, of which an exception may be suppressed.
    fn execute_with_block(&mut self, body: &Block) -> Raises<Completion> {
        let observed = self.observes();
        self.tries.push(TryContext { observed, ..Default::default() });
        let depth = self.tries.len();
        let result = self.execute_block(body);
        self.tries.truncate(depth);
        self.tries.pop();
        result
    }

    pub(super) fn execute_match(&mut self, subject: &Expression, cases: &[Case]) -> Raises<Completion> {
        let expression = subject;
        let subject = self.evaluate(expression)?;
        self.note_match(expression);
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
