//! Names in random case, the same ones in every run.

/// A small generator; its quality is of no matter here.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % bound
    }

    /// The name with the case of every letter by chance.
    pub(crate) fn respell(&mut self, name: &str) -> String {
        let mut letter = |letter: char| match self.next() >> 40 & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter.to_ascii_lowercase(),
        };
        name.chars().map(&mut letter).collect()
    }

    /// Bytes that nothing on the way can shorten.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_ne_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}
