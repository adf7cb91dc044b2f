//! The import machine: what running modules does to the import state.
//!
//! An abstract interpreter of module-level code. It runs a [program](speclens_source::program) over an [`ImportState`] in
//! real import order and follows calls as far as they may touch that state. Values are known, one of a few, or
//! unknown. Where a condition is unknown both branches are run, in a *region* of the run in which every change is only
//! possible. What cannot be followed is taken to return: the machine never says "raises" for what it does not know.

mod attributes;
mod builtins;
mod calls;
mod circles;
mod classes;
mod decorated;
mod define;
mod effects;
mod entry_points;
mod exception;
mod execute;
mod expressions;
mod extension;
mod finding;
mod generators;
mod guards;
mod heap;
mod hooks;
mod import;
mod import_function;
mod inspection;
mod intrinsics;
mod lazy;
mod library;
mod lists;
mod loader;
mod methods;
mod modules;
mod namespace;
mod observe;
mod operators;
mod paths;
mod provenance;
mod reads;
mod region;
mod run;
mod state;
mod sys;
mod targets;
mod value;
mod view;

use std::sync::Arc;

use rustc_hash::FxHashSet;
use speclens_environment::{Variables, VersionTables};
use speclens_source::program::Function;
use speclens_source::{BinaryFacts, ModuleFacts, Name, Span};

pub use effects::{Addition, Effects, ModuleEffect};
pub use exception::{Raised, Raises};
pub use observe::{Consequence, Hook, Observation, ObservationKind, Outcome, Seen};
pub use run::{Checkpoint, Checkpoints, Entry as EntryFile, Run, RunAs};
pub use state::{Deed, Evidence, ImportState, Installed};
pub use sys::PATH_IS_UNKNOWN;
pub use value::{Site, Value};
pub use view::{ModuleView, SpecState};

use crate::finders::Directories;
use value::ObjectId;

/// What the machine may ask of the world: an account of files, never of a running interpreter.
pub trait World: Directories {
    /// The facts of a source file, or `None` where it cannot be read.
    fn facts(&self, file: &str) -> Option<Arc<ModuleFacts>>;
    /// A function of a source file with the body that the facts have left out, by the place of its name.
    fn function(&self, file: &str, name: Span) -> Option<Arc<Function>>;
    /// What the file of an extension module tells, or `None` where it cannot be read.
    fn binary(&self, file: &str) -> Option<Arc<BinaryFacts>>;
    /// The version of an installed distribution, by its normalised name.
    fn distribution_version(&self, name: &str) -> Option<String>;
    /// The entry points of the installed distributions.
    fn entry_points(&self) -> Vec<EntryPoint>;
    /// Whether the name can be found from a place that is not on `sys.path`, but that users put there (the workspace
    /// folder, its `src`).
    fn is_elsewhere(&self, name: &str) -> bool;
    /// The directory that relative paths are relative to.
    fn working_directory(&self) -> String;
    /// The environment variables that the code is run with.
    fn variables(&self) -> &Variables;
    /// The facts of the interpreter's version.
    fn tables(&self) -> &'static VersionTables;
    /// Gives the caller a chance to stop the run.
    fn check_cancelled(&self);
}

/// An entry point of an installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// The group that it is in.
    pub group: String,
    /// Its name.
    pub name: String,
    /// The object that it stands for, as `module:attribute`.
    pub value: String,
}

/// A run may take this many steps in all; then what is left is not followed, and what it would do is unknown.
const MAX_STEPS: u64 = 40_000_000;
/// One statement of a module may take this many steps in the calls that it makes.
const MAX_STATEMENT_STEPS: u64 = 400_000;
/// A list, a tuple or a dict with more items than this is data, and its items are not known.
const MAX_ITEMS: usize = 4_096;
/// So much stack there must be for one block of statements and the expressions in it; else it gets so much more. Bytes.
const STACK: (usize, usize) = (1 << 20, 8 << 20);
/// Calls nested deeper than this are not followed.
const MAX_CALLS: usize = 48;
/// Imports nested deeper than this are not followed: CPython's recursion limit would not allow them either.
const MAX_IMPORTS: usize = 200;

