//! Running the file that the user looks at, and the checkpoints that make it cheap.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use speclens_environment::MetaPathFinder;
use speclens_source::{ModuleFacts, Name};

use super::exception::{Raised, Raises};
use super::state::{Entry as ModuleEntry, ImportState};
use super::value::{ObjectId, Payload, Value};
use super::{Machine, ModuleView, World};
use crate::finders;

/// The state after a sequence of imports in a fresh interpreter, kept to start from.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The state; where the import raised, as the exception left it.
    pub state: ImportState,
    /// The exception of the last import.
    pub raised: Option<Raised>,
}

impl Checkpoint {
    /// The state of a fresh interpreter.
    pub fn fresh(state: ImportState) -> Self {
        Self { state, raised: None }
    }

    /// The same, as what the interpreter's start has left, with the directory of the script first on `sys.path`.
    pub fn at_startup(mut self, script_directory: Option<&str>) -> Self {
        let names: Vec<Name> = self.state.modules.keys().cloned().collect();
        for name in names {
            if let Some(entry) = self.state.modules.get_mut(&name) {
                entry.startup = true;
            }
        }
        if let Some(directory) = script_directory {
            Arc::make_mut(&mut self.state.search).path.insert(0, directory.to_owned());
        }
        Self { raised: None, ..self }
    }

    /// What stands in `sys.modules` under a name, as a reader sees it.
    pub fn view(&self, world: &dyn World, name: &str) -> Option<ModuleView> {
        Machine::new(world, self.state.clone()).view_of_name(name)
    }

    /// The state after an `import` line of a `.pth` file, as `site` runs it. What it does to the search is the environment's
    /// to know; here it only fills `sys.modules`.
    pub fn then_line(&self, world: &dyn World, file: &str, line: u32, text: &str) -> Self {
        let mut state = self.state.clone();
        state.heap.builds_shared = true;
        let mut machine = Machine::new(world, state);
        let module = machine.bare_module("site", None);
        let facts = ModuleFacts::of_text(&format!("{}{text}", "\n".repeat(line.saturating_sub(1) as usize)));
        // Lines look at the variables of `site.addpackage`, which executes them.
        let region = machine.region();
        let scope = Payload::Scope { enclosing: None };
        if let Value::Object(names) = machine.state.heap.make(Value::Unknown, scope, region) {
            let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
            machine.state.heap.set(names, "sitedir", Value::str(directory), None);
            machine.frames.push(super::Frame { names, ..Machine::frame_of_module(module, &Arc::from(file)) });
        }
        // `site` prints what the line raises, and goes on.
        drop(machine.run_module(module, &Arc::from(file), &facts.program, false));
        let finders = machine.finders_after(&self.state, file);
        let state = ImportState {
            search: Arc::clone(&self.state.search),
            finders: Arc::new(finders),
            patches: Arc::clone(&self.state.patches),
            path_hooks: Arc::clone(&self.state.path_hooks),
            import_function: self.state.import_function.clone(),
            changes: Arc::clone(&self.state.changes),
            unknowns: Arc::clone(&self.state.unknowns),
            path_is_open: self.state.path_is_open,
            ..machine.into_shared()
        };
        Self { state, raised: None }
    }

    /// The state after one more import.
    pub fn then_import(&self, world: &dyn World, name: &str) -> Self {
        let mut state = self.state.clone();
        state.heap.builds_shared = true;
        let mut machine = Machine::new(world, state);
        let raised = machine.import_module(name).err().map(|raised| *raised);
        machine.follow_mentions();
        Self { state: machine.into_shared(), raised }
    }
}

/// Gives the checkpoint after a sequence of imports.
pub type Checkpoints<'c> = &'c dyn Fn(&[Name]) -> Option<Arc<Checkpoint>>;

/// How a file is run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunAs {
    /// `python file`.
    Script,
    /// `import name`.
    Module(Name),
}

/// The user's file.
pub struct Entry<'e> {
    /// Its path.
    pub file: &'e str,
    /// What it says.
    pub facts: &'e ModuleFacts,
    /// How it is run.
    pub run_as: RunAs,
}

/// The run of a user's file on top of the checkpoints of its imports.
pub struct Run<'w> {
    machine: Machine<'w>,
}

impl<'w> Run<'w> {
    /// A run that starts in a fresh interpreter.
    pub fn new(world: &'w dyn World, checkpoints: Checkpoints<'w>) -> Option<Self> {
        let fresh = checkpoints(&[])?;
        let mut machine = Machine::new(world, fresh.state.clone());
        machine.chain = Some(Chain { imports: Vec::new(), checkpoints });
        Some(Self { machine })
    }

