//! The workspace that the editors' tests open: an environment in which a package loses its spec, until another release of it
//! is installed.
#![expect(clippy::disallowed_methods, reason = "the target directory")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{command, copy_fresh, finished, make_environment, once, pip_install, repository};

/// The servers for Python that an editor runs beside Speclens, and one that joins servers.
const SERVERS: [&str; 3] = ["rassumfrassum==0.3.5", "ruff==0.17.6", "ty==0.0.105"];

/// A workspace on the disk.
#[derive(Debug)]
pub struct Workspace {
    /// Its directory, with `shop.py` and `.venv`.
    pub root: PathBuf,
    /// Where `ty`, `ruff` and `rass` are.
    pub servers: PathBuf,
    wheels: PathBuf,
}

impl Workspace {
    /// Makes the workspace in a directory, as it is before the second release of `wares`.
    pub fn fresh(directory: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", directory.display());
        let workspace =
            Self { root: directory.join("shop"), servers: servers()?, wheels: directory.join("wheels") };
        copy_fresh(&repository().join("tests/editors/workspace"), &workspace.root).map_err(told)?;
        // Else some editors take the repository around the target directory for the workspace.
        finished(command("git").args(["init", "--quiet"]).arg(&workspace.root), Duration::from_mins(1))?;
        make_environment(&workspace.root.join(".venv"), &["--without-pip"])?;
        std::fs::create_dir_all(&workspace.wheels).map_err(told)?;
        for (name, version) in [("tills", "1.0"), ("wares", "1.0"), ("wares", "2.0")] {
            workspace.make_wheel(name, version).map_err(told)?;
        }
        finished(&mut workspace.pip("tills==1.0"), Duration::from_mins(1))?;
        finished(&mut workspace.pip("wares==1.0"), Duration::from_mins(1))?;
        Ok(workspace)
    }

    /// `pip install` of one of the workspace's packages, in its environment.
    pub fn pip(&self, requirement: &str) -> Command {
        let mut pip = command(self.servers.join("python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "--python"]);
        pip.arg(self.root.join(".venv/bin/python"));
        pip.args(["install", "--quiet", "--no-index", "--find-links"]).arg(&self.wheels).arg(requirement);
        pip
    }

    /// What an editor's test runs while the editor is open: the second release of `wares` is installed.
    pub fn installs(&self) -> String {
        let pip = self.pip("wares==2.0");
        let words = std::iter::once(pip.get_program()).chain(pip.get_args());
        let quoted = words.map(|word| format!("'{}'", word.to_string_lossy()));
        quoted.collect::<Vec<_>>().join(" ")
    }

    fn make_wheel(&self, name: &str, version: &str) -> std::io::Result<()> {
        let source = repository().join(format!("tests/editors/packages/{name}-{version}.py"));
        let source = std::fs::read_to_string(source)?;
        let info = format!("{name}-{version}.dist-info");
        let file = File::create(self.wheels.join(format!("{name}-{version}-py3-none-any.whl")))?;
        let mut wheel = ZipWriter::new(file);
        for (member, text) in [
            (format!("{name}/__init__.py"), source),
            (
                format!("{info}/METADATA"),
                format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            ),
            (
                format!("{info}/WHEEL"),
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
            ),
            (
                format!("{info}/RECORD"),
                format!("{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"),
            ),
        ] {
            wheel.start_file(member, SimpleFileOptions::default())?;
            wheel.write_all(text.as_bytes())?;
        }
        wheel.finish().map(drop).map_err(Into::into)
    }
}

/// The directory with the programs `ty`, `ruff` and `rass`, and a Python with pip.
pub fn servers() -> Result<PathBuf, String> {
    static DIRECTORY: LazyLock<Result<PathBuf, String>> = LazyLock::new(install_servers);
    DIRECTORY.clone()
}

fn install_servers() -> Result<PathBuf, String> {
    let directory = once(&SERVERS.join("-"), |beside| {
        make_environment(beside, &[])?;
        finished(pip_install(beside).args(SERVERS), Duration::from_mins(5))?;
        // What pip writes names the environment's place, which is another one soon.
        let rass = "#!/bin/sh\nexec \"${0%/*}/python\" -m rassumfrassum \"$@\"\n";
        std::fs::write(beside.join("bin/rass"), rass).map_err(|error| error.to_string())
    })?;
    Ok(directory.join("bin"))
}
