//! What would go wrong with a store, and what the screen would say then.
//!
//! Judged is what a boot comes across: the boot manager, the entry that it starts by
//! itself, and all others of its menu. What nobody leads to may be as it likes. A status
//! is named where a boot manager was seen to show it, or operators report it.
//!
//! Pure: which files there are, and what a boot image is, is asked for through [`Files`].

mod finding;
mod forms;
mod loader;
mod manager;
mod ramdisk;

pub use finding::{Finding, Status};
pub(super) use forms::NEVER_RIGHT;
pub(super) use loader::for_firmware;
pub use ramdisk::BRING_SDI;

use super::lead::Menu;
use super::{Element, ElementId, Guid, Route, Store, words};
use crate::program::Firmware;
use finding::{no_device, no_store, unexpected};

/// The files of the server as the client sees them. Paths are as stores have them.
pub trait Files {
    /// How long the file is that a client gets for this path; `None` if it gets none.
    fn size(&self, path: &str) -> Option<u64>;

    /// Where a file with the last part of this path really is, if there is one.
    fn nearest(&self, path: &str) -> Option<String>;

    /// What the file at this path is as a boot image.
    fn wim(&self, path: &str) -> Wim;

    /// Whether the boot image at `wim` holds a file at `path`, in any case; `None` if that
    /// cannot be told.
    fn holds(&self, wim: &str, path: &str) -> Option<bool>;

    /// Whether a client that asks for this path gets a file.
    fn is_file(&self, path: &str) -> bool {
        self.size(path).is_some()
    }
}

/// What a file is as a boot image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wim {
    /// That cannot be told.
    Unknown,
    /// One that can be started.
    Bootable,
    /// It does not say which of its images is to be started.
    NoBootIndex,
    /// Compressed in a way that no boot manager reads.
    Lzms,
    /// Something else.
    NoWim,
    /// A WIM that is damaged, or of a kind that is not booted.
    Unreadable {
        /// What it is, as the rest of a sentence that begins with its name.
        why: String,
        /// What to do about it.
        next: String,
    },
}

/// Everything that a judgement looks at.
struct Case<'a> {
    store: &'a Store,
    route: Route,
    files: &'a dyn Files,
    menu: Menu,
}

/// An element that is to be a text.
enum Said {
    Missing,
    /// Something else is stored there, which the forms tell.
    Other,
    Text(String),
}

impl Case<'_> {
    fn text(&self, object: &Guid, id: ElementId) -> Said {
        match self.store.said(object, id).map(Element::as_text) {
            None => Said::Missing,
            Some(None) => Said::Other,
            Some(Some(text)) => Said::Text(text),
        }
    }

    /// The name that `bcdedit` has for an object.
    fn name(&self, id: &Guid) -> String {
        words::name(id, self.store)
    }

    fn firmware(&self) -> Firmware {
        self.route.firmware()
    }
}

/// What is wrong with a store for a client that boots this way: what ends the boot first.
pub fn judge(store: &Store, route: Route, files: &dyn Files) -> Vec<Finding> {
    if store.boot_manager().is_none() {
        let (what, next) = (
            format!(
                "the store has no boot manager object {}",
                Guid::BOOT_MANAGER
            ),
            "bcdedit /store BCD /create {bootmgr}",
        );
        return vec![Finding::fatal(what, next)];
    }
    let case = Case {
        store,
        route,
        files,
        menu: store.menu(),
    };
    let mut findings = forms::judge(&case);
    findings.extend(manager::judge(&case));
    for entry in case.menu.entries() {
        let is_first = case.menu.first == Some(*entry);
        let of_entry = loader::judge(&case, entry).into_iter();
        // Whoever does not choose it boots well.
        findings.extend(of_entry.map(|finding| Finding {
            is_fatal: finding.is_fatal && is_first,
            ..finding
        }));
    }
    worst_first(findings)
}

/// Something that a boot manager asked its server for, and did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Its store.
    Store,
    /// Itself, under the name in its store.
    Itself,
    /// The boot image, or boot.sdi.
    Device,
}

/// What the screen shows then.
pub fn screen(wanted: Wanted, firmware: Firmware) -> Status {
    let not_found = 0xc000_000f;
    match wanted {
        Wanted::Store => no_store(not_found, firmware),
        Wanted::Itself => unexpected(not_found),
        Wanted::Device => no_device(not_found, firmware),
    }
}

/// What is wrong with a store of no bytes.
pub fn judge_empty(route: Route) -> Finding {
    let status = no_store(0xc000_0001, route.firmware());
    Finding::fatal("the store is empty", "copy it again").shown(status)
}

/// What is wrong with one that cannot be read. `why` goes on from its name, and says behind
/// its last semicolon what to do.
pub fn judge_unreadable(route: Route, why: &str) -> Finding {
    let (why, next) = why.rsplit_once("; ").unwrap_or((why, "look at the file"));
    let status = no_store(0xc000_014c, route.firmware());
    Finding::fatal(format!("the store {why}"), next).shown(status)
}

/// What is wrong where there is none.
pub fn judge_missing(route: Route, what: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding::fatal(what, next).shown(no_store(0xc000_000f, route.firmware()))
}

/// Each once: entries share their RAM disk options.
fn worst_first(findings: Vec<Finding>) -> Vec<Finding> {
    let mut sorted: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same = |other: &&mut Finding| other.what == finding.what;
        match sorted.iter_mut().find(is_same) {
            Some(other) => other.is_fatal |= finding.is_fatal,
            None => sorted.push(finding),
        }
    }
    sorted.sort_by_key(|finding| !finding.is_fatal);
    sorted
}
