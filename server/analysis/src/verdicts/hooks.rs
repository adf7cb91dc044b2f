//! What the user's file does to the import system, or seems to do.

use speclens_environment::environment;
use speclens_imports::machine::{Hook, Observation};

use super::{Context, certainty, fixes};
use crate::finding::{Certainty, Finding, Severity};

/// The finding for a hook.
pub(super) fn hook(context: &Context<'_>, observation: &Observation, hook: &Hook) -> Finding {
    let certainty = certainty(observation, None);
    let finding = |rule, severity| context.finding(rule, severity, certainty, observation.span);
    match hook {
        Hook::ReplacesImport => {
            let mut finding = finding("import-replaced", Severity::Information);
            finding.message =
                "replaces `builtins.__import__`: what imports do from here on is up to this function"
                    .to_owned();
            finding.help.push(
                "a finder on `sys.meta_path` serves `importlib.import_module` and `find_spec` as well"
                    .to_owned(),
            );
            finding
        }
        Hook::BindsImport => {
            let mut finding = finding("import-not-replaced", Severity::Warning);
            finding.message =
                "`__import__` is only a name of this module: `import` statements call `builtins.__import__`"
                    .to_owned();
            finding.help.push("`builtins.__import__ = ...` replaces it".to_owned());
            finding.fixes.extend(fixes::name_builtins(context, observation));
            finding
        }
        Hook::FinderWithoutFindSpec { class, finds_module } => {
            let version = environment(context.db, context.project).interpreter.version;
            let is_asked = *finds_module && !version.at_least(12);
            let severity = if is_asked { Severity::Information } else { Severity::Warning };
            let mut finding = finding("finder-without-find-spec", severity);
            finding.message = match (finds_module, is_asked) {
                (true, true) => {
                    format!(
                        "`{class}` has `find_module` but no `find_spec`: Python 3.12 and newer do not ask it"
                    )
                }
                (true, false) => {
                    format!(
                        "`{class}` has `find_module` but no `find_spec`, so imports pass it by since Python 3.12"
                    )
                }
                (false, _) => format!("`{class}` has no `find_spec`, so imports pass it by"),
            };
            finding.help.push(
                "`find_spec(self, fullname, path, target=None)` returns a ModuleSpec or None".to_owned(),
            );
            finding
        }
        Hook::AsksItself => {
            let mut finding = finding("finder-asks-itself", Severity::Warning);
            finding.certainty = Certainty::Possible;
            finding.message =
                "`find_spec` of a finder asks `importlib.util.find_spec` for the same name: that looks into \
                               sys.modules first, and then asks this finder again"
                    .to_owned();
            finding.help.push(
                "ask the other finders of `sys.meta_path`, or `importlib.machinery.PathFinder.find_spec`"
                    .to_owned(),
            );
            finding
        }
    }
}
