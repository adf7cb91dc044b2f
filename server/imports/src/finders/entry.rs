//! What one entry of a search path has for a name: `FileFinder.find_spec`, and its stand-ins.

use speclens_environment::{BUILT_IN_LIBRARY, Interpreter, PythonVersion, VersionTables, tables};
use speclens_files::PathKind;

use super::{Directories, SearchState};
use crate::spec::{Loader, ModuleSpec};

/// The suffixes of `FileFinder`, in its order, each with its loader.
#[derive(Clone, Copy)]
pub(super) struct Suffixes<'a> {
    interpreter: &'a Interpreter,
    table: &'static VersionTables,
}

impl<'a> Suffixes<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, Loader)> {
        let with = |suffixes: &'a [String], loader: Loader| {
            suffixes.iter().map(move |suffix| (suffix.as_str(), loader.clone()))
        };
        with(&self.interpreter.extension_suffixes, Loader::Extension)
            .chain(with(&self.table.source_suffixes, Loader::Source))
            .chain(with(&self.table.bytecode_suffixes, Loader::Sourceless))
    }

    /// `spec_from_file_location`.
    pub(super) fn spec(
        self,
        name: &str,
        file: String,
        loader: Loader,
        package: Option<String>,
    ) -> ModuleSpec {
        ModuleSpec {
            name: name.to_owned(),
            loader: Some(loader),
            submodule_search_locations: package.map(|directory| vec![directory]),
            has_location: true,
            cached: self.cached(&file),
            origin: Some(file),
        }
    }

    /// `_get_cached`.
    pub(super) fn cached(self, file: &str) -> Option<String> {
        let ends_with = |suffix: &str| file.ends_with(suffix);
        if ends_with(".py") {
            return Some(self.cache_from_source(file));
        }
        ends_with(".pyc").then(|| file.to_owned())
    }

    /// `importlib.util.cache_from_source`.
    fn cache_from_source(self, file: &str) -> String {
        let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
        let stem = match name.rsplit_once('.') {
            // A file that is called `.py`.
            Some(("", rest)) => rest,
            Some((stem, _)) => stem,
            None => name,
        };
        join_all(directory, &["__pycache__/", stem, ".", &self.interpreter.cache_tag, ".pyc"])
    }
}

/// `_path_join(directory, name)`.
pub(super) fn join(directory: &str, name: &str) -> String {
    join_all(directory, &[name])
}

/// `_path_join(directory, name)`, the name in pieces.
pub(super) fn join_all(directory: &str, name: &[&str]) -> String {
    let bytes = directory.len() + 1 + name.iter().map(|piece| piece.len()).sum::<usize>();
    let mut path = String::with_capacity(bytes);
    if !directory.is_empty() {
        path.push_str(directory.trim_end_matches('/'));
        path.push('/');
    }
    path.extend(name.iter().copied());
    path
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
    pub(super) suffixes: Suffixes<'a>,
    pub(super) table: &'static VersionTables,
}

impl<'a> Search<'a> {
    pub(super) fn new(directories: &'a dyn Directories, state: &'a SearchState) -> Self {
        let interpreter = &state.environment.interpreter;
        let table = tables(interpreter.version);
        Self { directories, state, suffixes: Suffixes { interpreter, table }, table }
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
        let called = listing.of_stem(tail);
        let mut portion = None;
        if called.is_directory() {
            let directory = join(entry, tail);
            let init = self.inits(&directory).next();
            if let Some((file, loader)) = init {
                return Some(Hit::Module(self.suffixes.spec(name, file, loader, Some(directory))));
            }
            portion = Some(directory);
        }
        for (suffix, loader) in self.suffixes.iter() {
            if called.has_file(suffix) {
                let file = join_all(entry, &[tail, suffix]);
                return Some(Hit::Module(self.suffixes.spec(name, file, loader, None)));
            }
        }
        portion.map(|directory| Hit::Portions(vec![directory]))
    }

    /// The `__init__` files of a package, in order. They can be there in a directory that must not be listed.
    pub(super) fn inits(&self, directory: &str) -> impl Iterator<Item = (String, Loader)> {
        let inside = self.directories.listing(directory).map(|inside| inside.of_stem("__init__"));
        self.suffixes.iter().filter_map(move |(suffix, loader)| {
            let file = || join_all(directory, &["__init__", suffix]);
            let found = match inside {
                Some(inside) => inside.has_file(suffix).then(file),
                None => Some(file()).filter(|file| self.directories.kind(file) == Some(PathKind::File)),
            };
            Some((found?, loader))
        })
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
            return Some(Hit::Module(self.suffixes.spec(name, init, Loader::Source, Some(directory))));
        }
        if self.table.is_extension(&dotted) {
            let suffix = self.suffixes.iter().next().map_or("", |(suffix, _)| suffix);
            let file = join(&join(entry, "lib-dynload"), &format!("{tail}{suffix}"));
            return Some(Hit::Module(self.suffixes.spec(name, file, Loader::Extension, None)));
        }
        let file = join(entry, &format!("{tail}.py"));
        let source = || Hit::Module(self.suffixes.spec(name, file, Loader::Source, None));
        self.table.is_module(&dotted).then(source)
    }
}

/// The last component of a dotted name.
pub(super) fn tail(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
