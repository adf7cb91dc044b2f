//! The program of a module, as the import machine runs it: Python's statements and expressions without what cannot
//! touch the import state (annotations, type parameters, format specifications, numbers too large to matter).
//!
//! The types follow the grammar of the [`ast`](https://docs.python.org/3/library/ast.html) module; only what differs is
//! explained here.

use std::sync::Arc;

use smol_str::SmolStr;

/// An identifier, or a dotted name in an import.
pub type Name = SmolStr;

/// A range of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// Whether `offset` lies in this span; its end counts, as a cursor can stand there.
    pub fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }
}

/// A syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// Statements in the order of their execution.
pub type Block = Box<[Statement]>;

/// A statement with its place.
#[derive(Debug)]
pub struct Statement {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: StatementKind,
}

/// What a statement is. The large ones are boxed: a program has one of these for each of its lines.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of Python's ast module")]
pub enum StatementKind {
    Import { names: Box<[Alias]>, is_lazy: bool },
    ImportFrom { module: Option<Name>, module_span: Span, names: Box<[Alias]>, level: u32, is_lazy: bool },
    Assign { targets: Box<[Expression]>, value: Expression },
    AugmentedAssign(Box<AugmentedAssign>),
    Expression(Expression),
    Function { function: Arc<Function>, decorators: Box<[Expression]> },
    Class { class: Arc<Class>, decorators: Box<[Expression]> },
    If(Box<Conditional>),
    While(Box<Conditional>),
    For(Arc<For>),
    Try { body: Block, handlers: Box<[Handler]>, orelse: Block, finally: Block },
    With(Arc<With>),
    Match { subject: Expression, cases: Box<[Case]> },
    Raise { exception: Option<Expression> },
    Return(Option<Expression>),
    Delete(Box<[Expression]>),
    Global(Box<[Name]>),
    Nonlocal(Box<[Name]>),
    Assert(Box<(Expression, Option<Expression>)>),
    Break,
    Continue,
    Pass,
}

/// `target += value`.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the ast module")]
pub struct AugmentedAssign {
    pub target: Expression,
    pub operator: Operator,
    pub value: Expression,
}

/// `if` or `while` with its branches.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the ast module")]
pub struct Conditional {
    pub test: Expression,
    pub body: Block,
    pub orelse: Block,
}

/// `for target in iterable`.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the ast module")]
pub struct For {
    pub target: Expression,
    pub iterable: Expression,
    pub body: Block,
    pub orelse: Block,
}

/// `with context as target, …`.
#[derive(Debug)]
pub struct With {
    /// The contexts with their targets.
    pub items: Box<[(Expression, Option<Expression>)]>,
    /// Its statements.
    pub body: Block,
}

/// `name as asname`.
#[derive(Debug)]
pub struct Alias {
    /// The imported name; dotted in `import a.b`, `*` in `from a import *`.
    pub name: Name,
    /// The name after `as`.
    pub asname: Option<Name>,
    /// The place of the imported name.
    pub span: Span,
}

/// An `except` clause.
#[derive(Debug)]
pub struct Handler {
    /// The class or tuple of classes; `None` for a bare `except:`.
    pub exception: Option<Expression>,
    /// The name after `as`.
    pub name: Option<Name>,
    /// Its statements.
    pub body: Block,
    /// Its place.
    pub span: Span,
}

/// A `case` of a `match` statement.
#[derive(Debug)]
pub struct Case {
    /// What is matched.
    pub pattern: Pattern,
    /// The condition after `if`.
    pub guard: Option<Expression>,
    /// Its statements.
    pub body: Block,
}

/// A pattern, as far as it can be decided.
#[derive(Debug)]
pub enum Pattern {
    /// Matches everything, and binds it to the name, if there is one.
    Any(Option<Name>),
    /// Equal to this value.
    Value(Expression),
    /// One of these.
    Or(Box<[Pattern]>),
    /// Some structure; it may match, and then binds these names.
    Other(Box<[Name]>),
}

/// A function, or a lambda expression (whose body is one `return`).
#[derive(Debug)]
pub struct Function {
    /// Its name; `<lambda>` for a lambda expression.
    pub name: Name,
    /// The place of its name.
    pub name_span: Span,
    /// Its parameters in order.
    pub parameters: Box<[Parameter]>,
    /// Its statements; `None` where they are left out, to be had from [`left_out`](crate::left_out) by the rare caller
    /// that runs a function which [is not followed](Self::is_followed).
    pub body: Option<Block>,
    /// Whether a call runs no statement of the body: a generator or a coroutine.
    pub is_deferred: bool,
    /// Whether a call gives a generator, which runs the body as it is iterated over.
    pub is_generator: bool,
    /// Whether the body names something that belongs to the import state.
    pub mentions_import_state: bool,
    /// The number of statements that a call may run; those of functions inside are not counted.
    pub size: u32,
}

