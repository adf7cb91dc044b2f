//! Reads of what a namespace package does not have, or has in another form than a module from a file.

use std::fmt::Write as _;
use std::path::Path;

use speclens_environment::environment;
use speclens_imports::machine::{Deed, ModuleView, Observation, Seen};
use speclens_source::Name;

use super::evidence::{deed_line, of_module};
use super::{Context, certainty, fixes, what_follows};
use crate::finding::{Certainty, Finding, Related, Severity};

/// `__file__`, `__cached__`, the spec's `origin`, `cached` or `loader`, which are None or not there.
pub(super) fn without_file(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let what = match seen {
        Seen::None => "None".to_owned(),
        Seen::Raises(raised) => raised.headline(),
        Seen::Known(_) | Seen::Unknown => return None,
    };
    let certainty = certainty(observation, None);
    let severity = if matches!(seen, Seen::None) { Severity::Warning } else { Severity::Error };
    let mut finding = context.finding("namespace-without-file", severity, certainty, observation.span);
    let gives = match (seen, certainty) {
        (Seen::None, Certainty::Certain) => "is",
        (Seen::None, Certainty::Possible) => "may be",
        (_, Certainty::Certain) => "raises",
        (_, Certainty::Possible) => "may raise",
    };
    let name = &module.name;
    let read = context.expression(observation.span).unwrap_or_else(|| name.to_string());
    finding.message = format!("`{read}` {gives} {what}");
    let after = what_follows(context, observation);
    finding.related = of_module(context, module, observation.span.start);
    finding.related.extend(own_path_changes(context, observation));
    finding.and_then(after);
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
    let then = what_follows(context, observation)?;
    let certainty = then.certainty;
    let mut finding = context.finding("namespace-path", Severity::Error, certainty, observation.span);
    let name = &module.name;
    let read = context.expression(observation.span).unwrap_or_else(|| name.to_string());
    let kind = if attribute == "__path__" {
        "the computed path of a namespace package, which is no list"
    } else {
        finding.rule = "namespace-loader";
        "the loader of a namespace package, which has no file"
    };
    finding.message = format!("`{read}` is {kind}");
    finding.related = of_module(context, module, observation.span.start);
    finding.and_then(Some(then));
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
