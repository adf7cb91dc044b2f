//! One interpreter that stays and answers.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// No answer takes longer.
const LIMIT: Duration = Duration::from_mins(1);
const PROGRAM: &str = include_str!("answer.py");

/// What only the interpreter knows, and what the trees are made with.
#[derive(Debug, Clone)]
pub struct Facts {
    /// `sys.implementation.cache_tag`.
    pub tag: String,
    /// `importlib.util.MAGIC_NUMBER`.
    pub magic: Vec<u8>,
    /// A code object, by `marshal`.
    pub code: Vec<u8>,
}

/// The process.
pub struct Answers {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// Told at the start.
    pub facts: Facts,
}

impl Answers {
    /// Starts `python` in `directory`, without `site` and without the variables of this process.
    pub fn start(python: &Path, directory: &Path) -> Self {
        let mut child = Command::new(python)
            .args(["-I", "-S", "-B", "-c", PROGRAM])
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let facts = Facts { tag: String::new(), magic: Vec::new(), code: Vec::new() };
        let mut answers = Self { child, stdin, lines, facts };
        let told = answers.line();
        let bytes = |name: &str| serde_json::from_value(told[name].clone()).expect("bytes");
        let tag = told["tag"].as_str().expect("text").to_owned();
        answers.facts = Facts { tag, magic: bytes("magic"), code: bytes("code") };
        answers
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.stdin, "{request}").expect("the interpreter runs");
        self.line()
    }

    fn line(&mut self) -> Value {
        let line = self.lines.recv_timeout(LIMIT).expect("an answer in time");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
