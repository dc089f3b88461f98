//! What a boot needs besides its store, route by route: for `check`.
//!
//! From the same observations as the table of aliases (`tests/traces/`). Only names. Which
//! boot image and boot.sdi are needed says the store, and [`crate::bcd`] judges that; where
//! there is none, [`FILES`] are what one would name.

use crate::bcd::{BRING_SDI, Route};
use crate::config::SecureBoot;
use crate::program::Firmware;

/// One thing that a boot cannot do without.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub what: &'static str,
    /// The names of which one is enough, as boot programs ask for them.
    pub any_of: &'static [&'static str],
    next: &'static str,
}

impl Need {
    /// What to do when there is none, where the configuration asks for this signature.
    pub fn next(&self, secure_boot: SecureBoot) -> &'static str {
        match secure_boot {
            SecureBoot::Ca2023 if self.what == UEFI_PROGRAM => {
                "secure_boot = \"2023\" wants Windows/Boot/EFI_EX in the boot.wim: take a newer \
                 boot.wim, or set secure_boot = \"2011\""
            }
            SecureBoot::Ca2011 | SecureBoot::Ca2023 => self.next,
        }
    }
}

/// What stores usually name.
pub const FILES: &[Need] = &[
    Need {
        what: "boot.sdi",
        any_of: &["\\Boot\\boot.sdi"],
        next: BRING_SDI,
    },
    Need {
        what: "a boot image",
        any_of: &[
            "\\sources\\boot.wim",
            "\\Boot\\boot.wim",
            "\\Boot\\winpe.wim",
        ],
        next: "copy sources/boot.wim from install media, or name yours with an alias: \
               alias = { \"Boot/boot.wim\" = \"tools/pe.wim\" }",
    },
];

const BIOS: &[Need] = &[
    Need {
        what: "a BIOS boot program",
        any_of: &["pxeboot.n12", "pxeboot.com", "wdsnbp.com"],
        next: "copy Windows/Boot/PXE/pxeboot.n12 out of a boot.wim (install media lack it)",
    },
    Need {
        what: "the network boot manager",
        any_of: &["bootmgr.exe"],
        next: "copy Windows/Boot/PXE/bootmgr.exe out of a boot.wim: the file bootmgr \
               of install media is another program",
    },
];

const UEFI: &[Need] = &[Need {
    what: UEFI_PROGRAM,
    any_of: &[
        "bootx64.efi",
        "bootmgfw.efi",
        "bootia32.efi",
        "bootaa64.efi",
    ],
    next: UEFI_NEXT,
}];

/// Over HTTP it is where media have it: the store is looked for beside it.
const UEFI_HTTP: &[Need] = &[Need {
    what: UEFI_PROGRAM,
    any_of: &[
        "/EFI/Boot/bootx64.efi",
        "/EFI/Boot/bootia32.efi",
        "/EFI/Boot/bootaa64.efi",
    ],
    next: UEFI_NEXT,
}];

const UEFI_PROGRAM: &str = "a UEFI boot program";

const UEFI_NEXT: &str = "copy efi/boot/bootx64.efi from install media, or \
                         Windows/Boot/EFI/bootmgfw.efi out of a boot.wim";

/// The programs of a route, in the order in which they are asked for. The first is the one
/// that DHCP or the menu names.
pub fn programs(route: Route) -> &'static [Need] {
    match route {
        Route::BiosPxe => BIOS,
        Route::UefiPxe | Route::UefiIpxe => UEFI,
        Route::UefiHttp => UEFI_HTTP,
    }
}

/// What to do where there is no store.
pub fn no_store(firmware: Firmware) -> &'static str {
    match firmware {
        Firmware::Bios => "copy boot/bcd from install media",
        Firmware::Uefi => "copy efi/microsoft/boot/bcd from install media",
    }
}
