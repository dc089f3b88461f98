//! Which network card has an IP address: the lease files of the DHCP servers say, else the
//! kernel's neighbour table.
//!
//! A lease file is looked at for each question: an address that changed hands a moment ago
//! must not bring the image of the one who had it before, and a look costs little. The
//! neighbour table costs a conversation with the kernel, so what it says holds for a
//! moment.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lru::LruCache;

use crate::address::Mac;
use crate::client::Macs;
use crate::config::Config;
use crate::leases::{Complaint, LeaseFile};
use crate::neighbours;

/// How long the kernel's answer holds. No address changes hands faster: whoever gets it
/// first asks for it on the link, and so is in the table.
const HOLDS: Duration = Duration::from_secs(1);

/// How long "nobody" holds: a client may announce itself at any time.
const NOBODY_HOLDS: Duration = Duration::from_millis(100);

/// How many answers are kept.
const MOST: usize = 10_000;

/// Who tells.
#[derive(Debug)]
pub struct Cards {
    files: Mutex<Vec<LeaseFile>>,
    neighbours: Mutex<LruCache<IpAddr, (Instant, Option<Mac>)>>,
    /// What was complained of already: a lease file is looked at all the time.
    said: Mutex<HashSet<String>>,
}

impl Cards {
    /// By the lease files of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            files: Mutex::new(files(config)),
            neighbours: Mutex::new(LruCache::unbounded()),
            said: Mutex::default(),
        }
    }

    /// By the lease files of another configuration from now on.
    pub fn configure(&self, config: &Config) {
        let same = {
            let files = lock(&self.files);
            let paths = config.leases.iter().map(|path| path.value.as_path());
            paths.eq(files.iter().map(LeaseFile::path))
        };
        if !same {
            *lock(&self.files) = files(config);
            lock(&self.said).clear();
        }
    }

    fn by_lease(&self, address: IpAddr, now: SystemTime) -> Option<Mac> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        lock(&self.files).iter_mut().find_map(|file| {
            match file.renew(now) {
                Ok(complaints) => self.complain_of(file, &complaints),
                Err(error) => self.say_once(error.to_string()),
            }
            file.mac_of(address, seconds)
        })
    }

    fn complain_of(&self, file: &LeaseFile, complaints: &[Complaint]) {
        for complaint in complaints {
            self.say_once(format!("{}: {complaint}", file.path().display()));
        }
    }

    fn say_once(&self, what: String) {
        let mut said = lock(&self.said);
        if said.len() < MOST && !said.contains(&what) {
            tracing::warn!("{what}");
            said.insert(what);
        }
    }

    fn by_neighbour(&self, address: IpAddr) -> Option<Mac> {
        let now = Instant::now();
        let known = lock(&self.neighbours).get(&address).copied();
        if let Some((since, mac)) = known {
            let holds = if mac.is_some() { HOLDS } else { NOBODY_HOLDS };
            if now.saturating_duration_since(since) < holds {
                return mac;
            }
        }
        let asked = neighbours::mac_of(address);
        let asked = asked.inspect_err(|error| {
            self.say_once(format!(
                "the kernel's neighbour table cannot be read, so MACs are known from lease files \
                 and paths only: {error}"
            ));
        });
        let mac = asked.ok().flatten();
        let mut neighbours = lock(&self.neighbours);
        neighbours.put(address, (now, mac));
        if neighbours.len() > MOST {
            neighbours.pop_lru();
        }
        mac
    }
}

impl Macs for Cards {
    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        let by_lease = self.by_lease(address, SystemTime::now());
        by_lease.or_else(|| self.by_neighbour(address))
    }
}

fn files(config: &Config) -> Vec<LeaseFile> {
    let paths = config.leases.iter();
    paths.map(|path| LeaseFile::new(path)).collect()
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
