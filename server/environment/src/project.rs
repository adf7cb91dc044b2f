//! A workspace and the environment chosen for it, as an input of the incremental engine.

#![allow(missing_docs, reason = "salsa's macro adds undocumented constructors to its inputs")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use salsa::{Durability, Setter};
use speclens_files::Db;

use crate::disk::Disk;
use crate::model::Environment;
use crate::request::Request;
use crate::{discover, distributions, site};

/// A workspace folder with its request.
#[salsa::input(debug, constructor = from_parts)]
pub struct Project {
    /// The workspace folder, absolute.
    #[returns(ref)]
    pub root: PathBuf,
    /// What the user asked for.
    #[returns(ref)]
    pub request: Request,
}

// What rests on a project is not looked at again after a keystroke.
impl Project {
    /// The project of a folder.
    pub fn new(db: &dyn Db, root: PathBuf, request: Request) -> Self {
        Self::builder(root, request).durability(Durability::HIGH).new(db)
    }

    /// The user asks for something else.
    pub fn ask(self, db: &mut dyn Db, request: Request) {
        self.set_request(db).with_durability(Durability::HIGH).to(request);
    }
}

/// The environment of a project, as the disk has it now.
#[salsa::tracked(returns(ref))]
pub fn environment(db: &dyn Db, project: Project) -> Arc<Environment> {
    Arc::new(read_environment(Disk(db), project.root(db), project.request(db)))
}

fn read_environment(disk: Disk<'_>, root: &Path, request: &Request) -> Environment {
    let located = discover::discover(disk, root, request);
    let site = site::run(disk, root, request, &located);
    let distributions = distributions::installed(disk, &site.entries);
    let (search_path, meta_path) = (site.entries, site.meta_path);
    let (startup_hooks, customizations) = (site.hooks, site.customizations);
    let problems = located.problems.iter().cloned().chain(site.problems).collect();
    let interpreter = located.interpreter;
    Environment {
        interpreter,
        search_path,
        meta_path,
        startup_hooks,
        customizations,
        distributions,
        problems,
    }
}
