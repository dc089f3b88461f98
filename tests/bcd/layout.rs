//! The layout of what we write, point by point beside the stores of Windows: where all of
//! them agree in a point, ours agree with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use winbootfs::bcd::Store;

use crate::cells::{HEADER, Hive, Key};
use crate::{made, oracle};

/// What is looked at, and what a hive says about it: everything that it says.
type Point = (&'static str, fn(&Hive<'_>) -> Vec<String>);

const POINTS: &[Point] = &[
    ("version", |hive| {
        vec![format!("{}.{}", hive.header(20), hive.header(24))]
    }),
    ("kind of file", |hive| vec![hive.header(28).to_string()]),
    ("form of file", |hive| vec![hive.header(32).to_string()]),
    ("cluster", |hive| vec![hive.header(44).to_string()]),
    ("both sequence numbers are equal", |hive| {
        vec![(hive.header(4) == hive.header(8)).to_string()]
    }),
    ("the checksum is right", |hive| {
        let mut bytes = hive.bytes.to_vec();
        made::mend(&mut bytes);
        vec![(bytes == hive.bytes).to_string()]
    }),
    ("place of the root", |hive| {
        vec![hive.header(36).to_string()]
    }),
    ("the file has all bins", |hive| {
        vec![(hive.bytes.len() >= HEADER + hive.header(40) as usize).to_string()]
    }),
    ("bins are multiples of 4096", |hive| {
        of_all(&hive.bins, |bin| bin.length.is_multiple_of(4096))
    }),
    ("cells cover their bin", |hive| {
        of_all(&hive.bins, |bin| bin.end == bin.place + bin.length)
    }),
    ("only the first bin has a time", |hive| {
        of_all(&hive.bins[1..], |bin| {
            let at = HEADER + bin.place as usize;
            hive.bytes[at + 12..at + 32] == [0; 20]
        })
    }),
    ("cells are multiples of 8", |hive| {
        of_all(hive.cells.values(), |length| length % 8 == 0)
    }),
    ("flags of the root", |hive| {
        vec![hive.short(hive.keys[0].at, 2).to_string()]
    }),
    ("flags of the other keys", |hive| {
        of_keys(&hive.keys[1..], |key| hive.short(key.at, 2).to_string())
    }),
    ("keys know the key they are in", |hive| {
        of_keys(&hive.keys[1..], |key| {
            (Some(hive.number(key.at, 16)) == key.within).to_string()
        })
    }),
    ("volatile subkeys", |hive| {
        of_keys(&hive.keys, |key| {
            format!(
                "{} at {:x}",
                hive.number(key.at, 24),
                hive.number(key.at, 32)
            )
        })
    }),
    ("no subkeys", |hive| {
        let without = hive.keys.iter().filter(|key| key.subkeys.is_empty());
        without
            .map(|key| format!("{:x}", hive.number(key.at, 28)))
            .collect()
    }),
    ("no values", |hive| {
        let without = hive.keys.iter().filter(|key| key.values.is_empty());
        without
            .map(|key| format!("{:x}", hive.number(key.at, 40)))
            .collect()
    }),
    ("classes", |hive| {
        of_keys(&hive.keys, |key| {
            let (at, length) = (hive.number(key.at, 48), hive.short(key.at, 74));
            format!("{length} at {at:x}, longest {}", hive.number(key.at, 56))
        })
    }),
    ("longest name of a subkey is right", |hive| {
        of_keys(&hive.keys, |key| {
            let below = hive
                .keys
                .iter()
                .filter(|below| below.within == Some(key.at));
            let longest = below.map(|below| below.name.len() * 2).max();
            let said = hive.number(key.at, 52) as usize;
            (said == longest.unwrap_or_default()).to_string()
        })
    }),
    ("longest name of a value is right", |hive| {
        of_keys(&hive.keys, |key| {
            let values = key.values.iter();
            let longest = values.map(|value| hive.short(*value, 2) * 2).max();
            let said = hive.number(key.at, 60);
            (said == u32::from(longest.unwrap_or_default())).to_string()
        })
    }),
    // Windows leaves a larger number when a value becomes shorter.
    ("no value is longer than the longest", |hive| {
        of_keys(&hive.keys, |key| {
            let mut lengths = key.values.iter().map(|value| length(hive, *value));
            let said = hive.number(key.at, 64);
            lengths.all(|length| length <= said).to_string()
        })
    }),
    ("keys have cells no longer than needed", |hive| {
        of_keys(&hive.keys, |key| {
            let needed = 4 + 76 + usize::from(hive.short(key.at, 72));
            is_tight(hive, key.at, needed)
        })
    }),
    ("kinds of lists", |hive| {
        let lists = hive.keys.iter().filter_map(|key| key.list);
        lists.map(|list| hive.kind(list)).collect()
    }),
    ("lists are in order", |hive| {
        of_keys(&hive.keys, |key| {
            let name = |at: u32| {
                hive.keys
                    .iter()
                    .find(|key| key.at == at)
                    .unwrap()
                    .name
                    .clone()
            };
            let names = key.subkeys.iter().map(|(at, _)| name(*at).to_uppercase());
            names.is_sorted().to_string()
        })
    }),
    ("lists have the first letters as they are", |hive| {
        of_keys(&hive.keys[1..], |key| {
            let lists = hive.keys.iter().flat_map(|key| &key.subkeys);
            let (_, letters) = lists.clone().find(|(at, _)| *at == key.at).unwrap();
            (&key.name.as_bytes()[..4] == letters).to_string()
        })
    }),
    ("flags of values", |hive| {
        of_values(hive, |value| hive.short(value, 16).to_string())
    }),
    ("short values are in place, and no others", |hive| {
        of_values(hive, |value| {
            let is_in_place = hive.number(value, 4) >> 31 == 1;
            (is_in_place == (length(hive, value) <= 4)).to_string()
        })
    }),
    ("values have cells no longer than needed", |hive| {
        of_values(hive, |value| {
            is_tight(hive, value, 4 + 20 + usize::from(hive.short(value, 2)))
        })
    }),
    ("every key has a security structure", |hive| {
        of_keys(&hive.keys, |key| hive.kind(hive.number(key.at, 44)))
    }),
    ("security structures count their uses", |hive| {
        let uses = security(hive).into_iter();
        uses.map(|(at, uses)| (hive.number(at, 12) == uses).to_string())
            .collect()
    }),
    ("security structures are a ring", |hive| {
        of_all(security(hive).keys(), |at| {
            let (next, before) = (hive.number(*at, 4), hive.number(*at, 8));
            hive.number(next, 8) == *at && hive.number(before, 4) == *at
        })
    }),
    ("beginnings of security descriptors", |hive| {
        let descriptors = security(hive).into_keys().map(|at| descriptor(hive, at));
        let head = |bytes: &[u8]| format!("{:?}, list at {}", &bytes[..2], bytes[16]);
        descriptors.map(head).collect()
    }),
    (
        "security descriptors are in one piece, with a list",
        |hive| {
            of_all(security(hive).keys(), |at| {
                let control = u16::from_le_bytes(descriptor(hive, *at)[2..4].try_into().unwrap());
                control & 0x8004 == 0x8004
            })
        },
    ),
    ("owners are administrators", |hive| {
        let owner = |bytes: &[u8]| format!("{:?}", sid(bytes, 4));
        let descriptors = security(hive).into_keys().map(|at| descriptor(hive, at));
        descriptors.map(owner).collect()
    }),
    ("everything of a descriptor is within it", |hive| {
        of_all(security(hive).keys(), |at| {
            let bytes = descriptor(hive, *at);
            let list = usize::from(u16::from_le_bytes(bytes[22..24].try_into().unwrap()));
            let ends = [4, 8].map(|field| {
                let at = bytes[field] as usize;
                at + sid(bytes, field).len()
            });
            20 + list <= bytes.len() && ends.iter().all(|end| *end <= bytes.len())
        })
    }),
];

