//! What the tests of Speclens share.
