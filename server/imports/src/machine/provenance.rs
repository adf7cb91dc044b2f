//! What becomes of a read: which variables hold what it gave, whether they are tested, which exception it leads to.

use rustc_hash::FxHashMap;
use speclens_source::program::{Call, Expression, ExpressionKind, Operator, Parameter, ParameterKind};
use speclens_source::{Name, Span};

use super::Machine;
use super::exception::{Raised, Raises};
use super::observe::{Consequence, Outcome, Seen};
use super::value::{ObjectId, Value};

/// How far back the read that an expression is can lie, counted in observations.
pub(super) const NEAR: usize = 64;

/// Which reads of the user's file a value came from, by the number of the observation.
#[derive(Default)]
pub(super) struct Provenance {
    /// What variables and attributes hold.
    variables: FxHashMap<(ObjectId, Name), Vec<usize>>,
    /// What the last `return` gave, until the call that it ends takes it.
    returned: Vec<usize>,
    /// What the last call of a function gave.
    called: Option<(Span, Vec<usize>)>,
    /// The arguments of the call that begins.
    passed: Vec<Vec<usize>>,
    /// Whether a function that runs was given a None that the user's file had read.
    pub(super) gives_none: bool,
}

impl Machine<'_> {
    /// Where a name is bound that the code reads.
    pub(super) fn variable_key(&self, name: &Name) -> Option<(ObjectId, Name)> {
        let frame = self.frame()?;
        let has = |id: &ObjectId| self.state.heap.slot(*id, name).is_some();
        let scope = [frame.names, frame.module].into_iter().find(has)?;
        Some((scope, name.clone()))
    }

    /// `self.name`, and the like: the object that holds the attribute.
    pub(super) fn attribute_key(&self, value: &Expression, name: &Name) -> Option<(ObjectId, Name)> {
        let ExpressionKind::Name(variable) = &value.kind else { return None };
        let (scope, variable) = self.variable_key(variable)?;
        let object = self.state.heap.slot(scope, &variable)?.value.as_object()?;
        Some((object, name.clone()))
    }

    /// The reads that gave the value of an expression, which was just evaluated.
    pub(super) fn reads_of(&self, expression: &Expression) -> Vec<usize> {
        if !self.observes() {
            return Vec::new();
        }
        let own = || {
            let near = self.observations.iter().enumerate().rev().take(NEAR);
            let mut own = near.filter(|(_, seen)| seen.span == expression.span && seen.kind.is_read());
            own.next().map(|(index, _)| vec![index])
        };
        let held = |key: Option<(ObjectId, Name)>| self.provenance.variables.get(&key?).cloned();
        match &expression.kind {
            ExpressionKind::Name(name) => own().or_else(|| held(self.variable_key(name))),
            ExpressionKind::Attribute { value, name, .. } => {
                own().or_else(|| held(self.attribute_key(value, name)))
            }
            ExpressionKind::Subscript { .. } => own(),
            ExpressionKind::Call(_) => own().or_else(|| {
                let (span, reads) = self.provenance.called.as_ref()?;
                (*span == expression.span).then(|| reads.clone())
            }),
            ExpressionKind::Walrus { value, .. } => Some(self.reads_of(value)),
            ExpressionKind::Conditional { body, orelse, .. } => {
                Some([self.reads_of(body), self.reads_of(orelse)].concat())
            }
            ExpressionKind::Boolean { values, .. } => {
                Some(values.iter().flat_map(|value| self.reads_of(value)).collect())
            }
            _ => None,
        }
        .unwrap_or_default()
    }

    /// Remembers which reads a target holds from now on.
    pub(super) fn keep_reads(&mut self, target: &Expression, value: &Expression) {
        if !self.observes() {
            return;
        }
        let key = match (&target.kind, &value.kind) {
            (ExpressionKind::Tuple(targets), ExpressionKind::Tuple(values))
                if targets.len() == values.len() =>
            {
                for (target, value) in targets.iter().zip(values) {
                    self.keep_reads(target, value);
                }
                return;
            }
            (ExpressionKind::Name(name), _) => self.variable_key(name),
            (ExpressionKind::Attribute { value, name, .. }, _) => self.attribute_key(value, name),
            _ => None,
        };
        self.keep_under(key, value);
    }

    /// The same for `name := value`.
    pub(super) fn keep_in(&mut self, name: &Name, value: &Expression) {
        if self.observes() {
            self.keep_under(self.variable_key(name), value);
        }
    }

    fn keep_under(&mut self, key: Option<(ObjectId, Name)>, value: &Expression) {
        let reads = self.reads_of(value);
        if let Some(key) = key.filter(|_| !reads.is_empty()) {
            self.provenance.variables.entry(key).or_default().extend(reads);
        }
    }

    /// A variable or attribute is about to get another value.
    pub(super) fn forget_reads(&mut self, id: ObjectId, name: &str) {
        if !self.provenance.variables.is_empty() && self.is_certain() {
            self.provenance.variables.remove(&(id, Name::from(name)));
        }
    }

    /// `return value`.
    pub(super) fn return_reads(&mut self, value: &Expression) {
        if self.observes() {
            let reads = self.reads_of(value);
            self.provenance.returned.extend(reads);
        }
    }

    /// A function of the user's file begins: its parameters hold what the call passes.
    pub(super) fn bind_reads(&mut self, variables: ObjectId, parameters: &[Parameter], given: usize) {
        let passed = std::mem::take(&mut self.provenance.passed);
        // A method has its receiver before what is passed.
        let bound = given.saturating_sub(passed.len());
        for (parameter, reads) in parameters.iter().skip(bound).zip(passed) {
            if !reads.is_empty()
                && matches!(
                    parameter.kind,
                    ParameterKind::PositionalOnly | ParameterKind::PositionalOrKeyword
                )
            {
                self.provenance.variables.insert((variables, parameter.name.clone()), reads);
            }
        }
    }

    /// Whether the call that begins passes what was read.
    pub(super) fn passes_reads(&self) -> bool {
        self.provenance.passed.iter().any(|reads| !reads.is_empty())
    }

    /// What a variable holds is compared with None, or asked for its truth: the code around deals with it.
    pub(super) fn note_test(&mut self, key: &(ObjectId, Name)) {
        let reads = self.provenance.variables.get(key).cloned().unwrap_or_default();
        self.note_handled(&reads);
    }

    /// The value of an expression is matched against None.
    pub(super) fn note_match(&mut self, subject: &Expression) {
        let reads = self.reads_of(subject);
        self.note_handled(&reads);
    }

    fn note_handled(&mut self, reads: &[usize]) {
        for index in reads {
            if let Some(read) = self.observations.get_mut(*index).filter(|read| read.consequence.is_none()) {
                read.handled = true;
            }
        }
    }

    /// An exception comes of what these reads gave.
    pub(super) fn note_consequence(&mut self, reads: &[usize], raised: &mut Raised, span: Span) {
        raised.observations.extend(reads);
        let outcome = Outcome::Raises(Box::new(raised.clone()));
        self.add_consequence(reads, &outcome, raised.certain, span);
    }

    fn add_consequence(&mut self, reads: &[usize], outcome: &Outcome, certain: bool, span: Span) {
        if matches!(outcome, Outcome::IsPath) && self.is_expected("FileNotFoundError") {
            self.note_handled(reads);
            return;
        }
        let certain = certain && self.is_certain() && !self.uncalled_elsewhere(reads);
        for index in reads {
            let Some(read) = self.observations.get_mut(*index).filter(|read| read.consequence.is_none())
            else {
                continue;
            };
            let is_path = matches!(outcome, Outcome::IsPath);
            if !is_path || matches!(read.kind.seen(), Some(Seen::Known(_))) {
                read.handled &= is_path;
                read.consequence = Some(Consequence { outcome: outcome.clone(), span, certain });
            }
        }
    }

    /// Whether a read of the module's own code is used in a function that someone else calls.
    fn uncalled_elsewhere(&self, reads: &[usize]) -> bool {
        let is_called = |index: &usize| self.observations.get(*index).is_some_and(|read| !read.uncalled);
        self.uncalled && reads.iter().any(is_called)
    }

    /// Calls a function with arguments that may come from reads.
    pub(super) fn call_with_reads(
        &mut self,
        span: Span,
        call: &Call,
        function: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        if !self.observes() {
            return self.call(function, arguments, keywords);
        }
        let all: Vec<Vec<usize>> = call.arguments.iter().map(|argument| self.reads_of(argument)).collect();
        let reads = all.first().filter(|_| all.len() == arguments.len()).cloned().unwrap_or_default();
        let of_none = arguments.first() == Some(&Value::None) && !reads.is_empty();
        if let (Value::Builtin(name), Some(Value::Str(_)), false) =
            (function, arguments.first(), reads.is_empty())
            && takes_path(name)
        {
            self.add_consequence(&reads, &Outcome::IsPath, true, span);
        }
        let refused = if of_none { self.refuses_none(function) } else { None };
        if let Some(mut raised) = refused {
            self.note_consequence(&reads, &mut raised, span);
            return Err(raised);
        }
        self.provenance.returned.clear();
        self.provenance.passed = all;
        let gave = std::mem::replace(&mut self.provenance.gives_none, of_none);
        let result = self.call_for_user(span, function, arguments, keywords);
        self.provenance.gives_none = gave;
        self.provenance.passed.clear();
        let returned = std::mem::take(&mut self.provenance.returned);
        self.provenance.called = Some((span, returned));
        result.map_err(|mut raised| {
            if of_none && matches!(raised.type_name.as_str(), "TypeError" | "AttributeError") {
                self.note_consequence(&reads, &mut raised, span);
            }
            raised
        })
    }

    /// What a function that takes a path raises for None.
    fn refuses_none(&self, function: &Value) -> Option<Box<Raised>> {
        let Value::Builtin(name) = function else { return None };
        let message = match *name {
            "os.path.exists" | "os.path.isfile" | "os.path.isdir" => {
                "stat: path should be string, bytes, os.PathLike or integer, not NoneType"
            }
            "os.path.normpath" if self.version().at_least(13) => {
                "_path_normpath: path should be string, bytes or os.PathLike, not NoneType"
            }
            "pathlib.Path" if self.version().at_least(12) => {
                "argument should be a str or an os.PathLike object where __fspath__ returns a str, not 'NoneType'"
            }
            name if takes_path(name) && name != "os.listdir" => {
                "expected str, bytes or os.PathLike object, not NoneType"
            }
            _ => return None,
        };
        Some(Raised::of("builtins.TypeError", message))
    }

    /// An operator between None and a string.
    pub(super) fn refuse_operands(
        &mut self,
        span: Span,
        (left, left_value): (&Expression, &Value),
        operator: Operator,
        (right, right_value): (&Expression, &Value),
    ) -> Raises<()> {
        if !self.observes() {
            return Ok(());
        }
        let (reads, message) = match (left_value, operator, right_value) {
            (Value::None, Operator::Add, Value::Str(_)) => {
                (self.reads_of(left), "unsupported operand type(s) for +: 'NoneType' and 'str'")
            }
            (Value::None, Operator::Divide, Value::Str(_)) => {
                (self.reads_of(left), "unsupported operand type(s) for /: 'NoneType' and 'str'")
            }
            (Value::Str(_), Operator::Add, Value::None) => {
                (self.reads_of(right), "can only concatenate str (not \"NoneType\") to str")
            }
            _ => return Ok(()),
        };
        if reads.is_empty() {
            return Ok(());
        }
        let mut raised = Raised::of("builtins.TypeError", message);
        self.note_consequence(&reads, &mut raised, span);
        Err(raised)
    }
}

/// Whether a function takes a path as its first argument.
fn takes_path(name: &str) -> bool {
    matches!(name, "builtins.open" | "os.fspath" | "os.listdir" | "pathlib.Path")
        || name.starts_with("os.path.")
}
