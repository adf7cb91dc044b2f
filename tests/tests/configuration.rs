//! Settings, as the command and the server obey them; fixes, as they are applied; SARIF, as its schema wants it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use speclens::server::Analyses;
use speclens_tests::clients::{command, repository, speclens};
use speclens_tests::interpreters::interpreters;
use speclens_tests::process::output_within;
use speclens_tests::protocol::{Session, range, uri};

/// Reads None, and fails on it.
const READ: &str = "import ns\nx = ns.__file__ + ''\n";

/// A directory with files, fresh for each test.
struct Place(PathBuf);

impl Place {
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("configuration").join(test);
        drop(fs::remove_dir_all(&root));
        fs::create_dir_all(root.join("ns")).unwrap();
        let place = Self(root.canonicalize().unwrap());
        place.write("ns/inner.py", "");
        for (path, text) in files {
            place.write(path, text);
        }
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    /// Runs the program without any Python in reach, and gives its exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let program = speclens().unwrap_or_else(|problem| panic!("{problem}"));
        let mut command = command(program);
        command.env_clear().current_dir(&self.0).args(arguments);
        let output = output_within(&mut command, Duration::from_mins(1)).expect("an end");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn check(&self, arguments: &[&str]) -> Vec<Value> {
        let all = [&["check", "-q", "--output-format", "json"], arguments].concat();
        let (_, out, err) = self.run(&all);
        let found: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
        found.as_array().unwrap().clone()
    }

    /// Name of the file, rule and severity of each finding.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let told = |finding: &Value| {
            let file = Path::new(finding["file"].as_str().unwrap()).strip_prefix(&self.0).unwrap();
            let (rule, severity) = (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap());
            format!("{}: {rule} {severity}", file.display())
        };
        self.check(arguments).iter().map(told).collect()
    }

    /// Applies a fix as a client of the JSON output would.
    fn apply(fix: &Value) {
        for edit in fix["edits"].as_array().unwrap().iter().rev() {
            let file = Path::new(edit["file"].as_str().unwrap());
            let before = fs::read_to_string(file).unwrap_or_default();
            let at = |position: &Value| {
                let number = |name: &str| usize::try_from(position[name].as_u64().unwrap()).unwrap() - 1;
                let start: usize = before.split_inclusive('\n').take(number("line")).map(str::len).sum();
                before[start..]
                    .char_indices()
                    .nth(number("column"))
                    .map_or(before.len(), |(at, _)| start + at)
            };
            let (start, end) = (at(&edit["range"]["start"]), at(&edit["range"]["end"]));
            let text = edit["text"].as_str().unwrap();
            fs::write(file, format!("{}{text}{}", &before[..start], &before[end..])).unwrap();
        }
    }
}

/// The fix of a finding whose title starts so.
fn fix<'f>(finding: &'f Value, title: &str) -> &'f Value {
    let fixes = finding["fixes"].as_array().unwrap();
    fixes.iter().find(|fix| fix["title"].as_str().unwrap().starts_with(title)).expect("the fix")
}

#[test]
fn rules_are_set_by_name_and_by_file() {
    let place = Place::new("rules", &[("a.py", READ), ("tests/a.py", READ), ("gen/a.py", READ)]);
    place.write("tests/ns/inner.py", "");
    place.write("gen/ns/inner.py", "");
    let both = |severity: &str| {
        vec![
            format!("a.py: namespace-without-file {severity}"),
            format!("tests/a.py: namespace-without-file {severity}"),
        ]
    };
    place.write("pyproject.toml", "[tool.speclens]\nexclude = ['gen']\n");
    let as_built_in = place.found(&[]);
    assert_eq!(as_built_in.len(), 2, "{as_built_in:?}");
    place.write("speclens.toml", "exclude = ['gen']\n[rules]\nnamespace-without-file = 'hint'\n");
    assert_eq!(place.found(&[]), both("hint"));
    place.write(
        "speclens.toml",
        "exclude = ['gen']\n[rules]\nnamespace-without-file = 'hint'\n[per-file.tests]\nnamespace-without-file = 'ignore'\n",
    );
    assert_eq!(place.found(&[]), both("hint")[..1]);
    assert_eq!(place.found(&["tests"]), [] as [&str; 0], "the file above counts");
    assert_eq!(place.found(&["gen/a.py"]).len(), 1, "what is named is looked at");
}

