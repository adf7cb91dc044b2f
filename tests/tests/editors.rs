//! The editors, for real: Neovim opens a file of the tour, and the extension for VS Code is built.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use speclens_tests::clients::{
    command, copy, copy_fresh, finished, need, neovim, repository, speclens, target,
};

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
fn the_vscode_extension_bundles() {
    let test = "the_vscode_extension_bundles";
    let found = finished(command("npm").arg("--version"), Duration::from_mins(1));
    if need(test, found.map_err(|problem| format!("npm is not here ({problem})"))).is_none() {
        return;
    }
    let directory = target().join("clients/vscode");
    let source = repository().join("editors/vscode");
    copy(&source, &directory).expect("a copy of the extension");
    let lock = std::fs::read(source.join("package-lock.json")).expect("the lock file");
    let stamp = directory.join("node_modules/speclens-lock.json");
    if std::fs::read(&stamp).ok().as_ref() != Some(&lock) {
        let mut install = command("npm");
        install.args(["ci", "--ignore-scripts"]).current_dir(&directory);
        let installed = finished(&mut install, Duration::from_mins(5));
        if need(test, installed.map(drop)).is_none() {
            return;
        }
        std::fs::write(&stamp, &lock).expect("the stamp");
    }
    let mut build = command("npm");
    build.args(["run", "build"]).current_dir(&directory);
    finished(&mut build, Duration::from_mins(2)).unwrap_or_else(|problem| panic!("{problem}"));
    let bundle = std::fs::read_to_string(directory.join("dist/extension.js")).expect("the bundle");
    assert!(bundle.contains("speclens") && bundle.contains("textDocument/didOpen"));
    let manifest = std::fs::read_to_string(directory.join("package.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["activationEvents"], serde_json::json!(["onLanguage:python"]));
    let commands = manifest["contributes"]["commands"].as_array().expect("a list");
    assert_eq!(commands.len(), 4);
    for command in commands {
        let id = command["command"].as_str().expect("a name");
        assert!(bundle.contains(&format!("\"{id}\"")), "{id} is not registered");
    }
    let untrusted = &manifest["capabilities"]["untrustedWorkspaces"];
    assert_eq!(untrusted["restrictedConfigurations"], serde_json::json!(["speclens.path"]));
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "the extension has the version of the server");
}

#[test]
fn helix_is_told_the_same_command() {
    let text = std::fs::read_to_string(repository().join("editors/helix/languages.toml")).expect("the file");
    let languages: toml::Table = text.parse().expect("TOML");
    assert_eq!(languages["language-server"]["speclens"]["command"].as_str(), Some("speclens"));
    assert_eq!(languages["language-server"]["speclens"]["args"][0].as_str(), Some("server"));
    assert_eq!(languages["language"][0]["name"].as_str(), Some("python"));
    let servers = languages["language"][0]["language-servers"].as_array().expect("a list");
    assert!(servers.iter().any(|server| server.as_str() == Some("speclens")));
}
