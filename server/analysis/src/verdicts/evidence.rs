//! Evidence as sentences.

use speclens_imports::machine::{Deed, Evidence, ModuleView, ObservationKind, Raised, Site};
use speclens_source::Name;

use super::{Context, place};
use crate::finding::{Place, Related};

/// A traceback shows so many of its innermost lines.
const SHOWN_LINES: usize = 3;

/// What made the module as it is, in the order of events.
pub(super) fn of_module(context: &Context<'_>, view: &ModuleView, before: u32) -> Vec<Related> {
    let mut related = Vec::new();
    related.extend(first_import(context, &view.name, before));
    related.extend(module_lines(view));
    related
}

/// The same without the user's own import.
pub(crate) fn module_lines(view: &ModuleView) -> Vec<Related> {
    view.evidence.iter().map(|evidence| deed_line(&view.name, evidence)).collect()
}

/// Why an exception is raised, in the order of events: what was done before, then the way to the line that raises.
pub(super) fn of_exception(context: &Context<'_>, raised: &Raised, before: u32) -> Vec<Related> {
    let mut related = Vec::new();
    if let Some(module) = culprit(raised) {
        related.extend(first_import(context, &module, before));
    }
    related.extend(exception_lines(raised));
    related
}

/// What an import changed beside `sys.modules`.
pub(crate) fn change_lines(changes: &[Evidence]) -> Vec<Related> {
    changes.iter().map(|evidence| deed_line("", evidence)).collect()
}

/// The same without the user's own import.
pub(crate) fn exception_lines(raised: &Raised) -> Vec<Related> {
    let subject = culprit(raised).unwrap_or_default();
    let deeds = raised.evidence.iter().filter(|evidence| evidence.deed != Deed::Raises);
    deeds.map(|evidence| deed_line(&subject, evidence)).chain(way(raised)).collect()
}

/// The module that another object stands for, where that is the cause of an exception.
pub(super) fn culprit(raised: &Raised) -> Option<Name> {
    raised.evidence.iter().find_map(|evidence| match &evidence.deed {
        Deed::Replaces { module, .. } | Deed::PutsStub { module, .. } => Some(module.clone()),
        _ => None,
    })
}

/// The lines of the traceback that lie outside the user's file, from the one that raises outwards.
fn way(raised: &Raised) -> Vec<Related> {
    let all = &raised.traceback;
    let mut lines: Vec<Related> = Vec::new();
    for (index, site) in all.iter().take(SHOWN_LINES).enumerate() {
        let message = match index {
            0 => format!("raised here: {}", raised.headline()),
            _ => "called from here".to_owned(),
        };
        lines.push(Related { message, place: place(site) });
    }
    if let Some(outermost) = all.last().filter(|_| all.len() > SHOWN_LINES) {
        let between = all.len() - SHOWN_LINES - 1;
        let message = match between {
            0 => "reached from here".to_owned(),
            1 => "reached from here, by way of one more file".to_owned(),
            many => format!("reached from here, by way of {many} more files"),
        };
        lines.push(Related { message, place: place(outermost) });
    }
    lines
}

/// The line of the user's file that imported the module first.
pub(super) fn first_import(context: &Context<'_>, module: &str, before: u32) -> Option<Related> {
    let first = context.observed.observations.iter().find_map(|observation| match &observation.kind {
        ObservationKind::Import { module: imported, raised: None, .. }
            if observation.span.end <= before && covers(imported, module) =>
        {
            Some(observation.span)
        }
        _ => None,
    })?;
    let place = Place { file: context.file.to_path_buf(), start: first.start, end: first.end };
    Some(Related { message: format!("`{module}` is imported first, here"), place })
}

/// Whether importing `imported` imports `module`.
fn covers(imported: &str, module: &str) -> bool {
    imported == module || imported.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'))
}

/// What one line did to a module.
pub(crate) fn deed_line(subject: &str, evidence: &Evidence) -> Related {
    Related { message: sentence(subject, &evidence.deed), place: place(&evidence.site) }
}

fn sentence(subject: &str, deed: &Deed) -> String {
    match deed {
        Deed::Replaces { module, class } => {
            format!("puts {} into sys.modules in place of `{module}`", an(class))
        }
        Deed::PutsStub { module, class } => {
            format!("puts {} into sys.modules under the name `{module}`", an(class))
        }
        Deed::MakesModuleWithoutSpec => format!(
            "types.ModuleType sets `__spec__` to None here, and nothing hands the spec of `{subject}` on"
        ),
        Deed::MakesObjectWithoutSpec => "makes an object that has no `__spec__`".to_owned(),
        Deed::DefinesClass { class } => format!("`{class}` is defined here"),
        Deed::SetsSpec => "sets `__spec__`".to_owned(),
        Deed::ChangesMetaPath => "changes sys.meta_path".to_owned(),
        Deed::ChangesPathHooks => "changes sys.path_hooks".to_owned(),
        Deed::ChangesPath => "changes sys.path".to_owned(),
        Deed::ReplacesImport => "replaces builtins.__import__".to_owned(),
        Deed::Raises => "raises".to_owned(),
    }
}

/// ``a `module` object``, ``an `_LazyModule` object``.
fn an(class: &str) -> String {
    match class {
        "module" => "a module object".to_owned(),
        class => {
            let vowel = class.trim_start_matches('_').starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
            format!("{} `{class}`", if vowel { "an" } else { "a" })
        }
    }
}

/// The innermost line of an exception that lies in another file.
pub(super) fn innermost(raised: &Raised) -> Option<&Site> {
    raised.traceback.first()
}
