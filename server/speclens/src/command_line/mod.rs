//! `speclens check`, `explain`, `env`, …: arguments in, text or JSON out.

mod arguments;
mod check;
mod effects;
mod env;
mod explain;
mod files;
mod fix;
mod generate;
mod graph;
mod kept;
mod look;
mod output;
mod resolve;
mod rule;
mod schema;
mod session;
mod text;
mod tree;
mod verify;
mod workers;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use speclens_environment::Variables;
use tracing::level_filters::LevelFilter;

use arguments::{Arguments, Command};
use session::Session;

use crate::server;

pub(crate) use env::{plain as environment_text, tree as environment_tree};
pub(crate) use explain::{plain as explanation_text, tree as explanation_tree};
pub(crate) use files::{is_python_file, walk};

/// What the process was given.
#[derive(Debug)]
pub struct Process {
    /// Its arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// Its environment variables.
    pub variables: Variables,
    /// The directory it was started in, absolute.
    pub directory: PathBuf,
}

/// Why a command could not run. Its exit code is 2.
#[derive(Debug)]
enum Failure {
    /// What was asked for cannot be done, as a sentence.
    Request(String),
    /// The answer could not be written, or the question not be read.
    Stream(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing to report.
    Clean,
    /// What was looked for: findings, or that there is no such module.
    Found,
    /// The answer lacks something that could not be computed; it was said what.
    Incomplete,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clean => Self::SUCCESS,
            Verdict::Found => Self::from(1),
            Verdict::Incomplete => Self::from(2),
        }
    }
}

/// Runs the program.
pub fn run(process: Process) -> ExitCode {
    let arguments = match Arguments::try_parse_from(process.arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is no reason to say anything: nobody is there to read it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // The server sets up its own log, unless it is told to here.
    if arguments.common.verbose > 0 || !matches!(arguments.command, Command::Server(_)) {
        // The first `-v` of `effects` is about its answer.
        let own = u8::from(matches!(arguments.command, Command::Effects(_)));
        log_to_stderr(arguments.common.verbose.saturating_sub(own));
    }
    let result = Session::new(arguments.common, process.variables, process.directory).and_then(|session| {
        // The process ends after this: taking a large database apart would be the longest part of many answers.
        let mut session = ManuallyDrop::new(session);
        answer(&mut session, &arguments.command)
    });
    result.unwrap_or_else(|failure| {
        match failure {
            Failure::Request(sentence) => anstream::eprintln!("speclens: {sentence}"),
            Failure::Stream(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Failure::Stream(error) => anstream::eprintln!("speclens: {error}"),
        }
        ExitCode::from(2)
    })
}

fn answer(session: &mut Session, command: &Command) -> Result<ExitCode, Failure> {
    let verdict = match command {
        Command::Server(_) => {
            return Ok(server::run_stdio(session.request.clone(), session.cache.take()));
        }
        Command::Check(arguments) => check::run(session, arguments),
        Command::Explain(arguments) => explain::run(session, arguments),
        Command::Env(arguments) => env::run(session, arguments),
        Command::Rule(arguments) => rule::run(session, arguments),
        Command::Schema => schema::run(session),
        Command::Resolve(arguments) => resolve::run(session, arguments),
        Command::Effects(arguments) => effects::run(session, arguments),
        Command::Graph(arguments) => graph::run(session, arguments),
        Command::Verify(arguments) => verify::run(session, arguments),
        Command::Completions(arguments) => generate::completions(arguments),
        Command::Man(arguments) => generate::man(arguments),
    };
    verdict.map(ExitCode::from)
}

/// That all are absolute names of modules.
fn names_modules<'n>(names: impl IntoIterator<Item = &'n String>) -> Result<(), Failure> {
    match names.into_iter().find(|name| name.split('.').any(str::is_empty)) {
        None => Ok(()),
        Some(wrong) => Err(Failure::Request(format!("{wrong:?} is not the absolute name of a module"))),
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Fails only where a test has set one already.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .try_init();
}
