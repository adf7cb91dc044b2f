//! The import system as code calls it: `importlib`, `importlib.util`, `pkgutil`, `types.ModuleType`, and the few other
//! functions of the standard library that have no source, or whose source says less than their documentation.

use std::sync::Arc;

use speclens_source::Name;

use super::Machine;
use super::builtins::builtin_name;
use super::exception::{Raised, Raises};
use super::import::Found;
use super::modules::{PackagePath, parent_of};
use super::state::{Deed, Evidence};
use super::value::{ObjectId, Payload, Value};
use crate::finders;

const INIT_MODULE_ATTRS: &str = "importlib._bootstrap._init_module_attrs";

/// Definitions of the standard library that the machine knows, as `module.name`, with what each is called here.
const DEFINITIONS: &[(&str, &str)] = &[
    ("importlib.import_module", "importlib.import_module"),
    ("importlib.__import__", "builtins.__import__"),
    ("importlib.invalidate_caches", "importlib.invalidate_caches"),
    ("importlib.reload", "importlib.reload"),
    ("importlib.util.find_spec", "importlib.util.find_spec"),
    ("importlib.util.module_from_spec", "importlib.util.module_from_spec"),
    ("importlib._bootstrap.module_from_spec", "importlib.util.module_from_spec"),
    ("importlib._bootstrap._init_module_attrs", INIT_MODULE_ATTRS),
    ("importlib._bootstrap.spec_from_loader", "importlib.util.spec_from_loader"),
    ("importlib._bootstrap_external.spec_from_file_location", "importlib.util.spec_from_file_location"),
    ("importlib._bootstrap.ModuleSpec", "importlib.machinery.ModuleSpec"),
    ("importlib._bootstrap.BuiltinImporter", "_frozen_importlib.BuiltinImporter"),
    ("importlib._bootstrap.FrozenImporter", "_frozen_importlib.FrozenImporter"),
    ("importlib._bootstrap_external.PathFinder", "_frozen_importlib_external.PathFinder"),
    ("importlib._bootstrap_external.SourceFileLoader", "_frozen_importlib_external.SourceFileLoader"),
    ("importlib._bootstrap_external.NamespaceLoader", "_frozen_importlib_external.NamespaceLoader"),
    ("importlib.machinery.ModuleSpec", "importlib.machinery.ModuleSpec"),
    ("importlib.machinery.PathFinder", "_frozen_importlib_external.PathFinder"),
    ("importlib.machinery.SourceFileLoader", "_frozen_importlib_external.SourceFileLoader"),
    ("importlib.metadata.version", "importlib.metadata.version"),
    ("importlib.metadata.distribution", "importlib.metadata.distribution"),
    ("importlib.metadata.entry_points", "importlib.metadata.entry_points"),
    ("pkgutil.extend_path", "pkgutil.extend_path"),
    ("types.ModuleType", "types.ModuleType"),
    ("types.SimpleNamespace", "types.SimpleNamespace"),
    ("_thread._local", "_thread._local"),
    ("os._createenviron", "os.environ"),
    ("functools.wraps", "functools.wraps"),
    ("functools.lru_cache", "functools.lru_cache"),
    ("functools.cache", "functools.cache"),
    // Only looks, but at so much that following it takes more steps than all else in an import of pandas.
    ("inspect._signature_from_callable", "inspect.signature"),
    ("collections.deque", "collections.deque"),
    ("_collections.deque", "collections.deque"),
    ("functools.partial", "functools.partial"),
    ("_functools.partial", "functools.partial"),
    ("os.fspath", "os.fspath"),
    ("os.listdir", "os.listdir"),
    ("posix.fspath", "os.fspath"),
    ("posix.listdir", "os.listdir"),
    ("posixpath.dirname", "os.path.dirname"),
    ("posixpath.basename", "os.path.basename"),
    ("posixpath.split", "os.path.split"),
    ("posixpath.splitext", "os.path.splitext"),
    ("posixpath.join", "os.path.join"),
    ("posixpath.isabs", "os.path.isabs"),
    ("posixpath.abspath", "os.path.abspath"),
    ("posixpath.realpath", "os.path.abspath"),
    ("posixpath.normpath", "os.path.normpath"),
    ("posix._path_normpath", "os.path.normpath"),
    ("posixpath.expanduser", "os.path.expanduser"),
    ("genericpath.exists", "os.path.exists"),
    ("genericpath.isfile", "os.path.isfile"),
    ("genericpath.isdir", "os.path.isdir"),
    ("pathlib.Path", "pathlib.Path"),
    ("pathlib._local.Path", "pathlib.Path"),
    ("pkgutil.iter_modules", "pkgutil.iter_modules"),
    ("pkgutil.walk_packages", "pkgutil.walk_packages"),
    ("glob.glob", "glob.glob"),
];

