//! Asking a running daemon: which one, and what is said when there is none.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::config_file;
use crate::config::Config;
use crate::control::{self, Answer, PATIENCE, Question, is_late};
use crate::failure::Failure;

/// The mountpoint of the daemon that is meant: the one named, else the configured one.
pub(super) fn mountpoint(file: Option<&Path>, named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let config = Config::read(&config_file(file))?;
    let mountpoint = config.mountpoint.as_ref().map(|path| path.value.clone());
    mountpoint.ok_or_else(|| {
        let file = config.file.display();
        Failure::Usage(format!(
            "{file} names no mountpoint\n  name that of the daemon: winbootfs status /srv/tftp"
        ))
    })
}

/// Asks it.
pub(super) fn ask(mountpoint: &Path, question: &Question) -> Result<Answer, Failure> {
    match control::ask(mountpoint, question) {
        Ok(Answer::Wrong { why }) => Err(Failure::Failed(why)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(unanswered(mountpoint, &error)),
    }
}

/// Why nobody answers.
pub(super) fn unanswered(mountpoint: &Path, error: &io::Error) -> Failure {
    let shown = mountpoint.display();
    Failure::Failed(match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
            "no winbootfs runs on {shown}\n  start it: winbootfs mount, or systemctl start winbootfs"
        ),
        ErrorKind::PermissionDenied => format!(
            "the winbootfs on {shown} may not be asked\n  ask as root, or let your group in: \
             status_group = \"adm\" in mounts.toml"
        ),
        _ if is_late(error) => format!(
            "the winbootfs on {shown} does not answer within {PATIENCE:?}\n  see whether it \
             hangs: its log, and how it is: systemctl status winbootfs"
        ),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => format!(
            "the winbootfs on {shown} took no question: it was just ending, or too many ask at \
             once\n  ask again"
        ),
        _ => format!(
            "the winbootfs on {shown} does not answer as it should: {error}\n  is it of this \
             version? Restart it: systemctl restart winbootfs"
        ),
    })
}
