//! What is inside one image of a WIM, as a source.
//!
//! The WIM is read through whatever holds it, so one in an ISO is no other matter. Its bytes
//! pass through the daemon: they are compressed, and no file on the disk is the same.
//!
//! Nothing in here changes. Who has replaced the WIM makes a new source; what is open goes on
//! reading the old file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::words;
use super::{
    Entry, FolderHold, Hidden, Hold, Kind, Listing, Look, ReadAt, Source, Stat, StoredPath, Version,
};
use crate::name::visible;
use crate::wim::{self, Architecture, Blob, Error, ImageInfo, Tree, Unsupported, Wim};

/// An open WIM and the image in it that is meant.
#[derive(Debug, Clone)]
pub struct Chosen {
    wim: Wim,
    index: u32,
}

impl Chosen {
    /// Opens what was looked at as a WIM. `image` counts from 1; without one it is the
    /// image that the WIM itself says is to be booted, else the first.
    ///
    /// # Errors
    /// It is no WIM that is read, it is damaged, or has no such image: the rest of a
    /// sentence that begins with its name.
    pub fn open(look: &Look, image: Option<u32>) -> Result<Self, Error> {
        let bytes = look.open(&look.stat.version).map_err(medium)?;
        let wim = Wim::open(Arc::from(bytes), look.stat.version.size)?;
        let index = image.or(wim.boot_index()).unwrap_or(1);
        let count = wim.images().len() as u32;
        if index == 0 || index > count {
            return Err(Error::NoImage { index, count });
        }
        Ok(Self { wim, index })
    }

    /// Which image it is, from 1.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// What else an operator should know of it, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let nameless = self.wim.nameless();
        let nameless =
            nameless.map(|why| format!("{why}; its boot programs are taken to be for x64"));
        self.boots_another().into_iter().chain(nameless).collect()
    }

    /// Windows boots the image that the WIM names, whichever is shown.
    fn boots_another(&self) -> Option<String> {
        let index = self.index;
        match self.wim.boot_index() {
            None => Some(format!(
                "it names no image to boot, and Windows boots none then; name one: \
                 wimlib-imagex info FILE {index} --boot"
            )),
            Some(booted) if booted != index => Some(format!(
                "its boot programs are those of image {index}, and what boots then is image \
                 {booted}, which the WIM names itself; name the other one, in a copy: \
                 wimlib-imagex info COPY {index} --boot"
            )),
            Some(_) => None,
        }
    }

    /// The files and folders of the image.
    ///
    /// # Errors
    /// Its metadata is damaged.
    pub fn tree(&self) -> Result<Tree, Error> {
        self.wim.tree(self.index)
    }

    fn info(&self) -> Option<&ImageInfo> {
        let mut known = self.wim.images().iter();
        known.find(|info| info.index == self.index)
    }

    /// What it is, such as "a WIM, LZX, image 2 of 2: Microsoft Windows Setup (x64), Windows
    /// 10.0.26100, x64".
    pub fn summary(&self) -> String {
        let (compression, count) = (self.wim.compression().name(), self.wim.images().len());
        let mut text = format!("a WIM, {compression}, image {} of {count}", self.index);
        let facts = self.info().map(facts).unwrap_or_default();
        if !facts.is_empty() {
            text = format!("{text}: {}", facts.join(", "));
        }
        text
    }
}

fn facts(info: &ImageInfo) -> Vec<String> {
    let version = info.version.map(|version| {
        let (major, minor, build) = (version.major, version.minor, version.build);
        format!("Windows {major}.{minor}.{build}")
    });
    let machine = info.architecture.map(|machine| match machine {
        // As it is in the names of boot programs, and on the box.
        Architecture::Amd64 => "x64".to_owned(),
        other => other.to_string(),
    });
    let name = info.name.as_ref().map(|name| visible(name.as_bytes()));
    [name, version, machine].into_iter().flatten().collect()
}

fn medium(error: io::Error) -> Error {
    let error = Arc::new(error);
    Error::Medium { at: 0, error }
}

/// What to do about it.
pub fn next_step(error: &Error) -> &'static str {
    match error {
        Error::Unsupported(Unsupported::Lzms) => {
            "Windows does not boot it either (0xc00000bb); make one that it does: \
             wimlib-imagex export FILE all NEW.wim --compress=LZX"
        }
        Error::Unsupported(Unsupported::Compression(_) | Unsupported::Version(_)) => {
            "make one that Windows boots: wimlib-imagex export FILE all NEW.wim --compress=LZX"
        }
        // These say it themselves.
        Error::Unsupported(_) => "Windows does not boot it as it is",
        Error::NoImage { .. } => "name one that it has behind the colon, or none",
        Error::Medium { .. } => "look at the disk, and at the permissions of the file",
        _ => "put a good copy in its place: it is taken up within two seconds",
    }
}

/// Whether the same file may be right the next time.
pub fn is_of_medium(error: &Error) -> bool {
    matches!(error, Error::Medium { .. })
}

