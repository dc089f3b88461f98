//! Laws of reading and writing, over stores of any kind.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use winbootfs::bcd::{Element, ElementId, Form, Guid, Object, ObjectKind, Store, Values};

use crate::cells::Hive;

fn form() -> impl Strategy<Value = Form> {
    let other = (0_u32..20).prop_filter("has a name of its own", |number| {
        !matches!(number, 1 | 3 | 7)
    });
    prop_oneof![
        4 => Just(Form::Binary),
        4 => Just(Form::Text),
        2 => Just(Form::Texts),
        1 => other.prop_map(Form::Other),
    ]
}

fn element() -> impl Strategy<Value = Element> {
    let bytes = prop_oneof![
        8 => vec(any::<u8>(), 0..12),
        8 => vec(any::<u8>(), 0..300),
        1 => (0_usize..=16_344, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ];
    (form(), bytes).prop_map(|(form, bytes)| Element { form, bytes })
}

/// Names that a hive can hold, in both ways to store them. "Type" is the object's own.
fn values() -> impl Strategy<Value = Values> {
    let name = prop_oneof!["[a-zA-Z]{1,8}", "\\PC{0,20}", "[\u{80}-\u{ff}]{1,9}"];
    let name = name.prop_filter("is the kind", |name| !name.eq_ignore_ascii_case("Type"));
    btree_map(name, element(), 0..3)
}

fn object() -> impl Strategy<Value = Object> {
    let elements = btree_map(any::<u32>().prop_map(ElementId), element(), 0..8);
    let parts = (any::<u32>(), elements, values());
    parts.prop_map(|(kind, elements, about)| Object {
        elements,
        about,
        ..Object::new(ObjectKind(kind))
    })
}

fn store() -> impl Strategy<Value = Store> {
    let id = any::<u128>().prop_map(Guid::of_digits);
    (btree_map(id, object(), 0..8), values()).prop_map(|(objects, about)| Store { objects, about })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_store_is_the_same_when_it_is_read_again(store in store()) {
        let written = store.write();
        let (read, remarks) = Store::read_with_remarks(&written).unwrap();
        prop_assert_eq!(&remarks, &[]);
        prop_assert_eq!(&read, &store);
        prop_assert_eq!(read.write(), written);
    }

    /// No cell is outside a bin or forgotten in one, and all that is used is mentioned.
    #[test]
    fn nothing_that_is_written_is_lost(store in store()) {
        let bytes = store.write();
        let hive = Hive::new(&bytes);
        let used = hive.cells.values().filter(|length| **length < 0).count();
        let lists: usize = hive.keys.iter().map(|key| usize::from(key.list.is_some())).sum();
        let values: Vec<u32> = hive.keys.iter().flat_map(|key| key.values.clone()).collect();
        let lists_of_values = hive.keys.iter().filter(|key| !key.values.is_empty()).count();
        let elsewhere = values.iter().filter(|value| hive.number(**value, 4) >> 31 == 0).count();
        let security = 1;
        let mentioned = [hive.keys.len(), lists, values.len(), lists_of_values, elsewhere, security];
        prop_assert_eq!(used, mentioned.iter().sum::<usize>());
        prop_assert_eq!(bytes.len() % 4096, 0);
    }

    #[test]
    fn any_bytes_are_borne(bytes in vec(any::<u8>(), 0..5000)) {
        prop_assert!(Store::read(&bytes).is_err());
    }

    /// What is behind the end of a hive, which Windows pads, is nothing.
    #[test]
    fn padding_is_nothing(store in store(), padding in vec(any::<u8>(), 0..9000)) {
        let padded = [store.write(), padding].concat();
        prop_assert_eq!(Store::read(&padded), Ok(store));
    }
}

/// More keys than go into one list, and more than that.
#[test]
fn long_lists_are_read_again() {
    for count in [506, 507, 508, 1014, 1015] {
        let ids = (0..count).map(|digits| Guid::of_digits(digits << 96));
        let objects = ids.map(|id| (id, Object::new(ObjectKind::OS_LOADER)));
        let store = Store {
            objects: BTreeMap::from_iter(objects),
            ..Store::default()
        };
        assert_eq!(Store::read(&store.write()), Ok(store), "{count}");
    }
}
