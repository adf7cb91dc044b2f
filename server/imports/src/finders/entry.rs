//! What one entry of a search path has for a name: `FileFinder.find_spec`, and its stand-ins.

use speclens_environment::{BUILT_IN_LIBRARY, Interpreter, PythonVersion, VersionTables, tables};
use speclens_files::PathKind;

use super::{Directories, SearchState};
use crate::spec::{Loader, ModuleSpec};

/// The suffixes of `FileFinder`, in its order, each with its loader.
pub(super) struct Suffixes {
    loaders: Vec<(String, Loader)>,
    cache_tag: String,
}

impl Suffixes {
    fn of(interpreter: &Interpreter) -> Self {
        let table = tables(interpreter.version);
        let with = |suffixes: &[String], loader: &Loader| {
            suffixes.iter().map(|suffix| (suffix.clone(), loader.clone())).collect::<Vec<_>>()
        };
        let mut loaders = with(&interpreter.extension_suffixes, &Loader::Extension);
        loaders.extend(with(&table.source_suffixes, &Loader::Source));
        loaders.extend(with(&table.bytecode_suffixes, &Loader::Sourceless));
        Self { loaders, cache_tag: interpreter.cache_tag.clone() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Loader)> {
        self.loaders.iter().map(|(suffix, loader)| (suffix.as_str(), loader))
    }

    /// `spec_from_file_location`.
    pub(super) fn spec(
        &self,
        name: &str,
        file: String,
        loader: &Loader,
        package: Option<&str>,
    ) -> ModuleSpec {
        ModuleSpec {
            name: name.to_owned(),
            loader: Some(loader.clone()),
            submodule_search_locations: package.map(|directory| vec![directory.to_owned()]),
            has_location: true,
            cached: self.cached(&file),
            origin: Some(file),
        }
    }

    /// `_get_cached`.
    pub(super) fn cached(&self, file: &str) -> Option<String> {
        let ends_with = |suffix: &str| file.ends_with(suffix);
        if ends_with(".py") {
            return Some(self.cache_from_source(file));
        }
        ends_with(".pyc").then(|| file.to_owned())
    }

    /// `importlib.util.cache_from_source`.
    fn cache_from_source(&self, file: &str) -> String {
        let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
        let stem = match name.rsplit_once('.') {
            // A file that is called `.py`.
            Some(("", rest)) => rest,
            Some((stem, _)) => stem,
            None => name,
        };
        join(directory, &format!("__pycache__/{stem}.{}.pyc", self.cache_tag))
    }
}

/// `_path_join(directory, name)`.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        return name.to_owned();
    }
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// What an entry has.
pub(super) enum Hit {
    /// A module or a regular package.
    Module(ModuleSpec),
    /// Directories of a namespace package.
    Portions(Vec<String>),
}

/// One search with what it needs at hand.
pub(super) struct Search<'a> {
    pub(super) directories: &'a dyn Directories,
    pub(super) state: &'a SearchState,
    pub(super) suffixes: Suffixes,
    pub(super) table: &'static VersionTables,
}

impl<'a> Search<'a> {
    pub(super) fn new(directories: &'a dyn Directories, state: &'a SearchState) -> Self {
        let interpreter = &state.environment.interpreter;
        let (suffixes, table) = (Suffixes::of(interpreter), tables(interpreter.version));
        Self { directories, state, suffixes, table }
    }

    pub(super) fn version(&self) -> PythonVersion {
        self.state.environment.interpreter.version
    }

    /// Asks the path entry finder of `entry` for `name`.
    pub(super) fn look_in(&self, entry: &str, name: &str) -> Option<Hit> {
        if entry.starts_with(BUILT_IN_LIBRARY) {
            return self.look_in_account(entry, name);
        }
        if self.directories.kind(entry) == Some(PathKind::Directory) {
            return self.look_in_directory(entry, name);
        }
        self.look_behind_placeholder(entry, name).or_else(|| self.look_in_archive(entry, name))
    }

    fn look_in_directory(&self, entry: &str, name: &str) -> Option<Hit> {
        let listing = self.directories.listing(entry)?;
        let tail = tail(name);
        let mut portion = None;
        if listing.has_directory(tail) {
            let directory = join(entry, tail);
            for (suffix, loader) in self.suffixes.iter() {
                if let Some(file) = self.init(&directory, suffix) {
                    return Some(Hit::Module(self.suffixes.spec(name, file, loader, Some(&directory))));
                }
            }
            portion = Some(directory);
        }
        for (suffix, loader) in self.suffixes.iter() {
            let file = format!("{tail}{suffix}");
            if listing.has_file(&file) {
                return Some(Hit::Module(self.suffixes.spec(name, join(entry, &file), loader, None)));
            }
        }
        portion.map(|directory| Hit::Portions(vec![directory]))
    }

    /// The `__init__` of a package. It can be there in a directory that must not be listed.
    pub(super) fn init(&self, directory: &str, suffix: &str) -> Option<String> {
        let name = format!("__init__{suffix}");
        let file = join(directory, &name);
        let found = match self.directories.listing(directory) {
            Some(inside) => inside.has_file(&name),
            None => self.directories.kind(&file) == Some(PathKind::File),
        };
        found.then_some(file)
    }

    /// The standard library without its files: the tables know what is there.
    fn look_in_account(&self, entry: &str, name: &str) -> Option<Hit> {
        let below = entry.strip_prefix(BUILT_IN_LIBRARY)?.trim_matches('/');
        let tail = tail(name);
        let dotted =
            if below.is_empty() { tail.to_owned() } else { format!("{}.{tail}", below.replace('/', ".")) };
        let directory = join(entry, tail);
        if self.table.is_package(&dotted) {
            let init = join(&directory, "__init__.py");
            return Some(Hit::Module(self.suffixes.spec(name, init, &Loader::Source, Some(&directory))));
        }
        if self.table.is_extension(&dotted) {
            let suffix = self.suffixes.iter().next().map_or("", |(suffix, _)| suffix);
            let file = join(&join(entry, "lib-dynload"), &format!("{tail}{suffix}"));
            return Some(Hit::Module(self.suffixes.spec(name, file, &Loader::Extension, None)));
        }
        let file = join(entry, &format!("{tail}.py"));
        let source = || Hit::Module(self.suffixes.spec(name, file, &Loader::Source, None));
        self.table.is_module(&dotted).then(source)
    }
}

/// The last component of a dotted name.
pub(super) fn tail(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
