//! The Speclens binary.
fn main() {}
