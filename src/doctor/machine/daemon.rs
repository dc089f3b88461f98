//! The daemon of the mount: which process it is, and what that may do.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::mount::Mountpoint;
use super::process::{self, Process};
use crate::control::{self, Answer, Question};
use crate::fuse::mountpoint::NAME;
use crate::fuse::mountpoint::table::Mount;
use crate::status::Reading;

/// The user namespace of the machine, which the kernel always gives this number. Inside of
/// another one capabilities are worth little.
const FIRST_USERS: &str = "user:[4026531837]";

/// The daemon of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its process.
    pub process: Process,
    /// Whether its capabilities hold on the whole machine.
    pub is_of_machine: bool,
    /// How files are read, as it says itself.
    pub reading: Reading,
}

/// Asks the daemon of a mount who it is.
///
/// # Errors
/// Why that is not known.
pub fn look(mountpoint: &Path) -> Result<Daemon, String> {
    let question = Question::Status { most_clients: 0 };
    let status = match control::ask(mountpoint, &question) {
        Ok(Answer::Status(status)) => status,
        Ok(_) => return Err("it is of another version".to_owned()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err("this user may not ask it".to_owned());
        }
        Err(error) => return Err(format!("it cannot be asked: {error}")),
    };
    // It tells the number by which it knows itself: in another namespace that is somebody
    // else's here.
    let id = i32::try_from(status.pid).ok().filter(|id| serves(*id));
    let process = id.and_then(Process::read);
    let process = process.ok_or("it is not among the processes that can be seen here")?;
    Ok(Daemon {
        is_of_machine: process::namespace(process.id, "user").as_deref() == Some(FIRST_USERS),
        process,
        reading: status.reading,
    })
}

/// Whether a process serves any mount.
fn serves(id: i32) -> bool {
    let files = fs::read_dir(format!("/proc/{id}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| target == Path::new("/dev/fuse"))
}

/// The process that has mounted there where nobody else sees it: in a mount namespace of its
/// own, as a unit with `ProtectSystem=` has.
pub fn elsewhere(own: &Mountpoint) -> Option<i32> {
    let is_there = |process: &Process| {
        let table = fs::read(format!("/proc/{}/mountinfo", process.id));
        let mounts = Mount::all(&table.unwrap_or_default());
        let mut ours = mounts.iter().filter(|mount| mount.is_ours);
        ours.any(|mount| mount.path == own.path)
    };
    let mut processes = process::all().into_iter();
    let found = processes.find(|process| process.program == NAME && is_there(process));
    found.map(|process| process.id)
}
