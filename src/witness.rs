//! From what the kernel asks to the boot journal: who asked, by which name, for what.
//!
//! The kernel asks for one part of a name after the other, opens a file by its number alone,
//! and does not ask again for what it still believes. So what a thread looked up last is
//! remembered for the opening that follows, and the last name of each file for the openings
//! that nothing precedes.
//!
//! Who asks is known where the tree had to find out: from the path, or from the sockets of the
//! asking process. Where it had not, the sockets are looked at for a miss or an opening,
//! at most once a second for a thread: the journal is worth that, but not more. A process
//! that is no server and serves nobody (a shell) is not written down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::address::Address;
use crate::caller::{is_server, server_name};
use crate::choice::Peers;
use crate::journal::entry::{File, Opened, Outcome};
use crate::journal::news::News;
use crate::journal::part::Part;
use crate::journal::{Asked, Journal, Ticket, Who};
use crate::position;
use crate::stores::Why;
use crate::transfers::Transfers;
use crate::tree::{Admitted, FilePlace, Place};

/// How many threads, and how many files, are remembered.
const MOST: usize = 4096;

/// How long it is believed whom a thread serves, where the tree does not ask each time. A
/// process for each request lives shorter, a server for all clients has many.
const BELIEF: Duration = Duration::from_secs(1);

/// For so many clients it is written down that one of them asked, or was refused.
const MOST_SHARED: usize = 16;

/// What the kernel asks, seen with the eyes of the journal.
#[derive(Debug)]
pub struct Witness {
    journal: Arc<Journal>,
    threads: Mutex<LruCache<u32, Thread>>,
    files: Mutex<LruCache<u64, Known>>,
    transfers: Transfers,
}

/// Somebody who can tell whom the asking process talks to.
pub trait Caller {
    /// The thread that asks.
    fn thread(&self) -> u32;

    /// The clients that the process talks to, if somebody has found out already.
    fn known_peers(&self) -> Option<Peers>;

    /// The same, found out now if need be.
    fn peers(&self) -> Peers;

    /// Whether the thread serves one of them alone, and it is only not known which.
    fn serves_one(&self) -> bool;
}

/// A thread that asked.
#[derive(Debug, Clone)]
struct Thread {
    since: Instant,
    whom: Whom,
    /// The process, as it is shown.
    server: Option<Arc<str>>,
    /// What it looked up last: the number and the name.
    looked_up: Option<(u64, Box<[u8]>)>,
}

/// Whom a thread serves.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    /// Nobody has found out.
    Unasked,
    /// This client.
    Client(Address),
    /// One of these, it cannot be told which.
    OneOf(Arc<[Address]>),
    /// Nobody, or it cannot be told whom.
    Unknown,
}

/// A file as the journal knows it.
#[derive(Debug, Clone)]
struct Known {
    file: Arc<File>,
    /// The last name by which somebody looked it up.
    name: Box<[u8]>,
}

impl Witness {
    /// A witness that writes into this journal.
    pub fn new(journal: Arc<Journal>) -> Self {
        Self {
            journal,
            threads: Mutex::new(LruCache::unbounded()),
            files: Mutex::new(LruCache::unbounded()),
            transfers: Transfers::default(),
        }
    }

    /// A name was looked up in a place and found.
    pub fn found(&self, caller: &dyn Caller, from: &Place, name: &[u8], found: &Admitted) {
        let mut thread = self.thread(caller, whom(caller, from));
        thread.looked_up = found.file.as_ref().map(|file| {
            let name = from.full_name(name);
            self.know(found.id, file, found.store.as_ref(), &name);
            (found.id, name)
        });
        self.remember(caller.thread(), thread);
    }

    /// A name was looked up in a place, and is not there.
    pub fn missed(&self, caller: &dyn Caller, from: &Place, name: &[u8]) -> Option<News> {
        let thread = self.thread(caller, whom(caller, from));
        let (whom, server) = self.served(caller, thread);
        let who = who(&whom, &server)?;
        let name = from.full_name(name);
        Some(self.write(who, &server, name, Outcome::Missing).0)
    }

