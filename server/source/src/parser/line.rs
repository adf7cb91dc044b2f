//! A line of code that `site` executes.

use rustpython_ruff_python_ast::Stmt;
use rustpython_ruff_python_parser::{Parsed, parse_module};

use super::literals::MAX_LEVELS;
use super::nesting;

/// The modules that the `import` statements at the start of a line import, in order, up to the first other statement;
/// `None` where the line is no Python.
pub fn leading_imports(line: &str) -> Option<Vec<String>> {
    let body = nesting::with_stack(line, |_| match nesting::too_deep(line, MAX_LEVELS) {
        None => parse_module(line).ok().map(Parsed::into_syntax).map(|module| module.body),
        // Whatever it is, it starts with nothing that is known to fail.
        Some(_) => Some(Vec::new()),
    })?;
    let imports = body.iter().map_while(|statement| match statement {
        Stmt::Import(import) => Some(import.names.iter().map(|name| name.name.to_string())),
        _ => None,
    });
    Some(imports.flatten().collect())
}
