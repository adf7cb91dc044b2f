//! Functions of the standard library that look at a module's metadata: `inspect`, `importlib.resources`, `pkgutil.get_data`,
//! `runpy.run_module`. Each is known as it behaves for what is not a plain module.

use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::modules::MODULE_SPEC;
use super::value::Value;
use super::view::{ModuleView, SpecState};

/// Where the functions are defined in some version, with what each is called here.
const DEFINITIONS: &[(&str, &str)] = &[
    ("inspect.getfile", "inspect.getfile"),
    ("inspect.getmodule", "inspect.getmodule"),
    ("inspect.getsource", "inspect.getsource"),
    ("inspect.getsourcefile", "inspect.getsourcefile"),
    ("inspect.getsourcelines", "inspect.getsourcelines"),
    ("pkgutil.get_data", "pkgutil.get_data"),
    ("runpy.run_module", "runpy.run_module"),
    ("importlib.resources.files", "importlib.resources.files"),
    ("importlib._common.files", "importlib.resources.files"),
    ("importlib.resources._common.files", "importlib.resources.files"),
];

/// The older functions of `importlib.resources`, which take the package first, and the modules that have defined them.
const OLDER: &[&str] = &[
    "importlib.resources.open_text",
    "importlib.resources.open_binary",
    "importlib.resources.read_text",
    "importlib.resources.read_binary",
    "importlib.resources.contents",
    "importlib.resources.is_resource",
];
const OLDER_MODULES: &[&str] =
    &["importlib.resources", "importlib.resources._legacy", "importlib.resources._functional"];

/// What a function of the standard library is called here, where it is one of these.
pub(super) fn definition(module: &str, name: &str) -> Option<Value> {
    let here = |path: &str| path.strip_suffix(name).and_then(|rest| rest.strip_suffix('.')) == Some(module);
    if let Some((_, known)) = DEFINITIONS.iter().find(|(path, _)| here(path)) {
        return Some(Value::Builtin(known));
    }
    let older = || OLDER.iter().find(|known| known.rsplit('.').next() == Some(name));
    OLDER_MODULES.contains(&module).then(older).flatten().map(|known| Value::Builtin(known))
}

/// Whether a call of the function looks at the metadata of its first argument.
pub(super) fn inspects(function: &str) -> bool {
    function == "importlib.reload"
        || OLDER.contains(&function)
        || DEFINITIONS.iter().any(|(_, known)| *known == function)
}

fn is_extension(file: &str) -> bool {
    [".so", ".pyd"].iter().any(|suffix| file.ends_with(suffix))
}

