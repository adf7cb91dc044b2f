//! Zip archives on the path: `zipimport.zipimporter`.

use std::collections::BTreeSet;
use std::io::Cursor;

use speclens_files::{Db, Entry};

use super::entry::{Hit, Search, join, tail};
use crate::spec::Loader;

/// The names in a zip archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archive {
    files: BTreeSet<String>,
    /// As the archive lists them, without the slash at the end.
    directories: BTreeSet<String>,
}

impl Archive {
    /// Reads the list of members; `None` where the bytes are no zip archive.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut found = Self::default();
        for name in archive.file_names() {
            match name.strip_suffix('/') {
                Some(directory) => found.directories.insert(directory.to_owned()),
                None => found.files.insert(name.to_owned()),
            };
        }
        Some(found)
    }

    /// Whether something is below `directory`, listed or not.
    fn holds(&self, directory: &str) -> bool {
        let below = format!("{directory}/");
        self.files.range(below.clone()..).next().is_some_and(|file| file.starts_with(&below))
    }
}

#[salsa::tracked(returns(ref))]
pub(super) fn read(db: &dyn Db, file: Entry) -> Option<Archive> {
    if file.is_file(db) { Archive::read(file.bytes(db).ok()?) } else { None }
}

/// `_zip_searchorder`: what follows the path of the module, and whether that is a package.
const ORDER: [(&str, bool, Loader); 4] = [
    ("/__init__.pyc", true, Loader::Sourceless),
    ("/__init__.py", true, Loader::Source),
    (".pyc", false, Loader::Sourceless),
    (".py", false, Loader::Source),
];

impl Search<'_> {
    /// `entry` is an archive, or a directory in one.
    pub(super) fn look_in_archive(&self, entry: &str, name: &str) -> Option<Hit> {
        // Only a file can be an archive, so the first one upwards decides.
        let (archive, file) = std::iter::successors(Some(entry.trim_end_matches('/')), |path| {
            path.rsplit_once('/').map(|(above, _)| above).filter(|above| !above.is_empty())
        })
        .take_while(|path| self.directories.listing(path).is_none())
        .find_map(|path| Some((self.directories.archive(path)?, path)))?;
        let below = entry[file.len()..].trim_matches('/');
        let member = join(below, tail(name));
        for (suffix, is_package, kind) in ORDER {
            let inside = format!("{member}{suffix}");
            if archive.files.contains(&inside) {
                let package = is_package.then(|| join(file, &member));
                let mut spec = self.suffixes.spec(name, join(file, &inside), &kind, package.as_deref());
                spec.loader = Some(Loader::Zip);
                return Some(Hit::Module(spec));
            }
        }
        // Directories that the archive does not list count since 3.14 (gh-59110).
        let listed = archive.directories.contains(&member);
        let portion = listed || (self.version().at_least(14) && archive.holds(&member));
        portion.then(|| Hit::Portions(vec![join(file, &member)]))
    }
}
