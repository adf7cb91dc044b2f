//! The effects of an import as a tree: which module brought which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use speclens_analysis::{Added, Certainty, Effects, Evidence, Module};
use speclens_environment::{PythonVersion, tables};
use speclens_source::Name;

use super::session::{Session, shown, slashed};

/// The modules of an import, each below the one whose code brought it.
pub struct Tree<'e> {
    modules: BTreeMap<&'e str, &'e Module>,
    parents: BTreeMap<&'e str, Option<&'e str>>,
}

/// A module that is drawn, and where it stands.
pub struct Node<'e> {
    pub module: &'e Module,
    /// For each level above whether more follows there, the outermost first; the last is its own.
    pub more: Vec<bool>,
}

impl Node<'_> {
    /// The lines that pass it on the left.
    pub fn above(&self) -> String {
        let above = self.more.split_last().map_or(&[][..], |(_, above)| above);
        above.iter().map(|more| if *more { "│  " } else { "   " }).collect()
    }

    /// Whether nothing follows beside it.
    pub fn is_last(&self) -> bool {
        self.more.last().is_none_or(|more| !more)
    }

    /// Whether the next node stands beside this one, with nothing below either, and came by the same lines.
    pub fn is_like(&self, next: &Node<'_>, after: Option<&Node<'_>>) -> bool {
        let lines = |node: &Node<'_>| -> Vec<(PathBuf, Option<u32>)> {
            node.module.evidence.iter().map(|it| (it.file.clone(), it.line)).collect()
        };
        let depth = self.more.len();
        self.module.is_odd()
            && next.module.is_odd()
            && next.more.len() == depth
            && after.is_none_or(|after| after.more.len() <= depth)
            && self.module.certainty == next.module.certainty
            && !self.module.evidence.is_empty()
            && lines(self) == lines(next)
    }
}

/// The nodes in runs that are alike.
pub fn runs<'n, 'e>(nodes: &'n [Node<'e>]) -> Vec<&'n [Node<'e>]> {
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 0..nodes.len() {
        let is_last = nodes.get(at + 1).is_none_or(|next| !nodes[at].is_like(next, nodes.get(at + 2)));
        if is_last {
            runs.push(&nodes[start..=at]);
            start = at + 1;
        }
    }
    runs
}

impl<'e> Tree<'e> {
    pub fn new(effects: &'e Effects) -> Self {
        let modules = effects.modules.iter().map(|module| (module.name.as_str(), module)).collect();
        let parents = effects.parents().into_iter();
        let parents = parents.map(|(name, parent)| (name.as_str(), parent.map(Name::as_str)));
        Self { modules, parents: parents.collect() }
    }

    /// The module that brought another.
    pub fn parent(&self, name: &str) -> Option<&'e str> {
        self.parents.get(name).copied().flatten()
    }

    /// These modules with all on the way to them.
    pub fn with_ways(&self, names: impl IntoIterator<Item = &'e str>) -> BTreeSet<&'e str> {
        let mut drawn = BTreeSet::new();
        for name in names {
            let mut at = self.modules.get_key_value(name).map(|(name, _)| *name);
            while let Some(name) = at.filter(|name| drawn.insert(*name)) {
                at = self.parent(name);
            }
        }
        drawn
    }

    /// The modules that are drawn, each before those that it brought, in the order of the lines that do it.
    pub fn nodes(&self, drawn: &BTreeSet<&'e str>) -> Vec<Node<'e>> {
        let mut below: BTreeMap<Option<&str>, Vec<&'e Module>> = BTreeMap::new();
        for name in drawn {
            if let Some(module) = self.modules.get(name) {
                below.entry(self.parent(name)).or_default().push(module);
            }
        }
        for modules in below.values_mut() {
            modules.sort_by_key(|module| {
                let first = module.evidence.first();
                (first.map(|first| (&first.file, first.line)), &module.name)
            });
        }
        let mut nodes = Vec::new();
        let mut waiting: Vec<Node<'e>> = Vec::new();
        push(&mut waiting, below.get(&None), &[]);
        while let Some(node) = waiting.pop() {
            push(&mut waiting, below.get(&Some(node.module.name.as_str())), &node.more);
            nodes.push(node);
        }
        nodes
    }
}

fn push<'e>(waiting: &mut Vec<Node<'e>>, modules: Option<&Vec<&'e Module>>, above: &[bool]) {
    for (after, module) in modules.into_iter().flatten().rev().enumerate() {
        let more = above.iter().copied().chain([after > 0]).collect();
        waiting.push(Node { module, more });
    }
}

/// What is worth telling of an import.
pub struct Notable<'e> {
    /// The odd modules.
    pub odd: Vec<&'e Module>,
    /// Those that the standard library always has; none where it was asked for itself.
    pub standard: Vec<&'e Module>,
}

impl<'e> Notable<'e> {
    pub fn of(effects: &'e Effects, version: PythonVersion) -> Self {
        let tables = tables(version);
        let is_standard = |name: &str| tables.is_stdlib(name.split('.').next().unwrap_or(name));
        let of_library = |module: &Module| is_standard(&module.name) && !is_standard(&effects.name);
        let odd = effects.modules.iter().filter(|module| module.is_odd());
        let (standard, odd) = odd.partition(|module| of_library(module));
        Self { odd, standard }
    }

    /// Those odd modules of which the model is so sure.
    pub fn odd(&self, certainty: Certainty) -> Vec<&'e Module> {
        self.odd.iter().copied().filter(|module| module.certainty == certainty).collect()
    }
}

/// The finders, hooks and the like, each with the place that it was put into.
pub fn additions(effects: &Effects) -> Vec<(&'static str, &Added)> {
    let lists = [
        ("sys.meta_path", effects.meta_path.as_slice()),
        ("sys.path_hooks", &effects.path_hooks),
        ("builtins.__import__", effects.import_function.as_slice()),
        ("sys.path", &effects.path),
    ];
    let all = lists.into_iter().flat_map(|(place, added)| added.iter().map(move |added| (place, added)));
    all.collect()
}

/// Paths as they are below `sys.path`: the same on every machine, and short.
pub struct Places<'s> {
    session: &'s Session,
    entries: Vec<&'s str>,
}

impl<'s> Places<'s> {
    pub fn new(session: &'s Session, sys_path: &'s [String]) -> Self {
        let mut entries: Vec<&str> = sys_path.iter().map(String::as_str).collect();
        // The longest that fits: site-packages is below the standard library.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.len()));
        Self { session, entries }
    }

    /// The file and line of a piece of evidence.
    pub fn short(&self, evidence: &Evidence) -> String {
        let below = self.entries.iter().find_map(|entry| evidence.file.strip_prefix(entry).ok());
        with_line(below.map_or_else(|| shown(&self.session.directory, &evidence.file), slashed), evidence)
    }

    /// The same in a form that can be opened.
    pub fn long(&self, evidence: &Evidence) -> String {
        with_line(self.session.shown(Path::new(&evidence.file)), evidence)
    }
}

fn with_line(file: String, evidence: &Evidence) -> String {
    match evidence.line {
        Some(line) => format!("{file}:{line}"),
        None => file,
    }
}
