//! Emacs opens the workspace of [`crate::beside`] with Eglot, in batch.

use speclens_tests::clients::{command, debian, need, repository};

use crate::beside;

#[test]
fn emacs_runs_beside_ty() {
    let test = "emacs_runs_beside_ty";
    let Some(emacs) = need(test, debian::trixie("emacs")) else { return };
    let Some(workspace) = beside::workspace(test, "emacs") else { return };
    let mut run = command(emacs);
    run.args(["--batch", "-Q", "-l"]).arg(repository().join("editors/emacs/speclens.el"));
    run.arg("-l").arg(repository().join("tests/editors/workspace.el"));
    let report = beside::report(&mut run, &workspace);
    beside::assert_report(&report);
    assert!(report["hover"].as_str().is_some_and(|hover| hover.contains("<module 'wares'>")));
    // Eglot shows no related information, so it is in the text.
    let told = report["opened"].as_array().expect("a list").iter().filter(|it| it["source"] == "speclens");
    for finding in told {
        let message = finding["message"].as_str().unwrap_or_default();
        assert!(message.contains("wares/__init__.py:5: "), "{message}");
    }
}
