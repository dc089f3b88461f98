//! Is the mountpoint fit to be mounted on? And if not, what to do about it.
//!
//! A daemon that was killed leaves a dead mount behind, at which every call fails with
//! "transport endpoint is not connected": that one is recognised and taken away.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{UnmountFlags, unmount};
use thiserror::Error;

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

/// Makes sure that the mountpoint can be used, taking a dead mount of ours away.
///
/// # Errors
/// Why it cannot be used.
pub fn prepare(mountpoint: &Path) -> Result<(), Unfit> {
    let named = || mountpoint.to_owned();
    match look(mountpoint) {
        Ok(found) if !found.is_dir() => Err(Unfit::NotFolder(named())),
        Ok(_) if is_ours(mountpoint) => Err(Unfit::InUse(named())),
        Ok(_) => Ok(()),
        Err(error) if is_dead(&error) && !is_ours(mountpoint) => {
            Err(Unfit::Foreign(named(), error))
        }
        Err(error) if is_dead(&error) => {
            tracing::warn!("taking away the dead mount on {}", mountpoint.display());
            detach(mountpoint).map_err(|error| Unfit::Stale(named(), error))?;
            prepare(mountpoint)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Unfit::Missing(named())),
        Err(error) => Err(Unfit::NotPermitted(named(), error)),
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

struct Mount {
    device: u64,
    is_ours: bool,
}

fn top_mount(mountpoint: &Path) -> Option<Mount> {
    let resolved = resolved(mountpoint)?;
    let table = fs::read("/proc/self/mountinfo").ok()?;
    let mut lines = table.rsplit(|byte| *byte == b'\n');
    lines.find_map(|line| mounted_at(line, &resolved))
}

/// The path as the kernel writes it. The last part is not looked at: it may be dead.
fn resolved(mountpoint: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(mountpoint).ok()?;
    mountpoint.canonicalize().ok().or_else(|| {
        let above = absolute.parent()?.canonicalize().ok()?;
        Some(above.join(absolute.file_name()?))
    })
}

/// Reads one line of `/proc/self/mountinfo`: id, parent, device, root, mountpoint,
/// options, any number of optional fields, `-`, type, source, more options.
fn mounted_at(line: &[u8], mountpoint: &Path) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    if unescaped(fields.get(4)?) != mountpoint.as_os_str().as_bytes() {
        return None;
    }
    let dash = fields.iter().position(|field| *field == b"-")?;
    let kind = fields.get(dash + 1)?;
    let source = fields.get(dash + 2)?;
    Some(Mount {
        device: parse_device(fields.get(2)?)?,
        is_ours: kind.starts_with(b"fuse") && *source == NAME.as_bytes(),
    })
}

fn parse_device(field: &[u8]) -> Option<u64> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some(rustix::fs::makedev(
        major.parse().ok()?,
        minor.parse().ok()?,
    ))
}

/// Blanks, tabs, newlines and backslashes are written as `\` and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..3).filter(|_| *first == b'\\');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    plain
}
