//! Encoders that use everything the formats allow, in no sensible way: random codes, random
//! blocks, random matches. With each chunk comes what it must decode to, told by
//! the simplest rules that do it.

use crate::noise::Noise;

/// A compressed chunk, and what is in it.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

/// A code: for each symbol its length and its codeword.
struct Code(Vec<(u32, u32)>);

impl Code {
    /// A complete code with `used` random symbols, `needed` among them, none longer than
    /// `longest` bits.
    fn random(noise: &mut Noise, symbols: usize, used: usize, needed: usize, longest: u32) -> Self {
        let mut leaves = vec![0_u32];
        while leaves.len() < used {
            // Mostly the deepest one: long codewords are what needs to be tried.
            let deep = noise.below(3) > 0 && leaves[leaves.len() - 1] < longest;
            let at = if deep {
                leaves.len() - 1
            } else {
                noise.below(leaves.len())
            };
            if leaves[at] < longest {
                let length = leaves.remove(at) + 1;
                leaves.extend([length, length]);
            }
        }
        let mut chosen: Vec<usize> = (0..symbols).filter(|symbol| *symbol != needed).collect();
        for at in (1..chosen.len()).rev() {
            chosen.swap(at, noise.below(at + 1));
        }
        let mut lengths = vec![0; symbols];
        for (symbol, length) in [needed].into_iter().chain(chosen).zip(leaves) {
            lengths[symbol] = length;
        }
        Self::of(&lengths)
    }

    /// The canonical code: by length, then by symbol.
    fn of(lengths: &[u32]) -> Self {
        let mut code = vec![(0, 0); lengths.len()];
        let mut word = 0;
        for length in 1..=16 {
            for (symbol, _) in lengths
                .iter()
                .enumerate()
                .filter(|(_, own)| **own == length)
            {
                code[symbol] = (length, word);
                word += 1;
            }
            word <<= 1;
        }
        Self(code)
    }

    /// As even as it can be.
    fn even(symbols: usize) -> Self {
        let order = symbols.ilog2();
        let short = (2 << order) - symbols;
        let length = |symbol| if symbol < short { order } else { order + 1 };
        Self::of(&(0..symbols).map(length).collect::<Vec<_>>())
    }

    fn empty(symbols: usize) -> Self {
        Self(vec![(0, 0); symbols])
    }

    fn put(&self, symbol: usize, out: &mut Words) {
        let (length, word) = self.0[symbol];
        assert!(length > 0, "symbol {symbol} has no codeword");
        out.put(length, word);
    }

    fn lengths(&self) -> Vec<u32> {
        self.0.iter().map(|(length, _)| *length).collect()
    }

    /// The symbols that have a codeword.
    fn symbols(&self) -> Vec<usize> {
        (0..self.0.len())
            .filter(|symbol| self.0[*symbol].0 > 0)
            .collect()
    }
}

/// Words of bits. With `ahead`, the place of each word is kept free as soon as a decoder
/// reads it that always has at least 16 bits: bytes between come behind it.
struct Words {
    bytes: Vec<u8>,
    word: u32,
    count: u32,
    /// Places kept free for the next words.
    free: Vec<usize>,
    ahead: usize,
}

impl Words {
    fn new(ahead: usize) -> Self {
        let mut words = Self {
            bytes: Vec::new(),
            word: 0,
            count: 0,
            free: Vec::new(),
            ahead,
        };
        words.keep_free();
        words
    }

    fn keep_free(&mut self) {
        while self.free.len() < self.ahead {
            self.free.push(self.bytes.len());
            self.bytes.extend([0, 0]);
        }
    }

    fn put(&mut self, count: u32, value: u32) {
        for bit in (0..count).rev() {
            if self.count == 16 {
                self.flush();
            }
            self.word = self.word << 1 | (value >> bit & 1);
            self.count += 1;
        }
    }

    /// Writes the word that is full.
    fn flush(&mut self) {
        let word = (self.word << (16 - self.count)) as u16;
        if self.free.is_empty() {
            self.bytes.extend(word.to_le_bytes());
        } else {
            let at = self.free.remove(0);
            self.bytes[at..at + 2].copy_from_slice(&word.to_le_bytes());
        }
        (self.word, self.count) = (0, 0);
        self.keep_free();
    }

    fn end(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.flush();
        }
        self.bytes
    }
}

/// A copy of what is there, byte by byte.
fn repeat(output: &mut Vec<u8>, distance: usize, length: usize) {
    for _ in 0..length {
        output.push(output[output.len() - distance]);
    }
}

