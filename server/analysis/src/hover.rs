//! What hovering shows: a prediction, where there is more to say than the user's main server says.

use std::fmt::Write as _;
use std::path::Path;

use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_imports::machine::{ModuleView, Observation, ObservationKind, Raised, Seen, SpecState};
use speclens_source::{Span, module_facts};

use crate::check::check_file;
use crate::finding::{Finding, Place, Related};
use crate::observe::observe;

/// The text of a hover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// What the hover is about.
    pub place: Place,
    /// The prediction, as Markdown.
    pub markdown: String,
}

/// The prediction for what stands at a byte offset; `None` where there is nothing to add to the user's main server.
pub fn hover(db: &dyn Db, project: Project, file: Entry, offset: u32) -> Option<Hover> {
    let observed = observe(db, project, file).as_ref()?;
    let path = file.path(db);
    // Of nested expressions the innermost is meant; of several looks at one, the last.
    let observation = observed
        .observations
        .iter()
        .filter(|observation| target(observation).touches(offset))
        .min_by_key(|observation| observation.span.end - observation.span.start)?;
    let span = observation.span;
    let report = check_file(db, project, file);
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.place.start <= span.start && span.end <= finding.place.end);
    let mut markdown = prediction(observation, finding)?;
    if let Some(finding) = finding {
        reasons(db, path, &finding.related, &mut markdown);
        for help in &finding.help {
            let _ = write!(markdown, "\n\n*Helps:* {help}");
        }
    } else {
        let evidence = crate::verdicts::evidence_of(db, project, path, observed, observation);
        reasons(db, path, &evidence, &mut markdown);
    }
    let place = Place { file: path.clone(), start: span.start, end: span.end };
    Some(Hover { place, markdown })
}

/// The part of an observed expression that is pointed at: of `a.b.__spec__`, the attribute.
fn target(observation: &Observation) -> Span {
    let Span { start, end } = observation.span;
    let length = match &observation.kind {
        ObservationKind::ModuleAttribute { attribute, .. }
        | ObservationKind::SpecAttribute { attribute, .. } => u32::try_from(attribute.len()).unwrap_or(0),
        ObservationKind::Import { .. }
        | ObservationKind::FindSpec { .. }
        | ObservationKind::Call { .. }
        | ObservationKind::Walk { .. }
        | ObservationKind::Hook(_) => end - start,
    };
    Span { start: end.saturating_sub(length).max(start), end }
}

/// The headline: what the read or the import gives.
fn prediction(observation: &Observation, finding: Option<&Finding>) -> Option<String> {
    let hedge = if observation.certain { "" } else { "possibly " };
    match &observation.kind {
        ObservationKind::Import { module, raised, view } => match (raised, view) {
            (Some(raised), _) => finding.map(|_| raises(&format!("import {module}"), raised, hedge)),
            (None, Some(view)) => noteworthy(view).then(|| import_text(view)),
            (None, None) => None,
        },
        ObservationKind::FindSpec { name, raised, found, .. } => Some(match raised {
            Some(raised) => raises(&format!("find_spec(\"{name}\")"), raised, hedge),
            None if *found => return None,
            None => format!("`find_spec(\"{name}\")` {hedge}gives `None`: nothing is found under this name"),
        }),
        ObservationKind::Hook(_) | ObservationKind::Walk { .. } => None,
        ObservationKind::Call { function, module, seen } => match (module, seen) {
            (Some(module), Seen::None | Seen::Raises(_)) => {
                let called = function.rsplit('.').next().unwrap_or(function);
                read(&format!("{called}({})", module.name), seen, hedge).map(|text| text + &kind_text(module))
            }
            _ => None,
        },
        ObservationKind::ModuleAttribute { module, attribute, seen, .. } => {
            read(&format!("{}.{attribute}", module.name), seen, hedge).map(|text| text + &kind_text(module))
        }
        ObservationKind::SpecAttribute { module, attribute, seen, .. } => {
            let read = read(&format!("{}.__spec__.{attribute}", module.name), seen, hedge);
            read.map(|text| text + &kind_text(module))
        }
    }
}

fn raises(what: &str, raised: &Raised, hedge: &str) -> String {
    format!("`{what}` {hedge}raises `{}`", raised.headline())
}

fn read(what: &str, seen: &Seen, hedge: &str) -> Option<String> {
    Some(match seen {
        Seen::None => format!("`{what}` is {hedge}`None`"),
        Seen::Known(value) => format!("`{what}` is {hedge}`{value}`"),
        Seen::Raises(raised) => raises(what, raised, hedge),
        Seen::Unknown => return None,
    })
}

/// Whether the import of the module gives something else than a regular module from its own file.
fn noteworthy(view: &ModuleView) -> bool {
    view.is_namespace
        || view.spec != SpecState::Present && view.spec != SpecState::Unknown
        || !view.evidence.is_empty()
}

fn import_text(view: &ModuleView) -> String {
    let name = &view.name;
    let spec = match view.spec {
        SpecState::None => "its `__spec__` is `None`",
        SpecState::Missing => "it has no `__spec__`",
        SpecState::Present => "it has its `__spec__`",
        SpecState::Unknown => "its `__spec__` is not known",
    };
    if view.is_namespace {
        let mut text = format!("`{name}` is a namespace package: {spec}, its `__file__` is `None`");
        portions(view, &mut text);
        return text;
    }
    match view.class.as_str() {
        "module" => format!("`{name}` is put into `sys.modules` by code: {spec}"),
        class => format!("`{name}` is a `{class}` object that stands in for the module: {spec}"),
    }
}

fn kind_text(view: &ModuleView) -> String {
    if !view.is_namespace {
        return String::new();
    }
    let mut text = format!("\n\n`{}` is a namespace package", view.name);
    portions(view, &mut text);
    text
}

fn portions(view: &ModuleView, text: &mut String) {
    for portion in &view.path {
        let _ = write!(text, "\n- `{portion}`");
    }
}

/// The lines that decided it, as links.
fn reasons(db: &dyn Db, own: &Path, related: &[Related], markdown: &mut String) {
    for (index, reason) in related.iter().enumerate() {
        let place = &reason.place;
        let line =
            module_facts(db, db.entry(&place.file)).as_ref().map_or(1, |facts| facts.line(place.start));
        let name = if place.file == own {
            "line".to_owned()
        } else {
            place.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let name = if name == "__init__.py" {
            let package = place.file.parent().and_then(Path::file_name);
            package.map_or(name, |package| format!("{}/__init__.py", package.to_string_lossy()))
        } else {
            name
        };
        let shown = if name == "line" { format!("line {line}") } else { format!("{name}:{line}") };
        let before = if index == 0 { "\n\n" } else { "\n" };
        let uri = uri(&place.file, line);
        let _ = write!(markdown, "{before}{}. [{shown}]({uri}) {}", index + 1, reason.message);
    }
}

/// A `file:` URI with the line as its fragment, as editors follow it in Markdown.
fn uri(path: &Path, line: u32) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                uri.push(byte as char);
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    let _ = write!(uri, "#L{line}");
    uri
}
