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
    /// They are only to be looked at, which is to be told.
    looks: bool,
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
            self.order(Order { renewed, paths, looks: false });
        }
    }

    /// Compares the paths with the disk, which may take its time.
    pub(super) fn look(&self, paths: Vec<(PathBuf, Status)>) {
        self.order(Order { renewed: HashSet::new(), paths, looks: true });
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the watch is gone");
        }
    }
}

fn run(orders: &Receiver<Order>, events: &Sender<Event>) {
    let places = Arc::<Mutex<Places>>::default();
    let (known, told) = (Arc::clone(&places), events.clone());
    let watcher = notify::recommended_watcher(move |event| tell(event, &known, &told));
    let watcher = watcher.map_err(|error| blind(events, &error)).ok();
    let mut eyes = Eyes {
        watcher,
        places,
        is_full: false,
        watched: HashSet::new(),
        has_remote: false,
        events: events.clone(),
    };
    for order in orders {
        eyes.forget(&order.renewed);
        let mut fresh = order.paths.iter().filter(|_| !order.looks);
        if let Err(error) = fresh.try_for_each(|(path, status)| eyes.cover_path(path, status)) {
            blind(events, &error);
            // Those that were set stay: what they see is seen at once.
            eyes.is_full = true;
        }
        // What changed before it was watched.
        let differs = |(path, status): (PathBuf, Status)| {
            let is_open = matches!(status, Status::Open(_));
            (!is_open && Status::of_disk(&DiskSystem, &path) != status).then(|| Touch {
                below: lock(&eyes.places).leads_on(&path),
                named: true,
                path,
            })
        };
        let touches: Vec<Touch> = order.paths.into_iter().filter_map(differs).collect();
        if !touches.is_empty() {
            let _ = events.send(Event::Touched(touches));
        }
        if order.looks {
            let _ = events.send(Event::Looked);
        }
    }
}

fn blind(events: &Sender<Event>, error: &notify::Error) {
    let can_be_mended = matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
    let why = if can_be_mended {
        "The system lets no program watch more directories (fs.inotify.max_user_watches)".to_owned()
    } else {
        format!("The disk cannot be watched ({error})")
    };
    let _ = events.send(Event::Blind { why, can_be_mended });
}

/// The directories on the way to what was asked for.
#[derive(Debug, Default)]
struct Places {
    /// Each with its canonical path; none where it is missing, or no directory.
    directories: HashMap<PathBuf, Option<PathBuf>>,
    /// The other names of a directory, by the canonical one: it can be watched under one name only.
    aliases: HashMap<PathBuf, Vec<PathBuf>>,
    /// Links to files, with the canonical paths of these.
    links: HashMap<PathBuf, PathBuf>,
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
        names.extend(self.links.iter().filter(|(_, file)| *file == path).map(|(link, _)| link.clone()));
        names
    }

    /// Whether what is watched depends on what is at this path.
    fn leads_on(&self, path: &Path) -> bool {
        self.directories.contains_key(path) || self.links.contains_key(path)
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
    let touches = names.map(|path| Touch { below: named && places.leads_on(&path), named, path });
    let _ = events.send(Event::Touched(touches.collect()));
}

struct Eyes {
    watcher: Option<RecommendedWatcher>,
    /// No more can be watched.
    is_full: bool,
    places: Arc<Mutex<Places>>,
    /// Canonical paths.
    watched: HashSet<PathBuf>,
    /// One of them is on a file system of another machine, which was told.
    has_remote: bool,
    events: Sender<Event>,
}

impl Eyes {
    /// Watches what tells of changes of a path.
    fn cover_path(&mut self, path: &Path, status: &Status) -> notify::Result<()> {
        if self.watcher.is_none() || self.is_full {
            return Ok(());
        }
        match status {
            Status::Directory(_) => return self.cover(path),
            Status::File(_) | Status::Open(_) if DiskSystem.read_link(path).is_ok() => {
                if let Ok(file) = DiskSystem.canonicalize(path) {
                    lock(&self.places).links.insert(path.to_path_buf(), file.clone());
                    self.cover(file.parent().unwrap_or(&file))?;
                }
            }
            _ => {}
        }
        path.parent().map_or(Ok(()), |directory| self.cover(directory))
    }

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
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        match watcher.watch(directory, RecursiveMode::NonRecursive) {
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
                    let _ = self.events.send(Event::Blind { why, can_be_mended: false });
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
        places.links.retain(|link, _| !link.ancestors().any(|above| renewed.contains(above)));
        let Places { directories, aliases, .. } = &mut *places;
        aliases.retain(|_, names| {
            names.retain(|name| directories.contains_key(name));
            !names.is_empty()
        });
        gone.retain(|canonical| !directories.values().flatten().any(|kept| kept == canonical));
        drop(places);
        for canonical in gone {
            self.watched.remove(&canonical);
            // Where it was deleted, the system has forgotten it already.
            let _ = self.watcher.as_mut().map(|watcher| watcher.unwatch(&canonical));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use speclens_files::Stamp;

    use super::*;

    #[test]
    fn a_look_tells_what_differs_and_when_it_is_over() {
        let (events, inbox) = unbounded();
        let watch = Watch::start(&events).unwrap();
        let gone = PathBuf::from("/no-such-directory/a.py");
        let there = Status::File(Stamp { modified: 1, bytes: 1 });
        watch.look(vec![(gone.clone(), there), ("/no-such-directory".into(), Status::Missing)]);
        let next = || inbox.recv_timeout(Duration::from_secs(20)).unwrap();
        let Event::Touched(touches) = next() else { panic!("nothing differs") };
        assert_eq!(touches, [Touch { path: gone, named: true, below: false }]);
        assert!(matches!(next(), Event::Looked));
    }
}
