//! Neovim opens a file of the tour with the plugin, and the workspace of [`crate::beside`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use speclens_tests::clients::{
    Workspace, command, copy_fresh, debian, finished, need, neovim, repository, speclens,
};

use crate::beside;

#[test]
fn neovim_shows_findings_and_predictions() {
    let Some((report, tour)) = run_neovim("neovim_shows_findings_and_predictions", "neovim", &[]) else {
        return;
    };
    assert_report(&report, &tour);
    assert_plugin(&report, "Neovim has vim.lsp.config and vim.lsp.enable");
}

#[test]
fn neovim_without_enable_shows_the_same() {
    let test = "neovim_without_enable_shows_the_same";
    let Some((report, tour)) = run_neovim(test, "neovim-old", &[("SPECLENS_OLD", "1")]) else { return };
    assert_report(&report, &tour);
    assert_plugin(&report, "the server starts by require('speclens').setup()");
}

/// What Neovim reports, and the tour that it saw.
fn run_neovim(test: &str, name: &str, variables: &[(&str, &str)]) -> Option<(Value, PathBuf)> {
    let nvim = need(test, neovim())?;
    let program = speclens().unwrap_or_else(|problem| panic!("{problem}"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let tour = directory.join("tour");
    copy_fresh(&repository().join("tests/workspaces/tour"), &tour).expect("a copy of the tour");
    // It lies below the repository, which would be taken for the workspace.
    std::fs::write(tour.join("pyproject.toml"), "").expect("the mark of a workspace");
    // `:helptags` writes into it.
    let plugin = directory.join("plugin");
    copy_fresh(&repository().join("editors/neovim"), &plugin).expect("a copy of the plugin");
    let report = directory.join("report.json");
    drop(std::fs::remove_file(&report));
    let mut run = command(nvim);
    run.args(["--headless", "--clean", "-u"]).arg(repository().join("tests/editors/neovim.lua"));
    for (name, below) in [
        ("HOME", "home"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        run.env(name, directory.join(below));
    }
    run.env("SPECLENS_PROGRAM", program)
        .env("SPECLENS_RUNTIME", plugin)
        .env("SPECLENS_FILE", tour.join("replaced_module.py"))
        .env("SPECLENS_REPORT", &report)
        .envs(variables.iter().copied());
    finished(&mut run, Duration::from_mins(3)).unwrap_or_else(|problem| panic!("{problem}"));
    let written = std::fs::read_to_string(&report).expect("the report of Neovim");
    let report: Value = serde_json::from_str(&written).expect("JSON");
    let shown = serde_json::to_string_pretty(&report).expect("JSON");
    println!("{shown}");
    assert!(report.get("problem").is_none(), "{shown}");
    Some((report, tour))
}

/// What the plugin adds to the server: the command, the check of health, the help.
fn assert_plugin(report: &Value, editor: &str) {
    let text = |key: &str| report[key].as_str().unwrap_or_default();
    assert_eq!(report["completion"], serde_json::json!(["env", "explain"]));
    let health = text("health");
    assert!(health.contains(editor) && !health.contains("ERROR"), "{health}");
    for part in [concat!("is speclens ", env!("CARGO_PKG_VERSION")), "CPython ", "The server runs"] {
        assert!(health.contains(part), "{part}: {health}");
    }
    assert!(text("env").contains("Search path (sys.path)"), "{}", text("env"));
    assert!(text("explain").starts_with("settings is a module"), "{}", text("explain"));
    assert_eq!(report["explain_under_cursor"], report["explain"]);
    assert_eq!(report["help"], "speclens.txt");
    assert_eq!(report["restarted"], report["opened"]);
}

fn assert_report(report: &Value, tour: &Path) {
    assert_eq!(report["encoding"], "utf-8");
    assert_eq!(rules(&report["opened"]), expected(tour, "replaced_module.py"));
    // The line that took the spec away is one jump from either finding.
    let deciding = line_with(&tour.join("settings.py"), "sys.modules[__name__] = ");
    for finding in report["opened"].as_array().expect("a list") {
        assert_eq!(finding["source"], "speclens");
        let jumps = finding["related"].as_array().expect("a list").iter().any(|related| {
            Path::new(related["file"].as_str().unwrap_or_default()).ends_with("settings.py")
                && related["line"].as_u64() == Some(deciding)
        });
        assert!(jumps, "settings.py:{deciding} is not related to {finding}");
    }
    let hover = report["hover_module"].as_str().expect("text");
    assert!(hover.contains("__spec__"), "{hover}");
    assert_eq!(report["answers_in_comment"], false, "hover has nothing to add to a comment");
    assert_eq!(rules(&report["without_import"]), [], "the module is not imported any more");
    assert_eq!(report["undone"], report["opened"]);
}

/// Line and rule of each finding that Neovim showed.
fn rules(findings: &Value) -> Vec<(u64, String)> {
    // Lua does not tell an empty list from an empty object.
    let findings = findings.as_array().map(Vec::as_slice).unwrap_or_default();
    let rule = |finding: &Value| {
        (
            finding["line"].as_u64().unwrap_or_default(),
            finding["rule"].as_str().unwrap_or_default().to_owned(),
        )
    };
    findings.iter().map(rule).collect()
}

/// Line and rule of each finding that the comments of the tour's file promise.
fn expected(tour: &Path, file: &str) -> Vec<(u64, String)> {
    let text = std::fs::read_to_string(tour.join(file)).expect("a file of the tour");
    let told = |(line, text): (u64, &str)| {
        let (_, after) = text.split_once("# finding: ")?;
        Some((line, after.split(';').next()?.trim().to_owned()))
    };
    (1..).zip(text.lines()).filter_map(told).collect()
}

fn line_with(file: &Path, part: &str) -> u64 {
    let text = std::fs::read_to_string(file).expect("a file of the tour");
    (1..).zip(text.lines()).find(|(_, line)| line.contains(part)).map(|(line, _)| line).expect("the line")
}

#[test]
fn neovim_runs_beside_ty() {
    let Some(report) = beside_ty("neovim_runs_beside_ty", "neovim-0.11", neovim) else { return };
    assert_eq!(report["encoding"], "utf-8");
    // Both servers are in one float.
    assert!(report["hover"].as_str().is_some_and(|hover| hover.contains("<module 'wares'>")));
}

#[test]
fn neovim_10_runs_beside_ty() {
    beside_ty("neovim_10_runs_beside_ty", "neovim-0.10", || debian::trixie("nvim"));
}

#[test]
fn neovim_7_runs_beside_ty() {
    let report = beside_ty("neovim_7_runs_beside_ty", "neovim-0.7", || debian::bookworm("nvim"));
    assert!(report.is_none_or(|report| report["encoding"] == "utf-16"));
}

/// What a Neovim reports of the workspace, once it is as in every editor.
fn beside_ty(test: &str, name: &str, nvim: impl Fn() -> Result<PathBuf, String>) -> Option<Value> {
    let nvim = need(test, nvim())?;
    let workspace: Workspace = beside::workspace(test, name)?;
    let mut run = command(nvim);
    run.args(["--headless", "--clean", "-u"]).arg(repository().join("tests/editors/workspace.lua"));
    run.env("SPECLENS_RUNTIME", repository().join("editors/neovim"));
    let report = beside::report(&mut run, &workspace);
    beside::assert_report(&report);
    // The line that took the spec away is one jump from either finding.
    for finding in report["opened"].as_array().expect("a list") {
        let related = finding["related"].as_array().map(Vec::as_slice).unwrap_or_default();
        let leads = related.iter().any(|related| {
            let file = related["file"].as_str().unwrap_or_default();
            file.ends_with("wares/__init__.py") && related["line"] == 5
        });
        assert!(leads || finding["source"] == "ty", "{finding}");
    }
    Some(report)
}
