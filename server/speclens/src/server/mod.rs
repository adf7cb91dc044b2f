//! The language server: one loop that owns the state, a pool that works on snapshots, and the protocol at the edge.
//!
//! ```text
//! client ──▶ edge ──Event──▶ owner ──Job──▶ pool
//!    ▲                       │  ▲             │
//!    └──────── outbox ◀──────┘  └────Done─────┘
//! ```
//!
//! The edge turns messages into [`event`]s in the order of their arrival and does no work. The owner, alone on its
//! thread, owns the database and never waits for the client. The pool's workers see a snapshot each, and say which
//! revision an answer belongs to. `edge`, `outbox`, `convert` and `actions` alone name the
//! protocol's types.

mod actions;
mod convert;
mod disk;
mod document;
mod edge;
mod event;
mod frames;
mod kept;
mod links;
mod magics;
mod notebook;
mod outbox;
mod owner;
mod pages;
mod parent;
mod pool;
mod projects;
mod settings;
mod watch;
mod watchdog;
mod wire;
mod work;
mod workspace;

use std::ffi::OsStr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use speclens_analysis::{Definition, FileReport, Hint, Hover, environment_report, settings_of};
use speclens_environment::{Project, Request, environment};
use speclens_files::{Cache, Database, Db, Entry};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp_server::{LspService, Server};

use wire::{End, InOrder, Input, Lifecycle, Unasked};

/// How long the last answers may take to reach a client that said `exit`.
const FLUSH: Duration = Duration::from_millis(50);
/// How long the answers to what was asked before the input closed may take.
const FINISH: Duration = Duration::from_secs(2);
/// Requests that may wait for their answers at a time. A waiting request costs nothing: it waits for the owner.
const WAITING_REQUESTS: usize = 256;

/// What the server asks of the analysis; tests put their own here.
#[derive(Debug, Clone, Copy)]
pub struct Analyses {
    /// The findings of a file.
    pub check: fn(&dyn Db, Project, Entry) -> Arc<FileReport>,
    /// The prediction for what stands at a byte offset.
    pub hover: fn(&dyn Db, Project, Entry, u32) -> Option<Hover>,
    /// Where that comes from what stands at a byte offset.
    pub definition: fn(&dyn Db, Project, Entry, u32) -> Option<Definition>,
    /// The values of a file's reads.
    pub hints: fn(&dyn Db, Project, Entry) -> Vec<Hint>,
    /// Why a project has no interpreter, as a sentence.
    pub complaint: fn(&dyn Db, Project) -> Option<String>,
}

impl Analyses {
    /// The real ones.
    pub const REAL: Self = Self {
        check: |db, project, file| {
            if settings_of(db, project).excludes(file.path(db)) || is_json(db, file) {
                return Arc::default();
            }
            if is_of_environment(db, file) {
                return Arc::new(environment_report(db, project, file));
            }
            Arc::clone(speclens_analysis::check_file(db, project, file))
        },
        hover: |db, project, file, at| {
            is_python(db, file).then(|| speclens_analysis::hover(db, project, file, at)).flatten()
        },
        definition: |db, project, file, at| {
            is_python(db, file).then(|| speclens_analysis::definition(db, project, file, at)).flatten()
        },
        hints: |db, project, file| {
            if is_python(db, file) { speclens_analysis::hints(db, project, file) } else { Vec::new() }
        },
        complaint: |db, project| {
            let environment = environment(db, project);
            let interpreter = &environment.interpreter;
            let is_missing = interpreter.executable.is_none() && interpreter.standard_library.is_none();
            let reason = environment.problems.iter().map(|problem| problem.message.clone()).next();
            is_missing.then(|| reason.unwrap_or_else(|| "no Python was found".into()))
        },
    };
}

fn is_python(db: &dyn Db, file: Entry) -> bool {
    let is_toml = file.path(db).extension().is_some_and(|extension| extension == "toml");
    !is_toml && !is_json(db, file) && !is_of_environment(db, file)
}

