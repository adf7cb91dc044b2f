//! `speclens effects`: what importing modules does to the import state, as JSON lines or for people.

use serde_json::{Map, Value as Json, json};
use speclens_analysis::{Added, Certainty, Effects, Evidence, Module};

use super::arguments::{self, Format};
use super::kept::{Imported, Imports};
use super::session::{Session, slashed};
use super::text::{Page, bad, dim, good};
use super::tree::{Node, Notable, Places, Tree, additions, runs};
use super::{Failure, Verdict, names_modules};

pub fn run(session: &Session, arguments: &arguments::Effects) -> Result<Verdict, Failure> {
    names_modules(arguments.modules.iter().chain(&arguments.after))?;
    let imports = Imports::new(session);
    for (at, name) in arguments.modules.iter().enumerate() {
        let imported = imports.of(name, &arguments.after)?;
        match arguments.format.format {
            Format::Json => Session::print_plain(&format!("{}\n", json(&imported.effects)))?,
            Format::Text if at > 0 => session.print(&format!("\n{}", page(session, &imported)))?,
            Format::Text => session.print(&page(session, &imported))?,
        }
    }
    Ok(Verdict::Clean)
}

/// One line. Its shape is stable.
fn json(effects: &Effects) -> Json {
    let names = |added: &[Added]| added.iter().map(|added| added.what.clone()).collect::<Json>();
    let modules = effects.modules.iter().map(|module| {
        let entry = json!({
            "spec": module.spec_word(),
            "spec_name": module.spec_name.as_deref(),
            "loader": module.loader.as_deref(),
            "type": module.class,
            "certainty": module.certainty,
            "evidence": module.evidence.iter().map(evidence_json).collect::<Json>(),
        });
        (module.name.to_string(), entry)
    });
    json!({
        "name": effects.name,
        "error": effects.error.as_ref().map(|(class, message)| json!({"type": class, "message": message})),
        "meta_path_added": names(&effects.meta_path),
        "path_hooks_added": names(&effects.path_hooks),
        "import_replaced": effects.import_function.as_ref().map(|added| &added.what),
        "sys_path_added": names(&effects.path),
        "modules": modules.collect::<Map<_, _>>(),
        "unknowns": effects.unknowns.iter().map(evidence_json).collect::<Json>(),
    })
}

fn evidence_json(evidence: &Evidence) -> Json {
    json!({"file": slashed(&evidence.file), "line": evidence.line, "what": evidence.what})
}

fn page(session: &Session, imported: &Imported) -> String {
    let effects = &imported.effects;
    let places = Places::new(session, &imported.sys_path);
    let notable = Notable::of(effects, imported.version());
    let mut text = Text { page: Page::default(), effects, tree: Tree::new(effects), places };
    text.head(&notable);
    if session.verbose > 0 {
        let all = effects.modules.iter().collect();
        text.modules("All modules, and how they come in", all);
    } else {
        text.modules("Odd modules, and how they come in", notable.odd(Certainty::Certain));
    }
    text.additions(Certainty::Certain, "Finders, hooks and search path");
    if session.verbose == 0 {
        text.modules("Possibly odd, or possibly there", notable.odd(Certainty::Possible));
    }
    text.additions(Certainty::Possible, "Finders, hooks and search path, possibly");
    text.rest(&notable, session.verbose > 0);
    text.page.finish()
}

/// The page of one import.
struct Text<'t> {
    page: Page,
    effects: &'t Effects,
    tree: Tree<'t>,
    places: Places<'t>,
}

impl<'t> Text<'t> {
    fn head(&mut self, notable: &Notable<'_>) {
        let Effects { name, after, modules, .. } = self.effects;
        let after = if after.is_empty() { String::new() } else { format!(", after {},", after.join(", ")) };
        let of = |certainty| modules.iter().filter(move |module| module.certainty == certainty).count();
        let count = |certainty, more: &str| {
            let odd = match notable.odd(certainty).len() {
                0 => String::new(),
                some => format!(", {some} of them odd"),
            };
            match of(certainty) {
                0 => format!("no{more} module"),
                1 => format!("1{more} module{odd}"),
                many => format!("{many}{more} modules{odd}"),
            }
        };
        let mut text = format!("import {name}{after} adds {}", count(Certainty::Certain, ""));
        if of(Certainty::Possible) > 0 {
            text.extend(["; possibly ", &count(Certainty::Possible, " more")]);
        }
        self.page.heading(text);
        if let Some((class, message)) = &self.effects.error {
            let colon = if message.is_empty() { "" } else { ": " };
            self.page.line(format_args!("  It raises {}", bad(format_args!("{class}{colon}{message}"))));
        }
        let what = [
            ("sys.meta_path", "finders"),
            ("sys.path_hooks", "path hooks"),
            ("builtins.__import__", "__import__"),
            ("sys.path", "search path"),
        ];
        let all = additions(self.effects);
        let changed = what.into_iter().filter(|(place, _)| all.iter().any(|(added, _)| added == place));
        let changed: Vec<&str> = changed.map(|(_, words)| words).collect();
        if !changed.is_empty() {
            self.page.line(format_args!("  It changes the {}", changed.join(", the ")));
        }
    }

