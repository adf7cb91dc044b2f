//! What the owner is told, and what it answers, in words of our own.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use speclens_analysis::{Certainty, Severity};
use speclens_source::{Encoding, Position};
use tokio::sync::oneshot;

use super::notebook::Layout;
use super::watch::Touch;

/// A file as the client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The client's spelling, which goes back to it unchanged.
    pub uri: Arc<str>,
    /// The absolute path; of a cell, its notebook's. Empty where the owner is to say which it is.
    pub path: PathBuf,
    /// Where the cells of its notebook are, if it is a cell of one.
    pub cells: Option<Arc<Layout>>,
}

impl Name {
    /// Whether something found in the file is found in this cell of it.
    pub(super) fn holds(&self, span: Span) -> bool {
        let Some(cells) = &self.cells else { return true };
        cells.cell(span.start.line).is_some_and(|(_, uri, _)| *uri == self.uri)
    }
}

/// A cell of a notebook, as the client has it.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub uri: Arc<str>,
    pub version: i32,
    pub text: Arc<str>,
    pub is_python: bool,
    /// The client said what is in it.
    pub is_told: bool,
}

/// One change of a notebook: first of its cells, then of their texts.
#[derive(Debug)]
pub(super) struct NotebookChange {
    /// Where cells go, and how many.
    pub splice: Option<(usize, usize)>,
    /// The cells that come there.
    pub added: Vec<Cell>,
    /// URI, version and changes.
    pub edits: Vec<(Arc<str>, i32, Vec<Change>)>,
}

/// Two positions, in the units negotiated with the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Span {
    pub start: Position,
    pub end: Position,
}

/// One change of a document's text; the whole text where there is no span.
#[derive(Debug)]
pub(super) struct Change {
    pub span: Option<Span>,
    pub text: String,
}

/// What the client's `initialize` says.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "capabilities are independent of each other")]
pub(super) struct Client {
    pub encoding: Encoding,
    /// The process that the server ends with.
    pub process: Option<u32>,
    pub folders: Vec<PathBuf>,
    /// `initializationOptions`, in the form of `speclens.toml`.
    pub settings: Arc<str>,
    /// It asks for diagnostics, so that none are sent unasked.
    pub pulls: bool,
    /// It can be asked to pull again.
    pub refreshes: bool,
    /// It can be asked to watch files.
    pub watches: bool,
    /// It shows related information.
    pub related: bool,
    /// It shows where a finding's rule is explained.
    pub describes: bool,
    /// A fix can make a file.
    pub creates: bool,
    /// It asks for the edits of a fix when it wants them.
    pub resolves: bool,
    /// It can show a place as the part of a definition that was pointed at.
    pub links: bool,
    /// The reads show their values.
    pub hints: bool,
    /// It tells of notebooks.
    pub notebooks: bool,
    /// Findings of all files are wanted.
    pub whole_workspace: bool,
    /// It wants to be told what is done.
    pub traces: bool,
    /// It can show that there is work.
    pub progress: bool,
    /// It can be asked for its settings.
    pub configures: bool,
    /// It can be asked to tell when its settings change.
    pub tells_settings: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            encoding: Encoding::Utf16,
            process: None,
            folders: Vec::new(),
            settings: Arc::default(),
            pulls: false,
            refreshes: false,
            watches: false,
            related: false,
            describes: false,
            creates: false,
            resolves: false,
            links: false,
            hints: false,
            notebooks: false,
            whole_workspace: false,
            traces: false,
            progress: false,
            configures: false,
            tells_settings: false,
        }
    }
}

