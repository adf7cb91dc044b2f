//! One test for each Markdown file of `tests/rules`.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test")]

use std::path::Path;

use speclens_tests::literate::{Compare, Document, check_document, versions};

#[track_caller]
fn rule(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name).with_extension("md");
    let document = Document::read(&path).unwrap_or_else(|problem| panic!("{problem}"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules").join(name);
    let ran: Vec<String> = versions().iter().map(ToString::to_string).collect();
    println!("{name}: {} tests with CPython {}", document.trees.len(), ran.join(", "));
    if ran.is_empty() {
        speclens_tests::skip(name, "CPython's half: no interpreter is on PATH or in pyenv");
    }
    if let Err(differences) = check_document(&document, &directory, Compare::from_environment()) {
        panic!("{differences}");
    }
}

#[test]
fn call_raises() {
    rule("call-raises");
}

#[test]
fn find_spec_raises() {
    rule("find-spec-raises");
}

#[test]
fn import_raises() {
    rule("import-raises");
}

#[test]
fn invalid_configuration() {
    rule("invalid-configuration");
}

#[test]
fn lazy_import() {
    rule("lazy-import");
}

#[test]
fn module_without_spec() {
    rule("module-without-spec");
}

#[test]
fn namespace_without_file() {
    rule("namespace-without-file");
}

#[test]
fn script_without_spec() {
    rule("script-without-spec");
}

#[test]
fn unused_ignore() {
    rule("unused-ignore");
}

#[test]
fn finder_asks_itself() {
    rule("finder-asks-itself");
}

#[test]
fn finder_without_find_spec() {
    rule("finder-without-find-spec");
}

#[test]
fn found_elsewhere() {
    rule("found-elsewhere");
}

#[test]
fn hidden_package() {
    rule("hidden-package");
}

#[test]
fn import_not_replaced() {
    rule("import-not-replaced");
}

#[test]
fn import_replaced() {
    rule("import-replaced");
}

#[test]
fn module_without_file() {
    rule("module-without-file");
}

#[test]
fn namespace_loader() {
    rule("namespace-loader");
}

#[test]
fn namespace_path() {
    rule("namespace-path");
}

#[test]
fn origin_not_a_path() {
    rule("origin-not-a-path");
}

#[test]
fn spec_of_another() {
    rule("spec-of-another");
}

#[test]
fn stub_module() {
    rule("stub-module");
}

#[test]
fn missing_init() {
    rule("missing-init");
}

#[test]
fn unusual_loader() {
    rule("unusual-loader");
}
