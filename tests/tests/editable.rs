//! Editable installs, made by their build back ends from the package index, against CPython.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::{Start, assert_same, assert_same_state, predict, scratch, write};
use serde_json::Value;
use speclens_environment::{Environment, MetaPathFinder, owner_of};
use speclens_files::Database;
use speclens_tests::clients::{command, finished, need};
use speclens_tests::interpreters::interpreters;

/// The back ends of one time, with all that they need.
struct Generation {
    name: &'static str,
    /// The versions of Python that have wheels of these, the preferred one first.
    minors: &'static [u8],
    pins: &'static [&'static str],
}

const NEWER: Generation = Generation {
    name: "newer",
    minors: &[12, 13, 11, 10, 14],
    pins: &[
        "cmake==4.4.4",
        "editables==0.6",
        "flit-core==4.2.0",
        "hatchling==1.33.0",
        "maturin==1.16.0",
        "meson==1.12.1",
        "meson-python==0.22.1",
        "ninja==1.13.2",
        "packaging==26.3",
        "pathspec==1.1.1",
        "pdm-backend==2.5.0",
        "pluggy==1.7.0",
        "poetry-core==2.5.0",
        "pyproject-metadata==0.12.1",
        "scikit-build-core==1.1.2",
        "setuptools==84.2.1",
        "tomli==2.5.0",
        "tomlkit==0.15.2",
        "trove-classifiers==2026.9.21.13",
        "typing-extensions==4.16.0",
        "wheel==0.48.0",
        "exceptiongroup==1.3.1",
    ],
};

/// Here setuptools' finder answers at any depth, meson-python has no path hook, and scikit-build-core wraps no loaders.
const OLDER: Generation = Generation {
    name: "older",
    minors: &[9, 10, 8, 11],
    pins: &[
        "cmake==3.31.6",
        "editables==0.3",
        "exceptiongroup==1.3.1",
        "flit-core==3.9.0",
        "hatchling==1.18.0",
        "importlib-metadata==8.5.0",
        "maturin==1.7.8",
        "meson==1.5.2",
        "meson-python==0.15.0",
        "ninja==1.11.1.4",
        "packaging==24.2",
        "pathspec==0.12.1",
        "pdm-backend==2.1.8",
        "pluggy==1.5.0",
        "poetry-core==1.9.1",
        "pyproject-metadata==0.9.1",
        "scikit-build-core==0.10.7",
        "setuptools==65.5.1",
        "tomli==2.2.1",
        "trove-classifiers==2025.1.15.22",
        "typing-extensions==4.12.2",
        "wheel==0.45.1",
        "zipp==3.20.2",
    ],
};

/// A project that is installed.
struct Project {
    name: &'static str,
    backend: &'static str,
    /// What `pyproject.toml` has beside the build system and the project's name.
    settings: &'static str,
    /// `editable_mode` of setuptools.
    mode: &'static str,
    /// Files with a line of Python, and files of other kinds with their text.
    modules: &'static str,
    others: &'static [(&'static str, &'static str)],
    /// The names that are asked for.
    names: &'static str,
    /// The top-level names that a folder without `__init__` hides when it is on the path (MintPy issue 882).
    hidden: &'static str,
}

const PLAIN: Project = Project {
    name: "",
    backend: "",
    settings: "",
    mode: "",
    modules: "",
    others: &[],
    names: "",
    hidden: "",
};
const SETUPTOOLS: Project = Project { backend: "setuptools.build_meta", ..PLAIN };

