//! How an installation lies on the disk, and the search path that follows from it: a static account of
//! `Modules/getpath.py` (`PC/getpathp.c` for Windows before 3.11) and of the path functions of `Lib/site.py`. What a
//! running interpreter was compiled with is read from the listing.

use std::path::{Path, PathBuf};

use speclens_files::Listing;

use crate::disk::Disk;
use crate::model::{Implementation, Interpreter, PathOrigin, PythonVersion};
use crate::pyvenv;
use crate::request::Variables;

/// The families of layouts, by `os.name` and `sys.platform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Linux and its like: `lib/pythonX.Y`, `.so`.
    Posix,
    /// macOS: the same, with frameworks.
    MacOs,
    /// Windows: `Lib`, `DLLs`, `.pyd`.
    Windows,
}

/// What an interpreter was compiled with, as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The family.
    pub platform: Platform,
    /// `sys._framework`: `Python` in `…/Python.framework/Versions/3.12`.
    pub framework: Option<String>,
    /// `Py_GIL_DISABLED`: `lib/python3.13t`, `cp313t`.
    pub free_threaded: bool,
    /// `Py_DEBUG`: `python3.11d`, `python_d.exe`.
    pub debug: bool,
}

impl Layout {
    /// That of the tables: a usual build on Linux.
    pub(crate) const USUAL: Self =
        Self { platform: Platform::Posix, framework: None, free_threaded: false, debug: false };

    fn is_windows(&self) -> bool {
        self.platform == Platform::Windows
    }

    /// `ABI_THREAD`.
    pub(crate) fn abi_thread(&self) -> &'static str {
        if self.free_threaded { "t" } else { "" }
    }
}

/// What the name of a program tells: `python3.13t`, `python3.11d`, `python3.11-dbg`, `python_d.exe`, `pypy3.10`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProgramName {
    pub(crate) version: Option<PythonVersion>,
    /// A `python` may be any, and is more often CPython.
    implementation: Option<Implementation>,
    free_threaded: bool,
    debug: bool,
}

