//! What part of a boot a name is, by the name alone.
//!
//! From what real boot programs ask for (`tests/traces/`): which names end a boot when they
//! are missing, and which are missing on every healthy one.

use crate::name::{Folded, fold, parts, undamaged};
use crate::program::{self, Firmware};

/// A part of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A program that DHCP or a menu names; for which firmware, where its name tells.
    Program(Option<Firmware>),
    /// The boot manager that pxeboot asks for.
    Manager,
    /// A boot configuration.
    Store(Shelf),
    /// The empty disk that Windows wants beside a boot image.
    Sdi,
    /// A boot image: a WIM, or a disk or DVD for memdisk.
    Image,
    /// What a boot manager asks for and does without: fonts, pictures, policies, and the
    /// folders that hold nothing else.
    Extra(Option<Firmware>),
    /// What a menu or a loader before Windows asks for, often in vain.
    Menu,
    /// A folder: the kernel asks for one part after the other, and what was to be found in
    /// it is never told.
    Folder,
    /// Anything else.
    Other,
}

/// Where a boot configuration is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// `\Boot\BCD`: the last place over TFTP.
    Boot,
    /// `EFI/Microsoft/Boot/BCD`: the last place over HTTP, and of Windows 7 for UEFI.
    Efi,
    /// `\BCD`: the first place of a boot manager that knows its name, as under iPXE.
    Root,
    /// Beside the boot program, or in `EFI/Microsoft/Recovery`: first places over HTTP.
    Beside,
    /// A name that DHCP gave (option 252); WDS and ConfigMgr do.
    Named,
}

/// Beginnings of names of network boot programs that do not end like one.
const PROGRAMS: [&[u8]; 8] = [
    b"pxelinux.",
    b"lpxelinux.",
    b"gpxelinux.",
    b"undionly",
    b"ipxe",
    b"snponly",
    b"memdisk",
    b"wimboot",
];

/// Endings of what is read as a whole before Windows starts.
const IMAGES: [&[u8]; 6] = [b".wim", b".iso", b".dd", b".img", b".vhd", b".vhdx"];

/// Endings of what a boot manager asks for and does without.
const EXTRAS: [&[u8]; 5] = [b".p7b", b".stl", b".cip", b".ttf", b".mui"];

/// Names of the same kind.
const EXTRA_NAMES: [&[u8]; 6] = [
    b"bootres.dll",
    b"hiberfil.sys",
    b"boot.ini",
    b"fonts",
    b"resources",
    b"policies",
];

/// Of the endings, those that no boot manager for the BIOS asks for.
const UEFI_EXTRAS: [&[u8]; 4] = [b".p7b", b".stl", b".cip", b".efi.mui"];

/// Endings of what menus and loaders are made of.
const MENUS: [&[u8]; 9] = [
    b".ipxe", b".cfg", b".c32", b".lst", b".mod", b".png", b".jpg", b".msg", b".conf",
];

/// Beginnings of names that the shim before a menu asks for: what it must no longer start,
/// and whom it may trust besides. Mostly in vain.
const SHIMS: [&[u8]; 2] = [b"revocations", b"shim_certificate"];

/// Folders that are on the way to something else.
const FOLDERS: [&[u8]; 6] = [
    b"boot",
    b"efi",
    b"sources",
    b"microsoft",
    b"smsboot",
    b"images",
];

impl Part {
    /// What a name is, from the root that its client sees.
    pub fn of(name: &[u8]) -> Self {
        let name = undamaged(name).unwrap_or(name);
        let parts = parts(name).unwrap_or_default();
        match below_image(&parts).split_last() {
            Some((last, way)) => of(&fold(last), way),
            None => Self::Folder,
        }
    }

    /// Whose firmware asks for such a thing, if that follows.
    pub fn firmware(self) -> Option<Firmware> {
        match self {
            Self::Program(firmware) | Self::Extra(firmware) => firmware,
            Self::Manager => Some(Firmware::Bios),
            Self::Store(Shelf::Efi | Shelf::Root | Shelf::Beside) => Some(Firmware::Uefi),
            Self::Store(Shelf::Boot | Shelf::Named)
            | Self::Sdi
            | Self::Image
            | Self::Menu
            | Self::Folder
            | Self::Other => None,
        }
    }
}

