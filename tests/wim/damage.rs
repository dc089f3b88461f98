//! What is wrong in a WIM is said, with its place; and odd things that are not wrong.

use winbootfs::wim::{Kind, Tree, Wim};

use crate::contents::whole;
use crate::encoders;
use crate::made::{self, Dentry, SECOND_LIST, file, folder, metadata, one_file, plain, units};
use crate::medium::{Medium, open, refusal};

const TEXT: &[u8] = b"some bytes of a file";

fn good() -> Vec<u8> {
    one_file(made::NONE, &plain(TEXT))
}

/// The same with bytes written over.
fn with(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

fn of_entries(entries: &[Dentry]) -> Wim {
    let metadata = metadata(&[&[folder("", SECOND_LIST)], entries]);
    open(made::wim(made::NONE, &metadata, &[plain(TEXT)]))
}

fn tree_of(entries: &[Dentry]) -> Tree {
    of_entries(entries).tree(1).unwrap()
}

fn tree_error(metadata: &[u8]) -> String {
    let wim = open(made::wim(made::NONE, metadata, &[plain(TEXT)]));
    wim.tree(1).unwrap_err().to_string()
}

#[test]
fn a_wim_made_by_hand_is_a_wim() {
    let tree = open(good()).tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    assert_eq!(whole(&blob), TEXT);
}

#[test]
fn a_wrong_field_is_named_with_its_place() {
    let end = good().len();
    let cases: [(usize, &[u8], String); 12] = [
        (
            8,
            &[207],
            "at byte 8: the length of the header should be 208, and is 207".into(),
        ),
        (
            12,
            &[1],
            "is of version 0x10d01; boot images are of version 0x10d00".into(),
        ),
        (
            16,
            &[2],
            "is compressed in an unknown way (flags 0x00000002)".into(),
        ),
        (18, &[8], "is LZMS-compressed".into()),
        (
            16,
            &[2, 0, 6],
            "is compressed in an unknown way (flags 0x00060002)".into(),
        ),
        (
            16,
            &[2, 0, 4, 0, 1, 128, 0, 0],
            "at byte 20: the size of a chunk should be a power of two from 32768 to 2097152, and \
             is 32769"
                .into(),
        ),
        (40, &[2, 0, 7, 0], "is part 2 of 7 of a split WIM".into()),
        (
            44,
            &[2],
            "at byte 44: the number of images should be 1, as in the lookup table, and at most \
             1000, and is 2"
                .into(),
        ),
        (
            48,
            &[0xFF, 0xFF, 0xFF, 0xFF],
            format!("at byte 48: a resource should be within the {end} bytes of the file"),
        ),
        (
            56,
            &[0xFF; 8],
            "at byte 48: a resource should be within".into(),
        ),
        (
            64,
            &[1],
            "at byte 48: the size of an uncompressed resource should be 100, and is 1".into(),
        ),
        (
            120,
            &[9],
            "at byte 120: the image to boot should be at most 1, and is 9".into(),
        ),
    ];
    for (at, patch, expected) in cases {
        let said = refusal(with(good(), at, patch));
        assert!(said.contains(&expected), "byte {at}: {said}");
    }
}

#[test]
fn lengths_beyond_the_file_take_no_memory() {
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00];
    for field in [48, 64, 72, 88] {
        let said = refusal(with(good(), field, &huge));
        assert!(said.starts_with("is damaged at byte"), "{said}");
    }
    let medium = Medium::new(good());
    let said = Wim::open(medium, 1 << 40).unwrap().tree(1);
    assert!(
        said.is_ok(),
        "what lies behind the file's end was asked for"
    );
}

#[test]
fn metadata_that_was_changed_is_noticed() {
    let changed = with(good(), 208 + 60, b"x");
    let said = open(changed).tree(1).unwrap_err().to_string();
    assert!(
        said.starts_with("is damaged at byte 208: the SHA-1 of the metadata of image 1 should be "),
        "{said}"
    );
}

/// The read that completes the file fails, and so does everything after.
#[test]
fn a_wrong_hash_is_an_error_at_the_end_and_for_ever() {
    let mut stored = plain(TEXT);
    stored.stored[3] ^= 1;
    let wim = open(one_file(made::NONE, &stored));
    let tree = wim.tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    let other = tree.find(b"file").unwrap().open().unwrap();
    let mut buffer = [0; 12];
    assert_eq!(blob.read_at(&mut buffer, 0).unwrap(), 12);
    let said = blob.read_at(&mut buffer, 12).unwrap_err().to_string();
    assert!(
        said.starts_with("is damaged at byte 448: the SHA-1 of a file's bytes should be "),
        "{said}"
    );
    for open in [&blob, &other] {
        let said = open.read_at(&mut buffer, 0).unwrap_err().to_string();
        assert!(
            said.starts_with("is damaged at byte 448: the SHA-1 of the file's bytes is not "),
            "{said}"
        );
    }
    let again = wim.tree(1).unwrap();
    assert!(again.find(b"file").unwrap().open().is_err());
}

