//! Many questions at once, each on a snapshot of its own thread.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use speclens_files::{Database, Db};

/// The machine follows imports and calls depth first.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// A mistake of ours, found while one job was done.
#[derive(Debug)]
pub struct Panic {
    /// What it says, and where in our source it is.
    pub message: String,
}

/// Does every job, on as many threads as the machine has, and gives what became of each in the order of the jobs. A
/// panic costs its own job only. Fails where there are no threads to be had.
pub fn run_all<J: Sync, T: Send>(
    database: &Database,
    jobs: &[J],
    work: impl Fn(&dyn Db, &J) -> T + Sync,
) -> Result<Vec<Result<T, Panic>>, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| format!("there are no threads to work with: {error}"))?;
    // The default hook would write each panic to stderr, between the findings.
    let hook = take_hook();
    set_hook(Box::new(remember));
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Result<T, Panic>>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let (next, slots, work) = (&next, &outcomes, &work);
    pool.in_place_scope(|scope| {
        for _ in 0..threads {
            let snapshot = database.snapshot();
            scope.spawn(move |_| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(job), Some(slot)) = (jobs.get(at), slots.get(at)) else { break };
                    let outcome = run_one(snapshot.db(), job, work);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                }
            });
        }
    });
    // A thread that waited for another's query failed with it: alone it may succeed, or fails for its own reason.
    let alone = |job| {
        let snapshot = database.snapshot();
        pool.install(move || run_one(snapshot.db(), job, work))
    };
    let outcomes = outcomes.into_iter().zip(jobs).map(|(slot, job)| {
        match slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) | None => alone(job),
        }
    });
    let outcomes = outcomes.collect();
    set_hook(hook);
    Ok(outcomes)
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn remember(panic: &PanicHookInfo<'_>) {
    let place =
        panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    LAST_PANIC.set(Some(format!("{}{place}", words(panic.payload()))));
}

fn words(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

fn run_one<J, T>(db: &dyn Db, job: &J, work: &impl Fn(&dyn Db, &J) -> T) -> Result<T, Panic> {
    LAST_PANIC.set(None);
    catch_unwind(AssertUnwindSafe(|| work(db, job))).map_err(|payload| Panic {
        message: LAST_PANIC.take().unwrap_or_else(|| words(&*payload).to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use speclens_files::MemorySystem;

    use super::*;

    #[test]
    fn a_panic_costs_its_own_job_only() {
        let database = Database::new(Arc::new(MemorySystem::default()));
        let jobs: Vec<u32> = (0..100).collect();
        let tried_before = Mutex::new(false);
        let outcomes = run_all(&database, &jobs, |_, &job| {
            assert!(job != 7, "seven");
            let mut tried_before = tried_before.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(job != 8 || std::mem::replace(&mut *tried_before, true), "only the first time");
            job * 2
        })
        .unwrap();
        assert_eq!(outcomes.len(), 100);
        for (job, outcome) in jobs.iter().zip(outcomes) {
            match outcome {
                Ok(value) => assert_eq!(value, job * 2),
                Err(Panic { message }) => {
                    assert_eq!(*job, 7);
                    // The place is only known while this run's hook is the process's, which a test beside it may change.
                    assert!(message.starts_with("seven"), "{message}");
                }
            }
        }
    }

    #[test]
    fn no_jobs_are_no_work() {
        let database = Database::new(Arc::new(MemorySystem::default()));
        assert!(run_all(&database, &[] as &[u32], |_, _| ()).unwrap().is_empty());
    }
}
