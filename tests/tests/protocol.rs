//! What a client sees of the server, message by message.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use serde_json::{Value, json};
use speclens::server::Analyses;
use speclens_tests::protocol::{FAKE, Session, WORKSPACE, at, range, uri};

fn pulls() -> Value {
    json!({
        "textDocument": { "diagnostic": { "dynamicRegistration": false } },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    })
}

fn shows_related() -> Value {
    json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": true } } })
}

async fn pull(session: &mut Session, file: &str, previous: &Value) -> Value {
    let mut params = json!({ "textDocument": { "uri": uri(file) } });
    if !previous.is_null() {
        params["previousResultId"] = previous.clone();
    }
    session.ask("textDocument/diagnostic", params).await
}

fn watched(file: &str, kind: u32) -> Value {
    json!({ "changes": [{ "uri": uri(file), "type": kind }] })
}

#[tokio::test]
async fn positions_are_counted_in_the_negotiated_unit() {
    let text = "x = 'é𝄞'; __spec__\n";
    for (offered, agreed, column) in [
        (json!(["utf-32", "utf-16", "utf-8"]), "utf-8", 14),
        (json!(["utf-16", "utf-32"]), "utf-32", 10),
        (json!(["utf-16"]), "utf-16", 11),
        (Value::Null, "utf-16", 11),
    ] {
        let mut session = Session::start(FAKE);
        let capabilities = match offered {
            Value::Null => json!({}),
            offered => json!({ "general": { "positionEncodings": offered } }),
        };
        let server = session.initialize(capabilities).await;
        assert_eq!(server["positionEncoding"], agreed);

        session.open("a.py", text).await;
        let published = session.published("a.py").await;
        assert_eq!(published["diagnostics"][0]["range"], range(0, column, 0, column + 8), "{agreed}");
        assert_eq!(session.hover("a.py", 0, column).await["range"], range(0, column, 0, column + 8));
        assert_eq!(session.hover("a.py", 0, column - 1).await, Value::Null);

        // An edit is counted in the same unit.
        session.change("a.py", 2, json!([{ "range": range(0, column, 0, column + 8), "text": "y" }])).await;
        assert_eq!(session.published("a.py").await["diagnostics"], json!([]));
        session.finish().await;
    }
}

#[tokio::test]
async fn diagnostics_follow_the_text() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__\n").await;
    let published = session.published("a.py").await;
    assert_eq!(published["version"], 1);
    let diagnostic = &published["diagnostics"][0];
    assert_eq!(diagnostic["code"], "fake-rule");
    assert_eq!(diagnostic["source"], "speclens");
    assert_eq!(diagnostic["severity"], 2);
    assert_eq!(diagnostic["message"], "a spec\nhelp: write `__name__`");

    session.change("a.py", 2, json!([{ "range": range(1, 0, 1, 0), "text": "x\n__spec__" }])).await;
    let published = session.published("a.py").await;
    assert_eq!(published["version"], 2);
    assert_eq!(published["diagnostics"][0]["range"], range(0, 0, 0, 8));
    assert_eq!(published["diagnostics"][1]["range"], range(2, 0, 2, 8));

    session.change("a.py", 3, json!([{ "text": "" }])).await;
    let published = session.published("a.py").await;
    assert_eq!((&published["version"], &published["diagnostics"]), (&json!(3), &json!([])));
    session.finish().await;
}

#[tokio::test]
async fn a_closed_document_has_no_diagnostics() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__\n").await;
    session.published("a.py").await;
    session.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri("a.py") } })).await;
    let published = session.published("a.py").await;
    assert_eq!((published.get("version"), &published["diagnostics"]), (None, &json!([])));

    // Opened again, it is a new document, whatever its version.
    session.open("a.py", "\n__spec__\n").await;
    let published = session.published("a.py").await;
    assert_eq!(
        (&published["version"], &published["diagnostics"][0]["range"]),
        (&json!(1), &range(1, 0, 1, 8))
    );
    session.finish().await;
}

