//! The editors, for real: each opens a workspace, beside another server where it can.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

mod beside;
mod emacs;
mod helix;
mod kakoune;
mod neovim;
