//! Statements.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::{
    Block, ComprehensionKind, Conditional, Expression, ExpressionKind, For, Statement, StatementKind,
};

use super::exception::{Raised, Raises};
use super::generators::CLOSED;
use super::value::Value;
use super::{MAX_STATEMENT_STEPS, Machine};

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
            Err(raised)
                if self.observes()
                    && raised.class != Value::Builtin(CLOSED)
                    && !self.tries.iter().any(|context| context.observed) =>
            {
                self.tries.truncate(tries);
                if !self.uncalled {
                    self.escaped.push((statement.span, *raised));
                }
                Ok(Completion::Normal)
            }
            result => result,
        }
    }

    /// Runs the statements of a block, which may stand deep in other blocks and in calls.
    pub(super) fn execute_block(&mut self, block: &[Statement]) -> Raises<Completion> {
        let (needed, more) = super::STACK;
        stacker::maybe_grow(needed, more, || self.execute_statements(block))
    }

    fn execute_statements(&mut self, block: &[Statement]) -> Raises<Completion> {
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

    pub(super) fn possibly_return(&mut self, value: Value) {
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
                if *is_lazy && self.is_postponed(statement) {
                    self.lazy_import(names);
                } else {
                    self.import_statement(names)?;
                }
            }
            StatementKind::ImportFrom { module, module_span, names, level, is_lazy } => {
                if *is_lazy && self.is_postponed(statement) {
                    self.lazy_import_from(module.as_deref(), names, *level)?;
                } else {
                    let span = if module.is_some() { *module_span } else { statement.span };
                    self.import_from_statement(module.as_deref(), span, names, *level)?;
                }
            }
            StatementKind::Assign { targets, value: expression } => {
                let value = if is_generator(expression) {
                    // It runs when it is used up, if it is.
                    self.possibly_value(expression)
                } else {
                    self.evaluate(expression)?
                };
                for target in targets {
                    self.assign(target, value.clone())?;
                    self.keep_reads(target, expression);
                }
            }
            StatementKind::AugmentedAssign(assign) => self.augmented_assign(assign)?,
            StatementKind::Expression(value) => {
                drop(self.evaluate(value)?);
                if self.is_left_possibly() {
                    return Ok(Completion::Doubtful);
                }
            }
            StatementKind::Function { function, decorators } => self.define_function(function, decorators)?,
            StatementKind::Class { class, decorators } => self.define_class(class, decorators)?,
            StatementKind::If(branches) => return self.branch(branches),
            StatementKind::While(turns) => return self.execute_while(turns),
            StatementKind::For(turns) => return self.execute_for(turns),
            StatementKind::Try { body, handlers, orelse, finally } => {
                return self.execute_try(body, handlers, orelse, finally);
            }
            StatementKind::With(with) => return self.execute_with(with, 0),
            StatementKind::Match { subject, cases } => return self.execute_match(subject, cases),
            StatementKind::Raise { exception } => {
                if exception.is_none()
                    && let Some(again) = self.handled.last()
                {
                    return Err(Box::new(again.clone()));
                }
                let raised = self.raise_statement(exception.as_ref())?;
                if self.is_convincing(&raised) {
                    return Err(raised);
                }
                self.note_possible(*raised);
                return Ok(Completion::Return(Value::Unknown));
            }
            StatementKind::Return(value) => {
                let Some(expression) = value else { return Ok(Completion::Return(Value::None)) };
                let value = self.evaluate(expression)?;
                self.return_reads(expression);
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
            StatementKind::Assert(assertion) => {
                let (test, message) = &**assertion;
                if self.condition(test)? == Some(false) {
                    let message = message.as_ref().map_or(Ok(Value::str("")), |text| self.evaluate(text))?;
                    let raised = Raised::of("builtins.AssertionError", message.as_str().unwrap_or_default());
                    // What a library asserts of itself is likelier to hold than what is known of it.
                    let is_own = self.observes() || self.is_expected("AssertionError");
                    if is_own && self.is_convincing(&raised) {
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

    /// Whether a condition holds; `None` where it cannot be decided.
    pub(super) fn condition(&mut self, test: &Expression) -> Raises<Option<bool>> {
        let tested = std::mem::replace(&mut self.tested, is_read(test));
        let value = self.evaluate(test);
        self.tested = tested;
        Ok(self.truth(&value?))
    }

    fn branch(&mut self, branches: &Conditional) -> Raises<Completion> {
        let Conditional { test, body, orelse } = branches;
        match self.condition(test)? {
            Some(true) => self.execute_block(body),
            Some(false) => self.execute_block(orelse),
            None => {
                let (first, second) = self.either_branch(
                    |machine| machine.execute_block(body),
                    |machine| machine.execute_block(orelse),
                )?;
                Ok(self.either(first, second))
            }
        }
    }

    /// How two undecided branches end together.
    pub(super) fn either(&mut self, first: Completion, second: Completion) -> Completion {
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

    fn execute_while(&mut self, turns: &Conditional) -> Raises<Completion> {
        let Conditional { test, body, orelse } = turns;
        for _ in 0..MAX_TURNS {
            if !self.may_repeat() {
                break;
            }
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
        let end = self.possibly_raising(|machine| machine.execute_block(body));
        self.after_possible_turn(end)
    }

    /// How a loop goes on behind a turn that possibly ran.
    pub(super) fn after_possible_turn(&mut self, end: Completion) -> Completion {
        match end {
            Completion::Return(value) => {
                self.possibly_return(value);
                Completion::Doubtful
            }
            Completion::Doubtful => Completion::Doubtful,
            _ => Completion::Normal,
        }
    }

    fn execute_for(&mut self, turns: &Arc<For>) -> Raises<Completion> {
        let For { target, iterable, body, orelse } = &**turns;
        let iterable = self.evaluate(iterable)?;
        if let Some(generator) = self.as_generator(&iterable) {
            return self.for_each_of(&generator, turns);
        }
        let iterable = self.used_up(&iterable)?;
        let (items, complete) = self.elements(&iterable);
        let items = items.unwrap_or_default();
        let mut turns = 0;
        for item in items.iter().take(MAX_TURNS) {
            if !self.may_repeat() {
                break;
            }
            turns += 1;
            self.assign(target, item.clone())?;
            match self.execute_block(body)? {
                Completion::Break => return Ok(Completion::Normal),
                Completion::Return(value) => return Ok(Completion::Return(value)),
                doubtful @ (Completion::Doubtful | Completion::DoubtfulTurn) => {
                    let rest = self.possible_turns(target, &items[turns..], complete, body);
                    return Ok(match doubtful {
                        Completion::Doubtful => Completion::Doubtful,
                        _ => rest,
                    });
                }
                Completion::Normal | Completion::Continue => {}
            }
        }
        if complete && turns == items.len() {
            return self.execute_block(orelse);
        }
        self.assign(target, Value::Unknown)?;
        let turn = self.possible_turn(body);
        self.possibly_raising(|machine| machine.execute_block(orelse));
        Ok(turn)
    }

    /// The other turns of a loop that may have been left.
    fn possible_turns(
        &mut self,
        target: &Expression,
        items: &[Value],
        complete: bool,
        body: &Block,
    ) -> Completion {
        let mut together = Completion::Normal;
        let mut turns = items.iter().map(Some).take(MAX_TURNS).collect::<Vec<_>>();
        if !complete || turns.len() < items.len() {
            turns.push(None);
        }
        for item in turns {
            if !self.may_repeat() {
                break;
            }
            let item = item.cloned().unwrap_or_default();
            let end = self.possibly_raising(|machine| {
                machine.assign(target, item)?;
                machine.execute_block(body)
            });
            if matches!(self.after_possible_turn(end), Completion::Doubtful) {
                together = Completion::Doubtful;
            }
        }
        together
    }

    fn raise_statement(&mut self, exception: Option<&Expression>) -> Raises<Box<Raised>> {
        let Some(expression) = exception else {
            return Ok(Raised::of("builtins.RuntimeError", "No active exception to reraise"));
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
    pub(super) fn is_convincing(&self, raised: &Raised) -> bool {
        let in_function = self.frame().is_some_and(|frame| frame.is_function() && !frame.observed);
        let import_error = Value::Builtin("builtins.ImportError");
        !in_function
            || self.is_instance_of(&raised.class, &import_error) == Some(true)
            || self.is_expected(&raised.type_name)
            // What a library has read of a module explains it.
            || self.has_library_read()
            // What a library does with a None that it was given.
            || self.provenance.gives_none
                && matches!(raised.type_name.as_str(), "TypeError" | "AttributeError")
    }
}

/// Whether the expression is a generator expression.
fn is_generator(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Comprehension(comprehension) if comprehension.kind == ComprehensionKind::Generator)
}

/// Whether the expression is a read whose value is only tested.
fn is_read(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Attribute { .. } | ExpressionKind::Name(_) | ExpressionKind::Call(_) => true,
        ExpressionKind::Not(inner) => is_read(inner),
        ExpressionKind::Walrus { value, .. } => is_read(value),
        _ => false,
    }
}