/// What the stores of Windows do not agree in: what there is nothing to imitate in.
const NO_AGREEMENT: &[Point] = &[
    ("name of the root", |hive| vec![hive.keys[0].name.clone()]),
    ("the root is in itself or nowhere", |hive| {
        vec![hive.number(hive.keys[0].at, 16).to_string()]
    }),
    ("time of the header", |hive| {
        vec![hive.header(12).to_string()]
    }),
    ("number of security structures", |hive| {
        vec![security(hive).len().to_string()]
    }),
    ("the longest value is right", |hive| {
        of_keys(&hive.keys, |key| {
            let longest = key.values.iter().map(|value| length(hive, *value)).max();
            (hive.number(key.at, 64) == longest.unwrap_or_default()).to_string()
        })
    }),
    ("data has cells no longer than needed", |hive| {
        let values = hive.keys.iter().flat_map(|key| &key.values);
        let elsewhere = values.filter(|value| hive.number(**value, 4) >> 31 == 0);
        let tight = |value: &u32| {
            is_tight(
                hive,
                hive.number(*value, 8),
                4 + length(hive, *value) as usize,
            )
        };
        elsewhere.map(tight).collect()
    }),
];

fn of_all<T>(all: impl IntoIterator<Item = T>, is_so: impl Fn(T) -> bool) -> Vec<String> {
    all.into_iter().map(|one| is_so(one).to_string()).collect()
}

fn of_keys(keys: &[Key], said: impl Fn(&Key) -> String) -> Vec<String> {
    keys.iter().map(said).collect()
}