/// An XPRESS chunk of `size` bytes.
pub(crate) fn xpress(seed: u64, size: usize) -> Chunk {
    let noise = &mut Noise(seed);
    let used = 2 + noise.below(511);
    let code = Code::random(noise, 512, used, 0, 15);
    let symbols = code.symbols();
    let (mut out, mut output) = (Words::new(2), Vec::new());
    while output.len() < size {
        let symbol = symbols[noise.below(symbols.len())];
        if symbol < 256 {
            code.put(symbol, &mut out);
            output.push(symbol as u8);
            continue;
        }
        let order = (symbol - 256) >> 4;
        let (least, room) = (1 << order, size - output.len());
        let distance = (least + noise.below(least)).min(output.len());
        let length = match symbol & 15 {
            15 => 18 + [noise.below(300), noise.below(20_000)][noise.below(2)],
            class => class + 3,
        };
        let length = if symbol & 15 == 15 {
            length.min(room)
        } else {
            length
        };
        if distance < least || length > room || (symbol & 15 == 15 && length < 18) {
            code.put(0, &mut out);
            output.push(0);
            continue;
        }
        code.put(symbol, &mut out);
        long_length(symbol, length, &mut out);
        out.put(order as u32, (distance - least) as u32);
        repeat(&mut output, distance, length);
    }
    let lengths = code.lengths();
    let lengths = lengths.chunks(2).map(|two| (two[0] | two[1] << 4) as u8);
    let input = lengths.chain(out.end()).collect();
    Chunk { input, output }
}

/// The bytes between the bits.
fn long_length(symbol: usize, length: usize, out: &mut Words) {
    if symbol & 15 != 15 {
        return;
    }
    match length - 3 - 15 {
        more @ 0..255 => out.bytes.push(more as u8),
        _ => {
            out.bytes.push(0xFF);
            out.bytes.extend(((length - 3) as u16).to_le_bytes());
        }
    }
}

/// What an LZX chunk carries from block to block.
struct Lzx {
    order: u32,
    main: Vec<u32>,
    length: Vec<u32>,
    recent: [usize; 3],
    out: Words,
    output: Vec<u8>,
}

/// Where the distances of a slot begin, and how many bits follow.
fn slot(slot: usize) -> (usize, u32) {
    let bits = |slot: usize| (slot / 2).saturating_sub(1).min(17) as u32;
    ((0..slot).map(|before| 1 << bits(before)).sum(), bits(slot))
}

/// How many slots a window of `2^order` bytes has.
fn slots(order: u32) -> usize {
    [30, 32, 34, 36, 38, 42, 50][order as usize - 15]
}

/// An LZX chunk of `size` bytes in a window of `2^order`.
pub(crate) fn lzx(seed: u64, order: u32, size: usize) -> Chunk {
    let noise = &mut Noise(seed);
    let mut lzx = Lzx {
        order,
        main: vec![0; 256 + slots(order) * 8],
        length: vec![0; 249],
        recent: [1; 3],
        out: Words::new(0),
        output: Vec::new(),
    };
    while lzx.output.len() < size {
        let rest = size - lzx.output.len();
        let block = match noise.below(3) {
            0 => rest,
            1 => rest.min(32_768),
            _ => 1 + noise.below(rest),
        };
        lzx.block(noise, block);
    }
    let Lzx {
        out, mut output, ..
    } = lzx;
    calls_to_distances(&mut output);
    Chunk {
        input: out.end(),
        output,
    }
}

impl Lzx {
    fn block(&mut self, noise: &mut Noise, size: usize) {
        let kind = 1 + noise.below(3) as u32;
        self.out.put(3, kind);
        if size == 32_768 {
            self.out.put(1, 1);
        } else {
            self.out.put(1, 0);
            self.out
                .put(if self.order >= 16 { 24 } else { 16 }, size as u32);
        }
        if kind == 3 {
            return self.uncompressed(noise, size);
        }
        let aligned = Code::random(noise, 8, 8, 0, 7);
        if kind == 2 {
            for length in aligned.lengths() {
                self.out.put(3, length);
            }
        }
        let used = 2 + noise.below(self.main.len() - 1);
        let main = Code::random(noise, self.main.len(), used, 0xE8, 16);
        let length = match noise.below(4) {
            0 => Code::empty(249),
            1 => Code::even(249),
            _ => {
                let used = 2 + noise.below(248);
                Code::random(noise, 249, used, 0, 16)
            }
        };
        let (bytes, matches) = (main.lengths(), main.lengths());
        write_lengths(noise, &mut self.out, &self.main[..256], &bytes[..256]);
        write_lengths(noise, &mut self.out, &self.main[256..], &matches[256..]);
        write_lengths(noise, &mut self.out, &self.length, &length.lengths());
        (self.main, self.length) = (main.lengths(), length.lengths());
        let aligned = (kind == 2).then_some(&aligned);
        let end = self.output.len() + size;
        let (symbols, lengths) = (main.symbols(), length.symbols());
        while self.output.len() < end {
            let symbol = symbols[noise.below(symbols.len())];
            let room = end - self.output.len();
            if symbol < 256
                || !self.a_match(noise, symbol, room, &main, (&length, &lengths), aligned)
            {
                let byte = if symbol < 256 { symbol } else { 0xE8 };
                main.put(byte, &mut self.out);
                self.output.push(byte as u8);
            }
        }
    }

