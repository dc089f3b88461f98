//! An open file of an image.
//!
//! Whether the bytes are those of the SHA-1 is checked by the way: while a file is read
//! for the first time from its beginning to its end, every byte that comes by is hashed.
//! The read that completes it fails where the hash is another one. The verdict is kept,
//! one byte for each content, so that a good file is never hashed again, and a bad one
//! never served again. Who reads only parts gets them unchecked; damage that matters
//! mostly breaks the compressed data, and is then noticed too.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha1::{Digest, Sha1};

use super::Inner;
use super::error::Error;
use super::hash::Hash;
use super::lookup::Stored;
use super::store::Opened;
use crate::read::ReadAt;

/// A kernel that reads ahead lets several threads ask, and they come out of order. What
/// they have left out, if it is not more, is read again for the hash.
const CATCH_UP: u64 = 256 << 10;

/// What is known about the contents that the lookup table names, by number.
#[derive(Debug)]
pub(super) struct Verdicts(Box<[AtomicU8]>);

const UNKNOWN: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

impl Verdicts {
    pub(super) fn new(files: usize) -> Self {
        Self((0..files).map(|_| AtomicU8::new(UNKNOWN)).collect())
    }

    fn get(&self, number: u32) -> u8 {
        let verdict = self.0.get(number as usize);
        verdict.map_or(UNKNOWN, |verdict| verdict.load(Ordering::Relaxed))
    }

    fn set(&self, number: u32, now: u8) {
        if let Some(verdict) = self.0.get(number as usize) {
            verdict.store(now, Ordering::Relaxed);
        }
    }
}

/// A file's bytes.
#[derive(Debug)]
pub struct Blob {
    wim: Arc<Inner>,
    /// `None` for an empty file, which has no contents anywhere.
    content: Option<Content>,
}

#[derive(Debug)]
struct Content {
    number: u32,
    hash: Hash,
    opened: Opened,
    hashed: Mutex<Hashed>,
}

/// The hash of the first bytes.
#[derive(Debug, Default)]
struct Hashed {
    hasher: Sha1,
    count: u64,
}

impl Blob {
    pub(super) fn open(wim: Arc<Inner>, number: Option<u32>) -> Result<Self, Error> {
        let stored = number.and_then(|number| Some((number, *wim.lookup.file(number)?)));
        let content = stored.map(|(number, stored)| Content::open(&wim, number, stored));
        let content = content.transpose()?;
        Ok(Self { wim, content })
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.content
            .as_ref()
            .map_or(0, |content| content.opened.size())
    }

    /// Fills `buffer` from `offset` on; shorter only at the end of the file. Decodes the
    /// chunks that hold these bytes, and no others.
    ///
    /// # Errors
    /// Those of the medium, what is damaged in the chunks, and, on the read that
    /// completes the file and on all later ones, a wrong SHA-1.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
        match &self.content {
            Some(content) => content.read_at(&self.wim, buffer, offset),
            None => Ok(0),
        }
    }
}

impl ReadAt for Blob {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(Self::read_at(self, buffer, offset)?)
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

impl Content {
    fn open(wim: &Inner, number: u32, stored: Stored) -> Result<Self, Error> {
        let content = Self {
            number,
            hash: stored.hash,
            opened: wim.store.open(stored.resource)?,
            hashed: Mutex::default(),
        };
        content.is_not_bad(wim)?;
        Ok(content)
    }

    fn is_not_bad(&self, wim: &Inner) -> Result<(), Error> {
        match wim.verdicts.get(self.number) {
            BAD => Err(Error::KnownBad {
                place: self.opened.place(),
                expected: self.hash,
            }),
            _ => Ok(()),
        }
    }

    fn read_at(&self, wim: &Inner, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
        self.is_not_bad(wim)?;
        let count = wim.store.read(&self.opened, buffer, offset)?;
        if wim.verdicts.get(self.number) == UNKNOWN {
            self.hash(wim, buffer.get(..count).unwrap_or_default(), offset)?;
        }
        Ok(count)
    }

    /// Hashes what was read, as far as that follows what was hashed before.
    fn hash(&self, wim: &Inner, bytes: &[u8], offset: u64) -> Result<(), Error> {
        let mut hashed = self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = offset.saturating_sub(hashed.count);
        if left_out > 0 {
            if hashed.count == 0 || left_out > CATCH_UP || bytes.is_empty() {
                return Ok(());
            }
            let mut gap = vec![0; left_out as usize];
            wim.store.read(&self.opened, &mut gap, hashed.count)?;
            hashed.add(&gap);
        }
        let known = usize::try_from(hashed.count - offset).unwrap_or(usize::MAX);
        hashed.add(bytes.get(known..).unwrap_or_default());
        if hashed.count == self.opened.size() {
            return self.conclude(wim, &hashed);
        }
        Ok(())
    }

    fn conclude(&self, wim: &Inner, hashed: &Hashed) -> Result<(), Error> {
        let found = Hash(hashed.hasher.clone().finalize().into());
        if found == self.hash {
            wim.verdicts.set(self.number, GOOD);
            return Ok(());
        }
        wim.verdicts.set(self.number, BAD);
        Err(Error::WrongHash {
            place: self.opened.place(),
            what: "a file's bytes".to_owned(),
            expected: self.hash,
            found,
        })
    }
}

impl Hashed {
    fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.count += bytes.len() as u64;
    }
}
