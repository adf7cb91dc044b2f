//! Answers that are kept on disk between runs, each with every path that it rests on.
//!
//! Nothing here is an error to the user: an answer that cannot be kept, or that was kept and cannot be read, is
//! computed anew.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rustc_hash::FxHashSet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::database::{Database, Db};
use crate::entry::{OpenDocument, Status};

/// More than these are not kept; the least recently used go first.
const MAX_RECORDS: usize = 500;
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// No record is as large as this when it is unpacked. Bytes.
const MAX_UNPACKED: u64 = 128 * 1024 * 1024;
/// The coarsest time of modification among file systems: what changed so shortly before it was looked at may have
/// changed again, and show the same time.
const GRAIN: Duration = Duration::from_secs(2);
const SUFFIX: &str = "answer";

/// A directory of answers. Many processes may use it at once: a record appears whole, by a rename.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
    /// No path was looked at before.
    started: SystemTime,
}

/// What an answer was asked with, and of which build of the program. A digest: the question has the user's environment
/// variables in it, which are not to be found on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheKey([u8; 32]);

/// What a path was. More than a [`crate::Stamp`]: a record lives long enough to meet files that were put in the place
/// of others with their sizes and times, and links that were turned.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Seen {
    Missing,
    /// No other content has this size, so its times tell nothing; those of the files in `/proc` change by themselves.
    Empty,
    File(Identity),
    Directory(Identity),
    Other,
}

/// Times are in nanoseconds since the Unix epoch.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    bytes: u64,
    modified: u128,
    /// When the file or what is said of it was changed: nobody can set it. Where there is no such time, the former one.
    changed: u128,
    inode: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record<T> {
    key: CacheKey,
    /// All that the answer rests on.
    paths: Vec<(PathBuf, Seen)>,
    answer: T,
}

/// A kept answer, of which some is old.
#[derive(Debug)]
pub struct Recalled<T> {
    /// What was kept.
    pub answer: T,
    /// The files whose content has changed since.
    pub edited: Vec<PathBuf>,
    /// All that it rests on, where some has changed.
    rest: Vec<(PathBuf, Seen)>,
}

