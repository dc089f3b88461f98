//! Where one boot ends and the next begins.
//!
//! Nobody says so: a computer that is started anew just asks again. So it is told by what it
//! asks for, and after what time. A boot cut in two would tell that the first half stopped; two
//! boots taken for one would hide the second behind the first.

use std::time::{Duration, Instant};

use super::Boot;
use crate::journal::part::{Part, is_same};
use crate::journal::progress::Stage;

/// A boot manager reads itself again right after its boot configuration and its policies, and
/// firmware that gets no answer asks again after 3 s. The same after this long comes from a
/// computer that was started anew: no firmware is that fast.
const RESTART: Duration = Duration::from_secs(5);

/// After so long it is another boot, whatever program it begins with. A menu rarely waits for
/// as long.
const LATER: Duration = Duration::from_secs(30 * 60);

impl Boot {
    /// Whether this request is the first of another boot.
    pub(in crate::journal) fn is_over(&self, part: Part, name: &[u8], now: Instant) -> bool {
        let idle = now.saturating_duration_since(self.last);
        let rests = |span| self.open == 0 && idle >= span;
        // What boots ask for later on comes from a menu that has waited, or from the system
        // that runs.
        let may_begin = matches!(part, Part::Program(_) | Part::Manager | Part::Store(_));
        if may_begin && rests(LATER) {
            return true;
        }
        let asks_anew = now.saturating_duration_since(self.asked) >= RESTART;
        match self.progress.stage {
            // Other programs follow in a chain, or from a menu.
            Stage::Program => rests(RESTART) && self.is_first(part, name),
            // A server may still try to reach the computer as it was before.
            Stage::Manager | Stage::Store | Stage::Sdi => {
                let is_program = matches!(part, Part::Program(_));
                (asks_anew && self.is_first(part, name))
                    || (is_program && (rests(RESTART) || self.has_ended(name)))
            }
            // A boot manager asks for nothing while it reads the boot image, nor after it;
            // only a menu may bring more files behind it.
            Stage::Image | Stage::Done => {
                self.is_first(part, name) || (may_begin && rests(RESTART))
            }
        }
    }

    /// The name with which the boot began. Files that a boot manager does without are asked
    /// for again and again.
    fn is_first(&self, part: Part, name: &[u8]) -> bool {
        let first = self.first.as_deref();
        begins(part) && first.is_some_and(|first| is_same(first, name))
    }

    /// Whether the boot manager has given up, for another reason than this name: firmware then
    /// tries the next entry of its list, which may be the network again.
    fn has_ended(&self, name: &[u8]) -> bool {
        let lost = self.progress.lost.as_ref();
        lost.is_some_and(|lost| lost.is_fatal && !is_same(&lost.name, name))
    }
}

/// Whether a boot can begin with such a name.
pub(super) fn begins(part: Part) -> bool {
    matches!(
        part,
        Part::Program(_) | Part::Manager | Part::Store(_) | Part::Menu
    )
}
