//! Workspaces and environments to measure in.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use speclens_tests::interpreters::interpreters;

use crate::peers::cache;

/// What is younger is not kept between runs.
const YOUTH: Duration = Duration::from_secs(3);

/// A workspace on the disk, with its environment in `.venv`.
pub struct Place {
    pub root: PathBuf,
    made: SystemTime,
}

impl Place {
    /// A fresh workspace with an environment of so many distributions.
    pub fn new(name: &str, distributions: usize) -> Self {
        let place = Self::bare(name);
        make_environment(&place.root.join(".venv"), distributions);
        place
    }

    /// A fresh workspace with a link to the environment of an interpreter.
    pub fn with_python(name: &str, python: &Path) -> Self {
        let place = Self::bare(name);
        let environment = python.parent().and_then(Path::parent).expect("an environment");
        std::os::unix::fs::symlink(environment, place.root.join(".venv")).expect("a link");
        place
    }

    fn bare(name: &str) -> Self {
        // A directory in which nothing else comes and goes.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench").join(name).join("workspace");
        for directory in [root.parent().expect("a directory"), &cache(&root)] {
            let _ = fs::remove_dir_all(directory);
        }
        fs::create_dir_all(&root).expect("a directory");
        let root = root.canonicalize().expect("a directory");
        let place = Self { root, made: SystemTime::now() };
        let settings =
            "[tool.pyright]\nvenvPath = \".\"\nvenv = \".venv\"\n\n[tool.ruff.lint]\nselect = [\"F\"]\n";
        place.write("pyproject.toml", settings);
        // A portion of a namespace package, in which the finding that is expected lies.
        place.write("portion/inner.py", "");
        place
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Where distributions are installed.
    pub fn site(&self) -> PathBuf {
        let lib = self.root.join(".venv/lib");
        let versions = fs::read_dir(lib).into_iter().flatten().flatten();
        versions.map(|version| version.path().join("site-packages")).next().expect("site-packages")
    }

    /// Waits until all of it is old enough for answers that rest on it to be kept.
    pub fn settle(&self) {
        let age = self.made.elapsed().unwrap_or_default();
        thread::sleep((YOUTH + Duration::from_secs(1)).saturating_sub(age));
    }
}

/// A virtual environment of the newest interpreter here, with distributions that have little in them.
fn make_environment(at: &Path, distributions: usize) {
    let interpreter = interpreters().last().expect("a CPython");
    let version = interpreter.version;
    let home = interpreter.program.parent().expect("a directory");
    let site = at.join(format!("lib/python{}.{}/site-packages", version.major, version.minor));
    fs::create_dir_all(&site).expect("a directory");
    fs::create_dir_all(at.join("bin")).expect("a directory");
    let settings = format!(
        "home = {}\ninclude-system-site-packages = false\nversion = {}.{}.0\n",
        home.display(),
        version.major,
        version.minor
    );
    fs::write(at.join("pyvenv.cfg"), settings).expect("a file");
    std::os::unix::fs::symlink(&interpreter.program, at.join("bin/python")).expect("a link");
    for number in 0..distributions {
        install(&site, &format!("distribution_{number}"), 3);
    }
}

/// Writes a distribution with a package of so many modules.
pub fn install(site: &Path, name: &str, modules: usize) {
    let package = site.join(name);
    fs::create_dir_all(&package).expect("a directory");
    fs::write(package.join("__init__.py"), "from . import module_0\n").expect("a file");
    let mut record = format!("{name}/__init__.py,,\n");
    for number in 0..modules {
        let text = format!("import os\n\n\ndef function_{number}():\n    return os.sep\n");
        fs::write(package.join(format!("module_{number}.py")), text).expect("a file");
        let _ = writeln!(record, "{name}/module_{number}.py,,");
    }
    let information = site.join(format!("{name}-1.0.dist-info"));
    fs::create_dir_all(&information).expect("a directory");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
    for (file, text) in [("METADATA", metadata.as_str()), ("RECORD", &record), ("INSTALLER", "pip\n")] {
        fs::write(information.join(file), text).expect("a file");
    }
}

/// A file of about so many lines, in which every server finds something, and ours one thing: at the end.
pub fn program(imports: &str, lines: usize) -> String {
    let mut text = format!("import os\nimport json\nimport nowhere_to_be_found\nimport portion\n{imports}\n");
    let mut number = 0;
    while text.lines().count() + 12 < lines {
        let _ = write!(
            text,
            "\n\nclass Shape{number}:\n    sides = {number}\n\n    def area(self, width: int, height: int) -> int:\n        \
             \"\"\"What is inside.\"\"\"\n        total = width * height + self.sides\n        \
             for side in range(self.sides):\n            total += side * len(json.dumps([width, height]))\n        \
             return total\n\n\ndef compare{number}(one: Shape{number}, other: Shape{number}) -> bool:\n    \
             return one.area(1, 2) < other.area(3, 4)\n"
        );
        number += 1;
    }
    text + "\n\n# The line below is what is looked for.\nprint(open(portion.__file__).read(), undefined_name)\n"
}

/// Whether our finding is among these so many times.
pub fn has_ours(diagnostics: &[serde_json::Value], times: usize) -> bool {
    diagnostics.iter().filter(|it| it["code"] == "namespace-without-file").count() == times
}
