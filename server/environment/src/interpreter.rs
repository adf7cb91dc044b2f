//! From a program or a directory to the interpreter that it is, as CPython's `getpath` finds its prefix.

use std::path::{Path, PathBuf};

use crate::build::Build;
use speclens_files::Listing;

use crate::disk::Disk;
use crate::model::{Implementation, Interpreter, Problem, PythonVersion};
use crate::pyvenv::{self, Configuration};

/// An interpreter with what was learnt on the way.
pub(crate) struct Located {
    pub(crate) interpreter: Interpreter,
    /// Of a virtual environment.
    pub(crate) configuration: Option<Configuration>,
    pub(crate) problems: Vec<Problem>,
}

/// An installation: `PREFIX/lib/pythonX.Y/os.py` exists.
struct Installation {
    prefix: PathBuf,
    library: PathBuf,
    version: PythonVersion,
    implementation: Implementation,
}

/// The interpreter at `path`: a program, a virtual environment, or the prefix of an installation.
pub(crate) fn locate(disk: Disk<'_>, path: &Path, found: &str) -> Option<Located> {
    if disk.is_file(path) {
        return of_program(disk, path, found);
    }
    if !disk.is_directory(path) {
        return None;
    }
    let program = ["bin", "Scripts", ""]
        .iter()
        .flat_map(|directory| ["python", "python3", "python.exe"].map(|name| path.join(directory).join(name)))
        .find(|program| disk.is_file(program));
    if let Some(located) = program.and_then(|program| of_program(disk, &program, found)) {
        return Some(located);
    }
    if disk.is_file(&path.join("pyvenv.cfg")) {
        return of_environment(disk, path, None, &path.join("pyvenv.cfg"), found);
    }
    installation(disk, path, None).map(|at| of_installation(disk, &at, None, found))
}

fn of_program(disk: Disk<'_>, program: &Path, found: &str) -> Option<Located> {
    let directory = program.parent()?;
    // The links of the program are not followed for this: an environment's `bin/python` is a link itself.
    for above in [Some(directory), directory.parent()].into_iter().flatten() {
        let configuration = above.join("pyvenv.cfg");
        if disk.is_file(&configuration) {
            return of_environment(disk, directory.parent()?, Some(program), &configuration, found);
        }
    }
    let real = disk.resolve_links(program);
    if ![program, real.as_path()].into_iter().any(is_named_like_python) {
        return None;
    }
    let named = version_in_name(&real).or_else(|| version_in_name(program));
    let at = above(disk, real.parent()?, named)?;
    Some(of_installation(disk, &at, Some(program), found))
}

/// Above any program at all there may be a standard library.
fn is_named_like_python(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["python", "pypy"].iter().any(|start| name.starts_with(start))
}

fn of_installation(disk: Disk<'_>, at: &Installation, program: Option<&Path>, found: &str) -> Located {
    let build = Build::read(disk, Some(&at.library), at.version);
    Located {
        interpreter: Interpreter {
            executable: program.map(Path::to_path_buf),
            version: with_micro(disk, at.version, Some(&at.prefix), None),
            built_in_modules: build.built_in_modules,
            extension_suffixes: build.extension_suffixes,
            implementation: at.implementation,
            prefix: at.prefix.clone(),
            base_prefix: at.prefix.clone(),
            standard_library: Some(at.library.clone()),
            is_virtual_environment: false,
            found: found.to_owned(),
        },
        configuration: None,
        problems: Vec::new(),
    }
}

fn of_environment(
    disk: Disk<'_>,
    prefix: &Path,
    program: Option<&Path>,
    file: &Path,
    found: &str,
) -> Option<Located> {
    let configuration = pyvenv::parse(&disk.text(file)?);
    let named = configuration.version.or_else(|| version_of_own_library(disk, prefix));
    let base = base_of(disk, program, configuration.home.as_deref(), named);
    let mut problems = Vec::new();
    if base.is_none() {
        problems.push(Problem {
            message: configuration.home.as_ref().map_or_else(
                || "this virtual environment names no home, so Python cannot start in it".to_owned(),
                |home| {
                    format!(
                        "the Python that this virtual environment was made with is gone: there is no standard \
                         library above {}",
                        home.display()
                    )
                },
            ),
            file: file.to_path_buf(),
            line: disk.text(file).and_then(|text| line_of_key(&text, "home")),
        });
    }
    let version = base.as_ref().map(|base| base.version).or(named)?;
    let build = Build::read(disk, base.as_ref().map(|base| base.library.as_path()), version);
    let interpreter = Interpreter {
        executable: program.map(Path::to_path_buf),
        built_in_modules: build.built_in_modules,
        extension_suffixes: build.extension_suffixes,
        version: with_micro(
            disk,
            version,
            base.as_ref().map(|base| base.prefix.as_path()),
            configuration.version,
        ),
        implementation: base.as_ref().map_or(Implementation::CPython, |base| base.implementation),
        prefix: prefix.to_path_buf(),
        base_prefix: base.as_ref().map_or_else(|| prefix.to_path_buf(), |base| base.prefix.clone()),
        standard_library: base.map(|base| base.library),
        is_virtual_environment: true,
        found: found.to_owned(),
    };
    Some(Located { interpreter, configuration: Some(configuration), problems })
}

