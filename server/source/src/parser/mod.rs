//! The parser: the only module that names the parser's types. Text in, [`Block`] and errors out.

mod expressions;
pub(crate) mod line;
pub(crate) mod literals;
mod nesting;
mod recovery;
mod statements;

use std::sync::Arc;

use rustpython_ruff_python_ast::{AtomicNodeIndex, Identifier, ModModule};
use rustpython_ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use rustpython_ruff_text_size::{Ranged, TextRange};
use smol_str::SmolStr;

use crate::program::{Block, Function, Name, Span, SyntaxError};

/// Expressions and blocks nested deeper than this are taken as opaque.
const MAX_DEPTH: u32 = 200;

/// A parsed text.
pub(crate) struct ParsedText {
    pub program: Block,
    pub errors: Vec<SyntaxError>,
    /// Whether the text tests `__name__` against `"__main__"` at its top level.
    pub tests_main: bool,
    /// Whether a function names `globals`.
    pub rewrites_globals: bool,
    /// The most dots that a relative import starts with.
    pub relative_levels: u32,
    /// The names that functions declare `global`.
    pub global_names: Box<[Name]>,
    /// The functions that are not followed; none where their bodies are left out.
    pub not_followed: Box<[Arc<Function>]>,
}

/// Which functions have bodies in a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// All of them.
    #[default]
    All,
    /// Those that are [followed](Function::is_followed).
    Followed,
}

/// Parses what can be parsed.
pub(crate) fn parse(text: &str, bodies: Bodies) -> ParsedText {
    nesting::with_stack(text, |room| {
        let (module, errors) = recovery::parse(text, room);
        let mut lowering = Lowering { bodies, ..Lowering::default() };
        let program = lowering.block(&module.body);
        ParsedText {
            program,
            errors,
            tests_main: lowering.tests_main,
            rewrites_globals: lowering.rewrites_globals,
            relative_levels: lowering.relative_levels,
            global_names: lowering.global_names.into(),
            not_followed: lowering.not_followed.into(),
        }
    })
}

/// Parses what was changed of a text, with enough stack for so many levels of its tree.
fn parse_again(text: &str, levels: usize) -> (ModModule, Vec<SyntaxError>) {
    parse_once(text, nesting::too_deep(text, levels))
}

/// Parses a text, unless it is too deep at some place.
fn parse_once(text: &str, too_deep: Option<usize>) -> (ModModule, Vec<SyntaxError>) {
    let empty = || ModModule {
        node_index: AtomicNodeIndex::default(),
        range: TextRange::default(),
        body: Vec::new(),
    };
    if let Some(place) = too_deep {
        let start = u32::try_from(place).unwrap_or(u32::MAX);
        let message = "this is nested too deeply to be read".to_owned();
        return (empty(), vec![SyntaxError { message, span: Span { start, end: start } }]);
    }
    let parsed: Parsed<_> = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let errors = parsed
        .errors()
        .iter()
        .map(|error| SyntaxError { message: error.error.to_string(), span: span(error.location) })
        .collect();
    (parsed.try_into_module().map_or_else(empty, Parsed::into_syntax), errors)
}

/// One walk from the parser's tree to a program.
#[derive(Default)]
struct Lowering {
    depth: u32,
    /// What is known so far of the functions around the current statement, the innermost last.
    functions: Vec<FunctionTraits>,
    /// The names of the classes around, the innermost last.
    classes: Vec<String>,
    tests_main: bool,
    rewrites_globals: bool,
    relative_levels: u32,
    global_names: Vec<Name>,
    bodies: Bodies,
    not_followed: Vec<Arc<Function>>,
}

#[derive(Default)]
struct FunctionTraits {
    yields: bool,
    mentions_import_state: bool,
    statements: u32,
}

impl Lowering {
    /// A name as the compiler has it: `__x` in a class `C` is `_C__x` ("Private name mangling" in the language reference).
    fn mangled(&self, name: &str) -> Name {
        let class = self.classes.last().map(|class| class.trim_start_matches('_'));
        match class.filter(|class| !class.is_empty()) {
            Some(class) if name.starts_with("__") && !name.ends_with("__") && !name.contains('.') => {
                format!("_{class}{name}").into()
            }
            _ => Name::new(name),
        }
    }

    /// Notes that the code around names something of the import state.
    fn mention(&mut self, name: &str) {
        if let Some(function) = self.functions.last_mut()
            && IMPORT_STATE.contains(&name)
        {
            function.mentions_import_state = true;
            self.rewrites_globals |= name == "globals";
        }
    }
}

