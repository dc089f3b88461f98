//! What each client booted last: the memory by which a menu decides.
//!
//! A client that opens a boot program under `images/` has chosen that image; the boot
//! manager it then runs asks for the same `\Boot\BCD` whatever was chosen. Any boot
//! program also tells for which firmware it is.
//!
//! Bounded, and nothing of it is ever written down. Time is handed in.
//!
//! A client is remembered by its MAC if that is known, else by its IP address. What was
//! learnt under the IP address goes over to the MAC once it becomes known; so an address that
//! changes hands takes nothing along.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::address::Address;
use crate::client::Client;
use crate::config::ImageName;
use crate::program::Program;

/// How many clients are remembered; the one that was silent longest is forgotten first.
pub const MOST_CLIENTS: usize = 100_000;

/// Who changes between images this often ...
const QUICK_CHANGES: u32 = 4;

/// ... within this time is several computers behind one address: no computer restarts that
/// fast.
const QUICK: Duration = Duration::from_secs(120);

/// What a client booted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// The image it chose, if it opened a program of one under `images/`.
    pub image: Option<ImageName>,
    /// The program it opened last.
    pub program: Program,
    /// Whether it changes between images quicker than one computer can.
    pub flips: bool,
}

/// All that is remembered, the client that asked last first.
#[derive(Debug)]
pub struct Boots {
    clients: Mutex<LruCache<Address, Remembered>>,
    most: usize,
}

#[derive(Debug)]
struct Remembered {
    boot: Boot,
    /// All that was known of it at its last request.
    client: Client,
    /// Its last request of any kind.
    last: Instant,
    /// The changes of image, counted since a time.
    changes: u32,
    counted_since: Instant,
}

impl Default for Boots {
    fn default() -> Self {
        Self::of_at_most(MOST_CLIENTS)
    }
}

impl Boots {
    /// A memory for so many clients.
    pub fn of_at_most(most: usize) -> Self {
        Self {
            clients: Mutex::new(LruCache::unbounded()),
            most,
        }
    }

    /// What a client that is asking something right now booted last.
    pub fn booted(&self, client: &Client, now: Instant, idle: Duration) -> Option<Boot> {
        let mut clients = self.clients();
        let remembered = find(&mut clients, client, now, idle)?;
        remembered.asks(client, now);
        Some(remembered.boot.clone())
    }

    /// The same for somebody who only wants to know: it counts as no request.
    pub fn remembered(&self, client: &Client, now: Instant, idle: Duration) -> Option<Boot> {
        let by_ip = client.ip.map(Address::ip);
        let keys = [client.key(), by_ip].into_iter().flatten();
        let clients = self.clients();
        let mut known = keys.filter_map(|key| clients.peek(&key));
        let known = known.find(|known| !known.is_idle(now, idle));
        known.map(|known| known.boot.clone())
    }

    /// A client has opened a boot program; under `images/`, of this image. Returns what is
    /// now remembered, if the client can be remembered at all.
    pub fn opened(
        &self,
        client: &Client,
        program: &Program,
        image: Option<&ImageName>,
        now: Instant,
        idle: Duration,
    ) -> Option<Boot> {
        let key = client.key()?;
        let mut clients = self.clients();
        if find(&mut clients, client, now, idle).is_none() {
            clients.put(key, Remembered::nothing(*client, program, now));
        }
        while clients.len() > self.most {
            clients.pop_lru();
        }
        let remembered = clients.get_mut(&key)?;
        remembered.asks(client, now);
        remembered.opened(program, image, now);
        Some(remembered.boot.clone())
    }

    /// Forgets what these clients booted.
    pub fn forget(&self, is_meant: impl Fn(&Client, &Boot) -> bool) {
        let mut clients = self.clients();
        let meant = clients.iter();
        let meant = meant.filter(|(_, known)| is_meant(&known.client, &known.boot));
        let meant: Vec<Address> = meant.map(|(address, _)| *address).collect();
        for address in meant {
            clients.pop(&address);
        }
    }

    /// Forgets all who were silent for so long.
    pub fn forget_idle(&self, now: Instant, idle: Duration) {
        let mut clients = self.clients();
        while clients
            .peek_lru()
            .is_some_and(|(_, known)| known.is_idle(now, idle))
        {
            clients.pop_lru();
        }
    }

    /// How many clients are remembered.
    pub fn len(&self) -> usize {
        self.clients().len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn clients(&self) -> MutexGuard<'_, LruCache<Address, Remembered>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is remembered of a client, under the key that it has now.
fn find<'a>(
    clients: &'a mut LruCache<Address, Remembered>,
    client: &Client,
    now: Instant,
    idle: Duration,
) -> Option<&'a mut Remembered> {
    let key = client.key()?;
    if client.mac.is_some() {
        take_over(clients, client, key);
    }
    if clients.peek(&key)?.is_idle(now, idle) {
        clients.pop(&key);
        return None;
    }
    clients.get_mut(&key)
}

/// What was learnt under the IP address goes over to the MAC, unless that asked later: a
/// MAC that is known may be unknown for a while, and its client boots on meanwhile.
fn take_over(clients: &mut LruCache<Address, Remembered>, client: &Client, key: Address) {
    let earlier = client.ip.map(Address::ip);
    let Some(known) = earlier.and_then(|address| clients.pop(&address)) else {
        return;
    };
    let is_later = |other: &Remembered| other.last > known.last;
    if !clients.peek(&key).is_some_and(is_later) {
        clients.put(key, known);
    }
}

impl Remembered {
    fn nothing(client: Client, program: &Program, now: Instant) -> Self {
        Self {
            boot: Boot {
                image: None,
                program: program.clone(),
                flips: false,
            },
            client,
            last: now,
            changes: 0,
            counted_since: now,
        }
    }

    fn asks(&mut self, client: &Client, now: Instant) {
        self.last = now;
        self.client = Client {
            ip: client.ip.or(self.client.ip),
            mac: client.mac,
        };
    }

    fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        now.saturating_duration_since(self.last) >= idle
    }

    fn opened(&mut self, program: &Program, image: Option<&ImageName>, now: Instant) {
        self.boot.program = program.clone();
        let Some(image) = image else {
            return;
        };
        if self.boot.image.as_ref().is_some_and(|other| other != image) {
            self.changed(now);
        }
        self.boot.image = Some(image.clone());
    }

    fn changed(&mut self, now: Instant) {
        if now.saturating_duration_since(self.counted_since) > QUICK {
            self.counted_since = now;
            self.changes = 0;
        }
        self.changes += 1;
        self.boot.flips = self.changes >= QUICK_CHANGES;
    }
}
