//! Random programs, run by CPython and looked at by Speclens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::check::{Checker, Found};
use super::precision;
use super::programs::{Block, Program};
use crate::process::output_within;

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/literate/driver.py");

/// Events, and how many of them a finding tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub events: usize,
    pub found: usize,
}

/// The measure: what happened in CPython, and what was found.
#[derive(Debug, Default)]
pub struct Recall {
    pub programs: usize,
    /// They did not end in time, or took the interpreter with them.
    pub not_run: usize,
    pub not_checked: Vec<String>,
    /// Reads that ran, guarded ones among them.
    pub reads: usize,
    /// By the read, the module's kind, and what was seen; `import` for imports that raise.
    pub classes: BTreeMap<(bool, String), Tally>,
    pub missed: Vec<String>,
    /// Findings on what neither raises nor is None: certain ones, possible ones.
    pub certain_false: Vec<String>,
    pub possible_false: Vec<String>,
    pub true_findings: usize,
    /// Findings that say something else than that it raises or is None, by rule.
    pub other_claims: BTreeMap<String, usize>,
}

impl Recall {
    /// Runs the programs, which are files in `directory`.
    pub fn measure(checker: &Checker, directory: &Path, programs: &[Program], at_once: usize) -> Self {
        let mut recall = Self::default();
        let numbered: Vec<(PathBuf, &Program)> = programs
            .iter()
            .enumerate()
            .map(|(number, program)| (directory.join(format!("p{number:04}.py")), program))
            .collect();
        for (file, program) in &numbered {
            std::fs::write(file, &program.text).expect("a file");
        }
        for part in numbered.chunks(at_once) {
            let files: Vec<PathBuf> = part.iter().map(|(file, _)| file.clone()).collect();
            match checker.check(&files) {
                Ok(found) => {
                    for (file, program) in part {
                        let own: Vec<&Found> = found.iter().filter(|it| it.file == *file).collect();
                        recall.compare(checker, file, program, &own);
                    }
                }
                Err(problem) => recall.not_checked.push(format!("{}: {problem}", files[0].display())),
            }
        }
        recall
    }

    fn compare(&mut self, checker: &Checker, file: &Path, program: &Program, found: &[&Found]) {
        self.programs += 1;
        let Some(outcomes) = outcomes(checker, file) else {
            self.not_run += 1;
            return;
        };
        let lines: Vec<&str> = program.text.lines().collect();
        for block in &program.blocks {
            let is_here = |line: usize| (block.lines.0..=block.lines.1).contains(&line);
            let here: Vec<&&Found> = found.iter().filter(|it| is_here(it.range[0])).collect();
            let own: Vec<&Outcome> = outcomes.iter().filter(|it| is_here(it.line)).collect();
            let raised = own.iter().find_map(|it| it.raised.as_ref());
            // What was not imported has no name, and no entry in `sys.modules`.
            if raised.is_some_and(|raised| raised.starts_with("NameError") || raised.starts_with("KeyError"))
            {
                continue;
            }
            self.reads += 1;
            let is_import = block.class.starts_with("import") || block.class.starts_with("from");
            let is_none = !block.is_guarded && !is_import && own.last().is_some_and(|it| it.is_none);
            let code = lines[block.lines.0 - 1..block.lines.1].join("; ");
            let place = file.file_name().expect("a name").to_string_lossy();
            let what = raised.map_or_else(|| "None".to_owned(), Clone::clone);
            if raised.is_some() || is_none {
                self.true_findings += here.len();
                if block.is_counted {
                    self.event(block, is_import, !here.is_empty(), &what, &format!("{place}: {code}"));
                }
            } else {
                for finding in here {
                    if block.passes_none && precision::is_true(checker, file, finding) {
                        self.true_findings += 1;
                        continue;
                    }
                    if !finding.says_failure() && !block.is_silent {
                        *self.other_claims.entry(finding.rule.clone()).or_default() += 1;
                        continue;
                    }
                    let told =
                        format!("{place}: {} [{}] {code} | {}", block.class, block.kind, finding.message);
                    let list =
                        if finding.is_certain { &mut self.certain_false } else { &mut self.possible_false };
                    list.push(format!("{}: {told}", finding.rule));
                }
            }
        }
    }

