//! What an environment is, as plain data.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::layout::Layout;

/// `sys.version_info`, as far as it can be read without running the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    /// 3.
    pub major: u8,
    /// 13 in 3.13.
    pub minor: u8,
    /// 1 in 3.13.1; `None` where the disk does not tell.
    pub micro: Option<u8>,
}

impl PythonVersion {
    /// `major.minor` with the micro version unknown.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor, micro: None }
    }

    /// Whether this is `3.minor` or newer.
    pub const fn at_least(self, minor: u8) -> bool {
        self.major > 3 || (self.major == 3 && self.minor >= minor)
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)?;
        self.micro.map_or(Ok(()), |micro| write!(formatter, ".{micro}"))
    }
}

impl FromStr for PythonVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[3, minor]) => Ok(Self::new(3, minor)),
            Some(&[3, minor, micro]) => Ok(Self { micro: Some(micro), ..Self::new(3, minor) }),
            _ => Err("expected a version of Python 3, for example 3.12 or 3.12.1".to_owned()),
        }
    }
}

/// `sys.implementation.name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Implementation {
    /// CPython.
    CPython,
    /// PyPy.
    PyPy,
}

/// The interpreter of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The program, where there is one; `None` for the built-in account of the standard library.
    pub executable: Option<PathBuf>,
    /// Its version.
    pub version: PythonVersion,
    /// Which Python it is.
    pub implementation: Implementation,
    /// How it lies on the disk.
    pub layout: Layout,
    /// `sys.prefix`: the virtual environment, or the installation.
    pub prefix: PathBuf,
    /// `sys.base_prefix`: the installation.
    pub base_prefix: PathBuf,
    /// The directory of the standard library's Python files; `None` for the built-in account.
    pub standard_library: Option<PathBuf>,
    /// Whether `prefix` has a `pyvenv.cfg` (PEP 405).
    pub is_virtual_environment: bool,
    /// `sys.builtin_module_names`, sorted. Builds of one version differ: Debian's has thirty more than others.
    pub built_in_modules: Vec<String>,
    /// `importlib.machinery.EXTENSION_SUFFIXES`.
    pub extension_suffixes: Vec<String>,
    /// `sys.implementation.cache_tag`.
    pub cache_tag: String,
    /// How it was found, as a phrase that ends "found …": "by .venv in the workspace".
    pub found: String,
}

impl Interpreter {
    /// Whether the module `name` is compiled into the interpreter.
    pub fn is_builtin(&self, name: &str) -> bool {
        self.built_in_modules.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Whether this build would take a frozen `name` (`use_frozen_modules`): PyPy freezes nothing, and a debug build of
    /// 3.11 or newer only what it needs to import at all.
    pub fn freezes(&self, name: &str) -> bool {
        let needed = ["_frozen_importlib", "_frozen_importlib_external", "zipimport"];
        let takes_all = !self.layout.debug || !self.version.at_least(11);
        self.implementation == Implementation::CPython && (takes_all || needed.contains(&name))
    }
}

/// Which rule put an entry on `sys.path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathOrigin {
    /// The directory of the script, or of the code that is looked at (`sys.path[0]`).
    Script,
    /// Named by `--extra-path` or by `PYTHONPATH`.
    PythonPath,
    /// The zip file of the standard library, whether or not it exists.
    StandardLibraryZip,
    /// The standard library.
    StandardLibrary,
    /// The standard library's extension modules (`lib-dynload`).
    DynamicLibraries,
    /// `site.getusersitepackages()`.
    UserSite,
    /// A `site-packages` or `dist-packages` directory.
    SitePackages,
    /// A line of a `.pth` file (counted from 1).
    PthFile {
        /// The `.pth` file.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
}

/// One entry of `sys.path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPathEntry {
    /// The path as `sys.path` holds it.
    pub path: PathBuf,
    /// Which rule put it there.
    pub origin: PathOrigin,
}

