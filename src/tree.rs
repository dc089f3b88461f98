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
//!
//! Places are written in names, not in objects of a catalog, so a number that a server
//! holds for days (it did `chroot` into it) follows every change of the configuration.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;

use crate::address::Address;
use crate::catalog::Catalog;
use crate::choice::Peers;
use crate::config::ImageName;
use crate::error::Error;
use crate::holds::Holds;
use crate::image::{Item, Listed};
use crate::layer::Layer;
use crate::name::{self, Asked, is_separator};
use crate::nodes::{self, Nodes};
use crate::source::{Hold, ReadAt, Stat, StoredPath, Version};
use crate::view::{self, Origin};
use crate::way::{End, Way};

/// The folder of all images, in the root and in every client's view.
pub const IMAGES: &str = "images";

/// The folder of all clients, in the root.
pub const CLIENTS: &str = "clients";

/// Who asks. Looked at only where the answer depends on it: finding out takes a while.
pub trait Asking {
    /// The clients that the asking process talks to.
    fn peers(&self) -> Peers;
}

/// How long an answer may be believed without asking again; the least of several counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Belief {
    /// It depends on who asks, or on what that client chose.
    Never,
    /// Changes below raise no events.
    Briefly,
    /// Until an event says otherwise.
    UntilChanged,
}

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The view of whoever asks.
    Caller,
    /// The images by name.
    Images,
    /// The clients by address.
    Clients,
    /// The view of one client.
    Client(Address),
    /// A folder of an image, of the base, or of one over the other.
    Folder(Sight, Arc<Way>),
    /// A file.
    File(FilePlace),
}

/// What is looked at: an image, the base, or one over the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sight {
    /// The image, if any.
    pub image: Option<ImageName>,
    /// Whether the base lies beneath.
    pub over_base: bool,
}

/// A file of one version.
#[derive(Debug, Clone)]
pub struct FilePlace {
    /// The image through which it was found; none for a file of the base.
    pub image: Option<ImageName>,
    layer: Arc<Layer>,
    path: StoredPath,
    stat: Stat,
    /// As it was looked at; taken away before the kernel gets a number for it.
    hold: Option<Arc<dyn Hold>>,
    /// Whether an alias led to it. No part of what tells files apart.
    pub aliased: bool,
}

/// Attributes of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// When it last changed.
    pub modified: SystemTime,
}

/// A name that was found.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its number, counted as looked up once.
    pub id: u64,
    /// Its attributes.
    pub attributes: Attributes,
}

/// An answer and how long it may be believed.
#[derive(Debug)]
pub struct Answer<T> {
    /// What was found, or why not.
    pub found: Result<T, Error>,
    /// For how long that holds.
    pub belief: Belief,
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

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Box<[u8]>,
    /// Whether it is a folder.
    pub is_folder: bool,
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

    /// The kernel gives back so many look-ups of a number.
    pub fn forget(&self, id: u64, lookups: u64) {
        self.nodes.forget(id, lookups);
    }
}

impl<T> Answer<T> {
    fn never(error: Error) -> Self {
        Self {
            found: Err(error),
            belief: Belief::Never,
        }
    }

    fn briefly(found: Result<T, Error>) -> Self {
        Self {
            found,
            belief: Belief::Briefly,
        }
    }
}

impl FilePlace {
    fn new(image: Option<ImageName>, item: Item) -> Self {
        Self {
            image,
            layer: item.layer,
            path: item.hit.path,
            stat: item.hit.look.stat,
            hold: Some(item.hit.look.hold),
            aliased: item.aliased,
        }
    }

    /// The source that has it, as the operator calls it.
    pub fn source(&self) -> String {
        self.layer.source().label()
    }

    /// Where in the source it is.
    pub fn path(&self) -> &StoredPath {
        &self.path
    }

    /// Opens it, if it still is this version.
    ///
    /// # Errors
    /// [`Error::Replaced`], or those of the source.
    pub fn open(&self) -> Result<Box<dyn ReadAt>, Error> {
        let look = self.layer.source().look(&self.path)?;
        Ok(look.open(&self.stat.version)?)
    }

    fn identity(&self) -> (&Option<ImageName>, &StoredPath, Version) {
        (&self.image, &self.path, self.stat.version)
    }
}

