//! Shrunk trees of the differences that were found, each now the same on both sides.

use super::archive::{Archive, Content, Member, Shape};
use super::plant::{Node, What};
use super::site::{Encoding, PathFile, SiteTree};
use super::tree::Tree;

fn file(place: &str) -> Node {
    Node { place: place.to_owned(), what: What::File }
}

fn link(place: &str, target: &str) -> Node {
    Node { place: place.to_owned(), what: What::Link(target.to_owned()) }
}

fn zip(shape: Shape, members: &[(&str, Content)]) -> Node {
    let member = |(name, content): &(&str, Content)| Member { name: (*name).to_owned(), content: *content };
    let members = members.iter().map(member).collect();
    Node { place: "z.zip".to_owned(), what: What::Archive(Archive { members, deflated: true, shape }) }
}

fn tree(nodes: Vec<Node>, path: &[&str], names: &[&str]) -> Tree {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Tree { nodes, path: owned(path), names: owned(names) }
}

/// For the finders.
pub fn known_trees() -> Vec<Tree> {
    use Content::{Empty, Fresh, OddFlags, OtherMagic, Short, Stale, Unchecked};
    let source = [("a.py", Empty)];
    let mut known = vec![
        // A slash behind an archive, one or two, with a directory of the archive behind it, and with a way out of it.
        tree(vec![zip(Shape::Plain, &source)], &["z.zip/", "z.zip//", "z.zip/."], &[]),
        tree(vec![zip(Shape::Plain, &[("pkg/a.py", Empty)])], &["z.zip//pkg"], &[]),
        tree(vec![zip(Shape::Plain, &[("pkg/a.py", Empty)])], &["z.zip/pkg//"], &[]),
        tree(
            vec![zip(Shape::Plain, &[("pkg/a.py", Empty), ("b.py", Empty)])],
            &["z.zip/pkg/..", "z.zip/./pkg"],
            &[],
        ),
        // The same path with a slash and without, of a file.
        tree(vec![file("one/a.py")], &["one/a.py/", "one/a.py", "one"], &[]),
        // Bytecode in an archive that cannot run: the next file is taken, or the origin is not known.
        tree(vec![zip(Shape::Plain, &[("a.pyc", Empty)])], &["z.zip"], &[]),
        tree(
            vec![zip(Shape::Plain, &[("pkg/__init__.pyc", Empty), ("pkg.py", Empty)])],
            &["z.zip"],
            &["pkg.a"],
        ),
        // A module called "" is in a file called `.py`.
        tree(vec![file("one/pkg/__init__.py"), file("one/pkg/.py")], &["one"], &["pkg.", ".", ""]),
        // What is before the archive, behind it, or wrong in it.
        tree(vec![zip(Shape::Before(10), &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::After(10), &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::After(65_600), &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::Comment, &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::Large, &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::Miscounted, &source)], &["z.zip"], &[]),
        tree(vec![zip(Shape::CodePage, &[("ünï.py", Empty)])], &["z.zip"], &["├╝n├»"]),
        // The first that is there upwards decides, and here it is a directory.
        tree(
            vec![zip(Shape::Plain, &source), link("one/b", "../z.zip")],
            &["one/b/gone", "one/gone/../b"],
            &[],
        ),
        tree(vec![file("one/a.py"), link("one/pkg", "pkg"), link("one/b.py", ".")], &["one"], &[]),
    ];
    for content in [Short, OtherMagic, Fresh, Stale, Unchecked, OddFlags] {
        known.push(tree(vec![zip(Shape::Plain, &[("a.pyc", content), ("a.py", Empty)])], &["z.zip"], &[]));
        known.push(tree(vec![zip(Shape::Plain, &[("pkg/__init__.pyc", content)])], &["z.zip"], &["pkg.a"]));
    }
    known
}

/// For `site.addsitedir`.
pub fn known_site_trees() -> Vec<SiteTree> {
    let tree = |nodes: &[&str], lines: &[&str]| {
        let directory = |place: &&str| Node { place: (*place).to_owned(), what: What::Directory };
        let lines = lines.iter().map(|line| ((*line).to_owned(), "\n")).collect();
        let files = vec![PathFile { name: "a.pth".to_owned(), lines, encoding: Encoding::Utf8 }];
        SiteTree { nodes: nodes.iter().map(directory).collect(), files, path: Vec::new() }
    };
    let mut not_text = tree(&["site/a", "site/b"], &["a"]);
    // The name is `b.pth` and a byte that is no text; it is no `.pth` file.
    not_text.nodes.push(Node { place: "site/b.pth".to_owned(), what: What::NotText });
    let mut hides = tree(&["site/b"], &["import a", "b"]);
    hides.nodes.push(file("site/a"));
    vec![
        // A line that raises ends the file.
        tree(&["site/a", "site/b"], &["a", "import nowhere_at_all", "b"]),
        tree(&["site/b"], &["import sys; import nowhere_at_all", "b"]),
        tree(&["site/b"], &["import json.nowhere_at_all", "b"]),
        tree(&["site/b"], &["import sys; x = = 1", "b"]),
        tree(&["site/b"], &["import sys\0", "b"]),
        hides,
        // A path with a NUL does so before 3.8.
        tree(&["site/b"], &["a\0", "b"]),
        tree(&["site/b"], &["a\0/../b"]),
        // Space to `str.rstrip` that is none to Unicode.
        tree(&["site/a"], &["a\u{1f}", "a\u{1c}"]),
        // Two slashes at the start stay, three do not.
        tree(&["beside"], &["/{root}/beside", "//{root}/beside"]),
        not_text,
    ]
}