/// The installation behind an environment. The program's links come first: where they lead out of the environment,
/// `home` does not decide.
fn base_of(
    disk: Disk<'_>,
    program: Option<&Path>,
    home: Option<&Path>,
    version: Option<PythonVersion>,
) -> Option<Installation> {
    let real =
        program.map(|program| disk.resolve_links(program)).filter(|real| Some(real.as_path()) != program);
    let by_link =
        real.as_deref().and_then(Path::parent).and_then(|directory| above(disk, directory, version));
    by_link.or_else(|| above(disk, home?, version))
}

fn line_of_key(text: &str, wanted: &str) -> Option<u32> {
    let at = text.lines().position(|line| {
        line.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))
    })?;
    u32::try_from(at + 1).ok()
}

/// The first directory from `start` upwards that is an installation.
fn above(disk: Disk<'_>, start: &Path, version: Option<PythonVersion>) -> Option<Installation> {
    start.ancestors().find_map(|directory| installation(disk, directory, version))
}

fn installation(disk: Disk<'_>, prefix: &Path, wanted: Option<PythonVersion>) -> Option<Installation> {
    for libraries in ["lib", "lib64"] {
        let libraries = prefix.join(libraries);
        let mut found: Vec<_> = libraries_in(disk, &libraries)
            .filter(|(version, ..)| {
                wanted.is_none_or(|wanted| (wanted.major, wanted.minor) == (version.major, version.minor))
            })
            .filter(|(_, name, _)| disk.is_file(&libraries.join(name).join("os.py")))
            .collect();
        // Several versions share `/usr/lib`; where nothing names one, the newest is the likeliest.
        found.sort_by_key(|(version, ..)| *version);
        if let Some((version, name, implementation)) = found.pop() {
            let library = libraries.join(name);
            return Some(Installation { prefix: prefix.to_path_buf(), library, version, implementation });
        }
    }
    None
}

/// The directories `pythonX.Y` and `pypyX.Y`.
fn libraries_in<'a>(
    disk: Disk<'a>,
    libraries: &Path,
) -> impl Iterator<Item = (PythonVersion, &'a str, Implementation)> + use<'a> {
    disk.listing(libraries).into_iter().flat_map(Listing::iter).filter_map(|member| {
        let (rest, implementation) = match member.name.strip_prefix("python") {
            Some(rest) => (rest, Implementation::CPython),
            None => (member.name.strip_prefix("pypy")?, Implementation::PyPy),
        };
        let version = pyvenv::version(rest)?;
        (version.major == 3).then_some((version, member.name.as_str(), implementation))
    })
}

fn version_of_own_library(disk: Disk<'_>, prefix: &Path) -> Option<PythonVersion> {
    libraries_in(disk, &prefix.join("lib")).map(|(version, ..)| version).max()
}

/// `python3.11` -> 3.11.
fn version_in_name(program: &Path) -> Option<PythonVersion> {
    let name = program.file_name()?.to_str()?;
    pyvenv::version(name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?)
}

/// Adds the micro version, where the installation tells it, else the environment made from it.
fn with_micro(
    disk: Disk<'_>,
    version: PythonVersion,
    prefix: Option<&Path>,
    noted: Option<PythonVersion>,
) -> PythonVersion {
    let same = |found: &PythonVersion| (found.major, found.minor) == (version.major, version.minor);
    let told = prefix.and_then(|prefix| {
        from_header(disk, prefix, version)
            .or_else(|| from_conda(disk, prefix))
            .or_else(|| from_directory_name(prefix))
            .filter(same)
            .filter(|found| found.micro.is_some())
    });
    told.or_else(|| noted.filter(same)).unwrap_or(version)
}

/// `#define PY_VERSION "3.11.7"` in `patchlevel.h`.
fn from_header(disk: Disk<'_>, prefix: &Path, version: PythonVersion) -> Option<PythonVersion> {
    let PythonVersion { major, minor, .. } = version;
    let text = ["", "m"].iter().find_map(|flags| {
        disk.text(&prefix.join(format!("include/python{major}.{minor}{flags}/patchlevel.h")))
    })?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("#define PY_VERSION"))?;
    pyvenv::version(line.trim().trim_matches('"'))
}

/// `conda-meta/python-3.11.7-….json`.
fn from_conda(disk: Disk<'_>, prefix: &Path) -> Option<PythonVersion> {
    let listing = disk.listing(&prefix.join("conda-meta"))?;
    listing.iter().find_map(|member| {
        let rest = member.name.strip_prefix("python-")?;
        rest.starts_with(|c: char| c.is_ascii_digit())
            .then(|| pyvenv::version(rest.split('-').next()?))
            .flatten()
    })
}

/// pyenv's `versions/3.11.7`, uv's `cpython-3.11.7-linux-x86_64-gnu`.
fn from_directory_name(prefix: &Path) -> Option<PythonVersion> {
    prefix.file_name()?.to_str()?.split('-').find_map(pyvenv::version)
}
