//! SARIF 2.1.0, which code scanning reads.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};
use speclens_analysis::{Finding, Fix, Place, RULES, Severity};

use super::Report;
use crate::command_line::session::slashed;

pub fn render(report: &Report<'_>) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.name,
                "shortDescription": {"text": rule.summary},
                "help": {"text": rule.page, "markdown": rule.page},
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        })
        .collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding)).collect();
    let root = format!("{}/", uri(report.directory).trim_end_matches('/'));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "speclens", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"uri": root}},
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(report: &Report<'_>, finding: &Finding) -> Value {
    let mut message = finding.message.clone();
    for help in &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(id, related)| {
            json!({
                "id": id,
                "physicalLocation": location(report, &related.place),
                "message": {"text": related.message},
            })
        })
        .collect();
    let fixes: Vec<Value> = finding.fixes.iter().map(|fix| self::fix(report, fix)).collect();
    json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.name == finding.rule),
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": location(report, &finding.place)}],
        "relatedLocations": related,
        "fixes": fixes,
    })
}

fn fix(report: &Report<'_>, fix: &Fix) -> Value {
    let changes: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "artifactLocation": artifact(report, &edit.place.file),
                "replacements": [{
                    "deletedRegion": region(report, &edit.place),
                    "insertedContent": {"text": edit.text},
                }],
            })
        })
        .collect();
    json!({"description": {"text": fix.title}, "artifactChanges": changes})
}

fn location(report: &Report<'_>, place: &Place) -> Value {
    json!({"artifactLocation": artifact(report, &place.file), "region": region(report, place)})
}

fn region(report: &Report<'_>, place: &Place) -> Value {
    let range = report.sources.range(place);
    json!({
        "startLine": range.start.0,
        "startColumn": range.start.1,
        "endLine": range.end.0,
        "endColumn": range.end.1,
    })
}

fn artifact(report: &Report<'_>, file: &Path) -> Value {
    match file.strip_prefix(report.directory) {
        Ok(relative) => json!({"uri": escaped(&slashed(relative)), "uriBaseId": "%SRCROOT%"}),
        Err(_) => json!({"uri": uri(file)}),
    }
}

/// An absolute path as a `file:` URI.
fn uri(path: &Path) -> String {
    let path = escaped(&slashed(path));
    // A path of Windows starts with its drive and not with a slash.
    if path.starts_with('/') { format!("file://{path}") } else { format!("file:///{path}") }
}

/// RFC 3986: all but the unreserved characters, `/` and the drive's `:` as `%XX`.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                escaped.push(char::from(byte));
            }
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information | Severity::Hint => "note",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::example::rendered;
    use crate::command_line::arguments::OutputFormat;

    #[test]
    fn results_point_at_rules_files_and_regions() {
        let log: serde_json::Value = serde_json::from_str(&rendered(OutputFormat::Sarif)).unwrap();
        let run = &log["runs"][0];
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(run["originalUriBaseIds"]["%SRCROOT%"]["uri"], "file:///my%20code/");
        let first = &run["results"][0];
        let index = usize::try_from(first["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "import-raises");
        assert_eq!(
            first["locations"][0]["physicalLocation"],
            json!({
                "artifactLocation": {"uri": "app.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 17},
            })
        );
        assert_eq!(
            first["relatedLocations"][0]["physicalLocation"]["artifactLocation"],
            json!({"uri": "file:///lib/lazy/__init__.py"})
        );
        assert_eq!(
            first["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startLine"],
            1
        );
        assert_eq!(run["results"][1]["level"], "warning");
    }
}