const PROJECTS: &[Project] = &[
    Project {
        name: "st-src",
        modules: "src/st_src/__init__.py src/st_src/sub/mod.py",
        others: &[("src/st_src/data/x.txt", "")],
        names: "st_src st_src.sub st_src.sub.mod st_src.data st_src.nowhere st_srk",
        ..SETUPTOOLS
    },
    Project {
        name: "st-flat",
        modules: "st_flat/__init__.py st_flat/mod.py st_flat/sub/__init__.py st_flat/sub/deep.py",
        others: &[("st_flat/data/x.txt", "")],
        names: "st_flat st_flat.mod st_flat.sub st_flat.sub.deep st_flat.data st_flat.nowhere st_flat.sub.nowhere",
        hidden: "st_flat",
        ..SETUPTOOLS
    },
    Project {
        name: "st-map",
        settings: "[tool.setuptools]\npackages = ['st_map', 'st_map.inner', 'st_other']\npy-modules = ['st_single']\n\
                   [tool.setuptools.package-dir]\nst_map = 'code/one'\n'st_map.inner' = 'code/two'\n\
                   st_other = 'code/three'\n'' = 'code'\n",
        modules: "code/one/__init__.py code/one/mod.py code/two/__init__.py code/two/mod.py code/three/__init__.py \
                  code/st_single.py",
        names: "st_map st_map.mod st_map.inner st_map.inner.mod st_map.inner.nowhere st_other st_single one",
        hidden: "st_map st_other st_single",
        ..SETUPTOOLS
    },
    Project {
        name: "st-ns",
        settings: "[tool.setuptools]\npackages = ['st_ns.core', 'st_ns.core.sub']\n",
        modules: "st_ns/core/__init__.py st_ns/core/mod.py st_ns/core/sub/__init__.py st_ns/other/mod.py",
        names: "st_ns st_ns.core st_ns.core.mod st_ns.core.sub st_ns.nowhere st_ns.other st_ns.other.mod",
        hidden: "st_ns",
        ..SETUPTOOLS
    },
    Project {
        name: "st-ns-map",
        settings: "[tool.setuptools]\npackages = ['st_nsm.core']\n[tool.setuptools.package-dir]\n\
                   'st_nsm.core' = 'code/core'\n",
        modules: "code/core/__init__.py code/core/mod.py",
        names: "st_nsm st_nsm.core st_nsm.core.mod st_nsm.nowhere",
        hidden: "st_nsm",
        ..SETUPTOOLS
    },
    Project {
        name: "st-strict",
        mode: "strict",
        modules: "st_strict/__init__.py st_strict/mod.py st_strict/sub/__init__.py st_strict/sub/deep.py",
        others: &[("st_strict/data/x.txt", "")],
        names: "st_strict st_strict.mod st_strict.sub st_strict.sub.deep st_strict.data st_strict.nowhere",
        ..SETUPTOOLS
    },
    Project {
        name: "st-strict-map",
        settings: "[tool.setuptools]\npackages = ['st_smap', 'st_sns.core']\n[tool.setuptools.package-dir]\n\
                   st_smap = 'code/one'\n'st_sns.core' = 'code/two'\n",
        mode: "strict",
        modules: "code/one/__init__.py code/one/mod.py code/two/__init__.py code/two/mod.py",
        names: "st_smap st_smap.mod st_smap.nowhere st_sns st_sns.core st_sns.core.mod st_sns.nowhere",
        hidden: "st_sns",
        ..SETUPTOOLS
    },
    Project {
        name: "st-compat",
        mode: "compat",
        modules: "st_compat/__init__.py st_compat/mod.py st_beside.py",
        settings: "[tool.setuptools]\npackages = ['st_compat']\n",
        names: "st_compat st_compat.mod st_compat.nowhere st_beside",
        ..SETUPTOOLS
    },
    Project {
        name: "st-compat-map",
        settings: "[tool.setuptools]\npackages = ['st_cmap']\n[tool.setuptools.package-dir]\nst_cmap = 'cmap/one'\n",
        mode: "compat",
        modules: "cmap/one/__init__.py",
        names: "cmap cmap.one st_cmap",
        ..SETUPTOOLS
    },
    Project {
        name: "ht-path",
        backend: "hatchling.build",
        modules: "src/ht_path/__init__.py src/ht_path/mod.py",
        names: "ht_path ht_path.mod ht_path.nowhere",
        ..PLAIN
    },
    Project {
        name: "ht-exact",
        backend: "hatchling.build",
        settings: "[tool.hatch.build]\ndev-mode-exact = true\n",
        modules: "src/ht_exact/__init__.py src/ht_exact/mod.py src/ht_exact/sub/__init__.py src/ht_exact/sub/deep.py",
        others: &[("src/ht_exact/data/x.txt", "")],
        names: "ht_exact ht_exact.mod ht_exact.sub ht_exact.sub.deep ht_exact.data ht_exact.nowhere ht_exakt",
        hidden: "ht_exact",
        ..PLAIN
    },
    Project {
        name: "fl-pkg",
        backend: "flit_core.buildapi",
        modules: "fl_pkg/__init__.py fl_pkg/mod.py",
        names: "fl_pkg fl_pkg.mod fl_pkg.nowhere",
        ..PLAIN
    },
    Project {
        name: "fl-single",
        backend: "flit_core.buildapi",
        modules: "src/fl_single.py",
        names: "fl_single fl_single.nowhere",
        ..PLAIN
    },
    Project {
        name: "po-pkg",
        backend: "poetry.core.masonry.api",
        settings: "[tool.poetry]\nname = 'po-pkg'\nversion = '1'\ndescription = ''\nauthors = []\n\
                   packages = [{ include = 'po_pkg', from = 'lib' }]\n",
        modules: "lib/po_pkg/__init__.py lib/po_pkg/mod.py",
        names: "po_pkg po_pkg.mod po_pkg.nowhere",
        ..PLAIN
    },
    Project {
        name: "pd-pkg",
        backend: "pdm.backend",
        modules: "src/pd_pkg/__init__.py src/pd_pkg/mod.py",
        names: "pd_pkg pd_pkg.mod pd_pkg.nowhere",
        ..PLAIN
    },
    Project {
        name: "pd-exact",
        backend: "pdm.backend",
        settings: "[tool.pdm.build]\neditable-backend = 'editables'\n",
        modules: "src/pd_exact/__init__.py src/pd_exact/mod.py src/pd_exact/sub/__init__.py",
        names: "pd_exact pd_exact.mod pd_exact.sub pd_exact.nowhere",
        hidden: "pd_exact",
        ..PLAIN
    },
    Project {
        name: "me-pkg",
        backend: "mesonpy",
        modules: "me_pkg/__init__.py me_pkg/mod.py me_pkg/unlisted.py me_pkg/sub/__init__.py me_pkg/bare/mod.py \
                  me_pkg/whole/__init__.py me_pkg/whole/mod.py me_pkg/whole/left_out.py me_pkg/whole/tests/a.py \
                  me_ns/core/__init__.py me_ns/core/mod.py me_single.py",
        others: &[("me_pkg/data/x.txt", ""), ("me_pkg/_ext.c", EXTENSION), ("meson.build", MESON)],
        names: "me_pkg me_pkg.mod me_pkg.unlisted me_pkg.sub me_pkg.bare me_pkg.bare.mod me_pkg.data me_pkg.whole \
                me_pkg.whole.mod me_pkg.whole.left_out me_pkg.whole.tests me_pkg.generated me_pkg._ext me_pkg.nowhere \
                me_ns me_ns.core me_ns.core.mod me_ns.nowhere me_single",
        ..PLAIN
    },
    Project {
        name: "sk-pkg",
        backend: "scikit_build_core.build",
        modules: "src/sk_pkg/__init__.py src/sk_pkg/mod.py src/sk_pkg/sub/__init__.py src/sk_pkg/bare/mod.py",
        others: &[("src/sk_pkg/data/x.txt", ""), ("CMakeLists.txt", CMAKE)],
        names: "sk_pkg sk_pkg.mod sk_pkg.sub sk_pkg.bare sk_pkg.bare.mod sk_pkg.data sk_pkg.generated sk_pkg.nowhere",
        ..PLAIN
    },
    Project {
        name: "sk-ns",
        backend: "scikit_build_core.build",
        settings: "[tool.scikit-build]\nbuild-dir = 'build'\nwheel.packages = ['code/sk_ns', 'code/sk_two']\n",
        modules: "code/sk_ns/core/__init__.py code/sk_ns/core/mod.py code/sk_two/__init__.py",
        others: &[("CMakeLists.txt", CMAKE_NAMESPACE)],
        names: "sk_ns sk_ns.core sk_ns.core.mod sk_ns.core.generated sk_ns.nowhere sk_two",
        ..PLAIN
    },
    Project {
        name: "sk-inplace",
        backend: "scikit_build_core.build",
        settings: "[tool.scikit-build]\neditable.mode = 'inplace'\n",
        modules: "src/sk_inplace/__init__.py src/sk_inplace/mod.py src/sk_inplace/bare/mod.py",
        others: &[("CMakeLists.txt", CMAKE)],
        names: "sk_inplace sk_inplace.mod sk_inplace.bare sk_inplace.bare.mod sk_inplace.nowhere",
        ..PLAIN
    },
    Project {
        name: "mt-pkg",
        backend: "maturin",
        settings: "[tool.maturin]\nbindings = 'bin'\npython-source = 'python'\nmodule-name = 'mt_pkg'\n",
        modules: "python/mt_pkg/__init__.py python/mt_pkg/mod.py",
        others: &[
            ("Cargo.toml", "[package]\nname = 'mt-pkg'\nversion = '1.0.0'\nedition = '2021'\n[workspace]\n"),
            ("src/main.rs", "fn main() {}\n"),
        ],
        names: "mt_pkg mt_pkg.mod mt_pkg.nowhere",
        ..PLAIN
    },
];

