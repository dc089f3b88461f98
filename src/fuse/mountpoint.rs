//! Is the mountpoint fit to be mounted on? And if not, what to do about it.
//!
//! A daemon that was killed leaves a dead mount behind, at which every call fails with
//! "transport endpoint is not connected": that one is recognised and taken away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{UnmountFlags, unmount};
use thiserror::Error;

use table::Mount;

pub mod table;

/// The name of the file system, as `mount` and `df` show it.
pub const NAME: &str = "winbootfs";

/// Why nothing can be mounted there. Each message ends in what to do.
#[derive(Debug, Error)]
pub enum Unfit {
    /// There is no such folder.
    #[error("the mountpoint {0} is missing\n  make it: mkdir -p {0}")]
    Missing(PathBuf),
    /// It is a file.
    #[error(
        "the mountpoint {0} is not a folder\n  name a folder: winbootfs mount SOURCE... MOUNTPOINT"
    )]
    NotFolder(PathBuf),
    /// A live winbootfs is mounted there.
    #[error("winbootfs is already mounted on {0}\n  stop that one first: umount {0}")]
    InUse(PathBuf),
    /// It may not be looked at.
    #[error(
        "the mountpoint {0} may not be used: {1}\n  run as root, or look at its owner: ls -ld {0}"
    )]
    NotPermitted(PathBuf, io::Error),
    /// A dead mount of another program is there.
    #[error("another program's dead mount is on {0}: {1}\n  take it away: sudo umount -l {0}")]
    Foreign(PathBuf, io::Error),
    /// A dead mount is there, and may not be taken away.
    #[error("a dead winbootfs is mounted on {0}: {1}\n  take it away: sudo umount -l {0}")]
    Stale(PathBuf, io::Error),
}

/// What is at a mountpoint.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Missing,
    /// A file.
    NotFolder,
    /// A folder, and no winbootfs on it.
    Folder,
    /// A live winbootfs.
    Ours,
    /// A dead mount, perhaps of ours.
    Dead {
        /// Whether it is a winbootfs.
        is_ours: bool,
        /// What every call there gives.
        error: io::Error,
    },
    /// It may not be looked at.
    NotPermitted(io::Error),
}

/// Looks at a mountpoint. It waits for the daemon of a mount that is there.
pub fn found(mountpoint: &Path) -> Found {
    match look(mountpoint) {
        Ok(found) if !found.is_dir() => Found::NotFolder,
        Ok(_) if is_ours(mountpoint) => Found::Ours,
        Ok(_) => Found::Folder,
        Err(error) if is_dead(&error) => Found::Dead {
            is_ours: is_ours(mountpoint),
            error,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Missing,
        Err(error) => Found::NotPermitted(error),
    }
}

/// Makes sure that the mountpoint can be used, taking a dead mount of ours away.
///
/// # Errors
/// Why it cannot be used.
pub fn prepare(mountpoint: &Path) -> Result<(), Unfit> {
    let named = || mountpoint.to_owned();
    match found(mountpoint) {
        Found::Folder => Ok(()),
        Found::NotFolder => Err(Unfit::NotFolder(named())),
        Found::Ours => Err(Unfit::InUse(named())),
        Found::Dead {
            is_ours: false,
            error,
        } => Err(Unfit::Foreign(named(), error)),
        Found::Dead { .. } => {
            tracing::warn!("taking away the dead mount on {}", mountpoint.display());
            detach(mountpoint).map_err(|error| Unfit::Stale(named(), error))?;
            prepare(mountpoint)
        }
        Found::Missing => Err(Unfit::Missing(named())),
        Found::NotPermitted(error) => Err(Unfit::NotPermitted(named(), error)),
    }
}

/// The kernel may answer `stat` out of its memory long after the daemon is dead; `statfs`
/// it always passes on. Any other error of that call is no word about the mountpoint.
fn look(mountpoint: &Path) -> io::Result<fs::Metadata> {
    let found = fs::metadata(mountpoint)?;
    match rustix::fs::statfs(mountpoint).map_err(io::Error::from) {
        Err(error) if is_dead(&error) => Err(error),
        _ => Ok(found),
    }
}

/// A killed daemon gives "not connected" at once, and one whose connection the kernel
/// took away "aborted" to calls that were under way.
fn is_dead(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOTCONN | libc::ECONNABORTED)
    )
}

/// Takes the mount away even while files are open in it. Not as root, `fusermount3` does
/// it, which may take away what its caller has mounted.
///
/// # Errors
/// Those of `umount`, or what `fusermount3` says.
pub fn detach(mountpoint: &Path) -> io::Result<()> {
    match unmount(mountpoint, UnmountFlags::DETACH) {
        Err(rustix::io::Errno::PERM) => fusermount(mountpoint, "-uz"),
        done => Ok(done?),
    }
}

/// Takes the mount away if nothing is open in it.
///
/// # Errors
/// `EBUSY` when something is; those of `umount`.
pub fn release(mountpoint: &Path) -> io::Result<()> {
    match unmount(mountpoint, UnmountFlags::NOFOLLOW) {
        Err(rustix::io::Errno::PERM) => fusermount(mountpoint, "-u"),
        done => Ok(done?),
    }
}

fn fusermount(mountpoint: &Path, flags: &str) -> io::Result<()> {
    let mut command = Command::new("fusermount3");
    let done = command.arg(flags).arg("--").arg(mountpoint).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(
        String::from_utf8_lossy(&done.stderr).trim().to_owned(),
    ))
}

/// The device of the file system that is mounted last at the mountpoint, read from the
/// table of mounts: asking the mount itself would be asking ourselves.
pub fn device(mountpoint: &Path) -> Option<u64> {
    top_mount(mountpoint).map(|mount| mount.device)
}

fn is_ours(mountpoint: &Path) -> bool {
    top_mount(mountpoint).is_some_and(|mount| mount.is_ours)
}

fn top_mount(mountpoint: &Path) -> Option<Mount> {
    mounted_last(&resolved(mountpoint)?)
}

/// What is mounted last at a path that is as the kernel writes it.
pub fn mounted_last(resolved: &Path) -> Option<Mount> {
    let table = fs::read("/proc/self/mountinfo").ok()?;
    let mut lines = table.rsplit(|byte| *byte == b'\n');
    lines.find_map(|line| Mount::parse(line).filter(|mount| mount.path == resolved))
}

/// The path as the kernel writes it, also where the last part is dead.
pub fn resolved(mountpoint: &Path) -> Option<PathBuf> {
    mountpoint
        .canonicalize()
        .ok()
        .or_else(|| resolved_above(mountpoint))
}

/// The same without a question to what is mounted there, which may not answer.
pub fn resolved_above(mountpoint: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(mountpoint).ok()?;
    let above = absolute.parent()?.canonicalize().ok()?;
    Some(above.join(absolute.file_name()?))
}
