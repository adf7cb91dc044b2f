//! Running a file of the workspace on the machine: which module it is, where it is run from, what its reads see.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;
use speclens_environment::{PathOrigin, Project, environment};
use speclens_files::{Db, Entry};
use speclens_imports::machine::{EntryFile, Evidence as Change, Machine, Observation, Raised, Run, RunAs};
use speclens_imports::{DatabaseWorld, SourcesRead};
use speclens_source::{ModuleFacts, Name, Span, module_facts};

use crate::settings::{Launch, launch_of};

/// What a run of a file saw.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    /// Its reads and imports, in the order of their execution.
    pub observations: Vec<Observation>,
    /// The lines by which it changed the finders, the hooks or the search path.
    pub changes: Vec<Change>,
    /// `sys.path[0]` of the run.
    pub script_directory: Option<String>,
    /// What its `lazy import` statements change, where it has some.
    pub lazy: Option<Lazy>,
    /// The source files of others that were read for it.
    pub read: Arc<SourcesRead>,
}

/// A run with `lazy import` statements (PEP 810, CPython 3.15), and the same with these done at once.
#[derive(Debug, Clone)]
pub(crate) struct Lazy {
    /// The statements.
    pub postponed: Vec<Span>,
    /// The exceptions that end the run, with their statements.
    pub escaped: Vec<(Span, Raised)>,
    /// The observations of the other run.
    pub at_once: Vec<Observation>,
    /// Its exceptions.
    pub escaped_at_once: Vec<(Span, Raised)>,
}

/// Runs a file. `None` where it cannot be read.
#[salsa::tracked(returns(ref), no_eq)]
pub(crate) fn observe(db: &dyn Db, project: Project, file: Entry) -> Option<Arc<Observed>> {
    let facts = module_facts(db, file).as_ref().ok()?;
    let path = file.path(db);
    // A notebook's cells run as `__main__`, which has no spec, where the notebook is.
    let is_notebook = path.extension().is_some_and(|extension| extension == "ipynb");
    let launch = if is_notebook { Some(Launch::Script) } else { launch_of(db, project, file) };
    let is_script = launch.map_or(facts.is_script, |launch| launch == Launch::Script);
    let (run_as, directory) = if launch == Some(Launch::Script) {
        (RunAs::Script, path.parent().unwrap_or(path).to_path_buf())
    } else {
        how_it_runs(db, project, path, facts, is_script)
    };
    let directory = directory.to_string_lossy().into_owned();
    let script_directory = (!project.request(db).isolated).then_some(directory);
    let world = DatabaseWorld::new(db, project, script_directory.clone());
    let checkpoints = |imports: &[Name]| Some(world.checkpoint(imports));
    let entry = EntryFile { file: path.to_str()?, facts, run_as };
    let run = || Run::new(&world, &checkpoints);
    let machine = run()?.run(&entry);
    let lazy = if machine.postponed.is_empty() {
        None
    } else {
        let Machine { observations: at_once, escaped: escaped_at_once, .. } = run()?.at_once().run(&entry);
        Some(Lazy { postponed: machine.postponed, escaped: machine.escaped, at_once, escaped_at_once })
    };
    let before = world.checkpoint(&[]).state.changes.len();
    let changes = machine.state.changes.get(before..).unwrap_or_default().to_vec();
    let observations = machine.observations;
    let read = Arc::new(world.into_read());
    Some(Arc::new(Observed { observations, changes, script_directory, lazy, read }))
}

/// The source files of others that a run of the file reads. While none of these and not the file itself is edited, nor
/// anything comes, goes or changes that is no source file of the workspace, its findings stay what they are, but for what
/// their fixes propose.
pub fn sources_read(db: &dyn Db, project: Project, file: Entry) -> FxHashSet<Entry> {
    observe(db, project, file).as_ref().map(|observed| observed.read.files()).unwrap_or_default()
}

/// What a file is when it runs, and the directory that `sys.path` starts with: a module of a package is imported from the
/// directory that holds the outermost package; what is written as a script is run; the rest is imported from where it is.
fn how_it_runs(
    db: &dyn Db,
    project: Project,
    path: &Path,
    facts: &ModuleFacts,
    is_script: bool,
) -> (RunAs, PathBuf) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("__main__");
    let own = path.parent().unwrap_or(Path::new("/"));
    let mut parts: Vec<String> = if stem == "__init__" { Vec::new() } else { vec![stem.to_owned()] };
    let depth = package_depth(db, project.root(db), own).max(installed_depth(db, project, own));
    let depth = match depth {
        0 if is_script => return (RunAs::Script, own.to_path_buf()),
        // What imports by dots is in a package, if only a namespace package.
        0 => facts.relative_levels as usize,
        _ if is_script && !has_init(db, own) => return (RunAs::Script, own.to_path_buf()),
        depth => depth,
    };
    let mut directory = own;
    for _ in 0..depth {
        let (Some(name), Some(parent)) = (directory.file_name(), directory.parent()) else { break };
        parts.insert(0, name.to_string_lossy().into_owned());
        directory = parent;
    }
    (RunAs::Module(Name::from(parts.join("."))), directory.to_path_buf())
}

/// How many directories from `own` upwards belong to its package: those with `__init__.py`, and those without it below
/// one of them in the workspace.
fn package_depth(db: &dyn Db, root: &Path, own: &Path) -> usize {
    let mut depth = 0;
    for (index, directory) in own.ancestors().enumerate() {
        if has_init(db, directory) {
            depth = index + 1;
        } else if depth > 0 || !directory.starts_with(root) || directory == root {
            break;
        }
    }
    depth
}

/// How many directories from `own` upwards lie below the entry of the search path in which it is installed: what is installed
/// is imported by its name from there, in a namespace package too.
fn installed_depth(db: &dyn Db, project: Project, own: &Path) -> usize {
    let entries = environment(db, project).search_path.iter().filter(|entry| {
        let installs = matches!(
            entry.origin,
            PathOrigin::SitePackages | PathOrigin::UserSite | PathOrigin::StandardLibrary
        );
        installs && own.starts_with(&entry.path)
    });
    let below = entries.filter_map(|entry| own.strip_prefix(&entry.path).ok());
    let nearest = below.min_by_key(|below| below.iter().count());
    nearest.filter(|below| below.iter().all(is_identifier)).map_or(0, |below| below.iter().count())
}

fn is_identifier(name: &OsStr) -> bool {
    let mut letters = name.to_str().unwrap_or_default().chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn has_init(db: &dyn Db, directory: &Path) -> bool {
    db.entry(directory).listing(db).is_some_and(|listing| listing.has_file("__init__.py"))
}
