//! The disk as a process sees it: another root, other mounts, other files under a name.
//!
//! Every path is resolved below the process' root (`RESOLVE_IN_ROOT`): a symbolic link that
//! begins with `/` means that root and not ours. Nothing is opened before it is known to be
//! a file: opening a pipe would wait, opening a device would act.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, open, openat2, statx,
};

use crate::doctor::setup::reader::Files;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The most names that are read of a folder.
pub const MOST_NAMES: usize = 1000;

/// The view of a process.
#[derive(Debug)]
pub struct View {
    root: OwnedFd,
}

impl View {
    /// That of a process.
    ///
    /// # Errors
    /// That it may not be looked at, or has ended.
    pub fn of(id: i32) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(format!("/proc/{id}/root"), flags, Mode::empty())?;
        Ok(Self { root })
    }

    /// A descriptor that only names what is there.
    ///
    /// # Errors
    /// Those of looking for it.
    pub fn name(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found = openat2(
            &self.root,
            path,
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        );
        Ok(found?)
    }
}

impl Files for View {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let named = self.name(file)?;
        match kind(named.as_fd())? {
            FileType::RegularFile => {}
            FileType::Directory => return Err(io::Error::from_raw_os_error(libc::EISDIR)),
            // `/dev/null` in the place of a file: there is nothing in it.
            _ => return Ok(Vec::new()),
        }
        let mut bytes = Vec::new();
        let file = File::open(proc_path(named.as_fd()))?;
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        names(self.name(folder)?.as_fd())
    }
}

/// The names in a folder, sorted.
///
/// # Errors
/// Those of reading it.
pub fn names(folder: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(proc_path(folder), flags, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::new(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." && names.len() < MOST_NAMES {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The device of the file system on which something lies. Asked for nothing else, FUSE
/// answers by itself, whoever asks and whether or not its daemon lives.
///
/// # Errors
/// Those of looking.
pub fn device(named: BorrowedFd<'_>) -> io::Result<u64> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let seen = statx(named, c"", flags, StatxFlags::empty())?;
    Ok(rustix::fs::makedev(seen.stx_dev_major, seen.stx_dev_minor))
}

/// What is there, out of the kernel's memory where that will do.
///
/// # Errors
/// Those of looking.
pub fn seen(named: BorrowedFd<'_>) -> io::Result<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    Ok(statx(named, c"", flags, StatxFlags::BASIC_STATS)?)
}

/// The path by which the kernel knows it.
///
/// # Errors
/// Those of looking.
pub fn path(named: BorrowedFd<'_>) -> io::Result<PathBuf> {
    fs::read_link(proc_path(named))
}

fn kind(named: BorrowedFd<'_>) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(seen(named)?.stx_mode.into()))
}

fn proc_path(named: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", named.as_raw_fd()))
}
