//! Python text as facts: decoding, lines, and the program that the import machine runs.

mod binary;
mod decode;
mod facts;
mod lines;
mod parser;
pub mod program;

pub use binary::{BinaryFacts, binary_facts};
pub use decode::{DecodeError, decode};
pub use facts::{ModuleFacts, left_out, module_facts, text};
pub use lines::{Encoding, LineIndex, Position};
pub use parser::line::leading_imports;
pub use parser::literals::{Literal, LiteralCall, literal_calls, module_literals, names_of_narrow_finder};
pub use program::{Name, Span, SyntaxError};
