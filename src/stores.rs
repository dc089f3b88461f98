//! The boot configuration that a client gets: the image's own where that boots it, the own
//! one completed where it lacks something, else one that is made.
//!
//! Boot managers for the BIOS and for UEFI read the same `\Boot\BCD` and need different
//! stores; and over PXE one for UEFI must find in it the name of the file that it is. So
//! what is behind a name follows from the program that the client booted. All is found out
//! when somebody asks, from the image as it is then: nothing is kept, and nothing written.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `own` | the stores that the image has |
//! | `judged` | whether one starts anything |
//! | `plan` | what a made one is to say |
//! | [`made`] | stores that are on no disk, as a source |

mod judged;
pub mod made;
mod own;
mod plan;

use std::fmt;
use std::sync::Arc;

use crate::bcd::{Completed, Store, Tftp, Wants, complete, make};
use crate::config::{BcdSpec, ImageName, ImageSpec, StoreSource};
use crate::error::Error;
use crate::image::{Found, Image, Item};
use crate::name::{Asked, Folded, fold, parts};
use crate::program::{Firmware, Program};
use judged::There;
use made::Made;
use own::{Own, Shelf};

/// The boot configurations of an image.
#[derive(Debug)]
pub struct Stores {
    image: ImageName,
    files: Arc<Image>,
    /// What lies beneath the image in the view of its clients.
    base: Option<Arc<Image>>,
    shelf: Shelf,
    bcd: BcdSpec,
    /// The names that the operator gave something else, or nothing.
    by_hand: Vec<Vec<Folded>>,
}

/// A name under which boot managers look for their store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreName {
    /// Of everybody over TFTP.
    Boot,
    /// Of UEFI under iPXE, of UEFI over HTTP if the program is at the root, and of most
    /// scripts for wimboot.
    Root,
    /// Of UEFI over HTTP, and of Windows 7 for UEFI: of no BIOS.
    Efi,
}

/// What a client gets.
#[derive(Debug)]
pub struct Chosen {
    /// The store.
    pub content: Content,
    /// Why this one.
    pub why: Why,
}

/// A store.
#[derive(Debug)]
pub enum Content {
    /// A file of the image, as it is.
    Own(Item),
    /// One that is on no disk.
    Made(Made),
}

/// Why a client gets this store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Whose boot manager it is for.
    pub firmware: Firmware,
    /// Whether that is known of the client, or only guessed from the image.
    pub is_known: bool,
    /// What was done.
    pub done: Done,
}

/// What was done for a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Nothing: the image's own is right.
    AsItIs,
    /// Nothing: the image's own cannot be understood, for this reason.
    NotUnderstood(String),
    /// These things were added to the own one at this path.
    Completed(String, Vec<String>),
    /// It was made, for these boot images.
    Made(Vec<String>),
    /// The same, because the image's own starts nothing, for this reason.
    MadeInstead(Vec<String>, String),
}

impl StoreName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Boot, Self::Root, Self::Efi];

    /// The name, from the root of an image on.
    pub fn path(self) -> &'static str {
        match self {
            Self::Boot => "Boot/BCD",
            Self::Root => "BCD",
            Self::Efi => "EFI/Microsoft/Boot/BCD",
        }
    }

    /// The name that is asked for at the end of a way, if it is one of these.
    pub fn of<'a>(way: impl FnOnce() -> Vec<&'a Asked>, asked: &'a Asked) -> Option<Self> {
        // Asked of every name that anybody looks up.
        if asked.folded.as_bytes() != b"bcd" {
            return None;
        }
        let parts = way().into_iter().chain([asked]).map(|part| &part.folded);
        let mut all = Self::ALL.into_iter();
        all.find(|name| folded(name.path()).iter().eq(parts.clone()))
    }
}

impl Stores {
    /// Those of an image with these files over this base; none where the image's own are to
    /// stay as they are.
    pub fn new(spec: &ImageSpec, files: Arc<Image>, base: Option<Arc<Image>>) -> Option<Self> {
        let aliases = spec.aliases.iter().map(|alias| &alias.value);
        let stores = Self {
            image: spec.name.value.clone(),
            by_hand: aliases.map(|alias| folded(&alias.name)).collect(),
            bcd: spec.bcd.clone(),
            shelf: Shelf::default(),
            files,
            base,
        };
        (spec.bcd.source != StoreSource::Image).then_some(stores)
    }

