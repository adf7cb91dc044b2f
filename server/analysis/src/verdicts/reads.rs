//! Reads of module metadata that see something else than the reader of the code expects.

use std::fmt::Write as _;

use speclens_environment::environment;
use speclens_imports::machine::{ModuleView, Observation, Seen, SpecState};
use speclens_source::Name;

use super::evidence::of_module;
use super::{Context, advisories, certainty, will};
use crate::finding::{Certainty, Finding, Severity};

/// `module.__spec__`, `module.__file__`, ….
pub(super) fn module_attribute(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
    seen: &Seen,
) -> Option<Finding> {
    match attribute.as_str() {
        "__spec__" => without_spec(context, observation, module, None, seen),
        "__file__" | "__cached__" if module.is_namespace => {
            without_file(context, observation, module, &format!("{}.{attribute}", module.name), seen)
        }
        _ => None,
    }
}

/// `module.__spec__.origin`, ….
pub(super) fn spec_attribute(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    attribute: &Name,
    seen: &Seen,
) -> Option<Finding> {
    if matches!(module.spec, SpecState::None | SpecState::Missing) {
        return without_spec(context, observation, module, Some(attribute), seen);
    }
    if module.is_namespace && matches!(attribute.as_str(), "origin" | "cached" | "loader") {
        return without_file(
            context,
            observation,
            module,
            &format!("{}.__spec__.{attribute}", module.name),
            seen,
        );
    }
    None
}

fn without_spec(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    then: Option<&Name>,
    seen: &Seen,
) -> Option<Finding> {
    let certainty = certainty(observation, None);
    let raised = match seen {
        Seen::Raises(raised) => Some(raised.headline()),
        Seen::None if then.is_none() => None,
        _ => return None,
    };
    let severity = if raised.is_some() { Severity::Error } else { Severity::Warning };
    if module.is_main {
        return Some(script(context, observation, then, raised));
    }
    let mut finding = context.finding("module-without-spec", severity, certainty, observation.span);
    let name = &written(context, observation, module);
    let raises = will(certainty, "raises", "may raise");
    finding.message = match (module.spec, then, raised) {
        (SpecState::None, Some(then), Some(raised)) => {
            let is = will(certainty, "is", "may be");
            format!("`{name}.__spec__` {is} None, so `.{then}` {raises} {raised}")
        }
        (SpecState::None, _, _) => {
            let is = will(certainty, "is", "may be");
            format!("`{name}.__spec__` {is} None")
        }
        (_, _, Some(raised)) => format!("`{name}` has no `__spec__`: the read {raises} {raised}"),
        (_, _, None) => format!("`{name}` has no `__spec__`"),
    };
    if *name != module.name {
        let _ = write!(finding.message, " (`{name}` is the module `{}`)", module.name);
    }
    let name = &module.name;
    finding.related = of_module(context, module, observation.span.start);
    if let Some(site) = module.evidence.first().map(|evidence| &evidence.site) {
        let environment = environment(context.db, context.project);
        finding.help.extend(advisories::upgrade(context.db, environment, name, &site.file));
        finding.help.push(format!(
            "`importlib.machinery.PathFinder.find_spec(\"{name}\")` looks on the path and not at this object"
        ));
    } else {
        finding.help.push(format!(
            "the code that makes `{name}` is not Python: test `{name}.__spec__` for None before it is read"
        ));
    }
    Some(finding)
}

/// The module as the code names it, where it does so by a dotted name.
fn written(context: &Context<'_>, observation: &Observation, module: &ModuleView) -> Name {
    let (start, end) = (observation.span.start as usize, observation.span.end as usize);
    let text = context.text().unwrap_or_default();
    let text = text.get(start..end).unwrap_or_default();
    let expression = text.rsplit_once(".__spec__").map_or("", |(expression, _)| expression);
    let is_dotted =
        !expression.is_empty() && expression.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if is_dotted { expression.into() } else { module.name.clone() }
}

/// `__spec__` of a file that is run as a script.
fn script(
    context: &Context<'_>,
    observation: &Observation,
    then: Option<&Name>,
    raised: Option<String>,
) -> Finding {
    let severity = if raised.is_some() { Severity::Error } else { Severity::Warning };
    let certainty = Certainty::Possible;
    let mut finding = context.finding("script-without-spec", severity, certainty, observation.span);
    finding.message = match (then, raised) {
        (Some(then), Some(raised)) => {
            format!("`__spec__` is None when this file is run as a script: then `.{then}` raises {raised}")
        }
        _ => "`__spec__` is None when this file is run as a script".to_owned(),
    };
    finding.help.push("run it as a module (`python -m`), or test `__spec__` for None first".to_owned());
    finding
}

fn without_file(
    context: &Context<'_>,
    observation: &Observation,
    module: &ModuleView,
    read: &str,
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
    finding.message = format!("`{read}` {gives} {what}: `{name}` is a namespace package");
    finding.related = of_module(context, module, observation.span.start);
    finding.help.push(match module.path.as_slice() {
        [] => format!("`{name}` is made of directories, which `{name}.__path__` names"),
        [only] => format!("`{name}` is the directory {only}, which has no __init__.py"),
        several => format!("`{name}` is made of {} portions: {}", several.len(), several.join(", ")),
    });
    let version = environment(context.db, context.project).interpreter.version;
    finding.help.push(if version.at_least(10) {
        format!("`importlib.resources.files(\"{name}\")` reads files from all its portions; `{name}.__path__` lists them")
    } else {
        format!("`list({name}.__path__)` lists its directories")
    });
    Some(finding)
}
