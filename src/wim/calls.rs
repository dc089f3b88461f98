//! The targets of calls in x86 programs.
//!
//! Before it compresses, an LZX encoder writes the target of whatever looks like a call
//! (0xE8 and four bytes) as an address instead of a distance: calls to one function
//! then look alike. It is undone here. The encoder does so for any data, for a
//! decoder cannot tell programs from pictures.

use memchr::memchr;

/// As if every file were so long: only targets below were changed.
const FILE_SIZE: i32 = 12_000_000;

const CALL: u8 = 0xE8;

/// No call is changed that begins in the last bytes of a chunk.
const TAIL: usize = 10;

/// Makes all targets in a decoded chunk distances again.
pub(super) fn to_relative(chunk: &mut [u8]) {
    let last = chunk.len().saturating_sub(TAIL);
    let mut at = 0;
    while let Some(found) = chunk.get(at..last).and_then(|rest| memchr(CALL, rest)) {
        at += found;
        if let Some(target) = chunk.get_mut(at + 1..).and_then(<[u8]>::first_chunk_mut) {
            *target = relative(i32::from_le_bytes(*target), at as i32).to_le_bytes();
        }
        at += 5;
    }
}

fn relative(target: i32, at: i32) -> i32 {
    match target {
        0..FILE_SIZE => target - at,
        _ if target < 0 && target >= -at => target + FILE_SIZE,
        _ => target,
    }
}
