//! The two parsers behind one face: UDF and ISO 9660.
//!
//! Both are foreign code over a format that anybody can write, so that as little as
//! possible is asked of them: list a folder, say what an entry is, say where the bytes of
//! a file lie. They are asked once, while the image is indexed.

use std::io;

use hadris_fs::sync::FileSystem;
use hadris_fs::{Error, ErrorKind, MountOptions, NodeId};
use hadris_iso::{CacheOptions, IsoId, Namespace};
use hadris_udf::UdfId;

use super::extents::Extent;
use super::fault::Fault;
use super::medium::{Medium, SECTOR};

/// Most extents of one file: UDF extents reach 1 GiB each, those of ISO 9660 4 GiB.
const MOST_EXTENTS: usize = 65_536;

/// How many extents are asked for at a time; each asking walks them from the first.
const BATCH: usize = 4096;

/// Most directory records of one file of ISO 9660: enough for 4 TiB.
const MOST_RECORDS: usize = 1024;

/// How many hard links of Rock Ridge are remembered. Without it the parser searches the
/// whole image for each.
const LINKS: usize = 65_536;

/// The sectors of the volume recognition sequence: it begins behind the system area, and
/// a sector of it is 2 or 4 KiB long. The anchor is where the parsers look first.
const RECOGNITION: std::ops::Range<u64> = 16..35;
const ANCHOR: u64 = 256;

/// What a parser answers.
pub(super) type Done<T> = Result<T, Error<io::Error>>;

/// A volume that a parser has opened.
pub(super) trait Parser<'a>: FileSystem<DeviceError = io::Error> {
    /// The image beneath.
    fn medium(&self) -> &Medium<'a>;

    /// Where the bytes of a file lie. What no extent covers is a hole.
    fn extents(&mut self, file: NodeId) -> Done<Vec<Extent>>;

    /// The byte at which the volume says that it ends.
    fn declared_end(&self) -> u64;

    /// What it is: `UDF 1.02`.
    fn format(&self) -> String;

    /// What its publisher called it.
    fn title(&mut self) -> Option<String>;

    /// A name as it is shown.
    fn shown<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        name
    }
}

/// Whether the image says that it holds a UDF volume, be it sound or not. It is the
/// descriptor that counts, or the anchor: where the one is damaged, the other still tells
/// that the ISO 9660 side may be no more than a note for old systems.
///
/// # Errors
/// Those of the disk.
pub(super) fn announces_udf(medium: &mut Medium<'_>) -> io::Result<bool> {
    for index in RECOGNITION {
        let sector = medium.sector(index)?;
        let id = sector.and_then(|sector| sector.get(1..6));
        if matches!(id, Some(b"NSR02" | b"NSR03")) {
            return Ok(true);
        }
    }
    Ok(medium.sector(ANCHOR)?.is_some_and(is_anchor))
}

/// Whether a sector begins with the tag of an anchor volume descriptor pointer that
/// belongs where it lies.
fn is_anchor(sector: &[u8; SECTOR]) -> bool {
    let Some((tag, _)) = sector.split_first_chunk::<16>() else {
        return false;
    };
    let [2, 0, _, 0, checksum, .., a, b, c, d] = *tag else {
        return false;
    };
    let sum = tag.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let place = u64::from(u32::from_le_bytes([a, b, c, d]));
    // The checksum is that of the other bytes.
    sum.wrapping_sub(checksum) == checksum && place == ANCHOR
}

