//! What is in a WIM is what was put in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use winbootfs::wim::{Architecture, Blob, Compression, Entry, Kind, Tree, Version, Wim};

use crate::medium::{Medium, open};
use crate::sources::{Files, READ, Workshop, big, many, small};

/// Reads in pieces of this size: an odd one, so that chunks are met at all places.
const PIECE: usize = 99_991;

pub(crate) fn whole(blob: &Blob) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(blob.size()).unwrap()];
    for (number, piece) in bytes.chunks_mut(PIECE).enumerate() {
        let count = blob.read_at(piece, (number * PIECE) as u64).unwrap();
        assert_eq!(count, piece.len());
    }
    assert_eq!(blob.read_at(&mut [0; 10], blob.size()).unwrap(), 0);
    assert_eq!(blob.read_at(&mut [0; 10], u64::MAX).unwrap(), 0);
    bytes
}

/// Every path with its kind, folders with a `/` behind.
fn paths(tree: &Tree) -> BTreeMap<String, Kind> {
    fn add(folder: Entry<'_>, above: &str, paths: &mut BTreeMap<String, Kind>) {
        for entry in folder.entries() {
            let path = format!("{above}{}", String::from_utf8_lossy(entry.name()));
            paths.insert(path.clone(), entry.kind());
            add(entry, &format!("{path}/"), paths);
        }
    }
    let mut paths = BTreeMap::new();
    add(tree.root().unwrap(), "", &mut paths);
    paths
}

fn files(tree: &Tree) -> Files {
    let paths = paths(tree).into_iter();
    let paths = paths.filter(|(_, kind)| *kind == Kind::File);
    let bytes = |path: &str| {
        let entry = tree.find(path.as_bytes()).unwrap();
        let blob = entry.open().unwrap();
        assert_eq!(entry.size(), blob.size());
        whole(&blob)
    };
    paths
        .map(|(path, _)| (path.clone(), bytes(&path)))
        .collect()
}

fn assert_same(found: &Files, expected: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (path, bytes) in found {
        assert!(*bytes == expected[path], "{path} has other bytes");
    }
}

#[test]
fn all_files_come_out_as_they_went_in() {
    let expected = small();
    let Some(workshop) = Workshop::new(&expected) else {
        return;
    };
    for options in READ {
        let wim = open(workshop.capture(options));
        assert_same(&files(&wim.tree(1).unwrap()), &expected);
        assert_eq!(wim.boot_index(), None);
    }
}

#[test]
fn a_big_file_comes_out_as_it_went_in() {
    let expected = big();
    let Some(workshop) = Workshop::new(&expected) else {
        return;
    };
    for options in [READ[1], READ[4], READ[6]] {
        let wim = open(workshop.capture(options));
        assert_same(&files(&wim.tree(1).unwrap()), &expected);
    }
}

#[test]
fn the_compression_is_told() {
    let Some(workshop) = Workshop::new(&many(3)) else {
        return;
    };
    let compression = |options| open(workshop.capture(options)).compression();
    assert_eq!(compression(READ[0]), Compression::None);
    assert_eq!(compression(READ[2]), Compression::Xpress { order: 12 });
    assert_eq!(compression(READ[4]), Compression::Lzx { order: 15 });
    assert_eq!(compression(READ[6]), Compression::Lzx { order: 21 });
    assert_eq!(compression(READ[6]).chunk_size(), Some(2 << 20));
    assert_eq!(compression(READ[6]).name(), "LZX");
}

/// The listing is the one of wimlib, and links are hidden.
#[test]
fn the_names_are_those_that_wimlib_lists() {
    let Some(workshop) = Workshop::new(&small()) else {
        return;
    };
    workshop.link();
    let tree = open(workshop.capture(READ[4])).tree(1).unwrap();
    let listed = workshop.imagex(&["dir", "made.wim", "1"]);
    let listed = listed.lines().map(|line| line.trim_start_matches('/'));
    let listed: BTreeSet<String> = listed
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    let found = paths(&tree);
    assert!(found.len() > 20);
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), listed);
    for link in ["soft link.bin", "soft folder"] {
        let Kind::Hidden(why) = found[link] else {
            panic!("{link} is shown");
        };
        assert_eq!(why, "is a link inside the WIM, and these are not followed");
        let entry = tree.find(link.as_bytes()).unwrap();
        assert_eq!(entry.open().unwrap_err().to_string(), "has no file there");
    }
    let of = |path: &str| tree.find(path.as_bytes()).unwrap().hash();
    assert_eq!(of("hard link.bin"), of("noise.bin"));
    assert_eq!(of("copy.ttf"), of("Windows/Boot/Fonts/wgl4_boot.ttf"));
    assert_eq!(of("empty.txt"), None);
}

#[test]
fn a_name_is_found_exactly() {
    let files = many(500);
    let Some(workshop) = Workshop::new(&files) else {
        return;
    };
    let tree = open(workshop.capture(READ[1])).tree(1).unwrap();
    for path in files.keys() {
        let entry = tree.find(path.as_bytes()).unwrap();
        assert_eq!(entry.name(), path.rsplit('/').next().unwrap().as_bytes());
        assert_eq!(tree.entry(entry.number()).unwrap().name(), entry.name());
        assert!(tree.find(path.to_uppercase().as_bytes()).is_none());
        assert!(tree.find(format!("{path}/x").as_bytes()).is_none());
        assert!(tree.find(&path.as_bytes()[..path.len() - 1]).is_none());
    }
    let root = tree.find(b"").unwrap();
    assert_eq!((root.number(), root.kind()), (0, Kind::Folder));
    assert_eq!(
        tree.find(b"/Windows//WinSxS").unwrap().entries().count(),
        13
    );
    assert_eq!(
        tree.entry(tree.len() as u32).map(|entry| entry.number()),
        None
    );
}

