//! The Speclens program: the language server, the command line, and the forms of their output. Nothing is decided here.

pub mod command_line;
pub mod server;
