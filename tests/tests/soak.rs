//! Random edits, installs, settings and requests that are taken back. At some points a fresh server is asked about the
//! same texts on the same disk: what it says is what the old one has to say. Memory must not grow.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic, writes to the disk and starts processes"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use speclens_tests::child::{Client, uri};
use speclens_tests::clients::{command, speclens};
use speclens_tests::silence::Random;

/// Without `SPECLENS_SOAK`, which says how many steps there are, it ends after so much time.
const TIME: Duration = Duration::from_secs(20);
/// Steps between two comparisons.
const STEPS: usize = 200;
/// How long the old server may take to say what the fresh one says.
const PATIENCE: Duration = Duration::from_secs(20);
/// What memory may grow by between the first third and the end.
const GROWTH: f64 = 1.25;
const SLACK: f64 = 16.0 * 1024.0 * 1024.0;

/// The user's files, some of them open.
const FILES: &[&str] = &["one.py", "two.py", "sub/three.py"];
/// Top-level names that come and go.
const NAMES: &[&str] = &["alpha", "beta", "gamma", "delta"];
/// Lines of the user's files.
const LINES: &[&str] = &[
    "import alpha",
    "import beta.inner",
    "from gamma import inner",
    "import delta, json",
    "from . import three",
    "print(open(alpha.__file__))",
    "print(beta.__spec__.origin + '')",
    "print(gamma.__path__[0])",
    "print(delta.__spec__.loader.path)",
    "import importlib.util; print(importlib.util.find_spec('gamma').origin + '')",
    "try:\n    import alpha.inner\nexcept ImportError:\n    alpha = None",
    "def run():\n    import delta.inner\n    return delta.__file__ + ''",
    "import sys; sys.modules['beta'] = None",
    "x = (",
    "é = '𝄞'",
    "# speclens: ignore",
];
/// What an `__init__.py` holds.
const MODULES: &[&str] = &[
    "",
    "import sys\nclass Lazy:\n    __spec__ = None\nsys.modules[__name__] = Lazy()\n",
    "from . import inner\n",
    "import alpha\n",
    "raise ImportError('no')\n",
    "__path__ = []\n",
    "import sys\nsys.modules['delta'] = sys.modules[__name__]\n",
];
const SETTINGS: &[&str] = &[
    "",
    "[rules]\nimport-raises = \"off\"\n",
    "[rules]\nnamespace-without-file = \"error\"\n",
    "[environment]\nextra-paths = [\"elsewhere\"]\n",
    "[environment]\npython-version = \"3.9\"\n",
    "exclude = [\"sub\"]\n",
    "no settings",
];

struct Soak {
    root: PathBuf,
    random: Random,
    client: Client,
    /// What the client holds open: the text and its version.
    open: BTreeMap<&'static str, (String, i64)>,
    /// The editor's settings, which a fresh server is to have too.
    settings: Value,
    steps: usize,
}

#[test]
fn the_answers_stay_those_of_a_fresh_server() {
    let steps: Option<usize> = std::env::var("SPECLENS_SOAK").ok().and_then(|steps| steps.parse().ok());
    let seed = std::env::var("SPECLENS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut soak = Soak::new(seed);
    let started = Instant::now();
    let mut memory = Vec::new();
    while steps.map_or(started.elapsed() < TIME, |steps| soak.steps < steps) {
        for _ in 0..STEPS {
            soak.step();
        }
        soak.compare();
        memory.push(soak.client.memory());
    }
    println!("{} steps with seed {seed} in {:?}", soak.steps, started.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "a size to compare")]
    let sizes: Vec<f64> = memory.iter().map(|bytes| *bytes as f64).collect();
    // The largest of a third, since what is remembered comes and goes.
    let largest = |sizes: &[f64]| sizes.iter().copied().fold(0.0, f64::max);
    if let Some(third) = Some(sizes.len() / 3).filter(|third| *third > 0) {
        let (early, late) = (largest(&sizes[..=third]), largest(&sizes[2 * third..]));
        println!("MiB: {:.0} in the first third, {:.0} in the last", early / 1_048_576.0, late / 1_048_576.0);
        assert!(late <= early * GROWTH + SLACK, "memory grew from {early} to {late} bytes");
    }
    assert!(
        soak.client.finish().is_some_and(|status| status.success()),
        "the server ends in the orderly way"
    );
}

