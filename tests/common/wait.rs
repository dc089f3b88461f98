//! Waiting for a condition with a deadline: the tests' only way to let time pass.
//!
//! A fixed sleep is either too short on a loaded machine or too long on every other
//! one. Polling costs a few milliseconds and says, when it fails, what never came.

use std::thread;
use std::time::{Duration, Instant};

/// Short enough not to be felt in a test, long enough to leave a two-core machine to
/// the server or mount that is being waited for.
const POLL: Duration = Duration::from_millis(5);

/// Asks `condition` until it answers, and gives that answer; panics with `what` when
/// `deadline` has passed.
#[track_caller]
#[allow(clippy::panic, reason = "a condition that never came is a failed test")]
pub(crate) fn until<T>(what: &str, deadline: Duration, condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    match within(deadline, condition) {
        Some(answer) => answer,
        None => panic!("waited {:.1?} in vain for {what}", begun.elapsed()),
    }
}

/// As [`until`], but `None` when the deadline passes: for what may fail, such as
/// stopping a server politely before stopping it for good.
///
/// The condition is always asked at least once, and once more after the last pause, so
/// a machine that slept through the whole deadline does not fail a test by itself.
pub(crate) fn within<T>(deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let late = begun.elapsed() >= deadline;
        if let Some(answer) = condition() {
            return Some(answer);
        }
        if late {
            return None;
        }
        thread::sleep(POLL);
    }
}
