//! What importing a module does to the import state, as plain data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use speclens_environment::Project;
use speclens_files::Db;
use speclens_imports::DatabaseWorld;
use speclens_imports::machine::{Addition, Checkpoint, Deed, ModuleEffect, Site, SpecState};
use speclens_source::{Name, module_facts};

use crate::explain::{Evidence, as_evidence};
use crate::finding::Certainty;
use crate::verdicts;

/// What `import NAME` does in a fresh interpreter.
#[derive(Debug, Serialize, Deserialize)]
pub struct Effects {
    /// The module that is imported.
    pub name: String,
    /// The modules that are imported before it.
    pub after: Vec<String>,
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
#[derive(Debug, Serialize, Deserialize)]
pub struct Added {
    /// The class or function as `module.qualname`; the path.
    pub what: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The line that adds it.
    pub evidence: Vec<Evidence>,
    /// The module whose code that line is.
    pub by: Option<Name>,
}

/// An entry of `sys.modules` that an import adds.
#[derive(Debug, Serialize, Deserialize)]
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
    /// The module whose code brought it: first imported it, or put it there.
    pub by: Option<Name>,
    /// Whether only the code of an extension module brings it.
    pub from_extension: bool,
}

impl Module {
    /// Whether it is another thing than a reader of the code would expect under this name.
    pub fn is_odd(&self) -> bool {
        !matches!(self.spec, SpecState::Present | SpecState::Unknown)
            || self.spec_name.as_ref().is_some_and(|name| *name != self.name)
            || self.class != "module"
            || self.loader.as_deref().is_some_and(|loader| !is_usual_loader(loader))
    }

    /// What is odd about it, as a phrase; empty where nothing is.
    pub fn oddity(&self) -> String {
        let mut words = Vec::new();
        if self.class != "module" {
            words.push(format!("is of class {}", self.class));
        }
        match (self.spec, &self.spec_name) {
            (SpecState::None, _) => words.push("has None as __spec__".to_owned()),
            (SpecState::Missing, _) => words.push("has no __spec__".to_owned()),
            (_, Some(name)) if *name != self.name => words.push(format!("has the __spec__ of {name}")),
            _ => {}
        }
        if let Some(loader) = self.loader.as_deref().filter(|loader| !is_usual_loader(loader)) {
            words.push(format!("is loaded by {loader}"));
        }
        words.join(", ")
    }

    /// `spec`, `none` or `missing`. What cannot be decided is told by the certainty: a module has a spec, as a rule.
    pub fn spec_word(&self) -> &'static str {
        match self.spec {
            SpecState::Present | SpecState::Unknown => "spec",
            SpecState::None => "none",
            SpecState::Missing => "missing",
        }
    }
}

/// Whether a loader is one of importlib's own.
pub(crate) fn is_usual_loader(class: &str) -> bool {
    matches!(
        class,
        "SourceFileLoader"
            | "SourcelessFileLoader"
            | "ExtensionFileLoader"
            | "AppleFrameworkLoader"
            | "BuiltinImporter"
            | "FrozenImporter"
            | "NamespaceLoader"
            | "_NamespaceLoader"
            | "zipimporter"
    )
}

impl Effects {
    /// The module that each came in by: the one whose code brought it; else the package that it is in; else `None`, for the
    /// import itself. There are no cycles.
    pub fn parents(&self) -> FxHashMap<&Name, Option<&Name>> {
        let names: FxHashMap<&str, &Name> =
            self.modules.iter().map(|module| (module.name.as_str(), &module.name)).collect();
        let package =
            |name: &Name| name.rsplit_once('.').and_then(|(package, _)| names.get(package).copied());
        let by = |module: &Module| module.by.as_ref().and_then(|by| names.get(by.as_str()).copied());
        let mut parents: FxHashMap<&Name, Option<&Name>> = FxHashMap::default();
        for module in &self.modules {
            let is_below = |parent: &&Name| !ends_at(&parents, parent, &module.name);
            let parent = by(module).filter(is_below).or_else(|| package(&module.name).filter(is_below));
            parents.insert(&module.name, parent);
        }
        parents
    }
}

/// Whether the way up from a module passes through another.
fn ends_at(parents: &FxHashMap<&Name, Option<&Name>>, from: &Name, name: &Name) -> bool {
    let mut at = Some(from);
    while let Some(here) = at {
        if here == name {
            return true;
        }
        at = parents.get(here).copied().flatten();
    }
    false
}

