//! What is told of a request as it happens: to the log, and to whoever watches.

use std::sync::Arc;
use std::time::Duration;

use super::Who;
use super::boot::Boot;
use super::entry::Entry;
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
    pub entry: Arc<Entry>,
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
    pub(super) fn of(who: Who, entry: Arc<Entry>, boot: &Boot, before: Stage) -> Self {
        Self {
            who,
            boot: boot.serial,
            stage: boot.progress.stage,
            is_further: boot.progress.stage != before,
            worth: boot.progress.worth(entry.part, &entry.name, &entry.outcome),
            image: boot.image.clone(),
            age: boot.last.saturating_duration_since(boot.began),
            entry,
        }
    }
}
