//! What no one means to check, and someone will: each of these costs a message at most, never the other files.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test makes files and fails by a panic")]

mod common;

use std::fs;

use common::{Run, scratch, write};

/// The good file beside each bad thing: one finding, in line 2.
const GOOD: &[u8] = b"import portion\nprint(portion.__file__ + 'x')\n";

fn check(root: &std::path::Path, more: &[&str]) -> Run {
    Run::speclens(root, &[&["check", "-q", "--output-format", "concise"], more].concat())
}

#[test]
fn a_file_that_is_too_large_is_told() {
    let root = scratch("bad-large");
    write(&root, &[("good.py", GOOD), ("portion/x.py", b"")]);
    let file = fs::File::create(root.join("large.py")).unwrap();
    file.set_len(50 << 20).unwrap();
    let run = check(&root, &[]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("large.py: not checked: its 52428800 bytes are more than"), "{run:?}");
    assert_eq!(run.out.lines().count(), 1, "{run:?}");
}

#[cfg(unix)]
#[test]
fn pipes_loops_and_names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    let root = scratch("bad-tree");
    write(&root, &[("good.py", GOOD), ("portion/x.py", b""), ("deep/er/y.py", GOOD)]);
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe.py")).arg(root.join("pipe")).status();
    assert!(made.unwrap().success());
    symlink("loop.py", root.join("loop.py")).unwrap();
    symlink("..", root.join("deep/up")).unwrap();
    symlink("nowhere", root.join("dangling.py")).unwrap();
    symlink("deep", root.join("portion/linked")).unwrap();
    let odd = |name: &[u8]| root.join(Path::new(std::ffi::OsStr::from_bytes(name)));
    fs::write(odd(b"\xff\xfe.py"), GOOD).unwrap();
    fs::create_dir(odd(b"dir\xff")).unwrap();
    fs::write(odd(b"dir\xff").join("z.py"), GOOD).unwrap();

    let run = check(&root, &[]);
    assert!(run.out.contains("good.py:2:"), "{run:?}");
    assert!(!run.err.contains("internal problem"), "{run:?}");

    // Named, they are refused with a reason; and nothing waits for a writer of the pipe.
    for (name, reason) in [
        ("pipe.py", "not a file or directory"),
        ("dangling.py", "no such file or directory"),
        ("loop.py", "symbolic links"),
    ] {
        let run = check(&root, &[name]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains(name) && run.err.contains(reason), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn environments_that_are_broken() {
    use std::os::unix::fs::symlink;

    let root = scratch("bad-environment");
    write(&root, &[("good.py", GOOD), ("portion/x.py", b"")]);
    write(&root, &[(".venv/pyvenv.cfg", b"home = /nowhere/bin\nversion = 3.11.7\n")]);
    let is_found = |what: &str| {
        let run = check(&root, &["good.py"]);
        assert_eq!(run.code, Some(1), "{what}: {run:?}");
        assert!(run.out.contains("good.py:2:"), "{what}: {run:?}");
    };
    is_found("home is gone");
    fs::create_dir_all(root.join(".venv/bin")).unwrap();
    symlink("/nowhere/bin/python3.11", root.join(".venv/bin/python")).unwrap();
    is_found("bin/python leads nowhere");
    write(
        &root,
        &[(".venv/lib/python3.11/site-packages/junk.pth", b"\xff\x00\xfeimport os\n\x00/x\n" as &[u8])],
    );
    is_found("a .pth file is no text");
    let site = root.join(".venv/lib/python3.11/site-packages");
    symlink(".", site.join("round")).unwrap();
    symlink("self", site.join("self")).unwrap();
    is_found("links go round");
    write(&root, &[(".venv/lib/python3.11/site-packages/nul.pth", b"a\0b\nimport \0\n" as &[u8])]);
    is_found("a path with NUL");
    fs::write(root.join(".venv/pyvenv.cfg"), b"\xff\xfe\0").unwrap();
    is_found("pyvenv.cfg is no text");
    fs::remove_dir_all(root.join(".venv/lib")).unwrap();
    is_found("lib is gone");
    // What the user asked for and is none is said, not passed over.
    write(&root, &[("not_python", b"#!/bin/sh\n")]);
    for asked in ["not_python", "good.py", ".venv/bin", "nowhere"] {
        let run = Run::speclens(&root, &["check", "good.py", "--python", asked]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains(&format!("--python {asked}: there is no ")), "{run:?}");
    }
}

#[test]
fn line_ends_and_encodings_move_no_position() {
    let root = scratch("bad-positions");
    let files: [(&str, &[u8], &str); 7] = [
        ("crlf.py", b"import portion\r\n\r\nx = 1\r\nprint(portion.__file__ + 'x')\r\n", "4:7"),
        ("cr.py", b"import portion\r\rx = 1\rprint(portion.__file__ + 'x')\r", "4:7"),
        ("latin.py", b"# coding: latin-1\nimport portion\nx = '\xe9\xe9'; portion.__file__ + 'x'\n", "3:11"),
        ("bom.py", b"\xef\xbb\xbfimport portion; portion.__file__ + 'x'\n", "1:17"),
        ("invalid.py", b"import portion\nx = '\xff'; portion.__file__ + 'x'\n", "2:10"),
        ("surrogates.py", b"import portion\nx = '\\ud800'; portion.__file__ + 'x'\n", "2:15"),
        ("nul.py", b"import portion\nx = '\0'\nportion.__file__ + 'x'\n", "3:1"),
    ];
    write(&root, &[("portion/x.py", b"")]);
    for (name, bytes, place) in files {
        write(&root, &[(name, bytes)]);
        let run = check(&root, &[name]);
        assert!(run.out.starts_with(&format!("{name}:{place}:")), "{run:?}");
    }
}
