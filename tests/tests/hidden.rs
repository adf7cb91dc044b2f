//! What hides what in an environment: an editable install behind a plain directory, a package behind a `*-nspkg.pth`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Start, interpreters, run, scratch, write};
use speclens_analysis::{Finding, check_file};
use speclens_files::Database;

/// The finder of an editable install, as setuptools writes it, without what it does for namespace packages.
const FINDER: &str = "import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path

MAPPING: dict = {'flat': 'WHERE'}
NAMESPACES: dict = {}
PATH_PLACEHOLDER = '__editable__.flat-1.finder' + \".__path_hook__\"


class _EditableFinder:  # MetaPathFinder
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in MAPPING:
            return spec_from_file_location(fullname, Path(MAPPING[fullname]) / '__init__.py')
        parent, _, child = fullname.rpartition('.')
        if parent and parent in MAPPING:
            return PathFinder.find_spec(fullname, path=[MAPPING[parent]])
        return None


class _EditableNamespaceFinder:  # PathEntryFinder
    pass


def install():
    if not any(finder == _EditableFinder for finder in sys.meta_path):
        sys.meta_path.append(_EditableFinder)
";

/// What setuptools 31 and newer write for a namespace package.
const NSPKG: &str = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(\
    sys._getframe(1).f_locals['sitedir'], *('acme',));importlib = has_mfs and __import__('importlib.util');\
    has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('acme', \
    importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('acme', [os.path.dirname(p)])));\
    m = m or sys.modules.setdefault('acme', types.ModuleType('acme'));mp = (m or []) and \
    m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n";

/// A virtual environment without anything in it, and its site-packages.
fn environment(python: &Path, root: &Path) -> (PathBuf, PathBuf) {
    let environment = root.join("environment");
    let mut command = Command::new(python);
    run(command.args(["-m", "venv", "--without-pip"]).arg(&environment), "");
    let program = environment.join("bin/python");
    let mut command = Command::new(&program);
    let site = run(command.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]), "");
    (program, PathBuf::from(site.trim()))
}

fn findings(program: &Path, workspace: &Path, file: &str) -> Vec<Finding> {
    let database = Database::on_disk();
    let project = Start::new(program, workspace).project(&database);
    check_file(database.db(), project, database.db().entry(&workspace.join(file))).findings.clone()
}

fn run_file(program: &Path, workspace: &Path, file: &str) -> String {
    let mut command = Command::new(program);
    let code = "import runpy, sys\ntry:\n    runpy.run_path(sys.argv[1])\nexcept Exception as error:\n    \
                print(type(error).__name__, error)\n";
    command.current_dir(workspace).env("PYTHONPATH", workspace).args(["-c", code, file]);
    run(&mut command, "").trim().to_owned()
}

#[test]
fn a_folder_hides_an_editable_install() {
    for (index, python) in interpreters().into_iter().enumerate() {
        let root = scratch(&format!("hidden-editable-{index}"));
        let (program, site) = environment(&python, &root);
        let source = root.join("source/flat");
        write(&root, &[("source/flat/__init__.py", "NAME = 'flat'\n")]);
        let finder = FINDER.replace("WHERE", &source.to_string_lossy());
        write(
            &site,
            &[
                ("__editable___flat_1_finder.py", &finder),
                (
                    "__editable__.flat-1.pth",
                    "import __editable___flat_1_finder; __editable___flat_1_finder.install()",
                ),
            ],
        );
        write(&root, &[("folder/flat/data.txt", ""), ("folder/main.py", "import flat\nprint(flat.NAME)\n")]);
        write(&root, &[("plain/main.py", "import flat\nprint(flat.NAME)\n")]);
        let hidden = root.join("folder");
        assert!(run_file(&program, &hidden, "main.py").starts_with("AttributeError"), "{}", python.display());
        let found = findings(&program, &hidden, "main.py");
        let [finding] = found.as_slice() else { panic!("{}: {found:?}", python.display()) };
        assert_eq!(finding.rule, "hidden-editable");
        assert!(finding.message.contains(&*source.to_string_lossy()), "{}", finding.message);
        assert_eq!(run_file(&program, &root.join("plain"), "main.py"), "flat");
        assert_eq!(findings(&program, &root.join("plain"), "main.py"), []);
    }
}

#[test]
fn a_path_file_hides_a_package() {
    for (index, python) in interpreters().into_iter().enumerate() {
        let root = scratch(&format!("hidden-nspkg-{index}"));
        let (program, site) = environment(&python, &root);
        write(&site, &[("acme/core.py", ""), ("acme-nspkg.pth", NSPKG)]);
        let extend = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";
        let main = "import acme.core\nimport acme.addon\n";
        write(&root, &[("app/acme/__init__.py", extend), ("app/acme/addon.py", ""), ("app/main.py", main)]);
        let app = root.join("app");
        let said = run_file(&program, &app, "main.py");
        assert_eq!(said, "ModuleNotFoundError No module named 'acme.addon'", "{}", python.display());
        let found = findings(&program, &app, "main.py");
        let [finding] = found.as_slice() else { panic!("{}: {found:?}", python.display()) };
        assert_eq!(finding.rule, "hidden-package");
        assert!(finding.message.contains(&*app.join("acme").to_string_lossy()), "{}", finding.message);
        std::fs::remove_file(site.join("acme-nspkg.pth")).expect("the file");
        assert_eq!(run_file(&program, &app, "main.py"), "");
        assert_eq!(findings(&program, &app, "main.py"), []);
    }
}
