//! What Speclens costs, beside other servers for Python: one client, one machine, in turn in one run. Only the ratios
//! can be carried elsewhere. `--help` tells the options; README.md has the figures.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark touches the disk, starts processes, and fails by a panic"
)]

mod check;
mod disk;
mod figures;
mod first;
mod peers;
mod places;
mod typing;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use speclens::command_line::{Process, run};
use speclens_environment::Variables;

use figures::Figure;
use peers::Peer;

/// With this as its first argument the benchmark is the program.
const PROGRAM: &str = "speclens";

const HELP: &str = "\
cargo bench -p speclens-tests --bench server -- [OPTION]...

  --parts PART,...     of: small, large, typing, growth, disk, check (default: all)
  --peers NAME,...     of: speclens, ty, ruff, zuban, pyrefly, basedpyright (default: all)
  --rounds NUMBER      how often each is measured, in turn (default: 9)
  --program PATH       the speclens to measure (default: as built here)

SPECLENS_BENCH_PYTHON is the interpreter of a large environment for `large`; without it a smaller one is installed.";

/// One run.
pub struct Bench {
    peers: Vec<Peer>,
    rounds: usize,
    /// The interpreter of a large environment.
    python: Option<PathBuf>,
}

impl Bench {
    /// The peers of these names.
    pub fn only(&self, names: &[&str]) -> impl Iterator<Item = &Peer> {
        self.peers.iter().filter(|peer| peer.is_ours() || names.contains(&peer.name))
    }
}

type Part = (&'static str, fn(&Bench) -> Vec<Figure>);
const PARTS: &[Part] = &[
    ("small", first::small),
    ("large", first::large),
    ("typing", typing::typing),
    ("growth", typing::growth),
    ("disk", disk::disk),
    ("check", check::check),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == PROGRAM) {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let directory = std::env::current_dir().expect("a directory");
        return run(Process { arguments, variables: Variables::new(variables), directory });
    }
    let (mut parts, mut peers, mut rounds, mut program) = (Vec::new(), Vec::new(), 9, None);
    let mut arguments = arguments.into_iter().filter_map(|argument| argument.into_string().ok());
    let list = |value: Option<String>| -> Vec<String> {
        value.unwrap_or_default().split(',').map(str::to_owned).collect()
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--parts" => parts = list(arguments.next()),
            "--peers" => peers = list(arguments.next()),
            "--rounds" => rounds = arguments.next().and_then(|it| it.parse().ok()).expect("a number"),
            "--program" => program = arguments.next().map(PathBuf::from),
            // Cargo says so itself.
            "--bench" => {}
            _ => {
                println!("{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    let python = std::env::var_os("SPECLENS_BENCH_PYTHON").map(PathBuf::from);
    let bench = Bench { peers: Peer::all(&peers, program), rounds, python };
    for (name, measure) in PARTS {
        if parts.is_empty() || parts.iter().any(|part| part == name) {
            measure(&bench).iter().for_each(Figure::print);
        }
    }
    ExitCode::SUCCESS
}
