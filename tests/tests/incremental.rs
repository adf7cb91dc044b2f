//! What is computed again after a change, and that what must change does: on a file system in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_analysis::{Finding, check_file};
use speclens_environment::{Project, Request};
use speclens_files::{Database, MemorySystem, OpenDocument};

const APP: &str = "/project/app.py";
const TEXT: &str =
    "import library\nimport helper\nprint(library.__spec__.name)\nprint(helper.__file__ + '')\n";
const SITE: &str = "/project/.venv/lib/python3.11/site-packages";

/// A workspace with one file of the user's, a module and a package beside it, and a virtual environment.
struct Workspace {
    system: Arc<MemorySystem>,
    database: Database,
    project: Project,
}

impl Workspace {
    fn new() -> Self {
        let system = Arc::new(MemorySystem::default());
        system.write("/opt/bin/python3.11", "");
        system.write("/opt/lib/python3.11/os.py", "");
        system.write("/project/.venv/bin/python", "");
        system.write(
            "/project/.venv/pyvenv.cfg",
            "home = /opt/bin\ninclude-system-site-packages = false\nversion = 3.11.4\n",
        );
        system.add_directory(SITE);
        system.write(APP, TEXT);
        system.write("/project/library.py", "import part\n");
        system.write("/project/part.py", "value = 1\n");
        system.write("/project/helper/inner.py", "");
        let database = Database::new(Arc::clone(&system) as Arc<_>);
        let project = Project::new(database.db(), PathBuf::from("/project"), Request::default());
        database.record();
        Self { system, database, project }
    }

    fn findings(&self) -> Vec<Finding> {
        let db = self.database.db();
        check_file(db, self.project, db.entry(Path::new(APP))).findings.clone()
    }

    /// The lines of the findings with their rules.
    fn found(&self) -> Vec<(usize, &'static str)> {
        let text = self.database.db().entry(Path::new(APP)).bytes(self.database.db()).expect("the file");
        let line = |at: u32| String::from_utf8_lossy(&text[..at as usize]).matches('\n').count() + 1;
        self.findings().iter().map(|finding| (line(finding.place.start), finding.rule)).collect()
    }

    fn open(&mut self, version: i32, text: &str) {
        self.database.open(Path::new(APP), OpenDocument { version, text: Arc::from(text) });
    }

    fn write(&mut self, path: &str, text: &str) {
        self.system.write(path, text);
        self.database.refresh([Path::new(path)]);
    }

    /// How often each query was computed since this was asked last.
    fn computed(&self) -> Computed {
        Computed(self.database.take_recorded().executed)
    }
}

struct Computed(Vec<String>);

impl Computed {
    fn times(&self, query: &str) -> usize {
        self.0.iter().filter(|executed| executed.split('(').next() == Some(query)).count()
    }

    fn is(&self, expected: &[(&str, usize)]) {
        for (query, times) in expected {
            assert_eq!(self.times(query), *times, "{query} in {:#?}", self.0);
        }
    }
}

const NAMESPACE: (usize, &str) = (4, "namespace-without-file");

#[test]
fn at_first_everything_is_computed_once() {
    let workspace = Workspace::new();
    assert_eq!(workspace.found(), [NAMESPACE]);
    let computed = workspace.computed();
    computed.is(&[("environment", 1), ("observe", 1), ("check_file", 1)]);
    // A fresh interpreter, after `library`, after `helper`.
    computed.is(&[("checkpoint", 3), ("module_facts", 3)]);
    assert_eq!(workspace.found(), [NAMESPACE]);
    assert_eq!(workspace.computed().0, Vec::<String>::new());
}

