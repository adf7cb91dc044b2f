//! The values that the machine computes with.
//!
//! A value is known, one of a few, or unknown. Objects live in the [`Heap`](super::heap::Heap) and are shared by their id,
//! as Python shares them by reference.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use speclens_source::program::Function;
use speclens_source::{Name, Span};

/// More alternatives than this are [`Value::Unknown`].
const MAX_ALTERNATIVES: usize = 4;
/// A computed string that is longer than this is data. Bytes.
const MAX_TEXT: usize = 1 << 14;
/// Tuples nested deeper than this are data.
const MAX_DEPTH: u32 = 64;

/// An object on the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectId(pub(super) u32);

/// A place in a file's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    /// The file.
    pub file: Arc<str>,
    /// The statement or expression.
    pub span: Span,
}

/// What an expression evaluates to.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Anything.
    #[default]
    Unknown,
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Str(Arc<str>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// A mutable object, a module, a class, a function.
    Object(ObjectId),
    /// A class or function that the interpreter or the standard library implements, by its qualified name.
    Builtin(&'static str),
    /// A function bound to its first argument.
    Method(Arc<(Value, Value)>),
    /// One of these; none of them is itself [`Value::OneOf`] or [`Value::Unknown`].
    OneOf(Arc<[Value]>),
}

impl Value {
    /// A string value; one that grew beyond all measure is not known.
    pub fn str(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.len() > MAX_TEXT { Self::Unknown } else { Self::Str(Arc::from(text)) }
    }

    /// A tuple; one that grew beyond all measure, in its length or its depth, is not known.
    pub fn tuple(items: Vec<Self>) -> Self {
        let mut room = super::MAX_ITEMS;
        let fits = items.iter().all(|item| item.fits(&mut room, MAX_DEPTH));
        if fits { Self::Tuple(items.into()) } else { Self::Unknown }
    }

    fn fits(&self, room: &mut usize, depth: u32) -> bool {
        if *room == 0 || depth == 0 {
            return false;
        }
        *room -= 1;
        match self {
            Self::Tuple(items) => items.iter().all(|item| item.fits(room, depth - 1)),
            _ => true,
        }
    }

    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The object, where it is one.
    pub fn as_object(&self) -> Option<ObjectId> {
        match self {
            Self::Object(id) => Some(*id),
            _ => None,
        }
    }

    /// The value of a variable that has this value or the other.
    pub fn join(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let mut all: Vec<Self> = Vec::new();
        for value in [self, other] {
            match value {
                Self::Unknown => return Self::Unknown,
                Self::OneOf(values) => {
                    for value in values.iter() {
                        if !all.contains(value) {
                            all.push(value.clone());
                        }
                    }
                }
                value if all.contains(&value) => {}
                value => all.push(value),
            }
        }
        if all.len() > MAX_ALTERNATIVES { Self::Unknown } else { Self::OneOf(all.into()) }
    }

    /// The values that this one may be; `None` where it may be anything.
    pub fn alternatives(&self) -> Option<&[Self]> {
        match self {
            Self::Unknown => None,
            Self::OneOf(values) => Some(values),
            value => Some(std::slice::from_ref(value)),
        }
    }
}

/// A value with the place that gave it.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The value.
    pub value: Value,
    /// The statement that set it; `None` where importlib or the interpreter did.
    pub site: Option<Site>,
    /// Whether the name is certainly bound.
    pub certain: bool,
}

/// The attributes of an object, in the order they were set.
pub type Attributes = IndexMap<Name, Slot, FxBuildHasher>;

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its class.
    pub class: Value,
    /// Its attributes: a module's or class's names, an instance's `__dict__`, a function call's local variables.
    pub attributes: Attributes,
    /// Whether it may have attributes or elements that are not known.
    pub open: bool,
    /// The region of the run in which it was made; see `Machine::region`.
    pub region: u32,
    /// What it is beyond its attributes.
    pub payload: Payload,
}

impl Object {
    /// Forgets the items of a list or dict that grew beyond all measure.
    pub(super) fn limit(&mut self) {
        match &mut self.payload {
            Payload::List(items) if items.len() > super::MAX_ITEMS => items.clear(),
            Payload::Dict(items) if items.len() > super::MAX_ITEMS => items.clear(),
            _ => return,
        }
        self.open = true;
    }
}

/// What an object is beyond its attributes.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing more.
    Plain,
    /// A module; its site is where code made it, `None` where importlib did.
    Module {
        /// Where it was made.
        made: Option<Site>,
    },
    /// A class.
    Class(Box<ClassObject>),
    /// A function.
    Function(Arc<FunctionObject>),
    /// The variables of a function call.
    Scope {
        /// The call around it, for a function defined in a function.
        enclosing: Option<ObjectId>,
    },
    /// A list or a set.
    List(Vec<Value>),
    /// A dict.
    Dict(Vec<(Value, Value)>),
    /// A name of a `lazy import`.
    LazyImport(Arc<LazyImport>),
    /// A generator.
    Generator(Arc<super::generators::GeneratorObject>),
    /// An iterator that `map` or `filter` made, with what they were given.
    Deferred(Arc<[Value]>),
    /// A property, static method or class method around a function.
    Descriptor(Value),
    /// What a decorator that cannot be followed made of a function.
    Decorated(Value),
}

/// A class with its bases.
#[derive(Debug, Clone)]
pub struct ClassObject {
    /// Its method resolution order: itself, its bases, what is behind them.
    pub order: Arc<[Value]>,
    /// Where it is defined.
    pub site: Site,
}

/// A function with what it closes over.
#[derive(Debug)]
pub struct FunctionObject {
    /// Its code.
    pub code: Arc<Function>,
    /// `__qualname__`.
    pub qualified_name: Arc<str>,
    /// The module whose names are its globals.
    pub module: ObjectId,
    /// The variables around it.
    pub enclosing: Option<ObjectId>,
    /// The default values of its parameters, in their order, up to the last that has one.
    pub defaults: Vec<Option<Value>>,
    /// The file that defines it.
    pub file: Arc<str>,
    /// The class whose body defines it, for `super()`.
    pub class: Option<ObjectId>,
}

/// A name that stands for an import which has not happened.
#[derive(Debug)]
pub struct LazyImport {
    /// The absolute name of the module.
    pub(super) module: Name,
    /// What is bound when it has happened.
    pub(super) binds: Binds,
}

/// What a lazy import binds.
#[derive(Debug)]
pub(super) enum Binds {
    /// `import a.b`: the module `a`.
    Top,
    /// `import a.b as c`: the module `a.b`.
    Module,
    /// `from a import b`: the attribute `b`.
    Attribute(Name),
}
