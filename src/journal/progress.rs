//! How far a boot is, and what it lacked: from one request to the next.
//!
//! Pure. A boot manager asks for every file twice, first for its size; the size of the boot
//! image comes before boot.sdi, and its contents after it. That tells the two apart where the
//! kernel reads the file itself and nobody sees what is read. What a menu starts, and wimboot,
//! ask once.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::Outcome;
use super::part::{Part, Shelf, is_for_extras, is_same, is_wimboot};
use crate::program::Firmware;

/// How far a boot is. The later, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A boot program was asked for, or a menu is shown.
    Program,
    /// The boot manager runs.
    Manager,
    /// It has its boot configuration.
    Store,
    /// It has found boot.sdi.
    Sdi,
    /// The boot image is on its way.
    Image,
    /// The boot image was handed out; what comes now is in the computer's memory.
    Done,
}

/// What an answer is worth to its boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Worth {
    /// It got something.
    Got,
    /// It got nothing, as healthy boots do.
    Normal,
    /// It got nothing; perhaps it asks for another name next.
    Unsure,
    /// It got nothing, and the boot ends with that.
    Fatal,
}

/// How far a boot is, with all that tells so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How far it is.
    pub stage: Stage,
    /// For which firmware, as far as the names tell.
    pub firmware: Option<Firmware>,
    /// Where its boot configuration was looked for last.
    pub shelf: Option<Shelf>,
    /// What it lacked and has not got since.
    pub lost: Option<Lost>,
    has_sdi: bool,
    /// Whether wimboot asks, for a boot manager that will find all in memory.
    by_wimboot: bool,
    /// The boot image, as it was asked for.
    image: Option<Box<[u8]>>,
    /// Whether it was handed out, and asked for once more since.
    pub(super) had_image: bool,
}

/// Something that a boot did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// What it is to the boot.
    pub part: Part,
    /// The name.
    pub name: Box<[u8]>,
    /// Whether the boot ends with it. If not, another name may follow.
    pub is_fatal: bool,
    /// A boot manager for UEFI did not find itself, under the name that its store gives.
    pub is_itself: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            stage: Stage::Program,
            firmware: None,
            shelf: None,
            lost: None,
            has_sdi: false,
            by_wimboot: false,
            image: None,
            had_image: false,
        }
    }
}

impl Progress {
    /// A name was asked for, and is not there.
    pub fn missed(&mut self, part: Part, name: &[u8]) {
        self.heard(part);
        let Some(is_fatal) = self.is_fatal(part, name) else {
            return;
        };
        let is_worse = |lost: &Lost| !lost.is_fatal || is_fatal;
        // After the last screen a boot manager still asks for fonts and policies, and over HTTP
        // once more where it looked first: what ended the boot stays.
        if self.lost.as_ref().is_none_or(is_worse) {
            self.lost = Some(Lost {
                part,
                name: name.into(),
                is_fatal,
                is_itself: self.stage >= Stage::Store && matches!(part, Part::Program(_)),
            });
        }
    }

    /// Whether a boot ends without this. None where it goes on as if nothing were.
    fn is_fatal(&self, part: Part, name: &[u8]) -> Option<bool> {
        let is_running = self.stage == Stage::Done;
        match part {
            // What now runs in the computer's memory looks for files of its own.
            Part::Program(_) | Part::Image | Part::Folder if is_running => None,
            Part::Program(_) | Part::Manager | Part::Sdi | Part::Image => Some(true),
            Part::Store(shelf) => Some(matches!(shelf, Shelf::Boot | Shelf::Efi)),
            Part::Folder if self.stage >= Stage::Store && is_for_extras(name) => None,
            Part::Folder => Some(false),
            Part::Extra(_) | Part::Menu | Part::Other => None,
        }
    }

    /// A file was opened.
    pub fn opened(&mut self, part: Part, name: &[u8]) {
        self.heard(part);
        match part {
            Part::Program(_) => self.by_wimboot |= is_wimboot(name),
            Part::Manager => self.reach(Stage::Manager),
            Part::Store(_) => self.reach(Stage::Store),
            Part::Sdi => {
                self.has_sdi = true;
                self.reach(Stage::Sdi);
            }
            Part::Image => self.image_opened(name),
            Part::Extra(_) | Part::Menu | Part::Folder | Part::Other => {}
        }
        self.lost.take_if(|lost| makes_up_for(part, lost));
    }

