//! `sys.path` and `sys.meta_path` after `site` has run: a static account of `Lib/site.py`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, normal};
use crate::hooks;
use crate::interpreter::Located;
use crate::layout::{self, SitePackages};
use crate::model::{Interpreter, MetaPathFinder, PathOrigin, Problem, SearchPathEntry, StartupHook};
use crate::request::Request;
use crate::{BUILT_IN_LIBRARY, tables};

/// The state that `site` builds.
pub(crate) struct Site<'a> {
    pub(crate) disk: Disk<'a>,
    pub(crate) request: &'a Request,
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) entries: Vec<SearchPathEntry>,
    pub(crate) meta_path: Vec<MetaPathFinder>,
    pub(crate) hooks: Vec<StartupHook>,
    pub(crate) customizations: Vec<String>,
    pub(crate) problems: Vec<Problem>,
    /// `sys.flags.isolated`.
    isolated: bool,
    known: HashSet<PathBuf>,
    /// `.pth` files whose import lines were run: `site` may come by twice, but an installed finder stays one.
    seen_files: HashSet<PathBuf>,
    /// 3.15 (PEP 829): code runs only when the whole path is built.
    waiting: Vec<Waiting>,
}

/// A line that is run at the end.
struct Waiting {
    directory: PathBuf,
    file: PathBuf,
    line: u32,
    text: String,
}

/// Runs `site` on paper.
pub(crate) fn run<'a>(disk: Disk<'a>, root: &Path, request: &'a Request, located: &'a Located) -> Site<'a> {
    let mut site = Site {
        disk,
        request,
        interpreter: &located.interpreter,
        entries: Vec::new(),
        meta_path: vec![MetaPathFinder::BuiltIn, MetaPathFinder::Frozen, MetaPathFinder::Path],
        hooks: Vec::new(),
        customizations: Vec::new(),
        problems: Vec::new(),
        isolated: request.isolated || located.path_file.is_some(),
        known: HashSet::new(),
        seen_files: HashSet::new(),
        waiting: Vec::new(),
    };
    if let Some(path_file) = &located.path_file {
        for (line, path) in &path_file.paths {
            let (file, line) = (path_file.file.clone(), *line);
            site.add(path.clone(), PathOrigin::PthFile { file, line });
        }
        if !path_file.imports_site {
            return site;
        }
    } else {
        site.before_site(root);
    }
    site.site_directories(located);
    site.run_waiting();
    hooks::run_customization(&mut site, "sitecustomize");
    if site.user_site_is_enabled() && system_site_packages(located) {
        hooks::run_customization(&mut site, "usercustomize");
    }
    site
}

