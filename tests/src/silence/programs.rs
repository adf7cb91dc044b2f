//! Random programs: imports in random orders, and reads of metadata at random points.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::random::Random;
use super::survey::Survey;

/// Some lines that belong together: an import, or one read with what is around it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a block, each asked for by name")]
pub struct Block {
    /// Which read it is, and where: `import`, `spec.origin`, ….
    pub class: &'static str,
    /// What the read's module is, as the survey says.
    pub kind: String,
    /// Whether the code takes care of what could go wrong.
    pub is_guarded: bool,
    /// Whether it takes care of an exception or of a missing spec only, and lets another None pass.
    pub passes_none: bool,
    /// Whether it goes on whatever a read gives, or does not run: nothing at all is to be found.
    pub is_silent: bool,
    /// Whether a plain module would give something else than None here.
    pub is_counted: bool,
    /// From 1, both included.
    pub lines: (usize, usize),
}

/// A program of such blocks.
#[derive(Debug, Clone)]
pub struct Program {
    pub text: String,
    pub blocks: Vec<Block>,
}

const HEAD: &str = "\
import importlib
import importlib.resources
import importlib.util
import inspect
import os
import pathlib
import sys
from typing import TYPE_CHECKING
";

/// Its name; the expression, with `{m}` for the module and `{n}` for its name; whether a plain module gives a value.
const READS: [(&str, &str, bool); 24] = [
    ("__spec__", "{m}.__spec__", true),
    ("spec.name", "{m}.__spec__.name", true),
    ("spec.origin", "{m}.__spec__.origin", true),
    ("spec.loader", "{m}.__spec__.loader", true),
    ("spec.cached", "{m}.__spec__.cached", true),
    ("spec.parent", "{m}.__spec__.parent", true),
    ("spec.locations", "{m}.__spec__.submodule_search_locations", false),
    ("__file__", "{m}.__file__", true),
    ("__path__", "{m}.__path__", false),
    ("__loader__", "{m}.__loader__", true),
    ("find_spec", "importlib.util.find_spec({n})", true),
    ("find_spec.origin", "importlib.util.find_spec({n}).origin", true),
    ("find_spec.loader", "importlib.util.find_spec({n}).loader", true),
    ("dirname", "os.path.dirname({m}.__file__)", true),
    ("open", "open({m}.__spec__.origin).name", true),
    ("Path", "pathlib.Path({m}.__file__).parent", true),
    ("join", "os.path.join(os.path.dirname(os.path.abspath({m}.__file__)), \"data\")", true),
    ("getattr", "getattr({m}, \"__file__\")", true),
    ("getattr default", "getattr({m}, \"__spec__\", None)", false),
    ("vars", "vars({m})[\"__spec__\"]", true),
    ("inspect.getfile", "inspect.getfile({m})", true),
    ("inspect.getsourcefile", "inspect.getsourcefile({m})", true),
    ("resources.files", "importlib.resources.files({n})", false),
    ("sys.modules", "sys.modules[{n}].__spec__.origin", true),
];

/// Code that takes care, with `{k}` for a number of its own.
const GUARDED: [(&str, &str); 15] = [
    ("is not None", "spec{k} = getattr({m}, \"__spec__\", None)\nif spec{k} is not None:\n    spec{k}.name"),
    ("truthiness", "spec{k} = getattr({m}, \"__spec__\", None)\nif spec{k}:\n    spec{k}.origin"),
    ("conditional", "origin{k} = {m}.__spec__.origin if getattr({m}, \"__spec__\", None) else \"\""),
    (
        "hasattr",
        "if hasattr({m}, \"__file__\") and {m}.__file__ is not None:\n    os.path.dirname({m}.__file__)",
    ),
    ("getattr default", "os.path.dirname(getattr({m}, \"__file__\", None) or \".\")"),
    ("try", "try:\n    open({m}.__spec__.origin).close()\nexcept Exception:\n    pass"),
    ("try AttributeError", "try:\n    {m}.__spec__.name\n    {m}.__file__\nexcept AttributeError:\n    pass"),
    (
        "try ValueError",
        "try:\n    importlib.util.find_spec({n})\nexcept (ImportError, ValueError):\n    pass",
    ),
    (
        "early return",
        "def early{k}(module):\n    spec = getattr(module, \"__spec__\", None)\n    if spec is None or spec.origin is None:\n        return \"\"\n    return os.path.dirname(spec.origin)\nearly{k}({m})",
    ),
    ("TYPE_CHECKING", "if TYPE_CHECKING:\n    open({m}.__spec__.origin)"),
    ("dead", "if False:\n    os.path.dirname({m}.__file__)"),
    ("old version", "if sys.version_info < (3, 4):\n    {m}.__spec__.origin"),
    ("vars", "vars({m}).get(\"__spec__\")"),
    (
        "and",
        "done{k} = getattr({m}, \"__spec__\", None) is not None and {m}.__spec__.origin is not None and os.path.dirname({m}.__spec__.origin)",
    ),
    ("isinstance", "if isinstance(getattr({m}, \"__file__\", None), str):\n    pathlib.Path({m}.__file__)"),
];

/// Those of them that catch what comes, or do not run.
const SILENT: [&str; 6] =
    ["try", "try AttributeError", "try ValueError", "TYPE_CHECKING", "dead", "old version"];

