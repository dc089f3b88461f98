//! A store as the registry hive that it is: the only room that knows so.
//!
//! A hive is a tree of [`Key`]s with values. `keys` tells which key means what, `read` and
//! `write` put the tree into bytes and get it out of them; `guard` looks at bytes before
//! anything else does. `write` imitates the layout that the stores of Windows have, for a
//! boot manager reads nothing else; it shares no code with `read`, so each can be held
//! against the other.

mod bins;
mod guard;
mod keys;
mod read;
mod security;
mod write;

use super::error::{Error, Remark};
use super::{Store, Values};

pub use guard::{MOST_BYTES, may_be_long};

/// Where the bins begin; what is before them is the header.
const HEADER: usize = 4096;

/// A hive is larger by so many bytes at once.
const BLOCK: usize = 4096;

/// What every bin begins with: its name, its place, its length, and nothing more of use.
const BIN_HEADER: usize = 32;

/// One key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Key {
    name: String,
    values: Values,
    keys: Vec<Key>,
}

impl Store {
    /// Reads a store. What cannot be understood of it is left out.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::read_with_remarks(bytes).map(|(store, _)| store)
    }

    /// The same, and what was left out.
    pub fn read_with_remarks(bytes: &[u8]) -> Result<(Self, Vec<Remark>), Error> {
        keys::store(read::read(bytes)?)
    }

    /// The store as a file; the same bytes for the same store, always and everywhere.
    pub fn write(&self) -> Vec<u8> {
        write::write(&keys::root(self))
    }
}

/// The sum that the header ends with.
fn checksum(header: &[u8]) -> u32 {
    let words = header.chunks_exact(4).take(CHECKSUM / 4);
    let words = words.filter_map(|word| word.try_into().ok().map(u32::from_le_bytes));
    match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

/// Where that sum is.
const CHECKSUM: usize = 508;
