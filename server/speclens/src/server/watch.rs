//! The server's own eyes: what the database has looked at is watched, wherever it lies, so that it stays true with a
//! client that tells nothing.
//!
//! Watched is each directory on the way to a path that was asked for, and not what is below it: a large environment has
//! many directories that no import ever looks into.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use speclens_files::{DiskSystem, FileSystem, PathKind, Status};

use super::event::Event;

/// Something happened at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub path: PathBuf,
    /// It came, went or got another name; otherwise what is in it changed.
    pub named: bool,
    /// Paths below it were looked at, which may be others now.
    pub below: bool,
}

/// The thread that sets the watches, which takes longer than the owner may wait.
#[derive(Debug)]
pub(super) struct Watch {
    orders: Sender<Order>,
}

#[derive(Debug)]
struct Order {
    /// These came, went or got another name: what was watched there is gone.
    renewed: HashSet<PathBuf>,
    /// Paths to watch, with what the database takes to be there.
    paths: Vec<(PathBuf, Status)>,
}

impl Watch {
    /// Starts the thread; it ends with the value.
    pub(super) fn start(events: &Sender<Event>) -> io::Result<Self> {
        let (orders, inbox) = unbounded();
        let events = events.clone();
        thread::Builder::new().name("watch".into()).spawn(move || run(&inbox, &events))?;
        Ok(Self { orders })
    }

    /// Watches the paths. Where the disk is not, or no longer, as the database believes, an event says so.
    pub(super) fn cover(&self, renewed: HashSet<PathBuf>, paths: Vec<(PathBuf, Status)>) {
        if !renewed.is_empty() || !paths.is_empty() {
            // The thread ends where nothing can be watched, which it has told.
            let _ = self.orders.send(Order { renewed, paths });
        }
    }
}

fn run(orders: &Receiver<Order>, events: &Sender<Event>) {
    let places = Arc::<Mutex<Places>>::default();
    let (known, told) = (Arc::clone(&places), events.clone());
    let watcher = notify::recommended_watcher(move |event| tell(event, &known, &told));
    let watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            let _ = events.send(Event::Blind(format!("The disk cannot be watched ({error})")));
            return;
        }
    };
    let events = events.clone();
    let mut eyes = Eyes { watcher, places, watched: HashSet::new(), has_remote: false, events };
    for order in orders {
        eyes.forget(&order.renewed);
        let covered = order.paths.iter().try_for_each(|(path, status)| {
            let directory = matches!(status, Status::Directory(_)).then_some(path.as_path());
            directory.or(path.parent()).map_or(Ok(()), |directory| eyes.cover(directory))
        });
        if let Err(error) = covered {
            let _ = eyes.events.send(Event::Blind(format!("The disk cannot be watched ({error})")));
            return;
        }
        // What changed before it was watched.
        let differs = |(path, status): (PathBuf, Status)| {
            let is_open = matches!(status, Status::Open(_));
            (!is_open && Status::of_disk(&DiskSystem, &path) != status).then(|| Touch {
                below: lock(&eyes.places).directories.contains_key(&path),
                named: true,
                path,
            })
        };
        let touches: Vec<Touch> = order.paths.into_iter().filter_map(differs).collect();
        if !touches.is_empty() {
            let _ = eyes.events.send(Event::Touched(touches));
        }
    }
}

/// The directories on the way to what was asked for.
#[derive(Debug, Default)]
struct Places {
    /// Each with its canonical path; none where it is missing, or no directory.
    directories: HashMap<PathBuf, Option<PathBuf>>,
    /// The other names of a directory, by the canonical one: it can be watched under one name only.
    aliases: HashMap<PathBuf, Vec<PathBuf>>,
}

impl Places {
    /// All names of what an event names.
    fn names(&self, path: &Path) -> Vec<PathBuf> {
        let mut names = vec![path.to_path_buf()];
        let below = self.aliases.iter().filter(|(canonical, _)| canonical.starts_with(path));
        names.extend(below.flat_map(|(_, names)| names).cloned());
        if let (Some(directory), Some(name)) = (path.parent(), path.file_name()) {
            names.extend(self.aliases.get(directory).into_iter().flatten().map(|alias| alias.join(name)));
        }
        names
    }
}

