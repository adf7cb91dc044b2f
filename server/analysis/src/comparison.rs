//! What an import does according to CPython, compared with the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::effects::{Added, Effects, Module, is_usual_loader};
use crate::finding::Certainty;

/// What CPython had after an import, in the form of `speclens effects`.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// The module that was imported.
    pub name: String,
    /// The exception that ended the import.
    pub error: Option<TruthError>,
    /// The classes of the finders that it put on `sys.meta_path`.
    pub meta_path_added: Vec<String>,
    /// The hooks that it put on `sys.path_hooks`.
    pub path_hooks_added: Vec<String>,
    /// What stands in the place of `builtins.__import__`.
    pub import_replaced: Option<String>,
    /// What it put on `sys.path`.
    pub sys_path_added: Vec<String>,
    /// What it added to `sys.modules`, or replaced there.
    pub modules: BTreeMap<String, TruthModule>,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TruthError {
    /// The name of its class.
    #[serde(rename = "type")]
    pub class: String,
    /// `str()` of it.
    pub message: String,
}

/// An entry of `sys.modules`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TruthModule {
    /// `spec`, `none` or `missing`.
    pub spec: String,
    /// `__spec__.name`.
    pub spec_name: Option<String>,
    /// The class of `__spec__.loader`.
    pub loader: Option<String>,
    /// `module`, or another class as `module.Class`.
    #[serde(rename = "type")]
    pub class: String,
}

impl TruthModule {
    /// Whether it is another thing than a reader of the code would expect under this name.
    fn is_odd(&self, name: &str) -> bool {
        self.spec != "spec"
            || self.spec_name.as_deref().is_some_and(|spec_name| spec_name != name)
            || self.class != "module"
            || !self.loader.as_deref().is_some_and(is_usual_loader)
    }
}

/// How often the model is right about one kind of thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many CPython has.
    pub actual: usize,
    /// How many of these the model has, at least as possible.
    pub reached: usize,
    /// How many the model calls certain.
    pub certain: usize,
    /// How many of these CPython has.
    pub right: usize,
    /// How many the model calls possible and CPython does not have.
    pub spare: usize,
}

impl Tally {
    /// The share of what CPython has that the model has too, if only as possible.
    pub fn recall(&self) -> f64 {
        share(self.reached, self.actual)
    }

    /// The share of what the model calls certain that CPython has.
    pub fn precision(&self) -> f64 {
        share(self.right, self.certain)
    }

    fn count(&mut self, is_actual: bool, claim: Option<Certainty>) {
        let certain = claim == Some(Certainty::Certain);
        self.actual += usize::from(is_actual);
        self.reached += usize::from(is_actual && claim.is_some());
        self.certain += usize::from(certain);
        self.right += usize::from(certain && is_actual);
        self.spare += usize::from(!is_actual && claim == Some(Certainty::Possible));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of modules")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.actual += other.actual;
        self.reached += other.reached;
        self.certain += other.certain;
        self.right += other.right;
        self.spare += other.spare;
    }
}

/// The tallies of all kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tallies {
    /// The entries of `sys.modules`.
    pub modules: Tally,
    /// Those of them that are odd, with what is odd about them.
    pub oddities: Tally,
    /// What is on `sys.meta_path` and `sys.path_hooks`, and in the place of `__import__`.
    pub finders: Tally,
    /// Those modules (they are counted above too) that only the code of extension modules brings.
    pub from_extensions: Tally,
}

impl AddAssign for Tallies {
    fn add_assign(&mut self, other: Self) {
        self.modules += other.modules;
        self.oddities += other.oddities;
        self.finders += other.finders;
        self.from_extensions += other.from_extensions;
    }
}

