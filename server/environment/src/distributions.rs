//! Installed distributions: `*.dist-info` and `*.egg-info` beside the packages, and which of them owns a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use speclens_files::{Db, Entry};

use crate::disk::{Disk, normal};
use crate::model::{Distribution, Environment, MetaPathFinder, PathOrigin, SearchPathEntry};

/// All distributions in the entries of `sys.path`, in its order.
pub(crate) fn installed(disk: Disk<'_>, entries: &[SearchPathEntry]) -> Vec<Distribution> {
    let mut found = Vec::new();
    for entry in entries {
        if matches!(entry.origin, PathOrigin::StandardLibraryZip | PathOrigin::DynamicLibraries) {
            continue;
        }
        let Some(listing) = disk.listing(&entry.path) else { continue };
        for member in listing.iter() {
            let Some((stem, kind)) = member.name.rsplit_once('.') else { continue };
            if matches!(kind, "dist-info" | "egg-info") {
                found.push(read(disk, &entry.path, &member.name, stem, kind));
            }
        }
    }
    found
}

/// The headers win over the name of the directory, which spells the name with underscores.
fn read(disk: Disk<'_>, location: &Path, member: &str, stem: &str, kind: &str) -> Distribution {
    let metadata = location.join(member);
    let file = match kind {
        "dist-info" => metadata.join("METADATA"),
        _ if disk.is_file(&metadata) => metadata.clone(),
        _ => metadata.join("PKG-INFO"),
    };
    let (name, version) = headers(disk.0, disk.0.entry(&file)).clone();
    let mut parts = stem.split('-');
    let by_name = parts.next().unwrap_or_default().to_owned();
    let by_version = parts.next().unwrap_or_default().to_owned();
    Distribution {
        name: name.unwrap_or(by_name),
        version: version.unwrap_or(by_version),
        metadata,
        location: location.to_path_buf(),
    }
}

/// `Name` and `Version` of a metadata file. Remembered by file, so that an installation reads no other's metadata.
#[salsa::tracked(returns(ref))]
fn headers(db: &dyn Db, file: Entry) -> (Option<String>, Option<String>) {
    let text = String::from_utf8_lossy(&file.bytes(db).unwrap_or_default()).into_owned();
    let get = |header: &str| {
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        lines.find_map(|line| line.strip_prefix(header)).map(|value| value.trim().to_owned())
    };
    (get("Name:"), get("Version:"))
}

/// The distribution that installed `path`, a file or a directory: the first of [`owners_of`].
pub fn owner_of<'e>(db: &dyn Db, environment: &'e Environment, path: &Path) -> Option<&'e Distribution> {
    recorded(db, environment, path)
        .next()
        .or_else(|| recorded(db, environment, &makes_importable(environment, path)?).next())
}

/// The distributions that installed `path`, or something in it: by their `RECORD` (or `installed-files.txt`, or
/// `top_level.txt`), or by the `.pth` file or editable finder that makes `path` importable. A directory of a namespace
/// package may have several.
pub fn owners_of<'e>(db: &dyn Db, environment: &'e Environment, path: &Path) -> Vec<&'e Distribution> {
    let owners: Vec<_> = recorded(db, environment, path).collect();
    if !owners.is_empty() {
        return owners;
    }
    makes_importable(environment, path)
        .map(|file| recorded(db, environment, &file).collect())
        .unwrap_or_default()
}

/// The file of an editable install that leads to `path`.
fn makes_importable(environment: &Environment, path: &Path) -> Option<PathBuf> {
    let leads = |target: &Path| path.starts_with(target) || path == target.with_extension("py");
    let by_finder = environment.meta_path.iter().find_map(|finder| {
        let modules = finder.editable_modules();
        let known = modules.iter().find(|module| module.path.is_some_and(leads));
        known.map(|module| module.file.to_path_buf()).or_else(|| match finder {
            MetaPathFinder::SetuptoolsEditable { file, namespaces, .. } => {
                let mut portions = namespaces.iter().flat_map(|(_, portions)| portions);
                portions.any(|portion| leads(portion)).then(|| file.clone())
            }
            _ => None,
        })
    });
    by_finder.or_else(|| {
        environment.search_path.iter().find_map(|entry| match &entry.origin {
            PathOrigin::PthFile { file, .. } if path.starts_with(&entry.path) => Some(file.clone()),
            _ => None,
        })
    })
}

fn recorded<'e>(
    db: &dyn Db,
    environment: &'e Environment,
    path: &Path,
) -> impl Iterator<Item = &'e Distribution> {
    environment.distributions.iter().filter(move |distribution| {
        let Ok(below) = path.strip_prefix(&distribution.location) else { return false };
        let top = below.components().next().and_then(|first| first.as_os_str().to_str());
        top.is_some_and(|top| {
            let owned = owned_files(db, db.entry(&distribution.metadata));
            owned.files.get(top).is_some_and(|files| {
                files.is_empty() || files.iter().any(|file| file == path || file.starts_with(path))
            })
        })
    })
}

/// The files of a distribution by their top-level name; no files under a name mean that all below it is owned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Owned {
    files: HashMap<String, Vec<PathBuf>>,
}

#[salsa::tracked(returns(ref))]
fn owned_files(db: &dyn Db, metadata: Entry) -> Owned {
    let disk = Disk(db);
    let directory = metadata.path(db);
    let Some(location) = directory.parent() else { return Owned::default() };
    let mut owned = Owned::default();
    let mut add = |path: PathBuf| {
        let top = path.strip_prefix(location).ok().and_then(|below| below.components().next());
        if let Some(top) = top.and_then(|top| top.as_os_str().to_str()) {
            owned.files.entry(top.to_owned()).or_default().push(path);
        }
    };
    if let Some(record) = disk.read_large(&directory.join("RECORD")) {
        let text = String::from_utf8_lossy(&record);
        text.lines().filter_map(first_field).for_each(|file| add(normal(&location.join(file))));
    } else if let Some(text) = disk.text(&directory.join("installed-files.txt")) {
        text.lines().filter(|line| !line.is_empty()).for_each(|file| add(normal(&directory.join(file))));
    } else if let Some(text) = disk.text(&directory.join("top_level.txt")) {
        for name in text.lines().map(str::trim).filter(|name| !name.is_empty()) {
            owned.files.insert(name.to_owned(), Vec::new());
            owned.files.insert(format!("{name}.py"), Vec::new());
        }
    }
    owned
}

/// The first field of a line of CSV.
fn first_field(line: &str) -> Option<String> {
    match line.strip_prefix('"') {
        Some(quoted) => {
            let end = quoted.rfind("\",")?;
            Some(quoted[..end].replace("\"\"", "\""))
        }
        None => line.split(',').next().filter(|field| !field.is_empty()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_of_a_record_line() {
        assert_eq!(first_field("a/b.py,sha256=x,12").as_deref(), Some("a/b.py"));
        assert_eq!(first_field("\"a/b,c.py\",sha256=x,12").as_deref(), Some("a/b,c.py"));
        assert_eq!(first_field(""), None);
    }
}
