//! The files that were looked up last, still in hand.
//!
//! Between a look-up and the open that follows, a file may be replaced. The kernel then
//! asks once more, but not twice; a client that boots while images are being copied would
//! now and then get an error. So the last few files looked up are held for their opening.
//! A hold costs a descriptor, hence few.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::source::Hold;

/// How many files are held.
const MOST: usize = 16;

/// The holds, the oldest first.
#[derive(Debug, Default)]
pub struct Holds(Mutex<VecDeque<(u64, Arc<dyn Hold>)>>);

impl Holds {
    /// Holds the file with this number, and lets the oldest go.
    pub fn keep(&self, id: u64, hold: Arc<dyn Hold>) {
        let mut holds = self.lock();
        holds.retain(|(other, _)| *other != id);
        while holds.len() >= MOST {
            holds.pop_front();
        }
        holds.push_back((id, hold));
    }

    /// The hold on the file with this number, if it is still there.
    pub fn get(&self, id: u64) -> Option<Arc<dyn Hold>> {
        let holds = self.lock();
        let found = holds.iter().find(|(other, _)| *other == id);
        found.map(|(_, hold)| hold.clone())
    }

    /// Lets all of them go: a file that was removed frees its space only then.
    pub fn let_go(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<dyn Hold>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
