//! Between the protocol's types and ours.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use speclens_analysis::{Certainty, Severity};
use speclens_source::{Encoding, Position};
use tower_lsp_server::ls_types as lsp;

use super::actions;
use super::event::{Because, Cell, Change, Client, Diagnosis, Name, NotebookChange, Places, Shown, Span};
use super::settings;

/// The files whose change may change what an import does.
const WATCHED: [&str; 4] =
    ["**/*.{py,pth,so,pyd,zip,egg-link}", "**/pyvenv.cfg", "**/{pyproject,speclens}.toml", "**/*.dist-info"];

/// The commands: what the command line says of a module, and of the environment.
pub(super) const EXPLAIN: &str = "speclens.explain";
pub(super) const ENVIRONMENT: &str = "speclens.environment";
/// The user chooses an interpreter.
pub(super) const SELECT: &str = "speclens.selectInterpreter";

/// The file that a URI names; `None` for what is no file, such as a document that was never saved.
pub(super) fn name(uri: &lsp::Uri) -> Option<Name> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        tracing::debug!(uri = uri.as_str(), "no file");
        return None;
    }
    let path = uri.to_file_path()?.into_owned();
    path.is_absolute().then(|| Name { uri: uri.as_str().into(), path, cells: None })
}

/// The name of a file that the client has not named.
pub(super) fn name_of(path: &Path) -> Option<Name> {
    let uri = if path.is_absolute() { lsp::Uri::from_file_path(path)? } else { return None };
    Some(Name { uri: uri.as_str().into(), path: path.to_path_buf(), cells: None })
}

/// What a request is about: a file, or perhaps a cell, which the owner knows.
pub(super) fn document(uri: &lsp::Uri) -> Name {
    name(uri).unwrap_or_else(|| Name { uri: uri.as_str().into(), path: PathBuf::new(), cells: None })
}

/// The client's `initialize`, as far as we act on it.
pub(super) fn client(params: lsp::InitializeParams) -> Client {
    let capabilities = &params.capabilities;
    let workspace = capabilities.workspace.as_ref();
    let documents = capabilities.text_document.as_ref();
    let pull = documents.and_then(|documents| documents.diagnostic.as_ref());
    let push = documents.and_then(|documents| documents.publish_diagnostics.as_ref());
    let watching = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
    let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
    let telling = workspace.and_then(|workspace| workspace.did_change_configuration.as_ref());
    let refreshing = workspace.and_then(|workspace| workspace.diagnostics.as_ref());
    let refreshes = refreshing.and_then(|refreshing| refreshing.refresh_support) == Some(true);
    Client {
        encoding: encoding(capabilities),
        process: params.process_id,
        // One that pulls after edits only (Neovim 0.10 and 0.11) would not hear of what is installed.
        pulls: pull.is_some() && refreshes,
        refreshes,
        watches: watching.and_then(|watching| watching.dynamic_registration) == Some(true),
        related: push.and_then(|push| push.related_information) == Some(true)
            || pull.and_then(|pull| pull.related_information) == Some(true),
        describes: push.and_then(|push| push.code_description_support) == Some(true),
        folders: folders(&params),
        creates: edits.is_some_and(creates),
        configures: workspace.and_then(|workspace| workspace.configuration) == Some(true),
        tells_settings: telling.and_then(|telling| telling.dynamic_registration) == Some(true),
        resolves: documents.is_some_and(actions::resolves),
        links: documents.and_then(|documents| documents.definition?.link_support) == Some(true),
        progress: capabilities.window.as_ref().and_then(|window| window.work_done_progress) == Some(true),
        whole_workspace: params.initialization_options.as_ref().is_some_and(settings::whole_workspace),
        traces: params.trace.is_some_and(|trace| trace != lsp::TraceValue::Off),
        notebooks: capabilities.notebook_document.is_some(),
        hints: params.initialization_options.as_ref().is_some_and(settings::hints),
        settings: params.initialization_options.map(settings::of_json).unwrap_or_default(),
    }
}

