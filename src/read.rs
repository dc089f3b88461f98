//! Bytes that are read from any place: a file on disk, in an ISO, in a WIM.
//!
//! Not a part of [`crate::source`]: a WIM is read through this, and is one itself.

use std::fmt::Debug;
use std::fs::File;
use std::io;

/// An open file of a source.
pub trait ReadAt: Debug + Send + Sync {
    /// Fills `buffer` from `offset` on; shorter only at the end of the file.
    ///
    /// # Errors
    /// Those of the medium, and `ESTALE` when the bytes are no longer those of the
    /// version that was opened.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The file on disk that is this file, byte for byte from offset 0, if there is one.
    fn on_disk(&self) -> Option<&File>;
}
