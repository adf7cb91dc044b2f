//! Requests and checks: which of them the workers get, and what becomes of their answers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::document::{BetweenRuns, Document};
use super::super::event::{Answer, Done, Message, Outcome, Question, Refusal, Task};
use super::super::work::Job;
use super::{Owner, Purpose, Running};

/// So many files are looked at in the background between two clean-ups.
const CLEAN_UP: usize = 16;
/// So long after it was shown what a former session found is computed anew: not beside the sending of it.
const REST: Duration = Duration::from_millis(50);

impl Owner {
    /// A request: which file it is about, and where in it, is known here.
    pub(super) fn asked(&mut self, mut question: Question) {
        let cell = self.documents.values().find_map(|document| {
            let line = document.layout()?.first_line(&question.name.uri)?;
            Some((document.cell(&question.name.uri), line))
        });
        if let Some((name, line)) = cell {
            question.name = name;
            question.task = question.task.below(line);
        } else if question.name.path.as_os_str().is_empty() {
            if !question.name.uri.is_empty() {
                let _ = question.reply.send(Err(Refusal::Unknown));
                return;
            }
            question.name.path = self.projects.first();
        }
        match &mut question.task {
            Task::Turn | Task::TurnAfter(_) => return self.held.push(question),
            Task::Files(folders) => *folders = self.projects.folders().to_vec(),
            _ => {}
        }
        if question.is_quiet {
            return self.quiet.push_back(question);
        }
        let edit = self.edit_of(&question.name.path);
        self.questions.push_back((question, edit));
    }

    /// Tells those who wait for a change that there was one.
    pub(super) fn release(&mut self) {
        let turns = self.turns;
        let is_over = |question: &mut Question| match question.task {
            Task::TurnAfter(turn) => turns > turn,
            _ => true,
        };
        for question in self.held.extract_if(.., is_over) {
            let _ = question.reply.send(Ok((question.name, Answer::Turn(turns))));
        }
    }

    pub(super) fn abandon(&mut self, number: u64) {
        self.questions.retain(|(question, _)| question.number != number);
        self.quiet.retain(|question| question.number != number);
        self.held.retain(|question| question.number != number);
        for running in self.running.values() {
            if matches!(&running.purpose, Purpose::Answer(question) if question.number == number) {
                running.canceller.cancel();
            }
        }
    }

    pub(super) fn start_jobs(&mut self) {
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
        if self.burst.is_some() {
            return;
        }
        let (pulls, keeps) = (self.client.pulls, self.kept.is_some());
        // Whoever pulls has asked for the rest.
        let now = Instant::now();
        for document in self.documents.values_mut() {
            document.rests = document.rests.filter(|rests| now < *rests);
        }
        let is_due = |document: &Document| {
            let BetweenRuns { recall, keep } = document.between_runs;
            let is_kept_next = keeps && keep && !recall && !document.ahead;
            !document.checking
                && document.rests.is_none()
                && (document.due && document.is_published(pulls) || is_kept_next)
        };
        while self.running.len() + 1 < self.pool.workers() {
            let mut due = self.documents.iter_mut().filter(|(_, document)| is_due(document));
            let Some((path, document)) = due.next() else { break };
            (document.due, document.checking) = (false, true);
            let path = path.clone();
            self.start(Task::Diagnose, path.clone(), Purpose::Publish(path));
        }
        self.start_quiet_jobs();
    }

    /// What nobody waits for. Each leaves behind what its imports made, which goes from time to time.
    fn start_quiet_jobs(&mut self) {
        if self.worked_off >= CLEAN_UP && self.running.is_empty() {
            self.worked_off = 0;
            self.database.forget_old();
            self.revision = self.database.revision();
        }
        // At the start, findings come first.
        let is_idle = self.running.is_empty() && !self.documents.is_empty();
        let mut published = self.documents.values().filter(|it| it.is_published(self.client.pulls));
        let is_due = published.any(|document| document.due);
        if self.complains && is_idle && !is_due {
            self.complains = false;
            for folder in self.projects.folders().to_vec() {
                self.start(Task::Complaint, folder.clone(), Purpose::Complain(folder));
            }
        }
        while self.running.len() + 1 < self.pool.workers() && self.worked_off < CLEAN_UP {
            let Some(question) = self.quiet.pop_front() else { return };
            self.worked_off += 1;
            let (task, path) = (question.task.clone(), question.name.path.clone());
            self.start(task, path, Purpose::Answer(question));
        }
    }

