//! Origins that are no files, and specs that belong to another name.

use std::fmt::Write as _;

use speclens_imports::machine::{ModuleView, Observation, Outcome, Seen};
use speclens_source::Name;

use super::evidence::{change_lines, of_module};
use super::reads::written;
use super::{Context, certainty, fixes, what_follows, will};
use crate::finding::{Finding, Severity};

/// `__file__` of what is compiled into the interpreter.
pub(super) fn without_file(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let Seen::Raises(raised) = seen else { return None };
    let certainty = certainty(observation, None);
    let mut finding = context.finding("module-without-file", Severity::Error, certainty, observation.span);
    let (name, raises) = (&module.name, will(certainty, "raises", "may raise"));
    finding.message = format!("`{name}` has no `__file__`: the read {raises} {}", raised.headline());
    finding.related = of_module(context, module, observation.span.start);
    if let Some(read) = context.expression(observation.span)
        && let Some(of) = read.strip_suffix(".__file__")
    {
        finding.fixes.push(fixes::replace(
            context,
            observation,
            format!("getattr({of}, \"__file__\", None)"),
        ));
    }
    if module.evidence.is_empty() {
        finding.help.push(format!("`{name}` is not loaded from a file: it is compiled into the interpreter"));
    }
    Some(finding)
}

/// Metadata that a stub or the object in a module's place does not have, or has as None.
pub(super) fn not_set(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
    seen: &Seen,
) -> Option<Finding> {
    let certainty = certainty(observation, None);
    let name = &written(context, observation, module);
    let (gives, severity) = match (seen, attribute.as_str()) {
        (Seen::Raises(raised), _) => {
            let raises = will(certainty, "raises", "may raise");
            (
                format!("`{name}` has no `{attribute}`: the read {raises} {}", raised.headline()),
                Severity::Error,
            )
        }
        (Seen::None, "__file__" | "__path__" | "__loader__") => {
            let is = will(certainty, "is", "may be");
            (format!("`{name}.{attribute}` {is} None"), Severity::Warning)
        }
        _ => return None,
    };
    // What is compiled into the interpreter, or made by it.
    let rule = if module.evidence.is_empty() { "module-without-file" } else { "stub-module" };
    let mut finding = context.finding(rule, severity, certainty, observation.span);
    finding.message = gives;
    finding.related = of_module(context, module, observation.span.start);
    finding.and_then(what_follows(context, observation));
    Some(finding)
}

/// `cached` of what is not compiled from source.
pub(super) fn not_cached(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let Seen::None = seen else { return None };
    let certainty = certainty(observation, None);
    let mut finding =
        context.finding("module-without-file", Severity::Information, certainty, observation.span);
    let (name, is) = (&module.name, will(certainty, "is", "may be"));
    let read = context.expression(observation.span).unwrap_or_else(|| format!("{name}.__spec__.cached"));
    finding.message = format!("`{read}` {is} None: `{name}` is not compiled from a source file");
    finding.related = of_module(context, module, observation.span.start);
    finding.and_then(what_follows(context, observation));
    Some(finding)
}

/// A loader that code has made, and that lacks what is asked of it.
pub(super) fn unusual_loader(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
) -> Option<Finding> {
    let then = what_follows(context, observation)?;
    let certainty = then.certainty;
    let mut finding = context.finding("unusual-loader", Severity::Error, certainty, observation.span);
    let name = &module.name;
    let read = context.expression(observation.span).unwrap_or_else(|| format!("{name}.__loader__"));
    finding.message = format!("`{read}` is no loader of importlib");
    finding.related = of_module(context, module, observation.span.start);
    finding.related.extend(change_lines(&observation.changes));
    finding.and_then(Some(then));
    finding.help.push(
        "ask with `hasattr` or `getattr`: only `create_module` and `exec_module` are sure to be there"
            .to_owned(),
    );
    Some(finding)
}

/// An `origin` that says how the module came, and is used as a path.
pub(super) fn not_a_path(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let (origin, used) = match seen {
        Seen::Known(origin) if matches!(origin.as_str(), "'frozen'" | "'built-in'" | "'namespace'") => {
            let consequence = observation.consequence.as_ref()?;
            (origin.as_str(), matches!(consequence.outcome, Outcome::IsPath).then_some(consequence.span)?)
        }
        Seen::None => {
            let consequence = observation.consequence.as_ref()?;
            ("None", matches!(consequence.outcome, Outcome::Raises(_)).then_some(consequence.span)?)
        }
        _ => return None,
    };
    let certainty = certainty(observation, None);
    let mut finding = context.finding("origin-not-a-path", Severity::Warning, certainty, observation.span);
    let name = &module.name;
    let is = will(certainty, "is", "may be");
    let read = context.expression(observation.span).unwrap_or_else(|| format!("{name}.__spec__.origin"));
    finding.message = format!("`{read}` {is} {origin}, which is no path");
    if let (Some(used), "'frozen'" | "'built-in'" | "'namespace'") = (context.expression(used), origin) {
        let _ = write!(finding.message, ": `{used}` takes it for one");
    }
    finding.related = of_module(context, module, observation.span.start);
    finding.and_then(what_follows(context, observation));
    if let Some(of) = read.strip_suffix(".__spec__.origin").filter(|_| module.file.is_some()) {
        finding.fixes.push(fixes::replace(context, observation, format!("{of}.__file__")));
    }
    if origin == "'frozen'" {
        finding.help.push(format!("`{name}.__file__` is the file that the frozen code was made from, where there is one (Python 3.11 and newer)"));
    }
    finding.help.push("test `__spec__.has_location`: only then is `origin` a path".to_owned());
    Some(finding)
}

/// A spec whose `name` is not the name that the code used.
pub(super) fn of_another(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
    asked: Option<&Name>,
) -> Option<Finding> {
    let spec_name = module.spec_name.as_ref()?;
    let expected = asked.unwrap_or(&module.name);
    if expected == spec_name || module.is_main || !matches!(seen, Seen::Known(_)) {
        return None;
    }
    let certainty = certainty(observation, None);
    let mut finding = context.finding("spec-of-another", Severity::Information, certainty, observation.span);
    let is = will(certainty, "is", "may be");
    let read = context.expression(observation.span).unwrap_or_else(|| format!("{expected}.__spec__.name"));
    finding.message = if expected == &module.name {
        format!("`{read}` {is} '{spec_name}': `{expected}` has the spec of `{spec_name}`")
    } else {
        format!("`{read}` {is} '{spec_name}': `{expected}` is another name of the module `{spec_name}`")
    };
    finding.related = of_module(context, module, observation.span.start);
    Some(finding)
}