/// Those of them behind whose test or handler a read may give None all the same.
const PASSING_NONE: [&str; 3] = ["truthiness", "conditional", "try AttributeError"];

/// How a read stands in the code, with `{r}` for it.
const PLACES: [&str; 6] = [
    "{r}",
    "{r}",
    "value{k} = {r}",
    "def read{k}():\n    return {r}\nread{k}()",
    "def read{k}(unused=None):\n    result = {r}\n    return result\nread{k}()",
    "value{k} = [{r}][0]",
];

/// A module that the program can name.
#[derive(Debug, Clone)]
struct Named {
    expression: String,
    module: String,
    kind: String,
}

struct Writer<'r> {
    random: &'r mut Random,
    program: Program,
    named: Vec<Named>,
    number: usize,
}

impl Program {
    /// A program that imports some of `names`.
    pub fn random(random: &mut Random, names: &[Survey]) -> Self {
        let program = Self { text: HEAD.to_owned(), blocks: Vec::new() };
        let mut writer = Writer { random, program, named: Vec::new(), number: 0 };
        let count = 1 + writer.random.below(4);
        let chosen = writer.random.sample(names, count);
        for survey in &chosen {
            writer.import(survey);
            for _ in 0..=writer.random.below(4) {
                writer.read();
            }
        }
        for _ in 0..writer.random.below(5) {
            writer.read();
        }
        writer.program
    }
}

impl Writer<'_> {
    fn block(&mut self, class: &'static str, kind: &str, is_guarded: bool, is_counted: bool, code: &str) {
        let first = self.program.text.lines().count() + 1;
        let _ = writeln!(self.program.text, "{code}");
        let lines = (first, self.program.text.lines().count());
        let is_silent = is_guarded && SILENT.contains(&class);
        let passes_none = is_guarded && PASSING_NONE.contains(&class);
        let kind = kind.to_owned();
        let block = Block { class, kind, is_guarded, passes_none, is_silent, is_counted, lines };
        self.program.blocks.push(block);
    }

    fn import(&mut self, survey: &Survey) {
        let name = survey.name.clone();
        let inner = name.rsplit_once('.');
        // A name with an alias, or in a function, is called by a new name.
        self.number += 1;
        let alias = format!("m{}", self.number);
        let kind = survey.modules.get(&name).cloned().unwrap_or_else(|| "none".to_owned());
        let (class, code, expression) = match (self.random.below(7), inner) {
            (0, _) => ("import as", format!("import {name} as {alias}"), alias),
            (1, Some((parent, last))) => ("from", format!("from {parent} import {last}"), last.to_owned()),
            (2, Some((parent, last))) => {
                ("from as", format!("from {parent} import {last} as {alias}"), alias)
            }
            (3, _) => ("import_module", format!("{alias} = importlib.import_module(\"{name}\")"), alias),
            (4, _) => (
                "import in a function",
                format!(
                    "def get_{alias}():\n    import {name} as module\n    return module\n{alias} = get_{alias}()"
                ),
                alias,
            ),
            (5, _) => (
                "import in try",
                format!("try:\n    import {name}\nexcept Exception:\n    pass"),
                name.clone(),
            ),
            _ => ("import", format!("import {name}"), name.clone()),
        };
        let guarded = class == "import in try";
        self.block(class, &kind, guarded, true, &code);
        if survey.raises {
            return;
        }
        self.named.push(Named { expression, module: name.clone(), kind });
        let others: BTreeMap<&String, &String> =
            survey.modules.iter().filter(|(module, _)| **module != name).collect();
        // The odd ones are more telling.
        let odd: Vec<_> = others.iter().filter(|(_, kind)| **kind != "regular").collect();
        let regular: Vec<_> = others.iter().filter(|(_, kind)| **kind == "regular").collect();
        for (module, kind) in self.random.sample(&odd, 2).into_iter().chain(self.random.sample(&regular, 1)) {
            let below = module.starts_with(&format!("{name}."))
                && self.named.last().is_some_and(|last| last.expression == name);
            let expression = if below && self.random.chance(60) {
                (*module).clone()
            } else {
                format!("sys.modules[\"{module}\"]")
            };
            self.named.push(Named { expression, module: (*module).clone(), kind: (*kind).clone() });
        }
    }

    fn read(&mut self) {
        let Some(named) = self.random.pick(&self.named).cloned() else { return };
        self.number += 1;
        let number = self.number.to_string();
        let quoted = format!("\"{}\"", named.module);
        let filled = |code: &str| {
            code.replace("{m}", &named.expression).replace("{n}", &quoted).replace("{k}", &number)
        };
        if self.random.chance(25) {
            let (class, code) = GUARDED[self.random.below(GUARDED.len())];
            self.block(class, &named.kind, true, false, &filled(code));
            return;
        }
        let (class, code, is_counted) = READS[self.random.below(READS.len())];
        if self.random.chance(10) && code.contains("{m}.__spec__.") {
            let code = code.replace("{m}.__spec__", "spec{k}");
            let code = filled(&format!("spec{{k}} = {{m}}.__spec__\n{code}"));
            self.block(class, &named.kind, false, is_counted, &code);
            return;
        }
        let place = PLACES[self.random.below(PLACES.len())];
        self.block(class, &named.kind, false, is_counted, &filled(&place.replace("{r}", code)));
    }
}
