//! Every finding, checked by running CPython.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use speclens_files::Database;
use speclens_source::module_facts;

use super::check::{Checker, Found};
use crate::process::output_within;

const PROBE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/silence/probe.py");
/// For the run of one file; it is run twice where it raises.
const LIMIT: Duration = Duration::from_mins(1);

/// What CPython says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The read raised, or gave None, each time that it ran.
    True,
    /// It did so sometimes.
    Mixed,
    /// It never did, raised something else than the message says, or has another value.
    False,
    /// The finding does not say that it raises or is None, and what it says of a value is not wrong.
    OtherClaim,
    /// It did not run.
    CannotBeRun,
}

/// The measure: the findings in files, and what CPython says of them.
#[derive(Debug, Default)]
pub struct Precision {
    pub files: usize,
    pub not_checked: Vec<String>,
    /// By rule and whether it is certain.
    pub counts: BTreeMap<(String, bool, Verdict), usize>,
    /// Certain findings that CPython contradicts.
    pub certain_false: Vec<String>,
    pub possible_false: Vec<String>,
    /// Why some could not be run.
    pub not_run: BTreeMap<String, usize>,
}

impl Precision {
    /// Checks files, some in one call, and what is found in them.
    pub fn measure(&mut self, checker: &Checker, files: &[PathBuf], at_once: usize) {
        for part in files.chunks(at_once) {
            let found = match checker.check(part) {
                Ok(found) => found,
                // One of them takes the time of all.
                Err(_) if part.len() > 1 => {
                    self.measure(checker, part, 1);
                    continue;
                }
                Err(problem) => {
                    self.not_checked.push(format!("{}: {problem}", part[0].display()));
                    continue;
                }
            };
            self.files += part.len();
            for file in part {
                let own: Vec<&Found> = found.iter().filter(|it| it.file == *file).collect();
                if !own.is_empty() {
                    self.probe(checker, file, &own);
                }
            }
        }
    }

    fn probe(&mut self, checker: &Checker, file: &Path, found: &[&Found]) {
        let answer = ask(checker, file, found).unwrap_or_default();
        for (number, finding) in found.iter().enumerate() {
            let outcomes = answer["reads"][number].as_array().cloned().unwrap_or_default();
            let verdict = verdict(finding, &outcomes);
            *self.counts.entry((finding.rule.clone(), finding.is_certain, verdict)).or_default() += 1;
            match verdict {
                Verdict::True | Verdict::OtherClaim => {}
                Verdict::CannotBeRun if finding.is_certain => {
                    let why = answer["why"][number].as_str().unwrap_or("the probe gave no answer");
                    let why = why.split(" the local").next().unwrap_or(why);
                    let ended = &answer["ended"][0];
                    *self.not_run.entry(format!("{why}; the file's run ended: {ended}")).or_default() += 1;
                }
                Verdict::CannotBeRun => {}
                Verdict::Mixed | Verdict::False => {
                    let [line, column, ..] = finding.range;
                    let outcome = Value::from(outcomes.into_iter().take(2).collect::<Vec<_>>());
                    let (rule, message) = (&finding.rule, &finding.message);
                    let told =
                        format!("{rule}: {}:{line}:{column}: {message} | CPython: {outcome}", file.display());
                    let list =
                        if finding.is_certain { &mut self.certain_false } else { &mut self.possible_false };
                    list.push(told);
                }
            }
        }
    }

    pub fn count(&self, is_certain: bool, verdict: Verdict) -> usize {
        let of_these =
            self.counts.iter().filter(|((_, certain, of), _)| *certain == is_certain && *of == verdict);
        of_these.map(|(_, count)| count).sum()
    }
}

/// Whether CPython says of a finding in a script that it is true.
pub(super) fn is_true(checker: &Checker, file: &Path, finding: &Found) -> bool {
    let answer = ask(checker, file, &[finding]).unwrap_or_default();
    let outcomes = answer["reads"][0].as_array().cloned().unwrap_or_default();
    finding.says_failure() && verdict(finding, &outcomes) == Verdict::True
}

fn ask(checker: &Checker, file: &Path, found: &[&Found]) -> Option<Value> {
    let (module, directory) = how_it_runs(file)?;
    let reads: Vec<[usize; 4]> = found.iter().map(|finding| finding.range).collect();
    let limit = LIMIT.as_secs();
    let question =
        json!({"file": file, "module": module, "directory": directory, "reads": reads, "limit": limit});
    let place = std::env::temp_dir().join(format!("speclens-silence-{}.json", std::process::id()));
    std::fs::write(&place, question.to_string()).expect("a file");
    let mut command = Command::new(&checker.python);
    command.args(["-B", PROBE]).arg(&place);
    command.env_remove("PYTHONPATH");
    if let Some(extra) = &checker.extra {
        command.env("PYTHONPATH", extra);
    }
    let output = output_within(&mut command, LIMIT * 3)?;
    drop(std::fs::remove_file(&place));
    serde_json::from_slice(&output.stdout).ok()
}

