//! What is open: a number for each open file or listing.
//!
//! An open file keeps the version it was opened with, whatever happens to its name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Open things by number; a number is never used twice.
#[derive(Debug)]
pub(super) struct Handles<T> {
    open: RwLock<HashMap<u64, Arc<T>>>,
    next: AtomicU64,
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self {
            open: RwLock::default(),
            next: AtomicU64::new(1),
        }
    }
}

impl<T> Handles<T> {
    pub(super) fn add(&self, thing: T) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(number, Arc::new(thing));
        number
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<T>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&number).cloned()
    }

    /// Closes it, and gives it back unless somebody is using it just now.
    pub(super) fn remove(&self, number: u64) -> Option<T> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.remove(&number).and_then(Arc::into_inner)
    }
}
