//! Imports and `find_spec` calls that raise.

use std::fmt::Write as _;

use speclens_environment::environment;
use speclens_imports::DatabaseWorld;
use speclens_imports::machine::{
    Deed, Evidence, ModuleView, Observation, ObservationKind, Raised, SpecState,
};
use speclens_source::{Name, Span};

use super::evidence::{change_lines, culprit, innermost, of_exception, of_module};
use super::{Context, advisories, certainty, fixes, hidden, will};
use crate::finding::{Certainty, Edit, Finding, Fix, Place, Related, Severity};
use crate::resolver::Resolver;

/// An import that raises. What the import line itself misses is told by every Python server, and not again here: only what
/// another file does, or what code did to `sys.modules` before.
pub(super) fn import(
    context: &Context<'_>,
    observation: &Observation,
    module: &Name,
    raised: &Raised,
) -> Option<Finding> {
    if is_told_before(context, observation, raised) {
        return None;
    }
    let elsewhere = innermost(raised).is_some();
    if !elsewhere && let Some(finding) = hidden::submodule(context, observation, module, raised) {
        return Some(finding);
    }
    if !elsewhere && !is_made(context, observation, module, raised) {
        return None;
    }
    let certainty = certainty(observation, Some(raised));
    let mut finding = context.finding("import-raises", Severity::Error, certainty, observation.span);
    let raises = will(certainty, "raises", "may raise");
    finding.message = format!("importing `{module}` {raises} {}", raised.headline());
    finding.related = of_exception(context, raised, observation.span.start);
    if let Some(order) = order(context, observation, module) {
        let _ = write!(finding.message, ", because `{}` was imported before it", order.first);
        finding
            .help
            .push(format!("import `{module}` before `{}`: in that order neither import raises", order.first));
        finding.fixes.extend(order.fix);
        finding.related.extend(interference(context, observation, module, raised));
    }
    finding.help.extend(missing_help(raised, elsewhere));
    finding.help.extend(culprit(raised).and_then(|name| upgrade(context, &name, raised)));
    Some(finding)
}

/// What was done to the finders before an import raises something that is no ImportError: the first line of each file.
fn interference(
    context: &Context<'_>,
    observation: &Observation,
    module: &Name,
    raised: &Raised,
) -> Vec<Related> {
    if matches!(raised.type_name.as_str(), "ImportError" | "ModuleNotFoundError") {
        return Vec::new();
    }
    let mut lines = change_lines(&observation.changes);
    lines.dedup_by(|later, earlier| later.place.file == earlier.place.file);
    let spec = Resolver::new(context.db, context.project).resolve(module).resolution.spec;
    if spec.is_some_and(|spec| spec.is_namespace())
        && let Some(last) = lines.last_mut()
    {
        let _ = write!(
            last.message,
            "; `{module}` is a namespace package, whose spec has no loader to begin with"
        );
    }
    lines
}

/// Whether an import before this one has ended the file's run, by the same exception of the same line.
fn is_told_before(context: &Context<'_>, observation: &Observation, raised: &Raised) -> bool {
    let certain = |of: &Observation, raised: &Raised| certainty(of, Some(raised)) == Certainty::Certain;
    let Some(line) = innermost(raised).filter(|_| certain(observation, raised)) else { return false };
    context.observed.observations.iter().any(|earlier| match &earlier.kind {
        ObservationKind::Import { raised: Some(first), .. } => {
            earlier.span.end <= observation.span.start
                && !earlier.handled
                && certain(earlier, first)
                && innermost(first) == Some(line)
                && first.headline() == raised.headline()
        }
        _ => false,
    })
}

/// Whether an exception from the import line itself comes of what code did to `sys.modules`, or of how the file is run.
fn is_made(context: &Context<'_>, observation: &Observation, module: &str, raised: &Raised) -> bool {
    let message = raised.message.as_deref().unwrap_or_default();
    if message.contains("None in sys.modules") || message.starts_with("attempted relative import") {
        return true;
    }
    // A stub or a replaced module on the way to the name.
    if let Some(parent) = module.rsplit_once('.').map(|(parent, _)| parent) {
        let parent_is_made = context.observed.observations.iter().any(|earlier| match &earlier.kind {
            ObservationKind::Import { module: imported, view: Some(view), .. } => {
                let before = earlier.span.end <= observation.span.start;
                before && imported == parent && is_put(view)
            }
            _ => false,
        });
        if parent_is_made {
            return true;
        }
    }
    // A submodule that is nowhere is told by others.
    let is_nowhere = raised.type_name == "ModuleNotFoundError" && !message.ends_with("is not a package");
    !is_nowhere && raised.subject.as_ref().is_some_and(is_put)
}

/// Whether code put the module where it is.
fn is_put(view: &ModuleView) -> bool {
    view.evidence
        .iter()
        .any(|evidence| matches!(evidence.deed, Deed::PutsStub { .. } | Deed::Replaces { .. }))
}

