//! An entry: what it starts, and from where.

use super::finding::{Finding, NO_PATH, no_device, no_loader, unexpected, wrong_loader};
use super::{Case, Said, ramdisk};
use crate::bcd::make::{SYSTEM_ROOT, winload};
use crate::bcd::{DESCRIPTION, Device, Element, ElementId, Form, Guid, ObjectKind, words};
use crate::program::Firmware;

/// What the loader needs when it runs, and the words for it. The boot manager does without.
const NEEDS: &[(ElementId, &str, &str)] = &[
    (ElementId::SYSTEM_ROOT, "systemroot", SYSTEM_ROOT),
    (ElementId::DETECT_HAL, "detecthal", "yes"),
    (ElementId::WINPE, "winpe", "yes"),
];

/// What the graphical menu draws with.
const PICTURES: &[&str] = &[
    "\\EFI\\Microsoft\\Boot\\fonts\\segoe_slboot.ttf",
    "\\EFI\\Microsoft\\Boot\\fonts\\segmono_boot.ttf",
    "\\EFI\\Microsoft\\Boot\\fonts\\wgl4_boot.ttf",
    "\\EFI\\Microsoft\\Boot\\resources\\bootres.dll",
];

pub(super) fn judge(case: &Case<'_>, entry: &Guid) -> Vec<Finding> {
    let kind = case.store.objects.get(entry).map(|object| object.kind);
    let device = case.store.said(entry, ElementId::DEVICE);
    let device = device.map(|element| (element, element.as_device()));
    let mut findings = match device {
        None => vec![no_device_named(case, entry)],
        // What it is instead, the forms say.
        Some((element, None)) if element.form != Form::Binary => Vec::new(),
        Some((_, None)) => vec![not_understood(case, entry)],
        Some((_, Some(Device::Boot))) => from_boot(case, entry).into_iter().collect(),
        Some((_, Some(Device::Other(what)))) => vec![from_disk(case, entry, what)],
        Some((element, Some(Device::Ramdisk { path, options }))) => {
            from_ramdisk(case, entry, element, (&path, &options))
        }
    };
    if kind == Some(ObjectKind::OS_LOADER) {
        findings.extend(description(case, entry));
    }
    findings
}

fn no_device_named(case: &Case<'_>, entry: &Guid) -> Finding {
    let name = case.name(entry);
    let value = words::ramdisk("\\sources\\boot.wim", "{ramdiskoptions}");
    let next = words::set(&name, "device", &value);
    Finding::fatal(format!("{name} has no device"), next)
}

/// It may be right all the same.
fn not_understood(case: &Case<'_>, entry: &Guid) -> Finding {
    let name = case.name(entry);
    let value = words::ramdisk("\\sources\\boot.wim", "{ramdiskoptions}");
    Finding::remark(
        format!("the device of {name} is not understood, and what it has is not looked at"),
        words::set(&name, "device", &value),
    )
}

/// A program of the server itself, such as a memory test.
fn from_boot(case: &Case<'_>, entry: &Guid) -> Option<Finding> {
    let name = case.name(entry);
    let Said::Text(path) = case.text(entry, ElementId::PATH) else {
        return None;
    };
    let is_there = case.files.is_file(&path);
    let finding = Finding::fatal(
        format!("{name} starts {path}, which is no file here"),
        format!("put it there, or take it off the menu: bcdedit /store BCD /delete {name}"),
    );
    (!is_there).then(|| finding.shown(no_device(0xc000_000f, case.firmware())))
}

/// Whoever boots it gets nothing of the image. Only behind a menu that may be meant.
fn from_disk(case: &Case<'_>, entry: &Guid, what: &str) -> Finding {
    let name = case.name(entry);
    let what = format!("{name} starts from {what} of the client, not over the network");
    if case.menu.first == Some(*entry) {
        let value = words::ramdisk("\\sources\\boot.wim", "{ramdiskoptions}");
        return Finding::fatal(what, words::set(&name, "device", &value));
    }
    let next = format!("if that is not meant: bcdedit /store BCD /delete {name}");
    Finding::remark(what, next)
}

fn description(case: &Case<'_>, entry: &Guid) -> Option<Finding> {
    let name = case.name(entry);
    let is_missing = case.store.said(entry, ElementId::DESCRIPTION).is_none();
    let next = words::set(&name, "description", &format!("{DESCRIPTION:?}"));
    let finding = Finding::fatal(format!("{name} has no description"), next);
    is_missing.then(|| finding.shown(unexpected(0xc000_0001)))
}

fn from_ramdisk(
    case: &Case<'_>,
    entry: &Guid,
    element: &Element,
    (wim, options): (&str, &Guid),
) -> Vec<Finding> {
    let mut findings = ramdisk::judge(case, entry, element, (wim, options));
    findings.extend(path(case, entry, wim));
    findings.extend(os_device(case, entry, (wim, options)));
    findings.extend(needs(case, entry));
    findings.extend(pictures(case, entry));
    findings
}

