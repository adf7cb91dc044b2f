//! Circles of imports: a module that is read before its own code has run to its end.

use speclens_source::Span;
use speclens_source::program::{Expression, ExpressionKind, Statement, StatementKind};

use super::exception::Raised;
use super::value::{ObjectId, Value};
use super::{Frame, Machine};

impl Machine<'_> {
    /// Whether the module's own code runs now (`_initializing` of its spec).
    pub(super) fn is_initializing(&self, module: &Value) -> bool {
        module.as_object().is_some_and(|id| self.module_frame(id).is_some())
    }

    fn module_frame(&self, module: ObjectId) -> Option<&Frame> {
        let is_own = |frame: &&Frame| frame.module == module && !frame.is_function();
        self.frames.iter().find(is_own).filter(|frame| frame.called_from.is_none())
    }

    /// The exception for a name that a module does not have yet. It is believed where the module's own text binds the name, and
    /// all that does stands behind the statement that runs.
    pub(super) fn not_yet_bound(&self, module: ObjectId, name: &str) -> Option<Box<Raised>> {
        let frame = self.module_frame(module)?;
        let facts = self.world.facts(&frame.file)?;
        let mut first = None;
        note_first_binding(&facts.program, name, &mut first);
        if first? <= frame.current.start {
            return None;
        }
        let shown = self.text_attribute(module, "__name__")?;
        let of_file = self.text_attribute(module, "__file__").filter(|_| self.version().at_least(13));
        let from = of_file.map(|file| format!(" from '{file}'")).unwrap_or_default();
        let message = if self.version().at_least(8) {
            format!(
                "partially initialized module '{shown}'{from} has no attribute '{name}' (most likely due to a circular \
                 import)"
            )
        } else {
            format!("module '{shown}' has no attribute '{name}'")
        };
        Some(Raised::of("builtins.AttributeError", message))
    }
}

/// The first place in a module's text where a statement outside of functions and classes may bind the name.
fn note_first_binding(block: &[Statement], name: &str, first: &mut Option<u32>) {
    let mut note = |span: Span| *first = Some(first.map_or(span.start, |known| known.min(span.start)));
    for statement in block {
        let span = statement.span;
        let is_bound = match &statement.kind {
            StatementKind::Import { names, .. } => names.iter().any(|alias| {
                let bound = alias.asname.as_deref().or_else(|| alias.name.split('.').next());
                bound == Some(name)
            }),
            StatementKind::ImportFrom { names, .. } => names
                .iter()
                .any(|alias| alias.name == "*" || alias.asname.as_ref().unwrap_or(&alias.name) == name),
            StatementKind::Assign { targets, .. } => targets.iter().any(|target| binds(target, name)),
            StatementKind::AugmentedAssign(assign) => binds(&assign.target, name),
            StatementKind::Function { function, .. } => function.name == name,
            StatementKind::Class { class, .. } => class.name == name,
            StatementKind::For(turns) => binds(&turns.target, name),
            StatementKind::With(with) => {
                with.items.iter().filter_map(|(_, target)| target.as_ref()).any(|target| binds(target, name))
            }
            _ => false,
        };
        if is_bound {
            note(span);
        }
    }
    for statement in block {
        for inner in inner_blocks(statement) {
            note_first_binding(inner, name, first);
        }
    }
}

fn binds(target: &Expression, name: &str) -> bool {
    match &target.kind {
        ExpressionKind::Name(bound) => bound == name,
        ExpressionKind::Tuple(targets) | ExpressionKind::List(targets) => {
            targets.iter().any(|target| binds(target, name))
        }
        ExpressionKind::Starred(target) => binds(target, name),
        _ => false,
    }
}

/// The blocks of a statement that run in the same scope.
fn inner_blocks(statement: &Statement) -> Vec<&[Statement]> {
    match &statement.kind {
        StatementKind::If(branches) | StatementKind::While(branches) => {
            vec![&branches.body, &branches.orelse]
        }
        StatementKind::For(turns) => vec![&turns.body, &turns.orelse],
        StatementKind::With(with) => vec![&with.body],
        StatementKind::Match { cases, .. } => cases.iter().map(|case| &case.body[..]).collect(),
        StatementKind::Try { body, handlers, orelse, finally } => {
            let own: [&[Statement]; 3] = [body, orelse, finally];
            own.into_iter().chain(handlers.iter().map(|handler| &handler.body[..])).collect()
        }
        _ => Vec::new(),
    }
}
