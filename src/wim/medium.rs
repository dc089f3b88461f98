//! The bytes of the WIM itself, wherever they are, never beyond their end.

use std::sync::Arc;

use super::error::{Error, Part, unexpected};
use crate::read::ReadAt;

/// A file on disk, or in an ISO.
#[derive(Debug)]
pub(super) struct Medium {
    bytes: Arc<dyn ReadAt>,
    size: u64,
}

impl Medium {
    pub(super) fn new(bytes: Arc<dyn ReadAt>, size: u64) -> Self {
        Self { bytes, size }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Reads that many bytes; nothing is allocated for what is not there.
    pub(super) fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, Error> {
        self.is_inside(at, length as u64)?;
        let mut buffer = vec![0; length];
        self.fill(&mut buffer, at)?;
        Ok(buffer)
    }

    /// Fills the buffer.
    pub(super) fn fill(&self, buffer: &mut [u8], at: u64) -> Result<(), Error> {
        self.is_inside(at, buffer.len() as u64)?;
        let count = self.bytes.read_at(buffer, at).map_err(|error| {
            let error = Arc::new(error);
            Error::Medium { at, error }
        })?;
        if count < buffer.len() {
            return Err(self.ends(at + count as u64, (buffer.len() - count) as u64));
        }
        Ok(())
    }

    fn is_inside(&self, at: u64, length: u64) -> Result<(), Error> {
        let end = at.checked_add(length);
        if end.is_none_or(|end| end > self.size) {
            return Err(self.ends(at, length));
        }
        Ok(())
    }

    fn ends(&self, at: u64, length: u64) -> Error {
        let found = format!("the end of the file, of {} bytes", self.size);
        unexpected(
            Part::File.at(at),
            "what follows",
            format!("{length} bytes"),
            found,
        )
    }
}
