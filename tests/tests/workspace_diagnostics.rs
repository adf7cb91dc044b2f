//! The findings of the whole workspace, for clients that ask for them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and writes to the disk"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use speclens_environment::Request;
use speclens_tests::protocol::{FAKE, Session};

const FILES: usize = 250;

/// A workspace with as many files, of which every fifth has a finding.
fn workspace(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workspace_diagnostics").join(name);
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("package")).unwrap();
    let root = root.canonicalize().unwrap();
    for number in 0..FILES {
        let text = if number % 5 == 0 { "__spec__\n" } else { "\n" };
        fs::write(root.join(format!("package/file{number}.py")), text).unwrap();
    }
    fs::create_dir_all(root.join("other/venv")).unwrap();
    fs::write(root.join("other/venv/pyvenv.cfg"), "").unwrap();
    fs::write(root.join("other/venv/theirs.py"), "__spec__").unwrap();
    root
}

async fn start(name: &str) -> Session {
    let root = workspace(name);
    let mut session = Session::over(&root, FAKE, Request::default());
    let folders = json!([{ "uri": session.uri(""), "name": "workspace" }]);
    let capabilities = json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    });
    let options = json!({ "workspaceDiagnostics": true });
    let params = json!({
        "processId": null, "capabilities": capabilities, "workspaceFolders": folders,
        "initializationOptions": options,
    });
    let server = session.ask("initialize", params).await;
    assert_eq!(server["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"], true);
    session.notify("initialized", json!({})).await;
    session
}

/// The file of the session's workspace on the disk.
fn path(session: &Session, file: &str) -> PathBuf {
    PathBuf::from(session.uri(file).strip_prefix("file://").unwrap())
}

/// What a client keeps: the result of each file.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    fn params(&self) -> Value {
        let known = self.0.iter().map(|(uri, value)| json!({ "uri": uri, "value": value }));
        json!({ "previousResultIds": known.collect::<Value>() })
    }

    /// The files of the report that have findings, and those that have none now.
    fn take(&mut self, report: &Value) -> (Vec<String>, Vec<String>) {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for item in report["items"].as_array().unwrap() {
            let uri = item["uri"].as_str().unwrap().to_owned();
            if let Some(id) = item["resultId"].as_str() {
                self.0.insert(uri.clone(), id.to_owned());
            } else {
                self.0.remove(&uri);
            }
            if item["kind"] == "full" {
                let found = item["items"].as_array().unwrap();
                if found.is_empty() { without.push(uri) } else { with.push(uri) }
            }
        }
        (with, without)
    }
}

async fn end(mut session: Session) {
    session.ask("shutdown", Value::Null).await;
    session.notify("exit", Value::Null).await;
    assert!(session.end().await);
}

#[tokio::test]
async fn all_files_are_told_and_then_what_changes() {
    let mut session = start("changes").await;
    let mut known = Known::default();
    let report = session.ask("workspace/diagnostic", known.params()).await;
    let (with, without) = known.take(&report);
    assert_eq!((with.len(), without.len()), (FILES / 5, FILES - FILES / 5));
    assert!(with.contains(&session.uri("package/file0.py")), "{with:?}");

    // Who asks again waits for a change, and is told of no more than that.
    let again = session.request("workspace/diagnostic", known.params()).await;
    fs::write(path(&session, "package/file1.py"), "__spec__").unwrap();
    fs::write(path(&session, "package/file0.py"), "").unwrap();
    let mut told = known.take(&session.response(again).await["result"]);
    while told.0.is_empty() || told.1.is_empty() {
        // The second change may be seen after the first.
        let report = session.ask("workspace/diagnostic", known.params()).await;
        let (with, without) = known.take(&report);
        told.0.extend(with);
        told.1.extend(without);
    }
    assert_eq!(told, (vec![session.uri("package/file1.py")], vec![session.uri("package/file0.py")]));

    // New files in a directory that had none, and files that go.
    let again = session.request("workspace/diagnostic", known.params()).await;
    fs::create_dir(path(&session, "new")).unwrap();
    fs::write(path(&session, "new/file.py"), "__spec__").unwrap();
    fs::remove_file(path(&session, "package/file5.py")).unwrap();
    let mut told = known.take(&session.response(again).await["result"]);
    while told.0.is_empty() || told.1.is_empty() {
        let report = session.ask("workspace/diagnostic", known.params()).await;
        let (with, without) = known.take(&report);
        told.0.extend(with);
        told.1.extend(without);
    }
    assert_eq!(told, (vec![session.uri("new/file.py")], vec![session.uri("package/file5.py")]));
    end(session).await;
}

#[tokio::test]
async fn parts_come_before_the_answer() {
    let mut session = start("parts").await;
    let mut known = Known::default();
    let mut params = known.params();
    params["partialResultToken"] = "part".into();
    let id = session.request("workspace/diagnostic", params).await;
    let (mut files, mut parts) = (0, 0);
    loop {
        let message = session
            .wait_for("a part", |message| message["method"] == "$/progress" || message["id"] == id)
            .await;
        if message["id"] == id {
            assert_eq!(message["result"]["items"], json!([]));
            break;
        }
        assert_eq!(message["params"]["token"], "part");
        let (with, without) = known.take(&message["params"]["value"]);
        files += with.len() + without.len();
        parts += 1;
    }
    assert_eq!(files, FILES);
    assert!(parts > 1, "{parts}");
    end(session).await;
}

#[tokio::test]
async fn it_waits_for_all_else_and_can_be_cancelled() {
    let mut session = start("slow").await;
    for number in 0..20 {
        fs::write(path(&session, &format!("package/slow{number}.py")), "__slow__").unwrap();
    }
    session.open("a.py", "__spec__").await;
    let id = session.request("workspace/diagnostic", Known::default().params()).await;
    // It does not end, and is in nobody's way.
    for version in 2..20 {
        session.change("a.py", version, json!([{ "text": format!("{version}\n__spec__") }])).await;
        let document = json!({ "textDocument": { "uri": session.uri("a.py") } });
        let report = session.ask("textDocument/diagnostic", document).await;
        assert_eq!(report["items"][0]["range"]["start"]["line"], 1);
    }
    session.notify("$/cancelRequest", json!({ "id": id })).await;
    assert_eq!(session.response(id).await["error"]["code"], -32800);

    // Nothing is left of it.
    for number in 0..20 {
        fs::remove_file(path(&session, &format!("package/slow{number}.py"))).unwrap();
    }
    let report = session.ask("workspace/diagnostic", Known::default().params()).await;
    let (with, _) = Known::default().take(&report);
    assert_eq!(with.len(), FILES / 5);
    end(session).await;
}
