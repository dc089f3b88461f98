//! A look at bytes before they are read as a hive.
//!
//! The reader reads a structure anew each time that it is mentioned, and mentions are
//! cheap: a few kilobytes of them can keep it busy for hours. So all mentions are followed
//! here once, without a copy, and counted. By the way, what is wrong is found with its
//! place in the file, which the reader would not tell.

use std::collections::HashSet;

use super::{BIN_HEADER, BLOCK, CHECKSUM, HEADER, checksum};
use crate::bcd::error::{Error, unexpected};
use crate::name::visible;

/// The largest file that is read. Windows pads stores up to 256 KiB; most have 32.
pub const MOST_BYTES: usize = 4 << 20;

/// The most keys; a store has about ten for each of its entries.
const MOST_KEYS: usize = 1 << 14;
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

/// Looks at everything that is mentioned.
pub(super) fn check(bytes: &[u8]) -> Result<Guarded<'_>, Error> {
    at_most("the file", MOST_BYTES, bytes.len())?;
    if !bytes.starts_with(b"regf") {
        let found = visible(bytes.get(..4).unwrap_or(bytes));
        return Err(Error::NotHive { found });
    }
    has_length(bytes, HEADER)?;
    let fields = Fields { bytes, from: 0 };
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
    let mut walk = Walk {
        cells: cells(bytes)?,
        bytes,
        seen: HashSet::new(),
        mentioned: 0,
        has_hashes: false,
    };
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

fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), Error> {
    match found > most {
        true => Err(Error::TooLarge { what, most, found }),
        false => Ok(()),
    }
}

fn expect(
    at: usize,
    what: &'static str,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
    is_so: bool,
) -> Result<(), Error> {
    match is_so {
        true => Ok(()),
        false => Err(unexpected(at, what, expected, found)),
    }
}

/// Numbers of a structure, and where it is in the file.
#[derive(Debug, Clone, Copy)]
struct Fields<'a> {
    bytes: &'a [u8],
    from: usize,
}

impl<'a> Fields<'a> {
    fn number(&self, at: usize) -> Result<u32, Error> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn short(&self, at: usize) -> Result<usize, Error> {
        self.array(at).map(|bytes| u16::from_le_bytes(bytes).into())
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Error> {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or_else(|| self.ends(at + N))
    }

    /// It ends before this byte of it.
    fn ends(&self, expected: usize) -> Error {
        let what = "the length of a structure";
        let expected = format!("at least {expected}");
        unexpected(self.from, what, expected, self.bytes.len())
    }

    fn is_long(&self, length: usize) -> Result<(), Error> {
        match self.bytes.len() < length {
            true => Err(self.ends(length)),
            false => Ok(()),
        }
    }

    fn is(&self, name: &[u8; 2]) -> bool {
        self.bytes.starts_with(name)
    }

    fn begins_with(&self, name: &[u8; 2]) -> Result<(), Error> {
        let begin = self.bytes.get(..2).unwrap_or(self.bytes);
        let (expected, found) = (visible(name), visible(begin));
        expect(
            self.from,
            "the name of a structure",
            expected,
            found,
            self.is(name),
        )
    }

    /// The place of a structure, and where it stands.
    fn mention(&self, at: usize) -> Result<Mention, Error> {
        Ok(Mention {
            of: self.number(at)?,
            at: self.from + at,
        })
    }
}

/// A number in the file that is the place of a structure.
#[derive(Debug, Clone, Copy)]
struct Mention {
    of: u32,
    at: usize,
}

/// Where the cells begin. They cover the bins, and the bins what is behind the header.
fn cells(bytes: &[u8]) -> Result<Vec<u32>, Error> {
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
        let expected = format!("a multiple of 4096 up to {most}");
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
    let length = Fields { bytes, from: 0 }.number(at)?.cast_signed();
    let absolute = length.unsigned_abs() as usize;
    let is_whole = (8..=end - at).contains(&absolute) && absolute.is_multiple_of(8);
    let expected = format!("a multiple of 8 up to {}", end - at);
    expect(at, "the length of a cell", expected, length, is_whole)?;
    Ok(absolute)
}

/// A walk from the root to everything that is mentioned.
struct Walk<'a> {
    bytes: &'a [u8],
    /// Where cells begin, in order.
    cells: Vec<u32>,
    /// The keys and lists that were mentioned, which must happen once.
    seen: HashSet<u32>,
    mentioned: usize,
    /// Whether any list has hashes.
    has_hashes: bool,
}

impl<'a> Walk<'a> {
    fn keys(&mut self) -> Result<(), Error> {
        let header = Fields {
            bytes: self.bytes,
            from: 0,
        };
        let mut pending = vec![header.mention(36)?];
        let mut keys = 0;
        while let Some(mention) = pending.pop() {
            keys += 1;
            at_most("the number of keys", MOST_KEYS, keys)?;
            self.once(mention)?;
            self.key(mention, &mut pending)?;
            at_most("the number of keys", MOST_KEYS, pending.len())?;
        }
        Ok(())
    }

