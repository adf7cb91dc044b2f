//! Where a definition leads, and where it leads nowhere since another server knows better.

#![allow(clippy::expect_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_analysis::{definition, hints};
use speclens_environment::{Project, Request};
use speclens_files::{Database, MemorySystem};

struct Workspace {
    database: Database,
    project: Project,
}

/// A workspace whose `app.py` has this text.
fn workspace(text: &str) -> Workspace {
    let system = Arc::new(MemorySystem::default());
    system.write("/opt/bin/python3.11", "");
    system.write("/opt/lib/python3.11/os.py", "");
    system.write(
        "/opt/lib/python3.11/importlib/__init__.py",
        "def import_module(name, package=None):\n    return None\n",
    );
    system.write(
        "/opt/lib/python3.11/importlib/util.py",
        "def find_spec(name, package=None):\n    return None\n",
    );
    system.write("/project/.venv/bin/python", "");
    system.write(
        "/project/.venv/pyvenv.cfg",
        "home = /opt/bin\ninclude-system-site-packages = false\nversion = 3.11.4\n",
    );
    system.write("/project/.venv/lib/python3.11/site-packages/shared/other.py", "");
    system.write("/project/shared/inner.py", "");
    system.write("/project/plain.py", "value = 1\n");
    system.write(
        "/project/lazy.py",
        "import sys\nclass Lazy:\n    __spec__ = None\nsys.modules[__name__] = Lazy()\n",
    );
    system.write("/project/app.py", text);
    let database = Database::new(system);
    let project = Project::new(database.db(), PathBuf::from("/project"), Request::default());
    Workspace { database, project }
}

/// What the text from `|` on leads to: files, with the line where it is not the file as a whole.
fn targets(marked: &str) -> Vec<String> {
    let at = marked.find('|').expect("a mark");
    let Workspace { database, project } = workspace(&marked.replace('|', ""));
    let db = database.db();
    let file = db.entry(Path::new("/project/app.py"));
    let at = u32::try_from(at).expect("a short text");
    let Some(found) = definition(db, project, file, at) else { return Vec::new() };
    let shown = found.targets.iter().map(|place| {
        let path = place.file.display();
        if place.end == 0 {
            return path.to_string();
        }
        let text = db.entry(&place.file).bytes(db).expect("a file");
        let line = String::from_utf8_lossy(&text[..place.start as usize]).matches('\n').count() + 1;
        format!("{path}:{line}")
    });
    shown.collect()
}

const PORTIONS: [&str; 2] = ["/project/shared", "/project/.venv/lib/python3.11/site-packages/shared"];

#[test]
fn a_namespace_package_is_all_of_its_portions() {
    assert_eq!(targets("import |shared\n"), PORTIONS);
    assert_eq!(targets("import shared\nprint(shared.__|path__)\n"), PORTIONS);
}

#[test]
fn a_replaced_module_is_where_it_is_replaced() {
    let found = targets("import |lazy\n");
    assert!(found.contains(&"/project/lazy.py:4".to_owned()), "{found:?}");
    let found = targets("import lazy\nlazy.__|spec__\n");
    assert!(found.contains(&"/project/lazy.py:4".to_owned()), "{found:?}");
}

#[test]
fn a_module_that_a_string_names_is_its_file() {
    assert_eq!(targets("import importlib.util\nimportlib.util.find_spec(|'plain')\n"), ["/project/plain.py"]);
    assert_eq!(targets("import importlib\nimportlib.import_module('|plain')\n"), ["/project/plain.py"]);
}

#[test]
fn what_every_server_knows_is_left_to_it() {
    assert_eq!(targets("import |plain\n"), [""; 0]);
    assert_eq!(targets("import plain\nplain.|value\n"), [""; 0]);
    assert_eq!(targets("|import nothing_of_the_kind\n"), [""; 0]);
}

#[test]
fn hints_are_values_that_are_certain() {
    let text = "import shared, plain, sys\nshared.__file__\nplain.__spec__.name\nif sys.argv[1:]:\n    import lazy as plain\nplain.__spec__\n";
    let Workspace { database, project } = workspace(text);
    let db = database.db();
    let found = hints(db, project, db.entry(Path::new("/project/app.py")));
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|hint| (text[..hint.at as usize].rsplit('\n').next().unwrap_or_default(), hint.value.as_str()))
        .collect();
    assert_eq!(found, [("shared.__file__", "None"), ("plain.__spec__.name", "'plain'")]);
}
