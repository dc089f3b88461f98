//! Cells in bins: where each structure of a hive is put.
//!
//! A bin is one block, or more if a single cell needs more. No cell goes over the end of
//! its bin; what is left there is a free cell, so that cells cover every bin.

use super::{BIN_HEADER, BLOCK};

/// Every cell begins at a multiple of this.
const ALIGNED: usize = 8;

/// The length of a cell, in front of it. Below zero if the cell is used.
const LENGTH: usize = 4;

/// Bins with cells, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Bins {
    bytes: Vec<u8>,
    /// Where the last bin ends.
    end: usize,
}

impl Bins {
    /// Puts a structure into a new cell. Returns by what other structures name it.
    pub(super) fn place(&mut self, structure: &[u8]) -> u32 {
        let length = (LENGTH + structure.len()).next_multiple_of(ALIGNED);
        if self.bytes.len() + length > self.end {
            self.begin_bin(length);
        }
        let at = self.bytes.len();
        self.put(number(length).wrapping_neg());
        self.bytes.extend_from_slice(structure);
        self.bytes.resize(at + length, 0);
        number(at)
    }

    /// Sets a number in a structure that has its place already.
    pub(super) fn set(&mut self, cell: u32, field: usize, value: u32) {
        let at = cell as usize + LENGTH + field;
        if let Some(bytes) = self.bytes.get_mut(at..at + 4) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// All bins.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_bin();
        self.bytes
    }

    fn begin_bin(&mut self, cell: usize) {
        self.end_bin();
        let (at, length) = (
            self.bytes.len(),
            (BIN_HEADER + cell).next_multiple_of(BLOCK),
        );
        self.bytes.extend_from_slice(b"hbin");
        self.put(number(at));
        self.put(number(length));
        self.bytes.resize(at + BIN_HEADER, 0);
        self.end = at + length;
    }

    fn end_bin(&mut self) {
        let free = self.end - self.bytes.len();
        if free > 0 {
            self.put(number(free));
            self.bytes.resize(self.end, 0);
        }
    }

    fn put(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
}

/// Lengths and places have four bytes in a hive. No store comes near the end of them.
pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Adds numbers as a hive stores them.
pub(super) fn put(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(words(numbers));
}

/// Numbers as a hive stores them.
pub(super) fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}
