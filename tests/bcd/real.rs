//! The stores of Windows, of tools, and of the minimum: read as libhivex reads them, and
//! still the same when written by us.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use winbootfs::bcd::{ElementId, Store};

use crate::made::{rich, small, wide};
use crate::oracle::{self, Tree};

#[test]
fn every_byte_is_read_as_libhivex_reads_it() {
    let Some(files) = oracle::real_stores() else {
        return;
    };
    let Some(trees) = oracle::read(&files) else {
        return;
    };
    let mut elements = 0;
    for (file, tree) in files.iter().zip(&trees) {
        let (store, remarks) = Store::read_with_remarks(&fs::read(file).unwrap()).unwrap();
        assert_eq!(remarks, [], "{}", file.display());
        assert_eq!(store, oracle::store(tree), "{}", file.display());
        let objects = store.objects.values();
        elements += objects.map(|object| object.elements.len()).sum::<usize>();
    }
    assert!(elements > 500, "found {elements} elements only");
}

/// Libhivex sees no difference between a store and what we write of it.
#[test]
fn what_is_written_back_is_the_same() {
    let Some(files) = oracle::real_stores() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &PathBuf| {
        let store = Store::read(&fs::read(file).unwrap()).unwrap();
        let written = store.write();
        assert_eq!(Store::read(&written), Ok(store.clone()));
        assert_eq!(store.write(), written);
        let path = folder.path().join(file.file_name().unwrap());
        fs::write(&path, written).unwrap();
        path
    };
    let written: Vec<_> = files.iter().map(write).collect();
    let (Some(before), Some(after)) = (oracle::read(&files), oracle::read(&written)) else {
        return;
    };
    for ((before, after), file) in before.into_iter().zip(after).zip(&files) {
        assert_eq!(before.alike(), after.alike(), "{}", file.display());
    }
}

#[test]
fn hivexsh_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store");
    fs::write(&file, small().write()).unwrap();
    let asked = "cd \\Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Elements\\12000002\n\
                 lsval Element\ncd ..\nls\ncd \\Description\nlsval KeyName\n";
    let Some(said) = oracle::shell(&file, asked) else {
        return;
    };
    assert_eq!(
        said,
        "\\bootmgfw.efi\n11000001\n12000002\n12000004\n23000003\n24000001\n25000004\n\
         BCD00000000\n"
    );
    let Some(trees) = oracle::read(&[&file]) else {
        return;
    };
    assert_eq!(oracle::store(&trees[0]), small());
    assert_eq!(count(&trees[0]), 26);
}

/// The same bytes in every run and on every machine: those that were written once.
#[test]
fn the_bytes_are_always_the_same() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store.bcd");
    let written = small().write();
    assert!(fs::read(kept).unwrap() == written, "another layout");
}

/// Values of every form and length, names of all letters, lists of lists.
#[test]
fn libhivex_reads_whatever_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for store in [rich(), wide()] {
        let file = folder.path().join("store");
        fs::write(&file, store.write()).unwrap();
        let Some(trees) = oracle::read(&[&file]) else {
            return;
        };
        assert_eq!(oracle::store(&trees[0]), store);
    }
}

fn count(tree: &Tree) -> usize {
    1 + tree.keys.iter().map(count).sum::<usize>()
}

/// Hives are padded, and codes are in upper case, in stores that tools have written.
#[test]
fn traps_are_among_the_real_stores() {
    let Some(files) = oracle::real_stores() else {
        return;
    };
    let mut lengths = BTreeSet::new();
    let (mut padded, mut junk) = (0, 0);
    for file in files {
        let bytes = fs::read(file).unwrap();
        let bins = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
        padded += usize::from(bytes.len() > 4096 + bins);
        let store = Store::read(&bytes).unwrap();
        let name = store.about["KeyName"].as_text().unwrap_or_default();
        junk += usize::from(!name.starts_with("BCD"));
        for object in store.objects.values() {
            let integers = object.elements.iter();
            let integers = integers.filter(|(ElementId(code), _)| code >> 24 & 0xf == 5);
            lengths.extend(integers.map(|(_, element)| element.bytes.len()));
        }
    }
    assert_eq!(Vec::from_iter(lengths), [1, 3, 8]);
    assert!(
        padded >= 1 && junk >= 5,
        "{padded} padded, {junk} with junk"
    );
}