#[tokio::test]
async fn a_burst_of_edits_is_applied_in_order() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__\n").await;
    let mut line = String::new();
    for number in 0..200 {
        // Each edit is where the one before it ended: out of order, the text would be another.
        let column = u32::try_from(line.len()).unwrap();
        let added = format!("{number},");
        line.push_str(&added);
        let change = json!([{ "range": range(1, column, 1, column), "text": added }]);
        session.change("a.py", number + 2, change).await;
    }
    let hover = session.hover("a.py", 0, 0).await;
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.starts_with(&format!("__spec__\n{line}\n")), "{shown}");

    let mut last = 0;
    while last != 201 {
        let version = session.published("a.py").await["version"].as_i64().unwrap();
        assert!(version > last, "{version} after {last}");
        last = version;
    }
    session.finish().await;
}

#[tokio::test]
async fn edits_overtake_slow_work() {
    let mut session = Session::with(json!({})).await;
    // Nothing is said of version 1, whose analysis never ends.
    session.open("a.py", "__slow__ __spec__\n").await;
    let hover = session.request("textDocument/hover", at("a.py", 0, 9)).await;
    session.change("a.py", 2, json!([{ "text": "__spec__" }])).await;
    assert_eq!(session.published("a.py").await["version"], 2);
    // The place is not there any more.
    assert_eq!(session.response(hover).await["error"]["code"], -32801);
    session.finish().await;
}

#[tokio::test]
async fn cancelled_requests_are_answered_and_stop_working() {
    let mut session = Session::with(json!({})).await;
    session.open("slow.py", "__slow__\n").await;
    session.open("a.py", "__spec__\n").await;
    // More of them than there are workers: each must free its own.
    for _ in 0..12 {
        let id = session.request("textDocument/hover", at("slow.py", 0, 0)).await;
        session.notify("$/cancelRequest", json!({ "id": id })).await;
        assert_eq!(session.response(id).await["error"]["code"], -32800);
    }
    // Cancelled while they wait for a worker, too.
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(session.request("textDocument/hover", at("slow.py", 0, 0)).await);
    }
    for id in ids {
        session.notify("$/cancelRequest", json!({ "id": id })).await;
        assert_eq!(session.response(id).await["error"]["code"], -32800);
    }
    assert_eq!(session.hover("a.py", 0, 0).await["contents"]["kind"], "markdown");
    // The slow check was cancelled by nobody and has the one worker for checks; mended, it makes room.
    session.change("slow.py", 2, json!([{ "text": "" }])).await;
    session.published("slow.py").await;
    session.published("a.py").await;
    session.finish().await;
}

#[tokio::test]
async fn a_client_that_never_answers_stops_nothing() {
    let mut capabilities = pulls();
    capabilities["workspace"]["didChangeWatchedFiles"] = json!({ "dynamicRegistration": true });
    let mut session = Session::with(capabilities).await;
    session.requested("client/registerCapability").await;
    session.open("a.py", "__spec__\n").await;
    for number in 0..20 {
        session.files.write("/workspace/b.py", format!("{number}"));
        assert_eq!(pull(&mut session, "b.py", &Value::Null).await["items"], json!([]));
        session.files.write("/workspace/b.py", format!("__spec__ {number}"));
        session.notify("workspace/didChangeWatchedFiles", watched("b.py", 2)).await;
        session.requested("workspace/diagnostic/refresh").await;
        session.hover("a.py", 0, 0).await;
        let report = pull(&mut session, "b.py", &Value::Null).await;
        assert_eq!(report["items"].as_array().unwrap().len(), 1, "{number}");
        session.files.write("/workspace/b.py", "");
        session.notify("workspace/didChangeWatchedFiles", watched("b.py", 2)).await;
        session.requested("workspace/diagnostic/refresh").await;
    }
    session.finish().await;
}

