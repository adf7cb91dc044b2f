//! What the server does beside findings and hovers: pages, links, messages, the choice of an interpreter, the trace.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and writes to the disk"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use speclens::server::Analyses;
use speclens_analysis::rule;
use speclens_environment::{Request, Variables};
use speclens_tests::protocol::{FAKE, Session, range, uri};

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capabilities").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory.canonicalize().unwrap()
}

/// An interpreter in memory, and a virtual environment of it.
fn python(session: &Session, version: &str, environment: &str) {
    let files = &session.files;
    files.write(format!("/opt/bin/python{version}"), "");
    files.write(format!("/opt/lib/python{version}/os.py"), "");
    files.write(format!("{environment}/bin/python"), "");
    files.write(format!("{environment}/pyvenv.cfg"), format!("home = /opt/bin\nversion = {version}.4\n"));
    files.add_directory(format!("{environment}/lib/python{version}/site-packages"));
}

async fn shown(session: &mut Session) -> String {
    let message = session.wait_for("a message", |message| message["method"] == "window/showMessage").await;
    message["params"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_finding_leads_to_the_page_of_its_rule() {
    let root = scratch("pages");
    let cache = root.join("cache");
    for variables in
        [vec![("XDG_CACHE_HOME", root.join("unused")), ("SPECLENS_CACHE_DIR", cache.clone())], vec![]]
    {
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let variables = variables.iter().map(|(name, path)| ((*name).to_owned(), text(path)));
        let request = Request { variables: Variables::new(variables), ..Request::default() };
        let has_cache = request.variables != Variables::default();
        fs::create_dir_all(root.join("workspace/shared")).unwrap();
        let mut session = Session::over(&root.join("workspace"), Analyses::REAL, request);
        let describes = json!({ "publishDiagnostics": { "codeDescriptionSupport": true } });
        session.initialize(json!({ "textDocument": describes })).await;
        assert!(!cache.exists(), "nothing is written before it is wanted");
        session.open("a.py", "import shared\nprint(shared.__file__ + '')\n").await;
        let found = session.published("a.py").await["diagnostics"][0].take();
        let name = found["code"].as_str().unwrap();
        if has_cache {
            let href = found["codeDescription"]["href"].as_str().unwrap();
            let page = PathBuf::from(href.strip_prefix("file://").unwrap());
            assert!(page.starts_with(cache.join("rules")) && page.ends_with(format!("{name}.md")), "{href}");
            assert_eq!(fs::read_to_string(page).unwrap(), rule(name).unwrap().page);
            assert!(!root.join("unused").exists());
        } else {
            assert_eq!(found.get("codeDescription"), None);
        }
        session.finish().await;
        let _ = fs::remove_dir_all(&cache);
    }
}

#[tokio::test]
async fn path_files_and_settings_lead_to_what_they_name() {
    let mut session = Session::start(Analyses::REAL);
    python(&session, "3.11", "/workspace/.venv");
    let site = ".venv/lib/python3.11/site-packages";
    let files = &session.files;
    files.write(format!("/workspace/{site}/hook.py"), "");
    files.write(format!("/workspace/{site}/helper/__init__.py"), "");
    files.write("/workspace/src/a.py", "");
    files.write("/workspace/lib/b.py", "");
    files.write("/workspace/speclens.toml", "[environment]\nextra-paths = [\"lib\", \"nowhere\"]\n");
    files.write("/workspace/pyproject.toml", "[tool.speclens.environment]\npython = \".venv\"\n");
    let path_file = "# comment\n../../../../src\nimport hook, helper as it; hook.run()\n/nowhere\n";
    files.write(format!("/workspace/{site}/own.pth"), path_file);
    let server = session.initialize(json!({})).await;
    assert!(server["documentLinkProvider"].is_object());

    let ask = |file: &str| json!({ "textDocument": { "uri": uri(file) } });
    let own = format!("{site}/own.pth");
    let links = session.ask("textDocument/documentLink", ask(&own)).await;
    let targets: Vec<(&Value, String)> = links
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (&link["range"], link["target"].as_str().unwrap().replace("file://", "")))
        .collect();
    let here = format!("/workspace/{site}");
    assert_eq!(
        targets,
        [
            (&range(1, 0, 1, 15), format!("{here}/../../../../src")),
            (&range(2, 7, 2, 11), format!("{here}/hook.py")),
            (&range(2, 13, 2, 19), format!("{here}/helper/__init__.py")),
        ]
    );
    // What is wrong with the file is shown in it.
    session.open(&own, path_file).await;
    let found = session.published(&own).await["diagnostics"].take();
    let lines: Vec<u64> =
        found.as_array().unwrap().iter().map(|one| one["range"]["start"]["line"].as_u64().unwrap()).collect();
    assert!(lines.contains(&3), "{found}");

    let links = session.ask("textDocument/documentLink", ask("speclens.toml")).await;
    assert_eq!(links, json!([{ "range": range(1, 15, 1, 20), "target": uri("lib") }]));
    let links = session.ask("textDocument/documentLink", ask("pyproject.toml")).await;
    assert_eq!(links[0]["target"], uri(".venv"));
    assert_eq!(session.ask("textDocument/documentLink", ask("src/a.py")).await, json!([]));
    session.finish().await;
}

#[tokio::test]
async fn a_missing_interpreter_is_told_once() {
    let mut session = Session::start(FAKE);
    session.files.write("/workspace/no-python", "");
    session.initialize(json!({})).await;
    session.open("b.py", "").await;
    session.published("b.py").await;
    assert_eq!(shown(&mut session).await, "no Python was found");
    // Nothing more is said of it, whatever changes.
    session.notify("workspace/didChangeConfiguration", json!({ "settings": { "speclens": {} } })).await;
    session.open("a.py", "__spec__").await;
    session.published("a.py").await;
    session.finish().await;
}

#[tokio::test]
async fn an_interpreter_is_chosen_for_the_session() {
    let mut session = Session::start(Analyses::REAL);
    python(&session, "3.11", "/workspace/.venv");
    python(&session, "3.12", "/workspace/other");
    session.initialize(json!({})).await;
    let choose = |python: Value| json!({ "command": "speclens.selectInterpreter", "arguments": [python, uri("a.py")] });
    assert!(version(&mut session).await.starts_with("3.11"));
    assert_eq!(session.ask("workspace/executeCommand", choose(json!("/workspace/other"))).await, Value::Null);
    assert!(version(&mut session).await.starts_with("3.12"));
    // What is not there is what the user must know.
    session.open("a.py", "").await;
    session.published("a.py").await;
    session.ask("workspace/executeCommand", choose(json!("nowhere"))).await;
    let text = shown(&mut session).await;
    assert!(text.starts_with("no Python is at /workspace/nowhere"), "{text}");
    session.ask("workspace/executeCommand", choose(Value::Null)).await;
    assert!(version(&mut session).await.starts_with("3.11"));
    let id = session.request("workspace/executeCommand", choose(json!(3))).await;
    assert_eq!(session.response(id).await["error"]["code"], -32602);
    session.finish().await;
}

#[tokio::test]
async fn each_folder_has_its_environment_and_its_settings() {
    let mut session = Session::start(FAKE);
    let folders = json!([{ "uri": uri("one"), "name": "one" }, { "uri": uri("two"), "name": "two" }]);
    let capabilities = json!({ "workspace": { "configuration": true, "workspaceFolders": true } });
    let params = json!({ "processId": null, "capabilities": capabilities, "workspaceFolders": folders });
    session.ask("initialize", params).await;
    session.notify("initialized", json!({})).await;
    let asked = session.requested("workspace/configuration").await;
    let scopes: Vec<&Value> =
        asked["params"]["items"].as_array().unwrap().iter().map(|item| &item["scopeUri"]).collect();
    assert_eq!(scopes, [&Value::Null, &json!(uri("one")), &json!(uri("two"))]);
    let answers =
        json!([{ "interpreter": ".venv" }, { "interpreter": ".venv" }, { "interpreter": "/opt/two" }]);
    session.answer(&asked, answers).await;
    for (file, python) in [("one/a.py", "/workspace/one/.venv"), ("two/a.py", "/opt/two")] {
        session.open(file, "__spec__").await;
        session.published(file).await;
        let shown = loop {
            // The answer may come after the question.
            let hover = session.hover(file, 0, 0).await;
            let shown = hover["contents"]["value"].as_str().unwrap().to_owned();
            if !shown.contains("None") {
                break shown;
            }
        };
        assert_eq!(shown, format!("__spec__\nSome({python:?}) []"));
    }
    session.finish().await;
}

#[tokio::test]
async fn an_environment_for_each_folder() {
    let mut session = Session::start(Analyses::REAL);
    python(&session, "3.11", "/workspace/one/.venv");
    python(&session, "3.12", "/workspace/two/.venv");
    let folders = json!([{ "uri": uri("one"), "name": "one" }, { "uri": uri("two"), "name": "two" }]);
    let params = json!({ "processId": null, "capabilities": {}, "workspaceFolders": folders });
    session.ask("initialize", params).await;
    session.notify("initialized", json!({})).await;
    for (folder, version) in [("one", "3.11"), ("two", "3.12")] {
        let tree = session.ask("speclens/environment", json!({ "uri": uri(folder) })).await;
        assert!(tree["interpreter"]["version"].as_str().unwrap().starts_with(version), "{tree}");
    }
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_file_elsewhere_is_followed() {
    let root = scratch("links");
    for directory in ["workspace", "first", "second"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let with_first_line = |text: &str| format!("{text}\n");
    fs::write(root.join("first/target.py"), with_first_line("a")).unwrap();
    fs::write(root.join("second/target.py"), with_first_line("abc")).unwrap();
    let link = root.join("workspace/elsewhere.py");
    std::os::unix::fs::symlink("../first/target.py", &link).unwrap();
    let mut session = Session::over(&root.join("workspace"), FAKE, Request::default());
    session
        .initialize(json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": true } } }))
        .await;
    session.open("a.py", "__spec__").await;
    until(&mut session, 1).await;
    fs::write(root.join("first/target.py"), with_first_line("ab")).unwrap();
    until(&mut session, 2).await;
    // It leads to another file, and that changes.
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../second/target.py", &link).unwrap();
    until(&mut session, 3).await;
    fs::write(root.join("second/target.py"), with_first_line("abcd")).unwrap();
    until(&mut session, 4).await;
    session.ask("shutdown", Value::Null).await;
    session.notify("exit", Value::Null).await;
    assert!(session.end().await);
}

#[tokio::test]
async fn who_wants_to_know_is_told_what_is_done_and_what_held_the_server() {
    let mut session = Session::with(json!({ "window": { "workDoneProgress": true } })).await;
    session.open("a.py", "__spec__").await;
    session.published("a.py").await;
    session.notify("$/setTrace", json!({ "value": "messages" })).await;
    session.hover("a.py", 0, 0).await;
    let is_trace = |message: &Value| message["method"] == "$/logTrace";
    let trace = session.wait_for("a trace", is_trace).await;
    let text = trace["params"]["message"].as_str().unwrap().to_owned();
    assert!(text.starts_with("hover of /workspace/a.py: "), "{text}");

    // An edit waits for work that does not stop when it is told to.
    session.change("a.py", 2, json!([{ "text": "__stubborn__ __spec__" }])).await;
    session.requested("window/workDoneProgress/create").await;
    session.change("a.py", 3, json!([{ "text": "" }])).await;
    let held = session
        .wait_for("what held it", |message| {
            let text = message["params"]["message"].as_str().unwrap_or_default();
            is_trace(message) && text.starts_with("the loop was held for ")
        })
        .await;
    let text = held["params"]["message"].as_str().unwrap();
    assert!(text.ends_with(" of it by edits that waited for the workers"), "{text}");
    session.notify("$/setTrace", json!({ "value": "off" })).await;
    session.ask("shutdown", Value::Null).await;
    session.notify("exit", Value::Null).await;
    assert!(session.end().await);
}

async fn version(session: &mut Session) -> String {
    let tree = session.ask("speclens/environment", json!({ "uri": uri("a.py") })).await;
    tree["interpreter"]["version"].as_str().unwrap().to_owned()
}

async fn until(session: &mut Session, length: u32) {
    loop {
        let found = session.published("a.py").await["diagnostics"][0].take();
        let place = &found["relatedInformation"][0]["location"];
        if place["range"] == range(0, 0, 0, length) {
            break;
        }
    }
}
