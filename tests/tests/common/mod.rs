//! Real interpreters, and the model beside them.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use speclens_environment::{Environment, Project, Request, Variables, environment};
use speclens_files::Database;
use speclens_imports::finders::{DatabaseDirectories, SearchState, find_spec};
use speclens_imports::spec::{Attribute, Loader, ModuleSpec, module_attributes};

/// No run of an interpreter may take longer.
const LIMIT: Duration = Duration::from_mins(2);
/// What `speclens verify` asks is what the tests ask.
const DRIVER: &str = include_str!("../../../server/speclens/src/command_line/verify/ask.py");
const MARK: &str = "answer: ";
const ATTRIBUTES: &str = include_str!("attributes.py");

/// The interpreters of this machine: those of pyenv, and every `python3.X` on PATH.
pub fn interpreters() -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| {
        let output = Command::new("pyenv").arg("root").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    });
    if let Some(versions) = pyenv.and_then(|root| root.join("versions").read_dir().ok()) {
        for version in versions.flatten() {
            let python = version.path().join("bin/python3");
            // An environment of pyenv-virtualenv is no interpreter of its own.
            if python.exists() && !version.path().join("pyvenv.cfg").exists() {
                found.insert(python.canonicalize().expect("an existing file"), python);
            }
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for directory in std::env::split_paths(&path).filter(|directory| !directory.ends_with("shims")) {
        for minor in 6..30 {
            let python = directory.join(format!("python3.{minor}"));
            if let Ok(real) = python.canonicalize() {
                found.entry(real).or_insert(python);
            }
        }
    }
    let found: Vec<PathBuf> = found.into_values().collect();
    if found.is_empty() {
        speclens_tests::skip(std::thread::current().name().unwrap_or("a test"), "there is no CPython");
    }
    found
}

/// Runs a program to its end and gives what it printed.
pub fn run(command: &mut Command, input: &str) -> String {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{shown}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let mut stdout = child.stdout.take().expect("piped");
    let mut stderr = child.stderr.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let complaints = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let success = wait(&mut child, &shown);
    let _ = writer.join();
    let text = reader.join().expect("the reader").expect("text");
    let complaints = complaints.join().expect("the reader").expect("text");
    assert!(success, "{shown} failed:\n{complaints}");
    text
}

fn wait(child: &mut Child, shown: &str) -> bool {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.success();
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("{shown} took more than {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A directory under cargo's target directory, empty at first.
pub fn scratch(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    directory.canonicalize().expect("an existing directory")
}

/// Writes files, given by their paths below `root`.
pub fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
}

/// How an interpreter is started, on both sides of the comparison.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The program.
    pub python: PathBuf,
    /// `-I`.
    pub isolated: bool,
    /// The whole process environment.
    pub variables: Vec<(String, String)>,
    /// Where it runs, and the root of the workspace.
    pub directory: PathBuf,
}

impl Start {
    pub fn new(python: &Path, directory: &Path) -> Self {
        let variables =
            vec![("HOME".to_owned(), directory.display().to_string()), ("LC_ALL".into(), "C.UTF-8".into())];
        Self { python: python.to_path_buf(), isolated: false, variables, directory: directory.to_path_buf() }
    }

    pub fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks CPython: its state, and one row for each name.
    pub fn ask(&self, names: &[String]) -> (Value, Vec<Value>) {
        let mut command = Command::new(&self.python);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(&self.directory);
        if self.isolated {
            command.arg("-I");
        }
        let driver = scratch_file("driver.py", DRIVER);
        let question = json!({"names": names, "all": false});
        let text = run(command.arg(driver).arg(MARK), &question.to_string());
        let answers = text.lines().filter_map(|line| line.strip_prefix(MARK));
        let mut rows = answers.map(|line| serde_json::from_str(line).expect("JSON"));
        let mut state: Value = rows.next().expect("the state");
        if !self.isolated {
            // sys.path[0] is the driver's directory.
            state["sys_path"].as_array_mut().expect("a list").remove(0);
        }
        (state, rows.collect())
    }

    /// Imports each name in CPython and gives the attributes of its module.
    pub fn import(&self, names: &[&str]) -> Vec<Value> {
        let mut command = Command::new(&self.python);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(&self.directory);
        let text =
            run(command.arg("-B").arg(scratch_file("attributes.py", ATTRIBUTES)), &json!(names).to_string());
        // `__hello__` greets.
        let rows = text.lines().filter(|line| line.starts_with('{'));
        rows.map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The environment as the model reads it.
    pub fn environment(&self, database: &Database) -> Arc<Environment> {
        Arc::clone(environment(database.db(), self.project(database)))
    }

    /// The same start, as the model takes it.
    pub fn project(&self, database: &Database) -> Project {
        let request = Request {
            python: Some(self.python.clone()),
            isolated: self.isolated,
            variables: Variables::new(self.variables.iter().cloned()),
            ..Request::default()
        };
        Project::new(database.db(), self.directory.clone(), request)
    }
}

fn scratch_file(name: &str, text: &str) -> PathBuf {
    // Beside nothing else, so that `sys.path[0]` of the run holds no module.
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("driver");
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(name);
    if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
        // Several tests write the same text at once: the rename makes it whole at every moment.
        let own = directory.join(format!("{name}.{}.{:?}", std::process::id(), std::thread::current().id()));
        std::fs::write(&own, text).expect("a file");
        std::fs::rename(&own, &path).expect("a file");
    }
    path
}

/// The model's rows, in the form of the driver's.
pub fn predict(database: &Database, environment: &Arc<Environment>, names: &[String]) -> Vec<Value> {
    predict_on(database, &SearchState::at_startup(environment, None), names)
}

/// The same, for any search path.
pub fn predict_on(database: &Database, state: &SearchState, names: &[String]) -> Vec<Value> {
    let mut known = BTreeMap::new();
    names
        .iter()
        .map(|name| row(name, find(database, state, name, &mut known).as_ref(), &state.environment))
        .collect()
}

fn find(
    database: &Database,
    state: &SearchState,
    name: &str,
    known: &mut BTreeMap<String, Option<ModuleSpec>>,
) -> Option<ModuleSpec> {
    if let Some(spec) = known.get(name) {
        return spec.clone();
    }
    let directories = DatabaseDirectories(database.db());
    // A name that starts with its only dot has no parent, as in the driver.
    let spec = match name.rsplit_once('.').filter(|(parent, _)| !parent.is_empty()) {
        None => find_spec(&directories, state, name, None).spec,
        Some((parent, _)) => find(database, state, parent, known)
            .and_then(|parent| parent.submodule_search_locations)
            .and_then(|path| find_spec(&directories, state, name, Some(&path)).spec),
    };
    known.insert(name.to_owned(), spec.clone());
    spec
}

/// One row in the form of the driver's.
pub fn row(name: &str, spec: Option<&ModuleSpec>, environment: &Environment) -> Value {
    let version = environment.interpreter.version;
    let loader =
        spec.and_then(|spec| spec.loader.as_ref()).map(|loader| loader.class_name(version).to_owned());
    json!({
        "name": name,
        "found": spec.is_some(),
        "loader": loader,
        "origin": spec.and_then(|spec| spec.origin.clone()),
        "has_location": spec.is_some_and(|spec| spec.has_location),
        "cached": spec.and_then(|spec| spec.cached.clone()),
        "locations": spec.and_then(|spec| spec.submodule_search_locations.clone()),
    })
}

/// The model's account of the attributes after import, in the form of `attributes.py`.
pub fn predict_attributes(database: &Database, environment: &Arc<Environment>, names: &[&str]) -> Vec<Value> {
    let state = SearchState::at_startup(environment, None);
    let version = environment.interpreter.version;
    let mut known = BTreeMap::new();
    let class = |loader: Option<&Loader>| loader.map(|loader| loader.class_name(version).to_owned());
    let found = names.iter().map(|name| (name, find(database, &state, name, &mut known)));
    found
        .map(|(name, spec)| {
            let Some(spec) = spec else { return json!({"name": name, "found": false}) };
            let attributes = module_attributes(&spec, environment);
            let imported = spec.after_import_in(version);
            json!({
                "name": name,
                "found": true,
                "file": attribute(attributes.file),
                "path": attribute(attributes.path),
                "cached": attribute(attributes.cached),
                "package": attributes.package,
                "loader": class(attributes.loader.as_ref()),
                "spec_loader": class(imported.loader.as_ref()),
                "spec_origin": imported.origin,
                "spec_parent": imported.parent(),
            })
        })
        .collect()
}

fn attribute<T: Into<Value>>(attribute: Attribute<T>) -> Value {
    match attribute {
        Attribute::Missing => json!("missing"),
        Attribute::None => json!({"value": null}),
        Attribute::Value(value) => json!({"value": value.into()}),
    }
}

/// Compares field by field and shows the first rows that differ.
pub fn assert_same(what: &str, actual: &[Value], predicted: &[Value]) {
    assert_eq!(actual.len(), predicted.len(), "{what}");
    let differences: Vec<String> = actual
        .iter()
        .zip(predicted)
        .filter(|(actual, predicted)| actual != predicted)
        .map(|(actual, predicted)| format!("CPython  {actual}\nSpeclens {predicted}"))
        .collect();
    let shown = differences.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{what}: {} of {} differ\n{shown}", differences.len(), actual.len());
}

/// `sys.path`, the finders, the prefixes and the version agree.
pub fn assert_same_state(what: &str, actual: &Value, environment: &Environment) {
    let interpreter = &environment.interpreter;
    assert_eq!(actual["sys_path"], json!(environment.sys_path()), "{what}: sys.path");
    assert_eq!(actual["prefix"], json!(interpreter.prefix), "{what}: sys.prefix");
    assert_eq!(actual["base_prefix"], json!(interpreter.base_prefix), "{what}: sys.base_prefix");
    let version = actual["version"].as_str().expect("text");
    let known = interpreter.version.to_string();
    assert!(version == known || version.starts_with(&format!("{known}.")), "{what}: {version}, {known}");
    let finders = actual["meta_path"].as_array().expect("a list");
    assert_eq!(finders.len(), environment.meta_path.len(), "{what}: {finders:?} {:?}", environment.meta_path);
}

/// The minor version in an interpreter's file name or in its run.
pub fn minor(environment: &Environment) -> u8 {
    environment.interpreter.version.minor
}