impl ProgramName {
    pub(crate) fn of(program: &Path) -> Self {
        let name = program.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        let (name, debug) = match name.strip_suffix("_d").or_else(|| name.strip_suffix("-dbg")) {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (rest, implementation) = match (name.strip_prefix("python"), name.strip_prefix("pypy")) {
            (Some(rest), _) => (rest, None),
            (None, Some(rest)) => (rest, Some(Implementation::PyPy)),
            (None, None) => return Self::default(),
        };
        let flags = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        Self {
            version: pyvenv::version(rest),
            implementation,
            free_threaded: flags.starts_with('t'),
            debug: debug || flags.contains('d'),
        }
    }

    /// Any program of this version.
    pub(crate) fn of_version(version: PythonVersion) -> Self {
        Self { version: Some(version), ..Self::default() }
    }

    /// The program of an installation.
    pub(crate) fn like(at: &Installation) -> Self {
        Self {
            version: Some(at.version),
            implementation: Some(at.implementation),
            free_threaded: at.layout.free_threaded,
            debug: at.layout.debug,
        }
    }

    /// A program that has this library.
    pub(crate) fn like_library(library: &Library<'_>) -> Self {
        let Library { version, implementation, free_threaded, .. } = *library;
        Self { version: Some(version), implementation: Some(implementation), free_threaded, debug: false }
    }

    fn fits_version(self, version: PythonVersion) -> bool {
        self.version.is_none_or(|wanted| (wanted.major, wanted.minor) == (version.major, version.minor))
    }

    fn fits(self, library: &Library<'_>) -> bool {
        self.fits_version(library.version)
            && self.implementation.is_none_or(|implementation| implementation == library.implementation)
    }

    /// How near a library comes, where several fit.
    fn closeness(self, library: &Library<'_>) -> (bool, bool, PythonVersion) {
        let wanted = self.implementation.unwrap_or(Implementation::CPython);
        let same = library.implementation == wanted;
        (same, library.free_threaded == self.free_threaded, library.version)
    }
}

/// An installation: `PREFIX/lib/pythonX.Y/os.py` exists, or `PREFIX\Lib\os.py`.
pub(crate) struct Installation {
    pub(crate) prefix: PathBuf,
    pub(crate) library: PathBuf,
    pub(crate) version: PythonVersion,
    pub(crate) implementation: Implementation,
    pub(crate) layout: Layout,
}

/// `search_up`: the first directory from `start` upwards that is an installation. The root itself is not asked.
pub(crate) fn search_up(disk: Disk<'_>, start: &Path, name: ProgramName) -> Option<Installation> {
    let directories = start.ancestors().filter(|directory| directory.parent().is_some());
    directories.into_iter().find_map(|directory| installation(disk, directory, name))
}

/// `STDLIB_LANDMARKS` and `ZIP_LANDMARK` below `prefix`.
pub(crate) fn installation(disk: Disk<'_>, prefix: &Path, name: ProgramName) -> Option<Installation> {
    posix(disk, prefix, name).or_else(|| windows(disk, prefix, name))
}

fn posix(disk: Disk<'_>, prefix: &Path, name: ProgramName) -> Option<Installation> {
    for libraries in ["lib", "lib64"] {
        let directory = prefix.join(libraries);
        let mut found: Vec<_> = libraries_in(disk, &directory)
            .filter(|library| name.fits(library))
            .filter(|library| has_landmark(disk, &directory.join(library.name)))
            .collect();
        // Several versions share `/usr/lib`; where nothing names one, the newest is the likeliest.
        found.sort_by_key(|library| name.closeness(library));
        if let Some(found) = found.pop() {
            let library = directory.join(found.name);
            let framework = framework(prefix);
            let is_mac = framework.is_some() || has_file_like(disk, &library, "-darwin.so");
            let layout = Layout {
                platform: if is_mac { Platform::MacOs } else { Platform::Posix },
                framework,
                free_threaded: found.free_threaded,
                debug: name.debug,
            };
            let Library { version, implementation, .. } = found;
            return Some(Installation {
                prefix: prefix.to_path_buf(),
                library,
                version,
                implementation,
                layout,
            });
        }
    }
    None
}

fn has_landmark(disk: Disk<'_>, library: &Path) -> bool {
    ["os.py", "os.pyc"].iter().any(|landmark| disk.is_file(&library.join(landmark)))
}

/// Whether `lib-dynload`, or the library itself (PyPy), has a file with this ending.
fn has_file_like(disk: Disk<'_>, library: &Path, ending: &str) -> bool {
    [library.join("lib-dynload"), library.to_path_buf()]
        .iter()
        .filter_map(|directory| disk.listing(directory))
        .any(|listing| listing.iter().any(|member| member.name.ends_with(ending)))
}

/// `PYTHONFRAMEWORK`, told by `…/Python.framework/Versions/3.12`.
fn framework(prefix: &Path) -> Option<String> {
    let versions = prefix.parent().filter(|parent| parent.ends_with("Versions"))?;
    let name = versions.parent()?.file_name()?.to_str()?;
    Some(name.strip_suffix(".framework")?.to_owned())
}

/// A directory `pythonX.Y`, `pythonX.Yt` or `pypyX.Y`.
pub(crate) struct Library<'a> {
    name: &'a str,
    pub(crate) version: PythonVersion,
    pub(crate) implementation: Implementation,
    pub(crate) free_threaded: bool,
}

pub(crate) fn libraries_in<'a>(
    disk: Disk<'a>,
    libraries: &Path,
) -> impl Iterator<Item = Library<'a>> + use<'a> {
    disk.listing(libraries).into_iter().flat_map(Listing::iter).filter_map(|member| {
        let name = member.name.as_str();
        let (rest, implementation) = match name.strip_prefix("python") {
            Some(rest) => (rest, Implementation::CPython),
            None => (name.strip_prefix("pypy")?, Implementation::PyPy),
        };
        let (rest, free_threaded) = match rest.strip_suffix('t') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let is_number = rest.chars().all(|c| c.is_ascii_digit() || c == '.');
        let version = pyvenv::version(rest).filter(|version| is_number && version.major == 3)?;
        Some(Library { name, version, implementation, free_threaded })
    })
}

/// The layout of Windows: the program and its DLL at the prefix, beside `Lib` or a zip file.
fn windows(disk: Disk<'_>, prefix: &Path, name: ProgramName) -> Option<Installation> {
    let listing = disk.listing(prefix)?;
    let has =
        |wanted: &dyn Fn(&str) -> bool| listing.iter().any(|member| wanted(&member.name.to_lowercase()));
    if !has(&|name| name.starts_with("python") && has_extension(name, "exe")) {
        return None;
    }
    let is_named = |name: &str, extension| windows_file(name).is_some() && has_extension(name, extension);
    let is_embeddable = has(&|name| is_named(name, "zip") || is_named(name, "_pth"));
    if !has_landmark(disk, &prefix.join("Lib")) && !is_embeddable {
        return None;
    }
    let (version, only_free_threaded) = windows_version(disk, prefix, listing, name)?;
    let library = prefix.join(windows_library(version));
    let layout = Layout {
        platform: Platform::Windows,
        framework: None,
        free_threaded: name.free_threaded || only_free_threaded,
        debug: name.debug,
    };
    let implementation = Implementation::CPython;
    Some(Installation { prefix: prefix.to_path_buf(), library, version, implementation, layout })
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// Until 3.10 the path was compiled in, in small letters.
fn windows_library(version: PythonVersion) -> &'static str {
    if version.at_least(11) { "Lib" } else { "lib" }
}

