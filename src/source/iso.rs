//! An ISO image as a source: UDF, or ISO 9660 with the names of Rock Ridge or Joliet.
//!
//! An image is read twice. Once by a parser, whole, for all its names and for the places
//! of all its bytes; what that gives is a volume, which never changes. And then
//! byte by byte with `pread`, by everybody at once, with no parser and no lock involved.
//!
//! What changes is the file. A new one in its place makes a new volume, swapped in whole;
//! transfers under way hold the old one. A broken one makes a fault, which every question
//! is answered with until the file is another. A file still being written is left alone
//! until it has rested from one look to the next.

mod extents;
mod fault;
mod medium;
mod parsers;
mod progress;
mod tree;
mod volume;
mod walk;

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, open};

use self::fault::Fault;
pub use self::progress::{Clock, PROGRESS};
use self::volume::Volume;
use super::dir::{self, OwnMount};
use super::{Hold, Listing, Look, ReadAt, Source, StoredPath, Version};
use crate::name::visible_path;

/// An ISO image.
#[derive(Debug)]
pub struct IsoSource {
    path: PathBuf,
    own_mount: Arc<OwnMount>,
    clock: Clock,
    state: ArcSwap<State>,
    /// The file that was there at the last look, where it is not yet the one in use.
    ahead: Mutex<Option<Version>>,
}

#[derive(Debug)]
enum State {
    Ready(Arc<Volume>),
    /// It cannot be used, and why; and as long as the file is of which version, if known.
    Faulty(Fault, Option<Version>),
}

/// The file at a path, not yet opened for reading.
struct Named {
    fd: OwnedFd,
    version: Version,
}

impl IsoSource {
    /// Opens and indexes the image at `path`. A file that is there and cannot be used is
    /// no error here: every question about its contents is answered with one, until the
    /// file is repaired.
    ///
    /// # Errors
    /// `ENOENT` and the like when there is nothing; `EINVAL` when it is no file.
    pub fn open(path: &Path, own_mount: Arc<OwnMount>) -> io::Result<Self> {
        Self::open_by(path, own_mount, Instant::now)
    }

    /// The same by another clock, which tells when it has taken so long that it is to be said.
    ///
    /// # Errors
    /// Those of [`IsoSource::open`].
    pub fn open_by(path: &Path, own_mount: Arc<OwnMount>, clock: Clock) -> io::Result<Self> {
        let named = Named::at(path, &own_mount)?;
        let state = named.index(path, clock);
        Ok(Self {
            path: path.to_owned(),
            own_mount,
            clock,
            state: ArcSwap::from_pointee(state),
            ahead: Mutex::new(None),
        })
    }

    fn volume(&self) -> io::Result<Arc<Volume>> {
        match &**self.state.load() {
            State::Ready(volume) => Ok(volume.clone()),
            State::Faulty(fault, _) => Err(io::Error::other(fault.about(&self.path))),
        }
    }

    /// Puts a state in the place of the one there is. Returns whether it is another: whoever
    /// asked then says what is wrong.
    fn swap(&self, state: State) -> bool {
        let before = self.state.swap(Arc::new(state));
        match (&*before, &**self.state.load()) {
            (State::Faulty(before, _), State::Faulty(now, _)) => before != now,
            (_, State::Faulty(..) | State::Ready(_)) => true,
        }
    }

    /// What there is now is not what is in use.
    fn take(&self, named: &Named) -> bool {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.state.load();
        if ahead.replace(named.version) == Some(named.version) {
            *ahead = None;
            return self.swap(named.index(&self.path, self.clock));
        }
        match &**known {
            // Written in place: nothing of the old contents can be relied on.
            State::Ready(volume) if is_unchanged(volume).is_err() => {
                self.swap(State::Faulty(changing(), None))
            }
            State::Ready(_) | State::Faulty(..) => false,
        }
    }

    fn gone(&self, error: &io::Error) -> bool {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let fault = Fault::new(format!("cannot be opened: {error}"), "put the image back");
        self.swap(State::Faulty(fault, None))
    }
}