    /// A file was closed, of which all was read or not, where that is known.
    pub fn closed(&mut self, part: Part, is_whole: Option<bool>) {
        if part == Part::Image && self.stage == Stage::Image && is_whole != Some(false) {
            self.stage = Stage::Done;
        }
    }

    /// Whether the boot has ended for want of this name.
    pub(super) fn has_ended_without(&self, name: &[u8]) -> bool {
        let lost = self.lost.as_ref();
        lost.is_some_and(|lost| lost.is_fatal && *lost.name == *name)
    }

    /// What the answer to the last request was worth. A name that was missed once more after
    /// the end is not what ended the boot.
    pub fn worth(&self, part: Part, name: &[u8], outcome: &Outcome) -> Worth {
        let lost = self.lost.as_ref().filter(|lost| *lost.name == *name);
        match (outcome, lost) {
            (Outcome::Opened(_), _) => Worth::Got,
            (Outcome::Refused(_), _) => Worth::Unsure,
            (Outcome::Missing, Some(lost)) if lost.is_fatal => Worth::Fatal,
            (Outcome::Missing, Some(_)) => Worth::Unsure,
            (Outcome::Missing, None) if part == Part::Other => Worth::Unsure,
            (Outcome::Missing, None) => Worth::Normal,
        }
    }

    /// Whether this is the name of the boot image, in any spelling.
    pub(super) fn is_boot_image(&self, name: &[u8]) -> bool {
        let image = self.image.as_deref();
        image.is_some_and(|image| is_same(image, name))
    }

    /// The first time it is the size, unless boot.sdi was there before, or whoever asks does
    /// so once.
    fn image_opened(&mut self, name: &[u8]) {
        let is_again = self.is_boot_image(name);
        if self.stage == Stage::Done && !is_again {
            return;
        }
        self.had_image |= self.stage == Stage::Done;
        let asks_once = self.by_wimboot || self.stage == Stage::Program;
        self.image = Some(name.into());
        if is_again || self.has_sdi || asks_once {
            self.stage = Stage::Image;
        }
    }

    fn reach(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
    }

    fn heard(&mut self, part: Part) {
        match part {
            Part::Store(shelf) => {
                self.shelf = Some(shelf);
                self.reach(Stage::Manager);
            }
            // Nobody but a boot manager asks for its fonts and policies, and none under wimboot.
            Part::Extra(_) => {
                self.by_wimboot = false;
                self.reach(Stage::Manager);
            }
            _ => {}
        }
        // What wimboot brings is named by a menu, and serves both kinds.
        if !self.by_wimboot {
            self.firmware = part.firmware().or(self.firmware);
        }
    }
}

/// Whether a boot that gets this has not stopped for want of that: it is as far now, or a
/// program begins once more.
fn makes_up_for(got: Part, lost: &Lost) -> bool {
    let lacked = match lost.is_itself {
        true => Stage::Sdi,
        false => stage_with(lost.part).unwrap_or(Stage::Program),
    };
    match stage_with(got) {
        Some(Stage::Program) => true,
        Some(reached) => reached >= lacked,
        None => false,
    }
}

/// How far a boot is with such a file.
fn stage_with(part: Part) -> Option<Stage> {
    match part {
        Part::Program(_) => Some(Stage::Program),
        Part::Manager => Some(Stage::Manager),
        Part::Store(_) => Some(Stage::Store),
        Part::Sdi => Some(Stage::Sdi),
        Part::Image => Some(Stage::Image),
        Part::Extra(_) | Part::Menu | Part::Folder | Part::Other => None,
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Program => "NBP",
            Self::Manager => "boot manager",
            Self::Store => "BCD",
            Self::Sdi => "boot.sdi",
            Self::Image => "boot image",
            Self::Done => "done",
        })
    }
}
