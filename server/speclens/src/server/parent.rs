//! The client's process.

use std::sync::Arc;
use std::thread;

use waitpid_any::WaitHandle;

use super::wire::{End, Lifecycle};

/// Ends the server when the process ends, on a thread that waits for nothing else.
pub(super) fn watch(process: u32, lifecycle: Arc<Lifecycle>) {
    let Ok(process) = i32::try_from(process) else {
        tracing::warn!(process, "the client's process id is no process id");
        return;
    };
    let spawned = thread::Builder::new().name("client".into()).spawn(move || {
        if wait(process) {
            lifecycle.end(End::ClientDied);
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "the client's process is not watched");
    }
}

/// Waits for the end of a process; false where that cannot be known.
fn wait(process: i32) -> bool {
    /// No such process, on Unix.
    const ESRCH: i32 = 3;
    let mut handle = match WaitHandle::open(process) {
        Ok(handle) => handle,
        Err(error) if cfg!(unix) && error.raw_os_error() == Some(ESRCH) => return true,
        Err(error) => {
            tracing::warn!(%error, process, "the client's process cannot be watched");
            return false;
        }
    };
    loop {
        match handle.wait() {
            Ok(()) => return true,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, process, "the client's process is no longer watched");
                return false;
            }
        }
    }
}
