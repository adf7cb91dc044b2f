//! Byte offsets as lines and columns, and back.

use std::sync::Arc;

use rustpython_ruff_source_file::{LineIndex as Index, OneIndexed, PositionEncoding, SourceLocation};
use rustpython_ruff_text_size::TextSize;

/// The unit in which columns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, the default of the language server protocol.
    Utf16,
    /// Characters (Unicode scalar values).
    Utf32,
}

/// A line and a column, both counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in units of an [`Encoding`].
    pub column: u32,
}

/// The starts of the lines of a text that is not kept.
#[derive(Debug)]
pub(crate) struct LineStarts(Index);

impl LineStarts {
    pub(crate) fn new(text: &str) -> Self {
        Self(Index::from_source_text(text))
    }

    /// The line of an offset, counted from 0.
    pub(crate) fn line(&self, offset: u32) -> u32 {
        narrow(self.0.line_index(TextSize::new(offset)).to_zero_indexed())
    }
}

/// A text with the starts of its lines. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    text: Arc<str>,
    index: Index,
}

impl LineIndex {
    /// Indexes a text.
    pub fn new(text: Arc<str>) -> Self {
        let index = Index::from_source_text(&text);
        Self { text, index }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The position of a byte offset; offsets past the end or inside a character give the nearest place before.
    pub fn position(&self, offset: u32, encoding: Encoding) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let location = self.index.source_location(size(offset), &self.text, position_encoding(encoding));
        Position {
            line: narrow(location.line.to_zero_indexed()),
            column: narrow(location.character_offset.to_zero_indexed()),
        }
    }

    /// The byte offset of a position; a position past the end of its line or text gives that end.
    pub fn offset(&self, position: Position, encoding: Encoding) -> u32 {
        if position.line as usize >= self.index.line_count() {
            return narrow(self.text.len());
        }
        let location = SourceLocation {
            line: OneIndexed::from_zero_indexed(position.line as usize),
            character_offset: OneIndexed::from_zero_indexed(position.column as usize),
        };
        let start = self.index.line_start(location.line, &self.text).to_u32();
        let line_end = start + narrow(self.line_text(position.line).len());
        self.index.offset(location, &self.text, position_encoding(encoding)).to_u32().min(line_end)
    }

    /// The text of a line, counted from 0, without its end.
    pub fn line_text(&self, line: u32) -> &str {
        if line as usize >= self.index.line_count() {
            return "";
        }
        let line = OneIndexed::from_zero_indexed(line as usize);
        let start = self.index.line_start(line, &self.text).to_usize();
        let end = self.index.line_end_exclusive(line, &self.text).to_usize();
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n'])
    }
}

fn position_encoding(encoding: Encoding) -> PositionEncoding {
    match encoding {
        Encoding::Utf8 => PositionEncoding::Utf8,
        Encoding::Utf16 => PositionEncoding::Utf16,
        Encoding::Utf32 => PositionEncoding::Utf32,
    }
}

fn size(offset: usize) -> TextSize {
    TextSize::new(narrow(offset))
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_three_encodings() {
        let lines = LineIndex::new("a = 'é𝄞'; b\r\nc\rd\n".into());
        let b = narrow("a = 'é𝄞'; ".len());
        for (encoding, column) in [(Encoding::Utf8, 14), (Encoding::Utf16, 11), (Encoding::Utf32, 10)] {
            assert_eq!(lines.position(b, encoding), Position { line: 0, column });
            assert_eq!(lines.offset(Position { line: 0, column }, encoding), b);
        }
        assert_eq!(lines.line_text(0), "a = 'é𝄞'; b");
        assert_eq!(lines.line_text(2), "d");
        assert_eq!(lines.offset(Position { line: 0, column: 999 }, Encoding::Utf16), b + 1);
        assert_eq!(lines.offset(Position { line: 999, column: 0 }, Encoding::Utf16), 21);
    }
}
