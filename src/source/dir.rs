//! A folder on disk as a source.
//!
//! Confinement is the kernel's: every path is opened with `openat2` and
//! `RESOLVE_BENEATH` from a descriptor of the source's root, so that neither `..` nor a
//! symbolic link can lead out, also while somebody renames folders under us. Links are
//! followed inside the source. Nothing but the root is kept open.
//!
//! The root is opened once, not by name each time: a source may be the very folder that
//! is mounted over (`base`), whose name then leads back into the mount.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp, open,
    openat2, statx,
};

use super::{
    Entry, Hidden, Hold, Identity, Kind, Listing, Look, ReadAt, Source, Stat, StoredPath, Version,
};
use crate::name::visible_path;

/// How often a walk is tried again that a rename elsewhere disturbed (`EAGAIN`).
const WALK_TRIES: usize = 16;

/// Our own mount, as seen by the sources: what it hides, and what it is.
///
/// A source may be the folder that is mounted over, or lie beneath it: its name then
/// leads into the mount, and only a descriptor from before still leads to the disk. And a
/// source may contain the mountpoint: following it in would make the daemon wait for
/// itself, so the device of the mount is no part of any source.
#[derive(Debug, Default)]
pub struct OwnMount {
    covered: Option<Covered>,
    device: OnceLock<u64>,
}

#[derive(Debug)]
struct Covered {
    /// The mountpoint, as written and with its links resolved.
    names: [PathBuf; 2],
    fd: OwnedFd,
}

impl OwnMount {
    /// The mount that will come up at `mountpoint`; to be made before it does.
    ///
    /// # Errors
    /// Those of opening the folder.
    pub fn at(mountpoint: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let covered = Covered {
            names: [std::path::absolute(mountpoint)?, mountpoint.canonicalize()?],
            fd: open(mountpoint, flags, Mode::empty())?,
        };
        Ok(Self {
            covered: Some(covered),
            device: OnceLock::new(),
        })
    }

    /// The path by which a folder is reached on the disk, whatever is mounted over it.
    pub fn beneath(&self, path: &Path) -> PathBuf {
        let hidden = self.covered.as_ref().and_then(|covered| {
            let path = std::path::absolute(path).ok()?;
            let mut names = covered.names.iter();
            let rest = names.find_map(|name| path.strip_prefix(name).ok())?;
            Some(PathBuf::from(format!("/proc/self/fd/{}", covered.fd.as_raw_fd())).join(rest))
        });
        hidden.unwrap_or_else(|| path.to_owned())
    }

    /// The mount is up, as this device.
    pub fn is_up(&self, device: u64) {
        // Set once: a second mount has a world of its own.
        let _ = self.device.set(device);
    }

    /// Whether that device is the mount.
    pub(super) fn is(&self, device: u64) -> bool {
        self.device.get() == Some(&device)
    }
}

/// A folder on disk.
#[derive(Debug)]
pub struct DirSource {
    path: PathBuf,
    root: ArcSwapOption<Root>,
    own_mount: Arc<OwnMount>,
    has_events: bool,
}

#[derive(Debug)]
struct Root {
    fd: OwnedFd,
    identity: Identity,
}

impl DirSource {
    /// Opens the folder at `path`. `poll` says that its changes raise no events,
    /// whatever the file system claims.
    ///
    /// # Errors
    /// Those of opening it; `ENOTDIR` when it is no folder.
    pub fn open(path: &Path, own_mount: Arc<OwnMount>, poll: bool) -> io::Result<Self> {
        let root = Root::open(&own_mount.beneath(path))?;
        let has_events = !poll && raises_events(&root.fd);
        Ok(Self {
            path: path.to_owned(),
            root: ArcSwapOption::from_pointee(root),
            own_mount,
            has_events,
        })
    }

    fn root(&self) -> io::Result<Arc<Root>> {
        // EIO, not ENOENT: a source that went away is a fault, not an absent name.
        self.root
            .load_full()
            .ok_or_else(|| io::Error::from_raw_os_error(libc::EIO))
    }

    /// A descriptor for `path` that only names it, opened beneath the root.
    fn name(&self, path: &StoredPath) -> io::Result<OwnedFd> {
        let root = self.root()?;
        beneath(&root.fd, path, OFlags::PATH)
    }

