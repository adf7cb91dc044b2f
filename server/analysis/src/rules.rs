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
        name: "find-spec-raises",
        severity: Severity::Error,
        summary: "A call of `importlib.util.find_spec` that will raise",
        page: include_str!("rules/find-spec-raises.md"),
    },
    Rule {
        name: "import-raises",
        severity: Severity::Error,
        summary: "An import that will raise, for what was imported before it or for what another file needs and is not there",
        page: include_str!("rules/import-raises.md"),
    },
    Rule {
        name: "invalid-configuration",
        severity: Severity::Warning,
        summary: "A key or a value of `speclens.toml` or `[tool.speclens]` that means nothing",
        page: include_str!("rules/invalid-configuration.md"),
    },
    Rule {
        name: "module-without-spec",
        severity: Severity::Warning,
        summary: "A read of `__spec__` on a module whose `__spec__` is None or missing",
        page: include_str!("rules/module-without-spec.md"),
    },
    Rule {
        name: "namespace-without-file",
        severity: Severity::Warning,
        summary: "A read of `__file__`, `origin` or `loader` that gives None on a namespace package",
        page: include_str!("rules/namespace-without-file.md"),
    },
    Rule {
        name: "script-without-spec",
        severity: Severity::Warning,
        summary: "A read of `__spec__` in a script, where it is None",
        page: include_str!("rules/script-without-spec.md"),
    },
    Rule {
        name: "unused-ignore",
        severity: Severity::Warning,
        summary: "A comment `# speclens: ignore` that silences nothing",
        page: include_str!("rules/unused-ignore.md"),
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