fn of_values(hive: &Hive<'_>, said: impl Fn(u32) -> String) -> Vec<String> {
    let values = hive.keys.iter().flat_map(|key| &key.values);
    values.map(|value| said(*value)).collect()
}

fn length(hive: &Hive<'_>, value: u32) -> u32 {
    hive.number(value, 4) & (u32::MAX >> 1)
}

fn is_tight(hive: &Hive<'_>, at: u32, needed: usize) -> String {
    let length = hive.cells[&at].unsigned_abs() as usize;
    (length == needed.next_multiple_of(8)).to_string()
}

/// The security structures, and how many keys use each.
fn security(hive: &Hive<'_>) -> BTreeMap<u32, u32> {
    let mut uses = BTreeMap::new();
    for key in &hive.keys {
        *uses.entry(hive.number(key.at, 44)).or_default() += 1;
    }
    uses
}

fn descriptor<'a>(hive: &Hive<'a>, security: u32) -> &'a [u8] {
    let length = hive.number(security, 16) as usize;
    &hive.structure(security)[20..20 + length]
}

/// Who is named in this field of a descriptor.
fn sid(descriptor: &[u8], field: usize) -> &[u8] {
    let at = descriptor[field] as usize;
    let parts = usize::from(descriptor[at + 1]);
    &descriptor[at..at + 8 + parts * 4]
}

/// All that these hives say in a point.
fn said(point: &Point, hives: &[Vec<u8>]) -> BTreeSet<String> {
    let hives = hives.iter().map(|bytes| Hive::new(bytes));
    hives.flat_map(|hive| point.1(&hive)).collect()
}

/// The stores that Windows has made. The smallest ones were made by hand.
fn of_windows() -> Option<Vec<Vec<u8>>> {
    let files = oracle::real_stores()?.into_iter();
    let made_by_hand = |name: &std::path::Path| {
        let name = name.file_name().unwrap().to_str().unwrap();
        name.starts_with("minimal-")
    };
    let files = files.filter(|file| !made_by_hand(file));
    Some(files.map(|file| fs::read(file).unwrap()).collect())
}

#[test]
fn ours_agree_with_all_that_the_real_ones_agree_in() {
    let Some(real) = of_windows() else {
        return;
    };
    assert!(real.len() >= 15, "{} stores only", real.len());
    let copies = real.iter().map(|bytes| Store::read(bytes).unwrap().write());
    let ours: Vec<_> = copies.chain([made::small().write()]).collect();
    for point in POINTS {
        let expected = said(point, &real);
        assert_eq!(
            expected.len(),
            1,
            "{} is no agreement: {expected:?}",
            point.0
        );
        assert_eq!(said(point, &ours), expected, "{}", point.0);
    }
    for point in NO_AGREEMENT {
        let found = said(point, &real);
        assert!(found.len() > 1, "{} is an agreement: {found:?}", point.0);
    }
}

/// What the real ones leave open is always the same in ours.
#[test]
fn what_is_left_open_is_settled() {
    let ours = [made::small().write(), Store::default().write()];
    let settled = ["NewStoreRoot", "0", "0", "1", "true", "true"];
    for (point, expected) in NO_AGREEMENT.iter().zip(settled) {
        assert_eq!(
            Vec::from_iter(said(point, &ours)),
            [expected],
            "{}",
            point.0
        );
    }
}

/// The first of many bins is begun with the root and its security, as in a new store of
/// Windows; no bin is longer than its cells need.
#[test]
fn bins_are_single_blocks_unless_a_cell_needs_more() {
    let mut store = made::small();
    let object = store.objects.get_mut(&made::LOADER).unwrap();
    for number in 0..600 {
        let code = winbootfs::bcd::ElementId(0x2200_1000 + number);
        let text = winbootfs::bcd::Element::text(&format!("{number:200}"));
        object.elements.insert(code, text);
    }
    let large = winbootfs::bcd::ElementId(0x2200_2000);
    let text = "x".repeat(5000);
    object
        .elements
        .insert(large, winbootfs::bcd::Element::text(&text));
    let bytes = store.write();
    let hive = Hive::new(&bytes);
    assert_eq!(
        (hive.keys[0].at, hive.number(hive.keys[0].at, 44)),
        (0x20, 0x80)
    );
    let lengths: Vec<u32> = hive.bins.iter().map(|bin| bin.length).collect();
    let longer: Vec<&u32> = lengths.iter().filter(|length| **length > 4096).collect();
    assert_eq!(longer, [&12_288]);
    assert!(lengths.len() > 60, "{lengths:?}");
    let list = hive
        .key(&["Objects", &made::LOADER.to_string(), "Elements"])
        .list;
    assert_eq!(hive.kind(list.unwrap()), "ri");
    assert_eq!(Store::read(&bytes), Ok(store));
}
