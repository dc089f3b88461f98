//! Why an image cannot be used, in words for the operator.

use std::fmt;
use std::path::Path;

use crate::name::visible_path;

/// Why an image cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    what: String,
    next: &'static str,
    /// The disk failed and not the image: another try may succeed.
    pub(super) passing: bool,
}

/// What to do about an image whose contents are damaged.
pub(super) const COPY_AGAIN: &str =
    "copy the image again and compare its checksum with the publisher's";

impl Fault {
    /// The contents are damaged near byte `place`.
    pub(super) fn damaged(place: u64, what: impl fmt::Display) -> Self {
        Self {
            what: format!("damaged near byte {place}: {what}"),
            next: COPY_AGAIN,
            passing: false,
        }
    }

    /// The file ends at byte `length`, and the volume in it only at byte `end`.
    pub(super) fn truncated(length: u64, end: u64, what: impl fmt::Display) -> Self {
        Self {
            what: format!("truncated: it ends at byte {length}, its volume at byte {end}; {what}"),
            next: "the copy is incomplete: copy the image again",
            passing: false,
        }
    }

    /// The disk gives an error at byte `place`.
    pub(super) fn unreadable(place: u64, error: &std::io::Error) -> Self {
        Self {
            what: format!("cannot be read at byte {place}: {error}"),
            next: "look at the disk it is on, and at its permissions",
            passing: true,
        }
    }

    /// Something else, with what to do about it.
    pub(super) fn new(what: impl Into<String>, next: &'static str) -> Self {
        Self {
            what: what.into(),
            next,
            passing: false,
        }
    }

    /// The whole sentence, for the image at `path`.
    pub(super) fn about(&self, path: &Path) -> String {
        format!("{}: {} ({})", visible_path(path), self.what, self.next)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.next)
    }
}