    fn event(&mut self, block: &Block, is_import: bool, is_found: bool, what: &str, code: &str) {
        let seen = what.split(':').next().unwrap_or(what);
        let class = format!("{} of {}: {seen}", if is_import { "import" } else { block.class }, block.kind);
        let tally = self.classes.entry((is_import, class.clone())).or_default();
        tally.events += 1;
        tally.found += usize::from(is_found);
        if !is_found {
            let what: String = what.chars().take(160).collect();
            self.missed.push(format!("{class} | {code} | {what}"));
        }
    }

    /// Adds what was measured elsewhere.
    pub fn add(&mut self, other: Self) {
        self.programs += other.programs;
        self.not_run += other.not_run;
        self.not_checked.extend(other.not_checked);
        self.reads += other.reads;
        for (class, tally) in other.classes {
            let own = self.classes.entry(class).or_default();
            own.events += tally.events;
            own.found += tally.found;
        }
        self.missed.extend(other.missed);
        self.certain_false.extend(other.certain_false);
        self.possible_false.extend(other.possible_false);
        self.true_findings += other.true_findings;
        for (rule, count) in other.other_claims {
            *self.other_claims.entry(rule).or_default() += count;
        }
    }

    /// Of reads, or of imports.
    pub fn total(&self, imports: bool) -> Tally {
        let mut total = Tally::default();
        for (_, tally) in self.classes.iter().filter(|((of_import, _), _)| *of_import == imports) {
            total.events += tally.events;
            total.found += tally.found;
        }
        total
    }
}

/// One top-level statement.
struct Outcome {
    line: usize,
    is_none: bool,
    /// Type and message.
    raised: Option<String>,
}

fn outcomes(checker: &Checker, file: &Path) -> Option<Vec<Outcome>> {
    let mut command = Command::new(&checker.python);
    command.args(["-B", DRIVER]).arg(file).current_dir(file.parent()?);
    for name in ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONSAFEPATH", "VIRTUAL_ENV", "DISPLAY"] {
        command.env_remove(name);
    }
    if let Some(extra) = &checker.extra {
        command.env("PYTHONPATH", extra);
    }
    command.env("PYTHONNOUSERSITE", "1").env("PYTHONIOENCODING", "utf-8");
    let output = output_within(&mut command, Duration::from_mins(2))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, rows) = text.rsplit_once("\n--- outcomes\n")?;
    rows.lines().map(outcome).collect()
}

fn outcome(row: &str) -> Option<Outcome> {
    let row: Value = serde_json::from_str(row).ok()?;
    let raised = row.get("raised").map(|raised| {
        format!(
            "{}: {}",
            raised["type"].as_str().unwrap_or_default(),
            raised["message"].as_str().unwrap_or_default()
        )
    });
    let line = usize::try_from(row["line"].as_u64()?).ok()?;
    Some(Outcome { line, is_none: row["value"] == "None", raised })
}

impl fmt::Display for Recall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} programs, {} of them could not be run, {} blocks",
            self.programs, self.not_run, self.reads
        )?;
        for problem in &self.not_checked {
            writeln!(out, "not checked: {problem}")?;
        }
        for (imports, what) in [(false, "reads that fail or see None"), (true, "imports that raise")] {
            let Tally { events, found } = self.total(imports);
            let share = percent(found, events);
            writeln!(out, "{what}: {found} of {events} found, {share}")?;
        }
        writeln!(
            out,
            "findings: {} true, {} certain ones false, {} possible ones false",
            self.true_findings,
            self.certain_false.len(),
            self.possible_false.len()
        )?;
        for (rule, count) in &self.other_claims {
            writeln!(out, "  {count:5}  claims of another kind: {rule}")?;
        }
        let mut classes: Vec<_> = self
            .classes
            .iter()
            .map(|((_, class), tally)| (tally.events - tally.found, class, tally))
            .collect();
        classes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        for (missed, class, tally) in classes {
            writeln!(out, "  {missed:5} missed of {:5}  {class}", tally.events)?;
        }
        let distinct = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        for (what, list) in [
            ("FALSE", &self.certain_false),
            ("false, possible", &self.possible_false),
            ("missed", &self.missed),
        ] {
            for line in distinct(list) {
                writeln!(out, "{what}: {line}")?;
            }
        }
        Ok(())
    }
}

/// As people write it.
pub(super) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    let tenths = part * 1000 / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}
