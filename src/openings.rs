//! Boot programs that were looked up, and are perhaps opened next.
//!
//! The kernel opens a file by its number, which is the same for all clients and under all
//! names; only the look-up before it tells by which name, and under whose folder. Both come
//! from the same thread, one right after the other, for nobody may remember the name of a
//! boot program. A look-up alone (`stat`, `find`) chooses nothing.

use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::address::Address;
use crate::config::ImageName;
use crate::program::Program;

/// How many threads may have looked something up without opening it. One that is
/// forgotten here boots, but does not choose.
const MOST: usize = 4096;

/// A boot program, as it was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootProgram {
    /// The program.
    pub program: Program,
    /// The image that is chosen by opening it: if it was reached under `images/`.
    pub image: Option<ImageName>,
    /// The client that chooses: whose folder it was reached in, or whom the caller serves.
    /// None if that cannot be told, or if no image is chosen and so nobody was asked.
    pub client: Option<Address>,
}

/// What each thread looked up last.
#[derive(Debug)]
pub struct Openings(Mutex<LruCache<u32, (u64, BootProgram)>>);

impl Default for Openings {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Openings {
    /// A thread has looked up the boot program with this number.
    pub fn announce(&self, thread: u32, id: u64, program: BootProgram) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.put(thread, (id, program));
        if last.len() > MOST {
            last.pop_lru();
        }
    }

    /// A thread opens the file with this number: the boot program it is, if it was looked
    /// up as one.
    pub fn take(&self, thread: u32, id: u64) -> Option<BootProgram> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (looked_up, program) = last.pop(&thread)?;
        (looked_up == id).then_some(program)
    }
}
