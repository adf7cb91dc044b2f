//! Edits that mend a finding. None of them is safe to apply unasked: each changes what the program does.

mod statement;

use std::path::Path;

use speclens_environment::{PathOrigin, environment};
use speclens_imports::machine::{Deed, ModuleView, Observation, ObservationKind, Outcome, Raised, Seen};
use speclens_source::{Name, Span};

use super::Context;
use super::evidence::first_import;
use crate::finding::{Edit, Fix, Place};
use statement::Statement;

impl Context<'_> {
    fn edit(&self, start: usize, end: usize, text: String) -> Edit {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Edit { place: self.own_place(Span { start: offset(start), end: offset(end) }), text }
    }

    fn fix(title: String, edits: Vec<Edit>) -> Fix {
        Fix { title, edits, safe: false }
    }
}

/// What mends a read that is None: a test before its value is used.
pub(super) fn guard(context: &Context<'_>, observation: &Observation) -> Option<Fix> {
    let text = context.text()?;
    // Of `m.__spec__.name` it is `m.__spec__` that is None.
    let span = match &observation.kind {
        ObservationKind::SpecAttribute { spec_span, seen: Seen::Raises(_), .. } => *spec_span,
        _ => observation.span,
    };
    let read = context.expression(span)?;
    let statement = Statement::around(&text, span)?;
    let consequence = observation.consequence.as_ref().map(|consequence| consequence.span);
    let elsewhere = consequence.filter(|span| !statement.covers(*span));
    let (tested, statement) = match elsewhere {
        None => (read, statement),
        // The value went through a variable.
        Some(span) => {
            let (name, value) = statement.assignment()?;
            (name.to_owned(), (value == read).then(|| Statement::around(&text, span))??)
        }
    };
    let title = format!("Ask whether `{tested}` is None");
    let condition = format!("{tested} is not None");
    let edits = if statement.assignment().is_some() || statement.code.starts_with("return ") {
        let end = statement.end();
        vec![context.edit(end, end, format!(" if {condition} else None"))]
    } else {
        statement.is_expression().then_some(())?;
        let line = format!("if {condition}:\n{}    {}", statement.indent, statement.code);
        vec![context.edit(statement.start, statement.end(), line)]
    };
    Some(Context::fix(title, edits))
}

/// A `lazy import` that imports where it stands.
pub(super) fn import_at_once(context: &Context<'_>, statement: Span) -> Option<Fix> {
    let text = context.text()?;
    let code = text.get(statement.start as usize..statement.end as usize)?;
    let rest = code.strip_prefix("lazy")?.trim_start();
    let title = format!("Import at once: `{rest}`");
    let start = statement.start as usize;
    let edit = context.edit(start, start + code.len() - rest.len(), String::new());
    Some(Context::fix(title, vec![edit]))
}

/// A package that is missing its `__init__.py`: one directory, in the workspace.
pub(super) fn add_init(context: &Context<'_>, module: &ModuleView) -> Option<Fix> {
    let [only] = module.path.as_slice() else { return None };
    let directory = Path::new(&**only);
    let is_own = directory.starts_with(context.project.root(context.db));
    let is_installed = environment(context.db, context.project).search_path.iter().any(|entry| {
        matches!(entry.origin, PathOrigin::SitePackages | PathOrigin::UserSite)
            && directory.starts_with(&entry.path)
    });
    let file = directory.join("__init__.py");
    (is_own && !is_installed && context.db.entry(directory).listing(context.db).is_some()).then(|| {
        let place = Place { file, start: 0, end: 0 };
        Context::fix(
            format!("Make `{}` a regular package: add __init__.py", module.name),
            vec![Edit { place, text: String::new() }],
        )
    })
}

/// `os.path.dirname(package.__file__)`: the first of the package's directories, or its resources.
pub(super) fn directory(context: &Context<'_>, observation: &Observation, module: &ModuleView) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let Some(text) = context.text() else { return fixes };
    let Some(read) = context.expression(observation.span) else { return fixes };
    let Some(package) = read.strip_suffix(".__file__") else { return fixes };
    let Some(used) = observation.consequence.as_ref().map(|consequence| consequence.span) else {
        return fixes;
    };
    let (start, end) = (used.start as usize, used.end as usize);
    if text.get(start..end) != Some(&format!("os.path.dirname({read})")) {
        return fixes;
    }
    let version = environment(context.db, context.project).interpreter.version;
    if let Some((start, end, names)) =
        statement::join_around(&text, start, end).filter(|_| version.at_least(10))
    {
        let name = &module.name;
        let mut edits = vec![context.edit(
            start,
            end,
            format!("importlib.resources.files(\"{name}\").joinpath(\"{}\")", names.join("/")),
        )];
        edits.extend(add_import(context, &text, "import importlib.resources"));
        fixes.push(Context::fix(format!("Use `importlib.resources.files(\"{name}\")`"), edits));
    }
    fixes.push(Context::fix(
        format!("Use the first directory of `{package}.__path__`"),
        vec![context.edit(start, end, format!("list({package}.__path__)[0]"))],
    ));
    fixes
}

