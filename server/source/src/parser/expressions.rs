//! Expressions of the parser's tree as expressions of a program.

use std::sync::Arc;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::Expr;
use smol_str::SmolStr;

use super::{Lowering, MAX_DEPTH, name, span};
use crate::program::{
    Block, Call, Clause, Comparison, Comprehension, ComprehensionKind, Expression, ExpressionKind, Function,
    Name, Operator, Statement, StatementKind,
};

/// A literal with more elements than this is data, and taken as opaque.
const MAX_ELEMENTS: usize = 8_192;

impl Lowering {
    pub(super) fn expression(&mut self, node: &Expr) -> Expression {
        let span = span(node);
        if self.depth > MAX_DEPTH {
            return Expression { span, kind: ExpressionKind::Opaque(Box::default()) };
        }
        self.depth += 1;
        let kind = self.kind(node);
        self.depth -= 1;
        Expression { span, kind }
    }

    pub(super) fn expressions<'e>(&mut self, nodes: impl IntoIterator<Item = &'e Expr>) -> Box<[Expression]> {
        nodes.into_iter().map(|node| self.expression(node)).collect()
    }

    fn boxed(&mut self, node: &Expr) -> Box<Expression> {
        Box::new(self.expression(node))
    }

    fn opaque<'e>(&mut self, operands: impl IntoIterator<Item = &'e Expr>) -> ExpressionKind {
        ExpressionKind::Opaque(self.expressions(operands))
    }

    fn kind(&mut self, node: &Expr) -> ExpressionKind {
        match node {
            Expr::NoneLiteral(_) => ExpressionKind::None,
            Expr::BooleanLiteral(node) => ExpressionKind::Bool(node.value),
            Expr::NumberLiteral(node) => match &node.value {
                ast::Number::Int(int) => {
                    int.as_i64().map_or_else(|| ExpressionKind::Opaque(Box::default()), ExpressionKind::Int)
                }
                ast::Number::Float(_) | ast::Number::Complex { .. } => ExpressionKind::Opaque(Box::default()),
            },
            Expr::StringLiteral(node) => ExpressionKind::String(Arc::from(node.value.to_str())),
            Expr::EllipsisLiteral(_) => ExpressionKind::Ellipsis,
            Expr::Name(node) => {
                self.mention(node.id.as_str());
                ExpressionKind::Name(self.mangled(node.id.as_str()))
            }
            Expr::Attribute(node) => {
                self.mention(node.attr.as_str());
                ExpressionKind::Attribute {
                    value: self.boxed(&node.value),
                    name: self.mangled(node.attr.as_str()),
                }
            }
            Expr::Call(node) => ExpressionKind::Call(Box::new(Call {
                function: self.expression(&node.func),
                arguments: self.expressions(&node.arguments.args),
                keywords: self.keywords(&node.arguments.keywords),
            })),
            Expr::Subscript(node) => {
                ExpressionKind::Subscript { value: self.boxed(&node.value), index: self.boxed(&node.slice) }
            }
            Expr::Slice(node) => ExpressionKind::Slice {
                lower: node.lower.as_ref().map(|bound| self.boxed(bound)),
                upper: node.upper.as_ref().map(|bound| self.boxed(bound)),
                step: node.step.as_ref().map(|step| self.boxed(step)),
            },
            Expr::Tuple(ast::ExprTuple { elts, .. })
            | Expr::List(ast::ExprList { elts, .. })
            | Expr::Set(ast::ExprSet { elts, .. }) => self.sequence(node, elts),
            Expr::Dict(node) if node.items.len() <= MAX_ELEMENTS => self.dict(node),
            Expr::Dict(_) => ExpressionKind::Opaque(Box::default()),
            Expr::Named(node) => match &*node.target {
                Expr::Name(target) => ExpressionKind::Walrus {
                    target: SmolStr::new(target.id.as_str()),
                    value: self.boxed(&node.value),
                },
                _ => self.opaque([&*node.value]),
            },
            Expr::Lambda(node) => self.lambda(node),
            Expr::FString(node) => self.format(node),
            Expr::Starred(node) => ExpressionKind::Starred(self.boxed(&node.value)),
            Expr::BoolOp(_) | Expr::UnaryOp(_) | Expr::BinOp(_) | Expr::Compare(_) | Expr::If(_) => {
                self.operation(node)
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.comprehension(node)
            }
            Expr::Await(node) => self.opaque([&*node.value]),
            Expr::Yield(node) => {
                self.yields();
                ExpressionKind::Yield(node.value.as_ref().map(|value| self.boxed(value)))
            }
            Expr::YieldFrom(node) => {
                self.yields();
                ExpressionKind::YieldFrom(self.boxed(&node.value))
            }
            Expr::BytesLiteral(_) | Expr::TString(_) | Expr::IpyEscapeCommand(_) => {
                ExpressionKind::Opaque(Box::default())
            }
        }
    }

    fn yields(&mut self) {
        if let Some(function) = self.functions.last_mut() {
            function.yields = true;
        }
    }

    fn sequence(&mut self, node: &Expr, elements: &[Expr]) -> ExpressionKind {
        if elements.len() > MAX_ELEMENTS {
            return ExpressionKind::Opaque(Box::default());
        }
        let elements = self.expressions(elements);
        match node {
            Expr::Tuple(_) => ExpressionKind::Tuple(elements),
            Expr::List(_) => ExpressionKind::List(elements),
            _ => ExpressionKind::Set(elements),
        }
    }

    fn dict(&mut self, node: &ast::ExprDict) -> ExpressionKind {
        let items = node.items.iter().map(|item| {
            let key = item.key.as_ref().map(|key| self.expression(key));
            (key, self.expression(&item.value))
        });
        ExpressionKind::Dict(items.collect())
    }

    pub(super) fn keywords(&mut self, keywords: &[ast::Keyword]) -> Box<[(Option<Name>, Expression)]> {
        keywords
            .iter()
            .map(|keyword| (keyword.arg.as_ref().map(name), self.expression(&keyword.value)))
            .collect()
    }

    fn operation(&mut self, node: &Expr) -> ExpressionKind {
        match node {
            Expr::BoolOp(node) => ExpressionKind::Boolean {
                is_and: node.op == ast::BoolOp::And,
                values: self.expressions(&node.values),
            },
            Expr::UnaryOp(node) => match (node.op, &*node.operand) {
                (ast::UnaryOp::Not, operand) => ExpressionKind::Not(self.boxed(operand)),
                (ast::UnaryOp::USub, Expr::NumberLiteral(ast::ExprNumberLiteral { value, .. })) => {
                    match value {
                        ast::Number::Int(int) => int.as_i64().map_or_else(
                            || ExpressionKind::Opaque(Box::default()),
                            |int| ExpressionKind::Int(-int),
                        ),
                        _ => ExpressionKind::Opaque(Box::default()),
                    }
                }
                (_, operand) => self.opaque([operand]),
            },
            Expr::BinOp(node) => ExpressionKind::Binary {
                left: self.boxed(&node.left),
                operator: Self::operator(node.op),
                right: self.boxed(&node.right),
            },
            Expr::Compare(node) => ExpressionKind::Compare {
                left: self.boxed(&node.left),
                rest: node
                    .ops
                    .iter()
                    .zip(&*node.comparators)
                    .map(|(operator, right)| (comparison(*operator), self.expression(right)))
                    .collect(),
            },
            Expr::If(node) => ExpressionKind::Conditional {
                test: self.boxed(&node.test),
                body: self.boxed(&node.body),
                orelse: self.boxed(&node.orelse),
            },
            _ => ExpressionKind::Opaque(Box::default()),
        }
    }

    pub(super) fn operator(operator: ast::Operator) -> Operator {
        match operator {
            ast::Operator::Add => Operator::Add,
            ast::Operator::Sub => Operator::Subtract,
            ast::Operator::Mod => Operator::Modulo,
            ast::Operator::BitOr => Operator::BitOr,
            ast::Operator::BitAnd => Operator::BitAnd,
            ast::Operator::Div => Operator::Divide,
            _ => Operator::Other,
        }
    }

    fn lambda(&mut self, node: &ast::ExprLambda) -> ExpressionKind {
        let parameters = match &node.parameters {
            Some(parameters) => self.parameters(parameters),
            None => Box::default(),
        };
        self.open_lambda();
        let value = self.expression(&node.body);
        let traits = self.close_function();
        let span = value.span;
        let body: Block = [Statement { span, kind: StatementKind::Return(Some(value)) }].into();
        ExpressionKind::Lambda(Arc::new(Function {
            name: SmolStr::new_static("<lambda>"),
            name_span: span,
            parameters,
            body: Some(body),
            is_deferred: traits.yields,
            is_generator: traits.yields,
            mentions_import_state: traits.mentions_import_state,
            size: 1,
        }))
    }

    fn format(&mut self, node: &ast::ExprFString) -> ExpressionKind {
        let mut parts = Vec::new();
        for part in &node.value {
            match part {
                ast::FStringPart::Literal(literal) => parts.push(Expression {
                    span: span(literal),
                    kind: ExpressionKind::String(Arc::from(literal.as_str())),
                }),
                ast::FStringPart::FString(string) => {
                    for element in &string.elements {
                        parts.push(self.format_element(element));
                    }
                }
            }
        }
        ExpressionKind::Format(parts.into())
    }

    fn format_element(&mut self, element: &ast::InterpolatedStringElement) -> Expression {
        match element {
            ast::InterpolatedStringElement::Literal(literal) => {
                Expression { span: span(literal), kind: ExpressionKind::String(Arc::from(&*literal.value)) }
            }
            ast::InterpolatedStringElement::Interpolation(part) => {
                let value = self.expression(&part.expression);
                let plain = part.format_spec.is_none() && part.debug_text.is_none();
                let span = value.span;
                match part.conversion {
                    ast::ConversionFlag::None if plain => value,
                    // Nobody binds another function to that name, in what is read here.
                    ast::ConversionFlag::Repr if plain => {
                        let function =
                            Expression { span, kind: ExpressionKind::Name(Name::new_static("repr")) };
                        let call = Call { function, arguments: [value].into(), keywords: Box::default() };
                        Expression { span, kind: ExpressionKind::Call(Box::new(call)) }
                    }
                    _ => Expression { span, kind: ExpressionKind::Opaque([value].into()) },
                }
            }
        }
    }

    fn comprehension(&mut self, node: &Expr) -> ExpressionKind {
        let (kind, element, value, clauses) = match node {
            Expr::ListComp(node) => (ComprehensionKind::List, &*node.elt, None, &node.generators),
            Expr::SetComp(node) => (ComprehensionKind::Set, &*node.elt, None, &node.generators),
            Expr::Generator(node) => (ComprehensionKind::Generator, &*node.elt, None, &node.generators),
            Expr::DictComp(node) => {
                (ComprehensionKind::Dict, &*node.key, Some(&*node.value), &node.generators)
            }
            _ => return ExpressionKind::Opaque(Box::default()),
        };
        let clauses = clauses
            .iter()
            .map(|clause| Clause {
                target: self.expression(&clause.target),
                iterable: self.expression(&clause.iter),
                conditions: self.expressions(&clause.ifs),
            })
            .collect();
        let element = self.expression(element);
        let value = value.map(|value| self.expression(value));
        ExpressionKind::Comprehension(Box::new(Comprehension { kind, element, value, clauses }))
    }
}

fn comparison(operator: ast::CmpOp) -> Comparison {
    match operator {
        ast::CmpOp::Eq => Comparison::Equal,
        ast::CmpOp::NotEq => Comparison::NotEqual,
        ast::CmpOp::Lt => Comparison::Less,
        ast::CmpOp::LtE => Comparison::LessOrEqual,
        ast::CmpOp::Gt => Comparison::Greater,
        ast::CmpOp::GtE => Comparison::GreaterOrEqual,
        ast::CmpOp::Is => Comparison::Is,
        ast::CmpOp::IsNot => Comparison::IsNot,
        ast::CmpOp::In => Comparison::In,
        ast::CmpOp::NotIn => Comparison::NotIn,
    }
}