/// Whether an edit of the workspace can make a file.
fn creates(edits: &lsp::WorkspaceEditClientCapabilities) -> bool {
    let operations = edits.resource_operations.as_ref();
    edits.document_changes == Some(true)
        && operations.is_some_and(|known| known.contains(&lsp::ResourceOperationKind::Create))
}

#[expect(deprecated, reason = "clients older than workspace folders send a root")]
fn folders(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    if let Some(folders) = &params.workspace_folders {
        return folder_paths(folders);
    }
    let root = params.root_uri.as_ref().and_then(name).map(|name| name.path);
    let root = root.or_else(|| params.root_path.as_ref().map(PathBuf::from));
    root.into_iter().filter(|root| root.is_absolute()).collect()
}

pub(super) fn folder_paths(folders: &[lsp::WorkspaceFolder]) -> Vec<PathBuf> {
    folders.iter().filter_map(|folder| name(&folder.uri)).map(|name| name.path).collect()
}

/// UTF-8 is ours, UTF-32 as cheap for the client as any, UTF-16 what every client has.
fn encoding(capabilities: &lsp::ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let offers = |kind| offered.is_some_and(|offered| offered.contains(&kind));
    if offers(lsp::PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if offers(lsp::PositionEncodingKind::UTF32) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// Our answer to `initialize`.
pub(super) fn server(client: &Client) -> lsp::InitializeResult {
    let encoding = match client.encoding {
        Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
        Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
    };
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
        save: Some(true.into()),
        ..lsp::TextDocumentSyncOptions::default()
    };
    let folders = lsp::WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(lsp::OneOf::Left(true)),
    };
    let pull = client.pulls.then(|| {
        lsp::DiagnosticServerCapabilities::Options(lsp::DiagnosticOptions {
            identifier: Some("speclens".into()),
            inter_file_dependencies: true,
            workspace_diagnostics: client.whole_workspace,
            ..lsp::DiagnosticOptions::default()
        })
    });
    lsp::InitializeResult {
        capabilities: lsp::ServerCapabilities {
            position_encoding: Some(encoding),
            text_document_sync: Some(sync.into()),
            hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
            definition_provider: Some(lsp::OneOf::Left(true)),
            declaration_provider: Some(lsp::DeclarationCapability::Simple(true)),
            document_link_provider: Some(lsp::DocumentLinkOptions {
                resolve_provider: Some(false),
                work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
            }),
            inlay_hint_provider: client.hints.then_some(lsp::OneOf::Left(true)),
            execute_command_provider: Some(lsp::ExecuteCommandOptions {
                commands: [EXPLAIN, ENVIRONMENT, SELECT].map(str::to_owned).into(),
                ..lsp::ExecuteCommandOptions::default()
            }),
            code_action_provider: Some(actions::options(client.resolves).into()),
            diagnostic_provider: pull,
            notebook_document_sync: client.notebooks.then(|| lsp::OneOf::Left(notebooks())),
            workspace: Some(lsp::WorkspaceServerCapabilities {
                workspace_folders: Some(folders),
                file_operations: None,
            }),
            ..lsp::ServerCapabilities::default()
        },
        server_info: Some(lsp::ServerInfo {
            name: "speclens".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        }),
        offset_encoding: None,
    }
}

/// The request to watch the files that we depend on.
pub(super) fn watch() -> Vec<lsp::Registration> {
    let watchers = WATCHED.map(|glob| serde_json::json!({ "globPattern": glob }));
    vec![lsp::Registration {
        id: "speclens/files".into(),
        method: "workspace/didChangeWatchedFiles".into(),
        register_options: Some(serde_json::json!({ "watchers": watchers })),
    }]
}

/// That the client is to tell when its settings change.
pub(super) fn follow_settings() -> Vec<lsp::Registration> {
    vec![lsp::Registration {
        id: "speclens-settings".into(),
        method: "workspace/didChangeConfiguration".into(),
        register_options: Some(serde_json::json!({ "section": "speclens" })),
    }]
}

