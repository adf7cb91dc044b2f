//! What the tests of Speclens share.

use std::io::Write;

pub mod child;
pub mod clients;
pub mod interpreters;
pub mod literate;
pub mod process;
pub mod protocol;
pub mod silence;
pub mod strace;
pub mod trees;

/// Tells the reader that a test, or a part of it, does not run here, and why. CI skips nothing.
///
/// # Panics
///
/// In CI.
pub fn skip(test: &str, reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "the usual sign of CI")]
    let strict = std::env::var_os("CI").is_some();
    assert!(!strict, "{test}: {reason}");
    // What a passing test prints is not shown; this is.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}
