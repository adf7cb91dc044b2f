//! What the rules are called and what they mean.

use crate::finding::Severity;

/// The documentation of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its kebab-case name.
    pub name: &'static str,
    /// How grave its certain findings are, where the user has not said otherwise.
    pub severity: Severity,
    /// What it reports, in one line.
    pub summary: &'static str,
    /// What it means, why, an example that can be run, and what helps: Markdown.
    pub page: &'static str,
}

/// All rules, by name.
pub const RULES: &[Rule] = &[
    Rule {
        name: "call-raises",
        severity: Severity::Error,
        summary: "A call of a library that raises because of what it reads of a module",
        page: include_str!("rules/call-raises.md"),
    },
    Rule {
        name: "find-spec-raises",
        severity: Severity::Error,
        summary: "A call of `importlib.util.find_spec` that will raise",
        page: include_str!("rules/find-spec-raises.md"),
    },
    Rule {
        name: "finder-asks-itself",
        severity: Severity::Warning,
        summary: "A finder whose `find_spec` asks `importlib.util.find_spec` for the name that it is asked for",
        page: include_str!("rules/finder-asks-itself.md"),
    },
    Rule {
        name: "finder-without-find-spec",
        severity: Severity::Warning,
        summary: "A finder on `sys.meta_path` that has no `find_spec`",
        page: include_str!("rules/finder-without-find-spec.md"),
    },
    Rule {
        name: "found-elsewhere",
        severity: Severity::Information,
        summary: "A read of the file of a module that is found elsewhere because code changed `sys.path`",
        page: include_str!("rules/found-elsewhere.md"),
    },
    Rule {
        name: "hidden-editable",
        severity: Severity::Warning,
        summary: "An import that finds something on `sys.path` in the place of an editable install",
        page: include_str!("rules/hidden-editable.md"),
    },
    Rule {
        name: "hidden-package",
        severity: Severity::Error,
        summary: "An import of a submodule that raises because its package was found elsewhere",
        page: include_str!("rules/hidden-package.md"),
    },
    Rule {
        name: "import-not-replaced",
        severity: Severity::Warning,
        summary: "An assignment to `__import__` in a module, which replaces nothing",
        page: include_str!("rules/import-not-replaced.md"),
    },
    Rule {
        name: "import-raises",
        severity: Severity::Error,
        summary: "An import that will raise, for what was imported before it or for what another file needs and is not there",
        page: include_str!("rules/import-raises.md"),
    },
    Rule {
        name: "import-replaced",
        severity: Severity::Information,
        summary: "A line that replaces `builtins.__import__`",
        page: include_str!("rules/import-replaced.md"),
    },
    Rule {
        name: "invalid-configuration",
        severity: Severity::Warning,
        summary: "A key or a value of `speclens.toml` or `[tool.speclens]` that means nothing",
        page: include_str!("rules/invalid-configuration.md"),
    },
    Rule {
        name: "lazy-import",
        severity: Severity::Warning,
        summary: "A line that relies on what a `lazy import` has not imported yet",
        page: include_str!("rules/lazy-import.md"),
    },
    Rule {
        name: "missing-init",
        severity: Severity::Warning,
        summary: "A walk over packages that passes by a directory without `__init__.py`",
        page: include_str!("rules/missing-init.md"),
    },
    Rule {
        name: "module-without-file",
        severity: Severity::Error,
        summary: "A read of `__file__` on a module that is not loaded from a file",
        page: include_str!("rules/module-without-file.md"),
    },
    Rule {
        name: "module-without-spec",
        severity: Severity::Warning,
        summary: "A read of `__spec__` on a module whose `__spec__` is None or missing",
        page: include_str!("rules/module-without-spec.md"),
    },
    Rule {
        name: "namespace-loader",
        severity: Severity::Error,
        summary: "A use of the loader of a namespace package as the loader of a file",
        page: include_str!("rules/namespace-loader.md"),
    },
    Rule {
        name: "namespace-path",
        severity: Severity::Error,
        summary: "A use of a namespace package's `__path__` as a list",
        page: include_str!("rules/namespace-path.md"),
    },
    Rule {
        name: "namespace-without-file",
        severity: Severity::Warning,
        summary: "A read of `__file__`, `origin` or `loader` that gives None on a namespace package",
        page: include_str!("rules/namespace-without-file.md"),
    },
    Rule {
        name: "origin-not-a-path",
        severity: Severity::Warning,
        summary: "A use of `__spec__.origin` as a path where it is none",
        page: include_str!("rules/origin-not-a-path.md"),
    },
    Rule {
        name: "script-without-spec",
        severity: Severity::Warning,
        summary: "A read of `__spec__` in a script, where it is None",
        page: include_str!("rules/script-without-spec.md"),
    },
    Rule {
        name: "spec-of-another",
        severity: Severity::Information,
        summary: "A read of `__spec__.name` that gives another name than the one the code uses",
        page: include_str!("rules/spec-of-another.md"),
    },
    Rule {
        name: "stub-module",
        severity: Severity::Information,
        summary: "A stub in `sys.modules` that is taken for the module, or that lacks what a module has",
        page: include_str!("rules/stub-module.md"),
    },
    Rule {
        name: "unused-ignore",
        severity: Severity::Warning,
        summary: "A comment `# speclens: ignore` that silences nothing",
        page: include_str!("rules/unused-ignore.md"),
    },
    Rule {
        name: "unusual-loader",
        severity: Severity::Error,
        summary: "A use of a loader that code has put in the place of importlib's, and that lacks what is asked of it",
        page: include_str!("rules/unusual-loader.md"),
    },
];

/// The rule called `name`.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_pages_are_whole() {
        assert!(RULES.is_sorted_by_key(|rule| rule.name));
        for each in RULES {
            assert_eq!(rule(each.name), Some(each));
            assert!(each.page.starts_with(&format!("# {}\n", each.name)), "{}", each.name);
            for heading in ["## Why", "## Example", "## What helps"] {
                assert!(each.page.contains(heading), "{}: {heading}", each.name);
            }
        }
        assert_eq!(rule("no-such-rule"), None);
    }
}
