//! Patterns of paths.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

/// A pattern of paths below a directory, as in `.gitignore`: one without a slash matches at any depth, and what matches a
/// directory matches all below it.
#[derive(Debug, Clone)]
pub struct Glob {
    written: String,
    matcher: GlobMatcher,
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Glob {}

impl Glob {
    /// Understands a pattern, or says why it is none.
    pub fn new(written: &str) -> Result<Self, String> {
        let pattern = written.strip_prefix("./").unwrap_or(written).trim_end_matches('/');
        let pattern = match pattern.strip_prefix('/') {
            Some(rooted) => rooted.to_owned(),
            None if pattern.contains('/') => pattern.to_owned(),
            None => format!("**/{pattern}"),
        };
        let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
        let glob = glob.map_err(|error| error.kind().to_string())?;
        Ok(Self { written: written.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Whether it matches a path relative to its directory, or a directory that holds it.
    pub fn matches(&self, relative: &Path) -> bool {
        relative.ancestors().any(|path| !path.as_os_str().is_empty() && self.matcher.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_gitignore_reads_them() {
        for (pattern, path, expected) in [
            ("tests", "tests/a.py", true),
            ("tests", "src/tests/deep/a.py", true),
            ("tests/", "tests/a.py", true),
            ("/tests", "src/tests/a.py", false),
            ("src/*.py", "src/a.py", true),
            ("src/*.py", "src/deep/a.py", false),
            ("src/**", "src/deep/a.py", true),
            ("./src/**/*.py", "src/a.py", true),
            ("*_test.py", "src/a_test.py", true),
            ("a.py", "b/aa.py", false),
            ("{a,b}.py", "x/b.py", true),
        ] {
            let glob = Glob::new(pattern).unwrap();
            assert_eq!(glob.matches(Path::new(path)), expected, "{pattern} {path}");
        }
        assert!(Glob::new("a[").is_err());
    }
}