    fn see(&self, fd: &OwnedFd) -> io::Result<Statx> {
        // DONT_SYNC first: if this is our own mount, asking it would be asking ourselves.
        let quick = look_at(fd, AtFlags::STATX_DONT_SYNC)?;
        if self.own_mount.is(device(&quick)) {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        if self.has_events {
            return Ok(quick);
        }
        look_at(fd, AtFlags::empty())
    }

    /// The kind behind a link, a folder or a name whose kind the listing did not tell.
    fn follow(&self, folder: &StoredPath, name: &[u8], linked: bool) -> Result<Kind, &'static str> {
        let path = folder.join(name);
        let seen = self.name(&path).and_then(|fd| self.see(&fd));
        let seen = seen.map_err(|error| why_hidden(&error, linked))?;
        let kind = kind_of(&seen).ok_or("is neither a file nor a folder")?;
        if kind == Kind::Folder && linked && self.circles(&path, identity(&seen)) {
            return Err("is a link to a folder above itself");
        }
        Ok(kind)
    }

    /// Whether a folder that a link leads to is one of those the link lies in: such a
    /// tree would have no end for `ls -R`.
    fn circles(&self, link: &StoredPath, target: Identity) -> bool {
        link.ancestors().any(|above| {
            let above = self.name(&above).and_then(|fd| self.see(&fd));
            above.is_ok_and(|seen| identity(&seen) == target)
        })
    }

    fn entry(&self, folder: &StoredPath, name: &[u8], kind: FileType) -> Result<Entry, Hidden> {
        let linked = !matches!(kind, FileType::RegularFile | FileType::Directory);
        let kind = match kind {
            FileType::RegularFile => Ok(Kind::File),
            FileType::Directory | FileType::Symlink | FileType::Unknown => {
                self.follow(folder, name, linked)
            }
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice => Err("is neither a file nor a folder"),
        };
        let name: Box<[u8]> = name.into();
        match kind {
            Ok(kind) => Ok(Entry { name, kind, linked }),
            Err(why) => Err(Hidden { name, why }),
        }
    }
}

impl Source for DirSource {
    fn label(&self) -> String {
        visible_path(&self.path)
    }

    fn description(&self) -> String {
        "a folder".to_owned()
    }

    fn fault(&self) -> Option<String> {
        let gone = || {
            let path = self.label();
            format!("{path} went away; put it back: it is taken up within two seconds")
        };
        self.root.load().is_none().then(gone)
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        let root = self.root()?;
        let fd = beneath(&root.fd, folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
        self.see(&fd)?;
        let mut listing = Listing::default();
        for entry in Dir::new(fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            match self.entry(folder, name, entry.file_type()) {
                Ok(entry) => listing.entries.push(entry),
                Err(hidden) => listing.hidden.push(hidden),
            }
        }
        Ok(listing)
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let named = self.name(path)?;
        let seen = self.see(&named)?;
        let kind = kind_of(&seen).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?;
        let version = version(&seen);
        let stat = Stat { kind, version };
        let hold = Arc::new(Named { named, version });
        Ok(Look { stat, hold })
    }

    fn has_events(&self) -> bool {
        self.has_events
    }

    fn watch_path(&self, folder: &StoredPath) -> Option<PathBuf> {
        // By descriptor, not by name: the name of a covered folder leads into our mount.
        let fd = self
            .root
            .load()
            .as_ref()
            .map_or(-1, |root| root.fd.as_raw_fd());
        let path = PathBuf::from(format!("/proc/self/fd/{fd}"));
        Some(path.join(std::ffi::OsStr::from_bytes(folder.as_bytes())))
    }

    fn renew(&self) -> bool {
        let known = self.root.load_full();
        let now = Root::open(&self.own_mount.beneath(&self.path)).ok();
        let same = match (&known, &now) {
            (Some(known), Some(now)) => known.identity == now.identity,
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.root.store(now.map(Arc::new));
        }
        !same
    }
}

impl Root {
    fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty())?;
        let identity = identity(&look_at(&fd, AtFlags::STATX_DONT_SYNC)?);
        Ok(Self { fd, identity })
    }
}

/// A look at a file that is a source itself, by its path on the disk; links are followed.
///
/// # Errors
/// Those of the medium; `ENOENT` for what is no file or folder, or in our own mount.
pub(super) fn look_at_path(path: &Path, own_mount: &OwnMount) -> io::Result<Look> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let named = open(own_mount.beneath(path), flags, Mode::empty())?;
    let absent = || io::Error::from_raw_os_error(libc::ENOENT);
    if own_mount.is(device(&look_at(&named, AtFlags::STATX_DONT_SYNC)?)) {
        return Err(absent());
    }
    let seen = look_at(&named, AtFlags::empty())?;
    let (kind, version) = (kind_of(&seen).ok_or_else(absent)?, version(&seen));
    Ok(Look {
        stat: Stat { kind, version },
        hold: Arc::new(Named { named, version }),
    })
}

