//! The one loop that owns and changes state.
//!
//! Each turn takes all events that are there, then settles: edits go into the database (where jobs run, after a short
//! silence, so that a burst of them cancels once), and idle workers get snapshots to work on. A change of the database
//! cancels the jobs that run and waits for their snapshots; nothing else makes the loop wait.

mod jobs;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use speclens_analysis::is_configuration;
use speclens_files::Database;
use tokio::sync::mpsc::UnboundedSender;

use super::Setup;
use super::disk::Disk;
use super::document::Document;
use super::event::{Change, Client, Diagnosis, Event, Message, Name, Question};
use super::kept::Kept;
use super::pages::Pages;
use super::parent;
use super::pool::Pool;
use super::projects::Projects;
use super::watch::Watch;
use super::watchdog::Turn;
use super::wire::Lifecycle;

/// So much silence ends a burst of edits.
const SILENCE: Duration = Duration::from_millis(5);
/// A burst longer than this is seen in parts.
const BURST: Duration = Duration::from_millis(50);
/// A job that takes longer is worth a word in the editor.
const SLOW_JOB: Duration = Duration::from_millis(300);

/// Starts the loop on a thread of its own; [`Event::Stop`] ends it.
pub(super) fn spawn(
    setup: Setup,
    inbox: Receiver<Event>,
    events: &Sender<Event>,
    outbox: UnboundedSender<Message>,
    lifecycle: Arc<Lifecycle>,
) -> io::Result<()> {
    let pool = Pool::start(setup.analyses, events)?;
    let kept = setup.cache.map(Kept::start).transpose()?;
    let disk = Disk::new(setup.watches.then(|| Watch::start(events)).transpose()?);
    let mut owner = Owner {
        revision: setup.database.revision(),
        pages: Pages::new(&setup.request.variables).map(Arc::new),
        database: setup.database,
        projects: Projects::new(setup.request),
        client: Client::default(),
        watching: false,
        documents: BTreeMap::new(),
        questions: VecDeque::new(),
        quiet: VecDeque::new(),
        worked_off: 0,
        held: Vec::new(),
        turns: 0,
        complains: false,
        complaints: HashMap::new(),
        running: HashMap::new(),
        working: false,
        jobs: 0,
        edits: 0,
        burst: None,
        disk,
        kept,
        pool,
        outbox,
        lifecycle,
    };
    thread::Builder::new().name("owner".into()).spawn(move || owner.run(&inbox))?;
    Ok(())
}

struct Owner {
    database: Database,
    projects: Projects,
    client: Client,
    /// The client said that it watches files.
    watching: bool,
    documents: BTreeMap<PathBuf, Document>,
    /// Requests that wait for a worker, first come first served, with the edit that they are about.
    questions: VecDeque<(Question, Option<u64>)>,
    /// Requests that can wait until there is nothing else to do.
    quiet: VecDeque<Question>,
    /// How many of them were worked on since the last clean-up.
    worked_off: usize,
    /// Requests that wait for a change.
    held: Vec<Question>,
    /// How often something has changed that a finding may rest on.
    turns: u64,
    /// Whether the projects have interpreters is to be looked at.
    complains: bool,
    /// What was said of each folder's interpreter.
    complaints: HashMap<PathBuf, Option<String>>,
    running: HashMap<u64, Running>,
    /// The client was told that there is work.
    working: bool,
    /// The jobs started so far, for their numbers.
    jobs: u64,
    /// The edits seen so far, for their numbers.
    edits: u64,
    /// Edits that the database has not seen.
    burst: Option<Burst>,
    disk: Disk,
    /// Answers between runs.
    kept: Option<Kept>,
    /// The revision that the diagnostics were last compared with.
    revision: salsa::Revision,
    pool: Pool,
    pages: Option<Arc<Pages>>,
    outbox: UnboundedSender<Message>,
    lifecycle: Arc<Lifecycle>,
}

/// When the edits began, and when the last one came.
#[derive(Clone, Copy)]
struct Burst {
    first: Instant,
    last: Instant,
}

impl Burst {
    fn ends(self) -> Instant {
        (self.last + SILENCE).min(self.first + BURST)
    }
}

/// A job in a worker's hands, and what it saw when it started.
struct Running {
    canceller: salsa::CancellationToken,
    revision: salsa::Revision,
    started: Instant,
    /// The edit that made its document; `None` where that was not open.
    edit: Option<u64>,
    purpose: Purpose,
}

enum Purpose {
    /// Diagnostics to send unasked.
    Publish(PathBuf),
    Answer(Question),
    /// To tell the user of a folder that has no interpreter.
    Complain(PathBuf),
}