/// Something that happened. The owner takes them one by one, in order.
#[derive(Debug)]
pub(super) enum Event {
    Initialize(Box<Client>),
    Initialized,
    Opened {
        name: Name,
        version: i32,
        text: String,
    },
    Changed {
        name: Name,
        version: i32,
        changes: Vec<Change>,
    },
    NotebookOpened {
        name: Name,
        version: i32,
        cells: Vec<Cell>,
    },
    NotebookChanged {
        name: Name,
        version: i32,
        change: NotebookChange,
    },
    Saved {
        name: Name,
    },
    Closed {
        name: Name,
    },
    FilesChanged(Vec<PathBuf>),
    /// Our own watch saw something.
    Touched(Vec<Touch>),
    /// More happened than the watch could follow.
    Overlooked,
    /// The disk cannot be watched, or not all of it.
    Blind {
        why: String,
        /// The user can do something about it.
        can_be_mended: bool,
    },
    FoldersChanged {
        added: Vec<PathBuf>,
        removed: Vec<PathBuf>,
    },
    /// The settings as they are now, in the form of `speclens.toml`.
    SettingsChanged(Arc<str>),
    /// The settings changed, and the client is to be asked for them.
    SettingsToAsk,
    /// The client's answer. One that says nothing leaves what it said at first.
    SettingsAnswered {
        /// The folders that were asked about; none where there is one for all.
        folders: Vec<PathBuf>,
        /// The settings of all, and then of each of them.
        settings: Vec<Arc<str>>,
    },
    /// The user has chosen an interpreter for a project, or none.
    InterpreterChosen {
        name: Name,
        python: Option<PathBuf>,
    },
    /// The client wants to be told what is done, or no longer.
    Trace(bool),
    /// Our own watch has compared the disk with what was known.
    Looked,
    /// The client's answer to the request to watch files.
    Watching(bool),
    Asked(Question),
    /// The client takes the question with this number back.
    Abandoned(u64),
    /// A worker finished.
    Done(Done),
    Stop,
}

/// A request of the client.
#[derive(Debug)]
pub(super) struct Question {
    pub number: u64,
    pub name: Name,
    pub task: Task,
    /// Nobody waits for it in front of a screen.
    pub is_quiet: bool,
    /// The answer comes with the name as the owner knows it.
    pub reply: oneshot::Sender<Result<(Name, Answer), Refusal>>,
}

/// What a worker is to compute of one file, or of the project that a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    Diagnose,
    Hover(Position),
    Definition(Position),
    /// The fixes of what is found in the span.
    Fixes(Span),
    /// The first safe fix of each finding, where they do not touch each other.
    AllFixes,
    /// The values of the reads in the span.
    Hints(Span),
    /// What the file names of other files.
    Links,
    /// The files of the workspace, which has these folders: the owner says which.
    Files(Vec<PathBuf>),
    /// How often anything has changed, which is told at once.
    Turn,
    /// The same, when it is more than this.
    TurnAfter(u64),
    /// Why there is no interpreter.
    Complaint,
    /// What `speclens explain` says of a module.
    Explain(String),
    /// The same for programs.
    ExplainTree(String),
    /// What `speclens env` says.
    Environment,
    /// The environment for programs.
    EnvironmentTree,
}

impl Event {
    /// What it is about, in a word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Initialize(_) | Self::Initialized => "the start",
            Self::Opened { .. } | Self::NotebookOpened { .. } => "a document that was opened",
            Self::Changed { .. } | Self::NotebookChanged { .. } => "an edit",
            Self::Saved { .. } | Self::Closed { .. } => "a document that was saved or closed",
            Self::FilesChanged(_) => "files of which the client told",
            Self::Touched(_) | Self::Overlooked | Self::Looked | Self::Blind { .. } => "what the watch saw",
            Self::FoldersChanged { .. } => "the folders",
            Self::SettingsChanged(_) | Self::SettingsToAsk | Self::SettingsAnswered { .. } => "the settings",
            Self::InterpreterChosen { .. } => "the choice of an interpreter",
            Self::Watching(_) | Self::Trace(_) => "the client's wishes",
            Self::Asked(_) | Self::Abandoned(_) => "a request",
            Self::Done(_) => "an answer",
            Self::Stop => "the end",
        }
    }
}

