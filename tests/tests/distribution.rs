//! What people install, for real: the wheel, in a fresh environment; the hook of pre-commit and the GitHub Action, run as
//! their definitions say.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;
use std::time::Duration;

use speclens_tests::clients::{
    command, copy_fresh, finished, make_environment, need, pip_install, repository, speclens, target,
};
use speclens_tests::process::output_within;

/// The tools, from the package index that pip is set up for.
const TOOLS: [&str; 3] = ["maturin==1.16.0", "pre-commit==4.7.0", "check-jsonschema==0.39.0"];

/// The wheel, and an environment with nothing else in it.
struct Installed {
    wheel: PathBuf,
    environment: PathBuf,
    /// The Python that has the tools.
    tools: PathBuf,
}

/// Made once for all tests.
static INSTALLED: LazyLock<Result<Installed, String>> = LazyLock::new(install);

#[test]
fn the_wheel_installs_the_program() {
    let Some(installed) = need("the_wheel_installs_the_program", INSTALLED.as_ref().map_err(Clone::clone))
    else {
        return;
    };
    let program = installed.environment.join("bin/speclens");
    let version = finished(command(&program).arg("--version"), Duration::from_mins(1)).expect("a version");
    assert!(version.starts_with(concat!("speclens ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
    let name = installed.wheel.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    assert!(name.starts_with(concat!("speclens-", env!("CARGO_PKG_VERSION"), "-py3-none-")), "{name}");

    let mut check = command(&program);
    check.args(["check", "--output-format", "concise", "."]).current_dir(tour("wheel"));
    let output = output_within(&mut check, Duration::from_mins(1)).expect("an end");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(shown(&output).contains("replaced_module.py:9:8"), "{}", shown(&output));
}

#[test]
fn pre_commit_runs_the_hook() {
    let Some(output) = run("pre_commit_runs_the_hook", "hook") else { return };
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    for part in ["speclens....", "Failed", "replaced_module.py:9:8", "module-without-spec"] {
        assert!(shown(&output).contains(part), "{part}: {}", shown(&output));
    }
}

#[test]
fn the_action_annotates() {
    let Some(output) = run("the_action_annotates", "action") else { return };
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    for part in ["::error ", "file=replaced_module.py", "line=9"] {
        assert!(shown(&output).contains(part), "{part}: {}", shown(&output));
    }
}

#[test]
fn the_definitions_for_github_are_valid() {
    let test = "the_definitions_for_github_are_valid";
    let Some(installed) = need(test, INSTALLED.as_ref().map_err(Clone::clone)) else { return };
    for (schema, file) in [
        ("vendor.github-workflows", ".github/workflows/release.yml"),
        ("vendor.github-actions", "action.yml"),
    ] {
        let mut check = command(installed.tools.with_file_name("check-jsonschema"));
        check.args(["--builtin-schema", schema]).arg(repository().join(file));
        finished(&mut check, Duration::from_mins(1)).unwrap_or_else(|problem| panic!("{problem}"));
    }
}

/// What a definition gives for the tour.
fn run(test: &str, definition: &str) -> Option<Output> {
    let installed = need(test, INSTALLED.as_ref().map_err(Clone::clone))?;
    let mut python = command(&installed.tools);
    python.arg(repository().join("tests/distribution/definitions.py")).arg(definition);
    python.arg(repository()).arg(tour(definition)).arg(&installed.environment).arg(&installed.wheel);
    Some(output_within(&mut python, Duration::from_mins(5)).expect("an end"))
}

/// A fresh copy of the tour.
fn tour(name: &str) -> PathBuf {
    let directory = scratch().join(name);
    drop(std::fs::remove_dir_all(&directory));
    let tour = directory.join("tour");
    copy_fresh(&repository().join("tests/workspaces/tour"), &tour).expect("a copy of the tour");
    tour
}

fn shown(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("distribution")
}

fn install() -> Result<Installed, String> {
    let tools = tools()?;
    let built = speclens()?;
    let wheels = scratch().join("wheels");
    drop(std::fs::remove_dir_all(&wheels));
    // To build as for a release would take minutes. With the settings of the tests, all is there already; their profile
    // itself would make a test of the program.
    let mut maturin = command(tools.with_file_name("maturin"));
    maturin.args(["build", "--profile", "dev", "--compatibility", "linux", "--target-dir"]).arg(target());
    maturin.arg("--out").arg(&wheels).current_dir(repository());
    maturin.env("CARGO", env!("CARGO")).env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    finished(&mut maturin, Duration::from_mins(20))?;
    if !built.is_file() {
        return Err(format!("maturin took {} away", built.display()));
    }
    let members = std::fs::read_dir(&wheels).into_iter().flatten().flatten().map(|member| member.path());
    let mut wheels = members.filter(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let wheel = wheels.next().ok_or("maturin made no wheel")?;

    let environment = scratch().join("environment");
    drop(std::fs::remove_dir_all(&environment));
    make_environment(&environment, &[])?;
    let mut pip = command(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]).arg(&wheel);
    finished(&mut pip, Duration::from_mins(2))?;
    Ok(Installed { wheel, environment, tools })
}

/// A Python that has the tools, kept between runs.
fn tools() -> Result<PathBuf, String> {
    let directory = target().join("clients").join(TOOLS.join("-").replace('=', ""));
    let (python, whole) = (directory.join("bin/python"), directory.join("whole"));
    if !whole.is_file() {
        drop(std::fs::remove_dir_all(&directory));
        make_environment(&directory, &[])?;
        finished(pip_install(&directory).args(TOOLS), Duration::from_mins(5))?;
        std::fs::write(&whole, "").map_err(|error| error.to_string())?;
    }
    Ok(python)
}
