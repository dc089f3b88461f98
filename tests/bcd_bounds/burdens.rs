//! Stores whose every number is allowed, and as large as it can be; and small ones that
//! mention the same things again and again.

use winbootfs::bcd::{Element, ElementId, Form, Guid, Object, ObjectKind, Store};

use crate::everything::Outcome;
use crate::{HANGING, Turn, made};

/// A hive in one bin, cell by cell.
struct Cells(Vec<u8>);

impl Cells {
    fn new() -> Self {
        Self(vec![0; 4096 + 32])
    }

    fn put(&mut self, structure: &[u8]) -> u32 {
        let at = self.0.len();
        let length = (4 + structure.len()).next_multiple_of(8);
        self.0.extend((length as i32).wrapping_neg().to_le_bytes());
        self.0.extend(structure);
        self.0.resize(at + length, 0);
        (at - 4096) as u32
    }

    fn finish(mut self, root: u32) -> Vec<u8> {
        let rest = self.0.len().next_multiple_of(4096) - self.0.len();
        if rest > 0 {
            self.0.extend((rest as u32).to_le_bytes());
            self.0.resize(self.0.len() + rest - 4, 0);
        }
        let length = (self.0.len() - 4096) as u32;
        self.0[4096..4100].copy_from_slice(b"hbin");
        self.0[4104..4108].copy_from_slice(&length.to_le_bytes());
        self.0[..4].copy_from_slice(b"regf");
        for (at, number) in [(20, 1), (24, 5), (32, 1), (36, root), (40, length)] {
            self.0[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        made::mend(&mut self.0);
        self.0
    }
}

/// What a key says.
#[derive(Debug, Clone, Copy, Default)]
struct Key<'a> {
    name: &'a str,
    parent: u32,
    subkeys: (u32, u32),
    values: (u32, u32),
    security: u32,
    class: (u32, u16),
}

impl Key<'_> {
    fn structure(&self) -> Vec<u8> {
        let flags: u16 = if self.parent == 0 { 0x2c } else { 0x20 };
        let mut bytes = [&b"nk"[..], &flags.to_le_bytes()].concat();
        let words = [
            [
                0,
                0,
                0,
                self.parent,
                self.subkeys.0,
                0,
                self.subkeys.1,
                u32::MAX,
            ],
            [
                self.values.0,
                self.values.1,
                self.security,
                self.class.0,
                0,
                0,
                0,
                0,
            ],
        ];
        bytes.extend(
            words
                .as_flattened()
                .iter()
                .flat_map(|word| word.to_le_bytes()),
        );
        bytes.extend([0; 4]);
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend(self.class.1.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes
    }
}

fn list(kind: &[u8; 2], keys: &[u32]) -> Vec<u8> {
    let count = keys.len() as u16;
    let entries = keys.iter().flat_map(|key| [*key, 0]);
    let entries = entries.flat_map(u32::to_le_bytes);
    [&kind[..], &count.to_le_bytes()]
        .concat()
        .into_iter()
        .chain(entries)
        .collect()
}

/// A hive with so many keys in its root, each made by this.
fn hive(security: &[u8], keys: u32, key: impl Fn(&mut Cells, u32, Key<'_>) -> u32) -> Vec<u8> {
    let mut cells = Cells::new();
    let security = cells.put(security);
    // The root has its place before its list is known.
    let mut root = Key {
        name: "root",
        security,
        ..Key::default()
    };
    let at = cells.put(&root.structure());
    let one = |number| {
        let name = format!("{number:08}");
        let below = Key {
            name: &name,
            parent: at,
            security,
            ..Key::default()
        };
        key(&mut cells, number, below)
    };
    let keys: Vec<u32> = (0..keys).map(one).collect();
    root.subkeys = (keys.len() as u32, cells.put(&list(b"lf", &keys)));
    let place = 4096 + at as usize + 4;
    let structure = root.structure();
    cells.0[place..place + structure.len()].copy_from_slice(&structure);
    cells.finish(at)
}

fn security(length: usize) -> Vec<u8> {
    let mut bytes = b"sk\0\0".to_vec();
    bytes.resize(20 + length, 0);
    bytes
}

#[track_caller]
fn is_refused(turn: &Turn, bytes: &[u8], expected: &str) {
    let (outcome, took) = turn.bear(bytes);
    assert!(took < HANGING, "{took:?}");
    let Outcome::Refused(said) = outcome else {
        panic!("it was read");
    };
    assert!(said.contains(expected), "{said}");
}

#[track_caller]
fn is_read(turn: &Turn, store: &Store) {
    let bytes = store.write();
    let (outcome, took) = turn.bear(&bytes);
    println!("{} bytes took {took:?}", bytes.len());
    assert!(took < HANGING, "{took:?}");
    match outcome {
        Outcome::Read(read, 0) => assert!(*read == *store),
        other => panic!("{other:?}"),
    }
}

fn objects(count: u128, object: &Object) -> Store {
    let ids = (0..count).map(|number| Guid::of_digits(number << 64 | number));
    Store {
        objects: ids.map(|id| (id, object.clone())).collect(),
        ..Store::default()
    }
}

#[test]
fn as_many_objects_as_can_be() {
    let turn = Turn::new();
    let empty = Object::new(ObjectKind::OS_LOADER);
    // Three keys each, and three for all.
    is_read(&turn, &objects(2729, &empty));
    let bytes = objects(2730, &empty).write();
    is_refused(&turn, &bytes, "the number of keys should be at most 8192");
}

#[test]
fn as_many_elements_as_can_be() {
    let turn = Turn::new();
    let codes = (0..8000).map(|code| (ElementId(0x2500_0000 + code), Element::integer(1)));
    let mut object = Object::new(ObjectKind::OS_LOADER);
    object.elements.extend(codes);
    is_read(&turn, &objects(1, &object));
}

#[test]
fn values_as_long_as_they_can_be() {
    let turn = Turn::new();
    let long = Element {
        form: Form::Text,
        bytes: vec![0x41; 16_344],
    };
    let codes = (0..200).map(|code| (ElementId(0x1200_0000 + code), long.clone()));
    let mut object = Object::new(ObjectKind::OS_LOADER);
    object.elements.extend(codes);
    is_read(&turn, &objects(1, &object));
}

#[test]
fn names_as_long_as_they_can_be() {
    let turn = Turn::new();
    let bytes = hive(&security(0), 6000, |cells, number, key| {
        let name = format!("{number:0512}");
        cells.put(&Key { name: &name, ..key }.structure())
    });
    is_refused(&turn, &bytes, "reference count 0, expected 6001");
}

/// A few kilobytes that mention a megabyte thousands of times.
#[test]
fn the_same_again_and_again() {
    const TOO_MUCH: &str = "the length of all structures should be at most 8388608";
    let turn = Turn::new();
    let plain = |cells: &mut Cells, _, key: Key<'_>| cells.put(&key.structure());
    is_refused(&turn, &hive(&security(1 << 20), 5000, plain), TOO_MUCH);
    let classes = hive(&security(1 << 14), 5000, |cells, _, key| {
        let class = (key.security, 8);
        cells.put(&Key { class, ..key }.structure())
    });
    is_refused(&turn, &classes, TOO_MUCH);
    let values = hive(&security(16_000), 5000, |cells, _, key| {
        let data = [16_000, key.security, 3, 0].map(u32::to_le_bytes);
        let value = cells.put(&[b"vk\0\0", data.as_flattened()].concat());
        let list = [value; 64].map(u32::to_le_bytes);
        let values = (64, cells.put(list.as_flattened()));
        cells.put(&Key { values, ..key }.structure())
    });
    is_refused(&turn, &values, TOO_MUCH);
}

const ONCE: &str = "a key or list should be mentioned once, and is mentioned again";

#[test]
fn one_list_for_many_keys() {
    let turn = Turn::new();
    let mut cells = Cells::new();
    let security = cells.put(&security(0));
    let key = Key {
        name: "x",
        security,
        parent: 8,
        ..Key::default()
    };
    let below: Vec<u32> = (0..4000).map(|_| cells.put(&key.structure())).collect();
    let subkeys = (4000, cells.put(&list(b"lf", &below)));
    let sharing = Key { subkeys, ..key };
    let above: Vec<u32> = (0..4000).map(|_| cells.put(&sharing.structure())).collect();
    let subkeys = (4000, cells.put(&list(b"lf", &above)));
    let root = Key {
        subkeys,
        parent: 0,
        ..key
    };
    let root = cells.put(&root.structure());
    is_refused(&turn, &cells.finish(root), ONCE);
}

#[test]
fn one_key_in_many_lists() {
    let turn = Turn::new();
    for lists in [1, 1000] {
        let mut cells = Cells::new();
        let security = cells.put(&security(0));
        let key = Key {
            name: "x",
            security,
            parent: 8,
            ..Key::default()
        };
        let below = cells.put(&key.structure());
        let entries = vec![below; 6000];
        let many: Vec<u32> = (0..lists)
            .map(|_| cells.put(&list(b"lh", &entries[..6000 / lists])))
            .collect();
        let mentions = many.iter().flat_map(|list| list.to_le_bytes());
        let count = (lists as u16).to_le_bytes();
        let lists: Vec<u8> = [&b"ri"[..], &count].concat();
        let lists = lists.into_iter().chain(mentions).collect::<Vec<u8>>();
        let subkeys = (6000, cells.put(&lists));
        let root = Key {
            subkeys,
            parent: 0,
            ..key
        };
        let root = cells.put(&root.structure());
        is_refused(&turn, &cells.finish(root), ONCE);
    }
}

/// Keys in keys in keys.
#[test]
fn keys_as_deep_as_can_be() {
    let turn = Turn::new();
    let mut cells = Cells::new();
    let security = cells.put(&security(0));
    let mut subkeys = (0, u32::MAX);
    let mut at = 0;
    for depth in (0..8000).rev() {
        // A key and its list are 88 and 16 bytes; the key above comes next.
        let parent = if depth == 0 {
            0
        } else {
            cells.0.len() as u32 - 4096 + 88 + 16
        };
        let key = Key {
            name: "x",
            parent,
            subkeys,
            security,
            ..Key::default()
        };
        at = cells.put(&key.structure());
        subkeys = (1, cells.put(&list(b"lf", &[at])));
    }
    is_refused(&turn, &cells.finish(at), "reference count 0, expected 8000");
}
