//! Loaders as code calls them, and modules whose loader is code's own: `Lib/importlib/_bootstrap.py` (`_load_unlocked`,
//! `module_from_spec`, `_load_backward_compatible`) and the file loaders of `Lib/importlib/_bootstrap_external.py`.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::exception::Raises;
use super::modules::MODULE_SPEC;
use super::state::Entry;
use super::value::{ObjectId, Payload, Value};
use crate::spec::{Loader, ModuleSpec};

/// The methods of importlib's file loaders that the machine knows, with what each is called here.
const METHODS: &[(&str, &str)] = &[
    ("create_module", "importlib.loader.create_module"),
    ("exec_module", "importlib.loader.exec_module"),
    ("get_resource_reader", "importlib.loader.get_resource_reader"),
    ("load_module", "importlib.loader.load_module"),
];

/// A method of one of importlib's loaders.
pub(super) fn loader_method(class: &Value, name: &str) -> Option<Value> {
    let method = METHODS.iter().find(|(method, _)| is_loader_class(class) && *method == name)?;
    Some(Value::Builtin(method.1))
}

/// Whether it is the class of one of importlib's loaders.
pub(super) fn is_loader_class(class: &Value) -> bool {
    let Value::Builtin(class) = class else { return false };
    class.starts_with("_frozen_importlib") && (class.ends_with("Loader") || class.ends_with("Importer"))
}

