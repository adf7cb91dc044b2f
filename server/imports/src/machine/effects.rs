//! What an import did to the import state: the difference between two checkpoints, as plain data.

use std::sync::Arc;

use speclens_source::Name;

use super::exception::Raised;
use super::state::{Evidence, ImportState, Installed};
use super::value::{ObjectId, Payload, Site, Value};
use super::view::SpecState;
use super::{Checkpoint, Machine, World};

/// What an import did to the import state.
#[derive(Debug, Clone)]
pub struct Effects {
    /// The exception that ended it.
    pub raised: Option<Raised>,
    /// The finders that it put on `sys.meta_path`, by their class as `module.Class`.
    pub meta_path: Vec<Addition>,
    /// The hooks that it put on `sys.path_hooks`, as `module.qualname`.
    pub path_hooks: Vec<Addition>,
    /// What it put in the place of `builtins.__import__`, as `module.qualname`.
    pub import_function: Option<Addition>,
    /// The entries that it put on `sys.path`.
    pub path: Vec<Addition>,
    /// The entries that it added to `sys.modules`, or replaced there, by their names.
    pub modules: Vec<ModuleEffect>,
    /// What could not be decided on the way: the file, the offset in it, and what it was.
    pub unknowns: Vec<(Arc<str>, u32, &'static str)>,
}

/// Something that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// What it is.
    pub what: String,
    /// The statement that added it.
    pub site: Option<Site>,
    /// Whether it is certainly there.
    pub certain: bool,
}

/// An entry of `sys.modules` that was not there before.
#[derive(Debug, Clone)]
pub struct ModuleEffect {
    /// Its name.
    pub name: Name,
    /// What `__spec__` gives.
    pub spec: SpecState,
    /// `__spec__.name`.
    pub spec_name: Option<Name>,
    /// The class of `__spec__.loader`, or the loader's own name where it is a class.
    pub loader: Option<Name>,
    /// `module`, or the class of the object as `module.Class`.
    pub class: String,
    /// Whether it is certainly there, and like this.
    pub certain: bool,
    /// The statement that first imported it; `None` where the import that was asked for did.
    pub imported: Option<Site>,
    /// What else made it as it is, in the order of events.
    pub evidence: Vec<Evidence>,
}

impl Checkpoint {
    /// What the imports between an earlier checkpoint and this one have done.
    pub fn effects(&self, world: &dyn World, before: &Self) -> Effects {
        let mut machine = Machine::new(world, self.state.clone());
        let (old, new) = (&before.state, &self.state);
        let finders = new.finders.iter().flatten();
        let added = finders.filter(|finder| !old.finders.iter().flatten().any(|old| old.put == finder.put));
        let meta_path = added.map(|finder| machine.addition(finder)).collect();
        let hooks = new.path_hooks.iter().skip(old.path_hooks.len());
        let path_hooks = hooks.map(|hook| machine.addition(hook)).collect();
        let import_function = new.import_function.as_ref().map(|function| machine.addition(function));
        let names: Vec<Name> = new.modules.keys().cloned().collect();
        let mut modules = Vec::new();
        for name in names {
            if is_added(old, new, &name) {
                modules.extend(machine.module_effect(&name));
            }
        }
        Effects {
            raised: self.raised.clone(),
            meta_path,
            path_hooks,
            import_function,
            path: added_paths(old, new),
            modules,
            unknowns: new.unknowns.difference(&old.unknowns).cloned().collect(),
        }
    }
}

fn is_added(old: &ImportState, new: &ImportState, name: &str) -> bool {
    let Some(entry) = new.modules.get(name) else { return false };
    match old.modules.get(name) {
        Some(old) => old.value != entry.value,
        // What the interpreter has at its start is put there when it is asked for.
        None => !entry.startup,
    }
}

fn added_paths(old: &ImportState, new: &ImportState) -> Vec<Addition> {
    let added = new.search.path.iter().filter(|path| !old.search.path.contains(path));
    added.map(|path| Addition { what: path.clone(), site: None, certain: true }).collect()
}