/// Why an answer is not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error("{0} changed just now")]
    TooFresh(PathBuf),
    #[error("{0} changed meanwhile")]
    Changed(PathBuf),
    #[error("{0} is open with another text than the disk's")]
    Edited(PathBuf),
    #[error("{0}")]
    Disk(#[from] io::Error),
    #[error("{0}")]
    Form(#[from] postcard::Error),
}

/// Where this user's programs keep what they can do without; `None` where the environment variables do not tell.
pub fn cache_directory<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Option<PathBuf> {
    let directory = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let users = if cfg!(windows) {
        directory("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        directory("HOME")?.join("Library/Caches")
    } else {
        directory("XDG_CACHE_HOME").or_else(|| Some(directory("HOME")?.join(".cache")))?
    };
    Some(users.join("speclens"))
}

impl CacheKey {
    /// The key of a question to this very program; `None` where it cannot be told from another build.
    pub fn of(question: &impl Serialize) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let seen @ Seen::File(_) = Seen::of(&program) else { return None };
        let text = postcard::to_stdvec(&(env!("CARGO_PKG_VERSION"), program, seen, question)).ok()?;
        Some(Self(Sha256::digest(text).into()))
    }

    fn file_name(self) -> String {
        use std::fmt::Write;
        let mut name = String::new();
        for byte in self.0 {
            let _ = write!(name, "{byte:02x}");
        }
        format!("{name}.{SUFFIX}")
    }
}

impl Cache {
    /// The answers in a directory, which need not be there. To be made before the first path is looked at.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, started: SystemTime::now() }
    }

    /// The answer to a question, where nothing that it rests on has changed since.
    pub fn get<T: DeserializeOwned>(&self, key: CacheKey) -> Option<T> {
        self.current(self.record(key)?)
    }

    /// The answer to a question, with the files whose content has changed since, where nothing else has.
    pub fn get_with_edits<T: DeserializeOwned>(&self, key: CacheKey) -> Option<Recalled<T>> {
        let mut record = self.record::<T>(key)?;
        let mut edited = Vec::new();
        // Most of the time nothing has changed, and two threads look.
        if first_difference(&record.paths).is_some() {
            for (path, seen) in &record.paths {
                let now = Seen::of(path);
                let is_file = |seen: &Seen| matches!(seen, Seen::File(_) | Seen::Empty);
                if now == *seen {
                } else if is_file(&now) && is_file(seen) {
                    edited.push(path.clone());
                } else {
                    tracing::debug!(changed = ?path, "the kept answer is old");
                    return None;
                }
            }
        }
        let paths = record.paths.len();
        match edited.len() {
            0 => tracing::debug!(paths, "uses the kept answer"),
            edited => tracing::debug!(paths, edited, "some files that the kept answer rests on were edited"),
        }
        let rest = if edited.is_empty() { Vec::new() } else { std::mem::take(&mut record.paths) };
        self.touch(key);
        Some(Recalled { answer: record.answer, edited, rest })
    }

    /// The same for one who goes on with it: the database knows all that the answer rests on from now on, so that it is
    /// watched, and what changes is a change of the database. What is open has to show what is on the disk.
    pub fn recall<T: DeserializeOwned>(&self, key: CacheKey, db: &dyn Db) -> Option<T> {
        let record = self.record::<T>(key)?;
        // The database looks first: what changes between the two looks is seen by the second.
        let edited = record.paths.iter().find(|(path, _)| match db.entry(path).status(db) {
            Status::Open(document) => !shows_disk(path, document),
            _ => false,
        });
        if let Some((path, _)) = edited {
            tracing::debug!(?path, "the kept answer is of another text");
            return None;
        }
        self.current(record)
    }

    fn record<T: DeserializeOwned>(&self, key: CacheKey) -> Option<Record<T>> {
        let path = self.directory.join(key.file_name());
        let packed = fs::read(&path).ok()?;
        match unpack::<Record<T>>(&packed) {
            Ok(record) if record.key == key => Some(record),
            wrong => {
                tracing::debug!(?path, problem = ?wrong.err(), "drops what is no record");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    fn current<T>(&self, record: Record<T>) -> Option<T> {
        if let Some(changed) = first_difference(&record.paths) {
            tracing::debug!(?changed, "the kept answer is old");
            return None;
        }
        tracing::debug!(paths = record.paths.len(), "uses the kept answer");
        self.touch(record.key);
        Some(record.answer)
    }

    /// The time of a record tells when it was last of use.
    fn touch(&self, key: CacheKey) {
        let file = OpenOptions::new().append(true).open(self.directory.join(key.file_name()));
        let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Keeps an answer, which may rest on any path that the database knows.
    pub fn put(&self, key: CacheKey, database: &Database, answer: &impl Serialize) {
        self.keep(key, database.known(), answer);
    }

    /// Keeps what was made of a kept answer: it may rest on all that this rests on, too.
    pub fn put_again<T>(
        &self,
        key: CacheKey,
        database: &Database,
        former: Recalled<T>,
        answer: &impl Serialize,
    ) {
        let known: FxHashSet<&Path> = database.known().map(|(path, _)| path).collect();
        if !former.edited.iter().all(|path| known.contains(path.as_path())) {
            return;
        }
        let rest = former.rest.into_iter().filter(|(path, _)| !known.contains(path.as_path())).collect();
        self.keep_with(key, database.known(), rest, answer);
    }

    /// Keeps an answer that may rest on any of these paths, each with what the database took it for. True where a path
    /// is too fresh, so that it may be kept later.
    pub fn keep<'p>(
        &self,
        key: CacheKey,
        known: impl Iterator<Item = (&'p Path, &'p Status)>,
        answer: &impl Serialize,
    ) -> bool {
        self.keep_with(key, known, Vec::new(), answer)
    }

    fn keep_with<'p>(
        &self,
        key: CacheKey,
        known: impl Iterator<Item = (&'p Path, &'p Status)>,
        rest: Vec<(PathBuf, Seen)>,
        answer: &impl Serialize,
    ) -> bool {
        let kept = self.try_keep(key, known, rest, answer);
        match &kept {
            Ok(bytes) => tracing::debug!(bytes, directory = ?self.directory, "keeps the answer"),
            Err(reason) => tracing::debug!(%reason, directory = ?self.directory, "cannot keep the answer"),
        }
        matches!(kept, Err(NotKept::TooFresh(_)))
    }

    fn try_keep<'p>(
        &self,
        key: CacheKey,
        known: impl Iterator<Item = (&'p Path, &'p Status)>,
        mut paths: Vec<(PathBuf, Seen)>,
        answer: &impl Serialize,
    ) -> Result<usize, NotKept> {
        make_private(&self.directory)?;
        paths.append(&mut self.foundation(known)?);
        // Neighbours are alike, which packs well.
        paths.sort_unstable_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
        let packed = pack(&Record { key, paths, answer })?;
        let mut file = tempfile::Builder::new().suffix(&format!(".{SUFFIX}")).tempfile_in(&self.directory)?;
        file.write_all(&packed)?;
        file.persist(self.directory.join(key.file_name())).map_err(|problem| problem.error)?;
        self.remove_old(MAX_RECORDS, MAX_BYTES)?;
        Ok(packed.len())
    }

    /// All paths that the database knows, where they are still what it took them for, and have been so since it began.
    fn foundation<'p>(
        &self,
        known: impl Iterator<Item = (&'p Path, &'p Status)>,
    ) -> Result<Vec<(PathBuf, Seen)>, NotKept> {
        let mut paths = Vec::new();
        for (path, status) in known {
            let seen = Seen::of(path);
            let mut looked = self.started;
            if let Status::Open(document) = status {
                // What is open is looked at now, and not when the answer was computed.
                looked = SystemTime::now();
                if !shows_disk(path, document) {
                    return Err(NotKept::Edited(path.to_owned()));
                }
            } else if !seen.is(status) {
                return Err(NotKept::Changed(path.to_owned()));
            }
            if let Seen::File(identity) | Seen::Directory(identity) = &seen
                && identity.changed >= nanoseconds(looked.checked_sub(GRAIN))
            {
                return Err(NotKept::TooFresh(path.to_owned()));
            }
            paths.push((path.to_owned(), seen));
        }
        Ok(paths)
    }

    fn remove_old(&self, max_records: usize, max_bytes: u64) -> io::Result<()> {
        let mut records = Vec::new();
        for member in fs::read_dir(&self.directory)? {
            let path = member?.path();
            // Whoever set the directory may have other files in it.
            if path.extension().is_some_and(|suffix| suffix == SUFFIX)
                && let Ok(found) = fs::metadata(&path)
            {
                records.push((found.modified()?, found.len(), path));
            }
        }
        records.sort_unstable();
        let mut bytes: u64 = records.iter().map(|(_, bytes, _)| bytes).sum();
        let mut count = records.len();
        for (_, size, path) in records {
            if count <= max_records && bytes <= max_bytes {
                break;
            }
            fs::remove_file(path)?;
            count -= 1;
            bytes -= size;
        }
        Ok(())
    }
}

