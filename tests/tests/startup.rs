//! What `.pth` files do at startup: editable installs, setuptools' distutils, legacy namespace packages; and which
//! distribution owns what. The packages are real ones, from the package index.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::{Start, assert_same, assert_same_state, interpreters, minor, predict, run, scratch, write};
use speclens_environment::{MetaPathFinder, owner_of, owners_of};
use speclens_files::Database;

/// The directory of a package's installation under cargo's target directory, made once; `None` where it cannot be had.
fn installed(python: &Path, name: &str, requirements: &[&str]) -> Option<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("installed_{name}"));
    let marker = directory.join("complete");
    if marker.exists() {
        return Some(directory);
    }
    let _ = std::fs::remove_dir_all(&directory);
    let mut command = Command::new(python);
    command.args(["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    command.args(["--no-compile", "--target"]).arg(&directory).args(requirements);
    let output = command.output().ok()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        speclens_tests::skip(name, &format!("pip cannot install {requirements:?}: {reason}"));
        return None;
    }
    std::fs::write(marker, "").expect("a file");
    Some(directory)
}

/// An interpreter that has pip.
fn with_pip() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let starts = |python: &Path, arguments: &[&str]| {
        Command::new(python).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let found = FOUND.get_or_init(|| {
        interpreters().into_iter().find(|python| {
            starts(python, &["-I", "-m", "pip", "--version"])
                && starts(python, &["-I", "-c", "import sys; assert sys.version_info >= (3, 9)"])
        })
    });
    if found.is_none() {
        speclens_tests::skip(std::thread::current().name().unwrap_or("a test"), "no interpreter has pip");
    }
    found.clone()
}

struct Venv {
    python: PathBuf,
    site: PathBuf,
    root: PathBuf,
}

fn venv(python: &Path, name: &str) -> Venv {
    let root = scratch(&format!("{name}_{}", python.display().to_string().replace(['/', '.'], "_")));
    let mut command = Command::new(python);
    run(command.args(["-I", "-m", "venv", "--without-pip"]).arg(root.join("venv")).env_clear(), "");
    let python = root.join("venv/bin/python");
    let database = Database::on_disk();
    let environment = Start::new(&python, &root).environment(&database);
    let site = root.join(format!("venv/lib/python3.{}/site-packages", minor(&environment)));
    Venv { python, site, root }
}

/// Copies the members of a directory.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for member in from.read_dir().expect("a directory").flatten() {
        let target = to.join(member.file_name());
        if member.path().is_dir() {
            copy(&member.path(), &target);
        } else {
            std::fs::copy(member.path(), target).expect("a copy");
        }
    }
}

fn compare(what: &str, start: &Start, names: &[&str]) {
    let database = Database::on_disk();
    let environment = start.environment(&database);
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let (state, actual) = start.ask(&names);
    let what = format!("{what}, CPython {}", environment.interpreter.version);
    assert_same_state(&what, &state, &environment);
    assert_same(&what, &actual, &predict(&database, &environment, &names));
    println!("compared: {what}");
}

#[test]
fn setuptools_distutils() {
    let Some(pip) = with_pip() else {
        return;
    };
    // Each with the first and the last minor version of Python where it can be imported, and another choice than its
    // own.
    let releases = [("50.3.2", 6, 11, "local"), ("60.0.5", 7, 11, "stdlib"), ("80.9.0", 9, 15, "stdlib")];
    for (version, first, last, other) in releases {
        let Some(setuptools) =
            installed(&pip, &format!("setuptools_{version}"), &[&format!("setuptools=={version}")])
        else {
            return;
        };
        for python in interpreters() {
            let venv = venv(&python, &format!("distutils_{version}"));
            copy(&setuptools, &venv.site);
            let mut names = vec!["setuptools", "setuptools._distutils", "pkg_resources", "json"];
            let start = Start::new(&venv.python, &venv.root);
            // Where importing setuptools fails, as old ones do on 3.12, the finder passes; the model says `uncertain`.
            let found = start.environment(&Database::on_disk());
            if (first..=last).contains(&minor(&found)) {
                names.extend(["distutils", "distutils.core"]);
            }
            compare(&format!("setuptools {version}"), &start, &names);
            let start = start.with("SETUPTOOLS_USE_DISTUTILS", other);
            compare(&format!("setuptools {version}, {other}"), &start, &names);
        }
    }
}

