//! The members of one directory.

use crate::system::PathKind;

/// What a member of a directory leads to, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device or the like, or a link that leads nowhere.
    Other,
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
}

impl Listing {
    pub(crate) fn new(raw: Vec<(String, Option<PathKind>)>) -> Self {
        let mut members: Vec<Member> = raw
            .into_iter()
            .map(|(name, kind)| Member {
                name,
                kind: match kind {
                    Some(PathKind::File) => MemberKind::File,
                    Some(PathKind::Directory) => MemberKind::Directory,
                    Some(PathKind::Other) | None => MemberKind::Other,
                },
            })
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Self { members }
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

    /// Whether `name` is a directory here.
    pub fn has_directory(&self, name: &str) -> bool {
        self.get(name) == Some(MemberKind::Directory)
    }

    /// All members, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }
}