impl Seen {
    fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Err(_) => Self::Missing,
            Ok(found) if found.is_file() && found.len() == 0 => Self::Empty,
            Ok(found) if found.is_file() => Self::File(Identity::of(&found)),
            Ok(found) if found.is_dir() => Self::Directory(Identity::of(&found)),
            Ok(_) => Self::Other,
        }
    }

    fn is(&self, status: &Status) -> bool {
        match (self, status) {
            (Self::Missing, Status::Missing) | (Self::Other, Status::Other) => true,
            (Self::Empty, Status::File(stamp)) => stamp.bytes == 0,
            (Self::File(identity), Status::File(stamp))
            | (Self::Directory(identity), Status::Directory(stamp)) => {
                identity.bytes == stamp.bytes && identity.modified == stamp.modified
            }
            _ => false,
        }
    }
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        let modified = nanoseconds(found.modified().ok());
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            let seconds = Duration::from_secs(u64::try_from(found.ctime()).unwrap_or(0));
            let rest = u128::try_from(found.ctime_nsec()).unwrap_or(0);
            (seconds.as_nanos() + rest, found.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (modified, 0);
        Self { bytes: found.len(), modified, changed, inode }
    }
}

fn shows_disk(path: &Path, document: &OpenDocument) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes == document.text.as_bytes())
}

