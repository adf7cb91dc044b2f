//! Modules that are on the search path and are not found there, because something of the same name goes before them.

use std::path::{Path, PathBuf};

use speclens_environment::{MetaPathFinder, environment};
use speclens_imports::finders::{DatabaseDirectories, SearchState, Verdict, candidates, find_spec};
use speclens_imports::machine::{ModuleView, Observation, ObservationKind, Raised};
use speclens_source::Name;

use super::evidence::module_lines;
use super::{Context, certainty, will};
use crate::finding::{Finding, Place, Related, Severity};

/// An import that raises because its parent is not the package that has the submodule.
pub(super) fn submodule(
    context: &Context<'_>,
    observation: &Observation,
    module: &Name,
    raised: &Raised,
) -> Option<Finding> {
    let winner = raised.subject.as_ref()?;
    let missing = raised.name.as_deref().filter(|missing| missing.contains('.')).unwrap_or(module);
    let (parent, child) = missing.rsplit_once('.')?;
    if parent != winner.name {
        return None;
    }
    let hidden = hidden_package(context, raised, winner, child)?;
    let certainty = certainty(observation, Some(raised));
    let mut finding = context.finding("hidden-package", Severity::Error, certainty, observation.span);
    let raises = will(certainty, "raises", "may raise");
    let is = match (&winner.file, winner.path.as_slice()) {
        (Some(file), _) => format!("is {file}"),
        (None, [only]) => format!("is the directory {only}"),
        (None, _) => "is what stands in sys.modules".to_owned(),
    };
    finding.message = format!(
        "importing `{missing}` {raises} {}: `{parent}` {is}, which hides {}, where `{child}` is",
        raised.headline(),
        hidden.display()
    );
    finding.related = module_lines(winner);
    if let Some(file) = &winner.file {
        finding.related.push(Related {
            message: format!("`{parent}` is imported from here"),
            place: Place { file: PathBuf::from(&**file), start: 0, end: 0 },
        });
    }
    let (winner_file, at) = (winner.file.as_deref(), hidden.display());
    let listing = context.db.entry(&hidden).listing(context.db);
    let has_init = listing.is_some_and(|listing| listing.has_file("__init__.py"));
    finding.help.push(match winner_file.filter(|_| winner.evidence.is_empty()) {
        None => format!("what made `{parent}` did not look there: add {at} to `{parent}.__path__`"),
        Some(_) if !has_init => format!(
            "{at} has no __init__.py, so it is not looked at beside a module or package of that name: rename one of the two"
        ),
        Some(file) => {
            let entry = hidden.parent().unwrap_or(&hidden).display();
            format!("rename {file}, or put {entry} before it on the search path")
        }
    });
    Some(finding)
}

/// A directory of the same package that the import system passed over, and that has the submodule.
fn hidden_package(
    context: &Context<'_>,
    raised: &Raised,
    winner: &ModuleView,
    child: &str,
) -> Option<PathBuf> {
    let mut state = SearchState::clone(raised.search.as_ref()?);
    state.meta_path = vec![MetaPathFinder::Path];
    let directories = DatabaseDirectories(context.db);
    let path = match winner.name.rsplit_once('.') {
        None => None,
        Some((parent, _)) => Some(path_of(context, parent)?),
    };
    let all = candidates(&directories, &state, &winner.name, path.as_deref());
    let lost = all.into_iter().filter(|candidate| {
        !matches!(candidate.verdict, Verdict::WrongTag | Verdict::BrokenLink | Verdict::Unreadable)
    });
    let mut packages = lost.filter_map(|candidate| {
        let is_init = candidate.path.file_stem().is_some_and(|stem| stem == "__init__");
        if is_init { candidate.path.parent().map(Path::to_path_buf) } else { Some(candidate.path) }
    });
    packages.find(|directory| {
        let text = directory.to_string_lossy();
        let is_used = winner.path.iter().any(|portion| **portion == *text);
        let name = format!("{}.{child}", winner.name);
        !is_used && find_spec(&directories, &state, &name, Some(&[text.into_owned()])).spec.is_some()
    })
}

/// `__path__` of a package that the file has imported.
fn path_of(context: &Context<'_>, package: &str) -> Option<Vec<String>> {
    context.observed.observations.iter().rev().find_map(|observation| match &observation.kind {
        ObservationKind::Import { view: Some(view), .. } if view.name == package => {
            Some(view.path.iter().map(ToString::to_string).collect())
        }
        _ => None,
    })
}

/// An import that finds something on the search path, although an editable install has a module of that name: its finder
/// stands behind the path's and is not asked.
pub(super) fn editable(context: &Context<'_>, observation: &Observation, module: &Name) -> Option<Finding> {
    let ObservationKind::Import { view: Some(view), .. } = &observation.kind else { return None };
    if module.contains('.') || !view.evidence.is_empty() {
        return None;
    }
    let environment = environment(context.db, context.project);
    let behind =
        environment.meta_path.iter().skip_while(|finder| !matches!(finder, MetaPathFinder::Path)).skip(1);
    let directories = DatabaseDirectories(context.db);
    let hidden = behind.clone().find_map(|finder| {
        if matches!(finder, MetaPathFinder::Unknown { .. }) {
            return None;
        }
        let mut state = SearchState::at_startup(environment, None);
        state.meta_path = vec![finder.clone()];
        find_spec(&directories, &state, module, None).spec
    })?;
    let hidden_at =
        hidden.origin.clone().or_else(|| hidden.submodule_search_locations?.into_iter().next())?;
    let is_same = view.file.as_deref() == Some(hidden_at.as_str())
        || view.path.iter().any(|portion| **portion == *hidden_at);
    if is_same {
        return None;
    }
    let certainty = certainty(observation, None);
    let mut finding = context.finding("hidden-editable", Severity::Warning, certainty, observation.span);
    let found = match (&view.file, view.path.first()) {
        (Some(file), _) => file.to_string(),
        (None, Some(directory)) => format!("the directory {directory}, a namespace package"),
        (None, None) => return None,
    };
    let finds = will(certainty, "finds", "may find");
    finding.message =
        format!("`import {module}` {finds} {found}, and not the editable install at {hidden_at}");
    finding.help.push(
        "the finder of the editable install stands at the end of `sys.meta_path`: what is on `sys.path` goes first"
            .to_owned(),
    );
    finding
        .help
        .push("rename the directory, run from elsewhere, or give it no place on `sys.path`".to_owned());
    Some(finding)
}
