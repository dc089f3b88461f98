//! Bins and cells: whether they cover the hive, and where each begins.

use super::fields::{Fields, expect};
use crate::bcd::error::Error;
use crate::bcd::hive::{BIN_HEADER, BLOCK, HEADER};
use crate::name::visible;

/// Where the cells begin. They cover the bins, and the bins what is behind the header.
pub(super) fn cells(bytes: &[u8]) -> Result<Vec<u32>, Error> {
    let mut cells = Vec::new();
    let mut at = HEADER;
    while at < bytes.len() {
        let bin = Fields {
            bytes: bytes.get(at..).unwrap_or_default(),
            from: at,
        };
        let begin = visible(bin.bytes.get(..4).unwrap_or(bin.bytes));
        expect(at, "the name of a bin", "hbin", &begin, begin == "hbin")?;
        let place = bin.number(4)? as usize;
        expect(
            at + 4,
            "the place of a bin",
            at - HEADER,
            place,
            place == at - HEADER,
        )?;
        let length = bin.number(8)? as usize;
        let most = bytes.len() - at;
        let is_whole = (BLOCK..=most).contains(&length) && length.is_multiple_of(BLOCK);
        let expected = format_args!("a multiple of 4096 up to {most}");
        expect(at + 8, "the length of a bin", expected, length, is_whole)?;
        let end = at + length;
        at += BIN_HEADER;
        while at < end {
            cells.push((at - HEADER) as u32);
            at += cell_length(bytes, at, end)?;
        }
    }
    Ok(cells)
}

fn cell_length(bytes: &[u8], at: usize, end: usize) -> Result<usize, Error> {
    let length = Fields::of_file(bytes).number(at)?.cast_signed();
    let absolute = length.unsigned_abs() as usize;
    let most = end - at;
    let is_whole = (8..=most).contains(&absolute) && absolute.is_multiple_of(8);
    let expected = format_args!("a multiple of 8 up to {most}");
    expect(at, "the length of a cell", expected, length, is_whole)?;
    Ok(absolute)
}