const EXTENSION: &str = "#include <Python.h>\n\
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, \"_ext\", 0, -1, 0};\n\
    PyMODINIT_FUNC PyInit__ext(void) { return PyModule_Create(&definition); }\n";

const MESON: &str = "\
project('me-pkg', 'c', version: '1')
py = import('python').find_installation(pure: false)
py.install_sources('me_pkg/__init__.py', 'me_pkg/mod.py', subdir: 'me_pkg')
py.install_sources('me_pkg/sub/__init__.py', subdir: 'me_pkg/sub')
py.install_sources('me_pkg/bare/mod.py', subdir: 'me_pkg/bare')
py.install_sources('me_pkg/data/x.txt', subdir: 'me_pkg/data')
py.install_sources('me_ns/core/__init__.py', 'me_ns/core/mod.py', subdir: 'me_ns/core')
py.install_sources('me_single.py')
install_subdir('me_pkg/whole', install_dir: py.get_install_dir() / 'me_pkg',
  exclude_files: ['left_out.py'], exclude_directories: ['tests'])
py.extension_module('_ext', 'me_pkg/_ext.c', install: true, subdir: 'me_pkg')
configure_file(input: 'me_pkg/mod.py', output: 'generated.py', copy: true, install: true,
  install_dir: py.get_install_dir() / 'me_pkg')
