//! Which interpreter is chosen, and that a change on disk reaches the environment: on a file system in memory.

#![allow(clippy::expect_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_analysis::Resolver;
use speclens_environment::{
    BUILT_IN_LIBRARY, Environment, Project, PythonVersion, Request, Variables, environment, newest,
};
use speclens_files::{Database, MemorySystem};
use speclens_imports::finders::{DatabaseDirectories, SearchState, find_spec};

const ROOT: &str = "/project";

/// A machine with nothing but an empty workspace.
struct Machine {
    system: Arc<MemorySystem>,
    request: Request,
    variables: Vec<(String, String)>,
}

impl Machine {
    fn new() -> Self {
        let system = Arc::new(MemorySystem::default());
        system.add_directory(ROOT);
        Self { system, request: Request::default(), variables: Vec::new() }
    }

    fn installation(self, prefix: &str, version: &str) -> Self {
        let minor = version.split('.').take(2).collect::<Vec<_>>().join(".");
        self.system.write(format!("{prefix}/bin/python3"), "");
        self.system.write(format!("{prefix}/bin/python{minor}"), "");
        self.system.write(format!("{prefix}/lib/python{minor}/os.py"), "");
        let header = format!("#define PY_VERSION  \t\"{version}\"\n");
        self.system.write(format!("{prefix}/include/python{minor}/patchlevel.h"), header);
        self.system.add_directory(format!("{prefix}/lib/python{minor}/site-packages"));
        self
    }

