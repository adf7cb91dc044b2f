//! The machine's world over the database, and the checkpoints as queries.

#![allow(missing_docs, reason = "salsa's macro adds undocumented items")]

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use speclens_environment::{
    Environment, Project, PythonVersion, Variables, VersionTables, environment, tables,
};
use speclens_files::{Db, Entry, Listing, PathKind};
use speclens_source::program::Function;
use speclens_source::{BinaryFacts, ModuleFacts, Name, Span, binary_facts, left_out, module_facts};

use crate::finders::{Archive, DatabaseDirectories, Directories, SearchState};
use crate::machine::{Checkpoint, EntryPoint, ImportState, World};

/// Where code of a project runs: its environment, and the directory that `sys.path` starts with.
pub struct DatabaseWorld<'db> {
    db: &'db dyn Db,
    directories: DatabaseDirectories<'db>,
    project: Project,
    environment: &'db Arc<Environment>,
    script_directory: Option<String>,
    read: RefCell<SourcesRead>,
}

/// The source files that were read on the way to a state: those of checkpoints, and others.
#[derive(Debug, Default)]
pub struct SourcesRead {
    before: Vec<Arc<SourcesRead>>,
    files: FxHashSet<Entry>,
}

impl SourcesRead {
    /// All of them.
    pub fn files(&self) -> FxHashSet<Entry> {
        let mut files = FxHashSet::default();
        let mut seen = FxHashSet::default();
        let mut waiting = vec![self];
        while let Some(read) = waiting.pop() {
            files.extend(&read.files);
            waiting.extend(read.before.iter().filter(|it| seen.insert(Arc::as_ptr(it))).map(|it| &**it));
        }
        files
    }
}

impl<'db> DatabaseWorld<'db> {
    /// The world of code that is run from a directory; `None` for `--isolated`.
    pub fn new(db: &'db dyn Db, project: Project, script_directory: Option<String>) -> Self {
        let directories = DatabaseDirectories(db);
        let environment = environment(db, project);
        Self { db, directories, project, environment, script_directory, read: RefCell::default() }
    }

    /// A fresh interpreter: `site` has run, with `sitecustomize` and `usercustomize`, and `sys.path[0]` is set.
    fn fresh(&self) -> Checkpoint {
        let mut fresh =
            Checkpoint::fresh(ImportState::fresh(SearchState::at_startup(self.environment, None)));
        for hook in &self.environment.startup_hooks {
            let is_customization = |name: &&String| hook.text == format!("import {name}");
            fresh = match self.environment.customizations.iter().find(is_customization) {
                // An exception is printed, and the start goes on (`Lib/site.py`, `execsitecustomize`).
                Some(name) => fresh.then_import(self, name),
                None => fresh.then_line(self, &hook.file.to_string_lossy(), hook.line, &hook.statement()),
            };
        }
        fresh.at_startup(self.script_directory.as_deref())
    }

    /// The checkpoint after a sequence of imports.
    pub fn checkpoint(&self, imports: &[Name]) -> Arc<Checkpoint> {
        let chain = ImportChain::new(self.db, self.project, self.script_directory.clone(), imports.to_vec());
        let (checkpoint, read) = checkpoint(self.db, chain);
        self.read.borrow_mut().before.push(Arc::clone(read));
        Arc::clone(checkpoint)
    }

    /// What was read through this world.
    pub fn into_read(self) -> SourcesRead {
        self.read.into_inner()
    }

    /// A source file, of which it is remembered that it is read.
    fn source(&self, file: &str) -> Entry {
        let entry = self.db.entry(Path::new(file));
        self.read.borrow_mut().files.insert(entry);
        entry
    }
}

/// A sequence of imports in a fresh interpreter.
#[salsa::interned(debug)]
pub struct ImportChain<'db> {
    #[returns(copy)]
    pub project: Project,
    #[returns(clone)]
    pub script_directory: Option<String>,
    #[returns(ref)]
    pub imports: Vec<Name>,
}

