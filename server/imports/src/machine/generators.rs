//! Generators: each runs inside whatever uses its values up.
//!
//! The body of a generator function is run when its values are asked for, and at each `yield` the consumer's own code
//! runs: the turn of a `for` loop, the block of a `with` statement. So what both do comes in the order of events, and
//! exceptions take the way that they take in CPython.

use std::sync::Arc;

use speclens_source::Name;
use speclens_source::program::{Expression, For, With};

use super::exception::{Raised, Raises};
use super::execute::Completion;
use super::value::{FunctionObject, ObjectId, Payload, Value};
use super::{MAX_ITEMS, Machine};

/// A call of a generator function that has not begun.
#[derive(Debug)]
pub struct GeneratorObject {
    function: Arc<FunctionObject>,
    arguments: Vec<Value>,
    keywords: Vec<(Name, Value)>,
}

/// Who takes the values of a generator.
pub(super) struct Consumer {
    kind: Kind,
    /// How many regions the run was in when it began: a `yield` in more is only possible.
    regions: usize,
    /// How the consumer's code ended.
    end: Raises<Completion>,
    /// Whether the consumer takes no more.
    is_over: bool,
    /// Whether the consumer has possibly left.
    is_doubtful: bool,
}

impl Consumer {
    fn new(kind: Kind, regions: usize) -> Self {
        Self { kind, regions, end: Ok(Completion::Normal), is_over: false, is_doubtful: false }
    }
}

impl Default for Consumer {
    fn default() -> Self {
        Self::new(Kind::Delegation, 0)
    }
}

enum Kind {
    /// Collects them, and knows whether these are all.
    All(Vec<Value>, bool),
    /// Takes the first only.
    First(Option<Value>),
    /// `for target in generator`.
    For(Arc<For>),
    /// `with` a context manager that is made of a generator, the item of this number.
    With(Arc<With>, usize, Option<Value>),
    /// `yield from generator`.
    Delegation,
}