/// One thing that the model and CPython do not say alike. What is only possible and not there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// CPython has it, and the model not even as possible.
    Missed {
        /// `sys.modules`, `sys.meta_path`, …
        place: &'static str,
        /// What it is.
        what: String,
    },
    /// The model calls it certain, and CPython has it not.
    NotThere {
        /// `sys.modules`, `sys.meta_path`, …
        place: &'static str,
        /// What it is.
        what: String,
    },
    /// Both have the module, and it is not the same.
    Differs {
        /// The module.
        module: String,
        /// The fields that differ.
        fields: Vec<Field>,
        /// What the model had called it.
        certainty: Certainty,
    },
    /// The import ends in another way.
    Ends {
        /// CPython's exception.
        python: Option<String>,
        /// The model's.
        speclens: Option<String>,
    },
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in the row.
    pub name: &'static str,
    /// CPython's value.
    pub python: Option<String>,
    /// The model's.
    pub speclens: Option<String>,
}

impl Difference {
    /// What is told first.
    fn rank(&self) -> u8 {
        match self {
            Self::Ends { .. } => 0,
            Self::Missed { .. } => 1,
            Self::NotThere { .. } => 2,
            Self::Differs { .. } => 3,
        }
    }

    /// Whether the model says what is not so, and not only less than there is.
    pub fn is_wrong(&self) -> bool {
        match self {
            Self::Missed { .. } => false,
            Self::NotThere { .. } => true,
            Self::Differs { certainty, .. } => *certainty == Certainty::Certain,
            Self::Ends { speclens, .. } => speclens.is_some(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "None".to_owned());
        match self {
            Self::Missed { place, what } => write!(out, "{place} lacks {what}"),
            Self::NotThere { place, what } => write!(out, "{place} has no {what}, which was certain"),
            Self::Differs { module, fields, .. } => {
                let told = fields.iter().map(|field| {
                    format!("{} {} (not {})", field.name, or_none(&field.python), or_none(&field.speclens))
                });
                write!(out, "{module} has {}", told.collect::<Vec<_>>().join(", "))
            }
            Self::Ends { python: Some(python), speclens: None } => write!(out, "raises {python}"),
            Self::Ends { python: None, speclens: Some(speclens) } => {
                write!(out, "does not raise {speclens}")
            }
            Self::Ends { python, speclens } => {
                write!(out, "raises {} (not {})", or_none(python), or_none(speclens))
            }
        }
    }
}

/// The model beside CPython, for one import.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// How much is right.
    pub tallies: Tallies,
    /// What is not.
    pub differences: Vec<Difference>,
}

/// Compares what the model says of an import with what CPython did. `is_counted` is asked for the name of each module.
pub fn compare(effects: &Effects, truth: &Truth, is_counted: impl Fn(&str) -> bool) -> Comparison {
    let mut comparison = Comparison::default();
    let python = truth.error.as_ref().map(|error| (error.class.as_str(), error.message.as_str()));
    let speclens = effects.error.as_ref().map(|(class, message)| (class.as_str(), message.as_str()));
    if python != speclens {
        let words = |error: Option<(&str, &str)>| error.map(|(class, message)| format!("{class}: {message}"));
        let difference = Difference::Ends { python: words(python), speclens: words(speclens) };
        comparison.differences.push(difference);
    }
    let ours: BTreeMap<&str, &Module> =
        effects.modules.iter().map(|module| (module.name.as_str(), module)).collect();
    let names: BTreeSet<&str> =
        ours.keys().copied().chain(truth.modules.keys().map(String::as_str)).collect();
    for name in names.into_iter().filter(|name| is_counted(name)) {
        comparison.module(name, ours.get(name).copied(), truth);
    }
    let replaced: Vec<String> = truth.import_replaced.iter().cloned().collect();
    let mut finders = Tally::default();
    comparison.list("sys.meta_path", &effects.meta_path, &truth.meta_path_added, &mut finders);
    comparison.list("sys.path_hooks", &effects.path_hooks, &truth.path_hooks_added, &mut finders);
    comparison.list("__import__", effects.import_function.as_slice(), &replaced, &mut finders);
    comparison.tallies.finders = finders;
    comparison.list("sys.path", &effects.path, &truth.sys_path_added, &mut Tally::default());
    comparison.differences.sort_by_key(Difference::rank);
    comparison
}

