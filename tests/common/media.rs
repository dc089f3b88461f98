//! Images like those of Microsoft's media: UDF, and an ISO 9660 side that holds nothing but a
//! note. Their own maker is not to be had here; `genisoimage` makes both sides, and then the
//! one is hidden.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// An image of these files.
///
/// # Errors
/// There is no `genisoimage`.
pub(crate) fn iso(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let folder = TempDir::new()?;
    let (root, image) = (folder.path().join("files"), folder.path().join("made.iso"));
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, bytes)?;
    }
    let mut command = Command::new("genisoimage");
    let options = ["-quiet", "-iso-level", "3", "-udf", "-V", "WINPE", "-o"];
    let done = command.args(options).args([&image, &root]).output();
    let missing = |error| io::Error::other(format!("genisoimage: {error}"));
    let done = done.map_err(missing)?;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "genisoimage: {said}");
    hide_behind_a_note(&image)?;
    fs::read(image)
}

const SECTOR: usize = 2048;

/// Appends a folder with one file to an image, and makes it the root of the ISO 9660 side.
pub(crate) fn hide_behind_a_note(image: &Path) -> io::Result<()> {
    let mut bytes = fs::read(image)?;
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    let folder = (bytes.len() / SECTOR) as u32;
    let note = b"This disc contains a \"UDF\" file system.";
    let root = record(folder, SECTOR as u32, 2, b"\0");
    let mut sector = [root.clone(), record(folder, SECTOR as u32, 2, b"\x01")].concat();
    sector.extend(record(folder + 1, note.len() as u32, 0, b"README.TXT;1"));
    sector.resize(SECTOR, 0);
    sector.extend(note);
    sector.resize(2 * SECTOR, 0);
    bytes.extend(sector);
    let primary = 16 * SECTOR + 156;
    bytes[primary..primary + 34].copy_from_slice(&root);
    fs::write(image, bytes)
}

/// A directory record of ISO 9660.
pub(crate) fn record(at: u32, length: u32, flags: u8, name: &[u8]) -> Vec<u8> {
    let both = |number: u32| [number.to_le_bytes(), number.to_be_bytes()].concat();
    let mut record = vec![0, 0];
    record.extend(both(at));
    record.extend(both(length));
    record.extend([
        126,
        11,
        22,
        12,
        0,
        0,
        0,
        flags,
        0,
        0,
        1,
        0,
        0,
        1,
        name.len() as u8,
    ]);
    record.extend(name);
    record.resize(record.len().next_multiple_of(2), 0);
    record[0] = record.len() as u8;
    record
}