/// By image, path and version. A layer is told by the version, which names the device.
impl PartialEq for FilePlace {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for FilePlace {}

impl std::hash::Hash for FilePlace {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl nodes::Place for Place {
    fn is_one_for_all(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl Place {
    fn root_of(sight: Sight) -> Self {
        Self::Folder(sight, Arc::default())
    }

    /// The attributes, as of now.
    ///
    /// # Errors
    /// Those of the sources, or that the folder is gone.
    pub fn attributes(&self, catalog: &Catalog) -> Result<Attributes, Error> {
        match self {
            Self::File(file) => Ok(Attributes::of_file(&file.stat)),
            Self::Folder(sight, way) => {
                let end = sight.end(way, catalog)?;
                Ok(Attributes::of_folder(end.stat.as_ref(), catalog))
            }
            Self::Caller | Self::Images | Self::Clients | Self::Client(_) => {
                Ok(Attributes::of_folder(None, catalog))
            }
        }
    }
}

impl Sight {
    fn only(&self, origin: Origin) -> Self {
        match origin {
            Origin::Image => self.clone(),
            Origin::Base => over_base(None),
        }
    }

    fn end(&self, way: &Way, catalog: &Catalog) -> Result<Arc<End>, Error> {
        let view = || catalog.view(self.image.as_ref(), self.over_base);
        way.end(catalog.moment(), &view)
    }
}

impl Attributes {
    /// Those of no place at all, where the form of an answer wants some.
    pub fn nothing() -> Self {
        Self {
            is_folder: false,
            size: 0,
            modified: SystemTime::UNIX_EPOCH,
        }
    }

    fn of_file(stat: &Stat) -> Self {
        Self {
            is_folder: false,
            size: stat.version.size,
            modified: stat.modified(),
        }
    }

    fn of_folder(stored: Option<&Stat>, catalog: &Catalog) -> Self {
        Self {
            is_folder: true,
            size: 0,
            modified: stored.map_or(catalog.since(), Stat::modified),
        }
    }
}

/// A place that was reached, with its attributes.
pub type Reached = (Place, Attributes);

/// One request on its way through one catalog. `resolve` walks the same way.
#[derive(Clone)]
pub struct Walker<'a> {
    catalog: Arc<Catalog>,
    asking: &'a dyn Asking,
}

impl std::fmt::Debug for Walker<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Walker").finish_non_exhaustive()
    }
}

impl<'a> Walker<'a> {
    /// A walk for one request.
    pub fn new(catalog: Arc<Catalog>, asking: &'a dyn Asking) -> Self {
        Self { catalog, asking }
    }

    /// What a name, which may be a whole path, is in a place.
    pub fn find(&self, place: &Place, name: &[u8]) -> Answer<Reached> {
        let parts = match name::parts(name) {
            Ok(parts) => parts,
            Err(refused) => return Answer::never(refused.into()),
        };
        let whole = name.iter().copied().any(is_separator);
        let as_it_stands = if whole && !self.begins_with_ours(place, &parts) {
            self.step(place, &Asked::new(name))
        } else {
            Answer::never(Error::NotFound)
        };
        if !matches!(as_it_stands.found, Err(Error::NotFound)) {
            return as_it_stands;
        }
        let by_parts = self.walk(place, &parts);
        match (&by_parts.found, name::undamaged(name).map(name::parts)) {
            (Err(Error::NotFound | Error::NotFolder), Some(Ok(parts))) => self.walk(place, &parts),
            _ => by_parts,
        }
    }

    /// Whether a path leads into one of our own folders, or nowhere else than here. These
    /// come before any stored name, and nobody needs to be known for them.
    fn begins_with_ours(&self, place: &Place, parts: &[&[u8]]) -> bool {
        match (place, parts.first()) {
            (_, None) => true,
            (Place::Caller, Some(first)) => self.our_own(&Asked::new(first)).is_some(),
            _ => false,
        }
    }

    /// Takes the parts one after the other. The answer may be believed as long as its
    /// weakest step.
    pub fn walk(&self, from: &Place, parts: &[&[u8]]) -> Answer<Reached> {
        let start = Answer {
            found: from
                .attributes(&self.catalog)
                .map(|attributes| (from.clone(), attributes)),
            belief: Belief::UntilChanged,
        };
        parts.iter().fold(start, |before, part| match before.found {
            Err(_) => before,
            Ok((place, _)) => {
                let step = self.step(&place, &Asked::new(part));
                let belief = step.belief.min(before.belief);
                Answer { belief, ..step }
            }
        })
    }

