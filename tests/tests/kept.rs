//! What the server found in a former session is shown at once, and is never what was true then only.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic, writes to the disk and starts processes"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use speclens_tests::child::{Client, DEADLINE};
use speclens_tests::clients::{command, speclens};

const TEXT: &str = "import other\nimport helper\nprint(helper.__file__ + '')\n";
/// What is younger than this is not kept.
const YOUTH: Duration = Duration::from_millis(2500);
const USED: &str = "uses the kept answer";
const OLD: &str = "the kept answer is old";

struct Place {
    top: PathBuf,
    root: PathBuf,
    sessions: usize,
}

impl Place {
    fn new(name: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept").join(name);
        let _ = fs::remove_dir_all(&top);
        fs::create_dir_all(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let place = Self { root: top.join("workspace"), top, sessions: 0 };
        place.write("python/bin/python3.11", "");
        place.write("python/lib/python3.11/os.py", "");
        let home = place.top.join("python/bin");
        let settings = format!("home = {}\nversion = 3.11.4\n", home.display());
        place.write("workspace/.venv/pyvenv.cfg", &settings);
        place.write("workspace/.venv/lib/python3.11/site-packages/README.txt", "");
        place.write("workspace/.venv/bin/python", "");
        place.write("workspace/helper/inner.py", "");
        place.write("workspace/other.py", "");
        place.write("workspace/app.py", TEXT);
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn app(&self) -> PathBuf {
        self.root.join("app.py")
    }

    fn start(&mut self) -> Client {
        self.sessions += 1;
        let mut server = command(speclens().unwrap());
        server.arg("server").env("SPECLENS_CACHE_DIR", self.top.join("cache"));
        // Each session of an editor has another of these.
        server.env("NVIM", format!("/run/{}", self.sessions));
        server.env("SPECLENS_LOG", "debug").stderr(File::create(self.log_path()).unwrap());
        let mut client = Client::start(&mut server, &self.root, json!({}));
        client.initialize();
        client
    }

    fn log_path(&self) -> PathBuf {
        self.top.join(format!("{}.log", self.sessions))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap()
    }

    /// A session that has the file open, with these findings.
    fn opened(&mut self, text: &str, findings: &[&str]) -> Client {
        let mut client = self.start();
        client.open(&self.app(), text);
        self.expect(&mut client, findings);
        client
    }

    fn expect(&self, client: &mut Client, findings: &[&str]) {
        let wanted = |found: &[Value]| {
            found.iter().map(|it| it["code"].as_str().unwrap()).eq(findings.iter().copied())
        };
        let published = client.published(&self.app(), None, DEADLINE, wanted);
        assert!(published.is_some(), "the findings are not {findings:?}");
    }

    /// Waits until all is old enough, and lets a session keep what it finds.
    fn remember(&mut self) {
        let newest = Self::newest(&self.top);
        wait("everything is old", || newest.elapsed().is_ok_and(|age| age > YOUTH));
        let kept = self.records();
        let mut client = self.opened(TEXT, &["namespace-without-file"]);
        wait("the answer is kept", || self.records() > kept);
        client.finish();
    }

    fn records(&self) -> usize {
        let log = self.log_path();
        fs::read_to_string(log).unwrap_or_default().matches("keeps the answer").count()
            + fs::read_dir(self.top.join("cache")).into_iter().flatten().count()
    }

    fn newest(directory: &Path) -> SystemTime {
        let members = fs::read_dir(directory).unwrap().map(|member| member.unwrap());
        let times = members.map(|member| {
            let about = member.metadata().unwrap();
            let below = about.is_dir().then(|| Self::newest(&member.path()));
            about.modified().unwrap().max(below.unwrap_or(SystemTime::UNIX_EPOCH))
        });
        times.max().unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_second_session_recalls_the_first() {
    let mut place = Place::new("second_session");
    place.remember();
    let mut client = place.opened(TEXT, &["namespace-without-file"]);
    assert!(place.log().contains(USED), "{}", place.log());
    // Although it was not computed, what it rests on is watched.
    place.write("workspace/helper/__init__.py", "");
    place.expect(&mut client, &[]);
    client.finish();
}

#[test]
fn what_has_changed_is_not_recalled() {
    let mut place = Place::new("changed");
    place.remember();
    place.write("workspace/helper/__init__.py", "");
    let mut client = place.opened(TEXT, &[]);
    assert!(place.log().contains(OLD) && !place.log().contains(USED), "{}", place.log());
    client.finish();
}

#[test]
fn another_text_is_another_question() {
    let mut place = Place::new("another_text");
    place.remember();
    let mut client = place.opened("import helper\n", &[]);
    assert!(!place.log().contains(USED), "{}", place.log());
    client.finish();
}

#[test]
fn what_is_open_and_not_saved_counts() {
    let mut place = Place::new("not_saved");
    place.remember();
    let mut client = place.start();
    client.open(&place.root.join("other.py"), "import helper\nhelper.__file__ = ''\n");
    client.open(&place.app(), TEXT);
    place.expect(&mut client, &[]);
    assert!(!place.log().contains(USED), "{}", place.log());
    client.finish();
}
