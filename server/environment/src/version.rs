//! The version of an installation, where its files tell it.

use std::path::Path;

use crate::disk::Disk;
use crate::model::PythonVersion;
use crate::pyvenv;

/// Adds the micro version, where the installation tells it, else the environment made from it.
pub(crate) fn with_micro(
    disk: Disk<'_>,
    version: PythonVersion,
    prefix: Option<&Path>,
    noted: Option<PythonVersion>,
) -> PythonVersion {
    let same = |found: &PythonVersion| (found.major, found.minor) == (version.major, version.minor);
    let PythonVersion { major, minor, .. } = version;
    let told = prefix.and_then(|prefix| {
        of_installation(disk, prefix, &format!("{major}.{minor}"))
            .filter(same)
            .filter(|found| found.micro.is_some())
    });
    told.or_else(|| noted.filter(same)).unwrap_or(version)
}

/// The version that an installation tells; `number` (`3.11`) finds its headers on POSIX.
pub(crate) fn of_installation(disk: Disk<'_>, prefix: &Path, number: &str) -> Option<PythonVersion> {
    from_header(disk, prefix, number)
        .or_else(|| from_conda(disk, prefix))
        .or_else(|| from_directory_name(prefix))
}

/// `#define PY_VERSION "3.11.7"` in `patchlevel.h`.
fn from_header(disk: Disk<'_>, prefix: &Path, number: &str) -> Option<PythonVersion> {
    let posix = ["", "m", "t", "d", "td"].map(|flags| format!("include/python{number}{flags}/patchlevel.h"));
    let windows = ["include/patchlevel.h", "Include/patchlevel.h"].map(str::to_owned);
    let text = posix.iter().chain(&windows).find_map(|header| disk.text(&prefix.join(header)))?;
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

/// pyenv's `versions/3.11.7`, uv's `cpython-3.11.7-linux-x86_64-gnu`, Homebrew's `Cellar/python@3.12/3.12.4/…`.
fn from_directory_name(prefix: &Path) -> Option<PythonVersion> {
    let name = |directory: &Path| directory.file_name()?.to_str()?.split('-').find_map(pyvenv::version);
    let own = name(prefix);
    let keg = prefix.ancestors().find(|directory| {
        let above = directory.parent().and_then(Path::file_name).unwrap_or_default();
        above.to_string_lossy().starts_with("python@")
    });
    own.filter(|version| version.micro.is_some()).or_else(|| keg.and_then(name)).or(own)
}
