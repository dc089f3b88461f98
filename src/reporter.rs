//! What the daemon says of itself: the journal, the images and the counters as a
//! [`Status`], each client with why it gets its image and what is wrong with its boot.
//!
//! Made anew whenever somebody asks, and never while the kernel waits.

mod told;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lru::LruCache;

use crate::address::Address;
use crate::advice;
use crate::boots::Boots as Memory;
use crate::catalog::Catalog;
use crate::choice::{Because, Decision};
use crate::client::{Client as KnownClient, Macs};
use crate::config::{ImageName, Match, dropped};
use crate::diagnosis::Case;
use crate::fuse::gauges::Gauges;
use crate::journal::boot::{Boot, Ending};
use crate::journal::news::News;
use crate::journal::{History, Journal, Who};
use crate::name::{fold, visible};
use crate::source as sources;
use crate::status::{
    self, BootImage, Boots, Client, Counts, Diagnosis, Image, Request, Source, State, Status, Tells,
};
use crate::tally::Tally;
use crate::tree::Tree;
use crate::witness::Witness;

/// How many diagnoses are remembered.
const MOST_DIAGNOSES: usize = 4096;

/// How long one answer may look for what is wrong. What is left then is as it was last.
const PATIENCE: Duration = Duration::from_millis(40);

/// What the daemon consists of, as far as it says something of it.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The tree.
    pub tree: Arc<Tree>,
    /// What the clients asked for.
    pub journal: Arc<Journal>,
    /// Who knows how far boot images are.
    pub witness: Arc<Witness>,
    /// Who knows network cards.
    pub macs: Arc<dyn Macs>,
    /// What the door counts.
    pub gauges: Arc<Gauges>,
    /// What the service counts and complains of.
    pub tally: Arc<Tally>,
    /// Where it is mounted, for people.
    pub mountpoint: String,
}

/// Says what the daemon does.
#[derive(Debug)]
pub struct Reporter {
    parts: Parts,
    began: Moment,
    diagnoses: Mutex<LruCache<Who, Known>>,
}

/// A diagnosis, and of what.
#[derive(Debug, Clone)]
struct Known {
    moment: u64,
    boot: u64,
    /// When something was heard of it last.
    last: Instant,
    is_silent: bool,
    diagnosis: Option<Diagnosis>,
}

