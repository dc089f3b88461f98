//! Stores that are on no disk, as a source of their own.
//!
//! Made anew each time somebody looks, always the same from the same image: so a number that
//! the kernel holds needs to remember no more than for whom the store is, and that is its
//! path. `Boot/BCD` is what somebody of whom nothing is known gets, `Boot/BCD/UEFI/store` is
//! for UEFI, and what is between is where the boot manager came from.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Chosen, Content, StoreName, Stores, Why, own};
use crate::bcd::Store;
use crate::error::Error;
use crate::image::Item;
use crate::layer::{Hit, Layer, Watch};
use crate::program::{Firmware, Program};
use crate::source::{
    Entry, FolderHold, Hold, Identity, Kind, Listing, Look, ReadAt, Source, Stat, StoredPath,
    Version,
};

/// A store that was made.
#[derive(Debug, Clone)]
pub struct Made {
    bytes: Arc<[u8]>,
    modified: i64,
}

impl Made {
    /// The bytes of a store that is as old as what it was made from.
    pub(super) fn new(store: &Store, modified: i64) -> Self {
        let bytes = store.write().into();
        Self { bytes, modified }
    }

    /// The content is the identity: whoever gets the same bytes gets the same file.
    fn look(&self) -> Look {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        let identity = Identity {
            device: 0,
            inode: hasher.finish(),
        };
        let version = Version {
            identity,
            size: self.bytes.len() as u64,
            modified: self.modified,
            changed: self.modified,
        };
        let kind = Kind::File;
        Look {
            stat: Stat { kind, version },
            hold: Arc::new(self.clone()),
        }
    }
}

impl Hold for Made {
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        Ok(Box::new(self.clone()))
    }
}

impl ReadAt for Made {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        let (now, _) = buffer.split_at_mut(count);
        now.copy_from_slice(rest.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// The stores of an image, and a layer that has them as files. It lies under all others, so
/// that the names are there where the image has no store of its own.
#[derive(Debug, Clone)]
pub struct StoreLayer {
    stores: Arc<Stores>,
    layer: Arc<Layer>,
    there: Arc<There>,
}

/// Which of the stores there are, by [`StoreName::ALL`]: asked whenever anybody goes through
/// a folder that is on the way to one.
#[derive(Debug, Default)]
struct There(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    there: Option<[bool; 3]>,
    /// How often it was forgotten: what was found out before that is not kept after it.
    forgotten: u64,
}

impl StoreLayer {
    /// A layer for these stores.
    pub fn new(stores: Stores, watch: Arc<dyn Watch>) -> Self {
        let (stores, there) = (Arc::new(stores), Arc::<There>::default());
        let made = MadeStores {
            stores: stores.clone(),
            there: there.clone(),
        };
        Self {
            stores,
            layer: Arc::new(Layer::new(Box::new(made), watch)),
            there,
        }
    }

    /// What was found out so far is to be found out again.
    pub fn forget(&self) {
        self.there.forget();
        self.layer.forget_all();
    }

    /// The layer.
    pub fn layer(&self) -> &Arc<Layer> {
        &self.layer
    }

    /// The store behind a name for a client that booted this program, and why it is this one.
    /// `found` is what the image has there, this layer included.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn find(
        &self,
        name: StoreName,
        found: Option<Item>,
        booted: Option<&Program>,
    ) -> Result<Option<(Item, Why)>, Error> {
        // Where this layer answers, it may hide what an alias would have led to.
        let found = match found.filter(|found| !Arc::ptr_eq(&found.layer, &self.layer)) {
            None => self.stores.found(name)?,
            found => found,
        };
        let chosen = self.stores.choose(name, found, booted)?;
        Ok(chosen.map(|chosen| match chosen.content {
            Content::Own(item) => (item, chosen.why),
            Content::Made(made) => (self.item(&made, name, booted), chosen.why),
        }))
    }

    /// The bytes of that store, for somebody who asks without a mount.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn get(
        &self,
        name: StoreName,
        booted: Option<&Program>,
    ) -> Result<Option<(Vec<u8>, Why)>, Error> {
        let found = self.stores.found(name)?;
        let Some(chosen) = self.stores.choose(name, found, booted)? else {
            return Ok(None);
        };
        let bytes = match chosen.content {
            Content::Own(item) => own::bytes(&item)?,
            Content::Made(made) => made.bytes.to_vec(),
        };
        Ok(Some((bytes, chosen.why)))
    }

    fn item(&self, made: &Made, name: StoreName, booted: Option<&Program>) -> Item {
        let hit = Hit {
            path: path(name, booted),
            look: made.look(),
            linked: false,
        };
        Item {
            layer: self.layer.clone(),
            hit,
            aliased: false,
        }
    }
}

/// The stores of an image as files.
#[derive(Debug)]
struct MadeStores {
    stores: Arc<Stores>,
    there: Arc<There>,
}

