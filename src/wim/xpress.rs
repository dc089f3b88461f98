//! XPRESS with Huffman codes, as Microsoft publishes it in [MS-XCA]: one code of 512
//! symbols for a chunk, of which 256 are bytes and the others a match's distance
//! and length.

use super::bits::Bits;
use super::corrupt::Corrupt;
use super::huffman::{self, Table};
use super::window;

const SYMBOLS: usize = 512;
/// A codeword's length has four bits, and two of them fill a byte.
const LENGTHS: usize = SYMBOLS / 2;
const BYTES: usize = 256;
const SHORTEST_MATCH: usize = 3;

const LOOK: u32 = 11;
type Code = Table<LOOK, { huffman::size(LOOK, SYMBOLS, 15) }>;

/// Decodes chunks, one after the other; what it keeps between them is only its memory.
#[derive(Debug)]
pub struct Decoder {
    code: Code,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { code: Code::new() }
    }
}

impl Decoder {
    /// Decodes a chunk into exactly as many bytes as `output` has.
    ///
    /// # Errors
    /// What in the input is against the format.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), Corrupt> {
        let (lengths, input) = input.split_at_checked(LENGTHS).ok_or(Corrupt::Short)?;
        let lengths: Vec<u8> = lengths
            .iter()
            .flat_map(|two| [two & 15, two >> 4])
            .collect();
        self.code.build(&lengths).map_err(|_| Corrupt::Code)?;
        if self.code.is_empty() {
            return Err(Corrupt::Code);
        }
        let mut bits = Bits::new(input);
        self.symbols(&mut bits, output)?;
        if bits.is_overrun() {
            return Err(Corrupt::Short);
        }
        Ok(())
    }

    fn symbols(&self, bits: &mut Bits<'_>, output: &mut [u8]) -> Result<(), Corrupt> {
        let mut at = 0;
        while let Some(free) = output.get_mut(at) {
            bits.refill();
            let symbol = self.code.decode(bits);
            if symbol < BYTES {
                *free = symbol as u8;
                at += 1;
                continue;
            }
            let (distance, length) = a_match(symbol - BYTES, bits)?;
            window::copy(output, at, distance, length).map_err(|_| Corrupt::Match)?;
            at += length;
        }
        Ok(())
    }
}

/// The distance and the length of a match.
#[inline(always)]
fn a_match(symbol: usize, bits: &mut Bits<'_>) -> Result<(usize, usize), Corrupt> {
    let mut length = symbol & 15;
    if length == 15 {
        length = bits.bytes_between(long_length).ok_or(Corrupt::Short)?;
    }
    let order = (symbol >> 4) as u32;
    let distance = 1 << order | bits.take(order) as usize;
    Ok((distance, length + SHORTEST_MATCH))
}

/// A length from 15 on: a byte, or two more behind it where that is full.
fn long_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes {
        [0xFF, low, high, ..] => Some((usize::from(u16::from_le_bytes([*low, *high])), 3)),
        [0xFF, ..] | [] => None,
        [more, ..] => Some((15 + usize::from(*more), 1)),
    }
}
