//! `site.addsitedir` and the `.pth` files that it reads.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use speclens_files::{Db, ReadError};
use speclens_source::leading_imports;

use crate::disk::{Disk, normal};
use crate::hooks;
use crate::model::{Environment, MetaPathFinder, PathOrigin, Problem, SearchPathEntry};
use crate::request::Request;
use crate::site::{Site, is_standard};
use crate::tables::tables;

/// What each zip archive has near its end.
const ARCHIVE_END: &[u8] = b"PK\x05\x06";

/// So many paths of one file that are not there are told.
const MOST_MISSING: usize = 100;

/// What `site.addsitedir` leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteDirectory {
    /// `sys.path`.
    pub search_path: Vec<SearchPathEntry>,
    /// What is wrong in the `.pth` files.
    pub problems: Vec<Problem>,
}

/// `site.addsitedir(directory, set(sys.path))` in a process of `environment`, where `path` is `sys.path`.
pub fn add_site_directory(
    db: &dyn Db,
    environment: &Environment,
    path: &[SearchPathEntry],
    directory: &Path,
) -> SiteDirectory {
    let request = Request::default();
    let mut site = Site::new(Disk(db), &request, &environment.interpreter);
    site.meta_path.clone_from(&environment.meta_path);
    for entry in path {
        site.add(entry.path.clone(), entry.origin.clone());
    }
    site.add_site_directory(directory, PathOrigin::SitePackages);
    site.run_waiting();
    SiteDirectory { search_path: site.entries, problems: site.problems }
}

/// A line of a `.pth` file.
struct Place<'a> {
    directory: &'a Path,
    file: &'a Path,
    number: u32,
    /// `site` may come by twice.
    first_time: bool,
}

