//! From a program or a directory to the interpreter that it is, as CPython's `getpath` finds its prefix.

use std::path::Path;

use crate::build::{Build, Built};
use crate::disk::Disk;
use crate::layout::{
    Installation, Layout, Library, Platform, ProgramName, installation, libraries_in, search_up,
};
use crate::model::{Implementation, Interpreter, Problem, PythonVersion};
use crate::path_file::{self, PathFile};
use crate::pyvenv::{self, Configuration};
use crate::version::with_micro;

/// An interpreter with what was learnt on the way.
pub(crate) struct Located {
    pub(crate) interpreter: Interpreter,
    /// Of a virtual environment.
    pub(crate) configuration: Option<Configuration>,
    /// A `._pth` file beside the program.
    pub(crate) path_file: Option<PathFile>,
    pub(crate) problems: Vec<Problem>,
}

/// The interpreter at `path`: a program, a virtual environment, or the prefix of an installation.
pub(crate) fn locate(disk: Disk<'_>, path: &Path, found: &str) -> Option<Located> {
    if disk.is_file(path) {
        return of_program(disk, path, found);
    }
    if !disk.is_directory(path) {
        // The program of an environment whose Python is gone is a link to nowhere.
        let prefix = path.parent()?.parent().filter(|_| disk.is_link(path))?;
        return of_environment(disk, prefix, None, &prefix.join("pyvenv.cfg"), found);
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
    installation(disk, path, ProgramName::default()).map(|at| of_installation(disk, at, None, found))
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
    let mut at = behind(disk, program, &real)?;
    let path_file = path_file::find(disk, &at, program, &real);
    if let Some(directory) = path_file.as_ref().and_then(|path_file| path_file.file.parent()) {
        // It sets `home` too.
        at.prefix = directory.to_path_buf();
    }
    let mut located = of_installation(disk, at, Some(program), found);
    located.problems.extend(path_file.iter().flat_map(|path_file| path_file.problems.clone()));
    located.path_file = path_file;
    Some(located)
}

/// Above any program at all there may be a standard library.
fn is_named_like_python(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["python", "pypy"].iter().any(|start| name.starts_with(start))
}

/// The installation that a program belongs to; `real` is what its links lead to.
fn behind(disk: Disk<'_>, program: &Path, real: &Path) -> Option<Installation> {
    let name = ProgramName::of(real);
    let name = if name.version.is_some() { name } else { ProgramName::of(program) };
    let directory = real.parent()?;
    // `PREFIX`: where `/bin` is a link to `/usr/bin`, the search ends at the root.
    let is_system = directory.parent().is_some_and(|parent| parent.parent().is_none());
    let system = || installation(disk, Path::new("/usr"), name).filter(|_| is_system);
    search_up(disk, directory, name).or_else(system)
}

fn of_installation(disk: Disk<'_>, at: Installation, program: Option<&Path>, found: &str) -> Located {
    let Installation { prefix, library, version, implementation, layout } = at;
    let built = Built { version, implementation, layout: &layout, library: Some(&library), prefix: &prefix };
    let build = Build::read(disk, &built);
    Located {
        interpreter: Interpreter {
            executable: program.map(Path::to_path_buf),
            version: with_micro(disk, version, Some(&prefix), None),
            built_in_modules: build.built_in_modules,
            extension_suffixes: build.extension_suffixes,
            cache_tag: build.cache_tag,
            implementation,
            layout,
            base_prefix: prefix.clone(),
            prefix,
            standard_library: Some(library),
            is_virtual_environment: false,
            found: found.to_owned(),
        },
        configuration: None,
        path_file: None,
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
    let bytes = disk.bytes(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let configuration = pyvenv::parse(&text);
    let own = own_library(disk, prefix, configuration.version);
    let base = base_of(disk, program, &configuration, own.as_ref());
    let mut problems = pyvenv::problems(&bytes, file);
    let mut add = |key: &str, message: String| {
        problems.push(Problem { message, file: file.to_path_buf(), line: pyvenv::line_of(&text, key) });
    };
    let Some(base) = base else {
        add("home", why_no_base(configuration.home.as_deref(), prefix));
        // What matters most comes first.
        problems.rotate_right(1);
        let interpreter = without_base(disk, prefix, own.as_ref(), configuration.version, found)?;
        let configuration = Some(configuration);
        return Some(Located { interpreter, configuration, path_file: None, problems });
    };
    if let Some(message) = foreign_home(disk, configuration.home.as_deref(), &base) {
        add("home", message);
    }
    if let Some(noted) = configuration.version
        && (noted.major, noted.minor) != (base.version.major, base.version.minor)
    {
        let message =
            format!("this file says {noted}, but the Python of this environment is {}", base.version);
        let key = if pyvenv::line_of(&text, "version").is_some() { "version" } else { "version_info" };
        add(key, message);
    }
    let mut located = of_installation(disk, base, program, found);
    let interpreter = &mut located.interpreter;
    interpreter.prefix = prefix.to_path_buf();
    interpreter.is_virtual_environment = true;
    if interpreter.version.micro.is_none() {
        interpreter.version = with_micro(disk, interpreter.version, None, configuration.version);
    }
    located.configuration = Some(configuration);
    located.problems = problems;
    Some(located)
}

/// The environment's own `lib/pythonX.Y`: that of the version in the file, else the newest.
fn own_library<'a>(disk: Disk<'a>, prefix: &Path, noted: Option<PythonVersion>) -> Option<Library<'a>> {
    let noted = noted.map(|noted| (noted.major, noted.minor));
    libraries_in(disk, &prefix.join("lib")).max_by_key(|library| {
        (noted == Some((library.version.major, library.version.minor)), library.version)
    })
}

/// The installation behind an environment. `getpath` searches upwards from `home` for the library of the version that
/// the program was compiled for; where nothing is there, the prefix that it was compiled with counts, which we know
/// where the program is a link.
fn base_of(
    disk: Disk<'_>,
    program: Option<&Path>,
    configuration: &Configuration,
    own: Option<&Library<'_>>,
) -> Option<Installation> {
    let real =
        program.map(|program| disk.resolve_links(program)).filter(|real| Some(real.as_path()) != program);
    let linked = program.zip(real.as_deref()).and_then(|(program, real)| behind(disk, program, real));
    let home = configuration.home.as_deref().filter(|home| home.is_absolute());
    let from_home = |name: ProgramName| search_up(disk, home?, name);
    if let Some(mut linked) = linked {
        let name = ProgramName::like(&linked);
        if let Some(found) = from_home(name) {
            (linked.prefix, linked.library) = (found.prefix, found.library);
        }
        return Some(linked);
    }
    // A copy: what it is, its name may tell, or the library made for it; `version` was only noted.
    let named = program.map(ProgramName::of).filter(|name| name.version.is_some());
    let names = [
        named,
        own.map(ProgramName::like_library),
        configuration.version.map(ProgramName::of_version),
        Some(ProgramName::default()),
    ];
    names.into_iter().flatten().find_map(from_home)
}

fn why_no_base(home: Option<&Path>, prefix: &Path) -> String {
    match home {
        None => "this virtual environment names no home, so Python cannot start in it".to_owned(),
        Some(home) if home.starts_with(prefix) => {
            "the home of this virtual environment is the environment itself, so it has no standard library"
                .to_owned()
        }
        Some(home) => format!(
            "the Python that this virtual environment was made with is gone: there is no standard library above {}",
            home.display()
        ),
    }
}

/// `home` belongs to another Python.
fn foreign_home(disk: Disk<'_>, home: Option<&Path>, base: &Installation) -> Option<String> {
    let home = home.filter(|home| home.is_absolute())?;
    if search_up(disk, home, ProgramName::like(base)).is_some() {
        return None;
    }
    let (other, own) = (search_up(disk, home, ProgramName::default())?.version, base.version);
    let home = home.display();
    Some(format!(
        "{home} belongs to {other}, but the Python of this environment is {own}: it uses its own library"
    ))
}

/// What is known of an environment whose Python is gone.
fn without_base(
    disk: Disk<'_>,
    prefix: &Path,
    own: Option<&Library<'_>>,
    noted: Option<PythonVersion>,
    found: &str,
) -> Option<Interpreter> {
    let version = own.map(|own| own.version).or(noted)?;
    let is_windows = own.is_none() && disk.is_directory(&prefix.join("Scripts"));
    let layout = Layout {
        platform: if is_windows { Platform::Windows } else { Platform::Posix },
        free_threaded: own.is_some_and(|own| own.free_threaded),
        ..Layout::USUAL
    };
    let implementation = own.map_or(Implementation::CPython, |own| own.implementation);
    let build = Build::read(disk, &Built { version, implementation, layout: &layout, library: None, prefix });
    Some(Interpreter {
        executable: None,
        version: with_micro(disk, version, None, noted),
        built_in_modules: build.built_in_modules,
        extension_suffixes: build.extension_suffixes,
        cache_tag: build.cache_tag,
        implementation,
        layout,
        prefix: prefix.to_path_buf(),
        base_prefix: prefix.to_path_buf(),
        standard_library: None,
        is_virtual_environment: true,
        found: found.to_owned(),
    })
}
