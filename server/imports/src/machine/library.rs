//! Libraries that are given the name of a module and look at its metadata: a call of the user's file that raises because of
//! what its code read (Flask's `get_root_path`, jinja2's `PackageLoader`). Their own source tells, no table does.

use std::sync::Arc;

use speclens_source::program::{Expression, ExpressionKind, Statement, StatementKind};
use speclens_source::{Name, Span};

use super::attributes::MODULE_METADATA;
use super::exception::Raises;
use super::modules::MODULE_SPEC;
use super::observe::ObservationKind;
use super::reads::SPEC_ATTRIBUTES;
use super::value::{ObjectId, Site, Value};
use super::view::{ModuleView, SpecState};
use super::{Frame, Machine};
use crate::finders;

/// A read in a library that sees something else than a plain module has.
pub(super) struct LibraryRead {
    /// The number of frames.
    depth: usize,
    module: ModuleView,
    attribute: Name,
    site: Site,
}

impl Machine<'_> {
    /// Calls a function for an expression of the user's file, and notes why it raises, if it is for such a read.
    pub(super) fn call_for_user(
        &mut self,
        span: Span,
        function: &Value,
        arguments: Vec<Value>,
        keywords: Vec<(Name, Value)>,
    ) -> Raises<Value> {
        let given = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
        let names_odd =
            given.cloned().collect::<Vec<_>>().iter().any(|argument| self.is_odd_module(argument));
        let outer = self.library_reads.replace(Vec::new());
        let followed = std::mem::replace(&mut self.follows_all, names_odd);
        let result = self.call(function, arguments, keywords);
        self.follows_all = followed;
        let reads = std::mem::replace(&mut self.library_reads, outer).unwrap_or_default();
        result.map_err(|mut raised| {
            let depth = self.frames.len() + raised.traceback.len();
            let read = reads.into_iter().rev().find(|read| read.depth == depth);
            if let Some(read) = read.filter(|_| raised.observations.is_empty()) {
                raised.observations.push(self.observations.len());
                let LibraryRead { module, attribute, site, .. } = read;
                let raised = (*raised).clone();
                self.observe(span, ObservationKind::LibraryCall { module, attribute, site, raised }, false);
            }
            raised
        })
    }

    /// Whether a call is given a module, or its name, whose metadata is not that of a plain module.
    fn is_odd_module(&mut self, argument: &Value) -> bool {
        let Value::Str(name) = argument else {
            return self.is_module_entry(argument) && self.view(argument, None).as_ref().is_some_and(is_odd);
        };
        let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !name.split('.').all(is_word) {
            return false;
        }
        if let Some(known) = self.view_of_name(name) {
            return is_odd(&known);
        }
        let search = Arc::clone(&self.state.search);
        let top_level = || finders::find_spec(self.world, &search, name, None).spec;
        !name.contains('.') && top_level().is_some_and(|spec| spec.is_namespace())
    }

    /// A read of a library's code, within a call of the user's file.
    pub(super) fn note_library_read(&mut self, object: &Value, attribute: &Name, result: &Raises<Value>) {
        if self.library_reads.is_none() || !matches!(result, Err(_) | Ok(Value::None | Value::Object(_))) {
            return;
        }
        let module = if MODULE_METADATA.contains(&attribute.as_str()) {
            self.view(object, None).filter(|_| self.is_module_entry(object))
        } else if SPEC_ATTRIBUTES.contains(&attribute.as_str()) {
            let spec = object.as_object().filter(|id| self.state.heap.get(*id).class == MODULE_SPEC);
            spec.and_then(|id| self.view_of_spec(id))
        } else {
            None
        };
        let (Some(module), Some(site)) = (module.filter(is_odd), self.site()) else { return };
        let read = LibraryRead { depth: self.frames.len(), module, attribute: attribute.clone(), site };
        self.library_reads.get_or_insert_default().push(read);
    }

    /// Whether the function that runs has seen something odd.
    pub(super) fn has_library_read(&self) -> bool {
        self.library_reads.iter().flatten().any(|read| read.depth == self.frames.len())
    }

    /// The functions that were entered since have returned, or what they raised is caught.
    pub(super) fn forget_library_reads(&mut self) {
        let depth = self.frames.len();
        if let Some(reads) = &mut self.library_reads {
            reads.retain(|read| read.depth <= depth);
        }
    }

    /// Django imports what the setting `INSTALLED_APPS` names when it is set up, and takes the place of each from its
    /// metadata (`AppConfig.create` in `django/apps/config.py`): its own code says what comes of it.
    pub(super) fn set_up_apps(&mut self, module: ObjectId, file: &Arc<str>, program: &[Statement]) {
        let apps: Vec<&Expression> = program.iter().filter_map(installed_apps).flatten().collect();
        if apps.is_empty() {
            return;
        }
        let state = self.state.clone();
        let chain = self.chain.take();
        self.frames.push(Frame { observed: true, ..Self::frame_of_module(module, file) });
        // Whenever that is.
        self.uncalled = true;
        let create = self.import_module("django.apps.config").ok().and_then(|module| {
            let class = self.attribute(&module, "AppConfig").ok()?;
            self.attribute(&class, "create").ok()
        });
        for app in apps {
            let ExpressionKind::String(name) = &app.kind else { continue };
            let Some(create) = create.clone() else { break };
            self.statement_limit = self.steps + super::MAX_STATEMENT_STEPS;
            drop(self.call_for_user(app.span, &create, vec![Value::str(&**name)], Vec::new()));
        }
        self.uncalled = false;
        self.frames.pop();
        self.chain = chain;
        self.state = state;
    }
}

fn is_odd(module: &ModuleView) -> bool {
    module.is_namespace || matches!(module.spec, SpecState::None | SpecState::Missing)
}

/// The elements of `INSTALLED_APPS = [...]`, or of what is added to it.
fn installed_apps(statement: &Statement) -> Option<impl Iterator<Item = &Expression>> {
    let (target, value) = match &statement.kind {
        StatementKind::Assign { targets, value } => (targets.first()?, value),
        StatementKind::AugmentedAssign(assign) => (&assign.target, &assign.value),
        _ => return None,
    };
    let is_setting = matches!(&target.kind, ExpressionKind::Name(name) if name == "INSTALLED_APPS");
    match &value.kind {
        ExpressionKind::List(items) | ExpressionKind::Tuple(items) if is_setting => Some(items.iter()),
        _ => None,
    }
}