/// Our section of the client's settings: those of all, and those of each of these folders.
pub(super) fn our_settings(folders: &[PathBuf]) -> Vec<lsp::ConfigurationItem> {
    let scopes = folders.iter().map(lsp::Uri::from_file_path);
    let item = |scope_uri| lsp::ConfigurationItem { scope_uri, section: Some("speclens".into()) };
    std::iter::once(None).chain(scopes).map(item).collect()
}

pub(super) fn change(change: lsp::TextDocumentContentChangeEvent) -> Change {
    Change { span: change.range.map(span), text: change.text }
}

/// The cells of a notebook. What is no Python has no text here.
pub(super) fn cells(cells: Vec<lsp::NotebookCell>, texts: Vec<lsp::TextDocumentItem>) -> Vec<Cell> {
    let mut texts: HashMap<String, lsp::TextDocumentItem> =
        texts.into_iter().map(|text| (text.uri.as_str().to_owned(), text)).collect();
    let cells = cells.into_iter().map(|cell| {
        let text = texts.remove(cell.document.as_str());
        let is_code = cell.kind == lsp::NotebookCellKind::CODE;
        Cell {
            uri: cell.document.as_str().into(),
            is_python: is_code && text.as_ref().is_some_and(|text| text.language_id == "python"),
            is_told: text.is_some(),
            version: text.as_ref().map_or(0, |text| text.version),
            text: text.map(|text| text.text).unwrap_or_default().into(),
        }
    });
    cells.collect()
}

pub(super) fn notebook_change(change: lsp::NotebookDocumentChangeEvent) -> NotebookChange {
    let change = change.cells.unwrap_or(lsp::NotebookDocumentCellChange {
        structure: None,
        data: None,
        text_content: None,
    });
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let edits = change.text_content.into_iter().flatten().map(|of_cell| {
        let changes = of_cell.changes.into_iter().map(self::change).collect();
        (of_cell.document.uri.as_str().into(), of_cell.document.version, changes)
    });
    let edits = edits.collect();
    let Some(structure) = change.structure else {
        return NotebookChange { splice: None, added: Vec::new(), edits };
    };
    let lsp::NotebookCellArrayChange { start, delete_count, cells } = structure.array;
    NotebookChange {
        splice: Some((number(start), number(delete_count))),
        added: self::cells(cells.unwrap_or_default(), structure.did_open.unwrap_or_default()),
        edits,
    }
}

/// Which notebooks and which of their cells the client is to tell of.
fn notebooks() -> lsp::NotebookDocumentSyncOptions {
    lsp::NotebookDocumentSyncOptions {
        notebook_selector: vec![lsp::NotebookSelector::ByCells {
            notebook: None,
            cells: vec![lsp::NotebookCellSelector { language: "python".into() }],
        }],
        save: Some(true),
    }
}

pub(super) fn position(position: lsp::Position) -> Position {
    Position { line: position.line, column: position.character }
}

pub(super) fn span(range: lsp::Range) -> Span {
    Span { start: position(range.start), end: position(range.end) }
}

pub(super) fn range(span: Span) -> lsp::Range {
    let position = |position: Position| lsp::Position::new(position.line, position.column);
    lsp::Range::new(position(span.start), position(span.end))
}

/// Where something is: in a cell, or in a file as the client spells it where it is at hand.
pub(super) fn place(path: &Path, span: Span, of: &Name) -> Option<(lsp::Uri, lsp::Range)> {
    let cell = of.cells.as_ref().filter(|_| path == of.path);
    let Some((_, cell, first)) = cell.and_then(|cells| cells.cell(span.start.line)) else {
        return Some((uri(path, of)?, range(span)));
    };
    Some((lsp::Uri::from_str(cell).ok()?, above(first, span)))
}

/// The range in a cell with this first line.
fn above(first: u32, span: Span) -> lsp::Range {
    let mut range = range(span);
    range.start.line = range.start.line.saturating_sub(first);
    range.end.line = range.end.line.saturating_sub(first);
    range
}

