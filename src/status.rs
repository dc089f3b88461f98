//! What a running daemon says of itself, in the form in which it is passed on: to
//! `winbootfs status` and `watch`, to the page, and to whoever reads the JSON.
//!
//! Plain data. Things may be added; none is taken away or changes its meaning. Names from the
//! network are as they were asked for, with what no terminal should get made visible.

use serde::{Deserialize, Serialize};

use crate::journal::progress::{Stage, Worth};

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// Where the tree is mounted.
    pub mountpoint: String,
    /// The process id of the daemon.
    pub pid: u32,
    /// When it was started, in milliseconds since 1970.
    #[serde(default)]
    pub started_ms: u64,
    /// Since when it runs, in seconds.
    pub running_s: u64,
    /// How files are read.
    pub reading: Reading,
    /// What was done so far.
    pub counts: Counts,
    /// All images, in the order of the configuration.
    pub images: Vec<Image>,
    /// The clients, those that asked last first.
    pub clients: Vec<Client>,
    /// How many clients are known in all, where there are more than were asked for.
    pub clients_in_all: usize,
    /// What an operator should look after.
    pub warnings: Vec<String>,
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Whether the kernel reads the files itself; not known before the first is opened.
    pub passthrough: Option<bool>,
    /// Why, or why not.
    pub why: String,
}

/// What was done since the start, and what is held now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Names that the kernel asked for.
    pub lookups: u64,
    /// Of these, names that were not there.
    pub misses: u64,
    /// Of these, names refused because the client could not be told.
    pub undecided: u64,
    /// Look-ups given back by the kernel.
    pub forgets: u64,
    /// Files opened.
    pub opens: u64,
    /// Bytes read through the daemon.
    pub bytes: u64,
    /// Numbers that the kernel holds now.
    pub nodes: u64,
    /// Clients that the journal keeps.
    pub journal_clients: u64,
    /// Requests that the journal keeps.
    pub journal_requests: u64,
    /// Boots that began.
    pub boots_begun: u64,
    /// Boots that were handed their boot image.
    pub boots_done: u64,
    /// Boots that lacked something they cannot do without, or stopped.
    pub boots_failed: u64,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name.
    pub name: String,
    /// Whether it is for everybody whom no rule matches.
    pub is_default: bool,
    /// Its sources, the first that has a name wins.
    pub sources: Vec<Source>,
    /// How many of the clients are booting or have booted it.
    pub clients: usize,
}

/// One source of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What the operator calls it.
    pub label: String,
    /// What it is.
    pub what: String,
    /// Why nothing of it can be had, if so, and what to do.
    pub fault: Option<String>,
}

impl Image {
    /// Whether all its sources can be read.
    pub fn is_healthy(&self) -> bool {
        self.sources.iter().all(|source| source.fault.is_none())
    }
}

/// One client, in its present boot or the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Its address as its server names it; what to ask for its journal by. For a server that
    /// names nobody, `somebody behind SERVER`.
    pub client: String,
    /// The number of its boot: another one is another boot, and a later one is greater.
    #[serde(default)]
    pub boot: u64,
    /// Whether it is a client, and not just a server.
    pub is_known: bool,
    /// Its MAC, where that is known.
    pub mac: Option<String>,
    /// The image that it gets.
    pub image: Option<String>,
    /// Why that one.
    pub because: String,
    /// The firmware it boots with, where that is known.
    pub firmware: Option<String>,
    /// How far its boot is.
    pub stage: Stage,
    /// How its boot is doing.
    pub state: State,
    /// The boot image, and how much of it was read.
    pub boot_image: Option<BootImage>,
    /// When the boot began, in milliseconds since 1970.
    pub began_ms: u64,
    /// For how long the boot goes on, or went on until its last request, in milliseconds.
    pub age_ms: u64,
    /// For how long nothing was asked, in milliseconds.
    pub silent_ms: u64,
    /// Requests of this boot.
    pub requests: u32,
    /// Of these, names that were not there.
    pub misses: u32,
    /// The server process that asked last.
    pub server: String,
    /// What is wrong with its boot, if anything is.
    pub diagnosis: Option<Diagnosis>,
    /// How many earlier boots are kept.
    pub earlier: usize,
}