/// The import state after a sequence of imports: one more than the checkpoint before it. Only so many are kept from one
/// revision to the next, since each may hold what a hundred modules made; a file has fewer imports.
#[salsa::tracked(returns(ref), no_eq, lru = 32)]
fn checkpoint<'db>(db: &'db dyn Db, chain: ImportChain<'db>) -> (Arc<Checkpoint>, Arc<SourcesRead>) {
    let world = DatabaseWorld::new(db, chain.project(db), chain.script_directory(db));
    let checkpoint = match chain.imports(db).split_last() {
        None => world.fresh(),
        Some((last, before)) => world.checkpoint(before).then_import(&world, last),
    };
    (Arc::new(checkpoint), Arc::new(world.into_read()))
}

impl Directories for DatabaseWorld<'_> {
    fn kind(&self, path: &str) -> Option<PathKind> {
        self.directories.kind(path)
    }

    fn listing(&self, directory: &str) -> Option<&Listing> {
        self.directories.listing(directory)
    }

    fn archive(&self, path: &str, version: PythonVersion) -> Option<&Archive> {
        self.directories.archive(path, version)
    }
}

impl World for DatabaseWorld<'_> {
    fn facts(&self, file: &str) -> Option<Arc<ModuleFacts>> {
        module_facts(self.db, self.source(file)).as_ref().ok().cloned()
    }

    fn function(&self, file: &str, name: Span) -> Option<Arc<Function>> {
        let functions = left_out(self.db, self.source(file)).as_ref().ok()?;
        functions.iter().find(|function| function.name_span == name).cloned()
    }

    fn binary(&self, file: &str) -> Option<Arc<BinaryFacts>> {
        binary_facts(self.db, self.db.entry(Path::new(file))).as_ref().ok().cloned()
    }

    fn distribution_version(&self, name: &str) -> Option<String> {
        let wanted = normalized(name);
        let found = self.environment.distributions.iter().find(|found| normalized(&found.name) == wanted)?;
        Some(found.version.clone())
    }

    fn entry_points(&self) -> Vec<EntryPoint> {
        let files =
            self.environment.distributions.iter().map(|found| found.metadata.join("entry_points.txt"));
        files.flat_map(|file| entry_points_of(self.db, self.db.entry(&file)).iter().cloned()).collect()
    }

    fn is_elsewhere(&self, name: &str) -> bool {
        if name.contains('.') {
            return false;
        }
        let root = self.project.root(self.db);
        [root.clone(), root.join("src")].iter().any(|directory| {
            self.db
                .entry(directory)
                .listing(self.db)
                .is_some_and(|listing| listing.has_directory(name) || listing.has_file(&format!("{name}.py")))
        })
    }

    fn working_directory(&self) -> String {
        self.project.root(self.db).to_string_lossy().into_owned()
    }

    fn variables(&self) -> &Variables {
        &self.project.request(self.db).variables
    }

    fn tables(&self) -> &'static VersionTables {
        tables(self.environment.interpreter.version)
    }

    fn check_cancelled(&self) {
        self.db.unwind_if_revision_cancelled();
    }
}

/// The entry points that a distribution's `entry_points.txt` has.
#[salsa::tracked(returns(ref))]
fn entry_points_of(db: &dyn Db, file: Entry) -> Vec<EntryPoint> {
    let text = String::from_utf8_lossy(&file.bytes(db).unwrap_or_default()).into_owned();
    let mut group = "";
    let mut points = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(named) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = named;
        } else if let Some((name, value)) = line.split_once('=') {
            let [group, name, value] = [group, name, value].map(|part| part.trim().to_owned());
            points.push(EntryPoint { group, name, value });
        }
    }
    points
}

/// A distribution's name as PEP 503 compares it.
fn normalized(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !result.is_empty() {
            result.push('-');
        }
        result.push_str(&part.to_ascii_lowercase());
    }
    result
}
