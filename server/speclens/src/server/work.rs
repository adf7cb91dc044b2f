//! What a worker computes: the analysis's byte offsets become the client's positions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_analysis::{Finding, Place};
use speclens_environment::Project;
use speclens_files::{Db, Snapshot};
use speclens_source::{Encoding, LineIndex, Position};

use super::Analyses;
use super::document::offset;
use super::event::{Answer, Because, Diagnosis, Mending, Places, Shown, Span, Task};
use super::kept::Kept;
use super::pages::Pages;
use super::{links, workspace};
use crate::command_line::{environment_text, environment_tree, explanation_text, explanation_tree};

/// A task on one file, without a view of the database: that it gets when it starts.
#[derive(Debug)]
pub(super) struct Job {
    pub number: u64,
    pub task: Task,
    pub path: PathBuf,
    pub project: Project,
    pub encoding: Encoding,
    pub pages: Option<Arc<Pages>>,
    /// Where the findings of a former session are, if they may be shown.
    pub recall: Option<Kept>,
    /// Where the findings are to be kept.
    pub keep: Option<Kept>,
}

impl Job {
    pub(super) fn run(&self, analyses: Analyses, snapshot: &Snapshot) -> Answer {
        let db = snapshot.db();
        let file = db.entry(&self.path);
        let pages = self.pages.as_deref();
        let mut texts = Texts { db, encoding: self.encoding, known: HashMap::new(), pages };
        match &self.task {
            Task::Diagnose => {
                let recalled = self.recall.as_ref().and_then(|it| it.recall(db, self.project, &self.path));
                if let Some(findings) = recalled {
                    return Answer::Recalled(
                        findings.iter().map(|finding| texts.diagnosis(finding)).collect(),
                    );
                }
                let report = (analyses.check)(db, self.project, file);
                if let Some(keep) = &self.keep {
                    keep.keep(snapshot, self.project, &self.path, &report.findings);
                }
                Answer::Diagnoses(report.findings.iter().map(|finding| texts.diagnosis(finding)).collect())
            }
            Task::Hover(position) => {
                let Some(lines) = texts.of(&self.path) else { return Answer::Hover(None) };
                let at = u32::try_from(offset(lines, *position, self.encoding)).unwrap_or(u32::MAX);
                let hover = (analyses.hover)(db, self.project, file, at);
                Answer::Hover(hover.map(|hover| Shown {
                    span: (hover.place.file == self.path).then(|| texts.span(&hover.place)),
                    markdown: hover.markdown,
                }))
            }
            Task::Definition(position) => {
                let Some(lines) = texts.of(&self.path) else { return Answer::Places(None) };
                let at = u32::try_from(offset(lines, *position, self.encoding)).unwrap_or(u32::MAX);
                let found = (analyses.definition)(db, self.project, file, at);
                Answer::Places(found.map(|found| Places {
                    span: texts.span(&found.place),
                    targets:
                        found.targets.iter().map(|place| (place.file.clone(), texts.span(place))).collect(),
                }))
            }
            Task::Fixes(span) => {
                let report = (analyses.check)(db, self.project, file);
                Answer::Fixes(texts.fixes(&report.findings, Some(*span)))
            }
            Task::AllFixes => {
                let report = (analyses.check)(db, self.project, file);
                Answer::Fixes(safe_ones(texts.fixes(&report.findings, None)))
            }
            Task::Hints(span) => {
                let hints = (analyses.hints)(db, self.project, file);
                let Some(lines) = texts.of(&self.path) else { return Answer::Hints(Vec::new()) };
                let hints =
                    hints.into_iter().map(|hint| (lines.position(hint.at, self.encoding), hint.value));
                Answer::Hints(hints.filter(|(at, _)| (span.start..=span.end).contains(at)).collect())
            }
            Task::Files(folders) => Answer::Files(workspace::files(db, folders)),
            // The owner answers these.
            Task::Turn | Task::TurnAfter(_) => Answer::Turn(0),
            Task::Links => {
                let found = links::links(db, self.project, file).into_iter();
                Answer::Links(found.map(|link| (texts.span(&link.place), link.target)).collect())
            }
            Task::Complaint => Answer::Complaint((analyses.complaint)(db, self.project)),
            Task::Explain(module) => Answer::Text(explanation_text(db, self.project, module)),
            Task::ExplainTree(module) => Answer::Json(explanation_tree(db, self.project, module)),
            Task::Environment => Answer::Text(environment_text(db, self.project)),
            Task::EnvironmentTree => {
                let code = file.is_file(db) && super::is_python(db, file);
                Answer::Json(environment_tree(db, self.project, code.then_some(file)))
            }
        }
    }
}

