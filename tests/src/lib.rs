//! What the tests of Speclens share.

pub mod clients;
pub mod interpreters;
pub mod literate;
pub mod process;
pub mod protocol;
pub mod trees;
