//! A language client for tests: it talks to a server in this process, over a pipe, in the real framing.
//!
//! A session ends with [`Session::finish`], which fails the test when the server said anything that the test did not
//! look at. Nothing sleeps; every wait ends after [`DEADLINE`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]
#![allow(clippy::missing_panics_doc, reason = "a test fails by a panic")]

mod fake;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use speclens::server::{Analyses, Setup, serve};
use speclens_environment::Request;
use speclens_files::{Database, MemorySystem};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use fake::FAKE;

/// No answer takes longer, on the slowest machine.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The workspace folder of a session.
pub const WORKSPACE: &str = "/workspace";

/// One client and its server.
pub struct Session {
    /// The disk that the server sees, where it is not the real one.
    pub files: Arc<MemorySystem>,
    root: String,
    output: WriteHalf<DuplexStream>,
    messages: UnboundedReceiver<Value>,
    /// What came but was not asked for yet, in order.
    unread: VecDeque<Value>,
    ended: Option<oneshot::Receiver<bool>>,
    requests: i64,
}

impl Session {
    /// Starts a server over an empty disk.
    pub fn start(analyses: Analyses) -> Self {
        let files = Arc::new(MemorySystem::default());
        files.add_directory(WORKSPACE);
        let database = Database::new(Arc::clone(&files) as _);
        let setup = Setup { database, analyses, request: Request::default(), watches: false, cache: None };
        Self::of(setup, files, WORKSPACE)
    }

    /// Starts the real server over the real disk, with a workspace folder there.
    pub fn on_disk(root: &Path) -> Self {
        Self::over(root, Analyses::REAL, Request::default())
    }

    /// Starts a server over the real disk, with a workspace folder there.
    pub fn over(root: &Path, analyses: Analyses, request: Request) -> Self {
        let setup = Setup { database: Database::on_disk(), analyses, request, watches: true, cache: None };
        Self::of(setup, Arc::default(), root.to_str().expect("the path is text"))
    }

    fn of(setup: Setup, files: Arc<MemorySystem>, root: &str) -> Self {
        // Small, so that a client that does not read is felt.
        let (ours, theirs) = tokio::io::duplex(4096);
        let (input, output) = tokio::io::split(ours);
        let (sender, messages) = unbounded_channel();
        tokio::spawn(read(input, sender));

        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        thread::spawn(move || {
            let (input, output) = tokio::io::split(theirs);
            let _ = end.send(runtime.block_on(serve(input, output, setup)));
        });
        let (root, unread) = (root.to_owned(), VecDeque::new());
        Self { files, root, output, messages, unread, ended: Some(ended), requests: 0 }
    }

    /// A session with the fake analysis, initialized with these capabilities and the workspace folder.
    pub async fn with(capabilities: Value) -> Self {
        let mut session = Self::start(FAKE);
        session.initialize(capabilities).await;
        session
    }

    /// Shakes hands, and gives the server's capabilities.
    pub async fn initialize(&mut self, capabilities: Value) -> Value {
        let folders = json!([{ "uri": format!("file://{}", self.root), "name": "workspace" }]);
        let params = json!({ "processId": null, "capabilities": capabilities, "workspaceFolders": folders });
        let mut result = self.ask("initialize", params).await;
        self.notify("initialized", json!({})).await;
        result["capabilities"].take()
    }

    /// The URI of a file of the session's workspace.
    pub fn uri(&self, file: &str) -> String {
        format!("file://{}/{file}", self.root)
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a request and does not wait.
    pub async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.requests += 1;
        let id = self.requests;
        // `shutdown` takes none at all.
        let mut message = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(message).await;
        id
    }

    /// Waits for the response to a request, whole.
    pub async fn response(&mut self, id: i64) -> Value {
        self.wait_for("a response", |message| message["id"] == id && message.get("method").is_none()).await
    }

    /// Sends a request and gives its result.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        let mut response = self.response(id).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// Waits for a request of the server.
    pub async fn requested(&mut self, method: &str) -> Value {
        self.wait_for(method, |message| message["method"] == method && message.get("id").is_some()).await
    }

    /// Answers a request of the server.
    pub async fn answer(&mut self, request: &Value, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
    }

