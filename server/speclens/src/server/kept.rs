//! Answers of former sessions: shown at once where nothing has changed, while the answer of today is computed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use serde::Serialize;
use speclens_analysis::Finding;
use speclens_environment::{Project, Variables};
use speclens_files::{Cache, CacheKey, Db, Snapshot, Status};

/// After so long a file that was just saved is old enough.
const RIPENS: Duration = Duration::from_millis(2200);

/// The answers, and the thread that writes them: to look at each path they rest on takes longer than a worker may hold
/// its snapshot.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    cache: Arc<Cache>,
    orders: Sender<Order>,
}

/// The findings of a file, to be kept.
#[derive(Debug)]
struct Order {
    key: CacheKey,
    known: Vec<(PathBuf, Status)>,
    findings: Vec<Finding>,
}

/// All that the findings depend on beside the disk.
#[derive(Serialize)]
struct Question<'q> {
    kind: &'static str,
    root: &'q Path,
    file: &'q Path,
    text: &'q str,
    python: Option<&'q Path>,
    python_named_by: Option<&'q str>,
    python_version: Option<String>,
    extra_paths: &'q [PathBuf],
    isolated: bool,
    variables: Vec<(&'q str, &'q str)>,
    editor_settings: &'q str,
}

impl Kept {
    /// Starts the thread; it ends with the last of these.
    pub(super) fn start(cache: Cache) -> io::Result<Self> {
        let cache = Arc::new(cache);
        let (orders, inbox) = unbounded();
        let kept = Self { cache: Arc::clone(&cache), orders };
        thread::Builder::new().name("keep".into()).spawn(move || keep(&cache, &inbox))?;
        Ok(kept)
    }

    /// The findings of an open file, of a former session.
    pub(super) fn recall(&self, db: &dyn Db, project: Project, file: &Path) -> Option<Vec<Finding>> {
        self.cache.recall(key(db, project, file)?, db)
    }

    /// Has the findings of an open file kept, where it shows what is on the disk.
    pub(super) fn keep(&self, snapshot: &Snapshot, project: Project, file: &Path, findings: &[Finding]) {
        if let Some(key) = key(snapshot.db(), project, file) {
            let _ = self.orders.send(Order { key, known: snapshot.known(), findings: findings.to_vec() });
        }
    }
}

fn key(db: &dyn Db, project: Project, file: &Path) -> Option<CacheKey> {
    let Status::Open(document) = db.entry(file).status(db) else { return None };
    let request = project.request(db);
    CacheKey::of(&Question {
        kind: "document",
        root: project.root(db),
        file,
        text: &document.text,
        python: request.python.as_deref(),
        python_named_by: request.python_named_by.as_deref(),
        python_version: request.python_version.map(|version| version.to_string()),
        extra_paths: &request.extra_paths,
        isolated: request.isolated,
        variables: request.variables.iter().collect(),
        editor_settings: &request.editor_settings,
    })
}

fn keep(cache: &Cache, inbox: &Receiver<Order>) {
    // The one that waits for its file to be old enough. Another one takes its place.
    let mut young: Option<Order> = None;
    loop {
        let (order, again) = match &young {
            None => match inbox.recv() {
                Ok(order) => (order, false),
                Err(_) => return,
            },
            Some(_) => match inbox.recv_timeout(RIPENS) {
                Ok(order) => (order, false),
                Err(RecvTimeoutError::Timeout) => match young.take() {
                    Some(order) => (order, true),
                    None => continue,
                },
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        let known = order.known.iter().map(|(path, status)| (path.as_path(), status));
        if cache.keep(order.key, known, &order.findings) && !again {
            young = Some(order);
        }
    }
}

/// The environment variables of a program that the user would run. Those of this session of the editor or the terminal
/// are none of it, and would make each session another one.
pub(super) fn without_session(variables: &Variables) -> Variables {
    const NAMES: &[&str] = &[
        "_",
        "DBUS_SESSION_BUS_ADDRESS",
        "GPG_TTY",
        "MYVIMRC",
        "NVIM",
        "NVIM_LISTEN_ADDRESS",
        "OLDPWD",
        "PPID",
        "SHLVL",
        "STY",
        "TERM_SESSION_ID",
        "TMUX",
        "TMUX_PANE",
        "WINDOWID",
        "WINDOW",
    ];
    const STARTS: &[&str] =
        &["SSH_", "VSCODE_", "XDG_SESSION_", "KITTY_", "WEZTERM_", "ALACRITTY_", "ITERM_"];
    let is_of_session =
        |name: &str| NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start));
    let kept = variables.iter().filter(|(name, _)| !is_of_session(name));
    Variables::new(kept.map(|(name, value)| (name.to_owned(), value.to_owned())))
}
