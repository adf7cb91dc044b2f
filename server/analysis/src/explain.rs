//! Why a module is what it is, as plain data.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use speclens_environment::{EditableModule, Environment, PathOrigin, Project, PythonVersion};
use speclens_files::{Db, Entry};
use speclens_imports::DatabaseWorld;
use speclens_imports::finders::{Candidate, Verdict};
use speclens_imports::machine::{Checkpoint, SpecState};
use speclens_imports::spec::{Attribute, Loader, ModuleSpec, module_attributes};
use speclens_source::{Name, module_facts};

use crate::finding::{Certainty, Related};
use crate::observe::observe;
use crate::resolver::{Missing, Resolver};
use crate::value::{Value, loader_value};
use crate::verdicts;

/// What a module is, in the words of Python's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory with `__init__`.
    RegularPackage,
    /// One or more directories without (PEP 420).
    NamespacePackage,
    /// A file of source or bytecode.
    Module,
    /// A shared library.
    ExtensionModule,
    /// Compiled into the interpreter.
    BuiltIn,
    /// Its bytecode is compiled into the interpreter.
    Frozen,
}

impl Kind {
    /// The kind of module that `spec` describes.
    pub fn of(spec: &ModuleSpec) -> Self {
        match &spec.loader {
            _ if spec.is_namespace() => Self::NamespacePackage,
            // scikit-build-core has a loader of its own for them.
            Some(Loader::Other(_)) if spec.submodule_search_locations.is_some() && !spec.has_location => {
                Self::NamespacePackage
            }
            Some(Loader::BuiltIn) => Self::BuiltIn,
            Some(Loader::Frozen) => Self::Frozen,
            _ if spec.submodule_search_locations.is_some() => Self::RegularPackage,
            Some(Loader::Extension) => Self::ExtensionModule,
            _ => Self::Module,
        }
    }

    /// The words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RegularPackage => "regular package",
            Self::NamespacePackage => "namespace package",
            Self::Module => "module",
            Self::ExtensionModule => "extension module",
            Self::BuiltIn => "built-in module",
            Self::Frozen => "frozen module",
        }
    }
}

/// Something on the disk that decided the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The file or directory.
    pub file: PathBuf,
    /// The line, counted from 1, where it is one.
    pub line: Option<u32>,
    /// What it does, as a phrase.
    pub what: String,
}

/// One directory of a namespace package, or the one directory or file of another module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    /// The directory or file.
    pub path: PathBuf,
    /// The distributions that installed it: name and version.
    pub owners: Vec<String>,
}

/// What importing a name does, as the import machine runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The module that was found stands in `sys.modules`.
    AsFound,
    /// Another object stands there.
    Other(Replacement),
    /// The import raises.
    Raises {
        /// The last line of the traceback.
        exception: String,
        /// The lines that decided it.
        evidence: Vec<Evidence>,
    },
    /// What happens could not be decided.
    Unknown,
}

/// The object that stands in `sys.modules` in the place of a module that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The name of its class.
    pub class: String,
    /// Its `__spec__`.
    pub spec: PutSpec,
    /// The lines that decided it.
    pub evidence: Vec<Evidence>,
}

/// The `__spec__` of an object that was put in `sys.modules`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutSpec {
    /// It is `None`.
    None,
    /// There is no such attribute.
    Missing,
    /// It is the spec of the module with this name.
    Of(String),
    /// It could not be decided.
    Unknown,
}

/// All that is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The absolute name that was asked for.
    pub name: String,
    /// The Python that the values are of.
    pub version: PythonVersion,
    /// What is found; the error of the import where nothing is.
    pub found: Result<Found, Missing>,
    /// What the import does.
    pub imported: Imported,
    /// The lines by which it changes `sys.meta_path`, `sys.path_hooks` or `sys.path`.
    pub changes: Vec<Evidence>,
    /// What was seen on the way, in search order, with what became of it.
    pub candidates: Vec<Candidate>,
    /// The directories that were searched, in order; empty where none was.
    pub searched: Vec<String>,
    /// What on the disk decided it.
    pub evidence: Vec<Evidence>,
    /// Why the answer is only possible, where it is.
    pub uncertain: Option<String>,
}

/// A module that is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// `importlib.util.find_spec(name)` before it is imported.
    pub before: ModuleSpec,
    /// `__spec__` of the imported module.
    pub after: ModuleSpec,
    /// The imported module's other attributes that the import system sets.
    pub attributes: Vec<(&'static str, Value)>,
    /// Where it lies, and who put it there.
    pub portions: Vec<Portion>,
}

impl Explanation {
    /// How sure the answer is.
    pub fn certainty(&self) -> Certainty {
        if self.uncertain.is_some() { Certainty::Possible } else { Certainty::Certain }
    }
}

