//! Which project a file belongs to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use salsa::Setter;
use speclens_environment::{Project, Request};
use speclens_files::Database;

use super::event::Settings;

/// The workspace folders, and a project for each directory that ever needed one: inputs are never freed, so they are
/// used again.
#[derive(Debug)]
pub(super) struct Projects {
    folders: Vec<PathBuf>,
    known: HashMap<PathBuf, Project>,
    defaults: Request,
    settings: Settings,
}

impl Projects {
    pub(super) fn new(defaults: Request) -> Self {
        Self { folders: Vec::new(), known: HashMap::new(), defaults, settings: Settings::default() }
    }

    /// The project of the innermost folder around the file; a file outside all of them is a project with its
    /// directory.
    pub(super) fn of(&mut self, database: &Database, file: &Path) -> Project {
        let folders = self.folders.iter().filter(|folder| file.starts_with(folder));
        let innermost = folders.max_by_key(|folder| folder.components().count());
        let root = innermost.map_or_else(|| file.parent().unwrap_or(file), PathBuf::as_path);
        if let Some(project) = self.known.get(root) {
            return *project;
        }
        let project = Project::new(database.db(), root.to_path_buf(), self.request(root));
        self.known.insert(root.to_path_buf(), project);
        project
    }

    /// Whether the path is in a workspace folder.
    pub(super) fn contain(&self, path: &Path) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder))
    }

    pub(super) fn change_folders(&mut self, added: Vec<PathBuf>, removed: &[PathBuf]) {
        self.folders.retain(|folder| !removed.contains(folder));
        for folder in added {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
    }

    pub(super) fn set(&mut self, database: &mut Database, settings: Settings) {
        self.settings = settings;
        for (root, project) in &self.known {
            let request = self.request(root);
            if *project.request(database.db()) != request {
                project.set_request(database.db_mut()).to(request);
            }
        }
    }

    fn request(&self, root: &Path) -> Request {
        let mut request = self.defaults.clone();
        if let Some(interpreter) = &self.settings.interpreter {
            request.python = Some(root.join(interpreter));
        }
        if let Some(extra_paths) = &self.settings.extra_paths {
            request.extra_paths = extra_paths.iter().map(|path| root.join(path)).collect();
        }
        request
    }
}