impl Site<'_> {
    /// `site.addsitedir`.
    pub(crate) fn add_site_directory(&mut self, directory: &Path, origin: PathOrigin) {
        let directory = &normal(directory);
        self.add(directory.clone(), origin);
        let Some(listing) = self.disk.listing(directory) else { return };
        // `PTH` is another suffix to `site`. A name that is no text is as good as any here.
        let texts = listing.iter().map(|member| OsStr::new(&member.name));
        let names = texts.chain(listing.not_text().map(OsString::as_os_str));
        let mut names: Vec<&OsStr> =
            names.filter(|name| name.as_encoded_bytes().ends_with(b".pth")).collect();
        names.sort_by_cached_key(|name| decoded(name));
        for name in names {
            if !self.is_hidden(name) {
                self.add_path_file(directory, &directory.join(name));
            }
        }
        if !self.has_start_files() {
            return;
        }
        let shown = |name: &str| name.strip_suffix(".start").is_some() && !name.starts_with('.');
        for member in listing.iter().filter(|member| shown(&member.name)) {
            let file = directory.join(&member.name);
            if self.seen_files.insert(file.clone()) {
                self.read_start_file(directory, &file);
            }
        }
    }

    /// PEP 829.
    fn has_start_files(&self) -> bool {
        self.interpreter.version.at_least(15)
    }

    /// Entry points, one a line. The file's mere presence silences the import lines of the `.pth` file of its name.
    fn read_start_file(&mut self, directory: &Path, file: &Path) {
        let Some(text) = self.disk.bytes(file).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return;
        };
        self.silence(&file.with_extension("pth"));
        for (line, text) in numbered(text.strip_prefix('\u{feff}').unwrap_or(&text), true) {
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                self.wait(directory, file, line, text);
            }
        }
    }

    /// gh-113659: since these releases a `.pth` file whose name starts with a dot is not read.
    fn is_hidden(&self, name: &OsStr) -> bool {
        let since = match self.interpreter.version.minor {
            ..=7 => return false,
            8 | 9 => 19,
            10 => 14,
            11 => 8,
            12 => 2,
            _ => 0,
        };
        // Where the micro version is unknown, a release of the last years is likelier.
        name.as_encoded_bytes().starts_with(b".")
            && self.interpreter.version.micro.is_none_or(|micro| micro >= since)
    }

    /// `site.addpackage`.
    fn add_path_file(&mut self, directory: &Path, file: &Path) {
        let first_time = self.seen_files.insert(file.to_path_buf());
        let Some(text) = self.text_of_path_file(file, first_time) else { return };
        let mut missing = HashSet::new();
        for (number, line) in numbered(&text, self.interpreter.version.at_least(13)) {
            let line = if self.has_start_files() { trimmed(line) } else { line };
            if line.starts_with('#') || trimmed(line).is_empty() {
                continue;
            }
            let place = Place { directory, file, number, first_time };
            let is_import = line.starts_with("import ") || line.starts_with("import\t");
            let failure = if is_import {
                self.run_import_line(&place, line)
            } else {
                self.add_path_line(&place, line, &mut missing)
            };
            let Some(why) = failure else { continue };
            let rest = if self.has_start_files() { "" } else { ", and site ignores the rest of the file" };
            if first_time {
                self.problem(
                    format!("this line fails at every start of Python{rest}: {why}"),
                    file,
                    Some(number),
                );
            }
            if !self.has_start_files() {
                break;
            }
        }
    }

    fn text_of_path_file(&mut self, file: &Path, first_time: bool) -> Option<String> {
        let message = match self.disk.read(file).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let marked = text.strip_prefix('\u{feff}').filter(|_| self.interpreter.version.at_least(13));
                return Some(marked.map_or_else(|| text.clone(), str::to_owned));
            }
            Ok(Err(_)) => {
                "this file is not valid UTF-8: site cannot read it, and Python does not start where the \
                           locale's encoding is UTF-8"
                    .to_owned()
            }
            // A directory or a broken link is passed over without a word.
            Err(ReadError::Missing | ReadError::NotAFile) => return None,
            Err(error) => format!("this file is left out: {error}"),
        };
        if first_time {
            self.problem(message, file, None);
        }
        None
    }

    /// A line that is executed; why that fails, where it does.
    fn run_import_line(&mut self, place: &Place<'_>, line: &str) -> Option<String> {
        let &Place { directory, file, number, first_time } = place;
        if let Some(why) = self.failure(line) {
            return Some(why);
        }
        if self.has_start_files() {
            // Here no directory is processed twice.
            if first_time {
                self.wait(directory, file, number, line);
            }
        } else if first_time {
            hooks::run_line(self, directory, file, number, line.trim_end());
        } else {
            hooks::run_line_again(self, file, line);
        }
        None
    }

    /// A line that names a path; why that fails, where it does. `missing` are those of the file that are not there.
    fn add_path_line(
        &mut self,
        place: &Place<'_>,
        line: &str,
        missing: &mut HashSet<PathBuf>,
    ) -> Option<String> {
        let path = joined(place.directory, line.trim_end_matches(is_space));
        // What `..` takes away does not matter.
        if path.as_os_str().as_encoded_bytes().contains(&0) && !self.interpreter.version.at_least(8) {
            return Some("a path with a NUL".to_owned());
        }
        if self.is_known(&path) || missing.contains(&path) {
            return None;
        }
        if self.disk.exists(&path) {
            self.add(path, PathOrigin::PthFile { file: place.file.to_path_buf(), line: place.number });
            return None;
        }
        if place.first_time && missing.len() < MOST_MISSING {
            let message = format!("{} does not exist, so site leaves it out of sys.path", shown(&path));
            self.problem(message, place.file, Some(place.number));
        }
        missing.insert(path);
        None
    }

    /// Why executing `line` raises, where that is sure.
    fn failure(&self, line: &str) -> Option<String> {
        if line.contains('\0') {
            return Some("it contains a NUL".to_owned());
        }
        let Some(imports) = leading_imports(line) else { return Some("invalid syntax".to_owned()) };
        let missing = imports.iter().find(|name| self.is_surely_missing(name))?;
        Some(format!("no module named '{missing}'"))
    }

    /// Whether no finder can have the module `name`. Below a package that is not of the standard library this is not sure.
    fn is_surely_missing(&self, name: &str) -> bool {
        let table = tables(self.interpreter.version);
        let first = name.split('.').next().unwrap_or(name);
        if is_standard(self.interpreter, first) {
            let (parent, _) = name.rsplit_once('.').unwrap_or_default();
            let known = table.is_package(name) || table.is_module(name) || table.is_extension(name);
            return table.is_package(parent) && !known && table.frozen(name).is_none();
        }
        let plain = |finder: &MetaPathFinder| {
            matches!(finder, MetaPathFinder::BuiltIn | MetaPathFinder::Frozen | MetaPathFinder::Path)
        };
        if self.interpreter.is_builtin(first)
            || table.frozen(first).is_some()
            || !self.meta_path.iter().all(plain)
        {
            return false;
        }
        let suffixes = self
            .interpreter
            .extension_suffixes
            .iter()
            .chain(&table.source_suffixes)
            .chain(&table.bytecode_suffixes);
        let files: Vec<String> = suffixes.map(|suffix| format!("{first}{suffix}")).collect();
        self.entries.iter().all(|entry| match self.disk.listing(&entry.path) {
            Some(listing) => {
                !listing.has_directory(first) && !files.iter().any(|file| listing.has_file(file))
            }
            // A directory that cannot be listed may have it.
            None => !self.disk.is_directory(&entry.path) && !self.may_be_archive(&entry.path),
        })
    }

    /// Files and directories on `sys.path` in which nothing can be found.
    pub(crate) fn check_entries(&mut self) {
        for entry in self.entries.clone() {
            let path = &entry.path;
            if self.disk.is_directory(path) && self.disk.listing(path).is_none() {
                let message = "this directory on sys.path cannot be listed: no module is found in it";
                self.problem(message.to_owned(), path, None);
            } else if self.disk.is_file(path) && !self.may_be_archive(path) {
                let message = "this file on sys.path is no zip archive: no module is found in it";
                self.problem(message.to_owned(), path, None);
            }
        }
    }

    /// Whether `path` is a file with the mark of a zip archive.
    fn may_be_archive(&self, path: &Path) -> bool {
        let bytes = self.disk.bytes(path).unwrap_or_default();
        bytes.windows(ARCHIVE_END.len()).any(|window| window == ARCHIVE_END)
    }

    fn problem(&mut self, message: String, file: &Path, line: Option<u32>) {
        self.problems.push(Problem { message, file: file.to_path_buf(), line });
    }
}