    fn step(&self, place: &Place, asked: &Asked) -> Answer<Reached> {
        match place {
            Place::Caller => self.below_caller(asked),
            Place::Images => self.image(asked),
            Place::Clients => self.client(asked),
            Place::Client(address) => self.below_client(address, asked),
            Place::Folder(sight, way) => self.in_folder(sight, way, asked),
            Place::File(_) => Answer::never(Error::NotFolder),
        }
    }

    fn always(&self, place: Place) -> Answer<Reached> {
        let attributes = Attributes::of_folder(None, &self.catalog);
        Answer {
            found: Ok((place, attributes)),
            belief: Belief::UntilChanged,
        }
    }

    fn image(&self, asked: &Asked) -> Answer<Reached> {
        match self.catalog.image(&asked.folded) {
            Some((name, _)) => self.always(Place::root_of(Sight {
                image: Some(name.clone()),
                over_base: false,
            })),
            None => Answer {
                found: Err(Error::NotFound),
                belief: Belief::UntilChanged,
            },
        }
    }

    fn client(&self, asked: &Asked) -> Answer<Reached> {
        match Address::parse(&asked.spelled) {
            Some(address) => self.always(Place::Client(address)),
            None => Answer {
                found: Err(Error::NotFound),
                belief: Belief::UntilChanged,
            },
        }
    }

    fn below_caller(&self, asked: &Asked) -> Answer<Reached> {
        match self.our_own(asked) {
            Some(place) => self.always(place),
            None => self.for_whoever_asks(asked),
        }
    }

    /// Our own folders in the root. dnsmasq takes a client's folder only if `stat` says
    /// that it is there: any well-formed address is.
    fn our_own(&self, asked: &Asked) -> Option<Place> {
        match asked.folded.as_bytes() {
            name if name == IMAGES.as_bytes() => Some(Place::Images),
            name if name == CLIENTS.as_bytes() => Some(Place::Clients),
            _ => Address::parse(&asked.spelled)
                .filter(|_| !self.is_older_than_us(asked))
                .map(Place::Client),
        }
    }

    /// Whether what looks like an address only by luck is a file or folder of the base.
    fn is_older_than_us(&self, asked: &Asked) -> bool {
        let base = self.catalog.view(None, true);
        Address::is_ambiguous(&asked.spelled) && base.find(&base.root(), asked).is_ok()
    }

    /// Every client that could be asking must get the same, or nobody gets anything:
    /// an installer on the wrong machine is worse than a boot that fails.
    fn for_whoever_asks(&self, asked: &Asked) -> Answer<Reached> {
        let answer = self.sights().and_then(|sights| {
            let mut answers = sights
                .iter()
                .map(|sight| self.in_folder(sight, &Arc::default(), asked).found);
            let first = answers.next().unwrap_or(Err(Error::NotFound));
            match answers.all(|other| is_same(&first, &other)) {
                true => first,
                false => Err(Error::Undecided),
            }
        });
        Answer {
            found: answer,
            belief: Belief::Never,
        }
    }

    /// What those who could be asking look at, each once.
    fn sights(&self) -> Result<Vec<Sight>, Error> {
        let choice = self.catalog.choice();
        if choice.is_same_for_all() {
            return Ok(vec![over_base(choice.by_default().image)]);
        }
        let images: BTreeSet<Option<ImageName>> = match self.asking.peers() {
            Peers::Nobody => [choice.by_default().image].into(),
            Peers::These(peers) => {
                let decisions = peers
                    .into_iter()
                    .map(|peer| choice.decide(&Address::ip(peer)));
                decisions.map(|decision| decision.image).collect()
            }
            Peers::Hidden(_) => return Err(Error::Undecided),
        };
        Ok(images.into_iter().map(over_base).collect())
    }

    fn below_client(&self, address: &Address, asked: &Asked) -> Answer<Reached> {
        if asked.folded.as_bytes() == IMAGES.as_bytes() {
            return self.always(Place::Images);
        }
        let image = self.catalog.choice().decide(address).image;
        let answer = self.in_folder(&over_base(image), &Arc::default(), asked);
        Answer {
            belief: Belief::Never,
            ..answer
        }
    }