#[tokio::test]
async fn diagnostics_can_be_pulled() {
    let mut session = Session::start(FAKE);
    let server = session.initialize(pulls()).await;
    assert_eq!(server["diagnosticProvider"]["interFileDependencies"], true);

    session.open("a.py", "__spec__\n").await;
    let report = pull(&mut session, "a.py", &Value::Null).await;
    assert_eq!((&report["kind"], &report["items"][0]["range"]), (&json!("full"), &range(0, 0, 0, 8)));
    let again = pull(&mut session, "a.py", &report["resultId"]).await;
    assert_eq!((&again["kind"], &again["resultId"]), (&json!("unchanged"), &report["resultId"]));

    session.change("a.py", 2, json!([{ "text": "\n__spec__" }])).await;
    let report = pull(&mut session, "a.py", &report["resultId"]).await;
    assert_eq!((&report["kind"], &report["items"][0]["range"]), (&json!("full"), &range(1, 0, 1, 8)));

    // A pull of a text that changes meanwhile is answered for the text as it is then.
    session.change("a.py", 3, json!([{ "text": "__slow__" }])).await;
    let id =
        session.request("textDocument/diagnostic", json!({ "textDocument": { "uri": uri("a.py") } })).await;
    session.change("a.py", 4, json!([{ "text": "" }])).await;
    assert_eq!(session.response(id).await["result"]["items"], json!([]));
    session.finish().await;
}

#[tokio::test]
async fn related_lines_lead_to_files_that_are_not_open() {
    let text = "# é𝄞\n";
    for (capabilities, shown) in [(shows_related(), true), (json!({}), false)] {
        let mut session = Session::start(FAKE);
        session.files.write("/workspace/elsewhere.py", text);
        session.initialize(capabilities).await;
        session.open("a.py", "__spec__").await;
        let published = session.published("a.py").await;
        let diagnostic = &published["diagnostics"][0];
        if shown {
            let location = json!({ "uri": uri("elsewhere.py"), "range": range(0, 0, 0, 5) });
            let related = json!([{ "location": location, "message": "decided here" }]);
            assert_eq!(diagnostic["relatedInformation"], related);
        } else {
            let message = "a spec\n/workspace/elsewhere.py:1: decided here\nhelp: write `__name__`";
            assert_eq!(diagnostic["message"], message);
        }
        session.finish().await;
    }
}

