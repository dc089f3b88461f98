//! What is told of a request as it happens: to the log, and to whoever watches.

use std::time::Duration;

use super::Who;
use super::boot::{Boot, Entry, Outcome};
use super::part::Part;
use super::progress::{Stage, Worth};
use crate::config::ImageName;

/// A request and what it means for its boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Who asked.
    pub who: Who,
    /// The boot's number.
    pub boot: u64,
    /// The request.
    pub entry: Entry,
    /// How far the boot is.
    pub stage: Stage,
    /// Whether it is further by this.
    pub is_further: bool,
    /// What it is worth to the boot.
    pub worth: Worth,
    /// The image from which the boot is.
    pub image: Option<ImageName>,
    /// Since when the boot goes on.
    pub age: Duration,
}

impl News {
    pub(super) fn of(who: &Who, entry: Entry, boot: &Boot, before: Stage) -> Self {
        Self {
            who: who.clone(),
            boot: boot.serial,
            stage: boot.progress.stage,
            is_further: boot.progress.stage != before || boot.requests == 1,
            worth: worth(&entry, boot),
            image: boot.image.clone(),
            age: boot.last.saturating_duration_since(boot.began),
            entry,
        }
    }
}

/// A name that was missed once more after the end is not what ended the boot.
fn worth(entry: &Entry, boot: &Boot) -> Worth {
    match (&entry.outcome, &boot.progress.lost) {
        (Outcome::Opened(_), _) => Worth::Got,
        (Outcome::Refused(_), _) => Worth::Unsure,
        (Outcome::Missing, Some(lost)) if lost.name == entry.name => match lost.is_fatal {
            true => Worth::Fatal,
            false => Worth::Unsure,
        },
        (Outcome::Missing, _) if matches!(entry.part, Part::Other) => Worth::Unsure,
        (Outcome::Missing, _) => Worth::Normal,
    }
}