/// The range as the client counts it, in the file or the cell at hand.
pub(super) fn range_in(span: Span, of: &Name) -> lsp::Range {
    above(of.cells.as_ref().and_then(|cells| cells.first_line(&of.uri)).unwrap_or(0), span)
}

/// The URI of a file: the client's own spelling of the file at hand.
pub(super) fn uri(path: &Path, of: &Name) -> Option<lsp::Uri> {
    if path == of.path {
        return lsp::Uri::from_str(&of.uri).ok();
    }
    // The library would look a relative path up on the disk.
    if path.is_absolute() { lsp::Uri::from_file_path(path) } else { None }
}

pub(super) fn hover(shown: Shown, of: &Name) -> lsp::Hover {
    let contents = lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: shown.markdown };
    lsp::Hover {
        contents: lsp::HoverContents::Markup(contents),
        range: shown.span.map(|span| range_in(span, of)),
    }
}

/// A definition. Who can is told what it is the definition of.
pub(super) fn places(places: Places, of: &Name, links: bool) -> lsp::GotoDefinitionResponse {
    let origin = range_in(places.span, of);
    let targets = places.targets.into_iter().filter_map(|(file, span)| place(&file, span, of));
    if links {
        let links = targets.map(|(target_uri, range)| lsp::LocationLink {
            origin_selection_range: Some(origin),
            target_uri,
            target_range: range,
            target_selection_range: range,
        });
        lsp::GotoDefinitionResponse::Link(links.collect())
    } else {
        let locations = targets.map(|(uri, range)| lsp::Location::new(uri, range));
        lsp::GotoDefinitionResponse::Array(locations.collect())
    }
}

/// A part of a file that names another file.
pub(super) fn link((span, target): (Span, PathBuf)) -> Option<lsp::DocumentLink> {
    let target = Some(lsp::Uri::from_file_path(target)?);
    Some(lsp::DocumentLink { range: range(span), target, tooltip: None, data: None })
}

