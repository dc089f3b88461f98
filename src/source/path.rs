//! What is at a path: a folder, an ISO or a WIM, whichever it is by now.
//!
//! What a file is its first bytes say, not its name. One that was replaced is opened anew
//! and takes the place of the old one as a whole; until then, and for whoever reads it just
//! now, the old one stays. What is damaged, foreign or gone answers every name with an
//! error, and is tried again as soon as something else is there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::dir::{DirSource, OwnMount, look_at_path};
use super::iso::IsoSource;
use super::wim::{is_of_medium, next_step};
use super::wim_file::WimFile;
use super::{Kind, Listing, Look, ReadAt, Rest, Source, StoredPath, Version};
use crate::name::{visible, visible_path};
use crate::wim::{self, Architecture};

/// How a WIM begins, and one that was made for a pipe.
const WIM: [&[u8]; 2] = [b"MSWIM\0\0\0", b"WLPWM\0\0\0"];

/// The volume descriptors of ISO 9660 and UDF, which begin at sector 16, each with its
/// identifier behind the first byte.
const DESCRIPTORS: u64 = 16 * 2048;
const ISO: [&[u8]; 2] = [b"CD001", b"BEA01"];

/// A folder, an ISO or a WIM on the disk.
#[derive(Debug)]
pub struct PathSource {
    place: Place,
    now: ArcSwap<Now>,
    rest: Rest,
}

/// Where something is, and how it is to be taken.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// The image inside a WIM, from 1.
    image: Option<u32>,
    /// Whether changes in a folder raise no events.
    poll: bool,
    own_mount: Arc<OwnMount>,
}

/// What is there at one moment.
#[derive(Debug)]
struct Now {
    /// What was looked at; none if there was nothing.
    version: Option<Version>,
    found: Result<Found, Fault>,
}

#[derive(Debug)]
struct Found {
    what: What,
    source: Box<dyn Source>,
}

#[derive(Debug)]
struct Fault {
    text: String,
    /// The same file may be right the next time.
    is_of_medium: bool,
}

impl PathSource {
    /// What is at `path`, whatever it is. `image` is that inside a WIM, from 1; `poll` says
    /// that changes in a folder raise no events.
    pub fn open(path: &Path, image: Option<u32>, poll: bool, own_mount: Arc<OwnMount>) -> Self {
        let place = Place {
            path: path.to_owned(),
            image,
            poll,
            own_mount,
        };
        Self {
            now: ArcSwap::from_pointee(Now::look(&place)),
            place,
            rest: Rest::default(),
        }
    }

    fn take(&self, now: Now) -> bool {
        self.now.store(Arc::new(now));
        true
    }

    /// A folder or an ISO looks after itself, as long as it is one.
    fn renew_itself(&self, found: &Found) -> bool {
        let renewed = found.source.renew();
        match found.source.fault().and_then(|_| self.place.what()) {
            Some(what) if what != found.what && !matches!(what, What::Other(_)) => {
                self.take(Now::look(&self.place))
            }
            _ => renewed,
        }
    }

    /// A good one takes the place of the old one at once; a bad one only when it is not just
    /// being copied.
    fn renew_as_a_whole(&self, known: &Now) -> bool {
        let look = look_at_path(&self.place.path, &self.place.own_mount);
        let version = look.ok().map(|look| look.stat.version);
        if version == known.version && !known.may_be_right_now() {
            return false;
        }
        let now = Now::look(&self.place);
        let at_rest = version.is_none_or(|version| self.rest.is_at(version));
        if now.fault().is_some() && !at_rest {
            return false;
        }
        let is_as_bad = match (known.fault(), now.fault()) {
            (Some(before), Some(now)) => before.text == now.text,
            _ => false,
        };
        self.take(now) && !is_as_bad
    }

    fn ask<T>(&self, question: impl FnOnce(&dyn Source) -> io::Result<T>) -> io::Result<T> {
        match &self.now.load().found {
            Ok(found) => question(found.source.as_ref()),
            Err(fault) => Err(io::Error::other(fault.text.clone())),
        }
    }

    fn ask_if_right<T>(&self, question: impl FnOnce(&dyn Source) -> T) -> Option<T> {
        let now = self.now.load();
        let found = now.found.as_ref().ok()?;
        Some(question(found.source.as_ref()))
    }
}

impl Place {
    /// What is there by now, if it can be told.
    fn what(&self) -> Option<What> {
        let look = look_at_path(&self.path, &self.own_mount);
        look.and_then(|look| what(&look)).ok()
    }

    fn open(&self, look: Look) -> Result<Found, Fault> {
        let path = self.path.as_path();
        let of_medium = |error: &io::Error| Fault::of_medium(path, error);
        let own_mount = self.own_mount.clone();
        let what = what(&look).map_err(|error| of_medium(&error))?;
        let source: Box<dyn Source> = match &what {
            What::Folder => {
                let source = DirSource::open(path, own_mount, self.poll);
                Box::new(source.map_err(|error| of_medium(&error))?)
            }
            What::Wim => {
                let source = WimFile::open(path, look, self.image);
                Box::new(source.map_err(|error| Fault::of_wim(path, &error))?)
            }
            What::Iso => {
                let source = IsoSource::open(path, own_mount);
                Box::new(source.map_err(|error| of_medium(&error))?)
            }
            What::Other(why) => {
                let text = format!("is neither a folder, an ISO nor a WIM: {why}");
                let next = "name one of these, or put a good copy in its place";
                return Err(Fault::of_content(path, &text, next));
            }
        };
        Ok(Found { what, source })
    }
}

