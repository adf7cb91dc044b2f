//! What hovering shows: a prediction, where there is more to say than the user's main server says.

use std::fmt::Write as _;
use std::path::Path;

use speclens_environment::{Project, environment};
use speclens_files::{Db, Entry};
use speclens_imports::finders::Verdict;
use speclens_imports::machine::{ModuleView, Observation, ObservationKind, Raised, Seen, SpecState};
use speclens_source::{Span, module_facts};

use crate::check::check_file;
use crate::finding::{Finding, Place, Related};
use crate::observe::observe;
use crate::resolver::Resolver;
use crate::verdicts::change_lines;

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
    if let Some(view) = observation.kind.module() {
        kind(view, &mut markdown);
        losers(db, project, view, &mut markdown);
    }
    if let Some(finding) = finding {
        reasons(db, path, &finding.related, &mut markdown);
        for help in &finding.help {
            let _ = write!(markdown, "\n\n*Helps:* {help}");
        }
    } else {
        let evidence = crate::verdicts::evidence_of(db, project, path, observed, observation);
        reasons(db, path, &evidence, &mut markdown);
    }
    hooks(db, path, observation, &mut markdown);
    certainty(db, project, observation, &mut markdown);
    let place = Place { file: path.clone(), start: span.start, end: span.end };
    Some(Hover { place, markdown })
}

/// The part of an observed expression that is pointed at: of `a.b.__spec__`, the attribute.
pub(crate) fn target(observation: &Observation) -> Span {
    let Span { start, end } = observation.span;
    let length = match &observation.kind {
        ObservationKind::ModuleAttribute { attribute, .. }
        | ObservationKind::SpecAttribute { attribute, .. } => u32::try_from(attribute.len()).unwrap_or(0),
        ObservationKind::Import { .. }
        | ObservationKind::FindSpec { .. }
        | ObservationKind::Call { .. }
        | ObservationKind::Walk { .. }
        | ObservationKind::LibraryCall { .. }
        | ObservationKind::Hook(_) => end - start,
    };
    Span { start: end.saturating_sub(length).max(start), end }
}

/// The headline: what the read or the import gives, in one short line.
fn prediction(observation: &Observation, finding: Option<&Finding>) -> Option<String> {
    let hedge = if observation.certain { "" } else { "possibly " };
    match &observation.kind {
        ObservationKind::Import { module, raised, view } => match (raised, view) {
            (Some(raised), _) => finding.map(|_| raises(&format!("import {module}"), raised, hedge)),
            (None, Some(view)) => noteworthy(view).then(|| import_text(view)),
            (None, None) => None,
        },
        ObservationKind::FindSpec { name, raised, found, module } => {
            let call = format!("find_spec(\"{name}\")");
            Some(match (raised, module) {
                (Some(raised), _) => raises(&call, raised, hedge),
                (None, _) if !found => {
                    format!("`{call}` {hedge}gives `None`: nothing is found under this name")
                }
                (None, Some(module)) => {
                    let name = module.spec_name.as_ref().unwrap_or(name);
                    format!("`{call}` {hedge}gives `{name}.__spec__`: it is in `sys.modules`")
                }
                (None, None) => format!("`{call}` {hedge}gives a spec: it is searched for"),
            })
        }
        ObservationKind::Hook(_) | ObservationKind::Walk { .. } | ObservationKind::LibraryCall { .. } => None,
        ObservationKind::Call { function, module, seen } => match (module, seen) {
            (Some(module), Seen::None | Seen::Raises(_)) => {
                let called = function.rsplit('.').next().unwrap_or(function);
                read(&format!("{called}({})", module.name), seen, hedge)
            }
            _ => None,
        },
        ObservationKind::ModuleAttribute { module, attribute, seen, .. } => {
            read(&format!("{}.{attribute}", module.name), seen, hedge)
        }
        ObservationKind::SpecAttribute { module, attribute, seen, .. } => {
            read(&format!("{}.__spec__.{attribute}", module.name), seen, hedge)
        }
    }
}

fn raises(what: &str, raised: &Raised, hedge: &str) -> String {
    format!("`{what}` {hedge}raises `{}`", raised.headline())
}

fn read(what: &str, seen: &Seen, hedge: &str) -> Option<String> {
    Some(match seen {
        Seen::None => format!("`{what}` is {hedge}`None`"),
        // What is long stands below, as Python would print it.
        Seen::Known(value) if what.len() + value.len() > WIDTH => {
            format!("`{what}` is {hedge}\n\n```python\n{}\n```", wrapped(value))
        }
        Seen::Known(value) => format!("`{what}` is {hedge}`{value}`"),
        Seen::Raises(raised) => raises(what, raised, hedge),
        Seen::Unknown => return None,
    })
}

