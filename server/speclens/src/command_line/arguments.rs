//! What can be said on the command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use speclens_environment::PythonVersion;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "speclens",
    version,
    long_version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SPECLENS_BUILD"), ")"),
    about = "Knows what Python's import system will do, without running your code.",
    after_help = "Exit codes: 0 nothing to report, 1 something was found, 2 could not run."
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// The interpreter, or the directory of an environment [default: .venv, VIRTUAL_ENV, CONDA_PREFIX, pyproject.toml, PATH]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Environment")]
    pub python: Option<PathBuf>,
    /// The version to assume, instead of the interpreter's own, for example 3.12
    #[arg(long, global = true, value_name = "VERSION", help_heading = "Environment")]
    pub python_version: Option<PythonVersion>,
    /// A directory to put first on sys.path, like PYTHONPATH; can be repeated
    #[arg(long = "extra-path", global = true, value_name = "DIR", help_heading = "Environment")]
    pub extra_paths: Vec<PathBuf>,
    /// As `python -I`: no script directory, no PYTHONPATH, no user site
    #[arg(long, global = true, help_heading = "Environment")]
    pub isolated: bool,
    /// Compute anew, and keep nothing on disk for the next run
    #[arg(long, global = true, help_heading = "Environment")]
    pub no_cache: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,
    /// Leave out the summary
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Tell on stderr what is done; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The language server, on stdin and stdout
    Server(Server),
    /// Report what the import system will do to your code
    Check(Check),
    /// Show what a module's `__spec__` will be, why, and what was passed over
    Explain(Explain),
    /// Show the interpreter, the search path, the finders at startup, namespace packages, problems
    Env(Env),
    /// List the rules, or show what one means, with an example that can be run
    Rule(Rule),
    /// Print the JSON schema of `speclens.toml`
    Schema,
    /// Print the specs of modules, one JSON object a line
    Resolve(Resolve),
    /// Show what importing modules does to sys.modules, sys.meta_path, sys.path_hooks, sys.path and __import__
    Effects(Effects),
    /// Draw how importing a module comes to what is odd, for pasting in an issue
    Graph(Graph),
    /// Start the interpreter, and compare what it says with what Speclens says
    Verify(Verify),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man(ManPage),
}

#[derive(Debug, Args)]
pub struct Server {
    // Editors' client libraries add it; there is no other way to talk to the server.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Python files, or directories to search for them [default: the current directory]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to write the findings
    #[arg(long, value_name = "FORMAT", alias = "format", default_value = "full", help_heading = "Output")]
    pub output_format: OutputFormat,
    /// Apply the fixes after which the code does what it did before, and report what is left
    #[arg(long)]
    pub fix: bool,
    /// Exit with 0 even where something was found
    #[arg(long)]
    pub exit_zero: bool,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// The module's absolute name
    #[arg(value_name = "MODULE")]
    pub module: String,
    /// A module that is imported before it; can be repeated
    #[arg(long, value_name = "MODULE")]
    pub after: Vec<String>,
    #[command(flatten)]
    pub format: TextOrJson,
}

#[derive(Debug, Args)]
pub struct Env {
    #[command(flatten)]
    pub format: TextOrJson,
}

#[derive(Debug, Args)]
pub struct Rule {
    /// The rule's name [default: list all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub format: TextOrJson,
}

#[derive(Debug, Args)]
pub struct Resolve {
    /// Absolute names of modules
    #[arg(value_name = "MODULE", required_unless_present_any = ["all", "stdin"])]
    pub modules: Vec<String>,
    /// Every module that can be found by looking at directories and at the interpreter's tables
    #[arg(long)]
    pub all: bool,
    /// Read names from stdin, one a line
    #[arg(long)]
    pub stdin: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "With -v: every module, and every place that could not be followed.")]
pub struct Effects {
    /// Absolute names of modules, each imported in a fresh interpreter
    #[arg(value_name = "MODULE", required = true)]
    pub modules: Vec<String>,
    /// A module that is imported before each of them; can be repeated
    #[arg(long, value_name = "MODULE")]
    pub after: Vec<String>,
    #[command(flatten)]
    pub format: TextOrJson,
}

#[derive(Debug, Args)]
pub struct Graph {
    /// The module's absolute name
    #[arg(value_name = "MODULE")]
    pub module: String,
    /// A module that is imported before it; can be repeated
    #[arg(long, value_name = "MODULE")]
    pub after: Vec<String>,
    /// Every module that the import adds, and not only what is odd, with the way to it
    #[arg(long)]
    pub all: bool,
    /// How to write the graph
    #[arg(long, value_name = "FORMAT", default_value = "mermaid", help_heading = "Output")]
    pub format: GraphFormat,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Absolute names of modules [default: every module that either side can tell]
    #[arg(value_name = "MODULE")]
    pub modules: Vec<String>,
    /// Import each of them in an interpreter of its own, and compare what that does to the import state
    #[arg(long, requires = "modules")]
    pub effects: bool,
    /// How long the interpreter may take; with --effects, for each module
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    #[command(flatten)]
    pub format: TextOrJson,
}

#[derive(Debug, Args)]
#[command(
    after_help = "For bash: speclens completions bash > ~/.local/share/bash-completion/completions/speclens"
)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManPage {
    /// The command whose page is wanted [default: the program's own]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

#[derive(Debug, Args)]
pub struct TextOrJson {
    /// How to write the answer
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: Format,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Forms of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Mermaid, which GitHub and GitLab draw in a code block `mermaid`.
    Mermaid,
    /// The language of Graphviz.
    Dot,
}

/// Forms of a list of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// With source lines, reasons and help.
    Full,
    /// One line a finding.
    Concise,
    /// One array.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn versions() {
        let python_version = str::parse::<PythonVersion>;
        assert_eq!(python_version("3.12"), Ok(PythonVersion::new(3, 12)));
        assert_eq!(python_version("3.8.18").map(|version| version.to_string()), Ok("3.8.18".to_owned()));
        for wrong in ["", "3", "2.7", "three", "3.12.1.0", "3.999"] {
            assert!(python_version(wrong).is_err(), "{wrong}");
        }
    }
}
