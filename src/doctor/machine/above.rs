//! The folders above the mountpoint: whoever may not pass one of them sees no file in it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::getxattr_query;

use super::process::User;
use super::view::{View, seen};

/// `CAP_DAC_OVERRIDE` and `CAP_DAC_READ_SEARCH`: whoever has one passes everywhere.
const PASSING: [u32; 2] = [1, 2];

/// A folder, and who may pass it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    /// Its mode.
    pub mode: u32,
    /// Its user.
    pub user: u32,
    /// Its group.
    pub group: u32,
    /// Whether a list of more users (ACL) says more than the mode.
    pub has_list: bool,
}

impl Folder {
    /// Whether a user may pass it; nothing where only a list says so.
    pub fn lets_pass(&self, user: &User) -> Option<bool> {
        let bit = |shift: u32| self.mode & (0o1 << shift) != 0;
        match () {
            () if PASSING.iter().any(|capability| user.may(*capability)) => Some(true),
            () if user.id == self.user => Some(bit(6)),
            () if self.has_list => None,
            () if user.groups.contains(&self.group) => Some(bit(3)),
            () => Some(bit(0)),
        }
    }

    fn look(path: &Path, named: BorrowedFd<'_>) -> Option<Self> {
        let found = seen(named).ok()?;
        Some(Self {
            path: path.to_owned(),
            mode: found.stx_mode.into(),
            user: found.stx_uid,
            group: found.stx_gid,
            has_list: has_list(named),
        })
    }
}

/// All folders above a path, in the view of a process, the root first.
pub fn look(view: &View, path: &Path) -> Vec<Folder> {
    let mut folders: Vec<Folder> = path
        .ancestors()
        .skip(1)
        .filter_map(|above| Folder::look(above, view.name(above).ok()?.as_fd()))
        .collect();
    folders.reverse();
    folders
}

fn has_list(named: BorrowedFd<'_>) -> bool {
    // Of a descriptor that only names something, attributes are not given.
    let path = format!("/proc/self/fd/{}", named.as_raw_fd());
    getxattr_query(path, c"system.posix_acl_access").is_ok_and(|length| length > 0)
}