/// `importlib.util.find_spec` that raises.
pub(super) fn find_spec(
    context: &Context<'_>,
    observation: &Observation,
    name: &Name,
    raised: &Raised,
) -> Finding {
    let certainty = certainty(observation, Some(raised));
    let mut finding = context.finding("find-spec-raises", Severity::Error, certainty, observation.span);
    let raises = will(certainty, "raises", "may raise");
    finding.message = format!("find_spec(\"{name}\") {raises} {}", raised.headline());
    finding.related = of_exception(context, raised, observation.span.start);
    if raised.type_name == "ValueError" {
        finding.help.push(format!(
            "`find_spec` takes what is in sys.modules at its word: ask before `{name}` is there, or catch ValueError"
        ));
    } else if raised.traceback.is_empty() {
        finding.help.push(
            "`find_spec` of a dotted name imports the parent first: catch ModuleNotFoundError".to_owned(),
        );
    }
    finding.help.extend(culprit(raised).and_then(|culprit| upgrade(context, &culprit, raised)));
    if certainty == Certainty::Certain {
        finding.fixes.extend(fixes::block_instead(context, name, raised));
        finding.fixes.extend(
            fixes::move_probe(context, observation, name).filter(|_| raised.type_name == "ValueError"),
        );
    }
    finding.fixes.extend(fixes::catch(context, observation, raised));
    finding
}

/// A probe that finds a stub, which was put there because the module is not.
pub(super) fn finds_stub(
    context: &Context<'_>,
    observation: &Observation,
    name: &Name,
    module: &ModuleView,
) -> Option<Finding> {
    let is_stub = |evidence: &Evidence| matches!(evidence.deed, Deed::PutsStub { .. });
    let is_module = module.file.is_some() || module.spec_name.as_ref() != Some(name);
    if is_module || module.spec != SpecState::Present || !module.evidence.iter().any(is_stub) {
        return None;
    }
    let certainty = certainty(observation, None);
    let mut finding = context.finding("stub-module", Severity::Information, certainty, observation.span);
    let finds = will(certainty, "finds", "may find");
    finding.message =
        format!("find_spec(\"{name}\") {finds} a stub: it does not tell whether `{name}` is installed");
    finding.related = of_module(context, module, observation.span.start);
    finding.help.push(format!(
        "`sys.modules[\"{name}\"] = None` makes `find_spec` return None and an import raise ModuleNotFoundError"
    ));
    Some(finding)
}

fn missing_help(raised: &Raised, elsewhere: bool) -> Option<String> {
    let missing = raised.name.as_deref().filter(|_| raised.type_name == "ModuleNotFoundError")?;
    let top = missing.split('.').next().unwrap_or(missing);
    elsewhere.then(|| format!("`{top}` is not installed in this environment"))
}

/// What the project behind the module released to mend it.
fn upgrade(context: &Context<'_>, module: &str, raised: &Raised) -> Option<String> {
    let site = raised.evidence.first().map(|evidence| &evidence.site)?;
    advisories::upgrade(context.db, environment(context.db, context.project), module, &site.file)
}

struct Order {
    first: Name,
    fix: Option<Fix>,
}

/// The import before this one without which, and behind which, it does not raise. Found by trying: both orders are run.
fn order(context: &Context<'_>, observation: &Observation, module: &Name) -> Option<Order> {
    if observation.uncalled || !observation.certain {
        return None;
    }
    let world = DatabaseWorld::new(context.db, context.project, context.observed.script_directory.clone());
    let raises = |imports: &[Name]| world.checkpoint(imports).raised.is_some();
    if raises(std::slice::from_ref(module)) {
        return None;
    }
    let earlier = context.observed.observations.iter().filter_map(|earlier| match &earlier.kind {
        ObservationKind::Import { module: first, raised: None, .. }
            if earlier.span.end <= observation.span.start && !earlier.uncalled && first != module =>
        {
            Some((first, earlier.span))
        }
        _ => None,
    });
    for (first, span) in earlier {
        let before = [first.clone(), module.clone()];
        let after = [module.clone(), first.clone()];
        if raises(&before) && !raises(&after) {
            let fix = swap(context, span, observation.span, first, module);
            return Some(Order { first: first.clone(), fix });
        }
    }
    None
}

/// Swaps two lines, each of which is one plain import statement.
fn swap(context: &Context<'_>, first: Span, second: Span, one: &str, other: &str) -> Option<Fix> {
    let text = context.text()?;
    let line = |span: Span| {
        let start = text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
        let content = text[start..end].split('#').next().unwrap_or_default();
        let plain = (content.starts_with("import ") || content.starts_with("from "))
            && !content.contains([';', '(', '\\', ',']);
        plain.then_some((start, end))
    };
    let (first, second) = (line(first)?, line(second)?);
    let edit = |(start, end): (usize, usize), with: (usize, usize)| Edit {
        place: Place {
            file: context.file.to_path_buf(),
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        },
        text: text[with.0..with.1].to_owned(),
    };
    let title = format!("Import `{other}` before `{one}`");
    Some(Fix { title, edits: vec![edit(first, second), edit(second, first)], safe: false })
}
