//! What a made store is to say, from what the image has and the operator wants.

use super::{Stores, at};
use crate::bcd::{DESCRIPTION, ElementId, Entry, Plan, Store, Tftp, USUAL_WINDOW, rooted};
use crate::error::Error;
use crate::image::Item;
use crate::inside::BOOT_IMAGES;
use crate::name::{Asked, parts};
use crate::program::{Firmware, Program};
use crate::source::Version;

/// How TFTP is to bring a boot image where nobody says anything. Boot managers ask for blocks
/// that fit an Ethernet frame by themselves.
pub(super) const USUAL_TFTP: Tftp = Tftp {
    block_size: None,
    window_size: Some(USUAL_WINDOW),
};

/// How many seconds a menu of several waits, if nothing is said.
const MENU_WAITS: u64 = 30;

const SDI: &str = "\\boot\\boot.sdi";

/// The names of the boot manager for UEFI at the root, the likeliest first.
const PROGRAMS: [&str; 4] = [
    "bootmgfw.efi",
    "bootx64.efi",
    "bootaa64.efi",
    "bootia32.efi",
];

/// The boot program for the BIOS, and its boot manager.
const BIOS_PROGRAMS: [&str; 3] = ["pxeboot.n12", "pxeboot.com", "bootmgr.exe"];

/// A boot image that is to be started.
#[derive(Debug)]
pub(super) struct BootImage {
    /// Its name from the root of the image on.
    pub(super) path: String,
    version: Option<Version>,
    /// When it last changed.
    pub(super) modified: i64,
}

/// The boot images that are named, whether they are there or not; where none is named, those
/// that are there.
pub(super) fn wims(stores: &Stores) -> Result<Vec<BootImage>, Error> {
    let named = &stores.bcd.wims;
    if !named.is_empty() {
        let named = named.iter().map(|wim| boot_image(stores, wim));
        return named.collect();
    }
    let mut wims: Vec<BootImage> = Vec::new();
    for path in BOOT_IMAGES {
        let wim = boot_image(stores, path)?;
        let known = wims.iter().any(|known| known.version == wim.version);
        if wim.version.is_some() && !known {
            wims.push(wim);
        }
    }
    Ok(wims)
}

/// Whether there is any, or one is named.
pub(super) fn is_any(stores: &Stores) -> Result<bool, Error> {
    if !stores.bcd.wims.is_empty() {
        return Ok(true);
    }
    for path in BOOT_IMAGES {
        if boot_image(stores, path)?.version.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn boot_image(stores: &Stores, path: &str) -> Result<BootImage, Error> {
    let parts = parts(path.as_bytes()).unwrap_or_default();
    // A boot manager asks for what its store says, doubled separators and all.
    let path = String::from_utf8_lossy(&parts.join(&b"/"[..])).into_owned();
    let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
    let version = at(&stores.files, &parts)?.map(|item| item.hit.look.stat.version);
    Ok(BootImage {
        path,
        version,
        modified: version.map_or(0, |version| version.modified),
    })
}

/// The plan for these boot images.
pub(super) fn plan(
    stores: &Stores,
    wims: &[BootImage],
    firmware: Firmware,
    booted: Option<&Program>,
) -> Plan {
    let entry = |wim: &BootImage| Entry {
        wim: rooted(&wim.path),
        description: match wims.len() {
            1 => DESCRIPTION.to_owned(),
            _ => wim.path.clone(),
        },
    };
    let waits = match wims.len() {
        1 => 0,
        _ => MENU_WAITS,
    };
    let said = stores.tftp();
    Plan {
        firmware,
        program: program(stores, booted, None),
        sdi: SDI.to_owned(),
        entries: wims.iter().map(entry).collect(),
        timeout: stores.bcd.timeout.unwrap_or(waits),
        tftp: Tftp {
            block_size: said.block_size.or(USUAL_TFTP.block_size),
            window_size: said.window_size.or(USUAL_TFTP.window_size),
        },
    }
}

/// Where the boot manager is to find itself: under the name by which the client loaded it.
/// What a store says already stays if it is the same file; or any, where nothing is known.
pub(super) fn program(
    stores: &Stores,
    booted: Option<&Program>,
    store: Option<&Store>,
) -> Option<String> {
    let booted = booted.and_then(|booted| booted.path.as_deref());
    let said = store.and_then(Store::boot_manager);
    let said = said.and_then(|manager| manager.text(ElementId::PATH));
    let said_file = said.as_deref().and_then(|said| stores.file(said));
    match (booted, said_file) {
        (Some(booted), Some(file)) if stores.file(booted).is_some_and(|own| same(&own, &file)) => {
            said
        }
        (Some(booted), _) => Some(booted.to_owned()),
        (None, Some(_)) => said,
        (None, None) => {
            let mut programs = PROGRAMS.iter();
            let there = programs.find(|program| stores.is_file(program));
            there.map(|program| rooted(program))
        }
    }
}

fn same(one: &Item, other: &Item) -> bool {
    one.hit.look.stat == other.hit.look.stat
}

/// The firmware that an image is for: UEFI, unless it has programs for the BIOS alone.
pub(super) fn firmware(stores: &Stores) -> Firmware {
    let has = |names: &[&str]| names.iter().any(|name| stores.is_file(name));
    match has(&BIOS_PROGRAMS) && !has(&PROGRAMS) {
        true => Firmware::Bios,
        false => Firmware::Uefi,
    }
}
