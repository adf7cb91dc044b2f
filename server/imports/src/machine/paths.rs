//! Paths and directories as code asks for them: `os.path`, `os.listdir`, `pathlib.Path`, `pkgutil.iter_modules`. What is on the
//! disk is a fact like any other; nothing is written.

use std::sync::Arc;

use speclens_files::{MemberKind, PathKind};
use speclens_source::Name;

use super::Machine;
use super::exception::Raises;
use super::value::{ObjectId, Payload, Value};

/// `pathlib.Path`, for which all its classes stand.
pub(super) const PATH: Value = Value::Builtin("pathlib.Path");

/// The methods of paths that the machine knows.
const METHODS: &[&str] = &[
    "pathlib.Path.__fspath__",
    "pathlib.Path.absolute",
    "pathlib.Path.as_posix",
    "pathlib.Path.exists",
    "pathlib.Path.glob",
    "pathlib.Path.is_dir",
    "pathlib.Path.is_file",
    "pathlib.Path.iterdir",
    "pathlib.Path.joinpath",
    "pathlib.Path.resolve",
    "pathlib.Path.with_name",
];

impl Machine<'_> {
    /// An attribute of a path.
    pub(super) fn path_attribute(&mut self, path: ObjectId, name: &str) -> Option<Value> {
        let text = self.path_text(&Value::Object(path))?;
        let base = text.rsplit('/').next().unwrap_or_default();
        let (stem, suffix) = match base.rsplit_once('.') {
            Some((stem, suffix)) if !stem.is_empty() => (stem, format!(".{suffix}")),
            _ => (base, String::new()),
        };
        Some(match name {
            "parent" => {
                let parent = directory_name(&text);
                self.make_path(if parent.is_empty() { "." } else { parent })
            }
            "name" => Value::str(base),
            "stem" => Value::str(stem),
            "suffix" => Value::str(suffix),
            name => {
                let is_it = |method: &&&str| method.strip_prefix("pathlib.Path.") == Some(name);
                let method = METHODS.iter().find(is_it)?;
                Value::Method(Arc::new((Value::Object(path), Value::Builtin(method))))
            }
        })
    }

    /// Calls what this file knows; `None` where `name` is nothing of it.
    pub(super) fn call_path_function(
        &mut self,
        name: &str,
        arguments: &[Value],
        keywords: &[(Name, Value)],
    ) -> Option<Raises<Value>> {
        let keyword = |wanted: &str| keywords.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
        let first = arguments.first();
        Some(Ok(match name {
            "pathlib.Path" => match self.joined(arguments) {
                Some(text) => self.make_path(&text),
                None => Value::Unknown,
            },
            "os.fspath" => first.and_then(|path| self.path_text(path)).map_or(Value::Unknown, Value::Str),
            "os.listdir" => {
                let members = first.and_then(|path| self.members(path));
                self.list_or_unknown(
                    members.map(|members| members.into_iter().map(|(name, _)| Value::str(name)).collect()),
                )
            }
            "pkgutil.iter_modules" | "pkgutil.walk_packages" => {
                let prefix = arguments.get(1).or_else(|| keyword("prefix")).cloned();
                let prefix = prefix.map_or(Some(String::new()), |prefix| prefix.as_str().map(str::to_owned));
                let path = first.or_else(|| keyword("path")).cloned();
                match (path, prefix) {
                    (Some(path), Some(prefix)) if name == "pkgutil.iter_modules" => {
                        let found = self.modules_below(&path, &prefix);
                        self.list_or_unknown(found)
                    }
                    (Some(path), Some(prefix)) => self.walk_packages(&path, &prefix),
                    _ => Value::Unknown,
                }
            }
            "glob.glob" => match first.and_then(Value::as_str).and_then(|text| text.rsplit_once('/')) {
                Some((directory, pattern)) => {
                    let found = self.matching(&Value::str(directory), pattern);
                    let found = found.map(|names| {
                        names.into_iter().map(|name| Value::str(format!("{directory}/{name}"))).collect()
                    });
                    self.list_or_unknown(found)
                }
                None => Value::Unknown,
            },
            name if name.starts_with("pathlib.Path.") => self.call_path_method(name, arguments),
            name if name.starts_with("os.path.") => self.call_os_path(name, arguments),
            _ => return None,
        }))
    }

    fn call_path_method(&mut self, name: &str, arguments: &[Value]) -> Value {
        let Some((path, rest)) = arguments.split_first() else { return Value::Unknown };
        let Some(text) = self.path_text(path) else { return Value::Unknown };
        match name.rsplit('.').next().unwrap_or_default() {
            "__fspath__" | "as_posix" => Value::Str(text),
            "absolute" | "resolve" => match absolute(&text) {
                Some(text) => self.make_path(&text),
                None => Value::Unknown,
            },
            "exists" => self.has_kind(&text, |_| true),
            "is_dir" => self.has_kind(&text, |kind| kind == PathKind::Directory),
            "is_file" => self.has_kind(&text, |kind| kind == PathKind::File),
            "joinpath" => match self.joined(arguments) {
                Some(text) => self.make_path(&text),
                None => Value::Unknown,
            },
            "with_name" => match rest.first().and_then(Value::as_str) {
                Some(name) => self.make_path(&join(&[directory_name(&text), name])),
                None => Value::Unknown,
            },
            "iterdir" | "glob" => {
                let names = match rest.first() {
                    None => self.members(path).map(|all| all.into_iter().map(|(name, _)| name).collect()),
                    Some(pattern) => pattern.as_str().and_then(|pattern| self.matching(path, pattern)),
                };
                let paths = names.map(|names| {
                    names.into_iter().map(|name| self.make_path(&join(&[&text, &name]))).collect()
                });
                self.list_or_unknown(paths)
            }
            _ => Value::Unknown,
        }
    }

    /// The functions of `os.path` (`Lib/posixpath.py`).
    fn call_os_path(&mut self, name: &str, arguments: &[Value]) -> Value {
        let texts: Option<Vec<Arc<str>>> =
            arguments.iter().map(|argument| self.path_text(argument)).collect();
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else { return Value::Unknown };
        let first = &texts[0];
        match name {
            "os.path.dirname" => Value::str(directory_name(first)),
            "os.path.basename" => Value::str(first.rsplit('/').next().unwrap_or_default()),
            "os.path.split" => Value::tuple(vec![
                Value::str(directory_name(first)),
                Value::str(first.rsplit('/').next().unwrap_or_default()),
            ]),
            "os.path.splitext" => {
                let base = first.rsplit('/').next().unwrap_or_default();
                let at = base.rfind('.').filter(|at| !base[..*at].trim_start_matches('.').is_empty());
                let at = first.len() - base.len() + at.unwrap_or(base.len());
                Value::tuple(vec![Value::str(&first[..at]), Value::str(&first[at..])])
            }
            "os.path.join" => {
                let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                Value::str(join(&texts))
            }
            "os.path.isabs" => Value::Bool(first.starts_with('/')),
            "os.path.abspath" | "os.path.normpath" => absolute(first).map_or(Value::Unknown, Value::str),
            "os.path.exists" => self.has_kind(first, |_| true),
            "os.path.isfile" => self.has_kind(first, |kind| kind == PathKind::File),
            "os.path.isdir" => self.has_kind(first, |kind| kind == PathKind::Directory),
            _ => Value::Unknown,
        }
    }

    fn has_kind(&self, path: &str, is_it: impl Fn(PathKind) -> bool) -> Value {
        let path = join(&[&self.world.working_directory(), path]);
        Value::Bool(self.world.kind(&path).is_some_and(is_it))
    }

    /// The text of a string or path.
    pub(super) fn path_text(&self, value: &Value) -> Option<Arc<str>> {
        match value {
            Value::Str(text) => Some(Arc::clone(text)),
            Value::Object(id) if self.state.heap.get(*id).class == PATH => self.text_attribute(*id, "_text"),
            _ => None,
        }
    }

    /// `Path(text)`.
    fn make_path(&mut self, text: &str) -> Value {
        let parts = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>();
        let root = if text.starts_with('/') { "/" } else { "" };
        let text =
            if parts.is_empty() && root.is_empty() { ".".into() } else { root.to_owned() + &parts.join("/") };
        let region = self.region();
        let path = self.state.heap.make(PATH, Payload::Plain, region);
        if let Some(id) = path.as_object() {
            self.state.heap.set(id, "_text", Value::str(text), None);
        }
        path
    }

    /// `left / right`, where one of them is a path.
    pub(super) fn divide_paths(&mut self, left: &Value, right: &Value) -> Value {
        let is_path =
            |value: &Value| value.as_object().is_some_and(|id| self.state.heap.get(id).class == PATH);
        if !is_path(left) && !is_path(right) {
            return Value::Unknown;
        }
        match self.joined(&[left.clone(), right.clone()]) {
            Some(text) => self.make_path(&text),
            None => Value::Unknown,
        }
    }

    fn joined(&self, parts: &[Value]) -> Option<String> {
        let texts = parts.iter().map(|part| self.path_text(part)).collect::<Option<Vec<_>>>()?;
        Some(join(&texts.iter().map(|text| &**text).collect::<Vec<_>>()))
    }

    /// The members of a directory with what they are, in the order of their names. CPython has them in the disk's order.
    fn members(&self, directory: &Value) -> Option<Vec<(String, MemberKind)>> {
        let path = join(&[&self.world.working_directory(), &*self.path_text(directory)?]);
        let listing = self.world.listing(path.trim_end_matches('/'))?;
        Some(listing.iter().map(|member| (member.name.clone(), member.kind)).collect())
    }

    /// The members whose names match a pattern with one `*`.
    fn matching(&self, directory: &Value, pattern: &str) -> Option<Vec<String>> {
        let (before, after) = pattern.split_once('*')?;
        if [before, after].iter().any(|part| part.contains(['*', '?', '[', '/'])) {
            return None;
        }
        let names = self.members(directory)?.into_iter().map(|(name, _)| name);
        let fits = |name: &String| {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        };
        Some(names.filter(fits).filter(|name| !name.starts_with('.')).collect())
    }

    fn list_or_unknown(&mut self, items: Option<Vec<Value>>) -> Value {
        let region = self.region();
        items.map_or(Value::Unknown, |items| self.state.heap.list(items, region))
    }

    /// `pkgutil.iter_modules(path, prefix)`, for directories (`Lib/pkgutil.py`, `_iter_file_finder_modules`).
    fn modules_below(&mut self, path: &Value, prefix: &str) -> Option<Vec<Value>> {
        let (Some(directories), true) = self.elements(path) else { return None };
        let suffixes = self.world.tables().extension_suffixes.clone();
        let mut found: Vec<(String, bool)> = Vec::new();
        for directory in directories {
            self.path_text(&directory)?;
            for (file, kind) in self.members(&directory).unwrap_or_default() {
                let mut stem = suffixes.iter().map(String::as_str).chain([".py", ".pyc"]);
                let stem = stem.find_map(|suffix| file.strip_suffix(suffix));
                let (name, is_package) = match (stem, kind) {
                    (Some("__init__"), _) => continue,
                    (Some(name), _) => (name, false),
                    (None, MemberKind::Directory) if !file.contains('.') => {
                        let inside = Value::str(join(&[&self.path_text(&directory)?, &file]));
                        let members = self.members(&inside).unwrap_or_default();
                        if !members.iter().any(|(name, _)| name == "__init__.py" || name == "__init__.pyc") {
                            continue;
                        }
                        (file.as_str(), true)
                    }
                    _ => continue,
                };
                if !name.contains('.') && !found.iter().any(|(known, _)| known == name) {
                    found.push((name.to_owned(), is_package));
                }
            }
        }
        let infos = found.into_iter().map(|(name, is_package)| {
            let fields = [
                ("module_finder", Value::Unknown),
                ("name", Value::str(format!("{prefix}{name}"))),
                ("ispkg", Value::Bool(is_package)),
            ];
            self.named_fields("pkgutil.ModuleInfo", &fields)
        });
        Some(infos.collect())
    }

    /// `pkgutil.walk_packages(path, prefix)`: imports each package on the way.
    fn walk_packages(&mut self, path: &Value, prefix: &str) -> Value {
        let mut all = Vec::new();
        let mut waiting = vec![(path.clone(), prefix.to_owned())];
        while let Some((path, prefix)) = waiting.pop() {
            if !self.may_repeat() {
                return Value::Unknown;
            }
            let Some(found) = self.modules_below(&path, &prefix) else { return Value::Unknown };
            for info in found {
                let (Some(items), _) = self.elements(&info) else { continue };
                all.push(info);
                let [_, Value::Str(name), Value::Bool(true)] = &items[..] else { continue };
                // `ImportError`s are passed over.
                let Ok(Value::Object(package)) = self.import_module(name) else { continue };
                if let Some(slot) = self.state.heap.slot(package, "__path__") {
                    waiting.push((slot.value.clone(), format!("{name}.")));
                }
            }
        }
        self.list_or_unknown(Some(all))
    }

    /// An instance of a tuple's class, with names for its items.
    pub(super) fn named_fields(&mut self, class: &'static str, fields: &[(&str, Value)]) -> Value {
        let items = fields.iter().map(|(_, value)| value.clone()).collect();
        let region = self.region();
        let payload = Payload::Descriptor(Value::Tuple(items));
        let tuple = self.state.heap.make(Value::Builtin(class), payload, region);
        if let Some(id) = tuple.as_object() {
            for (name, value) in fields {
                self.state.heap.set(id, name, value.clone(), None);
            }
        }
        tuple
    }
}

fn directory_name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((head, _)) => head,
        None => "",
    }
}

fn join(parts: &[&str]) -> String {
    let mut joined = String::new();
    for part in parts {
        if part.starts_with('/') {
            joined.clear();
        } else if !joined.is_empty() && !joined.ends_with('/') {
            joined.push('/');
        }
        joined.push_str(part);
    }
    joined
}

/// The path without `.` and `..`, where it is absolute.
fn absolute(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.strip_prefix('/')?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}
