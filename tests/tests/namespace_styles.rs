//! Packages that share one name, each in its own way: natively, with `pkgutil.extend_path`, with
//! `pkg_resources.declare_namespace`, with the `*-nspkg.pth` of older and newer setuptools; in every order.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests touch the disk, start interpreters, and fail by a panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Start, interpreters, run, scratch, write};
use serde_json::{Value, json};
use speclens_files::Database;
use speclens_imports::DatabaseWorld;
use speclens_source::Name;

const EXTEND_PATH: &str = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";
const DECLARE: &str = "__import__('pkg_resources').declare_namespace(__name__)\n";
/// The relevant part of `pkg_resources`, whose own tests show that it comes to the same.
const PKG_RESOURCES: &str = "import importlib.machinery, os, sys

_namespace_packages = {}

def _handle_ns(packageName, path_item):
    spec = importlib.machinery.PathFinder.find_spec(packageName, [path_item])
    if spec is None or spec.submodule_search_locations is None:
        return None
    subpath = os.path.join(path_item, *packageName.split('.'))
    module = sys.modules[packageName]
    if subpath not in module.__path__:
        module.__path__.append(subpath)
    return subpath

def declare_namespace(packageName):
    if packageName in _namespace_packages:
        return
    _namespace_packages[packageName] = []
    for path_item in sys.path:
        _handle_ns(packageName, path_item)
";
/// What setuptools 31 and newer write, with the name `acme`.
const NEW_LINE: &str = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(\
    sys._getframe(1).f_locals['sitedir'], *('acme',));importlib = has_mfs and __import__('importlib.util');\
    has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('acme', \
    importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('acme', [os.path.dirname(p)])));\
    m = m or sys.modules.setdefault('acme', types.ModuleType('acme'));mp = (m or []) and \
    m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n";
/// What older ones write.
const OLD_LINE: &str = "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme',));\
    ie = os.path.exists(os.path.join(p,'__init__.py'));m = not ie and \
    sys.modules.setdefault('acme', types.ModuleType('acme'));mp = (m or []) and \
    m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n";

const ASK: &str = "import json, sys
result = {}
for name in sys.argv[1:]:
    try:
        __import__(name)
        result[name] = None
    except Exception as error:
        result[name] = type(error).__name__
module = sys.modules.get('acme')
result['path'] = module and list(module.__path__)
result['has_spec'] = getattr(module, '__spec__', None) is not None
print(json.dumps(result))
";

const STYLES: [(&str, &str); 3] = [("native", ""), ("pkgutil", EXTEND_PATH), ("declared", DECLARE)];

fn portions(root: &Path) {
    for (style, init) in STYLES {
        write(&root.join(style), &[(&format!("acme/of_{style}.py"), "")]);
        if !init.is_empty() {
            write(&root.join(style), &[("acme/__init__.py", init)]);
        }
    }
    write(&root.join("tool"), &[("pkg_resources.py", PKG_RESOURCES)]);
}

/// What the model says of the same imports in one process.
fn predict(start: &Start, names: &[String]) -> Value {
    let database = Database::on_disk();
    let world = DatabaseWorld::new(
        database.db(),
        start.project(&database),
        Some(start.directory.display().to_string()),
    );
    let mut result = json!({});
    let mut done: Vec<Name> = Vec::new();
    for name in names {
        done.push(name.as_str().into());
        let raised = world.checkpoint(&done).raised.clone();
        result[name] = raised.map_or(Value::Null, |raised| raised.type_name.as_str().into());
    }
    let view = world.checkpoint(&done).view(&world, "acme");
    let path = view.as_ref().map(|view| view.path.iter().map(ToString::to_string).collect::<Vec<_>>());
    result["path"] = json!(path);
    let has_spec = view.is_some_and(|view| view.spec == speclens_imports::machine::SpecState::Present);
    result["has_spec"] = has_spec.into();
    result
}

fn orders() -> Vec<Vec<&'static str>> {
    let all: Vec<&str> = STYLES.iter().map(|(style, _)| *style).collect();
    let mut orders: Vec<Vec<&str>> = all.iter().map(|&one| vec![one]).collect();
    for &first in &all {
        for &second in all.iter().filter(|&&second| second != first) {
            orders.push(vec![first, second]);
            orders.extend(
                all.iter().filter(|&&x| x != first && x != second).map(|&third| vec![first, second, third]),
            );
        }
    }
    orders
}

fn compare(what: &str, start: &Start, names: &[String]) -> Option<String> {
    let mut command = Command::new(&start.python);
    command.env_clear().envs(start.variables.iter().cloned()).current_dir(&start.directory);
    let text = run(command.args(["-B", "-c", ASK]).args(names), "");
    let actual: Value = serde_json::from_str(&text).expect("JSON");
    let predicted = predict(start, names);
    (actual != predicted).then(|| format!("{what}\nCPython  {actual}\nSpeclens {predicted}"))
}

#[test]
fn styles_in_every_order() {
    let mut differences = Vec::new();
    for (index, python) in interpreters().into_iter().enumerate() {
        let root = scratch(&format!("styles_{}", python.display().to_string().replace(['/', '.'], "_")));
        portions(&root);
        let mut counted = 0;
        for (line, name) in [("", "none"), (NEW_LINE, "new"), (OLD_LINE, "old")] {
            let venv = root.join(format!("venv_{name}"));
            run(Command::new(&python).args(["-I", "-m", "venv", "--without-pip"]).arg(&venv), "");
            let python = venv.join("bin/python");
            let minor =
                Start::new(&python, &root).environment(&Database::on_disk()).interpreter.version.minor;
            let site: PathBuf = venv.join(format!("lib/python3.{minor}/site-packages"));
            if !line.is_empty() {
                write(&site, &[("acme.legacy-nspkg.pth", line), ("acme/of_legacy.py", "")]);
            }
            // Starting an interpreter is what takes time: each of them does its part of the orders.
            for order in orders().into_iter().skip(index % 3).step_by(3) {
                for late in [false, true] {
                    let path: Vec<String> = ["tool"]
                        .iter()
                        .chain(&order)
                        .map(|name| root.join(name).display().to_string())
                        .collect();
                    // Before site-packages, or after it.
                    let start = Start::new(&python, &root);
                    let start = if late { start } else { start.with("PYTHONPATH", &path.join(":")) };
                    let after = if late { path.join("\n") } else { String::new() };
                    write(&site, &[("zzz.pth", &after)]);
                    let mut names: Vec<String> =
                        order.iter().map(|style| format!("acme.of_{style}")).collect();
                    names.push("acme.of_legacy".to_owned());
                    let what = format!("CPython 3.{minor}, nspkg {name}, {order:?}, late {late}");
                    differences.extend(compare(&what, &start, &names));
                    counted += 1;
                }
            }
        }
        println!("compared: {counted} mixtures, {}", python.display());
    }
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        differences[..differences.len().min(6)].join("\n")
    );
}
