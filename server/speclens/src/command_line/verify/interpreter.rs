//! The one place where Speclens starts an interpreter.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use speclens_analysis::Truth;
use wait_timeout::ChildExt;

use crate::command_line::Failure;
use crate::command_line::resolve::Row;

const SCRIPT: &str = include_str!("ask.py");
const EFFECTS: &str = include_str!("effects.py");
/// Startup code of the environment may print too: the answers are the lines that begin with this.
const MARK: &str = "\u{1e}speclens ";
/// So long an interpreter that has ended is waited for to be heard: what it has started may still hold its output.
const GRACE: Duration = Duration::from_secs(2);

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

/// Asks `python -I` what its finders say, and waits for its answer, so long at most.
pub fn ask(python: &Path, question: &Question<'_>, limit: Duration) -> Result<Answer, Failure> {
    let name = python.display();
    let mut command = script(python, SCRIPT);
    let question = serde_json::to_vec(question).unwrap_or_default();
    let (status, output) = finish(command.stderr(Stdio::inherit()), question, limit)
        .map_err(|error| Failure::Request(format!("{name}: cannot be started: {error}")))?;
    match status {
        None => Err(Failure::Request(format!("{name}: did not end within {} seconds", limit.as_secs()))),
        Some(status) if !status.success() => Err(Failure::Request(format!("{name}: failed: {status}"))),
        Some(_) => read(&output)
            .map_err(|error| Failure::Request(format!("{name}: an answer that makes no sense: {error}"))),
    }
}

/// Asks a fresh `python -I` what importing a module does. Why there is no answer is no failure: the code of the module
/// decides it.
pub fn ask_effects(
    python: &Path,
    module: &str,
    first: &[PathBuf],
    errors: Stdio,
    limit: Duration,
) -> Result<Result<Truth, String>, Failure> {
    let mut command = script(python, EFFECTS);
    command.arg(module).args(first).stderr(errors);
    let (status, output) = finish(&mut command, Vec::new(), limit)
        .map_err(|error| Failure::Request(format!("{}: cannot be started: {error}", python.display())))?;
    let text = String::from_utf8_lossy(&output);
    let answer = text.lines().find_map(|line| serde_json::from_str(line.split_once(MARK)?.1).ok());
    Ok(answer.ok_or_else(|| match status {
        None => format!("did not end within {} seconds", limit.as_secs()),
        Some(status) => format!("ended without an answer: {status}"),
    }))
}

fn script(python: &Path, text: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the user asked for it by name")]
    let mut command = Command::new(python);
    command.args(["-I", "-B", "-c", text, MARK]);
    command
}

/// Runs a command to its end or to the end of its time, which gives no status.
fn finish(
    command: &mut Command,
    input: Vec<u8>,
    limit: Duration,
) -> io::Result<(Option<ExitStatus>, Vec<u8>)> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    // An interpreter that ends early closes the pipe; its exit status says more than that.
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let pieces = child.stdout.take().map(read_pieces);
    let status = child.wait_timeout(limit)?;
    if status.is_none() {
        // It may have ended in between, and then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (mut output, end) = (Vec::new(), Instant::now() + GRACE);
    let left = || end.saturating_duration_since(Instant::now());
    while let Some(Ok(piece)) = pieces.as_ref().map(|pieces| pieces.recv_timeout(left())) {
        output.extend(piece);
    }
    Ok((status, output))
}

/// What a process writes, on a thread that ends when nobody can write any more.
fn read_pieces(mut stdout: ChildStdout) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = stdout.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
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
