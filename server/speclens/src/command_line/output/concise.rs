//! One line a finding: `path:line:column: rule message`.

use std::fmt::Write;

use super::Report;

pub fn render(report: &Report<'_>) -> String {
    let mut text = String::new();
    for finding in report.findings {
        let (line, column) = report.sources.range(&finding.place).start;
        let file = report.shown(&finding.place.file);
        let message = finding.message.replace(['\r', '\n'], " ");
        let _ = writeln!(text, "{file}:{line}:{column}: {} {message}", finding.rule);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::example::rendered;
    use crate::command_line::arguments::OutputFormat;

    #[test]
    fn a_line_a_finding() {
        assert_eq!(
            rendered(OutputFormat::Concise),
            "app.py:2:1: import-raises this import will raise ValueError: transformers.__spec__ is None\n\
             app.py:2:28: module-without-spec é.x may be 100% None\n"
        );
    }
}
