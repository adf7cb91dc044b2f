//! Which interpreter a workspace uses, found as users expect it and without starting anything.

use std::path::{Path, PathBuf};

use crate::build::{Build, Built};
use crate::disk::{Disk, normal};
use crate::interpreter::{Located, locate};
use crate::layout::Layout;
use crate::model::{Implementation, Interpreter, Problem, PythonVersion};
use crate::request::Request;
use crate::tables;

/// Stands in `sys.path` for the standard library where there is no Python: the tables answer below it.
pub const BUILT_IN_LIBRARY: &str = "<standard library>";

/// Finds the interpreter for the workspace `root`.
pub(crate) fn discover(disk: Disk<'_>, root: &Path, request: &Request) -> Located {
    let mut located = if let Some(asked) = &request.python {
        let path = normal(&root.join(asked));
        let mut places = asked_places(disk, root, request, asked, &path).into_iter();
        let found = format!("by {}", request.python_named_by.as_deref().unwrap_or("--python"));
        places.find_map(|path| locate(disk, &path, &found)).unwrap_or_else(|| {
            built_in(request, "nowhere", &format!("no Python is at {}", path.display()), path)
        })
    } else {
        let chosen = found_places(disk, root, request);
        chosen.unwrap_or_else(|| built_in(request, "nowhere", "no Python was found", root.to_path_buf()))
    };
    if let Some(wanted) = request.python_version {
        override_version(disk, &mut located.interpreter, wanted);
    }
    located
}

/// What `--python` may mean: a path, a program behind pyenv's shim, or the name of a program on PATH.
fn asked_places(disk: Disk<'_>, root: &Path, request: &Request, asked: &Path, path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let found = if let Some(pyenv) = path.parent().and_then(|directory| pyenv_root(disk, directory)) {
        behind_shim(disk, root, request, &pyenv, name)
    } else if asked.components().count() == 1 && !disk.exists(path) {
        on_path(disk, root, request, name)
    } else {
        return vec![path.to_path_buf()];
    };
    found.into_iter().map(|(path, _)| path).collect()
}

/// The first place that has the wanted version, or else the first that has a Python at all.
fn found_places(disk: Disk<'_>, root: &Path, request: &Request) -> Option<Located> {
    let mut first = None;
    for (path, found) in places(disk, root, request) {
        let Some(located) = locate(disk, &path, &found) else { continue };
        if request.python_version.is_none_or(|wanted| same_minor(wanted, located.interpreter.version)) {
            return Some(located);
        }
        first = first.or(Some(located));
    }
    first
}

fn same_minor(a: PythonVersion, b: PythonVersion) -> bool {
    (a.major, a.minor) == (b.major, b.minor)
}

/// Where Pythons may be, in the order of their claim.
fn places(disk: Disk<'_>, root: &Path, request: &Request) -> Vec<(PathBuf, String)> {
    let mut places: Vec<(PathBuf, String)> = [".venv", "venv"]
        .iter()
        .filter(|name| disk.is_file(&root.join(name).join("pyvenv.cfg")))
        .map(|name| (root.join(name), format!("by {name} in the workspace")))
        .collect();
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(directory) = request.variables.get(variable) {
            places.push((root.join(directory), format!("by {variable}")));
        }
    }
    places.extend(project_file(disk, root));
    let mut names = vec!["python3".to_owned(), "python".to_owned()];
    if let Some(wanted) = request.python_version {
        names.insert(0, format!("python{}.{}", wanted.major, wanted.minor));
    }
    for name in &names {
        places.extend(on_path(disk, root, request, name));
    }
    places
}

/// What the workspace's `pyproject.toml` says to other tools.
fn project_file(disk: Disk<'_>, root: &Path) -> Option<(PathBuf, String)> {
    let table: toml::Table = disk.text(&root.join("pyproject.toml"))?.parse().ok()?;
    let tool = table.get("tool")?;
    let text =
        |value: &toml::Value, key: &str| value.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    if let Some(python) =
        tool.get("ty").and_then(|ty| ty.get("environment")).and_then(|found| text(found, "python"))
    {
        return Some((root.join(python), "by tool.ty.environment in pyproject.toml".to_owned()));
    }
    ["pyright", "basedpyright"].iter().find_map(|name| {
        let settings = tool.get(name)?;
        let environment = text(settings, "venv")?;
        let directory = text(settings, "venvPath").unwrap_or_default();
        Some((root.join(directory).join(environment), format!("by tool.{name} in pyproject.toml")))
    })
}

fn on_path(disk: Disk<'_>, root: &Path, request: &Request, name: &str) -> Vec<(PathBuf, String)> {
    let Some(path) = request.variables.get("PATH") else { return Vec::new() };
    let mut places = Vec::new();
    for directory in std::env::split_paths(path).filter(|directory| directory.is_absolute()) {
        let programs = [directory.join(name), directory.join(format!("{name}.exe"))];
        let Some(program) = programs.into_iter().find(|program| disk.is_file(program)) else { continue };
        match pyenv_root(disk, &directory) {
            Some(pyenv) => places.extend(behind_shim(disk, root, request, &pyenv, name)),
            None => places.push((program, "by PATH".to_owned())),
        }
    }
    places
}