/// What importing `name` gives in an interpreter that has imported nothing but `after`, and why. A script that runs in
/// the project's root sees the same.
pub fn explain(db: &dyn Db, project: Project, name: &str, after: &[String]) -> Explanation {
    let resolver = Resolver::new(db, project);
    let environment = resolver.environment();
    let answer = resolver.resolve(name);
    let candidates = resolver.candidates(name, &answer);
    let (imported, changes) = imported(db, project, name, after);
    let found = match answer.resolution.spec {
        Some(spec) => Ok(found(&resolver, spec)),
        None => Err(answer.missing.unwrap_or(Missing::NotFound(name.to_owned()))),
    };
    let unknown =
        matches!(imported, Imported::Unknown).then(|| "what its import does could not be followed".into());
    let uncertain = answer.resolution.uncertain.or(unknown);
    let evidence =
        found.as_ref().map_or_else(|_| Vec::new(), |found| evidence(environment, project.root(db), found));
    Explanation {
        name: name.to_owned(),
        version: environment.interpreter.version,
        found,
        imported,
        changes,
        candidates,
        searched: answer.searched,
        evidence,
        uncertain,
    }
}

/// Runs `import` of each of `after` and then of `name` on the machine.
fn imported(db: &dyn Db, project: Project, name: &str, after: &[String]) -> (Imported, Vec<Evidence>) {
    let script = (!project.request(db).isolated).then(|| project.root(db).to_string_lossy().into_owned());
    let world = DatabaseWorld::new(db, project, script);
    let mut imports: Vec<Name> = after.iter().map(String::as_str).map(Name::from).collect();
    let known = world.checkpoint(&imports).state.changes.len();
    imports.push(name.into());
    let checkpoint = world.checkpoint(&imports);
    let changes = checkpoint.state.changes.get(known..).unwrap_or_default();
    let changes = as_evidence(db, &verdicts::change_lines(changes));
    (outcome(db, &world, &checkpoint, name), changes)
}

fn outcome(db: &dyn Db, world: &DatabaseWorld<'_>, checkpoint: &Checkpoint, name: &str) -> Imported {
    if let Some(raised) = &checkpoint.raised {
        let lines = verdicts::exception_lines(raised);
        let exception = raised.headline();
        return Imported::Raises { exception, evidence: as_evidence(db, &lines) };
    }
    let Some(view) = checkpoint.view(world, name) else { return Imported::Unknown };
    let spec = match (view.spec, &view.spec_name) {
        (SpecState::Present, Some(own)) if *own == name && view.evidence.is_empty() => {
            return Imported::AsFound;
        }
        (SpecState::Present, Some(other)) => PutSpec::Of(other.to_string()),
        (SpecState::None, _) => PutSpec::None,
        (SpecState::Missing, _) => PutSpec::Missing,
        _ if view.evidence.is_empty() => return Imported::Unknown,
        _ => PutSpec::Unknown,
    };
    let evidence = as_evidence(db, &verdicts::module_lines(&view));
    Imported::Other(Replacement { class: view.class.to_string(), spec, evidence })
}

pub(crate) fn as_evidence(db: &dyn Db, lines: &[Related]) -> Vec<Evidence> {
    let evidence = lines.iter().map(|line| {
        let facts = module_facts(db, db.entry(&line.place.file)).as_ref().ok();
        Evidence {
            file: line.place.file.clone(),
            line: facts.map(|facts| facts.line(line.place.start)),
            what: line.message.clone(),
        }
    });
    evidence.collect()
}

/// The lines by which a file of the workspace, and what it imports, changes `sys.meta_path`, `sys.path_hooks` or `sys.path`.
/// `None` where it cannot be read.
pub fn import_hooks(db: &dyn Db, project: Project, file: Entry) -> Option<Vec<Evidence>> {
    let observed = observe(db, project, file).as_ref()?;
    Some(as_evidence(db, &verdicts::change_lines(&observed.changes)))
}

fn found(resolver: &Resolver<'_>, before: ModuleSpec) -> Found {
    let environment = resolver.environment();
    let after = before.after_import();
    let attributes = attribute_values(environment, &after);
    let locations: Vec<PathBuf> = match (&after.origin, &after.submodule_search_locations) {
        (_, Some(locations)) => locations.iter().map(PathBuf::from).collect(),
        (Some(origin), None) if after.has_location => vec![PathBuf::from(origin)],
        _ => Vec::new(),
    };
    let portions =
        locations.into_iter().map(|path| Portion { owners: owners(resolver, &path), path }).collect();
    Found { kind: Kind::of(&after), before, after, attributes, portions }
}

/// The distributions that installed `path`, as people name them.
pub fn owners(resolver: &Resolver<'_>, path: &Path) -> Vec<String> {
    let owners = resolver.owners(path).into_iter();
    let mut owners: Vec<String> = owners.map(|owner| format!("{} {}", owner.name, owner.version)).collect();
    owners.sort_unstable();
    owners
}

