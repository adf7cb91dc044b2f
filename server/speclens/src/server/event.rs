//! What the owner is told, and what it answers, in words of our own.

use std::path::PathBuf;
use std::sync::Arc;

use speclens_analysis::{Certainty, Severity};
use speclens_source::{Encoding, Position};
use tokio::sync::oneshot;

use super::watch::Touch;

/// A file as the client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The client's spelling, which goes back to it unchanged.
    pub uri: Arc<str>,
    /// The absolute path.
    pub path: PathBuf,
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
    /// A fix can make a file.
    pub creates: bool,
    /// It asks for the edits of a fix when it wants them.
    pub resolves: bool,
    /// It can show a place as the part of a definition that was pointed at.
    pub links: bool,
    /// The reads show their values.
    pub hints: bool,
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
            creates: false,
            resolves: false,
            links: false,
            hints: false,
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
    /// The disk cannot be watched, or not all of it; why.
    Blind(String),
    FoldersChanged {
        added: Vec<PathBuf>,
        removed: Vec<PathBuf>,
    },
    /// The settings as they are now, in the form of `speclens.toml`.
    SettingsChanged(Arc<str>),
    /// The settings changed, and the client is to be asked for them.
    SettingsToAsk,
    /// The client's answer. One that says nothing leaves what it said at first.
    SettingsAnswered(Arc<str>),
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
    pub reply: oneshot::Sender<Result<Answer, Refusal>>,
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
    /// What `speclens explain` says of a module.
    Explain(String),
    /// What `speclens env` says.
    Environment,
    /// The environment for programs.
    EnvironmentTree,
}

/// What a worker computed.
#[derive(Debug)]
pub(super) enum Answer {
    Diagnoses(Vec<Diagnosis>),
    Hover(Option<Shown>),
    Places(Option<Places>),
    Fixes(Vec<Mending>),
    Hints(Vec<(Position, String)>),
    Text(String),
    Json(serde_json::Value),
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text that the question was about is no more.
    Modified,
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

/// A finding with its places as the client counts them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Diagnosis {
    pub span: Span,
    pub severity: Severity,
    pub certainty: Certainty,
    pub rule: &'static str,
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
    },
    /// Ask the client to pull diagnostics again.
    Refresh,
    /// There is work that takes its time, or no longer.
    Working(bool),
    /// A line for the client's log.
    Log(String),
}
