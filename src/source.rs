//! Where bytes come from: the one shape that every kind of source has.
//!
//! A source knows stored names and bytes. It knows nothing about case, aliases, clients
//! or the kernel's numbers; [`crate::layer`] puts the first of these on top.
//!
//! A new kind of source is a new file in `source/` that implements [`Source`], and a line
//! in [`open`]; nothing above changes.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`open`] | from what is configured to a source |
//! | [`path`](mod@path) | what is at a path, whichever it is by now |
//! | [`dir`] | a folder |
//! | [`iso`] | what is inside an ISO |
//! | [`wim`] | what is inside an image of a WIM |
//! | `wim_file` | a WIM as the file that it is |
//! | `words` | how numbers are written for people |

pub mod dir;
pub mod iso;
pub mod open;
pub mod path;
pub mod wim;
mod wim_file;
mod words;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

pub use crate::read::ReadAt;
use crate::wim::Architecture;

/// A path made of stored names only, relative to the root of its source. Never made
/// from a request, so it can climb nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredPath(Arc<[u8]>);

impl StoredPath {
    /// The root of the source.
    pub fn root() -> Self {
        Self(Arc::default())
    }

    /// The entry `name` of the folder that this path names.
    pub fn join(&self, name: &[u8]) -> Self {
        if self.0.is_empty() {
            return Self(name.into());
        }
        Self([&self.0, b"/".as_slice(), name].concat().into())
    }

    /// The bytes, parts separated by `/`; empty for the root.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The paths of all folders above this one, the root first, this one not included.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        let root = (!self.0.is_empty()).then(Self::root);
        let cuts = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let above = cuts.filter_map(|(at, _)| self.0.get(..at).map(|path| Self(path.into())));
        root.into_iter().chain(above)
    }
}

/// What an entry is. Links have been followed; anything else (a device, a pipe, a
/// socket) is not shown at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a known length.
    File,
    /// A folder of further entries.
    Folder,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name as stored.
    pub name: Box<[u8]>,
    /// What it is.
    pub kind: Kind,
    /// Reached over a symbolic link, whose target may change without any event here.
    pub linked: bool,
}

/// An entry that is not shown, and why; kept for `check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The name as stored.
    pub name: Box<[u8]>,
    /// The reason, as the end of a sentence.
    pub why: &'static str,
}

/// A folder's entries, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is shown.
    pub entries: Vec<Entry>,
    /// What is not.
    pub hidden: Vec<Hidden>,
}

/// Which file or folder an entry really is, wherever it is reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The device it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

/// Which bytes a file holds: two equal versions are the same bytes. A file that was
/// replaced or written to has another one, and so gets another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    /// Which file.
    pub identity: Identity,
    /// Its length in bytes.
    pub size: u64,
    /// When its bytes last changed, in nanoseconds since 1970.
    pub modified: i64,
    /// When anything about it last changed: catches a write that restores `modified`.
    pub changed: i64,
}

/// What a source says about one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Which bytes it holds, or for a folder which entries.
    pub version: Version,
}

impl Look {
    /// Opens what was looked at, if it is a file of this version.
    ///
    /// # Errors
    /// `ESTALE` when it is another version, or those of the medium.
    pub fn open(&self, expected: &Version) -> io::Result<Box<dyn ReadAt>> {
        if self.stat.kind != Kind::File || self.stat.version != *expected {
            return Err(io::Error::from_raw_os_error(libc::ESTALE));
        }
        self.hold.open()
    }
}

impl Stat {
    /// When it last changed, for the attributes.
    pub fn modified(&self) -> SystemTime {
        let nanos = self.version.modified;
        let distance = std::time::Duration::from_nanos(nanos.unsigned_abs());
        let time = if nanos < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A look at one entry.
#[derive(Debug, Clone)]
pub struct Look {
    /// What was seen.
    pub stat: Stat,
    /// A hold on what was seen, whatever becomes of its name.
    pub hold: Arc<dyn Hold>,
}

/// A hold on a file that was looked at. Costs a descriptor: not to be kept for long.
pub trait Hold: Debug + Send + Sync {
    /// Opens the file that was looked at.
    ///
    /// # Errors
    /// Those of the medium.
    fn open(&self) -> io::Result<Box<dyn ReadAt>>;
}

/// Whether a file that was found changed is at rest: the same at two looks in turn. Until then
/// it is perhaps half copied, and what is wrong with it no news.
#[derive(Debug, Default)]
pub struct Rest(Mutex<Option<Version>>);

impl Rest {
    /// Remembers this look. Returns whether the last one saw the same.
    pub fn is_at(&self, version: Version) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(version) == Some(version)
    }
}

/// The hold on a folder, which cannot be opened as a file.
#[derive(Debug)]
pub struct FolderHold;

impl Hold for FolderHold {
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        Err(io::Error::from_raw_os_error(libc::EISDIR))
    }
}

/// Something that holds an image, or a layer of one.
pub trait Source: Debug + Send + Sync {
    /// What the operator calls it: the path in the configuration.
    fn label(&self) -> String;

    /// What it is, for people: `a folder`, `UDF 1.02, label ESD-ISO, 1,016 files`. Empty where
    /// there is nothing to describe.
    fn description(&self) -> String;

    /// Why no name of it can be had, if so: what is wrong, where, and what to do.
    fn fault(&self) -> Option<String> {
        None
    }

    /// What else an operator should know, one sentence each.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it is a boot.wim itself, and so worth nothing where that cannot be read.
    fn is_boot_image(&self) -> bool {
        false
    }

    /// For which machine its boot programs are, where it says so.
    fn machine(&self) -> Option<Architecture> {
        None
    }

    /// The entries of a folder.
    ///
    /// # Errors
    /// Those of the medium; a folder that is gone is `ENOENT`.
    fn list(&self, folder: &StoredPath) -> io::Result<Listing>;

    /// What is at `path`; never anything outside the source.
    ///
    /// # Errors
    /// Those of the medium; `ENOENT` for nothing, `EXDEV` for a link that leaves.
    fn look(&self, path: &StoredPath) -> io::Result<Look>;

    /// Whether every change is told: by events where [`Source::watch_path`] says, or by
    /// [`Source::renew`]. It is where nothing inside ever changes.
    fn has_events(&self) -> bool {
        true
    }

    /// A path at which the kernel's watch for a folder can be placed; `None` where
    /// nothing inside changes but as a whole, which `renew` tells.
    fn watch_path(&self, _folder: &StoredPath) -> Option<PathBuf> {
        None
    }

    /// Looks whether the source itself was replaced, went away or came back. Returns
    /// whether it did, so that everything known about it is to be dropped.
    fn renew(&self) -> bool {
        false
    }
}
