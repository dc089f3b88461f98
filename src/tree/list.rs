//! The names in a place.

use std::collections::BTreeSet;

use super::place::{CLIENTS, IMAGES, Place, Sight};
use super::walk::{Walker, own_folder};
use crate::address::Address;
use crate::error::Error;
use crate::image::Listed;
use crate::name;
use crate::way::Way;

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Box<[u8]>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl Walker<'_> {
    /// The names in a place, sorted.
    ///
    /// # Errors
    /// [`Error::NotFolder`], [`Error::Undecided`], or those of the sources.
    pub fn list(&self, place: &Place) -> Result<Vec<Entry>, Error> {
        let catalog = &self.catalog;
        match place {
            Place::Caller => self.list_for_whoever_asks(),
            Place::Images(_) => {
                let names = catalog.images().map(|(spec, _)| spec.name.to_string());
                Ok(folders(names))
            }
            Place::Clients => {
                let known = catalog.choice().known_clients();
                Ok(folders(known.iter().map(ToString::to_string)))
            }
            Place::Client(address) => {
                let listed = self.list_root(&self.sight_of(address), &[IMAGES])?;
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
        match self.who.sights()?.as_slice() {
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

fn folders(names: impl Iterator<Item = String>) -> Vec<Entry> {
    let folder = |name: String| Entry {
        name: name.into_bytes().into(),
        is_folder: true,
    };
    names.map(folder).collect()
}