    /// Writes a match with this symbol, if one is possible here.
    fn a_match(
        &mut self,
        noise: &mut Noise,
        symbol: usize,
        room: usize,
        main: &Code,
        (length_code, lengths): (&Code, &[usize]),
        aligned: Option<&Code>,
    ) -> bool {
        let (class, number) = ((symbol - 256) % 8, (symbol - 256) / 8);
        let long = (class == 7 && !lengths.is_empty()).then(|| lengths[noise.below(lengths.len())]);
        let length = 2 + class + long.unwrap_or(0);
        let (base, bits) = slot(number);
        let there = self.output.len();
        let distance = match number {
            0..3 => self.recent[number],
            _ => base - 2 + noise.below(1 << bits).min(there.saturating_sub(base - 2)),
        };
        if (class == 7 && long.is_none()) || length > room || distance > there {
            return false;
        }
        main.put(symbol, &mut self.out);
        if let Some(long) = long {
            length_code.put(long, &mut self.out);
        }
        match number {
            0..3 => self.recent.swap(0, number),
            _ => {
                self.recent = [distance, self.recent[0], self.recent[1]];
                self.extra((distance + 2 - base) as u32, bits, aligned);
            }
        }
        repeat(&mut self.output, distance, length);
        true
    }

    fn extra(&mut self, number: u32, bits: u32, aligned: Option<&Code>) {
        match aligned {
            Some(code) if bits >= 3 => {
                self.out.put(bits - 3, number >> 3);
                code.put((number & 7) as usize, &mut self.out);
            }
            _ => self.out.put(bits, number),
        }
    }

    fn uncompressed(&mut self, noise: &mut Noise, size: usize) {
        // A word that is just full is written, and one more of nothing follows.
        if self.out.count == 16 {
            self.out.flush();
        }
        self.out.flush();
        for distance in self.recent {
            self.out.bytes.extend((distance as u32).to_le_bytes());
        }
        let bytes = noise.program(size);
        self.out.bytes.extend(&bytes);
        if size % 2 == 1 {
            self.out.bytes.push(0);
        }
        self.output.extend(bytes);
    }
}

/// Lengths as differences, with runs wherever there are any.
fn write_lengths(noise: &mut Noise, out: &mut Words, before: &[u32], now: &[u32]) {
    let code = Code::random(noise, 20, 20, 0, 15);
    for length in code.lengths() {
        out.put(4, length);
    }
    let difference = |at: usize| ((before[at] + 17 - now[at]) % 17) as usize;
    let mut at = 0;
    while at < now.len() {
        let same = now[at..]
            .iter()
            .take_while(|length| **length == now[at])
            .count();
        match (now[at], same) {
            (0, 20..) => {
                let run = same.min(51);
                code.put(18, out);
                out.put(5, run as u32 - 20);
                at += run;
            }
            (0, 4..) => {
                let run = same.min(19);
                code.put(17, out);
                out.put(4, run as u32 - 4);
                at += run;
            }
            (_, 4..) => {
                let run = same.min(5);
                code.put(19, out);
                out.put(1, run as u32 - 4);
                code.put(difference(at), out);
                at += run;
            }
            _ => {
                code.put(difference(at), out);
                at += 1;
            }
        }
    }
}

/// What a decoder does at its end.
fn calls_to_distances(chunk: &mut [u8]) {
    let mut at = 0;
    while at + 10 < chunk.len() {
        if chunk[at] != 0xE8 {
            at += 1;
            continue;
        }
        let bytes = &mut chunk[at + 1..at + 5];
        let target = i64::from(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let here = at as i64;
        if (-here..0).contains(&target) {
            bytes.copy_from_slice(&((target + 12_000_000) as i32).to_le_bytes());
        } else if (0..12_000_000).contains(&target) {
            bytes.copy_from_slice(&((target - here) as i32).to_le_bytes());
        }
        at += 5;
    }
}
