//! What `speclens resolve --all` costs in one environment, beside CPython's finders for the same names and beside reading
//! the same directories and nothing more. One run measures all three in turn; only the ratios can be carried elsewhere.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark touches the disk, starts processes, and fails by a panic"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use speclens::command_line::{Process, run};
use speclens_analysis::{Resolver, all_modules};
use speclens_environment::{Project, Request, Variables};
use speclens_files::{Database, DiskSystem, FileSystem, Metadata, PathKind, ReadError};
use speclens_tests::interpreters::interpreters;
use wait_timeout::ChildExt;

const ROUNDS: usize = 9;
/// For one process.
const LIMIT: Duration = Duration::from_mins(2);
/// With this as its first argument the benchmark is the program: so both are built in the same way.
const PROGRAM: &str = "speclens";
/// The finders as `speclens verify` asks them; only the time of that counts, not that of the start and the answer.
const ASK: &str = include_str!("../../server/speclens/src/command_line/verify/ask.py");
const TIME: &str = "
import time
names = json.load(sys.stdin)['names']
started = time.perf_counter()
for name in names:
    find(name)
print(time.perf_counter() - started)
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == PROGRAM) {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let directory = std::env::current_dir().expect("a directory");
        return run(Process { arguments, variables: Variables::new(variables), directory });
    }
    let Some(python) = python() else {
        println!("skipped: resolve: no CPython");
        return ExitCode::SUCCESS;
    };
    // Not isolated it would also look below the current directory.
    let (names, directories) = concerned(&python);
    let question = serde_json::json!({ "names": names }).to_string();

    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(resolve(&python));
        times[1].push(list(&directories));
        times[2].push(find(&python, &question));
    }
    let [resolve, list, find] = times.map(median);
    println!("{}: {} names, {} directories", python.display(), names.len(), directories.len());
    println!("medians of {ROUNDS} rounds, and what `speclens resolve --all` is of them:");
    for (what, time) in
        [("speclens resolve --all", resolve), ("listing the directories", list), ("CPython's finders", find)]
    {
        println!("  {what:24} {:7.1} ms  {:4.2}x", time.as_secs_f64() * 1e3, resolve.div_duration_f64(time));
    }
    ExitCode::SUCCESS
}

/// `SPECLENS_BENCH_PYTHON`, or the environment that `tests/installed.rs` has made, or any CPython.
fn python() -> Option<PathBuf> {
    let made = ["installed_large", "installed_small"]
        .map(|name| Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("bin/python"));
    let made = made.into_iter().find(|program| program.is_file());
    let any = || interpreters().last().map(|interpreter| interpreter.program.clone());
    std::env::var_os("SPECLENS_BENCH_PYTHON").map(PathBuf::from).or(made).or_else(any)
}

/// The names that `resolve --all` tells, and the directories that it reads for them.
fn concerned(python: &Path) -> (Vec<String>, Vec<PathBuf>) {
    let recorder = Arc::new(Recorder::default());
    let database = Database::new(Arc::clone(&recorder) as Arc<dyn FileSystem>);
    let request = Request { python: Some(python.to_path_buf()), isolated: true, ..Request::default() };
    let project = Project::new(database.db(), std::env::temp_dir(), request);
    let specs = all_modules(&Resolver::new(database.db(), project));
    let directories = recorder.read.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    (specs.into_iter().map(|spec| spec.name).collect(), directories)
}

/// The disk, and which directories were read.
#[derive(Debug, Default)]
struct Recorder {
    read: Mutex<BTreeSet<PathBuf>>,
}

impl FileSystem for Recorder {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        DiskSystem.metadata(path)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        DiskSystem.read(path)
    }

    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_path_buf());
        DiskSystem.read_directory(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        DiskSystem.canonicalize(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        DiskSystem.read_link(path)
    }
}

/// The whole run of the program.
fn resolve(python: &Path) -> Duration {
    let mut program = Command::new(std::env::current_exe().expect("this program"));
    program.args([PROGRAM, "resolve", "--all", "--isolated", "--python"]).arg(python);
    let started = Instant::now();
    wait(program.stdin(Stdio::null()).stdout(Stdio::null()));
    started.elapsed()
}

/// Reads each directory, with the kind of each member, on one thread.
fn list(directories: &[PathBuf]) -> Duration {
    let started = Instant::now();
    let members = directories.iter().filter_map(|directory| directory.read_dir().ok()).flatten().flatten();
    let files = members.filter(|member| member.file_type().is_ok_and(|kind| kind.is_file())).count();
    let time = started.elapsed();
    assert!(files > 0, "the directories have files");
    time
}

/// What the finders take, by the interpreter's own clock.
fn find(python: &Path, question: &str) -> Duration {
    let script = ASK.strip_suffix("\nmain()\n").expect("a script that ends with its call").to_owned() + TIME;
    let mut command = Command::new(python);
    let command = command
        .args(["-I", "-B", "-c", &script, ""])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("an interpreter");
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let answer = thread::scope(|scope| {
        scope.spawn(|| stdin.expect("a pipe").write_all(question.as_bytes()));
        let reader = scope.spawn(|| {
            let mut answer = String::new();
            stdout.expect("a pipe").read_to_string(&mut answer).map(|_| answer)
        });
        if !matches!(child.wait_timeout(LIMIT), Ok(Some(_))) {
            drop(child.kill());
        }
        reader.join().expect("a thread").expect("an answer")
    });
    // Startup code of the environment may print too.
    let seconds = answer.lines().last().and_then(|line| line.parse().ok());
    Duration::from_secs_f64(seconds.expect("the seconds that it took"))
}

fn wait(command: &mut Command) {
    let mut child = command.spawn().expect("a process");
    let status = child.wait_timeout(LIMIT).expect("a status");
    if status.is_none() {
        drop(child.kill());
    }
    assert!(status.is_some_and(|status| status.success()), "{command:?}: {status:?}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