#[test]
fn the_command_line_wins_over_the_file() {
    let place = Place::new("environment", &[]);
    place.write(
        "pyproject.toml",
        "[tool.speclens.environment]\npython-version = '3.9'\nextra-paths = ['vendor']\n",
    );
    place.write("vendor/only_there.py", "");
    let version = |arguments: &[&str]| {
        let (_, out, _) = place.run(&[&["env", "--format", "json"], arguments].concat());
        let environment: Value = serde_json::from_str(&out).unwrap();
        environment.to_string()
    };
    assert!(version(&[]).contains("\"3.9\""), "{}", version(&[]));
    assert!(version(&["--python-version", "3.12"]).contains("\"3.12\""));
    let resolved = |arguments: &[&str]| place.run(&[&["resolve", "only_there"], arguments].concat()).1;
    assert!(resolved(&[]).contains("\"found\":true"), "{}", resolved(&[]));
    assert!(resolved(&["--extra-path", "ns"]).contains("\"found\":false"));
}

#[test]
fn what_is_wrong_is_found_and_is_not_fatal() {
    let place = Place::new("invalid", &[("a.py", READ)]);
    place.write("speclens.toml", "# é\nrulse = 1\n[rules]\nnamespace-without-file = 'hint'\n");
    let found = place.check(&[]);
    assert_eq!(
        place.found(&[]),
        ["a.py: namespace-without-file hint", "speclens.toml: invalid-configuration warning"]
    );
    assert_eq!(
        found[1]["range"],
        json!({ "start": { "line": 2, "column": 1 }, "end": { "line": 2, "column": 6 } })
    );
    Place::apply(fix(&found[1], "Write `rules`"));
    assert_eq!(place.read("speclens.toml").lines().nth(1), Some("rules = 1"));
    for broken in ["[", "[rules\nx", "\u{0}", "rules = 1", "tool = {}\n[rules.x]\n"] {
        place.write("speclens.toml", broken);
        let (code, out, err) = place.run(&["check", "--output-format", "concise"]);
        assert_eq!(code, Some(1), "{broken:?}: {err}");
        assert!(out.contains("speclens.toml:1:") || out.contains("speclens.toml:2:"), "{broken:?}: {out}");
        assert!(out.contains("a.py:2:"), "{broken:?}: {out}");
    }
}