#[tokio::test]
async fn files_are_watched_where_the_client_can() {
    let watches = json!({ "didChangeWatchedFiles": { "dynamicRegistration": true } });
    let mut capabilities = shows_related();
    capabilities["workspace"] = watches;
    let mut session = Session::with(capabilities).await;
    let request = session.requested("client/registerCapability").await;
    assert_eq!(request["params"]["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    session.answer(&request, Value::Null).await;

    session.open("a.py", "__spec__").await;
    assert!(session.published("a.py").await["diagnostics"][0].get("relatedInformation").is_none());
    session.files.write("/workspace/elsewhere.py", "x");
    session.notify("workspace/didChangeWatchedFiles", watched("elsewhere.py", 1)).await;
    assert!(session.published("a.py").await["diagnostics"][0].get("relatedInformation").is_some());
    session.files.remove("/workspace/elsewhere.py");
    session.notify("workspace/didChangeWatchedFiles", watched("elsewhere.py", 3)).await;
    assert!(session.published("a.py").await["diagnostics"][0].get("relatedInformation").is_none());
    session.finish().await;
}

#[tokio::test]
async fn a_client_that_does_not_watch_is_served_when_it_saves() {
    let mut session = Session::with(shows_related()).await;
    session.open("a.py", "__spec__").await;
    session.published("a.py").await;
    session.files.write("/workspace/elsewhere.py", "x");
    session.notify("textDocument/didSave", json!({ "textDocument": { "uri": uri("a.py") } })).await;
    assert!(session.published("a.py").await["diagnostics"][0].get("relatedInformation").is_some());
    session.finish().await;
}

#[tokio::test]
async fn a_file_belongs_to_the_innermost_folder() {
    let mut session = Session::with(shows_related()).await;
    session.files.write("/workspace/inner/elsewhere.py", "x");
    session.open("inner/a.py", "__spec__").await;
    assert!(session.published("inner/a.py").await["diagnostics"][0].get("relatedInformation").is_none());

    let inner = json!([{ "uri": uri("inner"), "name": "inner" }]);
    let event = json!({ "event": { "added": inner, "removed": [] } });
    session.notify("workspace/didChangeWorkspaceFolders", event).await;
    assert!(session.published("inner/a.py").await["diagnostics"][0].get("relatedInformation").is_some());
    let event = json!({ "event": { "added": [], "removed": inner } });
    session.notify("workspace/didChangeWorkspaceFolders", event).await;
    assert!(session.published("inner/a.py").await["diagnostics"][0].get("relatedInformation").is_none());
    session.finish().await;
}

#[tokio::test]
async fn settings_choose_the_environment() {
    let mut session = Session::start(FAKE);
    let options = json!({ "interpreter": "/usr/bin/python3.9", "extraPaths": ["lib", "/opt/lib"] });
    let params = json!({
        "processId": null,
        "capabilities": {},
        "rootUri": uri(""),
        "initializationOptions": options,
    });
    session.ask("initialize", params).await;
    session.notify("initialized", json!({})).await;
    session.open("a.py", "__spec__").await;
    session.published("a.py").await;
    let shown = session.hover("a.py", 0, 0).await;
    let asked = "Some(\"/usr/bin/python3.9\") [\"/workspace/lib\", \"/opt/lib\"]";
    assert_eq!(shown["contents"]["value"], format!("__spec__\n{asked}"));

    let settings = json!({ "settings": { "speclens": { "interpreter": ".venv" } } });
    session.notify("workspace/didChangeConfiguration", settings).await;
    session.notify("workspace/didChangeConfiguration", json!({ "settings": null })).await;
    let shown = session.hover("a.py", 0, 0).await;
    assert_eq!(shown["contents"]["value"], "__spec__\nSome(\"/workspace/.venv\") []");
    session.finish().await;
}

#[tokio::test]
#[should_panic(expected = "left unread")]
async fn a_message_left_unread_fails_the_test() {
    let mut session = Session::with(json!({})).await;
    session.request("textDocument/hover", at("a.py", 0, 0)).await;
    session.finish().await;
}

#[tokio::test]
async fn fixes_are_quick_fixes() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__\nx\n").await;
    session.published("a.py").await;
    let ask = |line, only: Value| {
        let mut context = json!({ "diagnostics": [] });
        if !only.is_null() {
            context["only"] = only;
        }
        json!({ "textDocument": { "uri": uri("a.py") }, "range": range(line, 1, line, 1), "context": context })
    };
    let actions = session.ask("textDocument/codeAction", ask(0, Value::Null)).await;
    let edits = &actions[0]["edit"]["changes"][uri("a.py")];
    assert_eq!(*edits, json!([{ "range": range(0, 0, 0, 8), "newText": "__name__" }]));
    assert_eq!(actions[0]["title"], "Write `__name__`");
    assert_eq!(actions[0]["kind"], "quickfix");
    assert_eq!(actions[0]["diagnostics"][0]["code"], "fake-rule");
    assert_eq!(session.ask("textDocument/codeAction", ask(1, Value::Null)).await, json!([]));
    assert_eq!(session.ask("textDocument/codeAction", ask(0, json!(["refactor"]))).await, Value::Null);
    session.finish().await;
}

#[tokio::test]
async fn the_edit_of_a_fix_is_made_when_it_is_wanted() {
    let mut session = Session::start(FAKE);
    let resolves = json!({ "dataSupport": true, "resolveSupport": { "properties": ["edit"] } });
    let server = session.initialize(json!({ "textDocument": { "codeAction": resolves } })).await;
    assert_eq!(server["codeActionProvider"]["resolveProvider"], true);
    session.open("a.py", "__spec__\nx = __spec__\n").await;
    session.published("a.py").await;
    let ask = |only: Value| {
        json!({
            "textDocument": { "uri": uri("a.py") },
            "range": range(0, 1, 0, 1),
            "context": { "diagnostics": [], "only": only },
        })
    };
    let actions = session.ask("textDocument/codeAction", ask(json!(["quickfix"]))).await;
    assert_eq!((actions[0].get("edit"), &actions[0]["isPreferred"]), (None, &json!(true)));
    let action = session.ask("codeAction/resolve", actions[0].clone()).await;
    let mended =
        |line, column| json!({ "range": range(line, column, line, column + 8), "newText": "__name__" });
    assert_eq!(action["edit"]["changes"][uri("a.py")], json!([mended(0, 0)]));

    for kind in ["source", "source.fixAll", "source.fixAll.speclens"] {
        let actions = session.ask("textDocument/codeAction", ask(json!([kind]))).await;
        assert_eq!(actions[0]["kind"], "source.fixAll.speclens");
        let action = session.ask("codeAction/resolve", actions[0].clone()).await;
        assert_eq!(action["edit"]["changes"][uri("a.py")], json!([mended(0, 0), mended(1, 4)]));
    }
    let others = session.ask("textDocument/codeAction", ask(json!(["source.fixAll.ruff"]))).await;
    assert_eq!(others, Value::Null);

    // The finding went, and with it the fix.
    session.change("a.py", 2, json!([{ "text": "" }])).await;
    let id = session.request("codeAction/resolve", actions[0].clone()).await;
    assert_eq!(session.response(id).await["error"]["code"], -32801);
    session.published("a.py").await;
    session.finish().await;
}

#[tokio::test]
async fn definitions_and_declarations() {
    for links in [true, false] {
        let definition = json!({ "linkSupport": links });
        let mut session = Session::with(json!({ "textDocument": { "definition": definition } })).await;
        session.files.write("/workspace/elsewhere.py", "x");
        session.open("a.py", "__spec__ x\n").await;
        session.published("a.py").await;
        for method in ["textDocument/definition", "textDocument/declaration"] {
            let found = session.ask(method, at("a.py", 0, 3)).await;
            let (target, start) = (uri("elsewhere.py"), range(0, 0, 0, 0));
            assert_eq!(
                found[0],
                if links {
                    json!({
                        "originSelectionRange": range(0, 0, 0, 8),
                        "targetUri": target,
                        "targetRange": start,
                        "targetSelectionRange": start,
                    })
                } else {
                    json!({ "uri": target, "range": start })
                }
            );
            assert_eq!(session.ask(method, at("a.py", 0, 9)).await, Value::Null);
        }
        session.finish().await;
    }
}

#[tokio::test]
async fn inlay_hints_are_off_until_they_are_asked_for() {
    for wanted in [true, false] {
        let mut session = Session::start(FAKE);
        let options = json!({ "inlayHints": wanted });
        let params = json!({ "processId": null, "capabilities": {}, "rootUri": uri(""), "initializationOptions": options });
        let server = session.ask("initialize", params).await;
        session.notify("initialized", json!({})).await;
        assert_eq!(server["capabilities"].get("inlayHintProvider").is_some(), wanted);
        session.open("a.py", "x = __spec__\n\n__spec__\n").await;
        session.published("a.py").await;
        if wanted {
            let lines = json!({ "textDocument": { "uri": uri("a.py") }, "range": range(0, 0, 1, 0) });
            let hints = session.ask("textDocument/inlayHint", lines).await;
            let here = json!({ "line": 0, "character": 12 });
            assert_eq!(hints, json!([{ "position": here, "label": "= None", "paddingLeft": true }]));
        }
        session.finish().await;
    }
}

#[tokio::test]
async fn work_that_takes_its_time_is_shown() {
    let mut session = Session::with(json!({ "window": { "workDoneProgress": true } })).await;
    session.open("a.py", "").await;
    session.published("a.py").await;
    session.change("a.py", 2, json!([{ "text": "__slow__" }])).await;
    let create = session.requested("window/workDoneProgress/create").await;
    session.answer(&create, Value::Null).await;
    let token = &create["params"]["token"];
    for kind in ["begin", "end"] {
        let progress = session.wait_for(kind, |message| message["method"] == "$/progress").await;
        assert_eq!(
            (&progress["params"]["token"], &progress["params"]["value"]["kind"]),
            (token, &json!(kind))
        );
        if kind == "begin" {
            session.change("a.py", 3, json!([{ "text": "__spec__" }])).await;
        }
    }
    session.published("a.py").await;
    session.finish().await;
}

#[tokio::test]
async fn commands_say_what_the_command_line_says() {
    let mut session = Session::start(Analyses::REAL);
    session.files.write("/workspace/shared/inner.py", "");
    let server = session.initialize(json!({})).await;
    let commands = json!(["speclens.explain", "speclens.environment", "speclens.selectInterpreter"]);
    assert_eq!(server["executeCommandProvider"]["commands"], commands);
    let run = |command: &str, arguments: Value| json!({ "command": command, "arguments": arguments });
    let text = session.ask("workspace/executeCommand", run("speclens.explain", json!(["shared"]))).await;
    let text = text.as_str().unwrap();
    assert!(text.starts_with("shared is a namespace package\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let text = session.ask("workspace/executeCommand", run("speclens.environment", json!([]))).await;
    assert!(text.as_str().unwrap().contains("Search path (sys.path)"), "{text}");
    for wrong in [json!([]), json!([3]), json!(["a..b"])] {
        let id = session.request("workspace/executeCommand", run("speclens.explain", wrong)).await;
        assert_eq!(session.response(id).await["error"]["code"], -32602);
    }
    let tree = session.ask("speclens/environment", json!({ "uri": uri("") })).await;
    assert!(tree["search_path"][0]["modules"].is_array(), "{tree}");
    for part in ["interpreter", "meta_path", "startup_hooks", "namespace_packages", "problems"] {
        assert!(!tree[part].is_null(), "{part}");
    }
    assert_eq!(session.ask("speclens/environment", json!({})).await, tree);
    session.files.write("/workspace/hooked.py", "import sys\nsys.meta_path.append(object())\n");
    let tree = session.ask("speclens/environment", json!({ "uri": uri("hooked.py") })).await;
    assert_eq!(tree["import_hooks"][0]["line"], 2, "{tree}");
    let explanation = session.ask("speclens/explain", json!({ "module": "shared" })).await;
    assert_eq!(explanation["kind"], "namespace package", "{explanation}");
    let id = session.request("speclens/explain", json!({ "module": "a..b" })).await;
    assert_eq!(session.response(id).await["error"]["code"], -32602);
    session.finish().await;
}

#[tokio::test]
async fn a_client_that_lies_is_served_as_well_as_can_be() {
    let mut session = Session::with(json!({})).await;
    let wild = range(7, 4_000_000_000, 4_294_967_295, 4_294_967_295);
    session.change("unknown.py", 9, json!([{ "range": wild, "text": "x" }])).await;
    session.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri("unknown.py") } })).await;
    session.notify("textDocument/didOpen", json!({ "textDocument": 3 })).await;
    session.notify("textDocument/didNothing", json!({})).await;
    assert_eq!(session.hover("unknown.py", 9, 9).await, Value::Null);
    let untitled =
        json!({ "uri": "untitled:Untitled-1", "languageId": "python", "version": 1, "text": "__spec__" });
    session.notify("textDocument/didOpen", json!({ "textDocument": untitled })).await;

    session.open("a.py", "é__spec__\n").await;
    session.published("a.py").await;
    session.change("a.py", 5, json!([{ "range": wild, "text": "é" }])).await;
    assert_eq!(session.published("a.py").await["version"], 5);
    // Back to front, and a version that goes back.
    session.change("a.py", 2, json!([{ "range": range(1, 1, 0, 1), "text": "__spec__" }])).await;
    let published = session.published("a.py").await;
    assert_eq!(
        (&published["version"], &published["diagnostics"][0]["range"]),
        (&json!(2), &range(0, 1, 0, 9))
    );
    session.open("a.py", "").await;
    assert_eq!(session.published("a.py").await["diagnostics"], json!([]));

    session.send_raw(b"Content-Length: 5\r\n\r\nhello").await;
    session.send_raw(b"Content-Length: 1000000000000\r\n\r\n").await;
    let unknown = session.request("textDocument/nothing", json!({})).await;
    assert_eq!(session.response(unknown).await["error"]["code"], -32601);
    session.finish().await;
}

