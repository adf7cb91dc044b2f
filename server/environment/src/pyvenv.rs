//! `pyvenv.cfg` (PEP 405), with the keys that venv, virtualenv and uv add.

use std::path::PathBuf;

use crate::model::PythonVersion;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// The directory of the program that the environment was made with.
    pub(crate) home: Option<PathBuf>,
    /// Of that program.
    pub(crate) version: Option<PythonVersion>,
    /// As `site` reads it: true unless the file says something else than `true`.
    pub(crate) system_site_packages: bool,
}

/// Reads the file as `site.venv` does: `key = value`, keys without case, the last of a kind wins.
pub(crate) fn parse(text: &str) -> Configuration {
    let mut found = Configuration { system_site_packages: true, ..Configuration::default() };
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim();
        match key.trim().to_lowercase().as_str() {
            "home" => found.home = Some(PathBuf::from(value)),
            "include-system-site-packages" => found.system_site_packages = value.eq_ignore_ascii_case("true"),
            "version" | "version_info" => found.version = version(value).or(found.version),
            _ => {}
        }
    }
    found
}

/// `3.11`, `3.11.7`, `3.11.7.final.0`, `3.13.0rc1`.
pub(crate) fn version(text: &str) -> Option<PythonVersion> {
    let mut numbers = text.trim().split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse::<u8>().ok()
    });
    let (major, minor) = (numbers.next()??, numbers.next()??);
    Some(PythonVersion { major, minor, micro: numbers.next().flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_tools_files() {
        let venv = parse("home = /opt/py/bin\ninclude-system-site-packages = false\nversion = 3.8.18\n");
        assert_eq!(venv.home, Some(PathBuf::from("/opt/py/bin")));
        assert!(!venv.system_site_packages);
        assert_eq!(venv.version.map(|version| version.to_string()).as_deref(), Some("3.8.18"));
        let uv = parse("home = /opt/py/bin\nimplementation = CPython\nversion_info = 3.13.0rc1\n");
        assert_eq!(uv.version, Some(PythonVersion { major: 3, minor: 13, micro: Some(0) }));
        assert!(uv.system_site_packages, "site's default");
        let virtualenv = parse("version_info = 3.11.7.final.0\nINCLUDE-system-site-packages = TRUE");
        assert_eq!(virtualenv.version.and_then(|version| version.micro), Some(7));
        assert!(virtualenv.system_site_packages);
    }
}
