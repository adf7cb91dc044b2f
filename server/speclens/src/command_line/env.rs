//! `speclens env`: what Speclens believes about the Python that runs the code.

use std::path::Path;

use anstream::adapter::strip_str;
use serde_json::{Value as Json, json};
use speclens_analysis::{Resolver, import_hooks, names_on, namespace_packages, origin_words, owners};
use speclens_environment::{Environment, MetaPathFinder, PathOrigin, Project};
use speclens_files::{Db, Entry};
use speclens_imports::spec::ModuleSpec;

use super::arguments::{Env, Format};
use super::check::implementation;
use super::explain::evidence_json;
use super::session::{Session, shown, slashed};
use super::text::{Page, bad, dim, good};
use super::{Failure, Verdict};

pub fn run(session: &Session, arguments: &Env) -> Result<Verdict, Failure> {
    let project = session.current_project()?;
    let resolver = Resolver::new(session.database.db(), project);
    let namespaces = namespace_packages(&resolver);
    let text = match arguments.format.format {
        Format::Json => format!("{:#}\n", json(&resolver, &namespaces)),
        Format::Text => page(&session.directory, &resolver, &namespaces),
    };
    session.print(&text)?;
    Ok(Verdict::Clean)
}

/// What the command says, without its colours.
pub fn plain(db: &dyn Db, project: Project) -> String {
    let resolver = Resolver::new(db, project);
    let namespaces = namespace_packages(&resolver);
    strip_str(&page(project.root(db), &resolver, &namespaces)).to_string()
}

/// What the command says as JSON, with the names and the distributions of each entry of the search path, and what a file's
/// imports change.
pub fn tree(db: &dyn Db, project: Project, file: Option<Entry>) -> Json {
    let resolver = Resolver::new(db, project);
    let mut tree = json(&resolver, &namespace_packages(&resolver));
    let distributions = &resolver.environment().distributions;
    let entries = tree["search_path"].as_array_mut().into_iter().flatten();
    for (entry, path) in entries.zip(resolver.sys_path()) {
        entry["modules"] = names_on(&resolver, path).into();
        let here = distributions.iter().filter(|it| it.location.as_os_str() == path.as_str());
        entry["distributions"] = here.map(|it| format!("{} {}", it.name, it.version)).collect();
    }
    if let Some(hooks) = file.and_then(|file| import_hooks(db, project, file)) {
        tree["import_hooks"] = hooks.iter().map(evidence_json).collect();
    }
    tree
}

fn json(resolver: &Resolver<'_>, namespaces: &[ModuleSpec]) -> Json {
    let environment = resolver.environment();
    let interpreter = &environment.interpreter;
    json!({
        "interpreter": {
            "executable": interpreter.executable.as_deref().map(slashed),
            "implementation": implementation(interpreter.implementation),
            "version": interpreter.version.to_string(),
            "prefix": slashed(&interpreter.prefix),
            "base_prefix": slashed(&interpreter.base_prefix),
            "standard_library": interpreter.standard_library.as_deref().map(slashed),
            "virtual_environment": interpreter.is_virtual_environment,
            "found": interpreter.found,
        },
        "search_path": resolver.sys_path().iter().map(|path| entry_json(environment, path)).collect::<Json>(),
        "startup_hooks": environment.startup_hooks.iter()
            .map(|hook| json!({
                "file": slashed(&hook.file), "line": hook.line, "text": hook.text, "effect": hook.effect,
            }))
            .collect::<Json>(),
        "meta_path": resolver.finders().iter().map(finder_json).collect::<Json>(),
        "namespace_packages": namespaces.iter()
            .map(|spec| json!({
                "name": spec.name,
                "portions": portions(resolver, spec)
                    .map(|(path, owners)| json!({"path": slashed(path.as_ref()), "owners": owners}))
                    .collect::<Json>(),
            }))
            .collect::<Json>(),
        "distributions": environment.distributions.iter()
            .map(|it| json!({"name": it.name, "version": it.version, "location": slashed(&it.location)}))
            .collect::<Json>(),
        "problems": environment.problems.iter()
            .map(|problem| json!({
                "message": problem.message, "file": slashed(&problem.file), "line": problem.line,
            }))
            .collect::<Json>(),
    })
}

/// Which rule put an entry on `sys.path`; `None` where code did that runs at the start.
fn origin<'e>(environment: &'e Environment, path: &str) -> Option<&'e PathOrigin> {
    let entry = environment.search_path.iter().find(|entry| entry.path.as_os_str() == path)?;
    Some(&entry.origin)
}

