//! The tour where there is no Python at all: the built-in account of the standard library stands in.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts the program and fails by a panic"
)]

mod common;

use std::path::Path;

use common::Run;
use serde_json::Value;

#[test]
fn the_tour_without_any_python() {
    let tour =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/workspaces/tour").canonicalize().unwrap();
    let run = Run::speclens(&tour, &["check", "--output-format", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.err.matches("no Python was found").count(), 1, "{run:?}");
    let findings: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let found = findings.iter().map(|finding| {
        let file = Path::new(finding["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        (file, finding["rule"].as_str().unwrap())
    });
    let mut found: Vec<(&str, &str)> = found.collect();
    found.sort_unstable();
    let expected = [
        ("namespace_package.py", "namespace-without-file"),
        ("replaced_module.py", "find-spec-raises"),
        ("replaced_module.py", "module-without-spec"),
        ("script.py", "script-without-spec"),
        ("standard_library.py", "find-spec-raises"),
        ("standard_library.py", "module-without-spec"),
        ("stub_module.py", "find-spec-raises"),
    ];
    assert_eq!(found, expected);

    let quiet = Run::speclens(&tour, &["check", "-q", "--output-format", "concise"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(1), ""));
    assert_eq!(quiet.out.lines().count(), expected.len());
}