#[test]
fn times_are_those_of_the_files() {
    let Some(workshop) = Workshop::new(&many(1)) else {
        return;
    };
    let path = "Windows/WinSxS/component 0/file0.dll";
    let file = workshop.path("source").join(path);
    let file = std::fs::File::options().append(true).open(file).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_234_567_890, 123_456_700);
    file.set_modified(time).unwrap();
    let tree = open(workshop.capture(READ[0])).tree(1).unwrap();
    let entry = tree.find(path.as_bytes()).unwrap();
    assert_eq!(entry.modified(), 1_234_567_890_123_456_700);
}

/// Two images share what they have in common; one is to be booted.
#[test]
fn images_are_told_apart() {
    let Some(workshop) = Workshop::new(&small()) else {
        return;
    };
    workshop.capture(READ[4]);
    let second = many(30);
    workshop.write("second", &second);
    workshop.imagex(&["append", "second", "made.wim", "Second", "--boot"]);
    let property = |name: &str, value: &str| {
        let property = format!("{name}={value}");
        workshop.imagex(&["info", "made.wim", "2", "--image-property", &property]);
    };
    property("WINDOWS/ARCH", "9");
    property("WINDOWS/EDITIONID", "WindowsPE");
    property("WINDOWS/VERSION/MAJOR", "10");
    property("WINDOWS/VERSION/MINOR", "0");
    property("WINDOWS/VERSION/BUILD", "22621");
    property("WINDOWS/VERSION/SPBUILD", "525");
    let wim = open(std::fs::read(workshop.path("made.wim")).unwrap());
    assert_eq!(wim.boot_index(), Some(2));
    let [first, second_info] = wim.images() else {
        panic!("{:?}", wim.images());
    };
    assert_eq!(first.name.as_deref(), Some("First"));
    assert_eq!(first.description.as_deref(), Some("the first"));
    assert_eq!(
        (first.index, first.version, first.architecture),
        (1, None, None)
    );
    assert_eq!(second_info.name.as_deref(), Some("Second"));
    assert_eq!(second_info.description, None);
    assert_eq!(second_info.edition.as_deref(), Some("WindowsPE"));
    assert_eq!(second_info.architecture, Some(Architecture::Amd64));
    let version = second_info.version.unwrap();
    assert_eq!(version.to_string(), "10.0.22621.525");
    let older = Version {
        build: 19041,
        ..version
    };
    assert!(older < version);
    assert_same(&files(&wim.tree(1).unwrap()), &small());
    assert_same(&files(&wim.tree(2).unwrap()), &second);
    for index in [0, 3, u32::MAX] {
        let error = wim.tree(index).unwrap_err().to_string();
        assert_eq!(error, format!("has no image {index}; the last one is 2"));
    }
}

/// A part of a file costs its own chunks, and not the ones before.
#[test]
fn only_the_chunks_asked_for_are_read() {
    let Some(workshop) = Workshop::new(&big()) else {
        return;
    };
    let medium = Medium::new(workshop.capture(READ[4]));
    let wim = medium.open().unwrap();
    let tree = wim.tree(1).unwrap();
    let blob = tree
        .find(b"Windows/System32/big.dll")
        .unwrap()
        .open()
        .unwrap();
    let before = medium.read.load(Ordering::Relaxed);
    blob.read_at(&mut [0; 100], 15_000_000).unwrap();
    let cost = medium.read.load(Ordering::Relaxed) - before;
    assert!(cost <= 32_768 + 513 * 4, "{cost} bytes");
    let again = medium.reads.load(Ordering::Relaxed);
    blob.read_at(&mut [0; 100], 15_000_100).unwrap();
    assert_eq!(
        medium.reads.load(Ordering::Relaxed),
        again,
        "the chunk was not kept"
    );
}

/// Clones, trees and files may be used from many threads.
#[test]
fn threads_share_a_wim() {
    let expected = small();
    let Some(workshop) = Workshop::new(&expected) else {
        return;
    };
    let wim = open(workshop.capture(READ[4]));
    let read = |wim: Wim| files(&wim.tree(1).unwrap());
    let readers: Vec<_> = (0..8)
        .map(|_| wim.clone())
        .map(|wim| std::thread::spawn(move || read(wim)))
        .collect();
    for reader in readers {
        assert_same(&reader.join().unwrap(), &expected);
    }
}

/// As big as the tree of a real boot.wim, and a few bytes an entry.
#[test]
fn a_tree_of_20_000_entries_is_compact() {
    let files = many(20_000);
    let Some(workshop) = Workshop::new(&files) else {
        return;
    };
    let tree = open(workshop.capture(READ[4])).tree(1).unwrap();
    assert!(tree.len() > 20_000);
    let each = tree.memory() / tree.len();
    assert!(each <= 60, "{each} bytes for each entry");
    let shown = paths(&tree)
        .into_values()
        .filter(|kind| *kind == Kind::File)
        .count();
    assert_eq!(shown, 20_000);
    let few = tree.only(&["windows/WINSXS/component 3"]);
    assert_eq!(few.len(), 44, "the root, three folders and 40 files");
    assert!(few.memory() < 6000, "{} bytes", few.memory());
    let mut expected = files;
    expected.retain(|path, _| path.contains("/component 3/"));
    assert_same(&self::files(&few), &expected);
}
