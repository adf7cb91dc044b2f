//! Modules: making them from specs, running them, and looking at what became of them.

use std::sync::Arc;

use speclens_environment::{
    Environment, MetaPathFinder, PathOrigin, PythonVersion, StartupHook, StartupModule, VersionTables,
};
use speclens_source::Name;

use super::exception::{Raised, Raises};
use super::state::{Deed, Entry, Evidence};
use super::value::{Attributes, Object, ObjectId, Payload, Slot, Value};
use super::view::{ModuleView, SpecState};
use super::{Frame, Machine};
use crate::finders::{self, SearchState};
use crate::spec::{Attribute, Loader, ModuleSpec, module_attributes};

/// The class of the objects that `__spec__` should be.
pub(super) const MODULE_SPEC: Value = Value::Builtin("importlib.machinery.ModuleSpec");
/// The class of ordinary modules.
pub(super) const MODULE_TYPE: Value = Value::Builtin("types.ModuleType");

impl Machine<'_> {
    pub(super) fn version(&self) -> PythonVersion {
        self.state.search.environment.interpreter.version
    }

    /// The entry of `sys.modules` for `name`. What the interpreter has at its start is made when it is asked for.
    pub(super) fn module_entry(&mut self, name: &str) -> Option<Entry> {
        if let Some(entry) = self.state.modules.get(name) {
            return Some(entry.clone());
        }
        if self.load_startup_hook(name) {
            return self.state.modules.get(name).cloned();
        }
        if !is_startup_module(self.world.tables(), name) {
            return None;
        }
        self.load_startup(name);
        self.state.modules.get(name).cloned()
    }

    /// Whether `name` is in `sys.modules`; `None` where it possibly is.
    pub(super) fn is_in_modules(&self, name: &str) -> Option<bool> {
        match self.state.modules.get(name) {
            Some(entry) => (entry.certain || !self.is_certain()).then_some(true),
            None => Some(self.startup_hook(name).is_some() || is_startup_module(self.world.tables(), name)),
        }
    }

    /// What a `*-nspkg.pth` line puts into `sys.modules` when the interpreter starts.
    fn startup_hook(&self, name: &str) -> Option<(&StartupHook, &StartupModule)> {
        let hooks = self.state.search.environment.startup_hooks.iter();
        hooks
            .flat_map(|hook| hook.modules.iter().map(move |module| (hook, module)))
            .find(|(_, module)| module.name == name)
    }

    fn load_startup_hook(&mut self, name: &str) -> bool {
        let Some((hook, module)) = self.startup_hook(name) else { return false };
        let file: Arc<str> = Arc::from(&*hook.file.to_string_lossy());
        let (path, has_spec) = (module.path.to_string_lossy().into_owned(), module.has_spec);
        let spec = ModuleSpec {
            name: name.to_owned(),
            loader: None,
            origin: None,
            submodule_search_locations: Some(vec![path.clone()]),
            has_location: false,
            cached: None,
        };
        let put = Some(super::Site { file, span: speclens_source::Span::default() });
        let regions = self.leave_regions();
        let module = if has_spec {
            let module = self.module_from_spec(&spec);
            // Made before `sys.path` was whole: it looks for the other portions when it is asked.
            let portions = vec![Value::str(path)];
            let path = self.namespace_path(name, portions, Value::tuple(Vec::new()));
            self.set_slot(module, "__path__", path);
            module
        } else {
            let module = self.bare_module(name, put.clone());
            let path = self.state.heap.list(vec![Value::str(path)], 0);
            self.set_slot(module, "__path__", path);
            module
        };
        self.regions = regions;
        let put = put.filter(|_| !has_spec);
        let entry = Entry { value: Value::Object(module), put, certain: true, startup: true };
        self.state.put_module(name, entry);
        true
    }

    fn load_startup(&mut self, name: &str) {
        // It ran before all else, so it certainly ran, and nothing of the present is around it.
        let regions = self.leave_regions();
        let frames = std::mem::take(&mut self.frames);
        let tries = std::mem::take(&mut self.tries);
        let module_tries = std::mem::take(&mut self.module_tries);
        let limit = std::mem::replace(&mut self.statement_limit, u64::MAX);
        let known = self.state.modules.clone();
        let parent = parent_of(name).and_then(|parent| self.module_entry(parent));
        if self.state.modules.get(name).is_none() {
            match self.startup_spec(name, parent.as_ref()) {
                Some(spec) => drop(self.load(spec)),
                None => {
                    let odd = self.world.tables().odd_specs.get(name).map(|odd| odd.0.as_str());
                    // `__main__` is the script, or the prompt (`Python/pythonrun.c`).
                    let odd = if name == "__main__" { "none" } else { odd.unwrap_or("unknown") };
                    let module = self.odd_module(name, odd);
                    self.put_entry(name, module, None);
                }
            }
        }
        // What it has put there itself (`os.path`), too.
        let new = self.state.modules.keys().filter(|name| !known.contains_key(*name));
        for name in new.cloned().collect::<Vec<_>>() {
            if let Some(entry) = self.state.modules.get_mut(&name) {
                entry.startup = true;
            }
        }
        self.regions = regions;
        self.frames = frames;
        self.tries = tries;
        self.module_tries = module_tries;
        self.statement_limit = limit;
    }

    /// The spec of a module of the interpreter's start, which is found before any path of the user's is searched.
    fn startup_spec(&mut self, name: &str, parent: Option<&Entry>) -> Option<ModuleSpec> {
        let locations = match parent {
            None => standard_library_path(&self.state.search.environment),
            Some(parent) => match self.package_path(&parent.value) {
                PackagePath::Known(locations) => locations,
                PackagePath::None | PackagePath::Unknown => return None,
            },
        };
        let search = Arc::clone(&self.state.search);
        if parent.is_some() {
            return finders::find_spec(self.world, &search, name, Some(&locations)).spec;
        }
        let mut search = SearchState::clone(&search);
        search.path = locations;
        search.meta_path = vec![MetaPathFinder::BuiltIn, MetaPathFinder::Frozen, MetaPathFinder::Path];
        finders::find_spec(self.world, &search, name, None).spec
    }

    /// `_load_unlocked`: makes the module, puts it into `sys.modules`, runs it, and gives what stands there then.
    pub(super) fn load(&mut self, spec: ModuleSpec) -> Raises<Value> {
        let name = Name::from(spec.name.as_str());
        let module = self.module_from_spec(&spec);
        let site = self.site();
        if !self.state.first_imports.contains_key(&name) {
            self.state.first_imports.insert_mut(name.clone(), site);
        }
        self.put_entry(&name, Value::Object(module), None);
        if let Err(raised) = self.run_loaded(module, &spec) {
            self.state.remove_module(&name);
            return Err(raised);
        }
        match self.state.modules.get(&name) {
            Some(entry) => Ok(entry.value.clone()),
            None => {
                let message = format!("'{name}'");
                Err(Raised::of("builtins.KeyError", message))
            }
        }
    }

    pub(super) fn run_loaded(&mut self, module: ObjectId, spec: &ModuleSpec) -> Raises<()> {
        let source = match spec.loader {
            Some(Loader::Source) => spec.origin.clone(),
            Some(Loader::Frozen) => self.frozen_source(spec),
            // The loaders that editable installs put around the usual ones.
            Some(Loader::Other(_)) if spec.has_location => {
                spec.origin.clone().filter(|path| path.rsplit('.').next() == Some("py"))
            }
            Some(Loader::Other(_)) if spec.submodule_search_locations.is_some() => return Ok(()),
            Some(Loader::Namespace) | None => return Ok(()),
            _ => None,
        };
        let facts = source.and_then(|path| Some((self.world.facts(&path)?, path)));
        let Some((facts, path)) = facts else {
            // An extension module, bytecode, or a file that cannot be read: its names are not known.
            self.state.heap.get_mut(module).open = true;
            self.add_known_submodules(&spec.name);
            self.load_without_source(module, spec);
            return Ok(());
        };
        if !facts.errors.is_empty() && facts.program.is_empty() {
            self.state.heap.get_mut(module).open = true;
        }
        self.run_module(module, &Arc::from(path), &facts.program, false)
    }

    /// The standard library's file of a frozen module, whose code is the same.
    fn frozen_source(&self, spec: &ModuleSpec) -> Option<String> {
        let library = self.state.search.environment.interpreter.standard_library.as_ref()?;
        let mut path = library.clone();
        path.extend(spec.name.split('.'));
        if spec.submodule_search_locations.is_some() {
            path.push("__init__");
        }
        path.set_extension("py");
        Some(path.to_string_lossy().into_owned())
    }

    /// Runs a module's program in a frame of its own.
    pub(super) fn run_module(
        &mut self,
        module: ObjectId,
        file: &Arc<str>,
        program: &[speclens_source::program::Statement],
        observed: bool,
    ) -> Raises<()> {
        let frame = Self::frame_of_module(module, file);
        self.frames.push(Frame { observed, ..frame });
        // A module's statements have their own shares of steps, wherever its import stands.
        let (limit, steps) = (self.statement_limit, self.steps);
        let calls = std::mem::take(&mut self.calls);
        let module_tries = std::mem::replace(&mut self.module_tries, self.tries.len());
        let result = self.execute_module_block(program);
        self.calls = calls;
        self.module_tries = module_tries;
        self.statement_limit = limit.saturating_add(self.steps - steps);
        let site = self.site();
        self.frames.pop();
        result.map_err(|mut raised| {
            raised.traceback.extend(site);
            raised
        })
    }

    /// The frame of a module's own code.
    pub(super) fn frame_of_module(module: ObjectId, file: &Arc<str>) -> Frame {
        Frame {
            file: Arc::clone(file),
            module,
            names: module,
            function: None,
            enclosing: None,
            method: None,
            globals: Vec::new(),
            nonlocals: Vec::new(),
            current: speclens_source::Span::default(),
            called_from: None,
            observed: false,
            is_captured: false,
            possible_returns: Vec::new(),
            consumer: None,
        }
    }

    pub(super) fn put_entry(&mut self, name: &str, value: Value, put: Option<super::Site>) {
        let certain = self.is_certain();
        self.state.put_module(name, Entry { value, put, certain, startup: false });
    }

    /// `types.ModuleType(name)`: `__spec__`, `__loader__` and `__package__` are None (`Objects/moduleobject.c`).
    pub(super) fn bare_module(&mut self, name: &str, made: Option<super::Site>) -> ObjectId {
        let region = self.region();
        let id = self.state.heap.add(Object {
            class: MODULE_TYPE,
            attributes: Attributes::default(),
            open: false,
            region,
            payload: Payload::Module { made: made.clone() },
        });
        self.initialise_module(id, Value::str(name), made);
        id
    }

    /// `ModuleType.__init__`.
    pub(super) fn initialise_module(&mut self, id: ObjectId, name: Value, site: Option<super::Site>) {
        let values = [
            ("__name__", name),
            ("__doc__", Value::None),
            ("__package__", Value::None),
            ("__loader__", Value::None),
            ("__spec__", Value::None),
        ];
        for (attribute, value) in values {
            self.state.heap.set(id, attribute, value, site.clone());
        }
    }

    /// A module with the attributes that importlib gives it before its code runs.
    pub(super) fn module_from_spec(&mut self, spec: &ModuleSpec) -> ObjectId {
        let region = self.region();
        let version = self.version();
        let spec_object = self.spec_object(&spec.after_import_in(version));
        let given = module_attributes(spec, &self.state.search.environment);
        let id = self.state.heap.add(Object {
            class: MODULE_TYPE,
            attributes: Attributes::default(),
            open: false,
            region,
            payload: Payload::Module { made: None },
        });
        let text = |attribute: Attribute<String>| match attribute {
            Attribute::Missing => None,
            Attribute::None => Some(Value::None),
            Attribute::Value(text) => Some(Value::str(text)),
        };
        let path = match given.path {
            Attribute::Value(locations) => {
                let portions = locations.iter().map(Value::str).collect();
                let path = if spec.is_namespace() {
                    let parent_path = self.parent_path(&spec.name);
                    self.namespace_path(&spec.name, portions, parent_path)
                } else {
                    self.state.heap.list(portions, region)
                };
                // The same list: what is appended to `__path__` is seen in the spec.
                if let Some(spec) = spec_object.as_object() {
                    self.state.heap.set(spec, "submodule_search_locations", path.clone(), None);
                }
                Some(path)
            }
            Attribute::Missing | Attribute::None => None,
        };
        let attributes = [
            ("__name__", Some(Value::str(given.name))),
            // Docstrings are not in the program.
            ("__doc__", Some(Value::Unknown)),
            ("__package__", Some(Value::str(given.package))),
            ("__loader__", Some(self.loader_value(given.loader.as_ref()))),
            ("__spec__", Some(spec_object)),
            ("__path__", path),
            ("__file__", text(given.file)),
            ("__cached__", text(given.cached)),
            ("__builtins__", Some(Value::Unknown)),
        ];
        for (name, value) in attributes {
            if let Some(value) = value {
                self.state.heap.set(id, name, value, None);
            }
        }
        id
    }

    /// A `ModuleSpec` as an object.
    pub(super) fn spec_object(&mut self, spec: &ModuleSpec) -> Value {
        let region = self.region();
        let optional = |text: &Option<String>| text.as_ref().map_or(Value::None, Value::str);
        let locations = match &spec.submodule_search_locations {
            Some(locations) => {
                let items = locations.iter().map(Value::str).collect();
                self.state.heap.list(items, region)
            }
            None => Value::None,
        };
        let loader = self.loader_value(spec.loader.as_ref());
        let object = self.state.heap.make(MODULE_SPEC, Payload::Plain, region);
        let attributes = [
            ("name", Value::str(&spec.name)),
            ("loader", loader),
            ("origin", optional(&spec.origin)),
            ("submodule_search_locations", locations),
            ("has_location", Value::Bool(spec.has_location)),
            ("cached", optional(&spec.cached)),
            ("parent", Value::str(spec.parent())),
        ];
        if let Some(id) = object.as_object() {
            for (name, value) in attributes {
                self.state.heap.set(id, name, value, None);
            }
        }
        object
    }

    pub(super) fn loader_value(&mut self, loader: Option<&Loader>) -> Value {
        let region = self.region();
        let class = match loader {
            None => return Value::None,
            Some(Loader::BuiltIn) => return Value::Builtin("_frozen_importlib.BuiltinImporter"),
            Some(Loader::Frozen) => return Value::Builtin("_frozen_importlib.FrozenImporter"),
            Some(Loader::Source) => "_frozen_importlib_external.SourceFileLoader",
            Some(Loader::Sourceless) => "_frozen_importlib_external.SourcelessFileLoader",
            Some(Loader::Extension) => "_frozen_importlib_external.ExtensionFileLoader",
            Some(Loader::Namespace) if self.version().at_least(11) => {
                "_frozen_importlib_external.NamespaceLoader"
            }
            Some(Loader::Namespace) => "_frozen_importlib_external._NamespaceLoader",
            Some(Loader::Zip) => "zipimport.zipimporter",
            Some(Loader::Other(_)) => return Value::Unknown,
        };
        let object = self.state.heap.make(Value::Builtin(class), Payload::Plain, region);
        if let Some(id) = object.as_object() {
            self.state.heap.get_mut(id).open = true;
        }
        object
    }

    /// The `__path__` of a module, as the import system iterates over it.
    pub(super) fn package_path(&mut self, module: &Value) -> PackagePath {
        let Some(id) = module.as_object() else {
            return if matches!(module, Value::Unknown | Value::OneOf(_)) {
                PackagePath::Unknown
            } else {
                PackagePath::None
            };
        };
        let path = match self.attribute_or_missing(&Value::Object(id), "__path__") {
            Ok(Some(path)) => path,
            Ok(None) => return PackagePath::None,
            Err(_) => return PackagePath::Unknown,
        };
        self.recalculate(&path);
        match self.elements(&path) {
            (Some(items), true) => {
                let texts: Vec<String> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                if texts.len() == items.len() { PackagePath::Known(texts) } else { PackagePath::Unknown }
            }
            _ => PackagePath::Unknown,
        }
    }

    /// Sets an attribute as the running code does.
    pub(super) fn set_slot(&mut self, id: ObjectId, name: &str, value: Value) {
        let old = self.state.heap.slot(id, name).cloned();
        let new = Slot { value, site: self.site(), certain: true };
        self.forget_reads(id, name);
        self.write_slot(id, name, old, Some(new));
    }

    /// The module that stands in `sys.modules` under `name`, as a reader sees it.
    pub(super) fn view_of_name(&mut self, name: &str) -> Option<ModuleView> {
        let entry = self.module_entry(name)?;
        self.view(&entry.value, Some(name))
    }

    /// A module, or what stands for one, as a reader sees it.
    pub(super) fn view(&mut self, module: &Value, name: Option<&str>) -> Option<ModuleView> {
        let id = module.as_object()?;
        let is_module = self.is_module(id);
        let own_name = self.text_attribute(id, "__name__").filter(|_| is_module);
        let entry_name = || {
            let mut entries = self.state.modules.iter();
            entries.find(|(_, entry)| entry.value == *module).map(|(name, _)| name.clone())
        };
        let own_name = own_name.map(|name| Name::from(&*name)).or_else(entry_name);
        let name: Name = name.map(Name::from).or(own_name)?;
        let class = self.class_name(&self.state.heap.get(id).class);
        let (spec, spec_name) = self.spec_of(id);
        let is_namespace = self.is_namespace_module(id);
        let path = self.state.heap.slot(id, "__path__").map(|slot| slot.value.clone());
        if let Some(path) = &path {
            self.recalculate(path);
        }
        let path = path.and_then(|path| self.elements(&path).0).unwrap_or_default();
        Some(ModuleView {
            evidence: self.evidence_of(&name, id, spec),
            is_main: &*name == "__main__",
            is_supposed: self.state.supposed.contains(&id),
            file: self.text_attribute(id, "__file__"),
            path: path.iter().filter_map(|item| item.as_str().map(Arc::from)).collect(),
            spec_name,
            name,
            spec,
            class,
            is_namespace,
        })
    }

    /// What `module.__spec__` gives, and its name.
    fn spec_of(&mut self, id: ObjectId) -> (SpecState, Option<Name>) {
        let slot = self.state.heap.slot(id, "__spec__");
        if slot.is_some_and(|slot| !slot.certain) {
            return (SpecState::Unknown, None);
        }
        let value = slot.map(|slot| slot.value.clone());
        if !self.makes_attributes_up(id, value.is_some()) {
            return self.as_spec(value.as_ref(), self.state.heap.get(id).open);
        }
        // A look must not change anything.
        let seen =
            self.tentatively(|machine| match machine.attribute_or_missing(&Value::Object(id), "__spec__") {
                Ok(value) => machine.as_spec(value.as_ref(), false),
                Err(raised) if raised.type_name == "AttributeError" => (SpecState::Missing, None),
                Err(_) => (SpecState::Unknown, None),
            });
        match (seen, value) {
            ((SpecState::Unknown, _), Some(value)) => self.as_spec(Some(&value), false),
            (seen, _) => seen,
        }
    }

    /// Whether the object's class answers for an attribute that it has, or has not.
    fn makes_attributes_up(&self, id: ObjectId, has_it: bool) -> bool {
        let class = &self.state.heap.get(id).class;
        let has = |name| self.find_in_class(class, name).is_some();
        matches!(class, Value::Object(_)) && (has("__getattribute__") || !has_it && has("__getattr__"))
    }

    fn as_spec(&self, value: Option<&Value>, open: bool) -> (SpecState, Option<Name>) {
        match value {
            Some(Value::None) => (SpecState::None, None),
            Some(Value::Object(spec)) if self.state.heap.get(*spec).class == MODULE_SPEC => {
                (SpecState::Present, self.text_attribute(*spec, "name").map(|name| Name::from(&*name)))
            }
            None if !open => (SpecState::Missing, None),
            _ => (SpecState::Unknown, None),
        }
    }

    fn is_namespace_module(&self, id: ObjectId) -> bool {
        let Some(loader) = self.state.heap.slot(id, "__loader__").and_then(|slot| slot.value.as_object())
        else {
            return false;
        };
        let class = &self.state.heap.get(loader).class;
        matches!(class, Value::Builtin(name) if name.ends_with("NamespaceLoader"))
    }

    /// What made the module as it is, in the order of events.
    fn evidence_of(&self, name: &Name, id: ObjectId, spec: SpecState) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        let object = self.state.heap.get(id);
        let class = self.class_name(&object.class);
        if let Some(site) = self.state.modules.get(name).and_then(|entry| entry.put.clone()) {
            let replaces = self.state.first_imports.contains_key(name);
            let (module, class) = (name.clone(), class.clone());
            let deed =
                if replaces { Deed::Replaces { module, class } } else { Deed::PutsStub { module, class } };
            evidence.push(Evidence { site, deed });
        }
        if let Value::Object(class_id) = object.class
            && let Payload::Class(defined) = &self.state.heap.get(class_id).payload
        {
            evidence.push(Evidence { site: defined.site.clone(), deed: Deed::DefinesClass { class } });
        }
        match spec {
            SpecState::None => {
                let site = self.state.heap.slot(id, "__spec__").and_then(|slot| slot.site.clone());
                let made = matches!(object.payload, Payload::Module { made: Some(_) });
                evidence.extend(site.map(|site| {
                    let deed = if made { Deed::MakesModuleWithoutSpec } else { Deed::SetsSpec };
                    Evidence { site, deed }
                }));
            }
            SpecState::Missing => {
                if let Payload::Module { made: Some(site) } = &object.payload {
                    evidence.push(Evidence { site: site.clone(), deed: Deed::MakesObjectWithoutSpec });
                }
            }
            SpecState::Present | SpecState::Unknown => {}
        }
        evidence
    }
}

/// What a package's `__path__` is.
pub(super) enum PackagePath {
    /// There is none: it is no package.
    None,
    /// These directories.
    Known(Vec<String>),
    /// It could not be computed.
    Unknown,
}

/// The name of the package that a dotted name is in.
pub(super) fn parent_of(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(parent, _)| parent)
}

/// Whether the interpreter has the module in `sys.modules` before any code of the user runs.
fn is_startup_module(tables: &VersionTables, name: &str) -> bool {
    let has = |names: &[String]| names.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
    has(&tables.startup_modules) || has(&tables.site_modules)
}

/// The entries of `sys.path` that hold the standard library.
fn standard_library_path(environment: &Environment) -> Vec<String> {
    let entries = environment.search_path.iter().filter(|entry| {
        matches!(
            entry.origin,
            PathOrigin::StandardLibraryZip | PathOrigin::StandardLibrary | PathOrigin::DynamicLibraries
        )
    });
    entries.map(|entry| entry.path.to_string_lossy().into_owned()).collect()
}