fn nanoseconds(time: Option<SystemTime>) -> u128 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos())
}

/// A path that is not what it was. Two threads look: most of the time is the operating system's.
fn first_difference<'p>(paths: &'p [(PathBuf, Seen)]) -> Option<&'p Path> {
    let found = AtomicBool::new(false);
    let look = |paths: &'p [(PathBuf, Seen)]| {
        for (path, seen) in paths {
            if found.load(Ordering::Relaxed) {
                break;
            }
            if Seen::of(path) != *seen {
                found.store(true, Ordering::Relaxed);
                return Some(path.as_path());
            }
        }
        None
    };
    let (first, second) = paths.split_at(paths.len() / 2);
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || look(second));
        let here = look(first);
        // Where there is no second thread, this one looks.
        here.or_else(|| other.ok().and_then(|other| other.join().ok()).unwrap_or_else(|| look(second)))
    })
}

/// gzip for its checksum too.
fn pack(record: &impl Serialize) -> Result<Vec<u8>, NotKept> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&postcard::to_stdvec(record)?)?;
    Ok(packer.finish()?)
}

fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, NotKept> {
    let mut bytes = Vec::with_capacity(packed.len().saturating_mul(8));
    GzDecoder::new(packed).take(MAX_UNPACKED).read_to_end(&mut bytes)?;
    Ok(postcard::from_bytes(&bytes)?)
}

/// Writes a file of the cache that people read, unless it says that already. True where it does then.
pub fn keep_page(path: &Path, text: &str) -> bool {
    if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return true;
    }
    let write = || -> io::Result<()> {
        let directory = path.parent().unwrap_or(path);
        make_private(directory)?;
        let mut file = tempfile::Builder::new().tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|problem| problem.error)?;
        Ok(())
    };
    let written = write();
    if let Err(problem) = &written {
        tracing::debug!(%problem, ?path, "cannot keep the page");
    }
    written.is_ok()
}

/// Makes a directory that only its owner can look into, where it is not there.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_least_recently_used_records_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, seconds) in [("b.answer", 1), ("c.answer", 3), ("a.answer", 2), ("old.txt", 0)] {
            let file = File::create(path(name)).unwrap();
            (&file).write_all(b"1234").unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        let cache = Cache::new(directory.path().to_owned());
        let left = || ["a.answer", "b.answer", "c.answer", "old.txt"].map(|name| path(name).is_file());
        cache.remove_old(3, 12).unwrap();
        assert_eq!(left(), [true, true, true, true]);
        cache.remove_old(2, 12).unwrap();
        assert_eq!(left(), [true, false, true, true]);
        cache.remove_old(2, 7).unwrap();
        assert_eq!(left(), [false, false, true, true]);
    }

    #[test]
    fn the_directory_follows_the_variables() {
        let root = if cfg!(windows) { r"C:\me" } else { "/me" };
        let all = |name: &str| matches!(name, "HOME" | "LOCALAPPDATA").then_some(root);
        let here = cache_directory(all).unwrap();
        assert!(here.starts_with(root) && here.ends_with("speclens"), "{here:?}");
        assert_eq!(cache_directory(|_| None), None);
        assert_eq!(cache_directory(|_| Some("relative")), None);
    }

    #[test]
    fn a_difference_is_found_in_either_half() {
        let directory = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..9).map(|number| directory.path().join(number.to_string())).collect();
        let seen = || paths.iter().map(|path| (path.clone(), Seen::of(path))).collect::<Vec<_>>();
        for path in [&paths[1], &paths[7]] {
            let before = seen();
            assert_eq!(first_difference(&before), None);
            fs::write(path, "x").unwrap();
            assert_eq!(first_difference(&before), Some(path.as_path()));
        }
    }
}
