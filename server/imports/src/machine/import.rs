//! The import statement: `Lib/importlib/_bootstrap.py` (`_gcd_import`, `_find_and_load_unlocked`, `_handle_fromlist`) and the
//! interpreter's `import_from` (`Python/ceval.c`).

use std::sync::Arc;

use speclens_source::program::Alias;
use speclens_source::{Name, Span};

use super::exception::{Raised, Raises};
use super::modules::{MODULE_SPEC, PackagePath, parent_of};
use super::observe::{Observation, ObservationKind};
use super::state::Entry;
use super::value::{ObjectId, Value};
use super::{MAX_IMPORTS, Machine};
use crate::finders;
use crate::spec::ModuleSpec;

impl Machine<'_> {
    /// `import a.b.c [as d], …`.
    pub(super) fn import_statement(&mut self, names: &[Alias]) -> Raises<()> {
        for alias in names {
            let hook = self.import_hook();
            let hooked = hook.as_ref().map(|hook| self.call_import_hook(hook, &alias.name, None, 0));
            let is_hooked = hooked.is_some();
            let result = hooked.unwrap_or_else(|| self.import_for_statement(&alias.name));
            let imported = self.observed_import(&alias.name, alias.span, result)?;
            let hooked = is_hooked.then(|| imported.clone());
            let top_of = |machine: &mut Self, top: &str| {
                let entry = || machine.module_entry(top).map_or(Value::Unknown, |entry| entry.value);
                hooked.clone().unwrap_or_else(entry)
            };
            match &alias.asname {
                Some(bound) => {
                    // `import a.b as c` takes the attributes one by one (bpo-30024, 3.7).
                    let mut parts = alias.name.split('.');
                    let top = parts.next().unwrap_or_default();
                    let mut value = top_of(self, top);
                    let mut path = top.to_owned();
                    for part in parts {
                        path = format!("{path}.{part}");
                        value = self.import_from(&value, &path, part)?;
                    }
                    self.bind(bound, value);
                }
                None if alias.name.contains('.') => {
                    let top = alias.name.split('.').next().unwrap_or_default();
                    let value = top_of(self, top);
                    self.bind(top, value);
                }
                None => self.bind(&alias.name, imported),
            }
        }
        Ok(())
    }

    /// `from [.…]module import name [as x], …`.
    pub(super) fn import_from_statement(
        &mut self,
        module: Option<&str>,
        span: Span,
        names: &[Alias],
        level: u32,
    ) -> Raises<()> {
        let absolute = match self.absolute_name(module.unwrap_or_default(), level) {
            Ok(absolute) => absolute,
            Err(raised) => {
                let written = format!("{}{}", ".".repeat(level as usize), module.unwrap_or_default());
                return self.observed_import(&written.into(), span, Err(raised));
            }
        };
        let Some(absolute) = absolute else {
            for alias in names.iter().filter(|alias| alias.name != "*") {
                self.bind(alias.asname.as_ref().unwrap_or(&alias.name), Value::Unknown);
            }
            return Ok(());
        };
        let hook = self.import_hook();
        let hooked = hook.as_ref().map(|hook| {
            let module = module.unwrap_or_default();
            self.call_import_hook(hook, module, Some(names), level)
        });
        let is_hooked = hooked.is_some();
        let imported = match hooked.unwrap_or_else(|| self.import_for_statement(&absolute)) {
            Ok(imported) => imported,
            Err(raised) => return self.observed_import(&absolute, span, Err(raised)),
        };
        for alias in names {
            let (taken, name) = match alias.name.as_str() {
                "*" => (self.import_star(&imported, &absolute), absolute.clone()),
                name => {
                    let taken = self.take_name(&imported, &absolute, alias, is_hooked);
                    (taken, format!("{absolute}.{name}").into())
                }
            };
            if let Err(raised) = taken {
                return self.observed_import(&name, alias.span, Err(raised));
            }
        }
        self.observed_import(&absolute, span, Ok(()))
    }

    fn take_name(&mut self, imported: &Value, absolute: &str, alias: &Alias, is_hooked: bool) -> Raises<()> {
        let name = &alias.name;
        if !is_hooked {
            self.handle_fromlist(imported, absolute, name)?;
        }
        let value = self.import_from(imported, &format!("{absolute}.{name}"), name)?;
        self.bind(alias.asname.as_ref().unwrap_or(name), value);
        Ok(())
    }

    /// The name that a relative import means (`_calc___package__`, `_resolve_name`); `None` where the package is unknown.
    pub(super) fn absolute_name(&mut self, module: &str, level: u32) -> Raises<Option<Name>> {
        match self.frame().map(|frame| frame.module) {
            Some(globals) => self.absolute_name_in(globals, module, level),
            None => Ok(None),
        }
    }

    /// The same, in the code whose globals these are.
    pub(super) fn absolute_name_in(
        &mut self,
        globals: ObjectId,
        module: &str,
        level: u32,
    ) -> Raises<Option<Name>> {
        if level == 0 {
            return Ok(Some(module.into()));
        }
        let text = |machine: &Self, name: &str| {
            let slot = machine.state.heap.slot(globals, name)?;
            slot.value.as_str().map(str::to_owned)
        };
        let package = text(self, "__package__").or_else(|| {
            let name = text(self, "__name__")?;
            let is_package = self.state.heap.slot(globals, "__path__").is_some();
            Some(if is_package { name } else { parent_of(&name).unwrap_or_default().to_owned() })
        });
        let Some(package) = package else { return Ok(None) };
        if package.is_empty() {
            let message = "attempted relative import with no known parent package";
            return Err(Raised::of("builtins.ImportError", message));
        }
        let mut base = package.as_str();
        for _ in 1..level {
            let Some(parent) = parent_of(base) else {
                let message = "attempted relative import beyond top-level package";
                return Err(Raised::of("builtins.ImportError", message));
            };
            base = parent;
        }
        Ok(Some(if module.is_empty() { base.into() } else { format!("{base}.{module}").into() }))
    }

    /// Imports for a statement: the user's file may take over a checkpoint for it.
    pub(super) fn import_for_statement(&mut self, name: &str) -> Raises<Value> {
        if self.observes() { self.import_for_user(name) } else { self.import_module(name) }
    }

    /// Notes how an import went, if it is the user's.
    fn observed_import<T>(&mut self, name: &Name, span: Span, result: Raises<T>) -> Raises<T> {
        if !self.observes() {
            return result;
        }
        let index = self.observations.len();
        let raised = result.as_ref().err().map(|raised| (**raised).clone());
        let view = self.view_of_name(name);
        self.observe(span, ObservationKind::Import { module: name.clone(), raised, view }, false);
        result.map_err(|mut raised| {
            raised.observations.push(index);
            raised
        })
    }

    /// Notes an observation of the user's file.
    pub(super) fn observe(&mut self, span: Span, kind: ObservationKind, handled: bool) {
        let certain = self.is_certain() && !kind.module().is_some_and(|module| module.is_supposed);
        let uncalled = self.uncalled;
        let changes = Arc::clone(&self.state.changes);
        let consequence = None;
        self.observations.push(Observation { span, kind, certain, uncalled, handled, consequence, changes });
    }

    /// `importlib.import_module(name)` for an absolute name: the module that stands in `sys.modules` in the end.
    pub(super) fn import_module(&mut self, name: &str) -> Raises<Value> {
        if let Some(entry) = self.present_entry(name) {
            if matches!(entry.value, Value::None) {
                let message = format!("import of {name} halted; None in sys.modules");
                return Err(Raised::not_found(name, message));
            }
            return Ok(entry.value);
        }
        if self.imports >= MAX_IMPORTS {
            self.unknown("imports are nested too deep to follow");
            return Ok(Value::Unknown);
        }
        self.imports += 1;
        let (needed, more) = super::STACK;
        let result = stacker::maybe_grow(needed, more, || self.find_and_load(name));
        self.imports -= 1;
        result
    }

    /// The entry of `sys.modules` that stops an import: one that is certainly there, or there as surely as this code runs.
    fn present_entry(&mut self, name: &str) -> Option<Entry> {
        let entry = self.module_entry(name)?;
        // A possible module is run again where it is certainly imported: then all that it does is certain.
        (entry.certain || !self.is_certain() || self.is_running(&entry.value)).then_some(entry)
    }

    fn is_running(&self, module: &Value) -> bool {
        let Some(id) = module.as_object() else { return false };
        self.frames.iter().any(|frame| frame.module == id)
    }

    /// `_find_and_load_unlocked`.
    fn find_and_load(&mut self, name: &str) -> Raises<Value> {
        let mut parent_value = None;
        let mut locations = None;
        if let Some(parent) = parent_of(name) {
            let imported = self.import_module(parent)?;
            if let Some(entry) = self.present_entry(name) {
                return Ok(entry.value);
            }
            // The parent may have replaced itself.
            let imported = self.module_entry(parent).map_or(imported, |entry| entry.value);
            match self.package_path(&imported) {
                PackagePath::Unknown => return Ok(self.unfollowed(name)),
                PackagePath::None => {
                    let message = format!("No module named '{name}'; '{parent}' is not a package");
                    let mut raised = Raised::not_found(name, message);
                    raised.subject = self.view(&imported, Some(parent));
                    raised.search = Some(Arc::clone(&self.state.search));
                    raised.evidence =
                        raised.subject.as_ref().map(|view| view.evidence.clone()).unwrap_or_default();
                    return Err(raised);
                }
                PackagePath::Known(path) => locations = Some(path),
            }
            parent_value = Some(imported);
        }
        let module = match self.find_on_meta_path(name, locations.as_deref()) {
            // A module that takes itself out of sys.modules and imports its name again means another file.
            Found::Spec(spec) if self.runs_file(spec.origin.as_deref()) => return Ok(self.unfollowed(name)),
            Found::Spec(spec) => self.load(spec)?,
            Found::Object(spec) => self.load_from_object(name, spec)?,
            Found::Unknown => return Ok(self.unfollowed(name)),
            Found::Raised(raised) => return Err(raised),
            Found::Nothing if self.may_be_elsewhere(name) => return Ok(self.unfollowed(name)),
            Found::Nothing => {
                let mut raised = Raised::not_found(name, format!("No module named '{name}'"));
                raised.subject =
                    parent_value.zip(parent_of(name)).and_then(|(value, name)| self.view(&value, Some(name)));
                raised.search = Some(Arc::clone(&self.state.search));
                return Err(raised);
            }
        };
        if let (Some(Value::Object(parent)), Some((_, child))) = (parent_value, name.rsplit_once('.')) {
            self.set_slot(parent, child, module.clone());
        }
        Ok(module)
    }

    pub(super) fn runs_file(&self, origin: Option<&str>) -> bool {
        // The user's file may run as a script and be imported as well.
        let imported = self.frames.iter().filter(|frame| !frame.is_function() && !frame.observed);
        origin.is_some_and(|origin| imported.into_iter().any(|frame| &*frame.file == origin))
    }

    /// Whether a name that is not found may be found on a part of the search path that is not known.
    pub(super) fn may_be_elsewhere(&self, name: &str) -> bool {
        self.world.is_elsewhere(name) || self.state.path_is_open && !name.contains('.')
    }

    /// `_find_spec`: asks each finder in turn, those that code put there by running them.
    pub(super) fn find_on_meta_path(&mut self, name: &str, locations: Option<&[String]>) -> Found {
        let objects = Arc::clone(&self.state.finders);
        if objects.iter().all(Option::is_none) && self.state.patches.is_empty() {
            let search = Arc::clone(&self.state.search);
            return Found::of(finders::find_spec(self.world, &search, name, locations));
        }
        let finders = self.state.search.meta_path.clone();
        for (finder, object) in finders.into_iter().zip(objects.iter()) {
            let object = object.as_ref().map(|object| object.value.clone());
            let found = match object.or_else(|| self.patched_finder(&finder)) {
                Some(object) if self.is_supposed(&object) => {
                    self.ask_supposed_finder(&object, name, locations)
                }
                Some(object) => self.ask_finder(&object, name, locations),
                None => {
                    let mut search = finders::SearchState::clone(&self.state.search);
                    search.meta_path = vec![finder];
                    Found::of(finders::find_spec(self.world, &search, name, locations))
                }
            };
            if !matches!(found, Found::Nothing) {
                return found;
            }
        }
        Found::Nothing
    }

    /// Runs a finder's `find_spec(name, path, target)`.
    pub(super) fn ask_finder(&mut self, finder: &Value, name: &str, locations: Option<&[String]>) -> Found {
        if !self.may_follow() {
            return Found::Unknown;
        }
        let region = self.region();
        let path = locations.map_or(Value::None, |locations| {
            self.state.heap.list(locations.iter().map(Value::str).collect(), region)
        });
        let method = match self.attribute_or_missing(finder, "find_spec") {
            Ok(Some(method)) => method,
            // `find_module` alone is not asked since 3.12.
            Ok(None) if self.version().at_least(12) => return Found::Nothing,
            _ => return Found::Unknown,
        };
        // A finder may note that it is asked, so as not to ask itself again.
        match self.call_own_method(&method, vec![Value::str(name), path, Value::None], Vec::new()) {
            Ok(Value::None) => Found::Nothing,
            Err(raised) => Found::Raised(raised),
            Ok(Value::Object(spec)) if self.state.heap.get(spec).class == MODULE_SPEC => Found::Object(spec),
            _ => Found::Unknown,
        }
    }

    /// A module that is there, but of which nothing is known.
    fn unfollowed(&mut self, name: &str) -> Value {
        self.unknown("an import that cannot be followed");
        let entry = Entry { value: Value::Unknown, put: None, certain: false, startup: false };
        self.state.put_module(name, entry);
        Value::Unknown
    }

    /// `_handle_fromlist` for one name: imports the submodule if the package has no such attribute.
    pub(super) fn handle_fromlist(&mut self, module: &Value, module_name: &str, name: &str) -> Raises<()> {
        let Some(id) = module.as_object() else { return Ok(()) };
        if self.has_attribute(module, "__path__") != Some(true) {
            return Ok(());
        }
        let from = self.text_attribute(id, "__name__").unwrap_or_else(|| module_name.into());
        let full = format!("{from}.{name}");
        match self.has_attribute(module, name) {
            Some(true) => return Ok(()),
            Some(false) => {}
            // It may have names that are not known: one that is a submodule's is taken to be that.
            None => {
                let is_bound = self.state.heap.slot(id, name).is_some();
                if is_bound || !self.is_submodule(module, &full) {
                    return Ok(());
                }
            }
        }
        match self.import_for_statement(&full) {
            Ok(_) => Ok(()),
            // Backwards-compatibility dictates that a missing submodule is not the error to report.
            Err(raised) if raised.name.as_deref() == Some(&full) && raised.traceback.is_empty() => Ok(()),
            Err(raised) => Err(raised),
        }
    }

    fn is_submodule(&mut self, package: &Value, name: &str) -> bool {
        match self.package_path(package) {
            PackagePath::Known(path) => {
                let search = Arc::clone(&self.state.search);
                finders::find_spec(self.world, &search, name, Some(&path)).spec.is_some()
            }
            PackagePath::None | PackagePath::Unknown => false,
        }
    }

    /// `import_from`: the attribute, or what stands in `sys.modules` under the full name.
    pub(super) fn import_from(&mut self, module: &Value, full: &str, name: &str) -> Raises<Value> {
        let Some(alternatives) = module.alternatives() else { return Ok(Value::Unknown) };
        if alternatives.len() != 1 {
            return Ok(Value::Unknown);
        }
        match self.attribute_or_missing(module, name)? {
            Some(value) => Ok(value),
            None => {
                if let Some(entry) = self.module_entry(full) {
                    return Ok(entry.value);
                }
                Err(self.cannot_import(module, full, name))
            }
        }
    }

    /// The `ImportError` of `import_from` (its text is that of 3.8 and newer).
    fn cannot_import(&mut self, module: &Value, full: &str, name: &str) -> Box<Raised> {
        let module_name = parent_of(full).unwrap_or(full);
        let (mut shown, mut file) = (module_name.to_owned(), None);
        if let Some(id) = module.as_object() {
            shown = self.text_attribute(id, "__name__").map_or(shown, |name| name.to_string());
            file = self.text_attribute(id, "__file__");
        }
        let place = file.as_deref().unwrap_or("unknown location");
        let message = if self.is_initializing(module) {
            format!(
                "cannot import name '{name}' from partially initialized module '{shown}' (most likely due to a \
                 circular import) ({place})"
            )
        } else {
            format!("cannot import name '{name}' from '{shown}' ({place})")
        };
        let mut raised = Raised::of("builtins.ImportError", message);
        raised.name = Some(shown.into());
        raised.subject = self.view(module, None);
        raised.search = Some(Arc::clone(&self.state.search));
        raised.evidence = raised.subject.as_ref().map(|view| view.evidence.clone()).unwrap_or_default();
        raised
    }

    /// `from module import *`.
    fn import_star(&mut self, module: &Value, module_name: &str) -> Raises<()> {
        let target = self.frame().map(|frame| frame.names);
        let (Some(source), Some(target)) = (module.as_object(), target) else {
            if let Some(target) = target {
                self.state.heap.get_mut(target).open = true;
            }
            return Ok(());
        };
        let listed = match self.state.heap.slot(source, "__all__").map(|slot| slot.value.clone()) {
            None => None,
            Some(all) => {
                let (items, complete) = self.elements(&all);
                if !complete {
                    self.state.heap.get_mut(target).open = true;
                }
                items
            }
        };
        if self.state.heap.get(source).open && listed.is_none() {
            self.state.heap.get_mut(target).open = true;
        }
        let is_listed = listed.is_some();
        let names: Vec<Name> = match listed {
            Some(items) => items.iter().filter_map(Value::as_str).map(Name::from).collect(),
            None => {
                let attributes = &self.state.heap.get(source).attributes;
                attributes.keys().filter(|name| !name.starts_with('_')).cloned().collect()
            }
        };
        for name in names {
            self.handle_fromlist(module, module_name, &name)?;
            match self.attribute_or_missing(module, &name)? {
                Some(value) => self.bind(&name, value),
                None if is_listed => {
                    let message = format!("module '{module_name}' has no attribute '{name}'");
                    let raised = Raised::of("builtins.AttributeError", message);
                    // A name that the module has made in a way that is not seen is likelier than a broken package.
                    if self.observes() || self.is_expected("AttributeError") {
                        return Err(raised);
                    }
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// What the finders answer.
pub(super) enum Found {
    /// A spec whose loader is importlib's.
    Spec(ModuleSpec),
    /// A spec that code made.
    Object(ObjectId),
    /// A finder raises.
    Raised(Box<Raised>),
    /// No finder has the module.
    Nothing,
    /// A finder's answer is not known.
    Unknown,
}

impl Found {
    fn of(resolution: finders::Resolution) -> Self {
        match resolution.spec {
            _ if resolution.uncertain.is_some() => Self::Unknown,
            Some(spec) => Self::Spec(spec),
            None => Self::Nothing,
        }
    }
}
