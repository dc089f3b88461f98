//! LZX as WIMs have it: every chunk by itself, and its size is the window.
//!
//! Against the LZX of cabinets: a chunk has no header, so that the call translation
//! (`calls`) is always on; a block's size is one bit for 32 KiB and
//! explicit otherwise; and nothing is kept from one chunk to the next.

use super::bits::Bits;
use super::calls;
use super::corrupt::Corrupt;
use super::huffman::{self, LONGEST, Table};
use super::window;

const BYTES: usize = 256;
/// A match's symbol has one of these for its length; the last says: see the length code.
const LENGTH_CLASSES: usize = 8;
const LONG: usize = LENGTH_CLASSES - 1;
const LENGTHS: usize = 249;
const SHORTEST_MATCH: usize = 2;
const USUAL_BLOCK: usize = 1 << 15;

/// The widest window, 2 MiB, has 50 slots.
const MOST_SLOTS: usize = 50;
const MOST_SYMBOLS: usize = BYTES + MOST_SLOTS * LENGTH_CLASSES;

/// What is added to a distance, for the first three numbers mean the last distances.
const RECENT: usize = 3;

/// How the distances of a slot are written: from `base` on, in so many bits.
#[derive(Debug, Clone, Copy)]
struct Slot {
    base: u32,
    bits: u32,
}

const SLOTS: [Slot; MOST_SLOTS] = slots();

/// Two slots for each number of bits; from 17 bits on all have as many.
#[allow(clippy::indexing_slicing, reason = "checked when it is compiled")]
const fn slots() -> [Slot; MOST_SLOTS] {
    let mut slots = [Slot { base: 0, bits: 0 }; MOST_SLOTS];
    let (mut at, mut base) = (0, 0);
    while at < MOST_SLOTS {
        let bits = match at {
            0..4 => 0,
            4..36 => at as u32 / 2 - 1,
            _ => 17,
        };
        slots[at] = Slot { base, bits };
        base += 1 << bits;
        at += 1;
    }
    slots
}

const MAIN_LOOK: u32 = 11;
const LENGTH_LOOK: u32 = 10;
const PRE_LOOK: u32 = 6;
const ALIGNED_LOOK: u32 = 7;
const PRE_SYMBOLS: usize = 20;
const ALIGNED_SYMBOLS: usize = 8;
/// So many low bits of a distance come from the aligned code.
const ALIGNED_BITS: u32 = 3;

type Main = Table<MAIN_LOOK, { huffman::size(MAIN_LOOK, MOST_SYMBOLS, LONGEST as u32) }>;
type Length = Table<LENGTH_LOOK, { huffman::size(LENGTH_LOOK, LENGTHS, LONGEST as u32) }>;
type Pre = Table<PRE_LOOK, { huffman::size(PRE_LOOK, PRE_SYMBOLS, 15) }>;
type Aligned = Table<ALIGNED_LOOK, { huffman::size(ALIGNED_LOOK, ALIGNED_SYMBOLS, 7) }>;

/// Decodes chunks of one size, one after the other.
#[derive(Debug)]
pub struct Decoder {
    window_order: u32,
    main: Main,
    length: Length,
    pre: Pre,
    aligned: Aligned,
    /// A block gives its lengths as differences to those of the block before.
    main_lengths: [u8; MOST_SYMBOLS],
    length_lengths: [u8; LENGTHS],
}

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Verbatim,
    Aligned,
    Uncompressed,
}

impl Decoder {
    /// For chunks of `2^window_order` bytes: 15 to 21.
    pub fn new(window_order: u32) -> Self {
        Self {
            window_order,
            main: Main::new(),
            length: Length::new(),
            pre: Pre::new(),
            aligned: Aligned::new(),
            main_lengths: [0; MOST_SYMBOLS],
            length_lengths: [0; LENGTHS],
        }
    }