/// Names that reach the import state. A function that has none of them and is not small is not followed.
const IMPORT_STATE: &[&str] = &[
    "__class__",
    "__dict__",
    "__file__",
    "__getattr__",
    "__import__",
    "__loader__",
    "__path__",
    "__spec__",
    "_getframe",
    "create_module",
    "currentframe",
    "declare_namespace",
    "exec_module",
    "extend_path",
    "f_back",
    "f_globals",
    "find_loader",
    "find_module",
    "find_spec",
    "globals",
    "import_module",
    "importlib",
    "load_module",
    "meta_path",
    "module_from_spec",
    "modules",
    "path_hooks",
    "reload",
    "setattr",
];

fn span(range: impl Ranged) -> Span {
    let range = range.range();
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

fn name(identifier: &Identifier) -> Name {
    SmolStr::new(identifier.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{ExpressionKind, StatementKind};

    fn parse(text: &str) -> ParsedText {
        super::parse(text, Bodies::All)
    }

    #[test]
    fn bodies_that_are_not_followed_are_left_out() {
        let long = "    x = 1\n".repeat(20);
        let text = format!("def f():\n{long}def g():\n{long}    import a\ndef h():\n    pass\n");
        let has_body = |statement: &crate::program::Statement| match &statement.kind {
            StatementKind::Function { function, .. } => function.body.is_some(),
            _ => false,
        };
        let few = super::parse(&text, Bodies::Followed);
        assert_eq!(few.program.iter().map(has_body).collect::<Vec<_>>(), [false, true, true]);
        let all = parse(&text);
        assert!(all.program.iter().all(has_body));
        assert_eq!(all.not_followed.iter().map(|function| &*function.name).collect::<Vec<_>>(), ["f"]);
    }

    fn imports(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        for statement in &parse(text).program {
            if let StatementKind::Import { names: aliases, .. } = &statement.kind {
                for alias in aliases {
                    assert_eq!(
                        &text[alias.span.start as usize..alias.span.end as usize],
                        alias.name.as_str()
                    );
                    names.push(alias.name.to_string());
                }
            }
        }
        names
    }

    #[test]
    fn a_broken_line_leaves_its_neighbours_alone() {
        for broken in
            ["foo(", "x = {'a':", "x = '''", "import", "def f(:", "from . import (", "a.", "]", "x = [1, 2"]
        {
            let text = format!("import a\nimport b\n{broken}\nimport c\nimport d\n");
            assert_eq!(imports(&text), ["a", "b", "c", "d"], "after {broken:?}");
            assert!(!parse(&text).errors.is_empty(), "{broken:?} is an error");
        }
    }

    #[test]
    fn a_broken_line_keeps_what_it_says() {
        let parsed = parse("import a\nimport b\nprint(a.__spec__.\nimport c\n");
        assert!(parsed.program.iter().any(|statement| matches!(
            &statement.kind,
            StatementKind::Expression(call) if matches!(&call.kind, ExpressionKind::Call(_)) && call.span.start == 18
        )));
    }

    #[test]
    fn traits_of_functions_and_scripts() {
        let text = "def f():\n    def g():\n        yield find_spec('x')\n    return g\n\
                    def h(): return 1\nif __name__ == '__main__': h()\n";
        let parsed = parse(text);
        assert!(parsed.tests_main);
        let StatementKind::Function { function: f, .. } = &parsed.program[0].kind else { panic!() };
        assert!(f.mentions_import_state && !f.is_deferred && f.size == 2);
        let StatementKind::Function { function: g, .. } = &f.body.as_ref().unwrap()[0].kind else { panic!() };
        assert!(g.is_deferred);
        let StatementKind::Function { function: h, .. } = &parsed.program[1].kind else { panic!() };
        assert!(!h.mentions_import_state);
    }

    #[test]
    fn nesting_does_not_exhaust_the_stack() {
        // As little stack as there can be where a text is parsed.
        let run = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
            for (prefix, suffix) in [
                ("(", ")"),
                ("[1, ", "]"),
                ("{1: ", "}"),
                ("-", ""),
                ("not ", ""),
                ("await ", ""),
                ("lambda: ", ""),
                ("lambda a, b: ", ""),
                ("2 ** ", ""),
                ("1 + ", ""),
                ("a if b else ", ""),
                ("a.", ""),
                ("f'{", "}'"),
            ] {
                for depth in [100, 1_000, 10_000, 100_000] {
                    let deep = format!("{}x{}", prefix.repeat(depth), suffix.repeat(depth));
                    assert_eq!(imports(&format!("import a\nx = {deep}\nimport b\n")), ["a", "b"], "{prefix}");
                }
            }
        });
        run.unwrap().join().unwrap();
    }

    #[test]
    fn a_long_chain_of_elif_is_cut_into_possibilities() {
        let clauses = "elif x == y:\n    y = 1\n".repeat(10_000);
        let program = parse(&format!("if x:\n    pass\n{clauses}else:\n    z = 1\nimport b\n")).program;
        assert_eq!(program.len(), 2);
    }
}
