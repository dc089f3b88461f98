//! Damaged images, by the thousand, and ones made to be a burden: an error or data,
//! without a panic or an end that never comes, and never more than 64 MiB of memory.
//!
//! A test binary of its own, for it counts every byte that is allocated; its tests take
//! turns for the same reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(
    dead_code,
    reason = "half of what is shared with the other tests of sources"
)]

mod burdens;
mod corpus;
mod everything;
#[path = "../sources/made.rs"]
mod made;
#[path = "../common/media.rs"]
mod media;
mod mutants;
mod rare;
#[path = "../common/skip.rs"]
mod skip;
mod templates;

use std::alloc::System;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

const MOST_MEMORY: usize = 64 << 20;

static TURN: Mutex<()> = Mutex::new(());

/// One test at a time: what others allocate would be counted too.
struct Turn {
    _turn: MutexGuard<'static, ()>,
}

impl Turn {
    fn new() -> Self {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { _turn }
    }

    /// Does everything that can be done with an image, and returns how much processor
    /// time it took. The allocator aborts the process where it takes too much memory.
    fn bear(&self, bytes: &[u8]) -> (everything::Outcome, Duration) {
        MEMORY.set_limit(MEMORY.allocated() + MOST_MEMORY).unwrap();
        let begun = processor_time();
        let outcome = everything::read(bytes);
        let took = processor_time() - begun;
        MEMORY.set_limit(usize::MAX).unwrap();
        (outcome, took)
    }

    /// What is made, and how many bytes of memory it keeps.
    fn kept<T>(&self, make: impl FnOnce() -> T) -> (T, usize) {
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

/// Processor time, and no measure of speed: a small image that takes so long has no end.
const HANGING: Duration = Duration::from_secs(2);