";

const CMAKE: &str = "\
cmake_minimum_required(VERSION 3.15)
project(example LANGUAGES NONE)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/generated.py \"\")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated.py DESTINATION sk_pkg)
";

const CMAKE_NAMESPACE: &str = "\
cmake_minimum_required(VERSION 3.15)
project(example LANGUAGES NONE)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/generated.py \"\")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated.py DESTINATION sk_ns/core)
";

/// An environment with all the projects.
struct Installed {
    root: PathBuf,
    start: Start,
    database: Database,
    environment: Arc<Environment>,
    is_older: bool,
}

/// The environment of one generation, made at the first time and after a change of what goes in.
fn installed(generation: &Generation) -> Result<Installed, String> {
    let found = generation
        .minors
        .iter()
        .find_map(|minor| interpreters().iter().find(|interpreter| interpreter.version.minor == *minor));
    let interpreter = found.ok_or_else(|| format!("no CPython 3.{:?}", generation.minors))?;
    let above = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("editable");
    std::fs::create_dir_all(&above).expect("a directory");
    let above = above.canonicalize().expect("an existing directory");
    let root = above.join(generation.name);
    // Two tests ask for it at once: the second waits for the first.
    let lock = File::create(root.with_extension("lock")).expect("a file");
    lock.lock().expect("a lock");
    let mut key =
        format!("{} {}\n{:?}\n", interpreter.program.display(), interpreter.version, generation.pins);
    for Project { name, backend, settings, mode, modules, others, .. } in PROJECTS {
        let _ = writeln!(key, "{name} {backend} {settings} {mode} {modules} {others:?}");
    }
    let stamp = root.join("stamp");
    if std::fs::read_to_string(&stamp).ok() != Some(key.clone()) {
        let _ = std::fs::remove_dir_all(&root);
        make(&interpreter.program, &root, generation)?;
        std::fs::write(stamp, key).expect("a file");
    }
    let start = Start::new(&root.join("venv/bin/python"), &root);
    let database = Database::on_disk();
    let environment = start.environment(&database);
    Ok(Installed { root, start, database, environment, is_older: generation.name == "older" })
}