/// The loader inside the boot image: there is one for each firmware.
fn path(case: &Case<'_>, entry: &Guid, wim: &str) -> Option<Finding> {
    let name = case.name(entry);
    let own = winload(case.firmware());
    let set = |value: &str| words::set(&name, "path", value);
    let path = match case.text(entry, ElementId::PATH) {
        Said::Text(path) => path,
        Said::Other => return None,
        Said::Missing => {
            let finding = Finding::fatal(format!("{name} names no loader"), set(own));
            return Some(finding.shown(NO_PATH));
        }
    };
    let right = for_firmware(&path, case.firmware());
    let is_there = || case.files.holds(wim, &path) != Some(false);
    if path.contains('/') {
        let what = format!("{name} writes the path of its loader with `/`: {path}");
        let next = set(&path.replace('/', "\\"));
        return Some(Finding::fatal(what, next).shown(no_loader(0xc000_000f)));
    }
    if let Some(right) = right {
        let firmware = case.firmware();
        let what = format!("{name} starts {path}, which is not the loader for {firmware}");
        let status = match is_there() {
            true => wrong_loader(firmware),
            false => no_loader(0xc000_000f),
        };
        let next = name_one_that_is_there(case, wim, &right, set);
        return Some(Finding::fatal(what, next).shown(status));
    }
    let is_right = case.files.size(wim).is_none() || is_there();
    let what = format!("{name} starts {path}, which is not in {wim}");
    let next = || name_one_that_is_there(case, wim, own, set);
    (!is_right).then(|| Finding::fatal(what, next()).shown(no_loader(0xc000_000f)))
}

/// Names the loader for this firmware. Where the boot image has none, no store helps.
fn name_one_that_is_there(
    case: &Case<'_>,
    wim: &str,
    wanted: &str,
    set: impl Fn(&str) -> String,
) -> String {
    let own = winload(case.firmware());
    // In a boot image it lies twice.
    let above = own.replace("\\boot\\", "\\");
    let mut loaders = [wanted, own, &above].into_iter();
    match loaders.find(|path| case.files.holds(wim, path) != Some(false)) {
        Some(path) => set(path),
        None => format!(
            "put another boot image in its place: this one has no loader for {}, which \
             sources/boot.wim of install media has",
            case.firmware()
        ),
    }
}

/// The same path for this firmware, if it is the loader for the other one.
pub(in crate::bcd) fn for_firmware(path: &str, firmware: Firmware) -> Option<String> {
    let (wrong, right) = match firmware {
        Firmware::Bios => ("winload.efi", "winload.exe"),
        Firmware::Uefi => ("winload.exe", "winload.efi"),
    };
    let at = path.len().checked_sub(wrong.len())?;
    let (folder, file) = path.split_at_checked(at)?;
    file.eq_ignore_ascii_case(wrong)
        .then(|| format!("{folder}{right}"))
}

/// Windows itself is to be in the same RAM disk.
fn os_device(case: &Case<'_>, entry: &Guid, (wim, options): (&str, &Guid)) -> Option<Finding> {
    let name = case.name(entry);
    let device = Device::Ramdisk {
        path: wim.to_owned(),
        options: *options,
    };
    let what = match case.store.said(entry, ElementId::OS_DEVICE) {
        None => format!("{name} has no osdevice, which its loader needs"),
        Some(element) if element.as_device().is_some_and(|other| other != device) => {
            format!("the osdevice of {name} is not its device")
        }
        Some(_) => return None,
    };
    let value = words::ramdisk(wim, &case.name(options));
    Some(Finding::remark(what, words::set(&name, "osdevice", &value)))
}

fn needs<'a>(case: &'a Case<'_>, entry: &'a Guid) -> impl Iterator<Item = Finding> + use<'a> {
    let name = case.name(entry);
    let missing = NEEDS
        .iter()
        .filter(|(id, ..)| case.store.said(entry, *id).is_none());
    missing.map(move |(_, word, value)| {
        let what = format!("{name} has no {word}, which its loader needs");
        Finding::remark(what, words::set(&name, word, value))
    })
}

/// The graphical menu of UEFI shows nothing without its files, and errors not even with
/// them.
fn pictures(case: &Case<'_>, entry: &Guid) -> Option<Finding> {
    let policy = case.store.said(entry, ElementId::BOOT_MENU_POLICY);
    let is_graphical = policy.and_then(Element::as_integer) == Some(1);
    if case.firmware() == Firmware::Bios || !is_graphical {
        return None;
    }
    let missing: Vec<&str> = PICTURES
        .iter()
        .filter(|path| !case.files.is_file(path))
        .copied()
        .collect();
    let name = case.name(entry);
    let what = format!(
        "{name} has the graphical menu, and the screen stays empty without {}",
        missing.join(", ")
    );
    let next = words::set(&name, "bootmenupolicy", "legacy");
    (!missing.is_empty()).then(|| Finding::remark(what, next))
}
