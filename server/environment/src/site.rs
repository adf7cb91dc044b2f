//! `sys.path` and `sys.meta_path` after `site` has run: a static account of `Lib/site.py`.

use std::collections::HashSet;
use std::ffi::OsString;
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
    /// As text: `//a` and `/a` are two.
    known: HashSet<OsString>,
    /// `.pth` files whose import lines were run: `site` may come by twice, but an installed finder stays one.
    pub(crate) seen_files: HashSet<PathBuf>,
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
    let mut site = Site::new(disk, request, &located.interpreter);
    site.isolated |= located.path_file.is_some();
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
    site.check_entries();
    hooks::run_customization(&mut site, "sitecustomize");
    if site.user_site_is_enabled() && system_site_packages(located) {
        hooks::run_customization(&mut site, "usercustomize");
    }
    site
}

impl<'a> Site<'a> {
    /// Before anything is on the path.
    pub(crate) fn new(disk: Disk<'a>, request: &'a Request, interpreter: &'a Interpreter) -> Self {
        Self {
            disk,
            request,
            interpreter,
            entries: Vec::new(),
            meta_path: vec![MetaPathFinder::BuiltIn, MetaPathFinder::Frozen, MetaPathFinder::Path],
            hooks: Vec::new(),
            customizations: Vec::new(),
            problems: Vec::new(),
            isolated: request.isolated,
            known: HashSet::new(),
            seen_files: HashSet::new(),
            waiting: Vec::new(),
        }
    }
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

    /// First the import lines, then the entry points.
    pub(crate) fn run_waiting(&mut self) {
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

    pub(crate) fn is_known(&self, path: &Path) -> bool {
        self.known.contains(path.as_os_str())
    }

    /// 3.15: the line is run when the whole path is built.
    pub(crate) fn wait(&mut self, directory: &Path, file: &Path, line: u32, text: &str) {
        let (directory, file, text) = (directory.to_path_buf(), file.to_path_buf(), text.to_owned());
        self.waiting.push(Waiting { directory, file, line, text });
    }

    /// The import lines of `file` are not run.
    pub(crate) fn silence(&mut self, file: &Path) {
        self.waiting.retain(|waiting| waiting.file != file);
    }

    /// Puts `path` at the end of `sys.path` unless it is there.
    pub(crate) fn add(&mut self, path: PathBuf, origin: PathOrigin) {
        if self.known.insert(path.clone().into_os_string()) {
            self.entries.push(SearchPathEntry { path, origin });
        }
    }
}

/// Whether the installation's directories count: not in a virtual environment, unless it says so.
fn system_site_packages(located: &Located) -> bool {
    located.configuration.as_ref().is_none_or(|configuration| configuration.system_site_packages)
}

/// The names that may be imported at startup without any file: they do not matter to a hook.
pub(crate) fn is_standard(interpreter: &Interpreter, name: &str) -> bool {
    tables::tables(interpreter.version).is_stdlib(name)
}
