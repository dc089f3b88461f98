//! One boot of one client: its requests in their order, and how far it is.

mod again;
mod ending;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

pub use ending::{Ending, QUIET};

use super::entry::{Entry, Opened, Outcome};
use super::part::Part;
use super::progress::Progress;
use crate::config::ImageName;

/// How many requests of one boot are kept: the first, which tell what was booted, and the
/// last, which tell where it stopped.
pub const MOST_ENTRIES: usize = 200;

/// How many of the first.
const FIRST: usize = 40;

/// One boot.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Its number, which no other boot has.
    pub serial: u64,
    /// Its first request.
    pub began: Instant,
    /// Its last request, or the moment when one of its files was closed.
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
    /// Whether its computer has begun another boot since.
    pub(super) is_left: bool,
    /// Its last request.
    asked: Instant,
    /// The first name with which a boot can begin.
    first: Option<Box<[u8]>>,
    entries: VecDeque<Arc<Entry>>,
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
            is_left: false,
            asked: now,
            first: None,
            entries: VecDeque::new(),
            left_out: 0,
        }
    }

    /// The requests that are kept, in their order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().map(|entry| &**entry)
    }

    /// The request with this number, if it is kept.
    pub fn entry(&self, number: u32) -> Option<&Arc<Entry>> {
        self.entries.get(self.at(number)?)
    }

    /// None for one that was left out.
    fn at(&self, number: u32) -> Option<usize> {
        let by_number = |entry: &Arc<Entry>| entry.number;
        self.entries.binary_search_by_key(&number, by_number).ok()
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

    /// The boot image that was opened last. What the running system opens is none.
    pub fn boot_image(&self) -> Option<(&Entry, &Opened)> {
        self.last_opened(|entry| {
            entry.part == Part::Image && self.progress.is_boot_image(&entry.name)
        })
    }

    /// The boot configuration that was opened last.
    pub fn store(&self) -> Option<(&Entry, &Opened)> {
        self.last_opened(|entry| matches!(entry.part, Part::Store(_)))
    }

    fn last_opened(&self, is_meant: impl Fn(&Entry) -> bool) -> Option<(&Entry, &Opened)> {
        let mut opened = self.opened().rev();
        opened.find(|(entry, _)| is_meant(entry))
    }

    fn opened(&self) -> impl DoubleEndedIterator<Item = (&Entry, &Opened)> {
        self.entries().filter_map(|entry| match &entry.outcome {
            Outcome::Opened(opened) => Some((entry, opened)),
            Outcome::Missing | Outcome::Refused(_) => None,
        })
    }

    /// Adds a request. Returns it as it is kept.
    pub(super) fn add(
        &mut self,
        server: Arc<str>,
        name: Box<[u8]>,
        part: Part,
        outcome: Outcome,
        now: Instant,
    ) -> Arc<Entry> {
        self.asked = self.asked.max(now);
        self.last = self.last.max(now);
        self.requests = self.requests.saturating_add(1);
        let entry = Entry {
            number: self.requests,
            at: now.saturating_duration_since(self.began),
            server,
            name,
            part,
            outcome,
            times: 1,
        };
        if self.first.is_none() && again::begins(part) {
            self.first = Some(entry.name.clone());
        }
        match &entry.outcome {
            Outcome::Missing => self.missed(part, &entry.name),
            Outcome::Refused(_) => {}
            Outcome::Opened(opened) => self.has_opened(part, &entry.name, opened),
        }
        self.keep(entry)
    }

    /// What ends a boot is told, also after it was told that it is silent.
    fn missed(&mut self, part: Part, name: &[u8]) {
        self.misses = self.misses.saturating_add(1);
        let was_lost = self.progress.has_ended_without(name);
        self.progress.missed(part, name);
        self.is_told &= was_lost || !self.progress.has_ended_without(name);
    }

    fn has_opened(&mut self, part: Part, name: &[u8], opened: &Opened) {
        self.open = self.open.saturating_add(1);
        self.image = opened.file.image.clone().or(self.image.take());
        let before = self.progress.stage;
        self.progress.opened(part, name);
        self.is_told &= self.progress.stage <= before;
    }

    /// One that only repeats the last one is counted there.
    fn keep(&mut self, entry: Entry) -> Arc<Entry> {
        let is_opened = matches!(entry.outcome, Outcome::Opened(_));
        let is_same = |last: &&mut Arc<Entry>| {
            !is_opened && last.name == entry.name && last.outcome == entry.outcome
        };
        if let Some(last) = self.entries.back_mut().filter(is_same) {
            let repeated = Arc::make_mut(last);
            repeated.times = repeated.times.saturating_add(1);
            return last.clone();
        }
        let entry = Arc::new(entry);
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

    /// The same, for a boot that may be the last of its client for long.
    pub(super) fn cut_down(&mut self, most: usize, first: usize) -> usize {
        let left_out = self.thin_out(most, first);
        self.entries.shrink_to_fit();
        left_out
    }

    /// Its computer has begun another one. No more is added; what was ready for more is given
    /// back.
    pub(super) fn leave(&mut self) {
        self.is_left = true;
        self.entries.shrink_to_fit();
    }

    /// The file of a request was closed, of which so much was read, where that is known.
    pub(super) fn closed(&mut self, number: u32, read: Option<u64>, now: Instant) {
        let (began, is_left) = (self.began, self.is_left);
        let part = match self.entry_mut(number) {
            // It was left out, and may have been any.
            None => Part::Image,
            Some(entry) => match &mut entry.outcome {
                Outcome::Opened(opened) if opened.open_for.is_none() => {
                    // Where it was seen last says nothing of where it ended, unless its computer
                    // had gone by then. Where it broke is known for certain.
                    if opened.broken.is_none() && (read.is_some() || !is_left) {
                        opened.read = read;
                    }
                    opened.open_for = Some(now.saturating_duration_since(began + entry.at));
                    entry.part
                }
                _ => return,
            },
        };
        self.last = self.last.max(now);
        self.open = self.open.saturating_sub(1);
        if part == Part::Image {
            self.image_closed();
        }
    }

    /// A server may be late to close the file of which only the size was asked, and to notice
    /// that its client was started anew. So the last one opened decides.
    fn image_closed(&mut self) {
        let image = self.boot_image().map(|(_, opened)| opened);
        // Whoever has it may ask for its size once more.
        let has_it = self.progress.had_image && image.is_some_and(Opened::was_looked_at);
        let is_whole = image.and_then(Opened::is_whole).filter(|_| !has_it);
        let is_open = self
            .opened()
            .any(|(entry, opened)| entry.part == Part::Image && opened.open_for.is_none());
        if is_whole == Some(true) || !(is_open || self.is_left) {
            self.progress.closed(Part::Image, is_whole);
        }
    }

    pub(super) fn read(&mut self, number: u32, read: u64) {
        if let Some(opened) = self
            .opened_mut(number)
            .filter(|opened| opened.broken.is_none())
        {
            opened.read = Some(read);
        }
    }

    /// The file of a request cannot be read on from there. Returns whether that is news.
    pub(super) fn broke(&mut self, number: u32, at: u64, why: &str) -> bool {
        let opened = self.opened_mut(number);
        let Some(opened) = opened.filter(|opened| opened.broken.is_none()) else {
            return false;
        };
        opened.read = Some(at);
        opened.broken = Some(why.into());
        true
    }

    fn opened_mut(&mut self, number: u32) -> Option<&mut Opened> {
        match &mut self.entry_mut(number)?.outcome {
            Outcome::Opened(opened) => Some(opened),
            Outcome::Missing | Outcome::Refused(_) => None,
        }
    }

    fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        let at = self.at(number)?;
        self.entries.get_mut(at).map(Arc::make_mut)
    }
}
