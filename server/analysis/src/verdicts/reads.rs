//! Reads of module metadata that see something else than the reader of the code expects.

use std::fmt::Write as _;

use speclens_environment::environment;
use speclens_imports::machine::{ModuleView, Observation, Seen, SpecState};
use speclens_source::Name;

use super::evidence::of_module;
use super::{Context, advisories, certainty, elsewhere, fixes, namespace, origins, what_follows, will};
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
            namespace::without_file(context, observation, module, seen)
        }
        "__path__" | "__loader__" if module.is_namespace => {
            namespace::is_not(context, observation, module, attribute)
        }
        _ if matches!(module.spec, SpecState::None | SpecState::Missing) && !module.is_main => {
            origins::not_set(context, observation, module, attribute, seen)
        }
        "__loader__" if observation.consequence.is_some() && matches!(seen, Seen::Known(_)) => {
            origins::unusual_loader(context, observation, module, seen)
        }
        "__file__" => origins::not_set(context, observation, module, attribute, seen)
            .or_else(|| elsewhere::found(context, observation, module, seen)),
        "__loader__" if !module.evidence.is_empty() && !module.is_main => {
            origins::not_set(context, observation, module, attribute, seen)
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
    asked: Option<&Name>,
) -> Option<Finding> {
    if matches!(module.spec, SpecState::None | SpecState::Missing) {
        return without_spec(context, observation, module, Some(attribute), seen);
    }
    match attribute.as_str() {
        "origin" | "cached" | "loader" if module.is_namespace => {
            namespace::without_file(context, observation, module, seen)
                .or_else(|| namespace::is_not(context, observation, module, attribute))
        }
        "loader" => origins::unusual_loader(context, observation, module, seen),
        "origin" => origins::not_a_path(context, observation, module, seen)
            .or_else(|| origins::nowhere(context, observation, module, seen))
            .or_else(|| elsewhere::found(context, observation, module, seen)),
        "cached" => origins::not_cached(context, observation, module, seen),
        "name" => origins::of_another(context, observation, module, seen, asked),
        _ => None,
    }
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
    finding.and_then(what_follows(context, observation));
    if *name != module.name {
        let _ = write!(finding.message, " (`{name}` is the module `{}`)", module.name);
    }
    let name = &module.name;
    let after = std::mem::take(&mut finding.related);
    finding.related = of_module(context, module, observation.span.start);
    finding.related.extend(after);
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
    if module.spec == SpecState::None {
        finding.fixes.extend(fixes::guard(context, observation));
    }
    Some(finding)
}

/// The module as the code names it, where it does so by a dotted name.
pub(super) fn written(context: &Context<'_>, observation: &Observation, module: &ModuleView) -> Name {
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
    finding.and_then(what_follows(context, observation));
    finding.fixes.extend(fixes::guard(context, observation));
    finding.help.push("run it as a module (`python -m`), or test `__spec__` for None first".to_owned());
    finding
}
