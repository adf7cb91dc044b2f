//! The [`FileSystem`] trait, the disk, and a file system in memory for tests.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt;
use std::io;
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

#[cfg(target_os = "linux")]
use rustix::fs::{FileType, Mode, OFlags, RawDir};

/// Files larger than this are reported as [`ReadError::TooLarge`] and never read. Bytes.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// So much of a directory is asked for at once.
#[cfg(target_os = "linux")]
const DIRECTORY_BYTES: usize = 16 * 1024;

/// What a path leads to, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A socket, a device, a pipe: never opened, since a read could block for ever.
    Other,
}

/// Changes whenever a file's content may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Time of the last modification, in nanoseconds since the Unix epoch.
    pub modified: u128,
    /// Size in bytes.
    pub bytes: u64,
}

/// What the file system says of a path, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What the path leads to.
    pub kind: PathKind,
    /// Changes when the content may have changed.
    pub stamp: Stamp,
}

/// Why a file has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing is at this path.
    #[error("no such file")]
    Missing,
    /// The path leads to a directory, a socket, a device.
    #[error("not a regular file")]
    NotAFile,
    /// The file has more than [`MAX_FILE_BYTES`]; the number is its size.
    #[error("its {0} bytes are more than Speclens reads of one file")]
    TooLarge(u64),
    /// The operating system refused, in its words.
    #[error("{0}")]
    Refused(String),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Refused(error.to_string()) }
    }
}

/// A file that is read in parts.
pub trait Parts: io::Read + io::Seek {}

impl<T: io::Read + io::Seek> Parts for T {}

/// All access to files goes through this trait.
pub trait FileSystem: fmt::Debug + Send + Sync {
    /// What is at `path`, symbolic links followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    /// The bytes of a regular file.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;
    /// A regular file, to read parts of it.
    fn open(&self, path: &Path) -> Result<Box<dyn Parts>, ReadError> {
        Ok(Box::new(io::Cursor::new(self.read(path)?)))
    }
    /// The members of a directory, in no order; links are told apart from what they lead to.
    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>>;
    /// The absolute path with every symbolic link resolved.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;
    /// What a symbolic link says, or an error where `path` is none.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The real disk.
#[derive(Debug, Default, Clone, Copy)]
pub struct DiskSystem;

#[expect(clippy::disallowed_methods, reason = "the one place that touches the disk")]
impl FileSystem for DiskSystem {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = std::fs::metadata(path)?;
        let kind = if metadata.is_file() {
            PathKind::File
        } else if metadata.is_dir() {
            PathKind::Directory
        } else {
            PathKind::Other
        };
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let stamp = Stamp { modified: modified.map_or(0, |since| since.as_nanos()), bytes: metadata.len() };
        Ok(Metadata { kind, stamp })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.expect_readable(path)?;
        Ok(std::fs::read(path)?)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Parts>, ReadError> {
        self.expect_readable(path)?;
        Ok(Box::new(std::fs::File::open(path)?))
    }

    #[cfg(not(target_os = "linux"))]
    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        let mut members = Vec::new();
        for member in std::fs::read_dir(path)? {
            let member = member?;
            members.push((member.file_name(), self.kind(member.file_type(), || member.path())));
        }
        Ok(members)
    }

    /// As `std::fs::read_dir` does it, with fewer calls, and one allocation for each member.
    #[cfg(target_os = "linux")]
    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        let mut buffer = [const { MaybeUninit::uninit() }; DIRECTORY_BYTES];
        let mut raw = RawDir::new(directory, &mut buffer);
        let mut members = Vec::new();
        while let Some(member) = raw.next() {
            let member = member?;
            let name = OsStr::from_bytes(member.file_name().to_bytes());
            let kind = match member.file_type() {
                _ if name == "." || name == ".." => continue,
                FileType::RegularFile => Some(PathKind::File),
                FileType::Directory => Some(PathKind::Directory),
                // Not every file system tells.
                FileType::Symlink | FileType::Unknown => {
                    let path = path.join(name);
                    self.kind(std::fs::symlink_metadata(&path).map(|found| found.file_type()), || path)
                }
                _ => Some(PathKind::Other),
            };
            members.push((name.to_owned(), kind));
        }
        Ok(members)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }
}

/// File systems on which others change files without this machine's kernel knowing: NFS, SMB and CIFS in their versions,
/// 9P (which WSL and virtual machines use), FUSE, AFS, Ceph, VirtualBox's shared folders.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const REMOTE: [rustix::fs::FsWord; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
    0x6573_5546,
    0x5346_414f,
    0x00c3_6400,
    0x786f_4256,
];