/// The attributes that the import system gives a module, as Python shows them.
fn attribute_values(environment: &Environment, spec: &ModuleSpec) -> Vec<(&'static str, Value)> {
    let version = environment.interpreter.version;
    let attributes = module_attributes(spec, environment);
    let text = |attribute: Attribute<String>| match attribute {
        Attribute::Missing => None,
        Attribute::None => Some(Value::None),
        Attribute::Value(text) => Some(Value::Str(text)),
    };
    let values = [
        ("__file__", text(attributes.file)),
        ("__path__", Value::locations(spec, version)),
        ("__loader__", Some(loader_value(attributes.loader.as_ref(), version))),
        ("__package__", Some(Value::Str(attributes.package))),
        ("__cached__", text(attributes.cached)),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What put the module where the finders found it.
fn evidence(environment: &Environment, root: &Path, found: &Found) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    let top_level = found.after.name.split('.').next().unwrap_or_default();
    for finder in &environment.meta_path {
        let modules = finder.editable_modules();
        let leads = |module: &&EditableModule<'_>| {
            // The packages of meson-python say that they lie in the generated module.
            let inside = |path| {
                let mut places = found.portions.iter().map(|portion| &portion.path);
                places.any(|place| place.starts_with(path) || place.starts_with(module.file))
            };
            module.name == top_level && module.path.is_some_and(inside)
        };
        let is_namespace =
            |module: &&EditableModule<'_>| module.path.is_none() && module.name == found.after.name;
        if let Some(EditableModule { path: Some(path), file, .. }) = modules.iter().find(leads) {
            let what = format!("an editable install's finder maps {top_level} to {}", path.display());
            push_new(&mut evidence, Evidence { file: file.to_path_buf(), line: None, what });
        } else if let Some(module) = modules.iter().find(is_namespace) {
            let what =
                format!("an editable install's finder knows {} as a namespace package", found.after.name);
            push_new(&mut evidence, Evidence { file: module.file.to_path_buf(), line: None, what });
        }
    }
    for portion in &found.portions {
        let above = |path: &Path| portion.path.starts_with(path);
        // The longest, since one entry may lie in another: site-packages lies in the standard library's directory.
        let entry = environment
            .search_path
            .iter()
            .filter(|entry| above(&entry.path))
            .max_by_key(|entry| entry.path.as_os_str().len());
        let known = evidence.iter().any(|known| above(&known.file));
        match entry {
            Some(entry) if !known => push_new(&mut evidence, entry_evidence(&entry.path, &entry.origin)),
            None if above(root) && !known => {
                push_new(&mut evidence, entry_evidence(root, &PathOrigin::Script));
            }
            Some(_) | None => {}
        }
    }
    evidence
}

fn push_new(list: &mut Vec<Evidence>, evidence: Evidence) {
    if !list.contains(&evidence) {
        list.push(evidence);
    }
}

fn entry_evidence(path: &Path, origin: &PathOrigin) -> Evidence {
    match origin {
        PathOrigin::PthFile { file, line } => Evidence {
            file: file.clone(),
            line: Some(*line),
            what: format!("puts {} on sys.path", path.display()),
        },
        other => Evidence {
            file: path.to_path_buf(),
            line: None,
            what: format!("on sys.path as {}", origin_words(other)),
        },
    }
}

/// Which rule put an entry on `sys.path`, as a phrase.
pub fn origin_words(origin: &PathOrigin) -> &'static str {
    match origin {
        PathOrigin::Script => "the directory of the script",
        PathOrigin::PythonPath => "an entry of PYTHONPATH",
        PathOrigin::StandardLibraryZip => "the standard library's zip file",
        PathOrigin::StandardLibrary => "the standard library",
        PathOrigin::DynamicLibraries => "the standard library's extension modules",
        PathOrigin::UserSite => "the user's site-packages",
        PathOrigin::SitePackages => "site-packages",
        PathOrigin::PthFile { .. } => "a line of a .pth file",
    }
}

/// What became of a candidate, as a phrase.
pub const fn verdict_words(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Chosen => "chosen",
        Verdict::Portion => "a portion of the namespace package",
        Verdict::Later => "comes later in the search order",
        Verdict::PortionNotUsed => "has no __init__, and a module that is no namespace portion was found",
        Verdict::SameEntry => "in the same directory another kind of module goes first",
        Verdict::WrongTag => "is an extension module for another interpreter",
        Verdict::NotADirectory => "has the name of the package, but is no directory",
        Verdict::NotAFile => "has the name of a module's file, but is no file",
        Verdict::BrokenLink => "is a symbolic link that leads nowhere",
        Verdict::OtherCase => "differs in upper and lower case",
        Verdict::Unreadable => "is on the path, but cannot be read",
    }
}
