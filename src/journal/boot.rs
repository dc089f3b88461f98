//! One boot of one client: its requests in their order, and how far it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::part::Part;
use super::progress::{Lost, Progress, Stage};
use crate::config::ImageName;
use crate::name::{Folded, fold, parts};

/// How many requests of one boot are kept: the first, which tell what was booted, and the
/// last, which tell where it stopped.
const MOST_ENTRIES: usize = 200;

/// How many of the first.
const FIRST: usize = 40;

/// A boot manager reads itself again right after its boot configuration. The same name after
/// this long comes from a computer that was started anew: no firmware is that fast.
const RESTART: Duration = Duration::from_secs(5);

/// After this long a client that had its boot image or nothing begins anew, whatever it asks.
const LATER: Duration = Duration::from_secs(30 * 60);

/// After this long without a request a boot that is not done has stopped. A menu may wait for
/// longer; nobody can tell the two apart from here.
pub const QUIET: Duration = Duration::from_secs(60);

/// What has become of a boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending<'a> {
    /// It goes on.
    Running,
    /// It was handed its boot image.
    Done,
    /// It did not get something.
    Lost(&'a Lost),
    /// It asks for nothing any more.
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
}

impl Opened {
    /// Whether all of it was read, where that is known.
    pub fn is_whole(&self) -> Option<bool> {
        self.read.map(|read| read >= self.file.size)
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

/// One boot.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Its number, which no other boot has.
    pub serial: u64,
    /// Its first request.
    pub began: Instant,
    /// Its last request.
    pub last: Instant,
    /// How far it is.
    pub progress: Progress,
    /// The image of the last file that was of one.
    pub image: Option<ImageName>,
    /// How many requests there were.
    pub requests: u32,
    /// Of these, how many for names that are not there.
    pub misses: u32,
    /// How many files are open now.
    pub open: u32,
    /// Whether it was told how it ended, and nothing has brought it further since.
    pub(super) is_told: bool,
    first_program: Option<Box<[Folded]>>,
    entries: VecDeque<Entry>,
    left_out: usize,
}

impl Boot {
    pub(super) fn new(serial: u64, now: Instant) -> Self {
        Self {
            serial,
            began: now,
            last: now,
            progress: Progress::default(),
            image: None,
            requests: 0,
            misses: 0,
            open: 0,
            is_told: false,
            first_program: None,
            entries: VecDeque::new(),
            left_out: 0,
        }
    }

    /// The requests that are kept, in their order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The request with this number, if it is kept.
    pub fn entry(&self, number: u32) -> Option<&Entry> {
        let entries = &self.entries;
        let at = entries.binary_search_by_key(&number, |entry| entry.number);
        entries.get(at.ok()?)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many were left out between the first and the last.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The boot image that was opened last.
    pub fn boot_image(&self) -> Option<(&Entry, &Opened)> {
        self.last_opened(|part| part == Part::Image)
    }

    /// The boot configuration that was opened last.
    pub fn store(&self) -> Option<(&Entry, &Opened)> {
        self.last_opened(|part| matches!(part, Part::Store(_)))
    }

    fn last_opened(&self, is_meant: impl Fn(Part) -> bool) -> Option<(&Entry, &Opened)> {
        let backwards = self.entries.iter().rev();
        let mut meant = backwards.filter(|entry| is_meant(entry.part));
        meant.find_map(|entry| match &entry.outcome {
            Outcome::Opened(opened) => Some((entry, opened)),
            Outcome::Missing | Outcome::Refused(_) => None,
        })
    }

    /// What has become of it by now. One with an open file goes on: a boot image may take
    /// long. Where another name may follow the one that was not there, it is waited for.
    pub fn ending(&self, now: Instant) -> Ending<'_> {
        if self.open > 0 {
            return Ending::Running;
        }
        let is_silent = now.saturating_duration_since(self.last) >= QUIET;
        let lost = self.progress.lost.as_ref();
        match (lost, self.progress.stage) {
            (Some(lost), _) if lost.is_fatal || is_silent => Ending::Lost(lost),
            (_, Stage::Done) => Ending::Done,
            (_, Stage::Image) => self.broken_off(),
            (_, after) if is_silent => Ending::Silent { after },
            _ => Ending::Running,
        }
    }

