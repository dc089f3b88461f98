//! One request on its way from place to place, through one catalog. `resolve` walks the
//! same way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::place::{Attributes, FilePlace, Place, Sight};
use crate::address::Address;
use crate::catalog::Catalog;
use crate::choice::Peers;
use crate::config::ImageName;
use crate::error::Error;
use crate::image::Listed;
use crate::name::{self, Asked, is_separator};
use crate::view;
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

/// An answer and how long it may be believed.
#[derive(Debug)]
pub struct Answer<T> {
    /// What was found, or why not.
    pub found: Result<T, Error>,
    /// For how long that holds.
    pub belief: Belief,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Box<[u8]>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl<T> Answer<T> {
    pub(super) fn never(error: Error) -> Self {
        Self {
            found: Err(error),
            belief: Belief::Never,
        }
    }

    pub(super) fn briefly(found: Result<T, Error>) -> Self {
        Self {
            found,
            belief: Belief::Briefly,
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
            let mut answers = sights.iter().map(|sight| self.in_root(sight, asked).found);
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
            return Ok(vec![Sight::over_base(choice.by_default().image)]);
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
        Ok(images.into_iter().map(Sight::over_base).collect())
    }

    fn below_client(&self, address: &Address, asked: &Asked) -> Answer<Reached> {
        if asked.folded.as_bytes() == IMAGES.as_bytes() {
            return self.always(Place::Images);
        }
        let image = self.catalog.choice().decide(address).image;
        let answer = self.in_root(&Sight::over_base(image), asked);
        let answer = match &answer.found {
            Ok((place, _)) if place.is_of_an_image() => answer,
            Err(error) if !error.is_absence() => answer,
            _ => self.in_own_folder(address, asked).unwrap_or(answer),
        };
        Answer {
            belief: Belief::Never,
            ..answer
        }
    }

    /// What a client has in a folder of the base that is named after it: dnsmasq looked
    /// there before we came, and other computers may still boot from theirs.
    fn in_own_folder(&self, address: &Address, asked: &Asked) -> Option<Answer<Reached>> {
        let answer = self.in_folder(&Sight::over_base(None), &own_folder(address), asked);
        answer.found.is_ok().then_some(answer)
    }

    /// Looks in the root of an image over the base.
    fn in_root(&self, sight: &Sight, asked: &Asked) -> Answer<Reached> {
        let root = self.catalog.root(sight.image.as_ref());
        self.in_folder(sight, &root, asked)
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
        let found = found.map(|found| self.reached(found, sight, way, &end, asked));
        match end.view.is_live() && !linked {
            true => Answer {
                found,
                belief: Belief::UntilChanged,
            },
            false => Answer::briefly(found),
        }
    }

    /// What only the base has is one place for all clients.
    fn reached(
        &self,
        found: view::Found,
        sight: &Sight,
        way: &Arc<Way>,
        end: &End,
        asked: &Asked,
    ) -> Reached {
        match found {
            view::Found::File(item, origin) => {
                let attributes = Attributes::of_file(&item.hit.look.stat);
                let image = sight.only(origin).image;
                (Place::File(FilePlace::new(image, item)), attributes)
            }
            view::Found::Folder(folder, item) => {
                let stat = item.map(|item| item.hit.look.stat);
                let attributes = Attributes::of_folder(stat.as_ref(), &self.catalog);
                let sight = sight.only(folder.origin());
                let way = way.on_to(asked).ending_at(&end.below(folder, stat));
                (Place::Folder(sight, Arc::new(way)), attributes)
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
                let listed = self.list_root(&Sight::over_base(image), &[IMAGES])?;
                Ok(self.with_own_folder(address, listed))
            }
            Place::Folder(sight, way) => self.list_folder(sight, way),
            Place::File(_) => Err(Error::NotFolder),
        }
    }

    fn with_own_folder(&self, address: &Address, mut listed: Vec<Entry>) -> Vec<Entry> {
        let own = self.list_folder(&Sight::over_base(None), &own_folder(address));
        let seen: BTreeSet<_> = listed.iter().map(|entry| name::fold(&entry.name)).collect();
        let own = own.unwrap_or_default().into_iter();
        listed.extend(own.filter(|entry| !seen.contains(&name::fold(&entry.name))));
        listed.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        listed
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

/// The folder of the base that dnsmasq takes for this client, as it writes its name.
fn own_folder(address: &Address) -> Arc<Way> {
    let name = address.to_string();
    Arc::new(Arc::<Way>::default().on_to(&Asked::new(name.as_bytes())))
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
        (Err(one), Err(other)) => one.is_absence() && other.is_absence(),
        _ => false,
    }
}