    /// The store behind a name for a client that booted this program; `found` is what the
    /// image has there. None if there is neither one nor anything to make it from.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn choose(
        &self,
        name: StoreName,
        found: Option<Item>,
        booted: Option<&Program>,
    ) -> Result<Option<Chosen>, Error> {
        let is_by_hand = self.by_hand.contains(&folded(name.path()));
        let own = match is_by_hand {
            true => found
                .map(|found| self.shelf.own(found))
                .into_iter()
                .collect(),
            false => own::all(&self.files, &self.shelf, found)?,
        };
        let for_whom = self.for_whom(name, booted, &own);
        let is_made = self.bcd.source == StoreSource::Made || !self.bcd.wims.is_empty();
        let made = match !is_by_hand && (is_made || own.is_empty()) {
            true => self.make(&for_whom)?,
            false => None,
        };
        if made.is_some() {
            return Ok(made);
        }
        let Some(best) = self.best_of(own, name, &for_whom) else {
            return Ok(None);
        };
        let made = match best.hopeless {
            Some(why) if !is_by_hand => self.make_instead(name, &for_whom, why)?,
            _ => None,
        };
        Ok(Some(made.unwrap_or(best.chosen)))
    }

    /// Under which names there is a store for somebody, without looking into any.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn there(&self) -> Result<[bool; 3], Error> {
        let has_any = own::is_any(&self.files)? || plan::is_any(self)?;
        let mut there = [has_any; 3];
        for (there, name) in there.iter_mut().zip(StoreName::ALL) {
            if self.by_hand.contains(&folded(name.path())) {
                *there = self.found(name)?.is_some();
            }
        }
        Ok(there)
    }

    /// The store that boots this client, and of several the one that needs least for it. One
    /// that is not understood may be right all the same, and stays where it is.
    fn best_of(&self, own: Vec<Own>, name: StoreName, for_whom: &ForWhom) -> Option<Best> {
        let route = judged::route(name, for_whom.firmware);
        let completed = own.iter().filter_map(|own| {
            let completed = self.complete((*own.store).as_ref().ok()?, for_whom);
            let fault = judged::fault(&completed.store, route, &There::These(self));
            Some((own, completed, fault))
        });
        let best = completed.min_by_key(|(_, completed, fault)| {
            let is_faulty = fault.is_some();
            (is_faulty, completed.added.len())
        });
        if let Some((own, completed, fault)) = best {
            let is_faulty_anyway = || judged::fault(&completed.store, route, &There::Every);
            // What Windows keeps for its own media was chosen by nobody here.
            let hopeless = match own.is_stock() {
                true => fault,
                false => fault.and_then(|_| is_faulty_anyway()),
            };
            let chosen = match completed.added.as_slice() {
                [] => for_whom.chosen(Content::Own(own.item.clone()), Done::AsItIs),
                _ => self.completed(own, completed, for_whom),
            };
            return Some(Best { chosen, hopeless });
        }
        own.into_iter().next().map(|own| {
            let why = (*own.store).as_ref().err().cloned().unwrap_or_default();
            Best {
                chosen: for_whom.chosen(Content::Own(own.item), Done::NotUnderstood(why)),
                hopeless: None,
            }
        })
    }

    /// One that is made because the image's own starts nothing; none if there is nothing to make
    /// it from, or it would start nothing either.
    fn make_instead(
        &self,
        name: StoreName,
        for_whom: &ForWhom,
        why: String,
    ) -> Result<Option<Chosen>, Error> {
        let route = judged::route(name, for_whom.firmware);
        let starts = |(store, _, _): &Built| judged::fault(store, route, &There::Every).is_none();
        let built = self.build(for_whom)?.filter(starts);
        Ok(built.map(|(store, modified, wims)| {
            let made = Made::new(&store, modified);
            for_whom.chosen(Content::Made(made), Done::MadeInstead(wims, why))
        }))
    }

    /// What holds where nothing is said is no reason to touch a store that boots without.
    fn complete(&self, store: &Store, for_whom: &ForWhom) -> Completed {
        let wants = Wants {
            firmware: for_whom.firmware,
            program: plan::program(self, for_whom.booted.as_ref(), Some(store)),
            tftp: self.tftp(),
            usual_tftp: Tftp::default(),
            timeout: self.bcd.timeout,
        };
        let is_file = |path: &str| self.is_file(path);
        let completed = complete(store, &wants, &is_file);
        if completed.added.is_empty() {
            return completed;
        }
        let usual_tftp = plan::USUAL_TFTP;
        complete(
            store,
            &Wants {
                usual_tftp,
                ..wants
            },
            &is_file,
        )
    }

    fn completed(&self, own: &Own, completed: Completed, for_whom: &ForWhom) -> Chosen {
        let done = Done::Completed(own.path.clone(), completed.added);
        let made = Made::new(&completed.store, own.item.hit.look.stat.version.modified);
        for_whom.chosen(Content::Made(made), done)
    }

    fn make(&self, for_whom: &ForWhom) -> Result<Option<Chosen>, Error> {
        Ok(self.build(for_whom)?.map(|(store, modified, wims)| {
            let made = Made::new(&store, modified);
            for_whom.chosen(Content::Made(made), Done::Made(wims))
        }))
    }

    fn build(&self, for_whom: &ForWhom) -> Result<Option<Built>, Error> {
        let wims = plan::wims(self)?;
        let Some(modified) = wims.iter().map(|wim| wim.modified).max() else {
            return Ok(None);
        };
        let plan = plan::plan(self, &wims, for_whom.firmware, for_whom.booted.as_ref());
        let names = wims.into_iter().map(|wim| wim.path).collect();
        Ok(Some((make(&plan), modified, names)))
    }

    fn tftp(&self) -> Tftp {
        Tftp {
            block_size: self.bcd.tftp_block_size,
            window_size: self.bcd.tftp_window_size,
        }
    }

    /// For whose boot manager it is to be: what the client booted; where that is not known,
    /// what the name and the image are for.
    fn for_whom(&self, name: StoreName, booted: Option<&Program>, own: &[Own]) -> ForWhom {
        let known =
            booted.filter(|booted| name != StoreName::Efi || booted.firmware == Firmware::Uefi);
        let guess = || match name {
            StoreName::Efi => Firmware::Uefi,
            StoreName::Boot | StoreName::Root => own
                .iter()
                .find_map(Own::firmware)
                .unwrap_or_else(|| plan::firmware(self)),
        };
        ForWhom {
            firmware: known.map_or_else(guess, |known| known.firmware),
            is_known: known.is_some(),
            booted: known.cloned(),
        }
    }

    /// What the image has under a name.
    fn found(&self, name: StoreName) -> Result<Option<Item>, Error> {
        own::item(&self.files, name.path())
    }

    /// Whether a client of this image gets a file for a path, as stores write it.
    fn is_file(&self, path: &str) -> bool {
        self.file(path).is_some()
    }

    fn file(&self, path: &str) -> Option<Item> {
        let parts = parts(path.as_bytes()).ok()?;
        let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
        let below_image = match parts.as_slice() {
            [images, image, rest @ ..] if self.is_own_folder(images, image) => rest,
            all => all,
        };
        let in_image = at(&self.files, below_image).ok().flatten();
        let base = self.base.as_ref().filter(|_| in_image.is_none());
        in_image.or_else(|| at(base?, &parts).ok().flatten())
    }

    fn is_own_folder(&self, images: &Asked, image: &Asked) -> bool {
        images.folded.as_bytes() == b"images" && image.folded == self.image.folded()
    }
}

