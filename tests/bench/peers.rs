//! The servers that are measured: how each is had and started.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use speclens_tests::child::Client;
use speclens_tests::clients::{command, installed};

/// The others, as the index that pip is set up for names them, with the program and what makes it a language server.
const OTHERS: &[(&str, &str, &str, &[&str])] = &[
    ("ty", "ty==0.0.105", "ty", &["server"]),
    ("ruff", "ruff==0.17.6", "ruff", &["server"]),
    ("zuban", "zuban==0.10.2", "zuban", &["server"]),
    ("pyrefly", "pyrefly==1.4.1", "pyrefly", &["lsp"]),
    ("basedpyright", "basedpyright==1.40.2", "basedpyright-langserver", &["--stdio"]),
];

/// What our answers rest on between runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Another's business.
    Theirs,
    /// The run before this one kept its answers.
    Warm,
    /// Nothing was kept.
    Cold,
}

pub struct Peer {
    pub name: &'static str,
    pub program: PathBuf,
    pub kept: Kept,
    arguments: Vec<&'static str>,
}

impl Peer {
    /// Ourselves twice, and those of the others that are wanted.
    pub fn all(wanted: &[String], program: Option<PathBuf>) -> Vec<Self> {
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
        // Without another program this one is it: so both are built in the same way.
        let here = || std::env::current_exe().expect("this program");
        let arguments = if program.is_some() { vec![] } else { vec![super::PROGRAM] };
        let program = program.unwrap_or_else(here);
        let ours = [("speclens", Kept::Warm), ("speclens (cold)", Kept::Cold)];
        let ours = ours.map(|(name, kept)| Self {
            name,
            kept,
            program: program.clone(),
            arguments: arguments.clone(),
        });
        let mut peers: Vec<Self> =
            if is_wanted("speclens") { ours.into_iter().collect() } else { Vec::new() };
        for &(name, requirement, program, arguments) in OTHERS.iter().filter(|other| is_wanted(other.0)) {
            match installed(requirement, program) {
                Ok(program) => {
                    peers.push(Self { name, program, kept: Kept::Theirs, arguments: arguments.to_vec() });
                }
                Err(reason) => println!("skipped: {name}: {reason}"),
            }
        }
        peers
    }

    pub fn is_ours(&self) -> bool {
        self.kept != Kept::Theirs
    }

    /// The program as it is started for a workspace with its environment in `.venv`.
    pub fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        let mut command = command(&self.program);
        let kept = if self.kept == Kept::Warm { "kept" } else { "empty" };
        let cache = cache(root).join(kept);
        if self.kept == Kept::Cold {
            let _ = std::fs::remove_dir_all(&cache);
        }
        let first = if self.is_ours() { &self.arguments[..] } else { &[] };
        command.args(first).args(arguments).current_dir(root);
        command.env("VIRTUAL_ENV", root.join(".venv")).env("SPECLENS_CACHE_DIR", cache);
        command.stderr(Stdio::null());
        command
    }

    /// The server, before it is spoken to.
    pub fn start(&self, root: &Path) -> Client {
        let arguments = if self.is_ours() { &["server"][..] } else { &self.arguments };
        Client::start(&mut self.command(root, arguments), root, settings(root))
    }
}

/// Where our answers for a workspace are: not beside it, where each file that comes would be looked at.
pub fn cache(root: &Path) -> PathBuf {
    let name = root.parent().and_then(Path::file_name).unwrap_or_default();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-kept").join(name)
}

/// Where those who ask find the environment.
fn settings(root: &Path) -> Value {
    let python = root.join(".venv/bin/python");
    json!({
        "python": { "pythonPath": python, "venvPath": root },
        "basedpyright": { "analysis": { "diagnosticMode": "openFilesOnly" } },
    })
}
