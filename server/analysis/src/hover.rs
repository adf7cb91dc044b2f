//! What hovering shows.

use speclens_environment::Project;
use speclens_files::{Db, Entry};

use crate::finding::Place;

/// The text of a hover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// What the hover is about.
    pub place: Place,
    /// The prediction, as Markdown.
    pub markdown: String,
}

/// The prediction for what stands at a byte offset; `None` where there is nothing to add to the user's main server.
pub fn hover(db: &dyn Db, project: Project, file: Entry, offset: u32) -> Option<Hover> {
    let _ = (db, project, file, offset);
    None
}
