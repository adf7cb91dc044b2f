//! `speclens check`: the findings of many files at once.

use std::sync::Arc;

use speclens_analysis::{Finding, settings_of};
use speclens_environment::{Environment, Implementation, Project, environment};

use super::arguments::Check;
use super::files::{Target, collect};
use super::look::{Job, Look, look, look_or_recall};
use super::output::{Report, Sources, counts};
use super::session::Session;
use super::{Failure, Verdict, fix};

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
    let mut looks = if arguments.fix { look(session, &jobs)? } else { look_or_recall(session, &jobs)? };
    let mut findings = sorted(&looks);
    for _ in 0..if arguments.fix { MAX_ROUNDS } else { 0 } {
        let applied = fix::apply(&mut session.database, &findings);
        if applied == 0 {
            break;
        }
        fixed += applied;
        looks = look(session, &jobs)?;
        findings = sorted(&looks);
    }
    if arguments.fix {
        session.warn(&format!("applied {fixed} {}", if fixed == 1 { "fix" } else { "fixes" }));
    }
    let problems: Vec<&String> = looks.iter().filter_map(|look| look.problem.as_ref()).collect();
    for problem in &problems {
        anstream::eprintln!("speclens: {problem}");
    }
    let summary = if session.quiet { String::new() } else { summary(session, &findings, files, &told) };
    let sources = Sources::of(session.database.db(), &findings);
    let report =
        Report { findings: &findings, sources: &sources, directory: &session.directory, summary: &summary };
    session.print(&report.render(arguments.output_format))?;
    Ok(match (problems.is_empty(), findings.is_empty() || arguments.exit_zero) {
        (false, _) => Verdict::Incomplete,
        (true, true) => Verdict::Clean,
        (true, false) => Verdict::Found,
    })
}

/// A fix may make room for another: so often, at most.
const MAX_ROUNDS: usize = 50;

/// In the order of their places.
fn sorted(looks: &[Look]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = looks.iter().flat_map(|look| look.findings.iter().cloned()).collect();
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.place.file.clone(), finding.place.start, finding.place.end);
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(b.rule))
    });
    findings
}

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
