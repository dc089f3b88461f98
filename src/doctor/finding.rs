//! One thing that was found, and what to do about it.
//!
//! Names that processes of any user chose stand in it, and a terminal shows it, perhaps
//! root's: no control character gets through. A line that is to be typed is only ever ended by
//! us.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Serialize;

use crate::name::visible;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It works, or it is not known whether it does.
    Note,
    /// A client does not boot, or gets the wrong image.
    Problem,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about, in a word or two: `mount`, `kernel`, `dnsmasq 712`.
    pub about: String,
    /// What it is, as a sentence.
    pub what: String,
    /// What to do, line by line; there is something for all that is not well.
    pub next: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn ok(about: &str, what: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            about: visible(about.as_bytes()),
            what: visible(what.into().as_bytes()),
            next: None,
        }
    }

    /// Something to know.
    pub fn note(about: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        let next = next.into();
        let lines = next.lines().map(|line| visible(line.as_bytes()));
        Self {
            level: Level::Note,
            next: Some(lines.collect::<Vec<_>>().join("\n")),
            ..Self::ok(about, what)
        }
    }

    /// Something that has to be mended.
    pub fn problem(about: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            level: Level::Problem,
            ..Self::note(about, what, next)
        }
    }

    /// The same, only to be known: something else does this one's work.
    #[must_use]
    pub fn at_most(self, level: Level) -> Self {
        Self {
            level: self.level.min(level),
            ..self
        }
    }
}

/// A path that somebody else chose, on one line.
pub fn shown(path: &Path) -> String {
    visible(path.as_os_str().as_bytes())
}
