//! The finders against CPython: what `sys.meta_path` answers, name by name and field by field.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::Path;

use common::{
    Start, assert_same, assert_same_state, interpreters, predict, predict_attributes, scratch, write,
};
use speclens_environment::{Environment, tables};
use speclens_files::Database;
use speclens_imports::finders::{Candidate, DatabaseDirectories, SearchState, candidates};

/// Every module of the standard library that the tables know, and names that are not there.
fn library_names(environment: &Environment) -> Vec<String> {
    let table = tables(environment.interpreter.version);
    let lists =
        [&table.stdlib_names, &table.packages, &table.modules, &table.extensions, &table.builtin_modules];
    let mut names: Vec<String> =
        lists.into_iter().flatten().chain(table.frozen_modules.keys()).cloned().collect();
    names.extend(
        ["nowhere", "json.nowhere", "os.path.nowhere", "os.nowhere", "test.support", "xml.etree"]
            .map(String::from),
    );
    names.sort();
    names.dedup();
    names
}

/// The top-level names in the directories of `sys.path`, importable or not.
fn installed_names(environment: &Environment) -> Vec<String> {
    let mut names = Vec::new();
    for entry in &environment.search_path {
        for member in entry.path.read_dir().into_iter().flatten().flatten() {
            let name = member.file_name().to_string_lossy().into_owned();
            names.push(name.split('.').next().unwrap_or_default().to_owned());
        }
    }
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

fn compare(what: &str, start: &Start, extra: &[&str]) {
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let mut names = library_names(&environment);
    names.extend(installed_names(&environment));
    names.extend(extra.iter().map(|&name| name.to_owned()));
    names.sort();
    names.dedup();
    let (state, actual) = start.ask(&names);
    let what = format!("{what}, CPython {}", environment.interpreter.version);
    assert_same_state(&what, &state, &environment);
    assert_same(&what, &actual, &predict(&database, &environment, &names));
    println!("compared: {what}: {} names", names.len());
}

#[test]
fn the_standard_library_of_every_interpreter() {
    let directory = scratch("standard_library");
    for python in interpreters() {
        compare("as it is", &Start::new(&python, &directory), &[]);
        compare("isolated", &Start::new(&python, &directory).isolated(), &[]);
    }
}

/// A tree with the cases that the search order decides.
fn tree(root: &Path, tag: &str) {
    write(
        root,
        &[
            // Three portions of a namespace package, one of them behind a regular entry of another name.
            ("one/spread/a.py", ""),
            ("two/spread/b.py", ""),
            ("three/spread/c/d.py", ""),
            // A portion loses to a module further back, and to a regular package.
            ("one/beaten/x.py", ""),
            ("two/beaten.py", ""),
            ("one/outdone/x.py", ""),
            ("three/outdone/__init__.py", ""),
            // In one entry: package before module before portion, extension before source before bytecode.
            ("one/both/__init__.py", ""),
            ("one/both.py", ""),
            ("one/either.py", ""),
            ("one/either/inner.py", ""),
            ("one/kinds.py", ""),
            ("one/kinds.so", ""),
            ("one/kinds.abi3.so", ""),
            ("one/kinds.pyc", ""),
            ("one/init_kinds/__init__.py", ""),
            ("one/init_kinds/__init__.pyc", ""),
            ("one/init_extension/__init__.abi3.so", ""),
            ("one/init_extension/__init__.py", ""),
            // Bytecode alone, and what is no module at all.
            ("one/compiled.pyc", ""),
            ("one/compiled_package/__init__.pyc", ""),
            ("one/__pycache__/cached_only.pyc", ""),
            ("one/wrong.cpython-299-x86_64-linux-gnu.so", ""),
            ("one/optimised.pyo", ""),
            ("one/stub.pyi", ""),
            // Case counts.
            ("one/Cased.py", ""),
            ("one/UPPER/__init__.py", ""),
            // A directory that is called like a file, and an __init__.py that is a directory.
            ("one/folder.py/inside.txt", ""),
            ("one/odd/__init__.py/inside.txt", ""),
            ("one/empty/.keep", ""),
            ("one/package/__init__.py", ""),
            ("one/package/module.py", ""),
            ("one/package/deeper/module.py", ""),
            ("two/package/late.py", ""),
            ("one/with.dot.py", ""),
            ("one/ünïcode.py", ""),
            ("one/plain", ""),
            ("two/plain.py", ""),
            ("one/colorsys/__init__.py", ""),
            ("one/sys.py", ""),
        ],
    );
    write(root, &[(&format!("one/tagged.{tag}-x86_64-linux-gnu.so"), ""), ("one/tagged.py", "")]);
    let link =
        |target: &str, name: &str| std::os::unix::fs::symlink(target, root.join(name)).expect("a link");
    link("loop", "one/loop");
    link("loop.py", "one/loop.py");
    link("gone.py", "one/dangling.py");
    link("package", "one/linked");
    link("kinds.py", "one/linked_file.py");
    std::fs::create_dir_all(root.join("one/hollow")).expect("a directory");
}

const TREE_NAMES: &str = "\
    spread spread.a spread.b spread.c spread.c.d spread.nowhere beaten beaten.x outdone outdone.x \
    both either either.inner kinds init_kinds init_extension compiled compiled_package cached_only \
    wrong optimised stub cased Cased CASED upper UPPER folder odd odd.inside empty hollow package \
    package.module package.deeper package.deeper.module package.late with with.dot ünïcode colorsys \
    sys tagged plain loop dangling linked linked.module linked_file __pycache__ one";

#[test]
fn a_tree_of_special_cases_in_every_interpreter() {
    for python in interpreters() {
        let root = scratch(&format!("tree_{}", unique(&python)));
        let database = Database::on_disk();
        let version = Start::new(&python, &root).environment(&database).interpreter.version;
        tree(&root, &speclens_environment::cache_tag(version));
        let path =
            ["one", "two", "nowhere", "three", "one/"].map(|name| root.join(name).display().to_string());
        let start = Start::new(&python, &root).with("PYTHONPATH", &path.join(":"));
        let names: Vec<&str> = TREE_NAMES.split_whitespace().collect();
        compare("tree", &start, &names);
    }
}

/// Makes the archives with CPython's own zipfile: with entries for directories, and without.
const ARCHIVES: &str = r"
import zipfile
files = ['mod.py', 'pkg/__init__.py', 'pkg/inner.py', 'both.py', 'both/__init__.py', 'space/deep.py', 'space/more/x.py']
for name, directories in (('listed.zip', ['space/', 'space/more/', 'pkg/', 'bare/']), ('plain.egg', [])):
    with zipfile.ZipFile(name, 'w') as archive:
        for member in directories + files:
            archive.writestr(member, '')
";

#[test]
fn archives_on_the_path_of_every_interpreter() {
    for python in interpreters() {
        let root = scratch(&format!("archives_{}", unique(&python)));
        let mut command = std::process::Command::new(&python);
        common::run(command.args(["-I", "-c", ARCHIVES]).env_clear().current_dir(&root), "");
        write(&root, &[("portion/space/here.py", ""), ("no.zip", "this is no archive")]);
        for path in [
            &["listed.zip", "portion"][..],
            &["plain.egg", "portion"],
            &["portion", "plain.egg", "listed.zip"],
            &["no.zip", "listed.zip/pkg", "plain.egg/space/"],
        ] {
            let path: Vec<_> = path.iter().map(|name| format!("{}/{name}", root.display())).collect();
            let start = Start::new(&python, &root).with("PYTHONPATH", &path.join(":"));
            let names = "mod pkg pkg.inner pkg.nowhere both space space.deep space.here space.more space.more.x bare \
                         inner deep more more.x nowhere";
            compare("archives", &start, &names.split(' ').collect::<Vec<_>>());
        }
    }
}

/// Names that can be imported without effect, of every kind.
const IMPORTABLE: &str = "spread spread.a spread.c spread.c.d beaten outdone both either package package.module \
    package.deeper.module hollow linked nowhere json json.decoder collections abc codecs io zipimport colorsys \
    __hello__ __phello__ __phello__.spam importlib.util importlib.machinery _socket marshal email.mime.text";

#[test]
fn the_attributes_of_imported_modules() {
    for python in interpreters() {
        let root = scratch(&format!("attributes_{}", unique(&python)));
        tree(&root, "none");
        let path = ["one", "two", "three"].map(|name| root.join(name).display().to_string());
        let start = Start::new(&python, &root).with("PYTHONPATH", &path.join(":"));
        let database = Database::on_disk();
        let environment = start.environment(&database);
        // Modules of the start in versions before 3.9 got their specs in another way: `sys`, `marshal`.
        let names: Vec<&str> = IMPORTABLE
            .split_whitespace()
            .filter(|&name| environment.interpreter.version.at_least(9) || name != "marshal")
            .collect();
        let what = format!("attributes, CPython {}", environment.interpreter.version);
        assert_same(&what, &start.import(&names), &predict_attributes(&database, &environment, &names));
        println!("compared: {what}");
    }
}

#[test]
fn candidates_with_their_verdicts() {
    let root = scratch("candidates");
    tree(&root, "none");
    let Some(python) = interpreters().into_iter().next() else {
        return;
    };
    let path = ["one", "two", "three"].map(|name| root.join(name).display().to_string());
    let start = Start::new(&python, &root).with("PYTHONPATH", &path.join(":"));
    let database = Database::on_disk();
    let state = SearchState::at_startup(&start.environment(&database), None);
    let all = |name: &str| -> Vec<String> {
        let found = candidates(&DatabaseDirectories(database.db()), &state, name, None);
        let below = |candidate: &Candidate| {
            let path = candidate.path.strip_prefix(&root).unwrap_or(&candidate.path).display().to_string();
            format!("{path} {:?}", candidate.verdict)
        };
        found.iter().map(below).collect()
    };
    assert_eq!(all("spread"), ["one/spread Portion", "two/spread Portion", "three/spread Portion"]);
    assert_eq!(all("beaten"), ["one/beaten PortionNotUsed", "two/beaten.py Chosen"]);
    assert_eq!(all("both"), ["one/both/__init__.py Chosen", "one/both.py SameEntry"]);
    assert_eq!(all("either"), ["one/either.py Chosen", "one/either SameEntry"]);
    assert_eq!(all("package"), ["one/package/__init__.py Chosen", "two/package Later"]);
    assert_eq!(all("sys"), ["one/sys.py Later"]);
    assert_eq!(all("colorsys")[0], "one/colorsys/__init__.py Chosen");
    assert!(all("colorsys")[1].ends_with("colorsys.py Later"));
    assert_eq!(all("nowhere"), Vec::<String>::new());
    // What looks like it, found or not.
    assert_eq!(all("wrong"), ["one/wrong.cpython-299-x86_64-linux-gnu.so WrongTag"]);
    assert_eq!(all("folder"), ["one/folder.py NotAFile"]);
    assert_eq!(all("loop"), ["one/loop BrokenLink", "one/loop.py BrokenLink"]);
    assert_eq!(all("dangling"), ["one/dangling.py BrokenLink"]);
    assert_eq!(all("cased"), ["one/Cased.py OtherCase"]);
    assert_eq!(all("upper"), ["one/UPPER OtherCase"]);
    assert_eq!(all("plain"), ["one/plain NotADirectory", "two/plain.py Chosen"]);
    assert_eq!(all("compiled"), ["one/compiled.pyc Chosen"]);
}

fn unique(python: &Path) -> String {
    python.display().to_string().replace(['/', '.'], "_")
}
