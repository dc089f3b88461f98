//! How far a boot is, and what it lacked: from one request to the next.
//!
//! Pure. A boot manager asks for every file twice, first for its size; the size of the boot
//! image comes before boot.sdi, and its contents after it. That tells the two apart where the
//! kernel reads the file itself and nobody sees what is read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::boot::Outcome;
use super::part::{Part, Shelf};
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
    image_opens: u32,
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
            image_opens: 0,
        }
    }
}

impl Progress {
    /// A name was asked for, and is not there.
    pub fn missed(&mut self, part: Part, name: &[u8]) {
        self.heard(part);
        let is_itself = self.stage >= Stage::Store && matches!(part, Part::Program(_));
        let is_fatal = match part {
            Part::Manager | Part::Sdi | Part::Image => true,
            Part::Store(shelf) => matches!(shelf, Shelf::Boot | Shelf::Efi),
            Part::Program(_) => true,
            Part::Folder => false,
            Part::Extra(_) | Part::Menu | Part::Other => return,
        };
        let is_worse = |lost: &Lost| !lost.is_fatal || is_fatal;
        // After the last screen a boot manager still asks for fonts and policies, and over HTTP
        // once more where it looked first: what ended the boot stays.
        if self.lost.as_ref().is_none_or(is_worse) {
            self.lost = Some(Lost {
                part,
                name: name.into(),
                is_fatal,
                is_itself,
            });
        }
    }

    /// A file was opened.
    pub fn opened(&mut self, part: Part) {
        self.heard(part);
        match part {
            Part::Manager => self.reach(Stage::Manager),
            Part::Store(_) => self.reach(Stage::Store),
            Part::Sdi => {
                self.has_sdi = true;
                self.reach(Stage::Sdi);
            }
            Part::Image => self.image_opened(),
            Part::Program(_) | Part::Extra(_) | Part::Menu | Part::Folder | Part::Other => {}
        }
        if self
            .lost
            .as_ref()
            .is_some_and(|lost| makes_up_for(part, lost))
        {
            self.lost = None;
        }
    }

    /// A file was closed, of which all was read or not, where that is known.
    pub fn closed(&mut self, part: Part, is_whole: Option<bool>) {
        if part == Part::Image && self.stage == Stage::Image && is_whole != Some(false) {
            self.stage = Stage::Done;
        }
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

    /// The first time it is the size, unless boot.sdi was there before: loaders with names of
    /// their own (wimboot, memdisk) ask once.
    fn image_opened(&mut self) {
        self.image_opens += 1;
        let asks_once = self.stage <= Stage::Manager;
        if self.image_opens > 1 || self.has_sdi || asks_once {
            self.stage = Stage::Image;
        }
    }

    fn reach(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
    }

    fn heard(&mut self, part: Part) {
        self.firmware = part.firmware().or(self.firmware);
        match part {
            Part::Store(shelf) => self.shelf = Some(shelf),
            // Policies are asked for by boot managers only.
            Part::Extra(Some(_)) => self.reach(Stage::Manager),
            _ => {}
        }
        if matches!(part, Part::Store(_)) {
            self.reach(Stage::Manager);
        }
    }
}

/// Whether a boot that gets this has not stopped for want of that.
fn makes_up_for(got: Part, lost: &Lost) -> bool {
    match (got, lost.part) {
        (Part::Store(_), Part::Store(_)) | (Part::Sdi, Part::Sdi) => true,
        (Part::Extra(_) | Part::Menu | Part::Folder | Part::Other, _) => false,
        // A chain of programs goes on with another one, or with what that asks for.
        (Part::Program(_) | Part::Manager | Part::Store(_), Part::Program(_)) => !lost.is_itself,
        (Part::Sdi | Part::Image, Part::Store(_) | Part::Program(_) | Part::Manager) => true,
        (Part::Image, Part::Image) | (Part::Manager, Part::Manager) => true,
        (_, Part::Folder) => true,
        _ => false,
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
