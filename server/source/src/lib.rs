//! Python text as facts: decoding, lines, and the program that the import machine runs.

mod decode;
mod lines;

pub use decode::{DecodeError, decode};
pub use lines::{Encoding, LineIndex, Position};
