//! The `sys` module: its attributes, and what code does to `sys.modules`, `sys.meta_path`, `sys.path_hooks` and `sys.path`.

use std::sync::Arc;

use speclens_environment::{Implementation, MetaPathFinder, Platform};
use speclens_source::Name;

use super::Machine;
use super::exception::{Raised, Raises};
use super::state::{Deed, Entry, Evidence, Installed};
use super::value::{ObjectId, Payload, Value};

/// One of [`ImportState::unknowns`](super::ImportState::unknowns): where modules are looked for is not known any more.
pub const PATH_IS_UNKNOWN: &str = "sys.path is changed in a way that is not known";

impl Machine<'_> {
    /// An attribute of `sys` that matters to the import state, or that code asks before it imports.
    pub(super) fn sys_attribute(&mut self, name: &str) -> Option<Value> {
        let interpreter = &self.state.search.environment.interpreter;
        let version = interpreter.version;
        Some(match name {
            "modules" => Value::Builtin("sys.modules"),
            "meta_path" => Value::Builtin("sys.meta_path"),
            "_getframe" => Value::Builtin("sys._getframe"),
            "exit" => Value::Builtin("sys.exit"),
            "path_hooks" => Value::Builtin("sys.path_hooks"),
            "path" => Value::Builtin("sys.path"),
            "platform" => Value::str(match interpreter.layout.platform {
                Platform::Windows => "win32",
                Platform::MacOs => "darwin",
                Platform::Posix => PLATFORM,
            }),
            "abiflags" => Value::str(self.abi_flags()),
            "byteorder" => Value::str(if cfg!(target_endian = "big") { "big" } else { "little" }),
            "maxsize" => Value::Int(i64::MAX),
            "prefix" | "exec_prefix" => Value::str(interpreter.prefix.to_string_lossy()),
            "base_prefix" | "base_exec_prefix" => Value::str(interpreter.base_prefix.to_string_lossy()),
            "builtin_module_names" => {
                Value::Tuple(interpreter.built_in_modules.iter().map(Value::str).collect())
            }
            "version_info" => {
                let micro = version.micro.map_or(Value::Unknown, |micro| Value::Int(i64::from(micro)));
                let fields = [
                    ("major", Value::Int(i64::from(version.major))),
                    ("minor", Value::Int(i64::from(version.minor))),
                    ("micro", micro),
                    ("releaselevel", Value::str("final")),
                    ("serial", Value::Int(0)),
                ];
                self.named_fields("sys.version_info", &fields)
            }
            "hexversion" => {
                let micro = version.micro?;
                let [major, minor, micro] = [version.major, version.minor, micro].map(i64::from);
                Value::Int((major << 24) | (minor << 16) | (micro << 8) | 0xf0)
            }
            "implementation" => {
                let name = match interpreter.implementation {
                    Implementation::CPython => "cpython",
                    Implementation::PyPy => "pypy",
                };
                let tag = interpreter.cache_tag.clone();
                let region = self.region();
                let object =
                    self.state.heap.make(Value::Builtin("types.SimpleNamespace"), Payload::Plain, region);
                if let Some(id) = object.as_object() {
                    self.state.heap.set(id, "name", Value::str(name), None);
                    self.state.heap.set(id, "cache_tag", Value::str(tag), None);
                    let multiarch = self.multiarch().map_or(Value::Unknown, Value::str);
                    self.state.heap.set(id, "_multiarch", multiarch, None);
                    self.state.heap.get_mut(id).open = true;
                }
                object
            }
            _ => return None,
        })
    }

    fn abi_flags(&self) -> String {
        let interpreter = &self.state.search.environment.interpreter;
        let flags = [
            (!interpreter.version.at_least(8), 'm'),
            (interpreter.layout.free_threaded, 't'),
            (interpreter.layout.debug, 'd'),
        ];
        flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect()
    }

    /// `sys.implementation._multiarch`, as the name of the file has it that `sysconfig` imports.
    fn multiarch(&self) -> Option<String> {
        let library = self.state.search.environment.interpreter.standard_library.as_ref()?;
        let start = format!("_sysconfigdata_{}_{PLATFORM}_", self.abi_flags());
        let mut members = self.world.listing(&library.to_string_lossy())?.iter();
        members.find_map(|member| Some(member.name.strip_prefix(&start)?.strip_suffix(".py")?.to_owned()))
    }

    /// `sys.modules[name]`.
    pub(super) fn modules_item(&mut self, index: &Value) -> Raises<Value> {
        let Some(name) = index.as_str().map(str::to_owned) else { return Ok(Value::Unknown) };
        match self.module_entry(&name) {
            Some(entry) if entry.certain || !self.is_certain() => Ok(entry.value),
            // The user's code takes it to be there.
            Some(entry) if self.observes() => {
                self.suppose(&entry.value);
                Ok(entry.value)
            }
            Some(_) => Ok(Value::Unknown),
            None if self.observes() && self.extension_may_make(&name) => {
                let made = self.odd_module(&name, "none");
                self.suppose(&made);
                self.state.put_module(
                    &name,
                    Entry { value: made.clone(), put: None, certain: false, startup: false },
                );
                Ok(made)
            }
            None => Err(Raised::of("builtins.KeyError", format!("'{name}'"))),
        }
    }

    /// `sys.modules[name] = value`.
    pub(super) fn put_into_modules(&mut self, index: &Value, value: Value) {
        let Some(name) = index.as_str() else {
            self.unknown("sys.modules is changed under a name that is not known");
            return;
        };
        let put = self.site();
        let certain = self.is_certain();
        let old = self.state.modules.get(name);
        let entry = match old {
            Some(old) if !certain && old.certain => {
                Entry { value: old.value.clone().join(value), put, certain: true, startup: old.startup }
            }
            // The same object again is no replacement.
            Some(old) if old.value == value => old.clone(),
            _ => Entry { value, put, certain, startup: false },
        };
        self.state.put_module(name, entry);
    }

    /// `del sys.modules[name]`.
    pub(super) fn remove_from_modules(&mut self, name: &str) -> Option<Value> {
        let entry = self.module_entry(name)?;
        if self.is_certain() {
            self.state.remove_module(name);
        } else {
            let value = entry.value.clone();
            self.state.put_module(name, Entry { certain: false, ..entry });
            return Some(value);
        }
        Some(entry.value)
    }

    /// `sys.X[index] = value`, `builtins.__dict__[…]`, and assignments to what is no object of the heap.
    pub(super) fn set_builtin_item(&mut self, builtin: &str, index: &Value, value: Value) {
        match builtin {
            "sys.modules" => self.put_into_modules(index, value),
            "sys.path" => self.set_place(&Value::Builtin("sys.path"), index, Some(value)),
            "sys.meta_path" => self.set_place(&Value::Builtin("sys.meta_path"), index, Some(value)),
            "sys.path_hooks" => self.add_path_hook(&value),
            _ => {}
        }
    }

    /// `sys.path = …` and the like.
    pub(super) fn set_known_module_attribute(&mut self, id: ObjectId, name: &str, value: &Value) -> bool {
        let module = self.text_attribute(id, "__name__").filter(|_| self.is_module(id));
        match (module.as_deref(), name) {
            (Some("sys"), "path") => {
                self.set_path(value);
                true
            }
            (Some("sys"), "meta_path") => {
                self.set_meta_path(value);
                true
            }
            (Some("sys"), "path_hooks") => {
                self.note_change(Deed::ChangesPathHooks);
                true
            }
            (Some("builtins"), "__import__") => {
                self.note_change(Deed::ReplacesImport);
                if *value == Value::Builtin("builtins.__import__") && self.is_certain() {
                    // It is put back.
                    self.state.import_function = None;
                    return true;
                }
                self.observe_import_replaced();
                self.state.import_function = Some(self.installed(value));
                if !self.is_function(value) {
                    self.add_finder(Some(0), &Value::Unknown);
                }
                true
            }
            _ => false,
        }
    }

    pub(super) fn note_change(&mut self, deed: Deed) {
        self.state.changed = true;
        if let Some(site) = self.site() {
            Arc::make_mut(&mut self.state.changes).push(Evidence { site, deed });
        }
    }

    /// `sys.path = items`.
    pub(super) fn set_path(&mut self, items: &Value) {
        let (Some(items), true) = self.elements(items) else { return self.path_is_unknown() };
        let path: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        let Some(path) = path.filter(|_| self.is_certain()) else { return self.path_is_unknown() };
        self.note_change(Deed::ChangesPath);
        Arc::make_mut(&mut self.state.search).path = path;
    }

    fn path_is_unknown(&mut self) {
        self.note_change(Deed::ChangesPath);
        self.state.path_is_open = true;
        self.unknown(PATH_IS_UNKNOWN);
    }

    /// Puts a path into `sys.path` at a position, or at its end.
    fn add_path(&mut self, at: Option<usize>, path: &Value) {
        let Some(text) = path.as_str().filter(|_| self.is_certain()).map(str::to_owned) else {
            self.path_is_unknown();
            return;
        };
        self.note_change(Deed::ChangesPath);
        let search = Arc::make_mut(&mut self.state.search);
        let at = at.unwrap_or(usize::MAX).min(search.path.len());
        search.path.insert(at, text);
    }

    /// Puts a finder into `sys.meta_path` at a position, or at its end.
    pub(super) fn add_finder(&mut self, at: Option<usize>, finder: &Value) {
        self.note_change(Deed::ChangesMetaPath);
        self.observe_finder(finder);
        // What is only possibly there and not known either would make every later import unknown: a debugging switch does
        // not deserve that.
        if !self.is_certain() && finder.as_object().is_none() {
            self.unknown("a finder that is possibly put on sys.meta_path");
            return;
        }
        let class = match self.class_of(finder) {
            Value::Builtin("builtins.type") => finder.clone(),
            class => class,
        };
        let what = self.class_name(&class).to_string();
        let site = self.site();
        let line = site
            .as_ref()
            .and_then(|site| self.world.facts(&site.file).map(|facts| facts.line(site.span.start)));
        let file = site.map(|site| std::path::PathBuf::from(&*site.file)).unwrap_or_default();
        let search = Arc::make_mut(&mut self.state.search);
        let at = at.unwrap_or(usize::MAX).min(search.meta_path.len());
        search.meta_path.insert(at, MetaPathFinder::Unknown { what, file, line: line.unwrap_or(1) });
        self.suppose_installed(finder);
        let installed = self.installed(finder);
        Arc::make_mut(&mut self.state.finders).insert(at, Some(installed));
    }

    /// Puts a hook into `sys.path_hooks`.
    fn add_path_hook(&mut self, hook: &Value) {
        self.note_change(Deed::ChangesPathHooks);
        let installed = self.installed(hook);
        Arc::make_mut(&mut self.state.path_hooks).push(installed);
    }

    fn installed(&self, value: &Value) -> Installed {
        Installed { value: value.clone(), put: self.site(), certain: self.is_certain() }
    }

    fn remove_finder(&mut self, finder: &Value) {
        let is_it = |installed: &Option<Installed>| {
            installed.as_ref().is_some_and(|installed| installed.value == *finder)
        };
        let Some(at) = self.state.finders.iter().position(is_it) else { return };
        self.note_change(Deed::ChangesMetaPath);
        Arc::make_mut(&mut self.state.finders).remove(at);
        Arc::make_mut(&mut self.state.search).meta_path.remove(at);
    }

    /// A method of `sys.modules`, `sys.meta_path`, `sys.path_hooks` or `sys.path`.
    pub(super) fn call_sys_method(
        &mut self,
        list: &str,
        method: &str,
        arguments: &[Value],
        keywords: &[(Name, Value)],
    ) -> Raises<Value> {
        if list == "sys.modules" {
            for (name, value) in keywords.iter().filter(|_| method == "dict.update") {
                self.put_into_modules(&Value::str(name.as_str()), value.clone());
            }
            return self.call_modules_method(method, arguments);
        }
        let position = |value: Option<&Value>| match value {
            Some(Value::Int(at)) => usize::try_from(*at).ok(),
            _ => None,
        };
        let (at, item) = match (method, arguments) {
            ("list.insert", [at, item]) => (position(Some(at)), item.clone()),
            ("list.append", [item]) => (None, item.clone()),
            ("list.extend", [items]) => {
                let (items, complete) = self.elements(items);
                for item in items.unwrap_or_default() {
                    self.call_sys_method(list, "list.append", &[item], &[])?;
                }
                if complete {
                    return Ok(Value::None);
                }
                (None, Value::Unknown)
            }
            ("list.remove", [item]) if list == "sys.path" && self.is_certain() && item.as_str().is_some() => {
                let text = item.as_str().unwrap_or_default().to_owned();
                self.note_change(Deed::ChangesPath);
                let search = Arc::make_mut(&mut self.state.search);
                if let Some(at) = search.path.iter().position(|path| *path == text) {
                    search.path.remove(at);
                }
                return Ok(Value::None);
            }
            ("list.remove", [Value::Object(_)]) if list == "sys.meta_path" && self.is_certain() => {
                self.remove_finder(&arguments[0]);
                return Ok(Value::None);
            }
            ("list.pop", _) if list != "sys.path_hooks" => {
                let list = Value::Builtin(if list == "sys.path" { "sys.path" } else { "sys.meta_path" });
                let index = arguments.first().cloned().unwrap_or(Value::Int(-1));
                let item = self.item(&list, &index)?;
                self.set_place(&list, &index, None);
                return Ok(item);
            }
            ("list.remove" | "list.clear", _) if list == "sys.path" => {
                self.path_is_unknown();
                return Ok(Value::Unknown);
            }
            _ => return Ok(Value::Unknown),
        };
        match list {
            "sys.path" => self.add_path(at, &item),
            "sys.meta_path" => self.add_finder(at, &item),
            _ => self.add_path_hook(&item),
        }
        Ok(Value::None)
    }

    fn call_modules_method(&mut self, method: &str, arguments: &[Value]) -> Raises<Value> {
        let name = arguments.first().and_then(Value::as_str).map(str::to_owned);
        let default = arguments.get(1).cloned();
        let Some(name) = name else {
            return Ok(match method {
                "dict.update" => {
                    let pairs =
                        arguments.first().and_then(Value::as_object).map(|id| self.state.heap.get(id));
                    match pairs.map(|object| (&object.payload, object.open)) {
                        Some((Payload::Dict(items), false)) => {
                            for (key, value) in items.clone() {
                                self.put_into_modules(&key, value);
                            }
                        }
                        _ if arguments.is_empty() => {}
                        _ => self.unknown("sys.modules is updated from what is not known"),
                    }
                    Value::None
                }
                "dict.keys" | "dict.copy" | "dict.items" | "dict.values" => self.modules_items(method),
                _ => Value::Unknown,
            });
        };
        match method {
            "dict.get" => match self.is_in_modules(&name) {
                Some(true) => self.modules_item(&Value::str(&name)),
                Some(false) => Ok(default.unwrap_or(Value::None)),
                None => Ok(Value::Unknown),
            },
            "dict.setdefault" => {
                if self.is_in_modules(&name) == Some(false) {
                    self.put_into_modules(&Value::str(&name), default.unwrap_or(Value::None));
                }
                self.modules_item(&Value::str(&name))
            }
            "dict.pop" => match (self.remove_from_modules(&name), default) {
                (Some(value), _) => Ok(value),
                (None, Some(default)) => Ok(default),
                (None, None) => Err(Raised::of("builtins.KeyError", format!("'{name}'"))),
            },
            _ => Ok(Value::Unknown),
        }
    }

    fn modules_items(&mut self, method: &str) -> Value {
        let entries = self.state.modules.clone();
        let items = entries.iter().map(|(name, entry)| {
            let name = Value::str(name.as_str());
            match method {
                "dict.items" => Value::Tuple(Arc::from([name, entry.value.clone()])),
                "dict.values" => entry.value.clone(),
                _ => name,
            }
        });
        let items = items.collect();
        let region = self.region();
        let list = self.state.heap.list(items, region);
        // What the interpreter has at its start is not all in the table here.
        if let Some(id) = list.as_object() {
            self.state.heap.get_mut(id).open = true;
        }
        list
    }
}

const PLATFORM: &str = if cfg!(target_os = "windows") {
    "win32"
} else if cfg!(target_os = "macos") {
    "darwin"
} else {
    "linux"
};
