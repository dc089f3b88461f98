//! Asking a running daemon: which one, and what is said when there is none.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::config_file;
use crate::config::Config;
use crate::control::{self, Answer, PATIENCE, Question, is_late};
use crate::failure::Failure;

/// The mountpoint of the daemon that this command means: the one named, else the configured
/// one.
pub(super) fn mountpoint(
    command: &str,
    file: Option<&Path>,
    named: Option<&Path>,
) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let config = configured(command, file)?;
    let mountpoint = config.mountpoint.as_ref().map(|path| path.value.clone());
    mountpoint.ok_or_else(|| {
        let file = config.file.display();
        Failure::Usage(format!(
            "{file} names no mountpoint\n  name that of the daemon: winbootfs {command} /srv/tftp"
        ))
    })
}

/// The configuration. A mount may be there without one: then it can be named.
pub(super) fn configured(command: &str, file: Option<&Path>) -> Result<Config, Failure> {
    let path = config_file(file);
    if file.is_none() && !path.exists() {
        return Err(Failure::Usage(format!(
            "which mount is meant? There is no configuration: no ./mounts.toml and no {}\n  name \
             it: winbootfs {command} /srv/tftp, or the file: --config FILE",
            path.display()
        )));
    }
    Ok(Config::read(&path)?)
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