    fn in_folder(&self, sight: &Sight, way: &Arc<Way>, asked: &Asked) -> Answer<Reached> {
        let end = match sight.end(way, &self.catalog) {
            Ok(end) => end,
            Err(error) => return Answer::briefly(Err(error)),
        };
        let found = end.view.find(&end.folder, asked);
        let linked = match &found {
            Ok(view::Found::File(item, _)) => item.hit.linked,
            Ok(view::Found::Folder(folder, _)) => folder.is_linked(),
            Err(_) => end.view.holds_links(),
        };
        let found = found.map(|found| self.reached(found, sight, way, asked));
        match end.view.is_live() && !linked {
            true => Answer {
                found,
                belief: Belief::UntilChanged,
            },
            false => Answer::briefly(found),
        }
    }

    /// What only the base has is one place for all clients.
    fn reached(&self, found: view::Found, sight: &Sight, way: &Arc<Way>, asked: &Asked) -> Reached {
        match found {
            view::Found::File(item, origin) => {
                let attributes = Attributes::of_file(&item.hit.look.stat);
                let image = sight.only(origin).image;
                (Place::File(FilePlace::new(image, item)), attributes)
            }
            view::Found::Folder(folder, item) => {
                let stat = item.map(|item| item.hit.look.stat);
                let attributes = Attributes::of_folder(stat.as_ref(), &self.catalog);
                let way = Arc::new(way.on_to(asked));
                (Place::Folder(sight.only(folder.origin()), way), attributes)
            }
        }
    }

    /// The names in a place, sorted.
    ///
    /// # Errors
    /// [`Error::NotFolder`], [`Error::Undecided`], or those of the sources.
    pub fn list(&self, place: &Place) -> Result<Vec<Entry>, Error> {
        let catalog = &self.catalog;
        match place {
            Place::Caller => self.list_for_whoever_asks(),
            Place::Images => {
                let names = catalog.images().map(|(spec, _)| spec.name.to_string());
                Ok(folders(names))
            }
            Place::Clients => {
                let known = catalog.choice().known_clients();
                Ok(folders(known.iter().map(ToString::to_string)))
            }
            Place::Client(address) => {
                let image = catalog.choice().decide(address).image;
                self.list_root(&over_base(image), &[IMAGES])
            }
            Place::Folder(sight, way) => self.list_folder(sight, way),
            Place::File(_) => Err(Error::NotFolder),
        }
    }

    fn list_for_whoever_asks(&self) -> Result<Vec<Entry>, Error> {
        match self.sights()?.as_slice() {
            [sight] => self.list_root(sight, &[IMAGES, CLIENTS]),
            _ => Err(Error::Undecided),
        }
    }

    /// A root with our own folders, which hide what the view has under their names.
    fn list_root(&self, sight: &Sight, own: &[&str]) -> Result<Vec<Entry>, Error> {
        let mut entries = self.list_folder(sight, &Way::default())?;
        let is_own = |entry: &Entry| {
            let folded = name::fold(&entry.name);
            own.iter().any(|own| own.as_bytes() == folded.as_bytes())
        };
        entries.retain(|entry| !is_own(entry));
        entries.extend(folders(own.iter().map(ToString::to_string)));
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn list_folder(&self, sight: &Sight, way: &Way) -> Result<Vec<Entry>, Error> {
        let end = sight.end(way, &self.catalog)?;
        let listed = end.view.list(&end.folder)?;
        Ok(listed.into_iter().map(Entry::from).collect())
    }
}

impl From<Listed> for Entry {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.name,
            is_folder: listed.is_folder,
        }
    }
}

fn over_base(image: Option<ImageName>) -> Sight {
    Sight {
        image,
        over_base: true,
    }
}

fn folders(names: impl Iterator<Item = String>) -> Vec<Entry> {
    let folder = |name: String| Entry {
        name: name.into_bytes().into(),
        is_folder: true,
    };
    names.map(folder).collect()
}

/// Whether two answers are one: the same place, or both that there is none.
fn is_same(one: &Result<Reached, Error>, other: &Result<Reached, Error>) -> bool {
    match (one, other) {
        (Ok((one, _)), Ok((other, _))) => one == other,
        (Err(Error::NotFound | Error::NotFolder), Err(Error::NotFound | Error::NotFolder)) => true,
        _ => false,
    }
}