impl Machine<'_> {
    /// Calls a generator function: nothing of it runs yet.
    pub(super) fn make_generator(
        &mut self,
        function: &Arc<FunctionObject>,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Value {
        let function = Arc::clone(function);
        let payload = Payload::Generator(Arc::new(GeneratorObject { function, arguments, keywords }));
        let region = self.region();
        let generator = self.state.heap.make(Value::Builtin("types.GeneratorType"), payload, region);
        if let Some(id) = generator.as_object() {
            self.state.heap.get_mut(id).open = true;
        }
        generator
    }

    /// The generator, if the value is one that can be followed.
    pub(super) fn as_generator(&self, value: &Value) -> Option<Arc<GeneratorObject>> {
        match &self.state.heap.get(value.as_object()?).payload {
            Payload::Generator(generator) if self.may_follow() => Some(Arc::clone(generator)),
            _ => None,
        }
    }

    /// The generator of a context manager that `contextlib.contextmanager` made.
    pub(super) fn generator_of_manager(&self, manager: &Value) -> Option<Arc<GeneratorObject>> {
        let id = manager.as_object()?;
        let class: ObjectId = self.state.heap.get(id).class.as_object()?;
        let is_it = self.text_attribute(class, "__name__").as_deref() == Some("_GeneratorContextManager")
            && self.text_attribute(class, "__module__").as_deref() == Some("contextlib");
        let generator = self.state.heap.slot(id, "gen").filter(|_| is_it)?;
        self.as_generator(&generator.value)
    }

    fn run_generator(&mut self, generator: &GeneratorObject, kind: Kind) -> (Raises<Value>, Consumer) {
        let consumer = Consumer::new(kind, self.regions.len());
        let (arguments, keywords) = (generator.arguments.clone(), generator.keywords.clone());
        self.consume_function(&generator.function, arguments, keywords, consumer)
    }

    /// All values of a generator, as a list.
    pub(super) fn all_of(&mut self, generator: &GeneratorObject) -> Raises<Value> {
        let (result, consumer) = self.run_generator(generator, Kind::All(Vec::new(), true));
        result?;
        let Kind::All(items, complete) = consumer.kind else { return Ok(Value::Unknown) };
        let region = self.region();
        let list = self.state.heap.list(items, region);
        if let (false, Some(id)) = (complete, list.as_object()) {
            self.state.heap.get_mut(id).open = true;
        }
        Ok(list)
    }

    /// `next(generator)`, which is not asked again.
    pub(super) fn first_of(&mut self, generator: &GeneratorObject, default: Option<&Value>) -> Raises<Value> {
        let (result, consumer) = self.run_generator(generator, Kind::First(None));
        let Kind::First(first) = consumer.kind else { return Ok(Value::Unknown) };
        if consumer.is_over {
            return Ok(first.unwrap_or_default());
        }
        result?;
        Ok(match (first, default) {
            (None, Some(default)) => default.clone(),
            _ => Value::Unknown,
        })
    }

    /// `for … in generator`.
    pub(super) fn for_each_of(
        &mut self,
        generator: &GeneratorObject,
        turns: &Arc<For>,
    ) -> Raises<Completion> {
        let (result, consumer) = self.run_generator(generator, Kind::For(Arc::clone(turns)));
        if consumer.is_over {
            return consumer.end;
        }
        result?;
        let end = consumer.end?;
        if !consumer.is_doubtful {
            return self.execute_block(&turns.orelse);
        }
        self.possibly_raising(|machine| machine.execute_block(&turns.orelse));
        Ok(end)
    }

    /// `with` a context manager that is made of a generator: what is before its `yield`, the block, what is behind it.
    pub(super) fn execute_in_generator(
        &mut self,
        generator: &GeneratorObject,
        with: &Arc<With>,
        index: usize,
    ) -> Raises<Completion> {
        let (result, consumer) = self.run_generator(generator, Kind::With(Arc::clone(with), index, None));
        let Kind::With(_, _, entered) = consumer.kind else { return Ok(Completion::Normal) };
        if !consumer.is_over {
            // It is taken to have entered the block somewhere.
            result?;
            self.bind_entered(with, index, entered.unwrap_or_default())?;
            return self.execute_with(with, index + 1);
        }
        match (consumer.end, result) {
            (Ok(completion), Ok(_)) => Ok(completion),
            (Ok(_), Err(raised)) => Err(raised),
            (Err(raised), Ok(_)) => {
                self.mark_handled(&raised);
                Ok(Completion::Normal)
            }
            (Err(raised), Err(again)) => Err(if raised.class == again.class { raised } else { again }),
        }
    }

    /// Binds what `__enter__` gave.
    pub(super) fn bind_entered(&mut self, with: &With, index: usize, entered: Value) -> Raises<()> {
        match with.items.get(index) {
            Some((_, Some(target))) => self.assign(target, entered),
            _ => Ok(()),
        }
    }

    /// `yield from iterable`.
    pub(super) fn yield_from(&mut self, iterable: &Expression) -> Raises<Value> {
        let iterable = self.evaluate(iterable)?;
        if let Some(generator) = self.as_generator(&iterable) {
            return self.run_generator(&generator, Kind::Delegation).0;
        }
        let iterable = self.used_up(&iterable)?;
        let (items, complete) = self.elements(&iterable);
        for item in items.unwrap_or_default() {
            if !self.may_repeat() {
                break;
            }
            self.yield_value(item)?;
        }
        if !complete {
            self.possibly_raising(|machine| machine.yield_value(Value::Unknown));
        }
        Ok(Value::Unknown)
    }

    /// `yield value`: the consumer's code runs, in its own frame.
    pub(super) fn yield_value(&mut self, value: Value) -> Raises<Value> {
        let Some(mut frame) = self.frames.pop() else { return Ok(Value::Unknown) };
        let result = match &mut frame.consumer {
            Some(consumer) => self.consume(consumer, value).map(|()| Value::None),
            None => Ok(Value::Unknown),
        };
        self.frames.push(frame);
        result
    }

    /// Whether the function that runs is a generator whose consumer has possibly left.
    pub(super) fn is_left_possibly(&self) -> bool {
        self.frame().and_then(|frame| frame.consumer.as_ref()).is_some_and(|consumer| consumer.is_doubtful)
    }

    fn consume(&mut self, consumer: &mut Consumer, value: Value) -> Raises<()> {
        let is_possible = self.regions.len() > consumer.regions;
        match &mut consumer.kind {
            Kind::All(items, complete) => {
                *complete &= !is_possible && items.len() < MAX_ITEMS;
                if items.len() < MAX_ITEMS {
                    items.push(value);
                }
                Ok(())
            }
            Kind::First(first) => {
                *first = Some(first.take().map_or(value.clone(), |first| first.join(value)));
                if is_possible {
                    return Ok(());
                }
                consumer.is_over = true;
                Err(Raised::of("builtins.GeneratorExit", ""))
            }
            Kind::For(turns) => {
                let turns = Arc::clone(turns);
                self.consume_in_turn(consumer, &turns, value, is_possible)
            }
            Kind::With(_, _, entered) if is_possible || consumer.is_over => {
                *entered = Some(entered.take().map_or(value.clone(), |entered| entered.join(value)));
                Ok(())
            }
            Kind::With(with, index, _) => {
                let (with, index) = (Arc::clone(with), *index);
                consumer.is_over = true;
                let end = self.bind_entered(&with, index, value);
                consumer.end = end.and_then(|()| self.execute_with(&with, index + 1));
                match &consumer.end {
                    Err(raised) => Err(raised.clone()),
                    Ok(_) => Ok(()),
                }
            }
            Kind::Delegation => self.yield_value(value).map(drop),
        }
    }

    /// One turn of the loop that takes the values. A loop that is left closes its generator.
    fn consume_in_turn(
        &mut self,
        consumer: &mut Consumer,
        turns: &For,
        value: Value,
        is_possible: bool,
    ) -> Raises<()> {
        if is_possible || consumer.is_doubtful {
            let end = self.possibly_raising(|machine| {
                machine.assign(&turns.target, value)?;
                machine.execute_block(&turns.body)
            });
            if matches!(self.after_possible_turn(end), Completion::Doubtful) {
                consumer.end = Ok(Completion::Doubtful);
            }
            return Ok(());
        }
        let end = self.assign(&turns.target, value).and_then(|()| self.execute_block(&turns.body));
        consumer.end = match end {
            Ok(Completion::Normal | Completion::Continue) => return Ok(()),
            Ok(Completion::DoubtfulTurn) => {
                consumer.is_doubtful = true;
                return Ok(());
            }
            Ok(Completion::Doubtful) => {
                consumer.is_doubtful = true;
                consumer.end = Ok(Completion::Doubtful);
                return Ok(());
            }
            Ok(Completion::Break) => Ok(Completion::Normal),
            left => left,
        };
        consumer.is_over = true;
        Err(Raised::of("builtins.GeneratorExit", ""))
    }
}
