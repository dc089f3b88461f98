//! Boot images on their way, and how far they are.
//!
//! From time to time it is looked how far each has been read. Where that is known, it also
//! tells a transfer that was broken off from one that came to its end between two looks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::journal::Ticket;

/// How many transfers are followed.
const MOST: usize = 512;

/// How much faster than before the rest may have come, behind the last look ...
const FASTER: f64 = 3.0;

/// ... and how much of it at once: what lies in buffers.
const AT_ONCE: f64 = (4 << 20) as f64;

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

    /// It was closed. Returns how much of it was read, where that is known: nothing is, if it
    /// may have come to its end since it was last looked at.
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
    fn read(&self, now: Instant) -> Option<u64> {
        let (place, when) = self.seen?;
        if place >= self.size {
            return Some(self.size);
        }
        let seconds = |span: Duration| span.as_secs_f64();
        let took = seconds(when.saturating_duration_since(self.began)).max(0.001);
        let since = seconds(now.saturating_duration_since(when));
        let more = place as f64 / took * since * FASTER + AT_ONCE;
        ((self.size - place) as f64 > more).then_some(place)
    }
}
