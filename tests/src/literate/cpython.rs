//! What CPython does, statement by statement.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::document::SourceFile;
use super::expectation::{Expectation, matches};
use crate::interpreters::Interpreter;
use crate::process::output_within;

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/literate/driver.py");

/// The differences between what the comments of `file` say and what happens.
pub fn compare(root: &Path, file: &SourceFile, interpreter: &Interpreter) -> Vec<String> {
    match outcomes(root, file, interpreter) {
        Err(problem) => vec![format!("{}: {problem}", file.path)],
        Ok(outcomes) => {
            let told =
                |difference: (usize, String)| format!("{}:{}: {}", file.path, difference.0, difference.1);
            differences(file, &outcomes).into_iter().map(told).collect()
        }
    }
}

/// One top-level statement that was run.
struct Outcome {
    first: usize,
    last: usize,
    value: Option<String>,
    /// The line of the file, the class and the message.
    raised: Option<(usize, String, String)>,
}

/// How many top-level statements of `file` raise.
pub fn raised(root: &Path, file: &SourceFile, interpreter: &Interpreter) -> Result<usize, String> {
    Ok(outcomes(root, file, interpreter)?.iter().filter(|outcome| outcome.raised.is_some()).count())
}

fn outcomes(root: &Path, file: &SourceFile, interpreter: &Interpreter) -> Result<Vec<Outcome>, String> {
    #[expect(clippy::disallowed_methods, reason = "an interpreter of the machine runs the test's own files")]
    let mut command = Command::new(&interpreter.program);
    command.current_dir(root).args(["-B", DRIVER]);
    for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONSAFEPATH", "VIRTUAL_ENV"] {
        command.env_remove(name);
    }
    command.env("PYTHONNOUSERSITE", "1").env("PYTHONIOENCODING", "utf-8");
    if let Some(module) = &file.module {
        command.args(["-m", module]);
    }
    command.arg(&file.path);
    let output = output_within(&mut command, Duration::from_mins(1)).ok_or("did not end within a minute")?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let Some((_, lines)) = stdout.split_once("\n--- outcomes\n") else {
        return Err(format!("could not be run: {}", String::from_utf8_lossy(&output.stderr).trim()));
    };
    lines.lines().map(|line| outcome(line).ok_or_else(|| format!("the driver printed {line}"))).collect()
}

fn outcome(line: &str) -> Option<Outcome> {
    let value: Value = serde_json::from_str(line).ok()?;
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let raised = match value.get("raised") {
        None => None,
        Some(raised) => Some((number(&raised["line"])?, text(&raised["type"])?, text(&raised["message"])?)),
    };
    Some(Outcome {
        first: number(&value["line"])?,
        last: number(&value["end"])?,
        value: text(&value["value"]),
        raised,
    })
}

fn differences(file: &SourceFile, outcomes: &[Outcome]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut expected_lines = Vec::new();
    for (line, expectation) in &file.expectations {
        let outcome = outcomes.iter().find(|outcome| (outcome.first..=outcome.last).contains(line));
        match (expectation, outcome) {
            (Expectation::Raises { class, message }, Some(outcome)) => {
                expected_lines.push(*line);
                let wanted = format!("raises {class}: {}", message.as_deref().unwrap_or("..."));
                let actual = told(outcome);
                let here = outcome.raised.as_ref().is_some_and(|(at, _, _)| at == line);
                if !here || !matches(&wanted, &actual) {
                    found.push((*line, format!("expected {wanted}\n      but it {actual}")));
                }
            }
            (Expectation::Is(wanted), Some(outcome)) => {
                let actual = told(outcome);
                if !matches(&format!("is {wanted}"), &actual) {
                    found.push((*line, format!("expected is {wanted}\n      but it {actual}")));
                }
            }
            (Expectation::Raises { .. } | Expectation::Is(_), None) => {
                found.push((*line, "no top-level statement is here".into()));
            }
            (Expectation::Finding(_) | Expectation::NoFinding, _) => {}
        }
    }
    for outcome in outcomes {
        if let Some((line, _, _)) = &outcome.raised
            && !expected_lines.contains(line)
        {
            found.push((*line, format!("expected no exception\n      but it {}", told(outcome))));
        }
    }
    found
}

fn told(outcome: &Outcome) -> String {
    match (&outcome.raised, &outcome.value) {
        (Some((_, class, message)), _) => format!("raises {class}: {message}"),
        (None, Some(value)) => format!("is {value}"),
        (None, None) => "does nothing".into(),
    }
}
