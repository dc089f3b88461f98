//! The lookup table: where the bytes of each SHA-1 lie, and which resources are the
//! metadata of an image.
//!
//! Kept sorted by hash, 48 bytes for each file. That the bytes are those of the hash is
//! not checked here but when they are read, once: see [`super::blob`].

use super::error::{Error, Part, unexpected};
use super::hash::Hash;
use super::header::{Compression, Resource};

/// The length of an entry: a resource, two numbers that only a writer needs, the hash.
const ENTRY: usize = 50;
const HASH_AT: usize = 30;

/// A resource and the hash of what it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) hash: Hash,
    pub(super) resource: Resource,
}

/// The table.
#[derive(Debug)]
pub(super) struct Lookup {
    /// Contents of files, by hash.
    files: Box<[Stored]>,
    /// The metadata of the images, the first image first.
    metadata: Vec<Stored>,
}

impl Lookup {
    /// Reads the table of a file of `file` bytes.
    pub(super) fn parse(bytes: &[u8], file: u64, compression: Compression) -> Result<Self, Error> {
        if !bytes.len().is_multiple_of(ENTRY) {
            let expected = format!("a multiple of {ENTRY}");
            return Err(unexpected(
                Part::Lookup.at(0),
                "its length",
                expected,
                bytes.len(),
            ));
        }
        let (mut files, mut metadata) = (Vec::with_capacity(bytes.len() / ENTRY), Vec::new());
        for (entry, number) in bytes.chunks_exact(ENTRY).zip(0_u64..) {
            let Some(stored) = parse(entry) else { continue };
            let place = Part::Lookup.at(number * ENTRY as u64);
            stored.resource.check(place, file, compression)?;
            match stored.resource.is_metadata() {
                true => metadata.push(stored),
                false if stored.hash != Hash::ZERO => files.push(stored),
                false => {}
            }
        }
        files.sort_by_key(|stored: &Stored| stored.hash);
        files.dedup_by_key(|stored| stored.hash);
        let files = files.into_boxed_slice();
        Ok(Self { files, metadata })
    }

    /// The number of what has this hash.
    pub(super) fn find(&self, hash: Hash) -> Option<u32> {
        let found = self.files.binary_search_by_key(&hash, |stored| stored.hash);
        found.ok().and_then(|at| at.try_into().ok())
    }

    /// What has this number.
    pub(super) fn file(&self, number: u32) -> Option<&Stored> {
        self.files.get(number as usize)
    }

    pub(super) fn files(&self) -> usize {
        self.files.len()
    }

    /// The same with nothing but what has these numbers, which are sorted: its place among
    /// them is then its number.
    pub(super) fn only(&self, numbers: &[u32]) -> Self {
        let files = numbers.iter().filter_map(|number| self.file(*number));
        Self {
            files: files.copied().collect(),
            metadata: Vec::new(),
        }
    }

    /// How many bytes of memory it takes.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.files) + self.metadata.capacity() * size_of::<Stored>()
    }

    /// The metadata of the images, the first image first.
    pub(super) fn metadata(&self) -> &[Stored] {
        &self.metadata
    }
}

fn parse(entry: &[u8]) -> Option<Stored> {
    Some(Stored {
        resource: Resource::parse(entry, 0)?,
        hash: Hash::parse(entry, HASH_AT)?,
    })
}
