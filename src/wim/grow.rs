//! From the metadata of an image to its [`Nodes`].
//!
//! Folder by folder, those of one depth after those of the one above, without recursion.
//! Every byte of the metadata is read as part of one entry at most: a folder whose entries
//! are those of another one, be it above or beside it, ends in an error and not in
//! an endless tree.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::dentry::{self, Dentry, Metadata};
use super::error::{Error, unexpected};
use super::fields::utf16;
use super::hash::Hash;
use super::lookup::Lookup;
use super::tree::{EMPTY, Form, Node, Nodes, Why};

/// Deepest folder. A path of 260 characters cannot be deeper.
const DEEPEST: u32 = 130;

/// Most entries. A boot.wim has 15,000 to 20,000.
const MOST_ENTRIES: usize = 100_000;

/// Longest name in bytes: three for each unit of UTF-16.
const LONGEST_NAME: usize = 3 * dentry::LONGEST_NAME as usize;

/// Builds the nodes of an image.
pub(super) fn grow(metadata: Metadata<'_>, lookup: &Lookup) -> Result<Nodes, Error> {
    let mut growth = Growth::new(metadata, lookup);
    growth.root()?;
    while let Some(folder) = growth.waiting.pop_front() {
        growth.folder(folder)?;
    }
    growth.join_groups();
    growth.grown.nodes.shrink_to_fit();
    growth.grown.names.shrink_to_fit();
    Ok(growth.grown)
}

/// A folder whose entries are still to be read.
struct Waiting {
    node: usize,
    depth: u32,
}

struct Growth<'a> {
    metadata: Metadata<'a>,
    lookup: &'a Lookup,
    grown: Nodes,
    waiting: VecDeque<Waiting>,
    taken: Taken,
    /// The contents of files with several names, by the number that these share.
    groups: HashMap<u64, u32>,
    /// Files that seem empty, by name, and are perhaps names of others.
    perhaps: HashMap<u32, u64>,
}

impl<'a> Growth<'a> {
    fn new(metadata: Metadata<'a>, lookup: &'a Lookup) -> Self {
        Self {
            metadata,
            lookup,
            grown: Nodes::default(),
            waiting: VecDeque::new(),
            taken: Taken::new(metadata.bytes.len()),
            groups: HashMap::new(),
            perhaps: HashMap::new(),
        }
    }

    fn root(&mut self) -> Result<(), Error> {
        let at = self.metadata.root()?;
        let root = self.metadata.dentry(at)?;
        let Some(root) = root.filter(Dentry::is_folder) else {
            let place = self.metadata.at(at);
            return Err(unexpected(place, "the root", "a folder", "none"));
        };
        self.add(&root, at)?;
        self.waiting.push_back(Waiting { node: 0, depth: 0 });
        Ok(())
    }

    /// Reads the entries of a folder; until then its `first` says where they are.
    fn folder(&mut self, Waiting { node, depth }: Waiting) -> Result<(), Error> {
        let Some(folder) = self.grown.nodes.get(node) else {
            return Ok(());
        };
        let (mut at, first) = (u64::from(folder.first), self.grown.nodes.len());
        while at != 0 {
            let Some(dentry) = self.metadata.dentry(at)? else {
                break;
            };
            self.add(&dentry, at)?;
            at = dentry.next;
        }
        let entries = first..self.grown.nodes.len();
        if let Some(folder) = self.grown.nodes.get_mut(node) {
            folder.first = number(entries.start);
            folder.count = number(entries.len());
        }
        self.sort(entries.clone());
        self.wait(entries, depth + 1)
    }

    fn add(&mut self, dentry: &Dentry<'_>, at: u64) -> Result<(), Error> {
        if !self.taken.take(at..dentry.next) {
            let place = self.metadata.at(at);
            return Err(unexpected(
                place,
                "an entry",
                "part of one folder",
                "part of two",
            ));
        }
        let most = MOST_ENTRIES as u64;
        if self.grown.nodes.len() >= MOST_ENTRIES {
            return Err(Error::TooLarge {
                what: "the number of entries in an image",
                most,
                found: most + 1,
            });
        }
        let name = self.grown.names.len();
        self.make_room();
        push_name(&mut self.grown.names, dentry.name);
        let form = self.form(dentry, self.grown.names.get(name..).unwrap_or_default());
        let (form, first) = match form {
            Form::Folder => (form, self.folder_begin(dentry, at)?),
            Form::File => self.content(dentry, number(name)),
            Form::Hidden(_) => (form, 0),
        };
        self.grown.nodes.push(Node {
            modified: since_1970(dentry.written),
            name: number(name),
            first,
            count: 0,
            name_length: (self.grown.names.len() - name) as u16,
            form,
        });
        Ok(())
    }

    /// Room for one more name. Not left to the vector, which would double itself: names
    /// can be the better part of what the whole image takes.
    fn make_room(&mut self) {
        const STEP: usize = 1 << 20;
        let names = &mut self.grown.names;
        if names.capacity() - names.len() < LONGEST_NAME {
            names.reserve_exact(STEP);
        }
    }

