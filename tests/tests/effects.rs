//! `speclens effects` beside what CPython does: the small packages of `tests/effects/packages`, each with what was recorded.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests read files, and fail by a panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use speclens_analysis::{Comparison, Difference, Tallies, Tally, Truth, compare, effects};
use speclens_environment::{Project, PythonVersion, Request, tables};
use speclens_files::Database;
use speclens_tests::clients::{repository, target};
use speclens_tests::interpreters::{Interpreter, interpreters};
use speclens_tests::process::output_within;

const VERSIONS: [PythonVersion; 2] = [PythonVersion::new(3, 8), PythonVersion::new(3, 13)];

/// One package with what importing from it does.
struct Case {
    name: String,
    directory: PathBuf,
    /// By version, one for each import.
    recorded: BTreeMap<PythonVersion, Vec<Truth>>,
}

fn cases() -> Vec<Case> {
    let packages = repository().join("tests/effects/packages");
    let members =
        std::fs::read_dir(&packages).expect("the cases").map(|member| member.expect("a case").path());
    let mut files: Vec<PathBuf> =
        members.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
    files.sort();
    files.iter().map(|file| case(file)).collect()
}

fn case(file: &Path) -> Case {
    let directory = file.with_extension("");
    let recorded: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a record")).expect("JSON");
    let rows = |version: PythonVersion| {
        let rows = recorded[&version.to_string()].as_array().expect("a row for each name");
        // A row is read in the words of this machine.
        let here = directory.to_string_lossy();
        let rows = rows.iter().map(|row| serde_json::from_str(&row.to_string().replace("<case>", &here)));
        (version, rows.map(|row| row.expect("a row")).collect())
    };
    Case {
        name: file.file_stem().expect("a name").to_string_lossy().into_owned(),
        recorded: VERSIONS.map(rows).into(),
        directory,
    }
}

/// The model beside what was recorded, for each case and import.
fn compare_all(
    version: PythonVersion,
    python: Option<&Interpreter>,
) -> BTreeMap<(String, String), Comparison> {
    let database = Database::on_disk();
    let is_counted = |name: &str| !tables(version).is_stdlib(name.split('.').next().unwrap_or(name));
    let mut compared = BTreeMap::new();
    for case in cases() {
        let request = Request {
            python: python.map(|python| python.program.clone()),
            python_version: Some(version),
            isolated: true,
            extra_paths: vec![case.directory.clone()],
            ..Request::default()
        };
        let project = Project::new(database.db(), case.directory.clone(), request);
        for truth in &case.recorded[&version] {
            let effects = effects(database.db(), project, &truth.name, &[]);
            let comparison = compare(&effects, truth, is_counted);
            compared.insert((case.name.clone(), truth.name.clone()), comparison);
        }
    }
    compared
}

/// Each difference as a line of the list.
fn lines(
    compared: &BTreeMap<(String, String), Comparison>,
    is_counted: fn(&Difference) -> bool,
) -> BTreeSet<String> {
    let packages = repository().join("tests/effects/packages");
    let mut lines = BTreeSet::new();
    for ((case, name), comparison) in compared {
        let directory = packages.join(case).to_string_lossy().into_owned();
        for difference in comparison.differences.iter().filter(|it| is_counted(it)) {
            lines.insert(format!("{case} {name}: {difference}").replace(&directory, "<case>"));
        }
    }
    lines
}

fn totals<'c>(comparisons: impl Iterator<Item = &'c Comparison>) -> String {
    let mut all = Tallies::default();
    for comparison in comparisons {
        all += comparison.tallies;
    }
    let mut text = String::new();
    for (what, tally) in
        [("modules", all.modules), ("oddities", all.oddities), ("finders, hooks, __import__", all.finders)]
    {
        let Tally { actual, reached, certain, right, spare } = tally;
        let _ = writeln!(
            text,
            "  {what}: {reached} of {actual} reached (recall {:.3}), {certain} called certain, of which {right} are right \
             (precision {:.3}), {spare} possible ones that are not there",
            tally.recall(),
            tally.precision()
        );
    }
    text
}

/// The list of what the model does not reach yet: each line with the runs that it holds for, and the remark behind it.
struct List {
    head: String,
    lines: BTreeMap<String, (BTreeSet<String>, String)>,
}

const LIST: &str = "tests/effects/not_reached.txt";
/// The runs: with the standard library of a version, and with none but what the tables tell.
const RUNS: [&str; 3] = ["3.8", "3.13", "tables"];
const WITH_LIBRARY: &[&str] = &["3.8", "3.13"];

