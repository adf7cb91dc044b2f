//! The protocol's handlers. Each sends an event before its first await and at most waits for the owner's answer; none
//! works, none waits for the client.

use std::future::{Ready, ready};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Sender;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Request, Result};
use tower_lsp_server::ls_types::request::{GotoDeclarationParams, GotoDeclarationResponse};
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, DidChangeConfigurationParams,
    DidChangeNotebookDocumentParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseNotebookDocumentParams, DidCloseTextDocumentParams,
    DidOpenNotebookDocumentParams, DidOpenTextDocumentParams, DidSaveNotebookDocumentParams,
    DidSaveTextDocumentParams, DocumentDiagnosticParams, DocumentDiagnosticReportResult, DocumentLink,
    DocumentLinkParams, ExecuteCommandParams, GotoDefinitionParams, GotoDefinitionResponse, Hover,
    HoverParams, InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, LSPAny,
    SetTraceParams, TextDocumentPositionParams, TraceValue, Uri, WorkspaceDiagnosticParams,
    WorkspaceDiagnosticReportResult,
};

use super::actions::{self, Promise};
use super::convert;
use super::event::{Answer, Event, Mending, Name, Question, Refusal, Task};
use super::settings;
use super::wire::{Aside, Lifecycle};

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
    /// Whether the client was told of the whole workspace.
    workspace: AtomicBool,
    /// What is said to the client in the middle of an answer.
    asides: UnboundedSender<Aside>,
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
    pub(super) fn new(
        events: Sender<Event>,
        lifecycle: Arc<Lifecycle>,
        asides: UnboundedSender<Aside>,
    ) -> Self {
        Self {
            events,
            lifecycle,
            questions: AtomicU64::new(0),
            related: AtomicBool::new(false),
            creates: AtomicBool::new(false),
            resolves: AtomicBool::new(false),
            links: AtomicBool::new(false),
            workspace: AtomicBool::new(false),
            asides,
        }
    }

    fn tell(&self, event: Event) {
        if self.events.send(event).is_err() {
            tracing::error!("the owner is gone");
        }
    }

    /// Asks about a project, or a file.
    pub(super) async fn ask(&self, name: Name, task: Task) -> Result<Answer> {
        let answer = self.ask_about(name, task).await?;
        answer.map(|(_, answer)| answer).ok_or_else(Error::internal_error)
    }

    /// Asks about a document. None where it is no file, and no cell of an open notebook.
    async fn ask_about(&self, name: Name, task: Task) -> Result<Option<(Name, Answer)>> {
        self.ask_owner(name, task, false).await
    }

    /// Asks what can wait until nobody asks anything else.
    pub(super) async fn ask_quietly(&self, name: Name, task: Task) -> Result<(Name, Answer)> {
        self.ask_owner(name, task, true).await?.ok_or_else(Error::internal_error)
    }

    async fn ask_owner(&self, name: Name, task: Task, is_quiet: bool) -> Result<Option<(Name, Answer)>> {
        let number = self.questions.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.tell(Event::Asked(Question { number, name, task, is_quiet, reply }));
        let mut waiting = Waiting { events: &self.events, number, answered: false };
        let answer = answer.await;
        waiting.answered = true;
        match answer {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(Refusal::Unknown)) => Ok(None),
            Ok(Err(Refusal::Modified)) => Err(Error::new(ErrorCode::ContentModified)),
            Ok(Err(Refusal::Failed)) | Err(_) => Err(Error::internal_error()),
        }
    }

    /// Whether the client shows related information.
    pub(super) fn shows(&self) -> bool {
        self.related.load(Ordering::Relaxed)
    }

    pub(super) fn has_told_workspace(&self) -> bool {
        self.workspace.load(Ordering::Relaxed)
    }

    pub(super) fn tell_workspace(&self) {
        self.workspace.store(true, Ordering::Relaxed);
    }

    /// Says something before the answer that is being made, and waits until it is on its way.
    pub(super) async fn say_now(&self, message: Request) {
        let (sent, is_sent) = oneshot::channel();
        // Nobody listens where the client is gone.
        if self.asides.send(Aside { message, sent }).is_ok() {
            let _ = is_sent.await;
        }
    }

    /// The fixes that the client can apply, of what is found in the document.
    async fn fixes(&self, name: Name, task: Task) -> Result<Option<(Name, Vec<Mending>)>> {
        let Some((name, answer)) = self.ask_about(name, task).await? else { return Ok(None) };
        let Answer::Fixes(mut fixes) = answer else { return Err(Error::internal_error()) };
        let creates = self.creates.load(Ordering::Relaxed);
        fixes.retain(|fix| (creates || fix.creates.is_empty()) && name.holds(fix.of.span));
        Ok(Some((name, fixes)))
    }

    async fn go_to(&self, at: TextDocumentPositionParams) -> Result<Option<GotoDefinitionResponse>> {
        let name = convert::document(&at.text_document.uri);
        match self.ask_about(name, Task::Definition(convert::position(at.position))).await? {
            Some((name, Answer::Places(places))) => {
                let links = self.links.load(Ordering::Relaxed);
                Ok(places.map(|places| convert::places(places, &name, links)))
            }
            None => Ok(None),
            Some(_) => Err(Error::internal_error()),
        }
    }

    /// `$/setTrace`
    pub(super) fn set_trace(&self, params: SetTraceParams) -> Ready<()> {
        self.tell(Event::Trace(params.value != TraceValue::Off));
        ready(())
    }

    /// `speclens/environment`: the environment of the workspace folder, or of the file or folder that is named.
    pub(super) async fn environment(&self, params: OfFolder) -> Result<serde_json::Value> {
        match self.ask(folder(params.uri.as_ref()), Task::EnvironmentTree).await? {
            Answer::Json(tree) => Ok(tree),
            _ => Err(Error::internal_error()),
        }
    }

    /// `speclens/explain`: a module, as `speclens explain --format json` has it.
    pub(super) async fn explain(&self, params: OfModule) -> Result<serde_json::Value> {
        if !is_absolute(&params.module) {
            return Err(Error::invalid_params("the absolute name of a module is wanted"));
        }
        match self.ask(folder(params.uri.as_ref()), Task::ExplainTree(params.module)).await? {
            Answer::Json(tree) => Ok(tree),
            _ => Err(Error::internal_error()),
        }
    }
}

