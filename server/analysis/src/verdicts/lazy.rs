//! What a `lazy import` changes (PEP 810, CPython 3.15): what the module would have done has not been done when other code
//! relies on it.

use rustc_hash::FxHashMap;
use speclens_imports::machine::{Observation, ObservationKind, Seen};
use speclens_source::Span;

use super::{Context, certainty, fixes, rule_of, will};
use crate::finding::{Certainty, Finding, Related, Severity};
use crate::observe::Lazy;

/// So many statements are named.
const MAX_NAMED: usize = 3;

/// The reads, imports and lines that give something else than if the file's `lazy import` statements imported at once.
pub(crate) fn findings(context: &Context<'_>) -> Vec<Finding> {
    let Some(lazy) = &context.observed.lazy else { return Vec::new() };
    let mut at_once = first_looks(&lazy.at_once);
    let mut found: Vec<Finding> = first_looks(&context.observed.observations)
        .into_iter()
        .filter_map(|(place, observation)| differs(context, lazy, observation, at_once.remove(&place)?))
        .collect();
    let is_told = |span: Span, found: &[Finding]| {
        found.iter().any(|finding| span.start <= finding.place.start && finding.place.end <= span.end)
    };
    // Only the first line that raises is reached.
    if let (Some((span, raised)), true) = (lazy.escaped.first(), lazy.escaped_at_once.is_empty())
        && !is_told(*span, &found)
    {
        let sure = if raised.certain { Certainty::Certain } else { Certainty::Possible };
        let line = context.quoted(*span, || "this line".to_owned());
        let raises = will(sure, "raises", "may raise");
        let what = format!("`{line}` {raises} {}", raised.headline());
        found.push(finding(context, lazy, *span, sure, &what, "it raises nothing"));
    }
    found
}

/// The first look at each place: what runs more often sees more than this rule compares.
fn first_looks(observations: &[Observation]) -> FxHashMap<(Span, &'static str), &Observation> {
    let mut looks = FxHashMap::default();
    for observation in observations {
        looks.entry((observation.span, rule_of(observation))).or_insert(observation);
    }
    looks
}

fn differs(
    context: &Context<'_>,
    lazy: &Lazy,
    observation: &Observation,
    other: &Observation,
) -> Option<Finding> {
    let decided = observation.certain && other.certain && !observation.uncalled;
    let (now, then) = (outcome(&observation.kind)?, outcome(&other.kind)?);
    if now == then || observation.handled {
        return None;
    }
    let sure = if decided { certainty(observation, None) } else { Certainty::Possible };
    let read = context.quoted(observation.span, || "this".to_owned());
    let (is, raises) = (will(sure, "is", "may be"), will(sure, "raises", "may raise"));
    let what = match &now {
        Gives::Raises(headline) => format!("`{read}` {raises} {headline}"),
        Gives::Value(value) => format!("`{read}` {is} {value}"),
        Gives::Imports => return None,
    };
    let otherwise = match &then {
        Gives::Raises(headline) => format!("it raises {headline}"),
        Gives::Value(value) => format!("it is {value}"),
        Gives::Imports => "it is imported".to_owned(),
    };
    Some(finding(context, lazy, observation.span, sure, &what, &otherwise))
}

#[derive(Debug, PartialEq, Eq)]
enum Gives {
    Raises(String),
    Value(String),
    Imports,
}

/// What an observation gave, where that is known.
fn outcome(kind: &ObservationKind) -> Option<Gives> {
    match kind {
        ObservationKind::Import { raised: Some(raised), .. }
        | ObservationKind::FindSpec { raised: Some(raised), .. } => Some(Gives::Raises(raised.headline())),
        ObservationKind::Import { .. } => Some(Gives::Imports),
        ObservationKind::FindSpec { found, .. } => {
            Some(Gives::Value(if *found { "a spec" } else { "None" }.to_owned()))
        }
        ObservationKind::ModuleAttribute { seen, .. }
        | ObservationKind::SpecAttribute { seen, .. }
        | ObservationKind::Call { seen, .. } => match seen {
            Seen::None => Some(Gives::Value("None".to_owned())),
            Seen::Known(value) => Some(Gives::Value(value.clone())),
            Seen::Raises(raised) => Some(Gives::Raises(raised.headline())),
            Seen::Unknown => None,
        },
        _ => None,
    }
}

fn finding(
    context: &Context<'_>,
    lazy: &Lazy,
    span: Span,
    sure: Certainty,
    what: &str,
    otherwise: &str,
) -> Finding {
    let before: Vec<Span> = lazy.postponed.iter().filter(|it| it.start < span.start).copied().collect();
    let named = match before.as_slice() {
        [one] => context.quoted(*one, || "lazy import".to_owned()),
        _ => "lazy import".to_owned(),
    };
    let mut finding = context.finding("lazy-import", Severity::Warning, sure, span);
    finding.message =
        format!("{what}, because `{named}` waits until its name is used; without `lazy` {otherwise}");
    finding.related = before
        .iter()
        .take(MAX_NAMED)
        .map(|span| Related {
            message: "imports when its name is used".to_owned(),
            place: context.own_place(*span),
        })
        .collect();
    if let [one] = before.as_slice() {
        finding.fixes.extend(fixes::import_at_once(context, *one));
    }
    finding
}
