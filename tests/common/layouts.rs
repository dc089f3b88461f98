//! The four ways in which operators keep the files of one Windows image.
//!
//! Data only: which file lies where. Every file's content is a short text that names
//! its layout, its role and its path, so that a test sees WHICH file answered a name,
//! not merely that one did. The role is written down per file and not derived from
//! the name, because names lie: `bootmgr` and `bootmgr.exe` are different programs,
//! `bootmgfw.efi` and `bootx64.efi` are the same one.
//!
//! Each layout also holds files that nobody may get under another name (the loader
//! for DVDs, code integrity policies lying in a wrong place): an alias table that is
//! too generous shows here.

/// Where an operator keeps the files of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Everything in one folder, fonts too.
    Flat,
    /// A folder `Boot` with everything in it, as in most instructions for WinPE.
    BootStyle,
    /// A copy of install media that went through a tool which lowers names, with the
    /// network programs, which media lack, put into `boot`.
    MediaLower,
    /// The same in capitals, as a plain ISO 9660 reader shows it.
    MediaUpper,
}

/// Every layout.
pub(crate) const ALL: [Layout; 4] = [
    Layout::Flat,
    Layout::BootStyle,
    Layout::MediaLower,
    Layout::MediaUpper,
];

/// One boot manager under two names; which machine it is for matters, not the name.
pub(crate) const BOOT_MANAGER_X64: &str = "UEFI boot manager, x64";
/// The 32-bit one: of no use to an x64 PC, and the reverse.
pub(crate) const BOOT_MANAGER_IA32: &str = "UEFI boot manager, ia32";

/// A stored path and the role of the file there.
type Row = (&'static str, &'static str);

const FLAT: &[Row] = &[
    ("BCD", "BCD"),
    ("abortpxe.com", "abortpxe.com"),
    ("boot.sdi", "boot.sdi"),
    ("boot.stl", "boot.stl"),
    ("boot.wim", "boot.wim"),
    ("bootia32.efi", BOOT_MANAGER_IA32),
    ("bootmgfw.efi", BOOT_MANAGER_X64),
    // The DVD's loader: must never answer for the network's bootmgr.exe.
    ("bootmgr", "bootmgr"),
    ("bootmgr.exe", "bootmgr.exe"),
    ("bootres.dll", "bootres.dll"),
    ("pxeboot.com", "pxeboot.com"),
    ("pxeboot.n12", "pxeboot.n12"),
    ("segmono_boot.ttf", "segmono_boot.ttf"),
    ("segoe_slboot.ttf", "segoe_slboot.ttf"),
    ("segoen_slboot.ttf", "segoen_slboot.ttf"),
    ("wdsmgfw.efi", "wdsmgfw.efi"),
    ("wdsnbp.com", "wdsnbp.com"),
    ("wgl4_boot.ttf", "wgl4_boot.ttf"),
    // Policies lying about in the wrong folder are not deployed policies.
    ("SkuSiPolicy.p7b", "SkuSiPolicy.p7b"),
    ("winsipolicy.p7b", "winsipolicy.p7b"),
];

const BOOT_STYLE: &[Row] = &[
    ("Boot/BCD", "BCD"),
    ("Boot/Fonts/segmono_boot.ttf", "segmono_boot.ttf"),
    ("Boot/Fonts/segoe_slboot.ttf", "segoe_slboot.ttf"),
    ("Boot/Fonts/segoen_slboot.ttf", "segoen_slboot.ttf"),
    ("Boot/Fonts/wgl4_boot.ttf", "wgl4_boot.ttf"),
    ("Boot/Resources/bootres.dll", "bootres.dll"),
    ("Boot/abortpxe.com", "abortpxe.com"),
    ("Boot/boot.sdi", "boot.sdi"),
    ("Boot/boot.stl", "boot.stl"),
    ("Boot/boot.wim", "boot.wim"),
    ("Boot/bootia32.efi", BOOT_MANAGER_IA32),
    ("Boot/bootmgfw.efi", BOOT_MANAGER_X64),
    ("Boot/bootmgr", "bootmgr"),
    ("Boot/bootmgr.exe", "bootmgr.exe"),
    ("Boot/pxeboot.com", "pxeboot.com"),
    ("Boot/pxeboot.n12", "pxeboot.n12"),
    ("Boot/wdsmgfw.efi", "wdsmgfw.efi"),
    ("Boot/wdsnbp.com", "wdsnbp.com"),
    ("Boot/winsipolicy.p7b", "winsipolicy.p7b"),
];