    /// The run in which the file's own `lazy import` statements import at once.
    pub fn at_once(mut self) -> Self {
        self.machine.own_lazy_imports = super::lazy::When::AtOnce;
        self
    }

    /// Runs the file and then, as a caller might, each of its functions that it did not call itself.
    pub fn run(mut self, entry: &Entry<'_>) -> Machine<'w> {
        let machine = &mut self.machine;
        let file: Arc<str> = Arc::from(entry.file);
        machine.user_file = Some(Arc::clone(&file));
        let module = machine.entry_module(entry);
        let result = machine.run_module(module, &file, &entry.facts.program, true);
        // A module's own exception is told where it is raised.
        drop(result);
        machine.run_uncalled(module, &file);
        machine.set_up_apps(module, &file, &entry.facts.program);
        self.machine
    }
}

/// The imports of the user's file so far, while nothing else has changed the import state.
#[derive(Clone)]
pub(super) struct Chain<'w> {
    imports: Vec<Name>,
    checkpoints: Checkpoints<'w>,
}

impl Machine<'_> {
    /// The state, to start from.
    fn into_shared(self) -> ImportState {
        let mut state = self.state;
        state.heap.builds_shared = false;
        state.heap.shared_changed = false;
        state.changed = false;
        state
    }

    /// The finders of the environment, with the object that a `.pth` file has put there: it is asked as code asks it.
    fn finders_after(&self, before: &ImportState, file: &str) -> Vec<Option<super::Installed>> {
        let is_new =
            |made: &&super::Installed| !before.finders.iter().flatten().any(|old| old.put == made.put);
        let made = self.state.finders.iter().flatten().find(is_new);
        let known = before.search.meta_path.iter().zip(before.finders.iter());
        let objects = known.map(|(known, object)| match known {
            MetaPathFinder::DistutilsHack { file: from, .. }
                if object.is_none() && from.to_str() == Some(file) =>
            {
                made.cloned()
            }
            _ => object.clone(),
        });
        objects.collect()
    }

    /// Imports for the user's file: from a checkpoint where the state is still that of a sequence of imports.
    pub(super) fn import_for_user(&mut self, name: &str) -> Raises<Value> {
        if let Some(entry) = self.state.modules.get(name).filter(|entry| entry.certain)
            && !matches!(entry.value, Value::None)
        {
            return Ok(entry.value.clone());
        }
        let untouched = !self.state.heap.shared_changed && !self.state.changed && self.is_certain();
        let Some(chain) = self.chain.as_mut().filter(|_| untouched) else {
            self.chain = None;
            return self.import_module(name);
        };
        chain.imports.push(name.into());
        let checkpoints = chain.checkpoints;
        let Some(checkpoint) = checkpoints(&chain.imports) else {
            self.chain = None;
            return self.import_module(name);
        };
        let own = self.own_entry();
        if checkpoint.raised.is_some() && self.is_in_circle(&checkpoint, own.as_ref()) {
            self.chain = None;
            return self.import_module(name);
        }
        self.state.adopt(&checkpoint.state);
        if let Some((own_name, entry)) = own {
            self.bind_on_own(name, &own_name, &entry);
            self.state.modules.insert_mut(own_name, entry);
        }
        match &checkpoint.raised {
            Some(raised) => Err(Box::new(raised.clone())),
            None => Ok(self.state.modules.get(name).map_or(Value::Unknown, |entry| entry.value.clone())),
        }
    }

    /// Whether an import has come back to the user's file, which no checkpoint knows to be half-way.
    fn is_in_circle(&self, checkpoint: &Checkpoint, own: Option<&(Name, ModuleEntry)>) -> bool {
        let Some((name, _)) = own else { return false };
        // Where its package cannot be imported it does not run at all.
        let runs = super::modules::parent_of(name).is_none_or(|it| self.state.modules.contains_key(it));
        let lines = checkpoint.raised.iter().flat_map(|raised| &raised.traceback);
        let is_own_line = lines.map(|site| &site.file).any(|file| Some(file) == self.user_file.as_ref());
        runs && (is_own_line || checkpoint.state.modules.contains_key(name))
    }

    /// Binds a submodule of the file's own package, which a checkpoint has bound on a package of its own.
    fn bind_on_own(&mut self, imported: &str, own_name: &str, own: &ModuleEntry) {
        let rest = imported.strip_prefix(own_name).and_then(|rest| rest.strip_prefix('.'));
        let Some(child) = rest.and_then(|rest| rest.split('.').next()) else { return };
        let module = self.state.modules.get(format!("{own_name}.{child}").as_str());
        if let (Some(module), Some(package)) =
            (module.map(|entry| entry.value.clone()), own.value.as_object())
        {
            self.set_slot(package, child, module);
        }
    }

    /// The user's file in `sys.modules`, which no checkpoint has.
    fn own_entry(&self) -> Option<(Name, ModuleEntry)> {
        let module = Value::Object(self.frames.first()?.module);
        let (name, entry) = self.state.modules.iter().find(|(_, entry)| entry.value == module)?;
        Some((name.clone(), entry.clone()))
    }

    fn entry_module(&mut self, entry: &Entry<'_>) -> ObjectId {
        let (name, module) = match &entry.run_as {
            RunAs::Script => (Name::new_static("__main__"), self.script_module(entry.file)),
            RunAs::Module(name) => {
                if let Some(parent) = super::modules::parent_of(name) {
                    // A parent that raises is told in its own file.
                    drop(self.import_parent(parent));
                }
                (name.clone(), self.named_module(name, entry.file))
            }
        };
        let put = ModuleEntry { value: Value::Object(module), put: None, certain: true, startup: false };
        self.state.modules.insert_mut(name, put);
        module
    }

    fn import_parent(&mut self, parent: &str) -> Raises<Value> {
        self.import_for_user(parent)
    }

    /// `__main__` of a script: `__spec__` and `__cached__` are None (`Python/pythonrun.c`).
    fn script_module(&mut self, file: &str) -> ObjectId {
        let module = self.bare_module("__main__", None);
        self.state.heap.set(module, "__file__", Value::str(file), None);
        self.state.heap.set(module, "__cached__", Value::None, None);
        self.state.heap.set(module, "__loader__", Value::Unknown, None);
        module
    }

    /// The file as the module that an import makes of it.
    fn named_module(&mut self, name: &str, file: &str) -> ObjectId {
        let path = super::modules::parent_of(name).map(|parent| {
            let parent = self.module_entry(parent).map_or(Value::Unknown, |entry| entry.value);
            match self.package_path(&parent) {
                super::modules::PackagePath::Known(path) => path,
                _ => Vec::new(),
            }
        });
        let search = Arc::clone(&self.state.search);
        let spec = finders::find_spec(self.world, &search, name, path.as_deref()).spec;
        let spec = spec.filter(|spec| spec.origin.as_deref() == Some(file)).unwrap_or_else(|| {
            let is_package = file.ends_with("/__init__.py");
            let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
            crate::spec::ModuleSpec {
                name: name.to_owned(),
                loader: Some(crate::spec::Loader::Source),
                origin: Some(file.to_owned()),
                submodule_search_locations: is_package.then(|| vec![directory.to_owned()]),
                has_location: true,
                cached: None,
            }
        });
        self.module_from_spec(&spec)
    }

    /// Runs the functions of the file that nothing called, with arguments that are not known.
    fn run_uncalled(&mut self, module: ObjectId, file: &Arc<str>) {
        let mut waiting = vec![module];
        let mut seen = FxHashSet::default();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let object = self.state.heap.get(id).clone();
            if let Payload::Function(function) = &object.payload {
                let own = function.file == *file;
                if own && !self.called.contains(&Arc::as_ptr(&function.code)) {
                    self.statement_limit = self.steps + super::MAX_STATEMENT_STEPS;
                    let arguments = vec![Value::Unknown; function.code.parameters.len()];
                    // Whoever calls it finds the state that the module left.
                    let state = self.state.clone();
                    let chain = self.chain.clone();
                    self.uncalled = true;
                    drop(self.enter_function(function, arguments, Vec::new()));
                    self.uncalled = false;
                    self.chain = chain;
                    self.state = state;
                }
                continue;
            }
            let is_own = id == module
                || matches!(&object.payload, Payload::Class(class) if class.site.file == *file)
                || matches!(object.payload, Payload::Descriptor(_) | Payload::Decorated(_));
            if !is_own {
                continue;
            }
            if let Payload::Descriptor(Value::Object(inner)) | Payload::Decorated(Value::Object(inner)) =
                object.payload
            {
                waiting.push(inner);
            }
            waiting.extend(object.attributes.values().rev().filter_map(|slot| slot.value.as_object()));
        }
    }
}
