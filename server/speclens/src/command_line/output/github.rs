//! Workflow commands of GitHub Actions, which show each finding beside its line.

use std::fmt::Write;

use speclens_analysis::Severity;

use super::Report;

pub fn render(report: &Report<'_>) -> String {
    let mut text = String::new();
    for finding in report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information | Severity::Hint => "notice",
        };
        let range = report.sources.range(&finding.place);
        let file = property(&report.shown(&finding.place.file));
        let ((line, column), (end_line, end_column)) = (range.start, range.end);
        let mut message = finding.message.clone();
        for related in &finding.related {
            let file = report.shown(&related.place.file);
            let line = report.sources.range(&related.place).start.0;
            let _ = write!(message, "\n{file}:{line}: {}", related.message);
        }
        for help in &finding.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = write!(text, "::{command} file={file},line={line},col={column},endLine={end_line}");
        // GitHub ignores columns of a range that is longer than a line, and wants the column after the last.
        if line == end_line {
            let _ = write!(text, ",endColumn={end_column}");
        }
        let _ = writeln!(text, ",title={}::{}", property(finding.rule), data(&message));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::example::rendered;
    use crate::command_line::arguments::OutputFormat;

    #[test]
    fn commands_with_their_characters_escaped() {
        assert_eq!(
            rendered(OutputFormat::Github),
            "::error file=app.py,line=2,col=1,endLine=2,endColumn=17,title=import-raises::this import will raise \
             ValueError: transformers.__spec__ is None%0A/lib/lazy/__init__.py:2: puts another object in \
             sys.modules%0Ahelp: import lightning before transformers\n\
             ::warning file=app.py,line=2,col=28,endLine=2,endColumn=31,title=module-without-spec::é.x may \
             be 100%25 None\n"
        );
    }
}
