use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::{Project, Request};
use speclens_files::{Database, MemorySystem};

use crate::check::check_file;
use crate::finding::{Finding, Fix, Severity};

const FILE: &str = "/w/a.py";

fn check(text: &str, configuration: &str) -> Vec<Finding> {
    let system = MemorySystem::default();
    system.write(FILE, text);
    system.write("/w/ns/inner.py", "");
    if !configuration.is_empty() {
        system.write("/w/speclens.toml", configuration);
    }
    let database = Database::new(Arc::new(system));
    let db = database.db();
    let project = Project::new(db, PathBuf::from("/w"), Request::default());
    check_file(db, project, db.entry(Path::new(FILE))).findings.clone()
}

fn rules(text: &str) -> Vec<&'static str> {
    check(text, "").iter().map(|finding| finding.rule).collect()
}

fn applied(text: &str, fix: &Fix) -> String {
    let mut text = text.to_owned();
    for edit in fix.edits.iter().rev() {
        text.replace_range(edit.place.start as usize..edit.place.end as usize, &edit.text);
    }
    text
}

const READ: &str = "import ns\nx = ns.__file__ + ''";

#[test]
fn an_ignore_silences_its_line() {
    assert_eq!(rules(READ), ["namespace-without-file"]);
    for comment in [
        "  # speclens: ignore",
        " # speclens: ignore[namespace-without-file]",
        " # noqa # speclens: ignore[ namespace-without-file ] because it is so",
    ] {
        assert_eq!(rules(&format!("{READ}{comment}\n")), [] as [&str; 0], "{comment}");
    }
    assert_eq!(
        rules(&format!("{READ}  # speclens: ignore[import-raises]\n")),
        ["namespace-without-file", "unused-ignore"]
    );
    assert_eq!(
        rules(&format!("# speclens: ignore\n{READ}\n")),
        ["unused-ignore", "namespace-without-file"],
        "the line before is another line"
    );
    let long = "import ns\nx = (ns\n  .__file__\n) + ''";
    assert_eq!(rules(&long.replace("__file__", "__file__  # speclens: ignore")), [] as [&str; 0]);
    assert_eq!(rules(&long.replace("(ns", "(ns # speclens: ignore")), [] as [&str; 0]);
}

#[test]
fn what_ignores_nothing_is_told_and_removed() {
    for (text, left) in [
        ("x = 1  # speclens: ignore\n", "x = 1\n"),
        ("x = 1  # speclens: ignore[]\n", "x = 1\n"),
        ("x = 1  # speclens: ignore because\n", "x = 1\n"),
        ("x = 1  # speclens: ignore[import-raises]  # noqa\n", "x = 1  # noqa\n"),
        ("x = 1  # noqa  # speclens: ignore[nonsense]\n", "x = 1  # noqa\n"),
        ("# speclens: ignore\r\nx = 1\n", "x = 1\n"),
        ("x = 1 # speclens: ignore[import-raises, nonsense]", "x = 1"),
    ] {
        let mut fixed = text.to_owned();
        while let Some(fix) = check(&fixed, "")
            .iter()
            .inspect(|finding| assert_eq!(finding.rule, "unused-ignore"))
            .flat_map(|finding| &finding.fixes)
            .find(|fix| fix.safe)
        {
            fixed = applied(&fixed, fix);
        }
        assert_eq!(fixed, left);
        assert_eq!(rules(left), [] as [&str; 0]);
    }
    let text = format!("{READ}  # speclens: ignore[import-raises, namespace-without-file]\n");
    let findings = check(&text, "");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].message, "no finding of `import-raises` is on this line");
    assert_eq!(
        applied(&text, &findings[0].fixes[0]),
        format!("{READ}  # speclens: ignore[namespace-without-file]\n")
    );
    assert_eq!(rules("x = 1  # speclens: ignore[import-raises, unused-ignore]\n"), [] as [&str; 0]);
    assert_eq!(rules("x = (  # speclens: ignore\n"), [] as [&str; 0], "half typed");
}

#[test]
fn a_misspelt_rule_is_corrected() {
    let text = format!("{READ}  # speclens: ignore[namespace-without-fil]\n");
    let findings = check(&text, "");
    let unused = findings.iter().find(|finding| finding.rule == "unused-ignore").unwrap();
    let said = "there is no rule `namespace-without-fil`; did you mean `namespace-without-file`?";
    assert_eq!(unused.message, said);
    assert!(unused.fixes.iter().all(|fix| !fix.safe));
    assert_eq!(rules(&applied(&text, &unused.fixes[0])), [] as [&str; 0]);
}

#[test]
fn each_finding_can_be_ignored() {
    for text in [
        format!("{READ}\n"),
        READ.to_owned(),
        format!("{READ}   \r\ny = 1\r\n"),
        format!("{READ}  # noqa\n"),
        format!("{READ}  # speclens: ignore[import-raises]\n"),
        format!("{READ}  # speclens: ignore[]\n"),
        "import ns\nx = ns \\\n  .__file__ + ''\n".to_owned(),
        "import ns\nx = ns.__file__ + '''\n'''\n".to_owned(),
    ] {
        let findings = check(&text, "");
        let finding = findings.iter().find(|finding| finding.rule == "namespace-without-file").unwrap();
        let fix = finding.fixes.iter().find(|fix| fix.title.ends_with("on this line"));
        let Some(fix) = fix else {
            assert!(text.contains("'''"), "{text}");
            continue;
        };
        assert!(!fix.safe);
        let applied = applied(&text, fix);
        assert!(!rules(&applied).contains(&"namespace-without-file"), "{applied}");
    }
}

#[test]
fn levels_are_as_set() {
    let severity = |configuration: &str| {
        let findings = check(READ, configuration);
        findings.first().map(|finding| finding.severity)
    };
    let set = |level: &str| format!("[rules]\nnamespace-without-file = '{level}'\n");
    assert_eq!(severity(""), Some(Severity::Warning));
    assert_eq!(severity(&set("hint")), Some(Severity::Hint));
    assert_eq!(severity(&set("error")), Some(Severity::Error));
    assert_eq!(severity(&set("ignore")), None);
    assert_eq!(
        severity("[per-file.'*.py']\nnamespace-without-file = 'information'\n"),
        Some(Severity::Information)
    );
    // An ignore of what is off is no claim about this line.
    let ignored = format!("{READ}  # speclens: ignore[namespace-without-file]\n");
    assert_eq!(check(&ignored, &set("ignore")), []);
}

#[test]
fn a_rule_is_turned_off_where_the_settings_are() {
    let fix = |configuration: &str| {
        let findings = check(READ, configuration);
        findings[0].fixes.iter().find(|fix| fix.title.starts_with("Turn")).cloned().unwrap()
    };
    let new = fix("");
    assert_eq!(new.title, "Turn `namespace-without-file` off in a new speclens.toml");
    assert_eq!(new.edits[0].place.file, Path::new("/w/speclens.toml"));
    assert_eq!(check(READ, &new.edits[0].text), []);
    let before = "exclude = []\n[rules]\nimport-raises = 'hint' # why\n";
    let known = fix(before);
    assert_eq!(known.title, "Turn `namespace-without-file` off in speclens.toml");
    assert_eq!(check(READ, &applied(before, &known)), []);
}