impl Machine<'_> {
    /// An object that code installed, by its own name or that of its class.
    fn addition(&self, installed: &Installed) -> Addition {
        Addition {
            what: self.qualified(&installed.value),
            site: installed.put.clone(),
            certain: installed.certain && !matches!(installed.value, Value::Unknown | Value::OneOf(_)),
        }
    }

    /// `module.qualname` of a class or function, or of an object's class.
    fn qualified(&self, value: &Value) -> String {
        match value {
            Value::Builtin("types.ModuleType") => "module".to_owned(),
            Value::Builtin("types.FunctionType") => "builtins.function".to_owned(),
            Value::Builtin(name) => (*name).to_owned(),
            Value::Method(method) => self.qualified(&method.1),
            Value::Object(id) => match &self.state.heap.get(*id).payload {
                Payload::Function(function) => {
                    let module = self.text_attribute(function.module, "__name__");
                    let module = module.as_deref().unwrap_or("?");
                    format!("{module}.{}", function.qualified_name)
                }
                Payload::Class(_) => self.qualified_class(*id),
                _ => self.qualified(&self.state.heap.get(*id).class),
            },
            _ => "?".to_owned(),
        }
    }

    fn qualified_class(&self, class: ObjectId) -> String {
        let text = |attribute| self.text_attribute(class, attribute);
        let name = text("__qualname__").or_else(|| text("__name__"));
        let module = text("__module__");
        format!("{}.{}", module.as_deref().unwrap_or("?"), name.as_deref().unwrap_or("?"))
    }

    fn module_effect(&mut self, name: &Name) -> Option<ModuleEffect> {
        let entry = self.state.modules.get(name)?.clone();
        let imported = self.state.first_imports.get(name).cloned().flatten();
        let Some(view) = self.view(&entry.value, Some(name)) else {
            return Some(ModuleEffect {
                name: name.clone(),
                spec: if matches!(entry.value, Value::Unknown | Value::OneOf(_)) {
                    SpecState::Unknown
                } else {
                    SpecState::Missing
                },
                spec_name: None,
                loader: None,
                class: self.qualified_of_instance(&entry.value),
                certain: entry.certain && !matches!(entry.value, Value::Unknown | Value::OneOf(_)),
                imported,
                evidence: Vec::new(),
            });
        };
        let is_known = !matches!(self.class_of(&entry.value), Value::Unknown | Value::OneOf(_));
        let certain = entry.certain && is_known && view.spec != SpecState::Unknown;
        let class = if is_known { self.qualified_of_instance(&entry.value) } else { "module".to_owned() };
        let loader = self.loader_of(&entry.value);
        Some(ModuleEffect {
            name: name.clone(),
            spec: view.spec,
            spec_name: view.spec_name,
            loader,
            class,
            certain,
            imported,
            evidence: view.evidence,
        })
    }

    fn qualified_of_instance(&self, value: &Value) -> String {
        match value {
            Value::None => "builtins.NoneType".to_owned(),
            Value::Unknown | Value::OneOf(_) => "module".to_owned(),
            value => self.qualified(&self.class_of(value)),
        }
    }

    /// `module.__spec__.loader`, by its class.
    fn loader_of(&self, module: &Value) -> Option<Name> {
        let spec = &self.state.heap.slot(module.as_object()?, "__spec__")?.value;
        let loader = &self.state.heap.slot(spec.as_object()?, "loader")?.value;
        match loader {
            Value::None | Value::Unknown | Value::OneOf(_) => None,
            Value::Builtin(_) => Some(self.class_name(loader)),
            Value::Object(id) if matches!(self.state.heap.get(*id).payload, Payload::Class(_)) => {
                Some(self.class_name(loader))
            }
            loader => Some(self.class_name(&self.class_of(loader))),
        }
    }
}
