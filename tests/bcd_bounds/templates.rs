//! Sound stores, the same in every run, and what is done to them.
//!
//! Most of a hive is places of other parts of it, which a fuzzer would have to guess. Its
//! inputs are changes to one of these stores: which store, whether what is looked at first
//! is put right afterwards, and then, until it ends, a place, how many bytes, and the
//! bytes. Or they are any bytes, to be read as they are.

use crate::everything::mended;
use crate::made::{hashed, rich, small};

/// How many stores there are.
pub(crate) const TEMPLATES: usize = 3;

/// What stands for any bytes, in place of the number of a store.
const AS_IT_IS: u8 = 0x7F;

/// The store with that number.
pub(crate) fn template(number: usize) -> Vec<u8> {
    match number {
        0 => small().write(),
        1 => hashed(&small().write()),
        _ => rich().write(),
    }
}

/// The store that an input of the fuzzer means.
pub(crate) fn changed(input: &[u8], templates: &[Vec<u8>; TEMPLATES]) -> Option<Vec<u8>> {
    let (first, mut rest) = input.split_first()?;
    let mut hive = match first & 0x7F {
        AS_IT_IS => rest.to_vec(),
        number => templates[usize::from(number) % TEMPLATES].clone(),
    };
    if first & 0x7F != AS_IT_IS {
        while let [low, middle, high, count, bytes @ ..] = rest {
            let at = u32::from_le_bytes([*low, *middle, *high, 0]) as usize % hive.len();
            let count = usize::from(*count).min(bytes.len()).min(hive.len() - at);
            hive[at..at + count].copy_from_slice(&bytes[..count]);
            rest = &bytes[count..];
        }
    }
    match first & 0x80 {
        0 => Some(hive),
        _ => Some(mended(&hive)),
    }
}
