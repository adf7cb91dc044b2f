//! Layouts that cannot be run here, from recorded listings: Windows, macOS, conda, PyPy, free-threaded and debug builds.
//! Each file of `tests/layouts` has a listing, where it comes from, and what the interpreter of it says of itself.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests read files, and fail by a panic"
)]

mod common;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{Start, assert_same_state, interpreters, run, scratch, write};
use speclens_environment::{Environment, Implementation, Platform, Project, Request, Variables, environment};
use speclens_files::{Database, FileSystem, Metadata, PathKind, ReadError, Stamp};
use speclens_imports::finders::{DatabaseDirectories, SearchState, find_spec};

/// What a recorded path is.
#[derive(Debug)]
enum Node {
    File(Vec<u8>),
    Directory,
    Link(PathBuf),
}

/// A file system as recorded. That of Windows and of macOS finds names without regard to case.
#[derive(Debug, Default)]
struct Recording {
    ignores_case: bool,
    /// By the path in the form in which it is looked up, with its real name.
    nodes: BTreeMap<PathBuf, (String, Node)>,
}

impl Recording {
    fn key(&self, path: &Path) -> PathBuf {
        if self.ignores_case { path.to_string_lossy().to_lowercase().into() } else { path.into() }
    }

    fn add(&mut self, path: &Path, node: Node) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(parent) = path.parent()
            && !self.nodes.contains_key(&self.key(parent))
        {
            self.add(parent, Node::Directory);
        }
        self.nodes.insert(self.key(path), (name, node));
    }

    /// The path without links.
    fn real(&self, path: &Path, depth: u8) -> io::Result<PathBuf> {
        let mut real = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => drop(real.pop()),
                other => real.push(other),
            }
            if let Some((_, Node::Link(target))) = self.nodes.get(&self.key(&real)) {
                let next = real.parent().expect("a directory").join(target);
                let depth = depth.checked_sub(1).ok_or(io::ErrorKind::NotFound)?;
                real = self.real(&next, depth)?;
            }
        }
        Ok(real)
    }

    fn node(&self, path: &Path) -> io::Result<&Node> {
        let real = self.real(path, 40)?;
        let found = self.nodes.get(&self.key(&real)).ok_or(io::ErrorKind::NotFound)?;
        Ok(&found.1)
    }
}

impl FileSystem for Recording {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let (kind, bytes) = match self.node(path)? {
            Node::File(bytes) => (PathKind::File, bytes.len() as u64),
            Node::Directory | Node::Link(_) => (PathKind::Directory, 0),
        };
        Ok(Metadata { kind, stamp: Stamp { modified: 1, bytes } })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self.node(path)? {
            Node::File(bytes) => Ok(bytes.clone()),
            Node::Directory | Node::Link(_) => Err(ReadError::NotAFile),
        }
    }

    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        let real = self.key(&self.real(path, 40)?);
        self.metadata(path)?;
        let members = self.nodes.iter().filter(|(key, _)| key.parent() == Some(&real));
        let kind = |name: &str| self.metadata(&path.join(name)).ok().map(|found| found.kind);
        Ok(members.map(|(_, (name, _))| (name.into(), kind(name))).collect())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.real(path, 40)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let parent = self.real(path.parent().ok_or(io::ErrorKind::NotFound)?, 40)?;
        match self.nodes.get(&self.key(&parent.join(path.file_name().unwrap_or_default()))) {
            Some((_, Node::Link(target))) => Ok(target.clone()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// A zip archive of bytecode of 3.13, of which nothing but the head is there.
fn archive(names: &str) -> Vec<u8> {
    const HEAD: &[u8; 16] = b"\xf3\x0d\r\n\0\0\0\0\0\0\0\0\0\0\0\0";
    let sizes = [0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0];
    let (mut files, mut directory) = (Vec::<u8>::new(), Vec::<u8>::new());
    let count = u16::try_from(names.split_whitespace().count()).expect("few names");
    for name in names.split_whitespace() {
        let start = u32::try_from(files.len()).expect("a small archive");
        let length = u16::try_from(name.len()).expect("a short name").to_le_bytes();
        files.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        files.extend(sizes.iter().chain(&length).chain(&[0; 2]).chain(name.as_bytes()).chain(HEAD));
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        directory.extend(sizes.iter().chain(&length).chain(&[0; 12]));
        directory.extend(start.to_le_bytes().iter().chain(name.as_bytes()));
    }
    let (start, size) = (files.len(), directory.len());
    files.extend(directory);
    files.extend(b"PK\x05\x06\0\0\0\0");
    files.extend(count.to_le_bytes().iter().chain(&count.to_le_bytes()));
    for number in [size, start] {
        files.extend(u32::try_from(number).expect("a small archive").to_le_bytes());
    }
    files.extend([0; 2]);
    files
}

fn text<'a>(table: &'a toml::Table, key: &str) -> &'a str {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("no text {key} in {table:?}"))
}