/// Whether most boots end without a file of this name.
pub fn is_needed(name: &Folded) -> bool {
    matches!(
        of(name, &[]),
        Part::Program(_) | Part::Manager | Part::Store(_) | Part::Sdi | Part::Image
    )
}

/// Whether two names are one, in whatever spelling.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other
        || match (parts(one), parts(other)) {
            (Ok(one), Ok(other)) => one.into_iter().map(fold).eq(other.into_iter().map(fold)),
            _ => false,
        }
}

/// Whether this is wimboot, which brings files from a menu to a boot manager in memory.
pub(super) fn is_wimboot(name: &[u8]) -> bool {
    let last = parts(name).unwrap_or_default().pop().map(fold);
    last.is_some_and(|last| last.as_bytes().starts_with(b"wimboot"))
}

/// Whether nothing lies below this folder, as seen from the client's root, that a boot manager
/// needs once it has its boot configuration.
pub(super) fn is_for_extras(name: &[u8]) -> bool {
    begins_with_efi(below_image(&parts(name).unwrap_or_default()))
}

/// What is below `images/IMAGE`, if it is there; all of it, if not.
fn below_image<'a, 'b>(parts: &'a [&'b [u8]]) -> &'a [&'b [u8]] {
    match parts {
        [images, _, rest @ ..] if is(images, b"images") => rest,
        all => all,
    }
}

/// Whether it is this part, which is of plain letters: this is done for every request.
fn is(part: &[u8], wanted: &[u8]) -> bool {
    part.eq_ignore_ascii_case(wanted)
}

fn of(last: &Folded, way: &[&[u8]]) -> Part {
    let name = last.as_bytes();
    let ends = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
    match name {
        _ if ends(&MENUS) || SHIMS.iter().any(|start| name.starts_with(start)) => Part::Menu,
        b"bcd" => Part::Store(shelf(way)),
        b"bootmgr.exe" | b"bootmgr" => Part::Manager,
        _ if name.ends_with(b".bcd") => Part::Store(Shelf::Named),
        _ if name.ends_with(b".sdi") => Part::Sdi,
        _ if ends(&IMAGES) => Part::Image,
        _ if ends(&EXTRAS) => Part::Extra(for_extra(name, way)),
        _ => program(last).unwrap_or_else(|| without_ending(name, way)),
    }
}

fn program(name: &Folded) -> Option<Part> {
    let firmware = program::firmware(name);
    let begins = |start: &&[u8]| name.as_bytes().starts_with(start);
    let is_one = firmware.is_some() || PROGRAMS.iter().any(begins);
    is_one.then_some(Part::Program(firmware))
}

fn without_ending(name: &[u8], way: &[&[u8]]) -> Part {
    match name {
        _ if is_menu(way) => Part::Menu,
        _ if EXTRA_NAMES.contains(&name) => Part::Extra(for_extra(name, way)),
        _ if FOLDERS.contains(&name) => Part::Folder,
        _ => Part::Other,
    }
}

fn for_extra(name: &[u8], way: &[&[u8]]) -> Option<Firmware> {
    let is_for_uefi = UEFI_EXTRAS.iter().any(|ending| name.ends_with(ending));
    (is_for_uefi || begins_with_efi(way)).then_some(Firmware::Uefi)
}

fn begins_with_efi(parts: &[&[u8]]) -> bool {
    parts.first().is_some_and(|first| is(first, b"efi"))
}

/// pxelinux goes through a dozen names for its configuration, GRUB for its modules.
fn is_menu(way: &[&[u8]]) -> bool {
    let menus: [&[u8]; 3] = [b"pxelinux.cfg", b"grub", b"grub2"];
    way.iter()
        .any(|part| menus.iter().any(|menu| is(part, menu)))
}

fn shelf(way: &[&[u8]]) -> Shelf {
    match way {
        [] => Shelf::Root,
        [boot] if is(boot, b"boot") => Shelf::Boot,
        [efi, microsoft, boot]
            if is(efi, b"efi") && is(microsoft, b"microsoft") && is(boot, b"boot") =>
        {
            Shelf::Efi
        }
        _ => Shelf::Beside,
    }
}