/// What `speclens/explain` says.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OfModule {
    module: String,
    #[serde(default)]
    uri: Option<Uri>,
}

/// What `speclens/environment` may say.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct OfFolder {
    #[serde(default)]
    uri: Option<Uri>,
}

/// What a question about a project is about. An empty path is the first folder's, which the owner knows.
pub(super) fn folder(uri: Option<&Uri>) -> Name {
    uri.and_then(convert::name).unwrap_or_else(|| Name { uri: "".into(), path: PathBuf::new(), cells: None })
}

fn is_absolute(module: &str) -> bool {
    !module.split('.').any(str::is_empty)
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

    async fn notebook_did_open(&self, params: DidOpenNotebookDocumentParams) {
        let notebook = params.notebook_document;
        if let Some(name) = convert::name(&notebook.uri) {
            let cells = convert::cells(notebook.cells, params.cell_text_documents);
            self.tell(Event::NotebookOpened { name, version: notebook.version, cells });
        }
    }

    async fn notebook_did_change(&self, params: DidChangeNotebookDocumentParams) {
        if let Some(name) = convert::name(&params.notebook_document.uri) {
            let change = convert::notebook_change(params.change);
            self.tell(Event::NotebookChanged { name, version: params.notebook_document.version, change });
        }
    }

    async fn notebook_did_save(&self, params: DidSaveNotebookDocumentParams) {
        if let Some(name) = convert::name(&params.notebook_document.uri) {
            self.tell(Event::Saved { name });
        }
    }

    async fn notebook_did_close(&self, params: DidCloseNotebookDocumentParams) {
        if let Some(name) = convert::name(&params.notebook_document.uri) {
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
        let name = convert::document(&at.text_document.uri);
        match self.ask_about(name, Task::Hover(convert::position(at.position))).await? {
            Some((name, Answer::Hover(shown))) => Ok(shown.map(|shown| convert::hover(shown, &name))),
            None => Ok(None),
            Some(_) => Err(Error::internal_error()),
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
        let name = convert::document(&params.text_document.uri);
        let (one, all) = (actions::wants_fixes(&params.context), actions::wants_all(&params.context));
        if !one && !all {
            return Ok(None);
        }
        let (related, later) = (self.shows(), self.resolves.load(Ordering::Relaxed));
        let mut found = Vec::new();
        if one {
            let fixes = self.fixes(name.clone(), Task::Fixes(convert::span(params.range))).await?;
            let Some((name, fixes)) = fixes else { return Ok(None) };
            found.extend(fixes.into_iter().filter_map(|fix| actions::quick_fix(fix, &name, related, later)));
        }
        if all {
            let Some((name, fixes)) = self.fixes(name, Task::AllFixes).await? else { return Ok(None) };
            found.extend(actions::fix_all(fixes, &name, later));
        }
        Ok(Some(found))
    }

    async fn code_action_resolve(&self, mut action: CodeAction) -> Result<CodeAction> {
        let promise = Promise::of(&action).ok_or_else(|| Error::invalid_params("not an action of ours"))?;
        let fixes = self.fixes(convert::document(&promise.uri), promise.task()).await?;
        let (name, fixes) = fixes.ok_or_else(|| Error::invalid_params("not the URI of a file"))?;
        let edit = promise.keep(&action.title, fixes, &name);
        action.edit = Some(edit.ok_or_else(|| Error::new(ErrorCode::ContentModified))?);
        Ok(action)
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        let Some(name) = convert::name(&params.text_document.uri) else { return Ok(None) };
        match self.ask(name, Task::Links).await? {
            Answer::Links(links) => Ok(Some(links.into_iter().filter_map(convert::link).collect())),
            _ => Err(Error::internal_error()),
        }
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let name = convert::document(&params.text_document.uri);
        match self.ask_about(name, Task::Hints(convert::span(params.range))).await? {
            Some((name, Answer::Hints(hints))) => {
                Ok(Some(hints.into_iter().map(|hint| convert::hint(hint, &name)).collect()))
            }
            None => Ok(None),
            Some(_) => Err(Error::internal_error()),
        }
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        let argument = |at: usize| params.arguments.get(at).and_then(LSPAny::as_str);
        let uri = |at| argument(at).and_then(|uri| Uri::from_str(uri).ok());
        if params.command == convert::SELECT {
            let python = argument(0).map(PathBuf::from);
            if python.is_none() && params.arguments.first().is_some_and(|given| !given.is_null()) {
                return Err(Error::invalid_params("the first argument is a path, or null"));
            }
            self.tell(Event::InterpreterChosen { name: folder(uri(1).as_ref()), python });
            return Ok(None);
        }
        let (task, uri) = match (params.command.as_str(), argument(0)) {
            (convert::EXPLAIN, Some(module)) if is_absolute(module) => {
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

    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        self.whole_workspace(params).await
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let name = convert::document(&params.text_document.uri);
        match self.ask_about(name, Task::Diagnose).await? {
            Some((name, Answer::Diagnoses(diagnoses))) => {
                let previous = params.previous_result_id.as_deref();
                Ok(convert::report(&diagnoses, &name, self.shows(), previous))
            }
            None => Err(Error::invalid_params("not the URI of a file")),
            Some(_) => Err(Error::internal_error()),
        }
    }
}
