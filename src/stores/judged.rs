//! Whether a store starts anything for a client: what [`crate::bcd::judge`] says of it, as far
//! as that can be told without looking into a boot image.

use super::{StoreName, Stores};
use crate::bcd::{Files, Route, Store, Wim, judge};
use crate::program::Firmware;

/// The way to boot on which a store of this name is read.
pub(super) fn route(name: StoreName, firmware: Firmware) -> Route {
    match (firmware, name) {
        (Firmware::Bios, _) => Route::BiosPxe,
        (Firmware::Uefi, StoreName::Boot) => Route::UefiPxe,
        (Firmware::Uefi, StoreName::Root) => Route::UefiIpxe,
        (Firmware::Uefi, StoreName::Efi) => Route::UefiHttp,
    }
}

/// What ends every boot with this store, if anything does.
pub(super) fn fault(store: &Store, route: Route, files: &dyn Files) -> Option<String> {
    let findings = judge(store, route, files).into_iter();
    let mut fatal = findings.filter(|finding| finding.is_fatal);
    fatal.next().map(|finding| finding.what)
}

/// Which files there are: those of these stores' image, or every one that is asked for.
pub(super) enum There<'a> {
    These(&'a Stores),
    Every,
}

impl Files for There<'_> {
    fn size(&self, path: &str) -> Option<u64> {
        match self {
            Self::These(stores) => Some(stores.file(path)?.hit.look.stat.version.size),
            Self::Every => Some(u64::MAX),
        }
    }

    fn nearest(&self, _path: &str) -> Option<String> {
        None
    }

    fn wim(&self, _path: &str) -> Wim {
        Wim::Unknown
    }

    fn holds(&self, _wim: &str, _path: &str) -> Option<bool> {
        None
    }
}
