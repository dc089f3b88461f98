//! WIMs for the tests, made by `wimlib-imagex` (Debian: wimtools).

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What a boot.wim of Setup holds for network booting, and something else.
pub(crate) const BOOT_FILES: &[&str] = &[
    "Windows/Boot/PXE/abortpxe.com",
    "Windows/Boot/PXE/bootmgr.exe",
    "Windows/Boot/PXE/pxeboot.com",
    "Windows/Boot/PXE/pxeboot.n12",
    "Windows/Boot/PXE/wdsnbp.com",
    "Windows/Boot/EFI/boot.stl",
    "Windows/Boot/EFI/bootmgfw.efi",
    "Windows/Boot/EFI/winsipolicy.p7b",
    "Windows/Boot/Fonts/wgl4_boot.ttf",
    "Windows/Boot/DVD/EFI/BCD",
    "Windows/Boot/DVD/EFI/boot.sdi",
    "Windows/Boot/DVD/PCAT/BCD",
    "Windows/Boot/DVD/PCAT/boot.sdi",
    "Windows/System32/winload.exe",
];

/// These files, each with a text that says which it is.
pub(crate) fn labelled(label: &str, paths: &[&str]) -> Vec<(String, Vec<u8>)> {
    let file = |path: &&str| ((*path).to_owned(), format!("{label} {path}").into_bytes());
    paths.iter().map(file).collect()
}

/// A WIM with one image, which is the one to boot; compressed by LZX unless `options` say
/// otherwise.
///
/// # Errors
/// There is no wimlib.
pub(crate) fn wim<P: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(P, B)],
    options: &[&str],
) -> io::Result<Vec<u8>> {
    let folder = TempDir::new()?;
    capture(
        folder.path(),
        "one",
        files,
        &[&["--boot"], options].concat(),
    )?;
    fs::read(folder.path().join("made.wim"))
}

/// A WIM with two images, of which the second is to be booted.
///
/// # Errors
/// There is no wimlib.
pub(crate) fn two_images(
    one: &[(String, Vec<u8>)],
    two: &[(String, Vec<u8>)],
) -> io::Result<Vec<u8>> {
    let folder = TempDir::new()?;
    capture(folder.path(), "one", one, &[])?;
    write(&folder.path().join("two"), two);
    imagex(
        folder.path(),
        &["append", "two", "made.wim", "Two", "--boot"],
    )?;
    fs::read(folder.path().join("made.wim"))
}

/// The same WIM that says something else of its images: XML, which should be UTF-16.
pub(crate) fn with_text(mut wim: Vec<u8>, xml: &[u8]) -> Vec<u8> {
    const METADATA: u64 = 2 << 56;
    let (at, length) = (wim.len() as u64, xml.len() as u64);
    let place = [METADATA | length, at, length];
    let place: Vec<u8> = place.into_iter().flat_map(u64::to_le_bytes).collect();
    wim[72..96].copy_from_slice(&place);
    wim.extend(xml);
    wim
}

/// As XML data is stored.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The same WIM with another image to be booted; with 0 it names none.
pub(crate) fn booting(mut wim: Vec<u8>, index: u32) -> Vec<u8> {
    wim[120..124].copy_from_slice(&index.to_le_bytes());
    wim
}

/// The same WIM with a wrong byte in the files and folders of its first image.
pub(crate) fn damaged(mut wim: Vec<u8>) -> Vec<u8> {
    const METADATA: u8 = 2;
    let number = |wim: &[u8], at: usize| {
        let bytes = wim[at..at + 8].try_into().unwrap();
        (u64::from_le_bytes(bytes) & !(0xff << 56)) as usize
    };
    let (length, table) = (number(&wim, 48), number(&wim, 56));
    let mut entries = (table..table + length).step_by(50);
    let entry = entries.find(|at| wim[at + 7] & METADATA != 0).unwrap();
    let middle = number(&wim, entry + 8) + number(&wim, entry) / 2;
    wim[middle] ^= 0xff;
    wim
}

/// The same WIM as one part of two.
pub(crate) fn part_of_two(mut wim: Vec<u8>) -> Vec<u8> {
    wim[42..44].copy_from_slice(&2_u16.to_le_bytes());
    wim
}

fn capture<P: AsRef<str>, B: AsRef<[u8]>>(
    at: &Path,
    name: &str,
    files: &[(P, B)],
    options: &[&str],
) -> io::Result<()> {
    write(&at.join(name), files);
    let capture = ["capture", name, "made.wim", "Test PE"];
    imagex(at, &[&capture[..], options].concat())
}

fn write<P: AsRef<str>, B: AsRef<[u8]>>(folder: &Path, files: &[(P, B)]) {
    for (path, bytes) in files {
        let path = folder.join(path.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn imagex(at: &Path, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new("wimlib-imagex");
    let done = command.args(arguments).current_dir(at).output();
    let missing = |error| io::Error::other(format!("wimlib-imagex (Debian: wimtools): {error}"));
    let done = done.map_err(missing)?;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "wimlib-imagex {arguments:?}: {said}");
    Ok(())
}
