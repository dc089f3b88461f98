//! Boot programs: the files by whose opening a client tells what it boots.
//!
//! Pure: a name in, the kind of firmware out. A boot manager counts as well: wimboot and
//! some menus start it without a boot program before it.
//!
//! Where a boot manager for UEFI came from is remembered too: firmware does not tell it
//! over PXE, and so its boot configuration has to.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{Asked, Folded};

/// The kind of firmware for which a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Firmware {
    /// The old one, and UEFI machines that play it.
    Bios,
    /// UEFI, of any width.
    Uefi,
}

/// A boot program that a client opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program {
    /// The firmware it is for.
    pub firmware: Firmware,
    /// Its name from the root that the client sees, `\images\win11\bootmgfw.efi`, if it may
    /// be a boot manager for UEFI.
    pub path: Option<Arc<str>>,
}

impl Program {
    /// The program for a firmware, wherever it came from.
    pub fn of(firmware: Firmware) -> Self {
        let path = None;
        Self { firmware, path }
    }

    /// The program of that name, if it is one; the parts from the root on.
    pub fn named<'a>(firmware: Firmware, parts: impl Iterator<Item = &'a Asked> + Clone) -> Self {
        let last = parts.clone().last();
        let may_ask = firmware == Firmware::Uefi && last.is_some_and(may_be_boot_manager);
        let path = may_ask.then(|| path(parts)).flatten();
        Self { firmware, path }
    }
}

/// Whatever the site calls it; only not what is known to be another program.
fn may_be_boot_manager(name: &Asked) -> bool {
    let name = name.folded.as_bytes();
    !OTHERS.iter().any(|other| name.starts_with(other))
}

/// None for what no store could name.
fn path<'a>(parts: impl Iterator<Item = &'a Asked>) -> Option<Arc<str>> {
    let mut path = String::new();
    for part in parts {
        let part = std::str::from_utf8(&part.spelled).ok()?;
        if part.contains(|letter: char| letter.is_control() || letter == '\\') {
            return None;
        }
        path.push('\\');
        path.push_str(part);
    }
    (path.len() <= LONGEST_PATH).then(|| path.into())
}

/// The most bytes that are remembered for a client.
const LONGEST_PATH: usize = 255;

/// Beginnings of names of programs for UEFI that read no boot configuration: they start
/// the boot manager, or something else.
const OTHERS: [&[u8]; 11] = [
    b"ipxe",
    b"snp",
    b"undionly",
    b"wimboot",
    b"grub",
    b"shim",
    b"mm",
    b"syslinux",
    b"refind",
    b"wdsmgfw",
    b"memtest",
];

/// Endings of names that no other file of an image has.
const BY_ENDING: [(&[u8], Firmware); 3] = [
    (b".efi", Firmware::Uefi),
    (b".n12", Firmware::Bios),
    (b".0", Firmware::Bios),
];

/// Names, and beginnings of names, as they are compared.
const BY_BEGINNING: [(&[u8], Firmware); 5] = [
    (b"pxeboot.", Firmware::Bios),
    (b"startrom.", Firmware::Bios),
    (b"hdlscom", Firmware::Bios),
    (b"wdsnbp.com", Firmware::Bios),
    (b"bootmgr.exe", Firmware::Bios),
];

/// The firmware whose program a file of this name is, if it is a boot program.
pub fn firmware(name: &Folded) -> Option<Firmware> {
    let name = name.as_bytes();
    let mut endings = BY_ENDING.iter();
    let by_ending = endings.find(|(ending, _)| name.ends_with(ending));
    let mut beginnings = BY_BEGINNING.iter();
    let found = by_ending.or_else(|| beginnings.find(|(beginning, _)| name.starts_with(beginning)));
    found.map(|(_, firmware)| *firmware)
}

impl fmt::Display for Firmware {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Bios => "BIOS",
            Self::Uefi => "UEFI",
        })
    }
}
