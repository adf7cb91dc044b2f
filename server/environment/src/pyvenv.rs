//! `pyvenv.cfg` (PEP 405), with the keys that venv, virtualenv and uv add.

use std::path::{Path, PathBuf};

use crate::model::{Problem, PythonVersion};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// The directory of the program that the environment was made with.
    pub(crate) home: Option<PathBuf>,
    /// Of that program. Python itself never looks at it.
    pub(crate) version: Option<PythonVersion>,
    /// As `site` reads it: true unless the file says something else than `true`.
    pub(crate) system_site_packages: bool,
}

/// Reads the file as `getpath` does for `home` (the first of its kind) and as `site.venv` does for the rest (the last):
/// `key = value`, keys without case.
pub(crate) fn parse(text: &str) -> Configuration {
    let mut found = Configuration { system_site_packages: true, ..Configuration::default() };
    for (_, key, value) in pairs(text) {
        match key.as_str() {
            "home" if found.home.is_none() => found.home = Some(PathBuf::from(value)),
            "include-system-site-packages" => found.system_site_packages = value.eq_ignore_ascii_case("true"),
            "version" | "version_info" => found.version = version(value).or(found.version),
            _ => {}
        }
    }
    found
}

/// The lines `key = value`, with their numbers.
fn pairs(text: &str) -> impl Iterator<Item = (u32, String, &str)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (key, value) = line.split_once('=')?;
        Some((number, key.trim().to_lowercase(), value.trim()))
    })
}

/// The line of the first `key`.
pub(crate) fn line_of(text: &str, key: &str) -> Option<u32> {
    pairs(text).find(|(_, found, _)| found == key).map(|(number, ..)| number)
}

/// What is odd about the file itself.
pub(crate) fn problems(bytes: &[u8], file: &Path) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |line, message: String| {
        found.push(Problem { message, file: file.to_path_buf(), line });
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        add(None, "this file is not valid UTF-8: site cannot read it, and Python does not start".to_owned());
        return found;
    };
    if text.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the first key, so Python does not know that key";
        add(Some(1), message.to_owned());
    }
    let mut seen: Vec<(String, &str)> = Vec::new();
    for (number, key, value) in pairs(text) {
        if key == "include-system-site-packages"
            && !["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known))
        {
            add(Some(number), format!("`{value}` is neither true nor false: site takes it for false"));
        }
        let known = ["home", "include-system-site-packages"].contains(&key.as_str());
        if known && seen.iter().any(|(before, said)| *before == key && *said != value) {
            let which = if key == "home" { "first" } else { "last" };
            add(Some(number), format!("`{key}` is given more than once: the {which} one counts"));
        }
        seen.push((key, value));
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

    #[test]
    fn files_that_were_edited_by_hand() {
        let text = "home = /a/bin\r\nHOME=/b/bin\r\ninclude-system-site-packages = false\r\n\
                    include-system-site-packages = maybe\r\n";
        let found = parse(text);
        assert_eq!((found.home, found.system_site_packages), (Some("/a/bin".into()), false));
        let told = |bytes: &[u8]| -> Vec<(Option<u32>, String)> {
            let found = problems(bytes, Path::new("/e/pyvenv.cfg")).into_iter();
            found.map(|problem| (problem.line, problem.message)).collect()
        };
        let lines: Vec<_> = told(text.as_bytes()).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [Some(2), Some(4), Some(4)]);
        let marked = "\u{feff}home = /a/bin\n";
        assert_eq!(parse(marked).home, None);
        assert!(told(marked.as_bytes())[0].1.starts_with("a byte order mark"));
        assert!(told(b"home = /caf\xe9\n")[0].1.contains("not valid UTF-8"));
        assert_eq!(told(b"home = /a/bin\nhome = /a/bin\n"), []);
    }
}
