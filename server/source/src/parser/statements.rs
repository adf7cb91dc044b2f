//! Statements of the parser's tree as statements of a program.

use std::sync::Arc;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::{ExceptHandler, Stmt};

use super::{Bodies, FunctionTraits, Lowering, MAX_DEPTH, name, span};
use crate::program::{
    Alias, AugmentedAssign, Block, Case, Class, Conditional, Expression, ExpressionKind, For, Function,
    Handler, Name, Parameter, ParameterKind, Pattern, Span, Statement, StatementKind, With,
};

/// A chain of `elif` is followed for so many clauses.
const MAX_CLAUSES: usize = 250;

impl Lowering {
    /// A block; nested too deep, it is empty.
    pub(super) fn block(&mut self, statements: &[Stmt]) -> Block {
        if self.depth > MAX_DEPTH {
            return Block::default();
        }
        self.depth += 1;
        let block = statements.iter().filter_map(|statement| self.statement(statement)).collect();
        self.depth -= 1;
        block
    }

    fn statement(&mut self, statement: &Stmt) -> Option<Statement> {
        if let Some(function) = self.functions.last_mut() {
            function.statements += 1;
        }
        let kind = match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(statement)?,
            Stmt::FunctionDef(definition) => self.function_definition(definition),
            Stmt::ClassDef(definition) => self.class_definition(definition),
            Stmt::Assign(_) | Stmt::AugAssign(_) | Stmt::AnnAssign(_) => self.assignment(statement)?,
            Stmt::If(node) => self.conditional(node),
            Stmt::While(node) => StatementKind::While(Box::new(Conditional {
                test: self.expression(&node.test),
                body: self.block(&node.body),
                orelse: self.block(&node.orelse),
            })),
            Stmt::For(node) => StatementKind::For(Arc::new(For {
                target: self.expression(&node.target),
                iterable: self.expression(&node.iter),
                body: self.block(&node.body),
                orelse: self.block(&node.orelse),
            })),
            Stmt::Try(node) => self.try_statement(node),
            Stmt::With(node) => StatementKind::With(Arc::new(With {
                items: node
                    .items
                    .iter()
                    .map(|item| {
                        let context = self.expression(&item.context_expr);
                        (context, item.optional_vars.as_ref().map(|target| self.expression(target)))
                    })
                    .collect(),
                body: self.block(&node.body),
            })),
            Stmt::Match(node) => self.match_statement(node),
            Stmt::Raise(node) => StatementKind::Raise {
                exception: node.exc.as_ref().map(|exception| self.expression(exception)),
            },
            Stmt::Return(node) => {
                StatementKind::Return(node.value.as_ref().map(|value| self.expression(value)))
            }
            Stmt::Delete(node) => StatementKind::Delete(self.expressions(&node.targets)),
            Stmt::Global(node) => {
                let names: Box<[Name]> = node.names.iter().map(name).collect();
                let new = names.iter().filter(|name| !self.global_names.contains(name)).cloned();
                let new: Vec<Name> = new.collect();
                self.global_names.extend(new);
                StatementKind::Global(names)
            }
            Stmt::Nonlocal(node) => StatementKind::Nonlocal(node.names.iter().map(name).collect()),
            Stmt::Assert(node) => StatementKind::Assert(Box::new((
                self.expression(&node.test),
                node.msg.as_ref().map(|message| self.expression(message)),
            ))),
            Stmt::Expr(node) => match &*node.value {
                // A string on its own is a docstring or a comment.
                ast::Expr::StringLiteral(_) => return None,
                value => StatementKind::Expression(self.expression(value)),
            },
            Stmt::Break(_) => StatementKind::Break,
            Stmt::Continue(_) => StatementKind::Continue,
            Stmt::TypeAlias(node) => {
                let target = self.expression(&node.name);
                let value =
                    Expression { span: span(&*node.value), kind: ExpressionKind::Opaque(Box::default()) };
                StatementKind::Assign { targets: [target].into(), value }
            }
            Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => return None,
        };
        Some(Statement { span: span(statement), kind })
    }

    fn import(&mut self, statement: &Stmt) -> Option<StatementKind> {
        if let Some(function) = self.functions.last_mut() {
            function.mentions_import_state = true;
        }
        let aliases = |names: &[ast::Alias]| -> Box<[Alias]> {
            names
                .iter()
                .filter(|alias| !alias.name.as_str().is_empty())
                .map(|alias| Alias {
                    name: name(&alias.name),
                    asname: alias.asname.as_ref().map(name),
                    span: span(&alias.name),
                })
                .collect()
        };
        match statement {
            Stmt::Import(node) => {
                Some(StatementKind::Import { names: aliases(&node.names), is_lazy: node.is_lazy })
            }
            Stmt::ImportFrom(node) => {
                // A line that is still being typed says nothing yet of where the file belongs.
                if node.names.iter().any(|alias| !alias.name.as_str().is_empty()) {
                    self.relative_levels = self.relative_levels.max(node.level);
                }
                Some(StatementKind::ImportFrom {
                    module: node.module.as_ref().map(name).filter(|module| !module.is_empty()),
                    module_span: node.module.as_ref().map_or_else(Span::default, span),
                    names: aliases(&node.names),
                    level: node.level,
                    is_lazy: node.is_lazy,
                })
            }
            _ => None,
        }
    }

    fn assignment(&mut self, statement: &Stmt) -> Option<StatementKind> {
        match statement {
            Stmt::Assign(node) => Some(StatementKind::Assign {
                targets: self.expressions(&node.targets),
                value: self.expression(&node.value),
            }),
            Stmt::AugAssign(node) => Some(StatementKind::AugmentedAssign(Box::new(AugmentedAssign {
                target: self.expression(&node.target),
                operator: Self::operator(node.op),
                value: self.expression(&node.value),
            }))),
            // A bare annotation binds nothing.
            Stmt::AnnAssign(node) => {
                let value = self.expression(node.value.as_ref()?);
                Some(StatementKind::Assign { targets: [self.expression(&node.target)].into(), value })
            }
            _ => None,
        }
    }

    fn conditional(&mut self, node: &ast::StmtIf) -> StatementKind {
        if self.functions.is_empty() && tests_main(&node.test) {
            self.tests_main = true;
        }
        let test = self.expression(&node.test);
        let body = self.block(&node.body);
        let mut clauses: Vec<_> = node
            .elif_else_clauses
            .iter()
            .map(|clause| {
                let test = clause.test.as_ref().map(|test| self.expression(test));
                (span(clause), test, self.block(&clause.body))
            })
            .collect();
        let cut = clauses.len().min(MAX_CLAUSES);
        // A chain is as deep as it is long. Behind so many clauses, each may run, whatever the others do.
        let far: Vec<Statement> = clauses
            .drain(cut..)
            .map(|(span, _, body)| {
                let test = Expression { span, kind: ExpressionKind::Opaque(Box::default()) };
                Statement { span, kind: conditional(test, body, Block::default()) }
            })
            .collect();
        let mut orelse = Block::from(far);
        for (span, test, body) in clauses.into_iter().rev() {
            orelse = match test {
                None => body,
                Some(test) => [Statement { span, kind: conditional(test, body, orelse) }].into(),
            };
        }
        conditional(test, body, orelse)
    }

    fn try_statement(&mut self, node: &ast::StmtTry) -> StatementKind {
        let body = self.block(&node.body);
        let handlers = node
            .handlers
            .iter()
            .map(|ExceptHandler::ExceptHandler(handler)| Handler {
                exception: handler.type_.as_ref().map(|exception| self.expression(exception)),
                name: handler.name.as_ref().map(name),
                body: self.block(&handler.body),
                span: span(handler),
            })
            .collect();
        StatementKind::Try {
            body,
            handlers,
            orelse: self.block(&node.orelse),
            finally: self.block(&node.finalbody),
        }
    }

    fn match_statement(&mut self, node: &ast::StmtMatch) -> StatementKind {
        StatementKind::Match {
            subject: self.expression(&node.subject),
            cases: node
                .cases
                .iter()
                .map(|case| Case {
                    pattern: self.pattern(&case.pattern),
                    guard: case.guard.as_ref().map(|guard| self.expression(guard)),
                    body: self.block(&case.body),
                })
                .collect(),
        }
    }

    fn pattern(&mut self, pattern: &ast::Pattern) -> Pattern {
        match pattern {
            ast::Pattern::MatchValue(node) => Pattern::Value(self.expression(&node.value)),
            ast::Pattern::MatchSingleton(node) => {
                let kind = match node.value {
                    ast::Singleton::None => ExpressionKind::None,
                    ast::Singleton::True => ExpressionKind::Bool(true),
                    ast::Singleton::False => ExpressionKind::Bool(false),
                };
                Pattern::Value(Expression { span: span(node), kind })
            }
            ast::Pattern::MatchAs(node) if node.pattern.is_none() => {
                Pattern::Any(node.name.as_ref().map(name))
            }
            ast::Pattern::MatchOr(node) => {
                Pattern::Or(node.patterns.iter().map(|pattern| self.pattern(pattern)).collect())
            }
            other => {
                let mut names = Vec::new();
                captures(other, &mut names);
                Pattern::Other(names.into())
            }
        }
    }

    fn function_definition(&mut self, node: &ast::StmtFunctionDef) -> StatementKind {
        let decorators = self.decorators(&node.decorator_list);
        let parameters = self.parameters(&node.parameters);
        self.functions.push(FunctionTraits::default());
        let body = self.block(&node.body);
        let traits = self.close_function();
        let mut function = Function {
            name: self.mangled(node.name.as_str()),
            name_span: span(&node.name),
            parameters,
            body: Some(body),
            is_deferred: node.is_async || traits.yields,
            is_generator: traits.yields && !node.is_async,
            mentions_import_state: traits.mentions_import_state,
            size: traits.statements,
        };
        let is_followed = function.is_followed();
        if !is_followed && self.bodies == Bodies::Followed {
            function.body = None;
        }
        let function = Arc::new(function);
        if !is_followed && self.bodies == Bodies::All {
            self.not_followed.push(Arc::clone(&function));
        }
        StatementKind::Function { function, decorators }
    }

    /// Takes the innermost function's traits; the function around it has what it has, for it may call it.
    pub(super) fn close_function(&mut self) -> FunctionTraits {
        let traits = self.functions.pop().unwrap_or_default();
        if let Some(outer) = self.functions.last_mut() {
            outer.mentions_import_state |= traits.mentions_import_state;
        }
        traits
    }

    pub(super) fn open_lambda(&mut self) {
        self.functions.push(FunctionTraits::default());
    }

    fn class_definition(&mut self, node: &ast::StmtClassDef) -> StatementKind {
        let decorators = self.decorators(&node.decorator_list);
        let (bases, keywords) = match &node.arguments {
            Some(arguments) => (self.expressions(&arguments.args), self.keywords(&arguments.keywords)),
            None => (Box::default(), Box::default()),
        };
        self.classes.push(node.name.to_string());
        let body = self.block(&node.body);
        self.classes.pop();
        let class = Class { name: name(&node.name), name_span: span(&node.name), bases, keywords, body };
        StatementKind::Class { class: Arc::new(class), decorators }
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) -> Box<[Expression]> {
        decorators.iter().map(|decorator| self.expression(&decorator.expression)).collect()
    }

    pub(super) fn parameters(&mut self, parameters: &ast::Parameters) -> Box<[Parameter]> {
        let mut result = Vec::new();
        let groups = [
            (&parameters.posonlyargs, ParameterKind::PositionalOnly),
            (&parameters.args, ParameterKind::PositionalOrKeyword),
        ];
        for (group, kind) in groups {
            self.parameter_group(group, kind, &mut result);
        }
        if let Some(rest) = &parameters.vararg {
            result.push(Parameter {
                name: name(&rest.name),
                kind: ParameterKind::VarPositional,
                default: None,
            });
        }
        self.parameter_group(&parameters.kwonlyargs, ParameterKind::KeywordOnly, &mut result);
        if let Some(rest) = &parameters.kwarg {
            result.push(Parameter { name: name(&rest.name), kind: ParameterKind::VarKeyword, default: None });
        }
        result.into()
    }

    fn parameter_group(
        &mut self,
        group: &[ast::ParameterWithDefault],
        kind: ParameterKind,
        into: &mut Vec<Parameter>,
    ) {
        for parameter in group {
            let default = parameter.default.as_ref().map(|default| self.expression(default));
            into.push(Parameter { name: name(&parameter.parameter.name), kind, default });
        }
    }
}