    /// A name was looked up in a place and not answered, for this reason. Whoever of several
    /// clients it was, each of them may have to know.
    pub fn refused(&self, caller: &dyn Caller, from: &Place, name: &[u8], why: &str) -> Vec<News> {
        let thread = self.thread(caller, whom(caller, from));
        let (whom, server) = self.served(caller, thread);
        let whos: Vec<Who> = match &whom {
            Whom::OneOf(clients) => clients.iter().copied().map(Who::Client).collect(),
            _ => who(&whom, &server).into_iter().collect(),
        };
        let (name, why): (_, Arc<str>) = (from.full_name(name), why.into());
        let refused = |who| {
            let outcome = Outcome::Refused(why.clone());
            self.write(who, &server, name.clone(), outcome).0
        };
        whos.into_iter().map(refused).collect()
    }

    /// The file with a number was opened. Of several clients whom a thread may serve each has
    /// it in its journal: all have a transfer under way just now, and that one of them has
    /// stopped would be wrong more often than that it is a little further than it is.
    pub fn opened(
        &self,
        caller: &dyn Caller,
        id: u64,
        place: impl FnOnce() -> Option<FilePlace>,
    ) -> Vec<(News, Ticket)> {
        let Some((whos, server, known)) = self.asked_for(caller, id, place) else {
            return Vec::new();
        };
        let opened = whos.into_iter().map(|who| {
            let name = known.name.clone();
            let (news, ticket) = self.write(who, &server, name, opened(&known.file));
            self.follow(&news, &ticket, caller.thread(), id, known.file.size);
            (news, ticket)
        });
        opened.collect()
    }

    /// The file with a number could not be opened, for this reason.
    pub fn not_opened(
        &self,
        caller: &dyn Caller,
        id: u64,
        place: impl FnOnce() -> Option<FilePlace>,
        why: &str,
    ) -> Vec<News> {
        let Some((whos, server, known)) = self.asked_for(caller, id, place) else {
            return Vec::new();
        };
        let why: Arc<str> = why.into();
        let refused = whos.into_iter().map(|who| {
            let outcome = Outcome::Refused(why.clone());
            self.write(who, &server, known.name.clone(), outcome).0
        });
        refused.collect()
    }

    /// Who asks for the file with a number, by which server and by which name.
    fn asked_for(
        &self,
        caller: &dyn Caller,
        id: u64,
        place: impl FnOnce() -> Option<FilePlace>,
    ) -> Option<(Vec<Who>, Arc<str>, Known)> {
        let mut thread = self.thread(caller, Whom::Unasked);
        let looked_up = thread.looked_up.take().filter(|(last, _)| *last == id);
        let (whom, server) = self.served(caller, thread);
        let whos = match &whom {
            Whom::OneOf(clients) if caller.serves_one() => {
                clients.iter().copied().map(Who::Client).collect()
            }
            _ => vec![who(&whom, &server)?],
        };
        let mut known = self.known(id, place)?;
        if let Some((_, name)) = looked_up {
            known.name = name;
        }
        let server = match whos.len() {
            1 => server,
            several => format!("{server}, for one of {several} clients").into(),
        };
        Some((whos, server, known))
    }

    /// A boot image is followed on its way.
    fn follow(&self, news: &News, ticket: &Ticket, process: u32, id: u64, size: u64) {
        if news.entry.part == Part::Image {
            let now = Instant::now();
            self.transfers.begin(ticket.clone(), process, id, size, now);
        }
    }

    /// A file was closed.
    pub fn closed(&self, ticket: &Ticket) -> Option<News> {
        let now = Instant::now();
        let read = self.transfers.end(ticket, now);
        self.journal.closed(ticket, read, now)
    }

    /// A file could not be read from there on, for this reason.
    pub fn broke(&self, ticket: &Ticket, at: u64, why: &str) -> Option<News> {
        self.journal.broke(ticket, at, why)
    }

    /// Looks how far the boot images on their way are. Takes a moment for each; not to be
    /// called while the kernel waits.
    pub fn look(&self) {
        for transfer in self.transfers.under_way() {
            if let Some(place) = position::of(transfer.process, transfer.id) {
                let place = place.min(transfer.size);
                self.transfers.seen(&transfer.ticket, place, Instant::now());
                if place > 0 {
                    self.journal.read(&transfer.ticket, place);
                }
            }
        }
    }

    fn write(
        &self,
        who: Who,
        server: &Arc<str>,
        name: Box<[u8]>,
        outcome: Outcome,
    ) -> (News, Ticket) {
        let asked = Asked {
            who,
            server: server.clone(),
            name,
            outcome,
        };
        self.journal.asked(asked, Instant::now())
    }

