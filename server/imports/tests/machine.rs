//! The machine on small trees in memory, with the built-in account of the standard library: no interpreter is needed.

use std::sync::Arc;

use speclens_environment::{Project, Request};
use speclens_files::{Database, MemorySystem};
use speclens_imports::DatabaseWorld;
use speclens_imports::machine::{Deed, SpecState};
use speclens_source::Name;

struct Tree {
    database: Database,
    project: Project,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let system = Arc::new(MemorySystem::default());
        for (path, text) in files {
            system.write(format!("/project/{path}"), *text);
        }
        let mut database = Database::new(system);
        let project = Project::new(database.db_mut(), "/project".into(), Request::default());
        Self { database, project }
    }

    fn world(&self) -> DatabaseWorld<'_> {
        DatabaseWorld::new(self.database.db(), self.project, Some("/project".into()))
    }

    /// Imports the names in turn; the exception of the last one.
    fn import(&self, names: &[&str]) -> Option<String> {
        let names: Vec<Name> = names.iter().copied().map(Name::from).collect();
        self.world().checkpoint(&names).raised.as_ref().map(speclens_imports::machine::Raised::headline)
    }

    /// What became of the spec of a module that is imported.
    fn spec_of(&self, name: &str) -> Option<SpecState> {
        let world = self.world();
        world.checkpoint(&[name.into()]).view(&world, name).map(|view| view.spec)
    }
}

#[test]
fn six_ways_to_write_a_lazy_module() {
    let head = "import sys, types\nclass L(types.ModuleType):\n    def __init__(self, name, spec=None):\n        \
                super().__init__(name)\n        if spec is not None:\n            self.__spec__ = spec\n";
    let ways = [
        ("sys.modules[__name__] = L(__name__)", SpecState::None),
        ("sys.modules[__name__] = L(__name__, __spec__)", SpecState::Present),
        ("class O: pass\nsys.modules[__name__] = O()", SpecState::Missing),
        ("m = L(__name__)\nm.__dict__.update(globals())\nsys.modules[__name__] = m", SpecState::Present),
        ("sys.modules[__name__].__class__ = L", SpecState::Present),
        ("def __getattr__(name): raise AttributeError(name)", SpecState::Present),
    ];
    for (way, spec) in ways {
        let tree = Tree::new(&[("lazy.py", &format!("{head}{way}\n"))]);
        assert_eq!(tree.spec_of("lazy"), Some(spec), "{way}");
    }
}

#[test]
fn evidence_names_the_lines() {
    let lazy = "import sys\nimport types\n\nsys.modules[__name__] = types.ModuleType(__name__)\n";
    let tree = Tree::new(&[("lazy.py", lazy)]);
    let world = tree.world();
    let view = world.checkpoint(&["lazy".into()]).view(&world, "lazy").unwrap();
    let lines: Vec<_> = view
        .evidence
        .iter()
        .map(|it| (it.deed.clone(), lazy[..it.site.span.start as usize].lines().count()))
        .collect();
    let replaces = Deed::Replaces { module: "lazy".into(), class: "module".into() };
    assert_eq!(lines, [(replaces, 3), (Deed::MakesModuleWithoutSpec, 3)]);
}

#[test]
fn the_order_of_imports_decides() {
    let lazy = "import sys, types\nsys.modules[__name__] = types.ModuleType(__name__)\n";
    let probe = "from importlib.util import find_spec\nfound = find_spec('lazy') is not None\n";
    let tree = Tree::new(&[("lazy.py", lazy), ("probe.py", probe)]);
    assert_eq!(tree.import(&["lazy", "probe"]).as_deref(), Some("ValueError: lazy.__spec__ is None"));
    assert_eq!(tree.import(&["probe", "lazy"]), None);
}

#[test]
fn a_branch_that_cannot_be_decided_is_only_possible() {
    let setup = "import os, sys, types\nif os.environ.get('LAZY'):\n    sys.modules['one'] = types.ModuleType('one')\n\
                 sys.modules['two'] = types.ModuleType('two')\n";
    let tree = Tree::new(&[("setup.py", setup), ("one.py", "")]);
    let checkpoint = tree.world().checkpoint(&["setup".into()]);
    assert!(!checkpoint.state.modules["one"].certain);
    assert!(checkpoint.state.modules["two"].certain);
    // What is certainly imported is certainly there, and its own.
    let probe = "import one\nfrom importlib.util import find_spec\nfind_spec('one')\n";
    let tree = Tree::new(&[("setup.py", setup), ("one.py", ""), ("probe.py", probe)]);
    assert_eq!(tree.import(&["setup", "probe"]), None);
}

