//! One request on its way from place to place, through one catalog. `resolve` walks the
//! same way.

use std::sync::Arc;

use super::place::{Attributes, CLIENTS, FilePlace, IMAGES, Place, Sight};
use super::who::{Asking, Who};
use crate::address::Address;
use crate::boots::Boots;
use crate::catalog::Catalog;
use crate::choice::Decision;
use crate::client::Client;
use crate::error::Error;
use crate::image::Item;
use crate::journal::part;
use crate::name::{self, Asked, Folded, is_separator};
use crate::openings::BootProgram;
use crate::program::{self, Firmware, Program};
use crate::stores::{StoreName, Why};
use crate::view::{self, Origin};
use crate::way::{End, Way};

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
    pub(super) catalog: Arc<Catalog>,
    pub(super) who: Who<'a>,
}

impl std::fmt::Debug for Walker<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Walker").finish_non_exhaustive()
    }
}

impl<'a> Walker<'a> {
    /// A walk for one request.
    pub fn new(catalog: Arc<Catalog>, boots: &'a Boots, asking: &'a dyn Asking) -> Self {
        let who = Who {
            catalog: catalog.clone(),
            boots,
            asking,
        };
        Self { catalog, who }
    }

    /// What an address is known by, at present.
    pub fn client(&self, address: &Address) -> Client {
        self.who.client(address)
    }

