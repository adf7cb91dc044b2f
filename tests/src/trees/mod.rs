//! Random trees of files, and what CPython's finders and `site` say of each: one process answers for many trees.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod archive;
mod interpreter;
mod known;
mod plant;
mod site;
mod tree;

pub use archive::{Archive, Content, Member, Shape};
pub use interpreter::{Answers, Facts};
pub use known::{known_site_trees, known_trees};
pub use plant::{Node, What};
pub use site::{Encoding, PathFile, SiteTree, site_trees};
pub use tree::{Tree, trees};
