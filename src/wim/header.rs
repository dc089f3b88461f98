//! The first 208 bytes: what kind of WIM it is, and where everything else lies.

use super::error::{Error, Part, Place, Unsupported, unexpected};
use super::fields::{u16_at, u32_at, u64_at};
use super::medium::Medium;
use crate::name;

/// Its length, which it also states itself.
const LENGTH: usize = 208;
const MAGIC: &[u8] = b"MSWIM\0\0\0";
const PIPABLE_MAGIC: &[u8] = b"WLPWM\0\0\0";
const VERSION: u32 = 0x10d00;
/// What a WIM with solid resources says instead.
const SOLID_VERSION: u32 = 0xe00;

const COMPRESSED: u32 = 0x2;
const XPRESS: u32 = 0x2_0000;
const LZX: u32 = 0x4_0000;
const LZMS: u32 = 0x8_0000;
/// The second number that XPRESS has.
const XPRESS_TOO: u32 = 0x20_0000;

/// How the resources of a WIM are compressed that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// XPRESS with Huffman codes.
    Xpress {
        /// The size of a chunk is `2^order` bytes.
        order: u32,
    },
    /// LZX.
    Lzx {
        /// The size of a chunk is `2^order` bytes.
        order: u32,
    },
}

impl Compression {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Xpress { .. } => "XPRESS",
            Self::Lzx { .. } => "LZX",
        }
    }

    /// How many bytes are compressed by themselves.
    pub fn chunk_size(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Xpress { order } | Self::Lzx { order } => Some(1 << order),
        }
    }
}

/// Bytes in the file that belong together: a file's contents, the metadata of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resource {
    /// Seven bytes of length, and one of flags.
    stored_and_flags: u64,
    /// Where it begins.
    pub(super) offset: u64,
    /// How many bytes it really has.
    pub(super) size: u64,
}

impl Resource {
    const METADATA: u64 = 0x2 << 56;
    const COMPRESSED: u64 = 0x4 << 56;
    const SPANNED: u64 = 0x8 << 56;
    const SOLID: u64 = 0x10 << 56;

    pub(super) fn parse(bytes: &[u8], at: usize) -> Option<Self> {
        Some(Self {
            stored_and_flags: u64_at(bytes, at)?,
            offset: u64_at(bytes, at + 8)?,
            size: u64_at(bytes, at + 16)?,
        })
    }

    /// How many bytes it has in the file.
    pub(super) fn stored(&self) -> u64 {
        self.stored_and_flags & (u64::MAX >> 8)
    }

    /// Where it begins, for an error.
    pub(super) fn place(&self) -> Place {
        Part::File.at(self.offset)
    }

    pub(super) fn is_metadata(&self) -> bool {
        self.stored_and_flags & Self::METADATA != 0
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.stored_and_flags & Self::COMPRESSED != 0
    }

    /// Checks that it is of a kind that is read, and lies in the file. `place` is where
    /// it is described.
    pub(super) fn check(
        &self,
        place: Place,
        file: u64,
        compression: Compression,
    ) -> Result<(), Error> {
        if self.stored_and_flags & (Self::SOLID | Self::SPANNED) != 0 {
            return Err(Error::Unsupported(Unsupported::Solid));
        }
        let end = self.offset.checked_add(self.stored());
        if end.is_none_or(|end| end > file) {
            let found = format!("from byte {} on, {} bytes", self.offset, self.stored());
            let expected = format!("within the {file} bytes of the file");
            return Err(unexpected(place, "a resource", expected, found));
        }
        if !self.is_compressed() && self.stored() != self.size {
            let what = "the size of an uncompressed resource";
            return Err(unexpected(place, what, self.stored(), self.size));
        }
        if self.is_compressed() && compression == Compression::None {
            let what = "a resource of an uncompressed WIM";
            return Err(unexpected(place, what, "uncompressed", "compressed"));
        }
        Ok(())
    }
}

/// The header, as far as it matters.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) compression: Compression,
    pub(super) images: u32,
    pub(super) lookup: Resource,
    pub(super) xml: Resource,
    pub(super) boot_index: u32,
}

impl Header {
    pub(super) fn read(medium: &Medium) -> Result<Self, Error> {
        let begin = medium.size().min(LENGTH as u64) as usize;
        let begin = medium.read(0, begin)?;
        is_wim(&begin)?;
        let header = medium.read(0, LENGTH)?;
        supported(&header)?;
        Self::parse(&header).unwrap_or_else(|| {
            Err(unexpected(
                Part::File.at(0),
                "the header",
                LENGTH,
                begin.len(),
            ))
        })
    }

    /// `None` where bytes are missing, which was checked before.
    fn parse(bytes: &[u8]) -> Option<Result<Self, Error>> {
        let header = |compression| {
            Some(Self {
                compression,
                images: u32_at(bytes, 44)?,
                lookup: Resource::parse(bytes, 48)?,
                xml: Resource::parse(bytes, 72)?,
                boot_index: u32_at(bytes, 120)?,
            })
        };
        match compression(u32_at(bytes, 16)?, u32_at(bytes, 20)?) {
            Ok(compression) => header(compression).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

fn is_wim(begin: &[u8]) -> Result<(), Error> {
    if begin.starts_with(PIPABLE_MAGIC) {
        return Err(Error::Unsupported(Unsupported::Pipable));
    }
    if !begin.starts_with(MAGIC) {
        let found = name::visible(begin.get(..8).unwrap_or(begin));
        return Err(Error::NotWim { found });
    }
    Ok(())
}

/// Refuses what is a WIM and cannot be read, by its name.
fn supported(header: &[u8]) -> Result<(), Error> {
    let length = u32_at(header, 8).unwrap_or_default();
    if length as usize != LENGTH {
        return Err(unexpected(
            Part::File.at(8),
            "the length of the header",
            LENGTH,
            length,
        ));
    }
    let (part, parts) = (u16_at(header, 40), u16_at(header, 42));
    let (part, parts) = (part.unwrap_or_default(), parts.unwrap_or_default());
    if parts != 1 {
        return Err(Error::Unsupported(Unsupported::Split { part, parts }));
    }
    if u32_at(header, 16).is_some_and(|flags| flags & LZMS != 0) {
        return Err(Error::Unsupported(Unsupported::Lzms));
    }
    match u32_at(header, 12).unwrap_or_default() {
        VERSION => Ok(()),
        SOLID_VERSION => Err(Error::Unsupported(Unsupported::Solid)),
        version => Err(Error::Unsupported(Unsupported::Version(version))),
    }
}

fn compression(flags: u32, chunk_size: u32) -> Result<Compression, Error> {
    if flags & COMPRESSED == 0 {
        return Ok(Compression::None);
    }
    let order = chunk_size.trailing_zeros();
    let (compression, orders) = match (flags & LZX != 0, flags & (XPRESS | XPRESS_TOO) != 0) {
        (true, false) => (Compression::Lzx { order }, 15..=21),
        (false, true) => (Compression::Xpress { order }, 12..=16),
        _ => return Err(Error::Unsupported(Unsupported::Compression(flags))),
    };
    if !chunk_size.is_power_of_two() || !orders.contains(&order) {
        let (least, most) = (1_u32 << orders.start(), 1_u32 << orders.end());
        let expected = format!("a power of two from {least} to {most}");
        return Err(unexpected(
            Part::File.at(20),
            "the size of a chunk",
            expected,
            chunk_size,
        ));
    }
    Ok(compression)
}
