//! Trees for the finders: what is on the disk, a search path, and names.

use std::path::Path;

use proptest::prelude::*;

use super::archive::archives;
use super::interpreter::Facts;
use super::plant::{Node, What};

/// A tree with a search path into it.
#[derive(Debug, Clone)]
pub struct Tree {
    /// What is on the disk; of two nodes at one place the first.
    pub nodes: Vec<Node>,
    /// `sys.path`: below the root, or `{lib}`, the standard library.
    pub path: Vec<String>,
    /// Names to ask for beside those that the tree suggests.
    pub names: Vec<String>,
}

/// Few, so that they meet; the letter of two cases, names of the standard library, names beyond ASCII, and none.
const STEMS: &[&str] = &["a", "b", "A", "pkg", "json", "sys", "ünï", "𝒳", "__init__", "", "a-b", "a.b"];
/// What makes a module, and what looks like it.
pub(super) const SUFFIXES: &[&str] = &[
    ".py",
    ".py",
    ".py",
    ".pyc",
    ".pyc",
    "",
    ".so",
    ".abi3.so",
    ".{tag}-x86_64-linux-gnu.so",
    ".cpython-34-x86_64-linux-gnu.so",
    ".{tag}-aarch64-linux-gnu.so",
    ".PY",
    ".pyi",
    ".pyo",
    ".pyw",
    ".pyd",
    ".zip",
];
const ROOTS: &[&str] = &["one", "one", "one", "two", "two", "three"];
const ARCHIVES: &[&str] = &["z.zip", "z.zip", "y.egg", "one/x.zip", "two/a", "three"];
/// What follows a path in an entry.
const TURNS: &[&str] =
    &["/", "//", "/.", "/pkg", "/a", "//pkg", "/pkg/", "/./pkg", "/pkg/..", "/../one", "/a.py"];

pub(super) fn stem() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(&STEMS[..4]),
        1 => prop::sample::select(STEMS),
    ]
    .prop_map(str::to_owned)
}

fn leaf() -> impl Strategy<Value = String> {
    let stem = prop_oneof![3 => stem(), 2 => Just("__init__".to_owned())];
    (stem, prop::sample::select(SUFFIXES)).prop_map(|(stem, suffix)| {
        let leaf = format!("{stem}{suffix}");
        if leaf.is_empty() { "a".to_owned() } else { leaf }
    })
}

fn what() -> impl Strategy<Value = What> {
    let targets = prop::sample::select(vec![
        "a",
        "b",
        "pkg",
        ".",
        "..",
        "a.py",
        "../one",
        "../two/pkg",
        "../two/a.py",
        "gone",
        "../z.zip",
        "{root}/two",
    ]);
    prop_oneof![
        10 => Just(What::File),
        4 => Just(What::Directory),
        3 => targets.prop_map(|target| What::Link(target.to_owned())),
        1 => Just(What::Unreadable),
        1 => Just(What::UnreadableDirectory),
        1 => Just(What::Socket),
        1 => Just(What::NotText),
    ]
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let place = (prop::sample::select(ROOTS), prop::collection::vec(stem(), 0..3), leaf()).prop_map(
        |(root, above, leaf)| {
            let above = above.into_iter().filter(|stem| !stem.is_empty());
            std::iter::once(root.to_owned()).chain(above).chain([leaf]).collect::<Vec<_>>().join("/")
        },
    );
    let node = (place, what()).prop_map(|(place, what)| Node { place, what });
    let archive = (prop::sample::select(ARCHIVES), archives())
        .prop_map(|(place, archive)| Node { place: place.to_owned(), what: What::Archive(archive) });
    let no_archive = Just(Node { place: "z.zip".to_owned(), what: What::Bytes(b"no archive".to_vec()) });
    let one = prop_oneof![12 => node, 4 => archive, 1 => no_archive];
    prop::collection::vec(one, 1..24)
}

/// Trees of all kinds.
pub fn trees() -> impl Strategy<Value = Tree> {
    let base = prop::sample::select(vec![
        "one",
        "one",
        "one",
        "one",
        "two",
        "two",
        "two",
        "three",
        "gone",
        "one/pkg",
        "one/a",
        "two/pkg",
        "z.zip",
        "z.zip",
        "y.egg",
        "one/x.zip",
        "two/a",
        ".",
        "one/a.py",
    ]);
    let turn = prop_oneof![3 => Just(""), 1 => prop::sample::select(TURNS)];
    let entry = prop_oneof![
        12 => (base, turn).prop_map(|(base, turn)| format!("{base}{turn}")),
        1 => Just("{lib}".to_owned()),
    ];
    let name =
        prop::collection::vec(prop_oneof![9 => stem(), 1 => leaf()], 1..4).prop_map(|parts| parts.join("."));
    (nodes(), prop::collection::vec(entry, 1..6), prop::collection::vec(name, 0..8))
        .prop_map(|(nodes, path, names)| Tree { nodes, path, names })
}

impl Tree {
    /// Writes it.
    pub fn plant(&self, root: &Path, facts: &Facts) {
        for node in &self.nodes {
            node.plant(root, facts);
        }
    }

    /// `sys.path` of it.
    pub fn search_path(&self, root: &Path, library: &Path) -> Vec<String> {
        let at = |entry: &String| match entry.as_str() {
            "{lib}" => library.display().to_string(),
            below => format!("{}/{below}", root.display()),
        };
        self.path.iter().map(at).collect()
    }

    /// The names that its places suggest, as seen from every directory above them, and its own.
    pub fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> = STEMS.iter().map(|&stem| stem.to_owned()).collect();
        names.extend(self.names.iter().cloned());
        for node in &self.nodes {
            suggest(&node.place, &mut names);
            if let What::Archive(archive) = &node.what {
                archive.members.iter().for_each(|member| suggest(&member.name, &mut names));
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

/// `one/pkg/a.py` -> `a`, `pkg`, `pkg.a`, `one`, `one.pkg`, `one.pkg.a`.
fn suggest(place: &str, names: &mut Vec<String>) {
    let parts: Vec<&str> = place.split('/').map(|part| part.split('.').next().unwrap_or(part)).collect();
    for first in 0..parts.len() {
        for last in first..parts.len() {
            names.push(parts[first..=last].join("."));
        }
    }
}
