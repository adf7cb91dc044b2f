//! Reads become observations, rules turn observations into findings: as plain data, without a word of LSP, JSON or
//! terminals.

mod check;
mod finding;
mod hover;

pub use check::{FileReport, check_file};
pub use finding::{Certainty, Edit, Finding, Fix, Place, Related, Severity};
pub use hover::{Hover, hover};
