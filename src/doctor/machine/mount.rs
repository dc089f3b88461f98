//! Our own mount: whether it is there, and whether it answers.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::fuse::mountpoint::table::Mount;
use crate::fuse::mountpoint::{self, Found};

/// How long the mount may take to answer. A boot manager waits three seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is at the mountpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mountpoint {
    /// Where it is, as the kernel writes it.
    pub path: PathBuf,
    /// What is there.
    pub state: State,
    /// The mount in the kernel's table, if it is ours.
    pub mount: Option<Mount>,
    /// Who owns every file of it.
    pub owner: Option<u32>,
}

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is mounted, and answers.
    Up,
    /// It is mounted, and does not answer.
    Silent,
    /// It is mounted, and this user may not look.
    Closed,
    /// It is dead; perhaps it never was ours.
    Dead {
        /// Whether it is a winbootfs.
        is_ours: bool,
    },
    /// The folder is there, and no winbootfs on it.
    Down,
    /// The folder may not be looked at, and why.
    NotPermitted(String),
    /// There is no such folder.
    Missing,
    /// It is a file.
    NotFolder,
}

impl Mountpoint {
    /// Looks at a mountpoint.
    pub fn look(mountpoint: &Path) -> Self {
        let named = mountpoint.to_owned();
        let answer = in_time(move || {
            let found = mountpoint::found(&named);
            let owner = std::fs::metadata(&named).ok().map(|found| found.uid());
            (found, mountpoint::resolved(&named), owner)
        });
        let above = || mountpoint::resolved_above(mountpoint);
        let (found, resolved, owner) = match answer {
            Some((found, resolved, owner)) => (Some(found), resolved, owner),
            None => (None, above(), None),
        };
        let path = resolved.unwrap_or_else(|| mountpoint.to_owned());
        let mount = mountpoint::mounted_last(&path).filter(|mount| mount.is_ours);
        Self {
            state: state(found, mount.is_some()),
            path,
            mount,
            owner,
        }
    }

    /// The device of the mount, if it is up.
    pub fn device(&self) -> Option<u64> {
        let is_up = matches!(self.state, State::Up | State::Silent | State::Closed);
        let mount = self.mount.as_ref().filter(|_| is_up);
        mount.map(|mount| mount.device)
    }
}

fn state(found: Option<Found>, is_ours: bool) -> State {
    match found {
        None => State::Silent,
        Some(Found::Ours) => State::Up,
        Some(Found::Dead { is_ours, .. }) => State::Dead { is_ours },
        Some(Found::Folder) => State::Down,
        Some(Found::Missing) => State::Missing,
        Some(Found::NotFolder) => State::NotFolder,
        Some(Found::NotPermitted(_)) if is_ours => State::Closed,
        Some(Found::NotPermitted(error)) => State::NotPermitted(error.to_string()),
    }
}

/// What somebody finds out who may have to wait for a daemon that hangs.
fn in_time<T: Send + 'static>(find_out: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    let started = thread::Builder::new()
        .name("look".to_owned())
        .spawn(move || {
            // Nobody waits any more: that is all that can go wrong.
            let _ = sender.send(find_out());
        });
    started.ok()?;
    receiver.recv_timeout(PATIENCE).ok()
}
