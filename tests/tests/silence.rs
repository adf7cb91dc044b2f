//! What is found is true, and what happens is found: both against CPython (`tests/silence/README.md`).
//!
//! The large form measures, and asserts nothing: `SPECLENS_PYTHON=/path/to/python`, and `--ignored`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use speclens_tests::clients::{need, repository, speclens};
use speclens_tests::interpreters::interpreters;
use speclens_tests::process::output_within;
use speclens_tests::silence::{Checker, Precision, Program, Random, Recall, Survey, files_below};

/// What one number of the environment says, or another where it says nothing.
fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// The interpreter of the large form.
fn large() -> PathBuf {
    std::env::var_os("SPECLENS_PYTHON").expect("SPECLENS_PYTHON is an interpreter").into()
}

fn program() -> Option<PathBuf> {
    match std::env::var_os("SPECLENS_PROGRAM") {
        Some(program) => Some(program.into()),
        None => need("silence", speclens()),
    }
}

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("silence").join(name);
    drop(std::fs::remove_dir_all(&directory));
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// The directories of the standard library and of what is installed.
fn libraries(python: &Path) -> Vec<PathBuf> {
    let code =
        "import sysconfig; paths = sysconfig.get_paths(); print(paths['stdlib']); print(paths['purelib'])";
    let output = output_within(Command::new(python).args(["-I", "-c", code]), Duration::from_mins(1));
    let output = output.expect("an interpreter");
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
}

/// The oldest and the newest interpreter.
fn two() -> Vec<PathBuf> {
    let all = interpreters();
    let ends: BTreeSet<_> = all.first().into_iter().chain(all.last()).map(|it| it.program.clone()).collect();
    if ends.is_empty() {
        speclens_tests::skip("silence", "no CPython is on PATH or in pyenv");
    }
    ends.into_iter().collect()
}

/// What importing from one of the miniature packages brings, as it is recorded.
fn recorded(case: &Path) -> Vec<Survey> {
    let record = std::fs::read_to_string(case.with_extension("json")).expect("a record");
    let record: Value = serde_json::from_str(&record).expect("JSON");
    let kind = |module: &Value| match module["spec"].as_str() {
        Some("spec") => "regular".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    let row = |row: &Value| {
        let modules = row["modules"].as_object().expect("modules");
        Survey {
            name: row["name"].as_str().expect("a name").to_owned(),
            raises: !row["error"].is_null(),
            modules: modules.iter().map(|(name, module)| (name.clone(), kind(module))).collect(),
        }
    };
    record["3.13"].as_array().expect("rows").iter().map(row).collect()
}

/// Programs over the standard library: these of its modules are of all kinds.
const STANDARD: [&str; 24] = [
    "abc",
    "asyncio",
    "collections.abc",
    "concurrent.futures",
    "ctypes",
    "decimal",
    "email.mime.text",
    "encodings.idna",
    "http.client",
    "importlib.metadata",
    "io",
    "json",
    "logging.handlers",
    "math",
    "multiprocessing.pool",
    "os.path",
    "pyexpat",
    "sqlite3",
    "sys",
    "time",
    "typing",
    "unittest.mock",
    "xml.dom.minidom",
    "zlib",
];

#[test]
fn programs_over_the_standard_library() {
    let Some(program) = program() else { return };
    for python in two() {
        let checker = Checker { program: program.clone(), python, extra: None, limit: LIMIT };
        let names: Vec<String> = STANDARD.iter().map(ToString::to_string).collect();
        let names = Survey::ask(&checker, names.len(), 0, &names, None);
        let recall = measure(&checker, "standard", &names, 40);
        judge(&checker, &recall, 90);
    }
}

#[test]
fn programs_over_miniature_packages() {
    let Some(program) = program() else { return };
    let Some(python) = two().pop() else { return };
    let packages = repository().join("tests/effects/packages");
    let mut all = Recall::default();
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(packages).expect("the cases").map(|case| case.expect("a case").path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    for case in cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let checker = Checker {
            program: program.clone(),
            python: python.clone(),
            extra: Some(case.clone()),
            limit: LIMIT,
        };
        all.add(measure(&checker, &name, &recorded(&case), 2));
    }
    let checker = Checker { program, python, extra: None, limit: LIMIT };
    judge(&checker, &all, 70);
}

#[test]
fn findings_in_the_standard_library() {
    let Some(program) = program() else { return };
    for python in two() {
        let standard = libraries(&python).swap_remove(0);
        let checker = Checker { program: program.clone(), python, extra: None, limit: LIMIT };
        let below = files_below(&standard, &["site-packages", "test", "tests", "lib2to3", "idlelib"]);
        let files: Vec<PathBuf> = below.into_values().flatten().collect();
        let mut precision = Precision::default();
        precision.measure(&checker, &Random::new(0).sample(&files, 60), 30);
        println!("{}: {precision}", checker.python.display());
        assert!(precision.certain_false.is_empty(), "{precision}");
    }
}

/// For one call of the program, in the small form.
const LIMIT: Duration = Duration::from_mins(2);

fn measure(checker: &Checker, name: &str, names: &[Survey], count: usize) -> Recall {
    let mut random = Random::new(0);
    let programs: Vec<Program> = (0..count).map(|_| Program::random(&mut random, names)).collect();
    Recall::measure(checker, &scratch(name), &programs, 20)
}

/// `percent` of the reads that fail are found at least.
fn judge(checker: &Checker, recall: &Recall, percent: usize) {
    println!("{}: {recall}", checker.python.display());
    let wrong: Vec<&String> = recall.certain_false.iter().chain(&recall.possible_false).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{recall}");
    assert!(recall.not_checked.is_empty(), "{recall}");
    let reads = recall.total(false);
    assert!(reads.found * 100 >= reads.events * percent, "less than {percent} % are found\n{recall}");
}

#[test]
#[ignore = "a measurement of minutes to hours in an environment of your own (tests/silence/README.md)"]
fn large_recall() {
    let python = large();
    let Some(program) = program() else { return };
    let checker = Checker { program, python, extra: None, limit: Duration::from_mins(5) };
    let seed = number("SPECLENS_SEED", 0) as u64;
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("silence-survey-{seed}.jsonl"));
    let names = Survey::ask(&checker, number("SPECLENS_NAMES", 250), seed, &[], Some(&kept));
    let mut random = Random::new(seed);
    let programs: Vec<Program> =
        (0..number("SPECLENS_PROGRAMS", 300)).map(|_| Program::random(&mut random, &names)).collect();
    let recall = Recall::measure(&checker, &scratch("recall"), &programs, 10);
    println!("{recall}");
}

#[test]
#[ignore = "a measurement of minutes to hours in an environment of your own (tests/silence/README.md)"]
fn large_precision() {
    let python = large();
    let Some(program) = program() else { return };
    let libraries = libraries(&python);
    let checker = Checker { program, python, extra: None, limit: Duration::from_mins(3) };
    let mut random = Random::new(number("SPECLENS_SEED", 0) as u64);
    let mut precision = Precision::default();
    for library in libraries {
        for files in files_below(&library, &["site-packages"]).into_values() {
            let some = random.sample(&files, number("SPECLENS_FILES", 12));
            eprintln!("{} of {} files in {}", some.len(), files.len(), files[0].display());
            let told = precision.certain_false.len();
            precision.measure(&checker, &some, 20);
            precision.certain_false[told..].iter().for_each(|line| eprintln!("FALSE: {line}"));
        }
    }
    println!("{precision}");
}
