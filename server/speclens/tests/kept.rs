//! What `speclens effects` and `speclens graph` keep on disk between runs: the answer is the same as without.
#![expect(clippy::disallowed_methods, reason = "tests make files and start processes")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::{Run, scratch, write};
use serde_json::Value;

/// A place's files must be older than two seconds; a busy machine gets more time.
const LIMIT: Duration = Duration::from_mins(1);
const USES: &str = "uses the kept answer";
const KEEPS: &str = "keeps the answer";

/// Without a log.
const PLAIN: &[&str] = &["effects", "main", "--format", "json"];

/// A workspace, and a cache beside it.
struct Place {
    root: PathBuf,
    cache: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let directory = scratch(name);
        let main = b"import sys\nimport helper\ntry:\n    import extra\nexcept ImportError:\n    pass\n\
            if sys.version_info < (3, 9):\n    import older\n";
        let files: [(&str, &[u8]); 6] = [
            ("main.py", main),
            ("helper.py", b"import left\n"),
            ("left.py", b"import sys, types\nsys.modules['left'] = types.ModuleType('left')\n"),
            ("right.py", b"1\n"),
            ("elsewhere/extra.py", b"1\n"),
            ("older.py", b"1\n"),
        ];
        let place = Self { root: directory.join("workspace"), cache: directory.join("cache") };
        write(&place.root, &files);
        place
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_speclens"));
        command.env_clear().env("SPECLENS_CACHE_DIR", &self.cache).current_dir(&self.root).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(&mut self.command(arguments));
        assert_eq!(run.code, Some(0), "{run:?}");
        run
    }

    /// The effects as JSON, with a log on stderr.
    fn effects(&self, more: &[&str]) -> Run {
        self.run(&[PLAIN, &["-vvv"], more].concat())
    }

    /// Runs until the answer comes from the disk.
    fn settled(name: &str) -> (Self, Run) {
        let place = Self::new(name);
        let deadline = Instant::now() + LIMIT;
        loop {
            let run = place.effects(&[]);
            if run.err.contains(USES) {
                return (place, run);
            }
            assert!(Instant::now() < deadline, "never kept: {}", run.err);
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The effects now, which are those that are computed anew.
    fn modules(&self) -> Vec<String> {
        let run = self.effects(&[]);
        assert!(!run.err.contains(USES), "{}", run.err);
        assert_eq!(run.out, self.effects(&["--no-cache"]).out);
        modules(&run)
    }

    fn records(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.cache).unwrap().map(|member| member.unwrap().path()).collect()
    }
}

/// Those of the workspace.
fn modules(run: &Run) -> Vec<String> {
    let effects: Value = serde_json::from_str(&run.out).unwrap();
    let names = effects["modules"].as_object().unwrap().keys().cloned();
    let ours = ["main", "helper", "left", "right", "extra", "older"];
    let mut names: Vec<String> = names.filter(|name| ours.contains(&name.as_str())).collect();
    names.sort();
    names
}

#[test]
fn a_kept_answer_is_the_same_in_every_form() {
    let (place, kept) = Place::settled("kept_same");
    assert!(!kept.err.contains("executing query"), "it computes: {}", kept.err);
    assert_eq!(modules(&kept), ["helper", "left", "main"]);
    let forms: [&[&str]; 5] = [
        PLAIN,
        &["effects", "main"],
        &["effects", "main", "-v"],
        &["graph", "main"],
        &["graph", "main", "--all", "--format", "dot"],
    ];
    for form in forms {
        let [warm, cold] = [form.to_vec(), [form, &["--no-cache"]].concat()].map(|form| place.run(&form));
        assert_eq!((warm.out, warm.err), (cold.out, cold.err), "{form:?}");
    }
    assert_eq!(place.records().len(), 1);
}

#[test]
fn what_is_asked_otherwise_is_answered_otherwise() {
    let (place, _) = Place::settled("kept_questions");
    let older = place.effects(&["--python-version", "3.8"]);
    assert_eq!(modules(&older), ["helper", "left", "main", "older"]);
    let mut longer = place.command(PLAIN);
    let longer = Run::of(longer.env("PYTHONPATH", place.root.join("elsewhere")));
    assert_eq!(modules(&longer), ["extra", "helper", "left", "main"]);
    let after = place.effects(&["--after", "left"]);
    assert_eq!(modules(&after), ["helper", "main"]);
    // The first answer is still there.
    assert!(place.effects(&[]).err.contains(USES));
}

#[test]
fn what_changed_on_the_disk_is_seen() {
    let (place, _) = Place::settled("kept_new_file");
    fs::write(place.root.join("extra.py"), "1\n").unwrap();
    assert_eq!(place.modules(), ["extra", "helper", "left", "main"]);

    let (place, _) = Place::settled("kept_deleted_file");
    fs::remove_file(place.root.join("left.py")).unwrap();
    assert!(!place.modules().contains(&"left".to_owned()));

    let (place, _) = Place::settled("kept_changed_file");
    fs::write(place.root.join("helper.py"), "import left, right\n").unwrap();
    assert_eq!(place.modules(), ["helper", "left", "main", "right"]);
}

/// The same size and time, as an installer that restores times leaves them.
#[cfg(unix)]
#[test]
fn a_change_that_hides_is_seen() {
    let (place, _) = Place::settled("kept_hidden_change");
    let helper = place.root.join("helper.py");
    let before = fs::metadata(&helper).unwrap();
    fs::write(&helper, "import json\n").unwrap();
    fs::File::options().append(true).open(&helper).unwrap().set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(fs::metadata(&helper).unwrap().len(), before.len());
    assert_eq!(place.modules(), ["helper", "main"]);
}

