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

mod place;
mod walk;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use place::{Attributes, FilePlace, Place, Sight};
pub use walk::{Answer, Asking, Belief, CLIENTS, Entry, IMAGES, Reached, Walker};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::holds::Holds;
use crate::nodes::Nodes;
use crate::source::ReadAt;

/// A name that was found.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its number, counted as looked up once.
    pub id: u64,
    /// Its attributes.
    pub attributes: Attributes,
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
}

impl Tree {
    /// A tree over a catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            catalog: ArcSwap::from_pointee(catalog),
            nodes: Nodes::new(Place::Caller),
            holds: Holds::default(),
        }
    }

    /// What holds now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }

    /// From now on this holds. Requests under way finish with what they began with.
    pub fn replace(&self, catalog: Catalog) {
        self.catalog.store(Arc::new(catalog));
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
        let walker = Walker::new(self.catalog(), asking);
        let reached = walker.find(&place, name);
        Answer {
            belief: reached.belief,
            found: reached.found.map(|(place, attributes)| Admitted {
                id: self.admit(parent, name, place),
                attributes,
            }),
        }
    }

    fn admit(&self, parent: u64, name: &[u8], mut place: Place) -> u64 {
        let hold = match &mut place {
            Place::File(file) => file.hold.take(),
            _ => None,
        };
        let id = self.nodes.admit(parent, name, place);
        if let Some(hold) = hold {
            self.holds.keep(id, hold);
        }
        id
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
        Walker::new(self.catalog(), asking).list(&place)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Replaced`] when it is no longer the version that was looked up, or those
    /// of the source.
    pub fn open(&self, id: u64) -> Result<Box<dyn ReadAt>, Error> {
        match self.nodes.place(id).ok_or(Error::NoNode)? {
            Place::File(file) => match self.holds.get(id) {
                Some(hold) => Ok(hold.open()?),
                None => file.open(),
            },
            _ => Err(Error::NotFound),
        }
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
