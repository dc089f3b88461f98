//! The answer to every name: the semantics of the mount, without the kernel.
//!
//! No threads, no clock, nothing of FUSE: numbers, names and a caller go in, places and
//! attributes come out. A look-up reads in this order:
//!
//! 1. take the catalog that holds now, and use it to the end;
//! 2. find the place that the parent's number stands for;
//! 3. split the name: first the whole of it (a stored name may contain a backslash), then
//!    its parts, then what is left of it when a ROM damaged it;
//! 4. take each part as a step from place to place; at the caller's view find out who
//!    asks, and so which image;
//! 5. give the place a number and say how long the kernel may believe the answer.

mod list;
mod place;
mod walk;
mod who;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use list::Entry;
pub use place::{Attributes, CLIENTS, FilePlace, IMAGES, Place, Sight};
pub use walk::{Answer, Belief, Reached, Walker};
pub use who::{Asking, Choosing, Named, Now};

use crate::boots::Boots;
use crate::catalog::Catalog;
use crate::choice::Ruling;
use crate::error::Error;
use crate::holds::Holds;
use crate::nodes::Nodes;
use crate::once::Onces;
use crate::openings::Openings;
use crate::source::ReadAt;
use crate::stores::Why;
use who::Who;

/// A name that was found.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its number, counted as looked up once.
    pub id: u64,
    /// Its attributes.
    pub attributes: Attributes,
    /// The file that it is; none for a folder.
    pub file: Option<FilePlace>,
    /// Why it is this boot configuration, if it is one.
    pub store: Option<Why>,
}

/// What is true of a listing that the kernel keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptListing {
    /// None may be kept: it depends on who asks, or changes raise no events.
    Never,
    /// One may be kept from now on; what was kept before is to be thrown away.
    Outdated,
    /// Nothing has changed since it was made.
    StillRight,
}

/// The whole tree.
#[derive(Debug)]
pub struct Tree {
    catalog: ArcSwap<Catalog>,
    nodes: Nodes<Place>,
    holds: Holds,
    boots: Boots,
    openings: Openings,
    onces: Onces,
}

impl Tree {
    /// A tree over a catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            catalog: ArcSwap::from_pointee(catalog),
            nodes: Nodes::new(Place::Caller),
            holds: Holds::default(),
            boots: Boots::default(),
            openings: Openings::default(),
            onces: Onces::default(),
        }
    }

    /// What holds now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }

    /// From now on this holds. Requests under way finish with what they began with. Who
    /// got a rule of its own meanwhile is to get what that says: what it booted before is
    /// forgotten.
    pub fn replace(&self, catalog: Catalog) {
        let catalog = Arc::new(catalog);
        let before = self.catalog.swap(catalog.clone());
        let choice = catalog.choice();
        self.boots
            .forget(|client, _| choice.is_news(client, before.choice()));
    }

    /// What each client booted last.
    pub fn boots(&self) -> &Boots {
        &self.boots
    }

    /// The numbers that the kernel holds.
    pub fn nodes(&self) -> &Nodes<Place> {
        &self.nodes
    }

    /// Looks a name up in the folder with the number `parent`.
    pub fn lookup(&self, parent: u64, name: &[u8], asking: &dyn Asking) -> Answer<Admitted> {
        let Some(place) = self.nodes.place(parent) else {
            return Answer::never(Error::NoNode);
        };
        let walker = Walker::new(self.catalog(), &self.boots, asking);
        let reached = walker.find(&place, name);
        Answer {
            belief: reached.belief,
            found: reached
                .found
                .map(|(place, attributes)| self.admit(parent, name, place, attributes, asking)),
        }
    }

    fn admit(
        &self,
        parent: u64,
        name: &[u8],
        mut place: Place,
        attributes: Attributes,
        asking: &dyn Asking,
    ) -> Admitted {
        let (hold, program, store) = match &mut place {
            Place::File(file) => (file.hold.take(), file.program.take(), file.store.take()),
            _ => (None, None, None),
        };
        let file = match &place {
            Place::File(file) => Some(file.clone()),
            _ => None,
        };
        let id = self.nodes.admit(parent, name, place);
        if let Some(hold) = hold {
            self.holds.keep(id, hold);
        }
        if let Some(program) = program {
            self.openings.announce(asking.thread(), id, *program);
        }
        Admitted {
            id,
            attributes,
            file,
            store: store.map(|store| *store),
        }
    }

    /// The file that a number stands for.
    pub fn file(&self, id: u64) -> Option<FilePlace> {
        match self.nodes.place(id)? {
            Place::File(file) => Some(file),
            _ => None,
        }
    }

    /// The attributes of a number.
    ///
    /// # Errors
    /// [`Error::NoNode`], or those of the sources.
    pub fn attributes(&self, id: u64) -> Result<Attributes, Error> {
        let place = self.nodes.place(id).ok_or(Error::NoNode)?;
        place.attributes(&self.catalog.load())
    }

    /// What the kernel may do with a listing of this folder that it kept. To be asked
    /// before the listing is made.
    pub fn kept_listing(&self, id: u64) -> KeptListing {
        let catalog = self.catalog.load();
        let Some(Place::Folder(sight, way)) = self.nodes.place(id) else {
            return KeptListing::Never;
        };
        match sight.end(&way, &catalog) {
            Ok(end) if end.view.is_live() && !end.view.holds_links() => {
                match way.is_listed(catalog.moment()) {
                    true => KeptListing::StillRight,
                    false => KeptListing::Outdated,
                }
            }
            _ => KeptListing::Never,
        }
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// [`Error::NotFolder`], [`Error::Undecided`], or those of the sources.
    pub fn list(&self, id: u64, asking: &dyn Asking) -> Result<Vec<Entry>, Error> {
        let place = self.nodes.place(id).ok_or(Error::NoNode)?;
        Walker::new(self.catalog(), &self.boots, asking).list(&place)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Replaced`] when it is no longer the version that was looked up, or those
    /// of the source.
    pub fn open(&self, id: u64) -> Result<Box<dyn ReadAt>, Error> {
        let Place::File(file) = self.nodes.place(id).ok_or(Error::NoNode)? else {
            return Err(Error::NotFound);
        };
        let opened = match self.holds.get(id) {
            Some(hold) => hold.open()?,
            None => file.open()?,
        };
        Ok(match file.ends() {
            Some((ruling, size)) => self.onces.noted(id, opened, size, ruling),
            None => opened,
        })
    }

    /// A file is opened, by whatever way it is then read. If it is a boot program, its
    /// client has thereby chosen.
    pub fn opens(&self, id: u64, asking: &dyn Asking) -> Choosing {
        let Some(program) = self.openings.take(asking.thread(), id) else {
            return Choosing::Nothing;
        };
        let who = Who {
            catalog: self.catalog(),
            boots: &self.boots,
            asking,
        };
        who.opens(&program)
    }

    /// The rules that have ended since this was asked last, because their clients have read
    /// the boot image whole.
    pub fn done(&self) -> Vec<Arc<Ruling>> {
        self.onces.done()
    }

    /// Lets go of what is only kept for a moment.
    pub fn let_go(&self) {
        self.holds.let_go();
    }

    /// The kernel gives back so many look-ups of a number.
    pub fn forget(&self, id: u64, lookups: u64) {
        self.nodes.forget(id, lookups);
    }
}
