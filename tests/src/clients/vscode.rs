//! VS Code: the extension as it is packaged, code-server, Chromium, and what drives them. Each is installed once, below the
//! target directory.
#![expect(clippy::disallowed_methods, reason = "the repository's own files, and the target directory")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use super::{command, copy, copy_fresh, finished, once, repository, speclens, target};

/// VS Code's server and its workbench, from the package index that npm is set up for.
const CODE_SERVER: &str = "code-server@4.100.3";

/// The extension, built and packaged.
#[derive(Debug, Clone)]
pub struct Extension {
    /// Where it was built: `dist/`, and the tools in `node_modules/`.
    pub directory: PathBuf,
    /// The package, with the program in it.
    pub package: PathBuf,
}

/// The extension of this working copy, checked, built and packaged with the program of this working copy.
pub fn extension() -> Result<Extension, String> {
    static EXTENSION: LazyLock<Result<Extension, String>> = LazyLock::new(|| {
        let source = repository().join("editors/vscode");
        let directory = npm_project(&source, "vscode")?;
        let told = |error: std::io::Error| format!("{}: {error}", directory.display());
        std::fs::create_dir_all(directory.join("bin")).map_err(told)?;
        std::fs::copy(repository().join("LICENSE"), directory.join("LICENSE")).map_err(told)?;
        // Most of a program that is built for tests is what debuggers want.
        let mut strip = command("strip");
        strip.arg("-o").arg(directory.join("bin/speclens")).arg(speclens()?);
        finished(&mut strip, Duration::from_mins(1))?;
        finished(npm(&directory).args(["run", "build"]), Duration::from_mins(2))?;
        let package = directory.join("speclens.vsix");
        let mut vsix = npm(&directory);
        vsix.args(["run", "vsix", "--", "--target", "linux-x64", "--out"]).arg(&package);
        finished(&mut vsix, Duration::from_mins(2))?;
        Ok(Extension { directory, package })
    });
    EXTENSION.clone()
}

impl Extension {
    /// The package of the extension that starts ty; its client is the one that ours has.
    pub fn package_of_ty(&self) -> Result<PathBuf, String> {
        let directory = target().join("clients/vscode-ty");
        let source = repository().join("tests/editors/vscode/extensions/ty");
        copy_fresh(&source, &directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let mut bundle = tool(&self.directory, "esbuild");
        bundle.arg(directory.join("extension.js")).args(["--bundle", "--platform=node", "--external:vscode"]);
        bundle.arg(format!("--outfile={}", directory.join("dist/extension.js").display()));
        bundle.env("NODE_PATH", self.directory.join("node_modules"));
        finished(&mut bundle, Duration::from_mins(1))?;
        let package = directory.join("ty.vsix");
        let mut vsce = tool(&self.directory, "vsce");
        vsce.args(["package", "--no-dependencies", "--skip-license", "--allow-missing-repository", "--out"]);
        finished(vsce.arg(&package).current_dir(&directory), Duration::from_mins(1))?;
        Ok(package)
    }
}

/// `server-main.js` of VS Code's server, for the `node` on `PATH`.
pub fn code_server() -> Result<PathBuf, String> {
    let directory = once(&CODE_SERVER.replace('@', "-"), |beside| {
        std::fs::create_dir_all(beside).map_err(|error| error.to_string())?;
        let mut pack = npm(beside);
        finished(pack.args(["pack", "--silent", CODE_SERVER]), Duration::from_mins(3))?;
        let archive = format!("{}.tgz", CODE_SERVER.replace('@', "-"));
        let mut unpack = command("tar");
        unpack.args(["--extract", "--file", &archive]).current_dir(beside);
        finished(&mut unpack, Duration::from_mins(1))?;
        drop(std::fs::remove_file(beside.join(archive)));
        // Nothing is compiled: VS Code does without the modules that would have to be.
        let mut install = npm(&beside.join("package/lib/vscode"));
        install.args(["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]);
        finished(&mut install, Duration::from_mins(5)).map(drop)
    })?;
    Ok(directory.join("package/lib/vscode/out/server-main.js"))
}

/// Chromium: the one on `PATH`, else Debian's.
pub fn chromium() -> Result<PathBuf, String> {
    let on_path = |name: &str| finished(command("which").arg(name), Duration::from_secs(10)).ok();
    if let Some(found) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path) {
        return Ok(PathBuf::from(found.trim()));
    }
    let directory = once("chromium", |beside| {
        let mut install = command(repository().join("tests/editors/vscode/install-chromium"));
        finished(install.arg(beside), Duration::from_mins(8)).map(drop)
    })?;
    Ok(directory.join("run"))
}

/// The directory with the scripts that drive VS Code, and what they need.
pub fn driver() -> Result<PathBuf, String> {
    npm_project(&repository().join("tests/editors/vscode"), "vscode-driver")
}

/// A copy of a directory with a `package-lock.json`, and what that asks for.
fn npm_project(source: &Path, name: &str) -> Result<PathBuf, String> {
    let directory = target().join("clients").join(name);
    let told = |error: std::io::Error| format!("{}: {error}", directory.display());
    // What is gone from the source is to be gone here too; the modules stay.
    for old in ["src", "images", "dist", "bin"] {
        drop(std::fs::remove_dir_all(directory.join(old)));
    }
    copy(source, &directory).map_err(told)?;
    let read = |file: &Path| std::fs::read(file);
    let lock = read(&source.join("package-lock.json")).map_err(told)?;
    let stamp = directory.join("node_modules/speclens-lock.json");
    if read(&stamp).ok().as_ref() != Some(&lock) {
        finished(npm(&directory).args(["ci", "--ignore-scripts"]), Duration::from_mins(5))?;
        std::fs::write(&stamp, &lock).map_err(told)?;
    }
    Ok(directory)
}

fn npm(directory: &Path) -> Command {
    let mut npm = command("npm");
    npm.current_dir(directory);
    npm
}

/// A program that a project has among its modules.
fn tool(project: &Path, name: &str) -> Command {
    let mut tool = command(project.join("node_modules/.bin").join(name));
    tool.current_dir(project);
    tool
}