/// So many frames are looked at by `f_back`.
const MAX_FRAMES: i64 = 8;

impl Machine<'_> {
    /// What a `def` or `class` of the standard library is, where the machine knows it.
    pub(super) fn intrinsic_definition(&self, name: &str) -> Option<Value> {
        let frame = self.frame().filter(|frame| frame.names == frame.module)?;
        let module = self.text_attribute(frame.module, "__name__")?;
        let definition = definition(&module, name)?;
        self.is_standard_library(frame.module).then_some(definition)
    }

    pub(super) fn is_standard_library(&self, module: ObjectId) -> bool {
        let library = &self.state.search.environment.interpreter.standard_library;
        match (library, self.text_attribute(module, "__file__")) {
            (Some(library), Some(file)) => std::path::Path::new(&*file).starts_with(library),
            // No file: built-in, or frozen, or the built-in account.
            _ => true,
        }
    }

    /// An attribute of a module that has no source, as far as the machine knows it.
    pub(super) fn known_module_attribute(&mut self, id: ObjectId, name: &str) -> Option<Value> {
        if !self.is_module(id) {
            return None;
        }
        let module = self.text_attribute(id, "__name__")?;
        match &*module {
            "sys" => self.sys_attribute(name),
            "builtins" => match &self.state.import_function {
                Some(installed) if name == "__import__" => Some(installed.value.clone()),
                _ => builtin_name(name),
            },
            "typing" if name == "TYPE_CHECKING" && self.state.heap.get(id).open => Some(Value::Bool(false)),
            "os" if name == "path" && self.state.heap.get(id).open => {
                self.module_entry("os.path").map(|entry| entry.value)
            }
            module if self.state.heap.get(id).open => {
                let module = match module {
                    "_frozen_importlib" => "importlib._bootstrap",
                    "_frozen_importlib_external" => "importlib._bootstrap_external",
                    "os.path" => "posixpath",
                    module => module,
                };
                definition(module, name).filter(|_| self.is_standard_library(id))
            }
            _ => None,
        }
    }

    /// Calls a function of the import system; `None` where `name` is none.
    pub(super) fn call_intrinsic(
        &mut self,
        name: &'static str,
        arguments: &[Value],
        keywords: &[(Name, Value)],
    ) -> Option<Raises<Value>> {
        let argument = |index: usize, name: &str| {
            let named = || keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            arguments.get(index).or_else(named).cloned()
        };
        Some(match name {
            "importlib.import_module" => self.call_import_module(argument(0, "name"), argument(1, "package")),
            "builtins.__import__" => {
                let globals = argument(1, "globals").and_then(|globals| self.owner_of_dict(&globals));
                let (names, level) = (argument(3, "fromlist"), argument(4, "level"));
                self.call_dunder_import(argument(0, "name"), globals, names, level)
            }
            "importlib.util.find_spec" => self.call_find_spec(argument(0, "name"), argument(1, "package")),
            name if name.ends_with("er.find_spec") => {
                Ok(self.ask_known_finder(name, argument(0, "fullname"), argument(1, "path")))
            }
            INIT_MODULE_ATTRS => {
                let (spec, module) = (argument(0, "spec"), argument(1, "module"));
                let overrides = keywords
                    .iter()
                    .any(|(name, value)| name == "override" && self.truth(value) == Some(true));
                if let (Some(Value::Object(spec)), Some(Value::Object(id))) = (&spec, &module) {
                    self.init_module_attrs(*spec, *id, overrides);
                }
                Ok(module.unwrap_or_default())
            }
            "importlib.util.module_from_spec" => self.call_module_from_spec(argument(0, "spec").as_ref()),
            "importlib.util.spec_from_file_location" => {
                let keyword = |wanted: &str| {
                    keywords.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone())
                };
                let (loader, locations) = (keyword("loader"), keyword("submodule_search_locations"));
                Ok(self.spec_from_file_location(
                    argument(0, "name"),
                    argument(1, "location"),
                    loader,
                    locations,
                ))
            }
            "_frozen_importlib_external.SourceFileLoader" => {
                Ok(self.make_loader(name, argument(0, "fullname"), argument(1, "path")))
            }
            "importlib.util.spec_from_loader" | "importlib.machinery.ModuleSpec" => {
                Ok(self.make_spec(argument(0, "name"), argument(1, "loader"), keywords))
            }
            "importlib.reload" => self.reload(argument(0, "module").unwrap_or_default()),
            "sys.exit" => {
                let text = argument(0, "status").and_then(|status| self.to_text(&status)).unwrap_or_default();
                let raised = Raised::of("builtins.SystemExit", text);
                if self.is_convincing(&raised) { Err(raised) } else { Ok(Value::Unknown) }
            }
            "importlib.invalidate_caches" => Ok(Value::None),
            "importlib.metadata.entry_points" => Ok(self.call_entry_points(arguments, keywords)),
            super::entry_points::LOAD => self.load_entry_point(arguments.first()),
            "importlib.metadata.version" => self.call_version(argument(0, "distribution_name")),
            "importlib.metadata.distribution" => match argument(0, "distribution_name") {
                Some(Value::Str(name)) if self.world.distribution_version(&name).is_none() => {
                    self.call_version(Some(Value::Str(name)))
                }
                _ => Ok(Value::Unknown),
            },
            "types.ModuleType" => Ok(self.call_module_type(argument(0, "name"))),
            "types.ModuleType.__init__" => {
                let site = self.site();
                if let (Some(Value::Object(id)), Some(name)) = (arguments.first(), arguments.get(1)) {
                    self.initialise_module(*id, name.clone(), site);
                }
                Ok(Value::None)
            }
            "pkgutil.extend_path" => Ok(self.extend_path(argument(0, "path"), argument(1, "name"))),
            "sys._getframe" => Ok(self.frame_object(arguments.first())),
            name => {
                let found = self.call_library(name, arguments, keywords);
                let found = found.or_else(|| self.call_loader_method(name, arguments));
                let found = found.or_else(|| self.call_inspection(name, arguments));
                return found.or_else(|| self.call_path_function(name, arguments, keywords));
            }
        })
    }

    /// Calls what else of the standard library is known; `None` where `name` is none of it.
    fn call_library(
        &mut self,
        name: &'static str,
        arguments: &[Value],
        keywords: &[(Name, Value)],
    ) -> Option<Raises<Value>> {
        Some(match name {
            "types.SimpleNamespace" => {
                let made = self.site();
                let region = self.region();
                let object = self.state.heap.make(
                    Value::Builtin("types.SimpleNamespace"),
                    Payload::Module { made },
                    region,
                );
                if let Some(id) = object.as_object() {
                    for (attribute, value) in keywords {
                        self.set_slot(id, attribute, value.clone());
                    }
                    self.state.heap.get_mut(id).open = !arguments.is_empty();
                }
                Ok(object)
            }
            "os.environ" => {
                let variables = self.world.variables();
                let pairs = variables.iter().map(|(name, value)| (Value::str(name), Value::str(value)));
                let pairs = pairs.collect();
                let region = self.region();
                Ok(self.state.heap.dict(pairs, region))
            }
            "collections.deque" => match arguments {
                // A list, as far as it matters here.
                [] | [_] if keywords.is_empty() => {
                    self.call(&Value::Builtin("builtins.list"), arguments.to_vec(), Vec::new())
                }
                _ => Ok(Value::Unknown),
            },
            "functools.wraps" => Ok(Value::Builtin("functools.identity")),
            "functools.identity" => Ok(arguments.first().cloned().unwrap_or(Value::Unknown)),
            "functools.lru_cache" | "functools.cache" => {
                let function = arguments.first().filter(|value| matches!(value, Value::Object(_)));
                Ok(function.cloned().unwrap_or(Value::Builtin("functools.identity")))
            }
            "functools.partial" => Ok(match arguments.split_first() {
                Some((function, bound)) if keywords.is_empty() => {
                    bound.iter().fold(function.clone(), |function, argument| {
                        Value::Method(Arc::new((argument.clone(), function)))
                    })
                }
                _ => Value::Unknown,
            }),
            _ => return None,
        })
    }

    /// `importlib.reload(module)` (`Lib/importlib/__init__.py`): the module's code runs again, in the same module.
    fn reload(&mut self, module: Value) -> Raises<Value> {
        let Value::Object(id) = module else { return Ok(module) };
        let name = self.view(&module, None).map(|view| view.spec_name.unwrap_or(view.name));
        let Some(name) = name else { return Ok(module) };
        if self.observes()
            && self.module_entry(&name).is_some_and(|entry| entry.certain && entry.value != module)
        {
            let message = format!("module {name} not in sys.modules");
            return Err(Raised::of("builtins.ImportError", message));
        }
        let path = match parent_of(&name) {
            None => None,
            Some(parent) => {
                let parent = self.module_entry(parent).map_or(Value::Unknown, |entry| entry.value);
                match self.package_path(&parent) {
                    PackagePath::Known(path) => Some(path),
                    PackagePath::None | PackagePath::Unknown => return Ok(module),
                }
            }
        };
        let found = self.find_on_meta_path(&name, path.as_deref());
        if matches!(found, Found::Nothing) && self.observes() && !self.world.is_elsewhere(&name) {
            let message = format!("spec not found for the module '{name}'");
            return Err(Raised::not_found(&name, message));
        }
        if let Found::Spec(spec) = found
            && !self.runs_file(spec.origin.as_deref())
        {
            let object = self.spec_object(&spec.after_import_in(self.version()));
            self.set_slot(id, "__spec__", object);
            self.run_loaded(id, &spec)?;
        }
        Ok(self.module_entry(&name).map_or(module, |entry| entry.value))
    }

    /// `sys._getframe(depth)`.
    fn frame_object(&mut self, depth: Option<&Value>) -> Value {
        let depth = match depth {
            None => 0,
            Some(Value::Int(depth)) => usize::try_from(*depth).unwrap_or(usize::MAX),
            Some(_) => return Value::Unknown,
        };
        let Some(frame) = self.frames.iter_mut().rev().nth(depth) else { return Value::Unknown };
        frame.is_captured = true;
        let (module, names) = (frame.module, frame.names);
        let (globals, locals) = (self.dict_of(module), self.dict_of(names));
        let region = self.region();
        let object = self.state.heap.make(Value::Builtin("types.FrameType"), Payload::Plain, region);
        let below = i64::try_from(depth).unwrap_or(i64::MAX).saturating_add(1);
        if let Some(id) = object.as_object() {
            if below < MAX_FRAMES {
                let back = self.frame_object(Some(&Value::Int(below)));
                self.state.heap.set(id, "f_back", back, None);
            }
            self.state.heap.set(id, "f_globals", globals, None);
            self.state.heap.set(id, "f_locals", locals, None);
            self.state.heap.get_mut(id).open = true;
        }
        object
    }

    /// `importlib.import_module` (`Lib/importlib/__init__.py`).
    fn call_import_module(&mut self, name: Option<Value>, package: Option<Value>) -> Raises<Value> {
        let Some(name) = name.as_ref().and_then(Value::as_str).map(str::to_owned) else {
            self.unknown("import_module of a name that is not known");
            return Ok(Value::Unknown);
        };
        if !name.starts_with('.') {
            return self.import_module(&name);
        }
        let level = name.chars().take_while(|c| *c == '.').count();
        let Some(mut package) = package.as_ref().and_then(Value::as_str) else { return Ok(Value::Unknown) };
        for _ in 1..level {
            package = parent_of(package).unwrap_or_default();
        }
        let rest = &name[level..];
        let absolute = if rest.is_empty() { package.to_owned() } else { format!("{package}.{rest}") };
        self.import_module(&absolute)
    }

    /// `__import__`: the top-level module, unless `fromlist` is true.
    fn call_dunder_import(
        &mut self,
        name: Option<Value>,
        globals: Option<ObjectId>,
        fromlist: Option<Value>,
        level: Option<Value>,
    ) -> Raises<Value> {
        let level = match level {
            None => Some(0),
            Some(Value::Int(level)) => u32::try_from(level).ok(),
            Some(_) => None,
        };
        // Without globals, the package is taken to be that of the code that calls.
        let globals = globals.filter(|globals| self.is_module(*globals));
        let name = match (name.as_ref().and_then(Value::as_str), level, globals) {
            (Some(name), Some(level), Some(globals)) => self.absolute_name_in(globals, name, level)?,
            (Some(name), Some(level), None) => self.absolute_name(name, level)?,
            _ => None,
        };
        let Some(name) = name else {
            self.unknown("__import__ of a name that is not known");
            return Ok(Value::Unknown);
        };
        let module = self.import_module(&name)?;
        let fromlist = fromlist.filter(|names| *names != Value::None);
        let names = fromlist.map_or(Some(Vec::new()), |fromlist| self.elements(&fromlist).0);
        match names {
            Some(names) if names.is_empty() => {
                let top = name.split('.').next().unwrap_or_default();
                Ok(self.module_entry(top).map_or(module, |entry| entry.value))
            }
            Some(names) => {
                for wanted in names.iter().filter_map(Value::as_str) {
                    self.handle_fromlist(&module, &name, wanted)?;
                }
                Ok(module)
            }
            None => Ok(Value::Unknown),
        }
    }

    /// `importlib.util.find_spec` (`Lib/importlib/util.py`).
    pub(super) fn call_find_spec(&mut self, name: Option<Value>, package: Option<Value>) -> Raises<Value> {
        let Some(name) = name.as_ref().and_then(Value::as_str).map(str::to_owned) else {
            return Ok(Value::Unknown);
        };
        if name.starts_with('.') {
            let known = package.as_ref().and_then(Value::as_str).is_some();
            if known || !matches!(package, None | Some(Value::None)) {
                return Ok(Value::Unknown);
            }
            // bpo-37444: ImportError since 3.9.
            let class =
                if self.version().at_least(9) { "builtins.ImportError" } else { "builtins.ValueError" };
            let message = format!("no package specified for '{name}' (required for relative module names)");
            return Err(Raised::of(class, message));
        }
        match self.is_in_modules(&name) {
            Some(true) => self.spec_in_modules(&name),
            None => Ok(Value::Unknown),
            Some(false) => {
                let mut path = None;
                if let Some(parent) = parent_of(&name) {
                    let module = self.import_module(parent)?;
                    match self.package_path(&module) {
                        PackagePath::Known(known) => path = Some(known),
                        PackagePath::Unknown => return Ok(Value::Unknown),
                        PackagePath::None => return Err(self.no_path(&name, parent)),
                    }
                }
                self.search_spec(&name, path.as_deref())
            }
        }
    }

    /// The `AttributeError` of 3.6 became a `ModuleNotFoundError` in 3.7 (bpo-30436).
    fn no_path(&self, name: &str, parent: &str) -> Box<Raised> {
        let message = format!("__path__ attribute not found on '{parent}' while trying to find '{name}'");
        if self.version().at_least(7) {
            Raised::not_found(name, message)
        } else {
            Raised::of("builtins.AttributeError", format!("module '{parent}' has no attribute '__path__'"))
        }
    }

    fn spec_in_modules(&mut self, name: &str) -> Raises<Value> {
        let Some(entry) = self.module_entry(name) else { return Ok(Value::Unknown) };
        if matches!(entry.value, Value::None) {
            return Ok(Value::None);
        }
        let spec = match &entry.value {
            Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Tuple(_) => Ok(None),
            value if value.as_object().is_none() => return Ok(Value::Unknown),
            value => self.attribute_or_missing(&value.clone(), "__spec__"),
        };
        let what = match spec {
            Ok(None) => "is not set",
            Ok(Some(Value::None)) => "is None",
            Ok(Some(spec)) => return Ok(spec),
            Err(raised) if raised.type_name == "AttributeError" => "is not set",
            Err(raised) => return Err(raised),
        };
        let mut raised = Raised::of("builtins.ValueError", format!("{name}.__spec__ {what}"));
        raised.certain = entry.certain && self.is_certain();
        raised.evidence = self.view_of_name(name).map(|view| view.evidence).unwrap_or_default();
        raised.evidence.extend(self.site().map(|site| Evidence { site, deed: Deed::Raises }));
        Err(raised)
    }

    fn search_spec(&mut self, name: &str, path: Option<&[String]>) -> Raises<Value> {
        Ok(match self.find_on_meta_path(name, path) {
            Found::Spec(spec) => self.spec_object(&spec),
            Found::Object(spec) => Value::Object(spec),
            Found::Unknown => Value::Unknown,
            Found::Raised(raised) => return Err(raised),
            Found::Nothing if self.may_be_elsewhere(name) => Value::Unknown,
            Found::Nothing => Value::None,
        })
    }

    /// `ModuleSpec(name, loader, …)`.
    pub(super) fn make_spec(
        &mut self,
        name: Option<Value>,
        loader: Option<Value>,
        keywords: &[(Name, Value)],
    ) -> Value {
        let region = self.region();
        let keyword =
            |wanted: &str| keywords.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
        let object = self.state.heap.make(super::modules::MODULE_SPEC, Payload::Plain, region);
        if let Some(id) = object.as_object() {
            let parent = name
                .as_ref()
                .and_then(Value::as_str)
                .map_or(Value::Unknown, |name| Value::str(parent_of(name).unwrap_or_default()));
            let locations = match keyword("is_package") {
                Some(Value::Bool(true)) => self.state.heap.list(Vec::new(), region),
                Some(Value::Unknown) => Value::Unknown,
                _ => Value::None,
            };
            let attributes = [
                ("name", name.unwrap_or(Value::Unknown)),
                ("loader", loader.unwrap_or(Value::None)),
                ("origin", keyword("origin").unwrap_or(Value::None)),
                ("submodule_search_locations", locations),
                ("has_location", Value::Bool(false)),
                ("cached", Value::None),
                ("parent", parent),
            ];
            for (attribute, value) in attributes {
                self.state.heap.set(id, attribute, value, None);
            }
        }
        object
    }

    fn call_version(&mut self, name: Option<Value>) -> Raises<Value> {
        let Some(name) = name.as_ref().and_then(Value::as_str).map(str::to_owned) else {
            return Ok(Value::Unknown);
        };
        match self.world.distribution_version(&name) {
            Some(version) => {
                // The metadata is parsed by `email.message_from_string`, which imports its parser when it is called.
                drop(self.import_module("email.parser"));
                Ok(Value::str(version))
            }
            None => {
                let message = format!("No package metadata was found for {name}");
                let message = if self.version().at_least(10) { message } else { name.clone() };
                let mut raised = Raised::of("importlib.metadata.PackageNotFoundError", message);
                raised.name = Some(name.into());
                Err(raised)
            }
        }
    }

    fn call_module_type(&mut self, name: Option<Value>) -> Value {
        let site = self.site();
        let name = name.unwrap_or(Value::Unknown);
        let id = self.bare_module(name.as_str().unwrap_or("?"), site.clone());
        self.state.heap.set(id, "__name__", name, site);
        Value::Object(id)
    }

    /// `pkgutil.extend_path` (`Lib/pkgutil.py`): the package's directories on every entry of the search path.
    fn extend_path(&mut self, path: Option<Value>, name: Option<Value>) -> Value {
        let (Some(path), Some(name)) = (path, name.as_ref().and_then(Value::as_str)) else {
            return Value::Unknown;
        };
        let (Some(mut items), true) = self.elements(&path) else { return Value::Unknown };
        let search_path: Vec<String> = match parent_of(name) {
            None => self.state.search.path.clone(),
            Some(parent) => {
                let entry = self.module_entry(parent).map_or(Value::Unknown, |entry| entry.value);
                match self.package_path(&entry) {
                    PackagePath::Known(path) => path,
                    PackagePath::None | PackagePath::Unknown => return path,
                }
            }
        };
        let mut search = finders::SearchState::clone(&self.state.search);
        search.meta_path = vec![speclens_environment::MetaPathFinder::Path];
        for directory in search_path {
            let one = [directory];
            search.path = one.to_vec();
            let locations = if name.contains('.') { Some(&one[..]) } else { None };
            let spec = finders::find_spec(self.world, &search, name, locations).spec;
            for portion in spec.and_then(|spec| spec.submodule_search_locations).unwrap_or_default() {
                let portion = Value::str(portion);
                if !items.contains(&portion) {
                    items.push(portion);
                }
            }
        }
        let region = self.region();
        self.state.heap.list(items, region)
    }
}

fn definition(module: &str, name: &str) -> Option<Value> {
    DEFINITIONS
        .iter()
        .find(|(path, _)| path.strip_suffix(name).and_then(|rest| rest.strip_suffix('.')) == Some(module))
        .map(|(_, definition)| Value::Builtin(definition))
        .or_else(|| super::inspection::definition(module, name))
}
