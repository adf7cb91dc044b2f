//! What is found is true, and what happens is found: both against CPython (`tests/silence/README.md`).
//!
//! The large form: `SPECLENS_SILENCE=large SPECLENS_PYTHON=/path/to/python`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use speclens_tests::clients::{need, speclens};
use speclens_tests::process::output_within;
use speclens_tests::silence::{Checker, Precision, Program, Random, Recall, Survey, files_below};

/// What one number of the environment says, or another where it says nothing.
fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// The interpreter of the large form.
fn large() -> Option<PathBuf> {
    let is_large = std::env::var("SPECLENS_SILENCE").is_ok_and(|value| value == "large");
    is_large.then(|| std::env::var_os("SPECLENS_PYTHON").expect("SPECLENS_PYTHON is an interpreter").into())
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
    let code = "import sysconfig; paths = sysconfig.get_paths(); print(paths['stdlib']); print(paths['purelib'])";
    let output = output_within(Command::new(python).args(["-I", "-c", code]), Duration::from_mins(1));
    let output = output.expect("an interpreter");
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
}

#[test]
fn large_recall() {
    let Some(python) = large() else { return };
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
fn large_precision() {
    let Some(python) = large() else { return };
    let Some(program) = program() else { return };
    let libraries = libraries(&python);
    let checker = Checker { program, python, extra: None, limit: Duration::from_mins(3) };
    let mut random = Random::new(number("SPECLENS_SEED", 0) as u64);
    let mut precision = Precision::default();
    for library in libraries {
        for files in files_below(&library, &["site-packages"]).into_values() {
            let some = random.sample(&files, number("SPECLENS_FILES", 12));
            eprintln!("{} of {} files in {}", some.len(), files.len(), files[0].display());
            precision.measure(&checker, &some, 20);
        }
    }
    println!("{precision}");
}
