//! A race: something done again and again in one thread while a test runs in another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Does `again` over and over for as long as `test` takes, also if it fails.
pub(crate) fn meanwhile<T>(mut again: impl FnMut() + Send, test: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                again();
            }
        });
        let _stop = SetWhenDropped(&done);
        test()
    })
}

/// Tries again and again until it has worked as often as wanted, at least `tries` times;
/// how often that goes wrong in between depends on the machine.
pub(crate) fn until_enough(wanted: usize, tries: usize, mut attempt: impl FnMut(usize) -> bool) {
    let begun = Instant::now();
    let mut worked = 0;
    for round in 0.. {
        worked += usize::from(attempt(round));
        if worked >= wanted && round >= tries {
            return;
        }
        let late = begun.elapsed() > Duration::from_secs(60);
        assert!(!late, "only {worked} of {round} tries worked");
    }
}

/// A panic must end the other thread too, or the test would hang instead of failing.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
