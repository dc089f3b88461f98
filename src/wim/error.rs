//! What can be wrong with a WIM, as the rest of a sentence that begins with its name.

use std::fmt;
use std::io;
use std::sync::Arc;

use thiserror::Error;

use super::corrupt::Corrupt;
use super::hash::Hash;

/// Why a WIM, an image in it or a file of an image cannot be read.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// The medium answered with an error.
    #[error("cannot be read at byte {at}: {error}")]
    Medium {
        /// From where it was to be read.
        at: u64,
        /// What the medium said.
        error: Arc<io::Error>,
    },
    /// It is something else.
    #[error("is no WIM: it should begin with \"MSWIM\", and begins with \"{found}\"")]
    NotWim {
        /// The first bytes, made readable.
        found: String,
    },
    /// A WIM of a kind that is not read.
    #[error("{0}")]
    Unsupported(Unsupported),
    /// A field is not what it has to be.
    #[error("is damaged at {place}: {what} should be {expected}, and is {found}")]
    Unexpected {
        /// Where the field is.
        place: Place,
        /// What it is called.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Larger than anything real, and than what is read of anything.
    #[error("is too large: {what} should be at most {most}, and is {found}")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// How large it may be.
        most: u64,
        /// How large it is.
        found: u64,
    },
    /// Compressed data that is none.
    #[error("is damaged at {place}: the {compression} data {corrupt}")]
    Chunk {
        /// Where the chunk begins.
        place: Place,
        /// How it is compressed.
        compression: &'static str,
        /// What is wrong.
        corrupt: Corrupt,
    },
    /// Bytes that are not those that were put in.
    #[error("is damaged at {place}: the SHA-1 of {what} should be {expected}, and is {found}")]
    WrongHash {
        /// Where they begin.
        place: Place,
        /// Whose.
        what: String,
        /// By the lookup table.
        expected: Hash,
        /// What it is.
        found: Hash,
    },
    /// A file whose bytes were found to be wrong before.
    #[error("is damaged at {place}: the SHA-1 of the file's bytes is not {expected}")]
    KnownBad {
        /// Where they begin.
        place: Place,
        /// By the lookup table.
        expected: Hash,
    },
    /// A folder, or something hidden, is to be opened.
    #[error("has no file there")]
    NoFile,
    /// No image of that number.
    #[error("has no image {index}; the last one is {count}")]
    NoImage {
        /// The one asked for.
        index: u32,
        /// How many there are.
        count: u32,
    },
}

/// A WIM as good as any, and not for a network boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// The compression of install.esd.
    #[error("is LZMS-compressed; boot images are LZX or XPRESS")]
    Lzms,
    /// No compression that is known.
    #[error("is compressed in an unknown way (flags {0:#010x}); boot images are LZX or XPRESS")]
    Compression(u32),
    /// Many files compressed as one.
    #[error(
        "is solid, as install.esd is; make a boot image of it with \
         `wimlib-imagex export FILE all NEW.wim --compress=LZX`"
    )]
    Solid,
    /// One of several files.
    #[error("is part {part} of {parts} of a split WIM; put it together with `wimlib-imagex join`")]
    Split {
        /// Which one.
        part: u16,
        /// Of how many.
        parts: u16,
    },
    /// Written to be read from a pipe.
    #[error("is pipable; make it an ordinary one with `wimlib-imagex optimize FILE --not-pipable`")]
    Pipable,
    /// A layout of another time.
    #[error("is of version {0:#x}; boot images are of version 0x10d00")]
    Version(u32),
}

/// Where a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In what.
    pub part: Part,
    /// How many bytes from its beginning.
    pub at: u64,
}

/// What a place is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The file.
    File,
    /// The lookup table, uncompressed.
    Lookup,
    /// The metadata of an image, uncompressed.
    Metadata(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.part {
            Part::File => write!(out, "byte {at}"),
            Part::Lookup => write!(out, "byte {at} of its lookup table"),
            Part::Metadata(image) => write!(out, "byte {at} of the metadata of image {image}"),
        }
    }
}

impl Part {
    /// A byte of it.
    pub(super) fn at(self, at: u64) -> Place {
        Place { part: self, at }
    }
}

/// A field of the file that is not what it has to be.
pub(super) fn unexpected(
    place: Place,
    what: &'static str,
    expected: impl fmt::Display,
    found: impl fmt::Display,
) -> Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Error::Unexpected {
        place,
        what,
        expected,
        found,
    }
}

impl From<Error> for io::Error {
    /// What the medium said stays what it said: `ESTALE` has a meaning above.
    fn from(error: Error) -> Self {
        if let Error::Medium { error, .. } = &error
            && let Some(number) = error.raw_os_error()
        {
            return Self::from_raw_os_error(number);
        }
        Self::other(error)
    }
}
