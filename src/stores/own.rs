//! The stores that an image has.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::{StoreName, at};
use crate::bcd::{Element, ElementId, MOST_BYTES, Object, ObjectKind, Store, may_be_long};
use crate::error::Error;
use crate::image::{Image, Item};
use crate::name::{Asked, parts, visible};
use crate::program::Firmware;
use crate::source::Version;

/// A store among the files of an image.
#[derive(Debug)]
pub(super) struct Own {
    /// The file.
    pub(super) item: Item,
    /// Where it is stored.
    pub(super) path: String,
    /// What is in it, or why that cannot be told: the rest of a sentence.
    pub(super) store: Arc<Result<Store, String>>,
}

/// Stores that were read. Files of one version hold the same bytes, so none is read twice
/// while clients ask for it.
#[derive(Debug)]
pub(super) struct Shelf(Mutex<LruCache<Version, Arc<Result<Store, String>>>>);

/// How many are kept: those of a few images.
const MOST_KEPT: usize = 16;

impl Default for Shelf {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Shelf {
    /// The store that a file is.
    pub(super) fn own(&self, item: Item) -> Own {
        Own {
            store: self.read(&item),
            path: visible(item.hit.path.as_bytes()),
            item,
        }
    }

    fn read(&self, item: &Item) -> Arc<Result<Store, String>> {
        let version = item.hit.look.stat.version;
        if let Some(known) = self.kept().get(&version) {
            return known.clone();
        }
        let read = match read(item) {
            Ok(read) => Arc::new(read),
            // The next time it perhaps can be.
            Err(error) => return Arc::new(Err(format!("cannot be read: {error}"))),
        };
        let mut kept = self.kept();
        kept.put(version, read.clone());
        if kept.len() > MOST_KEPT {
            kept.pop_lru();
        }
        read
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<Version, Arc<Result<Store, String>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a boot.wim has the stores of install media.
const INSIDE: [&str; 2] = ["Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/DVD/EFI/BCD"];

/// All of them, each once: first what was found under the name that is asked for.
pub(super) fn all(image: &Image, shelf: &Shelf, found: Option<Item>) -> Result<Vec<Own>, Error> {
    let mut all: Vec<Own> = found.map(|found| shelf.own(found)).into_iter().collect();
    for path in paths() {
        let found = item(image, path)?;
        let known = |own: &Own, item: &Item| own.item.hit.look.stat == item.hit.look.stat;
        if let Some(item) = found.filter(|item| !all.iter().any(|own| known(own, item))) {
            all.push(shelf.own(item));
        }
    }
    Ok(all)
}

/// Whether there is any.
pub(super) fn is_any(image: &Image) -> Result<bool, Error> {
    for path in paths() {
        if item(image, path)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where stores are.
fn paths() -> impl Iterator<Item = &'static str> {
    let named = StoreName::ALL.map(StoreName::path).into_iter();
    named.chain(INSIDE)
}

/// The file at a path of an image.
pub(super) fn item(image: &Image, path: &str) -> Result<Option<Item>, Error> {
    let parts = parts(path.as_bytes()).unwrap_or_default();
    let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
    at(image, &parts)
}

impl Own {
    /// Whether it is one that a boot.wim has for install media.
    pub(super) fn is_stock(&self) -> bool {
        INSIDE.contains(&self.path.as_str())
    }

    /// Whose loaders it names, if it names any.
    pub(super) fn firmware(&self) -> Option<Firmware> {
        let store = (*self.store).as_ref().ok()?;
        let first = store.boot_manager()?.elements.get(&ElementId::DEFAULT);
        let first = first.and_then(Element::as_object);
        let first = first.and_then(|first| store.objects.get(&first));
        let mut loaders = first.into_iter().chain(store.objects.values());
        loaders.find_map(firmware)
    }
}

/// Whose loader it is.
fn firmware(object: &Object) -> Option<Firmware> {
    let path = object.text(ElementId::PATH);
    let path = path.filter(|_| object.kind == ObjectKind::OS_LOADER)?;
    let path = path.to_ascii_lowercase();
    let of = |end: &str, firmware| path.ends_with(end).then_some(firmware);
    of(".exe", Firmware::Bios).or(of(".efi", Firmware::Uefi))
}

/// What the bytes of a file say, if they can be had.
fn read(item: &Item) -> io::Result<Result<Store, String>> {
    let size = item.hit.look.stat.version.size;
    if let Err(error) = may_be_long(size) {
        return Ok(Err(error.to_string()));
    }
    let bytes = bytes(item)?;
    Ok(Store::read(&bytes).map_err(|error| error.to_string()))
}

/// All of a file that is no larger than a store can be.
pub(super) fn bytes(item: &Item) -> io::Result<Vec<u8>> {
    let look = &item.hit.look;
    let size = usize::try_from(look.stat.version.size).unwrap_or(MOST_BYTES);
    let mut bytes = vec![0; size.min(MOST_BYTES)];
    let count = look.open(&look.stat.version)?.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}
