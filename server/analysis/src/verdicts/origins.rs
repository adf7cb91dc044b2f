//! What is not there or is None because a module does not come from a file; and specs that belong to another name.

use std::fmt::Write as _;

use speclens_imports::machine::{ModuleView, Observation, Outcome, Seen};
use speclens_source::Name;

use super::evidence::change_lines;
use super::{Context, certainty, fixes, will};
use crate::explain::Kind;
use crate::finding::{Finding, Severity};
use crate::resolver::Resolver;

/// Metadata that a module does not have, or has as None.
pub(super) fn not_set(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
    seen: &Seen,
) -> Option<Finding> {
    let (name, certainty) = (&module.name, certainty(observation, None));
    let (message, severity) = match (seen, attribute.as_str()) {
        (Seen::Raises(raised), _) => {
            let raises = will(certainty, "raises", "may raise");
            let message = format!("`{name}` has no `{attribute}`: the read {raises} {}", raised.headline());
            (message, Severity::Error)
        }
        (Seen::None, "__file__" | "__path__" | "__loader__") => {
            let is = will(certainty, "is", "may be");
            (format!("`{name}.{attribute}` {is} None"), Severity::Warning)
        }
        _ => return None,
    };
    let rule = if module.evidence.is_empty() { "module-without-file" } else { "stub-module" };
    let mut finding = context.about(observation, module, rule, severity, message);
    if attribute == "__file__" && matches!(seen, Seen::Raises(_)) {
        let read = context.expression(observation.span);
        let of = read.as_deref().and_then(|read| read.strip_suffix(".__file__"));
        let asked = of.map(|of| format!("getattr({of}, \"__file__\", None)"));
        finding.fixes.extend(asked.map(|asked| fixes::replace(context, observation, asked)));
        finding.help.extend(built_in(context, name));
    }
    Some(finding)
}

/// Where a module is when it is in no file.
fn built_in(context: &Context<'_>, name: &str) -> Option<String> {
    let spec = Resolver::new(context.db, context.project).resolve(name).resolution.spec?;
    (Kind::of(&spec) == Kind::BuiltIn).then(|| format!("`{name}` is compiled into the interpreter"))
}

/// `cached` of what was not imported from a source file.
pub(super) fn not_cached(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let Seen::None = seen else { return None };
    let is = will(certainty(observation, None), "is", "may be");
    let read = context.quoted(observation.span, || format!("{}.__spec__.cached", module.name));
    let message = format!("`{read}` {is} None: no bytecode file belongs to this spec");
    Some(context.about(observation, module, "module-without-file", Severity::Information, message))
}

/// A loader that code has made, and that lacks what is asked of it.
pub(super) fn unusual_loader(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let read = context.quoted(observation.span, || format!("{}.__loader__", module.name));
    let message = match seen {
        Seen::None => format!("`{read}` is None"),
        _ => format!("`{read}` is no loader of importlib"),
    };
    let mut finding = context.misused(observation, module, "unusual-loader", message)?;
    finding.related.extend(change_lines(&observation.changes));
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
    let consequence = observation.consequence.as_ref()?;
    let origin = match (seen, &consequence.outcome) {
        (Seen::Known(origin), Outcome::IsPath) if NOT_PATHS.contains(&origin.as_str()) => origin,
        (Seen::None, Outcome::Raises(_)) => "None",
        _ => return None,
    };
    let name = &module.name;
    let is = will(certainty(observation, None), "is", "may be");
    let read = context.quoted(observation.span, || format!("{name}.__spec__.origin"));
    let mut message = format!("`{read}` {is} {origin}, which is no path");
    if let (Outcome::IsPath, Some(used)) = (&consequence.outcome, context.expression(consequence.span)) {
        let _ = write!(message, ": `{used}` takes it for one");
    }
    let mut finding = context.about(observation, module, "origin-not-a-path", Severity::Warning, message);
    if let Some(of) = read.strip_suffix(".__spec__.origin").filter(|_| module.file.is_some()) {
        finding.fixes.push(fixes::replace(context, observation, format!("{of}.__file__")));
        finding.help.push(format!("`{of}.__file__` is a file"));
    }
    finding.help.push("test `__spec__.has_location`: only then is `origin` a path".to_owned());
    Some(finding)
}

/// `origin` of a spec that some finder made without one.
pub(super) fn nowhere(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    seen: &Seen,
) -> Option<Finding> {
    let Seen::None = seen else { return None };
    let is = will(certainty(observation, None), "is", "may be");
    let read = context.quoted(observation.span, || format!("{}.__spec__.origin", module.name));
    let message = format!("`{read}` {is} None: this spec does not say where the module comes from");
    Some(context.about(observation, module, "module-without-file", Severity::Information, message))
}

/// What `origin` is where it is no path (`BuiltinImporter`, `FrozenImporter`; of a namespace package in Python 3.6).
const NOT_PATHS: &[&str] = &["'built-in'", "'frozen'", "'namespace'"];

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
    let is = will(certainty(observation, None), "is", "may be");
    let read = context.quoted(observation.span, || format!("{expected}.__spec__.name"));
    let why = if expected == &module.name {
        format!("`{expected}` has the spec of `{spec_name}`")
    } else {
        format!("`{expected}` is another name of the module `{spec_name}`")
    };
    let message = format!("`{read}` {is} '{spec_name}': {why}");
    Some(context.about(observation, module, "spec-of-another", Severity::Information, message))
}
