//! One image: its layers and its aliases as one tree of folded names.
//!
//! A folder of an image may lie in several layers at once. A [`Folder`] lists all these
//! spots: the first that has a name wins, and folders of one name become one folder.
//! Aliases lie below all layers, so a real file always wins over an alias.
//!
//! The base, the files that were on the server before, is the same type without aliases.

use std::sync::Arc;

use crate::alias::{self, Alias, Aliases, Target};
use crate::error::Error;
use crate::index::FoldedFolder;
use crate::layer::{Hit, Layer};
use crate::name::{Asked, Folded, fold};
use crate::source::{Kind, StoredPath};

/// Layers and aliases.
#[derive(Debug)]
pub struct Image {
    layers: Vec<Arc<Layer>>,
    aliases: Arc<Aliases>,
}

/// A folder of an image: every stored folder of that name, in the order that counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Folder {
    spots: Vec<Spot>,
    /// The way here, as it is compared: aliases are written in ways.
    way: Vec<Folded>,
}

/// A folder of a layer.
#[derive(Debug, Clone)]
struct Spot {
    layer: Arc<Layer>,
    path: StoredPath,
    /// A symbolic link is on the way here.
    linked: bool,
}

impl PartialEq for Spot {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layer, &other.layer)
            && self.path == other.path
            && self.linked == other.linked
    }
}

/// A file or a stored folder of an image.
#[derive(Debug, Clone)]
pub struct Item {
    /// The layer that has it.
    pub layer: Arc<Layer>,
    /// Where in the layer, and its attributes.
    pub hit: Hit,
    /// Whether an alias led to it.
    pub aliased: bool,
}

/// What a name is.
#[derive(Debug, Clone)]
pub enum Found {
    /// A file.
    File(Item),
    /// A folder, and its first stored one; a folder that only aliases make has none.
    Folder(Folder, Option<Item>),
}