impl There {
    fn forget(&self) {
        let mut known = self.known();
        known.there = None;
        known.forgotten += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MadeStores {
    /// The names of a folder, with what they are.
    fn names(&self, folder: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (name, is_there) in StoreName::ALL.into_iter().zip(self.there()) {
            let below = match folder {
                "" => Some(name.path()),
                _ => name
                    .path()
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(below) = below else { continue };
            let (first, kind) = match below.split_once('/') {
                Some((first, _)) => (first, Kind::Folder),
                None => (below, Kind::File),
            };
            if is_there && !entries.iter().any(|entry| &*entry.name == first.as_bytes()) {
                entries.push(Entry {
                    name: first.as_bytes().into(),
                    kind,
                    linked: false,
                });
            }
        }
        entries
    }

    fn choose(&self, name: StoreName, booted: Option<&Program>) -> Result<Option<Chosen>, Error> {
        let found = self.stores.found(name)?;
        self.stores.choose(name, found, booted)
    }

    fn there(&self) -> [bool; 3] {
        let files = &self.stores.files;
        // Nothing tells of a change else.
        let is_told = files.is_live() && !files.holds_links();
        let (known, forgotten) = {
            let known = self.there.known();
            (known.there.filter(|_| is_told), known.forgotten)
        };
        if let Some(there) = known {
            return there;
        }
        let there = self.stores.there().unwrap_or_default();
        let mut known = self.there.known();
        if known.forgotten == forgotten {
            known.there = Some(there);
        }
        there
    }

    fn store(&self, path: &str) -> Result<Option<Look>, Error> {
        let Some((name, booted)) = understood(path) else {
            return Ok(None);
        };
        let chosen = self.choose(name, booted.as_ref())?;
        Ok(chosen.map(|chosen| match chosen.content {
            Content::Own(item) => item.hit.look,
            Content::Made(made) => made.look(),
        }))
    }

    /// Folders are only on the way, and are as old as nothing.
    fn folder() -> Look {
        let identity = Identity {
            device: 0,
            inode: 0,
        };
        let version = Version {
            identity,
            size: 0,
            modified: 0,
            changed: 0,
        };
        let kind = Kind::Folder;
        Look {
            stat: Stat { kind, version },
            hold: Arc::new(FolderHold),
        }
    }
}

/// The end of the paths that are for somebody: or a store would be called like a program.
const LAST: &str = "store";

fn path(name: StoreName, booted: Option<&Program>) -> StoredPath {
    let root = StoredPath::root().join(name.path().as_bytes());
    let Some(booted) = booted else {
        return root;
    };
    let root = root.join(booted.firmware.to_string().as_bytes());
    let below = booted.path.iter().flat_map(|path| path.split('\\'));
    let below = below.filter(|part| !part.is_empty());
    let parts = below.chain([LAST]);
    parts.fold(root, |above, part| above.join(part.as_bytes()))
}

/// For whom the store at a path is: [`path`] read backwards.
fn understood(path: &str) -> Option<(StoreName, Option<Program>)> {
    let mut all = StoreName::ALL.into_iter();
    let (name, rest) = all.find_map(|name| Some((name, path.strip_prefix(name.path())?)))?;
    let Some(rest) = rest.strip_prefix('/') else {
        return rest.is_empty().then_some((name, None));
    };
    let rest = rest.strip_suffix(LAST)?.strip_suffix('/')?;
    let (firmware, from) = match rest.split_once('/') {
        Some((firmware, from)) => (firmware, Some(from)),
        None => (rest, None),
    };
    let mut firmwares = [Firmware::Bios, Firmware::Uefi].into_iter();
    let firmware = firmwares.find(|known| known.to_string() == firmware)?;
    let path = from.map(|from| format!("\\{}", from.replace('/', "\\")).into());
    Some((name, Some(Program { firmware, path })))
}

impl Source for MadeStores {
    fn label(&self) -> String {
        format!("boot configurations of {}", self.stores.image)
    }

    fn description(&self) -> String {
        String::new()
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        let folder = std::str::from_utf8(folder.as_bytes()).unwrap_or("/");
        let entries = self.names(folder);
        match entries.is_empty() && !folder.is_empty() {
            true => Err(io::Error::from_raw_os_error(libc::ENOENT)),
            false => Ok(Listing {
                entries,
                hidden: Vec::new(),
            }),
        }
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let path = std::str::from_utf8(path.as_bytes()).unwrap_or("/");
        match self.store(path) {
            Ok(Some(store)) => Ok(store),
            Ok(None) if path.is_empty() || !self.names(path).is_empty() => Ok(Self::folder()),
            Ok(None) => Err(io::Error::from_raw_os_error(libc::ENOENT)),
            Err(error) => Err(io::Error::from_raw_os_error(error.errno())),
        }
    }
}
