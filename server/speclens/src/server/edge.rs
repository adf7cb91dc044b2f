//! The protocol's handlers. Each sends an event before its first await and at most waits for the owner's answer; none
//! works, none waits for the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Sender;
use tokio::sync::oneshot;
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::{
    CodeActionParams, CodeActionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams,
    DocumentDiagnosticReportResult, Hover, HoverParams, InitializeParams, InitializeResult,
    InitializedParams,
};

use super::convert;
use super::event::{Answer, Event, Name, Question, Refusal, Task};
use super::settings;
use super::wire::Lifecycle;

/// What the protocol library calls.
#[derive(Debug)]
pub(super) struct Edge {
    events: Sender<Event>,
    lifecycle: Arc<Lifecycle>,
    questions: AtomicU64,
    /// Whether the client shows related information; known from `initialize` on.
    related: AtomicBool,
    /// Whether a fix can make a file; known likewise.
    creates: AtomicBool,
}

/// Tells the owner when the library drops a handler that waits: that is what a cancelled request is.
struct Waiting<'a> {
    events: &'a Sender<Event>,
    number: u64,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let _ = self.events.send(Event::Abandoned(self.number));
        }
    }
}

impl Edge {
    pub(super) fn new(events: Sender<Event>, lifecycle: Arc<Lifecycle>) -> Self {
        Self {
            events,
            lifecycle,
            questions: AtomicU64::new(0),
            related: AtomicBool::new(false),
            creates: AtomicBool::new(false),
        }
    }

    fn tell(&self, event: Event) {
        if self.events.send(event).is_err() {
            tracing::error!("the owner is gone");
        }
    }

    async fn ask(&self, name: Name, task: Task) -> Result<Answer> {
        let number = self.questions.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.tell(Event::Asked(Question { number, name, task, reply }));
        let mut waiting = Waiting { events: &self.events, number, answered: false };
        let answer = answer.await;
        waiting.answered = true;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Refusal::Modified)) => Err(Error::new(ErrorCode::ContentModified)),
            Ok(Err(Refusal::Failed)) | Err(_) => Err(Error::internal_error()),
        }
    }

    fn related(&self) -> bool {
        self.related.load(Ordering::Relaxed)
    }
}

impl LanguageServer for Edge {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let client = convert::client(params);
        self.related.store(client.related, Ordering::Relaxed);
        self.creates.store(client.creates, Ordering::Relaxed);
        let answer = convert::server(&client);
        self.tell(Event::Initialize(Box::new(client)));
        Ok(answer)
    }

    async fn initialized(&self, _: InitializedParams) {
        self.tell(Event::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        self.lifecycle.shut_down();
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(name) = convert::name(&document.uri) {
            self.tell(Event::Opened { name, version: document.version, text: document.text });
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        if let Some(name) = convert::name(&params.text_document.uri) {
            let changes = params.content_changes.into_iter().map(convert::change).collect();
            self.tell(Event::Changed { name, version: params.text_document.version, changes });
        }
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        if let Some(name) = convert::name(&params.text_document.uri) {
            self.tell(Event::Saved { name });
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        if let Some(name) = convert::name(&params.text_document.uri) {
            self.tell(Event::Closed { name });
        }
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let names = params.changes.iter().filter_map(|change| convert::name(&change.uri));
        self.tell(Event::FilesChanged(names.map(|name| name.path).collect()));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let added = convert::folder_paths(&params.event.added);
        let removed = convert::folder_paths(&params.event.removed);
        self.tell(Event::FoldersChanged { added, removed });
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        // Null, or settings of others, say that something changed but not what.
        self.tell(if params.settings.get("speclens").is_some() {
            Event::SettingsChanged(settings::of_json(params.settings))
        } else {
            Event::SettingsToAsk
        });
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let Some(name) = convert::name(&at.text_document.uri) else { return Ok(None) };
        match self.ask(name, Task::Hover(convert::position(at.position))).await? {
            Answer::Hover(shown) => Ok(shown.map(convert::hover)),
            Answer::Diagnoses(_) | Answer::Fixes(_) => Err(Error::internal_error()),
        }
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let Some(name) = convert::name(&params.text_document.uri) else { return Ok(None) };
        if !convert::wants_fixes(&params.context) {
            return Ok(None);
        }
        match self.ask(name.clone(), Task::Fixes(convert::span(params.range))).await? {
            Answer::Fixes(fixes) => {
                let creates = self.creates.load(Ordering::Relaxed);
                let fixes = fixes.into_iter().filter(|fix| creates || fix.creates.is_empty());
                let fixes = fixes.filter_map(|fix| convert::fix(fix, &name, self.related()));
                Ok(Some(fixes.collect()))
            }
            Answer::Diagnoses(_) | Answer::Hover(_) => Err(Error::internal_error()),
        }
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let Some(name) = convert::name(&params.text_document.uri) else {
            return Err(Error::invalid_params("not the URI of a file"));
        };
        match self.ask(name.clone(), Task::Diagnose).await? {
            Answer::Diagnoses(diagnoses) => {
                let previous = params.previous_result_id.as_deref();
                Ok(convert::report(&diagnoses, &name, self.related(), previous))
            }
            Answer::Hover(_) | Answer::Fixes(_) => Err(Error::internal_error()),
        }
    }
}
