//! What is reported, as plain data.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// How sure a finding is (see ARCHITECTURE.md, "Certain, possible, unknown").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It depends on something that cannot be decided without running the code.
    Possible,
    /// CPython will do this whenever it gets to this line.
    Certain,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, on demand.
    Hint,
    /// Worth knowing.
    Information,
    /// Will surprise.
    Warning,
    /// Will raise.
    Error,
}

/// A range of a file's text, in bytes from its start (of the text after decoding, as UTF-8).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, absolute.
    pub file: PathBuf,
    /// Byte offset of the first character.
    pub start: u32,
    /// Byte offset after the last character.
    pub end: u32,
}

/// A line elsewhere that decided the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// What that line does, as a phrase.
    pub message: String,
    /// Where it is.
    pub place: Place,
}

/// One replacement of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced: the nothing at 0 of a file that is not there makes the file.
    pub place: Place,
    /// By what.
    pub text: String,
}

/// A change that mends the finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
    /// The code does what it did before, so that `check --fix` may apply it unasked.
    pub safe: bool,
}

/// The name of a rule of this program. (A name of its own, so that serde does not take it for borrowed from its input.)
pub type RuleName = &'static str;

/// One thing to tell the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's kebab-case name.
    #[serde(deserialize_with = "known_rule")]
    pub rule: RuleName,
    /// How grave it is.
    pub severity: Severity,
    /// How sure it is.
    pub certainty: Certainty,
    /// What the read will see, in one sentence that names the module and the value.
    pub message: String,
    /// The expression or statement it is about.
    pub place: Place,
    /// Why, in the order of events.
    pub related: Vec<Related>,
    /// What helps, one sentence each.
    pub help: Vec<String>,
    /// What helps, as edits.
    pub fixes: Vec<Fix>,
}

/// The name of a rule, as this program has it.
fn known_rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(deserializer)?;
    crate::rules::rule(&name)
        .map(|rule| rule.name)
        .ok_or_else(|| D::Error::custom("a rule that is not known"))
}
