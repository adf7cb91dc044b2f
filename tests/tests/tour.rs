//! The tour is what its comments say: by CPython, and by Speclens.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test")]

use std::path::Path;

use speclens_tests::literate::{Compare, Tree, check, versions};

#[test]
fn the_tour_is_as_its_comments_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces/tour");
    let tree = Tree::of_directory(&root).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(
        tree.files.iter().filter(|file| file.is_run()).count(),
        5,
        "scripts whose comments are compared"
    );
    println!("with CPython {}", versions().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let differences = check(&tree, &root, Compare::from_environment());
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