    fn venv(self, prefix: &str, home: &str) -> Self {
        self.system.write(format!("{prefix}/bin/python"), "");
        self.system.write(format!("{prefix}/lib/python3.11/site-packages/mine.py"), "");
        let text = format!("home = {home}\ninclude-system-site-packages = false\nversion = 3.11.4\n");
        self.file(&format!("{prefix}/pyvenv.cfg"), &text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        self.system.write(path, text);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn request(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.request);
        self
    }

    fn look(&self) -> (Database, Project) {
        let database = Database::new(Arc::clone(&self.system) as Arc<_>);
        let variables = Variables::new(self.variables.iter().cloned());
        let request = Request { variables, ..self.request.clone() };
        let project = Project::new(database.db(), PathBuf::from(ROOT), request);
        (database, project)
    }

    fn environment(&self) -> Arc<Environment> {
        let (database, project) = self.look();
        Arc::clone(environment(database.db(), project))
    }

    /// Version, executable, and how it was found.
    fn found(&self) -> String {
        let interpreter = &self.environment().interpreter;
        let executable = interpreter.executable.as_deref().unwrap_or(Path::new("-")).display();
        format!("{} {executable} {}", interpreter.version, interpreter.found)
    }
}

fn two() -> Machine {
    Machine::new()
        .installation("/usr", "3.11.2")
        .installation("/opt/py", "3.12.1")
        .variable("PATH", "/opt/py/bin:/usr/bin")
}

#[test]
fn the_order_of_places() {
    let machine = two();
    assert_eq!(machine.found(), "3.12.1 /opt/py/bin/python3 by PATH");
    let machine =
        machine.file("/project/pyproject.toml", "[tool.pyright]\nvenvPath = \"envs\"\nvenv = \"e\"\n");
    assert_eq!(machine.found(), "3.12.1 /opt/py/bin/python3 by PATH", "what is not there does not count");
    let machine = machine.venv("/project/envs/e", "/usr/bin");
    assert_eq!(machine.found(), "3.11.2 /project/envs/e/bin/python by tool.pyright in pyproject.toml");
    let machine = machine.installation("/conda", "3.9.0").variable("CONDA_PREFIX", "/conda");
    assert_eq!(machine.found(), "3.9.0 /conda/bin/python3 by CONDA_PREFIX");
    let machine = machine.venv("/elsewhere/env", "/usr/bin").variable("VIRTUAL_ENV", "/elsewhere/env");
    assert_eq!(machine.found(), "3.11.2 /elsewhere/env/bin/python by VIRTUAL_ENV");
    let machine = machine.venv("/project/.venv", "/usr/bin");
    assert_eq!(machine.found(), "3.11.2 /project/.venv/bin/python by .venv in the workspace");
    let machine = machine.request(|request| request.python = Some("/opt/py".into()));
    assert_eq!(machine.found(), "3.12.1 /opt/py/bin/python3 by --python");
    let machine = machine.request(|request| request.python = Some("envs/e".into()));
    assert_eq!(machine.found(), "3.11.2 /project/envs/e/bin/python by --python");
    let machine = machine.request(|request| request.python = Some("python3.11".into()));
    assert_eq!(machine.found(), "3.11.2 /usr/bin/python3.11 by --python", "the name of a program");
    let machine = machine.request(|request| request.python = Some("/nowhere/python".into()));
    assert!(
        machine.environment().problems[0].message.starts_with("no Python is at /nowhere/python: a built-in")
    );
}

#[test]
fn a_wanted_version() {
    let wanted =
        |minor| move |request: &mut Request| request.python_version = Some(PythonVersion::new(3, minor));
    assert_eq!(two().request(wanted(11)).found(), "3.11.2 /usr/bin/python3.11 by PATH");
    let other = two().request(wanted(8));
    assert_eq!(other.found(), "3.8 /opt/py/bin/python3 by PATH");
    assert_eq!(other.environment().interpreter.standard_library, None, "3.12's library is not 3.8's");
}

#[test]
fn behind_pyenvs_shims() {
    let machine = || {
        Machine::new()
            .installation("/usr", "3.11.2")
            .installation("/pyenv/versions/3.8.18", "3.8.18")
            .installation("/pyenv/versions/3.12.1", "3.12.1")
            .installation("/pyenv/versions/3.12.10", "3.12.10")
            .file("/pyenv/shims/python3", "#!/bin/sh\n")
            .file("/pyenv/shims/python", "#!/bin/sh\n")
            .variable("PATH", "/pyenv/shims:/usr/bin")
    };
    assert_eq!(machine().found(), "3.11.2 /usr/bin/python3 by PATH", "no version is chosen: the system's");
    let machine = machine().file("/pyenv/version", "3.8.18\n");
    assert_eq!(machine.found(), "3.8.18 /pyenv/versions/3.8.18/bin/python3 by pyenv's version");
    let machine = machine.file("/project/.python-version", "# ours\n3.12\n");
    assert_eq!(machine.found(), "3.12.10 /pyenv/versions/3.12.10/bin/python3 by pyenv's .python-version");
    let machine = machine.request(|request| request.python = Some("/pyenv/shims/python3".into()));
    assert_eq!(machine.found(), "3.12.10 /pyenv/versions/3.12.10/bin/python3 by --python");
    let machine = machine.request(|request| request.python = None).variable("PYENV_VERSION", "3.12.1");
    assert_eq!(machine.found(), "3.12.1 /pyenv/versions/3.12.1/bin/python3 by PYENV_VERSION");
    let machine = machine.variable("PYENV_VERSION", "system");
    assert_eq!(machine.found(), "3.11.2 /usr/bin/python3 by PATH");
}

#[test]
fn programs_of_windows_on_path() {
    let python = |version: &str| {
        let prefix = format!("/c/Python{version}");
        let names = ["python.exe", &format!("python{version}.dll"), "Lib/os.py"];
        let names = names.map(|name| format!("{prefix}/{name}"));
        names.into_iter().fold(Machine::new(), |machine, name| machine.file(&name, ""))
    };
    // The shop's stand-in, which is not Python, comes first on most machines.
    let path = "/c/Users/me/AppData/Local/Microsoft/WindowsApps:/c/Python312/Scripts:/c/Python312";
    let machine = python("312")
        .file("/c/Users/me/AppData/Local/Microsoft/WindowsApps/python.exe", "")
        .variable("PATH", path);
    assert_eq!(machine.found(), "3.12 /c/Python312/python.exe by PATH");
    let machine = machine
        .file("/project/.venv/Scripts/python.exe", "")
        .file("/project/.venv/pyvenv.cfg", "home = /c/Python312\nversion = 3.12.4\n");
    assert_eq!(machine.found(), "3.12.4 /project/.venv/Scripts/python.exe by .venv in the workspace");
}

#[test]
fn no_python_at_all() {
    let machine = Machine::new().file("/project/json.py", "");
    let (database, project) = machine.look();
    let found = environment(database.db(), project);
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert!(found.problems[0].message.starts_with("no Python was found: a built-in account of CPython 3."));
    assert_eq!(found.sys_path(), [BUILT_IN_LIBRARY]);
    assert_eq!(found.interpreter.version, newest());
    let state = SearchState::at_startup(found, None);
    let directories = DatabaseDirectories(database.db());
    let spec = find_spec(&directories, &state, "json", None).spec.expect("json");
    let locations = spec.submodule_search_locations.expect("a package");
    let decoder =
        find_spec(&directories, &state, "json.decoder", Some(&locations)).spec.expect("json.decoder");
    assert_eq!(decoder.origin.as_deref(), Some("<standard library>/json/decoder.py"));
    assert_eq!(find_spec(&directories, &state, "nowhere", None).spec, None);
    // The workspace's own file comes first, as with every Python.
    let state = SearchState::at_startup(found, Some(Path::new(ROOT)));
    let own = find_spec(&directories, &state, "json", None).spec.expect("json");
    assert_eq!(own.origin.as_deref(), Some("/project/json.py"));
}

#[test]
fn an_environment_whose_python_is_gone() {
    let machine = Machine::new().venv("/project/.venv", "/gone/bin");
    let found = machine.environment();
    assert_eq!(found.interpreter.version.to_string(), "3.11.4");
    assert_eq!(found.sys_path(), [BUILT_IN_LIBRARY, "/project/.venv/lib/python3.11/site-packages"]);
    let problem = &found.problems[0];
    assert!(problem.message.ends_with("there is no standard library above /gone/bin"), "{problem:?}");
    assert_eq!((problem.file.as_path(), problem.line), (Path::new("/project/.venv/pyvenv.cfg"), Some(1)));
}

#[test]
fn finders_that_are_installed_at_startup() {
    let site = "/project/.venv/lib/python3.11/site-packages";
    let narrow = "NAMES = 'a.b', 'c'\nclass F:\n    def find_spec(self, fullname, path, target=None):\n        \
                  if fullname in NAMES:\n            return look()\n        return None\nsys.meta_path.insert(0, F())\n";
    let machine = two()
        .venv("/project/.venv", "/usr/bin")
        .file(&format!("{site}/a_narrow.pth"), "import narrow_hook\n")
        .file(&format!("{site}/narrow_hook.py"), narrow)
        .file(&format!("{site}/b_harmless.pth"), "import harmless\n")
        .file(&format!("{site}/harmless.py"), "for f in sys.meta_path: print(f)\n");
    let check = |machine: &Machine, name: &str| {
        let (database, project) = machine.look();
        let state = SearchState::at_startup(environment(database.db(), project), None);
        find_spec(&DatabaseDirectories(database.db()), &state, name, None).uncertain
    };
    assert_eq!(check(&machine, "mine"), None);
    assert_eq!(check(&machine, "c").as_deref(), Some("a finder of narrow_hook may answer"));
    let customized = two()
        .venv("/project/.venv", "/usr/bin")
        .file(&format!("{site}/sitecustomize.py"), "import sys\nsys.path_hooks.insert(0, hook)\n");
    let (database, project) = customized.look();
    let uncertain = |name: &str| Resolver::new(database.db(), project).resolve(name).resolution.uncertain;
    assert!(uncertain("mine").is_some_and(|reason| reason.contains("sitecustomize.py:2")));
    assert_eq!(uncertain("sys"), None);
    let machine = machine
        .file(&format!("{site}/c_wide.pth"), "import wide_hook\n")
        .file(&format!("{site}/wide_hook.py"), "import sys\nsys.meta_path.insert(0, Other())\n");
    let reason = check(&machine, "mine").expect("a reason");
    assert!(reason.contains("sys.meta_path.insert(0, Other())"), "{reason}");
    assert!(reason.contains("wide_hook.py:2"), "{reason}");
}

#[test]
fn a_change_on_disk_reaches_what_depends_on_it_and_nothing_else() {
    let site = "/project/.venv/lib/python3.11/site-packages";
    let machine = two().venv("/project/.venv", "/usr/bin");
    let (mut database, project) = machine.look();
    let spec = |database: &Database, name: &str| {
        let state = SearchState::at_startup(environment(database.db(), project), None);
        find_spec(&DatabaseDirectories(database.db()), &state, name, None).spec.and_then(|spec| spec.origin)
    };
    assert_eq!(spec(&database, "added"), None);
    database.record();

    // A module is installed: the directory is listed again, the environment reads its own files only.
    machine.system.write(format!("{site}/added.py"), "");
    database.refresh([Path::new(&format!("{site}/added.py"))]);
    assert_eq!(spec(&database, "added").as_deref(), Some(format!("{site}/added.py").as_str()));

    // A file in the workspace changes nothing here.
    database.take_recorded();
    machine.system.write("/project/main.py", "import added\n");
    database.refresh([Path::new("/project/main.py")]);
    assert!(spec(&database, "added").is_some());
    let executed = database.take_recorded().executed;
    assert!(!executed.iter().any(|query| query.contains("environment")), "{executed:?}");

    // A `.pth` file brings a directory, and takes it away again.
    machine.system.write("/project/lib/far.py", "");
    machine.system.write(format!("{site}/far.pth"), "/project/lib\n");
    database.refresh([Path::new(&format!("{site}/far.pth")), Path::new("/project/lib")]);
    assert_eq!(spec(&database, "far").as_deref(), Some("/project/lib/far.py"));
    machine.system.remove(format!("{site}/far.pth"));
    database.refresh([Path::new(&format!("{site}/far.pth"))]);
    assert_eq!(spec(&database, "far"), None);

    // Another environment appears and is preferred no more once it is gone.
    machine.system.remove("/project/.venv");
    database.refresh_all();
    assert_eq!(environment(database.db(), project).interpreter.found, "by PATH");
}