impl Site<'_> {
    /// What `getpath` puts on the path; `site.removeduppaths` makes it absolute and drops doubles, not missing ones.
    fn before_site(&mut self, root: &Path) {
        let mut first = self.request.extra_paths.clone();
        if !self.request.isolated
            && let Some(path) = self.request.variables.get("PYTHONPATH")
        {
            first.extend(std::env::split_paths(path));
        }
        for path in first {
            self.add(normal(&root.join(path)), PathOrigin::PythonPath);
        }
        let Some(library) = &self.interpreter.standard_library else {
            self.add(PathBuf::from(BUILT_IN_LIBRARY), PathOrigin::StandardLibrary);
            return;
        };
        for (path, origin) in layout::module_search_paths(self.disk, self.interpreter, library) {
            self.add(path, origin);
        }
    }

    /// `site.main`: the virtual environment's directories, the user's, the installation's.
    fn site_directories(&mut self, located: &Located) {
        let Interpreter { prefix, base_prefix, .. } = self.interpreter;
        let layout = SitePackages::of(self.disk, self.interpreter);
        let configuration = located.configuration.as_ref();
        if configuration.is_some() {
            self.add_site_packages(&layout, prefix);
        }
        let system_too = system_site_packages(located);
        if system_too {
            self.add_user_site();
        }
        // For a virtual environment its own come again, and change nothing.
        self.add_site_packages(&layout, prefix);
        if system_too && base_prefix != prefix {
            self.add_site_packages(&layout, base_prefix);
        }
    }

    /// `site.check_enableusersite`.
    fn user_site_is_enabled(&self) -> bool {
        !self.isolated && self.request.variables.get("PYTHONNOUSERSITE").is_none()
    }

    fn add_user_site(&mut self) {
        if !self.user_site_is_enabled() {
            return;
        }
        if let Some(directory) = layout::user_site(self.interpreter, &self.request.variables)
            && self.disk.is_directory(&directory)
        {
            self.add_site_directory(&directory, PathOrigin::UserSite);
        }
    }

    fn add_site_packages(&mut self, layout: &SitePackages<'_>, prefix: &Path) {
        for directory in layout.directories(prefix) {
            if self.disk.is_directory(&directory) {
                self.add_site_directory(&directory, PathOrigin::SitePackages);
            }
        }
    }

    /// `site.addsitedir`.
    fn add_site_directory(&mut self, directory: &Path, origin: PathOrigin) {
        self.add(normal(directory), origin);
        let Some(listing) = self.disk.listing(directory) else { return };
        for member in listing.iter() {
            // `PTH` is another suffix to `site`.
            if has_suffix(&member.name, ".pth") && !self.is_hidden(&member.name) {
                self.add_path_file(directory, &directory.join(&member.name));
            }
        }
        if !self.has_start_files() {
            return;
        }
        let shown = |name: &str| has_suffix(name, ".start") && !name.starts_with('.');
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
        let silenced = file.with_extension("pth");
        self.waiting.retain(|waiting| waiting.file != silenced);
        for (line, text) in numbered(text.strip_prefix('\u{feff}').unwrap_or(&text), true) {
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                self.wait(directory, file, line, text);
            }
        }
    }

    fn wait(&mut self, directory: &Path, file: &Path, line: u32, text: &str) {
        let (directory, file, text) = (directory.to_path_buf(), file.to_path_buf(), text.to_owned());
        self.waiting.push(Waiting { directory, file, line, text });
    }

    /// First the import lines, then the entry points.
    fn run_waiting(&mut self) {
        let (imports, entry_points): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.file.extension().is_some_and(|extension| extension == "pth"));
        for Waiting { directory, file, line, text } in imports {
            hooks::run_line(self, &directory, &file, line, &text);
        }
        for Waiting { file, line, text, .. } in entry_points {
            hooks::run_entry_point(self, &file, line, &text);
        }
    }

    /// gh-113659: since these releases a `.pth` file whose name starts with a dot is not read.
    fn is_hidden(&self, name: &str) -> bool {
        let since = match self.interpreter.version.minor {
            ..=7 => return false,
            8 | 9 => 19,
            10 => 14,
            11 => 8,
            12 => 2,
            _ => 0,
        };
        // Where the micro version is unknown, a release of the last years is likelier.
        name.starts_with('.') && self.interpreter.version.micro.is_none_or(|micro| micro >= since)
    }

    /// `site.addpackage`.
    fn add_path_file(&mut self, directory: &Path, file: &Path) {
        let Some(bytes) = self.disk.bytes(file) else { return };
        let Ok(mut text) = String::from_utf8(bytes) else {
            self.problems.push(Problem {
                message:
                    "this file is not valid UTF-8: site cannot read it, and Python does not start where \
                          the locale's encoding is UTF-8"
                        .to_owned(),
                file: file.to_path_buf(),
                line: None,
            });
            return;
        };
        let modern = self.interpreter.version.at_least(13);
        if modern && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let first_time = self.seen_files.insert(file.to_path_buf());
        for (number, line) in numbered(&text, modern) {
            let line = if self.has_start_files() { line.trim() } else { line };
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if line.starts_with("import ") || line.starts_with("import\t") {
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
                continue;
            }
            let path = normal(&directory.join(line.trim_end()));
            if self.known.contains(&path) {
                continue;
            }
            if self.disk.exists(&path) {
                self.add(path, PathOrigin::PthFile { file: file.to_path_buf(), line: number });
            } else if first_time {
                let message = format!("{} does not exist, so site leaves it out of sys.path", path.display());
                self.problems.push(Problem { message, file: file.to_path_buf(), line: Some(number) });
            }
        }
    }

    /// Puts `path` at the end of `sys.path` unless it is there.
    pub(crate) fn add(&mut self, path: PathBuf, origin: PathOrigin) {
        if self.known.insert(path.clone()) {
            self.entries.push(SearchPathEntry { path, origin });
        }
    }
}

/// Whether the installation's directories count: not in a virtual environment, unless it says so.
fn system_site_packages(located: &Located) -> bool {
    located.configuration.as_ref().is_none_or(|configuration| configuration.system_site_packages)
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some()
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

/// The names that may be imported at startup without any file: they do not matter to a hook.
pub(crate) fn is_standard(interpreter: &Interpreter, name: &str) -> bool {
    tables::tables(interpreter.version).is_stdlib(name)
}
