//! A boot that asks for nothing any more, and lacked nothing that was seen.

use super::{Case, store};
use crate::bcd::{self, Finding};
use crate::config::ImageName;
use crate::journal::boot::Boot;
use crate::journal::entry::{Entry, Outcome};
use crate::journal::progress::Stage;
use crate::name::visible;
use crate::program::Firmware;
use crate::seen::Seen;
use crate::status::Diagnosis;

/// What the boot configuration does wrong, if it does; else what mostly stops boots there.
pub(super) fn diagnose(case: &Case<'_>, seen: &Seen<'_>, after: Stage) -> Diagnosis {
    let found = (after >= Stage::Store)
        .then(|| finding(case, seen))
        .flatten();
    if let Some(finding) = found {
        return Diagnosis {
            what: format!("stopped after {}: {}", last(case.boot, after), finding.what),
            screen: finding.status.map(|status| status.to_string()),
            hints: Vec::new(),
            next: finding.next,
        };
    }
    let entries = store(seen, case.route()).map_or(0, |(store, _)| store.entries());
    let (hint, next) = usual(case, after, entries);
    Diagnosis {
        what: format!("stopped after {}", last(case.boot, after)),
        screen: None,
        hints: vec![hint],
        next,
    }
}

/// A boot image that was closed before its end.
pub(super) fn broken_off(boot: &Boot, read: u64, size: u64) -> Diagnosis {
    let image = boot.boot_image();
    let name = image.map_or_else(
        || "the boot image".to_owned(),
        |(entry, _)| visible(&entry.name),
    );
    if let Some(why) = image.and_then(|(_, opened)| opened.broken.as_deref()) {
        return Diagnosis {
            what: format!("{name} could not be read from byte {read} of {size} on: {why}"),
            screen: None,
            hints: Vec::new(),
            next:
                "put a good copy of its source in place; winbootfs check says what is wrong with it"
                    .to_owned(),
        };
    }
    Diagnosis {
        what: format!("the transfer of {name} was broken off after about {read} of {size} bytes"),
        screen: None,
        hints: vec!["a client without enough memory stops so too (0xc0000017)".to_owned()],
        next: "look at the client's memory, its cable, and the server's log; with TFTP also try a \
               smaller window: tftp_window_size = 1"
            .to_owned(),
    }
}

fn finding(case: &Case<'_>, seen: &Seen<'_>) -> Option<Finding> {
    let route = case.route();
    let read = seen.store(route)?;
    let findings = match read.understood(route) {
        Ok((store, _)) => bcd::judge(&store, route, seen),
        Err(finding) => vec![finding],
    };
    let finding = findings.into_iter().find(|finding| finding.is_fatal)?;
    let image = case.image().filter(|_| read.is_all_made());
    Some(match image {
        Some(image) => in_configuration(finding, &image),
        None => finding,
    })
}

/// The same of a store that is on no disk, and so not changed by `bcdedit`.
fn in_configuration(finding: Finding, image: &ImageName) -> Finding {
    if !finding.next.starts_with("bcdedit ") {
        return finding;
    }
    let next = format!(
        "put the file where it is looked for, or name another boot image: [image.{image}.bcd] wim = ..."
    );
    Finding { next, ..finding }
}

/// The stage, with the last name that it got.
fn last(boot: &Boot, after: Stage) -> String {
    let opened = |entry: &&Entry| matches!(entry.outcome, Outcome::Opened(_));
    match boot.entries().rev().find(opened) {
        Some(entry) => format!("{after} ({})", visible(&entry.name)),
        None => after.to_string(),
    }
}

/// What mostly stops a boot there, and what to look at.
fn usual(case: &Case<'_>, after: Stage, entries: usize) -> (String, String) {
    let (hint, next) = match (after, case.route().firmware()) {
        (Stage::Program, Firmware::Bios) => (
            "a menu perhaps waits; or the program did not find its own server",
            "look at the screen",
        ),
        (Stage::Program, Firmware::Uefi) => (
            "a menu perhaps waits; or Secure Boot refused the program, or it is for another machine",
            "look at the screen; is it signed, and for this machine (bootx64.efi, bootaa64.efi)?",
        ),
        (Stage::Manager, _) => (
            "the boot manager runs and read no boot configuration",
            "look at the screen; does DHCP name a BCD (option 252) that is elsewhere?",
        ),
        (Stage::Store, _) if entries > 1 => {
            let hint = format!("a boot menu of {entries} entries perhaps waits");
            return (hint, "look at the screen".to_owned());
        }
        (Stage::Store | Stage::Sdi, _) => (
            "nothing in the boot configuration explains it",
            "look at the screen for a status, and at the server's log for the transfer",
        ),
        (Stage::Image | Stage::Done, _) => ("the boot image was not closed", "look at the screen"),
    };
    (hint.to_owned(), next.to_owned())
}
