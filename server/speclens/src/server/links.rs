//! What files of an environment and of its settings name: directories, modules and programs.

use std::path::{Path, PathBuf};

use speclens_analysis::{Place, Resolver, paths_in_settings};
use speclens_environment::Project;
use speclens_files::{Db, Entry};
use speclens_source::text;

/// A part of a file, and the file or directory that it names.
#[derive(Debug)]
pub(super) struct Link {
    pub place: Place,
    pub target: PathBuf,
}

/// The links of a `.pth` file, and of a file of settings.
pub(super) fn links(db: &dyn Db, project: Project, file: Entry) -> Vec<Link> {
    let path = file.path(db);
    if path.extension().is_some_and(|extension| extension == "pth") {
        return of_path_file(db, project, file);
    }
    let paths = paths_in_settings(db, file).into_iter();
    let there = paths.filter(|(_, target)| db.entry(target).kind(db).is_some());
    there.map(|(place, target)| Link { place, target }).collect()
}

/// Each line is a directory, relative to the file's, or is run where it starts with `import` (`site.addpackage`).
fn of_path_file(db: &dyn Db, project: Project, file: Entry) -> Vec<Link> {
    let path = file.path(db);
    let Ok((text, _)) = text(db, file) else { return Vec::new() };
    let (mut found, mut start) = (Vec::new(), 0);
    let mut resolver = None;
    for line in text.split_inclusive('\n') {
        let written = line.trim_end();
        let mut link = |at: usize, length: usize, target: PathBuf| {
            let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let place = Place { file: path.clone(), start: narrow(at), end: narrow(at + length) };
            found.push(Link { place, target });
        };
        if let Some(code) = written.strip_prefix("import").filter(|code| code.starts_with([' ', '\t'])) {
            let resolver = resolver.get_or_insert_with(|| Resolver::new(db, project));
            for name in modules(code) {
                if let Some(target) = file_of(resolver, name) {
                    link(start + (name.as_ptr() as usize - line.as_ptr() as usize), name.len(), target);
                }
            }
        } else if !written.is_empty() && !written.starts_with('#') {
            let target = path.parent().unwrap_or(Path::new("/")).join(written);
            if db.entry(&target).kind(db).is_some() {
                link(start, written.len(), target);
            }
        }
        start += line.len();
    }
    found
}

/// The modules that the statement names, which is all that is looked at: `a.b as c, d; e()`.
fn modules(code: &str) -> impl Iterator<Item = &str> {
    let statement = code.split([';', '#']).next().unwrap_or_default();
    statement.split(',').filter_map(|name| name.split_whitespace().next())
}

/// The file of a module, or the first directory of a namespace package.
fn file_of(resolver: &Resolver<'_>, name: &str) -> Option<PathBuf> {
    let spec = resolver.resolve(name).resolution.spec?;
    let origin = spec.origin.filter(|_| spec.has_location);
    let place = origin.or_else(|| spec.submodule_search_locations?.into_iter().next())?;
    Some(PathBuf::from(place)).filter(|place| place.is_absolute())
}
