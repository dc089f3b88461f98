//! Bytes in memory as a medium that counts what is read of it.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use winbootfs::source::ReadAt;
use winbootfs::wim::{Error, Wim};

/// A WIM in memory.
#[derive(Debug, Default)]
pub(crate) struct Medium {
    pub(crate) bytes: Vec<u8>,
    pub(crate) reads: AtomicU64,
    pub(crate) read: AtomicU64,
}

impl Medium {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Self> {
        let medium = Self {
            bytes,
            ..Self::default()
        };
        Arc::new(medium)
    }

    pub(crate) fn open(self: &Arc<Self>) -> Result<Wim, Error> {
        Wim::open(self.clone(), self.bytes.len() as u64)
    }
}

impl ReadAt for Medium {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let begin = usize::try_from(offset).unwrap().min(self.bytes.len());
        let count = buffer.len().min(self.bytes.len() - begin);
        buffer[..count].copy_from_slice(&self.bytes[begin..begin + count]);
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// A WIM that must open.
pub(crate) fn open(bytes: Vec<u8>) -> Wim {
    Medium::new(bytes).open().unwrap()
}

/// The error of one that must not.
pub(crate) fn refusal(bytes: Vec<u8>) -> String {
    Medium::new(bytes).open().unwrap_err().to_string()
}
