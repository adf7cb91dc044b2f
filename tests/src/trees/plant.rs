//! Nodes of a tree, written to the disk.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::archive::Archive;
use super::interpreter::Facts;

/// What is at a place.
#[derive(Debug, Clone)]
pub enum What {
    /// An empty file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to this, which may be the link itself, a circle, or nothing.
    Link(String),
    /// A file or directory that nobody may read; to root it is like any other.
    Unreadable,
    /// A directory that nobody may read.
    UnreadableDirectory,
    /// Neither a file nor a directory.
    Socket,
    /// A file whose name ends with a byte that is no text.
    NotText,
    /// A zip file.
    Archive(Archive),
    /// Any bytes.
    Bytes(Vec<u8>),
}

/// One file, directory or link.
#[derive(Debug, Clone)]
pub struct Node {
    /// Below the root; `{tag}` stands for the interpreter's cache tag.
    pub place: String,
    /// What is there.
    pub what: What,
}

impl Node {
    /// Writes it below `root`. Where something else is there already, or a file is above, that stays.
    pub fn plant(&self, root: &Path, facts: &Facts) {
        let path = root.join(self.place.replace("{tag}", &facts.tag));
        if let Some(above) = path.parent() {
            drop(fs::create_dir_all(above));
        }
        if path.symlink_metadata().is_ok() {
            return;
        }
        // A node that cannot be written is one the tree does not have.
        drop(match &self.what {
            What::File => fs::write(&path, ""),
            What::Directory => fs::create_dir(&path),
            What::Link(target) => symlink(target.replace("{root}", &root.display().to_string()), &path),
            What::Unreadable => {
                fs::write(&path, "").and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o000)))
            }
            What::UnreadableDirectory => {
                fs::create_dir(&path).and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o000)))
            }
            What::Socket => UnixListener::bind(&path).map(drop),
            What::NotText => {
                let mut name = path.into_os_string().into_encoded_bytes();
                name.push(0xff);
                fs::write(Path::new(OsStr::from_bytes(&name)), "")
            }
            What::Archive(archive) => fs::write(&path, archive.bytes(facts)),
            What::Bytes(bytes) => fs::write(&path, bytes),
        });
    }
}