impl Comparison {
    fn module(&mut self, name: &str, ours: Option<&Module>, truth: &Truth) {
        let actual = truth.modules.get(name);
        let claim = ours.map(|module| module.certainty);
        let tallies = &mut self.tallies;
        tallies.modules.count(actual.is_some(), claim);
        let parent = name.rsplit_once('.').and_then(|(parent, _)| truth.modules.get(parent));
        let in_extension = || parent.and_then(|it| it.loader.as_deref()) == Some("ExtensionFileLoader");
        if ours.map_or_else(in_extension, |module| module.from_extension) {
            tallies.from_extensions.count(actual.is_some(), claim);
        }
        let is_odd = actual.is_some_and(|actual| actual.is_odd(name));
        let fields = ours.zip(actual).map(|(ours, actual)| unlike(ours, actual)).unwrap_or_default();
        // An oddity is reached by who says what is odd.
        let is_same = ours.is_some() && actual.is_some() && fields.is_empty();
        let odd_claim = claim.filter(|_| ours.is_some_and(Module::is_odd));
        let oddities = &mut tallies.oddities;
        oddities.actual += usize::from(is_odd);
        oddities.reached += usize::from(is_odd && is_same);
        oddities.certain += usize::from(odd_claim == Some(Certainty::Certain));
        oddities.right += usize::from(odd_claim == Some(Certainty::Certain) && is_same);
        oddities.spare += usize::from(odd_claim == Some(Certainty::Possible) && !is_same);
        let (place, what) = ("sys.modules", name.to_owned());
        match (ours, actual) {
            (None, Some(_)) => self.differences.push(Difference::Missed { place, what }),
            (Some(ours), None) if is_certain(ours) => {
                self.differences.push(Difference::NotThere { place, what });
            }
            (Some(ours), Some(_)) if !fields.is_empty() && (is_certain(ours) || is_odd) => {
                let certainty = ours.certainty;
                self.differences.push(Difference::Differs { module: what, fields, certainty });
            }
            _ => {}
        }
    }

    /// What was added to a list, in any order.
    fn list(&mut self, place: &'static str, ours: &[Added], actual: &[String], tally: &mut Tally) {
        let mut left: Vec<&String> = actual.iter().collect();
        // A certain one takes the place of a possible one of the same name.
        let (certain, possible): (Vec<&Added>, Vec<&Added>) =
            ours.iter().partition(|added| added.certainty == Certainty::Certain);
        for added in certain.into_iter().chain(possible) {
            let found = left.iter().position(|what| **what == added.what);
            tally.count(found.is_some(), Some(added.certainty));
            match found {
                Some(at) => drop(left.remove(at)),
                None if added.certainty == Certainty::Certain => {
                    self.differences.push(Difference::NotThere { place, what: added.what.clone() });
                }
                None => {}
            }
        }
        for what in left {
            tally.count(true, None);
            self.differences.push(Difference::Missed { place, what: what.clone() });
        }
    }
}

fn is_certain(module: &Module) -> bool {
    module.certainty == Certainty::Certain
}

/// The fields in which the model's module is not CPython's.
fn unlike(ours: &Module, actual: &TruthModule) -> Vec<Field> {
    let text = |value: Option<&str>| value.map(str::to_owned);
    let mut fields = vec![
        ("spec", text(Some(&actual.spec)), text(Some(ours.spec_word()))),
        ("spec_name", actual.spec_name.clone(), text(ours.spec_name.as_deref())),
        ("type", text(Some(&actual.class)), text(Some(&ours.class))),
    ];
    // A loader that is not known is left out.
    if ours.loader.is_some() {
        fields.push(("loader", actual.loader.clone(), text(ours.loader.as_deref())));
    }
    fields
        .into_iter()
        .filter(|(_, python, speclens)| python != speclens)
        .map(|(name, python, speclens)| Field { name, python, speclens })
        .collect()
}
