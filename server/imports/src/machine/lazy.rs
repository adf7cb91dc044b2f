//! `lazy import` (PEP 810, CPython 3.15): the name is bound, and the module is imported when the name is used.

use speclens_source::Name;
use speclens_source::program::{Alias, Statement};

use super::Machine;
use super::exception::Raises;
use super::value::{Binds, LazyImport, ObjectId, Payload, Value};

/// When a `lazy import` imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// When its name is used.
    Used,
    /// Where it stands, as if the word were not there.
    AtOnce,
}

impl Machine<'_> {
    /// Whether a `lazy import` waits until its name is used.
    pub(super) fn is_postponed(&mut self, statement: &Statement) -> bool {
        if self.observes() {
            self.postponed.push(statement.span);
            return self.version().at_least(15) && self.own_lazy_imports == When::Used;
        }
        self.version().at_least(15)
    }

    /// `lazy import a.b [as c], …`.
    pub(super) fn lazy_import(&mut self, names: &[Alias]) {
        for alias in names {
            let top = alias.name.split('.').next().unwrap_or_default();
            let (bound, binds) = match &alias.asname {
                Some(name) => (name.as_str(), Binds::Module),
                None => (top, Binds::Top),
            };
            self.bind_lazy(bound, alias.name.clone(), binds);
        }
    }

    /// `lazy from [.…]module import name [as x], …`.
    pub(super) fn lazy_import_from(
        &mut self,
        module: Option<&str>,
        names: &[Alias],
        level: u32,
    ) -> Raises<()> {
        let absolute = self.absolute_name(module.unwrap_or_default(), level)?;
        for alias in names {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            match &absolute {
                Some(module) => {
                    self.bind_lazy(bound, module.clone(), Binds::Attribute(alias.name.clone()));
                }
                None => self.bind(bound, Value::Unknown),
            }
        }
        Ok(())
    }

    fn bind_lazy(&mut self, name: &str, module: Name, binds: Binds) {
        let region = self.region();
        let payload = Payload::LazyImport(LazyImport { module, binds }.into());
        let lazy = self.state.heap.make(Value::Builtin("types.LazyImportType"), payload, region);
        self.bind(name, lazy);
    }

    /// The value of a name or a module's attribute that is used: where it is a lazy import, that happens now, and the name
    /// is bound anew.
    pub(super) fn used(&mut self, owner: ObjectId, name: &str, value: Value) -> Raises<Value> {
        let Some(id) = value.as_object() else { return Ok(value) };
        let Payload::LazyImport(lazy) = &self.state.heap.get(id).payload else { return Ok(value) };
        let lazy = lazy.clone();
        let imported = self.import_for_statement(&lazy.module)?;
        let value = match &lazy.binds {
            Binds::Module => imported,
            Binds::Top => {
                let top = lazy.module.split('.').next().unwrap_or_default();
                self.module_entry(top).map_or(Value::Unknown, |entry| entry.value)
            }
            Binds::Attribute(attribute) => {
                self.handle_fromlist(&imported, &lazy.module, attribute)?;
                self.import_from(&imported, &format!("{}.{attribute}", lazy.module), attribute)?
            }
        };
        self.set_slot(owner, name, value.clone());
        Ok(value)
    }
}
