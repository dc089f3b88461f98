//! Places: what the numbers of the kernel stand for, written in names.
//!
//! Not in objects of a catalog: a number that a server holds for days (it did `chroot`
//! into it) follows every change of the configuration.

use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::address::Address;
use crate::catalog::Catalog;
use crate::choice::Ruling;
use crate::config::ImageName;
use crate::config::dropped::Stamp;
use crate::error::Error;
use crate::image::Item;
use crate::journal::entry::File;
use crate::layer::Layer;
use crate::name::{Folded, fold};
use crate::nodes;
use crate::openings::BootProgram;
use crate::source::{Hold, ReadAt, Stat, StoredPath, Version};
use crate::stores::Why;
use crate::view::Origin;
use crate::way::{End, Way};

/// The folder of all images, in the root and in every client's view.
pub const IMAGES: &str = "images";

/// The folder of all clients, in the root.
pub const CLIENTS: &str = "clients";

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The view of whoever asks.
    Caller,
    /// The images by name; in the view of a client, for it.
    Images(Option<Address>),
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
    /// The client in whose folder this is.
    pub client: Option<Address>,
}

/// A file of one version. The kernel may hold a number for each of tens of thousands: what is
/// there for a moment only is small when it is not.
#[derive(Debug, Clone)]
pub struct FilePlace {
    /// The image through which it was found; none for a file of the base.
    pub image: Option<ImageName>,
    layer: Arc<Layer>,
    path: StoredPath,
    stat: Stat,
    /// As it was looked at; taken away before the kernel gets a number for it.
    pub(super) hold: Option<Arc<dyn Hold>>,
    /// What opening it tells; taken away likewise.
    pub(super) program: Option<Box<BootProgram>>,
    /// The rule that ends once this file was read whole.
    once: Option<Arc<Ruling>>,
    /// Why this boot configuration, if it is one; taken away likewise.
    pub(super) store: Option<Box<Why>>,
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

/// The file of a rule that ends, and the state of that file.
type Ending<'a> = (&'a Path, Stamp);

impl FilePlace {
    pub(super) fn new(image: Option<ImageName>, item: Item) -> Self {
        Self {
            image,
            layer: item.layer,
            path: item.hit.path,
            stat: item.hit.look.stat,
            hold: Some(item.hit.look.hold),
            program: None,
            once: None,
            store: None,
            aliased: item.aliased,
        }
    }

    /// The same file, as the boot program that it is.
    pub(super) fn booting(self, program: Option<BootProgram>) -> Self {
        let program = program.map(Box::new);
        Self { program, ..self }
    }

    /// The same file for the one client whose rule ends with it.
    pub(super) fn once(self, once: Option<Arc<Ruling>>) -> Self {
        Self { once, ..self }
    }

    /// The same file as the boot configuration that it is, chosen for this reason.
    pub(super) fn chosen_as_store(self, why: Option<Why>) -> Self {
        let store = why.map(Box::new);
        Self { store, ..self }
    }

    /// Why the client gets this boot configuration, if it is one.
    pub fn why(&self) -> Option<&Why> {
        self.store.as_deref()
    }

    /// Whether the name leads elsewhere, or means something else, for another client.
    pub(super) fn depends_on_client(&self) -> bool {
        self.program.is_some()
            || self.once.is_some()
            || self.store.as_deref().is_some_and(Why::depends_on_client)
    }

    /// The last part of its stored path, as it is compared.
    pub(super) fn stored_name(&self) -> Folded {
        let path = self.path.as_bytes();
        fold(path.rsplit(|byte| *byte == b'/').next().unwrap_or(path))
    }

    /// The rule that ends once this was read whole, and how many bytes that is.
    pub(super) fn ends(&self) -> Option<(&Arc<Ruling>, u64)> {
        let size = self.stat.version.size;
        self.once.as_ref().map(|ruling| (ruling, size))
    }

    /// The source that has it, as the operator calls it.
    pub fn source(&self) -> String {
        self.layer.source().label()
    }

    /// Where in the source it is.
    pub fn path(&self) -> &StoredPath {
        &self.path
    }

    /// The same for the boot journal; how it was made, if it is on no disk.
    pub fn as_file(&self, made: Option<String>) -> File {
        File {
            image: self.image.clone(),
            source: self.source().into(),
            path: self.path.as_bytes().into(),
            size: self.stat.version.size,
            made: made.map(String::into),
        }
    }

    /// Opens it, if it still is this version.
    ///
    /// # Errors
    /// [`Error::Replaced`], or those of the source.
    pub fn open(&self) -> Result<Box<dyn ReadAt>, Error> {
        let look = self.layer.source().look(&self.path)?;
        Ok(look.open(&self.stat.version)?)
    }

