//! What is installed, edited and removed is seen, with a client that tells nothing.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and writes to the disk"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use speclens_tests::protocol::Session;

/// `helper` lies in the workspace, without `__init__.py`.
const TEXT: &str = "import helper\nprint(helper.__file__ + '')\nprint(helper.__spec__.name)\n";
const REPLACED: &str =
    "import sys\nclass Other:\n    __spec__ = None\n    __file__ = ''\nsys.modules[__name__] = Other()\n";
const NAMESPACE: &[&str] = &["namespace-without-file"];

/// A workspace on the disk with a virtual environment, whose Python is not run.
struct Place {
    root: PathBuf,
    site: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watching").join(name);
        let _ = fs::remove_dir_all(&top);
        // As the system names it: the temporary directory may be a link.
        fs::create_dir_all(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let root = top.join("workspace");
        let place = Self { site: root.join(".venv/lib/python3.11/site-packages"), root };
        write(&top.join("python/bin/python3.11"), "");
        write(&top.join("python/lib/python3.11/os.py"), "");
        write(&place.root.join("app.py"), TEXT);
        write(&place.root.join("helper/inner.py"), "");
        place.make_environment();
        place
    }

    fn make_environment(&self) {
        let home = self.root.parent().unwrap().join("python/bin");
        let settings =
            format!("home = {}\ninclude-system-site-packages = false\nversion = 3.11.4\n", home.display());
        fs::create_dir_all(&self.site).unwrap();
        write(&self.root.join(".venv/bin/python"), "");
        write(&self.root.join(".venv/pyvenv.cfg"), &settings);
    }

    /// A session with `app.py` open, whose findings are these.
    async fn opened(&self, findings: &[&str]) -> Session {
        let mut session = Session::on_disk(&self.root);
        session.initialize(json!({})).await;
        session.open("app.py", TEXT).await;
        settled(&mut session, findings).await;
        session
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn rules(diagnostics: &Value) -> Vec<&str> {
    diagnostics.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect()
}

/// Waits until the findings that were sent are these. What is sent while a change is half done may be others.
async fn settled(session: &mut Session, findings: &[&str]) {
    let start = Instant::now();
    loop {
        let published = session.published("app.py").await;
        if rules(&published["diagnostics"]) == findings {
            return println!("{findings:?} after {:?}", start.elapsed());
        }
    }
}

#[tokio::test]
async fn an_installed_package_is_seen() {
    let place = Place::new("package");
    let mut session = place.opened(NAMESPACE).await;
    for _ in 0..3 {
        write(&place.site.join("helper/__init__.py"), "");
        settled(&mut session, &[]).await;
        fs::remove_dir_all(place.site.join("helper")).unwrap();
        settled(&mut session, NAMESPACE).await;
    }
    // Moved there, as pip does, and edited there.
    write(&place.root.join("made/__init__.py"), "");
    fs::rename(place.root.join("made"), place.site.join("helper")).unwrap();
    settled(&mut session, &[]).await;
    write(&place.site.join("helper/__init__.py"), REPLACED);
    settled(&mut session, &["module-without-spec"]).await;
    write(&place.site.join("helper/__init__.py"), "");
    settled(&mut session, &[]).await;
    session.finish().await;
}

#[tokio::test]
async fn a_large_distribution_is_seen() {
    let place = Place::new("large");
    let mut session = place.opened(NAMESPACE).await;
    let directory = place.site.join("helper");
    for number in 0..3000 {
        let file = directory.join(format!("part{}/module{number}.py", number % 100));
        write(&file, "value = 1\n");
    }
    write(&directory.join("__init__.py"), "");
    settled(&mut session, &[]).await;
    // Some of it is imported, and changes with all the rest.
    session.change("app.py", 2, json!([{ "text": format!("try:\n    import helper.part1.module1\nexcept ImportError:\n    pass\n{TEXT}") }])).await;
    settled(&mut session, &[]).await;
    fs::remove_dir_all(&directory).unwrap();
    settled(&mut session, NAMESPACE).await;
    session.finish().await;
}

#[tokio::test]
async fn an_edited_pth_is_seen() {
    let place = Place::new("pth");
    let mut session = place.opened(NAMESPACE).await;
    let elsewhere = place.root.parent().unwrap().join("elsewhere");
    // The directory comes after the line that names it.
    write(&place.site.join("more.pth"), &format!("{}\n", elsewhere.display()));
    write(&elsewhere.join("helper.py"), "");
    settled(&mut session, &[]).await;
    write(&place.site.join("more.pth"), "# nothing\n");
    settled(&mut session, NAMESPACE).await;
    write(&place.site.join("more.pth"), &format!("{}\n", elsewhere.display()));
    settled(&mut session, &[]).await;
    fs::remove_file(elsewhere.join("helper.py")).unwrap();
    settled(&mut session, NAMESPACE).await;
    session.finish().await;
}

#[tokio::test]
async fn an_environment_that_comes_and_goes_is_seen() {
    let place = Place::new("environment");
    write(&place.site.join("helper/__init__.py"), "");
    let mut session = place.opened(&[]).await;
    let environment = place.root.join(".venv");
    fs::rename(&environment, place.root.join("old")).unwrap();
    settled(&mut session, NAMESPACE).await;
    fs::rename(place.root.join("old"), &environment).unwrap();
    settled(&mut session, &[]).await;
    fs::remove_dir_all(&environment).unwrap();
    settled(&mut session, NAMESPACE).await;
    place.make_environment();
    write(&place.site.join("helper/__init__.py"), "");
    settled(&mut session, &[]).await;
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_linked_environment_is_seen() {
    let place = Place::new("linked");
    let top = place.root.parent().unwrap();
    fs::rename(place.root.join(".venv"), top.join("first")).unwrap();
    std::os::unix::fs::symlink("../first", place.root.join(".venv")).unwrap();
    let mut session = place.opened(NAMESPACE).await;
    write(&place.site.join("helper/__init__.py"), "");
    settled(&mut session, &[]).await;
    fs::rename(top.join("first"), top.join("second")).unwrap();
    settled(&mut session, NAMESPACE).await;
    fs::remove_file(place.root.join(".venv")).unwrap();
    std::os::unix::fs::symlink("../second", place.root.join(".venv")).unwrap();
    settled(&mut session, &[]).await;
    session.finish().await;
}

#[tokio::test]
async fn who_pulls_is_asked_to_pull_again() {
    let place = Place::new("pull");
    let mut session = Session::on_disk(&place.root);
    session
        .initialize(json!({
            "textDocument": { "diagnostic": {} },
            "workspace": { "diagnostics": { "refreshSupport": true } },
        }))
        .await;
    session.open("app.py", TEXT).await;
    let document = json!({ "textDocument": { "uri": session.uri("app.py") } });
    let report = session.ask("textDocument/diagnostic", document.clone()).await;
    assert_eq!(rules(&report["items"]), NAMESPACE);
    write(&place.site.join("helper/__init__.py"), "");
    loop {
        let refresh = session.requested("workspace/diagnostic/refresh").await;
        session.answer(&refresh, Value::Null).await;
        let report = session.ask("textDocument/diagnostic", document.clone()).await;
        if rules(&report["items"]).is_empty() {
            break;
        }
    }
    session.ask("shutdown", Value::Null).await;
    session.notify("exit", Value::Null).await;
    assert!(session.end().await);
}
