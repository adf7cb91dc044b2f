//! Calls that look at the metadata of a module: of the standard library, and of libraries that are given its name.

use speclens_imports::machine::{ModuleView, Observation, Raised, Seen, Site, SpecState};
use speclens_source::Name;

use super::evidence::{exception_lines, of_module};
use super::{Context, certainty, failure, namespace, place, what_follows, will};
use crate::finding::{Finding, Related, Severity};

/// `inspect.getfile(module)`, ….
pub(super) fn inspection(
    context: &Context<'_>,
    observation: &Observation,
    function: &str,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let what = failure(seen)?;
    let certainty = match seen {
        Seen::Raises(raised) => certainty(observation, Some(raised)),
        _ => certainty(observation, None),
    };
    let (rule, because) = match module.spec {
        _ if module.is_namespace => ("namespace-without-file", "is a namespace package"),
        SpecState::None => ("module-without-spec", "has None for its `__spec__`"),
        SpecState::Missing => ("module-without-spec", "has no `__spec__`"),
        // What has no file and says so in its name.
        _ if function.starts_with("inspect.") => ("module-without-file", "has no source file"),
        _ => return None,
    };
    let severity = if matches!(seen, Seen::None) { Severity::Warning } else { Severity::Error };
    let mut finding = context.finding(rule, severity, certainty, observation.span);
    let gives = match seen {
        Seen::None => will(certainty, "gives", "may give"),
        _ => will(certainty, "raises", "may raise"),
    };
    let name = &module.name;
    let called = function.rsplit('.').next().unwrap_or(function);
    finding.message = format!("`{called}` of `{name}` {gives} {what}: `{name}` {because}");
    finding.related = of_module(context, module, observation.span.start);
    finding.and_then(what_follows(context, observation));
    if module.is_namespace {
        finding.help.extend(namespace::help(context, module));
    }
    Some(finding)
}

/// A call of a library that raises because of what a module's metadata is.
pub(super) fn library(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
    site: &Site,
    raised: &Raised,
) -> Finding {
    let certainty = certainty(observation, Some(raised));
    let mut finding = context.finding("call-raises", Severity::Error, certainty, observation.span);
    let (name, raises) = (&module.name, will(certainty, "raises", "may raise"));
    let because = match module.spec {
        _ if module.is_namespace => "is a namespace package",
        SpecState::None => "has None for its `__spec__`",
        _ => "has no `__spec__`",
    };
    let call = context.quoted(observation.span, || "this".to_owned());
    finding.message = format!("`{call}` {raises} {}: `{name}` {because}", raised.headline());
    finding
        .related
        .push(Related { message: format!("`{attribute}` of `{name}` is read here"), place: place(site) });
    finding.related.extend(exception_lines(raised));
    finding.related.extend(of_module(context, module, observation.span.start));
    if module.is_namespace {
        finding.help.extend(namespace::help(context, module));
    }
    finding
}
