//! What a boot needs, firmware by firmware: for `check`.
//!
//! From the same observations as the table of aliases (`tests/traces/`). Only names; what
//! a store says inside is another matter.

use crate::config::SecureBoot;

/// One thing that a boot cannot do without.
#[derive(Debug)]
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
            SecureBoot::Ca2023 if self.what == UEFI_PROGRAM.what => {
                "secure_boot = \"2023\" wants Windows/Boot/EFI_EX in the boot.wim: take a newer \
                 boot.wim, or set secure_boot = \"2011\""
            }
            SecureBoot::Ca2011 | SecureBoot::Ca2023 => self.next,
        }
    }
}

/// A way to boot, and everything it needs.
#[derive(Debug)]
pub struct Firmware {
    /// Its name.
    pub name: &'static str,
    /// What it needs, in the order in which it is asked for.
    pub needs: &'static [Need],
}

const SDI: Need = Need {
    what: "boot.sdi",
    any_of: &["\\Boot\\boot.sdi"],
    next: "copy boot/boot.sdi from install media",
};

const WIM: Need = Need {
    what: "a boot image",
    any_of: &[
        "\\sources\\boot.wim",
        "\\Boot\\boot.wim",
        "\\Boot\\winpe.wim",
    ],
    next: "copy sources/boot.wim from install media, or name yours with an alias: \
           alias = { \"Boot/boot.wim\" = \"tools/pe.wim\" }",
};

const UEFI_PROGRAM: Need = Need {
    what: "a UEFI boot program",
    any_of: &[
        "bootx64.efi",
        "bootmgfw.efi",
        "bootia32.efi",
        "bootaa64.efi",
    ],
    next: "copy efi/boot/bootx64.efi from install media, or Windows/Boot/EFI/bootmgfw.efi \
           out of a boot.wim",
};

/// All ways to boot that are looked at.
pub const FIRMWARES: &[Firmware] = &[
    Firmware {
        name: "BIOS PXE",
        needs: &[
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
            Need {
                what: "a boot configuration",
                any_of: &["\\Boot\\BCD"],
                next: "copy boot/bcd from install media (without it: 0xc000000f)",
            },
            SDI,
            WIM,
        ],
    },
    Firmware {
        name: "UEFI PXE",
        needs: &[
            UEFI_PROGRAM,
            Need {
                what: "a boot configuration",
                any_of: &["\\Boot\\BCD"],
                next: "copy efi/microsoft/boot/bcd from install media (without it: 0xc000000f)",
            },
            SDI,
            WIM,
        ],
    },
    Firmware {
        name: "UEFI HTTP",
        needs: &[
            UEFI_PROGRAM,
            Need {
                what: "a boot configuration",
                any_of: &["/EFI/Microsoft/Boot/BCD"],
                next: "copy efi/microsoft/boot/bcd from install media (without it: 0xc000000f)",
            },
            SDI,
            WIM,
        ],
    },
];
