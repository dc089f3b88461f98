//! Everything that can be done with a WIM, done once: for damaged ones, from the mutants
//! and from the fuzzer.

use std::fs::File;
use std::io;
use std::sync::Arc;

use sha1::{Digest, Sha1};
use winbootfs::source::ReadAt;
use winbootfs::wim::{Entry, Error, Kind, Wim, lzx, xpress};

/// Enough for every fixture; a few bytes can stand for terabytes.
const MOST_BYTES: u64 = 1 << 20;

#[derive(Debug)]
struct Bytes(Vec<u8>);

impl ReadAt for Bytes {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let begin = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.0.get(begin..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Files that were read to their end, where their hash is compared.
    pub(crate) good: usize,
    /// What was said on the way.
    pub(crate) errors: Vec<String>,
}

impl Outcome {
    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push(error.to_string());
                None
            }
        }
    }
}

/// The same bytes with the right hash for each uncompressed metadata: or no change in
/// there would ever get further than to the comparison of the hash.
pub(crate) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let number = |bytes: &[u8], at: usize| {
        let number = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        usize::try_from(number & (u64::MAX >> 8)).ok()
    };
    let range = |bytes: &[u8], at: usize| {
        let (length, begin) = (number(bytes, at)?, number(bytes, at + 8)?);
        Some(begin..begin.checked_add(length)?)
    };
    let lookup = range(&bytes, 48)?;
    for at in lookup.step_by(50).take(4) {
        if *bytes.get(at + 7)? == 2 {
            let hash = Sha1::digest(bytes.get(range(&bytes, at)?)?);
            bytes.get_mut(at + 30..at + 50)?.copy_from_slice(&hash);
        }
    }
    Some(bytes)
}

/// Opens, lists and reads.
pub(crate) fn read(bytes: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let medium = Arc::new(Bytes(bytes.to_vec()));
    let Some(wim) = outcome.note(Wim::open(medium, bytes.len() as u64)) else {
        // What is no WIM is perhaps a chunk.
        decode(bytes);
        return outcome;
    };
    let mut budget = MOST_BYTES;
    for index in 0..=wim.images().len().min(4) as u32 + 1 {
        let Some(tree) = outcome.note(wim.tree(index)) else {
            continue;
        };
        assert!(tree.find(b"").is_some());
        let root = tree.root();
        for number in 0..tree.len() as u32 {
            let entry = tree.entry(number);
            read_entry(entry, &mut budget, &mut outcome);
        }
        assert_eq!(
            root.map(|root| root.kind()),
            tree.entry(0).map(|root| root.kind())
        );
        assert!(
            root.into_iter()
                .flat_map(|root| root.entries())
                .all(|entry| {
                    entry.number() > 0 && tree.find(entry.name()).is_some()
                        || entry.kind() != Kind::File
                })
        );
    }
    outcome
}

fn read_entry(entry: Option<Entry<'_>>, budget: &mut u64, outcome: &mut Outcome) {
    let Some(entry) = entry.filter(|entry| entry.kind() == Kind::File) else {
        return;
    };
    let Some(blob) = outcome.note(entry.open()) else {
        return;
    };
    let mut buffer = vec![0; 70_001];
    outcome.note(blob.read_at(&mut buffer[..10], blob.size().saturating_sub(5)));
    let (mut offset, mut hasher) = (0, Sha1::new());
    while offset < blob.size() && *budget > 0 {
        let Some(count) = outcome.note(blob.read_at(&mut buffer, offset)) else {
            return;
        };
        hasher.update(&buffer[..count]);
        offset += count as u64;
        *budget = budget.saturating_sub(count as u64);
    }
    if offset == blob.size() {
        let right = entry
            .hash()
            .is_none_or(|hash| hash.0[..] == hasher.finalize()[..]);
        assert!(right || offset == 0, "wrong bytes without an error");
        outcome.good += 1;
    }
}

fn decode(bytes: &[u8]) {
    let [order, input @ ..] = bytes else {
        return;
    };
    let order = u32::from(*order % 7) + 15;
    let mut output = vec![0; 40_000];
    let lzx = lzx::Decoder::new(order).decode(input, &mut output[..32_768]);
    let xpress = xpress::Decoder::default().decode(input, &mut output);
    assert!(lzx.is_err() || xpress.is_err() || input.len() > 256);
}
