//! Where a folder is that a server serves: in the mount, beneath it, or elsewhere.
//!
//! Told by devices and not by names: the folder beneath a mount has the name of the mount.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, fstatfs, open};
use rustix::io::Errno;

use crate::doctor::machine::mount::Mountpoint;
use crate::doctor::machine::view::{self, View};
use crate::doctor::setup::Root;
use crate::fuse::mountpoint::table::Mount;
use crate::name::visible;

/// Where a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the mount, at this path below its root.
    Within(String),
    /// The folder beneath the mount.
    Beneath,
    /// In a mount of ours that is there no more.
    Gone,
    /// Somewhere else.
    Elsewhere,
    /// There is no such folder, or it cannot be looked at, and why.
    Missing(String),
}

/// Where a folder is that is opened by its name each time.
pub(super) fn named(view: &View, folder: &Path, own: &Mountpoint, mounts: &[Mount]) -> Place {
    let found = view.name(folder).and_then(|named| {
        let device = view::device(named.as_fd())?;
        Ok((device, view::path(named.as_fd())?))
    });
    match found {
        Ok((device, path)) => located(device, &path, own, mounts),
        Err(error) => Place::Missing(error.to_string()),
    }
}

/// Where a process stands that went into its folder when it started. The name of that is the
/// mountpoint's also where it is the folder beneath.
pub(super) fn standing(id: i32, root: &Root, own: &Mountpoint, mounts: &[Mount]) -> Place {
    let folder = format!("/proc/{id}/cwd");
    let opened = open(&folder, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let found = opened.map_err(std::io::Error::from).and_then(|named| {
        let device = view::device(named.as_fd())?;
        let is_other = Some(device) != own.device();
        let is_dead = is_other && fstatfs(&named).is_err_and(is_dead);
        Ok((device, is_dead, fs::read_link(&folder)?))
    });
    match found {
        Err(error) => Place::Missing(error.to_string()),
        Ok((_, true, _)) => Place::Gone,
        Ok((device, false, path)) => match located(device, &path, own, mounts) {
            Place::Elsewhere if path == own.path => Place::Beneath,
            // Names begin in the folder that the map puts in front.
            Place::Within(within) if within.is_empty() && root.folder.ends_with("clients") => {
                Place::Within("clients".to_owned())
            }
            place => place,
        },
    }
}

fn is_dead(error: Errno) -> bool {
    error == Errno::NOTCONN || error == Errno::CONNABORTED
}

/// A path in the mount is counted from where it is mounted for this process, and from that
/// of its folders which is mounted there.
fn located(device: u64, path: &Path, own: &Mountpoint, mounts: &[Mount]) -> Place {
    let Some(mounted) = own.device() else {
        // Nothing is mounted: what lies where it will be is as good as in it.
        let within = path.strip_prefix(&own.path);
        return within.map_or(Place::Elsewhere, |within| Place::Within(shown(within)));
    };
    if device != mounted {
        return Place::Elsewhere;
    }
    let ours = mounts.iter().filter(|mount| mount.device == device);
    let around = ours.filter(|mount| path.starts_with(&mount.path));
    let nearest = around.max_by_key(|mount| mount.path.as_os_str().len());
    let within = nearest.and_then(|mount| {
        let below = path.strip_prefix(&mount.path).ok()?;
        Some(mount.root.join(below))
    });
    match within {
        Some(within) => Place::Within(shown(within.strip_prefix("/").unwrap_or(&within))),
        None => Place::Missing("where in the mount it is cannot be told".to_owned()),
    }
}

fn shown(path: &Path) -> String {
    let shown = visible(path.as_os_str().as_bytes());
    shown.trim_end_matches('/').to_owned()
}
