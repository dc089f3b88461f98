//! The stores that an image has.

use std::io;

use super::{StoreName, at};
use crate::bcd::{Element, ElementId, MOST_BYTES, Object, ObjectKind, Store};
use crate::error::Error;
use crate::image::{Image, Item};
use crate::name::{Asked, parts, visible};
use crate::program::Firmware;

/// A store among the files of an image.
#[derive(Debug)]
pub(super) struct Own {
    /// The file.
    pub(super) item: Item,
    /// Where it is stored.
    pub(super) path: String,
    /// What is in it, or why that cannot be told: the rest of a sentence.
    pub(super) store: Result<Store, String>,
}

/// Where a boot.wim has the stores of install media.
const INSIDE: [&str; 2] = ["Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/DVD/EFI/BCD"];

/// All of them, each once: first what was found under the name that is asked for.
pub(super) fn all(image: &Image, found: Option<Item>) -> Result<Vec<Own>, Error> {
    let paths = StoreName::ALL
        .map(StoreName::path)
        .into_iter()
        .chain(INSIDE);
    let mut all: Vec<Own> = found.map(Own::new).into_iter().collect();
    for path in paths {
        let found = item(image, path)?;
        let known = |own: &Own, item: &Item| own.item.hit.look.stat == item.hit.look.stat;
        if let Some(item) = found.filter(|item| !all.iter().any(|own| known(own, item))) {
            all.push(Own::new(item));
        }
    }
    Ok(all)
}

/// The file at a path of an image.
pub(super) fn item(image: &Image, path: &str) -> Result<Option<Item>, Error> {
    let parts = parts(path.as_bytes()).unwrap_or_default();
    let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
    at(image, &parts)
}

impl Own {
    pub(super) fn new(item: Item) -> Self {
        Self {
            store: read(&item),
            path: visible(item.hit.path.as_bytes()),
            item,
        }
    }

    /// Whose loaders it names, if it names any.
    pub(super) fn firmware(&self) -> Option<Firmware> {
        let store = self.store.as_ref().ok()?;
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

fn read(item: &Item) -> Result<Store, String> {
    let size = item.hit.look.stat.version.size;
    if size > MOST_BYTES as u64 {
        return Err(format!("is no boot configuration: it has {size} bytes"));
    }
    let bytes = bytes(item).map_err(|error| format!("cannot be read: {error}"))?;
    Store::read(&bytes).map_err(|error| error.to_string())
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
