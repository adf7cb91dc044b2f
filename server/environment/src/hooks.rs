//! The `import` lines of `.pth` files, understood by reading what they import. Nothing is executed.

use std::path::{Path, PathBuf};

use speclens_source::{Literal, decode, module_literals, names_of_narrow_finder};

use crate::model::{MetaPathFinder, PathOrigin, Problem, StartupHook, StartupModule};
use crate::site::{Site, is_standard};

/// A line that `site` runs once more, since it processes the directory of a virtual environment twice.
pub(crate) fn run_line_again(site: &mut Site<'_>, file: &Path, text: &str) {
    // What the line imports is in `sys.modules` by now; the calls happen again.
    if text.contains("_distutils_hack") && text.contains("add_shim") {
        distutils_hack(site, file, text);
    }
}

/// Runs one line on paper: records it, and what it puts on `sys.meta_path`, `sys.path` and in `sys.modules`.
pub(crate) fn run_line(site: &mut Site<'_>, directory: &Path, file: &Path, line: u32, text: &str) {
    let mut modules = Vec::new();
    let effect = if text.contains("_distutils_hack") && text.contains("add_shim") {
        distutils_hack(site, file, text)
    } else if let Some(module) = legacy_namespace(directory, text) {
        Some(run_legacy_namespace(site, file, line, text, module, &mut modules))
    } else {
        let effects: Vec<String> = imported_modules(text)
            .into_iter()
            .filter(|name| !is_standard(site.interpreter, name))
            .filter_map(|name| read_module(site, file, line, name))
            .collect();
        (!effects.is_empty()).then(|| effects.join("; "))
    };
    if effect.is_none() && touches_finders(text) {
        site.meta_path.insert(0, unknown(text.to_owned(), file, line));
    }
    site.hooks.push(StartupHook { file: file.to_path_buf(), line, text: text.to_owned(), effect, modules });
}

fn unknown(what: String, file: &Path, line: u32) -> MetaPathFinder {
    MetaPathFinder::Unknown { what, file: file.to_path_buf(), line }
}

/// `enabled = os.environ.get(var, 'local') == 'local'; enabled and __import__('_distutils_hack').add_shim();`
fn distutils_hack(site: &mut Site<'_>, file: &Path, text: &str) -> Option<String> {
    let variable = quoted_after(text, "var = ")?;
    let default = quoted_after(text, "os.environ.get(var, ")?;
    let wanted = quoted_after(text, "== ")?;
    let chosen = site.request.variables.get(variable).unwrap_or(default);
    if chosen != wanted {
        return Some(format!("nothing, since {variable} is not {wanted}"));
    }
    let (_, source) = module_source(site, "_distutils_hack")?;
    let known = site.meta_path.iter().any(|finder| matches!(finder, MetaPathFinder::DistutilsHack { .. }));
    let asks_first = source.contains("DISTUTILS_FINDER in sys.meta_path or");
    if !(known && asks_first) {
        let gives_origin = source.contains("origin=mod.__file__");
        site.meta_path.insert(0, MetaPathFinder::DistutilsHack { file: file.to_path_buf(), gives_origin });
    }
    Some("puts _distutils_hack.DistutilsMetaFinder first on sys.meta_path".to_owned())
}

/// The string literal right after `mark`.
fn quoted_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = &text[text.find(mark)? + mark.len()..];
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    rest[1..].split(quote).next()
}

/// The line of setuptools' `*-nspkg.pth`: `…sys.modules.setdefault('acme', …)`, with a path below the directory of the
/// file. Before setuptools 31 the module is made by `types.ModuleType` and has no spec.
fn legacy_namespace(directory: &Path, text: &str) -> Option<StartupModule> {
    let name = quoted_after(text, "sys.modules.setdefault(")?.to_owned();
    let parts = text.split_once("['sitedir'], *(")?.1.split_once(')')?.0;
    let mut path = directory.to_path_buf();
    path.extend(
        parts.split(',').map(|part| part.trim().trim_matches(['\'', '"'])).filter(|part| !part.is_empty()),
    );
    let has_spec = text.contains("module_from_spec");
    Some(StartupModule { name, path, has_spec })
}

/// An entry point of a `.start` file (3.15, PEP 829): the module is imported and the callable called.
pub(crate) fn run_entry_point(site: &mut Site<'_>, file: &Path, line: u32, text: &str) {
    let module = text.split(':').next().unwrap_or_default().trim();
    let effects: Vec<String> = with_parents(module)
        .filter(|name| !is_standard(site.interpreter, name))
        .filter_map(|name| read_module(site, file, line, name))
        .collect();
    let effect = (!effects.is_empty()).then(|| effects.join("; "));
    let (file, text) = (file.to_path_buf(), text.to_owned());
    site.hooks.push(StartupHook { file, line, text, effect, modules: Vec::new() });
}

