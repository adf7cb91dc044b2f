//! Helix opens the workspace of [`crate::beside`] in a terminal. What the servers say is read from its log, and what it shows
//! from the screen.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use speclens_tests::clients::{Workspace, command, debian, finished, need, repository};

use crate::beside::{self, FIX, IMPORT_RAISES, WITHOUT_SPEC};

#[test]
fn helix_runs_beside_ty() {
    let test = "helix_runs_beside_ty";
    let shown = story(test, "helix-25.07", debian::forky("hx"), &languages());
    assert!(shown.is_none_or(|hover| hover.contains("] speclens")), "the hovers of both are there");
}

#[test]
fn helix_25_01_runs_beside_ty() {
    // With the other line of the file.
    let text = languages()
        .replace("\nlanguage-servers = ", "\n# ")
        .replace("\n# language-servers = ", "\nlanguage-servers = ");
    story("helix_25_01_runs_beside_ty", "helix-25.01", debian::trixie("hx"), &text);
}

fn languages() -> String {
    std::fs::read_to_string(repository().join("editors/helix/languages.toml")).expect("the file")
}

/// What each editor does, and what Helix showed when it hovered.
fn story(test: &str, name: &str, hx: Result<PathBuf, String>, languages: &str) -> Option<String> {
    let (hx, tmux) = (need(test, hx)?, need(test, debian::trixie("tmux"))?);
    let workspace = beside::workspace(test, name)?;
    assert_health(&hx, &workspace, languages);
    // Its code actions would come before ours.
    let languages = languages.replace("{ name = \"ruff\", except-features = [\"hover\"] }, ", "");
    let languages = languages.replace("\"ruff\", ", "");
    let helix = Helix::start(&hx, tmux, &workspace, &languages);

    helix.settle(&[IMPORT_RAISES, WITHOUT_SPEC]);
    let opened = helix.published().expect("findings");
    let text = std::fs::read_to_string(workspace.root.join("shop.py")).expect("the file");
    for finding in opened.as_array().expect("a list") {
        let (line, rule) = place(finding);
        let line = text.lines().nth(usize::try_from(line).expect("a line") - 1).expect("a line");
        let column = |end: &str| usize::try_from(finding["range"][end]["character"].as_u64()?).ok();
        let covered = line.get(column("start").expect("a column")..column("end").expect("a column"));
        let expected = if rule == IMPORT_RAISES.1 { IMPORT_RAISES.2 } else { WITHOUT_SPEC.2 };
        assert_eq!(covered, Some(expected), "columns are those of UTF-8");
        let message = finding["message"].as_str().unwrap_or_default();
        assert!(message.contains("wares/__init__.py:5: "), "Helix shows no related information: {message}");
    }
    helix.until("the findings of ty", || helix.says("ty").iter().any(|it| it.contains("invalid-assignment")));

    helix.press(&["2", "G", "g", "l", "Space", "k"]);
    let prediction = "is put into sys.modules by code: its __spec__ is None";
    helix.until("hover", || {
        let screen = helix.screen();
        if screen.contains("[1/2] ty") || screen.contains("[2/2] ty") {
            helix.press(&["M-n"]);
        }
        screen.contains(prediction)
    });
    let hover = helix.screen();
    helix.press(&["Escape"]);
    helix.until("the end of hover", || !helix.screen().contains(prediction));

    helix.press(&["3", "G", "g", "l", "Space", "a"]);
    helix.until("code actions", || helix.screen().contains(FIX));
    helix.press(&["Enter"]); // on the first
    helix.settle(&[WITHOUT_SPEC]);
    let lines = |screen: &str| (screen.find("import tills"), screen.find("import wares"));
    helix
        .until("another order", || matches!(lines(&helix.screen()), (Some(one), Some(other)) if one < other));

    helix.press(&["5", "G", "I", "#", "Escape"]);
    helix.settle(&[]);
    helix.until("the end of the insertion", || helix.screen().contains("NOR"));
    helix.press(&["u"]);
    helix.settle(&[WITHOUT_SPEC]);

    finished(&mut workspace.pip("wares==2.0"), Duration::from_mins(1)).expect("an installation");
    helix.settle(&[]);
    Some(hover)
}

