//! Where what is imported or read comes from, where the user's main server would not know or would lead astray.

use std::path::PathBuf;

use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_imports::machine::{ModuleView, Observation, ObservationKind, Seen};
use speclens_source::{Span, text};

use crate::check::check_file;
use crate::finding::Place;
use crate::hover::{noteworthy, target};
use crate::observe::observe;
use crate::resolver::Resolver;
use crate::verdicts::evidence_of;

/// Where something comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What was pointed at.
    pub place: Place,
    /// The lines that decided it, in the order of events, and then the files or directories of the module: these at
    /// their start.
    pub targets: Vec<Place>,
}

/// Where that comes from what stands at a byte offset; `None` where there is nothing to add to the user's main server.
pub fn definition(db: &dyn Db, project: Project, file: Entry, offset: u32) -> Option<Definition> {
    let observed = observe(db, project, file).as_ref()?;
    let path = file.path(db);
    let here = observed.observations.iter().filter(|observation| target(observation).touches(offset));
    let observation = here.min_by_key(|observation| observation.span.end - observation.span.start)?;
    let span = target(observation);
    let report = check_file(db, project, file);
    let about = |place: &Place| place.start <= observation.span.start && observation.span.end <= place.end;
    let related = match report.findings.iter().find(|finding| about(&finding.place)) {
        Some(finding) => finding.related.clone(),
        None if predicts(&observation.kind) => evidence_of(db, project, path, observed, observation),
        None => Vec::new(),
    };
    // Where it is imported, every server knows.
    let imports = observed.observations.iter().filter(|it| matches!(it.kind, ObservationKind::Import { .. }));
    let imports: Vec<Span> = imports.map(|import| import.span).chain([span]).collect();
    let is_import = |place: &Place| imports.iter().any(|it| it.start <= place.end && place.start <= it.end);
    let mut targets: Vec<Place> = Vec::new();
    let modules = modules(db, project, file, observation, span);
    let modules = modules.into_iter().map(|file| Place { file, start: 0, end: 0 });
    for place in related.into_iter().map(|related| related.place).chain(modules) {
        let is_known = targets.contains(&place) || place.file == *path && is_import(&place);
        if !is_known {
            targets.push(place);
        }
    }
    let place = Place { file: path.clone(), start: span.start, end: span.end };
    (!targets.is_empty()).then_some(Definition { place, targets })
}

/// Whether there is something to say about why it is so.
fn predicts(kind: &ObservationKind) -> bool {
    match kind {
        ObservationKind::Import { view, .. } => view.as_ref().is_some_and(noteworthy),
        ObservationKind::FindSpec { .. } | ObservationKind::LibraryCall { .. } => true,
        ObservationKind::ModuleAttribute { seen, .. }
        | ObservationKind::SpecAttribute { seen, .. }
        | ObservationKind::Call { seen, .. } => !matches!(seen, Seen::Unknown),
        ObservationKind::Walk { .. } | ObservationKind::Hook(_) => false,
    }
}

/// The directories of a namespace package; the file of a module that is named by a string, or that another object
/// stands for.
fn modules(
    db: &dyn Db,
    project: Project,
    file: Entry,
    observation: &Observation,
    Span { start, end }: Span,
) -> Vec<PathBuf> {
    let kind = &observation.kind;
    match kind {
        ObservationKind::Import { view: Some(view), .. } if noteworthy(view) => files(view),
        ObservationKind::Import { module, raised: None, .. } => {
            let text = text(db, file).ok();
            let text = text.as_ref().and_then(|(text, _)| text.get(start as usize..end as usize));
            // `import_module("name")`.
            let is_named = text.is_some_and(|text| text.contains(['"', '\'']));
            if is_named { found(db, project, module) } else { Vec::new() }
        }
        ObservationKind::FindSpec { module: Some(view), .. } => files(view),
        ObservationKind::FindSpec { name, found: true, .. } => found(db, project, name),
        _ => observation.kind.module().filter(|view| view.is_namespace).map(files).unwrap_or_default(),
    }
}

fn files(view: &ModuleView) -> Vec<PathBuf> {
    if view.is_namespace {
        return view.path.iter().map(|portion| PathBuf::from(&**portion)).collect();
    }
    let file = view.file.as_ref().map(|file| PathBuf::from(&**file));
    file.into_iter().filter(|file| file.is_absolute()).collect()
}

/// What the finders find under a name.
fn found(db: &dyn Db, project: Project, name: &str) -> Vec<PathBuf> {
    let Some(spec) = Resolver::new(db, project).resolve(name).resolution.spec else { return Vec::new() };
    if spec.is_namespace() {
        return spec.submodule_search_locations.into_iter().flatten().map(PathBuf::from).collect();
    }
    let origin = spec.origin.filter(|_| spec.has_location).map(PathBuf::from);
    origin.into_iter().filter(|file| file.is_absolute()).collect()
}
