//! The CPython interpreters of this machine, for comparing what Speclens says with what happens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use speclens_environment::PythonVersion;

use crate::process::output_within;

/// One CPython.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The program itself, not a shim.
    pub program: PathBuf,
    /// `sys.version_info[:2]`.
    pub version: PythonVersion,
}

static FOUND: LazyLock<Vec<Interpreter>> = LazyLock::new(look);

/// The interpreters found on `PATH` and in pyenv, one of each version from 3.8 on, the oldest first.
pub fn interpreters() -> &'static [Interpreter] {
    &FOUND
}

fn look() -> Vec<Interpreter> {
    let mut found = BTreeMap::new();
    for candidate in candidates() {
        if let Some(interpreter) = ask(&candidate) {
            found.entry(interpreter.version).or_insert(interpreter);
        }
    }
    found.into_values().filter(|interpreter| interpreter.version.at_least(8)).collect()
}

#[expect(clippy::disallowed_methods, reason = "interpreters are found where the shell would find them")]
fn candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| {
        let output = output_within(Command::new("pyenv").arg("root"), Duration::from_secs(10))?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    });
    if let Some(root) = pyenv {
        let versions = root.join("versions").read_dir().into_iter().flatten().flatten();
        candidates.extend(versions.map(|version| version.path().join("bin/python3")));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for directory in std::env::split_paths(&path) {
        candidates.extend((8..=19).map(|minor| directory.join(format!("python3.{minor}"))));
        candidates.push(directory.join("python3"));
    }
    candidates.retain(|candidate| candidate.is_file());
    candidates
}

/// What a program says that it is. A shim of a version that is not switched on fails, and is no interpreter.
pub fn ask(candidate: &Path) -> Option<Interpreter> {
    let code = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.executable)";
    #[expect(clippy::disallowed_methods, reason = "an interpreter of the machine, not of a workspace")]
    let output = output_within(Command::new(candidate).args(["-I", "-c", code]), Duration::from_secs(20))?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut words = answer.trim().splitn(4, ' ');
    (words.next()? == "cpython").then_some(())?;
    let version = PythonVersion::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Interpreter { program: words.next()?.into(), version })
}
