//! Those who watch the journal live, and what they are told.
//!
//! A watcher that does not keep up is told how much it missed; nobody waits for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::status::Request;

/// How many requests wait for one watcher.
const MOST_WAITING: usize = 4096;

/// All who watch.
#[derive(Debug, Default)]
pub struct Watchers {
    all: Mutex<Vec<Watcher>>,
    any: AtomicBool,
}

#[derive(Debug)]
struct Watcher {
    requests: SyncSender<Request>,
    missed: Arc<AtomicU64>,
}

/// What one watcher hears, as long as this lives.
#[derive(Debug)]
pub struct Watching {
    /// The requests, as they happen.
    pub requests: Receiver<Request>,
    missed: Arc<AtomicU64>,
}

impl Watchers {
    /// From now on, tells of everything.
    pub fn join(&self) -> Watching {
        let (sender, requests) = sync_channel(MOST_WAITING);
        let missed: Arc<AtomicU64> = Arc::default();
        let watcher = Watcher {
            requests: sender,
            missed: missed.clone(),
        };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(watcher);
        self.any.store(true, Ordering::Relaxed);
        Watching { requests, missed }
    }

    /// Tells everybody; what to tell is made only if somebody listens.
    pub fn tell(&self, request: impl FnOnce() -> Request) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let request = request();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|watcher| watcher.tell(&request));
        self.any.store(!all.is_empty(), Ordering::Relaxed);
    }
}

impl Watcher {
    /// Returns whether it still listens.
    fn tell(&self, request: &Request) -> bool {
        match self.requests.try_send(request.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Watching {
    /// How many requests it was not told since this was asked last.
    pub fn missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}
