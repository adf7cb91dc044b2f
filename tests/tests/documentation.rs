//! The pages in `docs/` that are made from what the program knows. `SPECLENS_WRITE_DOCS=1 cargo test -p speclens-tests --test
//! documentation` writes them anew; else they are compared. And: each relative link in the documentation leads somewhere.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use speclens_analysis::{RULES, Rule};
use speclens_tests::clients::repository;

const MADE: &str = "<!-- Made by tests/tests/documentation.rs. -->\n";

#[test]
fn pages_are_those_of_today() {
    let mut pages = vec![
        ("docs/rules/README.md".to_owned(), list_of_rules()),
        ("docs/configuration.md".to_owned(), configuration()),
    ];
    pages.extend(RULES.iter().map(|rule| (format!("docs/rules/{}.md", rule.name), page_of(rule))));
    let writes = std::env::var_os("SPECLENS_WRITE_DOCS").is_some();
    for (name, text) in pages {
        let path = repository().join(&name);
        if writes {
            fs::create_dir_all(path.parent().expect("a directory")).expect("docs/");
            fs::write(&path, text).expect("a page");
        } else {
            let present = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                present == text,
                "{name} is old: SPECLENS_WRITE_DOCS=1 cargo test -p speclens-tests --test documentation"
            );
        }
    }
    let known = |name: &str| name == "README" || RULES.iter().any(|rule| rule.name == name);
    for member in fs::read_dir(repository().join("docs/rules")).expect("docs/rules") {
        let path = member.expect("a member").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(known(name), "{} is the page of no rule", path.display());
    }
}

fn list_of_rules() -> String {
    let mut text = format!(
        "{MADE}# Rules\n\nThe level is that of certain findings, where nothing else is set; what is only possible is never an \
         error.\n`speclens rule NAME` shows the same pages.\n\n| rule | level | reports |\n| --- | --- | --- |\n"
    );
    for rule in RULES {
        let _ = writeln!(text, "| [{0}]({0}.md) | {1} | {2} |", rule.name, level(rule), rule.summary);
    }
    text
}

fn page_of(rule: &Rule) -> String {
    let name = rule.name;
    let mut text = format!("{MADE}{}\n## Level\n\n", rule.page);
    let _ = writeln!(
        text,
        "{}, unless [the configuration](../configuration.md) says otherwise: `{name} = \"ignore\"` under `[rules]` turns the \
         rule off,\n`# speclens: ignore[{name}]` at the end of a line silences it there.",
        capital(level(rule))
    );
    let cases = cases(name);
    if !cases.is_empty() {
        let tests = format!("../../tests/rules/{name}.md");
        let _ = writeln!(
            text,
            "\n## Tested cases\n\nIn each of [these]({tests}), Speclens is compared with CPython.\n"
        );
        for case in cases {
            let _ = writeln!(text, "- [{case}]({tests}#{})", anchor(&case));
        }
    }
    text
}

/// The headings of a rule's literate test.
fn cases(rule: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(format!("tests/rules/{rule}.md"))).unwrap_or_default();
    let mut in_fence = false;
    let mut found = Vec::new();
    for line in text.lines() {
        in_fence ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix("## ").filter(|_| !in_fence) {
            found.push(heading.to_owned());
        }
    }
    found
}

/// The name that the usual forges give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn level(rule: &Rule) -> &'static str {
    use speclens_analysis::Severity::{Error, Hint, Information, Warning};
    match rule.severity {
        Error => "error",
        Warning => "warning",
        Information => "information",
        Hint => "hint",
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn configuration() -> String {
    let schema = fs::read_to_string(repository().join("speclens.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let mut text = format!(
        "{MADE}# Configuration\n\nThe keys of `speclens.toml`, of `[tool.speclens]` in `pyproject.toml`, and of the editor's \
         settings under `speclens`. All are\noptional. Paths are relative to the file, in the editor to the workspace's \
         root; patterns are those of `.gitignore`. The command line\nwins over the editor, the editor over the file. \
         [speclens.schema.json](../speclens.schema.json) lets an editor complete the file.\n"
    );
    keys(&mut text, "", &schema);
    text.push_str("\n## Levels\n\nWhat may stand for a rule, in `rules` and `per-file`: ");
    let levels = schema["definitions"]["levels"]["properties"].as_object().expect("the rules");
    let choices = levels.values().next().map(|rule| one_of(&rule["enum"])).unwrap_or_default();
    let _ = writeln!(text, "{choices}.\nThe rules are in [a list of their own](rules/README.md).");
    text
}

/// A section for each key, those of a table behind it.
fn keys(text: &mut String, prefix: &str, table: &Value) {
    for (name, key) in table["properties"].as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        let _ = writeln!(text, "\n## `{name}`\n\n{}\n", key["description"].as_str().unwrap_or_default());
        let _ = writeln!(text, "{}.", capital(&form(key)));
        keys(text, &format!("{name}."), key);
    }
}

/// What may stand at a key, in words.
fn form(key: &Value) -> String {
    if key.get("allOf").is_some() {
        return "a table: rule = level".to_owned();
    }
    if let Some(choices) = key.get("enum") {
        return one_of(choices);
    }
    match key["type"].as_str().unwrap_or_default() {
        "object" if key.get("properties").is_some() => "a table with the keys below".to_owned(),
        "object" => format!("a table: \"pattern\" = {}", form(&key["additionalProperties"])),
        "array" => "a list of strings".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        _ => key["pattern"]
            .as_str()
            .map_or_else(|| "a string".to_owned(), |pattern| format!("a string that matches `{pattern}`")),
    }
}

fn one_of(choices: &Value) -> String {
    let choices: Vec<String> = choices
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|choice| choice.as_str().map(|choice| format!("`\"{choice}\"`")))
        .collect();
    choices.join(", ")
}

#[test]
fn links_lead_somewhere() {
    let root = repository();
    let mut files: Vec<PathBuf> = markdown_in(root);
    for directory in ["docs", "docs/rules", "editors", "tests"] {
        files.extend(markdown_in(&root.join(directory)));
    }
    for editor in fs::read_dir(root.join("editors")).expect("editors").flatten() {
        files.extend(markdown_in(&editor.path()));
    }
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("a page");
        let directory = file.parent().expect("a directory");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let aim = if path.is_empty() { file.clone() } else { directory.join(path) };
            assert!(aim.exists(), "{}: {link} leads nowhere", file.display());
            if !place.is_empty() {
                let text = fs::read_to_string(&aim).expect("a page");
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                let found = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == place);
                assert!(found, "{}: {link} leads to no heading", file.display());
            }
        }
    }
}

fn markdown_in(directory: &Path) -> Vec<PathBuf> {
    let members = fs::read_dir(directory).into_iter().flatten().flatten().map(|member| member.path());
    members.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}