/// Opens the UDF volume.
pub(super) fn udf(medium: Medium<'_>) -> Result<hadris_udf::sync::UdfFs<Medium<'_>>, Fault> {
    let opened = hadris_udf::sync::UdfFs::mount(medium, MountOptions::new());
    opened.map_err(|failed| fault(failed.error(), failed.device(), "the UDF volume"))
}

/// Opens the ISO 9660 volume, with the best names that it has.
pub(super) fn iso(medium: Medium<'_>) -> Result<hadris_iso::sync::IsoFs<Medium<'_>>, Fault> {
    // The sectors are kept by the medium, where what is read is counted.
    let cache = CacheOptions::new().with_blocks(0).with_records(0);
    let opened = hadris_iso::sync::IsoFs::mount(medium, MountOptions::new());
    let opened = opened.map(|volume| volume.with_cache(cache.with_links(LINKS)));
    opened.map_err(|failed| match failed.kind() {
        ErrorKind::NotRecognized => Fault::new(
            "no ISO image: neither UDF nor ISO 9660 begins at byte 32768",
            "check that it is the file you mean, and that it was copied whole",
        ),
        _ => fault(failed.error(), failed.device(), "the ISO 9660 volume"),
    })
}

/// What a parser's error means for the image, met while reading `whose`.
pub(super) fn fault(error: &Error<io::Error>, medium: &Medium<'_>, whose: &str) -> Fault {
    let place = medium.place();
    match error.device_error() {
        Some(disk) if !medium.is_exhausted() => Fault::unreadable(place, disk),
        _ if error.kind() == ErrorKind::Unsupported => Fault::new(
            format!("{whose} cannot be read: {error}"),
            "repack it as UDF 1.02, or give the folder of its files as the source",
        ),
        _ => Fault::damaged(place, format_args!("{whose}: {error}")),
    }
}

impl<'a> Parser<'a> for hadris_udf::sync::UdfFs<Medium<'a>> {
    fn medium(&self) -> &Medium<'a> {
        self.device()
    }

    fn extents(&mut self, file: NodeId) -> Done<Vec<Extent>> {
        let mut extents = Vec::new();
        let mut batch = vec![hadris_fs::Extent::new(0, 0); 8];
        let mut from = 0;
        loop {
            let count = Self::extents(self, file, from, &mut batch)?;
            let found = batch.get(..count).unwrap_or_default();
            gather(&mut extents, found);
            let Some(last) = found.last().filter(|_| count == batch.len()) else {
                return Ok(extents);
            };
            if extents.len() >= MOST_EXTENTS {
                return Err(Error::new(ErrorKind::Unsupported, "is in too many pieces"));
            }
            from = last.file_offset().saturating_add(last.len());
            batch.resize(BATCH, hadris_fs::Extent::new(0, 0));
        }
    }

    fn declared_end(&self) -> u64 {
        let partitions = self.info().partitions().iter();
        let ends = partitions.map(|part| u64::from(part.start()) + u64::from(part.len()));
        ends.max().unwrap_or(0) * u64::from(self.info().block_size())
    }

    fn format(&self) -> String {
        format!("UDF {}", self.info().revision())
    }

    fn title(&mut self) -> Option<String> {
        let title = self.info().id(UdfId::LogicalVolume);
        (!title.is_empty()).then(|| title.to_owned())
    }
}

/// Adds what the parser found, holes left out, what lies together put together.
fn gather(extents: &mut Vec<Extent>, found: &[hadris_fs::Extent]) {
    let written = found.iter().filter(|extent| !extent.is_unwritten());
    for extent in written {
        let extent = Extent {
            from: extent.file_offset(),
            at: extent.offset(),
            length: extent.len(),
        };
        match extents.last_mut() {
            Some(last) if last.meets(&extent) => last.length += extent.length,
            _ => extents.push(extent),
        }
    }
}

impl<'a> Parser<'a> for hadris_iso::sync::IsoFs<Medium<'a>> {
    fn medium(&self) -> &Medium<'a> {
        self.device()
    }

    fn extents(&mut self, file: NodeId) -> Done<Vec<Extent>> {
        let mut batch = vec![hadris_fs::Extent::new(0, 0); 1];
        let mut records = self.records(file, &mut batch);
        if matches!(&records, Err(error) if error.kind() == ErrorKind::LimitExceeded) {
            batch.resize(MOST_RECORDS, hadris_fs::Extent::new(0, 0));
            records = self.records(file, &mut batch);
        }
        batch.truncate(records?);
        for record in &batch {
            self.is_plain(record.offset())?;
        }
        let count = Self::extents(self, file, 0, &mut batch)?;
        let mut extents = Vec::new();
        gather(&mut extents, batch.get(..count).unwrap_or_default());
        Ok(extents)
    }

    fn declared_end(&self) -> u64 {
        let info = self.info();
        u64::from(info.volume_space_size()) * u64::from(info.block_size())
    }

    fn format(&self) -> String {
        let names = match self.namespace() {
            Namespace::RockRidge => " with Rock Ridge",
            Namespace::Joliet => " with Joliet",
            Namespace::Enhanced => ":1999",
            _ => "",
        };
        format!("ISO 9660{names}")
    }

    fn title(&mut self) -> Option<String> {
        let mut buffer = [0; 384];
        let title = self.label(&mut buffer).ok().flatten().map(str::to_owned);
        title.or_else(|| {
            let title = String::from_utf8_lossy(self.info().id(IsoId::Volume)).into_owned();
            (!title.is_empty()).then_some(title)
        })
    }

    /// The primary names have a dot behind a name without extension, which is not meant.
    fn shown<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        match (self.namespace(), name) {
            (Namespace::Primary, [rest @ .., b'.']) if !rest.is_empty() => rest,
            _ => name,
        }
    }
}

/// What the parser does not look at when it says where bytes lie.
trait Plain {
    fn is_plain(&mut self, record: u64) -> Done<()>;
}

impl Plain for hadris_iso::sync::IsoFs<Medium<'_>> {
    /// That the bytes a directory record names lie together on this medium, and not
    /// interleaved or on another disc of a set.
    fn is_plain(&mut self, record: u64) -> Done<()> {
        let mut header = [0_u8; 32];
        self.read_raw(record, &mut header)?;
        let [.., unit, gap, low, high, _, _] = header;
        if (unit, gap) != (0, 0) || u16::from_le_bytes([low, high]) > 1 {
            let what = "is interleaved, or on another disc of a set";
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        Ok(())
    }
}
