//! Processes that end in time.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use wait_timeout::ChildExt;

/// Runs a command to its end; `None` where it could not start or took longer than `limit`, and was killed.
pub fn output_within(command: &mut Command, limit: Duration) -> Option<Output> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let stdout = read_all(child.stdout.take()?);
    let stderr = read_all(child.stderr.take()?);
    let Ok(Some(status)) = child.wait_timeout(limit) else {
        // It may have ended in between, and then there is nothing to kill.
        drop(child.kill());
        drop(child.wait());
        return None;
    };
    Some(Output { status, stdout: stdout.join().ok()?, stderr: stderr.join().ok()? })
}

fn read_all(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is still worth showing.
        drop(pipe.read_to_end(&mut bytes));
        bytes
    })
}