impl Now {
    fn look(place: &Place) -> Self {
        match look_at_path(&place.path, &place.own_mount) {
            Ok(look) => Self {
                version: Some(look.stat.version),
                found: place.open(look),
            },
            Err(error) => Self {
                version: None,
                found: Err(Fault::of_medium(&place.path, &error)),
            },
        }
    }

    fn fault(&self) -> Option<&Fault> {
        self.found.as_ref().err()
    }

    /// Whether the same file may be right at the next look.
    fn may_be_right_now(&self) -> bool {
        let is_of_medium = self.fault().is_some_and(|fault| fault.is_of_medium);
        is_of_medium && self.version.is_some()
    }
}

/// What a source can be.
#[derive(Debug, PartialEq, Eq)]
enum What {
    Folder,
    Wim,
    Iso,
    /// Something else, and how that was seen.
    Other(String),
}

fn what(look: &Look) -> io::Result<What> {
    if look.stat.kind == Kind::Folder {
        return Ok(What::Folder);
    }
    let bytes = look.open(&look.stat.version)?;
    let magic = read(&*bytes, 0, 8)?;
    if WIM.contains(&magic.as_slice()) {
        return Ok(What::Wim);
    }
    let identifier = read(&*bytes, DESCRIPTORS + 1, 5)?;
    if ISO.contains(&identifier.as_slice()) {
        return Ok(What::Iso);
    }
    Ok(What::Other(format!(
        "a WIM has \"MSWIM\" at byte 0, where this has {}; an ISO has \"CD001\" or \"BEA01\" at byte \
         {}, where this has {}",
        quoted(&magic),
        DESCRIPTORS + 1,
        quoted(&identifier)
    )))
}

/// What is there of so many bytes.
fn read(bytes: &dyn ReadAt, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    let count = bytes.read_at(&mut buffer, at)?;
    buffer.truncate(count);
    Ok(buffer)
}

fn quoted(bytes: &[u8]) -> String {
    match bytes.iter().all(|byte| *byte == 0) {
        true if bytes.is_empty() => "nothing".to_owned(),
        true => "zeros".to_owned(),
        false => format!("\"{}\"", visible(bytes)),
    }
}

impl Fault {
    fn of_content(path: &Path, what: &str, next: &str) -> Self {
        Self {
            text: format!("{} {what}; {next}", visible_path(path)),
            is_of_medium: false,
        }
    }

    fn of_wim(path: &Path, error: &wim::Error) -> Self {
        Self {
            is_of_medium: is_of_medium(error),
            ..Self::of_content(path, &error.to_string(), next_step(error))
        }
    }

    fn of_medium(path: &Path, error: &io::Error) -> Self {
        let next = match error.kind() {
            io::ErrorKind::NotFound => "put it there: it is taken up within two seconds",
            io::ErrorKind::PermissionDenied => {
                "let winbootfs read it, and pass the folders above it"
            }
            _ => "look at the disk",
        };
        Self {
            is_of_medium: true,
            ..Self::of_content(path, &format!("cannot be read: {error}"), next)
        }
    }
}

impl Source for PathSource {
    fn label(&self) -> String {
        visible_path(&self.place.path)
    }

    fn description(&self) -> String {
        let described = self.ask_if_right(|source| source.description());
        described.unwrap_or_else(|| "cannot be used".to_owned())
    }

    fn fault(&self) -> Option<String> {
        match &self.now.load().found {
            Ok(found) => found.source.fault(),
            Err(fault) => Some(fault.text.clone()),
        }
    }

    fn remarks(&self) -> Vec<String> {
        let remarks = self.ask_if_right(|source| source.remarks());
        remarks.unwrap_or_default()
    }

    fn is_boot_image(&self) -> bool {
        self.ask_if_right(|source| source.is_boot_image())
            .unwrap_or(false)
    }

    fn machine(&self) -> Option<Architecture> {
        self.ask_if_right(|source| source.machine()).flatten()
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        self.ask(|source| source.list(folder))
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        self.ask(|source| source.look(path))
    }

    fn has_events(&self) -> bool {
        // Of what cannot be used nothing changes but as a whole.
        self.ask_if_right(|source| source.has_events())
            .unwrap_or(true)
    }

    fn watch_path(&self, folder: &StoredPath) -> Option<PathBuf> {
        self.ask_if_right(|source| source.watch_path(folder))
            .flatten()
    }

    fn renew(&self) -> bool {
        let known = self.now.load_full();
        match &known.found {
            Ok(found) if found.what != What::Wim => self.renew_itself(found),
            _ => self.renew_as_a_whole(&known),
        }
    }
}
