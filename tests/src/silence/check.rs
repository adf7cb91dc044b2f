//! `speclens check` in a process of its own, with a limit of time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::process::output_within;

/// One finding, as the JSON has it.
#[derive(Debug, Clone)]
pub struct Found {
    pub rule: String,
    pub is_certain: bool,
    pub message: String,
    pub file: PathBuf,
    /// Line, column, end line, end column: from 1, in characters.
    pub range: [usize; 4],
}

impl Found {
    /// Whether it says that something raises or is None. Others say what a value is, or what the code leads to.
    pub fn says_failure(&self) -> bool {
        self.message.contains("rais") || self.message.contains("None")
    }
}

/// The program, and the environment that it looks at.
#[derive(Debug, Clone)]
pub struct Checker {
    pub program: PathBuf,
    pub python: PathBuf,
    /// First on the path, as `PYTHONPATH` is.
    pub extra: Option<PathBuf>,
    /// For one call.
    pub limit: Duration,
}

impl Checker {
    /// The findings in some files, or why there is no answer.
    pub fn check(&self, files: &[PathBuf]) -> Result<Vec<Found>, String> {
        let mut command = Command::new(&self.program);
        command.args(["check", "--no-cache", "--quiet", "--output-format", "json", "--python"]);
        command.arg(&self.python);
        if let Some(extra) = &self.extra {
            command.arg("--extra-path").arg(extra);
        }
        command.args(files);
        for name in ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"] {
            command.env_remove(name);
        }
        command.env("PYTHONNOUSERSITE", "1");
        let output =
            output_within(&mut command, self.limit).ok_or(format!("no answer in {:?}", self.limit))?;
        let problem = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).map_err(|_| problem())?;
        if output.status.code().is_some_and(|code| code > 1) {
            return Err(problem());
        }
        rows.iter().map(|row| found(row).ok_or(format!("not a finding: {row}"))).collect()
    }
}

fn found(row: &Value) -> Option<Found> {
    let number = |end: &str, of: &str| usize::try_from(row["range"][end][of].as_u64()?).ok();
    Some(Found {
        rule: row["rule"].as_str()?.to_owned(),
        is_certain: row["certainty"] == "certain",
        message: row["message"].as_str()?.to_owned(),
        file: Path::new(row["file"].as_str()?).to_path_buf(),
        range: [
            number("start", "line")?,
            number("start", "column")?,
            number("end", "line")?,
            number("end", "column")?,
        ],
    })
}
