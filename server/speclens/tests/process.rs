//! The server as a process: when it ends, and with which exit code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]
#![expect(clippy::disallowed_methods, reason = "a test of processes starts some")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// No answer takes longer, on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(20);
/// What `exit` may take: 100 ms are promised, the rest is the slack of a busy machine.
const EXIT: Duration = Duration::from_millis(500);

struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_speclens"))
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take(), process.stdout.take());
        Self { process, input, output: output.map(BufReader::new) }
    }

    /// Shakes hands with a client whose process is the one given.
    fn initialized(client: &str) -> Self {
        let mut server = Self::start();
        server.say(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"processId":{client},"capabilities":{{}}}}}}"#
        ));
        assert!(server.hear().contains("positionEncoding"));
        server.say(r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#);
        server
    }

    fn say(&mut self, message: &str) {
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
        input.flush().unwrap();
    }

    /// The next message of the server.
    fn hear(&mut self) -> String {
        let mut output = self.output.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut length = 0;
            loop {
                let mut line = String::new();
                output.read_line(&mut line).unwrap();
                match line.trim_end() {
                    "" => break,
                    line => {
                        if let Some(number) = line.strip_prefix("Content-Length: ") {
                            length = number.parse().unwrap();
                        }
                    }
                }
            }
            let mut body = vec![0; length];
            output.read_exact(&mut body).unwrap();
            sender.send((output, String::from_utf8(body).unwrap())).unwrap();
        });
        let (output, message) = receiver.recv_timeout(DEADLINE).unwrap();
        self.output = Some(output);
        message
    }

    /// Waits for the end; its exit code, and how long it took.
    fn end(&mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        while start.elapsed() < DEADLINE {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status.code(), start.elapsed());
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("the server does not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn exit_ends_it_though_the_input_stays_open() {
    let mut server = Server::initialized("null");
    server.say(r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#);
    assert!(server.hear().contains(r#""id":2"#));
    server.say(r#"{"jsonrpc":"2.0","method":"exit"}"#);
    let (code, took) = server.end();
    println!("`exit` took {took:?}");
    assert_eq!(code, Some(0));
    assert!(took < EXIT, "`exit` took {took:?}; 100 ms are promised");
}

#[test]
fn exit_without_shutdown_is_a_failure() {
    let mut server = Server::initialized("null");
    server.say(r#"{"jsonrpc":"2.0","method":"exit"}"#);
    let (code, took) = server.end();
    assert_eq!(code, Some(1));
    assert!(took < EXIT, "`exit` took {took:?}; 100 ms are promised");
}

#[test]
fn it_ends_when_its_input_closes() {
    let mut server = Server::initialized("null");
    server.input = None;
    assert_eq!(server.end().0, Some(1));

    let mut server = Server::initialized("null");
    server.say(r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#);
    server.hear();
    server.input = None;
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn it_ends_with_its_client() {
    // A server of our own stands for a client: a process that waits until it is told otherwise.
    let mut client = Server::start();
    let mut server = Server::initialized(&client.process.id().to_string());
    // It lives while its client lives.
    server.say(r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#);
    server.hear();
    assert!(server.process.try_wait().unwrap().is_none());
    // Killed and not waited for: dead, though the system still knows its number.
    client.process.kill().unwrap();
    server.end();
    client.process.wait().unwrap();

    // A client that is long gone.
    let mut server = Server::start();
    let client = client.process.id();
    server.say(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"processId":{client},"capabilities":{{}}}}}}"#
    ));
    server.end();
}
