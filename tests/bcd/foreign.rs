//! Hives that other writers make, in other versions and with other lists; and what in
//! them is no part of a store.

use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue};
use winbootfs::bcd::{ElementId, Guid, ObjectKind, Store};

use crate::cells::Hive;
use crate::made::{self, small};

fn hive(root: KeyTreeNode, minor: u32) -> Vec<u8> {
    let mut builder = HiveBuilder::from_tree_with_version(root, 1, minor).unwrap();
    builder.build().unwrap()
}

fn value(name: &str, form: u32, bytes: &[u8]) -> KeyTreeValue {
    KeyTreeValue {
        name: name.to_owned(),
        data_type: DataType::from(form),
        data: bytes.to_vec(),
    }
}

/// A tree with a value for each path; the last part of a path is the value's name.
fn tree(values: &[(&str, u32, &[u8])]) -> KeyTreeNode {
    let mut root = KeyTreeNode::new("anything");
    for (path, form, bytes) in values {
        let (key, name) = path.rsplit_once('\\').unwrap();
        let key = root.get_or_create_path(key);
        if !name.is_empty() {
            key.values.push(value(name, *form, bytes));
        }
    }
    root
}

const ID: &str = "{00000000-0000-0000-0000-000000000001}";

/// The values of an object with this id and one element.
fn one_object() -> Vec<(String, u32, Vec<u8>)> {
    let kind = 0x1020_0003_u32.to_le_bytes().to_vec();
    vec![
        (format!("Objects\\{ID}\\Description\\Type"), 4, kind),
        (
            format!("Objects\\{ID}\\Elements\\25000004\\Element"),
            3,
            vec![30],
        ),
    ]
}

fn with(more: &[(&str, u32, &[u8])]) -> (Store, Vec<String>) {
    let own = one_object();
    let own = own
        .iter()
        .map(|(path, form, bytes)| (path.as_str(), *form, bytes.as_slice()));
    let values: Vec<_> = own.chain(more.iter().copied()).collect();
    let bytes = hive(tree(&values), 6);
    let (store, remarks) = Store::read_with_remarks(&bytes).unwrap();
    (store, remarks.iter().map(ToString::to_string).collect())
}

#[test]
fn hives_of_all_versions_are_read() {
    let own = one_object();
    let own = own
        .iter()
        .map(|(path, form, bytes)| (path.as_str(), *form, bytes.as_slice()));
    let values: Vec<_> = own.collect();
    for minor in 3..=6 {
        let store = Store::read(&hive(tree(&values), minor)).unwrap();
        let id: Guid = ID.parse().unwrap();
        assert_eq!(store.objects[&id].kind, ObjectKind::OS_LOADER, "1.{minor}");
        assert_eq!(store.objects[&id].integer(ElementId::TIMEOUT), Some(30));
    }
}

/// What is left out is named; the rest is read.
#[test]
fn what_cannot_be_understood_is_left_out_and_named() {
    let table: &[(&str, u32, &[u8], &str)] = &[
        (
            "Objects\\junk\\Description\\Type",
            4,
            &[0; 4],
            "Objects\\junk is not called as an object is, by an id",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000002}\\Description\\Type",
            4,
            &[0; 3],
            "Objects\\{00000000-0000-0000-0000-000000000002} has no \"Type\" of four bytes",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000003}\\Description\\Type",
            3,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000003} has no \"Type\" of four bytes",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000004}\\Elements\\12000002\\Element",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000004} has no \"Type\" of four bytes",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\1200002\\Element",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\1200002 is not called by a code of eight digits",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\+2000002\\Element",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\+2000002 is not called by a code of eight digits",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\12000002\\Elements",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\12000002 has no value \"Element\"",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\25000004\\more",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\25000004\\more is nothing that a store has",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\25000004\\a\\b\\c",
            1,
            &[0; 4],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\Elements\\25000004\\a is nothing that a store has",
        ),
        (
            "Objects\\{00000000-0000-0000-0000-000000000001}\\more\\",
            1,
            &[],
            "Objects\\{00000000-0000-0000-0000-000000000001}\\more is nothing that a store has",
        ),
        (
            "Objects\\note",
            1,
            &[0; 4],
            "Objects\\note is nothing that a store has",
        ),
        (
            "Description\\more\\",
            1,
            &[],
            "Description\\more is nothing that a store has",
        ),
        (
            "more\\\u{1b}[2J",
            1,
            &[0; 4],
            "more is nothing that a store has",
        ),
        (
            "\u{1b}[2J\\x",
            1,
            &[0; 4],
            "\\u{1b}[2J is nothing that a store has",
        ),
    ];
    let (good, none) = with(&[]);
    assert_eq!((good.objects.len(), none), (1, Vec::new()));
    for (path, form, bytes, expected) in table {
        let (store, remarks) = with(&[(path, *form, bytes)]);
        assert_eq!(remarks, [format!("{expected}, and is left out")]);
        assert_eq!(store, good, "{path}");
    }
}

/// Names without case: keys, values, codes.
#[test]
fn case_makes_no_difference() {
    let kind = 0x1010_0002_u32.to_le_bytes();
    let id = Guid::BOOT_MANAGER.to_string().to_uppercase();
    let values: &[(&str, u32, &[u8])] = &[
        (&format!("OBJECTS\\{id}\\DESCRIPTION\\TYPE"), 4, &kind),
        (
            &format!("OBJECTS\\{id}\\elements\\250000C2\\ELEMENT"),
            3,
            &[1, 0, 0, 0, 0, 0, 0, 0],
        ),
        ("description\\KeyName", 1, b"x\0\0\0"),
    ];
    let (store, remarks) = Store::read_with_remarks(&hive(tree(values), 5)).unwrap();
    assert_eq!(remarks, []);
    let manager = store.boot_manager().unwrap();
    assert_eq!(manager.integer(ElementId::BOOT_MENU_POLICY), Some(1));
    assert_eq!(store.about["KeyName"].as_text().as_deref(), Some("x"));
}

/// Tools write lists with hashes into hives of version 1.3; the smallest stores that boot
/// managers take have them too.
#[test]
fn lists_with_hashes_are_read_in_any_version() {
    let hashed = made::hashed(&small().write());
    assert_eq!(Store::read(&hashed), Ok(small()));
    let list = Hive::new(&hashed).keys[0].list;
    assert_eq!(Hive::new(&hashed).kind(list.unwrap()), "lh");
}