/// How a boot is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It goes on.
    UnderWay,
    /// Nothing was asked for a while, and it was not finished.
    Stopped,
    /// It lacked something that it cannot do without.
    Failed,
    /// It has its boot image.
    Done,
}

/// A boot image on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootImage {
    /// Its name, as it was asked for.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// How much of it was read, where that is known.
    pub read: Option<u64>,
    /// Whether it is open now.
    pub is_open: bool,
}

impl BootImage {
    /// How much of it was read, in percent, where that is known.
    pub fn percent(&self) -> Option<u8> {
        let read = self.read?.min(self.size);
        let percent = (read * 100).checked_div(self.size)?;
        u8::try_from(percent).ok()
    }
}

/// What is wrong with a boot, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong.
    pub what: String,
    /// What the client's screen shows, where that is known.
    pub screen: Option<String>,
    /// What else helps to understand it: what asked for the name, what is nearest to it.
    pub hints: Vec<String>,
    /// What to do.
    pub next: String,
}

/// One request, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// When, in milliseconds since the boot began.
    pub at_ms: u64,
    /// Who asked, as in [`Client::client`].
    pub client: String,
    /// The number of the boot: another one is another boot.
    pub boot: u64,
    /// The server process that asked.
    pub server: String,
    /// The name as it was asked for.
    pub name: String,
    /// What became of it.
    pub answer: Answer,
    /// How often it was asked for in a row.
    pub times: u32,
    /// How far the boot is with it.
    pub stage: Stage,
    /// Whether the boot is further by it.
    pub is_further: bool,
    /// What the answer is worth to the boot.
    pub worth: Worth,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// A file was opened.
    Opened {
        /// The image that has it; none for a file of the base.
        image: Option<String>,
        /// The source that has it.
        source: String,
        /// Where in the source it is.
        path: String,
        /// Its length in bytes.
        size: u64,
        /// How the name led to it.
        how: How,
        /// How it was made, if it is on no disk.
        made: Option<String>,
        /// How many bytes of it were read, where that is known.
        read: Option<u64>,
        /// For how long it was open, in milliseconds; none while it is.
        open_ms: Option<u64>,
        /// Why the rest could not be read, if so.
        #[serde(default)]
        broken: Option<String>,
    },
    /// No such name.
    Missing,
    /// Not answered.
    Refused {
        /// Why.
        why: String,
    },
}

/// How a name led to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is stored so.
    Exact,
    /// It is stored in another spelling.
    Folded,
    /// It is stored elsewhere.
    Alias,
    /// It is on no disk.
    Made,
}

/// The requests of one client, boot by boot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boots {
    /// The client, with its present boot.
    pub client: Client,
    /// Its boots, the present one first.
    pub boots: Vec<Boot>,
}

/// One boot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// When it began, in milliseconds since 1970.
    pub began_ms: u64,
    /// How far it came.
    pub stage: Stage,
    /// Its requests in their order.
    pub requests: Vec<Request>,
    /// How many requests between the first and the last are not kept.
    pub left_out: usize,
}

/// Somebody who knows all this: the daemon, or in tests whoever plays it.
pub trait Tells: Send + Sync {
    /// Everything now, with at most so many clients.
    fn status(&self, most_clients: usize) -> Status;

    /// The boots of one client, by what it is called in [`Client::client`] or by another form
    /// of its address.
    fn boots(&self, client: &str) -> Option<Boots>;

    /// Lets a client have an image from now on, or what the other rules say.
    ///
    /// # Errors
    /// Why it cannot be done, and what to do instead.
    fn choose(&self, client: &str, image: Option<&str>) -> Result<(), String>;
}