const BY_CODE: &str = "code that runs at startup";

fn entry_json(environment: &Environment, path: &str) -> Json {
    let origin = origin(environment, path);
    let mut value = json!({"path": slashed(path.as_ref()), "origin": origin.map_or(BY_CODE, origin_words)});
    if let Some(PathOrigin::PthFile { file, line }) = origin {
        value["file"] = slashed(file).into();
        value["line"] = (*line).into();
    }
    value
}

fn finder_json(finder: &MetaPathFinder) -> Json {
    let mut value = json!({"finder": finder_name(finder)});
    match finder {
        MetaPathFinder::BuiltIn | MetaPathFinder::Frozen | MetaPathFinder::Path => {}
        MetaPathFinder::SetuptoolsEditable { file, mapping, namespaces, .. } => {
            value["file"] = slashed(file).into();
            value["mapping"] =
                mapping.iter().map(|(name, path)| (name.clone(), Json::from(slashed(path)))).collect();
            value["namespaces"] = namespaces
                .iter()
                .map(|(name, paths)| (name.clone(), paths.iter().map(|path| slashed(path)).collect::<Json>()))
                .collect();
        }
        MetaPathFinder::Redirecting { redirections } => {
            let files = redirections.iter().map(|it| (it.name.clone(), Json::from(slashed(&it.path))));
            value["mapping"] = files.collect();
        }
        MetaPathFinder::MesonBuild { file, names, .. }
        | MetaPathFinder::ScikitBuildInplace { file, names, .. } => {
            value["file"] = slashed(file).into();
            value["names"] = names.clone().into();
        }
        MetaPathFinder::ScikitBuild { file, modules, .. } => {
            value["file"] = slashed(file).into();
            let files = modules.iter().map(|(name, path)| (name.clone(), Json::from(slashed(path))));
            value["mapping"] = files.collect();
        }
        MetaPathFinder::DistutilsHack { file, .. } => value["file"] = slashed(file).into(),
        MetaPathFinder::Narrow { file, line, names, .. } => {
            value["file"] = slashed(file).into();
            value["line"] = (*line).into();
            value["names"] = names.clone().into();
        }
        MetaPathFinder::Unknown { file, line, .. } => {
            value["file"] = slashed(file).into();
            value["line"] = (*line).into();
        }
    }
    value
}

fn finder_name(finder: &MetaPathFinder) -> &str {
    match finder {
        MetaPathFinder::BuiltIn => "importlib.machinery.BuiltinImporter",
        MetaPathFinder::Frozen => "importlib.machinery.FrozenImporter",
        MetaPathFinder::Path => "importlib.machinery.PathFinder",
        MetaPathFinder::SetuptoolsEditable { .. } => "the finder of an editable install",
        MetaPathFinder::Redirecting { .. } => "editables.redirector.RedirectingFinder",
        MetaPathFinder::MesonBuild { .. } => "meson-python's MesonpyMetaFinder",
        MetaPathFinder::ScikitBuild { .. } => "scikit-build-core's ScikitBuildRedirectingFinder",
        MetaPathFinder::ScikitBuildInplace { .. } => "scikit-build-core's ScikitBuildInplaceFinder",
        MetaPathFinder::DistutilsHack { .. } => "_distutils_hack.DistutilsMetaFinder",
        MetaPathFinder::Narrow { what, .. } | MetaPathFinder::Unknown { what, .. } => what,
    }
}

fn portions<'a>(
    resolver: &'a Resolver<'_>,
    spec: &'a ModuleSpec,
) -> impl Iterator<Item = (&'a str, Vec<String>)> {
    let locations = spec.submodule_search_locations.iter().flatten();
    locations.map(|path| (path.as_str(), owners(resolver, path.as_ref())))
}