fn pairs<'a>(table: &'a toml::Table, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let found = table.get(key).and_then(toml::Value::as_table).into_iter().flatten();
    found.map(|(key, value)| (key.as_str(), value.as_str().expect("text")))
}

fn list(table: &toml::Table, key: &str) -> Vec<String> {
    let found = table.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    found.map(|value| value.as_str().expect("text").to_owned()).collect()
}

fn recording(layout: &toml::Table) -> Recording {
    let ignores_case = layout.get("ignores_case").and_then(toml::Value::as_bool).unwrap_or_default();
    let mut recording = Recording { ignores_case, ..Recording::default() };
    for (directory, names) in pairs(layout, "listing") {
        recording.add(Path::new(directory), Node::Directory);
        for name in names.split_whitespace() {
            let path = Path::new(directory).join(name.trim_end_matches('/'));
            let node = if name.ends_with('/') { Node::Directory } else { Node::File(Vec::new()) };
            recording.add(&path, node);
        }
    }
    for (path, text) in pairs(layout, "texts") {
        recording.add(Path::new(path), Node::File(text.into()));
    }
    for (path, names) in pairs(layout, "archives") {
        recording.add(Path::new(path), Node::File(archive(names)));
    }
    for (path, target) in pairs(layout, "links") {
        recording.add(Path::new(path), Node::Link(target.into()));
    }
    recording
}

/// `SourceFileLoader /usr/lib/python3.11/os.py`, `namespace /a /b`, `nothing`.
fn spec(database: &Database, environment: &Arc<Environment>, name: &str) -> String {
    let state = SearchState::at_startup(environment, None);
    let directories = DatabaseDirectories(database.db());
    let Some(spec) = find_spec(&directories, &state, name, None).spec else { return "nothing".to_owned() };
    match (&spec.loader, &spec.origin) {
        (None, _) => format!("namespace {}", spec.submodule_search_locations.unwrap_or_default().join(" ")),
        (Some(loader), origin) => {
            let loader = loader.class_name(environment.interpreter.version);
            format!("{loader} {}", origin.as_deref().unwrap_or_default())
        }
    }
}

fn check(name: &str, layout: &toml::Table, start: &toml::Table) {
    let database = Database::new(Arc::new(recording(layout)));
    let variables = pairs(start, "variables").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = Request {
        python: Some(text(start, "python").into()),
        variables: Variables::new(variables),
        ..Request::default()
    };
    let project = Project::new(database.db(), "/workspace".into(), request);
    let environment = environment(database.db(), project);
    let interpreter = &environment.interpreter;
    let what = format!("{name}, {}", text(start, "python"));

    assert_eq!(environment.sys_path(), list(start, "path"), "{what}: sys.path");
    assert_eq!(interpreter.extension_suffixes, list(start, "suffixes"), "{what}: suffixes");
    let platform = match interpreter.layout.platform {
        Platform::Posix => "posix",
        Platform::MacOs => "darwin",
        Platform::Windows => "nt",
    };
    let implementation = match interpreter.implementation {
        Implementation::CPython => "cpython",
        Implementation::PyPy => "pypy",
    };
    let known = [
        ("version", interpreter.version.to_string()),
        ("implementation", implementation.to_owned()),
        ("platform", platform.to_owned()),
        ("cache_tag", interpreter.cache_tag.clone()),
        ("prefix", interpreter.prefix.display().to_string()),
        ("base_prefix", interpreter.base_prefix.display().to_string()),
    ];
    let usual = |key: &str| match key {
        "implementation" => "cpython".to_owned(),
        "base_prefix" => text(start, "prefix").to_owned(),
        _ => text(layout, key).to_owned(),
    };
    for (key, value) in known {
        let expected = [start, layout].iter().find_map(|table| table.get(key)?.as_str());
        assert_eq!(value, expected.map_or_else(|| usual(key), str::to_owned), "{what}: {key}");
    }
    for (module, expected) in pairs(start, "specs") {
        assert_eq!(spec(&database, environment, module), expected, "{what}: {module}");
    }
    let problems: Vec<&str> = environment.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(problems, list(start, "problems"), "{what}: problems");
}

#[test]
fn recorded_layouts() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/layouts");
    let mut count = 0;
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let name = file.file_stem().expect("a name").to_string_lossy();
        let source = std::fs::read_to_string(file).expect("text");
        let layout: toml::Table = source.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        for start in layout["start"].as_array().expect("a list") {
            check(&name, &layout, start.as_table().expect("a table"));
            count += 1;
        }
    }
    assert!(count >= 15, "{count} starts");
    println!("compared: {count} starts in {} recorded layouts", files.len());
}

