//! A notebook: its cells are one program, in their order.

use std::sync::Arc;

use speclens_source::{Encoding, LineIndex};

use super::document::edited;
use super::event::{Cell, NotebookChange};
use super::magics::plain;

/// The cells of an open notebook.
#[derive(Debug)]
pub(super) struct Notebook {
    cells: Vec<(Cell, String)>,
    layout: Arc<Layout>,
}

/// Where the cells lie in the notebook's program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The URI of each cell of the program, with its first line.
    cells: Vec<(Arc<str>, u32)>,
}

impl Layout {
    /// The first line of a cell.
    pub(super) fn first_line(&self, uri: &str) -> Option<u32> {
        self.cells.iter().find(|(cell, _)| **cell == *uri).map(|(_, line)| *line)
    }

    /// The number of the cell that holds a line, from 0, with its URI and its first line.
    pub(super) fn cell(&self, line: u32) -> Option<(usize, &Arc<str>, u32)> {
        let number = self.cells.partition_point(|(_, first)| *first <= line).checked_sub(1)?;
        let (uri, first) = self.cells.get(number)?;
        Some((number, uri, *first))
    }
}

impl Notebook {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        let cells = cells.into_iter().map(with_program).collect();
        let mut notebook = Self { cells, layout: Arc::default() };
        notebook.lay_out();
        notebook
    }

    pub(super) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The cells that are Python, with their versions.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&Arc<str>, i32)> {
        self.cells.iter().filter(|(cell, _)| cell.is_python).map(|(cell, _)| (&cell.uri, cell.version))
    }

    /// The program of all cells.
    pub(super) fn program(&self) -> String {
        self.cells.iter().map(|(_, program)| program.as_str()).collect()
    }

    pub(super) fn apply(&mut self, change: NotebookChange, encoding: Encoding) {
        if let Some((at, deleted)) = change.splice {
            let at = at.min(self.cells.len());
            let end = at.saturating_add(deleted).min(self.cells.len());
            let removed: Vec<_> = self.cells.splice(at..end, []).collect();
            // A cell that moves is deleted and added, and its text is not told again.
            let added = change.added.into_iter().map(|cell| {
                let is_new = cell.is_told;
                let known = removed.iter().find(|(known, _)| !is_new && known.uri == cell.uri);
                known.cloned().unwrap_or_else(|| with_program(cell))
            });
            let added: Vec<_> = added.collect();
            self.cells.splice(at..at, added);
        }
        for (uri, version, changes) in change.edits {
            let Some((cell, program)) = self.cells.iter_mut().find(|(cell, _)| cell.uri == uri) else {
                tracing::warn!(%uri, "a cell of no notebook was changed");
                continue;
            };
            cell.version = version;
            cell.text = edited(&cell.text, changes, encoding);
            *program = program_of(cell);
        }
        self.lay_out();
    }

    fn lay_out(&mut self) {
        let (mut cells, mut line) = (Vec::new(), 0);
        for (cell, program) in &self.cells {
            if cell.is_python {
                cells.push((Arc::clone(&cell.uri), line));
            }
            let lines = LineIndex::new(program.as_str().into());
            line += lines.position(u32::MAX, Encoding::Utf8).line;
        }
        self.layout = Arc::new(Layout { cells });
    }
}

fn with_program(cell: Cell) -> (Cell, String) {
    let program = program_of(&cell);
    (cell, program)
}

fn program_of(cell: &Cell) -> String {
    if cell.is_python { plain(&cell.text) } else { String::new() }
}
