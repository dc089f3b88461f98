//! One request of a boot, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use super::part::Part;
use crate::config::ImageName;

/// A file that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The image that has it; none for a file of the base.
    pub image: Option<ImageName>,
    /// The source that has it, as the operator calls it.
    pub source: Box<str>,
    /// Where in the source it is.
    pub path: Box<[u8]>,
    /// Its length in bytes.
    pub size: u64,
    /// How it was made, if it is on no disk.
    pub made: Option<Box<str>>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No such name.
    Missing,
    /// It was not answered, for this reason.
    Refused(Arc<str>),
    /// A file was opened.
    Opened(Opened),
}

/// An opened file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The file.
    pub file: Arc<File>,
    /// How many bytes of it were read, where that is known.
    pub read: Option<u64>,
    /// For how long it was open, once it is closed.
    pub open_for: Option<Duration>,
    /// Why the rest could not be read, if so.
    pub broken: Option<Arc<str>>,
}

impl Opened {
    /// Whether all of it was read, where that is known.
    pub fn is_whole(&self) -> Option<bool> {
        self.read.map(|read| read >= self.file.size)
    }

    /// Whether only its size was asked: it was closed, and nothing of it was read.
    pub fn was_looked_at(&self) -> bool {
        self.open_for.is_some() && self.read == Some(0) && self.file.size > 0
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number among the requests of its boot.
    pub number: u32,
    /// When, since the boot began.
    pub at: Duration,
    /// The server process that asked.
    pub server: Arc<str>,
    /// The name from the client's root on, as it was asked for.
    pub name: Box<[u8]>,
    /// What the name is to a boot.
    pub part: Part,
    /// What became of it.
    pub outcome: Outcome,
    /// How often it was asked for in a row.
    pub times: u32,
}
