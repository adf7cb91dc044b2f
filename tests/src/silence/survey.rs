//! What there is to import in an environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::check::Checker;
use crate::process::output_within;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/silence/survey.py");

/// How `survey.py` calls what a module is: `regular`, `namespace`, `none`, ….
pub type Kind = String;

/// One name, and modules that importing it brings.
#[derive(Debug, Clone)]
pub struct Survey {
    pub name: String,
    pub raises: bool,
    pub modules: BTreeMap<String, Kind>,
}

impl Survey {
    /// Asks CPython for `count` names; for `names` where some are given. What it said of the same before is taken as said.
    pub fn ask(
        checker: &Checker,
        count: usize,
        seed: u64,
        names: &[String],
        kept: Option<&Path>,
    ) -> Vec<Self> {
        if let Some(text) = kept.and_then(|kept| std::fs::read_to_string(kept).ok()) {
            return text.lines().filter_map(row).collect();
        }
        let mut command = Command::new(&checker.python);
        command.args(["-B", SCRIPT, &count.to_string(), &seed.to_string(), "60"]).args(names);
        command.env("PYTHONNOUSERSITE", "1").env_remove("PYTHONPATH");
        if let Some(extra) = &checker.extra {
            command.env("PYTHONPATH", extra);
        }
        let limit = Duration::from_secs(60 * (count as u64 + 1));
        let output = output_within(&mut command, limit).expect("an answer");
        let text = String::from_utf8_lossy(&output.stdout);
        if let Some(kept) = kept {
            std::fs::write(kept, text.as_bytes()).expect("a file");
        }
        text.lines().filter_map(row).collect()
    }
}

fn row(line: &str) -> Option<Survey> {
    let row: Value = serde_json::from_str(line).ok()?;
    let modules = row["modules"].as_object()?;
    Some(Survey {
        name: row["name"].as_str()?.to_owned(),
        raises: !row["raised"].is_null(),
        modules: modules
            .iter()
            .filter_map(|(name, kind)| Some((name.clone(), kind.as_str()?.to_owned())))
            .collect(),
    })
}
