//! Import statements while another function stands in the place of `builtins.__import__`: the interpreter calls it
//! (`import_name` in `Python/ceval.c`).

use speclens_source::program::Alias;

use super::Machine;
use super::exception::Raises;
use super::value::{Payload, Value};

impl Machine<'_> {
    /// The function that certainly stands in the place of `builtins.__import__`, where it can be followed.
    pub(super) fn import_hook(&self) -> Option<Value> {
        let installed = self.state.import_function.as_ref().filter(|installed| installed.certain)?;
        (self.is_function(&installed.value) && self.may_follow()).then(|| installed.value.clone())
    }

    /// Whether a call of it runs code of the program's own.
    pub(super) fn is_function(&self, value: &Value) -> bool {
        match value {
            Value::Method(method) => self.is_function(&method.1),
            Value::Object(id) => matches!(self.state.heap.get(*id).payload, Payload::Function(_)),
            _ => false,
        }
    }

    /// What the hook gives for an import statement. Where that cannot be told, it possibly imports.
    pub(super) fn call_import_hook(
        &mut self,
        hook: &Value,
        name: &str,
        names: Option<&[Alias]>,
        level: u32,
    ) -> Raises<Value> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Value::Unknown) };
        frame.is_captured = true;
        let (module, names_at) = (frame.module, frame.names);
        let (globals, locals) = (self.dict_of(module), self.dict_of(names_at));
        let listed = names.map_or(Value::None, |names| {
            Value::tuple(names.iter().map(|alias| Value::str(alias.name.as_str())).collect())
        });
        let arguments = vec![Value::str(name), globals, locals, listed, Value::Int(i64::from(level))];
        let imported = self.call(hook, arguments, Vec::new())?;
        if imported.as_object().is_some() {
            return Ok(imported);
        }
        let Some(absolute) = self.absolute_name(name, level)? else { return Ok(Value::Unknown) };
        let wanted = if names.is_some() { &absolute } else { absolute.split('.').next().unwrap_or_default() };
        self.possibly_raising(|machine| {
            let module = machine.import_module(&absolute)?;
            for alias in names.unwrap_or_default().iter().filter(|alias| alias.name != "*") {
                machine.handle_fromlist(&module, &absolute, &alias.name)?;
            }
            Ok(())
        });
        Ok(self.module_entry(wanted).map_or(Value::Unknown, |entry| entry.value))
    }
}
