//! Notebooks: cells that are one program, in their order, each a document of its own to the client.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use serde_json::{Value, json};
use speclens::server::Analyses;
use speclens_tests::protocol::{FAKE, Session, range, uri};

/// The URI of a cell of `book.ipynb`.
fn cell(name: &str) -> String {
    format!("vscode-notebook-cell:/workspace/book.ipynb#{name}")
}

fn text(name: &str, text: &str) -> Value {
    json!({ "uri": cell(name), "languageId": "python", "version": 1, "text": text })
}

/// The cells with these names.
fn code(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "kind": 2, "document": cell(name) })).collect()
}

async fn open(session: &mut Session, cells: &[(&str, &str)]) {
    let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
    let texts: Value = cells.iter().map(|(name, content)| text(name, content)).collect();
    let notebook = json!({
        "uri": uri("book.ipynb"), "notebookType": "jupyter-notebook", "version": 1, "cells": code(&names),
    });
    let params = json!({ "notebookDocument": notebook, "cellTextDocuments": texts });
    session.notify("notebookDocument/didOpen", params).await;
}

async fn change(session: &mut Session, version: i32, cells: Value) {
    let notebook = json!({ "uri": uri("book.ipynb"), "version": version });
    let params = json!({ "notebookDocument": notebook, "change": { "cells": cells } });
    session.notify("notebookDocument/didChange", params).await;
}

fn edit(name: &str, version: i32, changes: Value) -> Value {
    json!({ "textContent": [{ "document": { "uri": cell(name), "version": version }, "changes": changes }] })
}

async fn published(session: &mut Session, name: &str) -> Value {
    let wanted = cell(name);
    let mut message = session
        .wait_for(&wanted, |message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == wanted
        })
        .await;
    message["params"].take()
}

fn at(name: &str, line: u32, column: u32) -> Value {
    json!({ "textDocument": { "uri": cell(name) }, "position": { "line": line, "character": column } })
}

fn ranges(published: &Value) -> Value {
    published["diagnostics"].as_array().unwrap().iter().map(|one| one["range"].clone()).collect()
}

async fn start() -> Session {
    let mut session = Session::start(FAKE);
    let server = session.initialize(json!({ "notebookDocument": { "synchronization": {} } })).await;
    let selector = &server["notebookDocumentSync"]["notebookSelector"][0];
    assert_eq!(selector["cells"], json!([{ "language": "python" }]));
    session
}

#[tokio::test]
async fn what_is_found_is_told_of_its_cell() {
    let mut session = start().await;
    open(&mut session, &[("a", "x\n__spec__"), ("b", ""), ("c", "%pip install __spec__\n é__spec__\n")])
        .await;
    let found = published(&mut session, "a").await;
    assert_eq!((&found["version"], ranges(&found)), (&json!(1), json!([range(1, 0, 1, 8)])));
    assert_eq!(ranges(&published(&mut session, "b").await), json!([]));
    assert_eq!(ranges(&published(&mut session, "c").await), json!([range(1, 2, 1, 10)]));

    // An edit moves what follows, of which the client sees nothing but where a version is new.
    change(&mut session, 2, edit("a", 2, json!([{ "range": range(0, 0, 0, 0), "text": "\n\n" }]))).await;
    let found = published(&mut session, "a").await;
    assert_eq!((&found["version"], ranges(&found)), (&json!(2), json!([range(3, 0, 3, 8)])));
    assert_eq!(ranges(&published(&mut session, "c").await), json!([range(1, 2, 1, 10)]));

    let shown = session.ask("textDocument/hover", at("c", 1, 3)).await;
    assert_eq!(shown["range"], range(1, 2, 1, 10));
    assert_eq!(session.ask("textDocument/hover", at("c", 0, 14)).await, Value::Null);
    assert_eq!(session.ask("textDocument/hover", at("unknown", 0, 0)).await, Value::Null);
    let found = session.ask("textDocument/definition", at("c", 1, 3)).await;
    assert_eq!(found, json!([{ "uri": uri("elsewhere.py"), "range": range(0, 0, 0, 0) }]));
    session.finish().await;
}

#[tokio::test]
async fn fixes_are_edits_of_the_cell() {
    let mut session = start().await;
    open(&mut session, &[("a", "__spec__"), ("b", "\n__spec__")]).await;
    for name in ["a", "b"] {
        published(&mut session, name).await;
    }
    let ask = |only: &str| {
        let context = json!({ "diagnostics": [], "only": [only] });
        json!({ "textDocument": { "uri": cell("b") }, "range": range(1, 1, 1, 1), "context": context })
    };
    let edits = json!([{ "range": range(1, 0, 1, 8), "newText": "__name__" }]);
    for kind in ["quickfix", "source.fixAll"] {
        let actions = session.ask("textDocument/codeAction", ask(kind)).await;
        assert_eq!(actions[0]["edit"]["changes"], json!({ cell("b"): edits }), "{kind}");
    }
    session.finish().await;
}

