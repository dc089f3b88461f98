//! What is no store, or a damaged one, gets one clear error; what in a good one cannot be
//! understood is left out and named.

use winbootfs::bcd::{Element, Error, Store};

use crate::cells::Hive;
use crate::made::{mend, small};

/// A change to a hive that was good.
type Change = fn(&mut Vec<u8>);

fn refusal(bytes: &[u8]) -> String {
    Store::read(bytes).unwrap_err().to_string()
}

/// What is said about the small store after this change, with the right checksum.
fn after(change: Change) -> String {
    let mut bytes = small().write();
    change(&mut bytes);
    if bytes.len() >= 512 {
        mend(&mut bytes);
    }
    refusal(&bytes)
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Where in the file the structure of a key begins.
fn key(bytes: &[u8], path: &[&str]) -> usize {
    Hive::in_file(Hive::new(bytes).key(path).at)
}

/// Where in the file what is mentioned here begins.
fn mentioned(bytes: &[u8], at: usize) -> usize {
    Hive::in_file(number(bytes, at))
}

#[test]
fn what_is_no_store_says_what_it_is() {
    let named = |found: &str| {
        format!(
            "is no boot configuration: at byte 0 it should begin with \"regf\", and begins with \
             \"{found}\"; take the BCD of an install medium"
        )
    };
    assert_eq!(refusal(b""), named(""));
    assert_eq!(refusal(b"re"), named("re"));
    assert_eq!(refusal(b"MZ\x90\0\x03 a program"), named("MZ\\x90\\u{0}"));
    assert_eq!(refusal(&[0; 20_000]), named("\\u{0}\\u{0}\\u{0}\\u{0}"));
    let hive = regf::HiveBuilder::new_with_name("SYSTEM")
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(Store::read(&hive), Err(Error::NoObjects));
    assert_eq!(
        refusal(&hive),
        "is a registry hive and no boot configuration: its root has no key \"Objects\"; take the \
         BCD of an install medium"
    );
}

#[test]
fn what_is_cut_off_says_where() {
    let whole = small().write();
    for length in [4, 512, 4095, 4096, 4097, whole.len() - 1] {
        let said = refusal(&whole[..length]);
        let expected = if length < 4096 { 4096 } else { whole.len() };
        assert_eq!(
            said,
            format!(
                "is cut off: it should have {expected} bytes, and ends at byte {length}; copy it \
                 again"
            )
        );
    }
}

#[test]
fn what_is_dirty_says_what_to_do() {
    let said = after(|bytes| put(bytes, 4, 8));
    assert_eq!(
        said,
        "was not written to its end: the numbers at bytes 4 and 8 should be equal, and are 8 and \
         1; its log would have the rest, so write a whole one with `bcdedit /export FILE`"
    );
}

#[test]
fn a_wrong_checksum_is_told_with_the_right_one() {
    let mut bytes = small().write();
    bytes[100] ^= 1;
    let (wrong, place) = (
        number(&bytes, 508),
        "is damaged at byte 508: the checksum should be ",
    );
    let right = wrong ^ 1;
    let said = refusal(&bytes);
    assert_eq!(
        said,
        format!("{place}{right:#010x}, and is {wrong:#010x}; copy it again")
    );
}

/// Each with where, what, what it should be and what it is.
#[test]
fn damage_is_told_with_its_place() {
    let table: &[(Change, &str)] = &[
        (
            |b| put(b, 20, 2),
            "byte 20: the version should be 1, and is 2",
        ),
        (
            |b| put(b, 24, 7),
            "byte 24: the minor version should be from 3 to 6, and is 7",
        ),
        (
            |b| put(b, 28, 1),
            "byte 28: the kind of file should be 0, and is 1",
        ),
        (
            |b| put(b, 32, 0),
            "byte 32: the form of the file should be 1, and is 0",
        ),
        (
            |b| put(b, 36, 0x24),
            "byte 36: the place of a structure should be where a cell begins, and is 36",
        ),
        (
            |b| put(b, 36, u32::MAX),
            "byte 36: the place of a structure should be where a cell begins, and is 4294967295",
        ),
        (
            |b| put(b, 40, 0),
            "byte 40: the length of its bins should be a multiple of 4096, and is 0",
        ),
        (
            |b| put(b, 40, 4095),
            "byte 40: the length of its bins should be a multiple of 4096, and is 4095",
        ),
        (
            |b| b[4096] = b'H',
            "byte 4096: the name of a bin should be hbin, and is Hbin",
        ),
        (
            |b| put(b, 4100, 8),
            "byte 4100: the place of a bin should be 0, and is 8",
        ),
        (
            |b| put(b, 4104, 0),
            "byte 4104: the length of a bin should be a multiple of 4096 up to 8192, and is 0",
        ),
        (
            |b| put(b, 4104, 12_288),
            "byte 4104: the length of a bin should be a multiple of 4096 up to 8192, and is 12288",
        ),
        (
            |b| put(b, 4128, 0),
            "byte 4128: the length of a cell should be a multiple of 8 up to 4064, and is 0",
        ),
        (
            |b| put(b, 4128, 1 << 31),
            "byte 4128: the length of a cell should be a multiple of 8 up to 4064, and is \
             -2147483648",
        ),
        (
            |b| put(b, 4128, 96),
            "byte 4128: the length of a used cell should be below 0, and is 96",
        ),
        (
            |b| b[4132] = b'v',
            "byte 4132: the name of a structure should be nk, and is vk",
        ),
        (
            |b| put(b, 4132 + 44, 0x20),
            "byte 4132: the name of a structure should be sk, and is nk",
        ),
        (
            |b| put(b, 4132 + 44, u32::MAX),
            "byte 4176: the place of a structure should be where a cell begins, and is 4294967295",
        ),
        (
            |b| put(b, 4132 + 72, 0xff),
            "byte 4132: the length of a structure should be at least 331, and is 92",
        ),
    ];
    for (change, expected) in table {
        let expected = format!("is damaged at {expected}; copy it again");
        assert_eq!(after(*change), expected);
    }
}

/// The same in the depth, where places depend on what is written.
#[test]
fn damage_below_the_root_is_told_too() {
    let table: &[(Change, &str)] = &[
        // The list of the objects' elements is that of the objects: no end of it.
        (
            |b| {
                let (objects, root) = (key(b, &["Objects"]), key(b, &[]));
                let list = number(b, root + 28);
                put(b, objects + 28, list);
            },
            "a key or list should be mentioned once, and is mentioned again",
        ),
        (
            |b| {
                let list = number(b, key(b, &["Objects"]) + 28);
                put(b, Hive::in_file(list) + 4, 0x20);
            },
            "a key or list should be mentioned once, and is mentioned again",
        ),
        (
            |b| {
                let list = number(b, key(b, &["Objects"]) + 28);
                b[Hive::in_file(list)] = b'x';
            },
            "the name of a list of keys should be lf, lh or li, and is xf",
        ),
        (
            |b| {
                let list = number(b, key(b, &["Objects"]) + 28);
                b[Hive::in_file(list)..][..2].copy_from_slice(b"ri");
            },
            "the name of a list of keys should be lf, lh or li, and is nk",
        ),
        (
            |b| {
                let list = number(b, key(b, &["Objects"]) + 28);
                b[Hive::in_file(list) + 2] = 200;
            },
            "the length of a structure should be at least ",
        ),
        (
            |b| {
                let values = mentioned(b, key(b, &["Description"]) + 40);
                let value = mentioned(b, values);
                put(b, value + 8, 12);
            },
            "the place of a structure should be where a cell begins, and is 12",
        ),
        (
            |b| {
                let values = mentioned(b, key(b, &["Description"]) + 40);
                let value = mentioned(b, values);
                put(b, value + 4, 600);
            },
            "the length of a structure should be at least 600, and is 28",
        ),
        (
            |b| {
                let values = mentioned(b, key(b, &["Description"]) + 40);
                let value = mentioned(b, values);
                put(b, value + 4, 5 | 1 << 31);
            },
            "the length of a short value should be up to 4, and is 5",
        ),
        (
            |b| {
                let values = key(b, &["Description"]) + 36;
                put(b, values, 40);
            },
            "the length of a structure should be at least ",
        ),
    ];
    for (change, expected) in table {
        let said = after(*change);
        assert!(said.starts_with("is damaged at byte "), "{said}");
        assert!(said.contains(expected), "{expected:?} is not in: {said}");
        assert!(said.ends_with("; copy it again"), "{said}");
    }
}

/// What fits together nowhere else than in regf.
#[test]
fn what_does_not_fit_together_is_told() {
    let table: &[(Change, &str)] = &[
        (
            |b| {
                let objects = key(b, &["Objects"]);
                put(b, objects + 16, 0);
            },
            "has parent 0x00000000, expected 0x00000020",
        ),
        (
            |b| {
                let security = mentioned(b, key(b, &[]) + 44);
                put(b, security + 12, 3);
            },
            "reference count 3, expected 26",
        ),
        (
            |b| {
                let objects = key(b, &["Objects"]);
                b[objects + 76] = b'A';
            },
            "Subkey list is not strictly sorted",
        ),
        (
            |b| b[4132 + 2] = 0x20,
            "Root cell is not marked as a hive entry",
        ),
        (
            |b| {
                let objects = key(b, &["Objects"]);
                put(b, objects + 20, 2);
            },
            "Subkey count is 3, expected 2",
        ),
    ];
    for (change, expected) in table {
        let said = after(*change);
        assert!(said.starts_with("is damaged: "), "{said}");
        assert!(said.contains(expected), "{expected:?} is not in: {said}");
        assert!(
            said.ends_with(" (counted from byte 4096 on); copy it again"),
            "{said}"
        );
    }
}

#[test]
fn what_is_larger_than_any_store_is_refused() {
    let mut huge = small().write();
    huge.resize((4 << 20) + 1, 0);
    assert_eq!(
        refusal(&huge),
        "is too large: the length of the file should be at most 4194304, and is 4194305; make a smaller one \
         with `bcdedit /createstore FILE`"
    );
    let said = after(|bytes| put(bytes, 40, 8 << 20));
    assert!(said.contains("the length of its bins should be at most 4194304, and is 8388608"));
    let said = after(|bytes| {
        let values = key(bytes, &["Description"]) + 36;
        put(bytes, values, 1 << 30);
    });
    assert!(
        said.contains("values of a key should be at most 64, and is 1073741824"),
        "{said}"
    );
    let said = after(|bytes| {
        let values = mentioned(bytes, key(bytes, &["Description"]) + 40);
        let value = mentioned(bytes, values);
        put(bytes, value + 4, 16_345);
    });
    assert!(
        said.contains("the length of a value should be at most 16344, and is 16345"),
        "{said}"
    );
    let said = after(|bytes| bytes[4132 + 72..][..2].copy_from_slice(&513_u16.to_le_bytes()));
    assert!(
        said.contains("the length of a name should be at most 512, and is 513"),
        "{said}"
    );
}

/// An element that is written and would not be read again is told.
#[test]
fn the_longest_value_is_read_and_no_longer_one() {
    for (length, is_read) in [(16_344, true), (16_345, false)] {
        let mut store = small();
        store.about.insert(
            "Note".to_owned(),
            Element {
                form: winbootfs::bcd::Form::Binary,
                bytes: vec![7; length],
            },
        );
        assert_eq!(Store::read(&store.write()).is_ok(), is_read, "{length}");
    }
}
