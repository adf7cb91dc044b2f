//! `speclens verify`: the whole of every interpreter on this machine, and what can go wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use common::{interpreters, scratch, write};
use serde_json::Value;
use speclens_tests::clients::speclens;
use speclens_tests::process::output_within;

const LIMIT: Duration = Duration::from_mins(3);

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn verify(python: &Path, arguments: &[&str]) -> Run {
    let program = speclens().unwrap_or_else(|problem| panic!("{problem}"));
    let mut command = Command::new(program);
    command.args(["verify", "--python"]).arg(python).args(arguments).current_dir(scratch_once());
    let Output { status, stdout, stderr } = output_within(&mut command, LIMIT).expect("an end in time");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn scratch_once() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("verify_here");
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// A program that stands in for an interpreter: the model reads the real one beside it.
fn stand_in(name: &str, text: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;

    let python = interpreters().into_iter().next()?;
    let root = scratch(name);
    write(
        &root,
        &[
            (
                "pyvenv.cfg",
                &format!("home = {}\nversion = 3.11.0\n", python.parent().expect("a directory").display()),
            ),
            ("lib/python3.11/site-packages/readme", ""),
            ("bin/python", text),
        ],
    );
    let program = root.join("bin/python");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a program");
    Some(program)
}

#[test]
fn every_interpreter_agrees() {
    for python in interpreters() {
        let run = verify(&python, &[]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.out, run.err);
        assert!(run.err.starts_with("speclens: starting "), "{}", run.err);
        let counted = run.out.split(": ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
        let counted: u32 = counted.parse().expect("a number");
        assert!(counted > 500 && run.out.ends_with("names agree, no difference\n"), "{}", run.out);
        print!("compared: {}", run.out);
    }
}

#[test]
fn a_wrong_model_is_found_out() {
    let Some(python) = interpreters().into_iter().next_back() else { return };
    let run = verify(&python, &["--python-version", "3.6", "json.decoder", "nowhere.at.all", "sys"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    let difference = run.out.find("json.decoder").expect("a difference");
    assert!(run.out[difference..].contains("cached"), "{}", run.out);
    assert!(run.out.contains("2 names agree"), "{}", run.out);

    let run = verify(&python, &["--python-version", "3.6", "--format", "json", "-q", "json.decoder"]);
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    let difference = answer["differences"].as_array().and_then(|all| all.last()).expect("a difference");
    assert_eq!(difference["name"], "json.decoder");
    let sides = &difference["fields"]["cached"];
    assert!(sides["python"].is_string() && sides["speclens"] != sides["python"], "{sides}");
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
}

#[test]
fn an_interpreter_that_does_not_play_along() {
    for (name, text, message) in [
        ("verify_silent", "#!/bin/sh\ncat >/dev/null\n", "an answer that makes no sense"),
        ("verify_fails", "#!/bin/sh\nexit 3\n", "exit status: 3"),
        ("verify_sleeps", "#!/bin/sh\nexec sleep 100\n", "did not end within 1 second"),
        ("verify_no_program", "", "cannot be started"),
    ] {
        let Some(python) = stand_in(name, text) else { return };
        let run = verify(&python, &["--timeout", "1"]);
        assert_eq!(run.code, Some(2), "{name}: {}", run.err);
        assert!(run.err.contains(message), "{name}: {}", run.err);
    }
}

#[test]
fn effects_are_compared_import_by_import() {
    let Some(python) = interpreters().into_iter().next_back() else { return };
    let root = scratch("verify_effects");
    write(
        &root,
        &[
            ("ring/__init__.py", "from . import one\n"),
            ("ring/one.py", "import sys\nimport ring.two\nsys.modules['second'] = ring.two\n"),
            ("ring/two.py", "print('a line of a package')\n"),
            (
                "versions.py",
                "import sys\nif sys.version_info < (3, 7):\n    import only_old\nelse:\n    import only_new\n",
            ),
            ("only_old.py", ""),
            ("only_new.py", ""),
            ("ends.py", "import os\nos._exit(3)\n"),
            ("sleeps.py", "import time\ntime.sleep(100)\n"),
        ],
    );
    let first = root.to_str().expect("text");
    let ask =
        |arguments: &[&str]| verify(&python, &[&["--effects", "--extra-path", first], arguments].concat());
    let run = ask(&["ring", "ring.two"]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.out, run.err);
    assert!(run.err.starts_with("speclens: starting ") && run.err.contains(" -I 2 times, "), "{}", run.err);
    assert!(run.out.starts_with("ring: 4 of 4 modules agree\n\nring.two: "), "{}", run.out);
    assert!(run.out.contains("  oddities") && run.out.ends_with("\nno difference\n"), "{}", run.out);

    let run = ask(&["versions", "--python-version", "3.6"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.out.contains("  missed: only_new in sys.modules\n"), "{}", run.out);
    assert!(run.out.contains("  certain, but not there: only_old in sys.modules\n"), "{}", run.out);
    let run = ask(&["versions", "--python-version", "3.6", "--format", "json", "-q"]);
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(answer["imports"][0]["differences"][0]["kind"], "missed");
    assert_eq!((&answer["totals"]["modules"]["recall"], run.err.as_str()), (&0.5.into(), ""));

    let run = ask(&["ends", "sleeps", "--timeout", "5", "ring"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(run.out.contains("ends: ended without an answer: exit status: 3\n"), "{}", run.out);
    assert!(run.out.contains("sleeps: did not end within 5 seconds\n"), "{}", run.out);
    assert!(run.out.ends_with("no difference, 2 without an answer\n"), "{}", run.out);

    let run = verify(&python, &["--effects"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(run.err.contains("<MODULE>"), "{}", run.err);
}
