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
    /// What a boot manager does without: fonts, pictures, policies.
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
const EXTRAS: [(&[u8], Option<Firmware>); 5] = [
    (b".p7b", Some(Firmware::Uefi)),
    (b".stl", Some(Firmware::Uefi)),
    (b".cip", Some(Firmware::Uefi)),
    (b".ttf", None),
    (b".mui", None),
];

/// Names of the same kind.
const EXTRA_NAMES: [&[u8]; 4] = [
    b"bootres.dll",
    b"hiberfil.sys",
    b"boot.ini",
    b"revocations.efi",
];

/// Endings of what menus and loaders are made of.
const MENUS: [&[u8]; 9] = [
    b".ipxe", b".cfg", b".c32", b".lst", b".mod", b".png", b".jpg", b".msg", b".conf",
];

/// Folders that are on the way to something else.
const FOLDERS: [&[u8]; 8] = [
    b"boot",
    b"efi",
    b"sources",
    b"microsoft",
    b"fonts",
    b"resources",
    b"smsboot",
    b"images",
];

impl Part {
    /// What a name is, from the root that its client sees.
    pub fn of(name: &[u8]) -> Self {
        let name = undamaged(name).unwrap_or(name);
        let parts: Vec<Folded> = parts(name)
            .unwrap_or_default()
            .into_iter()
            .map(fold)
            .collect();
        let below_image = match parts.as_slice() {
            [images, _, rest @ ..] if images.as_bytes() == b"images" => rest,
            all => all,
        };
        match below_image.split_last() {
            Some((last, way)) => of(last, way),
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

fn of(last: &Folded, way: &[Folded]) -> Part {
    let name = last.as_bytes();
    let ends = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
    let begins = |beginnings: &[&[u8]]| beginnings.iter().any(|start| name.starts_with(start));
    let extra = EXTRAS.iter().find(|(ending, _)| name.ends_with(ending));
    match name {
        b"bcd" => Part::Store(shelf(way)),
        b"bootmgr.exe" => Part::Manager,
        _ if EXTRA_NAMES.contains(&name) => Part::Extra(None),
        _ if name.ends_with(b".bcd") => Part::Store(Shelf::Named),
        _ if name.ends_with(b".sdi") => Part::Sdi,
        _ if ends(&MENUS) || is_menu(way) => Part::Menu,
        _ if ends(&IMAGES) => Part::Image,
        _ if extra.is_some() => Part::Extra(extra.and_then(|(_, firmware)| *firmware)),
        _ => match program::firmware(last) {
            Some(firmware) => Part::Program(Some(firmware)),
            None if begins(&PROGRAMS) => Part::Program(None),
            None if FOLDERS.contains(&name) => Part::Folder,
            None => Part::Other,
        },
    }
}

/// pxelinux goes through a dozen names for its configuration, GRUB for its modules.
fn is_menu(way: &[Folded]) -> bool {
    let menus: [&[u8]; 2] = [b"pxelinux.cfg", b"grub"];
    way.iter().any(|part| menus.contains(&part.as_bytes()))
}

fn shelf(way: &[Folded]) -> Shelf {
    let way: Vec<&[u8]> = way.iter().map(Folded::as_bytes).collect();
    match way.as_slice() {
        [] => Shelf::Root,
        [b"boot"] => Shelf::Boot,
        [b"efi", b"microsoft", b"boot"] => Shelf::Efi,
        _ => Shelf::Beside,
    }
}