impl List {
    fn read() -> Self {
        let text = std::fs::read_to_string(repository().join(LIST)).expect("the list");
        let (head, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        let mut lines = BTreeMap::new();
        for line in rest.into_iter().filter(|line| !line.trim().is_empty()) {
            let (mut line, remark) = line.split_once("  # ").unwrap_or((line, ""));
            let mut runs = BTreeSet::new();
            while let Some((run, rest)) = line.split_once(' ').filter(|(run, _)| RUNS.contains(run)) {
                runs.insert(run.to_owned());
                line = rest;
            }
            if runs.is_empty() {
                runs.extend(WITH_LIBRARY.iter().map(|run| (*run).to_owned()));
            }
            lines.insert(line.to_owned(), (runs, remark.to_owned()));
        }
        Self { head: head.join("\n"), lines }
    }

    fn of_run<'l>(&'l self, run: &'l str) -> impl Iterator<Item = &'l String> {
        self.lines.iter().filter(move |(_, (runs, _))| runs.contains(run)).map(|(line, _)| line)
    }

    /// Writes it anew, with what was found; of a run that was not made it keeps what it says.
    fn write(&self, found: &BTreeMap<&str, BTreeSet<String>>) {
        let mut all: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
        for run in RUNS {
            let kept = self.of_run(run).filter(|_| !found.contains_key(run));
            for line in found.get(run).into_iter().flatten().chain(kept) {
                all.entry(line).or_default().push(run);
            }
        }
        let mut text = format!("{}\n\n", self.head);
        for (line, runs) in all {
            let run = if runs == WITH_LIBRARY { String::new() } else { format!("{} ", runs.join(" ")) };
            let remark = self.lines.get(line).map_or("", |(_, remark)| remark);
            let remark = if remark.is_empty() { String::new() } else { format!("  # {remark}") };
            let _ = writeln!(text, "{run}{line}{remark}");
        }
        std::fs::write(repository().join(LIST), text).expect("the list");
    }
}

/// What is wrong or missing must be what the list says, exactly. `SPECLENS_LIST=write` writes the list anew.
#[test]
fn the_model_does_what_was_recorded() {
    let list = List::read();
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (run, version) in WITH_LIBRARY.iter().zip(VERSIONS) {
        let Some(python) = interpreters().iter().find(|python| python.version == version) else {
            println!("the standard library of {run} is not here: compared only without one");
            continue;
        };
        let compared = compare_all(version, Some(python));
        println!(
            "with the standard library of {run}, {} imports:\n{}",
            compared.len(),
            totals(compared.values())
        );
        found.insert(run, lines(&compared, |_| true));
    }
    // Without a library to read less is reached, but nothing may be wrong.
    let mut wrong = BTreeSet::new();
    for (run, version) in WITH_LIBRARY.iter().zip(VERSIONS) {
        let compared = compare_all(version, None);
        println!("with the tables of {run}:\n{}", totals(compared.values()));
        let known: BTreeSet<String> = list.of_run(run).cloned().collect();
        let known = found.get(run).unwrap_or(&known);
        wrong.extend(lines(&compared, Difference::is_wrong).difference(known).cloned());
    }
    found.insert("tables", wrong);

    if std::env::var_os("SPECLENS_LIST").is_some_and(|it| it == "write") {
        list.write(&found);
        return;
    }
    let mut problems = String::new();
    for (run, found) in &found {
        let listed: BTreeSet<String> = list.of_run(run).cloned().collect();
        for new in found.difference(&listed) {
            let _ = writeln!(problems, "{run}, wrong or missing: {new}");
        }
        for mended in listed.difference(found) {
            let _ = writeln!(problems, "{run}, now reached, take it off the list: {mended}");
        }
    }
    assert!(problems.is_empty(), "{LIST}:\n{problems}");
}

/// The interpreters that are here still do what was recorded.
#[test]
fn cpython_does_what_was_recorded() {
    // The script itself runs on 3.10 and newer.
    let Some(python) = interpreters().last().filter(|python| python.version.at_least(10)) else {
        return speclens_tests::skip("cpython_does_what_was_recorded", "there is no CPython 3.10 or newer");
    };
    let mut command = Command::new(&python.program);
    command.arg(repository().join("tests/effects/record.py")).args(["--small", "--check"]);
    command.env("CARGO_TARGET_DIR", target());
    let output = output_within(&mut command, Duration::from_mins(5)).expect("an end in time");
    let told =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    print!("{told}");
    assert!(output.status.success(), "CPython differs from tests/effects/packages:\n{told}");
    for line in told.lines().filter(|line| line.contains("skipped")) {
        speclens_tests::skip("cpython_does_what_was_recorded", line);
    }
}