/// The value of a read, behind it. A long one is cut, and whole where the mouse is.
pub(super) fn hint((at, value): (Position, String), of: &Name) -> lsp::InlayHint {
    const LONGEST: usize = 40;
    let shown: String = value.chars().take(LONGEST).collect();
    let is_whole = shown.len() == value.len();
    lsp::InlayHint {
        position: range_in(Span { start: at, end: at }, of).start,
        label: lsp::InlayHintLabel::String(if is_whole {
            format!("= {shown}")
        } else {
            format!("= {shown}…")
        }),
        kind: None,
        text_edits: None,
        tooltip: (!is_whole).then_some(lsp::InlayHintTooltip::String(value)),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}

/// Diagnostics of the file or cell `of`. A client that cannot show related information reads it in the message.
pub(super) fn diagnostics(diagnoses: &[Diagnosis], of: &Name, related: bool) -> Vec<lsp::Diagnostic> {
    let here = diagnoses.iter().filter(|diagnosis| of.holds(diagnosis.span));
    here.map(|diagnosis| diagnostic(diagnosis, of, related)).collect()
}

pub(super) fn diagnostic(diagnosis: &Diagnosis, of: &Name, related: bool) -> lsp::Diagnostic {
    let mut message = diagnosis.message.clone();
    let mut elsewhere = Vec::new();
    for because in &diagnosis.related {
        if let (true, Some((uri, range))) = (related, place(&because.file, because.span, of)) {
            elsewhere.push(lsp::DiagnosticRelatedInformation {
                location: lsp::Location::new(uri, range),
                message: because.message.clone(),
            });
        } else {
            message = format!("{message}\n{}: {}", place_in_words(because, of), because.message);
        }
    }
    for help in &diagnosis.help {
        message = format!("{message}\nhelp: {help}");
    }
    let severity = match diagnosis.severity {
        Severity::Error => lsp::DiagnosticSeverity::ERROR,
        Severity::Warning => lsp::DiagnosticSeverity::WARNING,
        Severity::Information => lsp::DiagnosticSeverity::INFORMATION,
        Severity::Hint => lsp::DiagnosticSeverity::HINT,
    };
    let certainty = match diagnosis.certainty {
        Certainty::Certain => "certain",
        Certainty::Possible => "possible",
    };
    lsp::Diagnostic {
        range: range_in(diagnosis.span, of),
        severity: Some(severity),
        code: Some(lsp::NumberOrString::String(diagnosis.rule.into())),
        code_description: diagnosis.page.as_deref().and_then(description),
        source: Some("speclens".into()),
        message,
        related_information: (!elsewhere.is_empty()).then_some(elsewhere),
        // What may go is shown faded.
        tags: (diagnosis.rule == "unused-ignore").then(|| vec![lsp::DiagnosticTag::UNNECESSARY]),
        data: Some(serde_json::json!({ "certainty": certainty })),
    }
}

/// Where a rule is explained.
fn description(page: &Path) -> Option<lsp::CodeDescription> {
    Some(lsp::CodeDescription { href: lsp::Uri::from_file_path(page)? })
}

fn place_in_words(because: &Because, of: &Name) -> String {
    let (file, line) = (because.file.display(), because.span.start.line);
    let cells = of.cells.as_ref().filter(|_| because.file == of.path);
    match cells.and_then(|cells| cells.cell(line)) {
        Some((number, _, first)) => format!("cell {}, line {}", number + 1, line - first + 1),
        None => format!("{file}:{}", line + 1),
    }
}

/// What tells these findings from others.
fn result_id(diagnoses: &[Diagnosis], of: &Name) -> String {
    let mut hasher = DefaultHasher::new();
    let here = diagnoses.iter().filter(|diagnosis| of.holds(diagnosis.span));
    here.for_each(|diagnosis| diagnosis.hash(&mut hasher));
    format!("{:016x}", hasher.finish())
}

/// A file in the answer to a pull of the whole workspace.
pub(super) fn workspace_report(
    diagnoses: &[Diagnosis],
    of: &Name,
    related: bool,
    previous: Option<&str>,
) -> Option<lsp::WorkspaceDocumentDiagnosticReport> {
    let uri = lsp::Uri::from_str(&of.uri).ok()?;
    let result_id = result_id(diagnoses, of);
    Some(if previous == Some(result_id.as_str()) {
        let report = lsp::UnchangedDocumentDiagnosticReport { result_id };
        let (version, unchanged_document_diagnostic_report) = (None, report);
        lsp::WorkspaceUnchangedDocumentDiagnosticReport { uri, version, unchanged_document_diagnostic_report }
            .into()
    } else {
        let items = diagnostics(diagnoses, of, related);
        let report = lsp::FullDocumentDiagnosticReport { result_id: Some(result_id), items };
        let (version, full_document_diagnostic_report) = (None, report);
        lsp::WorkspaceFullDocumentDiagnosticReport { uri, version, full_document_diagnostic_report }.into()
    })
}

/// That there is nothing any more in a file that the client was told of.
pub(super) fn nothing_in(uri: &str) -> Option<lsp::WorkspaceDocumentDiagnosticReport> {
    let report = lsp::WorkspaceFullDocumentDiagnosticReport {
        uri: lsp::Uri::from_str(uri).ok()?,
        version: None,
        full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport::default(),
    };
    Some(report.into())
}

/// The answer to a pull: whole, or "as before" where the client has it already.
pub(super) fn report(
    diagnoses: &[Diagnosis],
    of: &Name,
    related: bool,
    previous: Option<&str>,
) -> lsp::DocumentDiagnosticReportResult {
    let result_id = result_id(diagnoses, of);
    let report = if previous == Some(result_id.as_str()) {
        lsp::DocumentDiagnosticReport::Unchanged(lsp::RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: lsp::UnchangedDocumentDiagnosticReport { result_id },
        })
    } else {
        lsp::DocumentDiagnosticReport::Full(lsp::RelatedFullDocumentDiagnosticReport {
            related_documents: None,
            full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport {
                result_id: Some(result_id),
                items: diagnostics(diagnoses, of, related),
            },
        })
    };
    report.into()
}
