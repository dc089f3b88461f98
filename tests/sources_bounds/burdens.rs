//! Images that are small and claim to be endless.

use crate::made::{KINDS, Workshop, open, plain_files};
use crate::media::record;
use crate::templates::template;
use crate::{HANGING, Turn};

const SECTOR: usize = 2048;

/// A plain image whose root is all of the sectors behind it, filled with records.
fn crowd(sectors: usize, mut record_of: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    let mut image = template(0);
    let start = image.len() / SECTOR;
    let length = (sectors * SECTOR) as u32;
    let root = record(start as u32, length, 2, b"\0");
    image[16 * SECTOR + 156..][..34].copy_from_slice(&root);
    let mut number = 0;
    for sector in 0..sectors {
        let mut records = match sector {
            0 => [root.clone(), record(start as u32, length, 2, b"\x01")].concat(),
            _ => Vec::new(),
        };
        while records.len() + 60 < SECTOR {
            records.extend(record_of(number));
            number += 1;
        }
        records.resize(SECTOR, 0);
        image.extend(records);
    }
    image
}

fn is_borne(image: &[u8]) -> usize {
    let (outcome, took) = Turn::new().bear(image);
    assert!(took < 10 * HANGING, "{took:?}");
    outcome.good
}

/// Every folder begins one sector further into one and the same list.
#[test]
fn folders_that_overlap_are_borne() {
    let start = (template(0).len() / SECTOR) as u32;
    let image = crowd(500, |number| {
        let at = number % 500;
        record(
            start + at,
            (500 - at) * SECTOR as u32,
            2,
            format!("F{number}").as_bytes(),
        )
    });
    assert_eq!(is_borne(&image), 0);
}

#[test]
fn a_folder_of_one_name_is_borne() {
    assert_eq!(
        is_borne(&crowd(500, |_| record(20, 9, 0, b"SAME.TXT;1"))),
        1
    );
}

/// The parser reads the whole folder for every name that has versions.
#[test]
fn a_folder_of_versions_is_borne() {
    is_borne(&crowd(300, |number| {
        let name = format!("F{};{}", number / 2, number % 2 + 1);
        record(20, 9, 0, name.as_bytes())
    }));
}

/// A file of as many extents as there is room for.
#[test]
fn a_file_in_a_hundred_thousand_pieces_is_borne() {
    is_borne(&crowd(2000, |_| record(20, 9, 0x80, b"PIECES.TXT;1")));
}

#[test]
fn files_that_claim_to_be_huge_are_borne() {
    let image = crowd(100, |number| {
        record(20, u32::MAX, 0, format!("F{number}").as_bytes())
    });
    assert_eq!(is_borne(&image), 0, "they lie behind the end");
}

/// Thirty images of a thousand files each are usual; their names stay in memory.
#[test]
fn the_index_of_a_thousand_files_is_small() {
    let turn = Turn::new();
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &plain_files());
    for kind in KINDS {
        let image = workshop.image(kind, &folder);
        let (source, taken) = turn.kept(|| open(&image));
        let thousand = taken * 1000 / plain_files().len();
        println!("{kind}: {thousand} bytes for a thousand files");
        assert!(
            thousand < 120_000,
            "{kind}: {thousand} bytes for a thousand files"
        );
        drop(source);
    }
}
