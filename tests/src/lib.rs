//! What the tests of Speclens share.

pub mod protocol;