    /// Decodes a chunk into exactly as many bytes as `output` has.
    ///
    /// # Errors
    /// What in the input is against the format.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), Corrupt> {
        self.main_lengths.fill(0);
        self.length_lengths.fill(0);
        let mut bits = Bits::new(input);
        let mut recent = Recent([1; RECENT]);
        let mut done = 0;
        while done < output.len() {
            done = self.block(&mut bits, &mut recent, output, done)?;
        }
        calls::to_relative(output);
        Ok(())
    }

    /// Decodes a block that begins at `begin`, and tells where it ends.
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        recent: &mut Recent,
        output: &mut [u8],
        begin: usize,
    ) -> Result<usize, Corrupt> {
        let kind = kind(bits)?;
        let size = self.block_size(bits);
        let end = begin + size;
        if size == 0 || end > output.len() {
            return Err(Corrupt::BlockSize);
        }
        match kind {
            Kind::Uncompressed => uncompressed(bits, recent, output.get_mut(begin..end))?,
            Kind::Verbatim | Kind::Aligned => {
                self.compressed(kind, bits, recent, output, begin..end)?;
            }
        }
        // At once, and not only at the end: zeros for ever could be blocks for long.
        if bits.is_overrun() {
            return Err(Corrupt::Short);
        }
        Ok(end)
    }

    fn block_size(&self, bits: &mut Bits<'_>) -> usize {
        if bits.read(1) == 1 {
            return USUAL_BLOCK;
        }
        let width = if self.window_order >= 16 { 24 } else { 16 };
        bits.read(width) as usize
    }

    fn compressed(
        &mut self,
        kind: Kind,
        bits: &mut Bits<'_>,
        recent: &mut Recent,
        output: &mut [u8],
        block: std::ops::Range<usize>,
    ) -> Result<(), Corrupt> {
        if kind == Kind::Aligned {
            let mut lengths = [0; ALIGNED_SYMBOLS];
            lengths.fill_with(|| bits.read(3) as u8);
            self.aligned.build(&lengths).map_err(|_| Corrupt::Code)?;
        }
        self.codes(bits)?;
        match kind {
            Kind::Aligned => self.symbols::<true>(bits, recent, output, block),
            _ => self.symbols::<false>(bits, recent, output, block),
        }
    }

    /// The main code in two parts, then the length code.
    fn codes(&mut self, bits: &mut Bits<'_>) -> Result<(), Corrupt> {
        let symbols = BYTES + slots_of(self.window_order) * LENGTH_CLASSES;
        let used = self.main_lengths.get_mut(..symbols).ok_or(Corrupt::Code)?;
        let (bytes, matches) = used.split_at_mut(BYTES);
        for lengths in [bytes, matches, &mut self.length_lengths] {
            read_lengths(&mut self.pre, bits, lengths)?;
        }
        let built = self.main.build(&self.main_lengths);
        built.map_err(|_| Corrupt::Code)?;
        let built = self.length.build(&self.length_lengths);
        built.map_err(|_| Corrupt::Code)?;
        if self.main.is_empty() {
            return Err(Corrupt::Code);
        }
        Ok(())
    }

    fn symbols<const ALIGNED: bool>(
        &self,
        stream: &mut Bits<'_>,
        recent: &mut Recent,
        output: &mut [u8],
        block: std::ops::Range<usize>,
    ) -> Result<(), Corrupt> {
        // Of its own, for the compiler keeps it in registers then.
        let bits = &mut stream.clone();
        let (mut at, end) = (block.start, block.end);
        while at < end {
            bits.refill();
            let symbol = self.main.decode(bits);
            if symbol < BYTES {
                *output.get_mut(at).ok_or(Corrupt::BlockSize)? = symbol as u8;
                at += 1;
                continue;
            }
            let symbol = symbol - BYTES;
            let length = self.match_length(symbol % LENGTH_CLASSES, bits)?;
            let distance = self.distance::<ALIGNED>(symbol / LENGTH_CLASSES, bits, recent)?;
            if length > end - at {
                return Err(Corrupt::Match);
            }
            window::copy(output, at, distance, length).map_err(|_| Corrupt::Match)?;
            at += length;
        }
        *stream = bits.clone();
        Ok(())
    }

    #[inline(always)]
    fn match_length(&self, class: usize, bits: &mut Bits<'_>) -> Result<usize, Corrupt> {
        if class < LONG {
            return Ok(class + SHORTEST_MATCH);
        }
        if self.length.is_empty() {
            return Err(Corrupt::Code);
        }
        Ok(self.length.decode(bits) + LONG + SHORTEST_MATCH)
    }

    #[inline(always)]
    fn distance<const ALIGNED: bool>(
        &self,
        slot: usize,
        bits: &mut Bits<'_>,
        recent: &mut Recent,
    ) -> Result<usize, Corrupt> {
        if slot < RECENT {
            return Ok(recent.again(slot));
        }
        let Slot { base, bits: extra } = *SLOTS.get(slot).ok_or(Corrupt::Code)?;
        let number = if ALIGNED && extra >= ALIGNED_BITS {
            if self.aligned.is_empty() {
                return Err(Corrupt::Code);
            }
            // Two codewords of 16 bits and one of 7 beside 14 bits are more than one refill.
            bits.refill();
            let high = bits.take(extra - ALIGNED_BITS) << ALIGNED_BITS;
            high + self.aligned.decode(bits) as u32
        } else {
            bits.take(extra)
        };
        // The first of slot 3 means a distance of 1.
        Ok(recent.new_one((base + number) as usize - (RECENT - 1)))
    }
}

