//! Nothing of a workspace is executed, no socket is opened, and nothing is written outside our own directory: seen by
//! `strace`, over a workspace in which all that a tool could run by mistake is hostile.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic, writes to the disk and starts processes"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use speclens_tests::child::{Client, DEADLINE, uri};
use speclens_tests::clients::{command, finished, need, speclens};
use speclens_tests::interpreters::interpreters;
use speclens_tests::strace::{deeds, strace};

const TEXT: &str = "import evil\nimport helper\nimport regular\nimport extension\nprint(helper.__file__ + '')\nprint(evil.__spec__)\n";

/// A workspace, and where the processes of the test may write.
struct Place {
    top: PathBuf,
    root: PathBuf,
    cache: PathBuf,
    /// What runs by mistake makes a file here.
    marks: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trust").join(name);
        let _ = fs::remove_dir_all(&top);
        fs::create_dir_all(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let place =
            Self { root: top.join("workspace"), cache: top.join("cache"), marks: top.join("marks"), top };
        for directory in [&place.marks, &place.cache, &place.top.join("home")] {
            fs::create_dir_all(directory).unwrap();
        }
        place.plant();
        place
    }

    /// All that a tool could run by mistake.
    fn plant(&self) {
        for program in ["python", "python3", "python3.11", "activate", "pip"] {
            self.program(&format!("workspace/.venv/bin/{program}"));
        }
        for program in
            ["python", "python3", "git", "pyenv", "conda", "uv", "poetry", "pdm", "hatch", "which", "sh"]
        {
            self.program(&format!("path/{program}"));
        }
        for hook in ["post-checkout", "pre-commit", "fsmonitor", "post-index-change"] {
            self.program(&format!("workspace/.git/hooks/{hook}"));
        }
        let hook = self.root.join(".git/hooks/fsmonitor");
        let git =
            format!("[core]\n\tfsmonitor = {0}\n\tpager = {0}\n\thooksPath = .git/hooks\n", hook.display());
        self.write("workspace/.git/config", &git);
        self.write("workspace/.git/HEAD", "ref: refs/heads/main\n");
        self.program("python/bin/python3.11");
        self.write("python/lib/python3.11/os.py", "");
        let home = self.top.join("python/bin");
        let settings = format!("home = {}\nversion = 3.11.4\n", home.display());
        self.write("workspace/.venv/pyvenv.cfg", &settings);

        let python = format!(
            "import os, pathlib\npathlib.Path('{}').touch()\nos.system('id')\n",
            self.marks.join("python").display()
        );
        let site = "workspace/.venv/lib/python3.11/site-packages";
        let line = format!("import os; open('{}', 'w'); os.system('id')\n", self.marks.join("pth").display());
        self.write(&format!("{site}/evil.pth"), &line);
        self.write(&format!("{site}/evil-nspkg.pth"), &line);
        for module in ["sitecustomize", "usercustomize", "evil", "regular/__init__"] {
            self.write(&format!("{site}/{module}.py"), &python);
        }
        self.write(&format!("{site}/extension.cpython-311-x86_64-linux-gnu.so"), "no library");
        let project = "[build-system]\nrequires = []\nbuild-backend = \"setup\"\nbackend-path = [\".\"]\n\n[tool.speclens]\n";
        self.write("workspace/pyproject.toml", project);
        for script in ["conftest", "setup", "noxfile", "sitecustomize", "manage", "tasks"] {
            self.write(&format!("workspace/{script}.py"), &python);
        }
        self.write("workspace/.envrc", "touch ../marks/envrc\n");
        self.write("workspace/Makefile", "all:\n\ttouch ../marks/make\n");
        self.write("workspace/helper/inner.py", "");
        self.write("workspace/app.py", TEXT);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, path: &str) {
        let mark = self.marks.join(path.replace('/', "_"));
        self.write(path, &format!("#!/bin/sh\n: > {}\n", mark.display()));
        fs::set_permissions(self.top.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A program under `strace`, which writes what it sees to the path given.
    fn watched(&self, strace: &Command, program: &Path, seen: &Path) -> Command {
        let mut watched = command(strace.get_program());
        watched.envs(strace.get_envs().filter_map(|(name, value)| Some((name, value?))));
        watched.args(strace.get_args()).arg("-o").arg(seen).arg(program);
        watched.current_dir(&self.root).env("HOME", self.top.join("home"));
        watched.env("SPECLENS_CACHE_DIR", &self.cache).env_remove("XDG_CACHE_HOME");
        watched.env("PATH", self.top.join("path")).env("VIRTUAL_ENV", self.root.join(".venv"));
        watched
    }

    /// Fails where anything was done that is not ours to do.
    fn assert_untouched(&self, what: &str, seen: &Path, before: &BTreeMap<PathBuf, (u64, SystemTime)>) {
        let log = fs::read_to_string(seen).unwrap();
        assert!(log.contains("execve("), "{what}: strace saw nothing");
        assert_eq!(deeds(&log, &self.cache), Vec::<String>::new(), "{what}");
        assert_eq!(files(&self.marks).len(), 0, "{what} ran something: {:?}", files(&self.marks));
        assert_eq!(&self.files(), before, "{what} changed something");
    }

    /// All but our own directory, and what strace writes.
    fn files(&self) -> BTreeMap<PathBuf, (u64, SystemTime)> {
        ["workspace", "home", "python", "path"]
            .iter()
            .flat_map(|below| files(&self.top.join(below)))
            .collect()
    }
}

/// Each path below a directory with its size and time.
fn files(directory: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for member in fs::read_dir(directory).into_iter().flatten().flatten() {
        let about = member.metadata().unwrap();
        if about.is_dir() {
            found.extend(files(&member.path()));
        }
        found.insert(member.path(), (about.len(), about.modified().unwrap()));
    }
    found
}

#[test]
fn the_server_touches_nothing() {
    let Some(strace) = need("the_server_touches_nothing", strace()) else { return };
    let program = speclens().unwrap();
    let place = Place::new("server");
    // Old enough for answers to be kept: else nothing would be written at all.
    let past = SystemTime::now() - Duration::from_mins(1);
    for path in files(&place.top).into_keys() {
        let _ = fs::File::open(path).and_then(|file| file.set_modified(past));
    }
    let before = place.files();
    // The second run meets what the first has kept.
    for round in ["first", "second"] {
        let seen = place.top.join(format!("{round}.strace"));
        let mut watched = place.watched(&strace, &program, &seen);
        watched.arg("server").stderr(Stdio::null());
        let mut client = Client::start(&mut watched, &place.root, json!({}));
        client.initialize();
        use_everything(&mut client, &place.root);
        let status = client.finish();
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
        place.assert_untouched(round, &seen, &before);
    }
}

fn use_everything(client: &mut Client, root: &Path) {
    let file = root.join("app.py");
    client.open(&file, TEXT);
    let has_finding = |found: &[Value]| found.iter().any(|it| it["code"] == "namespace-without-file");
    assert!(client.published(&file, None, DEADLINE, has_finding).is_some(), "the server answers");
    let document = json!({ "uri": uri(&file) });
    for line in 0..6 {
        client.hover(&file, line, 8);
        let position = json!({ "line": line, "character": 8 });
        client.ask("textDocument/definition", json!({ "textDocument": document, "position": position }));
    }
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let actions = json!({ "textDocument": document, "range": whole, "context": { "diagnostics": [] } });
    client.ask("textDocument/codeAction", actions);
    client.ask("textDocument/inlayHint", json!({ "textDocument": document, "range": whole }));
    client.ask("textDocument/diagnostic", json!({ "textDocument": document }));
    client.ask("speclens/environment", json!({}));
    for (command, arguments) in [
        ("speclens.explain", json!(["evil"])),
        ("speclens.environment", json!([])),
        ("speclens.unknown", json!([])),
    ] {
        client.ask("workspace/executeCommand", json!({ "command": command, "arguments": arguments }));
    }
    client.change(
        &file,
        2,
        json!([{ "text": "import setup\nimport conftest\nprint(setup.__spec__.name)\n" }]),
    );
    client.tell_changed(&[(&root.join("setup.py"), 2), (&root.join("conftest.py"), 1)]);
    let answer = client.ask("textDocument/diagnostic", json!({ "textDocument": document }));
    assert!(answer.is_object(), "the server answers");
}

#[test]
fn the_command_line_touches_nothing() {
    let Some(strace) = need("the_command_line_touches_nothing", strace()) else { return };
    let program = speclens().unwrap();
    let place = Place::new("command_line");
    let before = place.files();
    let commands: &[&[&str]] = &[
        &["check"],
        &["check", "--no-cache", "--output-format", "json", "app.py"],
        &["env"],
        &["explain", "evil", "--after", "regular"],
        &["resolve", "--all"],
        &["resolve", "evil", "extension", "helper"],
        &["effects", "evil", "regular", "extension"],
        &["graph", "evil"],
        &["rule"],
    ];
    for arguments in commands {
        let name = arguments.join(" ");
        let seen = place.top.join("command.strace");
        let mut watched = place.watched(&strace, &program, &seen);
        watched.args(*arguments);
        let output = speclens_tests::process::output_within(&mut watched, Duration::from_mins(2)).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{name}: {:?}: {complaint}",
            output.status
        );
        place.assert_untouched(&name, &seen, &before);
    }
}

/// What this test is to see, done on purpose.
#[test]
fn deeds_are_seen() {
    let Some(strace) = need("deeds_are_seen", strace()) else { return };
    let python = interpreters().last().ok_or_else(|| "there is no Python".to_owned());
    let Some(python) = need("deeds_are_seen", python) else { return };
    let place = Place::new("deeds");
    let seen = place.top.join("deed.strace");
    let run = |code: &str| {
        place.write("victim", "");
        fs::create_dir_all(place.top.join("directory")).unwrap();
        let mut watched = place.watched(&strace, &python.program, &seen);
        watched.args(["-I", "-S", "-B", "-c", &format!("import os\nos.chdir({:?})\n{code}", place.top)]);
        finished(&mut watched, Duration::from_mins(1)).unwrap();
        deeds(&fs::read_to_string(&seen).unwrap(), &place.cache)
    };
    for allowed in
        ["print(open('workspace/app.py').read())", "open('cache/x', 'w')", "os.listdir('workspace')"]
    {
        assert_eq!(run(allowed), Vec::<String>::new(), "{allowed}");
    }
    // By whichever call the machine's C library does it.
    assert!(!run("os.fork() or os._exit(0)").is_empty(), "a fork is seen");
    let forbidden = [
        ("os.system('exit 0')", "execve"),
        ("os.execv('/bin/true', ['true'])", "execve"),
        ("import socket; socket.socket()", "socket"),
        ("import socket; socket.socketpair()", "socketpair"),
        ("open('victim', 'w')", "open"),
        ("open('victim', 'a')", "open"),
        ("open('victim', 'r+')", "open"),
        ("open('new', 'x'); os.unlink('new')", "unlink"),
        ("os.rename('victim', 'other')", "rename"),
        ("os.rename('victim', 'cache/other')", "rename"),
        ("os.mkdir('made'); os.rmdir('made')", "mkdir"),
        ("os.rmdir('directory')", "rmdir"),
        ("os.unlink('victim')", "unlink"),
        ("os.symlink('victim', 'link'); os.unlink('link')", "symlink"),
        ("os.link('victim', 'link'); os.unlink('link')", "link"),
        ("os.truncate('victim', 0)", "truncate"),
        ("os.utime('victim')", "utime"),
        ("os.chmod('victim', 0o600)", "chmod"),
    ];
    for (code, call) in forbidden {
        let deeds = run(code);
        assert!(deeds.iter().any(|deed| deed.contains(call)), "{code}: {deeds:?}");
    }
}
