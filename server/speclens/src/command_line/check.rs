//! `speclens check`: the findings of many files at once.

use std::path::PathBuf;
use std::sync::Arc;

use speclens_analysis::{Finding, check_file};
use speclens_environment::{Environment, Implementation, Project, environment};
use speclens_source::module_facts;

use super::arguments::Check;
use super::files::{Target, collect};
use super::output::{Report, Sources, counts};
use super::session::Session;
use super::workers::{Panic, run_all};
use super::{Failure, Verdict};

/// One file to be checked.
struct Job {
    project: Project,
    file: PathBuf,
}

pub fn run(session: &mut Session, arguments: &Check) -> Result<Verdict, Failure> {
    let targets = collect(session, &arguments.paths)?;
    let projects: Vec<Project> = targets.iter().map(|target| session.project(target.root.clone())).collect();
    let jobs = jobs(&targets, &projects);
    if jobs.is_empty() && !session.quiet {
        anstream::eprintln!("speclens: there are no Python files here");
    }
    let mut told: Vec<Arc<Environment>> = Vec::new();
    for project in &projects {
        let environment = environment(session.database.db(), *project);
        if !told.contains(environment) {
            session.tell_if_no_python(environment)?;
            told.push(Arc::clone(environment));
        }
    }

    let mut findings = Vec::new();
    let mut incomplete = false;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for part in jobs.chunks(FILES_AT_ONCE) {
        let of_part = run_all(&session.database, part, |db, job| {
            tracing::debug!(file = %job.file.display(), "checking");
            let entry = db.entry(&job.file);
            module_facts(db, entry).as_ref().map_err(ToString::to_string)?;
            Ok::<_, String>(check_file(db, job.project, entry).findings.clone())
        });
        outcomes.extend(of_part.map_err(Failure::Request)?);
        session.database.forget_old();
    }
    for (job, outcome) in jobs.iter().zip(outcomes) {
        match outcome {
            Ok(Ok(of_file)) => findings.extend(of_file),
            Ok(Err(reason)) => {
                incomplete = true;
                anstream::eprintln!("speclens: {}: not checked: {reason}", session.shown(&job.file));
            }
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
    let sources = Sources::of(session.database.db(), &findings);
    let report =
        Report { findings: &findings, sources: &sources, directory: &session.directory, summary: &summary };
    session.print(&report.render(arguments.output_format))?;
    Ok(match (incomplete, findings.is_empty()) {
        (true, _) => Verdict::Incomplete,
        (false, true) => Verdict::Clean,
        (false, false) => Verdict::Found,
    })
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