/// The last three distances.
#[derive(Debug)]
struct Recent([u32; RECENT]);

impl Recent {
    /// The one at `slot`, which changes places with the first.
    #[inline(always)]
    fn again(&mut self, slot: usize) -> usize {
        let [first, second, third] = self.0;
        let (now, order) = match slot {
            0 => (first, [first, second, third]),
            1 => (second, [second, first, third]),
            _ => (third, [third, second, first]),
        };
        self.0 = order;
        now as usize
    }

    #[inline(always)]
    fn new_one(&mut self, distance: usize) -> usize {
        let [first, second, _] = self.0;
        self.0 = [distance as u32, first, second];
        distance
    }
}

/// How many slots the distances within such a window need.
fn slots_of(window_order: u32) -> usize {
    let inside = |slot: &&Slot| slot.base < 1 << window_order;
    SLOTS.iter().take_while(inside).count()
}

fn kind(bits: &mut Bits<'_>) -> Result<Kind, Corrupt> {
    match bits.read(3) {
        1 => Ok(Kind::Verbatim),
        2 => Ok(Kind::Aligned),
        3 => Ok(Kind::Uncompressed),
        _ => Err(Corrupt::Block),
    }
}

/// Bytes as they are, after the last three distances. They end at a whole word.
fn uncompressed(
    bits: &mut Bits<'_>,
    recent: &mut Recent,
    output: Option<&mut [u8]>,
) -> Result<(), Corrupt> {
    let output = output.ok_or(Corrupt::BlockSize)?;
    bits.align();
    for distance in &mut recent.0 {
        let bytes = bits.bytes(4).and_then(<[u8]>::first_chunk);
        *distance = u32::from_le_bytes(*bytes.ok_or(Corrupt::Short)?);
    }
    let bytes = bits.bytes(output.len()).ok_or(Corrupt::Short)?;
    output.copy_from_slice(bytes);
    if output.len() % 2 == 1 {
        // An encoder may leave the filling away where the chunk ends.
        let _ = bits.bytes(1);
    }
    Ok(())
}

/// Lengths of codewords, written in a code of their own as differences and runs.
fn read_lengths(pre: &mut Pre, bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<(), Corrupt> {
    let mut own = [0; PRE_SYMBOLS];
    own.fill_with(|| bits.read(4) as u8);
    pre.build(&own).map_err(|_| Corrupt::Code)?;
    if pre.is_empty() {
        return Err(Corrupt::Code);
    }
    let mut at = 0;
    while let Some(length) = lengths.get_mut(at) {
        let (count, value) = run(pre, bits, *length)?;
        let same = lengths.get_mut(at..at + count).ok_or(Corrupt::Code)?;
        same.fill(value);
        at += count;
    }
    Ok(())
}

/// How many symbols have which length, by the length that the first of them had before.
fn run(pre: &Pre, bits: &mut Bits<'_>, before: u8) -> Result<(usize, u8), Corrupt> {
    bits.refill();
    match pre.decode(bits) {
        17 => Ok((4 + bits.take(4) as usize, 0)),
        18 => Ok((20 + bits.take(5) as usize, 0)),
        19 => {
            let count = 4 + bits.take(1) as usize;
            Ok((count, changed(before, pre.decode(bits))?))
        }
        difference => Ok((1, changed(before, difference)?)),
    }
}

fn changed(before: u8, difference: usize) -> Result<u8, Corrupt> {
    const LENGTHS: u8 = LONGEST as u8 + 1;
    match u8::try_from(difference) {
        Ok(difference @ 0..LENGTHS) => Ok((before + LENGTHS - difference) % LENGTHS),
        _ => Err(Corrupt::Code),
    }
}
