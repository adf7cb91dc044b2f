//! The literals that a module assigns to names at its top level, for files that are written as data.

use rustpython_ruff_python_ast::{
    Expr, ModModule, Number, Operator, Stmt, StmtAssign, StmtExpr, StmtFunctionDef, StmtTry, UnaryOp,
};
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

/// A call with literals only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralCall {
    /// What is called, as it is written: `install`, `F.map_module`.
    pub function: String,
    /// The arguments by position.
    pub arguments: Vec<Literal>,
}

/// The statements `f(literal, …)` and `name = f(literal, …)` of the module and of its functions, in order. A call with
/// keywords or with anything but literals is left out.
pub fn literal_calls(text: &str) -> Vec<LiteralCall> {
    let Some(module) = parsed(text) else { return Vec::new() };
    let bodies = module.body.iter().flat_map(|statement| match statement {
        Stmt::FunctionDef(function) => function.body.as_slice(),
        other => std::slice::from_ref(other),
    });
    bodies.filter_map(literal_call).collect()
}

fn literal_call(statement: &Stmt) -> Option<LiteralCall> {
    let (Stmt::Expr(StmtExpr { value, .. }) | Stmt::Assign(StmtAssign { value, .. })) = statement else {
        return None;
    };
    let call = value.as_call_expr().filter(|call| call.arguments.keywords.is_empty())?;
    let function = match &*call.func {
        Expr::Name(name) => name.id.to_string(),
        Expr::Attribute(attribute) => format!("{}.{}", attribute.value.as_name_expr()?.id, attribute.attr),
        _ => return None,
    };
    let arguments = call.arguments.args.iter().map(literal).collect::<Option<_>>()?;
    Some(LiteralCall { function, arguments })
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

/// A module whose one `find_spec` looks at nothing but the names in one tuple or list of the module: the names.
///
/// The whole method must be one `if <name> in NAMES …:` (with what it does there), with at most `return None` after it, and
/// a `try` around `names = NAMES` before it.
pub fn names_of_narrow_finder(text: &str) -> Option<Vec<String>> {
    let module = parsed(text)?;
    let literals = module_literals(text);
    let mut methods = module.body.iter().flat_map(|statement| match statement {
        // Which version of Python it is, as a rule.
        Stmt::If(choice) => choice.body.iter().filter_map(find_spec_of).collect(),
        other => find_spec_of(other).into_iter().collect::<Vec<_>>(),
    });
    let method = methods.next()?;
    if methods.next().is_some() {
        return None;
    }
    let asked = method.parameters.iter_non_variadic_params().nth(1)?.name().as_str();
    let (mut names, mut alias) = (None, None);
    for statement in &method.body {
        match statement {
            // A docstring, or an explicit end.
            Stmt::Expr(expression) if expression.value.is_string_literal_expr() => {}
            Stmt::Return(end) if end.value.as_deref().is_none_or(Expr::is_none_literal_expr) => {}
            Stmt::Try(guarded) if names.is_none() && alias.is_none() => alias = Some(renaming(guarded)?),
            Stmt::If(guard) if names.is_none() && guard.elif_else_clauses.is_empty() => {
                let known = membership(&guard.test, asked)?;
                let table = alias.filter(|(name, _)| *name == known).map_or(known, |(_, table)| table);
                let (_, list) = literals.iter().find(|(name, _)| name == table)?;
                names = Some(list.as_list()?.iter().filter_map(Literal::as_str).map(str::to_owned).collect());
            }
            _ => return None,
        }
    }
    names
}

/// The method `find_spec` of a class.
fn find_spec_of(statement: &Stmt) -> Option<&StmtFunctionDef> {
    statement.as_class_def_stmt()?.body.iter().find_map(|member| {
        member.as_function_def_stmt().filter(|function| function.name.as_str() == "find_spec")
    })
}

/// `try: new = OLD` with handlers that return nothing: the two names.
fn renaming(guarded: &StmtTry) -> Option<(&str, &str)> {
    let returns_nothing = |statement: &Stmt| matches!(statement, Stmt::Return(end) if end.value.as_deref().is_none_or(Expr::is_none_literal_expr));
    let handled = guarded.handlers.iter().filter_map(|handler| handler.as_except_handler());
    let harmless = handled.flat_map(|handler| &handler.body).all(returns_nothing);
    if !harmless || !guarded.orelse.is_empty() || !guarded.finalbody.is_empty() {
        return None;
    }
    let [Stmt::Assign(assign)] = guarded.body.as_slice() else { return None };
    let [Expr::Name(new)] = assign.targets.as_slice() else { return None };
    Some((new.id.as_str(), assign.value.as_name_expr()?.id.as_str()))
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
    fn calls_with_literals() {
        let text = "F.map_module('a', '/x/a.py')\ninstall(NAME, 1)\ndef init():\n    finder = Finder({'n'}, False)\n\
                    f(key='v')\na.b.c(1)\n";
        let found = literal_calls(text);
        let functions: Vec<&str> = found.iter().map(|call| call.function.as_str()).collect();
        assert_eq!(functions, ["F.map_module", "Finder"]);
        let names = Literal::List(vec![Literal::Str("n".into())]);
        assert_eq!(found[1].arguments, [names, Literal::Bool(false)]);
    }

    #[test]
    fn a_finder_for_few_names() {
        let text = "PATCHED = 'a.b', 'c'\nclass F:\n    lock = []\n    def find_spec(self, fullname, path, target=None):\n        \
                    if fullname in PATCHED and self.fullname is None:\n            return look(fullname)\n        return None\n";
        assert_eq!(names_of_narrow_finder(text), Some(vec!["a.b".into(), "c".into()]));
        let wider = text.replace("        return None", "        return other(fullname)");
        assert_eq!(names_of_narrow_finder(&wider), None);
        let two =
            format!("{text}class G:\n    def find_spec(self, fullname, path): return other(fullname)\n");
        assert_eq!(names_of_narrow_finder(&two), None);
        // Older and newer releases of virtualenv.
        let older = format!("PATCHED = 'a', 'b'\nif sys.version_info > (3, 4):\n{}", {
            "    class F:\n        def find_spec(self, name, path):\n            if name in PATCHED:\n                pass\n"
        });
        assert_eq!(names_of_narrow_finder(&older), Some(vec!["a".into(), "b".into()]));
        let newer = "PATCHED: T = 'a', 'b'\nclass F:\n    def find_spec(self, name: str, path):\n        \
                     try:\n            patch = PATCHED\n        except NameError:\n            return None\n        \
                     if name in patch and self:\n            return look(name)\n        return None\n";
        assert_eq!(names_of_narrow_finder(newer), Some(vec!["a".into(), "b".into()]));
        assert_eq!(names_of_narrow_finder(&newer.replace("return None", "return other(name)")), None);
    }
}