impl Task {
    /// What it is, in a word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Diagnose => "diagnostics",
            Self::Hover(_) => "hover",
            Self::Definition(_) => "definition",
            Self::Fixes(_) | Self::AllFixes => "fixes",
            Self::Hints(_) => "inlay hints",
            Self::Links => "links",
            Self::Files(_) | Self::Turn | Self::TurnAfter(_) => "files",
            Self::Complaint => "interpreter",
            Self::Explain(_) | Self::ExplainTree(_) => "explanation",
            Self::Environment | Self::EnvironmentTree => "environment",
        }
    }

    /// The same in a file that has so many lines before the place.
    pub(super) fn below(self, lines: u32) -> Self {
        let moved = |at: Position| Position { line: at.line.saturating_add(lines), ..at };
        let all = |span: Span| Span { start: moved(span.start), end: moved(span.end) };
        match self {
            Self::Hover(at) => Self::Hover(moved(at)),
            Self::Definition(at) => Self::Definition(moved(at)),
            Self::Fixes(span) => Self::Fixes(all(span)),
            Self::Hints(span) => Self::Hints(all(span)),
            other => other,
        }
    }
}

/// What a worker computed.
#[derive(Debug)]
pub(super) enum Answer {
    Diagnoses(Vec<Diagnosis>),
    /// The diagnoses of a former session, which nothing has changed since.
    Recalled(Vec<Diagnosis>),
    Hover(Option<Shown>),
    Places(Option<Places>),
    Fixes(Vec<Mending>),
    Hints(Vec<(Position, String)>),
    Links(Vec<(Span, PathBuf)>),
    Files(BTreeSet<PathBuf>),
    Turn(u64),
    Complaint(Option<String>),
    Text(String),
    Json(serde_json::Value),
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text that the question was about is no more.
    Modified,
    /// It was about what is no file, and no cell of an open notebook.
    Unknown,
    /// The analysis failed, which is our fault; the log says how.
    Failed,
}

/// The end of a job.
#[derive(Debug)]
pub(super) struct Done {
    pub job: u64,
    pub outcome: Outcome,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Answer),
    /// A change of the inputs, or the client, made it pointless.
    Cancelled,
    /// It panicked.
    Failed,
}

impl Outcome {
    /// The same, with an answer of a former session as if it were computed.
    pub(super) fn computed(self) -> Self {
        match self {
            Self::Answered(Answer::Recalled(diagnoses)) => Self::Answered(Answer::Diagnoses(diagnoses)),
            other => other,
        }
    }
}

/// A finding with its places as the client counts them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Diagnosis {
    pub span: Span,
    pub severity: Severity,
    pub certainty: Certainty,
    pub rule: &'static str,
    /// The file that says what the rule means.
    pub page: Option<PathBuf>,
    pub message: String,
    pub related: Vec<Because>,
    pub help: Vec<String>,
}

/// A line elsewhere that decided the finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Because {
    pub file: PathBuf,
    pub span: Span,
    pub message: String,
}

/// A hover with its place as the client counts it.
#[derive(Debug)]
pub(super) struct Shown {
    pub span: Option<Span>,
    pub markdown: String,
}

/// Where something comes from, with its place as the client counts it.
#[derive(Debug)]
pub(super) struct Places {
    pub span: Span,
    pub targets: Vec<(PathBuf, Span)>,
}

/// A fix with its edits as the client counts them.
#[derive(Debug)]
pub(super) struct Mending {
    pub title: String,
    pub of: Diagnosis,
    pub edits: Vec<(PathBuf, Span, String)>,
    /// Files that the edits make.
    pub creates: Vec<PathBuf>,
    /// The code does what it did before.
    pub safe: bool,
}

/// What the owner has to say to the client, unasked.
#[derive(Debug)]
pub(super) enum Message {
    Publish {
        name: Name,
        version: Option<i32>,
        diagnoses: Vec<Diagnosis>,
        related: bool,
    },
    /// Ask the client to watch files.
    Watch,
    /// Ask the client for its settings, and perhaps to tell when they change.
    AskSettings {
        follow: bool,
        folders: Vec<PathBuf>,
    },
    /// Ask the client to pull diagnostics again.
    Refresh,
    /// There is work that takes its time, or no longer.
    Working(bool),
    /// A line for the client's log.
    Log(String),
    /// What the user must act on.
    Show(String),
    /// What was done, for those who want to know.
    Trace(String),
}
