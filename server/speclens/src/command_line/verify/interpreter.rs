//! The one place where Speclens starts an interpreter.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wait_timeout::ChildExt;

use crate::command_line::Failure;
use crate::command_line::resolve::Row;

const SCRIPT: &str = include_str!("ask.py");
/// Startup code of the environment may print too: the answers are the lines that begin with this.
const MARK: &str = "\u{1e}speclens ";

/// What the interpreter is asked.
#[derive(Serialize)]
pub struct Question<'q> {
    pub names: &'q [&'q str],
    /// Also for every name that it can tell of itself.
    pub all: bool,
}

/// What it says.
#[derive(Debug)]
pub struct Answer {
    pub state: State,
    pub rows: Vec<AnsweredRow>,
}

/// The interpreter itself.
#[derive(Debug, Deserialize)]
pub struct State {
    pub version: String,
    pub sys_path: Vec<String>,
}

/// One name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum AnsweredRow {
    Found(Row),
    /// A finder raised an exception.
    Raised {
        name: String,
        raised: String,
    },
}

/// Runs `python -I` and waits for its answer, so long at most.
pub fn ask(python: &Path, question: &Question<'_>, limit: Duration) -> Result<Answer, Failure> {
    let name = python.display();
    let cannot =
        |what: &str, error: &dyn std::fmt::Display| Failure::Request(format!("{name}: {what}: {error}"));
    #[expect(clippy::disallowed_methods, reason = "the user asked for it by name")]
    let mut command = Command::new(python);
    let mut child = command
        .args(["-I", "-B", "-c", SCRIPT, MARK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot("cannot be started", &error))?;
    let question = serde_json::to_vec(question).unwrap_or_default();
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (status, output) = std::thread::scope(|scope| {
        // An interpreter that ends early closes the pipe; its exit status says more than that.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(&question)));
        let reader = scope.spawn(move || {
            let mut output = Vec::new();
            stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut output)).map(|_| output)
        });
        let status = child.wait_timeout(limit);
        if !matches!(status, Ok(Some(_))) {
            // Else the reader would wait for ever.
            let _ = child.kill();
            let _ = child.wait();
        }
        (status, reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader panicked"))))
    });
    let output = output?;
    match status? {
        None => Err(Failure::Request(format!("{name}: did not end within {} seconds", limit.as_secs()))),
        Some(status) if !status.success() => Err(cannot("failed", &status)),
        Some(_) => read(&output).map_err(|error| cannot("an answer that makes no sense", &error)),
    }
}

fn read(output: &[u8]) -> serde_json::Result<Answer> {
    let text = String::from_utf8_lossy(output);
    let mut answers = text.lines().filter_map(|line| Some(line.split_once(MARK)?.1));
    let state = serde_json::from_str(answers.next().unwrap_or_default())?;
    Ok(Answer { state, rows: answers.map(serde_json::from_str).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_output_is_passed_over() {
        let output = "hello\n\u{1e}speclens {\"version\":\"3.12.1\",\"sys_path\":[\"/a\"]}\nno newline\u{1e}speclens \
                      {\"name\":\"m\",\"raised\":\"ValueError: no\"}\n";
        let answer = read(output.as_bytes()).expect("an answer");
        assert_eq!((answer.state.version.as_str(), answer.state.sys_path.len()), ("3.12.1", 1));
        assert!(matches!(&answer.rows[..], [AnsweredRow::Raised { name, .. }] if name == "m"));
        assert!(read(b"nothing").is_err());
    }
}