impl Owner {
    fn run(&mut self, inbox: &Receiver<Event>) {
        loop {
            let next = self.burst.map(Burst::ends).or(self.disk.next());
            let rests = self.documents.values().filter_map(|document| document.rests).min();
            let event = match next.into_iter().chain(self.slow_at()).chain(rests).min() {
                Some(ends) => inbox.recv_deadline(ends).ok(),
                None => match inbox.recv() {
                    Ok(event) => Some(event),
                    Err(_) => return,
                },
            };
            let mut turn = Turn::start();
            for event in event.into_iter().chain(inbox.try_iter()) {
                if matches!(event, Event::Stop) {
                    self.running.values().for_each(|running| running.canceller.cancel());
                    return;
                }
                let word = event.word();
                self.take(event);
                turn.done(word);
            }
            self.settle(&mut turn);
            if let Some(sentence) = turn.end() {
                self.trace(|| sentence);
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Initialize(client) => self.initialize(*client),
            Event::Initialized => {
                if self.client.watches {
                    self.say(Message::Watch);
                }
                self.ask_settings(self.client.tells_settings);
                self.complains = true;
            }
            Event::Opened { name, version, text } => self.open(name, version, text),
            Event::Changed { name, version, changes } => self.change(&name, version, changes),
            Event::NotebookOpened { name, version, cells } => {
                let edit = self.opening(&name);
                let notebook = Document::notebook(name.clone(), version, cells, edit);
                self.documents.insert(name.path, notebook);
            }
            Event::NotebookChanged { name, version, change } => {
                let (edit, encoding) = (self.edited(), self.client.encoding);
                if let Some(document) = self.changing(&name, version) {
                    document.apply_to_notebook(version, change, encoding, edit);
                }
            }
            Event::Saved { name } => self.save(&name),
            Event::Closed { name } => self.close(&name),
            Event::FilesChanged(paths) => self.look_again(&paths),
            Event::Touched(touches) => self.disk.touched(&self.database, touches),
            Event::Overlooked => self.disk.overlooked(),
            Event::Blind { why, can_be_mended } => {
                if self.disk.blind() {
                    let text = format!("{why}: Speclens looks at the disk every few seconds instead.");
                    self.say(if can_be_mended { Message::Show(text) } else { Message::Log(text) });
                }
            }
            Event::Looked => self.disk.looked(),
            Event::Trace(traces) => self.client.traces = traces,
            Event::InterpreterChosen { name, python } => {
                let path = self.documents.values().find_map(|document| {
                    document.layout()?.first_line(&name.uri).map(|_| document.name.path.clone())
                });
                let path = path.unwrap_or(name.path);
                let is_named = !path.as_os_str().is_empty();
                let path = if is_named { path } else { self.projects.first() };
                self.projects.choose(&path, python);
                self.projects.update(&mut self.database);
                self.reconsider();
            }
            Event::FoldersChanged { added, removed } => {
                self.projects.change_folders(added, &removed);
                self.ask_settings(false);
                self.reconsider();
            }
            Event::SettingsChanged(settings) => {
                self.projects.set(&mut self.database, settings);
                self.reconsider();
            }
            Event::SettingsToAsk => self.ask_settings(false),
            Event::SettingsAnswered { folders, settings } => {
                self.projects.set_answered(&mut self.database, &folders, settings);
                self.reconsider();
            }
            Event::Watching(watching) => self.watching = watching,
            Event::Asked(question) => self.asked(question),
            Event::Abandoned(number) => self.abandon(number),
            Event::Done(done) => self.finish(done),
            // `run` ends there.
            Event::Stop => {}
        }
    }

    fn initialize(&mut self, client: Client) {
        if let Some(process) = client.process {
            parent::watch(process, Arc::clone(&self.lifecycle));
        }
        self.projects.change_folders(client.folders.clone(), &[]);
        self.projects.set_first(&mut self.database, Arc::clone(&client.settings));
        self.client = client;
    }

    fn ask_settings(&self, follow: bool) {
        if self.client.configures {
            // Where there is one folder, its settings are those of all.
            let folders = Some(self.projects.folders()).filter(|folders| folders.len() > 1);
            self.say(Message::AskSettings { follow, folders: folders.unwrap_or_default().to_vec() });
        }
    }

    fn open(&mut self, name: Name, version: i32, text: String) {
        // The JSON of a notebook is no Python: it is served where it is opened as a notebook.
        if name.path.extension().is_some_and(|extension| extension == "ipynb") {
            return;
        }
        let edit = self.opening(&name);
        self.documents.insert(name.path.clone(), Document::new(name, version, text, edit));
    }

    fn opening(&mut self, name: &Name) -> u64 {
        // Who has no eyes looks when there is an occasion.
        if !self.watching {
            self.disk.look_unless_watched();
        }
        if self.documents.contains_key(&name.path) {
            tracing::warn!(path = %name.path.display(), "opened twice");
        }
        self.edited()
    }

    fn change(&mut self, name: &Name, version: i32, changes: Vec<Change>) {
        let (edit, encoding) = (self.edited(), self.client.encoding);
        if let Some(document) = self.changing(name, version) {
            document.apply(version, changes, encoding, edit);
        }
    }

    fn changing(&mut self, name: &Name, version: i32) -> Option<&mut Document> {
        let Some(document) = self.documents.get_mut(&name.path) else {
            tracing::warn!(path = %name.path.display(), "changed but not open");
            return None;
        };
        if version <= document.version {
            let before = document.version;
            tracing::warn!(path = %name.path.display(), version, before, "a version that does not grow");
        }
        Some(document)
    }

    /// Notes an edit, and gives it its number.
    fn edited(&mut self) -> u64 {
        let now = Instant::now();
        let first = self.burst.map_or(now, |burst| burst.first);
        self.burst = Some(Burst { first, last: now });
        self.edits += 1;
        self.edits
    }

    fn edit_of(&self, path: &Path) -> Option<u64> {
        self.documents.get(path).map(|document| document.edit)
    }

    fn save(&mut self, name: &Name) {
        match self.documents.get_mut(&name.path) {
            Some(document) => document.between_runs.keep = true,
            None => tracing::warn!(path = %name.path.display(), "saved but not open"),
        }
        // Even a client that watches does not watch outside its workspace, where environments may be.
        self.disk.look_unless_watched();
    }

    fn close(&mut self, name: &Name) {
        let Some(document) = self.documents.remove(&name.path) else {
            tracing::warn!(path = %name.path.display(), "closed but not open");
            return;
        };
        self.database.close(&name.path);
        // What was sent unasked has to be taken back.
        for (uri, (_, diagnoses)) in &document.published {
            if !diagnoses.is_empty() {
                self.publish(document.cell(uri), None, Vec::new());
            }
        }
    }

    fn look_again(&mut self, paths: &[PathBuf]) {
        let before = self.database.revision();
        let is_new = |path: &PathBuf| {
            let is_python = path.extension().is_some_and(|extension| extension == "py");
            is_python && self.projects.contain(path) && !self.database.is_known(path)
        };
        self.turns += u64::from(paths.iter().any(is_new));
        // A new file may be the first of new directories, of which the client says nothing.
        let around = paths.iter().flat_map(|path| {
            let above = path.ancestors().skip(1).take_while(|above| self.projects.contain(above));
            std::iter::once(path.as_path()).chain(above)
        });
        self.database.refresh(around);
        if self.database.revision() != before {
            self.reconsider();
        }
    }

    /// Something other than an edit changed: diagnostics may be out of date in any document.
    fn reconsider(&mut self) {
        self.turns += 1;
        self.complains = true;
        self.documents.values_mut().for_each(|document| document.due = true);
        if self.client.pulls && self.client.refreshes {
            self.say(Message::Refresh);
        }
    }

    /// The end of a turn.
    fn settle(&mut self, turn: &mut Turn) {
        // Where no job would be cancelled there is nothing to wait for.
        let at_once = !self.questions.is_empty() || self.running.is_empty();
        if let Some(burst) = self.burst
            && (at_once || burst.ends() <= Instant::now())
        {
            self.burst = None;
            let mut configures = false;
            for (path, document) in self.documents.iter_mut().filter(|(_, document)| document.ahead) {
                document.ahead = false;
                document.due = true;
                configures |= is_configuration(path);
                self.database.open(path, document.as_input());
            }
            if configures {
                self.reconsider();
            }
            turn.done("edits that waited for the workers");
        }
        if self.burst.is_none() && self.disk.settle(&mut self.database, !self.questions.is_empty()) {
            self.reconsider();
        }
        turn.done("a look at the disk");
        if self.database.revision() != self.revision {
            // What changed may be a configuration file.
            if self.projects.update(&mut self.database) {
                self.reconsider();
            }
            self.revision = self.database.revision();
            self.turns += 1;
            // What does not depend on the change is not computed again, only looked up.
            self.documents.values_mut().for_each(|document| (document.due, document.rests) = (true, None));
        }
        turn.done("the settings of projects");
        self.disk.watch_fresh(&self.database);
        turn.done("what is to be watched");
        self.release();
        self.start_jobs();
        turn.done("the start of jobs");
        let is_slow = self.running.values().any(|running| running.started.elapsed() >= SLOW_JOB);
        if self.client.progress && is_slow != self.working {
            self.working = is_slow;
            self.say(Message::Working(is_slow));
        }
    }

    /// When the client is to be told that there is work.
    fn slow_at(&self) -> Option<Instant> {
        let tells = self.client.progress && !self.working;
        let started = self.running.values().map(|running| running.started).min();
        started.filter(|_| tells).map(|started| started + SLOW_JOB)
    }

    /// Tells what is done to who wants to know.
    fn trace(&self, text: impl FnOnce() -> String) {
        if self.client.traces {
            self.say(Message::Trace(text()));
        }
    }

    fn publish(&self, name: Name, version: Option<i32>, diagnoses: Vec<Diagnosis>) {
        self.say(Message::Publish { name, version, diagnoses, related: self.client.related });
    }

    fn say(&self, message: Message) {
        if self.lifecycle.is_shut_down() {
            return;
        }
        if self.outbox.send(message).is_err() {
            tracing::debug!("the client is gone");
        }
    }
}
