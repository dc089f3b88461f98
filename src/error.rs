//! Everything that can go wrong while a request is answered, and the number the kernel
//! is told.
//!
//! Not here: errors of a configuration file ([`crate::config`]), which are sentences for
//! a person. These are for a server, which turns the number into the words that a boot
//! program understands; "not found" is the everyday one and never worth a warning.

// A new error must be given its number on purpose.
#![warn(clippy::wildcard_enum_match_arm)]

use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::name::Refused;

/// Why a request got no answer.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// No such name in this view.
    #[error("no such name")]
    NotFound,
    /// The request can be no name.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A part in the middle of the name is a file.
    #[error("a part of the name is a file, not a folder")]
    NotFolder,
    /// Several clients could be asking, and they would get different answers.
    #[error("which client is asking cannot be told")]
    Undecided,
    /// The file was replaced between the look-up and the open: ask again.
    #[error("the file was replaced meanwhile")]
    Replaced,
    /// The kernel asked with a number that it was never given, or has given back.
    #[error("no such node")]
    NoNode,
    /// Somebody wants to write.
    #[error("the mount is read-only")]
    ReadOnly,
    /// The source answered with an error of its own.
    #[error("{0}")]
    Source(Arc<io::Error>),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            // A link that leaves its source (EXDEV from RESOLVE_BENEATH) or turns in
            // circles (ELOOP) is as good as absent.
            Some(libc::ENOENT | libc::EXDEV | libc::ELOOP) => Self::NotFound,
            Some(libc::ENOTDIR) => Self::NotFolder,
            Some(libc::ESTALE) => Self::Replaced,
            _ => Self::Source(Arc::new(error)),
        }
    }
}

impl Error {
    /// The errno for the kernel.
    pub fn errno(&self) -> i32 {
        match self {
            // A file in the middle of a path is "not found" for a boot program too: some
            // servers turn ENOTDIR into another word, at which the program gives up.
            Self::NotFound | Self::NotFolder => libc::ENOENT,
            Self::Refused(Refused::Climbs) => libc::EACCES,
            Self::Refused(Refused::Nul) => libc::EINVAL,
            Self::Refused(Refused::TooLong) => libc::ENAMETOOLONG,
            Self::Undecided => libc::EBUSY,
            // On ESTALE the kernel walks the path again, asking everything anew.
            Self::Replaced | Self::NoNode => libc::ESTALE,
            Self::ReadOnly => libc::EROFS,
            Self::Source(error) => error.raw_os_error().unwrap_or(libc::EIO),
        }
    }

    /// Whether it says no more than that there is nothing of that name.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NotFound | Self::NotFolder)
    }

    /// Whether this is an everyday answer and no news for the log.
    pub fn is_everyday(&self) -> bool {
        match self {
            Self::NotFound | Self::NotFolder | Self::Refused(_) | Self::Replaced => true,
            Self::Undecided | Self::NoNode | Self::ReadOnly | Self::Source(_) => false,
        }
    }
}
