//! The folder beneath the mount, seen without unmounting: `open_tree` makes a copy of the
//! mount in which the mountpoint lies, without what is mounted on that.
//!
//! Only the copy is looked at, and nobody else ever sees it; it goes with its descriptor.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{OpenTreeFlags, open_tree};

use super::mount::Mountpoint;
use super::view::names;
use crate::fuse::mountpoint::table::Mount;

/// The names in the folder at the mountpoint, whatever is mounted over it.
///
/// # Errors
/// Why they cannot be seen, as the end of a sentence.
pub fn look(own: &Mountpoint) -> Result<Vec<String>, String> {
    let found = match &own.mount {
        None => plain(&own.path),
        Some(mount) if is_stacked(mount) => {
            return Err("another file system is mounted between it and the disk".to_owned());
        }
        Some(_) => covered(&own.path),
    };
    found.map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM) => "that needs root (CAP_SYS_ADMIN)".to_owned(),
        _ => error.to_string(),
    })
}

fn plain(path: &Path) -> io::Result<Vec<String>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    names(openat(CWD, path, flags, Mode::empty())?.as_fd())
}

fn covered(path: &Path) -> io::Result<Vec<String>> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let copy = open_tree(CWD, above, flags)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    names(openat(copy, name, flags, Mode::empty())?.as_fd())
}

/// Whether the mount lies on another mount of the same mountpoint, which the copy leaves
/// out as well.
fn is_stacked(mount: &Mount) -> bool {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let table = Mount::all(&table);
    let mut beneath = table.iter().filter(|other| other.id == mount.parent);
    beneath.any(|other| other.path == mount.path)
}
