//! What each editor shall show of `tests/editors/workspace`, with Speclens and ty beside each other: the findings, what
//! hovering shows, a fix, an edit, and what another release of a package changes while the file is open.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use speclens_tests::clients::{Workspace, finished, need, speclens};

pub const IMPORT_RAISES: (u64, &str, &str) = (3, "import-raises", "tills");
pub const WITHOUT_SPEC: (u64, &str, &str) = (5, "module-without-spec", "wares.__spec__.name");
/// What hovering over `wares` shows.
pub const PREDICTION: &str = "is put into `sys.modules` by code: its `__spec__` is `None`";
pub const FIX: &str = "Import `tills` before `wares`";

/// A finding as each editor's test reports it.
pub type Findings<'a> = Vec<(u64, &'a str, &'a str)>;

/// The workspace, in a directory of its own for each test.
pub fn workspace(test: &str, name: &str) -> Option<Workspace> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editors").join(name);
    need(test, Workspace::fresh(&directory))
}

/// Runs an editor in the workspace, with all servers on `PATH`, and gives what it reported.
pub fn report(run: &mut Command, workspace: &Workspace) -> Value {
    let report = at_home(run, workspace).join("report.json");
    drop(std::fs::remove_file(&report));
    run.env("SPECLENS_FILE", workspace.root.join("shop.py"))
        .env("SPECLENS_INSTALLS", workspace.installs())
        .env("SPECLENS_REPORT", &report);
    let output = finished(run, Duration::from_mins(4)).unwrap_or_else(|problem| panic!("{problem}"));
    let written = std::fs::read_to_string(&report);
    let report = written.unwrap_or_else(|error| panic!("{}: {error}; {output}", report.display()));
    serde_json::from_str(&report).expect("JSON")
}

/// Gives an editor a home below the workspace's, and `PATH`.
pub fn at_home(run: &mut Command, workspace: &Workspace) -> PathBuf {
    let home = workspace.root.with_file_name("home");
    std::fs::create_dir_all(&home).expect("a directory");
    let program = speclens().unwrap_or_else(|problem| panic!("{problem}"));
    let own = [program.parent().expect("a directory").to_owned(), workspace.servers.clone()];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&inherited)));
    run.env("PATH", path.expect("a list of paths")).env("HOME", &home).env_remove("VIRTUAL_ENV");
    for (name, below) in [
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        run.env(name, home.join(below));
    }
    run.current_dir(&workspace.root);
    home
}

/// The findings of one server in a step, line by line.
pub fn findings<'a>(report: &'a Value, step: &str, source: &str) -> Findings<'a> {
    // Lua does not tell an empty list from an empty object.
    let shown = report[step].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = shown.iter().filter(|finding| finding["source"] == source);
    let mut found: Findings<'a> = own
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            (finding["line"].as_u64().unwrap_or_default(), text("rule"), text("text"))
        })
        .collect();
    found.sort_unstable();
    found
}

/// What holds in every editor.
pub fn assert_report(report: &Value) {
    let shown = serde_json::to_string_pretty(report).expect("JSON");
    assert!(report.get("problem").is_none(), "{shown}");
    for (step, expected) in [
        ("opened", vec![IMPORT_RAISES, WITHOUT_SPEC]),
        ("fixed", vec![WITHOUT_SPEC]),
        ("edited", vec![]),
        ("edited_back", vec![WITHOUT_SPEC]),
        ("installed", vec![]),
    ] {
        assert_eq!(findings(report, step, "speclens"), expected, "{step}: {shown}");
        // The other server says what it says alone.
        let others = findings(report, step, "ty");
        assert!(others.contains(&(6, "invalid-assignment", "\"none\"")), "{step}: {shown}");
    }
    assert_eq!(report["fixed_text"], serde_json::json!(["import tills", "import wares"]));
    let hover = report["hover"].as_str().unwrap_or_default();
    assert!(hover.contains(PREDICTION), "{hover}");
}
