//! The boot manager's own object: its file, its entries and how long it waits.

use super::finding::{Finding, NO_ENTRY, unexpected};
use super::{Case, Said};
use crate::bcd::{Element, ElementId, Guid, Route, words};

/// Whoever waits longer has no clock: more than a day.
const FOR_EVER: u64 = 24 * 60 * 60;

/// Where boot managers usually are, to propose one that is there.
const PROGRAMS: &[&str] = &[
    "\\bootmgfw.efi",
    "\\bootx64.efi",
    "\\EFI\\Boot\\bootx64.efi",
    "\\bootia32.efi",
    "\\bootaa64.efi",
];

const BOOTMGR: &str = "{bootmgr}";

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let all = [path(case), entries(case), timeout(case)];
    all.into_iter().flatten().chain(lost(case)).collect()
}

/// Where the boot manager finds itself. Firmware of UEFI that does not say makes the store
/// decide; over HTTP only 19041 does not know.
fn path(case: &Case<'_>) -> Option<Finding> {
    let told = match case.route {
        Route::BiosPxe | Route::UefiIpxe => return None,
        Route::UefiPxe => "",
        Route::UefiHttp => " (boot manager 19041 does not know it over HTTP; newer ones do)",
    };
    let is_fatal = case.route == Route::UefiPxe;
    let path = case.text(&Guid::BOOT_MANAGER, ElementId::PATH);
    let (what, code) = match path {
        Said::Other => return None,
        Said::Missing => (
            "does not say which file the boot manager is".to_owned(),
            0xc000_0225,
        ),
        Said::Text(path) if path.contains('/') => (
            format!("writes the boot manager's path with `/`: {path}"),
            0xc000_000f,
        ),
        Said::Text(path) if !case.files.is_file(&path) => (
            format!("says that the boot manager is {path}, which is no file here"),
            0xc000_000f,
        ),
        Said::Text(path) if !is_program(&path) => (
            format!("says that the boot manager is {path}, another program"),
            0xc000_007b,
        ),
        Said::Text(_) => return None,
    };
    let next = words::set(BOOTMGR, "path", program(case));
    let finding = Finding::fatal(format!("{BOOTMGR} {what}{told}"), next);
    Some(Finding {
        is_fatal,
        ..finding.shown(unexpected(code))
    })
}

/// Whether a file can be a boot manager of UEFI, by its name.
pub(in crate::bcd) fn is_program(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".efi")
}

/// A boot manager that is there; the usual one if none is.
fn program(case: &Case<'_>) -> &'static str {
    let mut programs = PROGRAMS.iter();
    let there = programs.find(|program| case.files.is_file(program));
    there.or(PROGRAMS.first()).copied().unwrap_or_default()
}

/// That there is something to start.
fn entries(case: &Case<'_>) -> Option<Finding> {
    if case.menu.first.is_some() {
        return None;
    }
    let default = case.store.said(&Guid::BOOT_MANAGER, ElementId::DEFAULT);
    let what = match default {
        _ if !case.menu.nowhere.is_empty() => "names only entries that are not in the store",
        None => "has neither a default entry nor a display order",
        Some(_) => "has a default entry that is no id, and no display order",
    };
    let next = "choose an {id} from bcdedit /store BCD /enum all: bcdedit /store BCD /default {id}";
    Some(Finding::fatal(format!("{BOOTMGR} {what}"), next).shown(NO_ENTRY))
}

/// Entries that are named and not there, beside others that are.
fn lost(case: &Case<'_>) -> Vec<Finding> {
    let Some(first) = case.menu.first else {
        return Vec::new();
    };
    let default = case.store.said(&Guid::BOOT_MANAGER, ElementId::DEFAULT);
    let default = default.and_then(Element::as_object);
    let lost = case
        .menu
        .nowhere
        .iter()
        .map(|id| match default == Some(*id) {
            true => Finding::remark(
                format!("the default entry {id} is not in the store; {first} is started"),
                format!("bcdedit /store BCD /default {first}"),
            ),
            false => Finding::remark(
                format!("the menu names {id}, which is not in the store"),
                format!("bcdedit /store BCD /displayorder {id} /remove"),
            ),
        });
    lost.collect()
}

/// A menu without a timeout waits for a key.
fn timeout(case: &Case<'_>) -> Option<Finding> {
    let manager = |id| case.store.said(&Guid::BOOT_MANAGER, id);
    let is_forced = manager(ElementId::DISPLAY_BOOT_MENU).and_then(Element::as_boolean);
    let shows = !case.menu.others.is_empty() || is_forced == Some(true);
    if !shows || case.menu.first.is_none() {
        return None;
    }
    let what = match manager(ElementId::TIMEOUT).and_then(Element::as_integer) {
        None => "has no timeout: the menu waits for a key for ever".to_owned(),
        Some(seconds) if seconds > FOR_EVER => {
            format!("has a timeout of {seconds} seconds: the menu waits for ever")
        }
        Some(_) => return None,
    };
    let next = words::set(BOOTMGR, "timeout", "30");
    Some(Finding::remark(format!("{BOOTMGR} {what}"), next))
}