/// One moment, on both clocks.
#[derive(Debug, Clone, Copy)]
struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Reporter {
    /// Says what these do, from now on.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            began: Moment::now(),
            diagnoses: Mutex::new(LruCache::unbounded()),
        }
    }

    /// What is wrong with a boot that has come to an end.
    pub fn diagnose(&self, who: &Who, boot: &Boot) -> Option<Diagnosis> {
        let now = Instant::now();
        let (memory, catalog) = (self.memory(who), self.parts.tree.catalog());
        let case = self.case(who, boot, &memory, &catalog);
        // As long as it takes: it is told once, and known to those who ask afterwards.
        self.diagnosis(&case, &boot.ending(now), now + Duration::from_secs(60))
    }

    fn case<'a>(
        &'a self,
        who: &'a Who,
        boot: &'a Boot,
        memory: &'a Memory,
        catalog: &'a Arc<Catalog>,
    ) -> Case<'a> {
        Case {
            catalog,
            boots: memory,
            macs: &*self.parts.macs,
            who,
            boot,
        }
    }

    /// What a client booted last, apart from what the tree remembers: to look at that is no
    /// request of the client.
    fn memory(&self, who: &Who) -> Memory {
        let memory = Memory::default();
        let Who::Client(address) = who else {
            return memory;
        };
        let idle = self.parts.tree.catalog().config().follow_idle;
        let (client, now) = (self.known_client(address), Instant::now());
        if let Some(boot) = self.parts.tree.boots().remembered(&client, now, idle) {
            memory.opened(&client, &boot.program, boot.image.as_ref(), now, idle);
        }
        memory
    }

    fn known_client(&self, address: &Address) -> KnownClient {
        let client = KnownClient::at(address);
        match self.parts.tree.catalog().wants_macs() {
            true => client.with_mac(|ip| self.parts.macs.mac_of(ip)),
            false => client,
        }
    }

    /// What was found out, unless something has changed since; else anew, if there is time.
    fn diagnosis(&self, case: &Case<'_>, ending: &Ending<'_>, until: Instant) -> Option<Diagnosis> {
        let known = self.diagnoses().get(case.who).cloned();
        let fresh = Known {
            moment: case.catalog.moment(),
            boot: case.boot.serial,
            last: case.boot.last,
            is_silent: matches!(ending, Ending::Silent { .. }),
            diagnosis: None,
        };
        match known {
            Some(known) if known.is_of(&fresh) => return known.diagnosis,
            Some(known) if Instant::now() > until && known.boot == fresh.boot => {
                return known.diagnosis;
            }
            None if Instant::now() > until => return None,
            Some(_) | None => {}
        }
        let diagnosis = case.diagnose(ending);
        let mut diagnoses = self.diagnoses();
        let known = Known {
            diagnosis: diagnosis.clone(),
            ..fresh
        };
        diagnoses.put(case.who.clone(), known);
        if diagnoses.len() > MOST_DIAGNOSES {
            diagnoses.pop_lru();
        }
        diagnosis
    }

    fn diagnoses(&self) -> MutexGuard<'_, LruCache<Who, Known>> {
        self.diagnoses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, who: &Who, history: &History, now: Moment, until: Instant) -> Client {
        let boot = &history.now;
        let (memory, catalog) = (self.memory(who), self.parts.tree.catalog());
        let case = self.case(who, boot, &memory, &catalog);
        let ending = boot.ending(now.steady);
        let decision = case.decision();
        let mac = match who {
            Who::Client(address) => self.known_client(address).mac,
            Who::Server(_) => None,
        };
        Client {
            client: who.to_string(),
            boot: boot.serial,
            is_known: matches!(who, Who::Client(_)),
            mac: mac.map(|mac| Address::Mac(mac).to_string()),
            image: image(decision.as_ref(), boot, &catalog),
            because: because(decision.as_ref()),
            firmware: boot.progress.firmware.map(|firmware| firmware.to_string()),
            stage: boot.progress.stage,
            state: state(&ending),
            boot_image: boot_image(boot),
            began_ms: now.millis_of(boot.began),
            age_ms: millis(boot.last.saturating_duration_since(boot.began)),
            silent_ms: millis(now.steady.saturating_duration_since(boot.last)),
            requests: boot.requests,
            misses: boot.misses,
            server: boot
                .entries()
                .next_back()
                .map_or_else(String::new, |entry| visible(entry.server.as_bytes())),
            diagnosis: self.diagnosis(&case, &ending, until),
            earlier: history.earlier.len(),
        }
    }

    fn images(&self, catalog: &Catalog, clients: &[Client]) -> Vec<Image> {
        let default = catalog.choice().by_default().image;
        let images = catalog.images().map(|(spec, image)| {
            let name = spec.name.to_string();
            let has = |client: &&Client| client.image.as_ref() == Some(&name);
            let sources = image.layers().iter();
            let sources = sources.filter_map(|layer| source(layer.source()));
            Image {
                is_default: default.as_ref() == Some(&*spec.name),
                clients: clients.iter().filter(has).count(),
                sources: sources.collect(),
                name,
            }
        });
        images.collect()
    }

    fn counts(&self) -> Counts {
        let (stats, size) = (self.parts.gauges.stats(), self.parts.journal.size());
        Counts {
            lookups: stats.lookups.get(),
            misses: stats.misses.get(),
            undecided: stats.undecided.get(),
            forgets: stats.forgets.get(),
            opens: stats.opens.get(),
            bytes: stats.bytes.get(),
            nodes: self.parts.tree.nodes().len() as u64,
            journal_clients: size.clients as u64,
            journal_requests: size.requests as u64,
            boots_begun: size.boots,
            boots_done: self.parts.tally.done.get(),
            boots_failed: self.parts.tally.failed.get(),
        }
    }

    fn warnings(&self, catalog: &Catalog, all: &[(Who, History)]) -> Vec<String> {
        let mut warnings = self.parts.tally.complaints();
        let choice = catalog.choice();
        let nameless = all.iter().filter_map(|(who, _)| match who {
            Who::Server(server) if !choice.has_no_rules() => Some(server),
            Who::Server(_) | Who::Client(_) => None,
        });
        warnings.extend(nameless.map(|server| {
            format!(
                "{server} asks without naming its clients: no client rule holds for them, and all \
                 get the default image. {}",
                advice::by_path(server, Path::new(&self.parts.mountpoint))
            )
        }));
        warnings
    }
}

/// Not all of them, in their order. Those with which something is wrong are not left out for
/// the sake of others.
fn at_most(most: usize, mut clients: Vec<Client>) -> Vec<Client> {
    let is_well = |client: &Client| matches!(client.state, State::UnderWay | State::Done);
    let ill = clients.iter().filter(|client| !is_well(client)).count();
    let (mut ill, mut well) = (ill.min(most), most.saturating_sub(ill));
    clients.retain(|client| {
        let left = match is_well(client) {
            true => &mut well,
            false => &mut ill,
        };
        let is_kept = *left > 0;
        *left = left.saturating_sub(1);
        is_kept
    });
    clients
}

/// A request as it is passed on, just when it happens.
pub fn request(news: &News) -> Request {
    told::request(news, SystemTime::now())
}

