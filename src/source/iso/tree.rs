//! All names of an image, packed.
//!
//! An image never changes, so that its tree is three arrays made once: the entries folder
//! by folder, sorted by name within each; the bytes of all names; the extents of all
//! files. That is some 70 bytes an entry, and a look-up is a binary search.

use std::ops::Range;

use hadris_fs::NodeId;

use super::extents::Extent;

/// Most entries of one image.
const MOST_ENTRIES: usize = 1_000_000;

/// Most bytes of all names of one image.
const MOST_NAME_BYTES: usize = 128 << 20;

/// Most extents of one image: a file needs one, unless it was written piece by piece.
const MOST_EXTENTS: usize = 4_000_000;

/// The fewest bytes that an image spends on an entry; one that has more entries than that
/// shows the same bytes many times.
const LEAST_ENTRY: u64 = 32;

/// The fewest bytes that an image spends on an extent.
const LEAST_EXTENT: u64 = 8;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A file or folder whose own record is damaged.
    Damaged,
    /// Not shown.
    Hidden,
}

/// An entry as it is put in.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: Box<[u8]>,
    pub(super) what: What,
    /// The bytes of a file; where the damage is.
    pub(super) size: u64,
    /// In nanoseconds since 1970.
    pub(super) modified: Option<i64>,
    /// Why it is damaged or hidden, as the end of a sentence.
    pub(super) why: &'static str,
    pub(super) extents: Vec<Extent>,
    /// The parser's number of a folder.
    pub(super) id: Option<NodeId>,
}

/// An entry as it is kept.
#[derive(Debug)]
pub(super) struct Node {
    /// The bytes of a file; where the damage is.
    pub(super) size: u64,
    /// In nanoseconds since 1970.
    pub(super) modified: Option<i64>,
    name: u32,
    /// The entries of a folder, the extents of a file.
    first: u32,
    count: u32,
    length: u16,
    why: u8,
    pub(super) what: What,
}

/// The tree of an image.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Box<[Node]>,
    names: Box<[u8]>,
    extents: Box<[Extent]>,
    reasons: Box<[&'static str]>,
}

impl Tree {
    /// The root folder.
    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// All entries, the root first.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What is in a folder, sorted by name.
    pub(super) fn entries(&self, folder: &Node) -> &[Node] {
        match folder.what {
            What::Folder => self.nodes.get(folder.range()).unwrap_or_default(),
            What::File | What::Damaged | What::Hidden => &[],
        }
    }

    /// The entry of that name in a folder, unless it is hidden.
    pub(super) fn entry(&self, folder: &Node, name: &[u8]) -> Option<&Node> {
        let entries = self.entries(folder);
        let at = entries.partition_point(|node| self.name(node) < name);
        let node = entries.get(at)?;
        (node.what != What::Hidden && self.name(node) == name).then_some(node)
    }

    /// The name of an entry.
    pub(super) fn name(&self, node: &Node) -> &[u8] {
        self.names.get(node.name()).unwrap_or_default()
    }

    /// Where the bytes of a file lie.
    pub(super) fn extents(&self, file: &Node) -> &[Extent] {
        match file.what {
            What::File => self.extents.get(file.range()).unwrap_or_default(),
            What::Folder | What::Damaged | What::Hidden => &[],
        }
    }

    /// Why an entry is damaged or hidden.
    pub(super) fn why(&self, node: &Node) -> &'static str {
        self.reasons
            .get(usize::from(node.why))
            .copied()
            .unwrap_or_default()
    }
}

impl Node {
    fn name(&self) -> Range<usize> {
        let start = self.name as usize;
        start..start + usize::from(self.length)
    }

    fn range(&self) -> Range<usize> {
        let first = self.first as usize;
        first..first + self.count as usize
    }
}

/// Puts a tree together, folder by folder.
#[derive(Debug)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    names: Vec<u8>,
    extents: Vec<Extent>,
    reasons: Vec<&'static str>,
    most_entries: usize,
    most_extents: usize,
}

/// Too much for any sound image of its size.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch(pub(super) &'static str);