impl DiskSystem {
    /// Whether what happens in a directory may happen elsewhere, where no watch sees it.
    pub fn is_remote(self, directory: &Path) -> bool {
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        return rustix::fs::statfs(directory).is_ok_and(|found| REMOTE.contains(&found.f_type));
        #[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
        {
            let _ = directory;
            false
        }
    }

    /// Whether a path is a file that is read: opening another could block for ever.
    fn expect_readable(self, path: &Path) -> Result<(), ReadError> {
        let metadata = self.metadata(path)?;
        match metadata.kind {
            PathKind::File if metadata.stamp.bytes > MAX_FILE_BYTES => {
                Err(ReadError::TooLarge(metadata.stamp.bytes))
            }
            PathKind::File => Ok(()),
            PathKind::Directory | PathKind::Other => Err(ReadError::NotAFile),
        }
    }

    /// Writes a file, for what the user asked to have written.
    #[expect(clippy::disallowed_methods, reason = "the one place that touches the disk")]
    pub fn write(self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(path, bytes)
    }

    /// What a member is, or leads to.
    fn kind(self, found: io::Result<std::fs::FileType>, path: impl FnOnce() -> PathBuf) -> Option<PathKind> {
        match found {
            Ok(kind) if kind.is_file() => Some(PathKind::File),
            Ok(kind) if kind.is_dir() => Some(PathKind::Directory),
            // A link that leads nowhere, or in a circle, is as good as absent.
            Ok(kind) if kind.is_symlink() => self.metadata(&path()).ok().map(|found| found.kind),
            _ => Some(PathKind::Other),
        }
    }
}

/// A file system in memory. Directories exist where a file or [`MemorySystem::add_directory`] needs them.
#[derive(Debug, Default)]
pub struct MemorySystem {
    // A plain lock: tests write between queries, never during one.
    nodes: Mutex<BTreeMap<PathBuf, Node>>,
}

/// A file's bytes, or none for a directory, and the number of its changes.
type Node = (Option<Vec<u8>>, u128);

impl MemorySystem {
    /// Writes a file, making its directories.
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        let path = path.as_ref();
        if let Some(parent) = path.parent() {
            self.add_directory(parent);
        }
        self.put(path, Some(bytes.into()));
    }

    /// Makes a directory and those above it.
    pub fn add_directory(&self, path: impl AsRef<Path>) {
        for directory in path.as_ref().ancestors() {
            let known = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(directory);
            if !known {
                self.put(directory, None);
            }
        }
    }

    /// Removes a file, or a directory with all below it.
    pub fn remove(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|node, _| !node.starts_with(path));
        if let Some(parent) = path.parent().and_then(|parent| nodes.get_mut(parent)) {
            parent.1 += 1;
        }
    }

    fn put(&self, path: &Path, content: Option<Vec<u8>>) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let next = nodes.get(path).map_or(1, |node| node.1 + 1);
        let fresh = nodes.insert(path.to_path_buf(), (content, next)).is_none();
        if let (true, Some(parent)) = (fresh, path.parent().and_then(|parent| nodes.get_mut(parent))) {
            parent.1 += 1;
        }
    }

    fn node<T>(&self, path: &Path, with: impl FnOnce(&Option<Vec<u8>>, u128) -> T) -> io::Result<T> {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes
            .get(&normalized(path))
            .map(|(content, stamp)| with(content, *stamp))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FileSystem for MemorySystem {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.node(path, |content, modified| Metadata {
            kind: if content.is_some() { PathKind::File } else { PathKind::Directory },
            stamp: Stamp { modified, bytes: content.as_ref().map_or(0, |bytes| bytes.len() as u64) },
        })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.node(path, |content, _| content.clone())?.ok_or(ReadError::NotAFile)
    }

    fn read_directory(&self, path: &Path) -> io::Result<Vec<(OsString, Option<PathKind>)>> {
        self.node(path, |_, _| ())?;
        let path = normalized(path);
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let members = nodes.iter().filter(|(node, _)| node.parent() == Some(path.as_path()));
        Ok(members
            .filter_map(|(node, (content, _))| {
                let name = node.file_name()?.to_owned();
                let kind = if content.is_some() { PathKind::File } else { PathKind::Directory };
                Some((name, Some(kind)))
            })
            .collect())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.node(path, |_, _| normalized(path))
    }

    fn read_link(&self, _path: &Path) -> io::Result<PathBuf> {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// `path` without `.` and `..`, by its text alone.
fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