#[test]
fn what_changed_just_now_is_not_trusted() {
    let place = Place::new("kept_fresh");
    let run = place.effects(&[]);
    assert!(run.err.contains("changed just now"), "{}", run.err);
    assert!(place.records().is_empty());
}

#[test]
fn a_broken_record_is_made_anew() {
    let (place, kept) = Place::settled("kept_broken");
    let record = place.records().pop().unwrap();
    let bytes = fs::read(&record).unwrap();
    let other = place.effects(&["--after", "right"]);
    assert!(other.err.contains(KEEPS), "{}", other.err);
    let others = place.records().into_iter().find(|path| *path != record).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x10;
    let wrong: [&[u8]; 6] =
        [b"", b"garbage", &bytes[..10], &bytes[..bytes.len() - 1], &flipped, &fs::read(others).unwrap()];
    for wrong in wrong {
        fs::write(&record, wrong).unwrap();
        let run = place.effects(&[]);
        assert_eq!(run.out, kept.out);
        assert!(run.err.contains("drops what is no record") && run.err.contains(KEEPS), "{}", run.err);
        assert!(place.effects(&[]).err.contains(USES));
        fs::remove_file(&record).unwrap();
        fs::write(&record, wrong).unwrap();
        assert_eq!(place.run(PLAIN).err, place.run(&[PLAIN, &["--no-cache"]].concat()).err);
    }
}

#[test]
fn many_at_once_leave_one_record() {
    let (place, kept) = Place::settled("kept_at_once");
    fs::remove_dir_all(&place.cache).unwrap();
    let all: Vec<Run> = thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| place.effects(&[]))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for run in all {
        assert_eq!(run.out, kept.out);
        assert!(run.err.contains(KEEPS) || run.err.contains(USES), "{}", run.err);
        assert!(!run.err.contains("drops"), "{}", run.err);
    }
    assert_eq!(place.records().len(), 1);
    assert!(place.effects(&[]).err.contains(USES));
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let (mut place, kept) = Place::settled("kept_unwritable");
    // A file, since a directory can be written by an administrator whatever its mode says.
    place.cache = place.root.join("main.py");
    let [run, anew] = [PLAIN.to_vec(), [PLAIN, &["--no-cache"]].concat()].map(|form| place.run(&form));
    assert_eq!((&run.out, run.err), (&kept.out, anew.err));
    assert!(place.effects(&[]).err.contains("cannot keep the answer"));
}

#[test]
fn nothing_is_kept_where_that_is_asked() {
    let (place, _) = Place::settled("kept_not");
    fs::remove_dir_all(&place.cache).unwrap();
    place.effects(&["--no-cache"]);
    assert!(!place.cache.exists());
}

#[test]
fn findings_are_kept_until_a_file_changes() {
    let place = Place::new("kept-findings");
    fs::write(place.root.join("asks.py"), "import left\nleft.__spec__.name\n").unwrap();
    let check = || Run::of(&mut place.command(&["check", "asks.py", "--output-format", "json", "-vvv"]));
    let deadline = Instant::now() + LIMIT;
    let first = check();
    assert_eq!(first.code, Some(1), "{first:?}");
    let kept = loop {
        let run = check();
        if run.err.contains(USES) {
            break run;
        }
        assert!(Instant::now() < deadline, "never kept: {}", run.err);
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(kept.out, first.out);
    assert_eq!(kept.code, Some(1));
    // What an imported module does is part of the answer.
    fs::write(place.root.join("left.py"), "NAME = 'left'\n").unwrap();
    let now = check();
    assert!(!now.err.contains(USES), "{}", now.err);
    assert_eq!((now.code, now.out.trim()), (Some(0), "[]"));
}

#[test]
fn only_what_rests_on_an_edited_file_is_looked_at_again() {
    let place = Place::new("kept-edited");
    // `asks` and `also` import `left`, through another; `alone` does not.
    for (name, text) in [
        ("between.py", "import left\n"),
        ("asks.py", "import between, left\nprint(left.__spec__.name)\n"),
        ("also.py", "def later():\n    import between\n"),
        ("alone.py", "import helperless, json\n"),
        ("helperless.py", "1\n"),
    ] {
        fs::write(place.root.join(name), text).unwrap();
    }
    let check = |more: &[&str]| {
        let arguments = [&["check", ".", "--output-format", "json", "-vvv", "--exit-zero"], more].concat();
        Run::of(&mut place.command(&arguments))
    };
    let looked = |run: &Run| {
        let lines = run.err.lines().filter(|line| line.contains("checking"));
        let files = lines.filter_map(|line| line.rsplit('/').next()).map(|file| file.trim().to_owned());
        let mut files: Vec<String> = files.collect();
        files.sort();
        files
    };
    let settle = || {
        let deadline = Instant::now() + LIMIT;
        while !looked(&check(&[])).is_empty() {
            assert!(Instant::now() < deadline, "never kept");
            thread::sleep(Duration::from_millis(100));
        }
    };
    let found = |run: &Run| run.out.matches("\"rule\": \"module-without-spec\"").count();
    settle();
    let replaced = fs::read(place.root.join("left.py")).unwrap();
    for (text, findings) in [(b"NAME = 'left'\n".as_slice(), 0), (&replaced, 1)] {
        fs::write(place.root.join("left.py"), text).unwrap();
        let now = check(&[]);
        assert_eq!(looked(&now), ["also.py", "asks.py", "between.py", "helper.py", "left.py", "main.py"]);
        assert_eq!(now.out, check(&["--no-cache"]).out);
        assert_eq!(found(&now), findings, "{}", now.out);
        settle();
        assert_eq!(check(&[]).out, now.out);
    }
    // A file that comes could be anybody's.
    fs::write(place.root.join("another.py"), "1\n").unwrap();
    assert_eq!(looked(&check(&[])).len(), 12);
}
