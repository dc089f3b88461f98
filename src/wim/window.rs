//! The output of a decoder: bytes, and copies of what is already there.

/// Why a copy cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outside;

/// How many bytes are copied at once where there is room.
const BLOCK: usize = 16;

/// Copies `length` bytes that lie `distance` before `at` to `at`. The two may overlap:
/// then the copy repeats itself.
#[inline(always)]
pub(super) fn copy(
    window: &mut [u8],
    at: usize,
    distance: usize,
    length: usize,
) -> Result<(), Outside> {
    let from = at.wrapping_sub(distance);
    if from >= at || window.len().saturating_sub(at) < length {
        return Err(Outside);
    }
    if distance >= BLOCK && at + length + BLOCK <= window.len() {
        copy_blocks(window, from, at, length);
    } else {
        repeat(window, from, at, length);
    }
    Ok(())
}

/// Whole blocks, so up to a block more than asked for: it is written over later.
#[inline(always)]
fn copy_blocks(window: &mut [u8], mut from: usize, mut at: usize, length: usize) {
    let end = at + length;
    while at < end {
        let Some(block) = window.get(from..).and_then(<[u8]>::first_chunk::<BLOCK>) else {
            return;
        };
        let block = *block;
        let Some(room) = window
            .get_mut(at..)
            .and_then(<[u8]>::first_chunk_mut::<BLOCK>)
        else {
            return;
        };
        *room = block;
        from += BLOCK;
        at += BLOCK;
    }
}

/// What is there is copied, then both together, and so on.
fn repeat(window: &mut [u8], from: usize, at: usize, length: usize) {
    let (mut to, end) = (at, at + length);
    while to < end {
        let count = (to - from).min(end - to);
        window.copy_within(from..from + count, to);
        to += count;
    }
}