#[test]
fn guards_are_decided_where_they_can_be() {
    let guarded = "import sys\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import absent_one\n\
                   if sys.version_info < (3, 0):\n    import absent_two\ntry:\n    import absent_three\n\
                   except ImportError:\n    absent_three = None\n";
    assert_eq!(Tree::new(&[("guarded.py", guarded)]).import(&["guarded"]), None);
    let bare = "try:\n    import absent\nexcept ValueError:\n    pass\n";
    assert_eq!(
        Tree::new(&[("bare.py", bare)]).import(&["bare"]).as_deref(),
        Some("ModuleNotFoundError: No module named 'absent'")
    );
}

#[test]
fn a_failed_import_leaves_no_entry() {
    let tree = Tree::new(&[("broken.py", "raise RuntimeError('no')\n")]);
    let checkpoint = tree.world().checkpoint(&["broken".into()]);
    assert_eq!(checkpoint.raised.as_ref().unwrap().headline(), "RuntimeError: no");
    assert!(!checkpoint.state.modules.contains_key("broken"));
}

#[test]
fn finders_that_code_installs_are_asked() {
    let bare = "import sys\nfrom importlib.machinery import ModuleSpec\nclass Finder:\n    \
                def find_spec(self, name, path=None, target=None):\n        if name == 'made_up':\n            \
                return ModuleSpec(name, self)\n        return None\n";
    let methods = "    def create_module(self, spec): return None\n    def exec_module(self, module): pass\n";
    let install = "sys.meta_path.append(Finder())\n";
    let (bare, hook) = (format!("{bare}{install}"), format!("{bare}{methods}{install}"));
    // As 3.15 has it; before, `load_module` is asked for.
    let without = Tree::new(&[("hook.py", &bare)]).import(&["hook", "made_up"]);
    assert_eq!(without.as_deref(), Some("AttributeError: 'Finder' object has no attribute 'exec_module'"));
    let tree = Tree::new(&[("hook.py", &hook)]);
    assert_eq!(tree.import(&["hook", "made_up"]), None);
    let missing = tree.import(&["hook", "absent"]);
    assert_eq!(missing.as_deref(), Some("ModuleNotFoundError: No module named 'absent'"));
    assert!(tree.import(&["made_up"]).is_some());
}

#[test]
fn metaclasses_and_method_resolution() {
    let text = "import sys, types\nclass Base:\n    def __init__(self, name):\n        self.made_by = 'Base'\n\
                class Left(Base):\n    def __init__(self, name):\n        super().__init__(name)\n\
                class Right(Base, types.ModuleType):\n    def __init__(self, name):\n        \
                types.ModuleType.__init__(self, name)\n\
                class Both(Left, Right): pass\nsys.modules[__name__] = Both(__name__)\n";
    // Left's super() is Right, whose ModuleType.__init__ sets `__spec__` to None.
    assert_eq!(Tree::new(&[("both.py", text)]).spec_of("both"), Some(SpecState::None));
}

/// CPython 3.15 does the same: see PEP 810.
#[test]
fn a_lazy_import_happens_when_its_name_is_used() {
    let tree = Tree::new(&[
        ("one/__init__.py", ""),
        ("one/sub.py", "value = 1"),
        ("two.py", "name = 2"),
        ("three.py", ""),
        ("lazy.py", "lazy import one.sub\nlazy from two import name\nlazy import three\n"),
        ("within.py", "lazy import one.sub\ndef call(): return one.sub.value\ncall()\n"),
        ("user.py", "from lazy import name\n"),
    ]);
    let added = |after: &str| -> Vec<String> {
        let world = tree.world();
        let before = world.checkpoint(&[]);
        let effects = world.checkpoint(&[after.into()]).effects(&world, &before);
        effects.modules.iter().map(|module| module.name.to_string()).collect()
    };
    assert_eq!(added("lazy"), ["lazy"]);
    assert_eq!(added("within"), ["one", "one.sub", "within"]);
    assert_eq!(added("user"), ["lazy", "two", "user"]);
}
