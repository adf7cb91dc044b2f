//! Modules that were found elsewhere than they would be, had no code changed `sys.path`.

use std::path::Path;

use speclens_imports::machine::{Deed, ModuleView, Observation, Seen};

use super::evidence::change_lines;
use super::{Context, certainty, will};
use crate::finding::{Finding, Place, Related, Severity};
use crate::resolver::Resolver;

/// A file of a module, of which the search path has another that would come first.
pub(super) fn found(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let changes: Vec<_> =
        observation.changes.iter().filter(|change| change.deed == Deed::ChangesPath).cloned().collect();
    let (Seen::Known(shown), Some(file), false) = (seen, &module.file, changes.is_empty()) else {
        return None;
    };
    // The spec of another, or a loader of code's own.
    let is_its_own = module.spec_name.as_ref() == Some(&module.name) && module.evidence.is_empty();
    if !is_its_own || module.is_main || module.name.contains('.') || !shown.contains(&**file) {
        return None;
    }
    let start = context.observed.script_directory.clone();
    let usual =
        Resolver::started_in(context.db, context.project, start).resolve(&module.name).resolution.spec?;
    let other = usual.origin.filter(|origin| usual.has_location && **origin != **file)?;
    let is = will(certainty(observation, None), "is", "may be");
    let read = context.quoted(observation.span, || module.name.to_string());
    let message =
        format!("`{read}` {is} {shown}, because `sys.path` was changed before: {other} is not looked at");
    let mut finding = context.about(observation, module, "found-elsewhere", Severity::Information, message);
    finding.related.extend(change_lines(&changes));
    let place = Place { file: Path::new(&other).to_path_buf(), start: 0, end: 0 };
    finding.related.push(Related { message: format!("`{}` without that change", module.name), place });
    Some(finding)
}