impl Builder {
    /// For an image of `length` bytes; only the root is there.
    pub(super) fn new(length: u64) -> Self {
        let bound = |least, most| usize::try_from(length / least).unwrap_or(most).min(most);
        let mut builder = Self {
            nodes: Vec::new(),
            names: Vec::new(),
            extents: Vec::new(),
            reasons: vec![""],
            most_entries: bound(LEAST_ENTRY, MOST_ENTRIES),
            most_extents: bound(LEAST_EXTENT, MOST_EXTENTS),
        };
        builder.nodes.push(Node {
            size: 0,
            modified: None,
            name: 0,
            first: 0,
            count: 0,
            length: 0,
            why: 0,
            what: What::Folder,
        });
        builder
    }

    /// How many entries there may be beside those that are there.
    pub(super) fn room(&self) -> usize {
        (self.most_entries + 1).saturating_sub(self.nodes.len())
    }

    /// How many entries are there, the root not counted.
    pub(super) fn count(&self) -> usize {
        self.nodes.len() - 1
    }

    /// The name of the entry with that number.
    pub(super) fn name(&self, number: u32) -> &[u8] {
        let node = self.nodes.get(number as usize);
        let range = node.map(Node::name).unwrap_or_default();
        self.names.get(range).unwrap_or_default()
    }

    /// Puts in everything of one folder, and returns the folders among it. Of several
    /// entries of one name the first is shown, for no path leads to another.
    ///
    /// # Errors
    /// [`TooMuch`], where it is more than an image of this size can hold.
    pub(super) fn fill(
        &mut self,
        folder: u32,
        mut found: Vec<Found>,
    ) -> Result<Vec<(u32, NodeId)>, TooMuch> {
        let hidden = |entry: &Found| entry.what == What::Hidden;
        found.sort_by(|one, other| {
            let names = one.name.cmp(&other.name);
            names.then(hidden(one).cmp(&hidden(other)))
        });
        let start = self.next();
        let mut below = Vec::new();
        let mut before: Option<Box<[u8]>> = None;
        for mut entry in found {
            if before.as_deref() == Some(&entry.name) && !hidden(&entry) {
                (entry.what, entry.why) = (What::Hidden, "has the same name as another entry");
            }
            if let (What::Folder, Some(id)) = (entry.what, entry.id) {
                below.push((self.next(), id));
            }
            self.push(&entry)?;
            before = Some(entry.name);
        }
        let count = self.next() - start;
        if let Some(folder) = self.nodes.get_mut(folder as usize) {
            (folder.first, folder.count) = (start, count);
        }
        Ok(below)
    }

    fn next(&self) -> u32 {
        // Bounded by MOST_ENTRIES.
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, entry: &Found) -> Result<(), TooMuch> {
        if self.room() == 0 {
            return Err(TooMuch("more entries than an image of this size can hold"));
        }
        if self.names.len() + entry.name.len() > MOST_NAME_BYTES {
            return Err(TooMuch("more bytes of names than any sound image has"));
        }
        if self.extents.len() + entry.extents.len() > self.most_extents {
            return Err(TooMuch("more extents than an image of this size can hold"));
        }
        let bounded = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        self.nodes.push(Node {
            size: entry.size,
            modified: entry.modified,
            name: bounded(self.names.len()),
            first: bounded(self.extents.len()),
            count: bounded(entry.extents.len()),
            length: u16::try_from(entry.name.len()).unwrap_or(u16::MAX),
            why: reason(&mut self.reasons, entry.why),
            what: entry.what,
        });
        self.names.extend_from_slice(&entry.name);
        self.extents.extend_from_slice(&entry.extents);
        Ok(())
    }

    /// The tree.
    pub(super) fn finish(self) -> Tree {
        Tree {
            nodes: self.nodes.into(),
            names: self.names.into(),
            extents: self.extents.into(),
            reasons: self.reasons.into(),
        }
    }
}

/// The number of a reason. There are some forty; a reason without a number is the empty one.
fn reason(reasons: &mut Vec<&'static str>, why: &'static str) -> u8 {
    let known = reasons.iter().position(|reason| *reason == why);
    let at = known.unwrap_or_else(|| {
        reasons.push(why);
        reasons.len() - 1
    });
    u8::try_from(at).unwrap_or(0)
}