/// Media for both widths: one tree with the boot managers of both. Written in lower
/// case; the upper layout is made from it.
const MEDIA: &[Row] = &[
    ("bootmgr", "bootmgr"),
    ("bootmgr.efi", "bootmgr.efi"),
    ("setup.exe", "setup.exe"),
    ("boot/bcd", "BCD"),
    ("boot/boot.sdi", "boot.sdi"),
    ("boot/fonts/segmono_boot.ttf", "segmono_boot.ttf"),
    ("boot/fonts/segoe_slboot.ttf", "segoe_slboot.ttf"),
    ("boot/fonts/segoen_slboot.ttf", "segoen_slboot.ttf"),
    ("boot/fonts/wgl4_boot.ttf", "wgl4_boot.ttf"),
    ("boot/resources/bootres.dll", "bootres.dll"),
    // Not on media: copied out of the wim, wdsmgfw.efi off a WDS server.
    ("boot/abortpxe.com", "abortpxe.com"),
    ("boot/bootmgr.exe", "bootmgr.exe"),
    ("boot/pxeboot.com", "pxeboot.com"),
    ("boot/pxeboot.n12", "pxeboot.n12"),
    ("boot/wdsmgfw.efi", "wdsmgfw.efi"),
    ("boot/wdsnbp.com", "wdsnbp.com"),
    ("efi/boot/bootia32.efi", BOOT_MANAGER_IA32),
    ("efi/boot/bootx64.efi", BOOT_MANAGER_X64),
    ("efi/microsoft/boot/bcd", "BCD"),
    ("efi/microsoft/boot/boot.stl", "boot.stl"),
    ("efi/microsoft/boot/cdboot.efi", "cdboot.efi"),
    ("efi/microsoft/boot/memtest.efi", "memtest.efi"),
    ("efi/microsoft/boot/winsipolicy.p7b", "winsipolicy.p7b"),
    (
        "efi/microsoft/boot/fonts/segmono_boot.ttf",
        "segmono_boot.ttf",
    ),
    (
        "efi/microsoft/boot/fonts/segoe_slboot.ttf",
        "segoe_slboot.ttf",
    ),
    (
        "efi/microsoft/boot/fonts/segoen_slboot.ttf",
        "segoen_slboot.ttf",
    ),
    ("efi/microsoft/boot/fonts/wgl4_boot.ttf", "wgl4_boot.ttf"),
    ("efi/microsoft/boot/resources/bootres.dll", "bootres.dll"),
    ("sources/boot.wim", "boot.wim"),
    ("sources/install.wim", "install.wim"),
];

/// The files of one image: paths and contents. `site` are files whose place the site
/// itself chose; they lie at that very place, in the layout's case.
pub(crate) fn files(layout: Layout, site: &[&str]) -> Vec<(String, Vec<u8>)> {
    let stored = |(path, role): &Row| content(layout, path, role);
    let chosen = |path: &&str| content(layout, path, &site_role(path));
    rows(layout)
        .iter()
        .map(stored)
        .chain(site.iter().map(chosen))
        .collect()
}

/// The role of the file that answered; `None` for bytes that no layout wrote.
pub(crate) fn role_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix("role:"))
}

/// The role of a file whose place the site chose: the place itself, in lower case.
pub(crate) fn site_role(path: &str) -> String {
    format!("site {}", path.to_ascii_lowercase())
}

fn rows(layout: Layout) -> &'static [Row] {
    match layout {
        Layout::Flat => FLAT,
        Layout::BootStyle => BOOT_STYLE,
        Layout::MediaLower | Layout::MediaUpper => MEDIA,
    }
}

fn content(layout: Layout, path: &str, role: &str) -> (String, Vec<u8>) {
    let path = match layout {
        Layout::Flat | Layout::BootStyle => path.to_owned(),
        Layout::MediaLower => path.to_ascii_lowercase(),
        Layout::MediaUpper => path.to_ascii_uppercase(),
    };
    let text = format!("layout:{layout:?}\nrole:{role}\npath:{path}\n");
    (path, text.into_bytes())
}
