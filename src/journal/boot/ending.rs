//! What has become of a boot.
//!
//! Most boots that fail just ask for nothing any more: the boot manager shows a text and waits
//! for a key. So silence tells something, but not at once, and a menu is silent too.

use std::time::{Duration, Instant};

use super::Boot;
use crate::journal::entry::Opened;
use crate::journal::progress::{Lost, Stage};

/// After this long without a request a boot that is not done has stopped. No firmware and no
/// boot manager is silent for longer: one without an answer asks again after 3 s, and gives up
/// after 36. A menu may wait for longer; nobody can tell the two apart from here.
pub const QUIET: Duration = Duration::from_secs(60);

/// What has become of a boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending<'a> {
    /// It goes on, as far as can be told.
    Running,
    /// It was handed its boot image.
    Done,
    /// It did not get something: at once, if boots end with that; after [`QUIET`], if another
    /// name could have followed.
    Lost(&'a Lost),
    /// It asks for nothing any more since [`QUIET`], and got all that it asked for; or a menu
    /// waits. After [`Stage::Image`]: its computer was started anew before the image was
    /// closed, and how much it had of it is not known.
    Silent {
        /// How far it came.
        after: Stage,
    },
    /// Its boot image was closed long before the end.
    BrokenOff {
        /// About how many bytes were read.
        read: u64,
        /// How many there are.
        size: u64,
    },
}

impl Boot {
    /// What has become of it by now.
    ///
    /// One with an open file is never silent: a boot image may take long, and nothing else is
    /// asked for meanwhile. Unless the computer was started anew since; then only its server
    /// has not noticed.
    pub fn ending(&self, now: Instant) -> Ending<'_> {
        let is_silent = now.saturating_duration_since(self.last) >= QUIET;
        let is_waiting = self.open > 0 && !self.is_left;
        match (&self.progress.lost, self.progress.stage) {
            (Some(lost), _) if lost.is_fatal => Ending::Lost(lost),
            _ if is_waiting => Ending::Running,
            (Some(lost), _) if is_silent => Ending::Lost(lost),
            (_, Stage::Done) => Ending::Done,
            (_, Stage::Image) => self.broken_off(is_silent),
            (_, after) if is_silent => Ending::Silent { after },
            _ => Ending::Running,
        }
    }

    /// The boot image is closed, or will never be read to its end, and the boot is not done.
    fn broken_off(&self, is_silent: bool) -> Ending<'_> {
        let image = self.boot_image().map(|(_, opened)| opened);
        // After its size a boot manager asks for the image itself.
        if !is_silent && image.is_some_and(Opened::was_looked_at) {
            return Ending::Running;
        }
        let image = image.filter(|opened| !opened.was_looked_at());
        let read = image.and_then(|opened| Some((opened.read?, opened.file.size)));
        match read {
            Some((read, size)) if read >= size => Ending::Done,
            Some((read, size)) => Ending::BrokenOff { read, size },
            None => Ending::Silent {
                after: Stage::Image,
            },
        }
    }
}