/// `python312.dll`, `python313t.dll`, `python312.zip`, `python312._pth`, `python3.13t.exe`: the version, and whether
/// it is free-threaded.
fn windows_file(name: &str) -> Option<(PythonVersion, bool)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let stem = stem.strip_suffix("_d").unwrap_or(stem).strip_prefix("python")?;
    let (stem, free_threaded) = match stem.strip_suffix('t') {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    let minor = match extension {
        "dll" | "zip" | "_pth" => stem.strip_prefix('3')?,
        "exe" => stem.strip_prefix("3.")?,
        _ => return None,
    };
    Some((PythonVersion::new(3, minor.parse().ok()?), free_threaded))
}

/// The version, and whether there is nothing but a free-threaded build.
fn windows_version(
    disk: Disk<'_>,
    prefix: &Path,
    listing: &Listing,
    name: ProgramName,
) -> Option<(PythonVersion, bool)> {
    let found: Vec<_> =
        listing.iter().filter_map(|member| windows_file(&member.name.to_lowercase())).collect();
    // The DLLs of the build with the lock have no tag in their names.
    let plain = if name.debug { "_ctypes_d.pyd" } else { "_ctypes.pyd" };
    let plain = disk.listing(&prefix.join("DLLs")).is_some_and(|dlls| dlls.has_file(plain));
    let free_threaded = !found.is_empty() && found.iter().all(|(_, free_threaded)| *free_threaded) && !plain;
    let told = found.first().map(|(version, _)| *version);
    let told = told.or_else(|| crate::version::of_installation(disk, prefix, "")).or(name.version)?;
    let version = PythonVersion::new(told.major, told.minor);
    name.fits_version(version).then_some((version, free_threaded))
}

/// `python3.11`, `python3.13t`, `pypy3.10`.
fn library_name(interpreter: &Interpreter) -> String {
    let name = match interpreter.implementation {
        Implementation::CPython => "python",
        Implementation::PyPy => "pypy",
    };
    let PythonVersion { major, minor, .. } = interpreter.version;
    format!("{name}{major}.{minor}{}", interpreter.layout.abi_thread())
}

/// `config['module_search_paths']` without `PYTHONPATH`.
pub(crate) fn module_search_paths(
    disk: Disk<'_>,
    interpreter: &Interpreter,
    library: &Path,
) -> Vec<(PathBuf, PathOrigin)> {
    let Interpreter { version, layout, base_prefix, .. } = interpreter;
    if interpreter.implementation == Implementation::PyPy {
        return vec![(library.to_path_buf(), PathOrigin::StandardLibrary)];
    }
    let number = format!("{}{}", version.major, version.minor);
    if !layout.is_windows() {
        let zip = format!("python{number}{}.zip", layout.abi_thread());
        return vec![
            (library.with_file_name(zip), PathOrigin::StandardLibraryZip),
            (library.to_path_buf(), PathOrigin::StandardLibrary),
            (library.join("lib-dynload"), PathOrigin::DynamicLibraries),
        ];
    }
    let zip = format!("python{number}{}.zip", if layout.debug { "_d" } else { "" });
    let dlls = base_prefix.join("DLLs");
    // gh-98790: where `DLLs` is missing, the modules lie beside the program.
    let dlls = if version.at_least(11) && !disk.is_directory(&dlls) { base_prefix.clone() } else { dlls };
    vec![
        (base_prefix.join(zip), PathOrigin::StandardLibraryZip),
        (dlls, PathOrigin::DynamicLibraries),
        (library.to_path_buf(), PathOrigin::StandardLibrary),
        (base_prefix.clone(), PathOrigin::DynamicLibraries),
    ]
}

