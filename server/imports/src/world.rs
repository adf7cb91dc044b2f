//! The machine's world over the database, and the checkpoints as queries.

#![allow(missing_docs, reason = "salsa's macro adds undocumented items")]

use std::path::Path;
use std::sync::Arc;

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
}

impl<'db> DatabaseWorld<'db> {
    /// The world of code that is run from a directory; `None` for `--isolated`.
    pub fn new(db: &'db dyn Db, project: Project, script_directory: Option<String>) -> Self {
        let directories = DatabaseDirectories(db);
        Self { db, directories, project, environment: environment(db, project), script_directory }
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
        Arc::clone(checkpoint(self.db, chain))
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
fn checkpoint<'db>(db: &'db dyn Db, chain: ImportChain<'db>) -> Arc<Checkpoint> {
    let world = DatabaseWorld::new(db, chain.project(db), chain.script_directory(db));
    match chain.imports(db).split_last() {
        None => Arc::new(world.fresh()),
        Some((last, before)) => Arc::new(world.checkpoint(before).then_import(&world, last)),
    }
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
        module_facts(self.db, self.db.entry(Path::new(file))).as_ref().ok().cloned()
    }

    fn function(&self, file: &str, name: Span) -> Option<Arc<Function>> {
        let functions = left_out(self.db, self.db.entry(Path::new(file))).as_ref().ok()?;
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
