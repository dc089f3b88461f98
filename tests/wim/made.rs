//! WIMs made byte by byte, so that every field can be wrong.

use sha1::{Digest, Sha1};

use crate::encoders::Chunk;

/// How the header says that resources are compressed.
pub(crate) const NONE: u32 = 0;
pub(crate) const XPRESS: u32 = 0x2_0002;
pub(crate) const LZX: u32 = 0x4_0002;

const METADATA: u8 = 2;
const COMPRESSED: u8 = 4;

/// A file's bytes, and how they lie in the WIM.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stored: Vec<u8>,
    pub(crate) size: u64,
    flags: u8,
}

pub(crate) fn plain(bytes: &[u8]) -> Stored {
    Stored {
        bytes: bytes.to_vec(),
        stored: bytes.to_vec(),
        size: bytes.len() as u64,
        flags: 0,
    }
}

/// With the table of offsets in front.
pub(crate) fn chunked(compression: u32, chunks: &[Chunk]) -> Stored {
    assert_ne!(compression, NONE);
    let ends = chunks.iter().scan(0, |end, chunk| {
        *end += chunk.input.len() as u32;
        Some(*end)
    });
    let table = ends.take(chunks.len() - 1).flat_map(u32::to_le_bytes);
    let data = chunks.iter().flat_map(|chunk| chunk.input.clone());
    let bytes: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| chunk.output.clone())
        .collect();
    Stored {
        stored: table.chain(data).collect(),
        size: bytes.len() as u64,
        bytes,
        flags: COMPRESSED,
    }
}

pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// An entry of the metadata.
#[derive(Debug, Clone)]
pub(crate) struct Dentry {
    pub(crate) attributes: u32,
    pub(crate) entries: u64,
    pub(crate) hash: [u8; 20],
    pub(crate) group: u64,
    pub(crate) name: Vec<u16>,
    pub(crate) short: Vec<u16>,
    /// Further streams: name and hash.
    pub(crate) streams: Vec<(Vec<u16>, [u8; 20])>,
}

pub(crate) fn units(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

pub(crate) fn file(name: &str, bytes: &[u8]) -> Dentry {
    Dentry {
        attributes: 0x20,
        entries: 0,
        hash: sha1(bytes),
        group: 0,
        name: units(name),
        short: Vec::new(),
        streams: Vec::new(),
    }
}

/// A folder whose entries lie at that place.
pub(crate) fn folder(name: &str, entries: u64) -> Dentry {
    Dentry {
        attributes: 0x10,
        entries,
        hash: [0; 20],
        ..file(name, b"")
    }
}

impl Dentry {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let text = |units: &[u16]| -> Vec<u8> {
            let nul = (!units.is_empty()).then_some(0);
            units
                .iter()
                .copied()
                .chain(nul)
                .flat_map(u16::to_le_bytes)
                .collect()
        };
        let (name, short) = (text(&self.name), text(&self.short));
        let length = (102 + name.len() + short.len()).next_multiple_of(8);
        let mut bytes = vec![0; 102];
        bytes[..8].copy_from_slice(&(length as u64).to_le_bytes());
        bytes[8..12].copy_from_slice(&self.attributes.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.entries.to_le_bytes());
        bytes[64..84].copy_from_slice(&self.hash);
        bytes[88..96].copy_from_slice(&self.group.to_le_bytes());
        bytes[96..98].copy_from_slice(&(self.streams.len() as u16).to_le_bytes());
        bytes[98..100].copy_from_slice(&(self.short.len() as u16 * 2).to_le_bytes());
        bytes[100..102].copy_from_slice(&(self.name.len() as u16 * 2).to_le_bytes());
        bytes.extend(name);
        bytes.extend(short);
        bytes.resize(length, 0);
        for (name, hash) in &self.streams {
            let text = text(name);
            let length = (38 + text.len()).next_multiple_of(8);
            let begin = bytes.len();
            bytes.extend((length as u64).to_le_bytes());
            bytes.extend([0; 8]);
            bytes.extend(hash);
            bytes.extend((name.len() as u16 * 2).to_le_bytes());
            bytes.extend(text);
            bytes.resize(begin + length, 0);
        }
        bytes
    }
}

/// Metadata of folders that follow each other, the first of them only the root. A folder
/// is behind the root (at 8), and each list ends with 8 bytes of nothing.
pub(crate) fn metadata(lists: &[&[Dentry]]) -> Vec<u8> {
    let mut bytes = vec![8, 0, 0, 0, 0, 0, 0, 0];
    for list in lists {
        for dentry in *list {
            bytes.extend(dentry.bytes());
        }
        bytes.extend([0; 8]);
    }
    bytes
}

/// Where the second list of [`metadata`] begins, when the first has but the root.
pub(crate) const SECOND_LIST: u64 = 8 + 104 + 8;

fn resource(flags: u8, offset: u64, stored: u64, size: u64) -> Vec<u8> {
    let first = stored | u64::from(flags) << 56;
    [first, offset, size]
        .into_iter()
        .flat_map(u64::to_le_bytes)
        .collect()
}

/// A WIM with one image and these files' contents.
pub(crate) fn wim(compression: u32, metadata: &[u8], contents: &[Stored]) -> Vec<u8> {
    let text = "\u{feff}<WIM><IMAGE INDEX=\"1\"><NAME>made</NAME></IMAGE></WIM>";
    let xml: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    written(compression, metadata, contents, &xml)
}

/// The same with this XML data.
pub(crate) fn written(
    compression: u32,
    metadata: &[u8],
    contents: &[Stored],
    xml: &[u8],
) -> Vec<u8> {
    let mut bytes = vec![0; 208];
    let mut lookup = Vec::new();
    let image = Stored {
        flags: METADATA,
        ..plain(metadata)
    };
    for stored in [&image].into_iter().chain(contents) {
        let (offset, length) = (bytes.len() as u64, stored.stored.len() as u64);
        lookup.extend(resource(stored.flags, offset, length, stored.size));
        lookup.extend([1, 0, 1, 0, 0, 0]);
        lookup.extend(sha1(&stored.bytes));
        bytes.extend(&stored.stored);
    }
    let mut header = b"MSWIM\0\0\0".to_vec();
    header.extend(
        [
            208,
            0x10d00,
            compression,
            if compression == NONE { 0 } else { 32_768 },
        ]
        .into_iter()
        .flat_map(u32::to_le_bytes),
    );
    header.extend([0; 16]);
    header.extend([1, 0, 1, 0, 1, 0, 0, 0]);
    let at = bytes.len() as u64;
    header.extend(resource(
        METADATA,
        at,
        lookup.len() as u64,
        lookup.len() as u64,
    ));
    let behind = at + lookup.len() as u64;
    header.extend(resource(
        METADATA,
        behind,
        xml.len() as u64,
        xml.len() as u64,
    ));
    bytes[..header.len()].copy_from_slice(&header);
    bytes.extend(lookup);
    bytes.extend(xml);
    bytes
}

/// A WIM with this one file, called `file`.
pub(crate) fn one_file(compression: u32, stored: &Stored) -> Vec<u8> {
    let entry = file("file", &stored.bytes);
    let metadata = metadata(&[&[folder("", SECOND_LIST)], &[entry]]);
    wim(compression, &metadata, std::slice::from_ref(stored))
}
