//! A document that the client has open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use speclens_files::OpenDocument;
use speclens_source::{Encoding, LineIndex, Position};

use super::event::{Cell, Change, Diagnosis, Name, NotebookChange};
use super::notebook::{Layout, Notebook};

/// An open document or notebook, its text ahead of the database by the edits of the last few milliseconds.
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
    pub between_runs: BetweenRuns,
    /// Its findings are those of a former session, and are not to be computed anew before this.
    pub rests: Option<Instant>,
    /// What the client was last sent, for which version: of the document, or of each cell.
    pub published: BTreeMap<Arc<str>, (i32, Vec<Diagnosis>)>,
    content: Content,
}

/// What the findings of a document have to do with another run of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct BetweenRuns {
    /// Its text is that of its opening, of which the findings may be known.
    pub recall: bool,
    /// Its text is that of the disk, as far as is known, and its findings are not kept.
    pub keep: bool,
}

impl BetweenRuns {
    pub(super) const NOTHING: Self = Self { recall: false, keep: false };
}

#[derive(Debug)]
enum Content {
    Text(Arc<str>),
    Notebook(Notebook),
}

impl Document {
    pub(super) fn new(name: Name, version: i32, text: String, edit: u64) -> Self {
        Self::of(name, version, Content::Text(text.into()), edit)
    }

    pub(super) fn notebook(name: Name, version: i32, cells: Vec<Cell>, edit: u64) -> Self {
        Self::of(name, version, Content::Notebook(Notebook::new(cells)), edit)
    }

    fn of(name: Name, version: i32, content: Content, edit: u64) -> Self {
        Self {
            name,
            version,
            edit,
            ahead: true,
            due: true,
            checking: false,
            between_runs: BetweenRuns { recall: true, keep: true },
            rests: None,
            published: BTreeMap::new(),
            content,
        }
    }

    /// What the database is to know.
    pub(super) fn as_input(&self) -> OpenDocument {
        let text = match &self.content {
            Content::Text(text) => Arc::clone(text),
            Content::Notebook(notebook) => notebook.program().into(),
        };
        OpenDocument { version: self.version, text }
    }

    /// Whether its findings are sent unasked: to who does not pull, and those of a notebook, whose cells VS Code does not pull.
    pub(super) fn is_published(&self, pulls: bool) -> bool {
        !pulls || matches!(self.content, Content::Notebook(_))
    }

    /// Where its cells are, if it is a notebook.
    pub(super) fn layout(&self) -> Option<&Arc<Layout>> {
        match &self.content {
            Content::Text(_) => None,
            Content::Notebook(notebook) => Some(notebook.layout()),
        }
    }

    /// The name of a cell.
    pub(super) fn cell(&self, uri: &Arc<str>) -> Name {
        Name { uri: Arc::clone(uri), path: self.name.path.clone(), cells: self.layout().cloned() }
    }

    /// What the client is to be told: of the document, or of each cell.
    pub(super) fn parts(&self, diagnoses: Vec<Diagnosis>) -> BTreeMap<Arc<str>, (i32, Vec<Diagnosis>)> {
        let Content::Notebook(notebook) = &self.content else {
            return BTreeMap::from([(Arc::clone(&self.name.uri), (self.version, diagnoses))]);
        };
        let cells = notebook.cells().map(|(uri, version)| (Arc::clone(uri), (version, Vec::new())));
        let mut parts: BTreeMap<_, (i32, Vec<Diagnosis>)> = cells.collect();
        for diagnosis in diagnoses {
            let cell = notebook.layout().cell(diagnosis.span.start.line);
            if let Some((_, of_cell)) = cell.and_then(|(_, uri, _)| parts.get_mut(uri)) {
                of_cell.push(diagnosis);
            }
        }
        parts
    }

    /// Applies changes one after the other, each to the text that the one before it left.
    pub(super) fn apply(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding, edit: u64) {
        match &mut self.content {
            Content::Text(text) => *text = edited(text, changes, encoding),
            Content::Notebook(_) => tracing::warn!(uri = %self.name.uri, "a notebook is no text"),
        }
        self.edited(version, edit);
    }

    /// Applies a change to a notebook.
    pub(super) fn apply_to_notebook(
        &mut self,
        version: i32,
        change: NotebookChange,
        encoding: Encoding,
        edit: u64,
    ) {
        match &mut self.content {
            Content::Notebook(notebook) => notebook.apply(change, encoding),
            Content::Text(_) => tracing::warn!(uri = %self.name.uri, "no notebook"),
        }
        self.edited(version, edit);
    }

    fn edited(&mut self, version: i32, edit: u64) {
        self.version = version;
        self.edit = edit;
        (self.between_runs, self.rests) = (BetweenRuns::NOTHING, None);
        self.ahead = true;
    }
}

/// A text after changes, each made to the text that the one before it left.
pub(super) fn edited(text: &Arc<str>, changes: Vec<Change>, encoding: Encoding) -> Arc<str> {
    let mut text = Arc::clone(text);
    for change in changes {
        let Some(span) = change.span else {
            text = change.text.into();
            continue;
        };
        let lines = LineIndex::new(Arc::clone(&text));
        let (start, end) = (offset(&lines, span.start, encoding), offset(&lines, span.end, encoding));
        let (start, end) = (start.min(end), start.max(end));
        text = [&text[..start], &change.text, &text[end..]].concat().into();
    }
    text
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
        let name = Name { uri: "file:///a.py".into(), path: "/a.py".into(), cells: None };
        let mut document = Document::new(name, 1, text.into(), 1);
        let changes = changes.iter().map(|&([line, column, end_line, end_column], text)| Change {
            span: Some(Span {
                start: Position { line, column },
                end: Position { line: end_line, column: end_column },
            }),
            text: text.into(),
        });
        document.apply(2, changes.collect(), encoding, 2);
        document.as_input().text.to_string()
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
