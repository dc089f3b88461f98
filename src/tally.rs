//! What is counted besides the door's own counters, and what the operator was told last.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A count that several threads add to.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts of boots, and the complaints that still hold.
#[derive(Debug, Default)]
pub struct Tally {
    /// Boots that were handed their boot image.
    pub done: Count,
    /// Boots that lacked something, stopped, or were broken off.
    pub failed: Count,
    complaints: Mutex<BTreeMap<&'static str, String>>,
    /// Somebody is to look at boots that have ended.
    called: AtomicBool,
}

impl Tally {
    /// What is to be complained of under this heading; nothing any more, if it is empty.
    pub fn complain(&self, about: &'static str, what: String) {
        let mut complaints = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match what.is_empty() {
            true => complaints.remove(about),
            false => complaints.insert(about, what),
        };
    }

    /// Calls for somebody to look at boots that have ended. Returns false if nobody has
    /// heard the last call yet.
    pub fn calls(&self) -> bool {
        !self.called.swap(true, Ordering::AcqRel)
    }

    /// Somebody looks at them now.
    pub fn heard(&self) {
        self.called.store(false, Ordering::Release);
    }

    /// All complaints that hold.
    pub fn complaints(&self) -> Vec<String> {
        let complaints = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        complaints.values().cloned().collect()
    }
}