/// A line is not longer than this, where it can be broken. Characters.
const WIDTH: usize = 72;

/// The arguments of a long `repr`, each on a line.
fn wrapped(value: &str) -> String {
    value
        .replace(", loader=", ",\n    loader=")
        .replace(", origin=", ",\n    origin=")
        .replace(", submodule_search_locations=", ",\n    submodule_search_locations=")
}

/// Whether the import of the module gives something else than a regular module from its own file.
pub(crate) fn noteworthy(view: &ModuleView) -> bool {
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
        return format!("`{name}` is a namespace package: {spec}, its `__file__` is `None`");
    }
    match view.class.as_str() {
        "module" => format!("`{name}` is put into `sys.modules` by code: {spec}"),
        class => format!("`{name}` is a `{class}` object that stands in for the module: {spec}"),
    }
}

/// What kind of module it is, and where it lies.
fn kind(view: &ModuleView, markdown: &mut String) {
    let name = &view.name;
    let is_put = !view.evidence.is_empty();
    match (view.path.as_slice(), &view.file) {
        _ if view.is_main => {
            let _ = write!(markdown, "\n\n`{name}` is the file that is run");
        }
        ([], _) if view.is_namespace => {
            let _ = write!(markdown, "\n\n`{name}` is a namespace package");
        }
        (portions, _) if view.is_namespace => {
            let what = if portions.len() == 1 {
                "one portion".to_owned()
            } else {
                format!("{} portions", portions.len())
            };
            let _ = write!(markdown, "\n\n`{name}` is a namespace package of {what}:");
            for portion in portions {
                let _ = write!(markdown, "\n- `{portion}`");
            }
        }
        (_, Some(file)) => {
            let path = Path::new(&**file);
            let what = match path.extension().and_then(|extension| extension.to_str()) {
                Some("so" | "pyd") => "an extension module",
                _ if path.file_stem().is_some_and(|stem| stem == "__init__") => "a regular package",
                _ => "a module",
            };
            let put = if is_put { ", which code has put or changed" } else { "" };
            let _ = write!(markdown, "\n\n`{name}` is {what}{put}:\n- `{file}`");
        }
        (_, None) if is_put => {
            let _ = write!(markdown, "\n\n`{name}` is a `{}` object without a file", view.class);
        }
        (_, None) => {}
    }
}

/// What was passed over on the search path, and why.
fn losers(db: &dyn Db, project: Project, view: &ModuleView, markdown: &mut String) {
    if view.is_main {
        return;
    }
    let resolver = Resolver::new(db, project);
    let resolved = resolver.resolve(&view.name);
    let lost = resolver.candidates(&view.name, &resolved).into_iter().filter_map(|candidate| {
        let why = match candidate.verdict {
            Verdict::Chosen | Verdict::Portion => return None,
            Verdict::Later => "another is found before it",
            Verdict::PortionNotUsed => "a module or a package with `__init__` is found elsewhere",
            Verdict::SameEntry => "another file in the same directory goes first",
            Verdict::WrongTag => "it is built for another interpreter",
            Verdict::NotADirectory => "it is no directory",
            Verdict::NotAFile => "it is no file",
            Verdict::BrokenLink => "the link leads nowhere",
            Verdict::OtherCase => "its name has other case",
            Verdict::Unreadable => "it cannot be read",
        };
        Some((candidate.path, why))
    });
    for (index, (path, why)) in lost.take(SHOWN_LOSERS).enumerate() {
        let before = if index == 0 { "\n\nPassed over:" } else { "" };
        let _ = write!(markdown, "{before}\n- `{}`: {why}", path.display());
    }
}

/// So many candidates that lost are shown.
const SHOWN_LOSERS: usize = 5;

/// The import hooks that are in force where the code reads, and the search path's changes.
fn hooks(db: &dyn Db, own: &Path, observation: &Observation, markdown: &mut String) {
    let lines = change_lines(&observation.changes);
    if !lines.is_empty() {
        markdown.push_str("\n\nBefore this line:");
        let shown = lines.len().saturating_sub(SHOWN_CHANGES);
        reasons(db, own, &lines[shown..], markdown);
    }
}

/// So many of the changes of finders, hooks and the search path are shown, the last ones.
const SHOWN_CHANGES: usize = 4;

/// How sure the prediction is, and for which Python.
fn certainty(db: &dyn Db, project: Project, observation: &Observation, markdown: &mut String) {
    let version = environment(db, project).interpreter.version;
    let sure = if observation.certain && !observation.uncalled {
        "Certain"
    } else if observation.certain {
        "Certain, if no caller changes what is imported before"
    } else {
        "Possible: it depends on what cannot be decided without running the code"
    };
    let _ = write!(markdown, "\n\n*{sure}. CPython {version}*");
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