/// A descriptor that only names a file: enough to open it later, also when its name is
/// another file's by then.
#[derive(Debug)]
struct Named {
    named: OwnedFd,
    version: Version,
}

impl Hold for Named {
    /// Opened through the descriptor that was looked at: by name it could meanwhile be a
    /// pipe, whose opening never returns, or a device, whose opening acts.
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        let file = File::open(format!("/proc/self/fd/{}", self.named.as_raw_fd()))?;
        let version = self.version;
        let opened = OpenFile { file, version };
        opened.is_unchanged()?;
        Ok(Box::new(opened))
    }
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    version: Version,
}

impl OpenFile {
    /// A file written in place must give an error, never a mixture of what was there
    /// before and after. (A replaced one is still itself.)
    fn is_unchanged(&self) -> io::Result<()> {
        let now = version(&look_at(&self.file, AtFlags::empty())?);
        if (now.size, now.modified) != (self.version.size, self.version.modified) {
            return Err(io::Error::from_raw_os_error(libc::ESTALE));
        }
        Ok(())
    }
}

impl ReadAt for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // After the read: what was written before it must not pass.
        self.is_unchanged()?;
        Ok(filled)
    }

    fn on_disk(&self) -> Option<&File> {
        Some(&self.file)
    }
}

fn beneath(root: &OwnedFd, path: &StoredPath, flags: OFlags) -> io::Result<OwnedFd> {
    let path = match path.as_bytes() {
        b"" => b".",
        bytes => bytes,
    };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 1..WALK_TRIES;
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(rustix::io::Errno::AGAIN) if tries.next().is_some() => {}
            done => return Ok(done?),
        }
    }
}

pub(super) fn look_at(fd: impl std::os::fd::AsFd, flags: AtFlags) -> io::Result<Statx> {
    Ok(statx(
        fd,
        c"",
        AtFlags::EMPTY_PATH | flags,
        StatxFlags::BASIC_STATS,
    )?)
}

fn why_hidden(error: &io::Error, linked: bool) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EXDEV) => "is a link that leaves its source",
        Some(libc::ELOOP) => "is a link to itself",
        Some(libc::ENOENT) if linked => "is a link to nothing",
        Some(libc::ENOENT) => "is where winbootfs itself is mounted",
        _ => "cannot be read",
    }
}

fn kind_of(seen: &Statx) -> Option<Kind> {
    match FileType::from_raw_mode(seen.stx_mode.into()) {
        FileType::RegularFile => Some(Kind::File),
        FileType::Directory => Some(Kind::Folder),
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => None,
    }
}

pub(super) fn device(seen: &Statx) -> u64 {
    rustix::fs::makedev(seen.stx_dev_major, seen.stx_dev_minor)
}

fn identity(seen: &Statx) -> Identity {
    Identity {
        device: device(seen),
        inode: seen.stx_ino,
    }
}

pub(super) fn version(seen: &Statx) -> Version {
    Version {
        identity: identity(seen),
        size: seen.stx_size,
        modified: nanos(&seen.stx_mtime),
        changed: nanos(&seen.stx_ctime),
    }
}

/// Enough until the year 2262; a time beyond is as good as any other.
fn nanos(time: &StatxTimestamp) -> i64 {
    let seconds = time.tv_sec.saturating_mul(1_000_000_000);
    seconds.saturating_add(i64::from(time.tv_nsec))
}

/// Whether inotify tells of every change on the file system that holds `fd`. Where other
/// machines, or another process behind FUSE, can write, it tells only of our own.
fn raises_events(fd: &OwnedFd) -> bool {
    const SILENT: [u32; 12] = [
        0x6969,      // NFS
        0xFE53_4D42, // SMB2 and later
        0xFF53_4D42, // CIFS
        0x6573_5546, // FUSE
        0x0102_1997, // 9p
        0x00C3_6400, // Ceph
        0x0BD0_0BD0, // Lustre
        0x0116_1970, // GFS2
        0x7461_636F, // OCFS2
        0x786F_4256, // VirtualBox shared folders
        0x5346_414F, // AFS
        0x4750_4653, // GPFS
    ];
    rustix::fs::fstatfs(fd).is_ok_and(|fs| {
        u32::try_from(fs.f_type & 0xFFFF_FFFF).is_ok_and(|kind| !SILENT.contains(&kind))
    })
}