/// A function with no more statements than this is followed even if it names nothing of the import state: what it
/// returns may decide a branch.
const SMALL: u32 = 14;

impl Function {
    /// Whether a call of it is worth being followed.
    pub fn is_followed(&self) -> bool {
        self.mentions_import_state || self.size <= SMALL
    }
}

/// How a parameter takes its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in inspect.Parameter")]
pub enum ParameterKind {
    PositionalOnly,
    PositionalOrKeyword,
    VarPositional,
    KeywordOnly,
    VarKeyword,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// How it takes its argument.
    pub kind: ParameterKind,
    /// Its default value, evaluated where the function is defined.
    pub default: Option<Expression>,
}

/// A class.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: Name,
    /// The place of its name.
    pub name_span: Span,
    /// Its bases.
    pub bases: Box<[Expression]>,
    /// `metaclass=` and the like.
    pub keywords: Box<[(Option<Name>, Expression)]>,
    /// Its statements.
    pub body: Block,
}

/// An expression with its place.
#[derive(Debug)]
pub struct Expression {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What an expression is.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of Python's ast module")]
pub enum ExpressionKind {
    None,
    Bool(bool),
    Int(i64),
    String(Arc<str>),
    Ellipsis,
    Name(Name),
    Attribute {
        value: Box<Expression>,
        name: Name,
    },
    Call(Box<Call>),
    Subscript {
        value: Box<Expression>,
        index: Box<Expression>,
    },
    Slice {
        lower: Option<Box<Expression>>,
        upper: Option<Box<Expression>>,
        step: Option<Box<Expression>>,
    },
    Tuple(Box<[Expression]>),
    List(Box<[Expression]>),
    Set(Box<[Expression]>),
    /// A key of `None` is `**value`.
    Dict(Box<[(Option<Expression>, Expression)]>),
    /// `and` where the flag is set, else `or`.
    Boolean {
        is_and: bool,
        values: Box<[Expression]>,
    },
    Not(Box<Expression>),
    Compare {
        left: Box<Expression>,
        rest: Box<[(Comparison, Expression)]>,
    },
    Binary {
        left: Box<Expression>,
        operator: Operator,
        right: Box<Expression>,
    },
    Conditional {
        test: Box<Expression>,
        body: Box<Expression>,
        orelse: Box<Expression>,
    },
    Lambda(Arc<Function>),
    Walrus {
        target: Name,
        value: Box<Expression>,
    },
    /// An f-string: literal text and the expressions between. A part with a conversion or a format
    /// specification is [`ExpressionKind::Opaque`].
    Format(Box<[Expression]>),
    Comprehension(Box<Comprehension>),
    Starred(Box<Expression>),
    Yield(Option<Box<Expression>>),
    YieldFrom(Box<Expression>),
    /// A value that is not modelled; its operands are still evaluated.
    Opaque(Box<[Expression]>),
}

/// A call.
#[derive(Debug)]
pub struct Call {
    /// What is called.
    pub function: Expression,
    /// The positional arguments; `*x` is [`ExpressionKind::Starred`].
    pub arguments: Box<[Expression]>,
    /// The keyword arguments; a name of `None` is `**value`.
    pub keywords: Box<[(Option<Name>, Expression)]>,
}

/// A list, set or dict comprehension, or a generator expression.
#[derive(Debug)]
pub struct Comprehension {
    /// What it makes.
    pub kind: ComprehensionKind,
    /// The element, or the key of a dict comprehension.
    pub element: Expression,
    /// The value of a dict comprehension.
    pub value: Option<Expression>,
    /// Its `for` clauses.
    pub clauses: Box<[Clause]>,
}

/// What a comprehension makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the ast module")]
pub enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// `for target in iterable if condition …`.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the ast module")]
pub struct Clause {
    pub target: Expression,
    pub iterable: Expression,
    pub conditions: Box<[Expression]>,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the ast module")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    IsNot,
    In,
    NotIn,
}

/// An arithmetic operator, as far as its result can matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the ast module")]
pub enum Operator {
    Add,
    Subtract,
    Modulo,
    BitOr,
    BitAnd,
    /// `a / b`, which paths use to join.
    Divide,
    Other,
}
