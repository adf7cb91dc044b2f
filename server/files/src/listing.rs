//! The members of one directory.

use std::ffi::OsString;

use crate::system::PathKind;

/// What a member of a directory leads to, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device or the like.
    Other,
    /// A symbolic link that leads nowhere, or in a circle.
    BrokenLink,
}

/// One member of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, as the file system spells it.
    pub name: String,
    /// What it leads to.
    pub kind: MemberKind,
}

/// The members of one directory, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    members: Vec<Member>,
    not_text: Vec<OsString>,
}

impl Listing {
    pub(crate) fn new(raw: Vec<(OsString, Option<PathKind>)>) -> Self {
        let mut listing = Self { members: Vec::with_capacity(raw.len()), not_text: Vec::new() };
        for (name, kind) in raw {
            let kind = match kind {
                Some(PathKind::File) => MemberKind::File,
                Some(PathKind::Directory) => MemberKind::Directory,
                Some(PathKind::Other) => MemberKind::Other,
                None => MemberKind::BrokenLink,
            };
            match name.into_string() {
                Ok(name) => listing.members.push(Member { name, kind }),
                Err(name) => listing.not_text.push(name),
            }
        }
        listing.members.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        listing.not_text.sort_unstable();
        listing
    }

    /// The member called `name`, in exactly this case.
    pub fn get(&self, name: &str) -> Option<MemberKind> {
        let at = self.members.binary_search_by(|member| member.name.as_str().cmp(name)).ok()?;
        Some(self.members[at].kind)
    }

    /// Whether `name` is a regular file here.
    pub fn has_file(&self, name: &str) -> bool {
        self.get(name) == Some(MemberKind::File)
    }

    /// The members called `stem`, alone or with something behind it.
    pub fn of_stem<'l>(&'l self, stem: &'l str) -> OfStem<'l> {
        let first = self.members.partition_point(|member| member.name.as_str() < stem);
        OfStem { members: &self.members[first..], stem }
    }

    /// Whether `name` is a directory here.
    pub fn has_directory(&self, name: &str) -> bool {
        self.get(name) == Some(MemberKind::Directory)
    }

    /// The names that are no text. No module can be called so.
    pub fn not_text(&self) -> impl Iterator<Item = &OsString> {
        self.not_text.iter()
    }

    /// All members whose names are text, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }
}

/// The members of a directory that have one stem, found at once for all suffixes.
#[derive(Debug, Clone, Copy)]
pub struct OfStem<'l> {
    /// From the first one on.
    members: &'l [Member],
    stem: &'l str,
}

impl OfStem<'_> {
    /// Whether the stem alone is a directory.
    pub fn is_directory(self) -> bool {
        let first = self.members.first();
        first.is_some_and(|member| member.kind == MemberKind::Directory && member.name == self.stem)
    }

    /// Whether the stem with `suffix` behind it is a regular file.
    pub fn has_file(self, suffix: &str) -> bool {
        let rests =
            self.members.iter().map_while(|member| Some((member.name.strip_prefix(self.stem)?, member)));
        // The first of them in most directories: `.` comes before what names are made of.
        let found = rests.map(|(rest, member)| (rest.cmp(suffix), member)).find(|(order, _)| order.is_ge());
        found.is_some_and(|(order, member)| order.is_eq() && member.kind == MemberKind::File)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_two_pieces_is_found_as_in_one() {
        let names = ["a", "a-b", "a.b.py", "a.py", "ab", "ab.py", "b.pyc", "\u{e9}.py"];
        let mut members = Vec::from(names.map(|name| (name.into(), Some(PathKind::File))));
        members.push(("b".into(), Some(PathKind::Directory)));
        let listing = Listing::new(members);
        let (stems, suffixes) =
            (["", "a", "ab", "a.", "b", "c", "\u{e9}"], ["", ".b", ".b.py", ".py", ".pyc", "b"]);
        for (stem, suffix) in stems.iter().flat_map(|stem| suffixes.map(|suffix| (stem, suffix))) {
            let whole = format!("{stem}{suffix}");
            assert_eq!(listing.of_stem(&whole).is_directory(), whole == "b");
            assert_eq!(listing.of_stem(stem).has_file(suffix), listing.has_file(&whole), "{whole}");
        }
    }
}
