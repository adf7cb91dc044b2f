//! A real environment of many distributions, in every way that an interpreter is started in it.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{Start, assert_same, assert_same_state, interpreters, predict, run, scratch, write};
use speclens_analysis::{Resolver, all_modules};
use speclens_files::Database;
use speclens_tests::process::output_within;

/// Long enough for 300 distributions over a slow line.
const LIMIT: Duration = Duration::from_mins(15);

/// `small`, or what `SPECLENS_INSTALLED` says: `large`.
fn choice() -> String {
    std::env::var("SPECLENS_INSTALLED").unwrap_or_else(|_| "small".to_owned())
}

/// The virtual environment with everything that a list names, made once; `None` where it cannot be had.
fn environment(list: &str) -> Option<PathBuf> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("workspaces/installed/{list}.txt"));
    let wanted = std::fs::read_to_string(&requirements).expect("a list of distributions");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("installed_{list}"));
    let marker = directory.join("complete");
    if std::fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        return Some(directory);
    }
    let _ = std::fs::remove_dir_all(&directory);
    // The lists have wheels for this version.
    let python = interpreters().into_iter().find(|python| {
        let is_it = "import sys; raise SystemExit(sys.version_info[:2] != (3, 11))";
        let has_venv = "import ensurepip";
        let mut command = Command::new(python);
        let command = command.args(["-I", "-c", &format!("{has_venv}\n{is_it}")]);
        command.output().is_ok_and(|output| output.status.success())
    });
    let Some(python) = python else {
        speclens_tests::skip("installed", "there is no CPython 3.11 with venv and pip");
        return None;
    };
    run(Command::new(python).args(["-I", "-m", "venv"]).arg(&directory), "");
    let mut pip = Command::new(directory.join("bin/python"));
    pip.args(["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--no-compile", "--only-binary", ":all:", "--requirement"]).arg(requirements);
    let problem = match output_within(&mut pip, LIMIT) {
        Some(output) if output.status.success() => {
            std::fs::write(marker, wanted).expect("a file");
            return Some(directory);
        }
        Some(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        None => format!("pip takes more than {LIMIT:?}"),
    };
    speclens_tests::skip("installed", &format!("the list {list}: {problem}"));
    None
}

/// Every name that the model tells, and some that are nearly right.
fn names(start: &Start) -> Vec<String> {
    let database = Database::on_disk();
    let all = all_modules(&Resolver::new(database.db(), start.project(&database)));
    let mut names: BTreeSet<String> = BTreeSet::new();
    for spec in all {
        let wrong = [format!("{}_", spec.name), format!("{}.nowhere", spec.name), spec.name.to_uppercase()];
        // Nine of ten names have the same shape as their neighbours.
        if names.len().is_multiple_of(10) {
            names.extend(wrong);
        }
        names.insert(spec.name);
    }
    names.into_iter().collect()
}

fn compare(what: &str, start: &Start) -> usize {
    let names = names(start);
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let (state, actual) = start.ask(&names);
    assert_same_state(what, &state, &environment);
    assert_same(what, &actual, &predict(&database, &environment, &names));
    println!("compared: {what}: {} names", names.len());
    names.len()
}

#[test]
fn every_way_to_start() {
    let list = choice();
    let Some(directory) = environment(&list) else { return };
    let python = directory.join("bin/python");
    let root = scratch(&format!("installed_ways_{list}"));
    write(
        &root,
        &[
            // A folder of the same name is a portion only where nothing regular is found.
            ("first/requests/data.txt", ""),
            ("first/google/mine.py", ""),
            ("first/zope/mine.py", ""),
            ("first/click.py", ""),
            ("first/colorsys/__init__.py", ""),
            ("home/.local/lib/python3.11/site-packages/attr/mine.py", ""),
            ("home/.local/lib/python3.11/site-packages/idna.py", ""),
            ("home/.local/lib/python3.11/site-packages/only_here.py", ""),
            ("home/.local/lib/python3.11/site-packages/more.pth", "elsewhere\n"),
            ("home/.local/lib/python3.11/site-packages/elsewhere/certifi/__init__.py", ""),
        ],
    );
    let path = |name: &str| root.join(name).display().to_string();
    let configuration = directory.join("pyvenv.cfg");
    let own = std::fs::read_to_string(&configuration).expect("a configuration");
    for system in [false, true] {
        let (from, to) = if system { ("false", "true") } else { ("true", "false") };
        let key = "include-system-site-packages = ";
        let text = own.replace(&format!("{key}{from}"), &format!("{key}{to}"));
        std::fs::write(&configuration, text).expect("a configuration");
        let start = Start::new(&python, &root);
        let counted = compare(&format!("{list}, system {system}"), &start);
        assert!(counted > 3_000, "{counted} names");
        compare(&format!("{list}, system {system}, isolated"), &start.clone().isolated());
        compare(
            &format!("{list}, system {system}, PYTHONPATH"),
            &start.clone().with("PYTHONPATH", &path("first")),
        );
        compare(
            &format!("{list}, system {system}, user site"),
            &Start::new(&python, &root).with("HOME", &path("home")),
        );
    }
    std::fs::write(&configuration, own).expect("a configuration");
}
