//! A look at many files, as far as no former run has looked already.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use speclens_analysis::{Finding, check_file, is_configuration, sources_read};
use speclens_environment::{PathOrigin, Project, environment};
use speclens_files::Db;
use speclens_source::module_facts;

use super::session::Session;
use super::workers::{Panic, run_all};
use super::{Failure, kept};

/// Files looked at between two clean-ups: each leaves behind what its imports made.
const FILES_AT_ONCE: usize = 4;

/// One file to be checked.
pub struct Job {
    pub project: Project,
    pub file: PathBuf,
}

/// What a look at one file gave.
#[derive(Serialize, Deserialize)]
pub struct Look {
    pub findings: Vec<Finding>,
    /// Why the file was not checked, as a sentence.
    pub problem: Option<String>,
    /// The others of the files, by their numbers, by whose content this could be another. `None` for one with findings: their
    /// fixes may have asked for more.
    rests_on: Option<Box<[u32]>>,
}

/// What a former run found, where nothing has changed. Where only the content of some of the files has, those that rest on
/// them are looked at anew.
pub fn look_or_recall(session: &mut Session, jobs: &[Job]) -> Result<Vec<Look>, Failure> {
    let files: Vec<(&Path, &Path)> = {
        let db = session.database.db();
        jobs.iter().map(|job| (job.project.root(db).as_path(), job.file.as_path())).collect()
    };
    let key = if session.cache.is_none() { None } else { kept::key(session, "check", files) };
    let Some((cache, key)) = session.cache.clone().zip(key) else { return look(session, jobs) };
    // Why a file was not checked may be a fault of the moment.
    let is_to_be_kept = |looks: &[Look]| looks.iter().all(|look| look.problem.is_none());
    if let Some(mut recalled) = cache.get_with_edits::<Vec<Look>>(key)
        && let Some(old) = old_looks(session.database.db(), jobs, &recalled.answer, &recalled.edited)
    {
        if old.is_empty() {
            return Ok(recalled.answer);
        }
        tracing::debug!(files = old.len(), "looks again at what rests on edited files");
        let again = look_at(session, jobs, &old)?;
        let mut looks = std::mem::take(&mut recalled.answer);
        for (number, look) in old.into_iter().zip(again) {
            looks[number] = look;
        }
        if is_to_be_kept(&looks) {
            cache.put_again(key, &session.database, recalled, &looks);
        }
        return Ok(looks);
    }
    let looks = look(session, jobs)?;
    if is_to_be_kept(&looks) {
        cache.put(key, &session.database, &looks);
    }
    Ok(looks)
}

/// A look at all files.
pub fn look(session: &mut Session, jobs: &[Job]) -> Result<Vec<Look>, Failure> {
    look_at(session, jobs, &(0..jobs.len()).collect::<Vec<_>>())
}

/// The numbers of the files whose looks are old since these files were edited; `None` where it could be any.
fn old_looks(db: &dyn Db, jobs: &[Job], looks: &[Look], edited: &[PathBuf]) -> Option<Vec<usize>> {
    let numbers = numbers(jobs);
    let is_edited = {
        let mut is_edited = vec![false; jobs.len()];
        for file in edited {
            let number = *numbers.get(file.as_path())? as usize;
            if is_configuration(file) || is_of_environment(db, jobs[number].project, file) {
                return None;
            }
            is_edited[number] = true;
        }
        is_edited
    };
    let is_old = |number: &usize| {
        let own = *numbers.get(jobs[*number].file.as_path()).unwrap_or(&0) as usize;
        let of_others = looks[*number].rests_on.as_deref();
        is_edited[own] || of_others.is_none_or(|others| others.iter().any(|&other| is_edited[other as usize]))
    };
    let is_answer = looks.len() == jobs.len();
    is_answer.then(|| if edited.is_empty() { Vec::new() } else { (0..jobs.len()).filter(is_old).collect() })
}

/// Whether a file may be read to find out what the environment is.
fn is_of_environment(db: &dyn Db, project: Project, file: &Path) -> bool {
    environment(db, project).search_path.iter().any(|entry| {
        let installs = matches!(
            entry.origin,
            PathOrigin::SitePackages | PathOrigin::UserSite | PathOrigin::StandardLibrary
        );
        installs && file.starts_with(&entry.path)
    })
}

fn numbers(jobs: &[Job]) -> FxHashMap<&Path, u32> {
    jobs.iter().map(|job| job.file.as_path()).zip(0..).collect()
}

fn look_at(session: &mut Session, jobs: &[Job], wanted: &[usize]) -> Result<Vec<Look>, Failure> {
    let numbers = numbers(jobs);
    let mut looks = Vec::with_capacity(wanted.len());
    for part in wanted.chunks(FILES_AT_ONCE) {
        let part: Vec<&Job> = part.iter().map(|&number| &jobs[number]).collect();
        let outcomes = run_all(&session.database, &part, |db, job| look_at_one(db, job, &numbers));
        for (job, outcome) in part.iter().zip(outcomes.map_err(Failure::Request)?) {
            let file = session.shown(&job.file);
            let problem = match outcome {
                Ok(Ok(look)) => {
                    looks.push(look);
                    continue;
                }
                Ok(Err(reason)) => format!("{file}: not checked: {reason}"),
                Err(Panic { message }) => {
                    format!("{file}: internal problem, this file was not checked: {message}")
                }
            };
            looks.push(Look { findings: Vec::new(), problem: Some(problem), rests_on: None });
        }
        session.database.forget_old();
    }
    Ok(looks)
}

fn look_at_one(db: &dyn Db, job: &Job, numbers: &FxHashMap<&Path, u32>) -> Result<Look, String> {
    tracing::debug!(file = %job.file.display(), "checking");
    let entry = db.entry(&job.file);
    let is_code = !is_configuration(&job.file);
    if is_code {
        module_facts(db, entry).as_ref().map_err(ToString::to_string)?;
    }
    let findings = check_file(db, job.project, entry).findings.clone();
    let rests_on = (is_code && findings.is_empty()).then(|| {
        let sources = sources_read(db, job.project, entry).into_iter();
        let mut others: Vec<u32> =
            sources.filter_map(|source| numbers.get(source.path(db).as_path()).copied()).collect();
        others.sort_unstable();
        others.into()
    });
    Ok(Look { findings, problem: None, rests_on })
}
