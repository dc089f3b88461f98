//! The boot journal: what each client asked for, in this boot and the last ones.
//!
//! Pure bookkeeping, bounded for each client and in all; time is handed in, and nothing is
//! ever written down. Who asks, and what a number of the kernel is, finds out
//! [`crate::witness`]; what is to be done about a boot that stopped, [`crate::diagnosis`].
//!
//! A client is whatever its server calls it: an address from a path or a socket. What a
//! server asks for without saying for whom is kept under the name of the server.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`part`] | what part of a boot a name is |
//! | [`progress`] | how far a boot is, and what it lacks |
//! | [`boot`] | one boot: its requests, when it ends, and when it is another one |
//! | [`news`] | what is told of a request as it happens |

pub mod boot;
pub mod entry;
pub mod news;
pub mod part;
pub mod progress;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::address::Address;
use boot::{Boot, Ending};
use entry::Outcome;
use news::News;
use part::Part;

/// How many clients are kept; the one that was silent longest is forgotten first.
pub const MOST_CLIENTS: usize = 4096;

/// How many boots of a client are kept besides the present one.
pub const MOST_EARLIER: usize = 3;

/// How many boots are kept that nobody has asked for yet.
const MOST_ENDED: usize = 256;

/// How long another boot program may take to follow one that is not there.
const NEXT_PROGRAM: Duration = Duration::from_secs(2);

/// How many bytes of a name are kept. TFTP has no room for more in a request; a name over
/// HTTP may be of any length, and is nobody's boot.
pub const LONGEST_NAME: usize = 512;

/// How many requests are kept in all.
pub const MOST_REQUESTS: usize = 60_000;

/// How many there are after some were left out, so that this is not done for each request.
const ENOUGH: usize = MOST_REQUESTS / 4 * 3;

/// To how many the boots of those are cut down who were silent longest, when there are more.
const FEW: usize = 24;

/// Of these, how many of the first.
const FEW_FIRST: usize = 8;

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// A client.
    Client(Address),
    /// A server that did not say for whom; its name.
    Server(Arc<str>),
}

/// What stands before the name of a server that did not say for whom it asked.
const BEHIND: &str = "somebody behind ";

/// What the clients asked for.
#[derive(Debug)]
pub struct Journal {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    clients: LruCache<Who, History>,
    boots: u64,
    /// Boots after which a client began again before it was told how they ended.
    ended: Vec<(Who, Boot)>,
    /// How many requests are kept in all.
    kept: usize,
}

/// The boots of one client.
#[derive(Debug, Clone)]
pub struct History {
    /// The present one, or the last.
    pub now: Boot,
    /// Those before, the latest first.
    pub earlier: VecDeque<Boot>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Clients.
    pub clients: usize,
    /// Requests of all of them.
    pub requests: usize,
    /// How many boots there were, also of clients that are forgotten.
    pub boots: u64,
}

/// A request, as it comes in.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asked.
    pub who: Who,
    /// By which server process.
    pub server: Arc<str>,
    /// The name from the client's root on, as it was asked for. Of a longer one than
    /// [`LONGEST_NAME`] only the beginning is kept.
    pub name: Box<[u8]>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A request that is kept: by this it is found again when its file is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Who asked.
    pub who: Who,
    boot: u64,
    number: u32,
}