fn changing() -> Fault {
    let what = "is being written to";
    Fault::new(
        what,
        "it is read again as soon as it rests; better replace it by renaming",
    )
}

impl State {
    /// Of which version of the file this is the state; none where the same version may
    /// well give another state at the next look.
    fn of(&self) -> Option<Version> {
        match self {
            Self::Ready(volume) => Some(*volume.version()),
            Self::Faulty(fault, version) => version.filter(|_| !fault.passing),
        }
    }
}

impl Source for IsoSource {
    fn label(&self) -> String {
        visible_path(&self.path)
    }

    fn description(&self) -> String {
        match &**self.state.load() {
            State::Ready(volume) => volume.description().to_owned(),
            State::Faulty(fault, _) => format!("an image that cannot be used: {fault}"),
        }
    }

    fn fault(&self) -> Option<String> {
        match &**self.state.load() {
            State::Ready(_) => None,
            State::Faulty(fault, _) => Some(fault.about(&self.path)),
        }
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        self.volume()?.list(folder)
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let volume = self.volume()?;
        let node = volume.find(path)?;
        let stat = volume.stat(node);
        let path = path.clone();
        let hold = Arc::new(Entry { volume, path });
        Ok(Look { stat, hold })
    }

    /// Nothing inside changes but with the file, which [`Source::renew`] looks at.
    fn renew(&self) -> bool {
        match Named::at(&self.path, &self.own_mount) {
            Ok(named) if self.state.load().of() == Some(named.version) => {
                *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = None;
                false
            }
            Ok(named) => self.take(&named),
            Err(error) => self.gone(&error),
        }
    }
}

impl Named {
    /// Named first and opened later: a pipe would never open, and our own mount answer to
    /// nobody while we wait for it.
    fn at(path: &Path, own_mount: &OwnMount) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let fd = open(own_mount.beneath(path), flags, Mode::empty())?;
        let quick = dir::look_at(&fd, AtFlags::STATX_DONT_SYNC)?;
        if own_mount.is(dir::device(&quick)) {
            return Err(io::Error::other("it lies in the mount itself"));
        }
        let seen = dir::look_at(&fd, AtFlags::empty())?;
        if FileType::from_raw_mode(seen.stx_mode.into()) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let version = dir::version(&seen);
        Ok(Self { fd, version })
    }

    fn index(&self, label: &Path, clock: Clock) -> State {
        let version = Some(self.version);
        let opened = File::open(format!("/proc/self/fd/{}", self.fd.as_raw_fd()));
        let indexed = opened
            .map_err(|error| Fault::unreadable(0, &error))
            .and_then(|file| Volume::index(file, self.version, label, clock));
        match indexed {
            Ok(volume) if is_unchanged(&volume).is_err() => State::Faulty(changing(), None),
            Ok(volume) => State::Ready(Arc::new(volume)),
            Err(fault) => State::Faulty(fault, version),
        }
    }
}

/// An image written in place must give an error, never a mixture of what was there before
/// and after. (A replaced one is still itself.)
fn is_unchanged(volume: &Volume) -> io::Result<()> {
    let now = dir::version(&dir::look_at(volume.file(), AtFlags::empty())?);
    let then = volume.version();
    if (now.size, now.modified) != (then.size, then.modified) {
        return Err(io::Error::from_raw_os_error(libc::ESTALE));
    }
    Ok(())
}

/// An entry of a volume, which it keeps alive whatever becomes of the name of the image.
#[derive(Debug, Clone)]
struct Entry {
    volume: Arc<Volume>,
    path: StoredPath,
}

impl Hold for Entry {
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        is_unchanged(&self.volume)?;
        Ok(Box::new(self.clone()))
    }
}

impl ReadAt for Entry {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let node = self.volume.find(&self.path)?;
        let read = self.volume.read(node, buffer, offset);
        // After the read: what was written before it must not pass.
        is_unchanged(&self.volume)?;
        read
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}
