//! The rules: an observation becomes a finding, or is what the reader of the code expects anyway.

mod advisories;
mod calls;
mod elsewhere;
mod evidence;
mod fixes;
mod hidden;
mod hooks;
mod imports;
pub(crate) mod lazy;
mod missing_init;
mod namespace;
mod origins;
mod reads;

pub(crate) use evidence::{change_lines, deed_line, exception_lines, module_lines};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::Project;
use speclens_files::Db;
use speclens_imports::machine::{ModuleView, Observation, ObservationKind, Outcome, Raised, Seen, Site};
use speclens_source::Span;

use crate::finding::{Certainty, Finding, Place, Related, Severity};
use crate::observe::Observed;

/// An expression that is longer is not quoted in a message. Bytes.
const MAX_QUOTED: usize = 60;

/// What the rules know beside the observation.
pub(crate) struct Context<'c> {
    pub db: &'c dyn Db,
    pub project: Project,
    pub file: &'c Path,
    pub observed: &'c Arc<Observed>,
}

impl Context<'_> {
    /// The text of the file that was run.
    fn text(&self) -> Option<Arc<str>> {
        crate::ignores::text_of(self.db, self.db.entry(self.file))
    }
}

/// The finding for an observation, where there is one.
pub(crate) fn judge(context: &Context<'_>, observation: &Observation) -> Option<Finding> {
    match &observation.kind {
        ObservationKind::Import { module, raised, .. } => match raised {
            Some(raised) => imports::import(context, observation, module, raised),
            None => hidden::editable(context, observation, module),
        },
        ObservationKind::FindSpec { name, raised, module, .. } => match raised {
            Some(raised) => Some(imports::find_spec(context, observation, name, raised)),
            None => imports::finds_stub(context, observation, name, module.as_ref()?),
        },
        ObservationKind::ModuleAttribute { module, attribute, seen, .. } => {
            reads::module_attribute(context, observation, module, attribute, seen)
        }
        ObservationKind::SpecAttribute { module, attribute, seen, asked, .. } => {
            reads::spec_attribute(context, observation, module, attribute, seen, asked.as_ref())
        }
        ObservationKind::Walk { function, path } => missing_init::walk(context, observation, function, path),
        ObservationKind::Hook(hook) => Some(hooks::hook(context, observation, hook)),
        ObservationKind::LibraryCall { module, attribute, site, raised } => {
            Some(calls::library(context, observation, module, attribute, site, raised))
        }
        ObservationKind::Call { function, module, seen } => {
            calls::inspection(context, observation, function, module.as_ref()?, seen)
        }
    }
}

/// Looks at the same expression that ask the same question.
pub(crate) fn rule_of(observation: &Observation) -> &'static str {
    match &observation.kind {
        ObservationKind::Import { .. } => "import",
        ObservationKind::FindSpec { .. } => "find_spec",
        ObservationKind::ModuleAttribute { .. } => "attribute",
        ObservationKind::SpecAttribute { .. } => "spec",
        ObservationKind::Call { .. } => "call",
        ObservationKind::LibraryCall { .. } => "library",
        ObservationKind::Hook(_) => "hook",
        ObservationKind::Walk { .. } => "walk",
    }
}

/// How the module that an observation is about became what it is.
pub(crate) fn evidence_of(
    db: &dyn Db,
    project: Project,
    file: &Path,
    observed: &Arc<Observed>,
    observation: &Observation,
) -> Vec<Related> {
    let context = Context { db, project, file, observed };
    let view = observation.kind.module();
    view.map(|view| evidence::of_module(&context, view, observation.span.start)).unwrap_or_default()
}

impl Context<'_> {
    fn finding(&self, rule: &'static str, severity: Severity, certainty: Certainty, span: Span) -> Finding {
        Finding {
            rule,
            severity: if certainty == Certainty::Possible {
                severity.min(Severity::Warning)
            } else {
                severity
            },
            certainty,
            message: String::new(),
            place: Place { file: self.file.to_path_buf(), start: span.start, end: span.end },
            related: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }
}

