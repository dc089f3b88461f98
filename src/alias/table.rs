//! The built-in aliases: what must be found, where an image may really have it, and why.
//!
//! A line is a set of names in a set of folders with one list of places, best first. A
//! name's own file comes before a file of another name, and never crosses into a
//! program of another kind:
//!
//! - programs for the BIOS run on every PC, so `x64` and `x86` stand in for each other;
//!   programs for UEFI do not: nothing of another machine answers for `bootia32.efi`. In
//!   every boot.wim the boot manager has the same name; `:x86` behind a place means that one
//!   of a boot.wim for that machine;
//! - `pxeboot.com` waits for F12 and `pxeboot.n12` does not: one in place of the other
//!   would install a machine whose owner only forgot the order of its boot devices;
//! - `bootmgr` on a DVD is not the `bootmgr.exe` of the network;
//! - no store beside a boot program (`EFI/Boot/BCD`): UEFI over HTTP asks there first, and
//!   on install media it would be the store for the BIOS.

use crate::wim::Architecture;

/// One line of the table.
#[derive(Debug)]
pub struct Rule {
    /// The folders in which the names are to be found; "" is the root.
    pub at: &'static [&'static str],
    /// The names.
    pub names: &'static [&'static str],
    /// The folders in which the file of the same name may be, best first.
    pub from: &'static [&'static str],
    /// Files or folders of another name that serve as well, best first; perhaps with the
    /// machine behind a colon for which a boot.wim has to be.
    pub or: &'static [&'static str],
    /// Who asks for it.
    pub why: &'static str,
}

