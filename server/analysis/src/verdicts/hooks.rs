//! What the user's file does to the import system, or seems to do.

use speclens_environment::environment;
use speclens_imports::machine::{Hook, Observation};

use super::{Context, certainty, fixes};
use crate::finding::{Certainty, Finding, Severity};

/// The finding for a hook.
pub(super) fn hook(context: &Context<'_>, observation: &Observation, hook: &Hook) -> Finding {
    let (rule, severity, message, help) = match hook {
        Hook::ReplacesImport => (
            "import-replaced",
            Severity::Information,
            "replaces `builtins.__import__`: what imports do from here on is up to this function".to_owned(),
            "a finder on `sys.meta_path` serves `importlib.import_module` and `find_spec` as well",
        ),
        Hook::BindsImport => (
            "import-not-replaced",
            Severity::Warning,
            "`__import__` is only a name of this module: `import` statements call `builtins.__import__`".to_owned(),
            "`builtins.__import__ = ...` replaces it",
        ),
        Hook::FinderWithoutFindSpec { class, finds_module } => {
            let version = environment(context.db, context.project).interpreter.version;
            let is_asked = *finds_module && !version.at_least(12);
            (
                "finder-without-find-spec",
                if is_asked { Severity::Information } else { Severity::Warning },
                match (finds_module, is_asked) {
                    (true, true) => {
                        format!("`{class}` has `find_module` but no `find_spec`: Python 3.12 and newer do not ask it")
                    }
                    (true, false) => format!(
                        "`{class}` has `find_module` but no `find_spec`, so imports pass it by since Python 3.12"
                    ),
                    (false, _) => format!("`{class}` has no `find_spec`, so imports pass it by"),
                },
                "`find_spec(self, fullname, path, target=None)` returns a ModuleSpec or None",
            )
        }
        Hook::AsksItself => (
            "finder-asks-itself",
            Severity::Warning,
            "`find_spec` of a finder asks `importlib.util.find_spec` for the same name: that looks into sys.modules \
             first, and then asks this finder again"
                .to_owned(),
            "ask the other finders of `sys.meta_path`, or `importlib.machinery.PathFinder.find_spec`",
        ),
    };
    // Whether the finder is asked again is up to the code around.
    let certainty = match hook {
        Hook::AsksItself => Certainty::Possible,
        _ => certainty(observation, None),
    };
    let mut finding = context.finding(rule, severity, certainty, observation.span);
    finding.message = message;
    finding.help.push(help.to_owned());
    if *hook == Hook::BindsImport {
        finding.fixes.extend(fixes::name_builtins(context, observation));
    }
    finding
}