/// Reads that a kernel lets come out of order.
#[test]
fn a_wrong_hash_is_noticed_out_of_order_too() {
    let mut stored = plain(&vec![7; 300_000]);
    stored.stored[150_000] = 8;
    let wim = open(one_file(made::NONE, &stored));
    let tree = wim.tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    let read = |offset| blob.read_at(&mut [0; 100_000], offset).is_ok();
    assert!(read(0));
    assert!(!read(200_000), "the part between was not looked at");
}

/// A part tells nothing about the whole.
#[test]
fn a_part_of_a_bad_file_is_no_error() {
    let mut stored = plain(TEXT);
    stored.stored[3] ^= 1;
    let tree = open(one_file(made::NONE, &stored)).tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    let mut buffer = [0; 4];
    blob.read_at(&mut buffer, TEXT.len() as u64 - 4).unwrap();
    assert_eq!(&buffer, b"file");
}

#[test]
fn a_chunk_that_is_none_says_where_it_is() {
    let chunk = encoders::lzx(1, 15, 32_768);
    let second = encoders::Chunk {
        input: vec![0; 40],
        output: vec![1; 100],
    };
    let stored = made::chunked(made::LZX, &[chunk, second]);
    let bytes = one_file(made::LZX, &stored);
    let at = bytes.windows(40).position(|window| window == [0; 40]);
    let tree = open(bytes.clone()).tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    blob.read_at(&mut [0; 100], 0).unwrap();
    let said = blob.read_at(&mut [0; 100], 32_768).unwrap_err().to_string();
    assert!(
        said.ends_with("the LZX data has a block of an unknown kind"),
        "{said}"
    );
    assert!(
        at.is_some() && said.contains("is damaged at byte "),
        "{said}"
    );
}

