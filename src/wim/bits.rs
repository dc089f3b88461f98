//! A compressed chunk as a stream of bits: words of 16 bits, the low byte first, each
//! word read from its highest bit down. LZX and XPRESS share it.
//!
//! Both formats also have whole bytes between the bits. Where these lie follows from how
//! many words a reader of single words would have taken, so the bytes that were taken
//! ahead can be given back.
//!
//! Past the end come zeros, for ever; [`Bits::is_overrun`] tells afterwards.

/// What is to be decoded, and how far that is done.
#[derive(Debug, Clone)]
pub(super) struct Bits<'a> {
    input: &'a [u8],
    /// Where the next word lies that is not in `ahead` yet.
    next: usize,
    /// Bits taken ahead, the first one highest. Below `count` there may be more of the
    /// same stream; taking them again changes nothing.
    ahead: u64,
    count: u32,
}

/// How many bits are there at least after [`Bits::refill`].
pub(super) const REFILLED: u32 = 49;

impl<'a> Bits<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            next: 0,
            ahead: 0,
            count: 0,
        }
    }

    /// Takes words ahead until [`REFILLED`] bits are there.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count < REFILLED {
            self.ahead |= in_order(self.eight_bytes()) >> self.count;
            let words = (64 - self.count) / 16;
            self.next += 2 * words as usize;
            self.count += 16 * words;
        }
    }

    #[inline(always)]
    fn eight_bytes(&self) -> u64 {
        let rest = self.input.get(self.next..).unwrap_or_default();
        match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => last_words(rest),
        }
    }

    /// The next `count` bits (1 to 63) without taking them; they must be there.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u64 {
        self.ahead >> (64 - count)
    }

    /// Takes bits (0 to 48) that are there since the last refill.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.ahead <<= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes bits (0 to 32) that are there since the last refill, as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        // In two shifts: one of 64 places is none.
        let taken = (self.ahead >> 1) >> (63 - count);
        self.skip(count);
        taken as u32
    }

    /// [`Bits::take`] with a refill before it.
    pub(super) fn read(&mut self, count: u32) -> u32 {
        self.refill();
        self.take(count)
    }

    /// The whole bytes that lie where a reader would stand that holds 16 to 31 bits,
    /// refilled word by word: as XPRESS has it before the bytes of a long match. What
    /// `bytes` returns as left over is where the bits go on.
    pub(super) fn bytes_between<T>(
        &mut self,
        bytes: impl FnOnce(&'a [u8]) -> Option<(T, usize)>,
    ) -> Option<T> {
        self.refill();
        self.give_back((self.count - 16) / 16);
        let rest = self.input.get(self.next..)?;
        let (value, used) = bytes(rest)?;
        self.next += used;
        Some(value)
    }

    /// Skips to the whole bytes behind the word that is begun; behind the next one where
    /// none is.
    pub(super) fn align(&mut self) {
        self.refill();
        let begun = self.count % 16;
        self.skip(if begun == 0 { 16 } else { begun });
        self.give_back(self.count / 16);
    }

    /// Takes `count` whole bytes after [`Bits::align`].
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.input.get(self.next..)?.get(..count)?;
        self.next += count;
        Some(bytes)
    }

    fn give_back(&mut self, words: u32) {
        self.next -= 2 * words as usize;
        self.count -= 16 * words;
        // What is below the count must be what comes next, and that may change now.
        let kept = u64::MAX.checked_shl(64 - self.count);
        self.ahead &= kept.unwrap_or_default();
    }

    /// Whether more was taken than there is: whole words only, half of one is none.
    pub(super) fn is_overrun(&self) -> bool {
        let half = (self.input.len() ^ self.next) & 1;
        self.next * 8 > (self.input.len() - half) * 8 + self.count as usize
    }
}

/// Four words of a little-endian number, the first one highest.
#[inline(always)]
fn in_order(words: u64) -> u64 {
    const LOW: u64 = 0x00FF_00FF_00FF_00FF;
    let bytes = words.swap_bytes();
    ((bytes & LOW) << 8) | ((bytes >> 8) & LOW)
}

/// The words that are left, as a little-endian number.
#[cold]
fn last_words(rest: &[u8]) -> u64 {
    let words = rest
        .chunks_exact(2)
        .rev()
        .flat_map(|word| word.iter().rev());
    words.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