/// One run over an import state.
pub struct Machine<'w> {
    /// What the run reads.
    world: &'w dyn World,
    /// What it changes.
    pub state: ImportState,
    /// What the user's file saw.
    pub observations: Vec<Observation>,
    /// The exceptions that no code of the user's file catches, each with its statement, which ends the run.
    pub escaped: Vec<(Span, Raised)>,
    /// The `lazy import` statements of the user's file.
    pub postponed: Vec<Span>,
    /// When these import.
    own_lazy_imports: lazy::When,
    frames: Vec<Frame>,
    /// The regions that the run is in, the innermost last.
    regions: Vec<region::Region>,
    next_region: u32,
    steps: u64,
    /// The steps at which calls are no longer followed for the current statement.
    statement_limit: u64,
    calls: usize,
    imports: usize,
    /// The classes whose metaclass's `__new__` runs, the innermost last.
    classes: Vec<value::ObjectId>,
    /// The `try` statements around, each with the exceptions that its body may raise.
    tries: Vec<TryContext>,
    /// How many of them stand around the import of the module that runs.
    module_tries: usize,
    /// The exceptions that are being handled, the innermost last.
    handled: Vec<Raised>,
    /// Whether the value that is computed is only tested against None, or for truth.
    tested: bool,
    /// Which reads of the user's file its values came from.
    provenance: provenance::Provenance,
    /// The file that the user looks at.
    user_file: Option<Arc<str>>,
    /// Whether a function of the user's file runs that the file itself does not call.
    uncalled: bool,
    /// The functions of the user's file that were called.
    called: FxHashSet<*const Function>,
    /// The odd metadata that was read since the user's file called a library, while it does.
    library_reads: Option<Vec<library::LibraryRead>>,
    /// Whether functions are followed that nothing tells of: the call has to do with an odd module.
    follows_all: bool,
    /// The binaries that were loaded, whose strings are not looked at yet.
    mentions: Vec<extension::Mentions>,
    /// How many calls are around of what a decorator that cannot be followed has made.
    suppositions: usize,
    /// The imports of the user's file, while checkpoints can stand for them.
    chain: Option<run::Chain<'w>>,
}

/// Code that runs.
struct Frame {
    file: Arc<str>,
    /// The module whose names are the globals.
    module: ObjectId,
    /// Where names are bound: the module, a class, or the variables of a call.
    names: ObjectId,
    /// The function's `__qualname__`.
    function: Option<Arc<str>>,
    /// The variables of the function around.
    enclosing: Option<ObjectId>,
    /// The function's class and first argument, for `super()`.
    method: Option<(ObjectId, Value)>,
    globals: Vec<Name>,
    nonlocals: Vec<Name>,
    /// The statement that runs.
    current: Span,
    /// The call of `exec` that runs it, whose text is in no file.
    called_from: Option<Site>,
    /// Whether this is the code that the user looks at.
    observed: bool,
    /// Whether something that outlives the call can see its variables.
    is_captured: bool,
    /// What `return` statements in undecided branches gave.
    possible_returns: Vec<Value>,
    /// Who takes the values of a generator.
    consumer: Option<Box<generators::Consumer>>,
}

#[derive(Default)]
struct TryContext {
    /// The names of the classes that its handlers catch; empty where one catches all or is not known.
    catches: Vec<Name>,
    catches_all: bool,
    /// Whether the statement is in the user's file.
    observed: bool,
    /// The number of frames, where its body is a single statement.
    single_in: Option<usize>,
    possible: Vec<Raised>,
}

impl Frame {
    fn is_function(&self) -> bool {
        self.function.is_some()
    }
}

impl<'w> Machine<'w> {
    /// A machine that starts from `state`.
    pub fn new(world: &'w dyn World, state: ImportState) -> Self {
        Self {
            world,
            state,
            observations: Vec::new(),
            escaped: Vec::new(),
            postponed: Vec::new(),
            own_lazy_imports: lazy::When::Used,
            frames: Vec::new(),
            regions: vec![region::Region::default()],
            next_region: 1,
            steps: 0,
            statement_limit: MAX_STATEMENT_STEPS,
            calls: 0,
            imports: 0,
            classes: Vec::new(),
            tries: Vec::new(),
            handled: Vec::new(),
            module_tries: 0,
            tested: false,
            provenance: provenance::Provenance::default(),
            user_file: None,
            uncalled: false,
            called: FxHashSet::default(),
            suppositions: 0,
            library_reads: None,
            follows_all: false,
            mentions: Vec::new(),
            chain: None,
        }
    }

    /// Counts a step.
    fn step(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(4096) {
            self.world.check_cancelled();
        }
    }

    fn may_follow(&self) -> bool {
        self.calls < MAX_CALLS && self.may_repeat()
    }

    /// Whether a loop may take one more turn.
    fn may_repeat(&self) -> bool {
        self.steps < MAX_STEPS && self.steps < self.statement_limit
    }

    fn frame(&self) -> Option<&Frame> {
        self.frames.last()
    }

    /// The statement that runs.
    fn site(&self) -> Option<Site> {
        let frame = self.frame()?;
        if frame.called_from.is_some() {
            return frame.called_from.clone();
        }
        Some(Site { file: Arc::clone(&frame.file), span: frame.current })
    }

    /// Whether the code that the user looks at runs now, itself.
    fn observes(&self) -> bool {
        self.frame().is_some_and(|frame| frame.observed)
    }

    /// Notes something that could not be decided here.
    fn unknown(&mut self, what: &'static str) {
        if let Some(site) = self.site() {
            let note = (site.file, site.span.start, what);
            if !self.state.unknowns.contains(&note) {
                Arc::make_mut(&mut self.state.unknowns).insert(note);
            }
        }
    }
}