#[tokio::test]
async fn cells_come_and_go_and_move() {
    let mut session = start().await;
    open(&mut session, &[("a", "x\n"), ("b", "__spec__"), ("c", "y")]).await;
    for name in ["a", "b", "c"] {
        published(&mut session, name).await;
    }
    // A new one in front, which is no Python.
    let array = json!({ "start": 0, "deleteCount": 0, "cells": [{ "kind": 1, "document": cell("words") }] });
    change(&mut session, 2, json!({ "structure": { "array": array } })).await;
    // The second goes to the end, after another that is new.
    let array = json!({ "start": 2, "deleteCount": 2, "cells": code(&["c", "d", "b"]) });
    let structure = json!({ "array": array, "didOpen": [text("d", "__spec__")] });
    change(&mut session, 3, json!({ "structure": structure })).await;
    assert_eq!(ranges(&published(&mut session, "d").await), json!([range(0, 0, 0, 8)]));
    let shown = session.ask("textDocument/hover", at("b", 0, 3)).await;
    assert!(
        shown["contents"]["value"].as_str().unwrap().starts_with("x\ny\n__spec__\n__spec__\n"),
        "{shown}"
    );
    published(&mut session, "b").await;

    let array = json!({ "start": 3, "deleteCount": 1 });
    let structure = json!({ "array": array, "didClose": [{ "uri": cell("d") }] });
    change(&mut session, 4, json!({ "structure": structure })).await;
    assert_eq!(ranges(&published(&mut session, "d").await), json!([]));
    published(&mut session, "b").await;
    assert_eq!(session.ask("textDocument/hover", at("d", 0, 3)).await, Value::Null);

    let params = json!({ "notebookDocument": { "uri": uri("book.ipynb") }, "cellTextDocuments": [] });
    session.notify("notebookDocument/didClose", params).await;
    assert_eq!(ranges(&published(&mut session, "b").await), json!([]));
    session.finish().await;
}

#[tokio::test]
async fn cells_can_be_pulled() {
    let mut session = Session::start(FAKE);
    let pulls = json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } },
        "notebookDocument": { "synchronization": {} },
    });
    session.initialize(pulls).await;
    open(&mut session, &[("a", "__spec__"), ("b", "")]).await;
    // VS Code pulls, but not those of cells.
    assert_eq!(ranges(&published(&mut session, "a").await), json!([range(0, 0, 0, 8)]));
    assert_eq!(ranges(&published(&mut session, "b").await), json!([]));
    let of = |name: &str| json!({ "textDocument": { "uri": cell(name) } });
    let report = session.ask("textDocument/diagnostic", of("a")).await;
    assert_eq!(report["items"][0]["range"], range(0, 0, 0, 8));
    assert_eq!(session.ask("textDocument/diagnostic", of("b")).await["items"], json!([]));
    // A notebook that is opened as text is JSON.
    session.open("other.ipynb", "{\"cells\": \"__spec__\"}").await;
    session.finish().await;
}

/// An interpreter with as much of a library as the tests import.
fn library(session: &Session) {
    let files = &session.files;
    files.write("/opt/bin/python3.11", "");
    files.write("/opt/lib/python3.11/os.py", "");
    files.write("/workspace/.venv/bin/python", "");
    files.write("/workspace/.venv/pyvenv.cfg", "home = /opt/bin\nversion = 3.11.4\n");
    files.write("/workspace/plain.py", "");
}

const CELLS: [(&str, &str); 5] = [
    ("a", "%matplotlib inline\nimport sys"),
    ("b", "%%bash\npython -c 'import plain'"),
    ("c", "class Other:\n    __spec__ = None\nif True:\n    sys.modules['plain'] = Other()\n    !ls ("),
    ("d", "text = (\"\"\"open"),
    ("e", "import os\n\nimport plain\nprint(plain.__spec__.name)\n"),
];

#[tokio::test]
async fn what_an_earlier_cell_does_decides() {
    let mut session = Session::start(Analyses::REAL);
    library(&session);
    let shows = json!({ "publishDiagnostics": { "relatedInformation": true } });
    session.initialize(json!({ "notebookDocument": { "synchronization": {} }, "textDocument": shows })).await;
    open(&mut session, &CELLS).await;
    for (name, _) in &CELLS[..4] {
        assert_eq!(published(&mut session, name).await["diagnostics"], json!([]), "{name}");
    }
    let found = published(&mut session, "e").await["diagnostics"].take();
    assert_eq!(
        (&found[0]["code"], &found[0]["range"]["start"]["line"]),
        (&json!("module-without-spec"), &json!(3))
    );
    let mut related = found[0]["relatedInformation"].as_array().unwrap().iter();
    let is_decisive = |one: &Value| {
        let place = &one["location"];
        place["uri"] == cell("c") && place["range"]["start"]["line"] == 3
    };
    assert!(related.any(is_decisive), "{found}");

    // The same as one file, which is a script by its last lines.
    let whole = "#!\nimport sys\n\n\nclass Other:\n    __spec__ = None\nif True:\n    sys.modules['plain'] = Other()\n    0\n\nimport os\n\nimport plain\nprint(plain.__spec__.name)\n";
    session.open("whole.py", whole).await;
    let as_one = session.published("whole.py").await["diagnostics"].take();
    let summary = |found: &Value, first: u64| -> Vec<(Value, Value, u64)> {
        let found = found.as_array().unwrap().iter();
        found
            .map(|one| {
                let line = one["range"]["start"]["line"].as_u64().unwrap();
                (one["code"].clone(), one["message"].clone(), line - first)
            })
            .collect()
    };
    assert_eq!(summary(&found, 0), summary(&as_one, 10));

    // Without that line, nothing is raised; with it in a cell further down, neither.
    change(&mut session, 2, edit("c", 2, json!([{ "text": "" }]))).await;
    published(&mut session, "c").await;
    let found = published(&mut session, "e").await["diagnostics"].take();
    assert_eq!(found, json!([]));
    let array = json!({ "start": 5, "deleteCount": 0, "cells": code(&["f"]) });
    let structure = json!({ "array": array, "didOpen": [text("f", "sys.modules['plain'] = 3")] });
    change(&mut session, 3, json!({ "structure": structure })).await;
    assert_eq!(published(&mut session, "f").await["diagnostics"], json!([]));
    session.finish().await;
}