/// One name of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name as stored, or as the table of aliases spells it.
    pub name: Box<[u8]>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl Image {
    /// An image over its layers, the first that has a name wins.
    pub fn new(layers: Vec<Arc<Layer>>, aliases: Arc<Aliases>) -> Self {
        Self { layers, aliases }
    }

    /// The layers, in their order.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// Whether every change below is told by an event.
    pub fn is_live(&self) -> bool {
        self.layers.iter().all(|layer| layer.is_live())
    }

    /// Whether links were seen, which may begin to lead somewhere without any event.
    pub fn holds_links(&self) -> bool {
        self.layers.iter().any(|layer| layer.holds_links())
    }

    /// The root folder.
    pub fn root(&self) -> Folder {
        let spot = |layer: &Arc<Layer>| Spot {
            layer: layer.clone(),
            path: StoredPath::root(),
            linked: false,
        };
        Folder {
            spots: self.layers.iter().map(spot).collect(),
            way: Vec::new(),
        }
    }

    /// What a name is in a folder of this image.
    ///
    /// # Errors
    /// [`Error::NotFound`], or those of the sources.
    pub fn find(&self, folder: &Folder, asked: &Asked) -> Result<Found, Error> {
        let mut gathered = Gathered::default();
        if let Some(file) = gathered.stored(folder, asked)? {
            return Ok(Found::File(file));
        }
        let alias = self
            .aliases
            .at(&folder.way)
            .and_then(|below| below.get(&asked.folded));
        let targets = match alias {
            Some(alias) => alias.targets(),
            None if gathered.is_empty() => self.beside(folder, asked)?,
            None => &[],
        };
        for target in targets {
            if let Some(file) = self.target(&mut gathered, target)? {
                return Ok(Found::File(file));
            }
        }
        if gathered.is_empty() && !self.leads_anywhere(alias)? {
            return Err(Error::NotFound);
        }
        Ok(gathered.into_folder(&folder.way, asked))
    }

    /// The names in a folder, sorted; each of them can be found.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn list(&self, folder: &Folder) -> Result<Vec<Listed>, Error> {
        let stored = folder.stored()?;
        let mut listed = list_stored(&stored);
        let below = self.aliases.at(&folder.way);
        let aliases = below.into_iter().flat_map(Alias::below).map(Alias::name);
        let boot_manager = alias::BOOT_MANAGER.as_bytes();
        let beside = below.is_none_or(|below| below.get(&fold(boot_manager)).is_none());
        for name in aliases.chain(beside.then_some(boot_manager)) {
            let asked = Asked::new(name);
            if stored.iter().any(|stored| stored.shows(&asked.folded)) {
                continue;
            }
            if let Some(is_folder) = self.is_folder(folder, &asked)? {
                let name = name.into();
                listed.push(Listed { name, is_folder });
            }
        }
        listed.sort_unstable();
        Ok(listed)
    }

    fn is_folder(&self, folder: &Folder, asked: &Asked) -> Result<Option<bool>, Error> {
        match self.find(folder, asked) {
            Ok(Found::File(_)) => Ok(Some(false)),
            Ok(Found::Folder(..)) => Ok(Some(true)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Follows an alias to what is stored there: the file, or one more folder gathered.
    fn target(&self, gathered: &mut Gathered, target: &Target) -> Result<Option<Item>, Error> {
        let Some((last, way)) = target.path().split_last() else {
            return Ok(None);
        };
        let mut folder = self.root();
        let may_be_in = |layer: &Layer| target.may_be_of(|| layer.source().machine());
        folder.spots.retain(|spot| may_be_in(&spot.layer));
        for asked in way {
            let mut step = Gathered::default();
            if step.stored(&folder, asked)?.is_some() || step.is_empty() {
                return Ok(None);
            }
            folder.spots = step.spots;
        }
        let file = gathered.stored(&folder, last)?;
        Ok(file.map(|file| Item {
            aliased: true,
            ..file
        }))
    }

    /// Whether an alias that has others below it would show at least one of them.
    fn leads_anywhere(&self, alias: Option<&Alias>) -> Result<bool, Error> {
        for below in alias.into_iter().flat_map(Alias::below) {
            let mut gathered = Gathered::default();
            for target in below.targets() {
                if self.target(&mut gathered, target)?.is_some() || !gathered.is_empty() {
                    return Ok(true);
                }
            }
            if self.leads_anywhere(Some(below))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where the boot manager is, when it is asked for beside a boot program that will
    /// look for it there: see [`alias::BOOT_MANAGER`].
    fn beside(&self, folder: &Folder, asked: &Asked) -> Result<&[Target], Error> {
        let alias = self.aliases.boot_manager(&asked.folded);
        let Some(alias) = alias.filter(|_| !folder.spots.is_empty()) else {
            return Ok(&[]);
        };
        for program in self.aliases.boot_programs() {
            if Gathered::default().stored(folder, program)?.is_some() {
                return Ok(alias.targets());
            }
        }
        Ok(&[])
    }
}

impl Folder {
    /// Whether a symbolic link is on the way to it: that may change without any event.
    pub fn is_linked(&self) -> bool {
        self.spots.iter().any(|spot| spot.linked)
    }

    /// The indexes of all its stored folders, in the order that counts.
    fn stored(&self) -> Result<Vec<Arc<FoldedFolder>>, Error> {
        let mut stored = Vec::with_capacity(self.spots.len());
        for spot in &self.spots {
            match spot.layer.folder(&spot.path) {
                Ok(folder) => stored.push(folder),
                Err(Error::NotFound | Error::NotFolder) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stored)
    }
}

/// All stored names with their kinds. Of several layers the first that has a name shows
/// it; within a layer every spelling is shown.
fn list_stored(stored: &[Arc<FoldedFolder>]) -> Vec<Listed> {
    let mut listed = Vec::new();
    for (at, folder) in stored.iter().enumerate() {
        let (above, _) = stored.split_at(at);
        for (folded, entry) in folder.entries() {
            if !above.iter().any(|above| above.shows(folded)) {
                listed.push(Listed {
                    name: entry.name.clone(),
                    is_folder: entry.kind == Kind::Folder,
                });
            }
        }
    }
    listed
}

/// The stored folders of one name, while they are being found.
#[derive(Default)]
struct Gathered {
    spots: Vec<Spot>,
    first: Option<Item>,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// Adds every stored folder of that name, or returns the file that has it. A file
    /// below a folder of the same name is hidden by it.
    fn stored(&mut self, folder: &Folder, asked: &Asked) -> Result<Option<Item>, Error> {
        for spot in &folder.spots {
            let mut hit = match spot.layer.find(&spot.path, asked) {
                Ok(Some(hit)) => hit,
                Ok(None) | Err(Error::NotFound | Error::NotFolder) => continue,
                Err(error) => return Err(error),
            };
            hit.linked |= spot.linked;
            let item = Item {
                layer: spot.layer.clone(),
                hit,
                aliased: false,
            };
            match item.hit.look.stat.kind {
                Kind::Folder => self.add(item),
                Kind::File if self.is_empty() => return Ok(Some(item)),
                Kind::File => {}
            }
        }
        Ok(None)
    }

    fn add(&mut self, item: Item) {
        let known =
            |spot: &Spot| Arc::ptr_eq(&spot.layer, &item.layer) && spot.path == item.hit.path;
        if !self.spots.iter().any(known) {
            self.spots.push(Spot {
                layer: item.layer.clone(),
                path: item.hit.path.clone(),
                linked: item.hit.linked,
            });
            self.first.get_or_insert(item);
        }
    }

    fn into_folder(self, above: &[Folded], asked: &Asked) -> Found {
        let way = above.iter().chain([&asked.folded]).cloned().collect();
        let spots = self.spots;
        Found::Folder(Folder { spots, way }, self.first)
    }
}
