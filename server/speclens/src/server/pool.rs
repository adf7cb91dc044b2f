//! The workers: the only place where a snapshot lives.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use speclens_files::Snapshot;

use super::Analyses;
use super::event::{Answer, Done, Event, Outcome};
use super::work::Job;

/// Python nests deeply, and the machine follows it: 10,000 brackets need 2 MiB, 50,000 need 8.
const STACK: usize = 16 * 1024 * 1024;

/// A few threads that compute answers.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Sender<(Snapshot, Job)>,
    workers: usize,
}

impl Pool {
    /// Starts the workers; they end with the pool.
    pub(super) fn start(analyses: Analyses, events: &Sender<Event>) -> io::Result<Self> {
        let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
        let (jobs, inbox) = unbounded();
        for number in 0..workers {
            let (inbox, events) = (inbox.clone(), events.clone());
            let worker = thread::Builder::new().name(format!("worker {number}")).stack_size(STACK);
            worker.spawn(move || work(analyses, &inbox, &events))?;
        }
        Ok(Self { jobs, workers })
    }

    /// How many jobs run at a time.
    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// Hands a job to an idle worker. There must be one: a snapshot that waits would block the next change.
    pub(super) fn run(&self, snapshot: Snapshot, job: Job) {
        if self.jobs.send((snapshot, job)).is_err() {
            tracing::error!("the workers are gone");
        }
    }
}

fn work(analyses: Analyses, inbox: &Receiver<(Snapshot, Job)>, events: &Sender<Event>) {
    for (snapshot, job) in inbox {
        let outcome = attempt(|| job.run(analyses, &snapshot));
        // Before the owner hears of it: it may want to change something.
        drop(snapshot);
        if events.send(Event::Done(Done { job: job.number, outcome })).is_err() {
            return;
        }
    }
}

fn attempt(job: impl FnOnce() -> Answer) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| salsa::Cancelled::catch(AssertUnwindSafe(job)))) {
        Ok(Ok(answer)) => Outcome::Answered(answer),
        // A panic of another worker, too: it answers for that, and whoever tries again meets the panic himself.
        Ok(Err(_)) => Outcome::Cancelled,
        Err(panic) => {
            tracing::error!(panic = text_of(&*panic), "the analysis failed");
            Outcome::Failed
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