#[test]
fn exit_zero_is_for_findings_only() {
    let place = Place::new("exit_zero", &[("a.py", READ)]);
    assert_eq!(place.run(&["check"]).0, Some(1));
    let (code, out, _) = place.run(&["check", "--exit-zero"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("namespace-without-file"));
    assert_eq!(place.run(&["check", "--exit-zero", "missing.py"]).0, Some(2));
}

#[test]
fn safe_fixes_are_applied_and_no_others() {
    let text = "\u{feff}import ns\r\nx = 1  # speclens: ignore[nonsense, import-raises]\r\n\
                y = ns.__file__ + ''  # speclens: ignore[import-raises, namespace-without-file]\r\n\
                z = ns.__file__ + 'é'\r\n# speclens: ignore\r\n";
    let place = Place::new("fix", &[("a.py", text)]);
    place.write("speclens.toml", "[rules]\nimport-rises = 'hint'\n");
    let latin = [b"# coding: latin-1\nx = '\xe9'  # speclens: ignore\n".as_slice()].concat();
    fs::write(place.0.join("latin.py"), &latin).unwrap();
    let (code, out, err) = place.run(&["check", "--fix", "--output-format", "concise"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("applied 4 fixes"), "{err}");
    assert_eq!(
        place.read("a.py"),
        "\u{feff}import ns\r\nx = 1\r\ny = ns.__file__ + ''  # speclens: ignore[namespace-without-file]\r\n\
         z = ns.__file__ + 'é'\r\n"
    );
    assert_eq!(place.read("speclens.toml"), "[rules]\nimport-rises = 'hint'\n", "a guess is not safe");
    assert_eq!(fs::read(place.0.join("latin.py")).unwrap(), latin, "another encoding is left alone");
    assert_eq!(out.matches("namespace-without-file").count(), 1, "{out}");
    let (_, _, err) = place.run(&["check", "--fix", "a.py"]);
    assert!(err.contains("applied 0 fixes"), "{err}");
}

#[test]
fn a_suppression_applied_removes_its_finding_and_the_code_runs_as_before() {
    let text = "import ns\ntry:\n    x = ns.__file__ + ''  # noqa\nfinally:\n    print('ran')\n";
    for title in ["Ignore `namespace-without-file` on this line", "Turn `namespace-without-file` off in"] {
        for configuration in [None, Some(("pyproject.toml", "[tool.speclens]\nexclude = []\n"))] {
            let place = Place::new("suppressed", &[("a.py", text)]);
            if let Some((file, text)) = configuration {
                place.write(file, text);
            }
            let found = place.check(&[]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(fix(&found[0], title)["safe"], false);
            Place::apply(fix(&found[0], title));
            assert_eq!(place.check(&[]), [] as [Value; 0], "{title}");
            assert_eq!(
                place.0.join("speclens.toml").exists(),
                configuration.is_none() && title.starts_with("Turn")
            );
            if let Some(interpreter) = interpreters().last() {
                let mut python = command(&interpreter.program);
                let output = output_within(python.arg("a.py").current_dir(&place.0), Duration::from_mins(1));
                assert_eq!(output.expect("an end").stdout, b"ran\n");
            }
        }
    }
}

#[test]
fn sarif_is_as_its_schema_wants_it() {
    let schema = fs::read_to_string(repository().join("tests/schemas/sarif-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let place = Place::new("sarif", &[("a b/é.py", READ), ("clean/a.py", "")]);
    place.write("a b/ns/inner.py", "");
    place.write("speclens.toml", "[rules]\nimport-rises = 'hint'\n");
    for paths in [&["."][..], &["a b"], &["clean/a.py"]] {
        let (_, out, err) = place.run(&[&["check", "--output-format", "sarif"], paths].concat());
        let log: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
        let problems: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(problems, [] as [&str; 0]);
    }
    // The check is worth something: a log that is none does not pass.
    assert!(!validator.is_valid(&json!({ "version": "2.1.0", "runs": [{ "results": 1 }] })));
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let place = Place::new("schema", &[]);
    let (code, printed, _) = place.run(&["schema"]);
    assert_eq!(code, Some(0));
    let kept = fs::read_to_string(repository().join("speclens.schema.json")).unwrap();
    assert_eq!(kept.replace("\r\n", "\n"), printed, "speclens schema > speclens.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(&printed).unwrap()).unwrap();
    let is_valid = |toml: &str| {
        let table: toml::Table = toml.parse().unwrap();
        validator.is_valid(&serde_json::to_value(table).unwrap())
    };
    for right in [
        "",
        "exclude = ['a']\n[rules]\nimport-raises = 'ignore'\n[launch]\n'*.py' = 'module'\n",
        "[environment]\npython = '.venv'\npython-version = '3.12.1'\nextra-paths = []\nisolated = false\n",
        "[per-file.'tests/**']\nunused-ignore = 'hint'\n",
    ] {
        assert!(is_valid(right), "{right}");
    }
    for wrong in [
        "rulse = {}",
        "rules.nonsense = 'hint'",
        "rules.import-raises = 'warn'",
        "environment.python-version = '2.7'",
        "launch.'*.py' = 'program'",
        "per-file.'*'.import-raises = 1",
        "exclude = 'a'",
    ] {
        assert!(!is_valid(wrong), "{wrong}");
    }
}

// The server.

async fn start(options: Value, capabilities: Value) -> Session {
    let mut session = Session::start(Analyses::REAL);
    session.files.write("/workspace/ns/inner.py", "");
    let params = json!({
        "processId": null, "capabilities": capabilities, "rootUri": uri(""), "initializationOptions": options,
    });
    session.ask("initialize", params).await;
    session.notify("initialized", json!({})).await;
    session
}

/// Rule and severity of each diagnostic.
fn told(published: &Value) -> Vec<(String, u64)> {
    let diagnostics = published["diagnostics"].as_array().unwrap().iter();
    diagnostics
        .map(|found| (found["code"].as_str().unwrap().to_owned(), found["severity"].as_u64().unwrap()))
        .collect()
}

fn without_file(severity: u64) -> Vec<(String, u64)> {
    vec![("namespace-without-file".to_owned(), severity)]
}

fn set(level: &str) -> Value {
    json!({ "rules": { "namespace-without-file": level } })
}

#[tokio::test]
async fn an_edited_configuration_counts_at_once() {
    let mut session = start(Value::Null, json!({})).await;
    session.open("a.py", READ).await;
    let as_built_in = told(&session.published("a.py").await);
    assert_eq!(as_built_in.len(), 1);
    session.open("speclens.toml", "[rules]\nnamespace-without-file = 'hint'\n").await;
    assert_eq!(session.published("speclens.toml").await["diagnostics"], json!([]));
    assert_eq!(told(&session.published("a.py").await), without_file(4));
    let change = json!([{ "range": range(1, 0, 1, 22), "text": "namespace-without-fil" }]);
    session.change("speclens.toml", 2, change).await;
    let published = session.published("speclens.toml").await;
    assert_eq!(published["diagnostics"][0]["code"], "invalid-configuration");
    assert_eq!(published["diagnostics"][0]["range"], range(1, 0, 1, 21));
    assert_eq!(told(&session.published("a.py").await), as_built_in);
    // A configuration that is written by another program.
    session.files.write("/workspace/speclens.toml", "exclude = ['*.py']\n");
    let closed = json!({ "textDocument": { "uri": uri("speclens.toml") } });
    session.notify("textDocument/didClose", closed).await;
    assert_eq!(session.published("a.py").await["diagnostics"], json!([]));
    assert_eq!(session.published("speclens.toml").await["diagnostics"], json!([]));
    session.finish().await;
}

#[tokio::test]
async fn the_editor_wins_over_the_file() {
    let mut session = start(set("error"), json!({})).await;
    session.files.write("/workspace/speclens.toml", "[rules]\nnamespace-without-file = 'hint'\n");
    session.open("a.py", READ).await;
    assert_eq!(told(&session.published("a.py").await), without_file(1));
    let settings = json!({ "settings": { "speclens": set("information") } });
    session.notify("workspace/didChangeConfiguration", settings).await;
    assert_eq!(told(&session.published("a.py").await), without_file(3));
    let settings = json!({ "settings": { "speclens": {} } });
    session.notify("workspace/didChangeConfiguration", settings).await;
    assert_eq!(told(&session.published("a.py").await), without_file(4));
    session.finish().await;
}

#[tokio::test]
async fn a_client_that_can_be_asked_is_asked() {
    let capabilities = json!({ "workspace": {
        "configuration": true, "didChangeConfiguration": { "dynamicRegistration": true },
    }});
    let mut session = start(set("error"), capabilities).await;
    let registered = session.requested("client/registerCapability").await;
    let registration = &registered["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeConfiguration");
    assert_eq!(registration["registerOptions"]["section"], "speclens");
    session.answer(&registered, Value::Null).await;
    let asked = session.requested("workspace/configuration").await;
    assert_eq!(asked["params"]["items"][0]["section"], "speclens");
    session.answer(&asked, json!([null])).await;
    session.open("a.py", READ).await;
    assert_eq!(told(&session.published("a.py").await), without_file(1), "what it said at first");
    for (level, severity) in [("information", 3), ("hint", 4)] {
        session.notify("workspace/didChangeConfiguration", json!({ "settings": null })).await;
        let asked = session.requested("workspace/configuration").await;
        session.answer(&asked, json!([set(level)])).await;
        assert_eq!(told(&session.published("a.py").await), without_file(severity));
    }
    session.finish().await;
}

#[tokio::test]
async fn a_fix_makes_a_file_where_the_client_can() {
    for can in [true, false] {
        let edit = json!({ "documentChanges": true, "resourceOperations": if can { vec!["create"] } else { vec![] } });
        let mut session = start(Value::Null, json!({ "workspace": { "workspaceEdit": edit } })).await;
        session.open("a.py", READ).await;
        session.published("a.py").await;
        let params = json!({
            "textDocument": { "uri": uri("a.py") }, "range": range(1, 5, 1, 5), "context": { "diagnostics": [] },
        });
        let actions = session.ask("textDocument/codeAction", params).await;
        let titled = |title: &str| {
            let mut actions = actions.as_array().unwrap().iter();
            actions.find(|action| action["title"].as_str().unwrap().starts_with(title))
        };
        let here = titled("Ignore `namespace-without-file` on this line").expect("it needs no new file");
        assert_eq!(
            here["edit"]["changes"][uri("a.py")],
            json!([{ "range": range(1, 20, 1, 20), "newText": "  # speclens: ignore[namespace-without-file]" }])
        );
        let new = titled("Turn `namespace-without-file` off in a new speclens.toml");
        assert_eq!(new.is_some(), can);
        if let Some(new) = new {
            assert_eq!(
                new["edit"]["documentChanges"],
                json!([
                    { "kind": "create", "uri": uri("speclens.toml"), "options": { "ignoreIfExists": true } },
                    {
                        "textDocument": { "uri": uri("speclens.toml"), "version": null },
                        "edits": [{
                            "range": range(0, 0, 0, 0), "newText": "[rules]\nnamespace-without-file = \"ignore\"\n",
                        }],
                    },
                ])
            );
        }
        session.finish().await;
    }
}