#[test]
fn a_table_of_chunks_that_cannot_be_is_noticed() {
    let chunk = |seed| encoders::lzx(seed, 15, 32_768);
    let mut stored = made::chunked(made::LZX, &[chunk(1), chunk(2)]);
    stored.stored[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let tree = open(one_file(made::LZX, &stored)).tree(1).unwrap();
    let blob = tree.find(b"file").unwrap().open().unwrap();
    for offset in [0, 32_768] {
        let said = blob.read_at(&mut [0; 10], offset).unwrap_err().to_string();
        assert!(
            said.contains("the place of a chunk should be 1 to 32768 bytes within"),
            "{said}"
        );
    }
    stored.size = 1 << 50;
    let tree = open(one_file(made::LZX, &stored)).tree(1).unwrap();
    let said = tree.find(b"file").unwrap().open().unwrap_err().to_string();
    assert!(
        said.contains("the length of a compressed resource should be at least"),
        "{said}"
    );
}

#[test]
fn folders_in_a_circle_are_an_error() {
    let up = metadata(&[&[folder("", SECOND_LIST)], &[folder("again", SECOND_LIST)]]);
    let said = tree_error(&up);
    assert_eq!(
        said,
        "is damaged at byte 120 of the metadata of image 1: an entry should be part of one \
         folder, and is part of two"
    );
    let to_root = metadata(&[&[folder("", SECOND_LIST)], &[folder("again", 8)]]);
    assert!(tree_error(&to_root).contains("byte 8 of the metadata"));
    let twins = [folder("one", 8 + 600), folder("two", 8 + 600)];
    let mut shared = metadata(&[&[folder("", SECOND_LIST)], &twins]);
    shared.resize(8 + 600, 0);
    shared.extend(file("below both", TEXT).bytes());
    shared.extend([0; 8]);
    assert!(tree_error(&shared).contains("an entry should be part of one folder"));
}

#[test]
fn a_folder_may_not_be_too_deep() {
    let mut bytes = metadata(&[&[folder("", SECOND_LIST)]]);
    for _ in 0..200 {
        let length = folder("d", 0).bytes().len();
        let next = (bytes.len() + length + 8) as u64;
        bytes.extend(folder("d", next).bytes());
        bytes.extend([0; 8]);
    }
    bytes.extend([0; 8]);
    let said = tree_error(&bytes);
    assert!(
        said.contains("the depth of a folder should be at most 130, and is 131"),
        "{said}"
    );
}

#[test]
fn an_entry_that_cannot_be_is_named() {
    let cases: [(usize, &[u8], &str); 5] = [
        (
            120,
            &[50],
            "the length of an entry should be at least 102, and is 50",
        ),
        (
            120,
            &[0xFF; 8],
            "what follows should be 18446744073709551615 bytes",
        ),
        (
            220,
            &[0xFF, 0x1],
            "the length of an entry with its names should be at least",
        ),
        (
            8 + 16,
            &[0xFF; 8],
            "the place of a folder's entries should be below",
        ),
        (8 + 8, &[0x20], "the root should be a folder, and is none"),
    ];
    for (at, patch, expected) in cases {
        let entries = [file("file", TEXT)];
        let bytes = metadata(&[&[folder("", SECOND_LIST)], &entries]);
        let said = tree_error(&with(bytes, at, patch));
        assert!(said.contains(expected), "byte {at}: {said}");
    }
    let long = file(&"x".repeat(300), TEXT);
    let said = of_entries(&[long]).tree(1).unwrap_err().to_string();
    assert!(
        said.contains("the length of a name should be an even number up to 510"),
        "{said}"
    );
    assert!(tree_error(&[]).contains("what follows should be 4 bytes"));
}

#[test]
fn what_cannot_be_shown_is_hidden_with_its_reason() {
    let attributes = |name, attributes| Dentry {
        attributes,
        ..file(name, TEXT)
    };
    let tree = tree_of(&[
        file("fine", TEXT),
        file("lost", b"other bytes"),
        attributes("secret", 0x4020),
        attributes("reparse", 0x420),
        file("twice", TEXT),
        file("twice", TEXT),
        file("..", TEXT),
        file("a/b", TEXT),
        file("nul\0", TEXT),
    ]);
    let root = tree.root().unwrap();
    let shown: Vec<(String, Kind)> = root
        .entries()
        .map(|entry| {
            (
                String::from_utf8_lossy(entry.name()).into_owned(),
                entry.kind(),
            )
        })
        .collect();
    let hidden = |name: &str, why| (name.to_owned(), Kind::Hidden(why));
    assert_eq!(
        shown,
        [
            hidden("..", "has a name that no file can have"),
            hidden("a/b", "has a name that no file can have"),
            ("fine".to_owned(), Kind::File),
            hidden("lost", "has contents that are not in the WIM"),
            hidden("nul\0", "has a name that no file can have"),
            hidden(
                "reparse",
                "is a reparse point, whose contents are elsewhere"
            ),
            hidden("secret", "is encrypted"),
            ("twice".to_owned(), Kind::File),
            hidden("twice", "has the name of another entry"),
        ]
    );
}

/// Half a pair is no character; the name keeps it, and stays another one.
#[test]
fn half_a_surrogate_pair_stays_in_the_name() {
    let named = |units: &[u16]| Dentry {
        name: units.to_vec(),
        ..file("", TEXT)
    };
    let tree = tree_of(&[named(&[0x61, 0xD83D]), named(&[0xDE00, 0x61])]);
    let names: Vec<_> = tree
        .root()
        .unwrap()
        .entries()
        .map(|entry| entry.name().to_vec())
        .collect();
    assert_eq!(
        names,
        [b"a\xED\xA0\xBD".to_vec(), b"\xED\xB8\x80a".to_vec()]
    );
    assert!(tree.find(b"a\xED\xA0\xBD").unwrap().open().is_ok());
}

/// The contents are noted at the stream without a name, in the entry or behind it; named
/// streams and short names are passed over.
#[test]
fn streams_and_short_names_are_passed_over() {
    let zone = (units("Zone.Identifier"), made::sha1(b"zone"));
    let content = (Vec::new(), made::sha1(TEXT));
    let entries = [
        Dentry {
            streams: vec![zone.clone()],
            short: units("IN~1"),
            ..file("in the entry", TEXT)
        },
        Dentry {
            streams: vec![zone, content],
            hash: [0; 20],
            ..file("behind it", TEXT)
        },
        file("last", TEXT),
    ];
    let tree = tree_of(&entries);
    for name in ["in the entry", "behind it", "last"] {
        let entry = tree.find(name.as_bytes()).unwrap();
        assert_eq!(whole(&entry.open().unwrap()), TEXT, "{name}");
    }
    assert_eq!(tree.len(), 4);
}

/// Some writers note the contents at one name only.
#[test]
fn hard_links_share_their_contents() {
    let one = |name, hash, group| Dentry {
        hash,
        group,
        ..file(name, TEXT)
    };
    let tree = tree_of(&[
        one("a", [0; 20], 5),
        one("b", made::sha1(TEXT), 5),
        one("empty", [0; 20], 6),
        one("alone", [0; 20], 0),
    ]);
    let size = |name: &[u8]| tree.find(name).unwrap().size();
    assert_eq!(
        (size(b"a"), size(b"b")),
        (TEXT.len() as u64, TEXT.len() as u64)
    );
    assert_eq!((size(b"empty"), size(b"alone")), (0, 0));
}
