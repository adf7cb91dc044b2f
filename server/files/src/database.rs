//! The database: salsa's storage, the table of paths, and the file system behind them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use salsa::{Durability, Setter};

use crate::entry::{Entry, OpenDocument, Status};
use crate::system::{DiskSystem, FileSystem};
use crate::table::PathTable;

/// What every query of Speclens can ask for.
#[salsa::db]
pub trait Db: salsa::Database {
    /// The input that stands for `path`, which must be absolute; made at the first call.
    fn entry(&self, path: &Path) -> Entry;
    /// The file system behind the inputs. Whatever a query reads of it must be tied to an [`Entry`]'s status.
    fn system(&self) -> &dyn FileSystem;
}

/// The owner of all inputs. One thread has it and alone changes it; everyone else works on a [`Snapshot`].
pub struct Database {
    inner: Inner,
    recorded: Arc<Mutex<Option<Recorded>>>,
}

/// Which queries were computed, and which were found to be as before; as salsa names them.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Computed.
    pub executed: Vec<String>,
    /// Looked at, without computing them.
    pub validated: Vec<String>,
}

/// A read-only view of one revision. While one lives, a change waits for it, so it must live in a worker only.
pub struct Snapshot {
    inner: Inner,
}

// Clone is what salsa needs to make a snapshot; the type stays private, so that only `Database::snapshot` can.
#[salsa::db]
#[derive(Clone)]
struct Inner {
    storage: salsa::Storage<Self>,
    paths: Arc<PathTable>,
    system: Arc<dyn FileSystem>,
}

#[salsa::db]
impl salsa::Database for Inner {}

#[salsa::db]
impl Db for Inner {
    fn entry(&self, path: &Path) -> Entry {
        self.paths.get_or_insert(path, |path| {
            let status = Status::of_disk(&*self.system, &path);
            Entry::builder(path, status).durability(Durability::MEDIUM).new(self)
        })
    }

    fn system(&self) -> &dyn FileSystem {
        &*self.system
    }
}

impl Database {
    /// A database over the real disk.
    pub fn on_disk() -> Self {
        Self::new(Arc::new(DiskSystem))
    }