fn make(python: &Path, root: &Path, generation: &Generation) -> Result<(), String> {
    let limit = Duration::from_mins(5);
    finished(command(python).args(["-I", "-m", "venv"]).arg(root.join("venv")), limit)?;
    let pip = |arguments: &[&str]| {
        let mut pip = command(root.join("venv/bin/python"));
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(root.join("venv/bin")).chain(std::env::split_paths(&path));
        pip.env("PATH", std::env::join_paths(path).expect("a path")).env_remove("CARGO_TARGET_DIR");
        finished(pip.args(arguments), limit)
    };
    pip(&[&["--only-binary", ":all:"], generation.pins].concat())?;
    for project in PROJECTS {
        let directory = root.join(project.name);
        let modules: Vec<(&str, &str)> =
            project.modules.split_whitespace().map(|file| (file, "__version__ = '1'\n")).collect();
        write(&directory, &modules);
        write(&directory, project.others);
        let about = format!("[project]\nname = '{}'\nversion = '1'\ndescription = 'x'\n", project.name);
        let about = if project.settings.contains("[tool.poetry]") { String::new() } else { about };
        let Project { backend, settings, .. } = project;
        let text = format!("[build-system]\nrequires = []\nbuild-backend = '{backend}'\n{about}{settings}");
        write(&directory, &[("pyproject.toml", &text)]);
    }
    for mode in ["", "strict", "compat"] {
        let directories: Vec<String> = PROJECTS
            .iter()
            .filter(|project| project.mode == mode)
            .map(|project| root.join(project.name).display().to_string())
            .collect();
        let option = format!("editable_mode={mode}");
        let mut arguments = vec!["--no-build-isolation"];
        if !mode.is_empty() {
            arguments.extend(["--config-settings", &option]);
        }
        arguments.extend(directories.iter().flat_map(|directory| ["--editable", directory.as_str()]));
        pip(&arguments)?;
    }
    Ok(())
}

fn for_each_generation(test: &str, check: impl Fn(&Installed)) {
    for generation in [&NEWER, &OLDER] {
        let test = format!("{test} ({} back ends)", generation.name);
        if let Some(installed) = need(&test, installed(generation)) {
            check(&installed);
            println!("compared: {test}, CPython {}", installed.environment.interpreter.version);
        }
    }
}

fn names() -> Vec<String> {
    PROJECTS.iter().flat_map(|project| project.names.split_whitespace()).map(str::to_owned).collect()
}

/// The names of all projects, and those that setuptools' own startup code answers for.
fn all_names() -> Vec<String> {
    let others = ["distutils", "distutils.core", "setuptools", "json"].map(str::to_owned);
    names().into_iter().chain(others).collect()
}

/// CPython's rows, which the model has too.
fn compare(installed: &Installed, start: &Start, names: &[String]) -> Vec<Value> {
    let environment = start.environment(&installed.database);
    let (state, mut actual) = start.ask(names);
    let mut predicted = predict(&installed.database, &environment, names);
    if installed.is_older {
        // scikit-build-core kept directories in a set then: the model says `uncertain`.
        for rows in [&mut actual, &mut predicted] {
            let scattered =
                rows.iter_mut().filter(|row| row["name"].as_str().is_some_and(|it| it.starts_with("sk_")));
            scattered.filter_map(|row| row["locations"].as_array_mut()).for_each(|paths| {
                paths.sort_by_key(ToString::to_string);
            });
        }
    }
    let what = format!("CPython {}", environment.interpreter.version);
    assert_same_state(&what, &state, &environment);
    assert_same(&what, &actual, &predicted);
    actual
}

#[test]
fn every_back_end() {
    for_each_generation("every_back_end", |installed| {
        let rows = compare(installed, &installed.start, &all_names());
        for project in PROJECTS {
            let first = project.names.split_whitespace().next().expect("a name");
            let row = rows.iter().find(|row| row["name"] == first).expect("a row");
            assert_eq!(row["found"], true, "{first}");
        }
        let finders = &installed.environment.meta_path;
        let unknown = finders
            .iter()
            .find(|finder| matches!(finder, MetaPathFinder::Unknown { .. } | MetaPathFinder::Narrow { .. }));
        assert_eq!(unknown, None);
        assert_eq!(installed.environment.problems, []);
    });
}

