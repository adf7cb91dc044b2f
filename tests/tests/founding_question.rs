//! The founding question in its environments, which are made from released packages.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use speclens_tests::clients::{command, finished, need, repository, target};
use speclens_tests::interpreters::{Interpreter, ask, interpreters};
use speclens_tests::literate::{Compare, Document, Tree, check_with};

#[test]
fn the_founding_question_is_answered() {
    let workspace = repository().join("tests/workspaces/founding-question");
    let document =
        Document::read(&workspace.join("outcomes.md")).unwrap_or_else(|problem| panic!("{problem}"));
    let mut environments: BTreeMap<&str, Vec<&Tree>> = BTreeMap::new();
    for tree in &document.trees {
        let (environment, _) = tree.title.split_once(": ").expect("a heading with its environment");
        environments.entry(environment).or_default().push(tree);
    }
    let mut report = String::new();
    for (name, trees) in environments {
        let test = format!("the_founding_question_is_answered ({name})");
        let Some(python) = need(&test, environment(name)) else { continue };
        println!("{name}: {} tests with CPython {}", trees.len(), python.version);
        for tree in trees {
            let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("founding-question").join(&tree.slug);
            tree.write_below(&root).expect("a test's own directory");
            for difference in
                check_with(tree, &root, std::slice::from_ref(&python), Compare::from_environment())
            {
                report = format!("{report}\noutcomes.md:{}: {}\n{difference}", tree.line, tree.title);
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// The interpreter of one environment, which is made at the first time.
fn environment(name: &str) -> Result<Interpreter, String> {
    let options = match name.strip_prefix("transformers ") {
        Some(version) => vec!["--transformers", version],
        None => vec!["--without-torch"],
    };
    let python = interpreters().last().ok_or("it is made by a Python script, and there is no Python")?;
    let directory = target().join("environments").join(name.replace(' ', "-"));
    let mut make = command(&python.program);
    make.arg(repository().join("tests/workspaces/founding-question/setup_environment.py"));
    make.arg(directory).args(options);
    let told = finished(&mut make, Duration::from_mins(10))?;
    let program = told.lines().last().ok_or("the script prints the interpreter on its last line")?;
    ask(program.as_ref()).ok_or_else(|| format!("{program} does not run"))
}