impl Machine<'_> {
    /// Calls a method of one of importlib's loaders, the loader first; `None` where `name` is none.
    pub(super) fn call_loader_method(&mut self, name: &str, arguments: &[Value]) -> Option<Raises<Value>> {
        let argument = arguments.get(1);
        Some(match name {
            "importlib.loader.create_module" => Ok(Value::None),
            "importlib.loader.exec_module" => self.exec_module(arguments.first(), argument),
            "importlib.loader.load_module" => match argument.and_then(Value::as_str) {
                Some(name) => self.import_module(name),
                None => Ok(Value::Unknown),
            },
            "importlib.loader.get_resource_reader" => {
                self.import_resource_readers();
                Ok(Value::Unknown)
            }
            _ => return None,
        })
    }

    /// `from importlib.readers import FileReader` (bpo-44771, 3.10).
    pub(super) fn import_resource_readers(&mut self) {
        if self.version().at_least(10) {
            drop(self.import_module("importlib.readers"));
        }
    }

    /// `SourceFileLoader.exec_module(module)` and its kin. The spec may name another loader, one that calls this one.
    fn exec_module(&mut self, loader: Option<&Value>, module: Option<&Value>) -> Raises<Value> {
        let Some(Value::Object(module)) = module else { return Ok(Value::Unknown) };
        let spec = self.state.heap.slot(*module, "__spec__").and_then(|slot| slot.value.as_object());
        match spec.zip(loader).and_then(|(spec, loader)| self.module_spec_with(spec, loader)) {
            Some(spec) if !self.runs_file(spec.origin.as_deref()) => self.run_loaded(*module, &spec)?,
            _ => self.state.heap.get_mut(*module).open = true,
        }
        Ok(Value::None)
    }

    /// `importlib.util.spec_from_file_location(name, location, *, loader, submodule_search_locations)`.
    pub(super) fn spec_from_file_location(
        &mut self,
        name: Option<Value>,
        location: Option<Value>,
        loader: Option<Value>,
        locations: Option<Value>,
    ) -> Value {
        let Some(Value::Str(file)) = location else { return Value::Unknown };
        let known = match file.rsplit('.').next() {
            Some("py") => Some(Loader::Source),
            Some("pyc") => Some(Loader::Sourceless),
            Some("so" | "pyd") => Some(Loader::Extension),
            _ => None,
        };
        let loader = match (loader, known) {
            (Some(loader), _) if !matches!(loader, Value::None) => loader,
            (_, Some(known)) => self.loader_value(Some(&known)),
            // No loader of importlib's takes the file.
            _ => return Value::None,
        };
        let (directory, base) = file.rsplit_once('/').unwrap_or(("", &file));
        let locations = match locations {
            Some(locations) => locations,
            None if base.split('.').next() == Some("__init__") => {
                let region = self.region();
                self.state.heap.list(vec![Value::str(directory)], region)
            }
            None => Value::None,
        };
        let spec = self.make_spec(name, Some(loader), &[]);
        if let Some(id) = spec.as_object() {
            let values = [
                ("origin", Value::Str(Arc::clone(&file))),
                ("submodule_search_locations", locations),
                ("has_location", Value::Bool(true)),
                ("cached", Value::Unknown),
            ];
            for (attribute, value) in values {
                self.state.heap.set(id, attribute, value, None);
            }
        }
        spec
    }

    /// A spec object as data, where its loader is importlib's.
    fn as_module_spec(&self, spec: ObjectId) -> Option<ModuleSpec> {
        let loader = self.state.heap.slot(spec, "loader")?;
        self.module_spec_with(spec, &loader.value)
    }

    /// A spec object as data, with this loader.
    fn module_spec_with(&self, spec: ObjectId, loader: &Value) -> Option<ModuleSpec> {
        let value = |attribute| self.state.heap.slot(spec, attribute).map(|slot| &slot.value);
        let loader = match loader {
            Value::Object(loader) => match self.state.heap.get(*loader).class {
                Value::Builtin("_frozen_importlib_external.SourceFileLoader") => Loader::Source,
                Value::Builtin("_frozen_importlib_external.SourcelessFileLoader") => Loader::Sourceless,
                Value::Builtin("_frozen_importlib_external.ExtensionFileLoader") => Loader::Extension,
                Value::Builtin(class) if class.ends_with("NamespaceLoader") => Loader::Namespace,
                _ => return None,
            },
            Value::Builtin("_frozen_importlib.BuiltinImporter") => Loader::BuiltIn,
            Value::Builtin("_frozen_importlib.FrozenImporter") => Loader::Frozen,
            _ => return None,
        };
        let locations = match value("submodule_search_locations") {
            None | Some(Value::None) => None,
            Some(locations) => match self.elements(locations) {
                (Some(items), true) => {
                    Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
                }
                _ => return None,
            },
        };
        Some(ModuleSpec {
            name: self.text_attribute(spec, "name")?.to_string(),
            loader: Some(loader),
            origin: self.text_attribute(spec, "origin").map(|origin| origin.to_string()),
            submodule_search_locations: locations,
            has_location: value("has_location") == Some(&Value::Bool(true)),
            cached: None,
        })
    }

    /// `_load_unlocked` for a spec that code made, with whatever loader it has.
    pub(super) fn load_from_object(&mut self, name: &str, spec: ObjectId) -> Raises<Value> {
        let module = self.load_by_object(name, spec)?;
        if self.is_supposed(&Value::Object(spec)) {
            self.suppose(&module);
        }
        Ok(module)
    }

    fn load_by_object(&mut self, name: &str, spec: ObjectId) -> Raises<Value> {
        let site = self.site();
        let key = Name::from(name);
        if !self.state.first_imports.contains_key(&key) {
            self.state.first_imports.insert_mut(key, site);
        }
        if let Some(known) = self.as_module_spec(spec) {
            let module = self.module_of_spec(spec);
            return self
                .run_in_modules(name, Value::Object(module), |machine| machine.run_loaded(module, &known));
        }
        let loader = self.state.heap.slot(spec, "loader").map_or(Value::Unknown, |slot| slot.value.clone());
        let module = self.create_module(&loader, spec)?;
        let method = match self.attribute_or_missing(&loader, "exec_module") {
            Ok(Some(method)) if method != Value::Unknown => method,
            Ok(None) if loader.as_object().is_some() => return self.load_by_old_method(name, &loader),
            _ => {
                // What the loader does when it runs is not followed.
                if let Some(id) = module.as_object() {
                    self.state.heap.get_mut(id).open = true;
                }
                let certain = self.is_certain();
                self.state
                    .put_module(name, Entry { value: module.clone(), put: None, certain, startup: false });
                return Ok(module);
            }
        };
        self.run_in_modules(name, module.clone(), |machine| {
            machine.call(&method, vec![module], Vec::new()).map(drop)
        })
    }

    /// `_load_backward_compatible`, for a loader without `exec_module`; 3.15 has it no more.
    fn load_by_old_method(&mut self, name: &str, loader: &Value) -> Raises<Value> {
        if self.version().at_least(15) {
            return Err(self.refused_attribute(loader, "exec_module"));
        }
        let Some(method) = self.attribute_or_missing(loader, "load_module")? else {
            return Err(self.refused_attribute(loader, "load_module"));
        };
        let loaded = self.call(&method, vec![Value::str(name)], Vec::new())?;
        Ok(self.module_entry(name).map_or(loaded, |entry| entry.value))
    }

    /// Puts a module into `sys.modules`, runs it, and gives what stands there then.
    fn run_in_modules(
        &mut self,
        name: &str,
        module: Value,
        run: impl FnOnce(&mut Self) -> Raises<()>,
    ) -> Raises<Value> {
        let certain = self.is_certain();
        self.state.put_module(name, Entry { value: module.clone(), put: None, certain, startup: false });
        if let Err(raised) = run(self) {
            self.state.remove_module(name);
            return Err(raised);
        }
        Ok(self.state.modules.get(name).map_or(module, |entry| entry.value.clone()))
    }

    /// `module_from_spec`: the module that the loader's `create_module` makes, else a new one.
    fn create_module(&mut self, loader: &Value, spec: ObjectId) -> Raises<Value> {
        let created = match self.attribute_or_missing(loader, "create_module") {
            Ok(Some(method)) => self.call(&method, vec![Value::Object(spec)], Vec::new())?,
            _ => Value::None,
        };
        let Value::Object(id) = created else {
            let module = self.module_of_spec(spec);
            self.state.heap.get_mut(module).open |= created != Value::None;
            return Ok(Value::Object(module));
        };
        self.init_module_attrs(spec, id, false);
        Ok(created)
    }

    /// A new module with the attributes that its spec says.
    pub(super) fn module_of_spec(&mut self, spec: ObjectId) -> ObjectId {
        let name = self.text_attribute(spec, "name");
        let site = self.site();
        let id = self.bare_module(name.as_deref().unwrap_or("?"), site);
        self.init_module_attrs(spec, id, false);
        id
    }

    /// `_init_module_attrs`: what is there and not None stays, but for the spec, unless it is told to override that.
    pub(super) fn init_module_attrs(&mut self, spec: ObjectId, id: ObjectId, overrides: bool) {
        let said = |machine: &Self, of: &str| {
            machine.state.heap.slot(spec, of).map(|slot| slot.value.clone()).unwrap_or_default()
        };
        let is_wanted = |machine: &Self, attribute: &str| {
            let old = machine.state.heap.slot(id, attribute).map(|slot| &slot.value);
            overrides || matches!(old, None | Some(Value::None))
        };
        let (site, locations) = (self.site(), said(self, "submodule_search_locations"));
        let is_package = locations != Value::None;
        if is_wanted(self, "__loader__") && is_package && said(self, "loader") == Value::None {
            // The spec gets the loader too, and the module a file that is None (3.7+, bpo-32305).
            let loader = self.loader_value(Some(&Loader::Namespace));
            self.state.heap.set(spec, "loader", loader, None);
            self.state.heap.set(id, "__file__", Value::None, site.clone());
        }
        let has_location = said(self, "has_location") == Value::Bool(true);
        let copied = [
            ("__name__", "name", true),
            ("__loader__", "loader", true),
            ("__package__", "parent", true),
            ("__path__", "submodule_search_locations", is_package),
            ("__file__", "origin", has_location),
        ];
        for (attribute, of, is_given) in copied {
            if is_given && is_wanted(self, attribute) {
                let value = said(self, of);
                self.state.heap.set(id, attribute, value, site.clone());
            }
        }
        self.state.heap.set(id, "__spec__", Value::Object(spec), site);
    }

    /// `importlib.util.module_from_spec(spec)`.
    pub(super) fn call_module_from_spec(&mut self, spec: Option<&Value>) -> Raises<Value> {
        let Some(Value::Object(spec)) = spec else { return Ok(Value::Unknown) };
        if self.state.heap.get(*spec).class != MODULE_SPEC {
            return Ok(Value::Unknown);
        }
        if self.as_module_spec(*spec).is_some() {
            return Ok(Value::Object(self.module_of_spec(*spec)));
        }
        let loader = self.state.heap.slot(*spec, "loader").map_or(Value::Unknown, |slot| slot.value.clone());
        self.create_module(&loader, *spec)
    }

    /// `SourceFileLoader(fullname, path)`.
    pub(super) fn make_loader(
        &mut self,
        class: &'static str,
        name: Option<Value>,
        path: Option<Value>,
    ) -> Value {
        let region = self.region();
        let loader = self.state.heap.make(Value::Builtin(class), Payload::Plain, region);
        if let Some(id) = loader.as_object() {
            self.state.heap.set(id, "name", name.unwrap_or_default(), None);
            self.state.heap.set(id, "path", path.unwrap_or_default(), None);
            self.state.heap.get_mut(id).open = true;
        }
        loader
    }
}
