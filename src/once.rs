//! Boot images on their way to clients whose rule ends with them.
//!
//! `once = true` is for installing a computer: when it has its boot image, the rule has
//! done its work, and the next start must not install it again. What the kernel reads
//! by itself nobody sees; so such a client gets the file under a number of its own, read
//! through the daemon, and here it is noted which bytes were read. The rule ends when the
//! server closes the file and every byte was read, at one go or in several.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::choice::Ruling;
use crate::source::ReadAt;

/// How many files are noted at a time.
const MOST: usize = 4096;

/// How many separate pieces of a file are noted. A server reads from front to back, and
/// the kernel ahead of it: that is one piece, for moments a few.
const MOST_PIECES: usize = 1024;

/// What was read of each, and the rules that have done their work.
#[derive(Debug)]
pub struct Onces {
    read: Mutex<LruCache<u64, Arc<Mutex<Pieces>>>>,
    done: Arc<Mutex<Vec<Arc<Ruling>>>>,
}

/// Pieces of a file: from where to where, none touching another.
#[derive(Debug, Default)]
pub struct Pieces(BTreeMap<u64, u64>);

/// An open file of which is noted what is read.
#[derive(Debug)]
struct Noted {
    file: Box<dyn ReadAt>,
    size: u64,
    read: Arc<Mutex<Pieces>>,
    ruling: Arc<Ruling>,
    done: Arc<Mutex<Vec<Arc<Ruling>>>>,
}

impl Default for Onces {
    fn default() -> Self {
        Self {
            read: Mutex::new(LruCache::unbounded()),
            done: Arc::default(),
        }
    }
}

impl Onces {
    /// The file, of this many bytes and with this number, such that it is noted what is
    /// read of it on behalf of the rule.
    pub fn noted(
        &self,
        id: u64,
        file: Box<dyn ReadAt>,
        size: u64,
        ruling: &Arc<Ruling>,
    ) -> Box<dyn ReadAt> {
        let mut all = lock(&self.read);
        let read = all.get_or_insert(id, Arc::default).clone();
        if all.len() > MOST {
            all.pop_lru();
        }
        Box::new(Noted {
            file,
            size,
            read,
            ruling: ruling.clone(),
            done: self.done.clone(),
        })
    }

    /// The rules that have done their work since this was asked last.
    pub fn done(&self) -> Vec<Arc<Ruling>> {
        std::mem::take(&mut lock(&self.done))
    }
}

impl Pieces {
    /// Adds a piece. One too many is not noted: the file then does not become whole, and
    /// the rule stays.
    pub fn add(&mut self, from: u64, to: u64) {
        let (mut from, mut to) = (from, to);
        while let Some((&begin, &end)) = self.0.range(..=to).next_back() {
            if end < from {
                break;
            }
            self.0.remove(&begin);
            from = from.min(begin);
            to = to.max(end);
        }
        if from < to && self.0.len() < MOST_PIECES {
            self.0.insert(from, to);
        }
    }

    /// Whether these are all bytes of a file of this size, which is not empty.
    pub fn are_all_of(&self, size: u64) -> bool {
        size > 0 && self.0.get(&0).is_some_and(|end| *end >= size)
    }
}

impl ReadAt for Noted {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.file.read_at(buffer, offset)?;
        lock(&self.read).add(offset, offset.saturating_add(count as u64));
        Ok(count)
    }

    /// None, or the kernel would read it by itself.
    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// The server has closed it.
impl Drop for Noted {
    fn drop(&mut self) {
        if lock(&self.read).are_all_of(self.size) {
            lock(&self.done).push(self.ruling.clone());
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