/// A store that starts boot images, as old as the youngest of them, and their names.
type Built = (Store, i64, Vec<String>);

/// The best of an image's own stores.
struct Best {
    chosen: Chosen,
    /// Why it starts nothing; none if it may, or if only a file is missing that somebody has
    /// named.
    hopeless: Option<String>,
}

/// Who is to read a store.
#[derive(Debug)]
struct ForWhom {
    firmware: Firmware,
    is_known: bool,
    booted: Option<Program>,
}

impl ForWhom {
    fn chosen(&self, content: Content, done: Done) -> Chosen {
        let (firmware, is_known) = (self.firmware, self.is_known);
        let why = Why {
            firmware,
            is_known,
            done,
        };
        Chosen { content, why }
    }
}

impl Why {
    /// Whether this store is on no disk.
    pub fn is_made(&self) -> bool {
        !matches!(self.done, Done::AsItIs | Done::NotUnderstood(_))
    }

    /// Whether no store of the image went into it.
    pub fn is_all_made(&self) -> bool {
        matches!(self.done, Done::Made(_) | Done::MadeInstead(..))
    }

    /// Whether another client might get another store under this name.
    pub fn depends_on_client(&self) -> bool {
        !matches!(self.done, Done::NotUnderstood(_))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, firmware) = (&self.done, self.firmware);
        match (done, self.is_known) {
            (Done::NotUnderstood(_), _) => write!(out, "{done}"),
            (_, true) => write!(out, "{done}; for {firmware}, which this client booted"),
            (_, false) => write!(
                out,
                "{done}; for {firmware}, as nothing is known of the client"
            ),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsItIs => write!(out, "the image's own, as it is"),
            Self::NotUnderstood(why) => write!(out, "the image's own, as it is: it {why}"),
            Self::Completed(path, added) => {
                write!(out, "the image's own {path}, with {}", added.join(", "))
            }
            Self::Made(wims) => write!(out, "made to start {}", wims.join(", ")),
            Self::MadeInstead(wims, why) => write!(
                out,
                "made to start {}, for the image's own starts nothing: {why}",
                wims.join(", ")
            ),
        }
    }
}

/// The file at the end of a path of an image.
fn at(image: &Image, path: &[Asked]) -> Result<Option<Item>, Error> {
    let Some((last, way)) = path.split_last() else {
        return Ok(None);
    };
    let mut folder = image.root();
    for part in way {
        folder = match image.find(&folder, part) {
            Ok(Found::Folder(folder, _)) => folder,
            Ok(Found::File(_)) => return Ok(None),
            Err(error) if error.is_absence() => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    match image.find(&folder, last) {
        Ok(Found::File(item)) => Ok(Some(item)),
        Ok(Found::Folder(..)) => Ok(None),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(error),
    }
}

fn folded(path: &str) -> Vec<Folded> {
    let parts = parts(path.as_bytes()).unwrap_or_default();
    parts.into_iter().map(fold).collect()
}
