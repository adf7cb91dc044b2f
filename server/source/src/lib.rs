//! Python text as facts: decoding, lines, and the program that the import machine runs.

mod decode;
mod lines;
mod literals;

pub use decode::{DecodeError, decode};
pub use lines::{Encoding, LineIndex, Position};
pub use literals::{Literal, module_literals, names_of_narrow_finder};
