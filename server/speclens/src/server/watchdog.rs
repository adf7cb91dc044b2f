//! What held the owner's loop, where something did.

use std::time::{Duration, Instant};

/// A turn that takes longer is worth a line in the log.
const SLOW_TURN: Duration = Duration::from_millis(100);

/// One turn of the loop.
#[derive(Debug)]
pub(super) struct Turn {
    started: Instant,
    /// Since when the step at hand is taken.
    step: Instant,
    longest: (Duration, &'static str),
}

impl Turn {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, step: now, longest: (Duration::ZERO, "nothing") }
    }

    /// A step is done.
    pub(super) fn done(&mut self, what: &'static str) {
        let now = Instant::now();
        self.longest = self.longest.max((now - self.step, what));
        self.step = now;
    }

    /// What held a slow turn, as a sentence; it goes to the log.
    pub(super) fn end(self) -> Option<String> {
        let elapsed = self.started.elapsed();
        let (held, what) = self.longest;
        (elapsed > SLOW_TURN).then(|| {
            tracing::warn!(?elapsed, ?held, by = what, "a slow turn of the loop");
            format!("the loop was held for {elapsed:.0?}, {held:.0?} of it by {what}")
        })
    }
}