/// One image of a WIM, or some folders of it.
#[derive(Debug)]
pub struct WimSource {
    label: String,
    summary: String,
    machine: Option<Architecture>,
    files: usize,
    tree: Tree,
    version: Version,
}

/// By so many bits the numbers of files are above those of images, of which there are fewer.
const NUMBERED: u32 = 10;

impl WimSource {
    /// The image `chosen` of the WIM that is the file of this version, and that the operator
    /// calls `label`. Of all its folders it shows but `folders`, if any are given.
    ///
    /// # Errors
    /// The metadata of the image is damaged.
    pub fn new(
        label: String,
        chosen: &Chosen,
        version: Version,
        folders: Option<&[&str]>,
    ) -> Result<Self, Error> {
        let whole = chosen.tree()?;
        let files = count_files(&whole);
        let tree = folders.map_or_else(|| whole.clone(), |folders| whole.only(folders));
        // Two images of a WIM may have files of one path, size and time.
        let changed = version.changed.saturating_add(chosen.index.into());
        Ok(Self {
            label,
            summary: chosen.summary(),
            machine: chosen.info().and_then(|info| info.architecture),
            files,
            tree,
            version: Version { changed, ..version },
        })
    }

    /// How many files it shows.
    pub fn shown(&self) -> usize {
        count_files(&self.tree)
    }

    fn entry(&self, path: &StoredPath) -> io::Result<wim::Entry<'_>> {
        let found = self.tree.find(path.as_bytes());
        let is_file = |path: StoredPath| {
            let entry = self.tree.find(path.as_bytes());
            entry.is_some_and(|entry| entry.kind() != wim::Kind::Folder)
        };
        found.ok_or_else(|| match path.ancestors().any(is_file) {
            true => io::Error::from_raw_os_error(libc::ENOTDIR),
            false => io::Error::from_raw_os_error(libc::ENOENT),
        })
    }

    fn version(&self, entry: &wim::Entry<'_>) -> Version {
        // Files that were made together often have one size and one time.
        let number = i64::from(entry.number()) << NUMBERED;
        Version {
            size: entry.size(),
            modified: entry.modified(),
            changed: self.version.changed.wrapping_add(number),
            ..self.version
        }
    }

    fn hold(&self, path: &StoredPath, entry: &wim::Entry<'_>) -> Held {
        Held {
            name: format!("{}/{}", self.label, visible(path.as_bytes())),
            tree: self.tree.clone(),
            number: entry.number(),
        }
    }
}

fn count_files(tree: &Tree) -> usize {
    let numbers = 0..u32::try_from(tree.len()).unwrap_or(u32::MAX);
    let kinds = numbers.filter_map(|number| Some(tree.entry(number)?.kind()));
    kinds.filter(|kind| *kind == wim::Kind::File).count()
}

impl Source for WimSource {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn description(&self) -> String {
        format!("{}, {} files", self.summary, words::grouped(self.files))
    }

    fn machine(&self) -> Option<Architecture> {
        self.machine
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        let folder = self.entry(folder)?;
        if folder.kind() != wim::Kind::Folder {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        }
        let mut listing = Listing::default();
        for entry in folder.entries() {
            let name = entry.name().into();
            let shown = |kind| Entry {
                name: entry.name().into(),
                kind,
                linked: false,
            };
            match entry.kind() {
                wim::Kind::File => listing.entries.push(shown(Kind::File)),
                wim::Kind::Folder => listing.entries.push(shown(Kind::Folder)),
                wim::Kind::Hidden(why) => listing.hidden.push(Hidden { name, why }),
            }
        }
        Ok(listing)
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let entry = self.entry(path)?;
        let version = self.version(&entry);
        let (kind, hold): (_, Arc<dyn Hold>) = match entry.kind() {
            wim::Kind::File => (Kind::File, Arc::new(self.hold(path, &entry))),
            wim::Kind::Folder => (Kind::Folder, Arc::new(FolderHold)),
            wim::Kind::Hidden(_) => return Err(io::Error::from_raw_os_error(libc::ENOENT)),
        };
        let stat = Stat { kind, version };
        Ok(Look { stat, hold })
    }
}

/// A file that was looked at. It costs no descriptor: the WIM is open anyway.
#[derive(Debug)]
struct Held {
    name: String,
    tree: Tree,
    number: u32,
}

impl Hold for Held {
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        let entry = self.tree.entry(self.number).ok_or(Error::NoFile);
        let blob = entry.and_then(|entry| entry.open());
        Ok(Box::new(OpenFile {
            blob: blob.map_err(|error| said(&self.name, error))?,
            name: self.name.clone(),
        }))
    }
}

#[derive(Debug)]
struct OpenFile {
    blob: Blob,
    name: String,
}

impl ReadAt for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.blob.read_at(buffer, offset);
        read.map_err(|error| said(&self.name, error))
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// What the medium says has a meaning above (`ESTALE`); all else is for people.
fn said(name: &str, error: Error) -> io::Error {
    let text = format!("{name} {error}; {}", next_step(&error));
    let plain = io::Error::from(error);
    match plain.raw_os_error() {
        Some(_) => plain,
        None => io::Error::other(text),
    }
}
