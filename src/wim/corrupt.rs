//! What can be wrong in compressed data.

use thiserror::Error;

/// Why a chunk cannot be decoded, as the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Corrupt {
    /// More bits are needed than there are.
    #[error("ends too early")]
    Short,
    /// Lengths of codewords that make no Huffman code, or none where one is used.
    #[error("has a Huffman code that is none")]
    Code,
    /// A match reaches before the beginning, or behind the end.
    #[error("has a match that lies outside of it")]
    Match,
    /// A block of no known kind.
    #[error("has a block of an unknown kind")]
    Block,
    /// A block that ends behind the chunk, or has no bytes.
    #[error("has a block of an impossible size")]
    BlockSize,
}
