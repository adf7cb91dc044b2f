//! The trees with which CPython tests namespace packages (`Lib/test/test_importlib`), alone, in pairs, and all at once.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{Start, assert_same, interpreters, predict, scratch};
use speclens_files::Database;

/// What `test_namespace_pkgs.py` and `threaded_import_hangers` import from these trees, and what is not there.
const NAMES: &str = "foo foo.one foo.two foo.three foo.one.more bar bar.two parent parent.child parent.child.one \
    parent.child.two parent.child.three a_test a_test.empty cfimport nested_portion1 nested_portion1.foo \
    nested_portion1.foo.one portion1 portion2 portion1.foo portion1.foo.one project1.parent.child.one FOO";

/// The directories and archives of the trees, and the directories inside the archives.
fn entries(trees: &Path) -> Vec<String> {
    let members = trees.read_dir().expect("a directory").flatten().map(|member| member.path());
    let mut entries: Vec<PathBuf> = members
        .filter(|path| path.is_dir() || path.extension().is_some_and(|suffix| suffix == "zip"))
        .collect();
    entries.push(trees.join("nested_portion1.zip/nested_portion1"));
    entries.push(trees.join("missing_directory.zip/"));
    entries.push(trees.to_path_buf());
    entries.sort();
    entries
        .iter()
        .map(|path| path.display().to_string())
        .filter(|path| !path.contains("__pycache__"))
        .collect()
}

#[test]
fn the_trees_of_cpython() {
    let names: Vec<String> = NAMES.split_whitespace().map(str::to_owned).collect();
    let interpreters = interpreters();
    for (index, python) in interpreters.iter().enumerate() {
        let root = scratch(&format!("trees_{}", python.display().to_string().replace(['/', '.'], "_")));
        let database = Database::on_disk();
        let environment = Start::new(python, &root).environment(&database);
        let library = environment.interpreter.standard_library.clone().expect("a standard library");
        let trees = library.join("test/test_importlib/namespace_pkgs");
        let version = environment.interpreter.version;
        if !trees.is_dir() {
            println!("not compared: CPython {version} comes without its tests");
            continue;
        }
        let entries = entries(&trees);
        let mut paths: Vec<Vec<&str>> = vec![entries.iter().map(String::as_str).collect()];
        paths.push(paths[0].iter().rev().copied().collect());
        paths.extend(entries.iter().map(|entry| vec![entry.as_str()]));
        // Starting an interpreter is what takes time: each of them does its part of the pairs.
        let pairs =
            entries.iter().flat_map(|first| entries.iter().map(move |second| vec![first.as_str(), second]));
        paths.extend(pairs.skip(index).step_by(interpreters.len().min(6)));
        for path in &paths {
            let start = Start::new(python, &root).with("PYTHONPATH", &path.join(":"));
            let environment = start.environment(&database);
            let (_, actual) = start.ask(&names);
            assert_same(
                &format!("{path:?}, CPython {version}"),
                &actual,
                &predict(&database, &environment, &names),
            );
        }
        println!("compared: {} search paths, CPython {version}", paths.len());
    }
}
