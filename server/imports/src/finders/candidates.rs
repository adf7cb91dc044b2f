//! Everything on the path that could have been the module, with what became of it.

use super::entry::{Hit, Search, join, tail};
use super::meta_path::candidate;
use super::{Candidate, Directories, SearchState, Verdict, find_spec};

/// All files and directories that stand for `name` in the search path, in search order: the winner, the portions, and
/// what lost. Dearer than [`find_spec`], which stops at the winner.
pub fn candidates(
    directories: &dyn Directories,
    state: &SearchState,
    name: &str,
    path: Option<&[String]>,
) -> Vec<Candidate> {
    let resolution = find_spec(directories, state, name, path);
    let search = Search::new(directories, state);
    let mut found = resolution.candidates;
    let chosen = resolution.spec.is_some();
    let is_namespace = resolution.spec.is_some_and(|spec| spec.is_namespace());
    for entry in path.unwrap_or(&state.path) {
        for (path, is_portion) in search.all_in(entry, name) {
            if found.iter().any(|known| known.path.to_str() == Some(&path)) {
                continue;
            }
            let same_entry = found.iter().any(|known| {
                known.verdict == Verdict::Chosen
                    && search.entry_of(&known.path.to_string_lossy()) == Some(entry.trim_end_matches('/'))
            });
            let verdict = match (is_portion, same_entry) {
                _ if !chosen => continue,
                (_, true) => Verdict::SameEntry,
                (true, false) if !is_namespace => Verdict::PortionNotUsed,
                _ => Verdict::Later,
            };
            found.push(candidate((path, verdict)));
        }
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

    /// The path entry that a module's file was found in.
    fn entry_of<'p>(&self, file: &'p str) -> Option<&'p str> {
        let (directory, name) = file.rsplit_once('/')?;
        let is_init = self.suffixes.iter().any(|(suffix, _)| name.strip_prefix("__init__") == Some(suffix));
        if is_init { directory.rsplit_once('/').map(|(entry, _)| entry) } else { Some(directory) }
    }
}
