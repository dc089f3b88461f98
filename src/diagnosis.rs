//! Why a boot does not go on, and what to do about it.
//!
//! The journal knows what a boot asked for and did not get. Here that is held against what
//! there is: the client's image, the other images, and the boot configuration that it was
//! given. As `check` does, but after the fact, and for this client.

mod lost;
mod silent;

use std::sync::Arc;

use crate::address::Address;
use crate::bcd::{Route, Store};
use crate::boots::Boots;
use crate::catalog::Catalog;
use crate::choice::{Because, Decision};
use crate::client::Macs;
use crate::config::ImageName;
use crate::journal::Who;
use crate::journal::boot::{Boot, Ending};
use crate::journal::part::Shelf;
use crate::program::Firmware;
use crate::seen::{Read, Seen, Wims};
use crate::status::Diagnosis;
use crate::tree::{Named, Place, Walker};

/// A boot, and everything that it can be held against.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What there is.
    pub catalog: &'a Arc<Catalog>,
    /// What this client booted; of nobody else.
    pub boots: &'a Boots,
    /// Who knows network cards.
    pub macs: &'a dyn Macs,
    /// The client.
    pub who: &'a Who,
    /// Its boot.
    pub boot: &'a Boot,
}

impl Case<'_> {
    /// What is wrong with the boot that has come to this, if anything is.
    pub fn diagnose(&self, ending: &Ending<'_>) -> Option<Diagnosis> {
        match ending {
            Ending::Lost(lost) => {
                Some(self.seen_by_client(|seen, walker| lost::diagnose(self, seen, walker, lost)))
            }
            Ending::Silent { after } => {
                Some(self.seen_by_client(|seen, _| silent::diagnose(self, seen, *after)))
            }
            Ending::BrokenOff { read, size } => Some(silent::broken_off(self.boot, *read, *size)),
            Ending::Running | Ending::Done => self.wrong_image(),
        }
    }

    /// What decides which image the client gets. None for a server that names no client.
    pub fn decision(&self) -> Option<Decision> {
        let address = self.address()?;
        let asking = Named::new(Some(address), self.macs);
        let walker = Walker::new(self.catalog.clone(), self.boots, &asking);
        let client = walker.client(&address);
        walker.decisions(&client).into_iter().next()
    }

    /// The image that the client gets.
    fn image(&self) -> Option<ImageName> {
        match self.address() {
            Some(_) => self.decision()?.image,
            None => self.catalog.choice().by_default().image,
        }
    }

    fn address(&self) -> Option<Address> {
        match self.who {
            Who::Client(address) => Some(*address),
            Who::Server(_) => None,
        }
    }

    fn seen_by_client<T>(&self, look: impl FnOnce(&Seen<'_>, &Walker<'_>) -> T) -> T {
        let asking = Named::new(self.address(), self.macs);
        let walker = Walker::new(self.catalog.clone(), self.boots, &asking);
        let root = self.address().map_or(Place::Caller, Place::Client);
        let wims = Wims::default();
        look(&Seen::new(&walker, &root, &wims), &walker)
    }

    /// The way by which it boots, as far as its requests tell.
    fn route(&self) -> Route {
        let progress = &self.boot.progress;
        match (progress.firmware, progress.shelf) {
            (Some(Firmware::Bios), _) => Route::BiosPxe,
            (_, Some(Shelf::Efi | Shelf::Beside)) => Route::UefiHttp,
            (_, Some(Shelf::Root)) => Route::UefiIpxe,
            (_, Some(Shelf::Boot | Shelf::Named) | None) => Route::UefiPxe,
        }
    }

    /// A client that asks for the files of one image, while its rule gives another.
    fn wrong_image(&self) -> Option<Diagnosis> {
        let asked = self.boot.image.as_ref()?;
        let decision = self.decision()?;
        let given = decision.image.as_ref()?;
        let Because::Rule(rule) = &decision.because else {
            return None;
        };
        (given != asked).then(|| Diagnosis {
            what: format!("it reads files of image {asked}, and its rule gives {given}"),
            screen: None,
            hints: vec![format!("the rule: {}", Because::Rule(rule.clone()))],
            next: format!(
                "let DHCP and the server name files without images/{asked} in front; or change the \
                 rule: image = {:?}",
                &**asked
            ),
        })
    }
}

/// The boot configuration that the boot manager reads, understood, and how it was read.
fn store(seen: &Seen<'_>, route: Route) -> Option<(Store, Read)> {
    let read = seen.store(route)?;
    let store = Store::read(read.bytes.as_ref().ok()?).ok()?;
    Some((store, read))
}
