//! One run of the program, with an end in any case.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No run of the program takes as long as this.
const LIMIT: Duration = Duration::from_mins(1);

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Runs the program in `directory` without any Python in reach, and without waiting for it for ever.
    pub fn speclens(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_speclens"));
        command.env_clear().current_dir(directory).args(arguments);
        Self::of(&mut command)
    }

    /// Runs a command.
    pub fn of(command: &mut Command) -> Self {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = Guard(child);
        process.finish()
    }
}

struct Guard(Child);

impl Guard {
    fn finish(mut self) -> Run {
        let (out, err) = (self.0.stdout.take().unwrap(), self.0.stderr.take().unwrap());
        let out = thread::spawn(move || std::io::read_to_string(out).unwrap());
        let err = thread::spawn(move || std::io::read_to_string(err).unwrap());
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the program takes more than {LIMIT:?}");
            thread::sleep(Duration::from_millis(2));
        };
        Run { code: status.code(), out: out.join().unwrap(), err: err.join().unwrap() }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory under cargo's target directory, empty at first.
pub fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory.canonicalize().unwrap()
}

/// Writes files, given by their paths below `root`.
pub fn write(root: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