impl Soak {
    fn new(seed: u64) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak");
        let _ = fs::remove_dir_all(&top);
        fs::create_dir_all(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let root = top.join("workspace");
        let write = |path: &str, text: &str| {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("python/bin/python3.11", "");
        for module in ["os", "json/__init__", "importlib/__init__", "importlib/util"] {
            write(&format!("python/lib/python3.11/{module}.py"), "");
        }
        let home = top.join("python/bin");
        write("workspace/.venv/pyvenv.cfg", &format!("home = {}\nversion = 3.11.4\n", home.display()));
        write("workspace/.venv/bin/python", "");
        write("workspace/elsewhere/alpha/inner.py", "");
        fs::create_dir_all(root.join(".venv/lib/python3.11/site-packages")).unwrap();
        for file in FILES {
            write(&format!("workspace/{file}"), "import alpha\n");
        }
        let (open, settings) = (BTreeMap::new(), json!({}));
        let client = start(&root, "old", settings.clone());
        Self { root, random: Random::new(seed), client, open, settings, steps: 0 }
    }

    fn step(&mut self) {
        self.steps += 1;
        match self.random.below(100) {
            0..55 => self.edit(),
            55..62 => self.open_or_close(),
            62..85 => self.change_disk(),
            85..87 => self.configure(),
            87..88 => self.set(),
            _ => self.ask_and_leave(),
        }
    }

    fn file(&mut self) -> &'static str {
        self.random.pick(FILES).unwrap()
    }

