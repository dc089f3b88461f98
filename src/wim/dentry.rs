//! One entry of the metadata: a file or a folder, with the streams that follow it.

use super::error::{Error, Part, Place, unexpected};
use super::fields::{u16_at, u32_at, u64_at};
use super::hash::Hash;

/// The fixed fields, in front of the names.
const FIXED: u64 = 102;
/// The fixed fields of a further stream.
const STREAM_FIXED: u64 = 38;
/// Longest name, in units of UTF-16: what NTFS allows.
pub(super) const LONGEST_NAME: u64 = 255;

const FOLDER: u32 = 0x10;
const REPARSE: u32 = 0x400;
const ENCRYPTED: u32 = 0x4000;
const SYMLINK: u32 = 0xA000_000C;
const JUNCTION: u32 = 0xA000_0003;

/// The metadata of an image, and which image that is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metadata<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) image: u32,
}

/// An entry.
#[derive(Debug)]
pub(super) struct Dentry<'a> {
    attributes: u32,
    reparse_tag: u32,
    /// Entries with the same number, if it is not 0, are one file.
    pub(super) group: u64,
    /// In units of 100 ns since 1601.
    pub(super) written: u64,
    /// Where a folder's entries begin; 0 where it has none.
    pub(super) entries: u64,
    /// Of the contents: of the stream without a name, wherever it is noted.
    pub(super) hash: Hash,
    /// UTF-16.
    pub(super) name: &'a [u8],
    /// Where the next entry begins.
    pub(super) next: u64,
}

impl<'a> Metadata<'a> {
    /// Where the root is: behind the security descriptors, which are of no use here.
    pub(super) fn root(self) -> Result<u64, Error> {
        let length = u32_at(self.bytes, 0).ok_or_else(|| self.ends(0, 4))?;
        // Some writers say 0 where there are none, and mean the two fields that say so.
        Ok(u64::from(length.max(8)).next_multiple_of(8))
    }

    /// The entry at `at`; `None` where a folder's entries end.
    pub(super) fn dentry(self, at: u64) -> Result<Option<Dentry<'a>>, Error> {
        let length = self.field(at, 8, u64_at)?;
        if length <= 8 {
            return Ok(None);
        }
        let entry = self.slice(at, length)?;
        self.is_at_least(at, "the length of an entry", FIXED, length)?;
        let names = Names::parse(entry).ok_or_else(|| self.ends(at, FIXED))?;
        self.is_at_least(
            at,
            "the length of an entry with its names",
            names.end(),
            length,
        )?;
        if names.long > 2 * LONGEST_NAME || names.long % 2 == 1 {
            let expected = format!("an even number up to {}", 2 * LONGEST_NAME);
            return Err(unexpected(
                self.at(at),
                "the length of a name",
                expected,
                names.long,
            ));
        }
        let mut dentry = fixed(entry).ok_or_else(|| self.ends(at, FIXED))?;
        dentry.name = self.slice(at + FIXED, names.long)?;
        dentry.next = at.saturating_add(length).next_multiple_of(8);
        self.streams(&mut dentry, names.streams)?;
        Ok(Some(dentry))
    }

    /// Passes the further streams. Where there are any, the contents may be noted there,
    /// as one without a name, and not in the entry itself.
    fn streams(self, dentry: &mut Dentry<'a>, count: u16) -> Result<(), Error> {
        for _ in 0..count {
            let at = dentry.next;
            let length = self.field(at, 8, u64_at)?;
            self.is_at_least(at, "the length of a stream's entry", STREAM_FIXED, length)?;
            let entry = self.slice(at, length)?;
            if dentry.hash == Hash::ZERO && u16_at(entry, 36) == Some(0) {
                dentry.hash = Hash::parse(entry, 16).unwrap_or(Hash::ZERO);
            }
            dentry.next = at.saturating_add(length).next_multiple_of(8);
        }
        Ok(())
    }

    fn field<T>(
        self,
        at: u64,
        length: u64,
        read: impl FnOnce(&[u8], usize) -> Option<T>,
    ) -> Result<T, Error> {
        let bytes = self.slice(at, length)?;
        read(bytes, 0).ok_or_else(|| self.ends(at, length))
    }

    fn slice(self, at: u64, length: u64) -> Result<&'a [u8], Error> {
        let range = || {
            let begin = usize::try_from(at).ok()?;
            self.bytes
                .get(begin..)?
                .get(..usize::try_from(length).ok()?)
        };
        range().ok_or_else(|| self.ends(at, length))
    }

    fn is_at_least(self, at: u64, what: &'static str, least: u64, found: u64) -> Result<(), Error> {
        if found < least {
            let expected = format!("at least {least}");
            return Err(unexpected(self.at(at), what, expected, found));
        }
        Ok(())
    }

    fn ends(self, at: u64, length: u64) -> Error {
        let found = format!("the end of the metadata, of {} bytes", self.bytes.len());
        unexpected(
            self.at(at),
            "what follows",
            format!("{length} bytes"),
            found,
        )
    }

    /// A place in the metadata, for an error.
    pub(super) fn at(self, at: u64) -> Place {
        Part::Metadata(self.image).at(at)
    }
}

/// How much follows the fixed fields.
struct Names {
    streams: u16,
    short: u64,
    long: u64,
}

impl Names {
    fn parse(entry: &[u8]) -> Option<Self> {
        Some(Self {
            streams: u16_at(entry, 96)?,
            short: u16_at(entry, 98)?.into(),
            long: u16_at(entry, 100)?.into(),
        })
    }

    /// Where the names end. The NUL behind each may be left away where it is the last.
    fn end(&self) -> u64 {
        let between = if self.short > 0 { 2 } else { 0 };
        FIXED + self.long + between + self.short
    }
}

fn fixed(entry: &[u8]) -> Option<Dentry<'static>> {
    let attributes = u32_at(entry, 8)?;
    let is_reparse = attributes & REPARSE != 0;
    Some(Dentry {
        attributes,
        reparse_tag: u32_at(entry, 88).filter(|_| is_reparse).unwrap_or_default(),
        group: u64_at(entry, 88)
            .filter(|_| !is_reparse)
            .unwrap_or_default(),
        written: u64_at(entry, 56)?,
        entries: u64_at(entry, 16)?,
        hash: Hash::parse(entry, 64)?,
        name: &[],
        next: 0,
    })
}

impl Dentry<'_> {
    pub(super) fn is_folder(&self) -> bool {
        self.attributes & FOLDER != 0
    }

    pub(super) fn is_reparse_point(&self) -> bool {
        self.attributes & REPARSE != 0
    }

    pub(super) fn is_link(&self) -> bool {
        self.is_reparse_point() && matches!(self.reparse_tag, SYMLINK | JUNCTION)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.attributes & ENCRYPTED != 0
    }
}