/// What an environment is made of, and no Python: its findings are the environment's problems.
fn is_of_environment(db: &dyn Db, file: Entry) -> bool {
    let path = file.path(db);
    let is_path_file = |extension: &OsStr| extension == "pth" || extension == "_pth";
    path.extension().is_some_and(is_path_file) || path.ends_with("pyvenv.cfg")
}

/// A notebook that is not open as one.
fn is_json(db: &dyn Db, file: Entry) -> bool {
    let is_notebook = file.path(db).extension().is_some_and(|extension| extension == "ipynb");
    is_notebook && file.open_version(db).is_none()
}

/// What one server works on.
pub struct Setup {
    /// The files.
    pub database: Database,
    /// The analysis.
    pub analyses: Analyses,
    /// What is asked of the environment where the client does not say otherwise.
    pub request: Request,
    /// Whether the files are the disk's, which is watched then.
    pub watches: bool,
    /// Where answers are kept between runs.
    pub cache: Option<Cache>,
}

/// Serves one client on standard input and output, until it says `exit` or is gone.
pub fn run_stdio(mut request: Request, cache: Option<Cache>) -> ExitCode {
    let filter = request.variables.get("SPECLENS_LOG").unwrap_or("warn,notify=error").to_owned();
    // An error here means that the caller has set up the log already.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the server could not start");
            return ExitCode::from(2);
        }
    };
    request.variables = kept::without_session(&request.variables);
    let setup =
        Setup { database: Database::on_disk(), analyses: Analyses::REAL, request, watches: true, cache };
    let orderly = runtime.block_on(serve(tokio::io::stdin(), tokio::io::stdout(), setup));
    // The thread that reads standard input may wait for ever; it must not be waited for.
    runtime.shutdown_background();
    if orderly { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Serves one client on any pair of streams. True where the client said `shutdown` before it left, which is what the
/// exit code tells.
pub async fn serve<I, O>(input: I, output: O, setup: Setup) -> bool
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    let (lifecycle, mut ends) = Lifecycle::new();
    let (events, inbox) = crossbeam_channel::unbounded();
    let (outbox, messages) = tokio::sync::mpsc::unbounded_channel();
    if let Err(error) = owner::spawn(setup, inbox, &events, outbox, Arc::clone(&lifecycle)) {
        tracing::error!(%error, "the server could not start");
        return false;
    }

    let (asides, said) = tokio::sync::mpsc::unbounded_channel();
    let mut client = None;
    let service = LspService::build(|handle| {
        client = Some(handle);
        edge::Edge::new(events.clone(), Arc::clone(&lifecycle), asides)
    });
    let (service, socket) = service
        .custom_method("speclens/environment", edge::Edge::environment)
        .custom_method("speclens/explain", edge::Edge::explain)
        .custom_method("$/setTrace", edge::Edge::set_trace)
        .finish();
    let forward = client.map(|client| tokio::spawn(outbox::forward(client, messages, events.clone())));
    let server = Server::new(Input::new(input, Arc::clone(&lifecycle)), output, Unasked::new(socket, said))
        .concurrency_level(WAITING_REQUESTS)
        .serve(InOrder::new(service, Arc::clone(&lifecycle)));

    let mut server = std::pin::pin!(server);
    let end = tokio::select! {
        () = &mut server => ends.try_recv().unwrap_or(End::InputClosed),
        Some(end) = ends.recv() => {
            let patience = match end {
                End::Exit => FLUSH,
                End::InputClosed => FINISH,
                End::ClientDied => Duration::ZERO,
            };
            let _ = tokio::time::timeout(patience, server).await;
            end
        }
    };
    tracing::info!(?end, "the server ends");
    let _ = events.send(event::Event::Stop);
    if let Some(forward) = forward {
        forward.abort();
    }
    lifecycle.is_shut_down()
}
