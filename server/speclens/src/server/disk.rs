//! What happened on the disk, until the database looks.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use speclens_files::Database;

use super::watch::{Touch, Watch};

/// So much silence ends a burst of changes. It is longer than a tick of a file system's clock.
const SILENCE: Duration = Duration::from_millis(10);
/// A burst longer than this is seen in parts.
const BURST: Duration = Duration::from_millis(500);
/// How often a disk that cannot be watched is looked at, and how much longer than a look the time between two is.
const PERIOD: Duration = Duration::from_secs(2);
const REST: u32 = 50;

/// What the owner knows of changes on the disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    watch: Option<Watch>,
    /// Where something happened that the database has not seen.
    paths: HashSet<PathBuf>,
    /// Where what is below is to be looked at as well.
    tops: HashSet<PathBuf>,
    /// When that began, and when the last of it came.
    burst: Option<(Instant, Instant)>,
    /// The last burst was longer than one may be, so that its end may have the stamps of its middle.
    hurried: bool,
    /// All is to be looked at.
    all: bool,
    /// The disk cannot be watched: it is looked at from time to time, by the thread that would watch it.
    is_blind: bool,
    /// When it is looked at next.
    poll: Option<Instant>,
    /// Since when it is being looked at.
    looking: Option<Instant>,
}

impl Disk {
    pub(super) fn new(watch: Option<Watch>) -> Self {
        Self { watch, ..Self::default() }
    }

