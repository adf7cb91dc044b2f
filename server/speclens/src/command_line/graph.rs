//! `speclens graph`: how an import comes to what is odd, as a graph to paste.

use std::fmt::Write;

use speclens_analysis::{Certainty, Effects};

use super::arguments::{self, GraphFormat};
use super::kept::Imports;
use super::session::Session;
use super::tree::{self, Notable, Places, Tree, additions, runs};
use super::{Failure, Verdict, names_modules};

/// So many modules that one line made are drawn.
const ALIKE: usize = 3;

/// A graph of plain text.
#[derive(Debug, Default)]
struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Node {
    /// What it is, and what is to be said of it.
    lines: Vec<String>,
    kind: Kind,
    is_possible: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The import, or an ordinary module.
    Ordinary,
    /// A module that is odd.
    Odd,
    /// A finder, a hook, an entry of `sys.path`.
    Added,
}

#[derive(Debug)]
struct Edge {
    from: usize,
    to: usize,
    /// The file and line.
    place: Option<String>,
}

pub fn run(session: &Session, arguments: &arguments::Graph) -> Result<Verdict, Failure> {
    names_modules(std::iter::once(&arguments.module).chain(&arguments.after))?;
    let imported = Imports::new(session).of(&arguments.module, &arguments.after)?;
    let notable = Notable::of(&imported.effects, imported.version());
    let places = Places::new(session, &imported.sys_path);
    let graph = graph(&imported.effects, &notable, &places, arguments.all);
    Session::print_plain(&match arguments.format {
        GraphFormat::Mermaid => graph.mermaid(),
        GraphFormat::Dot => graph.dot(),
    })?;
    Ok(Verdict::Clean)
}

fn graph(effects: &Effects, notable: &Notable<'_>, places: &Places<'_>, all: bool) -> Graph {
    let tree = Tree::new(effects);
    let added = additions(effects);
    let adders = added.iter().filter_map(|(_, added)| added.by.as_deref());
    let odd = notable.odd.iter().map(|module| module.name.as_str());
    let every = effects.modules.iter().filter(|_| all).map(|module| module.name.as_str());
    let drawn = tree.with_ways(odd.chain(every).chain(adders));

    let mut lines = vec![format!("import {}", effects.name)];
    if !effects.after.is_empty() {
        lines.push(format!("after {}", effects.after.join(", ")));
    }
    lines.extend(effects.error.as_ref().map(|(class, message)| format!("raises {class}: {message}")));
    let mut graph = Graph::default();
    let root = graph.node(lines, Kind::Ordinary, false);
    let mut numbers = std::collections::BTreeMap::new();
    let nodes = tree.nodes(&drawn);
    let runs = if all { nodes.chunks(1).collect() } else { runs(&nodes) };
    // A line that makes many modules is drawn with some of them.
    for (node, left_out) in runs.into_iter().flat_map(shortened) {
        let module = node.module;
        let kind = if module.is_odd() { Kind::Odd } else { Kind::Ordinary };
        let more = if left_out > 0 { format!("and {left_out} more by the same line") } else { String::new() };
        let lines = [module.name.to_string(), module.oddity(), more];
        let lines = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let number = graph.node(lines, kind, module.certainty == Certainty::Possible);
        let from = tree.parent(&module.name).and_then(|parent| numbers.get(parent).copied()).unwrap_or(root);
        let place = module.evidence.first().map(|first| places.short(first));
        graph.edges.push(Edge { from, to: number, place });
        numbers.insert(module.name.as_str(), number);
    }
    for (list, added) in added {
        let is_possible = added.certainty == Certainty::Possible;
        let number = graph.node(vec![added.what.clone(), format!("on {list}")], Kind::Added, is_possible);
        let from = added.by.as_deref().and_then(|by| numbers.get(by).copied()).unwrap_or(root);
        let place = added.evidence.first().map(|first| places.short(first));
        graph.edges.push(Edge { from, to: number, place });
    }
    graph
}

/// The first of a run of modules that are alike, and how many the last one stands for beside itself.
fn shortened<'n, 'e>(run: &'n [tree::Node<'e>]) -> Vec<(&'n tree::Node<'e>, usize)> {
    let shown = if run.len() > ALIKE + 1 { ALIKE } else { run.len() };
    let left_out = |at: usize| if at + 1 == shown { run.len() - shown } else { 0 };
    run.iter().take(shown).enumerate().map(|(at, node)| (node, left_out(at))).collect()
}