/// `site._getuserbase` and `site._get_path`.
pub(crate) fn user_site(interpreter: &Interpreter, variables: &Variables) -> Option<PathBuf> {
    let Interpreter { version, layout, .. } = interpreter;
    let home = || variables.get("HOME").or_else(|| variables.get("USERPROFILE")).map(PathBuf::from);
    let number = format!("{}.{}", version.major, version.minor);
    let base = variables.get("PYTHONUSERBASE").map(PathBuf::from);
    Some(if layout.is_windows() {
        let data = || variables.get("APPDATA").map(PathBuf::from).or_else(home);
        let base = base.or_else(|| Some(data()?.join("Python")))?;
        base.join(format!("Python{}", winver(interpreter))).join("site-packages")
    } else if let Some(framework) = &layout.framework {
        // Apple's is called `Python3`, but keeps the usual name here.
        let framework = if framework == "Python3" { "Python" } else { framework };
        let base = base.or_else(|| Some(home()?.join("Library").join(framework).join(number)))?;
        base.join("lib/python/site-packages")
    } else {
        let base = base.or_else(|| Some(home()?.join(".local")))?;
        base.join("lib").join(library_name(interpreter)).join("site-packages")
    })
}

/// `sys.winver` without its dot: `312`, `313t`, `312-32`, `312-arm64`; until 3.9 the bare version stood here.
fn winver(interpreter: &Interpreter) -> String {
    let Interpreter { version, layout, extension_suffixes, .. } = interpreter;
    let is_tagged = |tag: &str| extension_suffixes.first().is_some_and(|suffix| suffix.contains(tag));
    let machine = match () {
        () if !version.at_least(10) => "",
        () if is_tagged("-win32.") => "-32",
        () if is_tagged("-win_arm64.") => "-arm64",
        () => "",
    };
    format!("{}{}{}{machine}", version.major, version.minor, layout.abi_thread())
}

/// Where `site.getsitepackages` of this installation looks below a prefix.
pub(crate) struct SitePackages<'a> {
    interpreter: &'a Interpreter,
    /// `sys.platlibdir`.
    libraries: String,
    /// Debian's `site.py` looks for `dist-packages`.
    debian: bool,
}

impl<'a> SitePackages<'a> {
    pub(crate) fn of(disk: Disk<'_>, interpreter: &'a Interpreter) -> Self {
        let library = interpreter.standard_library.as_deref();
        let text = library.and_then(|library| disk.text(&library.join("site.py"))).unwrap_or_default();
        let libraries = library
            .and_then(Path::parent)
            .and_then(Path::file_name)
            .map_or_else(|| "lib".to_owned(), |name| name.to_string_lossy().into_owned());
        Self { interpreter, libraries, debian: text.contains("\"dist-packages\"") }
    }

    /// `site.getsitepackages([prefix])`.
    pub(crate) fn directories(&self, prefix: &Path) -> Vec<PathBuf> {
        let Interpreter { version, layout, .. } = self.interpreter;
        let name = library_name(self.interpreter);
        if layout.is_windows() {
            return vec![prefix.to_path_buf(), prefix.join(windows_library(*version)).join("site-packages")];
        }
        if let Some(directory) = homebrew(prefix, &name) {
            return vec![directory];
        }
        if self.debian {
            return self.debian_directories(prefix, &name);
        }
        let mut libraries = vec![self.libraries.as_str()];
        if self.libraries != "lib" {
            libraries.push("lib");
        }
        libraries.iter().map(|libraries| prefix.join(libraries).join(&name).join("site-packages")).collect()
    }

    fn debian_directories(&self, prefix: &Path, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if self.interpreter.is_virtual_environment {
            found.push(prefix.join("lib").join(name).join("site-packages"));
        }
        found.push(prefix.join("local/lib").join(name).join("dist-packages"));
        found.push(prefix.join("lib/python3/dist-packages"));
        if self.interpreter.implementation == Implementation::CPython {
            found.push(prefix.join("lib").join(name).join("dist-packages"));
        }
        found
    }
}

/// Homebrew keeps packages outside the keg: its `sitecustomize` puts `HOMEBREW_PREFIX/lib/pythonX.Y/site-packages` in
/// the place of the framework's own, which is a link to it.
fn homebrew(prefix: &Path, name: &str) -> Option<PathBuf> {
    framework(prefix)?;
    let kegs = |directory: &&Path| directory.ends_with("Cellar") || directory.ends_with("opt");
    let cellar = prefix.ancestors().find(kegs)?;
    let keg = prefix.strip_prefix(cellar).ok()?.components().next()?;
    let is_python = keg.as_os_str().to_string_lossy().starts_with("python@");
    is_python.then(|| cellar.parent().map(|brew| brew.join("lib").join(name).join("site-packages")))?
}
