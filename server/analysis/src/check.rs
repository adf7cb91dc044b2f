//! The findings of one file.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use speclens_environment::{Project, environment};
use speclens_files::{Db, Entry};
use speclens_imports::machine::{Observation, ObservationKind};
use speclens_source::{Span, text};

use crate::finding::{Certainty, Finding, Place, Severity};
use crate::observe::observe;
use crate::verdicts::{Context, judge, lazy, rule_of};

/// All that is known of one file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileReport {
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
}

/// One expression is looked at no more often than this, however often it runs.
const MAX_LOOKS: usize = LAST_LOOK + 1;
const LAST_LOOK: usize = 256;

/// Runs the machine on one file and the rules on what its reads see.
#[salsa::tracked(returns(ref))]
pub fn check_file(db: &dyn Db, project: Project, file: Entry) -> Arc<FileReport> {
    if let Some(report) = crate::settings::report(db, project, file) {
        return report;
    }
    let Some(observed) = observe(db, project, file) else { return Arc::default() };
    let context = Context { db, project, file: file.path(db), observed };
    // A read in a loop or a function is seen as often as it runs: what one look finds and another does not is possible.
    let mut looks: FxHashMap<(Span, &str), Vec<Option<Finding>>> = FxHashMap::default();
    // `m.__spec__.name` is one read: the finding of the whole says what `m.__spec__` is.
    let inner: FxHashSet<Span> = observed.observations.iter().filter_map(spec_span).collect();
    for observation in &observed.observations {
        let rule = rule_of(observation);
        if rule == "attribute" && inner.contains(&observation.span) {
            continue;
        }
        let looks = looks.entry((observation.span, rule)).or_default();
        match looks.len() {
            MAX_LOOKS.. => {}
            // What the others would find is not known.
            LAST_LOOK => looks.push(None),
            _ if observation.handled => looks.push(None),
            _ => looks.push(judge(&context, observation)),
        }
    }
    let mut findings: Vec<Finding> = looks.into_values().filter_map(together).collect();
    let mut postponed = lazy::findings(&context);
    postponed.retain(|it| !findings.iter().any(|known| known.place == it.place));
    findings.append(&mut postponed);
    findings.sort_by_key(|finding| (finding.place.start, finding.place.end, finding.rule));
    Arc::new(FileReport { findings: crate::ignores::apply(db, project, file, findings) })
}

/// What is wrong in a file that the environment is made of, such as a `.pth` file, as far as the environment shows it.
pub fn environment_report(db: &dyn Db, project: Project, file: Entry) -> FileReport {
    let path = file.path(db);
    let Ok((text, _)) = text(db, file) else { return FileReport::default() };
    let line_at = |number: u32| {
        let number = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let lines = text.split_inclusive('\n').take(number.saturating_add(1));
        let start = lines.clone().take(number).map(str::len).sum::<usize>();
        (start, start + lines.last().unwrap_or_default().trim_end().len())
    };
    let narrow = |at: usize| u32::try_from(at.min(text.len())).unwrap_or(u32::MAX);
    let problems = environment(db, project).problems.iter().filter(|problem| problem.file == *path);
    let findings = problems.map(|problem| {
        let (start, end) = line_at(problem.line.unwrap_or(1));
        Finding {
            rule: "environment",
            severity: Severity::Warning,
            certainty: Certainty::Certain,
            message: problem.message.clone(),
            place: Place { file: path.clone(), start: narrow(start), end: narrow(end.max(start)) },
            related: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    });
    FileReport { findings: findings.collect() }
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