impl Tells for Reporter {
    fn status(&self, most_clients: usize) -> Status {
        self.parts.witness.look();
        let now = Moment::now();
        let until = now.steady + PATIENCE;
        let catalog = self.parts.tree.catalog();
        let all = self.parts.journal.all();
        let clients = all.iter();
        let clients = clients.map(|(who, history)| self.client(who, history, now, until));
        let clients: Vec<Client> = clients.collect();
        let images = self.images(&catalog, &clients);
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mountpoint: self.parts.mountpoint.clone(),
            pid: std::process::id(),
            started_ms: told::millis_since_1970(self.began.wall),
            running_s: self.began.steady.elapsed().as_secs(),
            reading: self.parts.gauges.reading(),
            counts: self.counts(),
            images,
            clients_in_all: all.len(),
            warnings: self.warnings(&catalog, &all),
            clients: at_most(most_clients, clients),
        }
    }

    fn boots(&self, client: &str) -> Option<Boots> {
        let now = Moment::now();
        let address = Address::parse(client.as_bytes()).map(Who::Client);
        let is_meant = |who: &Who| address.as_ref() == Some(who) || who.to_string() == client;
        let all = self.parts.journal.all();
        let (who, history) = all.iter().find(|(who, _)| is_meant(who))?;
        let boot = |boot: &Boot| status::Boot {
            began_ms: now.millis_of(boot.began),
            stage: boot.progress.stage,
            requests: told::requests(who, boot, now.time_of(boot.began)),
            left_out: boot.left_out(),
        };
        Some(Boots {
            client: self.client(who, history, now, now.steady + PATIENCE),
            boots: history.boots().map(boot).collect(),
        })
    }

    fn choose(&self, client: &str, image: Option<&str>) -> Result<(), String> {
        let catalog = self.parts.tree.catalog();
        let config = catalog.config();
        let address = Address::parse(client.as_bytes());
        let address =
            address.ok_or_else(|| format!("{} is no address", visible(client.as_bytes())))?;
        if config.file.as_os_str().is_empty() {
            return Err("this daemon has no configuration file, and so no clients.d/".to_owned());
        }
        let folder = dropped::path_beside(&config.file);
        let client = self.known_client(&address);
        let Some(image) = image else {
            return forget(&folder, &client);
        };
        let known = catalog
            .image(&fold(image.as_bytes()))
            .map(|(name, _)| name.clone());
        let known =
            known.ok_or_else(|| format!("no image is named {}", visible(image.as_bytes())))?;
        // A rule for its address would come after every rule for its MAC.
        let matched = Match::of(&client.key().unwrap_or(address));
        dropped::write(&folder, &matched, &known, None, false)
            .map(|_| ())
            .map_err(|error| format!("{} cannot be written: {error}", folder.display()))
    }
}

/// Takes back what was chosen for a client, by its address as by its MAC.
fn forget(folder: &Path, client: &KnownClient) -> Result<(), String> {
    let mac = client.mac.map(Address::Mac);
    let forms = mac.into_iter().chain(client.ip.map(Address::Ip));
    for form in forms {
        let file = dropped::file_for(folder, &Match::of(&form));
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be removed: {error}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Known {
    fn is_of(&self, other: &Self) -> bool {
        (self.moment, self.boot, self.last, self.is_silent)
            == (other.moment, other.boot, other.last, other.is_silent)
    }
}

impl Moment {
    fn now() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn time_of(&self, then: Instant) -> SystemTime {
        let ago = self.steady.saturating_duration_since(then);
        self.wall.checked_sub(ago).unwrap_or(UNIX_EPOCH)
    }

    fn millis_of(&self, then: Instant) -> u64 {
        told::millis_since_1970(self.time_of(then))
    }
}

/// What it gets; of a server that names nobody, what was read.
fn image(decision: Option<&Decision>, boot: &Boot, catalog: &Catalog) -> Option<String> {
    let image: Option<ImageName> = match decision {
        Some(decision) => decision.image.clone(),
        None => boot.image.clone().or(catalog.choice().by_default().image),
    };
    image.map(|image| image.to_string())
}

fn because(decision: Option<&Decision>) -> String {
    match decision.map(|decision| &decision.because) {
        Some(because) => because.to_string(),
        None => format!("{}: the server names no client", Because::Default),
    }
}

fn state(ending: &Ending<'_>) -> State {
    match ending {
        Ending::Running => State::UnderWay,
        Ending::Done => State::Done,
        Ending::Silent { .. } => State::Stopped,
        Ending::Lost(_) | Ending::BrokenOff { .. } => State::Failed,
    }
}

fn boot_image(boot: &Boot) -> Option<BootImage> {
    let (entry, opened) = boot.boot_image()?;
    Some(BootImage {
        name: visible(&entry.name),
        size: opened.file.size,
        read: opened.read,
        is_open: opened.open_for.is_none(),
    })
}

/// None where there is nothing to be said: no boot.wim inside, or nothing in it.
fn source(source: &dyn sources::Source) -> Option<Source> {
    let (what, fault) = (source.description(), source.fault());
    let is_something = fault.is_some() || !what.is_empty();
    is_something.then(|| Source {
        label: source.label(),
        what,
        fault,
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
