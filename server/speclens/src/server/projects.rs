//! Which project a file belongs to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use salsa::Setter;
use speclens_analysis::request;
use speclens_environment::{Project, Request};
use speclens_files::Database;

/// The workspace folders, and a project for each directory that ever needed one: inputs are never freed, so they are
/// used again.
#[derive(Debug)]
pub(super) struct Projects {
    folders: Vec<PathBuf>,
    known: HashMap<PathBuf, Project>,
    /// What the command line and the editor ask for; what they leave open, a configuration file says.
    defaults: Request,
    /// The editor's first settings.
    first: Arc<str>,
}

impl Projects {
    pub(super) fn new(defaults: Request) -> Self {
        Self { folders: Vec::new(), known: HashMap::new(), defaults, first: Arc::default() }
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
        let project =
            Project::new(database.db(), root.to_path_buf(), request(database.db(), root, &self.defaults));
        self.known.insert(root.to_path_buf(), project);
        project
    }

    /// The folder that is meant where none is named.
    pub(super) fn first(&self) -> PathBuf {
        self.folders.first().cloned().unwrap_or_else(|| PathBuf::from("/"))
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

    /// The client's settings as it gives them at its start.
    pub(super) fn set_first(&mut self, database: &mut Database, settings: Arc<str>) {
        self.first = Arc::clone(&settings);
        self.set(database, settings);
    }

    /// The client's answer to the question for its settings.
    pub(super) fn set_answered(&mut self, database: &mut Database, settings: Arc<str>) {
        let settings = if settings.is_empty() { Arc::clone(&self.first) } else { settings };
        self.set(database, settings);
    }

    pub(super) fn set(&mut self, database: &mut Database, settings: Arc<str>) {
        self.defaults.editor_settings = settings;
        self.update(database);
    }

    /// Asks for what the settings say now. True where that is something else than before.
    pub(super) fn update(&mut self, database: &mut Database) -> bool {
        let mut has_changed = false;
        for (root, project) in &self.known {
            let request = request(database.db(), root, &self.defaults);
            if *project.request(database.db()) != request {
                project.set_request(database.db_mut()).to(request);
                has_changed = true;
            }
        }
        has_changed
    }
}
