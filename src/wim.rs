//! A reader for WIM files: the boot.wim of Windows media, and what others make like it.
//!
//! It reads any part of any file in it, and decodes only the chunks (32 KiB in what
//! Microsoft makes) that hold that part. Compression is none, XPRESS or LZX; what a boot
//! image never has (LZMS, solid, split and pipable WIMs) is refused by its name.
//!
//! Why not a library: those that can read parts are under the LGPL or too young, and
//! nothing outside of this folder knows what a WIM is. No code here is from any of them.
//!
//! Nothing in a file is believed: every length is held against the file's before memory
//! is taken for it, and there is a limit for everything that the file's length does
//! not bound. Together, whatever the file says, that stays below 64 MiB.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `header`, `lookup`, `xml` | what the WIM says about itself |
//! | `dentry`, `grow`, [`Tree`] | from the metadata of an image to files and folders |
//! | [`Blob`] | an open file, and whether its bytes are right |
//! | `store`, `chunks`, `cache` | from a part of a file to the chunks that hold it |
//! | [`lzx`], [`xpress`] | the two decoders |
//! | `calls`, `window`, `huffman`, `bits` | what these are made of |
//! | `medium`, `fields`, `hash` | bytes |

mod bits;
mod blob;
mod cache;
mod calls;
mod chunks;
mod corrupt;
mod dentry;
mod error;
mod fields;
mod grow;
mod hash;
mod header;
mod huffman;
mod lookup;
pub mod lzx;
mod medium;
mod store;
mod tree;
mod window;
mod xml;
pub mod xpress;

use std::sync::Arc;

use sha1::{Digest, Sha1};

pub use blob::Blob;
pub use corrupt::Corrupt;
pub use error::{Error, Part, Place, Unsupported};
pub use hash::Hash;
pub use header::Compression;
pub use tree::{Entry, Kind, Tree};
pub use xml::{Architecture, ImageInfo, Version};

use crate::read::ReadAt;
use blob::Verdicts;
use dentry::Metadata;
use header::{Header, Resource};
use lookup::{Lookup, Stored};
use medium::Medium;
use store::Store;

/// Most images. Windows itself puts some ten into an install.wim.
const MOST_IMAGES: u32 = 1000;

/// Longest XML data: half a million characters.
const LONGEST_XML: usize = 1 << 20;

/// Longest lookup table: for 160,000 files.
const LONGEST_LOOKUP: usize = 8 << 20;

/// Longest metadata of an image: for 70,000 files, three times those of a boot.wim.
const LONGEST_METADATA: usize = 12 << 20;

/// An open WIM. Cloning it is cheap, and means the same file.
#[derive(Debug, Clone)]
pub struct Wim {
    inner: Arc<Inner>,
    images: Arc<[ImageInfo]>,
    nameless: Option<Arc<str>>,
    boot_index: Option<u32>,
}

/// What the trees and the open files of a WIM share.
#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    lookup: Lookup,
    verdicts: Verdicts,
}

impl Inner {
    fn new(store: Arc<Store>, lookup: Lookup) -> Arc<Self> {
        let verdicts = Verdicts::new(lookup.files());
        Arc::new(Self {
            store,
            lookup,
            verdicts,
        })
    }
}

/// What the XML data says of each image, and why it says nothing, if so.
type Names = (Vec<ImageInfo>, Option<String>);

impl Wim {
    /// Opens the WIM whose `size` bytes `bytes` gives. Reads its header, its lookup table and
    /// what it says about its images, and no image.
    ///
    /// # Errors
    /// It is none, it is of a kind that is not read, or it is damaged there. An error is
    /// the rest of a sentence that begins with the name of the file.
    pub fn open(bytes: Arc<dyn ReadAt>, size: u64) -> Result<Self, Error> {
        let medium = Medium::new(bytes, size);
        let header = Header::read(&medium)?;
        let store = Arc::new(Store::new(medium, header.compression));
        let lookup = read_lookup(&store, &header)?;
        let (images, nameless) = read_images(&store, &header)?;
        Ok(Self {
            inner: Inner::new(store, lookup),
            images: images.into(),
            nameless: nameless.map(Arc::from),
            boot_index: Some(header.boot_index).filter(|index| *index != 0),
        })
    }

