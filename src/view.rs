//! What one client sees: an image over the base.
//!
//! The base lies beneath everything of the image, aliases included, so an old
//! `Boot/BCD` on the server never hides that of the client's image; and every other file
//! on the server stays where it was.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Error;
use crate::image::{self, Image, Item, Listed};
use crate::name::{Asked, fold};
use crate::source::Stat;

/// An image, the base, or one over the other.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The image.
    pub image: Option<Arc<Image>>,
    /// What lies beneath.
    pub base: Option<Arc<Image>>,
}

/// A folder of a view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Folder {
    image: Option<image::Folder>,
    base: Option<image::Folder>,
}

/// Which of the two has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The image, perhaps with the base beneath.
    Image,
    /// The base alone: the same for every client.
    Base,
}

/// What a name is.
#[derive(Debug, Clone)]
pub enum Found {
    /// A file of the image, or of the base.
    File(Item, Origin),
    /// A folder, and the stored one whose attributes it shows.
    Folder(Folder, Option<Item>),
}

impl Folder {
    /// Whether a symbolic link is on the way to it: that may change without any event.
    pub fn is_linked(&self) -> bool {
        let mut both = self.image.iter().chain(&self.base);
        both.any(image::Folder::is_linked)
    }

    /// Which of the two has it.
    pub fn origin(&self) -> Origin {
        match self.image {
            Some(_) => Origin::Image,
            None => Origin::Base,
        }
    }
}

impl View {
    /// The root folder.
    pub fn root(&self) -> Folder {
        Folder {
            image: self.image.as_ref().map(|image| image.root()),
            base: self.base.as_ref().map(|base| base.root()),
        }
    }

    /// Whether every change below is told by an event.
    pub fn is_live(&self) -> bool {
        let mut both = self.image.iter().chain(&self.base);
        both.all(|image| image.is_live())
    }

    /// Whether links were seen, which may begin to lead somewhere without any event.
    pub fn holds_links(&self) -> bool {
        let mut both = self.image.iter().chain(&self.base);
        both.any(|image| image.holds_links())
    }

    /// What a name is in a folder of this view.
    ///
    /// # Errors
    /// [`Error::NotFound`], or those of the sources.
    pub fn find(&self, folder: &Folder, asked: &Asked) -> Result<Found, Error> {
        let upper = in_image(self.image.as_deref(), folder.image.as_ref(), asked)?;
        if let Some(image::Found::File(file)) = upper {
            return Ok(Found::File(file, Origin::Image));
        }
        let lower = in_image(self.base.as_deref(), folder.base.as_ref(), asked)?;
        match (upper, lower) {
            (None, Some(image::Found::File(file))) => Ok(Found::File(file, Origin::Base)),
            (None, None) => Err(Error::NotFound),
            (upper, lower) => Ok(both(upper, lower)),
        }
    }

    /// The folder of that name in a folder, and the stored one whose attributes it shows.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotFolder`], or those of the sources.
    pub fn enter(&self, folder: &Folder, asked: &Asked) -> Result<(Folder, Option<Stat>), Error> {
        match self.find(folder, asked)? {
            Found::Folder(folder, item) => Ok((folder, item.map(|item| item.hit.look.stat))),
            Found::File(..) => Err(Error::NotFolder),
        }
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// Those of the sources.
    pub fn list(&self, folder: &Folder) -> Result<Vec<Listed>, Error> {
        let mut listed = names(self.image.as_deref(), folder.image.as_ref())?;
        if folder.base.is_none() {
            return Ok(listed);
        }
        let seen: HashSet<_> = listed.iter().map(|entry| fold(&entry.name)).collect();
        let lower = names(self.base.as_deref(), folder.base.as_ref())?;
        let hidden = |entry: &Listed| seen.contains(&fold(&entry.name));
        listed.extend(lower.into_iter().filter(|entry| !hidden(entry)));
        listed.sort_unstable();
        Ok(listed)
    }
}

fn in_image(
    image: Option<&Image>,
    folder: Option<&image::Folder>,
    asked: &Asked,
) -> Result<Option<image::Found>, Error> {
    let (Some(image), Some(folder)) = (image, folder) else {
        return Ok(None);
    };
    match image.find(folder, asked) {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound | Error::NotFolder) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Two folders as one; a file beneath a folder is hidden by it.
fn both(upper: Option<image::Found>, lower: Option<image::Found>) -> Found {
    let (image, upper) = folder_of(upper);
    let (base, lower) = folder_of(lower);
    Found::Folder(Folder { image, base }, upper.or(lower))
}

fn folder_of(found: Option<image::Found>) -> (Option<image::Folder>, Option<Item>) {
    match found {
        Some(image::Found::Folder(folder, item)) => (Some(folder), item),
        Some(image::Found::File(_)) | None => (None, None),
    }
}

fn names(image: Option<&Image>, folder: Option<&image::Folder>) -> Result<Vec<Listed>, Error> {
    match (image, folder) {
        (Some(image), Some(folder)) => image.list(folder),
        _ => Ok(Vec::new()),
    }
}
