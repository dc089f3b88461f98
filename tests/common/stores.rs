//! Boot configurations for the tests.

use winbootfs::bcd::{DESCRIPTION, Entry, Plan, Store, Tftp, make};
use winbootfs::program::Firmware;

/// A store that is right for an image with `bootx64.efi` at its root, and otherwise laid
/// out as install media are.
pub(crate) fn good(firmware: Firmware) -> Store {
    make(&Plan {
        firmware,
        program: (firmware == Firmware::Uefi).then(|| "\\bootx64.efi".to_owned()),
        sdi: "\\Boot\\boot.sdi".to_owned(),
        entries: vec![entry("\\sources\\boot.wim")],
        timeout: 0,
        tftp: Tftp {
            block_size: Some(1456),
            window_size: Some(16),
        },
    })
}

pub(crate) fn entry(wim: &str) -> Entry {
    Entry {
        wim: wim.to_owned(),
        description: DESCRIPTION.to_owned(),
    }
}

/// The same as a file.
pub(crate) fn bytes(firmware: Firmware) -> Vec<u8> {
    good(firmware).write()
}

/// The loaders that a boot image has for both kinds of firmware.
pub(crate) const WINLOAD: &[&str] = &[
    "Windows/System32/Boot/winload.exe",
    "Windows/System32/Boot/winload.efi",
];