/// `os.path.abspath(os.path.join(directory, line))`. Two slashes at the start stay two.
fn joined(directory: &Path, line: &str) -> PathBuf {
    let path = normal(&directory.join(line));
    if line.starts_with("//") && !line.starts_with("///") {
        let mut doubled = OsString::from("/");
        doubled.push(path);
        return doubled.into();
    }
    path
}

/// A path without characters that no terminal should get.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    text.chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect() } else { vec![c] }).collect()
}

/// `str.isspace` of a character.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `os.fsdecode(name)` as code points, by which `sorted` compares: a byte that is no text is a lone surrogate.
fn decoded(name: &OsStr) -> Vec<u32> {
    let mut points = Vec::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        points.extend(chunk.valid().chars().map(u32::from));
        points.extend(chunk.invalid().iter().map(|&byte| 0xDC00 + u32::from(byte)));
    }
    points
}

/// The lines of a `.pth` file with their numbers: of a text file before 3.13, of `str.splitlines` since.
fn numbered(text: &str, modern: bool) -> impl Iterator<Item = (u32, &str)> {
    let ends = move |c: char| match c {
        '\n' | '\r' => true,
        '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => modern,
        _ => false,
    };
    // The pair first: split at both of its characters it would count as two ends.
    (1..).zip(text.split("\r\n").flat_map(move |part| part.split(ends)))
}
