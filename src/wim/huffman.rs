//! Canonical Huffman codes: from the lengths of the codewords to a table that decodes a
//! symbol in one look, or two for a rare one.
//!
//! An entry holds a symbol and the length of its codeword, or, where the codeword is
//! longer than the look, the place of a second table.

use super::bits::Bits;

/// Longest codeword of both formats.
pub(super) const LONGEST: usize = 16;

/// The flag of an entry that leads to a second table.
const FURTHER: u16 = 0x8000;

/// The lengths are those of no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoCode;

/// A decoding table that looks at `BITS` bits first, of `SIZE` entries in all.
#[derive(Debug)]
pub(super) struct Table<const BITS: u32, const SIZE: usize> {
    entries: [u16; SIZE],
    /// How many bits a second look takes.
    further: u32,
    is_empty: bool,
}

/// The entries that a code of `symbols` symbols needs at most. Two codewords at least
/// share a second table, or they would be shorter.
pub(super) const fn size(bits: u32, symbols: usize, longest: u32) -> usize {
    let further = longest.saturating_sub(bits);
    (1 << bits)
        + if further > 0 {
            (symbols / 2) << further
        } else {
            0
        }
}

/// Symbols by length of codeword, then by number: the order of their codewords.
struct Order {
    /// How many codewords have each length.
    counts: [u16; LONGEST + 1],
    longest: usize,
}

impl Order {
    fn of(lengths: &[u8]) -> Self {
        let mut counts = [0; LONGEST + 1];
        for length in lengths {
            if let Some(count) = counts.get_mut(usize::from(*length)) {
                *count += 1;
            }
        }
        let used = counts.iter().skip(1).rposition(|count| *count > 0);
        let longest = used.map_or(0, |at| at + 1);
        Self { counts, longest }
    }

    /// Whether every sequence of bits is a codeword, or begins with one.
    fn is_complete(&self) -> bool {
        let lengths = self.counts.iter().enumerate().skip(1);
        let used: u32 = lengths
            .map(|(length, count)| u32::from(*count) << (LONGEST - length))
            .sum();
        used == 1 << LONGEST
    }

    /// The first codeword of each length.
    fn codes(&self) -> Codes {
        let mut codes = Codes([0; LONGEST + 2]);
        let mut word = 0;
        let counts = self.counts.iter().enumerate().skip(1);
        for ((length, count), first) in counts.zip(codes.0.iter_mut().skip(1)) {
            *first = word;
            word += u32::from(*count) << (LONGEST - length);
        }
        codes.0[LONGEST + 1] = word;
        codes
    }
}

/// The next codeword of each length, filled up with zeros to [`LONGEST`] bits; the last
/// place is the end of all.
struct Codes([u32; LONGEST + 2]);

impl Codes {
    fn next(&mut self, length: u32) -> Option<u32> {
        let next = self.0.get_mut(length as usize)?;
        let word = *next;
        *next += 1 << (LONGEST as u32 - length);
        Some(word)
    }

    /// The first `bits` bits of the first codeword of that length.
    fn first_word(&self, length: usize, bits: u32) -> Option<u32> {
        Some(*self.0.get(length)? >> (LONGEST as u32 - bits))
    }
}

impl<const BITS: u32, const SIZE: usize> Table<BITS, SIZE> {
    pub(super) const fn new() -> Self {
        Self {
            entries: [0; SIZE],
            further: 0,
            is_empty: true,
        }
    }

    /// Makes it the table of the code in which symbol `n` has a codeword of `lengths[n]`
    /// bits, or none for 0. A code without any symbol is allowed: it is never used.
    pub(super) fn build(&mut self, lengths: &[u8]) -> Result<(), NoCode> {
        let order = Order::of(lengths);
        self.is_empty = order.longest == 0;
        if self.is_empty {
            return Ok(());
        }
        if !order.is_complete() {
            return Err(NoCode);
        }
        self.further = (order.longest as u32).saturating_sub(BITS);
        self.fill(lengths, order.codes()).ok_or(NoCode)
    }

    fn fill(&mut self, lengths: &[u8], mut codes: Codes) -> Option<()> {
        let first_further = codes.first_word(BITS as usize + 1, BITS)?;
        for (symbol, length) in lengths
            .iter()
            .enumerate()
            .filter(|(_, length)| **length > 0)
        {
            let entry = (symbol as u16) << 5 | u16::from(*length);
            let length = u32::from(*length);
            let word = codes.next(length)?;
            let (at, free) = if length <= BITS {
                (word >> (LONGEST as u32 - BITS), BITS - length)
            } else {
                let at = word >> (LONGEST as u32 - BITS - self.further);
                let behind = at + (1 << BITS) - (first_further << self.further);
                (behind, BITS + self.further - length)
            };
            let same = self.entries.get_mut(at as usize..)?.get_mut(..1 << free)?;
            same.fill(entry);
        }
        let leading = self.entries.get_mut(first_further as usize..1 << BITS)?;
        for (entry, second) in leading.iter_mut().zip(FURTHER..) {
            *entry = second;
        }
        Some(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Takes the next symbol. The bits must be there; of an empty code there is none.
    #[inline(always)]
    pub(super) fn decode(&self, bits: &mut Bits<'_>) -> usize {
        let mut entry = self.entry(bits.peek(BITS) as usize);
        if entry & FURTHER != 0 {
            entry = self.look_further(entry, bits);
        }
        bits.skip(u32::from(entry & 31));
        usize::from(entry >> 5)
    }

    #[inline(always)]
    fn entry(&self, at: usize) -> u16 {
        // The compiler sees that the first look is always inside.
        self.entries.get(at).copied().unwrap_or_default()
    }

    /// The rest of a codeword that is longer than the first look.
    #[inline]
    fn look_further(&self, entry: u16, bits: &Bits<'_>) -> u16 {
        let table = usize::from(entry & !FURTHER) << self.further;
        let within = bits.peek(BITS + self.further) as usize & ((1 << self.further) - 1);
        self.entry((1 << BITS) + table + within)
    }
}
