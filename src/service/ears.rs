//! What happens at the door, and who hears of it: the log, those who watch, the counts.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::happening::Happening;
use crate::address::Address;
use crate::advice::Advice;
use crate::boots::Boot;
use crate::choice::Peers;
use crate::chronicle::Chronicle;
use crate::fuse::Told;
use crate::journal::news::News;
use crate::journal::progress::{Stage, Worth};
use crate::reporter;
use crate::tally::Tally;
use crate::watchers::Watchers;

/// Hears what happens at the door.
#[derive(Debug)]
pub(super) struct Ears {
    advice: Advice,
    pub(super) chronicle: Chronicle,
    pub(super) watchers: Arc<Watchers>,
    pub(super) tally: Arc<Tally>,
    happenings: Sender<Happening>,
}

impl Ears {
    /// Those of a daemon that is mounted there. What it has to react to is sent.
    pub(super) fn new(mountpoint: &Path, happenings: Sender<Happening>) -> Self {
        Self {
            advice: Advice::new(mountpoint),
            chronicle: Chronicle::default(),
            watchers: Arc::default(),
            tally: Arc::default(),
            happenings,
        }
    }
}

impl Told for Ears {
    fn refused(&self, thread: u32, name: &[u8], peers: &Peers) {
        self.advice.refused(thread, name, peers);
    }

    fn booted(&self, client: &Address, boot: &Boot) {
        self.advice.booted(client, boot);
    }

    fn unknown_choice(&self, thread: u32, peers: &Peers) {
        self.advice.unknown_choice(thread, peers);
    }

    fn asked(&self, news: &News) {
        self.chronicle.asked(news);
        self.watchers.tell(|| reporter::request(news));
        if news.is_further && news.stage == Stage::Done {
            self.tally.done.add(1);
        }
        // Once is enough until it was heard: whoever is on the network can ask for anything.
        if news.worth == Worth::Fatal && self.tally.calls() {
            let _ = self.happenings.send(Happening::BootEnded);
        }
    }

    fn crowded(&self) {
        // Nobody listens any more only when the daemon is ending.
        let _ = self.happenings.send(Happening::Crowded);
    }

    fn ended(&self) {
        let _ = self.happenings.send(Happening::Unmounted);
    }
}
