//! The findings of all files of the workspace, for a client that asks for them: in the background, a part at a time.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use speclens_analysis::settings_at;
use speclens_files::Db;
use tower_lsp_server::jsonrpc::{Error, Request, Result};
use tower_lsp_server::ls_types::{
    ProgressToken, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport, WorkspaceDiagnosticReportResult,
    WorkspaceDocumentDiagnosticReport,
};

use super::convert;
use super::edge::{Edge, folder};
use super::event::{Answer, Task};
use crate::command_line::{is_python_file, walk};

/// So many files are asked for at a time. The owner takes them when nothing else waits.
const AT_ONCE: usize = 4;
/// A part is told when it has so many reports, or when so much time has passed.
const PART: usize = 100;
const PAUSE: Duration = Duration::from_millis(200);

/// The files of the workspace that can have findings.
pub(super) fn files(db: &dyn Db, folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for folder in folders {
        let settings = settings_at(db, folder);
        files.extend(settings.file.clone().filter(|file| file.starts_with(folder)));
        for entry in walk(folder, settings) {
            db.unwind_if_revision_cancelled();
            let Ok(entry) = entry else { continue };
            if is_python_file(entry.path()) {
                files.insert(entry.into_path());
            } else if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                // A file that comes to be in it will be seen.
                db.entry(entry.path());
            }
        }
    }
    files
}

impl Edge {
    /// `workspace/diagnostic`. Who has all that there is, and asks again, waits until something changes.
    pub(super) async fn whole_workspace(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        let previous = params.previous_result_ids.into_iter();
        let previous = previous.map(|known| (known.uri.as_str().to_owned(), known.value)).collect();
        let token = params.partial_result_params.partial_result_token;
        let waits = self.has_told_workspace();
        loop {
            let Answer::Turn(turn) = self.ask(folder(None), Task::Turn).await? else {
                return Err(Error::internal_error());
            };
            let found = self.look(&previous, token.as_ref()).await?;
            if found.has_news || !waits {
                self.tell_workspace();
                return Ok(WorkspaceDiagnosticReport { items: found.items }.into());
            }
            self.ask(folder(None), Task::TurnAfter(turn)).await?;
        }
    }

    /// One look at all files. What is new is told at once to those who take parts.
    async fn look(&self, previous: &HashMap<String, String>, token: Option<&ProgressToken>) -> Result<Found> {
        let Answer::Files(files) = self.ask_quietly(folder(None), Task::Files(Vec::new())).await?.1 else {
            return Err(Error::internal_error());
        };
        let mut gone = previous.clone();
        let (mut found, mut unchanged, mut told) = (Found::default(), Vec::new(), Instant::now());
        let names = files.into_iter().filter_map(|file| convert::name_of(&file));
        let asked = names.map(|name| self.ask_quietly(name, Task::Diagnose));
        let mut answers = stream::iter(asked).buffered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            // One that cannot be analysed must not cost the others.
            let Ok((name, Answer::Diagnoses(diagnoses))) = answer else { continue };
            gone.remove(&*name.uri);
            let known = previous.get(&*name.uri).map(String::as_str);
            match convert::workspace_report(&diagnoses, &name, self.shows(), known) {
                Some(report @ WorkspaceDocumentDiagnosticReport::Full(_)) => found.items.push(report),
                Some(report) => unchanged.push(report),
                None => {}
            }
            if found.items.len() >= PART || told.elapsed() > PAUSE {
                self.tell_part(&mut found, token).await;
                told = Instant::now();
            }
        }
        found.items.extend(gone.keys().filter_map(|uri| convert::nothing_in(uri)));
        found.has_news |= !found.items.is_empty();
        if found.has_news {
            found.items.append(&mut unchanged);
        }
        self.tell_part(&mut found, token).await;
        Ok(found)
    }

    async fn tell_part(&self, found: &mut Found, token: Option<&ProgressToken>) {
        let Some(token) = token.filter(|_| !found.items.is_empty()) else { return };
        found.has_news = true;
        let value = WorkspaceDiagnosticReport { items: std::mem::take(&mut found.items) };
        let params = serde_json::json!({ "token": token, "value": value });
        self.say_now(Request::build("$/progress").params(params).finish()).await;
    }
}

/// What a look gave.
#[derive(Debug, Default)]
struct Found {
    /// What was not told yet.
    items: Vec<WorkspaceDocumentDiagnosticReport>,
    /// The client does not have all that it should.
    has_news: bool,
}
