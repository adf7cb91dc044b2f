//! The import state, and the evidence for how it got that way.

use std::collections::BTreeSet;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;
use rustc_hash::FxHashSet;
use speclens_source::Name;

use super::heap::Heap;
use super::value::{ObjectId, Site, Value};
use crate::finders::SearchState;

/// One entry of `sys.modules`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What stands there; [`Value::None`] blocks the name.
    pub value: Value,
    /// The statement that put it there; `None` where the import system did.
    pub put: Option<Site>,
    /// Whether it is certainly there.
    pub certain: bool,
    /// Whether the interpreter has it before any code runs.
    pub startup: bool,
}

/// An object that code put on `sys.meta_path` or `sys.path_hooks`, or in the place of `builtins.__import__`.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The object.
    pub value: Value,
    /// The statement that did it.
    pub put: Option<Site>,
    /// Whether it certainly did.
    pub certain: bool,
}

/// What a piece of evidence says of its line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Puts another object into `sys.modules` under a module's own name.
    Replaces {
        /// The module.
        module: Name,
        /// The class of the object.
        class: Name,
    },
    /// Puts an object into `sys.modules` for a name that was not imported.
    PutsStub {
        /// The name.
        module: Name,
        /// The class of the object.
        class: Name,
    },
    /// Makes the object with `types.ModuleType`, which sets `__spec__` to None.
    MakesModuleWithoutSpec,
    /// Makes an object that is no module, and so has no `__spec__`.
    MakesObjectWithoutSpec,
    /// The class of the replacing object is defined here.
    DefinesClass {
        /// The class.
        class: Name,
    },
    /// Sets `__spec__`.
    SetsSpec,
    /// Adds to or changes `sys.meta_path`.
    ChangesMetaPath,
    /// Adds to or changes `sys.path_hooks`.
    ChangesPathHooks,
    /// Adds to or changes `sys.path`.
    ChangesPath,
    /// Replaces `builtins.__import__`.
    ReplacesImport,
    /// Raises the exception, or calls what raises it.
    Raises,
}

/// A line with what it did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The line.
    pub site: Site,
    /// What it did.
    pub deed: Deed,
}

/// `sys.modules`, `sys.meta_path`, `sys.path`, … with the objects that they hold.
#[derive(Debug, Clone)]
pub struct ImportState {
    /// The objects.
    pub heap: Heap,
    /// `sys.modules`. A persistent map: the checkpoints of a file differ by a few entries each.
    pub modules: RedBlackTreeMapSync<Name, Entry>,
    /// `sys.meta_path` and `sys.path`, in the form that the finders take.
    pub search: Arc<SearchState>,
    /// The objects on `sys.meta_path` that code put there, in the places of their [`MetaPathFinder::Unknown`].
    ///
    /// [`MetaPathFinder::Unknown`]: speclens_environment::MetaPathFinder::Unknown
    pub finders: Arc<Vec<Option<Installed>>>,
    /// The attributes that code set on importlib's own finders: the class, the name and the value.
    pub(super) patches: Arc<Vec<(&'static str, Name, Value)>>,
    /// The hooks that code added to `sys.path_hooks`.
    pub path_hooks: Arc<Vec<Installed>>,
    /// What stands in the place of `builtins.__import__`.
    pub import_function: Option<Installed>,
    /// What changed the finders, the hooks or the search path.
    pub changes: Arc<Vec<Evidence>>,
    /// Whether `sys.path` may have more entries than are known.
    pub path_is_open: bool,
    /// The modules that were loaded, with the statement that first imported each.
    pub first_imports: RedBlackTreeMapSync<Name, Option<Site>>,
    /// What could not be decided on the way, and where.
    pub unknowns: Arc<BTreeSet<(Arc<str>, u32, &'static str)>>,
    /// The modules that the code takes to be there, and those that are only supposed to be as they are.
    pub(super) supposed: Arc<FxHashSet<ObjectId>>,
    /// Counts the changes that are not in the heap.
    pub(super) changed: bool,
}

impl ImportState {
    /// The state of a fresh interpreter.
    pub fn fresh(search: SearchState) -> Self {
        Self {
            finders: Arc::new(vec![None; search.meta_path.len()]),
            patches: Arc::default(),
            path_hooks: Arc::default(),
            import_function: None,
            heap: Heap::default(),
            modules: RedBlackTreeMapSync::default(),
            search: Arc::new(search),
            changes: Arc::default(),
            path_is_open: false,
            first_imports: RedBlackTreeMapSync::default(),
            unknowns: Arc::default(),
            supposed: Arc::default(),
            changed: false,
        }
    }

    /// Puts an entry into `sys.modules`.
    pub(super) fn put_module(&mut self, name: &str, entry: Entry) {
        self.changed = true;
        self.modules.insert_mut(name.into(), entry);
    }

    /// Takes an entry out of `sys.modules`.
    pub(super) fn remove_module(&mut self, name: &str) -> Option<Entry> {
        self.changed = true;
        let entry = self.modules.get(name).cloned();
        self.modules.remove_mut(name);
        entry
    }

    /// Takes over the shared part of a later state.
    pub(super) fn adopt(&mut self, later: &Self) {
        self.heap.adopt(&later.heap);
        self.modules = later.modules.clone();
        self.search = Arc::clone(&later.search);
        self.finders = Arc::clone(&later.finders);
        self.patches = Arc::clone(&later.patches);
        self.path_hooks = Arc::clone(&later.path_hooks);
        self.import_function.clone_from(&later.import_function);
        self.changes = Arc::clone(&later.changes);
        self.path_is_open = later.path_is_open;
        self.first_imports = later.first_imports.clone();
        self.unknowns = Arc::clone(&later.unknowns);
        self.supposed = Arc::clone(&later.supposed);
        self.changed = false;
    }
}
