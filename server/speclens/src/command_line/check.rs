//! `speclens check`: the findings of many files at once.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use speclens_analysis::{Finding, check_file};
use speclens_environment::{Environment, Implementation, Project, environment};
use speclens_files::Db;

use super::arguments::Check;
use super::files::{Target, collect};
use super::output::{Report, Sources, counts};
use super::session::Session;
use super::{Failure, Verdict};

/// The machine follows imports and calls depth first.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// One file to be checked.
struct Job {
    project: Project,
    file: PathBuf,
}

/// What became of one file.
type Outcome = Result<Vec<Finding>, Panic>;

/// A mistake of ours, found while one file was checked.
#[derive(Debug)]
struct Panic {
    message: String,
}

pub fn run(session: &Session, arguments: &Check) -> Result<Verdict, Failure> {
    let targets = collect(session, &arguments.paths)?;
    let projects: Vec<Project> = targets.iter().map(|target| session.project(target.root.clone())).collect();
    let jobs = jobs(&targets, &projects);
    if jobs.is_empty() && !session.quiet {
        anstream::eprintln!("speclens: there are no Python files here");
    }
    std::panic::set_hook(Box::new(remember));
    let db = session.database.db();
    let mut told: Vec<&Environment> = Vec::new();
    for project in &projects {
        let environment = environment(db, *project);
        if !told.contains(&&**environment) {
            session.tell_if_no_python(environment);
            told.push(environment);
        }
    }

    let mut findings = Vec::new();
    let mut incomplete = false;
    for (job, outcome) in jobs.iter().zip(check_all(session, &jobs)?) {
        match outcome {
            Ok(of_file) => findings.extend(of_file),
            Err(Panic { message }) => {
                incomplete = true;
                let file = session.shown(&job.file);
                anstream::eprintln!(
                    "speclens: {file}: internal problem, this file was not checked: {message}"
                );
            }
        }
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.place.file.clone(), finding.place.start, finding.place.end);
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(b.rule))
    });
    let summary = if session.quiet { String::new() } else { summary(session, &findings, jobs.len(), &told) };
    let sources = Sources::of(db, &findings);
    let report =
        Report { findings: &findings, sources: &sources, directory: &session.directory, summary: &summary };
    session.print(&report.render(arguments.output_format))?;
    Ok(match (incomplete, findings.is_empty()) {
        (true, _) => Verdict::Incomplete,
        (false, true) => Verdict::Clean,
        (false, false) => Verdict::Found,
    })
}

fn jobs(targets: &[Target], projects: &[Project]) -> Vec<Job> {
    let pairs = targets.iter().zip(projects);
    pairs
        .flat_map(|(target, &project)| {
            target.files.iter().map(move |file| Job { project, file: file.clone() })
        })
        .collect()
}

/// Checks every file, on as many threads as the machine has, and gives the outcomes in the order of the jobs.
fn check_all(session: &Session, jobs: &[Job]) -> Result<Vec<Outcome>, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| Failure::Request(format!("no threads to work with: {error}")))?;
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Outcome>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    pool.in_place_scope(|scope| {
        for _ in 0..threads {
            let snapshot = session.database.snapshot();
            let (next, outcomes) = (&next, &outcomes);
            scope.spawn(move |_| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(job), Some(outcome)) = (jobs.get(at), outcomes.get(at)) else { break };
                    let checked = check_one(snapshot.db(), job);
                    *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked);
                }
            });
        }
    });
    let outcomes: Vec<Option<Outcome>> = outcomes
        .into_iter()
        .map(|outcome| outcome.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect();
    let snapshot = session.database.snapshot();
    Ok(pool.install(move || outcomes.into_iter().zip(jobs).map(|it| settle(snapshot.db(), it)).collect()))
}

/// A thread that waited for another's query failed with it: alone it may succeed, or fails for its own reason.
fn settle(db: &dyn Db, (outcome, job): (Option<Outcome>, &Job)) -> Outcome {
    match outcome {
        Some(Ok(findings)) => Ok(findings),
        Some(Err(_)) | None => check_one(db, job),
    }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// In place of the default hook, which would write each panic to stderr between the findings.
fn remember(panic: &PanicHookInfo<'_>) {
    let place =
        panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    LAST_PANIC.set(Some(format!("{}{place}", words(panic.payload()))));
}

fn words(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

fn check_one(db: &dyn Db, job: &Job) -> Outcome {
    tracing::debug!(file = %job.file.display(), "checking");
    LAST_PANIC.set(None);
    catch_unwind(AssertUnwindSafe(|| check_file(db, job.project, db.entry(&job.file)).findings.clone()))
        .map_err(|payload| Panic {
            message: LAST_PANIC.take().unwrap_or_else(|| words(&*payload).to_owned()),
        })
}

/// "2 errors, 1 warning in 5 files (CPython 3.8.18, .venv)".
fn summary(session: &Session, findings: &[Finding], files: usize, environments: &[&Environment]) -> String {
    let counts = counts(findings);
    let counts = if counts.is_empty() { "nothing to report" } else { &counts };
    let noun = if files == 1 { "file" } else { "files" };
    let pythons: Vec<String> = environments.iter().map(|environment| python(session, environment)).collect();
    format!("{counts} in {files} {noun} ({})", pythons.join("; "))
}

fn python(session: &Session, environment: &Environment) -> String {
    let interpreter = &environment.interpreter;
    let implementation = implementation(interpreter.implementation);
    let place = match &interpreter.executable {
        _ if interpreter.is_virtual_environment => session.shown(&interpreter.prefix),
        Some(executable) => session.shown(executable),
        None => "built-in account".to_owned(),
    };
    format!("{implementation} {}, {place}", interpreter.version)
}

/// The implementation's name as people write it.
pub fn implementation(implementation: Implementation) -> &'static str {
    match implementation {
        Implementation::CPython => "CPython",
        Implementation::PyPy => "PyPy",
    }
}
