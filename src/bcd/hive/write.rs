//! A hive as bytes, laid out as Windows lays it out.
//!
//! What the stores of Windows agree in is imitated: version 1.3 with lists of the kind
//! `lf`, the root first, bins of one block. What they do not agree in and nobody reads is
//! zero: times, the file's own name, who may have looked at a key.

use super::bins::{Bins, number, put, words};
use super::security::{self, BEFORE, NEXT, USES};
use super::{BLOCK, CHECKSUM, HEADER, Key, checksum};
use crate::bcd::Element;
use crate::bcd::element::Form;

/// Where there is nothing.
const NOWHERE: u32 = u32::MAX;

/// A key whose name is stored with one byte a letter.
const NARROW: u16 = 0x20;
/// The root: of a hive, and not to be deleted.
const ROOT: u16 = 0x0c;
/// A value whose name is stored with one byte a letter.
const NARROW_VALUE: u16 = 1;

/// Values so short are kept in the place of the number that tells where they are.
const SHORT: usize = 4;
/// The mark of such a value, in its length.
const IS_SHORT: u32 = 1 << 31;

/// More subkeys do not go into a list of one block; Windows makes a list of lists then.
const MOST_IN_LIST: usize = (BLOCK - super::BIN_HEADER - 4 - 4) / 8;

/// Where a key tells of its subkeys, its values, and who may use it.
const SUBKEYS: usize = 28;
const VALUES: usize = 40;
const SECURITY: usize = 44;

/// The hive with this root.
pub(super) fn write(root: &Key) -> Vec<u8> {
    let mut writer = Writer::default();
    let at = writer.node(root, 0, ROOT);
    writer.security = writer.bins.place(&security::structure());
    writer.bins.set(at, SECURITY, writer.security);
    writer.contents(root, at);
    for (field, value) in [
        (NEXT, writer.security),
        (BEFORE, writer.security),
        (USES, writer.keys),
    ] {
        writer.bins.set(writer.security, field, value);
    }
    let bins = writer.bins.finish();
    [header(at, number(bins.len())), bins].concat()
}

#[derive(Debug, Default)]
struct Writer {
    bins: Bins,
    /// The one security structure, for all keys.
    security: u32,
    /// How many keys there are.
    keys: u32,
}

impl Writer {
    fn key(&mut self, key: &Key, parent: u32) -> u32 {
        let at = self.node(key, parent, 0);
        self.contents(key, at);
        at
    }

    /// A key by itself; where its values and subkeys are is not known yet.
    fn node(&mut self, key: &Key, parent: u32, flags: u16) -> u32 {
        self.keys += 1;
        let name = Name::of(&key.name);
        let flags = flags | if name.is_narrow { NARROW } else { 0 };
        let mut structure = b"nk".to_vec();
        structure.extend(flags.to_le_bytes());
        let lengths = Lengths::of(key);
        let words = [
            // When it was changed, and who looked at it.
            &[0, 0, 0][..],
            &[parent, number(key.keys.len()), 0, NOWHERE, NOWHERE],
            &[number(key.values.len()), NOWHERE, self.security, NOWHERE],
            &[lengths.subkey_name, 0, lengths.value_name, lengths.value, 0],
        ];
        put(&mut structure, &words.concat());
        structure.extend(name.length().to_le_bytes());
        // The length of the name of its class, which it has not.
        structure.extend(0_u16.to_le_bytes());
        structure.extend(name.bytes);
        self.bins.place(&structure)
    }

    fn contents(&mut self, key: &Key, at: u32) {
        if !key.values.is_empty() {
            let values = key.values.iter();
            let values: Vec<u32> = values
                .map(|(name, value)| self.value(name, value))
                .collect();
            let list = self.bins.place(&words(&values));
            self.bins.set(at, VALUES, list);
        }
        if !key.keys.is_empty() {
            let mut keys: Vec<&Key> = key.keys.iter().collect();
            keys.sort_by_cached_key(|key| key.name.to_uppercase());
            let keys: Vec<(u32, &Key)> = keys
                .into_iter()
                .map(|key| (self.key(key, at), key))
                .collect();
            let list = self.lists(&keys);
            self.bins.set(at, SUBKEYS, list);
        }
    }

