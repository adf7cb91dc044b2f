//! Fixes as code actions.

use std::collections::HashMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tower_lsp_server::ls_types as lsp;

use super::convert::{diagnostic, place, range_in, span, uri};
use super::event::{Mending, Name, Task};

/// All safe fixes of a file at once.
const FIX_ALL: &str = "source.fixAll.speclens";

/// What we do.
pub(super) fn options(resolves: bool) -> lsp::CodeActionOptions {
    lsp::CodeActionOptions {
        code_action_kinds: Some(vec![lsp::CodeActionKind::QUICKFIX, lsp::CodeActionKind::new(FIX_ALL)]),
        resolve_provider: Some(resolves),
        ..lsp::CodeActionOptions::default()
    }
}

/// Whether the client asks for the edit of an action when it wants it.
pub(super) fn resolves(documents: &lsp::TextDocumentClientCapabilities) -> bool {
    let actions = documents.code_action.as_ref();
    let resolves = actions.and_then(|actions| actions.resolve_support.as_ref());
    actions.and_then(|actions| actions.data_support) == Some(true)
        && resolves.is_some_and(|support| support.properties.iter().any(|property| property == "edit"))
}

/// What finds an action again, when the client wants its edit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Promise {
    pub uri: lsp::Uri,
    /// Of the finding that it mends; none where it mends all.
    range: Option<lsp::Range>,
    rule: Option<String>,
}

impl Promise {
    pub(super) fn of(action: &lsp::CodeAction) -> Option<Self> {
        serde_json::from_value(action.data.clone()?).ok()
    }

    /// What is to be asked again.
    pub(super) fn task(&self) -> Task {
        self.range.map_or(Task::AllFixes, |range| Task::Fixes(span(range)))
    }

    /// The edit of the action with this title, if it is still there.
    pub(super) fn keep(&self, title: &str, fixes: Vec<Mending>, of: &Name) -> Option<lsp::WorkspaceEdit> {
        let Some(wanted) = self.range else { return edit(fixes, of) };
        let fix = fixes.into_iter().find(|fix| {
            let is_rule = self.rule.as_deref() == Some(fix.of.rule);
            is_rule && fix.title == title && range_in(fix.of.span, of) == wanted
        });
        edit(vec![fix?], of)
    }
}

/// A quick fix; `None` where it edits a file that no URI names.
pub(super) fn quick_fix(
    fix: Mending,
    of: &Name,
    related: bool,
    later: bool,
) -> Option<lsp::CodeActionOrCommand> {
    let uri = lsp::Uri::from_str(&of.uri).ok()?;
    let promise = Promise { uri, range: Some(range_in(fix.of.span, of)), rule: Some(fix.of.rule.to_owned()) };
    let mut action = lsp::CodeAction {
        title: fix.title.clone(),
        kind: Some(lsp::CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(&fix.of, of, related)]),
        is_preferred: fix.safe.then_some(true),
        ..lsp::CodeAction::default()
    };
    let edit = edit(vec![fix], of)?;
    promise_or_give(&mut action, promise, edit, later);
    Some(action.into())
}

/// All fixes as one action, where there are any.
pub(super) fn fix_all(fixes: Vec<Mending>, of: &Name, later: bool) -> Option<lsp::CodeActionOrCommand> {
    if fixes.is_empty() {
        return None;
    }
    let mut action = lsp::CodeAction {
        title: "Apply all safe fixes of Speclens".into(),
        kind: Some(lsp::CodeActionKind::new(FIX_ALL)),
        ..lsp::CodeAction::default()
    };
    let promise = Promise { uri: lsp::Uri::from_str(&of.uri).ok()?, range: None, rule: None };
    let edit = edit(fixes, of)?;
    promise_or_give(&mut action, promise, edit, later);
    Some(action.into())
}

fn promise_or_give(action: &mut lsp::CodeAction, promise: Promise, edit: lsp::WorkspaceEdit, later: bool) {
    if later {
        action.data = serde_json::to_value(promise).ok();
    } else {
        action.edit = Some(edit);
    }
}

fn edit(fixes: Vec<Mending>, of: &Name) -> Option<lsp::WorkspaceEdit> {
    let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
    let mut creates = Vec::new();
    for fix in fixes {
        for (file, span, text) in fix.edits {
            let (uri, range) = place(&file, span, of)?;
            changes.entry(uri).or_default().push(lsp::TextEdit::new(range, text));
        }
        creates.extend(fix.creates);
    }
    let mut edit = lsp::WorkspaceEdit::default();
    // The older form, which every client knows, cannot make files.
    if creates.is_empty() {
        edit.changes = Some(changes);
    } else {
        let created = creates.iter().map(|file| Some(create(uri(file, of)?)));
        let created: Option<Vec<_>> = created.collect();
        let edited = changes.into_iter().map(|(uri, edits)| {
            let document = lsp::OptionalVersionedTextDocumentIdentifier { uri, version: None };
            let edits = edits.into_iter().map(lsp::OneOf::Left).collect();
            lsp::DocumentChangeOperation::Edit(lsp::TextDocumentEdit { text_document: document, edits })
        });
        let operations = created?.into_iter().chain(edited).collect();
        edit.document_changes = Some(lsp::DocumentChanges::Operations(operations));
    }
    Some(edit)
}

/// A new file; one that came to be in the meantime is not overwritten.
fn create(uri: lsp::Uri) -> lsp::DocumentChangeOperation {
    let options = lsp::CreateFileOptions { overwrite: None, ignore_if_exists: Some(true) };
    let create = lsp::CreateFile { uri, options: Some(options), annotation_id: None };
    lsp::DocumentChangeOperation::Op(lsp::ResourceOp::Create(create))
}

/// Whether quick fixes are among the kinds wanted: `quickfix`, or what it is a kind of.
pub(super) fn wants_fixes(context: &lsp::CodeActionContext) -> bool {
    let wanted = |kind: &lsp::CodeActionKind| matches!(kind.as_str(), "" | "quickfix");
    context.only.as_ref().is_none_or(|only| only.iter().any(wanted))
}

/// Whether all fixes at once are wanted, which is only where they are asked for by name.
pub(super) fn wants_all(context: &lsp::CodeActionContext) -> bool {
    let wanted = |kind: &lsp::CodeActionKind| {
        let rest = FIX_ALL.strip_prefix(kind.as_str());
        !kind.as_str().is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    context.only.as_ref().is_some_and(|only| only.iter().any(wanted))
}