    /// These modules with the ways to them, as a tree.
    fn modules(&mut self, heading: &str, modules: Vec<&'t Module>) {
        if modules.is_empty() {
            return;
        }
        self.page.heading(heading);
        self.page.line(format_args!("  import {}", self.effects.name));
        let drawn = self.tree.with_ways(modules.into_iter().map(|module| module.name.as_str()));
        let nodes = self.tree.nodes(&drawn);
        let runs = runs(&nodes);
        for (at, run) in runs.iter().enumerate() {
            let next = runs.get(at + 1).and_then(|run| run.first());
            for node in *run {
                self.module(node);
            }
            if let Some(last) = run.last().filter(|last| last.module.is_odd()) {
                let has_below = next.is_some_and(|next| next.more.len() > last.more.len());
                self.evidence(last, run.len() - 1, has_below);
            }
        }
    }

    fn module(&mut self, node: &Node<'_>) {
        let module = node.module;
        let branch = dim(format_args!("{}{}", node.above(), if node.is_last() { "└─ " } else { "├─ " }));
        let doubt = if module.certainty == Certainty::Possible { dim(" (possible)") } else { String::new() };
        let note = if module.is_odd() {
            format!("  {}", bad(module.oddity()))
        } else {
            let first = module.evidence.first();
            first.map(|first| dim(format_args!("  {}", self.places.short(first)))).unwrap_or_default()
        };
        self.page.line(format_args!("  {branch}{}{doubt}{note}", module.name));
    }

    /// The lines that made a module what it is, and some before it.
    fn evidence(&mut self, node: &Node<'_>, others: usize, has_below: bool) {
        let below = if has_below { "│  " } else { "   " };
        let bars = dim(format_args!("{}{}{below}", node.above(), if node.is_last() { "   " } else { "│  " }));
        let others = match others {
            0 => String::new(),
            1 => ", and so for the one above".to_owned(),
            many => format!(", and so for the {many} above"),
        };
        for evidence in &node.module.evidence {
            let place = self.places.long(evidence);
            self.page
                .line(format_args!("  {bars}{place} {}", dim(format_args!("{}{others}", evidence.what))));
        }
    }

    fn additions(&mut self, certainty: Certainty, heading: &str) {
        let all = additions(self.effects).into_iter();
        let all: Vec<_> = all.filter(|(_, added)| added.certainty == certainty).collect();
        if all.is_empty() {
            return;
        }
        self.page.heading(heading);
        for (place, added) in all {
            self.page.line(format_args!("  {place}  {}", bad(&added.what)));
            for evidence in &added.evidence {
                self.page.line(format_args!("    {} {}", self.places.long(evidence), dim(&evidence.what)));
            }
            if let Some(way) = self.way(added) {
                self.page.line(format_args!("    {}", dim(format_args!("by way of {way}"))));
            }
        }
    }

    /// The modules from the import to the one whose code added something.
    fn way(&self, added: &Added) -> Option<String> {
        let mut way = vec![added.by.as_deref()?];
        while let Some(parent) = way.last().and_then(|last| self.tree.parent(last)) {
            way.push(parent);
        }
        way.reverse();
        Some(way.join(" → "))
    }

    fn rest(&mut self, notable: &Notable<'_>, all: bool) {
        if !all {
            self.counts(notable);
        }
        let unknowns = &self.effects.unknowns;
        if unknowns.is_empty() {
            return;
        }
        let places =
            if unknowns.len() == 1 { "1 place".to_owned() } else { format!("{} places", unknowns.len()) };
        self.page.heading(format_args!("Not known: what {places} may do"));
        let mut kinds: Vec<(&str, Vec<&Evidence>)> = Vec::new();
        for unknown in unknowns {
            match kinds.iter_mut().find(|(what, _)| *what == unknown.what) {
                Some((_, places)) => places.push(unknown),
                None => kinds.push((&unknown.what, vec![unknown])),
            }
        }
        kinds.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        for (what, places) in kinds {
            self.page.line(format_args!("  {} × {what}", places.len()));
            for place in places.iter().take(if all { usize::MAX } else { 3 }) {
                self.page.line(format_args!("    {}", dim(self.places.long(place))));
            }
        }
        if !all {
            self.page.line(dim("  -v lists all of them"));
        }
    }

    /// What is not worth a line of its own.
    fn counts(&mut self, notable: &Notable<'_>) {
        let ordinary = self.effects.modules.iter().filter(|module| !module.is_odd());
        let (certain, possible): (Vec<&Module>, Vec<&Module>) =
            ordinary.partition(|module| module.certainty == Certainty::Certain);
        if certain.is_empty() && possible.is_empty() && notable.standard.is_empty() {
            return;
        }
        self.page.heading("Ordinary modules");
        let library: Vec<&str> = notable.standard.iter().map(|module| module.name.as_str()).collect();
        self.page.line(format_args!("  {} {}", good(certain.len()), dim("certain (-v shows them)")));
        if !possible.is_empty() {
            self.page.line(format_args!("  {} {}", possible.len(), dim("possible")));
        }
        if !library.is_empty() {
            let note = dim("of the standard library, odd in every program:");
            self.page.line(format_args!("  {} {note} {}", library.len(), library.join(", ")));
        }
    }
}
