//! Everything on the path that could have been the module, with what became of it.

use super::entry::{Hit, Search, join, tail};
use super::meta_path::candidate;
use super::{Candidate, Directories, SearchState, Verdict, find_spec};
use crate::spec::Loader;

/// All files and directories that stand for `name` in the search path, in search order: the winner, the portions, and
/// what lost. Dearer than [`find_spec`], which stops at the winner. Empty where nothing is found.
pub fn candidates(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Vec<Candidate> {
    let resolution = find_spec(directories, state, name, path);
    let Some(spec) = resolution.spec else { return Vec::new() };
    let search = Search::new(directories, state);
    // The namespace packages of an editable install may have a loader of their own.
    let is_own = matches!(spec.loader, Some(Loader::Other(_))) && !spec.has_location;
    let portions = if spec.is_namespace() || is_own {
        spec.submodule_search_locations.unwrap_or_default()
    } else {
        Vec::new()
    };
    let winner = spec.origin.filter(|_| spec.has_location);
    let all: Vec<(String, Vec<(String, bool)>)> =
        path.unwrap_or(&state.path).iter().map(|entry| (entry.clone(), search.all_in(entry, name))).collect();
    let is_winner = |path: &str| winner.as_deref() == Some(path);
    let on_path = all.iter().flat_map(|(_, found)| found).any(|(path, _)| is_winner(path));
    // Another finder than the path's has answered: before all of these, or, where none of them could, after.
    let mut decided = !on_path && portions.is_empty();
    let mut found: Vec<Candidate> = winner
        .clone()
        .filter(|_| decided)
        .map(|path| candidate((path, Verdict::Chosen)))
        .into_iter()
        .collect();
    for (_, members) in all {
        let chosen_here = members.iter().any(|(path, _)| is_winner(path));
        for (path, is_portion) in members {
            let verdict = if is_winner(&path) && !decided {
                Verdict::Chosen
            } else if portions.contains(&path) {
                Verdict::Portion
            } else if chosen_here && !decided {
                Verdict::SameEntry
            } else if is_portion && !decided {
                Verdict::PortionNotUsed
            } else {
                Verdict::Later
            };
            found.push(candidate((path, verdict)));
        }
        decided |= chosen_here;
    }
    found
}

impl Search<'_> {
    /// The files and directories for `name` in one entry, in `FileFinder`'s order; whether each is a mere portion.
    fn all_in(&self, entry: &str, name: &str) -> Vec<(String, bool)> {
        let Some(listing) = self.directories.listing(entry) else {
            return match self.look_in(entry, name) {
                Some(Hit::Module(spec)) => spec.origin.map(|path| (path, false)).into_iter().collect(),
                Some(Hit::Portions(paths)) => paths.into_iter().map(|path| (path, true)).collect(),
                None => Vec::new(),
            };
        };
        let tail = tail(name);
        let mut found = Vec::new();
        let mut portion = None;
        if listing.has_directory(tail) {
            let directory = join(entry, tail);
            let inside = self.directories.listing(&directory);
            let inits = self.suffixes.iter().map(|(suffix, _)| format!("__init__{suffix}"));
            let inits = inits.filter(|init| inside.is_some_and(|inside| inside.has_file(init)));
            found.extend(inits.map(|init| (join(&directory, &init), false)));
            portion = found.is_empty().then_some((directory, true));
        }
        let files = self.suffixes.iter().map(|(suffix, _)| format!("{tail}{suffix}"));
        found.extend(files.filter(|file| listing.has_file(file)).map(|file| (join(entry, &file), false)));
        found.extend(portion);
        found
    }
}
