//! What `speclens --version` says beside the version: the commit, where it can be known, and the platform.
#![expect(clippy::disallowed_methods, reason = "a build script asks the environment and git")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SPECLENS_COMMIT");
    let target = env::var("TARGET").unwrap_or_default();
    let told = env::var("SPECLENS_COMMIT").ok().filter(|commit| !commit.is_empty());
    // Builds for development do not ask git: each commit would link all tests again.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = told.or_else(|| if is_release { commit() } else { Some("debug".to_owned()) });
    let build = commit.map_or_else(|| target.clone(), |commit| format!("{commit}, {target}"));
    println!("cargo::rustc-env=SPECLENS_BUILD={build}");
}

/// Hash and date of the commit, where these sources are git's: they may be an archive in somebody's working copy.
fn commit() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    // Cargo takes a missing path for a changed one.
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["log", "-1", "--format=%h %cs"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