fn conditional(test: Expression, body: Block, orelse: Block) -> StatementKind {
    StatementKind::If(Box::new(Conditional { test, body, orelse }))
}

/// The names that a pattern binds.
fn captures(pattern: &ast::Pattern, into: &mut Vec<Name>) {
    match pattern {
        ast::Pattern::MatchValue(_) | ast::Pattern::MatchSingleton(_) => {}
        ast::Pattern::MatchStar(node) => into.extend(node.name.as_ref().map(name)),
        ast::Pattern::MatchAs(node) => {
            into.extend(node.name.as_ref().map(name));
            if let Some(inner) = &node.pattern {
                captures(inner, into);
            }
        }
        ast::Pattern::MatchSequence(node) => node.patterns.iter().for_each(|inner| captures(inner, into)),
        ast::Pattern::MatchOr(node) => node.patterns.iter().for_each(|inner| captures(inner, into)),
        ast::Pattern::MatchMapping(node) => {
            node.patterns.iter().for_each(|inner| captures(inner, into));
            into.extend(node.rest.as_ref().map(name));
        }
        ast::Pattern::MatchClass(node) => {
            node.arguments.patterns.iter().for_each(|inner| captures(inner, into));
            node.arguments.keywords.iter().for_each(|keyword| captures(&keyword.pattern, into));
        }
    }
}

/// `__name__ == "__main__"`, either way round.
fn tests_main(test: &ast::Expr) -> bool {
    let ast::Expr::Compare(compare) = test else { return false };
    let sides = [Some(&*compare.left), compare.comparators.first()];
    let is_name = |side: &ast::Expr| matches!(side, ast::Expr::Name(name) if name.id.as_str() == "__name__");
    let is_main = |side: &ast::Expr| matches!(side, ast::Expr::StringLiteral(text) if text.value.to_str() == "__main__");
    matches!(compare.ops.first(), Some(ast::CmpOp::Eq))
        && sides.iter().flatten().any(|side| is_name(side))
        && sides.iter().flatten().any(|side| is_main(side))
}