#[tokio::test]
async fn an_analysis_that_panics_is_survived() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__").await;
    session.published("a.py").await;
    session.change("a.py", 2, json!([{ "text": "__panic__ __spec__" }])).await;
    assert_eq!(session.published("a.py").await["diagnostics"], json!([]));
    let id = session.request("textDocument/hover", at("a.py", 0, 0)).await;
    assert_eq!(session.response(id).await["error"]["code"], -32603);
    session.change("a.py", 3, json!([{ "text": "__spec__" }])).await;
    assert_eq!(session.published("a.py").await["diagnostics"].as_array().unwrap().len(), 1);
    session.finish().await;
}

#[tokio::test]
async fn the_server_ends_whatever_it_does() {
    // In the middle of slow work, and with a request that waits for it.
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__slow__").await;
    session.request("textDocument/hover", at("a.py", 0, 0)).await;
    session.ask("shutdown", Value::Null).await;
    session.notify("exit", Value::Null).await;
    assert!(session.end().await);

    // Without `shutdown`, which the exit code tells.
    let mut session = Session::with(json!({})).await;
    session.notify("exit", Value::Null).await;
    assert!(!session.end().await);

    // Without a word.
    let mut session = Session::with(json!({})).await;
    session.close_input().await;
    assert!(!session.end().await);
    let mut session = Session::start(FAKE);
    session.close_input().await;
    assert!(!session.end().await);
}

