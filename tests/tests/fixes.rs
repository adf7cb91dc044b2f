//! Every fix of every finding in `tests/rules` is applied, and looked at by Speclens and by CPython.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::path::Path;

use speclens_tests::interpreters::interpreters;
use speclens_tests::literate::{Document, apply_fixes};

#[test]
fn a_fix_mends_its_finding() {
    let Some(newest) = interpreters().iter().max_by_key(|interpreter| interpreter.version) else {
        speclens_tests::skip("a_fix_mends_its_finding", "no interpreter is on PATH or in pyenv");
        return;
    };
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixes");
    std::fs::remove_dir_all(&directory).ok();
    let mut kinds = BTreeSet::new();
    let (mut count, mut problems) = (0, Vec::new());
    for rule in std::fs::read_dir(&rules).expect("the rules' tests") {
        let path = rule.expect("an entry").path();
        if path.ends_with("README.md") {
            continue;
        }
        let document = Document::read(&path).unwrap_or_else(|problem| panic!("{problem}"));
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for tree in document.trees.iter().filter(|tree| tree.versions.contains(newest.version)) {
            let applied = apply_fixes(tree, &directory.join(&stem).join(&tree.slug), newest);
            count += applied.titles.len();
            kinds.extend(
                applied.titles.iter().map(|title| title.split('`').next().unwrap_or(title).to_owned()),
            );
            problems
                .extend(applied.problems.iter().map(|problem| format!("{stem}: {}: {problem}", tree.title)));
        }
    }
    println!("{count} fixes with CPython {}: {kinds:?}", newest.version);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for kind in ["Ask before ", "Ask whether ", "Catch ", "Import ", "Make ", "Replace ", "Say that ", "Use "]
    {
        assert!(kinds.iter().any(|title| title.starts_with(kind)), "no fix of the kind {kind:?}: {kinds:?}");
    }
}
