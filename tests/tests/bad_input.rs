//! Python that no one writes, and someone will open: it costs a bounded time, and the good line beside it keeps its finding.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use speclens_analysis::check_file;
use speclens_environment::{Project, Request};
use speclens_files::{Database, MemorySystem};

/// No file takes longer, on the slowest machine.
const LIMIT: Duration = Duration::from_mins(1);
/// What every thread has that analyses.
const STACK_BYTES: usize = 16 << 20;
const GOOD: &str = "import portion\nprint(portion.__file__ + '')\n";

/// How often the good line is found in `text`, the user's file `app.py`, with others beside it.
fn found_among(text: String, others: &[(&str, &str)]) -> usize {
    let system = MemorySystem::default();
    system.write("/project/portion/inner.py", "");
    for (name, text) in others {
        system.write(format!("/project/{name}"), *text);
    }
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    let shown: String = text.chars().take(60).collect();
    let work = move || {
        system.write("/project/app.py", text);
        let database = Database::new(Arc::new(system));
        let db = database.db();
        let project = Project::new(db, PathBuf::from("/project"), Request::default());
        let report = check_file(db, project, db.entry(Path::new("/project/app.py")));
        let good = report.findings.iter().filter(|finding| finding.rule == "namespace-without-file");
        let _ = sender.send(good.count());
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread");
    let found = receiver.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{shown:?} does not end"));
    thread.join().expect("no panic");
    println!("{:>8.3} s  {shown:?}", start.elapsed().as_secs_f64());
    found
}

fn found(text: impl Into<String>) -> usize {
    found_among(text.into(), &[])
}

#[test]
fn syntax_errors_beside_a_good_line() {
    for bad in [
        "foo(",
        "x = {'a':",
        "x = '''",
        "x='",
        "import",
        "from",
        "def f(:",
        "def f()\n",
        "class A(",
        "if x",
        "  indented",
        "for i in",
        "lambda",
        "@",
        "x = f'{",
        "x = f'{a",
        "1 +",
        "a b c",
        "x = 0777",
        "$",
        "?",
        "€",
        "print 'x'",
        "async",
        "match x:\n  case",
        "try:\n  pass",
        "x = [\n1,\n",
        "b'\\",
        "'\\",
        "\\",
        "else:",
        "}}}}",
        "yield",
        "global x.y",
        "**",
        "x: = 2",
        "f() = 1",
        "del f()",
        "import a as b.c",
        "from x import *, y",
        "with (a as b,",
        "type X =",
        "0b2",
        "1e",
        "...\n   ...",
        "\x0c\x0c(",
        "if 1:\n",
        "\0",
        "\u{feff}",
        "\x1a",
    ] {
        assert_eq!(found(format!("{bad}\n{GOOD}")), 1, "{bad:?} before");
        assert_eq!(found(format!("{GOOD}{bad}\n")), 1, "{bad:?} behind");
    }
}

#[test]
fn deep_and_long() {
    let chain: String = (0..10_000).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "elif x == {number}:\n    y = {number}");
        text
    });
    let nested = |line: &str, depth: usize| -> String {
        (0..depth).fold(String::new(), |text, level| text + &" ".repeat(level) + line + "\n")
            + &" ".repeat(depth)
            + "pass\n"
    };
    for bad in [
        format!("x = {}1{}\n", "(".repeat(100_000), ")".repeat(100_000)),
        format!("x = {}\n", "[".repeat(100_000)),
        format!("x = {}1\n", "not ".repeat(100_000)),
        format!("x = {}1\n", "1 if a else ".repeat(50_000)),
        format!("x = a{}\n", ".b".repeat(100_000)),
        format!("x = {}1\n", "'a' + ".repeat(100_000)),
        format!("x = ({})\n", "'(' ".repeat(100_000)),
        format!("import {}\n", "a.".repeat(50_000) + "a"),
        format!("import x\nif x.y:\n    pass\n{chain}"),
        format!("if 1 == 2:\n    pass\n{}", chain.replace("x ==", "'' ==")),
        nested("def f():", 1_000),
        nested("class C:", 1_000),
        nested("if x:", 1_000),
        format!("x = [{}]\n", "1,".repeat(500_000)),
    ] {
        assert_eq!(found(format!("{bad}{GOOD}")), 1);
    }
}

