//! Running a file of the workspace on the machine: which module it is, where it is run from, what its reads see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_imports::DatabaseWorld;
use speclens_imports::machine::{EntryFile, Observation, Run, RunAs};
use speclens_source::{ModuleFacts, Name, module_facts};

/// What a run of a file saw.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    /// The file's facts.
    pub facts: Arc<ModuleFacts>,
    /// Its reads and imports, in the order of their execution.
    pub observations: Vec<Observation>,
    /// `sys.path[0]` of the run.
    pub script_directory: Option<String>,
}

/// Runs a file. `None` where it cannot be read.
#[salsa::tracked(returns(ref), no_eq)]
pub(crate) fn observe(db: &dyn Db, project: Project, file: Entry) -> Option<Arc<Observed>> {
    let facts = module_facts(db, file).as_ref().ok()?.clone();
    let path = file.path(db);
    let (run_as, directory) = how_it_runs(db, path, &facts);
    let directory = directory.to_string_lossy().into_owned();
    let script_directory = (!project.request(db).isolated).then_some(directory);
    let world = DatabaseWorld::new(db, project, script_directory.clone());
    let checkpoints = |imports: &[Name]| Some(world.checkpoint(imports));
    let entry = EntryFile { file: path.to_str()?, facts: &facts, run_as };
    let machine = Run::new(&world, &checkpoints)?.run(&entry);
    let observations = machine.observations;
    Some(Arc::new(Observed { facts, observations, script_directory }))
}

/// What a file is when it runs, and the directory that `sys.path` starts with: a module of a package is imported from the
/// directory that holds the outermost package; what is written as a script is run; the rest is imported from where it is.
fn how_it_runs(db: &dyn Db, path: &Path, facts: &ModuleFacts) -> (RunAs, PathBuf) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("__main__");
    let mut directory = path.parent().unwrap_or(Path::new("/")).to_path_buf();
    let mut parts: Vec<String> = if stem == "__init__" { Vec::new() } else { vec![stem.to_owned()] };
    let mut in_package = false;
    while has_init(db, &directory) {
        let (Some(name), Some(parent)) = (directory.file_name(), directory.parent()) else { break };
        parts.insert(0, name.to_string_lossy().into_owned());
        directory = parent.to_path_buf();
        in_package = true;
    }
    let run_as = if facts.is_script && !in_package {
        RunAs::Script
    } else {
        RunAs::Module(Name::from(parts.join(".")))
    };
    (run_as, directory)
}

fn has_init(db: &dyn Db, directory: &Path) -> bool {
    db.entry(directory).listing(db).is_some_and(|listing| listing.has_file("__init__.py"))
}
