use std::path::{Path, PathBuf};
use std::sync::Arc;

use speclens_environment::{Project, PythonVersion, Request};
use speclens_files::{Database, MemorySystem};

use super::*;
use crate::check::check_file;

fn at(files: &[(&str, &str)]) -> Database {
    let system = MemorySystem::default();
    for (path, text) in files {
        system.write(path, *text);
    }
    Database::new(Arc::new(system))
}

/// Each problem of a file: the text that it is about, and what is said.
fn problems(path: &str, text: &str) -> Vec<(String, String)> {
    let database = at(&[(path, text)]);
    let db = database.db();
    let project = Project::new(db, Path::new(path).parent().unwrap().to_path_buf(), Request::default());
    let report = check_file(db, project, db.entry(Path::new(path)));
    let findings = report.findings.iter();
    findings
        .map(|finding| {
            assert_eq!(finding.rule, INVALID);
            let range = finding.place.start as usize..finding.place.end as usize;
            (text[range].to_owned(), finding.message.clone())
        })
        .collect()
}

#[test]
fn everything_is_read() {
    let text = r#"
        exclude = ["build"]
        [rules]
        import-raises = "ignore"
        find-spec-raises = "hint"
        [per-file."tests/*.py"]
        import-raises = "error"
        [per-file."tests/slow.py"]
        import-raises = "information"
        [environment]
        python = ".venv"
        python-version = "3.9"
        extra-paths = ["src", "../lib"]
        isolated = true
        [launch]
        "tools" = "script"
        "tools/lib.py" = "module"
    "#;
    assert_eq!(read::read(text, Section::Whole).problems, []);
    let database = at(&[("/w/speclens.toml", text)]);
    let layers = settings_at(database.db(), Path::new("/w/deep/down"));
    let level = |file, rule| layers.level(Path::new(file), rule);
    assert_eq!(level("/w/a.py", "import-raises"), Some(None));
    assert_eq!(level("/w/a.py", "find-spec-raises"), Some(Some(Severity::Hint)));
    assert_eq!(level("/w/a.py", "module-without-spec"), None);
    assert_eq!(level("/w/tests/a.py", "import-raises"), Some(Some(Severity::Error)));
    assert_eq!(level("/w/tests/slow.py", "import-raises"), Some(Some(Severity::Information)));
    assert_eq!(level("/w/tests/slow.py", "find-spec-raises"), Some(Some(Severity::Hint)));
    assert_eq!(layers.launch(Path::new("/w/tools/a.py")), Some(Launch::Script));
    assert_eq!(layers.launch(Path::new("/w/tools/lib.py")), Some(Launch::Module));
    assert_eq!(layers.launch(Path::new("/w/a.py")), None);
    assert!(layers.excludes(Path::new("/w/x/build/a.py")) && !layers.excludes(Path::new("/elsewhere/build")));
    let request = layers.request(&Request::default());
    assert_eq!(request.python, Some(PathBuf::from("/w/.venv")));
    assert_eq!(request.python_named_by.as_deref(), Some("speclens.toml"));
    assert_eq!(request.python_version, Some(PythonVersion::new(3, 9)));
    assert_eq!(request.extra_paths, [PathBuf::from("/w/src"), PathBuf::from("/lib")]);
    assert!(request.isolated);
}

#[test]
fn the_nearest_file_counts_and_of_two_our_own() {
    let set = |level: &str| format!("[rules]\nimport-raises = \"{level}\"\n");
    let tool = "[tool.speclens.rules]\nimport-raises = \"hint\"\n";
    let files = [
        ("/a/speclens.toml", &*set("error")),
        ("/a/b/pyproject.toml", tool),
        ("/a/b/c/pyproject.toml", "[project]\n"),
        ("/a/d/pyproject.toml", tool),
        ("/a/d/speclens.toml", &set("warning")),
    ];
    let database = at(&files);
    for (root, level) in [
        ("/a", Severity::Error),
        ("/a/b", Severity::Hint),
        ("/a/b/c", Severity::Hint),
        ("/a/d", Severity::Warning),
        ("/a/e", Severity::Error),
    ] {
        let layers = settings_at(database.db(), Path::new(root));
        assert_eq!(layers.level(&Path::new(root).join("x.py"), "import-raises"), Some(Some(level)), "{root}");
    }
    assert_eq!(settings_at(database.db(), Path::new("/z")), Layers::default());
}

