//! A look at bytes before they are read as a hive.
//!
//! The reader reads a structure anew each time that it is mentioned, and mentions are
//! cheap: a few kilobytes of them can keep it busy for hours. So all mentions are followed
//! here once, without a copy, and counted. By the way, what is wrong is found with its
//! place in the file, which the reader would not tell.

mod cells;
mod fields;
mod walk;

use super::{BLOCK, CHECKSUM, HEADER, checksum};
use crate::bcd::error::Error;
use crate::name::visible;
use fields::{Fields, at_most, expect};
use walk::Walk;

/// The largest file that is read. Windows pads stores up to 256 KiB; most have 32.
pub const MOST_BYTES: usize = 4 << 20;

/// The most keys; a store has about ten for each of its entries.
const MOST_KEYS: usize = 1 << 13;
/// The most values in one key.
const MOST_VALUES: usize = 64;
/// The longest value. A longer one would be stored in pieces, as none in a store is.
const LONGEST_VALUE: usize = 16_344;
/// The longest name, in bytes; Windows has 256 letters at most.
const LONGEST_NAME: usize = 512;
/// The most bytes of structures, each counted as often as it is mentioned.
const MOST_MENTIONED: usize = 2 * MOST_BYTES;

/// From where on there are lists with hashes, which tools write into older ones too.
const VERSION_WITH_HASHES: u32 = 5;

/// A hive that can be read.
#[derive(Debug)]
pub(super) struct Guarded<'a> {
    /// The hive without what comes behind its end.
    pub(super) bytes: &'a [u8],
    /// Which version it is; newer than it says where its lists are.
    pub(super) version: u32,
}

/// A store may have so many bytes, of which none needs to be read to tell.
///
/// # Errors
/// There are too many.
pub fn may_be_long(length: u64) -> Result<(), Error> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    at_most("the length of the file", MOST_BYTES, length)
}

/// Looks at everything that is mentioned.
pub(super) fn check(bytes: &[u8]) -> Result<Guarded<'_>, Error> {
    may_be_long(bytes.len() as u64)?;
    if !bytes.starts_with(b"regf") {
        let found = visible(bytes.get(..4).unwrap_or(bytes));
        return Err(Error::NotHive { found });
    }
    has_length(bytes, HEADER)?;
    let fields = Fields::of_file(bytes);
    check_header(&fields)?;
    let length = fields.number(40)? as usize;
    let is_whole = length > 0 && length.is_multiple_of(BLOCK);
    expect(
        40,
        "the length of its bins",
        "a multiple of 4096",
        length,
        is_whole,
    )?;
    at_most("the length of its bins", MOST_BYTES, length)?;
    has_length(bytes, HEADER + length)?;
    let bytes = bytes.get(..HEADER + length).unwrap_or(bytes);
    let mut walk = Walk::new(bytes, cells::cells(bytes)?);
    walk.keys()?;
    let version = fields.number(24)?;
    let least = if walk.has_hashes {
        VERSION_WITH_HASHES
    } else {
        0
    };
    Ok(Guarded {
        bytes,
        version: version.max(least),
    })
}

fn check_header(header: &Fields<'_>) -> Result<(), Error> {
    let (sum, right) = (header.number(CHECKSUM)?, checksum(header.bytes));
    let shown = |sum| format!("{sum:#010x}");
    expect(
        CHECKSUM,
        "the checksum",
        shown(right),
        shown(sum),
        sum == right,
    )?;
    let (first, second) = (header.number(4)?, header.number(8)?);
    if first != second {
        return Err(Error::Dirty { first, second });
    }
    let version = header.number(20)?;
    expect(20, "the version", 1, version, version == 1)?;
    let minor = header.number(24)?;
    expect(
        24,
        "the minor version",
        "from 3 to 6",
        minor,
        (3..=6).contains(&minor),
    )?;
    let (kind, form) = (header.number(28)?, header.number(32)?);
    expect(28, "the kind of file", 0, kind, kind == 0)?;
    expect(32, "the form of the file", 1, form, form == 1)
}

fn has_length(bytes: &[u8], expected: usize) -> Result<(), Error> {
    let found = bytes.len();
    match found < expected {
        true => Err(Error::CutOff { expected, found }),
        false => Ok(()),
    }
}