impl Context<'_> {
    /// The text of an expression, on one line.
    fn expression(&self, span: Span) -> Option<String> {
        let text = self.text()?;
        let text = text.get(span.start as usize..span.end as usize)?;
        (text.len() <= MAX_QUOTED && !text.contains('\n')).then(|| text.to_owned())
    }

    /// The place of an expression of the user's file.
    fn own_place(&self, span: Span) -> Place {
        Place { file: self.file.to_path_buf(), start: span.start, end: span.end }
    }
}

/// What comes of a read, as the end of a sentence, and how sure it is.
struct Then {
    text: String,
    certainty: Certainty,
    related: Option<Related>,
}

/// The exception that a read leads to, where it does.
fn what_follows(context: &Context<'_>, observation: &Observation) -> Option<Then> {
    let consequence = observation.consequence.as_ref()?;
    let Outcome::Raises(raised) = &consequence.outcome else { return None };
    let certainty = match certainty(observation, None) {
        Certainty::Certain if consequence.certain => Certainty::Certain,
        _ => Certainty::Possible,
    };
    let raises = will(certainty, "raises", "may raise");
    let headline = raised.headline();
    let is_here =
        consequence.span.start <= observation.span.start && observation.span.end <= consequence.span.end;
    let (text, related) = match context.expression(consequence.span) {
        Some(expression) if is_here => (format!(", so `{expression}` {raises} {headline}"), None),
        expression => {
            let what =
                expression.map_or_else(|| "what is done with it".to_owned(), |text| format!("`{text}`"));
            let message = format!("raised here: {headline}");
            let related = Related { message, place: context.own_place(consequence.span) };
            (format!(", so {what} {raises} {headline}"), (!is_here).then_some(related))
        }
    };
    Some(Then { text, certainty, related })
}

impl Context<'_> {
    /// A finding about a read: how the module became what it is, and what comes of the read.
    fn about(
        &self,
        observation: &Observation,
        module: &ModuleView,
        rule: &'static str,
        severity: Severity,
        message: String,
    ) -> Finding {
        let mut finding = self.finding(rule, severity, certainty(observation, None), observation.span);
        finding.message = message;
        finding.related = evidence::of_module(self, module, observation.span.start);
        finding.and_then(what_follows(self, observation));
        finding
    }

    /// The same about a read whose value is only wrong for what is done with it.
    fn misused(
        &self,
        observation: &Observation,
        module: &ModuleView,
        rule: &'static str,
        message: String,
    ) -> Option<Finding> {
        let certainty = what_follows(self, observation)?.certainty;
        let mut finding = self.about(observation, module, rule, Severity::Error, message);
        finding.certainty = certainty;
        Some(finding)
    }

    /// The expression as the code has it, or in other words where that is too long.
    fn quoted(&self, span: Span, otherwise: impl FnOnce() -> String) -> String {
        self.expression(span).unwrap_or_else(otherwise)
    }
}

/// What a read that fails gives: None, or the exception.
fn failure(seen: &Seen) -> Option<String> {
    match seen {
        Seen::None => Some("None".to_owned()),
        Seen::Raises(raised) => Some(raised.headline()),
        Seen::Known(_) | Seen::Unknown => None,
    }
}

impl Finding {
    /// Says what comes of the read.
    fn and_then(&mut self, then: Option<Then>) {
        let Some(then) = then else { return };
        self.message.push_str(&then.text);
        self.related.extend(then.related);
        self.severity = match then.certainty {
            Certainty::Certain if self.certainty == Certainty::Certain => Severity::Error,
            _ => Severity::Warning,
        };
    }
}

fn place(site: &Site) -> Place {
    Place { file: PathBuf::from(&*site.file), start: site.span.start, end: site.span.end }
}

fn certainty(observation: &Observation, raised: Option<&Raised>) -> Certainty {
    // Whether an import or a probe raises depends on what was imported before: a caller may have imported more.
    let decided = raised.is_none_or(|raised| raised.certain && !observation.uncalled);
    if observation.certain && decided { Certainty::Certain } else { Certainty::Possible }
}

/// `raises`, or `may raise`.
fn will(certainty: Certainty, sure: &str, unsure: &str) -> String {
    if certainty == Certainty::Certain { sure.to_owned() } else { unsure.to_owned() }
}
