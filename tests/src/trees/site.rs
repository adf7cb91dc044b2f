//! Trees for `site.addsitedir`: a directory with `.pth` files.

use std::path::Path;

use proptest::prelude::*;

use super::interpreter::Facts;
use super::plant::{Node, What};

/// How the text of a `.pth` file becomes bytes.
#[derive(Debug, Clone, Copy)]
pub enum Encoding {
    /// As it mostly is.
    Utf8,
    /// With a mark at its start.
    Utf8Mark,
    /// No UTF-8 where a letter is beyond ASCII.
    Latin1,
    /// No UTF-8 at all, with its mark.
    Utf16,
}

/// A `.pth` file.
#[derive(Debug, Clone)]
pub struct PathFile {
    /// Its name.
    pub name: String,
    /// Its lines, each with what ends it.
    pub lines: Vec<(String, &'static str)>,
    /// How it is written.
    pub encoding: Encoding,
}

/// A directory with `.pth` files, and what was on `sys.path` before.
#[derive(Debug, Clone)]
pub struct SiteTree {
    /// What the lines lead to, in `site`, the directory, and beside it.
    pub nodes: Vec<Node>,
    /// The files.
    pub files: Vec<PathFile>,
    /// `sys.path` before, below the root.
    pub path: Vec<String>,
}

/// Code that raises is an import or bad syntax, since what else raises the model does not know. What has effects ends in a
/// comment: the next line may follow on it.
const LINES: &[&str] = &[
    "a",
    "a",
    "b",
    "./a",
    "a/",
    "a//b",
    "../beside",
    "../site/a",
    "gone",
    ".",
    "..",
    "",
    "   ",
    "\t",
    " a",
    "a ",
    "a\u{a0}",
    "a\u{1c}",
    "a\u{1f}",
    "\u{3000}",
    "\u{1c}a",
    "a\u{b}b",
    "a\u{85}b",
    "a\u{2028}b",
    "# a",
    " # a",
    "#",
    "ünï",
    "𝒳",
    "a\0",
    "\0",
    "{root}/beside",
    "/{root}/beside",
    "//{root}/beside",
    "{root}//beside/./x/..",
    "z.zip",
    "link",
    "loop",
    "a/../../beside",
    "import",
    "import sys",
    "import\tsys",
    "import os, sys; sys.flags # a",
    "import nowhere_at_all",
    "import a",
    "import sys, nowhere_at_all",
    "import sys; import nowhere_at_all; import os",
    "import sys as",
    "import sys; x = = 1",
    "import sys\0",
    "import json.nowhere_at_all",
    "import os.path; os.path.join('a', 'b') #",
    " import sys",
    "importlib",
    "from sys import path",
];
const NAMES: &[&str] = &[
    "a.pth",
    "b.pth",
    "B.pth",
    "é.pth",
    ".hidden.pth",
    ".pth",
    "c.PTH",
    "c.pth.txt",
    "\u{ffff}.pth",
    "𝒳.pth",
];
const PLACES: &[&str] = &[
    "site/a",
    "site/b",
    "site/a/b",
    "beside",
    "site/ünï",
    "site/𝒳",
    "site/z.zip",
    "beside/x",
    "site/#",
    "site/link",
    "site/loop",
];

/// Directories with `.pth` files of all kinds.
pub fn site_trees() -> impl Strategy<Value = SiteTree> {
    let what = prop_oneof![
        8 => Just(What::Directory),
        3 => Just(What::File),
        1 => Just(What::Link("a".to_owned())),
        1 => Just(What::Link("loop".to_owned())),
        1 => Just(What::UnreadableDirectory),
    ];
    let node =
        (prop::sample::select(PLACES), what).prop_map(|(place, what)| Node { place: place.to_owned(), what });
    // A `.pth` file that is none.
    let odd = prop_oneof![
        Just(What::Directory),
        Just(What::Link("gone".to_owned())),
        Just(What::Link("a.pth".to_owned())),
        Just(What::NotText),
        Just(What::Unreadable),
    ];
    let odd = (prop::sample::select(NAMES), odd)
        .prop_map(|(name, what)| Node { place: format!("site/{name}"), what });
    let ends = prop::sample::select(vec![
        "\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\r\n", "\u{c}", "\u{85}", "",
    ]);
    let encoding = prop_oneof![
        12 => Just(Encoding::Utf8),
        3 => Just(Encoding::Utf8Mark),
        1 => Just(Encoding::Latin1),
        1 => Just(Encoding::Utf16),
    ];
    let line = prop_oneof![6 => prop::sample::select(LINES).prop_map(str::to_owned), 1 => "[ -~]{0,6}"];
    let lines = prop::collection::vec((line, ends), 0..8);
    let file = (prop::sample::select(NAMES), lines, encoding).prop_map(|(name, lines, encoding)| PathFile {
        name: name.to_owned(),
        lines,
        encoding,
    });
    let nodes = prop::collection::vec(prop_oneof![8 => node, 1 => odd], 0..14);
    let path = prop::collection::vec(prop::sample::select(vec!["site", "site/a", "beside", "gone"]), 0..3)
        .prop_map(|path| path.into_iter().map(str::to_owned).collect());
    (nodes, prop::collection::vec(file, 0..5), path).prop_map(|(nodes, files, path)| SiteTree {
        nodes,
        files,
        path,
    })
}

impl PathFile {
    fn bytes(&self, root: &Path) -> Vec<u8> {
        let text: String = self.lines.iter().flat_map(|(line, end)| [line.as_str(), end]).collect();
        let text = text.replace("{root}", &root.display().to_string());
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf8Mark => format!("\u{feff}{text}").into_bytes(),
            Encoding::Latin1 => text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect(),
            Encoding::Utf16 => {
                "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

impl SiteTree {
    /// Writes it.
    pub fn plant(&self, root: &Path, facts: &Facts) {
        drop(std::fs::create_dir_all(root.join("site")));
        for node in &self.nodes {
            node.plant(root, facts);
        }
        for file in &self.files {
            let what = What::Bytes(file.bytes(root));
            Node { place: format!("site/{}", file.name), what }.plant(root, facts);
        }
    }

    /// `sys.path` before.
    pub fn search_path(&self, root: &Path) -> Vec<String> {
        let mut path: Vec<String> =
            self.path.iter().map(|below| format!("{}/{below}", root.display())).collect();
        path.sort();
        path.dedup();
        path
    }
}
