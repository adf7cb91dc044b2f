//! The comments at line ends.

use std::fmt;

/// What a comment expects of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// `finding: RULE` or `finding: RULE "part of the message"`, with `certain` or `possible` before it.
    Finding(FoundBy),
    /// `no finding`: said for the reader, true of every line without `finding:`.
    NoFinding,
    /// `raises TYPE: message`; `...` in the message stands for any text.
    Raises {
        /// The exception's class, without its module.
        class: String,
        /// Its `str()`, where the comment gives one.
        message: Option<String>,
    },
    /// `is REPR`: the value of the expression or of the assignment.
    Is(String),
}

/// One expected finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBy {
    /// The rule's name.
    pub rule: String,
    /// `certain` or `possible`, where the comment says so.
    pub certainty: Option<&'static str>,
    /// What the message must contain.
    pub message: Option<String>,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(certainty) = self.certainty {
            write!(formatter, "{certainty} ")?;
        }
        write!(formatter, "finding: {}", self.rule)?;
        self.message.as_ref().map_or(Ok(()), |message| write!(formatter, " {message:?}"))
    }
}

/// The expectations of one line of Python; an error where its comment is none.
pub fn expectations(line: &str) -> Result<Vec<Expectation>, String> {
    // A comment on a line of its own is prose.
    let Some((code, mut rest)) = line.split_once("  # ") else { return Ok(Vec::new()) };
    if code.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    while !rest.is_empty() {
        // A message may hold a semicolon, so it takes all that follows.
        if let Some(raised) = rest.strip_prefix("raises ") {
            let (class, message) = raised.split_once(": ").map_or((raised, None), |(a, b)| (a, Some(b)));
            found.push(Expectation::Raises { class: class.into(), message: message.map(Into::into) });
            break;
        }
        if let Some(value) = rest.strip_prefix("is ") {
            found.push(Expectation::Is(value.into()));
            break;
        }
        let (clause, after) = rest.split_once("; ").unwrap_or((rest, ""));
        found.push(clause_of(clause).ok_or_else(|| format!("not understood: # {clause}"))?);
        rest = after;
    }
    Ok(found)
}

fn clause_of(clause: &str) -> Option<Expectation> {
    if clause == "no finding" {
        return Some(Expectation::NoFinding);
    }
    let (before, after) = clause.split_once("finding: ")?;
    let certainty = match before {
        "" => None,
        "certain " => Some("certain"),
        "possible " => Some("possible"),
        _ => return None,
    };
    let (rule, message) = after.split_once(' ').map_or((after, None), |(rule, text)| (rule, Some(text)));
    let message = match message {
        None => None,
        Some(text) => Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned()),
    };
    Some(Expectation::Finding(FoundBy { rule: rule.into(), certainty, message }))
}

/// Whether `text` is what `pattern` says, in which `...` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split("...");
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_expect_a_finding_and_an_exception() {
        let line = "x = a.b  # possible finding: some-rule \"of a\"; raises ImportError: a; b";
        let found_by =
            FoundBy { rule: "some-rule".into(), certainty: Some("possible"), message: Some("of a".into()) };
        let raises = Expectation::Raises { class: "ImportError".into(), message: Some("a; b".into()) };
        assert_eq!(expectations(line), Ok(vec![Expectation::Finding(found_by), raises]));
    }

    #[test]
    fn a_comment_that_is_no_expectation_is_an_error() {
        assert!(expectations("x = 1  # raisse ValueError").is_err());
        assert_eq!(expectations("    # prose; raises nothing"), Ok(Vec::new()));
    }

    #[test]
    fn three_dots_stand_for_any_text() {
        assert!(matches("cannot import 'x' (.../a.py)", "cannot import 'x' (/tmp/a.py)"));
        assert!(matches("a...b...c", "a1b2c"));
        assert!(!matches("a...b", "a1c"));
        assert!(!matches("a", "ab"));
    }
}
