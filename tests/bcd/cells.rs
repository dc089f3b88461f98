//! A hive taken apart cell by cell, for a look at its layout. Knows nothing of the reader
//! or the writer, and believes whatever the hive says.

use std::collections::BTreeMap;

pub(crate) const HEADER: usize = 4096;

/// The bytes of a hive, and where its cells are.
#[derive(Debug)]
pub(crate) struct Hive<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) bins: Vec<Bin>,
    /// The length of each cell, below zero if it is used, by its place in the bins.
    pub(crate) cells: BTreeMap<u32, i32>,
    /// All keys, each behind the one it is in.
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug)]
pub(crate) struct Bin {
    pub(crate) place: u32,
    pub(crate) length: u32,
    /// Where its last cell ends.
    pub(crate) end: u32,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) at: u32,
    /// The key in which it is; none for the root.
    pub(crate) within: Option<u32>,
    pub(crate) name: String,
    /// The places of its subkeys, and what the list says to each.
    pub(crate) subkeys: Vec<(u32, [u8; 4])>,
    pub(crate) list: Option<u32>,
    /// The places of its values.
    pub(crate) values: Vec<u32>,
}

impl<'a> Hive<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut hive = Self {
            bytes,
            bins: Vec::new(),
            cells: BTreeMap::new(),
            keys: Vec::new(),
        };
        let mut place = 0;
        while place < hive.header(40) {
            let at = HEADER + place as usize;
            assert_eq!(&bytes[at..at + 4], b"hbin");
            let length = hive.header(at + 8);
            let mut end = place + 32;
            while end < place + length {
                let cell = hive.header(HEADER + end as usize).cast_signed();
                hive.cells.insert(end, cell);
                end += cell.unsigned_abs();
            }
            let said = hive.header(at + 4);
            assert_eq!(said, place);
            hive.bins.push(Bin { place, length, end });
            place += length;
        }
        hive.walk(hive.header(36), None);
        hive
    }

    fn walk(&mut self, at: u32, within: Option<u32>) {
        let structure = self.structure(at);
        assert_eq!(&structure[..2], b"nk");
        let name = &structure[76..76 + usize::from(self.short(at, 72))];
        let name = name.iter().map(|letter| char::from(*letter)).collect();
        let list = (self.number(at, 20) > 0).then(|| self.number(at, 28));
        let subkeys: Vec<_> = list.iter().flat_map(|list| self.entries(*list)).collect();
        let values = 0..self.number(at, 36) as usize;
        let values = values.map(|value| self.number(self.number(at, 40), value * 4));
        let values = values.collect();
        self.keys.push(Key {
            at,
            within,
            name,
            subkeys: subkeys.clone(),
            list,
            values,
        });
        for (below, _) in subkeys {
            self.walk(below, Some(at));
        }
    }

    fn entries(&self, list: u32) -> Vec<(u32, [u8; 4])> {
        let structure = self.structure(list);
        let entries = 0..usize::from(self.short(list, 2));
        if &structure[..2] == b"ri" {
            let lists = entries.map(|entry| self.number(list, 4 + entry * 4));
            return lists.flat_map(|list| self.entries(list)).collect();
        }
        assert!(
            [b"lf", b"lh"]
                .iter()
                .any(|kind| structure.starts_with(*kind))
        );
        let entry = |entry: usize| {
            let letters = structure[8 + entry * 8..12 + entry * 8].try_into().unwrap();
            (self.number(list, 4 + entry * 8), letters)
        };
        entries.map(entry).collect()
    }

    /// A number of the file.
    pub(crate) fn header(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    /// A structure in a used cell, with all that is behind it in the cell.
    pub(crate) fn structure(&self, at: u32) -> &'a [u8] {
        let length = self.cells[&at];
        assert!(length < 0, "the cell at {at:#x} is free");
        let begin = HEADER + at as usize;
        &self.bytes[begin + 4..begin + length.unsigned_abs() as usize]
    }

    /// A number of a structure.
    pub(crate) fn number(&self, at: u32, field: usize) -> u32 {
        let structure = self.structure(at);
        u32::from_le_bytes(structure[field..field + 4].try_into().unwrap())
    }

    /// A number of two bytes of a structure.
    pub(crate) fn short(&self, at: u32, field: usize) -> u16 {
        let structure = self.structure(at);
        u16::from_le_bytes(structure[field..field + 2].try_into().unwrap())
    }

    /// The name of a structure.
    pub(crate) fn kind(&self, at: u32) -> String {
        String::from_utf8_lossy(&self.structure(at)[..2]).into_owned()
    }

    /// A key by the names of the keys from the root to it.
    pub(crate) fn key(&self, path: &[&str]) -> &Key {
        path.iter().fold(&self.keys[0], |key, name| {
            let mut below = self.keys.iter();
            let found = below.find(|other| other.within == Some(key.at) && other.name == **name);
            found.unwrap_or_else(|| panic!("no {name} in {}", key.name))
        })
    }

    /// Where in the file the structure is that has this place in the bins.
    pub(crate) fn in_file(at: u32) -> usize {
        HEADER + at as usize + 4
    }
}
