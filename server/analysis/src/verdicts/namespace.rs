//! Reads of what a namespace package does not have, or has in another form than a module from a file.

use std::fmt::Write as _;
use std::path::Path;

use speclens_environment::environment;
use speclens_imports::machine::{Deed, ModuleView, Observation, Seen};
use speclens_source::Name;

use super::evidence::deed_line;
use super::{Context, certainty, failure, fixes, will};
use crate::finding::{Finding, Related, Severity};

/// `__file__`, `__cached__`, the spec's `origin`, `cached` or `loader`, which are None or not there.
pub(super) fn without_file(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let what = failure(seen)?;
    let (name, certainty) = (&module.name, certainty(observation, None));
    let (gives, severity) = match seen {
        Seen::None => (will(certainty, "is", "may be"), Severity::Warning),
        _ => (will(certainty, "raises", "may raise"), Severity::Error),
    };
    let read = context.quoted(observation.span, || name.to_string());
    let message = format!("`{read}` {gives} {what}");
    let mut finding = context.about(observation, module, "namespace-without-file", severity, message);
    finding.related.extend(own_path_changes(context, observation));
    let is_imported = !module.evidence.is_empty() || !read.contains("loader");
    let _ = write!(finding.message, ": `{name}` is a namespace package");
    if !is_imported {
        finding.message.push_str(", which gets a loader when it is imported");
    }
    finding.help.extend(help(context, module));
    finding.fixes.extend(fixes::add_init(context, module).filter(|_| is_imported));
    if fixes::leads_to_exception(observation) {
        finding.fixes.extend(fixes::directory(context, observation, module));
    }
    if matches!(seen, Seen::None) {
        finding.fixes.extend(fixes::guard(context, observation));
    }
    Some(finding)
}

/// The lines of the user's file that changed `sys.path` before, on which the portions depend.
fn own_path_changes(context: &Context<'_>, observation: &Observation) -> Vec<Related> {
    let own = observation
        .changes
        .iter()
        .filter(|change| change.deed == Deed::ChangesPath && Path::new(&*change.site.file) == context.file);
    own.map(|change| deed_line("", change)).collect()
}

/// `__path__` that is used as a list, a loader that is used as one of files.
pub(super) fn is_not(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
) -> Option<Finding> {
    let (rule, kind) = if attribute == "__path__" {
        ("namespace-path", "the computed path of a namespace package, which is no list")
    } else {
        ("namespace-loader", "the loader of a namespace package, which has no file")
    };
    let read = context.quoted(observation.span, || module.name.to_string());
    let mut finding = context.misused(observation, module, rule, format!("`{read}` is {kind}"))?;
    finding.help.extend(help(context, module));
    Some(finding)
}

/// What to use instead.
pub(super) fn help(context: &Context<'_>, module: &ModuleView) -> Vec<String> {
    let name = &module.name;
    let is = match module.path.as_slice() {
        [] => format!("`{name}` is made of directories, which `{name}.__path__` names"),
        [only] => format!("`{name}` is the directory {only}, which has no __init__.py"),
        several => format!("`{name}` is made of {} portions: {}", several.len(), several.join(", ")),
    };
    let version = environment(context.db, context.project).interpreter.version;
    let instead = if version.at_least(10) {
        format!(
            "`importlib.resources.files(\"{name}\")` reads files from all its portions; `{name}.__path__` lists them"
        )
    } else {
        format!("`list({name}.__path__)` lists its directories")
    };
    vec![is, instead]
}