#[test]
fn a_folder_of_the_same_name_in_the_working_directory() {
    for_each_generation("a_folder_of_the_same_name", |installed| {
        let folder = installed.root.join("workspace");
        for name in names().iter().filter(|name| !name.contains('.')) {
            write(&folder, &[(&format!("{name}/data.txt"), "")]);
        }
        let start = installed.start.clone().with("PYTHONPATH", &folder.display().to_string());
        let rows = compare(installed, &start, &names());
        // What lies there is found first: as the whole package, or as the first portion of a namespace package. Some
        // of the names are found nowhere else.
        let first = |row: &Value| {
            row["locations"][0].as_str().is_some_and(|path| Path::new(path).starts_with(&folder))
        };
        let mut hidden: Vec<&str> =
            rows.iter().filter(|row| first(row)).filter_map(|row| row["name"].as_str()).collect();
        hidden.retain(|name| !["st_srk", "one", "cmap", "st_cmap", "ht_exakt"].contains(name));
        let expected: Vec<&str> =
            PROJECTS.iter().flat_map(|project| project.hidden.split_whitespace()).collect();
        assert_eq!(hidden, expected);
    });
}

#[test]
fn a_build_does_not_see_its_own_finder() {
    for_each_generation("a_build_does_not_see_its_own_finder", |installed| {
        let loader = installed.environment.meta_path.iter().find_map(|finder| match finder {
            MetaPathFinder::MesonBuild { tree, .. } => tree.get("me_pkg/generated.py"),
            _ => None,
        });
        let meson = loader.and_then(|built| built.parent()).expect("the build directory");
        let cmake = installed.root.join("sk-ns/build");
        for (variable, directory) in [("MESONPY_EDITABLE_SKIP", meson), ("SKBUILD_EDITABLE_SKIP", &cmake)] {
            let value = format!("/elsewhere:{}", directory.display());
            compare(installed, &installed.start.clone().with(variable, &value), &names());
        }
    });
}

#[test]
fn files_belong_to_the_distribution_that_leads_to_them() {
    for_each_generation("files_belong_to_the_distribution", |installed| {
        for (project, file) in [
            ("st-map", "code/two/mod.py"),
            ("st-src", "src/st_src/sub/mod.py"),
            ("ht-exact", "src/ht_exact/sub/deep.py"),
            ("pd-exact", "src/pd_exact/mod.py"),
            ("me-pkg", "me_pkg/bare/mod.py"),
            ("me-pkg", "me_single.py"),
            ("sk-pkg", "src/sk_pkg/mod.py"),
        ] {
            let path = installed.root.join(project).join(file);
            let owner = owner_of(installed.database.db(), &installed.environment, &path);
            assert_eq!(owner.map(|owner| owner.name.replace('_', "-")).as_deref(), Some(project), "{file}");
        }
    });
}

#[test]
fn a_build_directory_that_is_gone() {
    for_each_generation("a_build_directory_that_is_gone", |installed| {
        let site = installed.environment.sys_path();
        let site = Path::new(site.iter().find(|path| path.ends_with("site-packages")).expect("a directory"));
        let loader = "_me_pkg_editable_loader.py";
        let text = std::fs::read_to_string(site.join(loader)).expect("a file");
        let project = installed.root.join("me-pkg").display().to_string();
        let root = scratch(&format!("no_build_{}", installed.environment.interpreter.version));
        let start = Start::new(&root.join("venv/bin/python"), &root);
        let base = installed.environment.interpreter.base_prefix.join("bin/python3");
        let mut venv = command(base);
        let made = venv.args(["-I", "-m", "venv", "--without-pip"]).arg(root.join("venv"));
        finished(made, Duration::from_mins(2)).expect("an environment");
        let below = site.strip_prefix(installed.root.join("venv")).expect("a path below");
        let site = root.join("venv").join(below);
        write(
            &site,
            &[(loader, &text.replace(&project, "/nowhere")), ("x.pth", "import _me_pkg_editable_loader\n")],
        );
        let calls = text.contains("def init()");
        if calls {
            write(&site, &[("x.pth", "import _me_pkg_editable_loader; _me_pkg_editable_loader.init()\n")]);
        }
        let complaint =
            finished(command(&start.python).args(["-I", "-c", "import me_pkg"]), Duration::from_mins(1));
        assert!(complaint.expect_err("it fails").contains("FileNotFoundError"));
        let environment = start.environment(&Database::on_disk());
        let problem = environment.problems.first().expect("a problem");
        assert!(problem.message.ends_with("importing me_ns, me_pkg, me_single fails"), "{problem:?}");
        assert!(matches!(environment.meta_path[0], MetaPathFinder::Narrow { .. }));
    });
}
