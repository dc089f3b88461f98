//! Broken images, image by image and sector by sector.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use winbootfs::source::Source;
use winbootfs::source::dir::OwnMount;
use winbootfs::source::iso::IsoSource;

use crate::made::{Workshop, all, assert_same, few_files, open, read, stored};

const SECTOR: usize = 2048;

/// Zeroes every sector of the structures, one at a time. Whatever that does, the note on
/// the ISO 9660 side never shows, and a file has its right bytes or gives an error.
#[test]
fn a_broken_udf_volume_is_an_error_and_never_the_note() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    let image = workshop.image("winlike", &folder);
    let sound = fs::read(&image).unwrap();
    let (mut unusable, mut one_file, mut harmless) = (0, 0, 0);
    for sector in 16..310 {
        let mut bytes = sound.clone();
        bytes[sector * SECTOR..(sector + 1) * SECTOR].fill(0);
        fs::write(&image, bytes).unwrap();
        let source = open(&image);
        let Ok(root) = source.list(&stored("")) else {
            assert_message(&source, &image.to_string_lossy());
            unusable += 1;
            continue;
        };
        let names: Vec<_> = root.entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(
            names,
            [&b"Boot"[..], b"EFI", b"a", b"bootmgr", b"sources"],
            "{sector}"
        );
        match damaged_files(&source) {
            0 => harmless += 1,
            1 => one_file += 1,
            more => panic!("sector {sector}: {more} files"),
        }
    }
    assert!(
        unusable >= 8 && one_file >= few_files().len() && harmless > 100,
        "{unusable} {one_file} {harmless}"
    );
}

fn assert_message(source: &dyn Source, path: &str) {
    let message = source.list(&stored("")).unwrap_err().to_string();
    assert!(
        message.starts_with(path) && message.contains("byte "),
        "{message}"
    );
    assert!(message.contains("copy the image again"), "{message}");
    assert!(
        source
            .description()
            .starts_with("an image that cannot be used: ")
    );
}

/// How many of the files give an error; all others have their bytes. (Sectors that were
/// zeroed lie before the files' own.)
fn damaged_files(source: &dyn Source) -> usize {
    let wanted = few_files();
    let read = wanted
        .iter()
        .map(|(name, wanted)| (name, wanted, read(source, name)));
    read.filter(|(name, wanted, read)| match read {
        Ok(bytes) => {
            assert!(bytes == *wanted, "{name} has other bytes");
            false
        }
        Err(error) => {
            assert!(error.to_string().contains(name.as_str()), "{error}");
            true
        }
    })
    .count()
}

#[test]
fn an_image_that_was_not_copied_whole_says_so() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    for kind in ["plain", "joliet", "rock ridge", "udf"] {
        let image = workshop.image(kind, &folder);
        let bytes = fs::read(&image).unwrap();
        for length in [
            40_000,
            60_000,
            bytes.len() / 2,
            bytes.len() * 9 / 10 - 330_000,
        ] {
            fs::write(&image, &bytes[..length]).unwrap();
            assert_message(&open(&image), &image.to_string_lossy());
        }
    }
}

/// A folder that is its own ancestor would have no end.
#[test]
fn a_folder_that_holds_itself_is_hidden() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    let image = workshop.image("plain", &folder);
    let mut bytes = fs::read(&image).unwrap();
    // Where the root folder lies, and how long it is.
    let root = bytes[16 * SECTOR + 156 + 2..][..16].to_vec();
    let start = u32::from_le_bytes(root[..4].try_into().unwrap()) as usize * SECTOR;
    let entry = b"\x04Boot";
    let mut windows = bytes[start..].windows(entry.len());
    let at = start + windows.position(|window| window == entry).unwrap();
    bytes[at - 30..at - 14].copy_from_slice(&root);
    fs::write(&image, bytes).unwrap();
    let source = open(&image);
    let listing = source.list(&stored("")).unwrap();
    let why: Vec<_> = listing
        .hidden
        .iter()
        .map(|hidden| (&*hidden.name, hidden.why))
        .collect();
    assert_eq!(
        why,
        [(&b"Boot"[..], "is a folder that is already shown elsewhere")]
    );
    let mut wanted = few_files();
    wanted.retain(|name, _| !name.starts_with("Boot/"));
    assert_same("the others", &all(&source), &wanted);
}

#[test]
fn what_is_no_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in [
        ("empty", Vec::new()),
        ("text", vec![b'x'; 5000]),
        ("zeros", vec![0; 1 << 20]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        let message = open(&path).list(&stored("")).unwrap_err().to_string();
        assert!(message.starts_with(&*path.to_string_lossy()), "{message}");
    }
}

/// A pipe that nobody writes to would never open.
#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let none = folder.path().join("none");
    for (path, wanted) in [
        (pipe.as_path(), std::io::ErrorKind::InvalidInput),
        (folder.path(), std::io::ErrorKind::InvalidInput),
        (&none, std::io::ErrorKind::NotFound),
    ] {
        let error = IsoSource::open(path, Arc::new(OwnMount::default())).unwrap_err();
        assert_eq!(error.kind(), wanted, "{}", path.display());
    }
}
