//! The image file as the block device that the parsers read, within bounds.
//!
//! An image is read like this only while it is indexed. What a damaged or malicious one
//! can cost is bounded here, from outside of the parsers: whatever they do, they do by
//! reading, and the reads are counted. The place of the last read is what a message names
//! when they give up.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use hadris_io::{Error, ErrorKind, ErrorType};
use hadris_storage::sync::BlockDevice;
use hadris_storage::{BlockIndex, BlockSize};

/// The sector of every optical medium.
pub(super) const SECTOR: usize = 2048;

const BLOCK: BlockSize = match BlockSize::new(SECTOR as u32) {
    Some(size) => size,
    None => unreachable!(),
};

/// Sectors that are kept: folder and file entries lie close together, and every entry of
/// a folder makes the parser read the folder's own again.
const KEPT: usize = 256;

/// Reads that opening a volume may need.
const READS: u64 = 20_000;

/// Reads that one more entry may need: its record, its folder's, and a few for long names.
const READS_AN_ENTRY: u64 = 20;

/// The file of an image, read in sectors.
#[derive(Debug)]
pub(super) struct Medium<'a> {
    file: &'a File,
    length: u64,
    kept: Vec<(u64, [u8; SECTOR])>,
    left: Cell<u64>,
    place: u64,
}

impl<'a> Medium<'a> {
    /// The first `length` bytes of `file`.
    pub(super) fn new(file: &'a File, length: u64) -> Self {
        Self {
            file,
            length,
            kept: vec![(u64::MAX, [0; SECTOR]); KEPT],
            left: Cell::new(READS),
            place: 0,
        }
    }

    /// One more entry was found: more may be read.
    pub(super) fn earn(&self) {
        self.left.set(self.left.get() + READS_AN_ENTRY);
    }

    /// Whether more was read than any sound image needs.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// The byte from which was read last.
    pub(super) fn place(&self) -> u64 {
        self.place
    }

    /// The bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// One sector; `None` beyond the end.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn sector(&mut self, index: u64) -> io::Result<Option<&[u8; SECTOR]>> {
        if index >= self.block_count() {
            return Ok(None);
        }
        self.place = index * SECTOR as u64;
        let slot = usize::try_from(index % KEPT as u64).unwrap_or(0);
        let Some(kept) = self.kept.get_mut(slot) else {
            return Ok(None);
        };
        if kept.0 != index {
            kept.0 = u64::MAX;
            self.file.read_exact_at(&mut kept.1, self.place)?;
            kept.0 = index;
        }
        Ok(Some(&kept.1))
    }

    fn pay(&self) -> Result<(), Error<io::Error>> {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        match left {
            0 => Err(Error::device(io::ErrorKind::QuotaExceeded.into(), ENDLESS)),
            _ => Ok(()),
        }
    }
}

const ENDLESS: &str = "more has to be read than any sound image needs";

impl ErrorType for Medium<'_> {
    type Error = io::Error;
}

impl BlockDevice for Medium<'_> {
    fn block_size(&self) -> BlockSize {
        BLOCK
    }

    fn block_count(&self) -> u64 {
        self.length / SECTOR as u64
    }

    fn read_blocks(&mut self, first: BlockIndex, buf: &mut [u8]) -> Result<(), Error<io::Error>> {
        for (index, block) in (first.get()..).zip(buf.chunks_mut(SECTOR)) {
            self.pay()?;
            let sector = self.sector(index);
            let sector = sector.map_err(|error| Error::device(error, "it cannot be read"))?;
            let past = || Error::new(ErrorKind::InvalidInput, "a structure lies past the end");
            let sector = sector.ok_or_else(past)?;
            block.copy_from_slice(sector.get(..block.len()).unwrap_or_default());
        }
        Ok(())
    }
}