impl Default for Journal {
    fn default() -> Self {
        let state = State {
            clients: LruCache::unbounded(),
            boots: 0,
            ended: Vec::new(),
            kept: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl Journal {
    /// Adds a request. Returns what is to be told of it, and by what it is found again.
    pub fn asked(&self, mut asked: Asked, now: Instant) -> (News, Ticket) {
        let part = Part::of(&asked.name);
        if let Some((name, _)) = asked.name.split_at_checked(LONGEST_NAME) {
            asked.name = name.into();
        }
        let mut state = self.state();
        let told = state.add(asked, part, now);
        state.forget();
        told
    }

    /// A file was closed, of which so much was read, where that is known. Returns what is to
    /// be told of it, if it is still kept.
    pub fn closed(&self, ticket: &Ticket, read: Option<u64>, now: Instant) -> Option<News> {
        let mut state = self.state();
        let boot = state.boot(ticket)?;
        let before = boot.progress.stage;
        boot.closed(ticket.number, read, now);
        let entry = boot.entry(ticket.number)?.clone();
        Some(News::of(ticket.who.clone(), entry, boot, before))
    }

    /// So much of a file was read by now.
    pub fn read(&self, ticket: &Ticket, read: u64) {
        if let Some(boot) = self.state().boot(ticket) {
            boot.read(ticket.number, read);
        }
    }

    /// A file cannot be read on from there, for this reason. Returns what is to be told of it,
    /// once.
    pub fn broke(&self, ticket: &Ticket, at: u64, why: &str) -> Option<News> {
        let mut state = self.state();
        let boot = state.boot(ticket)?;
        let before = boot.progress.stage;
        boot.broke(ticket.number, at, why).then_some(())?;
        let entry = boot.entry(ticket.number)?.clone();
        Some(News::of(ticket.who.clone(), entry, boot, before))
    }

    /// Everybody who asked, those who asked last first.
    pub fn all(&self) -> Vec<(Who, History)> {
        let state = self.state();
        let all = state.clients.iter();
        all.map(|(who, history)| (who.clone(), history.clone()))
            .collect()
    }

    /// What one asked for.
    pub fn of(&self, who: &Who) -> Option<History> {
        self.state().clients.peek(who).cloned()
    }

    /// The boots that have come to an end that is none, each once.
    pub fn take_ended(&self, now: Instant) -> Vec<(Who, Boot)> {
        let mut state = self.state();
        let mut ended = std::mem::take(&mut state.ended);
        for (who, history) in state.clients.iter_mut() {
            if history.now.is_to_be_told(who, now) {
                ended.push((who.clone(), history.now.clone()));
            }
        }
        ended
    }

    /// How much is kept.
    pub fn size(&self) -> Size {
        let state = self.state();
        Size {
            clients: state.clients.len(),
            requests: state.kept,
            boots: state.boots,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, asked: Asked, part: Part, now: Instant) -> (News, Ticket) {
        let (who, next) = (asked.who, self.boots + 1);
        let beginning = || History::beginning(next, now);
        let history = self.clients.get_or_insert_mut(who.clone(), beginning);
        if history.now.is_over(part, &asked.name, now) {
            self.kept -= history.begin(next, now);
            if let Some(last) = history.earlier.front_mut()
                && self.ended.len() < MOST_ENDED
                && last.is_to_be_told(&who, now)
            {
                self.ended.push((who.clone(), last.clone()));
            }
        }
        let boot = &mut history.now;
        self.boots = self.boots.max(boot.serial);
        let (kept, before) = (boot.len(), boot.progress.stage);
        let entry = boot.add(asked.server, asked.name, part, asked.outcome, now);
        self.kept += boot.len() - kept;
        let ticket = Ticket {
            who: who.clone(),
            boot: boot.serial,
            number: entry.number,
        };
        (News::of(who, entry, boot, before), ticket)
    }

    fn boot(&mut self, ticket: &Ticket) -> Option<&mut Boot> {
        let history = self.clients.peek_mut(&ticket.who)?;
        let mut boots = std::iter::once(&mut history.now).chain(&mut history.earlier);
        boots.find(|boot| boot.serial == ticket.boot)
    }

    /// Keeps the bounds: clients that were silent longest are forgotten, and of their boots
    /// less is kept than of the others'. By a quarter at once, for each is looked at.
    fn forget(&mut self) {
        while self.clients.len() > MOST_CLIENTS {
            self.forget_one();
        }
        if self.kept <= MOST_REQUESTS {
            return;
        }
        for forget in [History::thin_out, History::forget_earlier] {
            for (_, history) in self.clients.iter_mut().rev() {
                self.kept -= forget(history);
                if self.kept <= ENOUGH {
                    return;
                }
            }
        }
        while self.kept > ENOUGH {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        let forgotten = self.clients.pop_lru();
        self.kept -= forgotten.map_or(self.kept, |(_, history)| history.len());
    }
}

impl History {
    fn beginning(serial: u64, now: Instant) -> Self {
        Self {
            now: Boot::new(serial, now),
            earlier: VecDeque::new(),
        }
    }

    /// Returns how many requests are no longer kept.
    fn begin(&mut self, serial: u64, now: Instant) -> usize {
        let mut last = std::mem::replace(&mut self.now, Boot::new(serial, now));
        last.leave();
        self.earlier.push_front(last);
        let kept = self.earlier.len().min(MOST_EARLIER);
        self.earlier.drain(kept..).map(|boot| boot.len()).sum()
    }

    /// All boots, the latest first.
    pub fn boots(&self) -> impl Iterator<Item = &Boot> {
        std::iter::once(&self.now).chain(&self.earlier)
    }

    fn len(&self) -> usize {
        self.boots().map(Boot::len).sum()
    }

    fn thin_out(&mut self) -> usize {
        let boots = std::iter::once(&mut self.now).chain(&mut self.earlier);
        boots.map(|boot| boot.cut_down(FEW, FEW_FIRST)).sum()
    }

    fn forget_earlier(&mut self) -> usize {
        let earlier = std::mem::take(&mut self.earlier);
        earlier.iter().map(Boot::len).sum()
    }
}

impl Boot {
    /// Whether it has come to an end that is none, and nobody was told so yet. Then somebody
    /// is now.
    fn is_to_be_told(&mut self, who: &Who, now: Instant) -> bool {
        let is_news = !self.is_told && self.has_failed(who, now);
        self.is_told |= is_news;
        is_news
    }

    /// The next program of a chain may follow one that is not there; and who is behind a
    /// server that names nobody is many.
    fn has_failed(&self, who: &Who, now: Instant) -> bool {
        match self.ending(now) {
            Ending::Running | Ending::Done => false,
            Ending::Lost(lost) if matches!(lost.part, Part::Program(_)) && !lost.is_itself => {
                now.saturating_duration_since(self.last) >= NEXT_PROGRAM
            }
            Ending::Lost(_) | Ending::BrokenOff { .. } => true,
            Ending::Silent { .. } => matches!(who, Who::Client(_)),
        }
    }
}

impl Who {
    /// Reads what is written of one; the address of a client in any form.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(BEHIND) {
            Some(name) => Some(Self::Server(name.into())),
            None => Address::parse(text.as_bytes()).map(Self::Client),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(address) => address.fmt(out),
            Self::Server(name) => write!(out, "{BEHIND}{name}"),
        }
    }
}