#[test]
fn the_command_line_wins_over_the_editor_and_the_editor_over_the_file() {
    let file = "exclude = ['a']\nrules.import-raises = 'hint'\nrules.find-spec-raises = 'hint'\n\
                per-file.'x.py'.import-raises = 'error'\n\
                environment = { python = 'file', python-version = '3.8', extra-paths = ['file'] }\n";
    let editor =
        "rules.import-raises = 'ignore'\nenvironment = { python = 'editor', python-version = '3.9' }\n";
    let database = at(&[("/w/speclens.toml", file)]);
    let db = database.db();
    let given = Request { editor_settings: editor.into(), ..Request::default() };
    let project = Project::new(db, "/w".into(), given.clone());
    let layers = settings_of(db, project);
    assert_eq!(layers.level(Path::new("/w/x.py"), "import-raises"), Some(None));
    assert_eq!(layers.level(Path::new("/w/x.py"), "find-spec-raises"), Some(Some(Severity::Hint)));
    assert!(layers.excludes(Path::new("/w/a")));
    let asked = request(db, Path::new("/w"), &given);
    assert_eq!(asked.python, Some("/w/editor".into()));
    assert_eq!(asked.python_version, Some(PythonVersion::new(3, 9)));
    assert_eq!(asked.extra_paths, [PathBuf::from("/w/file")]);
    let given = Request {
        python: Some("/command/line".into()),
        python_version: Some(PythonVersion::new(3, 10)),
        extra_paths: vec!["/line".into()],
        ..given
    };
    let asked = request(db, Path::new("/w"), &given);
    assert_eq!(asked, given);
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let told = |text: &str| problems("/w/speclens.toml", text);
    let one = |about: &str, message: &str| vec![(about.to_owned(), message.to_owned())];
    for (text, about, message) in [
        ("rulse = {}\n", "rulse", "there is no key `rulse`; did you mean `rules`?"),
        ("[quite]\nother = 1\n", "quite", "there is no key `quite`"),
        (
            "[rules]\nimport-rises = 'hint'\n",
            "import-rises",
            "there is no rule `import-rises`; did you mean `import-raises`?",
        ),
        (
            "[rules]\nimport-raises = 'warn'\n",
            "'warn'",
            "expected one of \"error\", \"warning\", \"information\", \"hint\", \"ignore\"; did you mean `warning`?",
        ),
        ("[rules]\nimport-raises = 3\n", "3", "expected a string, found a number"),
        ("rules = 'all'\n", "'all'", "expected a table, found a string"),
        ("[environment]\npython-version = 3.12\n", "3.12", "expected a string, found a number"),
        (
            "[environment]\npython-version = '2.7'\n",
            "'2.7'",
            "expected a version of Python 3, for example 3.12 or 3.12.1",
        ),
        ("environment.isolated = 'yes'\n", "'yes'", "expected true or false, found a string"),
        ("environment.extra-paths = 'src'\n", "'src'", "expected a list of strings, found a string"),
        ("environment.extra-paths = [1]\n", "1", "expected a string, found a number"),
        ("environment.python = '.venv'\n", "'.venv'", "there is no such file or directory: .venv"),
        ("environment.extra-paths = ['src']\n", "'src'", "there is no such file or directory: src"),
        ("exclude = ['a[']\n", "'a['", "not a pattern: unclosed character class; missing ']'"),
        ("[launch]\n'a.py' = 'programm'\n", "'programm'", "expected one of \"script\", \"module\""),
        ("[per-file.'a[']\n", "'a['", "not a pattern: unclosed character class; missing ']'"),
    ] {
        assert_eq!(told(text), one(about, message), "{text}");
    }
    assert_eq!(told("environment.python = 'python3.12'\n"), []);
    assert_eq!(problems("/w/pyproject.toml", "[tool.speclens]\nrule = 1\n")[0].0, "rule");
    assert_eq!(problems("/w/pyproject.toml", "tool = [\n"), [], "not ours");
    assert_eq!(problems("/w/other.toml", "a = [\n"), [], "not ours");
}

#[test]
fn broken_text_keeps_what_can_be_read() {
    let text = "[rules]\nimport-raises = 'hint'\n[environment\nisolated = tru\n";
    let read = read::read(text, Section::Whole);
    assert_eq!(read.settings.rules.get("import-raises"), Some(&Some(Severity::Hint)));
    assert!(read.problems.iter().any(|problem| problem.message.starts_with("this is no TOML: ")));
    for cut in 0..text.len() {
        let _ = read::read(&text[..cut], Section::Whole);
        let _ = read::read(&text[cut..], Section::Tool);
    }
}

#[test]
fn the_rule_of_configuration_is_a_rule() {
    assert_eq!(problems("/w/speclens.toml", "x = 1\n[rules]\ninvalid-configuration = 'ignore'\n"), []);
}