#[test]
fn code_that_does_not_end() {
    for bad in [
        "while True:\n    pass\n",
        "while True:\n  while True:\n    while True:\n      x = 1\n",
        "L = [0] + [1, 2, 3, 4, 5, 6, 7, 8, 9] \nfor i in range(9):\n  L += L\n\
         for a in L:\n  for b in L:\n    for c in L:\n      x = 1\n",
        "L = '0123456789' \nx = [1 for a in L for b in L for c in L for d in L for e in L for f in L for g in L]\n",
        "def f(n):\n    return f(n - 1) + f(n - 1) if n else 1\nf(40)\n",
        "def a(n): return b(n)\ndef b(n): return a(n)\na(1)\n",
        "class A:\n  def __getattr__(s, n): return getattr(s, n)\n  def __bool__(s): return bool(s)\nif A(): A().x\n",
        "def g():\n    yield from g()\nlist(g())\n",
    ] {
        assert_eq!(found(format!("{bad}{GOOD}")), 1, "{bad}");
    }
}

#[test]
fn values_that_grow_without_end() {
    for bad in [
        "x = 'ab'\nwhile True:\n  x = x + x\n",
        "x = 'ab'\nwhile True:\n  x = f'{x}{x}'\n",
        "x = 'a%s'\nwhile True:\n  x = x % x\n",
        "x = 'a'\nwhile True:\n  x = x.replace('a', 'aa')\n",
        "x = 'a'\nwhile True:\n  x = x.join([x, x, x])\n",
        "x = (1,)\nwhile True:\n  x += x\n",
        "x = [1]\nwhile True:\n  x.extend(x)\n",
        "x = [1]\nwhile True:\n  x += x\n",
        "x = ()\ny = ()\nwhile True:\n  x = (x, x)\n  y = (y, y)\n  z = x == y\n",
        "x = ()\nwhile True:\n while True:\n  x = (x,)\n",
        "def f(*a): return a\nx = 1\nwhile True:\n while True:\n  x = f(x)\n",
        "x = []\nx.append(x)\nz = x == x\nd = {}\nd['d'] = d\nprint(str(x), repr(d))\n",
    ] {
        assert_eq!(found(format!("{bad}{GOOD}")), 1, "{bad}");
    }
}

#[test]
fn modules_that_import_in_circles() {
    let cycle = [
        ("cycle/__init__.py", "from . import *\nfrom .a import *\n"),
        ("cycle/a.py", "from . import *\nfrom .b import *\nfrom cycle import *\n"),
        (
            "cycle/b.py",
            "from . import *\nfrom .a import *\nimport cycle.a as q\n__all__ = ['cycle'] + __all__\n",
        ),
        ("cycle/c.py", "from .c import *\n"),
    ];
    assert_eq!(found_among(format!("from cycle import *\nimport cycle.c\n{GOOD}"), &cycle), 1);
    assert_eq!(found(format!("import app\nfrom app import *\nprint(app.__spec__)\n{GOOD}")), 1);
    // Dots say that the file is in a package, so that its directory is not where imports start.
    assert_eq!(found(format!("from . import *\nfrom .. import *\nfrom ...... import x\n{GOOD}")), 0);
    let names: Vec<String> = (0..300).map(|number| format!("chain/m{number}.py")).collect();
    let texts: Vec<String> = (1..=300).map(|number| format!("import chain.m{number}\n")).collect();
    let mut chain: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    chain.push(("chain/__init__.py", ""));
    assert_eq!(found_among(format!("import chain.m0\n{GOOD}"), &chain), 1);
}

#[test]
fn odd_names_and_numbers() {
    for bad in [
        "x = -9223372036854775808\ny = -x\nz = [1, 2][x]\nw = (1, 2)[9223372036854775807]\nv = 'é'[x:1]\n",
        "import importlib\nfor n in ['', '.', '..', 'a..b', '.a', 'a.', '/', '\\0', '\\ud800', None, 1]:\n  try:\n    \
         importlib.import_module(n)\n  except Exception: pass\n",
        "x = 'é€'\nx.split(''); '%' % x; '%é' % x; '%(a)s' % {}; '{'.format(1); '}'.format(); '{é}'.format(x)\n",
    ] {
        assert_eq!(found(format!("{bad}{GOOD}")), 1, "{bad}");
    }
}
