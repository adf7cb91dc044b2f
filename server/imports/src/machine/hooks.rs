//! What the user's own file does to the import system: hooks that it installs, and those that it only seems to.

use speclens_source::program::{Call, ExpressionKind};
use speclens_source::{Name, Span};

use super::Machine;
use super::observe::{Hook, ObservationKind};
use super::value::Value;

impl Machine<'_> {
    fn observe_hook(&mut self, hook: Hook) {
        if self.observes()
            && let Some(span) = self.site().map(|site| site.span)
        {
            self.observe(span, ObservationKind::Hook(hook), false);
        }
    }

    /// `builtins.__import__ = …`.
    pub(super) fn observe_import_replaced(&mut self) {
        self.observe_hook(Hook::ReplacesImport);
    }

    /// `__import__ = …` at the top of a module: a name of that module, which the import statement does not look at.
    pub(super) fn observe_binding(&mut self, name: &str) {
        if name == "__import__" && self.frame().is_some_and(|frame| frame.names == frame.module) {
            self.observe_hook(Hook::BindsImport);
        }
    }

    /// A finder is put on `sys.meta_path`.
    pub(super) fn observe_finder(&mut self, finder: &Value) {
        if !self.observes() || finder.as_object().is_none() {
            return;
        }
        if self.has_attribute(finder, "find_spec") == Some(false) {
            let class = match self.class_of(finder) {
                Value::Builtin("builtins.type") => finder.clone(),
                class => class,
            };
            let class = self.class_name(&class);
            let finds_module = self.has_attribute(finder, "find_module") == Some(true);
            self.observe_hook(Hook::FinderWithoutFindSpec { class, finds_module });
        }
    }

    /// `importlib.util.find_spec(fullname)` in a finder's own `find_spec(self, fullname, …)`.
    pub(super) fn observe_own_find_spec(&mut self, span: Span, function: &Value, call: &Call) {
        if !self.observes() || *function != Value::Builtin("importlib.util.find_spec") {
            return;
        }
        let Some(frame) = self.frame() else { return };
        let is_finder = frame.method.is_some()
            && frame.function.as_deref().is_some_and(|name| name.rsplit('.').next() == Some("find_spec"));
        let asked = call.arguments.first().map(|argument| &argument.kind);
        let Some(ExpressionKind::Name(asked)) = asked.filter(|_| is_finder) else { return };
        let names = frame.names;
        // The variables of the call stand in the order of its parameters: the receiver, then the name that is asked for.
        let parameter: Option<Name> = self.state.heap.get(names).attributes.keys().nth(1).cloned();
        if parameter.as_ref() == Some(asked) {
            self.observe(span, ObservationKind::Hook(Hook::AsksItself), false);
        }
    }
}