    fn identity(&self) -> (&Option<ImageName>, &StoredPath, Version, Option<Ending<'_>>) {
        let once = self.once.as_ref();
        let once = once.map(|ruling| (&*ruling.file, ruling.state));
        (&self.image, &self.path, self.stat.version, once)
    }
}

/// By image, path and version. A layer is told by the version, which names the device; a
/// client whose rule ends with the file has a number of its own for it, and another one when
/// it gets such a rule again: what it has read before is then of no account, and what the
/// kernel has kept of it would be read without us.
impl PartialEq for FilePlace {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for FilePlace {}

impl Hash for FilePlace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl nodes::Place for Place {
    fn is_one_for_all(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl Place {
    /// The same place; a file is the boot configuration that was chosen for this reason.
    pub(super) fn chosen_as_store(self, why: Option<Why>) -> Self {
        match self {
            Self::File(file) => Self::File(file.chosen_as_store(why)),
            other => other,
        }
    }

    pub(super) fn root_of(sight: Sight) -> Self {
        Self::Folder(sight, Arc::default())
    }

    /// The client in whose folder it is.
    pub fn client(&self) -> Option<Address> {
        match self {
            Self::Client(address) => Some(*address),
            Self::Images(client) => *client,
            Self::Folder(sight, _) => sight.client,
            Self::Caller | Self::Clients | Self::File(_) => None,
        }
    }

    /// A name in this place, from the root on that its client sees: as the client asked for
    /// it, but for what the kernel makes of separators.
    pub fn full_name(&self, name: &[u8]) -> Box<[u8]> {
        let mut full = match self {
            Self::Caller | Self::Client(_) | Self::File(_) => Vec::new(),
            Self::Images(_) => [IMAGES.as_bytes(), b"/"].concat(),
            Self::Clients => [CLIENTS.as_bytes(), b"/"].concat(),
            Self::Folder(sight, way) => sight.path(way),
        };
        full.extend_from_slice(name);
        full.into()
    }

    /// Whether an image has it, not the base alone.
    pub(super) fn is_of_an_image(&self) -> bool {
        match self {
            Self::File(file) => file.image.is_some(),
            Self::Folder(sight, _) => sight.image.is_some(),
            Self::Caller | Self::Images(_) | Self::Clients | Self::Client(_) => false,
        }
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
            Self::Caller | Self::Images(_) | Self::Clients | Self::Client(_) => {
                Ok(Attributes::of_folder(None, catalog))
            }
        }
    }
}

impl Sight {
    /// An image, or nothing, over the base.
    pub fn over_base(image: Option<ImageName>) -> Self {
        Self {
            image,
            over_base: true,
            client: None,
        }
    }

    /// An image alone.
    pub fn of_image(image: ImageName) -> Self {
        Self {
            image: Some(image),
            over_base: false,
            client: None,
        }
    }

    /// The same in the folder of a client.
    pub fn in_folder_of(self, client: Option<Address>) -> Self {
        Self { client, ..self }
    }

    /// The image that a boot program opened here chooses.
    pub(super) fn chooses(&self) -> Option<ImageName> {
        self.image.clone().filter(|_| !self.over_base)
    }

    /// The way to a folder from the root that the client sees, with a `/` at its end.
    fn path(&self, way: &Way) -> Vec<u8> {
        let below = way.from_root().into_iter().map(|part| &*part.spelled);
        let image = self.image.as_ref().filter(|_| !self.over_base);
        let images = image.map(|image| [IMAGES.as_bytes(), image.as_bytes()]);
        let own = self.client.map(|client| client.to_string());
        let is_own = |part: &&[u8]| own.as_deref().is_some_and(|own| own.as_bytes() == *part);
        // What a client has in a folder of the base named after it, it asks for without that.
        let skipped =
            usize::from(self.image.is_none() && below.clone().take(1).any(|part| is_own(&part)));
        let parts = images.into_iter().flatten().chain(below.skip(skipped));
        parts
            .flat_map(|part| [part, b"/"])
            .flatten()
            .copied()
            .collect()
    }

    pub(super) fn only(&self, origin: Origin) -> Self {
        match origin {
            Origin::Image => self.clone(),
            Origin::Base => Self::over_base(None).in_folder_of(self.client),
        }
    }

    pub(super) fn end(&self, way: &Way, catalog: &Catalog) -> Result<Arc<End>, Error> {
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

    pub(super) fn of_file(stat: &Stat) -> Self {
        Self {
            is_folder: false,
            size: stat.version.size,
            modified: stat.modified(),
        }
    }

    pub(super) fn of_folder(stored: Option<&Stat>, catalog: &Catalog) -> Self {
        Self {
            is_folder: true,
            size: 0,
            modified: stored.map_or(catalog.since(), Stat::modified),
        }
    }
}