/// The import statement before the first one of the file that stands at its margin.
fn add_import(context: &Context<'_>, text: &str, statement: &str) -> Option<Edit> {
    if text.lines().any(|line| line == statement) {
        return None;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_import = line.starts_with("import ") || line.starts_with("from ");
        if is_import && !line.starts_with("from __future__") {
            return Some(context.edit(at, at, format!("{statement}\n")));
        }
        at += line.len();
    }
    None
}

/// What mends a `find_spec` that raises: its exception is caught.
pub(super) fn catch(context: &Context<'_>, observation: &Observation, raised: &Raised) -> Option<Fix> {
    let text = context.text()?;
    let statement = Statement::around(&text, observation.span)?;
    let (indent, code) = (statement.indent, statement.code);
    let otherwise = match statement.assignment() {
        Some((name, value)) if value.ends_with(" is not None") => format!("{name} = False"),
        Some((name, value)) if value.ends_with(" is None") => format!("{name} = True"),
        Some((name, _)) => format!("{name} = None"),
        None if statement.is_expression() => "pass".to_owned(),
        None => return None,
    };
    let class = &raised.type_name;
    let block = format!("try:\n{indent}    {code}\n{indent}except {class}:\n{indent}    {otherwise}");
    let title = format!("Catch {class}");
    Some(Context::fix(title, vec![context.edit(statement.start, statement.end(), block)]))
}

/// A probe that is asked before the module is imported that lost its spec.
pub(super) fn move_probe(context: &Context<'_>, observation: &Observation, name: &Name) -> Option<Fix> {
    let text = context.text()?;
    let probe = Statement::around(&text, observation.span)?;
    let import = first_import(context, name, observation.span.start)?.place;
    let import = Statement::around(&text, Span { start: import.start, end: import.end })?;
    let moves = probe.indent.is_empty() && import.indent.is_empty() && import.start < probe.start;
    // Only what the probe itself needs may stand between the two.
    let needs = text.get(..import.start)?;
    let has_function = needs.contains("find_spec") || needs.contains("import importlib");
    (moves && has_function && (probe.assignment().is_some() || probe.is_expression())).then(|| {
        let (start, end) = probe.whole_lines(&text);
        let line = text[start..end].trim_end_matches(['\r', '\n']);
        let edits = vec![
            context.edit(import.start, import.start, format!("{line}\n")),
            context.edit(start, end, String::new()),
        ];
        Context::fix(format!("Ask before `{name}` is imported"), edits)
    })
}

/// A stub in the user's own file that means that the module is not there.
pub(super) fn block_instead(context: &Context<'_>, name: &Name, raised: &Raised) -> Option<Fix> {
    let site = raised.evidence.iter().find_map(|evidence| match &evidence.deed {
        Deed::PutsStub { module, .. } if module == name => Some(&evidence.site),
        _ => None,
    })?;
    let text = context.text()?;
    let is_own = Path::new(&*site.file) == context.file;
    let statement = Statement::around(&text, site.span).filter(|_| is_own)?;
    let (target, value) = statement.code.split_once(" = ")?;
    let is_entry = target == format!("sys.modules[\"{name}\"]") || target == format!("sys.modules['{name}']");
    is_entry.then(|| {
        let end = statement.end();
        let edit = context.edit(end - value.len(), end, "None".to_owned());
        Context::fix(format!("Say that `{name}` is absent: None in sys.modules"), vec![edit])
    })
}

/// Another expression in the place of the read.
pub(super) fn replace(context: &Context<'_>, observation: &Observation, with: String) -> Fix {
    let span = observation.span;
    let edit = context.edit(span.start as usize, span.end as usize, with.clone());
    Context::fix(format!("Use `{with}`"), vec![edit])
}

/// `__import__ = …` that was meant for `builtins`.
pub(super) fn name_builtins(context: &Context<'_>, observation: &Observation) -> Option<Fix> {
    let text = context.text()?;
    let statement = Statement::around(&text, observation.span)?;
    let (name, _) = statement.assignment().filter(|(name, _)| *name == "__import__")?;
    let mut edits =
        vec![context.edit(statement.start, statement.start + name.len(), format!("builtins.{name}"))];
    let import = "import builtins";
    if !text.lines().any(|line| line == import) {
        let first =
            add_import(context, &text, import).filter(|edit| (edit.place.start as usize) < statement.start);
        edits.push(first.unwrap_or_else(|| context.edit(0, 0, format!("{import}\n"))));
    }
    Some(Context::fix("Replace `builtins.__import__`".to_owned(), edits))
}

/// Whether a read leads to an exception.
pub(super) fn leads_to_exception(observation: &Observation) -> bool {
    let outcome = observation.consequence.as_ref().map(|consequence| &consequence.outcome);
    matches!(outcome, Some(Outcome::Raises(_)))
}