/// The module's dotted name, none for a script, and what `sys.path` starts with: as `observe.rs` of the analysis has it, for
/// files outside a project.
fn how_it_runs(file: &Path) -> Option<(Option<String>, PathBuf)> {
    let database = Database::on_disk();
    let facts = module_facts(database.db(), database.db().entry(file)).as_ref().ok()?;
    let (own, stem) = (file.parent()?, file.file_stem()?.to_str()?);
    let packages = own.ancestors().take_while(|it| it.join("__init__.py").is_file()).count();
    let is_name =
        |it: &Path| it.file_name().and_then(|it| it.to_str()).is_some_and(|it| !it.contains(['-', '.']));
    let installed = own.ancestors().take_while(|it| is_name(it)).count();
    let is_installed = own.ancestors().nth(installed).is_some_and(|it| it.ends_with("site-packages"));
    let depth = match packages.max(if is_installed { installed } else { 0 }) {
        0 if facts.is_script => return Some((None, own.to_path_buf())),
        0 => facts.relative_levels as usize,
        depth => depth,
    };
    let mut parts = if stem == "__init__" { Vec::new() } else { vec![stem] };
    let mut directory = own;
    for _ in 0..depth {
        parts.insert(0, directory.file_name()?.to_str()?);
        directory = directory.parent()?;
    }
    Some((Some(parts.join(".")), directory.to_path_buf()))
}

fn verdict(finding: &Found, outcomes: &[Value]) -> Verdict {
    if !finding.says_failure() {
        // "`m.__spec__.name` is 'n'".
        let is_right = |outcome: &Value| {
            let value = outcome["value"].as_str().filter(|value| value.starts_with('\''));
            value.is_none_or(|value| !finding.message.contains("` is '") || finding.message.contains(value))
        };
        return if outcomes.iter().all(is_right) { Verdict::OtherClaim } else { Verdict::False };
    }
    let is_bad = |outcome: &Value| match outcome["raised"][0].as_str() {
        None => outcome["value"] == "None",
        // The message names the exception that it speaks of.
        Some(raised) => {
            raised == "?" || !finding.message.contains("Error") || finding.message.contains(raised)
        }
    };
    match outcomes.iter().filter(|outcome| is_bad(outcome)).count() {
        _ if outcomes.is_empty() => Verdict::CannotBeRun,
        0 => Verdict::False,
        bad if bad == outcomes.len() => Verdict::True,
        _ => Verdict::Mixed,
    }
}

/// The `.py` files below a directory, by the first part of their path there.
pub fn files_below(directory: &Path, left_out: &[&str]) -> BTreeMap<String, Vec<PathBuf>> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if name != "__pycache__"
                    && !name.ends_with(".dist-info")
                    && !left_out.contains(&name.as_str())
                {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "py") {
                let inside = path.strip_prefix(directory).unwrap_or(&path);
                let first =
                    inside.components().next().map(|it| it.as_os_str().to_string_lossy().into_owned());
                groups.entry(first.unwrap_or_default()).or_default().push(path);
            }
        }
    }
    for files in groups.values_mut() {
        files.sort();
    }
    groups
}

impl fmt::Display for Precision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} files", self.files)?;
        for problem in &self.not_checked {
            writeln!(out, "not checked: {problem}")?;
        }
        for (is_certain, what) in [(true, "certain"), (false, "possible")] {
            let count = |verdict| self.count(is_certain, verdict);
            writeln!(
                out,
                "{what} findings: {} true, {} false, {} mixed, {} cannot be run, {} claim something else",
                count(Verdict::True),
                count(Verdict::False),
                count(Verdict::Mixed),
                count(Verdict::CannotBeRun),
                count(Verdict::OtherClaim)
            )?;
        }
        for ((rule, is_certain, verdict), count) in &self.counts {
            let what = if *is_certain { "certain" } else { "possible" };
            writeln!(out, "  {count:5}  {what} {rule}: {verdict:?}")?;
        }
        for (why, count) in &self.not_run {
            writeln!(out, "  {count:5}  certain, cannot be run: {why}")?;
        }
        for (what, list) in [("FALSE", &self.certain_false), ("false, possible", &self.possible_false)] {
            for line in list {
                writeln!(out, "{what}: {line}")?;
            }
        }
        Ok(())
    }
}