    /// The boot image is closed, and the boot not done by that.
    fn broken_off(&self) -> Ending<'_> {
        let image = self.boot_image().map(|(_, opened)| opened);
        Ending::BrokenOff {
            read: image.and_then(|opened| opened.read).unwrap_or_default(),
            size: image.map_or(0, |opened| opened.file.size),
        }
    }

    /// Whether this request is the first of another boot.
    pub(super) fn is_over(&self, part: Part, name: &[u8], now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.last);
        if self.open > 0 {
            return false;
        }
        if silence >= LATER {
            return true;
        }
        let Part::Program(_) = part else {
            return false;
        };
        let begins_again = || {
            let first = self.first_program.as_ref();
            first.is_some_and(|first| **first == *folded(name))
        };
        match self.progress.stage {
            // The next program of a chain, or a choice in a menu.
            Stage::Program => silence >= RESTART && begins_again(),
            Stage::Image | Stage::Done => true,
            Stage::Manager | Stage::Store | Stage::Sdi => silence >= RESTART,
        }
    }

    /// Adds a request. Returns it as it is kept.
    pub(super) fn add(
        &mut self,
        server: Arc<str>,
        name: Box<[u8]>,
        part: Part,
        outcome: Outcome,
        now: Instant,
    ) -> Entry {
        self.last = now;
        self.requests += 1;
        let entry = Entry {
            number: self.requests,
            at: now.saturating_duration_since(self.began),
            server,
            name,
            part,
            outcome,
            times: 1,
        };
        if self.first_program.is_none() && matches!(entry.part, Part::Program(_)) {
            self.first_program = Some(folded(&entry.name).into());
        }
        match &entry.outcome {
            Outcome::Missing => {
                self.misses += 1;
                self.progress.missed(entry.part, &entry.name);
            }
            Outcome::Refused(_) => {}
            Outcome::Opened(opened) => {
                self.open += 1;
                self.image = opened.file.image.clone().or(self.image.take());
                let before = self.progress.stage;
                self.progress.opened(entry.part);
                self.is_told &= self.progress.stage <= before;
            }
        }
        self.keep(entry)
    }

    /// One that only repeats the last one is counted there.
    fn keep(&mut self, entry: Entry) -> Entry {
        let is_same = |last: &&mut Entry| {
            let is_opened = matches!(entry.outcome, Outcome::Opened(_));
            !is_opened && last.name == entry.name && last.outcome == entry.outcome
        };
        if let Some(last) = self.entries.back_mut().filter(is_same) {
            last.times += 1;
            return last.clone();
        }
        self.entries.push_back(entry.clone());
        self.thin_out(MOST_ENTRIES, FIRST);
        entry
    }

    /// Leaves out what is in the middle. Returns how many these are.
    pub(super) fn thin_out(&mut self, most: usize, first: usize) -> usize {
        let surplus = self.entries.len().saturating_sub(most);
        if surplus == 0 {
            return 0;
        }
        let first = first.min(most);
        self.entries.drain(first..first + surplus);
        self.left_out += surplus;
        surplus
    }

    /// The file of a request was closed, or was read up to here.
    pub(super) fn closed(&mut self, number: u32, read: Option<u64>, now: Instant) {
        self.last = now;
        self.open = self.open.saturating_sub(1);
        let opened_at = self.began;
        let Some(entry) = self.entry_mut(number) else {
            return;
        };
        let at = opened_at + entry.at;
        let part = entry.part;
        let Outcome::Opened(opened) = &mut entry.outcome else {
            return;
        };
        opened.read = read.or(opened.read);
        opened.open_for = Some(now.saturating_duration_since(at));
        let is_whole = opened.is_whole();
        self.progress.closed(part, is_whole);
    }

    pub(super) fn read(&mut self, number: u32, read: u64) {
        if let Some(Entry {
            outcome: Outcome::Opened(opened),
            ..
        }) = self.entry_mut(number)
        {
            opened.read = Some(read);
        }
    }

    /// None for one that was left out.
    fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        let at = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number);
        self.entries.get_mut(at.ok()?)
    }
}

fn folded(name: &[u8]) -> Vec<Folded> {
    let parts = parts(name).unwrap_or_default();
    parts.into_iter().map(fold).collect()
}
