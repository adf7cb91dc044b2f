//! For people: each finding with its line, the lines that decided it, and what helps.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use speclens_analysis::{Finding, Place, Severity};
use speclens_source::{Encoding, LineIndex, Position};

use super::{Report, name};

/// A statement that is longer is shown by its first line.
const MAX_LINES: u32 = 6;

pub fn render(report: &Report<'_>) -> String {
    let renderer = Renderer::styled();
    let mut text = String::new();
    for finding in report.findings {
        text.push_str(&renderer.render(&groups(report, finding)));
        text.push_str("\n\n");
    }
    if !report.summary.is_empty() {
        text.push_str(report.summary);
        text.push('\n');
    }
    text
}

fn groups<'a>(report: &'a Report<'_>, finding: &'a Finding) -> Vec<Group<'a>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Information => Level::INFO,
        Severity::Hint => Level::NOTE,
    }
    .with_name(name(finding.severity));
    let title = level.primary_title(&finding.message).id(finding.rule);
    let mut groups =
        vec![with_place(report, Group::with_title(title), &finding.place, AnnotationKind::Primary)];
    for related in &finding.related {
        let note = Group::with_title(Level::NOTE.secondary_title(plain(&related.message)));
        groups.push(with_place(report, note, &related.place, AnnotationKind::Primary));
    }
    for help in &finding.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(plain(help))));
    }
    groups
}

fn with_place<'a>(
    report: &'a Report<'_>,
    group: Group<'a>,
    place: &Place,
    kind: AnnotationKind,
) -> Group<'a> {
    let path = report.shown(&place.file);
    let Some(lines) = report.sources.lines(place) else {
        return group.element(Origin::path(path));
    };
    let part = Part::of(lines, place);
    let snippet = Snippet::source(part.text).line_start(part.first_line).path(path);
    group.element(snippet.annotation(kind.span(part.start..part.end)))
}

/// The lines of a place, and where in them it is.
struct Part<'a> {
    text: &'a str,
    first_line: usize,
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    fn of(lines: &'a LineIndex, place: &Place) -> Self {
        let first = lines.position(place.start, Encoding::Utf8).line;
        let last = lines.position(place.end, Encoding::Utf8).line.max(first);
        let last = if last - first >= MAX_LINES { first } else { last };
        let from = lines.offset(Position { line: first, column: 0 }, Encoding::Utf8);
        let to = lines.offset(Position { line: last, column: u32::MAX }, Encoding::Utf8);
        let inside = |offset: u32| (offset.clamp(from, to) - from) as usize;
        Self {
            text: lines.text().get(from as usize..to as usize).unwrap_or_default(),
            first_line: first as usize + 1,
            start: inside(place.start),
            end: inside(place.end.max(place.start)),
        }
    }
}

/// Secondary titles are written as they are, and a name in a message may come from any file.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::example::rendered;
    use crate::command_line::arguments::OutputFormat;

    #[test]
    fn lines_reasons_and_help() {
        let text = anstream::adapter::strip_str(&rendered(OutputFormat::Full)).to_string();
        assert_eq!(
            text,
            "\
error[import-raises]: this import will raise ValueError: transformers.__spec__ is None
 --> app.py:2:1
  |
2 | import lightning; é = '𝄞'; é.x
  | ^^^^^^^^^^^^^^^^
  |
note: puts another object in sys.modules
 --> /lib/lazy/__init__.py:2:1
  |
2 | sys.modules[__name__] = Lazy(__name__)
  | ^^^^^^^^^^^^^^^^^^^^^
help: import lightning before transformers

warning[module-without-spec]: é.x may be 100% None
 --> app.py:2:28
  |
2 | import lightning; é = '𝄞'; é.x
  |                            ^^^

1 error, 1 warning
"
        );
    }
}
