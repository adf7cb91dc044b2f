//! How much of what it says is true, and how much of what happens it says: both are measured against CPython.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod check;
mod precision;
mod programs;
mod random;
mod recall;
mod survey;

pub use check::{Checker, Found};
pub use precision::{Precision, Verdict, files_below};
pub use programs::{Block, Program};
pub use random::Random;
pub use recall::Recall;
pub use survey::{Kind, Survey};
