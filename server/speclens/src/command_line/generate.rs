//! `speclens completions` and `speclens man`: what shells and `man` want to know of the command line, made from its
//! definition.

use clap::CommandFactory;
use clap_mangen::Man;

use super::arguments::{Arguments, Completions, ManPage};
use super::session::Session;
use super::{Failure, Verdict};

/// The program's name.
const NAME: &str = "speclens";

pub fn completions(arguments: &Completions) -> Result<Verdict, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), NAME, &mut script);
    Session::print_plain(&script)?;
    Ok(Verdict::Clean)
}

pub fn man(arguments: &ManPage) -> Result<Verdict, Failure> {
    // `speclens help` only repeats what `--help` says.
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let wanted = match &arguments.command {
        None => &program,
        Some(name) => program
            .find_subcommand(name)
            .ok_or_else(|| Failure::Request(format!("there is no command {name:?}")))?,
    };
    let mut page = Vec::new();
    Man::new(wanted.clone()).render(&mut page)?;
    Session::print_plain(&page)?;
    Ok(Verdict::Clean)
}
