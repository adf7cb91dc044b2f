//! The protocol's handlers. Each sends an event before its first await and at most waits for the owner's answer; none
//! works, none waits for the client.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Sender;
use tokio::sync::oneshot;
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::request::{GotoDeclarationParams, GotoDeclarationResponse};
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, DidChangeConfigurationParams,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReportResult, ExecuteCommandParams, GotoDefinitionParams,
    GotoDefinitionResponse, Hover, HoverParams, InitializeParams, InitializeResult, InitializedParams,
    InlayHint, InlayHintParams, LSPAny, TextDocumentPositionParams, Uri,
};

use super::actions::{self, Promise};
use super::convert;
use super::event::{Answer, Event, Mending, Name, Question, Refusal, Task};
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
    /// Whether a fix can make a file; known likewise, as are the next two.
    creates: AtomicBool,
    resolves: AtomicBool,
    links: AtomicBool,
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
            resolves: AtomicBool::new(false),
            links: AtomicBool::new(false),
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

    /// The fixes that the client can apply.
    async fn fixes(&self, name: &Name, task: Task) -> Result<Vec<Mending>> {
        let Answer::Fixes(mut fixes) = self.ask(name.clone(), task).await? else {
            return Err(Error::internal_error());
        };
        let creates = self.creates.load(Ordering::Relaxed);
        fixes.retain(|fix| creates || fix.creates.is_empty());
        Ok(fixes)
    }

    async fn go_to(&self, at: TextDocumentPositionParams) -> Result<Option<GotoDefinitionResponse>> {
        let Some(name) = convert::name(&at.text_document.uri) else { return Ok(None) };
        match self.ask(name.clone(), Task::Definition(convert::position(at.position))).await? {
            Answer::Places(places) => {
                let links = self.links.load(Ordering::Relaxed);
                Ok(places.map(|places| convert::places(places, &name, links)))
            }
            _ => Err(Error::internal_error()),
        }
    }

    /// `speclens/environment`: the environment of the workspace folder, or of the file or folder that is named.
    pub(super) async fn environment(&self, params: OfFolder) -> Result<serde_json::Value> {
        match self.ask(folder(params.uri.as_ref()), Task::EnvironmentTree).await? {
            Answer::Json(tree) => Ok(tree),
            _ => Err(Error::internal_error()),
        }
    }
}

/// What `speclens/environment` may say.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct OfFolder {
    #[serde(default)]
    uri: Option<Uri>,
}

/// What a question about a project is about. An empty path is the first folder's, which the owner knows.
fn folder(uri: Option<&Uri>) -> Name {
    uri.and_then(convert::name).unwrap_or_else(|| Name { uri: "".into(), path: PathBuf::new() })
}

impl LanguageServer for Edge {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let client = convert::client(params);
        self.related.store(client.related, Ordering::Relaxed);
        self.creates.store(client.creates, Ordering::Relaxed);
        self.resolves.store(client.resolves, Ordering::Relaxed);
        self.links.store(client.links, Ordering::Relaxed);
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
            _ => Err(Error::internal_error()),
        }
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        self.go_to(params.text_document_position_params).await
    }

    async fn goto_declaration(
        &self,
        params: GotoDeclarationParams,
    ) -> Result<Option<GotoDeclarationResponse>> {
        self.go_to(params.text_document_position_params).await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let Some(name) = convert::name(&params.text_document.uri) else { return Ok(None) };
        let (one, all) = (actions::wants_fixes(&params.context), actions::wants_all(&params.context));
        if !one && !all {
            return Ok(None);
        }
        let (related, later) = (self.related(), self.resolves.load(Ordering::Relaxed));
        let mut found = Vec::new();
        if one {
            let fixes = self.fixes(&name, Task::Fixes(convert::span(params.range))).await?;
            found.extend(fixes.into_iter().filter_map(|fix| actions::quick_fix(fix, &name, related, later)));
        }
        if all {
            let fixes = self.fixes(&name, Task::AllFixes).await?;
            found.extend(actions::fix_all(fixes, &name, later));
        }
        Ok(Some(found))
    }

    async fn code_action_resolve(&self, mut action: CodeAction) -> Result<CodeAction> {
        let promise = Promise::of(&action).ok_or_else(|| Error::invalid_params("not an action of ours"))?;
        let name = convert::name(&promise.uri);
        let name = name.ok_or_else(|| Error::invalid_params("not the URI of a file"))?;
        let fixes = self.fixes(&name, promise.task()).await?;
        let edit = promise.keep(&action.title, fixes, &name);
        action.edit = Some(edit.ok_or_else(|| Error::new(ErrorCode::ContentModified))?);
        Ok(action)
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let Some(name) = convert::name(&params.text_document.uri) else { return Ok(None) };
        match self.ask(name, Task::Hints(convert::span(params.range))).await? {
            Answer::Hints(hints) => Ok(Some(hints.into_iter().map(convert::hint).collect())),
            _ => Err(Error::internal_error()),
        }
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        let argument = |at: usize| params.arguments.get(at).and_then(LSPAny::as_str);
        let uri = |at| argument(at).and_then(|uri| Uri::from_str(uri).ok());
        let (task, uri) = match (params.command.as_str(), argument(0)) {
            (convert::EXPLAIN, Some(module)) if !module.split('.').any(str::is_empty) => {
                (Task::Explain(module.to_owned()), uri(1))
            }
            (convert::EXPLAIN, _) => {
                return Err(Error::invalid_params("the first argument is the absolute name of a module"));
            }
            (convert::ENVIRONMENT, _) => (Task::Environment, uri(0)),
            _ => return Err(Error::invalid_params("no command of ours")),
        };
        match self.ask(folder(uri.as_ref()), task).await? {
            Answer::Text(text) => Ok(Some(text.into())),
            _ => Err(Error::internal_error()),
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
            _ => Err(Error::internal_error()),
        }
    }
}