    /// A database over any file system.
    pub fn new(system: Arc<dyn FileSystem>) -> Self {
        let recorded: Arc<Mutex<Option<Recorded>>> = Arc::default();
        let log = Arc::clone(&recorded);
        let storage = salsa::Storage::new(Some(Box::new(move |event: salsa::Event| {
            let (salsa::EventKind::WillExecute { database_key }
            | salsa::EventKind::DidValidateMemoizedValue { database_key }) = event.kind
            else {
                return;
            };
            let is_executed = matches!(event.kind, salsa::EventKind::WillExecute { .. });
            if let Some(log) = log.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                let log = if is_executed { &mut log.executed } else { &mut log.validated };
                log.push(format!("{database_key:?}"));
            }
        })));
        Self { inner: Inner { storage, paths: Arc::default(), system }, recorded }
    }

    /// The view that queries take.
    pub fn db(&self) -> &dyn Db {
        &self.inner
    }

    /// For setting inputs that other crates own.
    pub fn db_mut(&mut self) -> &mut dyn Db {
        &mut self.inner
    }

    /// Which state of the inputs this is; grows with every change.
    pub fn revision(&self) -> salsa::Revision {
        salsa::plumbing::current_revision(&self.inner)
    }

    /// A view of this revision for a worker.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { inner: self.inner.clone() }
    }

    /// The editor opened or changed a document. Nothing happens where version and text are already known.
    pub fn open(&mut self, path: &Path, document: OpenDocument) {
        let entry = self.inner.entry(path);
        // Less durable than before is as good as changed. An editor that shows what is on disk has changed nothing.
        let is_as_on_disk = matches!(entry.status(&self.inner), Status::File(_))
            && self.inner.system.read(path).is_ok_and(|bytes| bytes == document.text.as_bytes());
        let durability = if is_as_on_disk { Durability::MEDIUM } else { Durability::LOW };
        self.set(entry, Status::Open(document), durability);
    }

    /// The editor closed a document: the disk is the truth again.
    pub fn close(&mut self, path: &Path) {
        let status = Status::of_disk(&*self.inner.system, path);
        let entry = self.inner.entry(path);
        self.set(entry, status, Durability::MEDIUM);
    }

    /// Looks at the given paths again, and at the directories that hold them. Open documents stay as they are.
    pub fn refresh<'a>(&mut self, paths: impl IntoIterator<Item = &'a Path>) {
        for path in paths {
            for path in [Some(path), path.parent()].into_iter().flatten() {
                if let Some(entry) = self.inner.paths.get(path) {
                    self.look_again(entry);
                }
            }
        }
    }

    /// Takes the given paths and the directories that hold them as changed, even where they look as before: two changes
    /// within one tick of the file system's clock leave the same stamp.
    pub fn refresh_surely<'a>(&mut self, paths: impl IntoIterator<Item = &'a Path>) {
        for path in paths {
            for path in [Some(path), path.parent()].into_iter().flatten() {
                let Some(entry) = self.inner.paths.get(path) else { continue };
                if !matches!(entry.status(&self.inner), Status::Open(_)) {
                    let status = Status::of_disk(&*self.inner.system, path);
                    entry.set_status(&mut self.inner).with_durability(Durability::MEDIUM).to(status);
                }
            }
        }
    }

    /// Looks again at every path known that is one of these or lies below one, and says what is there now.
    pub fn refresh_below(&mut self, tops: &HashSet<PathBuf>) -> Vec<(PathBuf, Status)> {
        // What lies below a path follows it in order: of tops that do not hold each other, the one before is the only
        // one that can hold a path. To hash each path above each known one would take ten times as long.
        let mut tops: Vec<&Path> = tops.iter().map(PathBuf::as_path).collect();
        tops.sort_unstable();
        tops.dedup_by(|next, kept| next.starts_with(kept));
        let is_below = |path: &Path| {
            let before = tops.partition_point(|top| *top <= path).checked_sub(1);
            before.is_some_and(|at| path.starts_with(tops[at]))
        };
        let mut found = Vec::new();
        for entry in self.inner.paths.all() {
            if is_below(entry.path(&self.inner)) {
                self.look_again(entry);
                found.push((entry.path(&self.inner).clone(), entry.status(&self.inner).clone()));
            }
        }
        found
    }

    /// Whether anyone has asked for this path.
    pub fn is_known(&self, path: &Path) -> bool {
        self.inner.paths.get(path).is_some()
    }

    /// The paths that were asked for since the last call, with what was found.
    pub fn take_fresh(&self) -> Vec<(PathBuf, Status)> {
        let fresh = self.inner.paths.take_fresh().into_iter();
        fresh.map(|it| (it.path(&self.inner).clone(), it.status(&self.inner).clone())).collect()
    }

    /// Looks at every path known again.
    pub fn refresh_all(&mut self) {
        for entry in self.inner.paths.all() {
            self.look_again(entry);
        }
    }

    /// Every path that was asked for, with what was found.
    pub fn known(&self) -> impl Iterator<Item = (&Path, &Status)> {
        let entries = self.inner.paths.all().into_iter();
        entries.map(|entry| (entry.path(&self.inner).as_path(), entry.status(&self.inner)))
    }

    /// Lets go of remembered values that are many and large, the least recently used first. The answers stay the same.
    pub fn forget_old(&mut self) {
        // salsa does so whenever a new revision begins.
        salsa::Database::synthetic_write(&mut self.inner, Durability::LOW);
    }

    /// From now on remember which queries were computed, and which were only looked at; for tests.
    pub fn record(&self) {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Recorded::default());
    }

    /// What was recorded since the last call; for tests.
    pub fn take_recorded(&self) -> Recorded {
        let mut log = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        log.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn look_again(&mut self, entry: Entry) {
        if matches!(entry.status(&self.inner), Status::Open(_)) {
            return;
        }
        let status = Status::of_disk(&*self.inner.system, entry.path(&self.inner));
        self.set(entry, status, Durability::MEDIUM);
    }

    fn set(&mut self, entry: Entry, status: Status, durability: Durability) {
        // An equal value would still cost a revision.
        if *entry.status(&self.inner) != status {
            entry.set_status(&mut self.inner).with_durability(durability).to(status);
        }
    }
}

impl Snapshot {
    /// The view that queries take.
    pub fn db(&self) -> &dyn Db {
        &self.inner
    }

    /// Every path that was asked for, with what was found.
    pub fn known(&self) -> Vec<(PathBuf, Status)> {
        let entries = self.inner.paths.all().into_iter();
        entries.map(|it| (it.path(&self.inner).clone(), it.status(&self.inner).clone())).collect()
    }

    /// Ends the work on this snapshot, and on no other, at its next query.
    pub fn canceller(&self) -> salsa::CancellationToken {
        salsa::Database::cancellation_token(&self.inner)
    }
}
