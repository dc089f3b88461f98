//! So many lines a while and no more: whoever is on the network can ask for names, and must
//! not be able to fill the disk with what is said about them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets so many through in a while, and counts the rest.
#[derive(Debug)]
pub struct Limit {
    most: u32,
    per: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    passed: u32,
    left_out: u64,
}

impl Limit {
    /// So many in this time.
    pub fn new(most: u32, per: Duration) -> Self {
        Self {
            most,
            per,
            state: Mutex::default(),
        }
    }

    /// Whether one more may pass. The first of a new while also tells how many were left out
    /// in the last.
    pub fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Instant| now.saturating_duration_since(since) >= self.per;
        if state.since.is_none_or(is_over) {
            state.since = Some(now);
            state.passed = 0;
        }
        if state.passed >= self.most {
            state.left_out += 1;
            return None;
        }
        state.passed += 1;
        Some(std::mem::take(&mut state.left_out))
    }

    /// How many were left out, once their while is over and none has passed since.
    pub fn left_out(&self, now: Instant) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Instant| now.saturating_duration_since(since) >= self.per;
        match state.since.is_some_and(is_over) {
            true => std::mem::take(&mut state.left_out),
            false => 0,
        }
    }
}