    fn value(&mut self, name: &str, value: &Element) -> u32 {
        let name = Name::of(name);
        let (length, place) = match value.bytes.len() {
            0..=SHORT => {
                let mut short = [0; SHORT];
                let bytes = short.iter_mut().zip(&value.bytes);
                bytes.for_each(|(to, from)| *to = *from);
                let length = number(value.bytes.len()) | IS_SHORT;
                (length, u32::from_le_bytes(short))
            }
            length => (number(length), self.bins.place(&value.bytes)),
        };
        let flags = if name.is_narrow { NARROW_VALUE } else { 0 };
        let mut structure = b"vk".to_vec();
        structure.extend(name.length().to_le_bytes());
        put(&mut structure, &[length, place, registry_type(value.form)]);
        structure.extend(flags.to_le_bytes());
        structure.extend(0_u16.to_le_bytes());
        structure.extend(name.bytes);
        self.bins.place(&structure)
    }

    /// The list of a key's subkeys, or of lists of them.
    fn lists(&mut self, keys: &[(u32, &Key)]) -> u32 {
        let lists = keys.chunks(MOST_IN_LIST).map(list);
        let lists: Vec<u32> = lists.map(|list| self.bins.place(&list)).collect();
        match lists.as_slice() {
            [only] => *only,
            _ => {
                let mut list = b"ri".to_vec();
                list.extend(short(lists.len()).to_le_bytes());
                put(&mut list, &lists);
                self.bins.place(&list)
            }
        }
    }
}

/// Each subkey with the first four letters of its name, for a quick search.
fn list(keys: &[(u32, &Key)]) -> Vec<u8> {
    let mut list = b"lf".to_vec();
    list.extend(short(keys.len()).to_le_bytes());
    for (at, key) in keys {
        let name = Name::of(&key.name);
        let letters = name.bytes.iter().filter(|_| name.is_narrow);
        let letters = letters.chain(&[0; 4]).take(4);
        list.extend(at.to_le_bytes());
        list.extend(letters);
    }
    list
}

/// The longest of what is in a key, counted in bytes; of names, as two bytes a letter.
struct Lengths {
    subkey_name: u32,
    value_name: u32,
    value: u32,
}

impl Lengths {
    fn of(key: &Key) -> Self {
        let of_names = |names: &mut dyn Iterator<Item = &String>| {
            let longest = names.map(|name| name.encode_utf16().count() * 2).max();
            number(longest.unwrap_or_default())
        };
        let values = key.values.values().map(|value| value.bytes.len());
        Self {
            subkey_name: of_names(&mut key.keys.iter().map(|key| &key.name)),
            value_name: of_names(&mut key.values.keys()),
            value: number(values.max().unwrap_or_default()),
        }
    }
}

/// A name as it is stored: with one byte a letter where that is possible.
struct Name {
    bytes: Vec<u8>,
    is_narrow: bool,
}

impl Name {
    fn of(name: &str) -> Self {
        let narrow: Option<Vec<u8>> = name.chars().map(|letter| letter.try_into().ok()).collect();
        let is_narrow = narrow.is_some();
        let wide = || name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Self {
            bytes: narrow.unwrap_or_else(wide),
            is_narrow,
        }
    }

    fn length(&self) -> u16 {
        short(self.bytes.len())
    }
}

/// What a hive begins with.
fn header(root: u32, length: u32) -> Vec<u8> {
    let mut header = b"regf".to_vec();
    // Written to its end; at no time; version 1.3; a hive and no log; as it is in memory.
    put(&mut header, &[1, 1, 0, 0, 1, 3, 0, 1, root, length, 1]);
    header.resize(CHECKSUM, 0);
    let sum = checksum(&header);
    put(&mut header, &[sum]);
    header.resize(HEADER, 0);
    header
}

fn registry_type(form: Form) -> u32 {
    match form {
        Form::Text => 1,
        Form::Binary => 3,
        Form::Texts => 7,
        Form::Other(number) => number,
    }
}

/// Names and lists have a length of two bytes; none comes near the end of it.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
