//! Modules without Python source: what their import brings along, as runs of the interpreter showed it, or as the strings
//! in their files suggest.

use std::sync::Arc;

use speclens_source::{BinaryFacts, ModuleFacts, Name};

use super::Machine;
use super::value::{ObjectId, Payload, Value};
use crate::finders;
use crate::spec::{Loader, ModuleSpec};

/// A binary that was loaded, whose strings are to be looked at.
pub(super) struct Mentions {
    module: ObjectId,
    file: Arc<str>,
    facts: Arc<BinaryFacts>,
}

impl Machine<'_> {
    /// Runs what is known of a module without source beside its own names.
    pub(super) fn load_without_source(&mut self, module: ObjectId, spec: &ModuleSpec) {
        if let Some(imported) = self.world.tables().extension_imports.get(&spec.name) {
            for name in imported {
                // What it raises ends the C code's own look, not the import.
                drop(self.import_module(name));
            }
            return;
        }
        let Some(file) = spec.origin.as_deref().filter(|_| spec.loader == Some(Loader::Extension)) else {
            return;
        };
        if self.is_standard_library(module) {
            return;
        }
        let file: Arc<str> = Arc::from(file);
        if let Some(source) = compiled_from(&file)
            && let Some(facts) = self.world.facts(&source)
        {
            // mypyc and Cython compile Python files, and leave them beside. Which names the binary has, it has to say.
            self.run_compiled(module, &Arc::from(source), &facts);
        }
        let Some(facts) = self.world.binary(&file) else {
            self.unknown("an extension module that cannot be read");
            return;
        };
        if facts.mentions("cython_runtime") {
            for name in facts.cython_abi.iter().map(Name::as_str).chain(["cython_runtime"]) {
                if self.module_entry(name).is_none() {
                    let shared = self.odd_module(name, "none");
                    self.put_entry(name, shared, None);
                }
            }
        }
        let names_itself = |name: &str| {
            let inside = |known: &Name| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            facts.dotted_names.iter().any(inside)
        };
        if let Some(own) =
            facts.cython_name.as_ref().filter(|own| names_itself(own) && !names_itself(&spec.name))
            && self.module_entry(own).is_none()
        {
            // Compiled without its package: it puts itself under the name that it knows.
            self.put_entry(own, Value::Object(module), None);
        }
        // The name of the method that it calls; the backend itself has it, too.
        if facts.mentions("_init_cffi_1_0_external_module") && spec.name != "_cffi_backend" {
            self.load_cffi(module, &spec.name, &facts);
        }
        self.mentions.push(Mentions { module, file, facts });
    }

    /// What cffi's C code does (`_cffi_include.h`, `c/cffi1_module.c`): it imports `_cffi_backend`, and puts its `lib` into
    /// `sys.modules`, under the name that its module was generated with.
    fn load_cffi(&mut self, module: ObjectId, name: &str, facts: &BinaryFacts) {
        drop(self.import_module("_cffi_backend"));
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_whole = facts.dotted_names.iter().any(|known| *known == *name);
        let generated = facts.c_sources.iter().map(Name::as_str).find(|source| facts.mentions(source));
        let own = if is_whole { Some(name) } else { generated.or(facts.mentions(last).then_some(last)) };
        let Some(own) = own.map(str::to_owned) else { return };
        if self.module_entry(&own).is_none() {
            // Linked into a larger module, it is one of its own.
            let entry = if own == last { Value::Object(module) } else { self.odd_module(&own, "none") };
            self.put_entry(&own, entry, None);
        }
        let region = self.region();
        let lib = self.state.heap.make(Value::Builtin("_cffi_backend.Lib"), Payload::Plain, region);
        if let Some(id) = lib.as_object() {
            self.state.heap.set(id, "__spec__", Value::None, None);
            self.state.heap.get_mut(id).open = true;
        }
        self.put_entry(&format!("{own}.lib"), lib, None);
    }

    /// Whether an extension module may have put a module below itself (`PyImport_AddModule`, pybind11's `def_submodule`):
    /// no finder looks there.
    pub(super) fn extension_may_make(&mut self, name: &str) -> bool {
        let Some((parent, last)) = name.rsplit_once('.') else { return false };
        let Some(entry) = self.module_entry(parent) else { return false };
        let Some(id) = entry.value.as_object().filter(|id| self.is_module(*id)) else { return false };
        let loader = self.state.heap.slot(id, "__loader__").and_then(|slot| slot.value.as_object());
        let class = loader.map(|loader| self.class_name(&self.state.heap.get(loader).class));
        class.is_some_and(|class| class == "ExtensionFileLoader")
            && self
                .text_attribute(id, "__file__")
                .and_then(|file| self.world.binary(&file))
                .is_some_and(|facts| facts.mentions(last))
    }

    fn run_compiled(&mut self, module: ObjectId, source: &Arc<str>, facts: &ModuleFacts) {
        // To Cython, `import cython` is a word of the language.
        let is_new = self.state.modules.get("cython").is_none();
        if is_new {
            self.put_entry("cython", Value::Unknown, None);
        }
        drop(self.run_module(module, source, &facts.program, false));
        if is_new {
            self.state.remove_module("cython");
        }
    }

    /// Imports, possibly, what the binaries that were loaded mention. This comes after all that is certain: when their code
    /// runs, and whether it imports what it mentions, is not known.
    pub(super) fn follow_mentions(&mut self) {
        while let Some(mentions) = self.mentions.pop() {
            let frame = Self::frame_of_module(mentions.module, &mentions.file);
            self.frames.push(frame);
            for name in &mentions.facts.dotted_names {
                if self.is_module_name(name) {
                    self.import_possibly(name);
                }
            }
            for name in &self.world.tables().stdlib_names {
                if mentions.facts.mentions(name) && self.is_used(name, &mentions.facts) {
                    self.import_possibly(name);
                }
            }
            self.frames.pop();
        }
    }

    fn import_possibly(&mut self, name: &str) {
        if self.module_entry(name).is_none() {
            self.statement_limit = self.steps + super::MAX_STATEMENT_STEPS;
            self.possibly_raising(|machine| machine.import_module(name).map(drop));
        }
    }

    /// Whether a dotted string is the name of a module: `numpy.linalg`, and not `self.shape`.
    fn is_module_name(&mut self, name: &str) -> bool {
        let search = Arc::clone(&self.state.search);
        let mut path: Option<Vec<String>> = None;
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        for end in ends {
            let found = finders::find_spec(self.world, &search, &name[..end], path.as_deref());
            let Some(spec) = found.spec else { return false };
            if end == name.len() {
                return true;
            }
            let Some(locations) = spec.submodule_search_locations else { return false };
            path = Some(locations);
        }
        false
    }

    /// Whether a binary mentions, beside the name of a module, a name that the module defines.
    fn is_used(&mut self, name: &str, facts: &BinaryFacts) -> bool {
        let search = Arc::clone(&self.state.search);
        let found = finders::find_spec(self.world, &search, name, None);
        let Some(spec) = found.spec else { return false };
        let Some(source) = spec.origin.filter(|_| spec.loader == Some(Loader::Source)) else {
            return spec.loader == Some(Loader::BuiltIn) || spec.loader == Some(Loader::Extension);
        };
        let Some(module) = self.world.facts(&source) else { return false };
        let used = |defined: &Name| defined.len() > 3 && *defined != *name && facts.mentions(defined);
        // C++ and Rust have strings of many other kinds.
        let enough = if facts.mentions("cython_runtime") { 1 } else { 2 };
        module.defined_names().filter(used).take(enough).count() == enough
    }

    /// What a module without Python source leaves in `sys.modules` beside itself, as runs of the interpreter showed.
    pub(super) fn add_known_submodules(&mut self, name: &str) {
        let odd = &self.world.tables().odd_specs;
        let made = odd.iter().filter(|(_, odd)| odd.1.as_deref() == Some(name));
        for (child, odd) in made {
            let module = self.odd_module(child, &odd.0);
            self.put_entry(child, module.clone(), None);
            if let (Some(parent), Some((_, last))) = (
                self.state.modules.get(name).and_then(|entry| entry.value.as_object()),
                child.rsplit_once('.'),
            ) {
                self.set_slot(parent, last, module);
            }
        }
    }

    /// A module that is known from runs alone: without a spec (`none`), or (`=name`) another module.
    pub(super) fn odd_module(&mut self, name: &str, state: &str) -> Value {
        if let Some(other) = state.strip_prefix('=').and_then(|other| self.module_entry(other)) {
            return other.value;
        }
        let module = self.bare_module(name, None);
        if state != "none" {
            self.set_slot(module, "__spec__", Value::Unknown);
        }
        // Its other names are not known.
        self.state.heap.get_mut(module).open = true;
        Value::Object(module)
    }
}

/// The Python file of which an extension module may be compiled: `a/b.cpython-312-x86_64-linux-gnu.so` lies beside `a/b.py`.
fn compiled_from(file: &str) -> Option<String> {
    let (directory, name) = file.rsplit_once('/')?;
    let stem = name.split('.').next()?;
    Some(format!("{directory}/{stem}.py"))
}
