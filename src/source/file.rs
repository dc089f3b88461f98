//! A file as a source: an ISO or a WIM, whichever it is by now.
//!
//! What it is its first bytes say, not its name. A file that was replaced is opened anew
//! and takes the place of the old one as a whole; until then, and for whoever reads it just
//! now, the old one stays. One that is damaged, foreign or gone answers every name with
//! an error, and is tried again as soon as it is another file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::dir::{OwnMount, look_at_path};
use super::iso::IsoSource;
use super::wim::{is_of_medium, next_step};
use super::wim_file::WimFile;
use super::{Kind, Listing, Look, ReadAt, Rest, Source, StoredPath, Version};
use crate::name::{visible, visible_path};

/// How a WIM begins, and one that was made for a pipe.
const WIM: [&[u8]; 2] = [b"MSWIM\0\0\0", b"WLPWM\0\0\0"];

/// The volume descriptors of ISO 9660 and UDF, which begin at sector 16, each with its
/// identifier behind the first byte.
const DESCRIPTORS: u64 = 16 * 2048;
const ISO: [&[u8]; 2] = [b"CD001", b"BEA01"];

/// An ISO or a WIM on the disk.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    image: Option<u32>,
    own_mount: Arc<OwnMount>,
    now: ArcSwap<Now>,
    rest: Rest,
}

/// What the file is at one moment.
#[derive(Debug)]
struct Now {
    /// The file that was opened; none if there was none.
    version: Option<Version>,
    found: Result<Box<dyn Source>, Fault>,
}

#[derive(Debug)]
struct Fault {
    text: String,
    /// The same file may be right the next time.
    is_of_medium: bool,
}

impl FileSource {
    /// The file at `path`, whatever it is. `image` is that inside a WIM, from 1.
    pub fn open(path: &Path, image: Option<u32>, own_mount: Arc<OwnMount>) -> Self {
        let now = Now::look(path, image, &own_mount);
        Self {
            path: path.to_owned(),
            image,
            own_mount,
            now: ArcSwap::from_pointee(now),
            rest: Rest::default(),
        }
    }

    fn is_wim_now(&self) -> bool {
        let look = look_at_path(&self.path, &self.own_mount);
        let what = look.and_then(|look| what(&look));
        matches!(what, Ok(What::Wim))
    }

    fn take_anew(&self) -> bool {
        let now = Now::look(&self.path, self.image, &self.own_mount);
        self.now.store(Arc::new(now));
        true
    }

    fn ask<T>(&self, question: impl FnOnce(&dyn Source) -> io::Result<T>) -> io::Result<T> {
        match &self.now.load().found {
            Ok(source) => question(source.as_ref()),
            Err(fault) => Err(io::Error::other(fault.text.clone())),
        }
    }
}

impl Now {
    fn look(path: &Path, image: Option<u32>, own_mount: &Arc<OwnMount>) -> Self {
        let look = match look_at_path(path, own_mount) {
            Ok(look) => look,
            Err(error) => {
                let found = Err(Fault::of_medium(path, &error));
                let version = None;
                return Self { version, found };
            }
        };
        let version = Some(look.stat.version);
        let found = open(path, look, image, own_mount);
        Self { version, found }
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

fn open(
    path: &Path,
    look: Look,
    image: Option<u32>,
    own_mount: &Arc<OwnMount>,
) -> Result<Box<dyn Source>, Fault> {
    if look.stat.kind != Kind::File {
        let text = "is a folder now, and was a file when the configuration was read";
        return Err(Fault::of_content(
            path,
            text,
            "have it read again: systemctl reload winbootfs",
        ));
    }
    let is = what(&look).map_err(|error| Fault::of_medium(path, &error))?;
    match is {
        What::Wim => match WimFile::open(path, look, image) {
            Ok(source) => Ok(Box::new(source)),
            Err(error) => Err(Fault {
                is_of_medium: is_of_medium(&error),
                ..Fault::of_content(path, &error.to_string(), next_step(&error))
            }),
        },
        What::Iso => open_iso(path, own_mount),
        What::Other(why) => Err(Fault::of_content(
            path,
            &format!("is neither a folder, an ISO nor a WIM: {why}"),
            "name one of these, or put a good copy in its place",
        )),
    }
}

fn open_iso(path: &Path, own_mount: &Arc<OwnMount>) -> Result<Box<dyn Source>, Fault> {
    match IsoSource::open(path, own_mount.clone()) {
        Ok(source) => Ok(Box::new(source)),
        Err(error) => Err(Fault::of_medium(path, &error)),
    }
}

enum What {
    Wim,
    Iso,
    /// Something else, and how that was seen.
    Other(String),
}

fn what(look: &Look) -> io::Result<What> {
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

    fn of_medium(path: &Path, error: &io::Error) -> Self {
        let next = match error.kind() {
            io::ErrorKind::NotFound => "put it back: it is taken up within two seconds",
            _ => "look at the disk, and at the permissions of the file",
        };
        Self {
            is_of_medium: true,
            ..Self::of_content(path, &format!("cannot be read: {error}"), next)
        }
    }
}

impl Source for FileSource {
    fn label(&self) -> String {
        visible_path(&self.path)
    }

    fn description(&self) -> String {
        match &self.now.load().found {
            Ok(source) => source.description(),
            Err(_) => "a file that cannot be used".to_owned(),
        }
    }

    fn fault(&self) -> Option<String> {
        match &self.now.load().found {
            Ok(source) => source.fault(),
            Err(fault) => Some(fault.text.clone()),
        }
    }

    fn remarks(&self) -> Vec<String> {
        let now = self.now.load();
        now.found
            .as_ref()
            .map_or_else(|_| Vec::new(), |source| source.remarks())
    }

    fn is_boot_image(&self) -> bool {
        let now = self.now.load();
        now.found
            .as_ref()
            .is_ok_and(|source| source.is_boot_image())
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        self.ask(|source| source.list(folder))
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        self.ask(|source| source.look(path))
    }

    /// A good file takes the place of the old one at once; a bad one only when it is not
    /// just being copied. An ISO looks after itself, as long as it is one.
    fn renew(&self) -> bool {
        let known = self.now.load_full();
        if let Ok(source) = &known.found
            && !source.is_boot_image()
        {
            let renewed = source.renew();
            return match source.fault() {
                Some(_) if self.is_wim_now() => self.take_anew(),
                _ => renewed,
            };
        }
        let look = look_at_path(&self.path, &self.own_mount);
        let version = look.ok().map(|look| look.stat.version);
        if version == known.version && !known.may_be_right_now() {
            return false;
        }
        let now = Now::look(&self.path, self.image, &self.own_mount);
        let at_rest = version.is_none_or(|version| self.rest.is_at(version));
        if now.fault().is_some() && !at_rest {
            return false;
        }
        let is_as_bad = match (known.fault(), now.fault()) {
            (Some(before), Some(now)) => before.text == now.text,
            _ => false,
        };
        self.now.store(Arc::new(now));
        !is_as_bad
    }
}