/// Runs `import NAME` on the machine, in a fresh interpreter of the project's environment that has imported other modules
/// before.
pub fn effects(db: &dyn Db, project: Project, name: &str, after: &[String]) -> Effects {
    let script = (!project.request(db).isolated).then(|| project.root(db).to_string_lossy().into_owned());
    let world = DatabaseWorld::new(db, project, script);
    let mut imports: Vec<Name> = after.iter().map(|name| name.as_str().into()).collect();
    let start = world.checkpoint(&imports);
    imports.push(name.into());
    let end = world.checkpoint(&imports);
    let effects = end.effects(&world, &start);
    let error = effects.raised.map(|raised| {
        let message = raised.message.as_deref().unwrap_or_default();
        (raised.type_name.to_string(), message.to_owned())
    });
    let teller = Teller { db, owners: owners(&world, &end) };
    let all = |additions: Vec<Addition>, what: &str| -> Vec<Added> {
        additions.into_iter().map(|addition| teller.added(addition, what)).collect()
    };
    // The entries of `sys.path` do not tell which line put each of them there.
    let changes = end.state.changes.iter().skip(start.state.changes.len());
    let changes = changes.filter(|change| change.deed == Deed::ChangesPath);
    let path_lines: Vec<Evidence> = changes.map(|change| at(db, &change.site, "changes sys.path")).collect();
    let replaced = "put in the place of builtins.__import__";
    let mut effects = Effects {
        name: name.to_owned(),
        after: after.to_vec(),
        error,
        meta_path: all(effects.meta_path, "put on sys.meta_path"),
        path_hooks: all(effects.path_hooks, "put on sys.path_hooks"),
        import_function: effects
            .import_function
            // The interpreter's own, put back.
            .filter(|addition| addition.what != "builtins.__import__")
            .map(|addition| teller.added(addition, replaced)),
        path: all(effects.path, "")
            .into_iter()
            .map(|added| Added { evidence: path_lines.clone(), ..added })
            .collect(),
        modules: effects.modules.into_iter().map(|module| teller.module(module)).collect(),
        unknowns: effects.unknowns.into_iter().map(|(file, at, what)| line(db, &file, at, what)).collect(),
    };
    for module in &mut effects.modules {
        // The import itself brought it, whatever was put in its place.
        if name
            .strip_prefix(module.name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        {
            module.by = None;
        }
    }
    inherit_from_extensions(&mut effects.modules);
    effects
}

/// The module of each file that was run.
fn owners(world: &DatabaseWorld<'_>, end: &Checkpoint) -> FxHashMap<Arc<str>, Name> {
    let mut owners: FxHashMap<Arc<str>, Name> = FxHashMap::default();
    for name in end.state.modules.keys() {
        let Some(view) = end.view(world, name) else { continue };
        let Some(file) = view.file else { continue };
        // An alias stands for the same file under another name.
        if view.spec_name.as_ref() == Some(name) || !owners.contains_key(&file) {
            owners.insert(file, name.clone());
        }
    }
    owners
}

/// What extension modules bring may import more.
fn inherit_from_extensions(modules: &mut [Module]) {
    let mut below: FxHashSet<Name> = FxHashSet::default();
    loop {
        let known = below.len();
        for module in modules.iter_mut() {
            module.from_extension |= module.by.as_ref().is_some_and(|by| below.contains(by));
            if module.from_extension {
                below.insert(module.name.clone());
            }
        }
        if below.len() == known {
            break;
        }
    }
}

/// Makes words of sites.
struct Teller<'t> {
    db: &'t dyn Db,
    owners: FxHashMap<Arc<str>, Name>,
}

impl Teller<'_> {
    fn added(&self, addition: Addition, what: &str) -> Added {
        Added {
            what: addition.what,
            certainty: certainty(addition.certain),
            evidence: addition.site.iter().map(|site| at(self.db, site, what)).collect(),
            by: addition.site.and_then(|site| self.owners.get(&site.file).cloned()),
        }
    }

    fn module(&self, module: ModuleEffect) -> Module {
        let mut evidence: Vec<Evidence> =
            module.imported.iter().map(|site| at(self.db, site, how_imported(&site.file))).collect();
        let lines = module.evidence.iter().map(|evidence| verdicts::deed_line(&module.name, evidence));
        evidence.extend(as_evidence(self.db, &lines.collect::<Vec<_>>()));
        let first =
            module.imported.as_ref().or_else(|| module.evidence.first().map(|evidence| &evidence.site));
        let owner = first.and_then(|site| self.owners.get(&site.file));
        Module {
            certainty: certainty(module.certain),
            by: owner.filter(|owner| **owner != module.name).cloned(),
            from_extension: module.imported.as_ref().is_some_and(|site| !is_text(&site.file)),
            name: module.name,
            spec: module.spec,
            spec_name: module.spec_name,
            loader: module.loader,
            class: module.class,
            evidence,
        }
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
    Evidence { file: PathBuf::from(file), line: facts.map(|facts| facts.line(offset)), what: what.to_owned() }
}