    fn key(&mut self, mention: Mention, subkeys: &mut Vec<Mention>) -> Result<(), Error> {
        let key = self.structure(mention)?;
        key.begins_with(b"nk")?;
        let name = key.short(72)?;
        at_most("the length of a name", LONGEST_NAME, name)?;
        key.is_long(76 + name)?;
        self.structure(key.mention(44)?)?.begins_with(b"sk")?;
        if key.short(74)? > 0 {
            self.structure(key.mention(48)?)?;
        }
        if key.number(36)? > 0 {
            self.values(key.number(36)? as usize, key.mention(40)?)?;
        }
        if key.number(20)? > 0 {
            let list = key.mention(28)?;
            for below in self.list(list)? {
                subkeys.push(below);
            }
        }
        Ok(())
    }

    fn values(&mut self, count: usize, mention: Mention) -> Result<(), Error> {
        at_most("the number of values of a key", MOST_VALUES, count)?;
        let list = self.structure(mention)?;
        for number in 0..count {
            let value = self.structure(list.mention(number * 4)?)?;
            value.begins_with(b"vk")?;
            let name = value.short(2)?;
            at_most("the length of a name", LONGEST_NAME, name)?;
            value.is_long(20 + name)?;
            self.data(value)?;
        }
        Ok(())
    }

    fn data(&mut self, value: Fields<'a>) -> Result<(), Error> {
        const IN_PLACE: u32 = 1 << 31;
        let length = value.number(4)?;
        let is_in_place = length & IN_PLACE != 0;
        let length = (length & !IN_PLACE) as usize;
        if is_in_place {
            let is_short = length <= 4;
            return expect(
                value.from + 4,
                "the length of a short value",
                "up to 4",
                length,
                is_short,
            );
        }
        at_most("the length of a value", LONGEST_VALUE, length)?;
        match length {
            0 => Ok(()),
            _ => self.structure(value.mention(8)?)?.is_long(length),
        }
    }

    /// The keys of a list, or of a list of lists.
    fn list(&mut self, mention: Mention) -> Result<Vec<Mention>, Error> {
        self.once(mention)?;
        let list = self.structure(mention)?;
        if !list.is(b"ri") {
            return self.entries(list);
        }
        let mut keys = Vec::new();
        for number in 0..list.short(2)? {
            let mention = list.mention(4 + number * 4)?;
            self.once(mention)?;
            let part = self.structure(mention)?;
            keys.extend(self.entries(part)?);
            at_most("the number of keys", MOST_KEYS, keys.len())?;
        }
        Ok(keys)
    }

    fn entries(&mut self, list: Fields<'a>) -> Result<Vec<Mention>, Error> {
        self.has_hashes |= list.is(b"lh");
        let length = match (list.is(b"lf") || list.is(b"lh"), list.is(b"li")) {
            (true, _) => 8,
            (_, true) => 4,
            _ => {
                let found = visible(list.bytes.get(..2).unwrap_or(list.bytes));
                let what = "the name of a list of keys";
                return Err(unexpected(list.from, what, "lf, lh or li", found));
            }
        };
        let numbers = 0..list.short(2)?;
        let entries = numbers.map(|number| list.mention(4 + number * length));
        entries.collect()
    }

    /// What is mentioned, without the length of its cell.
    fn structure(&mut self, mention: Mention) -> Result<Fields<'a>, Error> {
        let is_cell = self.cells.binary_search(&mention.of).is_ok();
        let what = "the place of a structure";
        expect(mention.at, what, "where a cell begins", mention.of, is_cell)?;
        let at = HEADER + mention.of as usize;
        let length = Fields {
            bytes: self.bytes,
            from: 0,
        }
        .number(at)?
        .cast_signed();
        expect(
            at,
            "the length of a used cell",
            "below 0",
            length,
            length < 0,
        )?;
        let length = length.unsigned_abs() as usize;
        self.mentioned += length;
        at_most(
            "the length of all structures",
            MOST_MENTIONED,
            self.mentioned,
        )?;
        Ok(Fields {
            bytes: self.bytes.get(at + 4..at + length).unwrap_or_default(),
            from: at + 4,
        })
    }

    /// A key or a list has one place in the tree, or the tree would have no end.
    fn once(&mut self, mention: Mention) -> Result<(), Error> {
        let what = "the place of a key or list";
        let is_new = self.seen.insert(mention.of);
        expect(
            mention.at,
            what,
            "mentioned nowhere else",
            mention.of,
            is_new,
        )
    }
}
