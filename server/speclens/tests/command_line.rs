//! The program as its users run it: arguments in, text and exit codes out.
#![expect(clippy::disallowed_methods, reason = "tests make files and start processes")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use speclens_analysis::RULES;

/// No run of the program takes as long as this.
const LIMIT: Duration = Duration::from_mins(1);

/// All commands that a user sees.
const COMMANDS: [&str; 12] = [
    "server",
    "check",
    "explain",
    "env",
    "rule",
    "schema",
    "resolve",
    "effects",
    "graph",
    "verify",
    "completions",
    "man",
];

/// A directory of its own for one test, removed at its end.
struct Place(PathBuf);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command_line").join(name);
        fs::create_dir_all(&root).unwrap();
        let place = Self(root.canonicalize().unwrap());
        for (path, text) in files {
            let path = place.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.0)
            .env("SPECLENS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .env_remove("PYTHONPATH")
            .env_remove("VIRTUAL_ENV")
            .env_remove("NO_COLOR");
        command
    }

    /// Runs the program without any Python in reach: what it says then is the same on every machine.
    fn speclens(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_speclens"));
        command.args(arguments).env_clear().env("HOME", &self.0);
        Run::of(command, "")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(mut command: Command, input: &str) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        let Output { status, stdout, stderr } = receiver.recv_timeout(LIMIT).expect("in time").unwrap();
        Self {
            code: status.code(),
            out: String::from_utf8(stdout).unwrap().replace("\r\n", "\n"),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

#[test]
fn help_names_every_command() {
    let place = Place::new(&[]);
    let help = place.speclens(&["--help"]);
    assert_eq!(help.code, Some(0));
    for command in COMMANDS {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command} in {}", help.out);
        assert_eq!(place.speclens(&[command, "--help"]).code, Some(0), "{command}");
    }
}

#[test]
fn the_version_tells_builds_apart() {
    let place = Place::new(&[]);
    let version = concat!("speclens ", env!("CARGO_PKG_VERSION"));
    assert_eq!(place.speclens(&["-V"]).out, format!("{version}\n"));
    let long = place.speclens(&["--version"]).out;
    let build = long.strip_prefix(version).and_then(|rest| rest.trim_end().strip_prefix(" ("));
    let build = build.and_then(|rest| rest.strip_suffix(')')).unwrap_or_else(|| panic!("{long}"));
    // Commit and platform; the commit is left out where it is not known.
    let platform = build.rsplit(", ").next().unwrap();
    assert!(platform.split('-').count() >= 3 && platform.contains(std::env::consts::ARCH), "{long}");
}

#[test]
fn bash_completes_commands_and_values() {
    let place = Place::new(&[]);
    let script = place.speclens(&["completions", "bash"]);
    assert_eq!(script.code, Some(0), "{script:?}");
    fs::write(place.0.join("speclens.bash"), &script.out).unwrap();
    for (words, expected) in [("speclens expl", "explain"), ("speclens check --output-format sa", "sarif")] {
        let ask = format!(
            "source ./speclens.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _speclens speclens \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; \
             echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = place.command("bash");
        bash.args(["--noprofile", "--norc", "-c", &ask]);
        let run = Run::of(bash, "");
        assert_eq!(run.out.trim(), expected, "{words}: {run:?}");
    }
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        let script = place.speclens(&["completions", shell]).out;
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_of_each_command() {
    let place = Place::new(&[]);
    let page = place.speclens(&["man"]).out;
    assert!(page.contains(".TH speclens 1"), "{page}");
    assert!(COMMANDS.iter().all(|command| page.contains(&format!("speclens\\-{command}(1)"))), "{page}");
    for command in COMMANDS {
        let page = place.speclens(&["man", command]).out;
        assert!(page.contains(&format!(".TH speclens-{command} 1")), "{page}");
    }
    assert_eq!(place.speclens(&["man", "no-such-command"]).code, Some(2));
}

#[test]
fn what_cannot_be_run_is_exit_code_2_and_says_why() {
    let place = Place::new(&[]);
    for (arguments, why) in [
        (&["check", "no/such/path"][..], "no/such/path: no such file or directory"),
        (&["check", "--output-format", "xml"], "invalid value 'xml'"),
        (&["check", "--python-version", "2.7"], "a version of Python 3"),
        (&["check", "--python", "no/such/python"], "no/such/python: there is no such file"),
        (&["explain"], "<MODULE>"),
        (&["explain", "a..b"], "not the absolute name"),
        (&["resolve"], "<MODULE>"),
        (&["rule", "no-such-rule"], "import-raises"),
        (&["no-such-command"], "no-such-command"),
        (&[], "Usage"),
    ] {
        let run = place.speclens(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        assert!(run.err.contains(why), "{arguments:?}: {run:?}");
        assert_eq!(run.out, "", "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new(&[]);
    for (before, code) in [("check", 2), ("explain", 2), ("resolve", 2)] {
        let mut command = place.command(env!("CARGO_BIN_EXE_speclens"));
        command.arg(before).arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
        let run = Run::of(command, "");
        assert_eq!(run.code, Some(code), "{before}: {run:?}");
        assert!(!run.err.contains("panicked"), "{run:?}");
    }
}

#[test]
fn a_clean_check() {
    let place = Place::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/a.py", "import pkg\n"),
        ("node_modules/b.py", ""),
        (".hidden/c.py", ""),
        ("venv/pyvenv.cfg", ""),
        ("venv/lib/d.py", ""),
        (".git/HEAD", ""),
        (".gitignore", "generated\n"),
        ("generated/e.py", ""),
        ("types.pyi", ""),
        ("notes.txt", ""),
    ]);
    let run = place.speclens(&["check"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.starts_with("nothing to report in 2 files (CPython 3."), "{run:?}");
    assert_eq!(run.err.matches("no Python was found").count(), 1, "{run:?}");
    let quiet = place.speclens(&["check", "-q", "pkg/a.py", "pkg"]);
    assert_eq!((quiet.code, quiet.out.as_str()), (Some(0), ""), "{quiet:?}");
    assert_eq!(place.speclens(&["check", "--output-format", "json"]).json(), Value::Array(vec![]));
    let sarif = place.speclens(&["check", "--output-format", "sarif"]).json();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), RULES.len());
}

#[test]
fn resolve_answers_in_json_lines() {
    let place = Place::new(&[("ns/mod.py", ""), ("pkg/__init__.py", ""), ("pkg/sub.py", "")]);
    let run = place.speclens(&["resolve", "ns", "pkg.sub", "sys", "no.such", ""]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "found", "loader", "origin", "has_location", "cached", "locations"]);
    assert_eq!((&lines[0]["found"], &lines[0]["loader"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(lines[0]["locations"][0], place.0.join("ns").to_str().unwrap());
    assert_eq!(lines[1]["origin"], place.0.join("pkg/sub.py").to_str().unwrap());
    assert_eq!(lines[2]["loader"], "BuiltinImporter");
    assert_eq!((&lines[3]["found"], &lines[4]["found"]), (&Value::Bool(false), &Value::Bool(false)));

    let isolated = place.speclens(&["resolve", "--isolated", "pkg"]);
    assert_eq!(isolated.json()["found"], false, "{isolated:?}");
    let all = place.speclens(&["resolve", "--all"]).out;
    for name in ["ns", "ns.mod", "pkg", "pkg.sub", "sys", "json.decoder"] {
        assert!(all.contains(&format!("{{\"name\":\"{name}\",\"found\":true")), "{name}");
    }
    let mut command = place.command(env!("CARGO_BIN_EXE_speclens"));
    command.args(["resolve", "--stdin"]);
    assert_eq!(Run::of(command, "pkg\n\nns\r\n").out.lines().count(), 2);
}

#[test]
fn explain_says_what_the_import_does() {
    let replaces = "import sys, types\nsys.modules[__name__] = types.ModuleType(__name__)\n";
    let probes = "from importlib.util import find_spec\nhas_lazy = find_spec('lazy') is not None\n";
    let changes = "import sys\nsys.path.append('/nowhere')\n";
    let place = Place::new(&[("lazy.py", replaces), ("probe.py", probes), ("paths.py", changes)]);
    let explain = |arguments: &[&str]| {
        place.speclens(&[&["explain"], arguments, &["--format", "json"]].concat()).json()
    };
    let lazy = explain(&["lazy"]);
    assert_eq!(
        (&lazy["imported"]["state"], &lazy["imported"]["spec"]),
        (&"another object".into(), &"none".into())
    );
    assert_eq!(lazy["imported"]["evidence"][0]["line"], 2);
    assert_eq!(explain(&["probe"])["imported"]["state"], "as found");
    let paths = explain(&["paths"]);
    assert_eq!(
        (&paths["changes"][0]["line"], &paths["changes"][0]["what"]),
        (&2.into(), &"changes sys.path".into())
    );
    assert_eq!(explain(&["probe", "--after", "paths"])["changes"], serde_json::json!([]));
    let after = explain(&["probe", "--after", "lazy"]);
    assert_eq!(after["imported"]["exception"], "ValueError: lazy.__spec__ is None");
    assert_eq!(after["certainty"], "certain");
}

#[test]
fn explain_shows_kind_spec_and_losers() {
    let place = Place::new(&[("ns/mod.py", ""), ("a/twice.py", ""), ("b/twice/__init__.py", "")]);
    let ns = place.speclens(&["explain", "ns", "--format", "json"]).json();
    assert_eq!((&ns["kind"], &ns["certainty"]), (&"namespace package".into(), &"certain".into()));
    assert_eq!((&ns["spec"]["name"], &ns["module"]["__file__"]), (&"'ns'".into(), &"None".into()));
    assert_eq!(ns["spec_before_import"]["loader"], "None");
    assert_eq!(ns["spec"]["loader"], "<_frozen_importlib_external.NamespaceLoader object>");

    let twice = ["explain", "twice", "--extra-path", "a", "--extra-path", "b"];
    let json = place.speclens(&[&twice[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["kind"], "module");
    let text = place.speclens(&twice).out;
    assert!(text.contains("Passed over\n  b/twice/__init__.py\n"), "{text}");

    let missing = place.speclens(&["explain", "no_such_module"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.out.contains("ModuleNotFoundError: No module named 'no_such_module'"), "{missing:?}");
    // The finders do not know it, and yet it can be imported.
    let path = place.speclens(&["explain", "os.path"]);
    assert!(path.out.contains("os.path.__spec__.name is 'posixpath'"), "{path:?}");
    assert!(!path.out.contains("raises"), "{path:?}");
}

#[test]
fn env_and_rule_in_both_formats() {
    let place = Place::new(&[]);
    let env = place.speclens(&["env", "--python-version", "3.9", "--format", "json"]).json();
    assert_eq!(env["interpreter"]["version"], "3.9");
    assert!(env["meta_path"].as_array().unwrap().len() >= 3, "{env}");
    assert!(place.speclens(&["env"]).out.contains("Search path (sys.path)"));
    let list = place.speclens(&["rule"]).out;
    for rule in RULES {
        assert!(list.contains(rule.name));
        assert_eq!(place.speclens(&["rule", rule.name]).out, rule.page);
    }
    assert_eq!(place.speclens(&["rule", "--format", "json"]).json().as_array().unwrap().len(), RULES.len());
}

#[cfg(unix)]
#[test]
fn colour_is_for_terminals_and_a_closed_pipe_is_no_panic() {
    let place = Place::new(&[]);
    assert!(!place.speclens(&["env"]).out.contains('\x1b'));
    assert!(place.speclens(&["env", "--color", "always"]).out.contains('\x1b'));
    let mut command = place.command("sh");
    let program = env!("CARGO_BIN_EXE_speclens");
    command.args(["-c", &format!("'{program}' resolve --all | head -n 1")]);
    let run = Run::of(command, "");
    assert_eq!(run.out.lines().count(), 1, "{run:?}");
    assert!(!run.err.contains("panicked"), "{run:?}");
}

/// The interpreters in reach: of 3.8 and newer, since the pages describe these.
fn interpreters() -> Vec<(String, PathBuf)> {
    let mut programs: Vec<PathBuf> = ["python3", "python3.14", "python3.15"].map(PathBuf::from).into();
    if let Ok(output) = Command::new("pyenv").arg("root").output() {
        let versions = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("versions");
        let versions = fs::read_dir(versions).into_iter().flatten().flatten();
        programs.extend(versions.map(|version| version.path().join("bin/python")));
    }
    let code = "import sys; print(sys.version.split()[0]) if sys.version_info >= (3, 8) else sys.exit(1)";
    let mut found = Vec::new();
    for program in programs {
        if let Ok(output) = Command::new(&program).args(["-c", code]).output()
            && output.status.success()
        {
            found.push((String::from_utf8_lossy(&output.stdout).trim().to_owned(), program));
        }
    }
    found
}

/// The fenced blocks of a page, by their language.
fn fences<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let open = format!("```{language}\n");
    page.split(&open).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The commands of a console, each with what it prints.
fn commands(console: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in console.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, expected))) => expected.extend([line, "\n"]),
            (None, None) => panic!("{line} comes before a command"),
        }
    }
    commands
}

#[test]
fn the_examples_of_the_rules_do_what_their_pages_say() {
    let interpreters = interpreters();
    if interpreters.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "no Python to run the examples with");
        // What a passing test prints is not shown; this is.
        let test = "the_examples_of_the_rules_do_what_their_pages_say";
        let _ = writeln!(std::io::stderr(), "skipped: {test}: there is no Python");
        return;
    }
    for rule in RULES {
        let files: Vec<(&str, &str)> = fences(rule.page, "python")
            .into_iter()
            .map(|text| (text.lines().next().unwrap().trim_start_matches("# "), text))
            .collect();
        let runs = fences(rule.page, "console");
        assert!(files.is_empty() || !runs.is_empty(), "{} shows no run", rule.name);
        let place = Place::new(&files);
        for (version, python) in &interpreters {
            for (command, expected) in runs.iter().flat_map(|run| commands(run)) {
                let (program, arguments) = command.split_once(' ').expect("a program and its arguments");
                let only = program.strip_prefix("python").expect("a run of python");
                if !only.is_empty() && !version.starts_with(&format!("{only}.")) && version != only {
                    continue;
                }
                let arguments = arguments.split(' ');
                let mut process = place.command(python);
                process.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONIOENCODING", "utf-8");
                let ran = Run::of(process, "");
                // Of a traceback the page shows the last line.
                let last = ran.err.lines().last().map(|last| {
                    // A guess that newer versions add.
                    let last = last.split(". Did you mean").next().unwrap_or(last);
                    format!("{last}\n")
                });
                let seen = ran.out + last.as_deref().unwrap_or("");
                assert_eq!(seen, expected, "{} with Python {version}", rule.name);
            }
        }
        println!(
            "{}: {}",
            rule.name,
            interpreters.iter().map(|(version, _)| &**version).collect::<Vec<_>>().join(", ")
        );
    }
}
