//! Sound images, the same in every run, and what is done to them.
//!
//! An image of half a mebibyte is no input for a fuzzer. Its inputs are changes to one of
//! these images: which image, whether checksums are put right afterwards, and then, until
//! it ends, a sector, a place in it, how many bytes, and the bytes. Or they are an image, from
//! where the descriptors begin, for what is in front of them nobody reads.

use hadris_fs::{Content, Node, Tree};
use hadris_iso::IsoOptions;
use hadris_storage::{BlockSize, MemDevice};
use hadris_udf::UdfOptions;

const SECTOR: usize = 2048;

/// How many images there are.
pub(crate) const TEMPLATES: usize = 6;

/// What stands for an image of its own, in the place of the number of one of these.
const IMAGE: u8 = 0x7F;

/// Where the descriptors begin.
const DESCRIPTORS: usize = 16 * SECTOR;

/// Images of another maker: `genisoimage -no-pad -J -R`, the first of them with `-udf` too.
/// Only what is not zero: the length of the image, and then where bytes begin, how many they
/// are, and the bytes.
const FOREIGN: [&[u8]; 2] = [
    include_bytes!("images/bridge.runs"),
    include_bytes!("images/joliet.runs"),
];

fn tree() -> Tree {
    let mut tree = Tree::new();
    let files: [(&str, usize); 6] = [
        ("bootmgr", 3000),
        ("Boot/BCD", 2048),
        ("Boot/Fonts/f\u{fc}r.ttf", 1),
        ("Boot/empty", 0),
        ("sources/boot.wim", 9000),
        ("a/b/c/d/e/deep.txt", 10),
    ];
    for (name, size) in files {
        let contents = vec![name.len() as u8; size];
        tree.insert(name, Node::file(Content::bytes(contents)))
            .unwrap();
    }
    for number in 0..70 {
        let name = format!("many/file number {number:04}.dat");
        tree.insert(&name, Node::file(Content::bytes("few")))
            .unwrap();
    }
    tree.insert("link", Node::symlink("bootmgr")).unwrap();
    tree
}

fn device(size: u64) -> MemDevice<Vec<u8>> {
    let size = usize::try_from(size).unwrap();
    MemDevice::new(vec![0; size], BlockSize::new(SECTOR as u32).unwrap())
}

/// The image with that number.
pub(crate) fn template(number: usize) -> Vec<u8> {
    let iso = IsoOptions::default();
    match number {
        0 => iso_image(&iso),
        1 => iso_image(&iso.with_joliet()),
        2 => iso_image(&iso.with_rock_ridge()),
        3 => udf_image(),
        other => unpacked(FOREIGN[other - 4]),
    }
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (length, mut runs) = packed.split_at(4);
    let mut image = vec![0; number(length)];
    while let Some((head, rest)) = runs.split_at_checked(6) {
        let (at, count) = (number(&head[..4]), number(&head[4..]));
        image[at..at + count].copy_from_slice(&rest[..count]);
        runs = &rest[count..];
    }
    image
}

fn iso_image(options: &IsoOptions) -> Vec<u8> {
    let mut device = device(hadris_iso::plan(&tree(), options).unwrap().size());
    hadris_iso::sync::write(&mut device, &tree(), options).unwrap();
    device.into_inner()
}

fn udf_image() -> Vec<u8> {
    let options = UdfOptions::default();
    let mut device = device(hadris_udf::plan(&tree(), &options).unwrap().size());
    hadris_udf::sync::write(&mut device, &tree(), &options).unwrap();
    device.into_inner()
}

/// The image that an input of the fuzzer means.
pub(crate) fn changed(input: &[u8], templates: &[Vec<u8>; TEMPLATES]) -> Option<Vec<u8>> {
    let (first, rest) = input.split_first()?;
    let mut image = match first & 0x7F {
        IMAGE => behind_the_system_area(rest),
        number => patched(templates[usize::from(number) % TEMPLATES].clone(), rest),
    };
    if first & 0x80 != 0 {
        mend(&mut image);
    }
    Some(image)
}

fn behind_the_system_area(bytes: &[u8]) -> Vec<u8> {
    let mut image = vec![0; DESCRIPTORS];
    image.extend(bytes);
    image.resize(image.len().next_multiple_of(SECTOR), 0);
    image
}

fn patched(mut image: Vec<u8>, mut rest: &[u8]) -> Vec<u8> {
    while let [low, high, place @ ..] = rest {
        let [within, further, count, bytes @ ..] = place else {
            break;
        };
        let sector = usize::from(u16::from_le_bytes([*low, *high]));
        let within = usize::from(u16::from_le_bytes([*within, *further])) % SECTOR;
        let count = usize::from(*count).min(bytes.len());
        let at = sector % (image.len() / SECTOR) * SECTOR + within;
        let end = (at + count).min(image.len());
        image[at..end].copy_from_slice(&bytes[..end - at]);
        rest = &bytes[count..];
    }
    image
}

/// Where the makers begin to put contents.
const STRUCTURES: usize = 340 * SECTOR;

/// Puts the checksums of all UDF descriptors right: else damage ends at the first of them.
pub(crate) fn mend(image: &mut [u8]) {
    let end = image.len().saturating_sub(16).min(STRUCTURES);
    for at in (16 * SECTOR..end).step_by(4) {
        let [id, high, version, 0, _, 0, ..] = image[at..at + 16] else {
            continue;
        };
        let covered = usize::from(u16::from_le_bytes([image[at + 10], image[at + 11]]));
        // Entries of folders lie anywhere, all other descriptors at the start of a sector.
        let is_tag = match (high, id) {
            (1, 1) => true,
            (0, 1..=9) | (1, 0..=10) => at % SECTOR == 0,
            _ => false,
        };
        let is_tag = is_tag && matches!(version, 2 | 3);
        let Some(body) = image.get(at + 16..at + 16 + covered).filter(|_| is_tag) else {
            continue;
        };
        let crc = body.iter().fold(0, |crc, byte| crc16(crc, *byte));
        image[at + 8..at + 10].copy_from_slice(&crc.to_le_bytes());
        image[at + 4] = 0;
        image[at + 4] = image[at..at + 16]
            .iter()
            .fold(0, |sum, byte| sum.wrapping_add(*byte));
    }
}

/// CRC-16 of ECMA-167 (polynomial 0x1021), bit by bit.
fn crc16(crc: u16, byte: u8) -> u16 {
    let start = crc ^ (u16::from(byte) << 8);
    (0..8).fold(start, |crc, _| match crc & 0x8000 {
        0 => crc << 1,
        _ => (crc << 1) ^ 0x1021,
    })
}
