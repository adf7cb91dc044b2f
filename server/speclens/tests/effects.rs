//! `speclens effects` and `speclens graph`: what an import does, for people and for programs.
#![expect(clippy::disallowed_methods, reason = "tests make files and start processes")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod common;

use std::path::PathBuf;

use common::{Run, scratch, write};
use serde_json::Value;

/// A package that gives others second names in a loop, puts a module without a spec, and a finder.
fn place(name: &str) -> PathBuf {
    let root = scratch(name);
    write(
        &root,
        &[
            ("web/__init__.py", b"from . import packages\n"),
            (
                "web/packages.py",
                b"import sys\nimport alpha.util\nfor name in list(sys.modules):\n    if name.startswith('alpha'):\n        \
                  sys.modules['web.packages.' + name] = sys.modules[name]\n",
            ),
            ("alpha/__init__.py", b""),
            ("alpha/util.py", b""),
            ("lazy.py", b"import sys, types\n\nsys.modules[__name__] = types.ModuleType(__name__)\n"),
            (
                "finding.py",
                b"import sys\n\nclass Finder:\n    @staticmethod\n    def find_spec(name, path=None, target=None):\n        \
                  return None\n\nsys.meta_path.append(Finder)\nsys.path.append('/nowhere')\n",
            ),
            ("both.py", b"import web\nimport finding\n"),
            ("fails.py", b"import alpha\nraise ImportError('no \"luck\"')\n"),
        ],
    );
    root
}

fn said(root: &std::path::Path, arguments: &[&str]) -> String {
    let run = Run::speclens(root, arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    run.out
}

#[test]
fn effects_are_a_tree_that_ends_in_what_is_odd() {
    let root = place("effects_tree");
    let text = said(&root, &["effects", "both"]);
    assert!(text.starts_with("import both adds 8 modules, 2 of them odd\n"), "{text}");
    assert!(text.contains("  It changes the finders, the search path\n"), "{text}");
    let tree = "\
Odd modules, and how they come in
  import both
  └─ both
     └─ web  both.py:1
        └─ web.packages  web/__init__.py:1
           ├─ web.packages.alpha  has the __spec__ of alpha
           └─ web.packages.alpha.util  has the __spec__ of alpha.util
                 web/packages.py:5 puts a module object into sys.modules under the name `web.packages.alpha.util`, and so for \
                the one above
";
    assert!(text.contains(tree), "{text}");
    let finders = "\
Finders, hooks and search path
  sys.meta_path  finding.Finder
    finding.py:8 put on sys.meta_path
    by way of both → finding
  sys.path  /nowhere
    finding.py:9 changes sys.path
";
    assert!(text.contains(finders), "{text}");
    assert!(text.ends_with("Ordinary modules\n  6 certain (-v shows them)\n"), "{text}");

    let all = said(&root, &["effects", "-v", "both"]);
    assert!(all.contains("  ├─ alpha.util  web/packages.py:2\n"), "{all}");
    assert!(all.contains("└─ finding  both.py:2\n"), "{all}");
}

#[test]
fn effects_say_how_the_import_ends_and_what_was_there_before() {
    let root = place("effects_after");
    let text = said(&root, &["effects", "fails", "lazy"]);
    assert!(text.starts_with("import fails adds 1 module\n  It raises ImportError: no \"luck\"\n"), "{text}");
    assert!(text.contains("\n\nimport lazy adds 2 modules, 1 of them odd\n"), "{text}");
    assert!(text.contains("└─ lazy  has None as __spec__\n        lazy.py:3 puts "), "{text}");

    let after = said(&root, &["effects", "both", "--after", "web", "--format", "json"]);
    let after: Value = serde_json::from_str(&after).unwrap();
    let names: Vec<&String> = after["modules"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["both", "finding"]);
    let text = said(&root, &["effects", "both", "--after", "web", "--after", "finding"]);
    assert!(text.starts_with("import both, after web, finding, adds 1 module\n"), "{text}");

    let wrong = Run::speclens(&root, &["effects", "both", "--after", "web..x"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{wrong:?}");
    assert!(wrong.err.contains("\"web..x\" is not the absolute name of a module"), "{wrong:?}");
}

#[test]
fn a_graph_for_an_issue() {
    let root = place("effects_graph");
    let mermaid = said(&root, &["graph", "both"]);
    for part in [
        "graph LR\n  n0[\"import both\"]\n  n1[\"both\"]\n",
        "[\"web.packages.alpha<br/>has the #95;#95;spec#95;#95; of alpha\"]:::odd\n",
        "([\"finding.Finder<br/>on sys.meta#95;path\"]):::added\n",
        "  n0 --> n1\n  n1 -->|\"both.py:1\"| n2\n",
        "-->|\"web/packages.py:5\"|",
    ] {
        assert!(mermaid.contains(part), "{part}\n{mermaid}");
    }
    assert!(!mermaid.contains("[\"alpha"), "{mermaid}");
    assert!(!mermaid.contains(root.to_str().unwrap()), "{mermaid}");
    assert!(said(&root, &["graph", "both", "--all"]).contains("[\"alpha.util\"]"));

    let dot = said(&root, &["graph", "fails", "--after", "web", "--format", "dot"]);
    let head = "n0 [label=\"import fails\\nafter web\\nraises ImportError: no \\\"luck\\\"\"];";
    assert!(dot.starts_with("digraph imports {\n") && dot.contains(head), "{dot}");
    assert!(dot.ends_with("}\n"), "{dot}");

    let wrong = Run::speclens(&root, &["graph", "a..b"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{wrong:?}");
}
