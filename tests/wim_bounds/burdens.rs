//! WIMs whose every number is allowed, and as large as it can be.

use crate::Turn;
use crate::encoders::{self, Chunk};
use crate::made::{self, Dentry, SECOND_LIST, file, folder, metadata, plain};

const TEXT: &[u8] = b"some bytes";

fn errors(turn: &Turn, bytes: &[u8]) -> Vec<String> {
    turn.bear(bytes).0.errors
}

fn with_entries(entries: &[Dentry]) -> Vec<u8> {
    let metadata = metadata(&[&[folder("", SECOND_LIST)], entries]);
    made::wim(made::NONE, &metadata, &[plain(TEXT)])
}

/// The two errors that [`crate::everything`] always meets: images 0 and 2.
fn is_borne(errors: &[String]) {
    let [before, behind] = errors else {
        panic!("{errors:?}");
    };
    assert_eq!(before, "has no image 0; the last one is 1");
    assert_eq!(behind, "has no image 2; the last one is 1");
}

#[test]
fn as_many_entries_as_can_be() {
    let turn = Turn::new();
    let entry = |number: usize| Dentry {
        group: number as u64 + 1,
        hash: [0; 20],
        ..file(&format!("{number:x}"), TEXT)
    };
    let entries: Vec<Dentry> = (0..99_999).map(entry).collect();
    is_borne(&errors(&turn, &with_entries(&entries)));
    let entries: Vec<Dentry> = (0..100_000).map(entry).collect();
    let said = errors(&turn, &with_entries(&entries)).join("\n");
    assert!(
        said.contains("is too large: the number of entries in an image"),
        "{said}"
    );
}

#[test]
fn names_as_long_as_they_can_be() {
    let turn = Turn::new();
    let entry = |number: usize| {
        let digits: String = format!("{number:05}").chars().map(wide).collect();
        file(&format!("{}{digits}", "\u{ffe6}".repeat(250)), TEXT)
    };
    let entries: Vec<Dentry> = (0..20_000).map(entry).collect();
    is_borne(&errors(&turn, &with_entries(&entries)));
}

/// A digit that takes three bytes.
fn wide(digit: char) -> char {
    char::from_u32(digit as u32 - u32::from('0') + 0xFF10).unwrap()
}

#[test]
fn metadata_longer_than_any() {
    let turn = Turn::new();
    let mut bytes = metadata(&[&[folder("", SECOND_LIST)]]);
    bytes.resize((12 << 20) + 1, 0);
    let said = errors(&turn, &made::wim(made::NONE, &bytes, &[])).join("\n");
    assert!(said.contains("is too large: the metadata of an image should be at most 12582912"));
}

/// A lookup table of 160,000 entries, and XML data of as many elements as can be.
#[test]
fn tables_as_long_as_they_can_be() {
    let turn = Turn::new();
    let contents: Vec<_> = (0..160_000_u32)
        .map(|number| plain(&number.to_le_bytes()))
        .collect();
    let metadata = metadata(&[&[folder("", SECOND_LIST)], &[file("file", &[0; 4])]]);
    is_borne(&errors(&turn, &made::wim(made::NONE, &metadata, &contents)));
    let xml = |elements: usize| {
        let text = format!("<WIM>{}</WIM>", "<a b=''/>".repeat(elements));
        let xml: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        made::written(made::NONE, &metadata, &[plain(&[0; 4])], &xml)
    };
    is_borne(&errors(&turn, &xml(50_000)));
    // It is not even read.
    is_borne(&errors(&turn, &xml(70_000)));
}

#[test]
fn xml_nested_as_deep_as_can_be() {
    let turn = Turn::new();
    let text = format!("{}{}", "<a>".repeat(70_000), "</a>".repeat(70_000));
    let xml: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let metadata = metadata(&[&[folder("", SECOND_LIST)], &[file("file", TEXT)]]);
    is_borne(&errors(
        &turn,
        &made::written(made::NONE, &metadata, &[plain(TEXT)], &xml),
    ));
}

/// A few bytes that say to be terabytes: only what is read is decoded.
#[test]
fn a_small_file_that_says_to_be_huge() {
    let turn = Turn::new();
    let chunk = encoders::lzx(3, 15, 32_768);
    let many: Vec<Chunk> = (0..40)
        .map(|_| Chunk {
            input: chunk.input.clone(),
            output: chunk.output.clone(),
        })
        .collect();
    let mut stored = made::chunked(made::LZX, &many);
    stored.size = 1 << 55;
    let said = errors(&turn, &made::one_file(made::LZX, &stored)).join("\n");
    assert!(
        said.contains("the length of a compressed resource should be at least"),
        "{said}"
    );
}
