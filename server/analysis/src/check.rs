//! The findings of one file.

use std::sync::Arc;

use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_imports::machine::{Observation, ObservationKind};
use speclens_source::Span;

use crate::finding::{Certainty, Finding, Severity};
use crate::observe::observe;
use crate::verdicts::{Context, judge};

/// All that is known of one file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileReport {
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Runs the machine on one file and the rules on what its reads see.
#[salsa::tracked(returns(ref))]
pub fn check_file(db: &dyn Db, project: Project, file: Entry) -> Arc<FileReport> {
    let Some(observed) = observe(db, project, file) else { return Arc::default() };
    let context = Context { db, project, file: file.path(db), observed };
    // A read in a loop or a function is seen as often as it runs: what one look finds and another does not is possible.
    let mut looks: Vec<(Span, &str, Vec<Option<Finding>>)> = Vec::new();
    // `m.__spec__.name` is one read: the finding of the whole says what `m.__spec__` is.
    let inner: Vec<Span> = observed.observations.iter().filter_map(spec_span).collect();
    for observation in &observed.observations {
        let rule = rule_of(observation);
        if rule == "attribute" && inner.contains(&observation.span) {
            continue;
        }
        let finding = if observation.handled { None } else { judge(&context, observation) };
        match looks.iter_mut().find(|(span, known, _)| *span == observation.span && *known == rule) {
            Some((_, _, findings)) => findings.push(finding),
            None => looks.push((observation.span, rule, vec![finding])),
        }
    }
    let mut findings: Vec<Finding> = looks.into_iter().filter_map(|(_, _, looks)| together(looks)).collect();
    findings.sort_by_key(|finding| (finding.place.start, finding.place.end));
    Arc::new(FileReport { findings })
}

/// Looks at the same expression that ask the same question.
fn rule_of(observation: &Observation) -> &'static str {
    match &observation.kind {
        ObservationKind::Import { .. } => "import",
        ObservationKind::FindSpec { .. } => "find_spec",
        ObservationKind::ModuleAttribute { .. } => "attribute",
        ObservationKind::SpecAttribute { .. } => "spec",
    }
}

fn spec_span(observation: &Observation) -> Option<Span> {
    match &observation.kind {
        ObservationKind::SpecAttribute { spec_span, .. } => Some(*spec_span),
        _ => None,
    }
}

fn together(looks: Vec<Option<Finding>>) -> Option<Finding> {
    let clean = looks.iter().any(Option::is_none);
    let mut finding = looks.into_iter().flatten().max_by_key(|finding| finding.certainty)?;
    if clean && finding.certainty == Certainty::Certain {
        finding.certainty = Certainty::Possible;
        finding.severity = finding.severity.min(Severity::Warning);
    }
    Some(finding)
}
