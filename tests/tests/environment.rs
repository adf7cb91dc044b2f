//! Interpreters and `sys.path` against CPython.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Start, assert_same_state, interpreters, minor, run, scratch, write};
use speclens_environment::{Environment, KNOWN_MINORS, PythonVersion, tables};
use speclens_files::Database;

fn virtual_environment(python: &Path, directory: &Path, options: &[&str]) -> PathBuf {
    let mut command = Command::new(python);
    command.args(["-I", "-m", "venv", "--without-pip"]).args(options).arg(directory).env_clear();
    run(&mut command, "");
    directory.join("bin/python")
}

fn starts(python: &Path) -> bool {
    Command::new(python)
        .args(["-I", "-c", ""])
        .env_clear()
        .output()
        .is_ok_and(|output| output.status.success())
}

fn unique(python: &Path) -> String {
    python.display().to_string().replace(['/', '.'], "_")
}

/// `data/generate.py` gives the same table again, except for what differs between builds.
#[test]
fn tables_agree_with_each_interpreter() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/environment/data/generate.py");
    let mut seen = Vec::new();
    for python in interpreters() {
        let mut command = Command::new(&python);
        command.args(["-I", "-S", script]).env_clear().env("LC_ALL", "C.UTF-8");
        let actual: serde_json::Value = serde_json::from_str(&run(&mut command, "")).expect("JSON");
        let name = actual["version"].as_str().expect("text").to_owned();
        let number = name.trim_start_matches("3.").parse().expect("a number");
        if !KNOWN_MINORS.contains(&number) {
            println!("not compared: CPython {name} has no table");
            continue;
        }
        let known = tables(PythonVersion::new(3, number));
        let mut same =
            vec!["cache_tag", "source_suffixes", "bytecode_suffixes", "frozen_modules", "startup_modules"];
        // A distribution leaves modules out, or builds them in.
        let full = actual["packages"].as_array().is_some_and(|list| list.contains(&"tkinter".into()));
        let same_release = actual["release"] == known.release.as_str();
        if !same_release {
            println!("compared in part: CPython {}, the table is of {}", actual["release"], known.release);
        }
        if full && same_release {
            same.extend([
                "builtins",
                "packages",
                "modules",
                "extensions",
                "odd_specs",
                "stdlib_names",
                "extension_imports",
                "sys_names",
            ]);
        }
        let known = serde_json::to_value(known).expect("JSON");
        for field in same {
            assert_eq!(actual[field], known[field], "CPython {name}, {field}");
        }
        seen.push(name);
    }
    println!("compared: the tables of CPython {}", seen.join(", "));
}

fn compare(what: &str, start: &Start) -> std::sync::Arc<Environment> {
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let (state, _) = start.ask(&[]);
    assert_same_state(&format!("{what}, CPython {}", environment.interpreter.version), &state, &environment);
    environment
}

fn site_packages(prefix: &Path, environment: &Environment) -> PathBuf {
    let PythonVersion { major, minor, .. } = environment.interpreter.version;
    prefix.join(format!("lib/python{major}.{minor}/site-packages"))
}

#[test]
fn virtual_environments_of_every_interpreter() {
    for python in interpreters() {
        let root = scratch(&format!("venv_{}", unique(&python)));
        let plain = virtual_environment(&python, &root.join("plain"), &[]);
        let system = virtual_environment(&python, &root.join("system"), &["--system-site-packages"]);
        let found = compare("venv", &Start::new(&plain, &root));
        assert!(found.interpreter.is_virtual_environment);
        let user = format!("home/.local/lib/python3.{}/site-packages", minor(&found));
        write(&root, &[(&format!("{user}/mine.py"), "")]);
        let home = root.join("home").display().to_string();
        let at_home = |python: &Path| Start::new(python, &root).with("HOME", &home);
        for python in [&python, &plain, &system] {
            compare("user site", &at_home(python));
            compare("isolated", &at_home(python).isolated());
            compare("no user site", &at_home(python).with("PYTHONNOUSERSITE", "1"));
            compare("user base", &at_home(python).with("PYTHONUSERBASE", &format!("{home}/.local")));
            let path = format!("{}/x/../y:{}:{}/nowhere", root.display(), root.display(), root.display());
            compare("PYTHONPATH", &at_home(python).with("PYTHONPATH", &path));
        }
        println!("compared: virtual environments, CPython {}", found.interpreter.version);
    }
}

