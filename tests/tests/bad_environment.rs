//! Environments that no one makes, and someone will have: the model says what CPython says, and lists what is wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{Start, assert_same, assert_same_state, interpreters, predict, run, scratch, write};
use speclens_environment::Environment;
use speclens_files::{Database, DiskSystem, FileSystem, Metadata, PathKind, ReadError};

/// A virtual environment with its site-packages.
fn virtual_environment(python: &Path, root: &Path) -> (PathBuf, PathBuf) {
    let mut make = Command::new(python);
    run(make.args(["-m", "venv", "--without-pip", "venv"]).env_clear().current_dir(root), "");
    let libraries = root.join("venv/lib").read_dir().expect("a directory").flatten();
    let library = libraries.map(|library| library.path()).find(|path| path.join("site-packages").is_dir());
    (root.join("venv/bin/python3"), library.expect("a library").join("site-packages"))
}

fn unique(what: &str, python: &Path) -> String {
    format!("{what}_{}", python.display().to_string().replace(['/', '.'], "_"))
}

/// Compares, and gives the environment with what is wrong in it.
fn compare(what: &str, start: &Start, names: &str) -> Arc<Environment> {
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
    let (state, actual) = start.ask(&names);
    let what = format!("{what}, CPython {}", environment.interpreter.version);
    assert_same_state(&what, &state, &environment);
    assert_same(&what, &actual, &predict(&database, &environment, &names));
    environment
}

fn has_problem(environment: &Environment, file: &Path, words: &str) -> bool {
    environment.problems.iter().any(|problem| problem.file == file && problem.message.contains(words))
}

#[test]
fn path_files_of_all_sorts() {
    for python in interpreters() {
        let root = scratch(&unique("bad_path_files", &python));
        let (python, site) = virtual_environment(&python, &root);
        write(&site, &[("a.py", ""), ("more/b.py", ""), ("last/c.py", "")]);
        // 10 MB of comments and of paths that are not there, and then one that is.
        let many = format!("gone\n{}{}", "# a comment\n\n".repeat(800_000), "gone\n".repeat(1_000));
        write(&site, &[("large.pth", &format!("{many}more\n")), ("nul.pth", "a\0b\nlast\n")]);
        write(&site, &[("fails.pth", "import nowhere_at_all\nlast\n")]);
        symlink("loop.pth", site.join("loop.pth")).expect("a link");
        symlink("gone", site.join("broken.pth")).expect("a link");
        symlink("circle", site.join("circle")).expect("a link");
        write(&site, &[("to_circle.pth", "circle\ncircle/x\n"), ("folder.pth/x", "")]);
        // A name that is no text is as good as any.
        fs::write(site.join(OsStr::from_bytes(b"\xff.pth")), "last\n").expect("a file");
        fs::write(site.join(OsStr::from_bytes(b"d\xff.py")), "").expect("a file");
        let environment = compare("path files", &Start::new(&python, &root), "a b c d circle nowhere");
        assert!(has_problem(&environment, &site.join("fails.pth"), "no module named 'nowhere_at_all'"));
        assert!(has_problem(&environment, &site.join("to_circle.pth"), "does not exist"));
        assert!(has_problem(
            &environment,
            &site.join("nul.pth"),
            if old(&environment) { "NUL" } else { "\\u{0}" }
        ));
        assert!(environment.problems.iter().all(|problem| !problem.message.contains('\0')));
    }
}

fn old(environment: &Environment) -> bool {
    !environment.interpreter.version.at_least(8)
}

#[test]
fn python_that_does_not_start() {
    for python in interpreters() {
        let root = scratch(&unique("bad_encoding", &python));
        let (python, site) = virtual_environment(&python, &root);
        fs::write(site.join("latin.pth"), b"caf\xe9\n").expect("a file");
        let start = Start::new(&python, &root);
        let environment = start.environment(&Database::on_disk());
        assert!(has_problem(&environment, &site.join("latin.pth"), "Python does not start"));
        let mut command = Command::new(&python);
        command.args(["-c", ""]).env_clear().envs(start.variables.iter().cloned()).current_dir(&root);
        let output = command.output().expect("a program");
        assert!(!output.status.success(), "{}", environment.interpreter.version);
    }
}

#[test]
fn archives_that_are_none() {
    for python in interpreters() {
        let root = scratch(&unique("bad_archives", &python));
        write(&root, &[("broken.zip", "PK\u{3}\u{4} and no more"), ("empty.zip", ""), ("text.egg", "text")]);
        // The mark of the end, and offsets that lead nowhere.
        let mut wild = b"PK\x05\x06".to_vec();
        wild.extend([0xff; 18]);
        fs::write(root.join("wild.zip"), wild).expect("a file");
        symlink("circle.zip", root.join("circle.zip")).expect("a link");
        write(&root, &[("one/a.py", "")]);
        let names = ["broken.zip", "empty.zip/x", "text.egg", "wild.zip", "circle.zip", "one"];
        let path = names.map(|name| root.join(name).display().to_string()).join(":");
        let environment = compare("archives", &Start::new(&python, &root).with("PYTHONPATH", &path), "a x b");
        for name in ["broken.zip", "text.egg"] {
            assert!(has_problem(&environment, &root.join(name), "is no zip archive"), "{name}");
        }
    }
}

/// The disk, with one directory that must not be listed: root may list every one.
#[derive(Debug)]
struct Unreadable(PathBuf);

impl FileSystem for Unreadable {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        DiskSystem.metadata(path)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        DiskSystem.read(path)
    }

    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        if path == self.0 {
            Err(io::ErrorKind::PermissionDenied.into())
        } else {
            DiskSystem.read_directory(path)
        }
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        DiskSystem.canonicalize(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        DiskSystem.read_link(path)
    }
}

#[test]
fn a_directory_that_cannot_be_listed() {
    let Some(python) = interpreters().into_iter().next() else { return };
    let root = scratch("unreadable");
    write(&root, &[("one/a.py", ""), ("one/pkg/__init__.py", ""), ("one/pkg/b.py", "")]);
    let one = root.join("one");
    let start = Start::new(&python, &root).with("PYTHONPATH", &one.display().to_string());
    let names = ["a", "pkg", "pkg.b"].map(str::to_owned);
    let found = |unreadable: &Path| {
        let database = Database::new(Arc::new(Unreadable(unreadable.to_path_buf())));
        let environment = start.environment(&database);
        let rows = predict(&database, &environment, &names);
        let found: Vec<bool> = rows.iter().map(|row| row["found"] == true).collect();
        (found, has_problem(&environment, &one, "cannot be listed"))
    };
    assert_eq!(found(Path::new("/nowhere")), (vec![true, true, true], false));
    assert_eq!(found(&one), (vec![false, false, false], true));
    // FileFinder asks for `__init__.py` by its path, but for modules by the listing.
    assert_eq!(found(&one.join("pkg")), (vec![true, true, false], false));
}
