//! A document that the client has open.

use std::sync::Arc;

use speclens_files::OpenDocument;
use speclens_source::{Encoding, LineIndex, Position};

use super::event::{Change, Diagnosis, Name};

/// An open document, its text ahead of the database by the edits of the last few milliseconds.
#[derive(Debug)]
pub(super) struct Document {
    pub name: Name,
    pub version: i32,
    /// The number of the edit that made this text; unlike the version, no client can make it lie.
    pub edit: u64,
    /// The database has not seen the last edits.
    pub ahead: bool,
    /// Its diagnostics may be out of date.
    pub due: bool,
    /// A worker computes its diagnostics.
    pub checking: bool,
    /// What the client was last sent, for which version.
    pub published: Option<(i32, Vec<Diagnosis>)>,
    text: Arc<str>,
}

impl Document {
    pub(super) fn new(name: Name, version: i32, text: String, edit: u64) -> Self {
        Self {
            name,
            version,
            edit,
            ahead: true,
            due: true,
            checking: false,
            published: None,
            text: text.into(),
        }
    }

    /// What the database is to know.
    pub(super) fn as_input(&self) -> OpenDocument {
        OpenDocument { version: self.version, text: Arc::clone(&self.text) }
    }

    /// Applies changes one after the other, each to the text that the one before it left.
    pub(super) fn apply(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding, edit: u64) {
        for change in changes {
            let Some(span) = change.span else {
                self.text = change.text.into();
                continue;
            };
            let lines = LineIndex::new(Arc::clone(&self.text));
            let (start, end) = (offset(&lines, span.start, encoding), offset(&lines, span.end, encoding));
            let (start, end) = (start.min(end), start.max(end));
            let mut text = String::with_capacity(self.text.len() + change.text.len());
            text.push_str(&self.text[..start]);
            text.push_str(&change.text);
            text.push_str(&self.text[end..]);
            self.text = text.into();
        }
        self.version = version;
        self.edit = edit;
        self.ahead = true;
    }
}

/// The byte offset of a position, always at the start of a character: a position outside the text gives the nearest
/// place in it.
pub(super) fn offset(lines: &LineIndex, position: Position, encoding: Encoding) -> usize {
    // No unit is smaller than a byte, so a column past the line's bytes is past the line.
    let longest = u32::try_from(lines.line_text(position.line).len()).unwrap_or(u32::MAX);
    let position = Position { column: position.column.min(longest), ..position };
    let text = lines.text();
    let mut offset = (lines.offset(position, encoding) as usize).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::super::event::Span;
    use super::*;

    fn edited(text: &str, encoding: Encoding, changes: &[([u32; 4], &str)]) -> String {
        let name = Name { uri: "file:///a.py".into(), path: "/a.py".into() };
        let mut document = Document::new(name, 1, text.into(), 1);
        let changes = changes.iter().map(|&([line, column, end_line, end_column], text)| Change {
            span: Some(Span {
                start: Position { line, column },
                end: Position { line: end_line, column: end_column },
            }),
            text: text.into(),
        });
        document.apply(2, changes.collect(), encoding, 2);
        document.text.to_string()
    }

    #[test]
    fn changes_apply_in_order_and_in_the_encoding() {
        let text = "é𝄞 = 1\nb\n";
        assert_eq!(edited(text, Encoding::Utf8, &[([0, 6, 0, 7], "+")]), "é𝄞+= 1\nb\n");
        assert_eq!(edited(text, Encoding::Utf16, &[([0, 3, 0, 4], "+")]), "é𝄞+= 1\nb\n");
        assert_eq!(edited(text, Encoding::Utf32, &[([0, 2, 0, 3], "+")]), "é𝄞+= 1\nb\n");
        let twice = [([1, 0, 1, 1], "long"), ([1, 4, 1, 4], "er")];
        assert_eq!(edited(text, Encoding::Utf16, &twice), "é𝄞 = 1\nlonger\n");
    }

    #[test]
    fn ranges_that_lie_do_no_harm() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            assert_eq!(edited("ab\n", encoding, &[([0, 1, u32::MAX, u32::MAX], "c")]), "ac");
            assert_eq!(edited("ab\n", encoding, &[([0, u32::MAX, 0, u32::MAX], "c")]), "abc\n");
            assert_eq!(edited("ab\n", encoding, &[([9, 9, 9, 9], "c")]), "ab\nc");
            assert_eq!(edited("ab\n", encoding, &[([0, 2, 0, 0], "c")]), "c\n");
        }
        // Inside a character: back to its start.
        assert_eq!(edited("é𝄞", Encoding::Utf8, &[([0, 1, 0, 3], "")]), "𝄞");
        assert!(edited("é𝄞", Encoding::Utf16, &[([0, 2, 0, 2], "x")]).contains('x'));
    }
}