#[tokio::test]
async fn the_real_analysis_is_asked() {
    let mut session = Session::start(Analyses::REAL);
    session.initialize(json!({})).await;
    session.open("a.py", "x = 1\n").await;
    let published = session.published("a.py").await;
    assert_eq!((&published["version"], &published["diagnostics"]), (&json!(1), &json!([])));
    assert_eq!(session.hover("a.py", 0, 0).await, Value::Null);
    session.finish().await;
}

#[tokio::test]
async fn three_hundred_documents_in_a_burst() {
    let mut session = Session::with(json!({})).await;
    let files: Vec<String> = (0..300).map(|number| format!("file{number}.py")).collect();
    for file in &files {
        session.open(file, "__spec__\n").await;
    }
    for file in &files {
        let published = session.published(file).await;
        assert_eq!(published["diagnostics"][0]["range"], range(0, 0, 0, 8), "{file}");
    }
    session.finish().await;
}

#[tokio::test]
async fn a_large_document_takes_edits() {
    let mut session = Session::with(json!({})).await;
    let lines: u32 = 5 << 20 >> 4;
    let text = "value = [1, 2]\n\n".repeat(usize::try_from(lines).unwrap());
    session.open("a.py", &text).await;
    assert_eq!(session.published("a.py").await["diagnostics"], json!([]));
    let last = 2 * lines;
    session.change("a.py", 2, json!([{ "range": range(last, 0, last, 0), "text": "__spec__" }])).await;
    let published = session.published("a.py").await;
    assert_eq!(published["diagnostics"][0]["range"], range(last, 0, last, 8));
    session.finish().await;
}

#[tokio::test]
async fn a_workspace_may_vanish_and_a_document_may_be_outside() {
    let mut session = Session::with(json!({})).await;
    session.open("a.py", "__spec__\n").await;
    session.published("a.py").await;
    // Deleted on disk, open in the editor: the editor's text counts.
    session.files.remove(WORKSPACE);
    session.notify("workspace/didChangeWatchedFiles", watched("a.py", 3)).await;
    session.change("a.py", 2, json!([{ "range": range(0, 0, 0, 0), "text": "x; " }])).await;
    assert_eq!(session.published("a.py").await["diagnostics"][0]["range"], range(0, 3, 0, 11));
    let removed = json!({ "event": { "added": [], "removed": [{ "uri": uri(""), "name": "workspace" }] } });
    session.notify("workspace/didChangeWorkspaceFolders", removed).await;
    session.open("../b.py", "__spec__\n").await;
    assert!(session.hover("../b.py", 0, 3).await.is_object());
    session.published("../b.py").await;
    session.finish().await;
}