/// `hx --health python` finds the servers, with what the user is told to copy.
fn assert_health(hx: &Path, workspace: &Workspace, languages: &str) {
    let mut run = command(hx);
    configure(&beside::at_home(&mut run, workspace), languages);
    let health = finished(run.args(["--health", "python"]), Duration::from_mins(1)).expect("the check");
    for server in ["speclens", "ty", "ruff"] {
        let found = health.lines().any(|line| line.contains('✓') && line.contains(&format!(" {server}")));
        let found =
            found || health.lines().any(|line| line.contains('✓') && line.contains(&format!("m{server}")));
        assert!(found, "{server}: {health}");
    }
}

fn configure(home: &Path, languages: &str) {
    let config = home.join("config/helix");
    std::fs::create_dir_all(&config).expect("a directory");
    std::fs::write(config.join("languages.toml"), languages).expect("a file");
}

/// Line and rule of a finding.
fn place(finding: &Value) -> (u64, &str) {
    let line = finding["range"]["start"]["line"].as_u64().unwrap_or_default() + 1;
    (line, finding["code"].as_str().unwrap_or_default())
}

/// Helix, in a terminal of its own.
struct Helix {
    tmux: PathBuf,
    socket: String,
    log: PathBuf,
}

impl Helix {
    fn start(hx: &Path, tmux: PathBuf, workspace: &Workspace, languages: &str) -> Self {
        let log = workspace.root.with_file_name("helix.log");
        drop(std::fs::remove_file(&log));
        let name = workspace.root.ancestors().nth(1).and_then(Path::file_name).expect("a name");
        let socket = format!("speclens-{}-{}", std::process::id(), name.to_string_lossy());
        let helix = Self { tmux, socket, log };
        let mut run = command(&helix.tmux);
        configure(&beside::at_home(&mut run, workspace), languages);
        run.env("TERM", "xterm-256color");
        run.args([
            "-L",
            &helix.socket,
            "-f",
            "/dev/null",
            "-u",
            "new-session",
            "-d",
            "-x",
            "200",
            "-y",
            "60",
        ]);
        run.arg(hx).args(["-vvv", "--log"]).arg(&helix.log).arg("shop.py");
        finished(&mut run, Duration::from_mins(1)).expect("a terminal");
        helix
    }

    fn tmux(&self, words: &[&str]) -> Result<String, String> {
        let mut run = command(&self.tmux);
        finished(run.args(["-L", &self.socket]).args(words), Duration::from_mins(1))
    }

    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat()).expect("a terminal");
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).expect("a terminal")
    }

    /// What a server said, message by message.
    fn says(&self, server: &str) -> Vec<String> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let mark = format!(" {server} <- ");
        let log = String::from_utf8_lossy(&log).into_owned();
        log.lines().filter_map(|line| Some(line.split_once(&mark)?.1.to_owned())).collect()
    }

    /// What Speclens published last.
    fn published(&self) -> Option<Value> {
        let messages = self.says("speclens").into_iter().rev();
        let mut messages = messages.filter_map(|message| serde_json::from_str::<Value>(&message).ok());
        let last = messages.find(|message| message["method"] == "textDocument/publishDiagnostics")?;
        Some(last["params"]["diagnostics"].clone())
    }

    /// Waits until Speclens' findings are these.
    fn settle(&self, expected: &[(u64, &str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(line, rule, _)| (*line, *rule)).collect();
        self.until(&format!("{expected:?}"), || {
            let published = self.published();
            let found = published.as_ref().and_then(Value::as_array).map(|list| list.iter().map(place));
            found.is_some_and(|found| found.eq(expected.iter().copied()))
        });
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(
                start.elapsed() <= Duration::from_mins(1),
                "no {what}; the last findings: {:?}\n{}",
                self.published(),
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Helix {
    fn drop(&mut self) {
        // Where the test has failed, the terminal may be gone.
        drop(self.tmux(&["kill-server"]));
    }
}