impl Machine<'_> {
    /// Calls one of these functions; `None` where `name` is none.
    pub(super) fn call_inspection(&mut self, name: &str, arguments: &[Value]) -> Option<Raises<Value>> {
        if !inspects(name) {
            return None;
        }
        let Some(first) = arguments.first() else { return Some(Ok(Value::Unknown)) };
        Some(match name {
            "inspect.getmodule" => Ok(self.module_of(first)),
            "pkgutil.get_data" => self.get_data(first),
            "runpy.run_module" => self.run_named(first),
            name if name.starts_with("inspect.") => self.source_of(name, first),
            name => self.resources_of(name, first, arguments.get(1)),
        })
    }

    /// The module that an argument of such a function means: itself, or the one of that name.
    pub(super) fn inspected(&mut self, argument: &Value) -> Option<ModuleView> {
        match argument {
            Value::Str(name) => {
                let name = name.to_string();
                self.view_of_name(&name).or_else(|| {
                    let spec = self.call_find_spec(Some(Value::str(&name)), None).ok()?.as_object()?;
                    self.view_of_spec(spec)
                })
            }
            module => self.view(module, None).filter(|_| self.is_module_entry(module)),
        }
    }

    /// `inspect.getmodule(object)`: of a module or a frame.
    pub(super) fn module_of(&self, object: &Value) -> Value {
        let Some(id) = object.as_object() else { return Value::Unknown };
        if self.is_module(id) {
            return object.clone();
        }
        let globals = self.state.heap.slot(id, "f_globals").map(|slot| slot.value.clone());
        globals.and_then(|globals| self.owner_of_dict(&globals)).map_or(Value::Unknown, Value::Object)
    }

    /// `inspect.getfile` and what begins with it (`Lib/inspect.py`): a module without a true `__file__` is taken to be
    /// built in.
    fn source_of(&mut self, name: &str, module: &Value) -> Raises<Value> {
        let Some(id) = module.as_object().filter(|id| self.is_module(*id)) else { return Ok(Value::Unknown) };
        let file = match self.has_attribute(module, "__file__") {
            Some(true) => self.attribute(module, "__file__")?,
            Some(false) => Value::None,
            None => return Ok(Value::Unknown),
        };
        match file {
            Value::Str(file) if name == "inspect.getfile" => Ok(Value::Str(file)),
            Value::Str(file) if name == "inspect.getsourcefile" && is_extension(&file) => Ok(Value::None),
            Value::None => {
                let repr = self.module_repr(id);
                let mut raised = Raised::of("builtins.TypeError", "");
                raised.message = repr.map(|repr| format!("{repr} is a built-in module").into());
                Err(raised)
            }
            _ => Ok(Value::Unknown),
        }
    }

    /// `repr(module)` (`_module_repr` in `Lib/importlib/_bootstrap.py`), where there is no address in it.
    fn module_repr(&mut self, id: super::value::ObjectId) -> Option<String> {
        let view = self.view(&Value::Object(id), None)?;
        let name = &view.name;
        if !view.is_namespace {
            return None;
        }
        match self.version() {
            version if version.at_least(12) => {
                let path: Vec<String> = view.path.iter().map(|portion| format!("'{portion}'")).collect();
                Some(format!("<module '{name}' (namespace) from [{}]>", path.join(", ")))
            }
            version if version.at_least(10) => None,
            _ => Some(format!("<module '{name}' (namespace)>")),
        }
    }

    /// `pkgutil.get_data` (`Lib/pkgutil.py`): None where the loader cannot read data, as that of a namespace package.
    fn get_data(&mut self, package: &Value) -> Raises<Value> {
        let Some(name) = package.as_str().map(str::to_owned) else { return Ok(Value::Unknown) };
        let spec = self.call_find_spec(Some(Value::str(&name)), None)?;
        if spec == Value::None {
            return Ok(Value::None);
        }
        let Some(id) = spec.as_object().filter(|id| self.state.heap.get(*id).class == MODULE_SPEC) else {
            return Ok(Value::Unknown);
        };
        let loader = self.state.heap.slot(id, "loader").map(|slot| slot.value.clone());
        let is_namespace = loader.as_ref().and_then(Value::as_object).is_some_and(|loader| {
            matches!(self.state.heap.get(loader).class, Value::Builtin(class) if class.ends_with("NamespaceLoader"))
        });
        Ok(if is_namespace || loader == Some(Value::None) { Value::None } else { Value::Unknown })
    }

    /// `runpy.run_module` (`Lib/runpy.py`), as far as it refuses.
    fn run_named(&mut self, name: &Value) -> Raises<Value> {
        let Some(name) = name.as_str().map(str::to_owned) else { return Ok(Value::Unknown) };
        let spec = match self.call_find_spec(Some(Value::str(&name)), None) {
            Ok(spec) => spec,
            Err(cause) if matches!(cause.type_name.as_str(), "ValueError" | "ImportError") => {
                let message = format!(
                    "Error while finding module specification for '{name}' ({}: {})",
                    cause.type_name,
                    cause.message.as_deref().unwrap_or_default()
                );
                let mut raised = Raised::of("builtins.ImportError", message);
                raised.evidence = cause.evidence;
                return Err(raised);
            }
            Err(other) => return Err(other),
        };
        let Some(id) = spec.as_object() else { return Ok(Value::Unknown) };
        let is_package = !matches!(
            self.state.heap.slot(id, "submodule_search_locations").map(|slot| &slot.value),
            None | Some(Value::None | Value::Unknown)
        );
        let main = format!("{name}.__main__");
        if is_package && self.call_find_spec(Some(Value::str(&main)), None)? == Value::None {
            let message =
                format!("No module named {main}; '{name}' is a package and cannot be directly executed");
            return Err(Raised::of("builtins.ImportError", message));
        }
        Ok(Value::Unknown)
    }

    /// `importlib.resources.files` and the older functions.
    fn resources_of(&mut self, function: &str, package: &Value, resource: Option<&Value>) -> Raises<Value> {
        if let Value::Str(name) = package {
            self.import_module(&name.clone())?;
        }
        let Some(view) = self.inspected(package) else { return Ok(Value::Unknown) };
        let version = self.version();
        if view.spec == SpecState::None {
            let mut raised = if version.at_least(15) {
                let why = "does not appear to correspond to an importable module (its __spec__ is None).";
                let message = format!("Cannot access resources for '{}' as it {why}", view.name);
                Raised::of("builtins.TypeError", message)
            } else {
                let wanted = if version.at_least(12) { "name" } else { "submodule_search_locations" };
                let message = format!("'NoneType' object has no attribute '{wanted}'");
                Raised::of("builtins.AttributeError", message)
            };
            raised.evidence = view.evidence;
            return Err(raised);
        }
        // bpo-41490, bpo-43392: from 3.10 on the portions of a namespace package are read.
        if !view.is_namespace || version.at_least(10) {
            self.import_resource_readers();
            return Ok(Value::Unknown);
        }
        let name: &Name = &view.name;
        let resource = resource.and_then(Value::as_str);
        match (function.rsplit('.').next().unwrap_or_default(), resource) {
            ("files", _) => {
                let message = "expected str, bytes or os.PathLike object, not NoneType";
                Err(Raised::of("builtins.TypeError", message))
            }
            ("open_text" | "read_text" | "open_binary" | "read_binary", Some(resource)) => {
                let message = if version.at_least(9) {
                    format!("'{resource}' resource not found in '{name}'")
                } else {
                    format!("Package has no location <module '{name}' (namespace)>")
                };
                Err(Raised::of("builtins.FileNotFoundError", message))
            }
            _ => Ok(Value::Unknown),
        }
    }
}
