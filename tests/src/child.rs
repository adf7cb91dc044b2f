//! A language client for servers that are programs: ours, and those that we are measured beside. It talks over standard
//! input and output, notes when each message came, and answers what a server asks as an editor would.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]
#![allow(clippy::missing_panics_doc, reason = "a test fails by a panic")]

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wait_timeout::ChildExt;

/// No answer takes longer, on the slowest machine.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// How long a server may take to end.
const END: Duration = Duration::from_secs(5);

/// One client and its server. The server ends with the value.
pub struct Client {
    process: Child,
    /// When the process was started.
    pub started: Instant,
    root: PathBuf,
    input: Arc<Mutex<Option<ChildStdin>>>,
    messages: Receiver<(Instant, Value)>,
    unread: VecDeque<(Instant, Value)>,
    requests: i64,
    /// The editor's settings, by section.
    settings: Arc<Mutex<Value>>,
}

impl Client {
    /// Starts a server, with a workspace folder. Its complaints go where the command says.
    pub fn start(command: &mut Command, root: &Path, settings: Value) -> Self {
        let started = Instant::now();
        command.current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the server starts");
        let input = Arc::new(Mutex::new(process.stdin.take()));
        let output = process.stdout.take().expect("the output is a pipe");
        let (sender, messages) = channel();
        let settings = Arc::new(Mutex::new(settings));
        let (answers, asked) = (Arc::clone(&input), Arc::clone(&settings));
        thread::spawn(move || read(output, &answers, &asked, &sender));
        let (root, unread) = (root.to_path_buf(), VecDeque::new());
        Self { process, started, root, input, messages, unread, requests: 0, settings }
    }

