//! A computer that boots, as far as the journal hears of it, at times that the test says.

use std::time::{Duration, Instant};

use winbootfs::address::Address;
use winbootfs::journal::boot::{Boot, Ending};
use winbootfs::journal::entry::{File, Opened, Outcome};
use winbootfs::journal::news::News;
use winbootfs::journal::progress::Stage;
use winbootfs::journal::{Asked, Journal, Ticket, Who};

/// How long every file is.
pub(crate) const SIZE: u64 = 1000;

/// Between two requests.
pub(crate) const MOMENT: Duration = Duration::from_millis(10);

/// One computer and its own journal.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) journal: Journal,
    pub(crate) who: Who,
    pub(crate) now: Instant,
    /// Files that are open, by the name by which they were opened.
    open: Vec<(String, Ticket)>,
}

impl Player {
    pub(crate) fn new() -> Self {
        Self {
            journal: Journal::default(),
            who: client(1),
            now: Instant::now(),
            open: Vec::new(),
        }
    }

    pub(crate) fn waits(&mut self, time: Duration) {
        self.now += time;
    }

    /// The name is not there.
    pub(crate) fn misses(&mut self, name: &str) -> News {
        self.asks(name, Outcome::Missing).0
    }

    pub(crate) fn opens(&mut self, name: &str) -> News {
        let (news, ticket) = self.asks(name, Outcome::Opened(opened(SIZE)));
        self.open.push((name.to_owned(), ticket));
        news
    }

    /// Closes the file that was opened first by this name.
    pub(crate) fn closes(&mut self, name: &str, read: Option<u64>) -> Option<News> {
        let mut open = self.open.iter();
        let at = open.position(|(open, _)| open == name).unwrap();
        let (_, ticket) = self.open.remove(at);
        self.now += MOMENT;
        self.journal.closed(&ticket, read, self.now)
    }

    /// Opens a file and closes it, and nobody knows what was read.
    pub(crate) fn gets(&mut self, name: &str) -> News {
        let (_, ticket) = self.asks(name, Outcome::Opened(opened(SIZE)));
        self.now += MOMENT;
        self.journal.closed(&ticket, None, self.now).unwrap()
    }

    fn asks(&mut self, name: &str, outcome: Outcome) -> (News, Ticket) {
        self.now += MOMENT;
        let asked = asked(&self.who, name.as_bytes(), outcome);
        self.journal.asked(asked, self.now)
    }

    /// The present boot.
    pub(crate) fn boot(&self) -> Boot {
        self.journal.of(&self.who).unwrap().now
    }

    /// How far each boot came, the first one first.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let history = self.journal.of(&self.who).unwrap();
        let stages = history.boots().map(|boot| boot.progress.stage);
        let mut stages: Vec<Stage> = stages.collect();
        stages.reverse();
        stages
    }

    /// What has become of the present boot when nothing happens for so long.
    pub(crate) fn ending(&self, later: Duration) -> String {
        said(&self.boot().ending(self.now + later))
    }

    /// Plays what is written: `+name` is handed out, `-name` is not there, `<name` is opened,
    /// `>name` closed, `>name:5` closed after five bytes, a number waits so many seconds, and
    /// `!` has the journal tell of boots that have ended.
    pub(crate) fn plays(&mut self, text: &str) -> Vec<String> {
        let mut told = Vec::new();
        for word in text.split_whitespace() {
            let (kind, name) = word.split_at(1);
            match kind {
                "+" => drop(self.gets(name)),
                "-" => drop(self.misses(name)),
                "<" => drop(self.opens(name)),
                ">" => {
                    let (name, read) = name.split_once(':').unwrap_or((name, ""));
                    self.closes(name, read.parse().ok());
                }
                "!" => told.extend(self.told()),
                _ => self.waits(Duration::from_secs_f64(word.parse().unwrap())),
            }
        }
        told
    }

    /// What the journal now tells of boots that have ended.
    fn told(&self) -> Vec<String> {
        let ended = self.journal.take_ended(self.now).into_iter();
        ended
            .map(|(_, boot)| said(&boot.ending(self.now)))
            .collect()
    }
}

/// An ending in a few words.
pub(crate) fn said(ending: &Ending<'_>) -> String {
    match ending {
        Ending::Running => "running".to_owned(),
        Ending::Done => "done".to_owned(),
        Ending::Lost(lost) => {
            let how = match (lost.is_itself, lost.is_fatal) {
                (true, _) => "itself",
                (false, true) => "lost",
                (false, false) => "unsure",
            };
            format!("{how} {}", String::from_utf8_lossy(&lost.name))
        }
        Ending::Silent { after } => format!("silent after {}", word(*after)),
        Ending::BrokenOff { read, size } => format!("broken off at {read} of {size}"),
    }
}

/// The word for a stage, as the traces have it.
pub(crate) fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Program => "program",
        Stage::Manager => "manager",
        Stage::Store => "store",
        Stage::Sdi => "sdi",
        Stage::Image => "image",
        Stage::Done => "done",
    }
}

pub(crate) fn client(number: u8) -> Who {
    Who::Client(Address::parse(format!("10.0.0.{number}").as_bytes()).unwrap())
}

pub(crate) fn asked(who: &Who, name: &[u8], outcome: Outcome) -> Asked {
    Asked {
        who: who.clone(),
        server: "in.tftpd[7]".into(),
        name: name.into(),
        outcome,
    }
}

/// A file of that length, just opened.
pub(crate) fn opened(size: u64) -> Opened {
    let file = File {
        image: None,
        source: "/srv/x".into(),
        path: (*b"a/b").into(),
        size,
        made: None,
    };
    Opened {
        file: file.into(),
        read: None,
        open_for: None,
        broken: None,
    }
}
