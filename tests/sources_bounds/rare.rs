//! What UDF allows and the makers at hand never make: holes, extents that were set aside
//! and not written, and contents in the file's own record. Made by hand out of sound images.

use std::fs;
use std::path::Path;

use crate::made::{Files, Workshop, all, assert_same, few_files, open};
use crate::templates::mend;

const SECTOR: usize = 2048;

/// Where the record of the file of that size begins.
fn record_of(image: &[u8], size: usize) -> usize {
    let starts = (0..image.len()).step_by(SECTOR);
    let is_it = |at: &usize| {
        let record = &image[*at..];
        record.starts_with(&[5, 1]) && record[56..64] == (size as u64).to_le_bytes()
    };
    let records: Vec<_> = starts.filter(is_it).collect();
    assert_eq!(records.len(), 1, "a file of {size} bytes");
    records[0]
}

/// The files, once the image was changed.
fn found(image: &Path, mut bytes: Vec<u8>) -> Files {
    mend(&mut bytes);
    fs::write(image, bytes).unwrap();
    all(&open(image))
}

#[test]
fn holes_and_extents_never_written_read_as_zeros() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let mut wanted = few_files();
    let folder = workshop.folder("files", &wanted);
    let image = workshop.image("udf", &folder);
    let mut bytes = fs::read(&image).unwrap();
    let contents = wanted.get_mut("sources/boot.wim").unwrap();
    let record = record_of(&bytes, contents.len());
    let place = u32::from_le_bytes(bytes[record + 180..record + 184].try_into().unwrap());
    let mut descriptors = Vec::new();
    // The kind is in the two bits above the length: written, set aside, a hole.
    for (kind, from, to) in [(0, 0, 10), (2, 10, 30), (1, 30, 35), (0, 35, 147)] {
        let start = from as usize * SECTOR;
        let end = (to as usize * SECTOR).min(contents.len());
        let length = (end - start) as u32 | kind << 30;
        descriptors.extend(length.to_le_bytes());
        descriptors.extend(if kind == 2 { 0 } else { place + from }.to_le_bytes());
        if kind != 0 {
            contents[start..end].fill(0);
        }
    }
    bytes[record + 172..record + 176].copy_from_slice(&32_u32.to_le_bytes());
    bytes[record + 176..record + 208].copy_from_slice(&descriptors);
    assert_same("holes", &found(&image, bytes), &wanted);
}

#[test]
fn contents_in_the_file_s_own_record_are_read() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let mut wanted = few_files();
    let folder = workshop.folder("files", &wanted);
    let image = workshop.image("udf", &folder);
    let mut bytes = fs::read(&image).unwrap();
    let contents = b"[BOOT]\r\nWindows=1\r\n".repeat(50);
    let (record, size) = (record_of(&bytes, 12_288), contents.len());
    bytes[record + 34] = bytes[record + 34] & !7 | 3;
    bytes[record + 56..record + 64].copy_from_slice(&(size as u64).to_le_bytes());
    bytes[record + 172..record + 176].copy_from_slice(&(size as u32).to_le_bytes());
    bytes[record + 176..record + 176 + size].copy_from_slice(&contents);
    wanted.insert("Boot/BCD".to_owned(), contents);
    assert_same("embedded", &found(&image, bytes), &wanted);
}
