//! Everything on the path that could have been the module, with what became of it.

use speclens_files::{Member, MemberKind, PathKind};

use super::entry::{Hit, Search, join, join_all, tail};
use super::{Candidate, Directories, SearchState, Verdict, find_spec};
use crate::spec::Loader;

/// What an entry of the path has for a name.
enum Kind {
    /// A module or a regular package.
    Module,
    /// A directory that can only be a portion.
    Portion,
    /// What looks like it, and can be neither.
    Lost(Verdict),
}

/// All files and directories that stand for `name` in the search path, in search order: the winner, the portions, what
/// lost, and what only looks like it. Dearer than [`find_spec`], which stops at the winner.
pub fn candidates(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Vec<Candidate> {
    let spec = find_spec(directories, state, name, path).spec;
    let search = Search::new(directories, state);
    // The namespace packages of an editable install may have a loader of their own.
    let portions = spec.iter().filter(|spec| {
        spec.is_namespace() || (matches!(spec.loader, Some(Loader::Other(_))) && !spec.has_location)
    });
    let portions: Vec<&String> =
        portions.filter_map(|spec| spec.submodule_search_locations.as_ref()).flatten().collect();
    let winner = spec.as_ref().filter(|spec| spec.has_location).and_then(|spec| spec.origin.as_deref());
    let path = path.unwrap_or(&state.path);
    let all: Vec<Vec<(String, Kind)>> = path.iter().map(|entry| search.all_in(entry, name)).collect();
    let is_winner = |path: &str| winner == Some(path);
    let on_path = all.iter().flatten().any(|(path, _)| is_winner(path));
    // Another finder than the path's has answered: before all of these, or, where none of them could, after.
    let mut decided = !on_path && portions.is_empty();
    let by_other = winner.filter(|_| decided).map(|path| candidate((path.to_owned(), Verdict::Chosen)));
    let mut found: Vec<Candidate> = by_other.into_iter().collect();
    for members in all {
        let chosen_here = members.iter().any(|(path, _)| is_winner(path));
        for (path, kind) in members {
            let verdict = match kind {
                Kind::Lost(verdict) => verdict,
                _ if is_winner(&path) && !decided => Verdict::Chosen,
                _ if portions.contains(&&path) => Verdict::Portion,
                _ if chosen_here && !decided => Verdict::SameEntry,
                Kind::Portion if !decided => Verdict::PortionNotUsed,
                _ => Verdict::Later,
            };
            found.push(candidate((path, verdict)));
        }
        decided |= chosen_here;
    }
    found
}

fn candidate((path, verdict): (String, Verdict)) -> Candidate {
    Candidate { path: path.into(), verdict }
}

impl Search<'_> {
    /// The files and directories for `name` in one entry, in `FileFinder`'s order; then those that look like it.
    fn all_in(&self, entry: &str, name: &str) -> Vec<(String, Kind)> {
        let Some(listing) = self.directories.listing(entry) else {
            return self.all_in_archive(entry, name);
        };
        let tail = tail(name);
        let mut found = Vec::new();
        let mut portion = None;
        let called = listing.of_stem(tail);
        if called.is_directory() {
            let directory = join(entry, tail);
            found.extend(self.inits(&directory).map(|(init, _)| (init, Kind::Module)));
            portion = found.is_empty().then_some((directory, Kind::Portion));
        }
        let suffixes = self.suffixes.iter().filter(|(suffix, _)| called.has_file(suffix));
        found.extend(suffixes.map(|(suffix, _)| (join_all(entry, &[tail, suffix]), Kind::Module)));
        found.extend(portion);
        let alike = listing.iter().filter_map(|member| Some((member, self.likeness(member, tail)?)));
        found.extend(alike.map(|(member, why)| (join(entry, &member.name), Kind::Lost(why))));
        found
    }

    fn all_in_archive(&self, entry: &str, name: &str) -> Vec<(String, Kind)> {
        match self.look_in(entry, name) {
            Some(Hit::Module(spec)) => spec.origin.map(|path| (path, Kind::Module)).into_iter().collect(),
            Some(Hit::Portions(paths)) => paths.into_iter().map(|path| (path, Kind::Portion)).collect(),
            None => {
                let unreadable = match self.directories.kind(entry) {
                    Some(PathKind::File) => self.directories.archive(entry, self.version()).is_none(),
                    found => found.is_some(),
                };
                let lost = unreadable.then(|| (entry.to_owned(), Kind::Lost(Verdict::Unreadable)));
                lost.into_iter().collect()
            }
        }
    }

    /// Why `member`, which is called much like the module `tail`, cannot be it; `None` where it is not, or can.
    fn likeness(&self, member: &Member, tail: &str) -> Option<Verdict> {
        let name = member.name.as_str();
        let stands_for = |name: &str, tail: &str| {
            name.strip_prefix(tail).is_some_and(|rest| self.suffixes.iter().any(|(suffix, _)| rest == suffix))
        };
        let (is_directory, is_file) = (name == tail, stands_for(name, tail));
        if is_directory || is_file {
            return match member.kind {
                MemberKind::BrokenLink => Some(Verdict::BrokenLink),
                kind if is_directory => (kind != MemberKind::Directory).then_some(Verdict::NotADirectory),
                kind => (kind != MemberKind::File).then_some(Verdict::NotAFile),
            };
        }
        let rest = name.strip_prefix(tail).unwrap_or_default();
        // An extension of Linux, macOS or Windows, with the tag of another version or platform.
        let is_extension = rest.rsplit_once('.').is_some_and(|(_, suffix)| matches!(suffix, "so" | "pyd"));
        if is_extension && rest.starts_with('.') && rest.matches('.').count() <= 2 {
            return Some(Verdict::WrongTag);
        }
        let (name, tail) = (name.to_lowercase(), tail.to_lowercase());
        let can_be = match member.kind {
            MemberKind::Directory => name == tail,
            MemberKind::File => stands_for(&name, &tail),
            MemberKind::Other | MemberKind::BrokenLink => false,
        };
        can_be.then_some(Verdict::OtherCase)
    }
}
