//! One array of findings. Its shape is stable: scripts rely on it.

use std::path::Path;

use serde::Serialize;
use speclens_analysis::{Certainty, Finding, Place};

use super::{Range, Report, name};
use crate::command_line::session::slashed;

#[derive(Serialize)]
struct FindingJson<'a> {
    rule: &'a str,
    severity: &'a str,
    certainty: Certainty,
    message: &'a str,
    file: String,
    range: RangeJson,
    related: Vec<RelatedJson<'a>>,
    fixes: Vec<FixJson<'a>>,
}

#[derive(Serialize)]
struct RangeJson {
    start: PositionJson,
    end: PositionJson,
}

#[derive(Serialize)]
struct PositionJson {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    message: &'a str,
    file: String,
    range: RangeJson,
}

#[derive(Serialize)]
struct FixJson<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<EditJson<'a>>,
}

#[derive(Serialize)]
struct EditJson<'a> {
    file: String,
    range: RangeJson,
    text: &'a str,
}

pub fn render(report: &Report<'_>) -> String {
    let findings: Vec<FindingJson<'_>> =
        report.findings.iter().map(|finding| finding_json(report, finding)).collect();
    // Only a map with keys that are no strings could fail.
    let mut text = serde_json::to_string_pretty(&findings).unwrap_or_default();
    text.push('\n');
    text
}

fn finding_json<'a>(report: &Report<'_>, finding: &'a Finding) -> FindingJson<'a> {
    let range = |place: &Place| range_json(report.sources.range(place));
    let related = finding.related.iter().map(|related| RelatedJson {
        message: &related.message,
        file: file(&related.place.file),
        range: range(&related.place),
    });
    let fixes = finding.fixes.iter().map(|fix| FixJson {
        title: &fix.title,
        safe: fix.safe,
        edits: fix
            .edits
            .iter()
            .map(|edit| EditJson {
                file: file(&edit.place.file),
                range: range(&edit.place),
                text: &edit.text,
            })
            .collect(),
    });
    FindingJson {
        rule: finding.rule,
        severity: name(finding.severity),
        certainty: finding.certainty,
        message: &finding.message,
        file: file(&finding.place.file),
        range: range(&finding.place),
        related: related.collect(),
        fixes: fixes.collect(),
    }
}

// Absolute, since a script may not know where the program ran.
fn file(path: &Path) -> String {
    slashed(path)
}

fn range_json(range: Range) -> RangeJson {
    let position = |(line, column)| PositionJson { line, column };
    RangeJson { start: position(range.start), end: position(range.end) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::example::rendered;
    use crate::command_line::arguments::OutputFormat;

    #[test]
    fn the_stable_shape() {
        let value: serde_json::Value = serde_json::from_str(&rendered(OutputFormat::Json)).unwrap();
        let range = |line, from, to| json!({"start": {"line": line, "column": from}, "end": {"line": line, "column": to}});
        let expected = json!([
            {
                "rule": "import-raises", "severity": "error", "certainty": "certain",
                "message": "this import will raise ValueError: transformers.__spec__ is None",
                "file": "/my code/app.py", "range": range(2, 1, 17),
                "related": [{
                    "message": "puts another object in sys.modules",
                    "file": "/lib/lazy/__init__.py", "range": range(2, 1, 22),
                }],
                "fixes": [{
                    "title": "Swap the imports",
                    "safe": false,
                    "edits": [{"file": "/my code/app.py", "range": range(1, 1, 20), "text": "import lightning"}],
                }],
            },
            {
                "rule": "module-without-spec", "severity": "warning", "certainty": "possible",
                "message": "é.x may be 100% None",
                "file": "/my code/app.py", "range": range(2, 28, 31), "related": [], "fixes": [],
            },
        ]);
        assert_eq!(value, expected);
        // The order of the keys is part of the shape that people see.
        assert_eq!(value.to_string(), expected.to_string());
    }
}
