//! The one loop that owns and changes state.
//!
//! Each turn takes all events that are there, then settles: edits go into the database (after a short silence, so that
//! a burst of them is one change), and idle workers get snapshots to work on. A change of the database cancels the
//! jobs that run and waits for their snapshots; nothing else makes the loop wait.

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
use super::event::{
    Answer, Change, Client, Diagnosis, Done, Event, Message, Name, Outcome, Question, Refusal, Task,
};
use super::parent;
use super::pool::Pool;
use super::projects::Projects;
use super::watch::Watch;
use super::wire::Lifecycle;
use super::work::Job;

/// So much silence ends a burst of edits.
const SILENCE: Duration = Duration::from_millis(5);
/// A burst longer than this is seen in parts.
const BURST: Duration = Duration::from_millis(50);
/// A turn that takes longer is worth a line in the log.
const SLOW_TURN: Duration = Duration::from_millis(100);
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
    let disk = Disk::new(setup.watches.then(|| Watch::start(events)).transpose()?);
    let mut owner = Owner {
        revision: setup.database.revision(),
        database: setup.database,
        projects: Projects::new(setup.request),
        client: Client::default(),
        watching: false,
        documents: BTreeMap::new(),
        questions: VecDeque::new(),
        running: HashMap::new(),
        working: false,
        jobs: 0,
        edits: 0,
        burst: None,
        disk,
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
    /// The revision that the diagnostics were last compared with.
    revision: salsa::Revision,
    pool: Pool,
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
}

impl Owner {
    fn run(&mut self, inbox: &Receiver<Event>) {
        loop {
            let next = self.burst.map(Burst::ends).or(self.disk.next());
            let event = match next.into_iter().chain(self.slow_at()).min() {
                Some(ends) => inbox.recv_deadline(ends).ok(),
                None => match inbox.recv() {
                    Ok(event) => Some(event),
                    Err(_) => return,
                },
            };
            let start = Instant::now();
            for event in event.into_iter().chain(inbox.try_iter()) {
                if matches!(event, Event::Stop) {
                    self.running.values().for_each(|running| running.canceller.cancel());
                    return;
                }
                self.take(event);
            }
            self.settle();
            if start.elapsed() > SLOW_TURN {
                tracing::warn!(elapsed = ?start.elapsed(), "a slow turn of the loop");
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
            }
            Event::Opened { name, version, text } => self.open(name, version, text),
            Event::Changed { name, version, changes } => self.change(&name, version, changes),
            Event::Saved { name } => self.save(&name),
            Event::Closed { name } => self.close(&name),
            Event::FilesChanged(paths) => self.look_again(&paths),
            Event::Touched(touches) => self.disk.touched(&self.database, touches),
            Event::Overlooked => self.disk.overlooked(),
            Event::Blind(why) => {
                if self.disk.blind() {
                    let text = format!("{why}: Speclens looks at the disk every few seconds instead.");
                    self.say(Message::Log(text));
                }
            }
            Event::FoldersChanged { added, removed } => {
                self.projects.change_folders(added, &removed);
                self.reconsider();
            }
            Event::SettingsChanged(settings) => {
                self.projects.set(&mut self.database, settings);
                self.reconsider();
            }
            Event::SettingsToAsk => self.ask_settings(false),
            Event::SettingsAnswered(settings) => {
                self.projects.set_answered(&mut self.database, settings);
                self.reconsider();
            }
            Event::Watching(watching) => self.watching = watching,
            Event::Asked(mut question) => {
                if question.name.path.as_os_str().is_empty() {
                    question.name.path = self.projects.first();
                }
                let edit = self.edit_of(&question.name.path);
                self.questions.push_back((question, edit));
            }
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
            self.say(Message::AskSettings { follow });
        }
    }

    fn open(&mut self, name: Name, version: i32, text: String) {
        let edit = self.edited();
        let path = name.path.clone();
        // Who has no eyes looks when there is an occasion.
        if !self.watching {
            self.disk.look_unless_watched();
        }
        if self.documents.contains_key(&path) {
            tracing::warn!(path = %path.display(), "opened twice");
        }
        self.documents.insert(path, Document::new(name, version, text, edit));
    }

