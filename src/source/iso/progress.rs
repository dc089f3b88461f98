//! Says how far it is with an image that takes long.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::name::visible_path;
use crate::source::words::grouped;

/// How often it is said.
const TELLING: Duration = Duration::from_secs(1);

/// By which the lines are known in the log.
pub const PROGRESS: &str = module_path!();

/// What tells the time.
pub type Clock = fn() -> Instant;

/// The indexing of one image, in the log.
#[derive(Debug)]
pub(super) struct Progress<'p> {
    label: &'p Path,
    clock: Clock,
    told: Instant,
}

impl<'p> Progress<'p> {
    /// That of the image that the operator calls `label`. It begins now.
    pub(super) fn of(label: &'p Path, clock: Clock) -> Self {
        let told = clock();
        Self { label, clock, told }
    }

    /// So many entries were found, of nobody knows how many.
    pub(super) fn found(&mut self, entries: usize) {
        let now = (self.clock)();
        if now.saturating_duration_since(self.told) >= TELLING {
            self.told = now;
            let entries = grouped(entries);
            tracing::info!(target: PROGRESS, "indexing {}: {entries} entries", visible_path(self.label));
        }
    }
}
