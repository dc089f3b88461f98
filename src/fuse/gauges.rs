//! What the door finds out while it answers, for whoever tells of it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::backing::Backings;
use crate::status::Reading;
use crate::tally::Count;

/// What was done so far; all counts since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Names looked up.
    pub lookups: Count,
    /// Of these, names that were not there.
    pub misses: Count,
    /// Of these, names refused because the client could not be told.
    pub undecided: Count,
    /// Look-ups given back by the kernel.
    pub forgets: Count,
    /// Files opened.
    pub opens: Count,
    /// Bytes read through the daemon.
    pub bytes: Count,
}

/// What the door counts, and what it knows of the kernel.
#[derive(Debug, Default)]
pub struct Gauges {
    stats: Stats,
    pub(super) backings: Backings,
    /// Found out when the kernel introduces itself.
    forgets_on_request: AtomicBool,
}

impl Gauges {
    /// What was done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How files are read, and why so.
    pub fn reading(&self) -> Reading {
        self.backings.reading()
    }

    /// Whether the kernel drops what it believes when it is told to.
    pub(super) fn forgets_on_request(&self) -> bool {
        self.forgets_on_request.load(Ordering::Relaxed)
    }

    pub(super) fn set_forgets_on_request(&self, forgets: bool) {
        self.forgets_on_request.store(forgets, Ordering::Relaxed);
    }
}