    /// Shakes hands, as a client that is sent its diagnostics.
    pub fn initialize(&mut self) -> Value {
        let root = uri(&self.root);
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-8", "utf-16"] },
            "textDocument": {
                "synchronization": { "didSave": true },
                "publishDiagnostics": { "versionSupport": true, "relatedInformation": true },
                "hover": { "contentFormat": ["markdown", "plaintext"] },
            },
            "workspace": {
                "configuration": true,
                "didChangeWatchedFiles": { "dynamicRegistration": true, "relativePatternSupport": true },
                "workspaceFolders": true,
            },
            "window": { "workDoneProgress": true },
        });
        let params = json!({
            "processId": std::process::id(),
            "rootUri": root,
            "rootPath": self.root,
            "capabilities": capabilities,
            "workspaceFolders": [{ "uri": root, "name": "workspace" }],
        });
        let result = self.ask("initialize", params);
        self.notify("initialized", json!({}));
        result
    }

    /// Opens a file of the workspace.
    pub fn open(&mut self, file: &Path, text: &str) {
        let document = json!({ "uri": uri(file), "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Changes an open file.
    pub fn change(&mut self, file: &Path, version: i64, changes: Value) {
        let document = json!({ "uri": uri(file), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params);
    }

    /// Tells that files came (1), changed (2) or went (3).
    pub fn tell_changed(&mut self, files: &[(&Path, u8)]) {
        let changes: Vec<Value> =
            files.iter().map(|(file, kind)| json!({ "uri": uri(file), "type": kind })).collect();
        self.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    }

    /// Changes the editor's settings, and tells so.
    pub fn set(&mut self, settings: Value) {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&settings);
        self.notify("workspace/didChangeConfiguration", json!({ "settings": settings }));
    }

    /// Asks for the hover at a position, and waits.
    pub fn hover(&mut self, file: &Path, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        self.ask("textDocument/hover", json!({ "textDocument": { "uri": uri(file) }, "position": position }))
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        send(&self.input, &json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and does not wait; gives its number.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        self.requests += 1;
        let id = self.requests;
        send(&self.input, &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Waits for the answer to a request: its result, or `null` where it is an error.
    pub fn answer(&mut self, id: i64) -> Value {
        let answer = self.wait(DEADLINE, |message| message["id"] == id && message.get("method").is_none());
        let (_, mut answer) = answer.unwrap_or_else(|| panic!("no answer to request {id}"));
        answer["result"].take()
    }

    /// Sends a request and waits for its result.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// When diagnostics came for the file that are of this version, or say no version, and are as wanted. `None` where
    /// none do within the limit.
    pub fn published(
        &mut self,
        file: &Path,
        version: Option<i64>,
        limit: Duration,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Option<(Instant, Vec<Value>)> {
        let uri = uri(file);
        let found = self.wait(limit, |message| {
            let params = &message["params"];
            let told = params["version"].as_i64();
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri.as_str()
                && (version.is_none() || told.is_none() || told == version)
                && params["diagnostics"].as_array().is_some_and(|found| wanted(found))
        });
        found.map(|(at, message)| {
            let diagnostics = message["params"]["diagnostics"].as_array().cloned();
            (at, diagnostics.unwrap_or_default())
        })
    }

    /// Forgets what came unasked so far.
    pub fn forget_messages(&mut self) {
        self.unread.clear();
        while self.messages.try_recv().is_ok() {}
    }

    /// The first message that is wanted; what came before it is looked at once, and dropped.
    fn wait(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<(Instant, Value)> {
        if let Some(at) = self.unread.iter().position(|(_, message)| wanted(message)) {
            return self.unread.remove(at);
        }
        let deadline = Instant::now() + limit;
        loop {
            let message =
                self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
            if wanted(&message.1) {
                return Some(message);
            }
            self.unread.push_back(message);
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The most memory that the server and the processes it started have had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.sum(|process| status(process, "VmHWM:"))
    }

    /// The memory that the server and the processes it started have now, in bytes.
    pub fn memory(&self) -> u64 {
        self.sum(|process| status(process, "VmRSS:"))
    }

    /// The time that the server and the processes it started have worked.
    pub fn worked(&self) -> Duration {
        Duration::from_nanos(self.sum(scheduled))
    }

    fn sum(&self, of: impl Fn(u32) -> u64) -> u64 {
        family(self.id()).into_iter().map(of).sum()
    }

    /// Ends the server in the orderly way, and gives its status where it ends in time.
    pub fn finish(&mut self) -> Option<ExitStatus> {
        let id = self.request("shutdown", Value::Null);
        let _ = self.wait(END, |message| message["id"] == id);
        self.notify("exit", Value::Null);
        self.lock_input().take();
        self.process.wait_timeout(END).ok().flatten()
    }

    fn lock_input(&self) -> std::sync::MutexGuard<'_, Option<ChildStdin>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            // A server may be a script that starts another program, which would stay.
            let others = family(self.id()).into_iter().skip(1).map(|id| id.to_string());
            let _ = crate::clients::command("kill").arg("-9").args(others).stderr(Stdio::null()).status();
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The URI of a path.
pub fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn send(input: &Mutex<Option<ChildStdin>>, message: &Value) {
    let text = message.to_string();
    let framed = format!("Content-Length: {}\r\n\r\n{text}", text.len());
    let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
    // One that is gone is noticed where its answer is waited for.
    let _ = input.as_mut().map(|input| input.write_all(framed.as_bytes()).and_then(|()| input.flush()));
}

fn read(
    output: ChildStdout,
    input: &Mutex<Option<ChildStdin>>,
    settings: &Mutex<Value>,
    messages: &Sender<(Instant, Value)>,
) {
    let mut output = BufReader::new(output);
    while let Some(message) = frame(&mut output) {
        let at = Instant::now();
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            let result = if method == "workspace/configuration" {
                let settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
                let items = message["params"]["items"].as_array().map_or(&[][..], Vec::as_slice);
                items.iter().map(|item| settings[item["section"].as_str().unwrap_or("")].clone()).collect()
            } else {
                Value::Null
            };
            send(input, &json!({ "jsonrpc": "2.0", "id": id, "result": result }));
        }
        if messages.send((at, message)).is_err() {
            return;
        }
    }
}

/// The next message; `None` at the end of the stream.
fn frame(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length?];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A process, and those that it started, and so on.
fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(&process) = family.get(next) {
        next += 1;
        for thread in threads(process) {
            let children = read_text(&thread.join("children"));
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    family
}

fn threads(process: u32) -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the system's account of a process of ours")]
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().flatten().map(|thread| thread.path()).collect()
}

/// A line of the process's status that counts kibibytes, in bytes.
fn status(process: u32, name: &str) -> u64 {
    let text = read_text(Path::new(&format!("/proc/{process}/status")));
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    kibibytes.unwrap_or(0_u64) * 1024
}

/// How long the threads of a process have run, in nanoseconds.
fn scheduled(process: u32) -> u64 {
    let times = threads(process).into_iter().map(|thread| read_text(&thread.join("schedstat")));
    times.filter_map(|times| times.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

fn read_text(path: &Path) -> String {
    #[expect(clippy::disallowed_methods, reason = "the system's account of a process of ours")]
    let text = std::fs::read_to_string(path);
    text.unwrap_or_default()
}