    fn line(&mut self) -> &'static str {
        self.random.pick(LINES).unwrap()
    }

    fn open_or_close(&mut self) {
        let file = self.file();
        let path = self.root.join(file);
        if self.open.remove(file).is_some() {
            let document = json!({ "textDocument": { "uri": uri(&path) } });
            self.client.notify("textDocument/didClose", document);
        } else {
            let text = fs::read_to_string(&path).unwrap_or_default();
            self.client.open(&path, &text);
            self.open.insert(file, (text, 1));
        }
    }

    /// Takes lines out and puts others in.
    fn edit(&mut self) {
        let (file, inserted) = (self.file(), self.line());
        let (from, count) = (self.random.below(12), self.random.below(3));
        let Some((text, version)) = self.open.get_mut(file) else { return };
        let mut lines: Vec<&str> = text.lines().collect();
        let from = from.min(lines.len());
        let to = (from + count).min(lines.len());
        let start = json!({ "line": from, "character": 0 });
        let change = json!({
            "range": { "start": start, "end": { "line": to, "character": 0 } },
            "text": format!("{inserted}\n"),
        });
        lines.splice(from..to, inserted.lines());
        // A file that grows for ever would be another test.
        let whole = lines.len() > 16;
        lines.truncate(16);
        *text = lines.iter().flat_map(|line| [line, "\n"]).collect();
        *version += 1;
        let change = if whole { json!([{ "text": text.as_str() }]) } else { json!([change]) };
        let version = *version;
        self.client.change(&self.root.join(file), version, change);
    }

    /// Something is installed, removed, moved or edited, in the workspace or beside it.
    fn change_disk(&mut self) {
        let below = ["", "elsewhere", "sub", ".venv/lib/python3.11/site-packages"];
        let directory = self.root.join(self.random.pick(&below).unwrap());
        let name = *self.random.pick(NAMES).unwrap();
        let module = *self.random.pick(MODULES).unwrap();
        let package = directory.join(name);
        match self.random.below(8) {
            0 | 1 => {
                let _ = fs::create_dir_all(&package);
                let _ = fs::write(package.join("inner.py"), "");
                let _ = fs::write(package.join("__init__.py"), module);
            }
            2 => {
                let _ = fs::create_dir_all(&package);
                let _ = fs::write(package.join("inner.py"), "import gamma\n");
            }
            3 => drop(fs::remove_dir_all(&package)),
            4 => drop(fs::remove_file(package.join("__init__.py"))),
            5 => {
                let other = directory.join(self.random.pick(NAMES).unwrap());
                let _ = fs::rename(&package, other);
            }
            6 => {
                let path_file = self.root.join(below[3]).join(format!("{name}.pth"));
                if self.random.chance(50) {
                    let _ = fs::write(path_file, self.root.join("elsewhere").display().to_string() + "\n");
                } else {
                    let _ = fs::remove_file(path_file);
                }
            }
            _ => {
                // What is open is changed beside the editor, too.
                let (file, text) = (self.file(), self.line());
                let _ = fs::write(self.root.join(file), format!("{text}\n"));
            }
        }
        if self.random.chance(30) {
            self.client.tell_changed(&[(&package, 1), (&package.join("__init__.py"), 2)]);
        }
    }

    /// The configuration file.
    fn configure(&mut self) {
        let text = *self.random.pick(SETTINGS).unwrap();
        fs::write(self.root.join("speclens.toml"), text).unwrap();
    }

    /// The editor's settings.
    fn set(&mut self) {
        let level = *self.random.pick(&["error", "hint", "off"]).unwrap();
        self.settings = json!({ "speclens": { "rules": { "import-raises": level } } });
        self.client.set(self.settings.clone());
    }

    /// A request that is taken back, or whose answer nobody waits for.
    fn ask_and_leave(&mut self) {
        let name = self.file();
        let file = self.root.join(name);
        let position = json!({ "line": self.random.below(10), "character": self.random.below(20) });
        let params = json!({ "textDocument": { "uri": uri(&file) }, "position": position });
        let id = if self.random.chance(50) {
            self.client.request("textDocument/hover", params)
        } else {
            self.client.request("textDocument/definition", params)
        };
        if self.random.chance(70) {
            self.client.notify("$/cancelRequest", json!({ "id": id }));
        }
    }

    /// Asks a fresh server about the same, and waits until the old one says so too.
    fn compare(&mut self) {
        self.client.forget_messages();
        let mut fresh = start(&self.root, "fresh", self.settings.clone());
        // It asks for them only after it could answer.
        fresh.set(self.settings.clone());
        for (file, (text, _)) in &self.open {
            fresh.open(&self.root.join(file), text);
        }
        for file in FILES {
            let wanted = said(&mut fresh, &self.root.join(file));
            let deadline = Instant::now() + PATIENCE;
            loop {
                let found = said(&mut self.client, &self.root.join(file));
                if found == wanted {
                    break;
                }
                let (steps, text) = (self.steps, self.open.get(file));
                let differ = format!("{file} has\n{wanted:#}\nand is said to have\n{found:#}\n{text:?}");
                let is_late = Instant::now() >= deadline;
                let places = is_late.then(|| [search_path(&mut fresh), search_path(&mut self.client)]);
                assert!(!is_late, "after {steps} steps {differ}\n{places:#?}");
            }
        }
        fresh.finish();
    }
}

/// The diagnostics of a file, and its hovers here and there.
fn said(client: &mut Client, file: &Path) -> Value {
    let document = json!({ "uri": uri(file) });
    let mut report = client.ask("textDocument/diagnostic", json!({ "textDocument": document }));
    let hovers: Vec<Value> = [(0, 7), (1, 7), (2, 12), (4, 7), (6, 14)]
        .map(|(line, character)| client.hover(file, line, character))
        .into();
    json!([report["items"].take(), hovers])
}

/// Where a server believes that modules are looked for.
fn search_path(client: &mut Client) -> Vec<String> {
    let environment = client.ask("speclens/environment", json!({}));
    let entries = environment["search_path"].as_array().into_iter().flatten();
    entries.map(ToString::to_string).collect()
}

fn start(root: &Path, name: &str, settings: Value) -> Client {
    let mut program = command(speclens().unwrap());
    let cache = root.with_extension(name);
    program.arg("server").env("SPECLENS_CACHE_DIR", cache).stderr(Stdio::null());
    let mut client = Client::start(&mut program, root, settings);
    client.initialize();
    client
}