    /// When there is something to do without an event.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.ends(), self.poll].into_iter().flatten().min()
    }

    fn ends(&self) -> Option<Instant> {
        self.burst.map(|(first, last)| (last + SILENCE).min(first + BURST))
    }

    pub(super) fn touched(&mut self, database: &Database, touches: Vec<Touch>) {
        for Touch { path, named, below } in touches {
            // Much happens beside what anyone has asked for.
            let concerns = below
                || database.is_known(&path)
                || named && path.parent().is_some_and(|it| database.is_known(it));
            if !concerns {
                continue;
            }
            let now = Instant::now();
            self.burst = Some((self.burst.map_or(now, |(first, _)| first), now));
            if below {
                self.tops.insert(path.clone());
            }
            self.paths.insert(path);
        }
    }

    /// Nobody knows what happened, nor what is still watched.
    pub(super) fn overlooked(&mut self) {
        self.tops.insert(PathBuf::from("/"));
        self.all = true;
        let now = Instant::now();
        self.burst = Some((now, now));
    }

    /// Who has no eyes looks when there is an occasion.
    pub(super) fn look_unless_watched(&mut self) {
        self.all |= self.watch.is_none();
        if self.is_blind && self.looking.is_none() {
            self.poll = Some(Instant::now());
        }
    }

    /// Not all of the disk can be watched: from now on it is looked at. False where it is already.
    pub(super) fn blind(&mut self) -> bool {
        if std::mem::replace(&mut self.is_blind, true) {
            return false;
        }
        self.poll = Some(Instant::now() + PERIOD);
        true
    }

    /// The disk was looked at.
    pub(super) fn looked(&mut self) {
        if let Some(since) = self.looking.take() {
            self.poll = Some(Instant::now() + PERIOD.max(since.elapsed() * REST));
        }
    }

    /// Looks where something happened, if that is over, or if someone waits for an answer. True where something is
    /// not as it was.
    pub(super) fn settle(&mut self, database: &mut Database, at_once: bool) -> bool {
        let before = database.revision();
        let now = Instant::now();
        if let Some(ends) = self.ends()
            && (at_once || ends <= now)
        {
            let paths = std::mem::take(&mut self.paths);
            let paths = paths.iter().map(PathBuf::as_path);
            if self.hurried {
                database.refresh_surely(paths);
            } else {
                database.refresh(paths);
            }
            self.hurried = self.burst.take().is_some_and(|(_, last)| now < last + SILENCE);
            let tops = std::mem::take(&mut self.tops);
            if !tops.is_empty() {
                let below = database.refresh_below(&tops);
                self.cover(tops, below);
            }
        }
        if std::mem::take(&mut self.all) {
            database.refresh_all();
        }
        if let Some(watch) = &self.watch
            && self.poll.is_some_and(|poll| poll <= now)
        {
            (self.poll, self.looking) = (None, Some(now));
            watch.look(database.known().map(|(path, status)| (path.to_path_buf(), status.clone())).collect());
        }
        database.revision() != before
    }

    /// Has watched what was asked for since the last turn.
    pub(super) fn watch_fresh(&self, database: &Database) {
        let fresh = database.take_fresh();
        self.cover(HashSet::new(), fresh);
    }

    fn cover(&self, renewed: HashSet<PathBuf>, paths: Vec<(PathBuf, speclens_files::Status)>) {
        if let Some(watch) = &self.watch {
            watch.cover(renewed, paths);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use speclens_files::MemorySystem;

    use super::*;

    fn database() -> (Arc<MemorySystem>, Database) {
        let system = Arc::new(MemorySystem::default());
        system.write("/a/b.py", "");
        let database = Database::new(Arc::clone(&system) as Arc<_>);
        for path in ["/a", "/a/b.py", "/a/c/d.py"] {
            database.db().entry(Path::new(path));
        }
        (system, database)
    }

    fn touch(path: &str, named: bool, below: bool) -> Vec<Touch> {
        vec![Touch { path: path.into(), named, below }]
    }

    #[test]
    fn what_cannot_be_watched_is_looked_at() {
        let (_, mut database) = database();
        let (events, inbox) = crossbeam_channel::unbounded();
        let mut disk = Disk::new(Some(Watch::start(&events).unwrap()));
        assert_eq!(disk.next(), None);
        assert!(disk.blind() && !disk.blind());
        assert!(disk.next().is_some_and(|next| next > Instant::now()));
        disk.poll = Some(Instant::now());
        disk.settle(&mut database, false);
        assert_eq!(disk.next(), None);
        let over = |event| matches!(event, super::super::event::Event::Looked);
        while !over(inbox.recv_timeout(Duration::from_secs(20)).unwrap()) {}
        disk.looked();
        assert!(disk.next().is_some_and(|next| next > Instant::now()));
    }

    #[test]
    fn below_is_told_from_beside() {
        let (_, mut database) = database();
        for path in ["/a-c/d", "/a/c", "/a/c-d", "/a/c.d/e", "/ab"] {
            database.db().entry(Path::new(path));
        }
        let mut below = |tops: &[&str]| {
            let tops = tops.iter().map(PathBuf::from).collect();
            let found = database.refresh_below(&tops).into_iter();
            let mut found: Vec<String> = found.map(|(path, _)| path.display().to_string()).collect();
            found.sort();
            found
        };
        assert_eq!(below(&["/a/c"]), ["/a/c", "/a/c/d.py"]);
        assert_eq!(below(&["/a/c", "/a/c/d.py", "/a/c-d", "/a/b"]), ["/a/c", "/a/c-d", "/a/c/d.py"]);
        assert_eq!(below(&["/a", "/a/b"]).len(), 6);
        assert_eq!(below(&["/"]).len(), 8);
        assert_eq!(below(&["/b"]), [""; 0]);
    }

    #[test]
    fn only_what_was_asked_for_concerns() {
        let (system, mut database) = database();
        let mut disk = Disk::default();
        // Others' files, and one beside ours that was written into.
        disk.touched(&database, touch("/other/x.py", true, false));
        disk.touched(&database, touch("/a/x.log", false, false));
        assert_eq!(disk.next(), None);
        // A directory with something that was missed.
        system.write("/a/c/d.py", "");
        disk.touched(&database, touch("/a/c", true, true));
        assert!(disk.next().is_some());
        assert!(disk.settle(&mut database, true));
        assert!(database.db().entry(Path::new("/a/c/d.py")).is_file(database.db()));
        assert_eq!(disk.next(), None);
    }
}
