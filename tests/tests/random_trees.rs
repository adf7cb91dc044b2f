//! Random trees: the model and CPython agree on every name, and on what `.pth` files put on `sys.path`.
//!
//! `SPECLENS_TREES` is the number of trees for each version, `SPECLENS_SEED` another start of the random numbers.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{Start, assert_same, assert_same_state, interpreters, predict, predict_on, run, scratch};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use speclens_environment::{Environment, MetaPathFinder, PathOrigin, SearchPathEntry, add_site_directory};
use speclens_files::Database;
use speclens_imports::finders::SearchState;
use speclens_tests::trees::{Answers, SiteTree, Tree, known_site_trees, known_trees, site_trees, trees};

/// Trees for each version where `SPECLENS_TREES` does not say: CI is to be short.
const TREES: u32 = 250;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn cases() -> u32 {
    number("SPECLENS_TREES").and_then(|count| u32::try_from(count).ok()).unwrap_or(TREES)
}

fn runner(seed: u64, cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let seed = number("SPECLENS_SEED").unwrap_or(0).wrapping_mul(1_000).wrapping_add(seed);
    let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// One interpreter with the model of it, and a place for the trees.
struct Bench {
    environment: Arc<Environment>,
    library: PathBuf,
    answers: RefCell<Answers>,
    root: PathBuf,
    rows: Cell<usize>,
    found: Cell<usize>,
    raised: Cell<usize>,
}

impl Bench {
    fn new(python: &Path, what: &str) -> Self {
        let name = python.display().to_string().replace(['/', '.'], "_");
        let root = scratch(&format!("random_{what}_{name}"));
        let database = Database::on_disk();
        let mut environment = (*Start::new(python, &root).isolated().environment(&database)).clone();
        // The process runs without `site`.
        environment.meta_path = vec![MetaPathFinder::BuiltIn, MetaPathFinder::Frozen, MetaPathFinder::Path];
        let library = environment.interpreter.standard_library.clone().expect("a standard library");
        let answers = RefCell::new(Answers::start(python, &root));
        let environment = Arc::new(environment);
        Self {
            environment,
            library,
            answers,
            root,
            rows: Cell::new(0),
            found: Cell::new(0),
            raised: Cell::new(0),
        }
    }

    /// An empty directory.
    fn fresh(&self) -> PathBuf {
        let root = self.root.join("t");
        drop(std::fs::remove_dir_all(&root));
        std::fs::create_dir(&root).expect("a directory");
        root
    }

    fn compare_specs(&self, tree: &Tree) -> Result<(), TestCaseError> {
        let root = self.fresh();
        let mut answers = self.answers.borrow_mut();
        tree.plant(&root, &answers.facts);
        let (path, names) = (tree.search_path(&root, &self.library), tree.all_names());
        let actual = answers.ask(&json!({"path": path, "names": names}));
        let database = Database::on_disk();
        let environment = Arc::clone(&self.environment);
        let state = SearchState { meta_path: environment.meta_path.clone(), environment, path };
        let predicted = predict_on(&database, &state, &names);
        let actual = actual.as_array().expect("a list");
        // Where a finder itself raises there is no spec to compare.
        let raised = actual.iter().filter(|row| row.get("raised").is_some()).count();
        self.raised.set(self.raised.get() + raised);
        self.rows.set(self.rows.get() + actual.len());
        let found = actual.iter().filter(|row| row["found"] == true).count();
        self.found.set(self.found.get() + found);
        let mut pairs = actual.iter().zip(&predicted);
        match pairs.find(|(actual, predicted)| actual != predicted && actual.get("raised").is_none()) {
            None => Ok(()),
            Some((actual, predicted)) => Err(differ(actual, predicted)),
        }
    }

    fn compare_paths(&self, tree: &SiteTree) -> Result<(), TestCaseError> {
        let root = self.fresh();
        let mut answers = self.answers.borrow_mut();
        tree.plant(&root, &answers.facts);
        let (mut path, directory) = (tree.search_path(&root), root.join("site"));
        // What a failing line prints needs the standard library.
        path.push(self.library.display().to_string());
        let actual = answers.ask(&json!({"path": path, "site": directory}));
        let database = Database::on_disk();
        let entry = |path: &String| SearchPathEntry { path: path.into(), origin: PathOrigin::PythonPath };
        let before: Vec<_> = path.iter().map(entry).collect();
        let found = add_site_directory(database.db(), &self.environment, &before, &directory);
        self.rows.set(self.rows.get() + found.search_path.len());
        self.found.set(self.found.get() + found.search_path.len() - before.len());
        if let Some(raised) = actual["raised"].as_str() {
            // Python would not start; the rest of `sys.path` does not matter.
            self.raised.set(self.raised.get() + 1);
            let told = found.problems.iter().any(|problem| problem.message.contains("Python does not start"));
            return if told { Ok(()) } else { Err(TestCaseError::fail(format!("no problem for {raised}"))) };
        }
        let predicted: Vec<_> = found.search_path.iter().map(|entry| entry.path.to_string_lossy()).collect();
        let predicted = json!(predicted);
        if actual["path"] == predicted { Ok(()) } else { Err(differ(&actual["path"], &predicted)) }
    }

    fn report<T: std::fmt::Debug>(&self, what: &str, cases: u32, result: Result<(), TestError<T>>) {
        let version = self.environment.interpreter.version;
        match result {
            Ok(()) => {
                let (rows, found, raised) = (self.rows.get(), self.found.get(), self.raised.get());
                println!(
                    "compared: {what}, CPython {version}: {cases} trees, {rows} rows, {found} found; CPython raised {raised} times"
                );
            }
            Err(TestError::Fail(reason, tree)) => panic!("{what}, CPython {version}: {reason}\n{tree:#?}"),
            Err(error) => panic!("{what}, CPython {version}: {error}"),
        }
    }
}

fn differ(actual: &Value, predicted: &Value) -> TestCaseError {
    TestCaseError::fail(format!("\nCPython  {actual}\nSpeclens {predicted}"))
}

#[test]
fn the_finders() {
    for (seed, python) in (0..).zip(interpreters()) {
        let bench = Bench::new(&python, "finders");
        for tree in known_trees() {
            bench.compare_specs(&tree).unwrap_or_else(|difference| panic!("{difference}\n{tree:#?}"));
        }
        let mut runner = runner(seed, cases());
        let result = runner.run(&trees(), |tree| bench.compare_specs(&tree));
        bench.report("finders", runner.config().cases, result);
    }
}

#[test]
fn the_path_files() {
    for (seed, python) in (500..).zip(interpreters()) {
        let bench = Bench::new(&python, "path_files");
        for tree in known_site_trees() {
            bench.compare_paths(&tree).unwrap_or_else(|difference| panic!("{difference}\n{tree:#?}"));
        }
        let mut runner = runner(seed, cases());
        let result = runner.run(&site_trees(), |tree| bench.compare_paths(&tree));
        bench.report("path files", runner.config().cases, result);
    }
}

/// Both kinds of trees in the start of a virtual environment: one interpreter for each, so there are fewer.
#[test]
fn whole_starts() {
    for (seed, python) in (900..).zip(interpreters()) {
        let bench = Bench::new(&python, "starts");
        let mut make = Command::new(&python);
        run(make.args(["-m", "venv", "--without-pip", "venv"]).env_clear().current_dir(&bench.root), "");
        let version = bench.environment.interpreter.version;
        let library = bench.root.join("venv/lib").join(format!("python{}.{}", version.major, version.minor));
        std::fs::remove_dir_all(library.join("site-packages")).expect("an empty directory");
        std::os::unix::fs::symlink("../../../t/site", library.join("site-packages")).expect("a link");
        // The program that asks imports json. 3.13 needs struct to read zip64, looks for it in that very archive, and
        // does not start; a damaged archive may look like zip64.
        let finders = trees().prop_filter("keeps Python from starting", |tree| {
            let text = format!("{tree:?}");
            !["json", "Large", "Changed"].iter().any(|word| text.contains(word))
        });
        let both = (finders, site_trees()).prop_filter("an import line and an archive", |(tree, site)| {
            // Whether an archive has what a line imports is not looked up: such a line is not known to fail.
            !(format!("{tree:?}").contains("Archive") && format!("{site:?}").contains("import"))
        });
        let mut runner = runner(seed, cases().div_ceil(25));
        let result = runner.run(&both, |(tree, site)| {
            compare_start(&bench, &tree, &site);
            Ok(())
        });
        bench.report("starts", runner.config().cases, result);
    }
}

fn compare_start(bench: &Bench, tree: &Tree, site: &SiteTree) {
    let root = bench.fresh();
    let facts = bench.answers.borrow().facts.clone();
    tree.plant(&root, &facts);
    site.plant(&root, &facts);
    let path = tree.search_path(&root, &bench.library).join(":");
    let start = Start::new(&bench.root.join("venv/bin/python3"), &root).with("PYTHONPATH", &path);
    let database = Database::on_disk();
    let environment = start.environment(&database);
    if environment.problems.iter().any(|problem| problem.message.contains("Python does not start")) {
        bench.raised.set(bench.raised.get() + 1);
        return;
    }
    let names = tree.all_names();
    let (state, actual) = start.ask(&names);
    assert_same_state("state", &state, &environment);
    let mut predicted = predict(&database, &environment, &names).into_iter();
    // Where a finder itself raises there is no spec to compare.
    let answered = |row: &Value| row.get("raised").is_none();
    let predicted: Vec<_> =
        actual.iter().filter_map(|row| predicted.next().filter(|_| answered(row))).collect();
    let actual: Vec<_> = actual.into_iter().filter(answered).collect();
    assert_same("specs", &actual, &predicted);
    bench.rows.set(bench.rows.get() + actual.len());
    let found = actual.iter().filter(|row| row["found"] == true).count();
    bench.found.set(bench.found.get() + found);
}