    /// Its images, the first one first.
    pub fn images(&self) -> &[ImageInfo] {
        &self.images
    }

    /// Why nothing is known of its images but their number, if so: a sentence.
    pub fn nameless(&self) -> Option<&str> {
        self.nameless.as_deref()
    }

    /// The number of the image that is to be booted, if it says one.
    pub fn boot_index(&self) -> Option<u32> {
        self.boot_index
    }

    /// How its files are compressed.
    pub fn compression(&self) -> Compression {
        self.inner.store.compression
    }

    /// Reads the files and folders of image `index`, counted from 1.
    ///
    /// # Errors
    /// There is no such image, or its metadata is damaged.
    pub fn tree(&self, index: u32) -> Result<Tree, Error> {
        let inner = &self.inner;
        let position = index.checked_sub(1).map(|position| position as usize);
        let metadata = position.and_then(|position| inner.lookup.metadata().get(position));
        let Some(metadata) = metadata else {
            let count = self.images.len() as u32;
            return Err(Error::NoImage { index, count });
        };
        let what = "the metadata of an image";
        let bytes = inner
            .store
            .whole(metadata.resource, what, LONGEST_METADATA)?;
        is_right(&bytes, metadata, index)?;
        let bytes = bytes.as_slice();
        let nodes = grow::grow(
            Metadata {
                bytes,
                image: index,
            },
            &inner.lookup,
        )?;
        Ok(Tree::new(inner.clone(), nodes))
    }
}

fn read_lookup(store: &Store, header: &Header) -> Result<Lookup, Error> {
    let (file, compression) = (store.medium.size(), header.compression);
    header.lookup.check(Part::File.at(48), file, compression)?;
    let bytes = store.whole(header.lookup, "its lookup table", LONGEST_LOOKUP)?;
    let lookup = Lookup::parse(&bytes, file, compression)?;
    let found = lookup.metadata().len();
    if header.images as usize != found || header.images > MOST_IMAGES {
        let expected = format!("{found}, as in the lookup table, and at most {MOST_IMAGES}");
        let place = Part::File.at(44);
        return Err(error::unexpected(
            place,
            "the number of images",
            expected,
            header.images,
        ));
    }
    if header.boot_index > header.images {
        let expected = format!("at most {}", header.images);
        let place = Part::File.at(120);
        return Err(error::unexpected(
            place,
            "the image to boot",
            expected,
            header.boot_index,
        ));
    }
    Ok(lookup)
}

/// The text is for people: one that is none takes no image away.
fn read_images(store: &Store, header: &Header) -> Result<Names, Error> {
    let (text, numbers) = (header.xml, 1..=header.images);
    text.check(Part::File.at(72), store.medium.size(), header.compression)?;
    let read = read_text(store, text)?;
    match read.and_then(|bytes| xml::images(&bytes, numbers.clone())) {
        Ok(images) => Ok((images, None)),
        Err(why) => {
            let why = format!("its XML data cannot be read, at {}: {why}", text.place());
            Ok((numbers.map(ImageInfo::nameless).collect(), Some(why)))
        }
    }
}

/// The bytes of the text, or why these are none. They lie behind all the rest: where there are
/// only zeros, the file was not copied to its end.
fn read_text(store: &Store, text: Resource) -> Result<Result<Vec<u8>, String>, Error> {
    let what = "its XML data";
    match store.whole(text, what, LONGEST_XML) {
        Ok(bytes) if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) => {
            Err(error::unexpected(text.place(), what, "a text", "zeros"))
        }
        Ok(bytes) => Ok(Ok(bytes)),
        Err(error @ Error::Medium { .. }) => Err(error),
        Err(error) => Ok(Err(format!("it {error}"))),
    }
}

fn is_right(bytes: &[u8], metadata: &Stored, index: u32) -> Result<(), Error> {
    let found = Hash(Sha1::digest(bytes).into());
    if found != metadata.hash {
        return Err(Error::WrongHash {
            place: metadata.resource.place(),
            what: format!("the metadata of image {index}"),
            expected: metadata.hash,
            found,
        });
    }
    Ok(())
}