/// `directory` is pyenv's `shims`: its programs are scripts that choose a version.
fn pyenv_root(disk: Disk<'_>, directory: &Path) -> Option<PathBuf> {
    let root = directory.parent()?;
    let is_shims = directory.file_name()? == "shims" && disk.is_directory(&root.join("versions"));
    is_shims.then(|| root.to_path_buf())
}

/// The programs that pyenv's shim would start: `PYENV_VERSION`, else the nearest `.python-version`, else the global
/// `version`.
fn behind_shim(
    disk: Disk<'_>,
    root: &Path,
    request: &Request,
    pyenv: &Path,
    name: &str,
) -> Vec<(PathBuf, String)> {
    let (versions, found) = pyenv_versions(disk, root, request, pyenv);
    let mut places: Vec<_> = versions
        .iter()
        .filter_map(|version| {
            let program = pyenv_version(disk, pyenv, version)?.join("bin").join(name);
            disk.is_file(&program).then(|| (program, found.clone()))
        })
        .collect();
    // A version that was asked for may be installed without being chosen.
    if let Some(wanted) = request.python_version
        && let Some(prefix) = pyenv_version(disk, pyenv, &format!("{}.{}", wanted.major, wanted.minor))
    {
        places.push((prefix.join("bin/python"), "by --python-version among pyenv's versions".to_owned()));
    }
    places
}

fn pyenv_versions(disk: Disk<'_>, root: &Path, request: &Request, pyenv: &Path) -> (Vec<String>, String) {
    if let Some(versions) = request.variables.get("PYENV_VERSION") {
        return (versions.split(':').map(str::to_owned).collect(), "by PYENV_VERSION".to_owned());
    }
    let local = root.ancestors().map(|directory| directory.join(".python-version"));
    for file in local.chain([pyenv.join("version")]) {
        let Some(text) = disk.text(&file) else { continue };
        let versions: Vec<String> = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(str::split_whitespace)
            .map(str::to_owned)
            .collect();
        if !versions.is_empty() {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return (versions, format!("by pyenv's {name}"));
        }
    }
    (Vec::new(), String::new())
}

/// `3.11.7` by its name; `3.11` is the newest of its kind, as `pyenv latest` has it.
fn pyenv_version(disk: Disk<'_>, pyenv: &Path, version: &str) -> Option<PathBuf> {
    let versions = pyenv.join("versions");
    let version = version.strip_prefix("python-").unwrap_or(version);
    if disk.is_directory(&versions.join(version)) {
        return Some(versions.join(version));
    }
    let prefix = format!("{version}.");
    let newest = disk
        .listing(&versions)?
        .iter()
        .filter(|member| member.name.starts_with(&prefix))
        .filter_map(|member| Some((crate::pyvenv::version(&member.name)?, &member.name)))
        .max()?;
    Some(versions.join(newest.1))
}

fn built_in(request: &Request, found: &str, reason: &str, file: PathBuf) -> Located {
    let version = request.python_version.unwrap_or_else(tables::newest);
    let message =
        format!("{reason}: a built-in account of CPython {version}'s standard library is used in its place");
    let build = Build::of_tables(version);
    Located {
        interpreter: Interpreter {
            executable: None,
            version,
            built_in_modules: build.built_in_modules,
            extension_suffixes: build.extension_suffixes,
            cache_tag: build.cache_tag,
            implementation: Implementation::CPython,
            layout: Layout::USUAL,
            prefix: PathBuf::from(BUILT_IN_LIBRARY),
            base_prefix: PathBuf::from(BUILT_IN_LIBRARY),
            standard_library: None,
            is_virtual_environment: false,
            found: found.to_owned(),
        },
        configuration: None,
        path_file: None,
        problems: vec![Problem { message, file, line: None }],
    }
}

/// `--python-version`: the standard library on disk belongs to another version, so the tables answer for it.
fn override_version(disk: Disk<'_>, interpreter: &mut Interpreter, wanted: PythonVersion) {
    if same_minor(wanted, interpreter.version) {
        interpreter.version.micro = wanted.micro.or(interpreter.version.micro);
        return;
    }
    let Interpreter { implementation, ref layout, ref base_prefix, .. } = *interpreter;
    let built = Built { version: wanted, implementation, layout, library: None, prefix: base_prefix };
    let build = Build::read(disk, &built);
    interpreter.built_in_modules = build.built_in_modules;
    interpreter.extension_suffixes = build.extension_suffixes;
    interpreter.cache_tag = build.cache_tag;
    interpreter.version = wanted;
    interpreter.standard_library = None;
}
