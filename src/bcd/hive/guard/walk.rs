//! From the root to everything that is mentioned, counting.

use std::collections::HashSet;

use super::fields::{Fields, Mention, at_most, expect};
use super::{LONGEST_NAME, LONGEST_VALUE, MOST_KEYS, MOST_MENTIONED, MOST_VALUES};
use crate::bcd::error::{Error, unexpected};
use crate::bcd::hive::HEADER;
use crate::name::visible;

/// A walk from the root to everything that is mentioned.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    /// Where cells begin, in order.
    cells: Vec<u32>,
    /// The keys and lists that were mentioned, which must happen once.
    seen: HashSet<u32>,
    mentioned: usize,
    /// Whether any list has hashes.
    pub(super) has_hashes: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8], cells: Vec<u32>) -> Self {
        Self {
            bytes,
            cells,
            seen: HashSet::new(),
            mentioned: 0,
            has_hashes: false,
        }
    }

    pub(super) fn keys(&mut self) -> Result<(), Error> {
        let mut pending = vec![Fields::of_file(self.bytes).mention(36)?];
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
            subkeys.extend(self.list(list)?);
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
        let length = Fields::of_file(self.bytes).number(at)?.cast_signed();
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
        let is_new = self.seen.insert(mention.of);
        let (what, found) = ("a key or list", "mentioned again");
        expect(mention.at, what, "mentioned once", found, is_new)
    }
}
