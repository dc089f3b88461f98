//! What the log says of names and files that cannot be had. Each thing once a minute, and no
//! more than so many a second: the kernel asks for a damaged file page by page, and whoever is
//! on the network can ask for anything.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::limit::Limit;

/// How many complaints a second.
const MOST: u32 = 10;

/// For how long the same one is not repeated ...
const SAME: Duration = Duration::from_secs(60);

/// ... of so many that are remembered.
const REMEMBERED: usize = 64;

/// What was said, and when.
#[derive(Debug)]
pub(super) struct Complaints {
    limit: Limit,
    said: Mutex<LruCache<String, Instant>>,
}

impl Default for Complaints {
    fn default() -> Self {
        Self {
            limit: Limit::new(MOST, Duration::from_secs(1)),
            said: Mutex::new(LruCache::unbounded()),
        }
    }
}

impl Complaints {
    /// Whether this is to be said now. The first after too many says how many were left out.
    pub(super) fn may_say(&self, what: &str, now: Instant) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: &Instant| now.saturating_duration_since(*at) < SAME;
        if said.get(what).is_some_and(is_fresh) {
            return false;
        }
        let Some(left_out) = self.limit.pass(now) else {
            return false;
        };
        said.put(what.to_owned(), now);
        if said.len() > REMEMBERED {
            said.pop_lru();
        }
        if left_out > 0 {
            tracing::warn!("{left_out} complaints were left out: there were too many");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once_a_minute() {
        let (complaints, began) = (Complaints::default(), Instant::now());
        let may = |what, seconds| complaints.may_say(what, began + Duration::from_secs(seconds));
        assert!(may("one", 0) && may("other", 0));
        assert!(!may("one", 0) && !may("one", 59) && may("one", 60));
    }

    #[test]
    fn no_flood_passes() {
        let (complaints, began) = (Complaints::default(), Instant::now());
        let passed = (0..500).filter(|number| complaints.may_say(&number.to_string(), began));
        assert_eq!(passed.count(), MOST as usize);
        let later = began + Duration::from_secs(1);
        assert!(complaints.may_say("499", later), "it was never said");
    }
}
