//! The ways in which operators keep the files of one Windows image.
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

use std::sync::OnceLock;

use super::world::World;
use super::{media, skip, wims};

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
    /// Install media as they are: the programs for the BIOS and the network, and the trust
    /// list, are only inside `sources/boot.wim`, which is a real one.
    StockMedia,
    /// The same as the ISO that it is, with nothing taken out of it; what the site brings
    /// along lies in a folder above.
    StockIso,
}

/// Every layout that this machine can make.
pub(crate) fn all() -> Vec<Layout> {
    let stock = skip::or_skip(stock_boot_wim().as_ref()).map(|_| Layout::StockMedia);
    let iso = stock.and_then(|_| skip::or_skip(stock_iso().as_ref()));
    let iso = iso.map(|_| Layout::StockIso);
    ALL.into_iter().chain(stock).chain(iso).collect()
}

/// An image kept in that way.
pub(crate) fn image(world: World, name: &str, layout: Layout, site: &[&str]) -> World {
    match layout {
        Layout::StockIso => {
            let iso = format!("{name}.iso");
            let world = world.layer(name, &site_files(layout, site));
            world.put(&iso, stock_iso().as_ref().unwrap());
            world.line(&format!("[image.{name:?}]\nsource = [{name:?}, {iso:?}]"))
        }
        _ => world.image(name, &files(layout, site)),
    }
}

/// Every layout of plain files.
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

/// What stock media do not have. (`wdsmgfw.efi` no Windows image has; a site with WDS brings
/// it along.)
const NOT_ON_MEDIA: &[&str] = &[
    "boot/abortpxe.com",
    "boot/bootmgr.exe",
    "boot/pxeboot.com",
    "boot/pxeboot.n12",
    "boot/wdsnbp.com",
    "efi/microsoft/boot/boot.stl",
];

/// What is inside their boot.wim.
const BOOT_WIM: &[Row] = &[
    ("Windows/Boot/PXE/abortpxe.com", "abortpxe.com"),
    ("Windows/Boot/PXE/bootmgr.exe", "bootmgr.exe"),
    ("Windows/Boot/PXE/pxeboot.com", "pxeboot.com"),
    ("Windows/Boot/PXE/pxeboot.n12", "pxeboot.n12"),
    ("Windows/Boot/PXE/wdsnbp.com", "wdsnbp.com"),
    ("Windows/Boot/EFI/boot.stl", "boot.stl"),
    ("Windows/Boot/EFI/bootmgfw.efi", BOOT_MANAGER_X64),
    ("Windows/Boot/EFI/winsipolicy.p7b", "winsipolicy.p7b"),
    ("Windows/Boot/Fonts/wgl4_boot.ttf", "wgl4_boot.ttf"),
    ("Windows/Boot/DVD/EFI/BCD", "BCD"),
    ("Windows/Boot/DVD/EFI/boot.sdi", "boot.sdi"),
    ("Windows/Boot/DVD/PCAT/BCD", "BCD"),
    ("Windows/Boot/DVD/PCAT/boot.sdi", "boot.sdi"),
    // Of no concern to the network, and not to be seen.
    ("Windows/System32/bootmgr.exe", "of Windows itself"),
    ("bootmgr.exe", "of the image's root"),
    ("hiberfil.sys", "of the image's root"),
];

/// A WIM, with the usual text behind its end, where nobody looks.
fn stock_boot_wim() -> &'static Result<Vec<u8>, String> {
    static MADE: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    MADE.get_or_init(|| {
        let content = |(path, role): &Row| content(Layout::StockMedia, path, role);
        let files: Vec<_> = BOOT_WIM.iter().map(content).collect();
        let mut bytes = wims::wim(&files, &[]).map_err(|error| error.to_string())?;
        let (_, text) = content(&("sources/boot.wim", "boot.wim"));
        bytes.extend([b"\n", text.as_slice()].concat());
        Ok(bytes)
    })
}

/// The media as an ISO, which is UDF and nothing else.
fn stock_iso() -> &'static Result<Vec<u8>, String> {
    static MADE: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = media::iso(&files(Layout::StockIso, &[]));
        made.map_err(|error| error.to_string())
    })
}

/// The files of one image: paths and contents. `site` are files whose place the site
/// itself chose; they lie at that very place, in the layout's case.
pub(crate) fn files(layout: Layout, site: &[&str]) -> Vec<(String, Vec<u8>)> {
    let stored = |(path, role): &Row| content(layout, path, role);
    let mut files: Vec<_> = rows(layout)
        .iter()
        .map(stored)
        .chain(site_files(layout, site))
        .collect();
    if matches!(layout, Layout::StockMedia | Layout::StockIso) {
        files.retain(|(path, _)| !NOT_ON_MEDIA.contains(&path.as_str()));
        let boot_wim = files
            .iter_mut()
            .find(|(path, _)| path == "sources/boot.wim");
        boot_wim.unwrap().1 = stock_boot_wim().clone().unwrap();
    }
    files
}

fn site_files(layout: Layout, site: &[&str]) -> Vec<(String, Vec<u8>)> {
    let chosen = |path: &&str| content(layout, path, &site_role(path));
    site.iter().map(chosen).collect()
}

/// The role of the file that answered; `None` for bytes that no layout wrote.
pub(crate) fn role_of(bytes: &[u8]) -> Option<&str> {
    // The last, for a WIM holds other files with their roles.
    let mut lines = bytes.rsplit(|byte| *byte == b'\n');
    let role = lines.find_map(|line| line.strip_prefix(b"role:"));
    std::str::from_utf8(role?).ok()
}

/// The role of a file whose place the site chose: the place itself, in lower case.
pub(crate) fn site_role(path: &str) -> String {
    format!("site {}", path.to_ascii_lowercase())
}

fn rows(layout: Layout) -> &'static [Row] {
    match layout {
        Layout::Flat => FLAT,
        Layout::BootStyle => BOOT_STYLE,
        Layout::MediaLower | Layout::MediaUpper | Layout::StockMedia | Layout::StockIso => MEDIA,
    }
}

fn content(layout: Layout, path: &str, role: &str) -> (String, Vec<u8>) {
    let path = match layout {
        Layout::Flat | Layout::BootStyle => path.to_owned(),
        Layout::MediaLower | Layout::StockMedia | Layout::StockIso => path.to_ascii_lowercase(),
        Layout::MediaUpper => path.to_ascii_uppercase(),
    };
    let text = format!("layout:{layout:?}\nrole:{role}\npath:{path}\n");
    (path, text.into_bytes())
}