    /// All that would decide for a client, the first of them does.
    pub fn decisions(&self, client: &Client) -> Vec<Decision> {
        let booted = self.who.booted(client);
        let wall = self.who.asking.now().wall;
        let choice = self.catalog.choice();
        choice.candidates(client, booted.as_ref(), wall).collect()
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
            Place::Images(client) => self.image(*client, asked),
            Place::Clients => self.client_folder(asked),
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

    fn always_or_never(&self, place: Option<Place>) -> Answer<Reached> {
        match place {
            Some(place) => self.always(place),
            None => Answer {
                found: Err(Error::NotFound),
                belief: Belief::UntilChanged,
            },
        }
    }

    fn image(&self, client: Option<Address>, asked: &Asked) -> Answer<Reached> {
        let image = self.catalog.image(&asked.folded);
        let sight = image.map(|(name, _)| Sight::of_image(name.clone()).in_folder_of(client));
        self.always_or_never(sight.map(Place::root_of))
    }

    fn client_folder(&self, asked: &Asked) -> Answer<Reached> {
        self.always_or_never(Address::parse(&asked.spelled).map(Place::Client))
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
            name if name == IMAGES.as_bytes() => Some(Place::Images(None)),
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
        let answer = self.who.sights().and_then(|sights| {
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

    fn below_client(&self, address: &Address, asked: &Asked) -> Answer<Reached> {
        if asked.folded.as_bytes() == IMAGES.as_bytes() {
            return self.always(Place::Images(Some(*address)));
        }
        let answer = self.in_root(&self.sight_of(address), asked);
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

    /// What the client at an address looks at.
    pub(super) fn sight_of(&self, address: &Address) -> Sight {
        Sight::over_base(self.who.decide(address).image).in_folder_of(Some(*address))
    }

    /// What a client has in a folder of the base that is named after it: dnsmasq looked
    /// there before we came, and other computers may still boot from theirs.
    fn in_own_folder(&self, address: &Address, asked: &Asked) -> Option<Answer<Reached>> {
        let sight = Sight::over_base(None).in_folder_of(Some(*address));
        let answer = self.in_folder(&sight, &own_folder(address), asked);
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
        let (found, why) = match self.store(&found, sight, way, asked) {
            Ok(Some((store, why))) => (Ok(view::Found::File(store, Origin::Image)), Some(why)),
            Ok(None) => (found, None),
            Err(error) => (Err(error), None),
        };
        let linked = match &found {
            Ok(view::Found::File(item, _)) => item.hit.linked,
            Ok(view::Found::Folder(folder, _)) => folder.is_linked(),
            Err(_) => end.view.holds_links(),
        };
        let found = found.and_then(|found| self.reached(found, sight, way, &end, asked));
        let found = found.map(|(place, attributes)| (place.chosen_as_store(why), attributes));
        let belief = match &found {
            Ok((Place::File(file), _)) if file.depends_on_client() => Belief::Never,
            Err(Error::Undecided) => Belief::Never,
            // That a boot lacks it is to be seen each time, and it is asked for once or twice.
            Err(_) if part::is_needed(&asked.folded) => Belief::Never,
            _ if end.view.is_live() && !linked => Belief::UntilChanged,
            _ => Belief::Briefly,
        };
        Answer { found, belief }
    }

    /// The boot configuration that whoever asks gets from an image, if that is what is asked for.
    fn store(
        &self,
        found: &Result<view::Found, Error>,
        sight: &Sight,
        way: &Way,
        asked: &Asked,
    ) -> Result<Option<(Item, Why)>, Error> {
        let stores = sight.image.as_ref();
        let stores = stores.and_then(|image| self.catalog.stores(image));
        let (Some(stores), Some(name)) = (stores, StoreName::of(|| way.from_root(), asked)) else {
            return Ok(None);
        };
        let booted = self.who.program(sight.client.as_ref())?;
        let found = match found {
            Ok(view::Found::File(item, Origin::Image)) => Some(item.clone()),
            _ => None,
        };
        stores.find(name, found, booted.as_ref())
    }

    /// A file with what depends on the client that opens it under this name.
    fn for_client(
        &self,
        file: FilePlace,
        sight: &Sight,
        way: &Way,
        asked: &Asked,
    ) -> Result<FilePlace, Error> {
        let stored = file.stored_name();
        let firmware = program::firmware(&asked.folded).or_else(|| program::firmware(&stored));
        let program = firmware.map(|firmware| named(firmware, sight, way, asked));
        let program = program.map(|program| self.program(program, sight));
        let program = program.transpose()?;
        let is_wim = |name: &Folded| name.as_bytes().ends_with(b".wim");
        let may_end =
            self.catalog.choice().has_once() && (is_wim(&asked.folded) || is_wim(&stored));
        let rule = may_end
            .then(|| self.who.once(sight.client.as_ref()))
            .flatten();
        let rule = rule.filter(|rule| file.image.as_ref() == Some(rule.image()));
        Ok(file.booting(program).once(rule))
    }

    /// Who chooses must be known before the program is served: it would run, and be given
    /// another image.
    fn program(&self, program: Program, sight: &Sight) -> Result<BootProgram, Error> {
        let image = sight.chooses();
        let client = match (sight.client, &image) {
            (None, Some(_)) => self.who.chooser()?,
            (client, _) => client,
        };
        Ok(BootProgram {
            program,
            image,
            client,
        })
    }

    /// What only the base has is one place for all clients.
    fn reached(
        &self,
        found: view::Found,
        sight: &Sight,
        way: &Arc<Way>,
        end: &End,
        asked: &Asked,
    ) -> Result<Reached, Error> {
        Ok(match found {
            view::Found::File(item, origin) => {
                let attributes = Attributes::of_file(&item.hit.look.stat);
                let image = sight.only(origin).image;
                let file = FilePlace::new(image, item);
                let file = self.for_client(file, sight, way, asked)?;
                (Place::File(file), attributes)
            }
            view::Found::Folder(folder, item) => {
                let stat = item.map(|item| item.hit.look.stat);
                let attributes = Attributes::of_folder(stat.as_ref(), &self.catalog);
                let sight = sight.only(folder.origin());
                let way = way.on_to(asked).ending_at(&end.below(folder, stat));
                (Place::Folder(sight, Arc::new(way)), attributes)
            }
        })
    }
}

/// A boot program with its name from the root that its client sees.
fn named(firmware: Firmware, sight: &Sight, way: &Way, asked: &Asked) -> Program {
    let below = way.from_root();
    let image = sight.chooses();
    let above: Vec<Asked> = match &image {
        Some(image) => [IMAGES, image]
            .map(|part| Asked::new(part.as_bytes()))
            .into(),
        None => Vec::new(),
    };
    // What a client has in a folder of the base named after it, it asks for without that.
    let own = sight.client.map(|address| own_folder(&address));
    let own = own.is_some_and(|own| sight.image.is_none() && below.starts_with(&own.from_root()));
    let parts = above.iter().chain(below.into_iter().skip(usize::from(own)));
    Program::named(firmware, parts.chain([asked]))
}

/// The folder of the base that dnsmasq takes for this client, as it writes its name.
pub(super) fn own_folder(address: &Address) -> Arc<Way> {
    let name = address.to_string();
    Arc::new(Arc::<Way>::default().on_to(&Asked::new(name.as_bytes())))
}

/// Whether two answers are one: the same place, or both that there is none.
fn is_same(one: &Result<Reached, Error>, other: &Result<Reached, Error>) -> bool {
    match (one, other) {
        (Ok((one, _)), Ok((other, _))) => one == other,
        (Err(one), Err(other)) => one.is_absence() && other.is_absence(),
        _ => false,
    }
}
