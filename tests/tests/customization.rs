//! `sitecustomize` and `usercustomize`: what they do when the interpreter starts.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::process::Command;

use common::{Start, assert_same, interpreters, row, run, scratch, write};
use serde_json::json;
use speclens_analysis::Resolver;
use speclens_files::Database;

/// What these two modules do when they run, and how CPython starts then.
const CUSTOMIZATION: &str = "import os, sys, types
here = os.path.dirname(os.path.abspath(__file__))
late = os.path.join(here, 'late')
sys.path.append(late)
sys.path.insert(0, os.path.join(here, 'early'))
sys.modules['stub'] = types.ModuleType('stub')
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None
sys.meta_path.insert(0, Finder)
";

#[test]
fn customizations() {
    for python in interpreters() {
        let root = scratch(&format!("customized_{}", python.display().to_string().replace(['/', '.'], "_")));
        let mut make = Command::new(&python);
        make.args(["-I", "-m", "venv", "--without-pip", "--system-site-packages"]).arg(root.join("venv"));
        run(&mut make, "");
        let python = root.join("venv/bin/python");
        let start =
            Start::new(&python, &root).with("PYTHONUSERBASE", &root.join("user").display().to_string());
        let minor = start.environment(&Database::on_disk()).interpreter.version.minor;
        let site = format!("lib/python3.{minor}/site-packages");
        write(
            &root.join("venv").join(&site),
            &[
                ("sitecustomize.py", CUSTOMIZATION),
                ("early/first.py", ""),
                ("early/hidden/__init__.py", ""),
                ("hidden.py", ""),
                ("late/last.py", ""),
            ],
        );
        let text = "import sys, sitecustomize, helper_of_user\nsys.path.remove(sitecustomize.late)\nraise ValueError(1)\n";
        write(&root.join("user").join(&site), &[("usercustomize.py", text), ("helper_of_user.py", "")]);
        for start in [start.clone(), start.isolated()] {
            let names = ["first", "hidden", "last", "stub", "json", "helper_of_user", "sitecustomize"];
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let (state, actual) = start.ask(&names);
            let database = Database::on_disk();
            let project = start.project(&database);
            let resolver = Resolver::new(database.db(), project);
            let what = format!("customizations, CPython {}", resolver.environment().interpreter.version);
            assert_eq!(state["sys_path"], json!(resolver.sys_path()), "{what}");
            assert_eq!(state["meta_path"].as_array().map(Vec::len), Some(resolver.finders().len()), "{what}");
            let rows: Vec<_> = names
                .iter()
                .map(|name| {
                    let spec = resolver.resolve(name).resolution.spec;
                    row(name, spec.as_ref(), resolver.environment())
                })
                .collect();
            assert_same(&what, &actual, &rows);
            println!("compared: {what}");
        }
    }
}