    /// Waits for the next diagnostics that the server sends for a file of the workspace.
    pub async fn published(&mut self, file: &str) -> Value {
        let (what, uri) = (format!("diagnostics of {file}"), self.uri(file));
        let mut message = self
            .wait_for(&what, |message| {
                message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri
            })
            .await;
        message["params"].take()
    }

    /// Opens a file of the workspace as version 1.
    pub async fn open(&mut self, file: &str, text: &str) {
        let document = json!({ "uri": self.uri(file), "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document })).await;
    }

    /// Changes an open file.
    pub async fn change(&mut self, file: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(file), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params).await;
    }

    /// Asks for the hover at a position.
    pub async fn hover(&mut self, file: &str, line: u32, column: u32) -> Value {
        let mut at = at(file, line, column);
        at["textDocument"]["uri"] = self.uri(file).into();
        self.ask("textDocument/hover", at).await
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        timeout(DEADLINE, self.output.write_all(bytes))
            .await
            .expect("the server reads")
            .expect("the pipe holds");
    }

    /// Closes the server's input.
    pub async fn close_input(&mut self) {
        self.output.shutdown().await.expect("the pipe holds");
    }

    /// Ends the session in the orderly way. Everything that the server said must have been looked at.
    pub async fn finish(mut self) {
        self.ask("shutdown", Value::Null).await;
        self.notify("exit", Value::Null).await;
        // The input stays open: `exit` alone must do.
        assert!(self.end().await, "the server knows that it was shut down");
        // A workspace without an interpreter, as most are here, is told so once.
        self.unread.retain(|message| {
            let text = message["params"]["message"].as_str().unwrap_or_default();
            message["method"] != "window/showMessage" || !text.contains("a built-in account of CPython")
        });
        assert!(self.unread.is_empty(), "messages were left unread: {:#?}", self.unread);
    }

    /// Waits for the server's end, however it comes; true where it had been shut down first.
    pub async fn end(&mut self) -> bool {
        let start = Instant::now();
        let ended = self.ended.take().expect("the server ends once");
        let orderly =
            timeout(DEADLINE, ended).await.expect("the server ends").expect("the server did not panic");
        println!("the server ended after {:?}", start.elapsed());
        // The pipe is closed with the server, so this ends too.
        while let Some(message) = timeout(DEADLINE, self.messages.recv()).await.expect("the pipe is closed") {
            self.unread.push_back(message);
        }
        orderly
    }

    async fn send(&mut self, message: Value) {
        let text = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes()).await;
    }

    /// The first message, read or not yet, that is wanted. Those before it stay unread.
    pub async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&wanted) {
            return self.unread.remove(at).expect("the position is there");
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = timeout(left, self.messages.recv()).await;
            match message {
                Ok(Some(message)) if wanted(&message) => return message,
                Ok(Some(message)) => self.unread.push_back(message),
                Ok(None) => panic!("the server ended before {what}; unread: {:#?}", self.unread),
                Err(late) => panic!("no {what}: {late}; unread: {:#?}", self.unread),
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        assert!(self.ended.is_none() || thread::panicking(), "a session ends with `finish` or `end`");
    }
}

/// The URI of a file of the workspace.
pub fn uri(file: &str) -> String {
    format!("file://{WORKSPACE}/{file}")
}

/// The parameters of a request about a position.
pub fn at(file: &str, line: u32, column: u32) -> Value {
    json!({ "textDocument": { "uri": uri(file) }, "position": { "line": line, "character": column } })
}

/// A range as the protocol has it.
pub fn range(line: u32, column: u32, end_line: u32, end_column: u32) -> Value {
    json!({
        "start": { "line": line, "character": column },
        "end": { "line": end_line, "character": end_column },
    })
}

async fn read(input: ReadHalf<DuplexStream>, messages: UnboundedSender<Value>) {
    let mut input = BufReader::new(input);
    while let Some(message) = frame(&mut input).await {
        if messages.send(message).is_err() {
            return;
        }
    }
}

/// The next message; `None` at the end of the stream.
async fn frame(input: &mut BufReader<ReadHalf<DuplexStream>>) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                if let Some(number) = line.strip_prefix("Content-Length: ") {
                    length = Some(number.parse().expect("the length is a number"));
                }
            }
        }
    }
    let mut body = vec![0; length.expect("each message says its length")];
    input.read_exact(&mut body).await.ok()?;
    Some(serde_json::from_slice(&body).expect("each message is JSON"))
}
