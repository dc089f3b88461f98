//! Tests that count every byte that is allocated, and so take turns.
//!
//! For test binaries of their own, each with a module `everything` that does all that can be
//! done with some bytes.

use std::alloc::System;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cap::Cap;

use crate::everything;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Besides one copy of the bytes.
const MOST_MEMORY: usize = 64 << 20;

static TURN: Mutex<()> = Mutex::new(());

/// One test at a time: what others allocate would be counted too.
pub(crate) struct Turn {
    _turn: MutexGuard<'static, ()>,
}

impl Turn {
    pub(crate) fn new() -> Self {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { _turn }
    }

    /// Does everything that can be done with these bytes, and returns how much processor
    /// time it took. The allocator aborts the process where it takes too much memory.
    pub(crate) fn bear(&self, bytes: &[u8]) -> (everything::Outcome, Duration) {
        let most = MEMORY.allocated() + bytes.len() + MOST_MEMORY;
        MEMORY.set_limit(most).unwrap();
        let begun = processor_time();
        let outcome = everything::read(bytes);
        let took = processor_time() - begun;
        MEMORY.set_limit(usize::MAX).unwrap();
        (outcome, took)
    }

    /// What is made, and how many bytes of memory it keeps.
    #[allow(dead_code, reason = "not every binary looks at what is kept")]
    pub(crate) fn kept<T>(&self, make: impl FnOnce() -> T) -> (T, usize) {
        let before = MEMORY.allocated();
        let made = make();
        (made, MEMORY.allocated().saturating_sub(before))
    }
}

/// Of this thread, by the scheduler's own clock: a machine that is busy elsewhere does
/// not count.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
