//! `strace`, and what it tells of a program that should leave the world alone.

#![allow(clippy::disallowed_methods, reason = "a program of the machine, and where it is unpacked")]

use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::clients::{command, finished, target};

/// Calls that start something, reach out or change what is on the disk. Not each machine has all of them.
const CALLS: &[&str] = &[
    "execve",
    "execveat",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "socket",
    "socketpair",
    "connect",
    "bind",
    "open",
    "openat",
    "openat2",
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "mknod",
    "mknodat",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "lremovexattr",
    "mount",
    "ptrace",
    "process_vm_writev",
    "io_uring_setup",
];

/// `strace` with the arguments that [`deeds`] needs; of Debian's packages, unpacked once, where the machine has none.
pub fn strace() -> Result<Command, String> {
    // By its path: what it watches may have another `PATH`.
    let here = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|directory| directory.join("strace"))
        .find(|program| finished(command(program).arg("-V"), Duration::from_secs(10)).is_ok());
    let mut strace = match here {
        Some(program) => command(program),
        None => unpacked()?,
    };
    let calls: Vec<String> = CALLS.iter().map(|call| format!("?{call}")).collect();
    strace.args(["-f", "-qq", "-y", "-s", "4096", "-e", "signal=none", "-e"]);
    strace.arg(format!("trace={}", calls.join(",")));
    Ok(strace)
}

/// From where the machine's apt gets its packages, with a state of its own: the machine is left as it is.
fn unpacked() -> Result<Command, String> {
    let directory = target().join("clients/strace");
    let program = directory.join("usr/bin/strace");
    if !program.is_file() {
        for part in ["lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(directory.join(part)).map_err(|problem| problem.to_string())?;
        }
        let apt = |arguments: &[&str]| {
            let mut apt = command("apt-get");
            apt.arg("-qq").arg("-o").arg(format!("Dir::State::lists={}", directory.join("lists").display()));
            apt.arg("-o").arg(format!("Dir::Cache={}", directory.join("cache").display()));
            apt.args(["-o", "APT::Sandbox::User=root"]).args(arguments).current_dir(&directory);
            finished(&mut apt, Duration::from_mins(5))
        };
        apt(&["update"])?;
        apt(&["download", "strace", "libunwind8", "liblzma5"])?;
        let mut unpack = command("sh");
        unpack.args(["-c", "for package in *.deb; do dpkg-deb -x \"$package\" . || exit 1; done"]);
        finished(unpack.current_dir(&directory), Duration::from_mins(1))?;
    }
    let mut strace = command(program);
    let machine = std::env::consts::ARCH;
    let libraries = ["usr/lib", "lib"].map(|lib| directory.join(format!("{lib}/{machine}-linux-gnu")));
    strace.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).map_err(|problem| problem.to_string())?);
    Ok(strace)
}

/// What a program did that it should not, by strace's log: all but its own start, its threads, and writing below `ours`.
pub fn deeds(log: &str, ours: &Path) -> Vec<String> {
    let mut started = false;
    let mut deeds = Vec::new();
    for line in log.lines() {
        // "123 call(arguments) = result", "123 call(arguments <unfinished ...>", "123 <... call resumed>) = result"
        let line = line.trim_start_matches(|it: char| it.is_ascii_digit()).trim_start();
        let Some((call, arguments)) = line.split_once('(') else { continue };
        if call.starts_with('<') || !CALLS.contains(&call) {
            continue;
        }
        let allowed = match call {
            "execve" => !std::mem::replace(&mut started, true),
            "clone" | "clone3" => arguments.contains("CLONE_THREAD"),
            "open" | "openat" | "openat2" => {
                !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"]
                    .iter()
                    .any(|flag| arguments.contains(flag))
                    || paths(arguments)
                        .iter()
                        .all(|path| path.starts_with(ours) || path == Path::new("/dev/null"))
            }
            "execveat" | "fork" | "vfork" | "socket" | "socketpair" | "connect" | "bind" | "mount"
            | "ptrace" | "process_vm_writev" | "io_uring_setup" => false,
            _ => paths(arguments).iter().all(|path| path.starts_with(ours)),
        };
        if !allowed {
            deeds.push(line.to_owned());
        }
    }
    deeds
}

/// The paths among a call's arguments, each with the directory that stands before it, without `.` and `..`. A path that
/// strace does not show whole, or that is relative to nothing, is none of ours.
fn paths(arguments: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut directory = PathBuf::new();
    let mut rest = arguments;
    while let Some(at) = rest.find(['"', '<']) {
        let end = if rest[at..].starts_with('<') { '>' } else { '"' };
        let Some(length) = rest[at + 1..].find(end) else { break };
        let text = Path::new(&rest[at + 1..at + 1 + length]);
        if end == '>' {
            // After the arguments comes what the call gave.
            if directory.as_os_str().is_empty() || !paths.is_empty() {
                directory = text.to_path_buf();
            }
        } else {
            let mut path = PathBuf::new();
            for component in directory.join(text).components() {
                if component == Component::ParentDir {
                    path.pop();
                } else {
                    path.push(component);
                }
            }
            paths.push(path);
        }
        rest = &rest[at + 2 + length..];
    }
    // A call on a file that is open names it so.
    if paths.is_empty() { vec![directory] } else { paths }
}