    fn change(&mut self, name: &Name, version: i32, changes: Vec<Change>) {
        let edit = self.edited();
        let Some(document) = self.documents.get_mut(&name.path) else {
            tracing::warn!(path = %name.path.display(), "changed but not open");
            return;
        };
        if version <= document.version {
            let before = document.version;
            tracing::warn!(path = %name.path.display(), version, before, "a version that does not grow");
        }
        document.apply(version, changes, self.client.encoding, edit);
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
        if !self.documents.contains_key(&name.path) {
            tracing::warn!(path = %name.path.display(), "saved but not open");
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
        if document.published.is_some_and(|(_, diagnoses)| !diagnoses.is_empty()) {
            self.publish(document.name, None, Vec::new());
        }
    }

    fn look_again(&mut self, paths: &[PathBuf]) {
        let before = self.database.revision();
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
        self.documents.values_mut().for_each(|document| document.due = true);
        if self.client.pulls && self.client.refreshes {
            self.say(Message::Refresh);
        }
    }

    fn abandon(&mut self, number: u64) {
        self.questions.retain(|(question, _)| question.number != number);
        for running in self.running.values() {
            if matches!(&running.purpose, Purpose::Answer(question) if question.number == number) {
                running.canceller.cancel();
            }
        }
    }

    /// The end of a turn.
    fn settle(&mut self) {
        if let Some(burst) = self.burst
            && (!self.questions.is_empty() || burst.ends() <= Instant::now())
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
        }
        if self.burst.is_none() && self.disk.settle(&mut self.database, !self.questions.is_empty()) {
            self.reconsider();
        }
        if self.database.revision() != self.revision {
            // What changed may be a configuration file.
            if self.projects.update(&mut self.database) {
                self.reconsider();
            }
            self.revision = self.database.revision();
            // What does not depend on the change is not computed again, only looked up.
            self.documents.values_mut().for_each(|document| document.due = true);
        }
        self.disk.watch_fresh(&self.database);
        self.start_jobs();
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

    fn start_jobs(&mut self) {
        while self.running.len() < self.pool.workers() {
            let Some((question, edit)) = self.questions.pop_front() else { break };
            let (task, path) = (question.task.clone(), question.name.path.clone());
            if question.reply.is_closed() {
                continue;
            }
            // Diagnostics are of the text as it is; all else is about a place in the text as it was.
            if task != Task::Diagnose && edit != self.edit_of(&path) {
                let _ = question.reply.send(Err(Refusal::Modified));
                continue;
            }
            self.start(task, path, Purpose::Answer(question));
        }
        // Not while edits wait, which would only cancel them; and one worker stays free for questions.
        if self.client.pulls || self.burst.is_some() {
            return;
        }
        while self.running.len() + 1 < self.pool.workers() {
            let mut due =
                self.documents.iter_mut().filter(|(_, document)| document.due && !document.checking);
            let Some((path, document)) = due.next() else { break };
            (document.due, document.checking) = (false, true);
            let path = path.clone();
            self.start(Task::Diagnose, path.clone(), Purpose::Publish(path));
        }
    }

    fn start(&mut self, task: Task, path: PathBuf, purpose: Purpose) {
        let number = self.jobs;
        self.jobs += 1;
        let edit = self.edit_of(&path);
        let project = self.projects.of(&self.database, &path);
        let snapshot = self.database.snapshot();
        let (canceller, revision) = (snapshot.canceller(), self.database.revision());
        self.running.insert(number, Running { canceller, revision, started: Instant::now(), edit, purpose });
        self.pool.run(snapshot, Job { number, task, path, project, encoding: self.client.encoding });
    }

    fn finish(&mut self, done: Done) {
        let Some(running) = self.running.remove(&done.job) else { return };
        match running.purpose {
            Purpose::Publish(path) => self.checked(&path, running.revision, running.edit, done.outcome),
            Purpose::Answer(question) => self.answer(question, running.edit, done.outcome),
        }
    }

    /// Diagnostics of a document: sent only if they are those of its text and of the disk as they are now.
    fn checked(&mut self, path: &Path, revision: salsa::Revision, edit: Option<u64>, outcome: Outcome) {
        let current = self.database.revision() == revision;
        let Some(document) = self.documents.get_mut(path) else { return };
        document.checking = false;
        if !current || document.ahead || edit != Some(document.edit) {
            document.due = true;
            return;
        }
        let diagnoses = match outcome {
            Outcome::Answered(Answer::Diagnoses(diagnoses)) => diagnoses,
            // What was known of the text before is not true of this one.
            Outcome::Answered(_) | Outcome::Failed => Vec::new(),
            Outcome::Cancelled => {
                document.due = true;
                return;
            }
        };
        let result = Some((document.version, diagnoses));
        if document.published == result {
            return;
        }
        document.published.clone_from(&result);
        let name = document.name.clone();
        if let Some((version, diagnoses)) = result {
            self.publish(name, Some(version), diagnoses);
        }
    }

    fn answer(&mut self, question: Question, edit: Option<u64>, outcome: Outcome) {
        let same_text = self.edit_of(&question.name.path) == edit;
        let answer = match outcome {
            Outcome::Answered(answer) if same_text => Ok(answer),
            Outcome::Failed if same_text => Err(Refusal::Failed),
            // Once more, on what is there now.
            _ => return self.questions.push_front((question, edit)),
        };
        // The client may have taken it back since.
        let _ = question.reply.send(answer);
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