/// The first safe fix of each finding, without those that touch one before them.
fn safe_ones(fixes: Vec<Mending>) -> Vec<Mending> {
    let mut chosen: Vec<Mending> = Vec::new();
    for fix in fixes.into_iter().filter(|fix| fix.safe) {
        let touches = |(file, span, _): &(PathBuf, Span, String)| {
            let edits = chosen.iter().flat_map(|other| &other.edits);
            let mut same_file = edits.filter(|(other, ..)| other == file);
            same_file.any(|(_, other, _)| span.start <= other.end && other.start <= span.end)
        };
        if chosen.iter().all(|other| other.of != fix.of) && !fix.edits.iter().any(touches) {
            chosen.push(fix);
        }
    }
    chosen
}

/// The texts of the files that a job's answer points into.
struct Texts<'db> {
    db: &'db dyn Db,
    encoding: Encoding,
    known: HashMap<PathBuf, Option<LineIndex>>,
    pages: Option<&'db Pages>,
}

impl Texts<'_> {
    fn of(&mut self, path: &Path) -> Option<&LineIndex> {
        if !self.known.contains_key(path) {
            self.known.insert(path.to_path_buf(), text(self.db, path).map(LineIndex::new));
        }
        self.known.get(path)?.as_ref()
    }

    fn span(&mut self, place: &Place) -> Span {
        let encoding = self.encoding;
        let nowhere = Position { line: 0, column: 0 };
        self.of(&place.file).map_or(Span { start: nowhere, end: nowhere }, |lines| Span {
            start: lines.position(place.start, encoding),
            end: lines.position(place.end, encoding),
        })
    }

    fn diagnosis(&mut self, finding: &Finding) -> Diagnosis {
        let related = finding.related.iter().map(|related| Because {
            file: related.place.file.clone(),
            span: self.span(&related.place),
            message: related.message.clone(),
        });
        let related = related.collect();
        Diagnosis {
            span: self.span(&finding.place),
            severity: finding.severity,
            certainty: finding.certainty,
            rule: finding.rule,
            page: self.pages.and_then(|pages| pages.of(finding.rule)),
            message: finding.message.clone(),
            related,
            help: finding.help.clone(),
        }
    }

    fn fixes(&mut self, findings: &[Finding], wanted: Option<Span>) -> Vec<Mending> {
        let mut fixes = Vec::new();
        for finding in findings.iter().filter(|finding| !finding.fixes.is_empty()) {
            let of = self.diagnosis(finding);
            if wanted.is_some_and(|wanted| of.span.end < wanted.start || wanted.end < of.span.start) {
                continue;
            }
            for fix in &finding.fixes {
                let edits = fix
                    .edits
                    .iter()
                    .map(|edit| (edit.place.file.clone(), self.span(&edit.place), edit.text.clone()));
                let edits = edits.collect();
                let files = fix.edits.iter().map(|edit| &edit.place.file);
                let creates = files.filter(|file| self.db.entry(file).kind(self.db).is_none());
                let (creates, title) = (creates.cloned().collect(), fix.title.clone());
                fixes.push(Mending { title, edits, creates, safe: fix.safe, of: of.clone() });
            }
        }
        fixes
    }
}

/// A file's text as the analysis counts it.
fn text(db: &dyn Db, path: &Path) -> Option<Arc<str>> {
    speclens_source::text(db, db.entry(path)).ok().map(|(text, _)| text)
}