/// Compares an interpreter with the model, and gives the model's problems. Not every one starts.
fn compare(what: &str, start: &Start) -> Vec<String> {
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let version = environment.interpreter.version;
    let mut command = Command::new(&start.python);
    let output = command.args(["-I", "-c", ""]).env_clear().output().expect("a run");
    if output.status.success() {
        let (state, _) = start.ask(&[]);
        assert_same_state(&format!("{what}, CPython {version}"), &state, &environment);
    } else {
        println!("{what}: CPython {version} does not start");
    }
    environment.problems.iter().map(|problem| problem.message.clone()).collect()
}

fn unique(python: &Path) -> String {
    python.display().to_string().replace(['/', '.'], "_")
}

/// `pyvenv.cfg` as no tool writes it, in real environments.
#[test]
fn configurations_that_lie() {
    let all = interpreters();
    for (python, other) in all.iter().zip(all.iter().cycle().skip(1)) {
        let root = scratch(&format!("lies_{}", unique(python)));
        let venv = root.join("env");
        let mut command = Command::new(python);
        command.args(["-I", "-m", "venv", "--without-pip"]).arg(&venv).env_clear();
        run(&mut command, "");
        let start = Start::new(&venv.join("bin/python"), &root);
        assert_eq!(compare("as made", &start), Vec::<String>::new());
        let home = python.parent().expect("a directory").display().to_string();
        let other = other.parent().expect("a directory").display().to_string();
        let own = venv.join("bin").display().to_string();
        let off = "include-system-site-packages = false\n";
        let lies = [
            ("nothing", String::new(), ""),
            ("CRLF", format!("home = {home}\r\ninclude-system-site-packages = false\r\n"), ""),
            ("without case and spaces", format!("HOME={home}\nInclude-System-Site-Packages=FALSE"), ""),
            ("a mark", format!("\u{feff}home = {home}\n{off}"), "a byte order mark"),
            ("a mark before another key", format!("\u{feff}{off}home = {home}\n"), "a byte order mark"),
            ("maybe", format!("home = {home}\ninclude-system-site-packages = maybe\n"), "`maybe` is neither"),
            (
                "twice",
                format!("home = {home}\nhome = {other}\n{off}"),
                "`home` is given more than once: the first",
            ),
            ("twice the same", format!("home = {home}\nhome = {home}\n{off}"), ""),
            (
                "on and off",
                format!("home = {home}\ninclude-system-site-packages = true\n{off}"),
                "`include-system-site-packages` is given more than once: the last",
            ),
            ("a version", format!("home = {home}\n{off}version = 3.2.1\n"), "this file says 3.2.1"),
            ("another home", format!("home = {other}\n{off}"), " belongs to 3."),
            ("itself", format!("home = {own}\n{off}"), ""),
            ("nowhere", format!("home = /nowhere/bin\n{off}"), ""),
        ];
        for (what, text, expected) in lies {
            write(&root, &[("env/pyvenv.cfg", &text)]);
            let problems = compare(what, &start);
            match expected {
                "" => assert_eq!(problems, Vec::<String>::new(), "{what}"),
                // The next interpreter may be of the same version.
                " belongs to 3." if problems.is_empty() => println!("{what}: {other} is as good as {home}"),
                expected => assert!(problems[0].contains(expected), "{what}: {problems:?}"),
            }
        }
        println!("compared: configurations of {}", python.display());
    }
}

/// `._pth` beside a program on POSIX, which 3.11 and newer read.
#[test]
fn path_files_beside_a_program() {
    for python in interpreters() {
        let root = scratch(&format!("path_file_{}", unique(&python)));
        let program = root.join("tool/python");
        std::fs::create_dir_all(root.join("tool")).expect("a directory");
        std::os::unix::fs::symlink(&python, &program).expect("a link");
        let database = Database::on_disk();
        let usual = Start::new(&program, &root).isolated();
        let environment = usual.environment(&database);
        compare("no path file", &usual);
        let library = environment.interpreter.standard_library.as_deref().expect("a library").display();
        let paths = format!("{library}\n{library}/lib-dynload\n.\n\n# ours\n../app # beside\nnowhere\n");
        write(&root, &[("app/main.py", ""), ("tool/python._pth", &paths)]);
        compare("a path file", &usual);
        let name = environment.interpreter.version;
        let packages = format!("tool/lib/python{}.{}/site-packages", name.major, name.minor);
        let with_site = format!("{paths}import site\n");
        write(&root, &[("tool/python._pth", &with_site), (&format!("{packages}/six.py"), "")]);
        compare("a path file with site", &usual);
        println!("compared: path files beside {}", python.display());
    }
}
