//! Bytes that are the same in every run: noise, text, and something like a program.

/// A generator of numbers (SplitMix64).
#[derive(Debug)]
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Nothing that can be compressed.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Words in no order.
    pub(crate) fn text(&mut self, count: usize) -> Vec<u8> {
        const WORDS: [&str; 8] = [
            "boot ",
            "manager ",
            "the ",
            "ramdisk\r\n",
            "of ",
            "Windows ",
            "image ",
            "0x",
        ];
        self.fill(count, |noise| WORDS[noise.below(8)].as_bytes().to_vec())
    }

    /// Instructions in no order, of which every sixth is a call to one of a few functions.
    pub(crate) fn program(&mut self, count: usize) -> Vec<u8> {
        let mut at = 0;
        self.fill(count, |noise| {
            let bytes = match noise.below(6) {
                0 => {
                    let target = noise.below(40) as i32 * 4096 - 20_000;
                    let distance = target.wrapping_sub(at).to_le_bytes();
                    [&[0xE8_u8][..], &distance].concat()
                }
                1 => vec![0x8B, 0x45, noise.below(16) as u8 * 4],
                2 => vec![0x48, 0x89, 0x5C, 0x24, 0x08],
                3 => vec![0xFF, 0x15, noise.next() as u8, noise.below(4) as u8, 0, 0],
                4 => vec![0x74, noise.below(64) as u8],
                _ => vec![0x0F, 0xB6, 0xC0],
            };
            at += bytes.len() as i32;
            bytes
        })
    }

    /// Some of everything, in pieces of up to 100 KiB.
    pub(crate) fn mixture(&mut self, count: usize) -> Vec<u8> {
        self.fill(count, |noise| {
            let length = 1 + noise.below(100 << 10);
            match noise.below(4) {
                0 => noise.bytes(length),
                1 => noise.text(length),
                2 => vec![noise.next() as u8; length],
                _ => noise.program(length),
            }
        })
    }

    fn fill(&mut self, count: usize, mut piece: impl FnMut(&mut Self) -> Vec<u8>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let piece = piece(self);
            let room = piece.len().min(count - bytes.len());
            bytes.extend_from_slice(&piece[..room]);
        }
        bytes
    }
}