#[test]
fn editable_installs_of_setuptools() {
    let Some(pip) = with_pip() else { return };
    // Its build dependency is the point: the finder module is what this release writes.
    for version in ["65.5.1", "80.9.0"] {
        let Some(backend) = installed(
            &pip,
            &format!("backend_{version}"),
            &[&format!("setuptools=={version}"), "wheel==0.45.1"],
        ) else {
            return;
        };
        let venv = venv(&pip, &format!("editable_{version}"));
        let project = venv.root.join("project");
        write(
            &project,
            &[
                (
                    "pyproject.toml",
                    "[build-system]\nrequires = []\nbuild-backend = 'setuptools.build_meta'\n\
                     [project]\nname = 'acme-core'\nversion = '1.0'\n\
                     [tool.setuptools]\npackages = ['flat', 'flat.sub', 'acme', 'acme.core']\npy-modules = ['single']\n\
                     [tool.setuptools.package-dir]\nflat = 'code/flat'\nacme = 'code/acme'\n'' = 'code'\n",
                ),
                ("code/flat/__init__.py", ""),
                ("code/flat/mod.py", ""),
                ("code/flat/sub/__init__.py", ""),
                ("code/acme/core/__init__.py", ""),
                ("code/acme/core/mod.py", ""),
                ("code/single.py", ""),
            ],
        );
        let mut command = Command::new(&pip);
        command.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]);
        command.args(["--no-build-isolation", "--target"]);
        command.arg(&venv.site).arg("--editable").arg(&project).env("PYTHONPATH", &backend);
        let output = command.output().expect("pip");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let start = Start::new(&venv.python, &venv.root);
        let names = [
            "flat",
            "flat.mod",
            "flat.sub",
            "flat.nowhere",
            "acme",
            "acme.core",
            "acme.core.mod",
            "acme.nowhere",
            "single",
            "json",
        ];
        compare(&format!("editable, setuptools {version}"), &start, &names);
        let database = Database::on_disk();
        let environment = start.environment(&database);
        let finder = environment.meta_path.last().expect("a finder");
        assert!(matches!(finder, MetaPathFinder::SetuptoolsEditable { .. }), "{finder:?}");
        for file in ["code/flat/mod.py", "code/acme/core/__init__.py", "code/single.py"] {
            let owner = owner_of(database.db(), &environment, &project.join(file));
            assert_eq!(owner.map(|owner| owner.name.as_str()), Some("acme-core"), "{file}");
        }
        // A plain folder of the package's name wins over a finder at the end.
        write(&venv.root, &[("workspace/flat/data.txt", "")]);
        let folder = venv.root.join("workspace").display().to_string();
        compare("a folder before an editable install", &start.with("PYTHONPATH", &folder), &names);
    }
}

/// What setuptools writes before 31, and since.
const NAMESPACE_LINES: [(&str, &str); 2] = [
    (
        "older",
        "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('older',));\
         ie = os.path.exists(os.path.join(p,'__init__.py'));\
         m = not ie and sys.modules.setdefault('older', types.ModuleType('older'));\
         mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n",
    ),
    (
        "newer",
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);\
         p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('newer',));\
         importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');\
         m = has_mfs and sys.modules.setdefault('newer', importlib.util.module_from_spec(\
         importlib.machinery.PathFinder.find_spec('newer', [os.path.dirname(p)])));\
         m = m or sys.modules.setdefault('newer', types.ModuleType('newer'));\
         mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n",
    ),
];

#[test]
fn legacy_namespace_packages() {
    let program = "import json, sys; print(json.dumps([[n, list(m.__path__), m.__spec__ is not None] \
                   for n, m in sorted(sys.modules.items()) if n in ('newer', 'older')]))";
    for python in interpreters() {
        let venv = venv(&python, "nspkg");
        write(&venv.site, &[("newer/a.py", ""), ("older/b.py", "")]);
        for (name, line) in NAMESPACE_LINES {
            write(&venv.site, &[(&format!("{name}-1-nspkg.pth"), line)]);
        }
        let mut command = Command::new(&venv.python);
        let actual: serde_json::Value =
            serde_json::from_str(&run(command.args(["-I", "-c", program]).env_clear(), "")).expect("JSON");
        let gone = NAMESPACE_LINES[1].1.replace("newer", "gone");
        write(&venv.site, &[("gone-1-nspkg.pth", &gone)]);
        let mut command = Command::new(&venv.python);
        let output = command.args(["-I", "-c", ""]).env_clear().output().expect("a run");
        let complaint = "'NoneType' object has no attribute 'loader'";
        assert!(String::from_utf8_lossy(&output.stderr).contains(complaint), "{output:?}");
        let database = Database::on_disk();
        let environment = Start::new(&venv.python, &venv.root).environment(&database);
        assert!(environment.problems.iter().any(|problem| problem.message.ends_with(complaint)));
        let modules = environment.startup_hooks.iter().flat_map(|hook| &hook.modules);
        let predicted: Vec<_> =
            modules.map(|module| serde_json::json!([module.name, [module.path], module.has_spec])).collect();
        assert_eq!(
            actual,
            serde_json::Value::Array(predicted),
            "CPython {}",
            environment.interpreter.version
        );
    }
}

