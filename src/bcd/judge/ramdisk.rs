//! The RAM disk of an entry: the boot image, boot.sdi, and how they come.

use super::finding::{Finding, UNREADABLE_WIM, no_device, no_loader};
use super::{Case, Said, Wim};
use crate::bcd::{Device, Element, ElementId, Guid, Route, make, words};
use crate::name::visible;

/// The least that a block may have in every TFTP there is.
const LEAST_BLOCK: u64 = 512;
/// What fits into a packet of Ethernet (1500 bytes) behind the heads of IP, UDP and TFTP.
const LONGEST_BLOCK: u64 = 1468;
/// How to come by a boot.sdi: every install medium has one, and all are alike.
pub const BRING_SDI: &str = "copy boot/boot.sdi from install media";

/// Where one lost packet costs more than not waiting gains.
const LARGEST_WINDOW: u64 = 64;

/// The options object of an entry that has a RAM disk.
pub(super) fn options(case: &Case<'_>, entry: &Guid) -> Option<Guid> {
    match case.store.said(entry, ElementId::DEVICE)?.as_device()? {
        Device::Ramdisk { options, .. } => Some(options),
        Device::Boot | Device::Other(_) => None,
    }
}

pub(super) fn judge(
    case: &Case<'_>,
    entry: &Guid,
    element: &Element,
    (path, options): (&str, &Guid),
) -> Vec<Finding> {
    let name = case.name(entry);
    if !Device::is_on_boot(&element.bytes) {
        let value = words::ramdisk(path, &case.name(options));
        let what = format!("{name} looks for {path} on a disk of the client");
        return vec![Finding::fatal(what, words::set(&name, "device", &value))];
    }
    let mut findings: Vec<Finding> = wim(case, &name, path, options).into_iter().collect();
    if !case.store.objects.contains_key(options) {
        let what = format!("the RAM disk options {options} of {name} are not in the store");
        let next = "bcdedit /store BCD /create {ramdiskoptions}, and name these in the device";
        findings.push(Finding::fatal(what, next));
        return findings;
    }
    findings.extend(sdi(case, options));
    findings.extend(tftp(case, options));
    findings
}

/// The boot image is a file, and one that boot managers read.
fn wim(case: &Case<'_>, name: &str, path: &str, options: &Guid) -> Option<Finding> {
    let device = |path: &str| {
        let value = words::ramdisk(path, &case.name(options));
        let device = words::set(name, "device", &value);
        format!("{device}; {}", words::set(name, "osdevice", &value))
    };
    let naming = format!("{name} names the boot image");
    if let Some(finding) = file(case, &naming, path, device, "put it there") {
        return Some(finding);
    }
    let export = "wimlib-imagex export FILE all NEW.wim --compress=LZX";
    let (what, next, status) = match case.files.wim(path) {
        Wim::Unknown | Wim::Bootable => return None,
        Wim::Unreadable { why, next } => {
            return Some(Finding::fatal(format!("the boot image {path} {why}"), next));
        }
        Wim::Lzms => ("is compressed with LZMS", export, UNREADABLE_WIM),
        Wim::NoBootIndex => (
            "does not say which of its images is to be booted",
            "wimlib-imagex info FILE 1 --boot",
            no_loader(0xc000_0225),
        ),
        Wim::NoWim => (
            "is no WIM",
            "copy sources/boot.wim from install media",
            no_loader(0xc000_0225),
        ),
    };
    Some(Finding::fatal(format!("the boot image {path} {what}"), next).shown(status))
}

/// A file that the boot manager cannot do without. `change` is the command that names
/// another; `bring` is what to do where there is none.
fn file(
    case: &Case<'_>,
    naming: &str,
    path: &str,
    change: impl Fn(&str) -> String,
    bring: &str,
) -> Option<Finding> {
    let (what, next) = match case.files.size(path) {
        _ if path.contains('/') => (
            format!("{naming} {path} with `/`"),
            change(&path.replace('/', "\\")),
        ),
        Some(0) => (
            format!("{naming} {path}, which is empty"),
            "put a good copy in its place".to_owned(),
        ),
        Some(_) => return None,
        None => match case.files.nearest(path) {
            Some(other) => (
                format!(
                    "{naming} {path}, which is no file here; there is {}",
                    visible(other.as_bytes())
                ),
                change(&visible(other.as_bytes())),
            ),
            None => (
                format!("{naming} {path}, which is no file here"),
                bring.to_owned(),
            ),
        },
    };
    let status = no_device(0xc000_000f, case.firmware());
    Some(Finding::fatal(what, next).shown(status))
}

fn sdi(case: &Case<'_>, options: &Guid) -> Option<Finding> {
    let name = case.name(options);
    let set = |path: &str| words::set(&name, "ramdisksdipath", path);
    let device = case.store.said(options, ElementId::SDI_DEVICE);
    let boot = words::set(&name, "ramdisksdidevice", "boot");
    match device.map(Element::as_device) {
        None => {
            let what = format!("{name} has no ramdisksdidevice: boot.sdi is not loaded");
            return Some(Finding::fatal(what, boot));
        }
        Some(Some(Device::Boot) | None) => {}
        Some(Some(_)) => {
            let what = format!("{name} looks for boot.sdi elsewhere than on the server");
            return Some(Finding::fatal(what, boot));
        }
    }
    match case.text(options, ElementId::SDI_PATH) {
        Said::Text(path) => file(case, &format!("{name} names"), &path, set, BRING_SDI),
        Said::Other => None,
        Said::Missing => {
            let what = format!("{name} does not say where boot.sdi is");
            let status = no_device(0xc000_0225, case.firmware());
            Some(Finding::fatal(what, set(make::SDI)).shown(status))
        }
    }
}

/// How TFTP brings both. Without a word it sends 1456 bytes and waits, which every network
/// takes.
fn tftp(case: &Case<'_>, options: &Guid) -> Vec<Finding> {
    if case.route == Route::UefiHttp {
        return Vec::new();
    }
    let name = case.name(options);
    let size = |id| case.store.said(options, id).map(Element::as_integer);
    let block = match size(ElementId::TFTP_BLOCK_SIZE) {
        Some(Some(size)) if size > LONGEST_BLOCK => Some(format!(
            "{name} asks for TFTP blocks of {size} bytes: more than an Ethernet frame holds"
        )),
        Some(Some(size)) if size < LEAST_BLOCK => Some(format!(
            "{name} asks for TFTP blocks of {size} bytes: fewer than any server is made for"
        )),
        _ => None,
    };
    let window = match size(ElementId::TFTP_WINDOW_SIZE) {
        None => Some(format!(
            "{name} has no TFTP window size: each block waits for an answer, which is slow"
        )),
        Some(Some(size)) if size > LARGEST_WINDOW => Some(format!(
            "{name} asks for a TFTP window of {size} blocks: one lost packet repeats them"
        )),
        Some(Some(0)) => Some(format!("{name} asks for a TFTP window of no blocks")),
        Some(_) => None,
    };
    let set = |word, size: u64| words::set(&name, word, &size.to_string());
    let block = block.map(|what| (what, set("ramdisktftpblocksize", make::USUAL_BLOCK)));
    let window = window.map(|what| (what, set("ramdisktftpwindowsize", make::USUAL_WINDOW)));
    let findings = block.into_iter().chain(window);
    findings
        .map(|(what, next)| Finding::remark(what, next))
        .collect()
}
