//! The files and folders of one image, as numbers: 24 bytes and a name for each.
//!
//! The entries of a folder lie next to each other, sorted by the bytes of their names, so
//! that a name is found by halving. Names are compared exactly; case is not for here.

mod only;

use std::ops::Range;
use std::sync::Arc;

use super::Inner;
use super::blob::Blob;
use super::error::Error;
use super::hash::Hash;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a known length.
    File,
    /// A folder of further entries.
    Folder,
    /// Not to be shown, and why: the end of a sentence.
    Hidden(&'static str),
}

/// Why an entry is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Link,
    ReparsePoint,
    Encrypted,
    Lost,
    Name,
    Twice,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::Link => "is a link inside the WIM, and these are not followed",
            Self::ReparsePoint => "is a reparse point, whose contents are elsewhere",
            Self::Encrypted => "is encrypted",
            Self::Lost => "has contents that are not in the WIM",
            Self::Name => "has a name that no file can have",
            Self::Twice => "has the name of another entry",
        }
    }
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `first` is the number of its contents, or [`EMPTY`].
    File,
    /// Its entries are `count` nodes from `first` on.
    Folder,
    Hidden(Why),
}

/// The number of no contents.
pub(super) const EMPTY: u32 = u32::MAX;

/// A file or a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// In nanoseconds since 1970.
    pub(super) modified: i64,
    pub(super) name: u32,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) name_length: u16,
    pub(super) form: Form,
}

/// All nodes, the root first, and all names.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    pub(super) names: Vec<u8>,
}

impl Nodes {
    pub(super) fn name(&self, node: &Node) -> &[u8] {
        let begin = node.name as usize;
        let name = begin..begin + usize::from(node.name_length);
        self.names.get(name).unwrap_or_default()
    }

    fn entries(&self, node: &Node) -> Range<u32> {
        match node.form {
            Form::Folder => node.first..node.first.saturating_add(node.count),
            Form::File | Form::Hidden(_) => 0..0,
        }
    }
}

/// The files and folders of one image.
#[derive(Debug, Clone)]
pub struct Tree {
    wim: Arc<Inner>,
    nodes: Arc<Nodes>,
}

impl Tree {
    pub(super) fn new(wim: Arc<Inner>, nodes: Nodes) -> Self {
        let nodes = Arc::new(nodes);
        Self { wim, nodes }
    }

    /// The folder at the top.
    pub fn root(&self) -> Option<Entry<'_>> {
        self.entry(0)
    }

    /// The entry of that number, see [`Entry::number`].
    pub fn entry(&self, number: u32) -> Option<Entry<'_>> {
        let node = self.nodes.nodes.get(number as usize)?;
        Some(Entry {
            tree: self,
            number,
            node,
        })
    }

    /// What is at a path of names as they are stored, separated by `/`; the root for
    /// none. What is hidden is found too, and nothing beneath it.
    pub fn find(&self, path: &[u8]) -> Option<Entry<'_>> {
        let mut parts = path
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty());
        parts.try_fold(self.root()?, |folder, part| folder.find(part))
    }

    /// How many entries there are, with the root.
    pub fn len(&self) -> usize {
        self.nodes.nodes.len()
    }

    /// Whether there is not even a root, which no image is without.
    pub fn is_empty(&self) -> bool {
        self.nodes.nodes.is_empty()
    }

    /// How many bytes of memory it keeps, with what it shares with other trees of the WIM.
    pub fn memory(&self) -> usize {
        let nodes = self.nodes.nodes.capacity() * size_of::<Node>();
        nodes + self.nodes.names.capacity() + self.wim.lookup.memory()
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    tree: &'a Tree,
    number: u32,
    node: &'a Node,
}

impl<'a> Entry<'a> {
    /// The name as stored, as UTF-8. Half of a surrogate pair, which is no character,
    /// stays three bytes that are no UTF-8 either: so different names stay different.
    pub fn name(&self) -> &'a [u8] {
        self.tree.nodes.name(self.node)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.node.form {
            Form::File => Kind::File,
            Form::Folder => Kind::Folder,
            Form::Hidden(why) => Kind::Hidden(why.text()),
        }
    }

    /// Its number in this tree, 0 for the root: the same whenever the image is read.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The length of a file in bytes; 0 for anything else.
    pub fn size(&self) -> u64 {
        let stored = self
            .content()
            .and_then(|number| self.tree.wim.lookup.file(number));
        stored.map_or(0, |stored| stored.resource.size)
    }

    /// When it was last written, in nanoseconds since 1970.
    pub fn modified(&self) -> i64 {
        self.node.modified
    }

    /// The SHA-1 of a file that is not empty. Files with the same one have the same
    /// bytes, also in other images of the WIM.
    pub fn hash(&self) -> Option<Hash> {
        let stored = self.tree.wim.lookup.file(self.content()?)?;
        Some(stored.hash)
    }

    /// The entries of a folder, by name; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let tree = self.tree;
        let numbers = tree.nodes.entries(self.node);
        numbers.filter_map(|number| tree.entry(number))
    }

    /// The entry of a folder that has exactly this name.
    pub fn find(&self, name: &[u8]) -> Option<Entry<'a>> {
        let Range { start, end } = self.tree.nodes.entries(self.node);
        let nodes = self.tree.nodes.nodes.get(start as usize..end as usize)?;
        let at = nodes.partition_point(|node| self.tree.nodes.name(node) < name);
        let found = self.tree.entry(start + u32::try_from(at).ok()?)?;
        (found.number < end && found.name() == name).then_some(found)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::NoFile`] for anything else, what is damaged in its table of chunks, and
    /// [`Error::KnownBad`] where its bytes were found to be wrong before.
    pub fn open(&self) -> Result<Blob, Error> {
        if self.node.form != Form::File {
            return Err(Error::NoFile);
        }
        Blob::open(self.tree.wim.clone(), self.content())
    }

    fn content(&self) -> Option<u32> {
        let is_some = self.node.form == Form::File && self.node.first != EMPTY;
        is_some.then_some(self.node.first)
    }
}
