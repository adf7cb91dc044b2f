//! The literals that a module assigns to names at its top level, for files that are written as data.

use rustpython_ruff_python_ast::{Expr, ModModule, Number, Operator, Stmt, UnaryOp};
use rustpython_ruff_python_parser::parse_module;

use super::{MAX_DEPTH, nesting};

/// A text that nests deeper than this holds no data of interest.
pub(super) const MAX_LEVELS: usize = 1_000;

/// A value that is written out in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A string; strings added to each other are one.
    Str(String),
    /// An integer that fits.
    Int(i64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A list, a tuple or a set.
    List(Vec<Literal>),
    /// A dictionary, in its order.
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The members of a list, a tuple or a set.
    pub fn as_list(&self) -> Option<&[Literal]> {
        if let Self::List(members) = self { Some(members) } else { None }
    }

    /// The pairs of a dictionary.
    pub fn as_dict(&self) -> Option<&[(Literal, Literal)]> {
        if let Self::Dict(pairs) = self { Some(pairs) } else { None }
    }
}

/// The top-level assignments `NAME = literal` and `NAME: annotation = literal`, in order. Empty where the text is no
/// Python.
pub fn module_literals(text: &str) -> Vec<(String, Literal)> {
    let Some(module) = parsed(text) else { return Vec::new() };
    let named = |target: &Expr, value: &Expr| match target {
        Expr::Name(name) => Some((name.id.to_string(), literal(value)?)),
        _ => None,
    };
    let assignments = module.body.iter().filter_map(|statement| match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [target] => named(target, &assign.value),
            _ => None,
        },
        Stmt::AnnAssign(assign) => named(&assign.target, assign.value.as_deref()?),
        _ => None,
    });
    assignments.collect()
}

fn parsed(text: &str) -> Option<ModModule> {
    // The parser recurses, and the file may be anything.
    nesting::with_stack(text, |_| match nesting::too_deep(text, MAX_LEVELS) {
        None => parse_module(text).ok().map(rustpython_ruff_python_parser::Parsed::into_syntax),
        Some(_) => None,
    })
}

fn literal(expression: &Expr) -> Option<Literal> {
    literal_at(expression, MAX_DEPTH)
}

fn literal_at(expression: &Expr, depth: u32) -> Option<Literal> {
    let depth = depth.checked_sub(1)?;
    let literal = |expression: &Expr| literal_at(expression, depth);
    let all = |members: &[Expr]| members.iter().map(literal).collect::<Option<Vec<_>>>().map(Literal::List);
    match expression {
        Expr::StringLiteral(string) => Some(Literal::Str(string.value.to_str().to_owned())),
        Expr::BooleanLiteral(boolean) => Some(Literal::Bool(boolean.value)),
        Expr::NoneLiteral(_) => Some(Literal::None),
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(int) => int.as_i64().map(Literal::Int),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        Expr::UnaryOp(unary) if unary.op == UnaryOp::USub => match literal(&unary.operand)? {
            Literal::Int(int) => Some(Literal::Int(int.checked_neg()?)),
            _ => None,
        },
        Expr::BinOp(sum) if sum.op == Operator::Add => match (literal(&sum.left)?, literal(&sum.right)?) {
            (Literal::Str(left), Literal::Str(right)) => Some(Literal::Str(left + &right)),
            _ => None,
        },
        Expr::List(list) => all(&list.elts),
        Expr::Tuple(tuple) => all(&tuple.elts),
        Expr::Set(set) => all(&set.elts),
        Expr::Dict(dict) => dict
            .items
            .iter()
            .map(|item| Some((literal(item.key.as_ref()?)?, literal(&item.value)?)))
            .collect::<Option<Vec<_>>>()
            .map(Literal::Dict),
        _ => None,
    }
}

/// A class with a `find_spec` that looks at nothing but the names in one tuple or list of the module: the names.
///
/// The whole method must be one `if <name> in NAMES …:` (with what it does there), with at most `return None` after it.
pub fn names_of_narrow_finder(text: &str) -> Option<Vec<String>> {
    let module = parsed(text)?;
    let literals = module_literals(text);
    let method = module.body.iter().find_map(|statement| {
        let Stmt::ClassDef(class) = statement else { return None };
        class.body.iter().find_map(|member| match member {
            Stmt::FunctionDef(function) if function.name.as_str() == "find_spec" => Some(function),
            _ => None,
        })
    })?;
    let asked = method.parameters.iter_non_variadic_params().nth(1)?.name().as_str();
    let mut names = None;
    for statement in &method.body {
        match statement {
            // A docstring, or an explicit end.
            Stmt::Expr(expression) if expression.value.is_string_literal_expr() => {}
            Stmt::Return(end) if end.value.as_deref().is_none_or(Expr::is_none_literal_expr) => {}
            Stmt::If(guard) if names.is_none() && guard.elif_else_clauses.is_empty() => {
                let table = membership(&guard.test, asked)?;
                let (_, list) = literals.iter().find(|(name, _)| name == table)?;
                names = Some(list.as_list()?.iter().filter_map(Literal::as_str).map(str::to_owned).collect());
            }
            _ => return None,
        }
    }
    names
}

/// `asked in NAMES`, alone or first in an `and`: `NAMES`.
fn membership<'a>(test: &'a Expr, asked: &str) -> Option<&'a str> {
    match test {
        Expr::BoolOp(both) if both.op.as_str() == "and" => {
            both.values.iter().find_map(|value| membership(value, asked))
        }
        Expr::Compare(compare) => {
            let (Expr::Name(left), [operator], [Expr::Name(right)]) =
                (&*compare.left, &*compare.ops, &*compare.comparators)
            else {
                return None;
            };
            (left.id == asked && operator.as_str() == "in").then_some(right.id.as_str())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_with_and_without_annotations() {
        let text = "MAPPING: dict[str, str] = {'a': '/x/a'}\nNAMESPACES = {'n': ['/x/n'], 'm': ()}\n\
                    P = 'one' + \".two\"\nA = B = 1\nC = f()\nD = -3\nE = (True, None)\n";
        let found = module_literals(text);
        let get = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        assert_eq!(
            get("MAPPING"),
            Some(&Literal::Dict(vec![(Literal::Str("a".into()), Literal::Str("/x/a".into()))]))
        );
        assert_eq!(get("NAMESPACES").and_then(Literal::as_dict).map(<[_]>::len), Some(2));
        assert_eq!(get("P").and_then(Literal::as_str), Some("one.two"));
        assert_eq!(get("D"), Some(&Literal::Int(-3)));
        assert_eq!(get("E"), Some(&Literal::List(vec![Literal::Bool(true), Literal::None])));
        assert_eq!((get("A"), get("C")), (None, None));
        assert_eq!(module_literals("def ("), []);
    }

    #[test]
    fn a_finder_for_few_names() {
        let text = "PATCHED = 'a.b', 'c'\nclass F:\n    lock = []\n    def find_spec(self, fullname, path, target=None):\n        \
                    if fullname in PATCHED and self.fullname is None:\n            return look(fullname)\n        return None\n";
        assert_eq!(names_of_narrow_finder(text), Some(vec!["a.b".into(), "c".into()]));
        let wider = text.replace("        return None", "        return other(fullname)");
        assert_eq!(names_of_narrow_finder(&wider), None);
    }
}