// Never held while a watch is set: the thread that sets it may be waiting here with an event.
fn lock(places: &Mutex<Places>) -> std::sync::MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(event: notify::Result<notify::Event>, places: &Mutex<Places>, events: &Sender<Event>) {
    let event = match event {
        Ok(event) => event,
        Err(error) => return tracing::debug!(%error, "while watching the disk"),
    };
    if event.need_rescan() {
        let _ = events.send(Event::Overlooked);
        return;
    }
    let named = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        // Others that read.
        EventKind::Access(_) => return,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => false,
        _ => true,
    };
    let places = lock(places);
    let names = event.paths.iter().flat_map(|path| places.names(path));
    let touches =
        names.map(|path| Touch { below: named && places.directories.contains_key(&path), named, path });
    let _ = events.send(Event::Touched(touches.collect()));
}

struct Eyes {
    watcher: RecommendedWatcher,
    places: Arc<Mutex<Places>>,
    /// Canonical paths.
    watched: HashSet<PathBuf>,
    /// One of them is on a file system of another machine, which was told.
    has_remote: bool,
    events: Sender<Event>,
}

impl Eyes {
    /// Watches a directory, and those above it: what is moved away says nothing itself.
    fn cover(&mut self, directory: &Path) -> notify::Result<()> {
        for directory in directory.ancestors() {
            if lock(&self.places).directories.contains_key(directory) {
                break;
            }
            let is_directory =
                DiskSystem.metadata(directory).is_ok_and(|found| found.kind == PathKind::Directory);
            let canonical = is_directory.then(|| DiskSystem.canonicalize(directory).ok()).flatten();
            let mut places = lock(&self.places);
            if let Some(canonical) = canonical.as_ref().filter(|canonical| *canonical != directory) {
                places.aliases.entry(canonical.clone()).or_default().push(directory.to_path_buf());
            }
            places.directories.insert(directory.to_path_buf(), canonical.clone());
            drop(places);
            let Some(canonical) = canonical else { continue };
            if self.watched.insert(canonical.clone()) {
                self.watch(&canonical)?;
            }
            if canonical != directory {
                self.cover(&canonical)?;
            }
        }
        Ok(())
    }

    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        match self.watcher.watch(directory, RecursiveMode::NonRecursive) {
            Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => Err(error),
            // It went meanwhile, which is seen from above, or is not ours to read.
            Err(error) => {
                tracing::debug!(%error, directory = %directory.display(), "not watched");
                Ok(())
            }
            Ok(()) => {
                if !self.has_remote && DiskSystem.is_remote(directory) {
                    self.has_remote = true;
                    let place = directory.display();
                    let why = format!("What others do in {place} cannot be seen from this machine");
                    let _ = self.events.send(Event::Blind(why));
                }
                Ok(())
            }
        }
    }

    /// Lets go of what was watched at and below these.
    fn forget(&mut self, renewed: &HashSet<PathBuf>) {
        if renewed.is_empty() {
            return;
        }
        let mut gone = Vec::new();
        let mut places = lock(&self.places);
        places.directories.retain(|directory, canonical| {
            let is_gone = directory.ancestors().any(|above| renewed.contains(above));
            gone.extend(is_gone.then(|| canonical.take()).flatten());
            !is_gone
        });
        let Places { directories, aliases } = &mut *places;
        aliases.retain(|_, names| {
            names.retain(|name| directories.contains_key(name));
            !names.is_empty()
        });
        gone.retain(|canonical| !directories.values().flatten().any(|kept| kept == canonical));
        drop(places);
        for canonical in gone {
            self.watched.remove(&canonical);
            // Where it was deleted, the system has forgotten it already.
            let _ = self.watcher.unwatch(&canonical);
        }
    }
}
