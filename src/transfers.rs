//! Boot images on their way, and how far they are.
//!
//! From time to time it is looked how far each has been read. Where that is known, it also
//! tells a transfer that was broken off from one that came to its end since the last look: by
//! how fast it would have to have been. In doubt nothing is known; that a boot has failed is
//! said only when it certainly has.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::journal::Ticket;

/// How many transfers are followed.
const MOST: usize = 512;

/// How much faster than before the rest may have come, behind the last look.
const FASTER: f64 = 3.0;

/// As fast may it have become after it stood still, in bytes a second ...
const SOON: f64 = 16e6;

/// ... and as fast is nobody: one that was followed for less than this long may have been.
const FASTEST: f64 = 4e9;
const FOLLOWED: f64 = 1.0;

/// What a server reads ahead of what it has sent, and what lies in the buffers of a socket, of
/// a server that reads without moving the place.
const AHEAD: f64 = 256e3;
const BUFFERED: f64 = 8e6;

/// All that are followed.
#[derive(Debug, Default)]
pub struct Transfers(Mutex<Vec<Transfer>>);

/// A boot image that somebody has open.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Its request.
    pub ticket: Ticket,
    /// The process that reads it.
    pub process: u32,
    /// The file's number.
    pub id: u64,
    /// Its length in bytes.
    pub size: u64,
    began: Instant,
    /// How far it was, and when that was looked at.
    seen: Option<(u64, Instant)>,
}

impl Transfers {
    /// Follows one more; none, if there are too many.
    pub fn begin(&self, ticket: Ticket, process: u32, id: u64, size: u64, now: Instant) {
        let mut all = self.all();
        if all.len() < MOST {
            all.push(Transfer {
                ticket,
                process,
                id,
                size,
                began: now,
                seen: None,
            });
        }
    }

    /// Those that are followed.
    pub fn under_way(&self) -> Vec<Transfer> {
        self.all().clone()
    }

    /// One has been read up to this place. A place at the very beginning tells nothing: it
    /// stays there for servers that read without moving it.
    pub fn seen(&self, ticket: &Ticket, place: u64, now: Instant) {
        let mut all = self.all();
        let known = all.iter_mut().find(|transfer| transfer.ticket == *ticket);
        if let Some(transfer) = known.filter(|_| place > 0) {
            transfer.seen = Some((place, now));
        }
    }

    /// It was closed. Returns how much of it was read, where that is known: it is not, if it may
    /// have come to its end since it was last looked at.
    pub fn end(&self, ticket: &Ticket, now: Instant) -> Option<u64> {
        let mut all = self.all();
        let at = all.iter().position(|transfer| transfer.ticket == *ticket)?;
        all.swap_remove(at).read(now)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Transfer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfer {
    /// Nothing, if it was closed sooner than anybody could have read it: its size was asked.
    fn read(&self, now: Instant) -> Option<u64> {
        let since = |moment| now.saturating_duration_since(moment).as_secs_f64();
        let Some((place, when)) = self.seen else {
            let most = since(self.began) * FASTEST + BUFFERED;
            return (self.size as f64 > most).then_some(0);
        };
        let took = when.saturating_duration_since(self.began).as_secs_f64();
        let rate = match took < FOLLOWED {
            true => FASTEST,
            false => (place as f64 / took * FASTER).max(SOON),
        };
        let left = self.size.saturating_sub(place);
        match left {
            0 => Some(self.size),
            _ => (left as f64 > rate * since(when) + AHEAD).then_some(place),
        }
    }
}