#[test]
fn links_to_an_interpreter() {
    for python in interpreters() {
        let root = scratch(&format!("links_{}", unique(&python)));
        let link = |target: &Path, name: &str| {
            std::fs::create_dir_all(root.join(name).parent().expect("a parent")).expect("a directory");
            std::os::unix::fs::symlink(target, root.join(name)).expect("a link");
            root.join(name)
        };
        let direct = link(&python, "one/python");
        compare("a link", &Start::new(&direct, &root));
        compare("a link to a link", &Start::new(&link(Path::new("../one/python"), "two/py"), &root));
        let inside = virtual_environment(&python, &root.join("venv"), &[]);
        compare(
            "a link to a virtual environment's program",
            &Start::new(&link(&inside, "three/python"), &root),
        );
        let made_with_link = virtual_environment(&direct, &root.join("linked"), &[]);
        // 3.14 finds no standard library there, unless it was configured for the very place where it is.
        if starts(&made_with_link) {
            compare("a virtual environment made with a link", &Start::new(&made_with_link, &root));
        }
        link(python.parent().and_then(Path::parent).expect("a prefix"), "installation");
        let name = python.file_name().expect("a name");
        let through = root.join("installation/bin").join(name);
        compare("through a linked directory", &Start::new(&through, &root));
        let made_through = virtual_environment(&through, &root.join("through"), &[]);
        compare("a virtual environment made through a linked directory", &Start::new(&made_through, &root));
    }
}

#[test]
fn path_files_in_every_interpreter() {
    for python in interpreters() {
        let root = scratch(&format!("pth_{}", unique(&python)));
        let python = virtual_environment(&python, &root.join("venv"), &["--system-site-packages"]);
        let before = compare("empty", &Start::new(&python, &root));
        let site = site_packages(&root.join("venv"), &before);
        for name in ["a", "b", "c", "d d", "e", "f", "g", "h"] {
            write(&site, &[(&format!("dirs/{name}/m_{}.py", &name[..1]), "")]);
        }
        let absolute = format!("{}/dirs/c\n", site.display());
        write(
            &site,
            &[
                ("zz.pth", "dirs/a\n"),
                ("aa.pth", "# a comment\n\ndirs/b\n   \ndirs/nowhere\ndirs/b\n./dirs/../dirs/b/\n"),
                ("absolute.pth", &absolute),
                ("blank.pth", "dirs/d d   \r\ndirs/a\r\n"),
                (".hidden.pth", "dirs/e\n"),
                ("_low.pth", "dirs/f"),
                ("import.pth", "import sys; sys.dont_write_bytecode = True\nimport\tsys\ndirs/g\n"),
                ("mark.pth", "\u{feff}dirs/h\n"),
                ("UPPER.PTH", "dirs/nowhere\n"),
                ("file.pth", "zz.pth\n"),
                ("mine.py", ""),
            ],
        );
        let start = Start::new(&python, &root);
        let found = compare("path files", &start);
        let own = found.startup_hooks.iter().filter(|hook| hook.file.starts_with(&site)).count();
        assert_eq!(own, 2, "{:?}", found.startup_hooks);
        assert_eq!(found.problems.iter().filter(|problem| problem.message.contains("nowhere")).count(), 1);
        println!("compared: path files, CPython {}", found.interpreter.version);
    }
}

/// PEP 829, in 3.15.
#[test]
fn start_files() {
    for python in interpreters() {
        let root = scratch(&format!("start_{}", unique(&python)));
        let python = virtual_environment(&python, &root.join("venv"), &[]);
        let before = compare("empty", &Start::new(&python, &root));
        let site = site_packages(&root.join("venv"), &before);
        let install = "import sys\nclass F:\n    @staticmethod\n    def find_spec(name, path, target=None):\n        \
                       return None\nsys.meta_path.append(F)\ndef run(): pass\n";
        write(
            &site,
            &[
                ("late/hook_one.py", install),
                ("hook_two.py", install),
                ("hook_three.py", install),
                ("aa.pth", "import hook_one\n"),
                ("zz.pth", "   late\n  # none\n"),
                ("both.pth", "import hook_two\n"),
                ("both.start", "# nothing\n"),
                ("entry.start", "\nhook_three:run\n"),
            ],
        );
        if before.interpreter.version.at_least(15) {
            let found = compare("start files", &Start::new(&python, &root));
            let hooks: Vec<&str> = found.startup_hooks.iter().map(|hook| hook.text.as_str()).collect();
            assert_eq!(hooks, ["import hook_one", "hook_three:run"]);
            println!("compared: start files, CPython {}", found.interpreter.version);
        }
    }
}

#[test]
fn a_path_file_that_is_not_utf_8_stops_python() {
    for python in interpreters() {
        let root = scratch(&format!("bytes_{}", unique(&python)));
        let python = virtual_environment(&python, &root.join("venv"), &[]);
        let start = Start::new(&python, &root);
        let site = site_packages(&root.join("venv"), &compare("empty", &start));
        std::fs::write(site.join("bad.pth"), b"caf\xe9\n").expect("a file");
        let database = Database::on_disk();
        let found = start.environment(&database);
        assert!(found.problems[0].message.contains("not valid UTF-8"), "{:?}", found.problems);
        let mut command = Command::new(&python);
        let output =
            command.args(["-c", "print(1)"]).env_clear().env("LC_ALL", "C.UTF-8").output().expect("a run");
        println!(
            "{}: {:?} {}",
            found.interpreter.version,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.status.success(), "{}", found.interpreter.version);
    }
}