    fn form(&self, dentry: &Dentry<'_>, name: &[u8]) -> Form {
        let is_root = self.grown.nodes.is_empty();
        if !is_root && !is_name(name) {
            Form::Hidden(Why::Name)
        } else if dentry.is_link() {
            Form::Hidden(Why::Link)
        } else if dentry.is_reparse_point() {
            Form::Hidden(Why::ReparsePoint)
        } else if dentry.is_folder() {
            Form::Folder
        } else if dentry.is_encrypted() {
            Form::Hidden(Why::Encrypted)
        } else {
            Form::File
        }
    }

    /// Where the entries of a folder begin, checked to be a place.
    fn folder_begin(&self, dentry: &Dentry<'_>, at: u64) -> Result<u32, Error> {
        let length = self.metadata.bytes.len() as u64;
        if dentry.entries >= length {
            let place = self.metadata.at(at);
            let what = "the place of a folder's entries";
            let expected = format!("below {length}");
            return Err(unexpected(place, what, expected, dentry.entries));
        }
        Ok(dentry.entries as u32)
    }

    /// The number of a file's contents.
    fn content(&mut self, dentry: &Dentry<'_>, name: u32) -> (Form, u32) {
        if dentry.hash == Hash::ZERO {
            if dentry.group != 0 {
                self.perhaps.insert(name, dentry.group);
            }
            return (Form::File, EMPTY);
        }
        match self.lookup.find(dentry.hash) {
            Some(content) => {
                if dentry.group != 0 {
                    self.groups.entry(dentry.group).or_insert(content);
                }
                (Form::File, content)
            }
            None => (Form::Hidden(Why::Lost), 0),
        }
    }

    /// By name, and of two with the same name the later one is hidden.
    fn sort(&mut self, entries: Range<usize>) {
        let Some(slice) = self.grown.nodes.get(entries.clone()) else {
            return;
        };
        let mut sorted = slice.to_vec();
        sorted.sort_by_key(|node| self.grown.name(node));
        let mut before = None;
        for node in &mut sorted {
            let name = Some(self.grown.name(node));
            if name == before {
                node.form = Form::Hidden(Why::Twice);
            }
            before = name;
        }
        if let Some(slice) = self.grown.nodes.get_mut(entries) {
            slice.copy_from_slice(&sorted);
        }
    }

    fn wait(&mut self, entries: Range<usize>, depth: u32) -> Result<(), Error> {
        for at in entries {
            let Some(node) = self.grown.nodes.get(at) else {
                continue;
            };
            if node.form != Form::Folder {
                continue;
            }
            if depth > DEEPEST {
                let place = self.metadata.at(node.first.into());
                let expected = format!("at most {DEEPEST}");
                return Err(unexpected(place, "the depth of a folder", expected, depth));
            }
            self.waiting.push_back(Waiting { node: at, depth });
        }
        Ok(())
    }

    /// Some writers note the contents of a file with several names at one of them only.
    fn join_groups(&mut self) {
        if self.perhaps.is_empty() || self.groups.is_empty() {
            return;
        }
        for node in &mut self.grown.nodes {
            if node.form != Form::File || node.first != EMPTY {
                continue;
            }
            let group = self.perhaps.get(&node.name);
            if let Some(content) = group.and_then(|group| self.groups.get(group)) {
                node.first = *content;
            }
        }
    }
}

/// Which bytes of the metadata were part of an entry: a bit for each eight.
struct Taken(Vec<u64>);

impl Taken {
    fn new(length: usize) -> Self {
        Self(vec![0; length / 8 / 64 + 1])
    }

    /// Takes the bytes; `false` where some of them were taken before.
    fn take(&mut self, bytes: Range<u64>) -> bool {
        let mut bits = bytes.start / 8..bytes.end.div_ceil(8);
        bits.all(|bit| {
            let Some(word) = self.0.get_mut((bit / 64) as usize) else {
                return true;
            };
            let mask = 1 << (bit % 64);
            let is_free = *word & mask == 0;
            *word |= mask;
            is_free
        })
    }
}

/// Lengths here are bounded by that of the metadata.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Whether a file can have this name, and a path name it.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&0) && !name.contains(&b'/')
}

fn push_name(names: &mut Vec<u8>, utf16_bytes: &[u8]) {
    let mut buffer = [0; 4];
    for letter in char::decode_utf16(utf16(utf16_bytes)) {
        match letter {
            Ok(letter) => names.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes()),
            Err(half) => names.extend_from_slice(&half_pair(half.unpaired_surrogate())),
        }
    }
}

/// As UTF-8 would be, if half a pair were a character.
fn half_pair(unit: u16) -> [u8; 3] {
    let low_bits = |shift: u16| 0x80 | (unit >> shift & 0x3F) as u8;
    [0xE0 | (unit >> 12) as u8, low_bits(6), low_bits(0)]
}

/// From units of 100 ns since 1601. Enough until the year 2262; a time beyond is as good
/// as any other.
fn since_1970(time: u64) -> i64 {
    const FROM_1601_TO_1970: i128 = 116_444_736_000_000_000;
    let nanos = (i128::from(time) - FROM_1601_TO_1970) * 100;
    let nanos = nanos.clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(nanos).unwrap_or_default()
}
