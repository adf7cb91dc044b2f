//! Which project a file belongs to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// What the editor asks for in one folder only.
    own: HashMap<PathBuf, Own>,
}

/// What holds in one folder.
#[derive(Debug, Default)]
struct Own {
    /// Its settings, where they are not those of all.
    settings: Option<Arc<str>>,
    /// The interpreter that was chosen in this session.
    python: Option<PathBuf>,
}

impl Projects {
    pub(super) fn new(defaults: Request) -> Self {
        Self {
            folders: Vec::new(),
            known: HashMap::new(),
            defaults,
            first: Arc::default(),
            own: HashMap::new(),
        }
    }

    /// The project of the innermost folder around the file; a file outside all of them is a project with its
    /// directory.
    pub(super) fn of(&mut self, database: &Database, file: &Path) -> Project {
        let root = self.root(file).to_path_buf();
        if let Some(project) = self.known.get(&root) {
            return *project;
        }
        let request = request(database.db(), &root, &self.asked(&root));
        let project = Project::new(database.db(), root.clone(), request);
        self.known.insert(root, project);
        project
    }

    fn root<'p>(&'p self, file: &'p Path) -> &'p Path {
        let folders = self.folders.iter().filter(|folder| file.starts_with(folder));
        let innermost = folders.max_by_key(|folder| folder.components().count());
        innermost.map_or_else(|| file.parent().unwrap_or(file), PathBuf::as_path)
    }

    /// What is asked for in a project, beside its configuration file.
    fn asked(&self, root: &Path) -> Request {
        let mut asked = self.defaults.clone();
        if let Some(own) = self.own.get(root) {
            if let Some(settings) = &own.settings {
                asked.editor_settings = Arc::clone(settings);
            }
            if let Some(python) = &own.python {
                asked.python = Some(python.clone());
                asked.python_named_by = Some("the choice in the editor".into());
            }
        }
        asked
    }

    /// The user has chosen an interpreter for the project that a path belongs to, or takes the choice back.
    pub(super) fn choose(&mut self, path: &Path, python: Option<PathBuf>) {
        let root = self.root(path).to_path_buf();
        let python = python.map(|python| root.join(python));
        self.own.entry(root).or_default().python = python;
    }

    /// The folder that is meant where none is named.
    pub(super) fn first(&self) -> PathBuf {
        self.folders.first().cloned().unwrap_or_else(|| PathBuf::from("/"))
    }

    /// The workspace folders.
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
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

    /// The client's answer to the question for its settings: those of all, then those of each folder.
    pub(super) fn set_answered(
        &mut self,
        database: &mut Database,
        folders: &[PathBuf],
        mut settings: Vec<Arc<str>>,
    ) {
        let of_all = if settings.is_empty() { Arc::default() } else { settings.remove(0) };
        let of_all = if of_all.is_empty() { Arc::clone(&self.first) } else { of_all };
        for (folder, settings) in folders.iter().zip(settings) {
            let is_own = !settings.is_empty() && settings != of_all;
            self.own.entry(folder.clone()).or_default().settings = is_own.then_some(settings);
        }
        self.set(database, of_all);
    }

    pub(super) fn set(&mut self, database: &mut Database, settings: Arc<str>) {
        self.defaults.editor_settings = settings;
        self.update(database);
    }

    /// Asks for what the settings say now. True where that is something else than before.
    pub(super) fn update(&mut self, database: &mut Database) -> bool {
        let mut has_changed = false;
        for (root, project) in &self.known {
            let request = request(database.db(), root, &self.asked(root));
            if *project.request(database.db()) != request {
                project.ask(database.db_mut(), request);
                has_changed = true;
            }
        }
        has_changed
    }
}