#[test]
fn a_keystroke_looks_at_no_distribution() {
    let mut counts = Vec::new();
    for distributions in [1, 100] {
        let mut workspace = Workspace::new();
        for number in 0..distributions {
            let metadata = format!("{SITE}/d{number}-1.0.dist-info/METADATA");
            workspace.system.write(metadata, format!("Name: d{number}\nVersion: 1.0\n"));
        }
        workspace.findings();
        // From the first edit on the text is one that changes often.
        workspace.open(1, &format!("{TEXT}print(1)\n"));
        workspace.findings();
        workspace.database.take_recorded();
        workspace.open(2, &format!("{TEXT}print(2)\n"));
        assert_eq!(workspace.found(), [NAMESPACE]);
        counts.push(workspace.database.take_recorded().validated.len());
    }
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn a_keystroke_costs_the_file_it_is_in() {
    let mut workspace = Workspace::new();
    workspace.findings();
    workspace.open(1, TEXT);
    workspace.findings();
    workspace.computed();
    for version in 2..10 {
        workspace.open(version, &format!("{TEXT}print({version})\n"));
        assert_eq!(workspace.found(), [NAMESPACE]);
        workspace.computed().is(&[
            ("environment", 0),
            ("checkpoint", 0),
            ("module_facts", 1),
            ("observe", 1),
            ("check_file", 1),
        ]);
    }
}

#[test]
fn the_same_text_costs_nothing() {
    let mut workspace = Workspace::new();
    workspace.findings();
    workspace.computed();
    workspace.open(1, TEXT);
    workspace.findings();
    // The text is asked for, to see that it is the same.
    workspace.computed().is(&[("environment", 0), ("checkpoint", 0), ("observe", 0), ("check_file", 0)]);
    let revision = workspace.database.revision();
    workspace.open(1, TEXT);
    workspace.database.refresh_all();
    assert_eq!(workspace.database.revision(), revision);
    workspace.database.close(Path::new(APP));
    workspace.findings();
    workspace.computed().is(&[("environment", 0), ("checkpoint", 0), ("observe", 0), ("check_file", 0)]);
}

#[test]
fn an_edit_in_an_imported_module_reaches_the_finding() {
    let mut workspace = Workspace::new();
    workspace.findings();
    workspace.computed();
    // Two files further on.
    workspace.write(
        "/project/part.py",
        "import sys\nclass Other: __spec__ = None\nsys.modules['library'] = Other()\n",
    );
    assert_eq!(workspace.found(), [(3, "module-without-spec"), NAMESPACE]);
    let computed = workspace.computed();
    computed.is(&[("environment", 0), ("module_facts", 1), ("observe", 1), ("check_file", 1)]);
    // The fresh interpreter's is as it was.
    computed.is(&[("checkpoint", 2)]);
    workspace.write("/project/part.py", "value = 1\n");
    assert_eq!(workspace.found(), [NAMESPACE]);
}

#[test]
fn a_file_that_no_import_reaches_costs_no_run() {
    let mut workspace = Workspace::new();
    workspace.write("/project/elsewhere/other.py", "x = 1\n");
    workspace.findings();
    workspace.computed();
    workspace.write("/project/elsewhere/other.py", "x = 2\n");
    workspace.findings();
    workspace.computed().is(&[("environment", 0), ("checkpoint", 0), ("observe", 0), ("check_file", 0)]);
}

#[test]
fn a_new_file_shadows_a_module() {
    let mut workspace = Workspace::new();
    assert_eq!(workspace.found(), [NAMESPACE]);
    workspace.write("/project/helper/__init__.py", "");
    assert_eq!(workspace.found(), []);
    workspace.system.remove("/project/helper/__init__.py");
    workspace.database.refresh([Path::new("/project/helper/__init__.py")]);
    assert_eq!(workspace.found(), [NAMESPACE]);
    // A module is no namespace package, and comes before one.
    workspace.write("/project/helper.py", "");
    assert_eq!(workspace.found(), []);
}

#[test]
fn what_is_installed_is_seen() {
    let mut workspace = Workspace::new();
    assert_eq!(workspace.found(), [NAMESPACE]);
    workspace.system.write(format!("{SITE}/helper/__init__.py"), "");
    workspace.database.refresh_all();
    // A regular package further on the path is no portion: it is what is found.
    assert_eq!(workspace.found(), []);
    workspace.system.remove(format!("{SITE}/helper"));
    workspace.database.refresh_all();
    assert_eq!(workspace.found(), [NAMESPACE]);

    workspace.system.write("/elsewhere/helper.py", "");
    workspace.system.write(format!("{SITE}/more.pth"), "/elsewhere\n");
    workspace.computed();
    workspace.database.refresh_all();
    assert_eq!(workspace.found(), []);
    workspace.computed().is(&[("environment", 1)]);
    workspace.system.remove(format!("{SITE}/more.pth"));
    workspace.database.refresh_all();
    assert_eq!(workspace.found(), [NAMESPACE]);
}

#[test]
fn settings_of_rules_cost_no_new_run() {
    let mut workspace = Workspace::new();
    workspace.write("/project/speclens.toml", "");
    workspace.findings();
    workspace.computed();
    workspace.write("/project/speclens.toml", "[rules]\nnamespace-without-file = 'ignore'\n");
    assert_eq!(workspace.found(), []);
    let computed = workspace.computed();
    computed.is(&[
        ("environment", 0),
        ("checkpoint", 0),
        ("observe", 0),
        ("check_file", 1),
        ("settings_of", 1),
    ]);
    // What is no setting changes nothing.
    workspace.write("/project/speclens.toml", "# why\n[rules]\nnamespace-without-file = 'ignore'\n");
    assert_eq!(workspace.found(), []);
    workspace.computed().is(&[("check_file", 0), ("configuration", 1)]);
}