    /// What is known of the thread that asks. What was found out now is right; else what was
    /// found out a moment ago.
    fn thread(&self, caller: &dyn Caller, whom: Whom) -> Thread {
        let mut threads = lock(&self.threads);
        let known = threads.get(&caller.thread());
        let known = known.filter(|known| known.since.elapsed() < BELIEF);
        match (known, whom) {
            (Some(known), Whom::Unasked) => known.clone(),
            (Some(known), whom) => Thread {
                since: Instant::now(),
                whom,
                looked_up: None,
                server: known.server.clone(),
            },
            (None, whom) => Thread {
                since: Instant::now(),
                whom,
                server: None,
                looked_up: None,
            },
        }
    }

    fn remember(&self, id: u32, thread: Thread) {
        let mut threads = lock(&self.threads);
        threads.put(id, thread);
        if threads.len() > MOST {
            threads.pop_lru();
        }
    }

    /// Finds out what is still not known of it, and remembers that.
    fn served(&self, caller: &dyn Caller, mut thread: Thread) -> (Whom, Arc<str>) {
        if thread.whom == Whom::Unasked {
            thread.whom = whom_of(&caller.peers());
        }
        let server = thread.server.take();
        let server = server.unwrap_or_else(|| process(caller.thread()));
        thread.server = Some(server.clone());
        let whom = thread.whom.clone();
        self.remember(caller.thread(), thread);
        (whom, server)
    }

    fn know(&self, id: u64, file: &FilePlace, store: Option<&Why>, name: &[u8]) {
        let mut files = lock(&self.files);
        match files.get_mut(&id) {
            Some(known) => known.name = name.into(),
            None => {
                let made = store.filter(|why| why.is_made());
                let file = Arc::new(file.as_file(made.map(|why| why.done.to_string())));
                let name = name.into();
                files.put(id, Known { file, name });
            }
        }
        if files.len() > MOST {
            files.pop_lru();
        }
    }

    /// A file that nobody has looked up for long: by its stored name.
    fn known(&self, id: u64, place: impl FnOnce() -> Option<FilePlace>) -> Option<Known> {
        if let Some(known) = lock(&self.files).get(&id) {
            return Some(known.clone());
        }
        let file = place()?;
        self.know(id, &file, None, file.path().as_bytes());
        lock(&self.files).get(&id).cloned()
    }
}

/// Whom a request names by itself, or somebody has found out already.
fn whom(caller: &dyn Caller, from: &Place) -> Whom {
    match (from.client(), caller.known_peers()) {
        (Some(client), _) => Whom::Client(client),
        // Of several it is perhaps known which, as soon as others have asked too.
        (None, Some(Peers::These(peers))) if peers.len() > 1 => Whom::Unasked,
        (None, Some(peers)) => whom_of(&peers),
        (None, None) => Whom::Unasked,
    }
}

fn opened(file: &Arc<File>) -> Outcome {
    Outcome::Opened(Opened {
        file: file.clone(),
        read: None,
        open_for: None,
        broken: None,
    })
}

fn whom_of(peers: &Peers) -> Whom {
    match peers {
        Peers::These(peers) => match peers.as_slice() {
            [only] => Whom::Client(Address::ip(*only)),
            few if few.len() <= MOST_SHARED => {
                Whom::OneOf(few.iter().copied().map(Address::ip).collect())
            }
            _ => Whom::Unknown,
        },
        Peers::Nobody | Peers::Hidden(_) => Whom::Unknown,
    }
}

/// Under whose name it is written down; nobody's for a shell that looks around.
fn who(whom: &Whom, process: &str) -> Option<Who> {
    let name = process.split_once('[').map_or(process, |(name, _)| name);
    match whom {
        Whom::Client(client) => Some(Who::Client(*client)),
        Whom::OneOf(_) | Whom::Unknown | Whom::Unasked => {
            is_server(name).then(|| Who::Server(name.into()))
        }
    }
}

/// A process as it is shown: `in.tftpd[812]`.
fn process(thread: u32) -> Arc<str> {
    let name = i32::try_from(thread).ok().and_then(server_name);
    let name = name.unwrap_or_else(|| "?".to_owned());
    format!("{name}[{thread}]").into()
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