    fn start(&mut self, task: Task, path: PathBuf, purpose: Purpose) {
        let number = self.jobs;
        self.jobs += 1;
        let edit = self.edit_of(&path);
        let project = self.projects.of(&self.database, &path);
        let pages = self.pages.clone().filter(|_| self.client.describes);
        let snapshot = self.database.snapshot();
        let (canceller, revision) = (snapshot.canceller(), self.database.revision());
        self.running.insert(number, Running { canceller, revision, started: Instant::now(), edit, purpose });
        let document = self.documents.get(&path).filter(|_| task == Task::Diagnose);
        let recall = document.filter(|document| document.between_runs.recall).and(self.kept.clone());
        let keep = document.filter(|document| document.between_runs.keep).and(self.kept.clone());
        let encoding = self.client.encoding;
        self.pool.run(snapshot, Job { number, task, path, project, encoding, pages, recall, keep });
    }

    pub(super) fn finish(&mut self, done: Done) {
        let Some(running) = self.running.remove(&done.job) else { return };
        let took = running.started.elapsed();
        let outcome = self.note_kept(&running, done.outcome);
        match running.purpose {
            Purpose::Complain(folder) => self.complain(folder, outcome),
            Purpose::Publish(path) => {
                self.trace(|| format!("diagnostics of {}: {took:.1?}", path.display()));
                self.checked(&path, running.revision, running.edit, outcome);
            }
            Purpose::Answer(question) => {
                self.trace(|| {
                    let (what, path) = (question.task.word(), question.name.path.display());
                    format!("{what} of {path}: {took:.1?}")
                });
                self.answer(question, running.edit, outcome);
            }
        }
    }

    /// What a diagnosis means for the answers between sessions: one of a former session is shown, and computed anew.
    fn note_kept(&mut self, running: &Running, outcome: Outcome) -> Outcome {
        let path = match &running.purpose {
            Purpose::Publish(path) => path,
            Purpose::Answer(question) if question.task == Task::Diagnose => &question.name.path,
            _ => return outcome,
        };
        let Some(document) = self.documents.get_mut(path) else { return outcome.computed() };
        let is_over = !matches!(outcome, Outcome::Cancelled) && running.revision == self.database.revision();
        if is_over && running.edit == Some(document.edit) {
            document.between_runs = BetweenRuns::NOTHING;
        }
        // What is known from now on is what it rests on; what it is made of is not.
        if matches!(outcome, Outcome::Answered(Answer::Recalled(_))) {
            (document.due, document.rests) = (true, Some(Instant::now() + REST));
        }
        outcome.computed()
    }

    /// Says once that a folder has no interpreter, and again where it has had one since, or lacks another.
    fn complain(&mut self, folder: PathBuf, outcome: Outcome) {
        match outcome {
            Outcome::Answered(Answer::Complaint(complaint)) => {
                let before = self.complaints.insert(folder, complaint.clone()).flatten();
                if let Some(text) = complaint.filter(|text| before.as_ref() != Some(text)) {
                    self.say(Message::Show(text));
                }
            }
            Outcome::Cancelled => self.complains = true,
            _ => {}
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
        // Then it was computed to be kept, and is not sent.
        if !document.is_published(self.client.pulls) {
            return;
        }
        let parts = document.parts(diagnoses);
        let before = std::mem::replace(&mut document.published, parts.clone());
        let Some(document) = self.documents.get(path) else { return };
        // Cells that are no more.
        for (uri, (_, diagnoses)) in &before {
            if !diagnoses.is_empty() && !parts.contains_key(uri) {
                self.publish(document.cell(uri), None, Vec::new());
            }
        }
        for (uri, (version, diagnoses)) in parts {
            let is_known = before.get(&uri).is_some_and(|known| *known == (version, diagnoses.clone()));
            if !is_known {
                self.publish(document.cell(&uri), Some(version), diagnoses);
            }
        }
    }

    fn answer(&mut self, question: Question, edit: Option<u64>, outcome: Outcome) {
        let same_text = self.edit_of(&question.name.path) == edit;
        let answer = match outcome {
            Outcome::Answered(answer) if same_text => Ok(answer),
            Outcome::Failed if same_text => Err(Refusal::Failed),
            // Once more, on what is there now.
            _ if question.is_quiet => return self.quiet.push_front(question),
            _ => return self.questions.push_front((question, edit)),
        };
        // The client may have taken it back since.
        let _ = question.reply.send(answer.map(|answer| (question.name, answer)));
    }
}
