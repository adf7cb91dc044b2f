//! The Speclens binary: it reads what the process was given, once, and hands it on.

use std::process::ExitCode;

use speclens::command_line::{Process, run};
use speclens_environment::Variables;

#[expect(clippy::disallowed_methods, reason = "the binary's entry reads the process environment, once")]
fn main() -> ExitCode {
    // `vars` would panic on a variable that is no text; such a one is nothing that Python's start-up looks at.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let directory = match std::env::current_dir() {
        Ok(directory) => directory,
        Err(error) => {
            eprintln!("speclens: the current directory cannot be read: {error}");
            return ExitCode::from(2);
        }
    };
    run(Process { arguments: std::env::args_os().collect(), variables: Variables::new(variables), directory })
}
