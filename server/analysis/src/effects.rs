//! What importing a module does to the import state, as plain data.

use std::path::{Path, PathBuf};

use speclens_environment::Project;
use speclens_files::Db;
use speclens_imports::DatabaseWorld;
use speclens_imports::machine::{Addition, ModuleEffect, Site, SpecState};
use speclens_source::{Name, module_facts};

use crate::explain::{Evidence, as_evidence};
use crate::finding::Certainty;
use crate::verdicts;

/// What `import NAME` does in a fresh interpreter.
#[derive(Debug)]
pub struct Effects {
    /// The module that is imported.
    pub name: String,
    /// The exception that ends the import: its class and `str()` of it.
    pub error: Option<(String, String)>,
    /// The finders that it puts on `sys.meta_path`.
    pub meta_path: Vec<Added>,
    /// The hooks that it puts on `sys.path_hooks`.
    pub path_hooks: Vec<Added>,
    /// What it puts in the place of `builtins.__import__`.
    pub import_function: Option<Added>,
    /// What it puts on `sys.path`.
    pub path: Vec<Added>,
    /// What it adds to `sys.modules`, or replaces there.
    pub modules: Vec<Module>,
    /// What could not be decided, and where.
    pub unknowns: Vec<Evidence>,
}

/// Something that an import adds.
#[derive(Debug)]
pub struct Added {
    /// The class or function as `module.qualname`; the path.
    pub what: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The line that adds it.
    pub evidence: Vec<Evidence>,
}

/// An entry of `sys.modules` that an import adds.
#[derive(Debug)]
pub struct Module {
    /// Its name.
    pub name: Name,
    /// What `__spec__` gives.
    pub spec: SpecState,
    /// `__spec__.name`.
    pub spec_name: Option<Name>,
    /// The class of `__spec__.loader`.
    pub loader: Option<Name>,
    /// `module`, or another class as `module.Class`.
    pub class: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The line that first imports it, then those that make it what it is, in the order of events.
    pub evidence: Vec<Evidence>,
}

impl Module {
    /// Whether it is another thing than a reader of the code would expect under this name.
    pub fn is_odd(&self) -> bool {
        !matches!(self.spec, SpecState::Present | SpecState::Unknown)
            || self.spec_name.as_ref().is_some_and(|name| *name != self.name)
            || self.class != "module"
    }
}

/// Runs `import NAME` on the machine, in a fresh interpreter of the project's environment.
pub fn effects(db: &dyn Db, project: Project, name: &str) -> Effects {
    let script = (!project.request(db).isolated).then(|| project.root(db).to_string_lossy().into_owned());
    let world = DatabaseWorld::new(db, project, script);
    let before = world.checkpoint(&[]);
    let after = world.checkpoint(&[name.into()]);
    let effects = after.effects(&world, &before);
    let error = effects.raised.map(|raised| {
        let message = raised.message.as_deref().unwrap_or_default();
        (raised.type_name.to_string(), message.to_owned())
    });
    let all = |additions: Vec<Addition>, what: &str| -> Vec<Added> {
        additions.into_iter().map(|addition| added(db, addition, what)).collect()
    };
    Effects {
        name: name.to_owned(),
        error,
        meta_path: all(effects.meta_path, "put on sys.meta_path"),
        path_hooks: all(effects.path_hooks, "put on sys.path_hooks"),
        import_function: effects
            .import_function
            .map(|addition| added(db, addition, "put in the place of builtins.__import__")),
        path: all(effects.path, "put on sys.path"),
        modules: effects.modules.into_iter().map(|module| module_of(db, module)).collect(),
        unknowns: effects.unknowns.into_iter().map(|(file, at, what)| line(db, &file, at, what)).collect(),
    }
}

fn added(db: &dyn Db, addition: Addition, what: &str) -> Added {
    Added {
        what: addition.what,
        certainty: certainty(addition.certain),
        evidence: addition.site.iter().map(|site| at(db, site, what)).collect(),
    }
}

fn module_of(db: &dyn Db, module: ModuleEffect) -> Module {
    let mut evidence: Vec<Evidence> =
        module.imported.iter().map(|site| at(db, site, how_imported(&site.file))).collect();
    let lines = module.evidence.iter().map(|evidence| verdicts::deed_line(&module.name, evidence));
    evidence.extend(as_evidence(db, &lines.collect::<Vec<_>>()));
    Module {
        certainty: certainty(module.certain),
        name: module.name,
        spec: module.spec,
        spec_name: module.spec_name,
        loader: module.loader,
        class: module.class,
        evidence,
    }
}

fn certainty(certain: bool) -> Certainty {
    if certain { Certainty::Certain } else { Certainty::Possible }
}

fn at(db: &dyn Db, site: &Site, what: &str) -> Evidence {
    line(db, &site.file, site.span.start, what)
}

fn how_imported(file: &str) -> &'static str {
    if is_text(file) { "imported first here" } else { "the extension module's file names it" }
}

/// Whether the file has lines: an extension module's has not.
fn is_text(file: &str) -> bool {
    let suffix = Path::new(file).extension();
    suffix.is_some_and(|suffix| suffix == "py" || suffix == "pth" || suffix == "start")
}

fn line(db: &dyn Db, file: &str, offset: u32, what: &str) -> Evidence {
    let facts = if is_text(file) { module_facts(db, db.entry(Path::new(file))).as_ref().ok() } else { None };
    Evidence {
        file: PathBuf::from(file),
        line: facts.map(|facts| facts.line(offset)),
        what: what.to_owned(),
    }
}
