//! `speclens check`: the findings of many files at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use speclens_analysis::{Finding, check_file, is_configuration, settings_of};
use speclens_environment::{Environment, Implementation, Project, environment};
use speclens_source::module_facts;

use super::arguments::Check;
use super::files::{Target, collect};
use super::output::{Report, Sources, counts};
use super::session::Session;
use super::workers::{Panic, run_all};
use super::{Failure, Verdict, fix, kept};

/// One file to be checked.
struct Job {
    project: Project,
    file: PathBuf,
}

pub fn run(session: &mut Session, arguments: &Check) -> Result<Verdict, Failure> {
    let targets = collect(session, &arguments.paths)?;
    let projects: Vec<Project> = targets.iter().map(|target| session.project(target.root.clone())).collect();
    let mut jobs = jobs(&targets, &projects);
    let files = jobs.len();
    if jobs.is_empty() && !session.quiet {
        anstream::eprintln!("speclens: there are no Python files here");
    }
    // What is wrong in the settings comes with what they lead to.
    for &project in &projects {
        if let Some(file) = &settings_of(session.database.db(), project).file
            && jobs.iter().all(|job| job.file != *file)
        {
            jobs.push(Job { project, file: file.clone() });
        }
    }
    let mut told: Vec<Arc<Environment>> = Vec::new();
    for project in &projects {
        let environment = environment(session.database.db(), *project);
        if !told.contains(environment) {
            session.tell_if_no_python(environment)?;
            told.push(Arc::clone(environment));
        }
    }

    let mut fixed = 0;
    let mut looked = look_or_recall(session, &jobs, arguments.fix)?;
    for _ in 0..if arguments.fix { MAX_ROUNDS } else { 0 } {
        let applied = fix::apply(&mut session.database, &looked.findings);
        if applied == 0 {
            break;
        }
        fixed += applied;
        looked = look(session, &jobs)?;
    }
    if arguments.fix {
        session.warn(&format!("applied {fixed} {}", if fixed == 1 { "fix" } else { "fixes" }));
    }
    for problem in &looked.problems {
        anstream::eprintln!("speclens: {problem}");
    }
    let findings = looked.findings;
    let summary = if session.quiet { String::new() } else { summary(session, &findings, files, &told) };
    let sources = Sources::of(session.database.db(), &findings);
    let report =
        Report { findings: &findings, sources: &sources, directory: &session.directory, summary: &summary };
    session.print(&report.render(arguments.output_format))?;
    Ok(match (looked.problems.is_empty(), findings.is_empty() || arguments.exit_zero) {
        (false, _) => Verdict::Incomplete,
        (true, true) => Verdict::Clean,
        (true, false) => Verdict::Found,
    })
}

/// A fix may make room for another: so often, at most.
const MAX_ROUNDS: usize = 50;

/// The findings from a former run, where nothing has changed; computed where they are asked for `anew`, to be changed by fixes.
fn look_or_recall(session: &mut Session, jobs: &[Job], anew: bool) -> Result<Looked, Failure> {
    let files: Vec<(&Path, &Path)> = {
        let db = session.database.db();
        jobs.iter().map(|job| (job.project.root(db).as_path(), job.file.as_path())).collect()
    };
    let key = if anew || session.cache.is_none() { None } else { kept::key(session, "check", files) };
    let cache = session.cache.as_ref();
    if let Some(looked) = cache.zip(key).and_then(|(cache, key)| cache.get::<Looked>(key)) {
        return Ok(looked);
    }
    let looked = look(session, jobs)?;
    // Why a file was not checked may be a fault of the moment.
    if let Some((cache, key)) = session.cache.as_ref().zip(key).filter(|_| looked.problems.is_empty()) {
        cache.put(key, &session.database, &looked);
    }
    Ok(looked)
}

/// What one look at all files gave.
#[derive(Serialize, Deserialize)]
struct Looked {
    findings: Vec<Finding>,
    /// Why a file was not checked, as sentences.
    problems: Vec<String>,
}

fn look(session: &mut Session, jobs: &[Job]) -> Result<Looked, Failure> {
    let mut findings = Vec::new();
    let mut problems = Vec::new();
    for part in jobs.chunks(FILES_AT_ONCE) {
        let outcomes = run_all(&session.database, part, |db, job| {
            tracing::debug!(file = %job.file.display(), "checking");
            let entry = db.entry(&job.file);
            if !is_configuration(&job.file) {
                module_facts(db, entry).as_ref().map_err(ToString::to_string)?;
            }
            Ok::<_, String>(check_file(db, job.project, entry).findings.clone())
        });
        for (job, outcome) in part.iter().zip(outcomes.map_err(Failure::Request)?) {
            let file = session.shown(&job.file);
            match outcome {
                Ok(Ok(of_file)) => findings.extend(of_file),
                Ok(Err(reason)) => problems.push(format!("{file}: not checked: {reason}")),
                Err(Panic { message }) => {
                    problems.push(format!("{file}: internal problem, this file was not checked: {message}"));
                }
            }
        }
        session.database.forget_old();
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.place.file.clone(), finding.place.start, finding.place.end);
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(b.rule))
    });
    Ok(Looked { findings, problems })
}

/// Files looked at between two clean-ups: each leaves behind what its imports made.
const FILES_AT_ONCE: usize = 4;

fn jobs(targets: &[Target], projects: &[Project]) -> Vec<Job> {
    let pairs = targets.iter().zip(projects);
    pairs
        .flat_map(|(target, &project)| {
            target.files.iter().map(move |file| Job { project, file: file.clone() })
        })
        .collect()
}

/// "2 errors, 1 warning in 5 files (CPython 3.8.18, .venv)".
fn summary(
    session: &Session,
    findings: &[Finding],
    files: usize,
    environments: &[Arc<Environment>],
) -> String {
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