fn page(base: &Path, resolver: &Resolver<'_>, namespaces: &[ModuleSpec]) -> String {
    let environment = resolver.environment();
    let mut page = Page::default();
    interpreter(&mut page, base, environment);
    page.heading("Search path (sys.path)");
    for path in resolver.sys_path() {
        page.line(format_args!("  {}", shown(base, path.as_ref())));
        let why = match origin(environment, path) {
            Some(PathOrigin::PthFile { file, line }) => format!("{}:{line}", shown(base, file)),
            other => other.map_or(BY_CODE, origin_words).to_owned(),
        };
        page.line(format_args!("    {}", dim(why)));
    }
    page.heading("Finders (sys.meta_path)");
    for finder in resolver.finders() {
        page.line(format_args!("  {}", finder_name(finder)));
        finder_details(&mut page, base, finder);
    }
    if !environment.startup_hooks.is_empty() {
        page.heading("Code that runs at startup");
        for hook in &environment.startup_hooks {
            page.line(format_args!("  {}:{}", shown(base, &hook.file), hook.line));
            page.line(format_args!("    {}", dim(shortened(&hook.text))));
            match &hook.effect {
                Some(effect) => page.line(format_args!("    {}", good(effect))),
                None => page.line(format_args!("    {}", bad("what it does is not known"))),
            }
        }
    }
    if !namespaces.is_empty() {
        page.heading("Namespace packages");
        for spec in namespaces {
            page.line(format_args!("  {}", spec.name));
            for (path, owners) in portions(resolver, spec) {
                page.line(format_args!("    {}", shown(base, path.as_ref())));
                if !owners.is_empty() {
                    page.line(format_args!("      {}", good(owners.join(", "))));
                }
            }
        }
    }
    problems(&mut page, base, environment);
    page.finish()
}

fn interpreter(page: &mut Page, base: &Path, environment: &Environment) {
    let interpreter = &environment.interpreter;
    page.heading(format_args!("{} {}", implementation(interpreter.implementation), interpreter.version));
    let mut rows = vec![("found", interpreter.found.clone())];
    if let Some(executable) = &interpreter.executable {
        rows.push(("executable", shown(base, executable)));
    }
    rows.push(("prefix", shown(base, &interpreter.prefix)));
    if interpreter.base_prefix != interpreter.prefix {
        rows.push(("base prefix", shown(base, &interpreter.base_prefix)));
    }
    rows.push(("installed", format!("{} distributions", environment.distributions.len())));
    page.table(&rows);
}

fn finder_details(page: &mut Page, base: &Path, finder: &MetaPathFinder) {
    match finder {
        MetaPathFinder::BuiltIn | MetaPathFinder::Frozen | MetaPathFinder::Path => {}
        MetaPathFinder::DistutilsHack { file, .. } => {
            page.line(format_args!("    {}", dim(shown(base, file))));
        }
        MetaPathFinder::Unknown { file, line, .. } => {
            page.line(format_args!("    {}", dim(format_args!("{}:{line}", shown(base, file)))));
        }
        MetaPathFinder::Narrow { file, line, names, .. } => {
            page.line(format_args!("    {}", dim(format_args!("{}:{line}", shown(base, file)))));
            page.line(format_args!("    answers for {} only", names.join(", ")));
        }
        MetaPathFinder::Redirecting { redirections } => {
            for it in redirections {
                page.line(format_args!("    {}", dim(shown(base, &it.file))));
                page.line(format_args!("    {} is {}", it.name, shown(base, &it.path)));
            }
        }
        MetaPathFinder::MesonBuild { file, names, .. }
        | MetaPathFinder::ScikitBuildInplace { file, names, .. } => {
            page.line(format_args!("    {}", dim(shown(base, file))));
            page.line(format_args!("    answers for {} and what is below", names.join(", ")));
        }
        MetaPathFinder::ScikitBuild { file, modules, .. } => {
            page.line(format_args!("    {}", dim(shown(base, file))));
            for (name, path) in modules {
                page.line(format_args!("    {name} is {}", shown(base, path)));
            }
        }
        MetaPathFinder::SetuptoolsEditable { file, mapping, namespaces, .. } => {
            page.line(format_args!("    {}", dim(shown(base, file))));
            for (name, path) in mapping {
                page.line(format_args!("    {name} is {}", shown(base, path)));
            }
            for (name, paths) in namespaces {
                let paths: Vec<String> = paths.iter().map(|path| shown(base, path)).collect();
                page.line(format_args!("    {name} is a namespace package: {}", paths.join(", ")));
            }
        }
    }
}

fn problems(page: &mut Page, base: &Path, environment: &Environment) {
    if environment.problems.is_empty() {
        return;
    }
    page.heading("Problems");
    for problem in &environment.problems {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        page.line(format_args!("  {}", bad(&problem.message)));
        page.line(format_args!("    {}{line}", shown(base, &problem.file)));
    }
}

/// A `.pth` line may be a whole program.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(LONGEST).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
