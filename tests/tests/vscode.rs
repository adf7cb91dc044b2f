//! The extension for VS Code: packaged, and used in the real thing.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use speclens_tests::clients::vscode::{chromium, code_server, driver, extension};
use speclens_tests::clients::{
    command, copy, copy_fresh, finished, make_environment, need, repository, servers, target,
};

#[test]
fn the_extension_is_packaged() {
    let test = "the_extension_is_packaged";
    if need(test, npm()).is_none() {
        return;
    }
    let extension = extension().unwrap_or_else(|problem| panic!("{problem}"));
    let bundle = std::fs::read_to_string(extension.directory.join("dist/extension.js")).expect("the bundle");
    let manifest = manifest();
    let commands = manifest["contributes"]["commands"].as_array().expect("a list");
    for command in commands {
        let id = command["command"].as_str().expect("a name");
        assert!(bundle.contains(&format!("\"{id}\"")), "{id} is not registered");
    }
    let package = std::fs::File::open(&extension.package).expect("the package");
    let mut package = zip::ZipArchive::new(package).expect("an archive");
    let program = package.by_name("extension/bin/speclens").expect("the program");
    assert_eq!(program.unix_mode().map(|mode| mode & 0o111), Some(0o111), "it can be run");
    drop(program);
    let pictures = ["finding", "view", "explanation"].map(|name| format!("images/{name}.png"));
    for member in
        ["dist/extension.js", "images/icon.png", "images/icon.svg", "images/view.svg", "LICENSE.txt"]
    {
        assert!(package.by_name(&format!("extension/{member}")).is_ok(), "{member} is not in the package");
    }
    for picture in pictures {
        let size = package.by_name(&format!("extension/{picture}")).map(|picture| picture.size());
        assert!(size.as_ref().is_ok_and(|size| *size < 150_000), "{picture}: {size:?}");
    }
    let is_source = |name: &&str| {
        Path::new(name).extension().is_some_and(|it| it == "ts") || name.contains("node_modules")
    };
    assert_eq!(package.file_names().find(is_source), None);
}

#[test]
fn the_manifest_says_what_the_server_does() {
    let manifest = manifest();
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "the extension has the version of the server");
    assert_eq!(manifest["activationEvents"], json!(["onLanguage:python", "onNotebook:jupyter-notebook"]));
    let untrusted = &manifest["capabilities"]["untrustedWorkspaces"];
    assert_eq!(untrusted["supported"], "limited");
    assert_eq!(untrusted["restrictedConfigurations"], json!(["speclens.path"]));
    let lock =
        std::fs::read_to_string(repository().join("editors/vscode/package-lock.json")).expect("the lock");
    assert!(!lock.contains("\"resolved\""), "the lock file names a registry");
    let test = "the_manifest_says_what_the_server_does";
    if need(test, npm()).is_none() {
        return;
    }
    let mut check = command("node");
    check.args(["scripts/settings.mjs", "--check"]).current_dir(repository().join("editors/vscode"));
    finished(&mut check, Duration::from_mins(1)).unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn vs_code_shows_what_the_server_says() {
    let test = "vs_code_shows_what_the_server_says";
    let Some(()) = need(test, npm()) else { return };
    let Some(code_server) = need(test, code_server()) else { return };
    let Some(chromium) = need(test, chromium()) else { return };
    let Some(driver) = need(test, driver()) else { return };
    let Some(servers) = need(test, servers()) else { return };
    let Some(directory) = need(test, workspace()) else { return };
    let extension = extension().unwrap_or_else(|problem| panic!("{problem}"));
    let second = extension.package_of_ty().unwrap_or_else(|problem| panic!("{problem}"));
    let workspace = directory.join("workspace");
    let mut drive = command("node");
    drive.arg(driver.join("drive.mjs")).current_dir(&driver);
    drive
        .env("SPECLENS_TEST_CODE_SERVER", code_server)
        .env("SPECLENS_TEST_CHROMIUM", chromium)
        .env("SPECLENS_TEST_EXTENSIONS", json!([extension.package, second]).to_string())
        .env("SPECLENS_TEST_TY", servers.join("ty"))
        .env("SPECLENS_TEST_SOURCES", repository().join("tests/editors/vscode"))
        .env("SPECLENS_TEST_DIRECTORY", directory.join("code"))
        .env("SPECLENS_TEST_PICTURES", target().join("pictures/vscode"))
        .env("SPECLENS_TEST_SITE_PACKAGES", site_packages(&workspace.join(".venv")))
        .env("SPECLENS_TEST_SECOND_FOLDER", directory.join("second"))
        .env("SPECLENS_TEST_WORKSPACE", workspace);
    let told = finished(&mut drive, Duration::from_mins(4)).unwrap_or_else(|problem| panic!("{problem}"));
    println!("{told}");
}

/// A directory with the workspace that is opened, and a second folder.
fn workspace() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vscode");
    let workspace = directory.join("workspace");
    let sources = repository().join("tests/editors/vscode");
    for folder in [&workspace, &directory.join("second")] {
        copy_fresh(&repository().join("tests/workspaces/tour"), folder).expect("a copy of the tour");
        copy(&sources.join("workspace"), folder).expect("a copy of the test's files");
        make_environment(&folder.join(".venv"), &["--without-pip"])?;
    }
    let installed = site_packages(&workspace.join(".venv"));
    copy(&sources.join("site-packages"), &installed).expect("a copy of what is installed");
    Ok(directory)
}

fn site_packages(environment: &Path) -> PathBuf {
    let mut versions = std::fs::read_dir(environment.join("lib")).expect("an environment");
    versions.next().expect("a version").expect("its name").path().join("site-packages")
}

fn manifest() -> Value {
    let text =
        std::fs::read_to_string(repository().join("editors/vscode/package.json")).expect("the manifest");
    serde_json::from_str(&text).expect("JSON")
}

fn npm() -> Result<(), String> {
    let found = finished(command("npm").arg("--version"), Duration::from_mins(1));
    found.map(drop).map_err(|problem| format!("npm is not here ({problem})"))
}