impl Rule {
    /// Every alias of the line, with its targets.
    pub fn aliases(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        let named = |folder| self.names.iter().map(move |name| join(folder, name));
        self.at
            .iter()
            .flat_map(move |folder| named(*folder))
            .map(|alias| {
                let name = alias.rsplit('/').next().unwrap_or_default();
                let same = self.from.iter().map(|folder| join(folder, name));
                let other = self.or.iter().map(|path| (*path).to_owned());
                let targets = same
                    .chain(other)
                    .filter(|target| *target != alias)
                    .collect();
                (alias, targets)
            })
    }
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The network boot manager for the BIOS. `pxeboot` asks for it in its own folder when
/// DHCP wrote the name with backslashes, else at the root; so it is also found in every
/// folder that holds one of `BOOT_PROGRAMS`, wherever the site put it.
pub const BOOT_MANAGER: &str = "bootmgr.exe";

/// The programs that go on to [`BOOT_MANAGER`].
pub(super) const BOOT_PROGRAMS: &[&str] = &[
    "pxeboot.com",
    "pxeboot.n12",
    "pxeboot.0",
    "startrom.0",
    "hdlscom1.com",
    "hdlscom1.n12",
    "hdlscom2.com",
    "hdlscom2.n12",
];

/// Folders of boot programs: what people make, then those of WDS and ConfigMgr.
const PROGRAMS: &[&str] = &[
    "Boot",
    "",
    "Boot/x64",
    "SMSBoot/x64",
    "Boot/x86",
    "SMSBoot/x86",
];

/// The same, and where an unpacked boot image has the programs for the BIOS.
const BIOS_PROGRAMS: &[&str] = &[
    "Boot",
    "",
    "Boot/x64",
    "SMSBoot/x64",
    "Boot/x86",
    "SMSBoot/x86",
    "Windows/Boot/PXE",
];

/// Where boot managers for x64 firmware are kept under their own name.
const UEFI_PROGRAMS: &[&str] = &["Boot", "", "Boot/x64", "SMSBoot/x64", "EFI/Microsoft/Boot"];

/// The fonts seen on the wire, and those of East Asian media.
const FONTS: &[&str] = &[
    "wgl4_boot.ttf",
    "segoe_slboot.ttf",
    "segoen_slboot.ttf",
    "segmono_boot.ttf",
    "chs_boot.ttf",
    "cht_boot.ttf",
    "jpn_boot.ttf",
    "kor_boot.ttf",
    "malgun_boot.ttf",
    "malgunn_boot.ttf",
    "meiryo_boot.ttf",
    "meiryon_boot.ttf",
    "msjh_boot.ttf",
    "msjhn_boot.ttf",
    "msyh_boot.ttf",
    "msyhn_boot.ttf",
];

const FONT_FOLDERS: &[&str] = &[
    "Boot/Fonts",
    "EFI/Microsoft/Boot/Fonts",
    "Fonts",
    "SMSBoot/Fonts",
];

/// A place, and the machine behind it for which a boot.wim has to be.
pub(super) fn place_and_machine(target: &str) -> (&str, Option<Architecture>) {
    let machines = [
        (":x64", Architecture::Amd64),
        (":x86", Architecture::X86),
        (":arm64", Architecture::Arm64),
    ];
    let mut found = machines
        .into_iter()
        .filter_map(|(end, machine)| Some((target.strip_suffix(end)?, Some(machine))));
    found.next().unwrap_or((target, None))
}

/// What a program signed by "Windows UEFI CA 2023" is called, where its namesake of 2011 is in
/// `folder` of a boot.wim.
pub(super) fn signed_2023(target: &str) -> Option<String> {
    let folders = [
        ("Windows/Boot/EFI/", "Windows/Boot/EFI_EX/", ".efi"),
        ("Windows/Boot/Fonts/", "Windows/Boot/Fonts_EX/", ".ttf"),
    ];
    folders.into_iter().find_map(|(from, to, end)| {
        let (name, machine) = target.strip_prefix(from)?.split_once(end)?;
        Some(format!("{to}{name}_EX{end}{machine}"))
    })
}

/// The table.
pub const BUILT_IN: &[Rule] = &[
    Rule {
        at: PROGRAMS,
        names: &[BOOT_MANAGER],
        from: BIOS_PROGRAMS,
        or: &[],
        why: "pxeboot asks for it beside itself, or at the root when pxelinux or iPXE started it",
    },
    Rule {
        at: PROGRAMS,
        names: &["pxeboot.n12"],
        from: BIOS_PROGRAMS,
        or: &[
            "Boot/pxeboot.0",
            "pxeboot.0",
            "Boot/startrom.0",
            "startrom.0",
        ],
        why: "the boot program that DHCP names; WDS and ConfigMgr keep it by machine",
    },
    Rule {
        at: &["Boot", ""],
        names: &["pxeboot.0", "startrom.0"],
        from: &["Boot", ""],
        or: &[
            "Boot/pxeboot.n12",
            "pxeboot.n12",
            "Boot/x64/pxeboot.n12",
            "SMSBoot/x64/pxeboot.n12",
            "Boot/x86/pxeboot.n12",
            "SMSBoot/x86/pxeboot.n12",
            "Windows/Boot/PXE/pxeboot.n12",
        ],
        why: "pxelinux starts it as a boot program only when its name ends in .0",
    },
    Rule {
        at: PROGRAMS,
        names: &["pxeboot.com", "wdsnbp.com", "abortpxe.com"],
        from: BIOS_PROGRAMS,
        or: &[],
        why: "ConfigMgr and WDS announce these; iPXE chains to wdsnbp.com",
    },
    Rule {
        at: &["Boot", "", "EFI/Microsoft/Boot"],
        names: &["bootmgfw.efi"],
        from: UEFI_PROGRAMS,
        or: &[
            "EFI/Boot/bootx64.efi",
            "Boot/bootx64.efi",
            "bootx64.efi",
            "Windows/Boot/EFI/bootmgfw.efi",
        ],
        why: "the firmware's first request; the boot manager then reads itself again at the root",
    },
    Rule {
        at: &["Boot/x64", "SMSBoot/x64"],
        names: &["bootmgfw.efi"],
        from: UEFI_PROGRAMS,
        or: &[
            "EFI/Boot/bootx64.efi",
            "Boot/bootx64.efi",
            "bootx64.efi",
            "Windows/Boot/EFI/bootmgfw.efi:x64",
        ],
        why: "the same under the names of WDS and ConfigMgr",
    },
    Rule {
        at: &["EFI/Boot", "Boot", ""],
        names: &["bootx64.efi"],
        from: &["EFI/Boot", "Boot", ""],
        or: &[
            "Boot/bootmgfw.efi",
            "bootmgfw.efi",
            "Boot/x64/bootmgfw.efi",
            "SMSBoot/x64/bootmgfw.efi",
            "EFI/Microsoft/Boot/bootmgfw.efi",
            "Windows/Boot/EFI/bootmgfw.efi:x64",
        ],
        why: "the same program under its name for removable media, over TFTP and HTTP",
    },
    Rule {
        at: &["EFI/Boot", "Boot", ""],
        names: &["bootia32.efi"],
        from: &["EFI/Boot", "Boot", ""],
        or: &[
            "Boot/x86/bootmgfw.efi",
            "SMSBoot/x86/bootmgfw.efi",
            "Windows/Boot/EFI/bootmgfw.efi:x86",
        ],
        why: "firmware of 32 bits; only files that are for it by their place or boot.wim",
    },
    Rule {
        at: &["Boot/x86", "SMSBoot/x86"],
        names: &["bootmgfw.efi"],
        from: &["Boot/x86", "SMSBoot/x86"],
        or: &[
            "EFI/Boot/bootia32.efi",
            "Boot/bootia32.efi",
            "bootia32.efi",
            "Windows/Boot/EFI/bootmgfw.efi:x86",
        ],
        why: "the same under the names of WDS and ConfigMgr",
    },
    Rule {
        at: &["EFI/Boot", "Boot", ""],
        names: &["bootaa64.efi"],
        from: &["EFI/Boot", "Boot", ""],
        or: &[
            "Boot/arm64/bootmgfw.efi",
            "Windows/Boot/EFI/bootmgfw.efi:arm64",
        ],
        why: "firmware of ARM machines; only files that are for it by their place or boot.wim",
    },
    Rule {
        at: &["Boot", "", "Boot/x64", "SMSBoot/x64"],
        names: &["wdsmgfw.efi"],
        from: &["Boot", "", "Boot/x64", "SMSBoot/x64"],
        or: &[],
        why: "WDS announces it to UEFI; it goes on to bootmgfw.efi",
    },
    Rule {
        at: &["Boot"],
        names: &["BCD"],
        from: &["", "EFI/Microsoft/Boot"],
        or: &["Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/DVD/EFI/BCD"],
        why: "every boot manager over TFTP reads \\Boot\\BCD",
    },
    Rule {
        at: &[""],
        names: &["BCD"],
        from: &["Boot", "EFI/Microsoft/Boot"],
        or: &["Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/DVD/EFI/BCD"],
        why: "UEFI under iPXE asks here first, wimboot scripts only here; the store of \\Boot\\BCD",
    },
    Rule {
        at: &["EFI/Microsoft/Boot"],
        names: &["BCD"],
        from: &["Boot", ""],
        or: &["Windows/Boot/DVD/EFI/BCD", "Windows/Boot/DVD/PCAT/BCD"],
        why: "UEFI over HTTP, and Windows 7 for UEFI over TFTP",
    },
    Rule {
        at: &["Boot", "", "SMSBoot"],
        names: &["boot.sdi"],
        from: &["Boot", "", "SMSBoot"],
        or: &[
            "Windows/Boot/DVD/EFI/boot.sdi",
            "Windows/Boot/DVD/PCAT/boot.sdi",
            "sms/boot/boot.sdi",
        ],
        why: "named by the store; the size is asked as \\Boot, the content as \\boot",
    },
    Rule {
        at: &["Boot", "", "sources"],
        names: &["boot.wim"],
        from: &["Boot", "", "sources"],
        or: &[],
        why: "named by the store: media say \\sources, most manuals \\Boot",
    },
    Rule {
        at: &["Boot", ""],
        names: &["winpe.wim"],
        from: &["Boot", "", "sources"],
        or: &[],
        why: "the manuals' other name; never boot.wim in its place, which may be Setup",
    },
    Rule {
        at: FONT_FOLDERS,
        names: FONTS,
        from: &["Boot", "", "Windows/Boot/Fonts"],
        or: &[],
        why: "an image that keeps its fonts flat",
    },
    Rule {
        at: &["EFI/Microsoft/Boot"],
        names: &["boot.stl"],
        from: &["Boot", "", "Windows/Boot/EFI"],
        or: &[],
        why: "boot managers from Windows 11 24H2 on, under Secure Boot",
    },
    Rule {
        at: &["EFI/Microsoft/Boot/resources"],
        names: &["bootres.dll"],
        from: &["Boot/resources", "resources", ""],
        or: &[],
        why: "the pictures of the graphical boot manager",
    },
    Rule {
        at: &["Boot", "EFI/Microsoft/Boot", "", "SMSBoot"],
        names: &["Fonts"],
        from: &[],
        or: FONT_FOLDERS,
        why: "one folder of fonts under four names; boot managers differ in which they ask",
    },
];
