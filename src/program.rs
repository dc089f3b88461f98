//! Boot programs: the files by whose opening a client tells what it boots.
//!
//! Pure: a name in, the kind of firmware out. A boot manager counts as well: wimboot and
//! some menus start it without a boot program before it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Folded;

/// The kind of firmware for which a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Firmware {
    /// The old one, and UEFI machines that play it.
    Bios,
    /// UEFI, of any width.
    Uefi,
}

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