#[test]
fn distributions_that_share_a_namespace() {
    let Some(pip) = with_pip() else { return };
    // Two with a legacy namespace line, one without.
    let requirements =
        ["sphinxcontrib-jsmath==1.0.1", "sphinxcontrib-devhelp==1.0.2", "sphinxcontrib-applehelp==1.0.8"];
    let Some(packages) = installed(&pip, "sphinxcontrib", &requirements) else { return };
    for python in interpreters() {
        let venv = venv(&python, "shared");
        copy(&packages, &venv.site);
        let start = Start::new(&venv.python, &venv.root);
        compare(
            "shared namespace",
            &start,
            &["sphinxcontrib", "sphinxcontrib.jsmath", "sphinxcontrib.applehelp"],
        );
        let database = Database::on_disk();
        let environment = start.environment(&database);
        let names = |path: &str| -> Vec<&str> {
            let owners = owners_of(database.db(), &environment, &venv.site.join(path));
            owners.iter().map(|owner| owner.name.as_str()).collect()
        };
        assert_eq!(
            names("sphinxcontrib"),
            ["sphinxcontrib-applehelp", "sphinxcontrib-devhelp", "sphinxcontrib-jsmath"]
        );
        assert_eq!(names("sphinxcontrib/jsmath/version.py"), ["sphinxcontrib-jsmath"]);
        assert_eq!(names("sphinxcontrib/nowhere"), Vec::<&str>::new());
        let versions: Vec<&str> =
            environment.distributions.iter().map(|distribution| distribution.version.as_str()).collect();
        assert_eq!(versions, ["1.0.8", "1.0.2", "1.0.1"]);
    }
}

#[test]
fn environments_of_virtualenv() {
    let Some(pip) = with_pip() else { return };
    // The newest does nothing at startup on 3.10 and later.
    let releases: [&[&str]; 3] = [
        &["virtualenv==20.0.35", "appdirs==1.4.4", "distlib==0.3.9", "filelock==3.16.1", "six==1.17.0"],
        &["virtualenv==20.29.1", "distlib==0.3.9", "filelock==3.16.1", "platformdirs==4.3.6"],
        &NEWEST_VIRTUALENV,
    ];
    for requirements in releases {
        let release = requirements[0].replace("==", "_");
        let Some(tool) = installed(&pip, &release, requirements) else { return };
        for python in interpreters() {
            compare_virtualenv(&pip, &tool, &release, &python);
        }
    }
}

/// With what it needs on 3.9.
const NEWEST_VIRTUALENV: [&str; 7] = [
    "virtualenv==21.15.8",
    "distlib==0.4.4",
    "filelock==3.19.1",
    "packaging==26.3",
    "platformdirs==4.4.0",
    "python-discovery==1.9.5",
    "typing-extensions==4.16.0",
];

fn compare_virtualenv(pip: &Path, tool: &Path, release: &str, python: &Path) {
    let root = scratch(&format!("{release}_{}", python.display().to_string().replace(['/', '.'], "_")));
    let mut command = Command::new(pip);
    command.args(["-m", "virtualenv", "--quiet", "--no-seed", "--python"]).arg(python);
    command.arg("--app-data").arg(root.join("data")).arg(root.join("venv")).env("PYTHONPATH", tool);
    // Old releases make Debian's environments where nobody looks for them.
    let made = command.output().expect("a run").status.success() && root.join("venv/bin/python").exists();
    if !made {
        return println!("not compared: {release} does not support {}", python.display());
    }
    let start = Start::new(&root.join("venv/bin/python"), &root);
    let environment = start.environment(&Database::on_disk());
    if release == "virtualenv_21.15.8" && minor(&environment) < 8 {
        // Its startup code is in a newer Python, and fails there.
        return println!("not compared: {release} does not support {}", python.display());
    }
    compare(release, &start, &["json", "distutils", "_virtualenv", "nowhere"]);
    if !environment.startup_hooks.iter().any(|hook| hook.text.contains("_virtualenv")) {
        return assert!(minor(&environment) >= 10, "{release} has no startup code");
    }
    let finder = &environment.meta_path[0];
    assert!(matches!(finder, MetaPathFinder::Narrow { .. }), "{finder:?} {:?}", environment.startup_hooks);
}