/// One finder on `sys.meta_path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetaPathFinder {
    /// `importlib.machinery.BuiltinImporter`.
    BuiltIn,
    /// `importlib.machinery.FrozenImporter`.
    Frozen,
    /// `importlib.machinery.PathFinder`.
    Path,
    /// A finder of setuptools' editable installs: `MAPPING` and `NAMESPACES` of its generated module.
    SetuptoolsEditable {
        /// The generated module that holds the tables.
        file: PathBuf,
        /// Top-level name -> directory or file.
        mapping: Vec<(String, PathBuf)>,
        /// Namespace package -> the portions that its path hook answers.
        namespaces: Vec<(String, Vec<PathBuf>)>,
        /// The entry of `sys.path` that its path hook answers for; no directory is there.
        placeholder: String,
        /// Whether it answers for modules of any depth below its names (setuptools before 69).
        any_depth: bool,
    },
    /// `editables.redirector.RedirectingFinder`, one for all projects that use it: Hatch's `dev-mode-exact`, PDM's
    /// `editable-backend = "editables"`.
    Redirecting {
        /// What `map_module` was called with.
        redirections: Vec<Redirection>,
    },
    /// meson-python's `MesonpyMetaFinder`: the modules that Meson's install plan names, each where it was built.
    MesonBuild {
        /// The generated module. The `__path__` of a package is a path below it, which is no directory.
        file: PathBuf,
        /// The top-level names that it answers for.
        names: Vec<String>,
        /// Path in `site-packages`, with slashes -> the file that stands for it.
        tree: BTreeMap<String, PathBuf>,
        /// Whether packages have such a `__path__` (meson-python 0.16 and newer), or an empty one.
        has_path_hook: bool,
    },
    /// scikit-build-core's `ScikitBuildRedirectingFinder`: the tables of its generated module.
    ScikitBuild {
        /// The generated module.
        file: PathBuf,
        /// Module -> its file: what CMake installed before the sources.
        modules: Vec<(String, PathBuf)>,
        /// Package -> its `__path__`.
        packages: Vec<(String, Vec<PathBuf>)>,
        /// How this release answers.
        style: ScikitBuildStyle,
    },
    /// scikit-build-core's `ScikitBuildInplaceFinder`: the path finder's answers, each with another loader.
    ScikitBuildInplace {
        /// The generated module.
        file: PathBuf,
        /// The top-level names that it answers for.
        names: Vec<String>,
        /// The directories that hold them.
        directories: Vec<PathBuf>,
    },
    /// `_distutils_hack.DistutilsMetaFinder`, put first by setuptools' `distutils-precedence.pth`.
    DistutilsHack {
        /// The `.pth` file.
        file: PathBuf,
        /// Whether its spec has an origin (setuptools 60.5 and newer).
        gives_origin: bool,
    },
    /// A finder that answers for a few names only, and for nothing else.
    Narrow {
        /// The module that installs it.
        what: String,
        /// The names that it may answer for.
        names: Vec<String>,
        /// Where it is installed.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
    /// A finder that was seen to be installed but whose answers are not known.
    Unknown {
        /// What the code says it is.
        what: String,
        /// Where it is installed.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
}

/// One call of `RedirectingFinder.map_module`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The top-level name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The generated module that makes the call.
    pub file: PathBuf,
}

/// The releases of scikit-build-core differ in what their finder answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScikitBuildStyle {
    /// Whether it puts loaders of its own around the usual ones, and answers for namespace packages (1.0 and newer).
    pub wraps_loaders: bool,
    /// Whether the directories of a package have an order; in a set they have another in each run.
    pub is_ordered: bool,
    /// Whether a namespace package gets the portions on the path too.
    pub merges_portions: bool,
}

/// A module or package that an editable install's finder knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditableModule<'a> {
    /// Its absolute name.
    pub name: String,
    /// Its file, or the directory of a package; `None` for a namespace package.
    pub path: Option<&'a Path>,
    /// The generated module that says so.
    pub file: &'a Path,
}

/// One `import` line of a `.pth` file, which `site` executes at startup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupHook {
    /// The `.pth` file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The text of the line.
    pub text: String,
    /// What it does, as far as it is understood; `None` where it is not.
    pub effect: Option<String>,
    /// What it puts in `sys.modules`, unless the name is there already.
    pub modules: Vec<StartupModule>,
}

impl StartupHook {
    /// What runs: the line, or the call that an entry point of a `.start` file means (3.15, PEP 829).
    pub fn statement(&self) -> Cow<'_, str> {
        match self.text.split_once(':') {
            Some((module, callable)) if !self.text.starts_with("import") => {
                let (module, callable) = (module.trim(), callable.trim());
                Cow::Owned(format!("import {module}; {module}.{callable}()"))
            }
            _ => Cow::Borrowed(&self.text),
        }
    }
}

/// A namespace package that a `*-nspkg.pth` line makes at startup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupModule {
    /// Its name.
    pub name: String,
    /// The directory that the line puts in its `__path__`.
    pub path: PathBuf,
    /// Whether it has a spec; those of setuptools before 31 have none.
    pub has_spec: bool,
}

/// An installed distribution (`*.dist-info` or `*.egg-info`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Its name as its metadata spells it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its metadata directory (or `.egg-info` file).
    pub metadata: PathBuf,
    /// The directory it is installed in.
    pub location: PathBuf,
}

/// Something wrong with the environment that the user can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a sentence.
    pub message: String,
    /// The file that shows it.
    pub file: PathBuf,
    /// The line, counted from 1, where there is one.
    pub line: Option<u32>,
}

/// The environment that a workspace's code runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The interpreter.
    pub interpreter: Interpreter,
    /// `sys.path` after `site` has run, without the script's directory.
    pub search_path: Vec<SearchPathEntry>,
    /// `sys.meta_path` after `site` has run.
    pub meta_path: Vec<MetaPathFinder>,
    /// The `import` lines of `.pth` files, in the order of their execution.
    pub startup_hooks: Vec<StartupHook>,
    /// `sitecustomize` and `usercustomize`, those that `site` finds: modules that run at every start.
    pub customizations: Vec<String>,
    /// What is installed, in the order of the search path.
    pub distributions: Vec<Distribution>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Environment {
    /// `sys.path` as text.
    pub fn sys_path(&self) -> Vec<String> {
        self.search_path.iter().map(|entry| entry.path.to_string_lossy().into_owned()).collect()
    }
}