/// What such a line does where its directory is a package already, or is not there.
fn run_legacy_namespace(
    site: &mut Site<'_>,
    file: &Path,
    line: u32,
    text: &str,
    module: StartupModule,
    modules: &mut Vec<StartupModule>,
) -> String {
    let name = module.name.clone();
    if text.contains("not ie and") && site.disk.is_file(&module.path.join("__init__.py")) {
        return format!("nothing, since {name} is a regular package");
    }
    if module.has_spec && !site.disk.is_directory(&module.path) {
        let message = format!(
            "{name} has no directory here, so this line fails at every start of Python: 'NoneType' object has no \
             attribute 'loader'"
        );
        site.problems.push(Problem { message, file: file.to_path_buf(), line: Some(line) });
        return "fails with an AttributeError".to_owned();
    }
    let spec = if module.has_spec { "with" } else { "without" };
    modules.push(module);
    format!("puts the namespace package {name} in sys.modules, {spec} a spec")
}

/// `site.execsitecustomize`, `site.execusercustomize`: the module is imported where there is one. What that does is for
/// the import machine to find out.
pub(crate) fn run_customization(site: &mut Site<'_>, name: &str) {
    let Some((file, _)) = module_source(site, name) else { return };
    site.customizations.push(name.to_owned());
    let text = format!("import {name}");
    let effect = Some("runs like any module, before your code".to_owned());
    site.hooks.push(StartupHook { file, line: 1, text, effect, modules: Vec::new() });
}

/// The names that the `import` statements of a line import, parents first.
fn imported_modules(text: &str) -> Vec<&str> {
    text.split(';')
        .filter_map(|statement| statement.trim().strip_prefix("import "))
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.split_whitespace().next())
        .flat_map(with_parents)
        .collect()
}

/// `a.b.c` -> `a`, `a.b`, `a.b.c`.
fn with_parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(at, _)| &name[..at]).chain([name])
}

/// The file of a module on the path built so far, with its text.
fn module_source(site: &Site<'_>, name: &str) -> Option<(PathBuf, String)> {
    let below = name.replace('.', "/");
    let file = site.entries.iter().find_map(|entry| {
        [entry.path.join(&below).join("__init__.py"), entry.path.join(format!("{below}.py"))]
            .into_iter()
            .find(|file| site.disk.is_file(file))
    })?;
    let (text, _) = decode(&site.disk.bytes(&file)?);
    Some((file, text))
}

/// What importing the module `name`, and the calls that such lines make of it, do to the finders.
fn read_module(site: &mut Site<'_>, pth: &Path, line: u32, name: &str) -> Option<String> {
    let (file, text) = module_source(site, name)?;
    if let Some(effect) = setuptools_editable(site, pth, line, &file, &text) {
        return Some(effect);
    }
    let Some((at, found)) = text.lines().enumerate().find(|(_, line)| touches_finders(line)) else {
        return installs_imported_finder(site, &file, &text);
    };
    let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
    let (finder, effect) = if let Some(names) = names_of_narrow_finder(&text) {
        let effect = format!("puts a finder on sys.meta_path that answers only for {}", names.join(", "));
        (MetaPathFinder::Narrow { what: name.to_owned(), names, file: file.clone(), line: number }, effect)
    } else {
        (unknown(found.trim().to_owned(), &file, number), format!("changes the finders ({})", found.trim()))
    };
    if found.contains(".append(") {
        site.meta_path.push(finder);
    } else {
        site.meta_path.insert(0, finder);
    }
    Some(effect)
}

/// `from package import Finder as F` with `F.install()`, as the generated module of an editable install has it.
fn installs_imported_finder(site: &mut Site<'_>, file: &Path, text: &str) -> Option<String> {
    for (line, code) in (1..).zip(text.lines()) {
        let Some((module, names)) = code.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
        else {
            continue;
        };
        let bound = names.rsplit(" as ").next().unwrap_or(names).trim();
        if !text.contains(&format!("{bound}.install(")) {
            continue;
        }
        let Some((_, source)) = module_source(site, module.trim()) else { continue };
        let Some(change) = source.lines().find(|line| touches_finders(line)) else { continue };
        let finder = unknown(code.trim().to_owned(), file, line);
        if change.contains(".append(") {
            site.meta_path.push(finder);
        } else {
            site.meta_path.insert(0, finder);
        }
        return Some(format!("installs the finder of {}", module.trim()));
    }
    None
}