impl Graph {
    fn node(&mut self, lines: Vec<String>, kind: Kind, is_possible: bool) -> usize {
        self.nodes.push(Node { lines, kind, is_possible });
        self.nodes.len() - 1
    }

    fn mermaid(&self) -> String {
        let mut text = "graph LR\n".to_owned();
        for (number, node) in self.nodes.iter().enumerate() {
            let label = node.lines.iter().map(|line| mermaid_text(line)).collect::<Vec<_>>().join("<br/>");
            let (open, close, class) = match node.kind {
                Kind::Ordinary => ("[", "]", ""),
                Kind::Odd => ("[", "]", ":::odd"),
                Kind::Added => ("([", "])", ":::added"),
            };
            let _ = writeln!(text, "  n{number}{open}\"{label}\"{close}{class}");
        }
        for Edge { from, to, place } in &self.edges {
            let arrow = if self.nodes[*to].is_possible { "-.->" } else { "-->" };
            let label = place.as_ref().map(|place| format!("|\"{}\"|", mermaid_text(place)));
            let _ = writeln!(text, "  n{from} {arrow}{} n{to}", label.unwrap_or_default());
        }
        text.push_str("  classDef odd fill:#fde68a,stroke:#b45309,color:#1c1917\n");
        text.push_str("  classDef added fill:#bfdbfe,stroke:#1d4ed8,color:#1c1917\n");
        text
    }

    fn dot(&self) -> String {
        let mut text = "digraph imports {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
        for (number, node) in self.nodes.iter().enumerate() {
            let label = node.lines.iter().map(|line| dot_text(line)).collect::<Vec<_>>().join("\\n");
            let look = match node.kind {
                Kind::Ordinary => "",
                Kind::Odd => ", style=filled, fillcolor=\"#fde68a\"",
                Kind::Added => ", shape=ellipse, style=filled, fillcolor=\"#bfdbfe\"",
            };
            let _ = writeln!(text, "  n{number} [label=\"{label}\"{look}];");
        }
        for Edge { from, to, place } in &self.edges {
            let label = place.as_ref().map(|place| format!("label=\"{}\"", dot_text(place)));
            let style = self.nodes[*to].is_possible.then(|| "style=dashed".to_owned());
            let look: Vec<String> = label.into_iter().chain(style).collect();
            let look = if look.is_empty() { String::new() } else { format!(" [{}]", look.join(", ")) };
            let _ = writeln!(text, "  n{from} -> n{to}{look};");
        }
        text.push_str("}\n");
        text
    }
}

/// Text in a quoted label, where Mermaid takes entities, HTML and Markdown for what they are.
fn mermaid_text(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '*' | '|' => {
                let _ = write!(label, "#{};", u32::from(character));
            }
            // Markdown emphasis: `__init__` is a name.
            '_' => label.push_str("#95;"),
            control if control.is_control() => label.push(' '),
            other => label.push(other),
        }
    }
    label
}

/// Text in a quoted string of DOT.
fn dot_text(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => label.extend(['\\', character]),
            control if control.is_control() => label.push(' '),
            other => label.push(other),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Graph {
        let mut graph = Graph::default();
        let root = graph.node(vec!["import a".to_owned()], Kind::Ordinary, false);
        let odd = graph.node(vec!["a".to_owned(), "has a \"b\" & <c>\n\\".to_owned()], Kind::Odd, false);
        let finder = graph.node(vec!["a.F".to_owned()], Kind::Added, true);
        graph.edges.push(Edge { from: root, to: odd, place: None });
        graph.edges.push(Edge { from: odd, to: finder, place: Some("a/__init__.py:3".to_owned()) });
        graph
    }

    #[test]
    fn labels_are_escaped_for_mermaid() {
        let text = small().mermaid();
        assert!(text.starts_with("graph LR\n  n0[\"import a\"]\n"), "{text}");
        assert!(text.contains("n1[\"a<br/>has a #34;b#34; #38; #60;c#62; #92;\"]:::odd\n"), "{text}");
        assert!(text.contains("  n1 -.->|\"a/#95;#95;init#95;#95;.py:3\"| n2\n"), "{text}");
    }

    #[test]
    fn labels_are_escaped_for_dot() {
        let text = small().dot();
        assert!(text.contains(r#"n1 [label="a\nhas a \"b\" & <c> \\", style=filled"#), "{text}");
        assert!(text.contains(r#"n1 -> n2 [label="a/__init__.py:3", style=dashed];"#), "{text}");
        assert!(text.ends_with("}\n"), "{text}");
    }
}
