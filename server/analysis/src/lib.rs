//! Reads become observations, rules turn observations into findings: as plain data, without a word of LSP, JSON or
//! terminals.

mod check;
mod comparison;
mod definition;
mod effects;
mod explain;
mod finding;
mod hints;
mod hover;
mod ignores;
mod observe;
mod resolver;
mod rules;
mod settings;
mod value;
mod verdicts;
mod walk;

pub use check::{FileReport, check_file, environment_report};
pub use comparison::{
    Comparison, Difference, Field, Tallies, Tally, Truth, TruthError, TruthModule, compare,
};
pub use definition::{Definition, definition};
pub use effects::{Added, Effects, Module, effects};
pub use explain::{
    Evidence, Explanation, Found, Imported, Kind, Portion, PutSpec, Replacement, explain, import_hooks,
    origin_words, owners, verdict_words,
};
pub use finding::{Certainty, Edit, Finding, Fix, Place, Related, Severity};
pub use hints::{Hint, hints};
pub use hover::{Hover, hover};
pub use observe::sources_read;
pub use resolver::{Missing, Resolved, Resolver};
pub use rules::{RULES, Rule, rule};
pub use settings::{
    Glob, LAUNCHES, LEVELS, Launch, Layers, Levels, SETTINGS, Setting, Settings, Shape, is_configuration,
    paths_in_settings, problems_of_editor, request, settings_at, settings_of,
};
pub use value::{Value, loader_value, repr, spec_values};
pub use walk::{TopLevel, all_modules, names_on, namespace_packages, top_levels};