/// Whether a line of code changes `sys.meta_path` or `sys.path_hooks`.
fn touches_finders(line: &str) -> bool {
    ["meta_path", "path_hooks"].iter().any(|name| {
        line.split(name).skip(1).any(|rest| {
            let rest = rest.trim_start();
            let assigned = rest.strip_prefix("[:]").unwrap_or(rest).trim_start();
            [".append(", ".insert(", ".extend("].iter().any(|call| rest.starts_with(call))
                || assigned.starts_with("+=")
                || (assigned.starts_with('=') && !assigned.starts_with("=="))
        })
    })
}

/// The module that setuptools generates for an editable install: its tables are literals.
fn setuptools_editable(
    site: &mut Site<'_>,
    pth: &Path,
    line: u32,
    file: &Path,
    text: &str,
) -> Option<String> {
    if !text.contains("class _EditableFinder") || !text.contains("sys.meta_path.append(_EditableFinder)") {
        return None;
    }
    let literals = module_literals(text);
    let get = |name: &str| literals.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let mapping: Vec<_> = get("MAPPING")?
        .as_dict()?
        .iter()
        .filter_map(|(name, path)| Some((name.as_str()?.to_owned(), PathBuf::from(path.as_str()?))))
        .collect();
    let placeholder = get("PATH_PLACEHOLDER").and_then(Literal::as_str).unwrap_or_default().to_owned();
    let namespaces = editable_namespaces(get("NAMESPACES"), &mapping, &placeholder, text);
    let any_depth = text.contains("fullname.startswith(f\"{pkg}.\")");
    let names = mapping.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if !namespaces.is_empty() && !placeholder.is_empty() {
        // The path hook answers for this entry only; it is no directory.
        site.add(PathBuf::from(&placeholder), PathOrigin::PthFile { file: pth.to_path_buf(), line });
    }
    let file = file.to_path_buf();
    let finder = MetaPathFinder::SetuptoolsEditable { file, mapping, namespaces, placeholder, any_depth };
    site.meta_path.push(finder);
    Some(format!("puts setuptools' editable finder last on sys.meta_path, for {names}"))
}

/// `_EditableNamespaceFinder._paths` for each namespace package. Newer finders always add the placeholder.
fn editable_namespaces(
    literal: Option<&Literal>,
    mapping: &[(String, PathBuf)],
    placeholder: &str,
    text: &str,
) -> Vec<(String, Vec<PathBuf>)> {
    let adds_placeholder = text.contains("[*paths, PATH_PLACEHOLDER]");
    let pairs = literal.and_then(Literal::as_dict).unwrap_or_default().iter();
    pairs
        .filter_map(|(name, paths)| {
            let name = name.as_str()?.to_owned();
            let mut paths: Vec<PathBuf> =
                paths.as_list()?.iter().filter_map(Literal::as_str).map(PathBuf::from).collect();
            let mapped = mapping.iter().find(|(known, _)| *known == name).filter(|_| paths.is_empty());
            paths.extend(mapped.map(|(_, path)| path.clone()));
            if adds_placeholder || paths.is_empty() {
                paths.push(PathBuf::from(placeholder));
            }
            Some((name, paths))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_change_finders() {
        for line in [
            "sys.meta_path.insert(0, F())",
            "    sys.meta_path = [F]",
            "sys.path_hooks[:] = []",
            "meta_path += [F]",
        ] {
            assert!(touches_finders(line), "{line}");
        }
        for line in ["for f in sys.meta_path:", "if F in sys.meta_path: pass", "x = sys.meta_path == y"] {
            assert!(!touches_finders(line), "{line}");
        }
    }

    #[test]
    fn the_names_in_an_import_line() {
        assert_eq!(imported_modules("import a.b as c, d; d.run(); import e"), ["a", "a.b", "d", "e"]);
    }

    #[test]
    fn a_legacy_namespace_line() {
        let new = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(\
                   sys._getframe(1).f_locals['sitedir'], *('google',));importlib = has_mfs and \
                   __import__('importlib.util');has_mfs and __import__('importlib.machinery');m = has_mfs and \
                   sys.modules.setdefault('google', importlib.util.module_from_spec(\
                   importlib.machinery.PathFinder.find_spec('google', [os.path.dirname(p)])))";
        let module = legacy_namespace(Path::new("/site"), new).expect("a namespace");
        assert_eq!((module.name.as_str(), module.has_spec), ("google", true));
        assert_eq!(module.path, Path::new("/site/google"));
        let old = "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('a', 'b'));\
                   m = sys.modules.setdefault('a.b', types.ModuleType('a.b'))";
        let module = legacy_namespace(Path::new("/site"), old).expect("a namespace");
        assert_eq!((module.name.as_str(), module.has_spec, module.path), ("a.b", false, "/site/a/b".into()));
    }
}
