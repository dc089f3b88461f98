//! By what a WIM names the bytes of a file: their SHA-1.

use std::fmt;

use super::fields::hash_at;

/// A SHA-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 20]);

impl Hash {
    /// What stands for an empty file, and for a folder.
    pub(super) const ZERO: Self = Self([0; 20]);

    pub(super) fn parse(bytes: &[u8], at: usize) -> Option<Self> {
        hash_at(bytes, at).map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
