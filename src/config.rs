//! `mounts.toml`: what the operator meant, checked, with the place of everything that
//! is wrong.
//!
//! [`Config::parse`] is pure: text in, configuration or [`Problems`] out. What can only
//! be told from the disk (is the source there, does the owner exist) is a second step,
//! [`Config::verify`], so that `check` can report both and a test needs no files.
//!
//! All problems are reported at once, each with file, line, column and a next step.

mod bcd;
mod checker;
mod disk;
pub mod dropped;
mod problem;
mod raw;
mod rules;

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

pub use bcd::{BcdSpec, StoreSource};
pub use disk::group_id;
pub use problem::{Located, Problem, Problems};

use crate::address::{Address, Mac};
use crate::name::{Folded, fold};

/// The name of an image: a folder name under `images/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName(Arc<str>);

impl ImageName {
    /// Checks that the text can name a folder.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text == "." || text == ".." {
            return Err("is no name for a folder");
        }
        if text.contains(['/', '\\']) {
            return Err("holds a separator");
        }
        if text.chars().any(char::is_control) || text.len() > 255 {
            return Err("holds a control character or is longer than 255 bytes");
        }
        Ok(Self(text.into()))
    }

    /// The name as it is compared.
    pub fn folded(&self) -> Folded {
        fold(self.0.as_bytes())
    }
}

impl Deref for ImageName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A name that an image gets, or loses, besides its own.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasSpec {
    /// The name in the tree.
    pub name: String,
    /// The file or folder of the image that answers, or `None`: no built-in alias either.
    pub target: Option<String>,
}

/// Which of Microsoft's two signatures UEFI boot programs are to have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SecureBoot {
    /// "Microsoft Windows Production PCA 2011": what machines were sold with.
    #[default]
    Ca2011,
    /// "Windows UEFI CA 2023": what those have that trust the other one no more.
    Ca2023,
}

/// One image as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSpec {
    /// Its name.
    pub name: Located<ImageName>,
    /// Its layers, the first that has a name wins.
    pub sources: Vec<Located<PathBuf>>,
    /// Its own aliases.
    pub aliases: Vec<Located<AliasSpec>>,
    /// Look at folder times instead of waiting for events.
    pub poll: bool,
    /// The signature of its UEFI boot programs, where there is a choice.
    pub secure_boot: SecureBoot,
    /// Its boot configuration.
    pub bcd: BcdSpec,
}

/// How long what a client booted is remembered without a request, if nothing is said.
pub const FOLLOW_IDLE: Duration = Duration::from_secs(30 * 60);

/// Which clients a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Match {
    /// One with this MAC address.
    Mac(Mac),
    /// Those with an IP address in this network.
    Net(IpNet),
}

impl Match {
    /// Reads an address, a CIDR or a MAC.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        rules::matched(text)
    }

    /// This one client.
    pub fn of(client: &Address) -> Self {
        match client {
            Address::Mac(mac) => Self::Mac(*mac),
            Address::Ip(ip) => Self::Net(single(*ip)),
        }
    }

    /// The network, if it is one.
    pub fn network(&self) -> Option<IpNet> {
        match self {
            Self::Net(network) => Some(*network),
            Self::Mac(_) => None,
        }
    }

    /// The one client it is for, if it is for one.
    pub fn single(&self) -> Option<Address> {
        match self {
            Self::Mac(mac) => Some(Address::Mac(*mac)),
            Self::Net(network) if network.prefix_len() == network.max_prefix_len() => {
                Some(Address::ip(network.addr()))
            }
            Self::Net(_) => None,
        }
    }
}

/// A network of one address is shown as that address.
impl fmt::Display for Match {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.single()) {
            (_, Some(address)) => address.fmt(out),
            (Self::Net(network), None) => network.fmt(out),
            (Self::Mac(mac), None) => Address::Mac(*mac).fmt(out),
        }
    }
}

/// Which clients get an image.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// The addresses, subnets and MACs; never empty.
    pub matches: Vec<Located<Match>>,
    /// The image they get.
    pub image: Located<ImageName>,
    /// Whether what such a client booted from `images/` comes before this rule.
    pub follow: bool,
    /// When it ends.
    pub until: Option<SystemTime>,
    /// It ends when its client has read the boot image whole; where that stands.
    pub once: Option<Located<()>>,
}

impl RuleSpec {
    /// Whether it is for one client and no more.
    pub fn is_of_one_client(&self) -> bool {
        matches!(self.matches.as_slice(), [only] if only.single().is_some())
    }
}

/// Who owns every file in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerSpec {
    /// A user, by name or number.
    pub user: String,
    /// A group, by name or number; without one, the user's own.
    pub group: Option<String>,
}

/// A whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where it was read from; empty when it was made from the command line.
    pub file: PathBuf,
    /// Where the tree appears.
    pub mountpoint: Option<Located<PathBuf>>,
    /// Existing files shown beneath.
    pub base: Option<Located<PathBuf>>,
    /// The image for clients that nothing else decides.
    pub default: Option<Located<ImageName>>,
    /// Who owns every file.
    pub owner: Option<Located<OwnerSpec>>,
    /// A group, by name or number, whose members may ask the daemon what it does.
    pub status_group: Option<Located<String>>,
    /// How long what a client booted is remembered without a request.
    pub follow_idle: Duration,
    /// Lease files of DHCP servers, from which MACs are known.
    pub leases: Vec<Located<PathBuf>>,
    /// All images, in the order of the file.
    pub images: Vec<ImageSpec>,
    /// All client rules, in the order of the file.
    pub rules: Vec<RuleSpec>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            mountpoint: None,
            base: None,
            default: None,
            owner: None,
            status_group: None,
            follow_idle: FOLLOW_IDLE,
            leases: Vec::new(),
            images: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, or that it cannot be read.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(file).map_err(|error| Problems {
            file: file.to_owned(),
            list: vec![unreadable(file, &error)],
        })?;
        Self::parse(&text, file)
    }

    /// Checks the text of a file, without a look at the disk. Relative paths are made
    /// relative to the folder of `file`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Problems> {
        let mut checker = checker::Checker::new(text, file);
        let config = checker.config();
        match (config, checker.problems.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(checker.into_problems()),
        }
    }

    /// The image of that name.
    pub fn image(&self, name: &ImageName) -> Option<&ImageSpec> {
        self.images.iter().find(|image| *image.name == *name)
    }
}

/// An address as a network of one.
pub fn single(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    Problem {
        line: 0,
        column: 0,
        what: format!("cannot be read: {error}"),
        next: match error.kind() {
            std::io::ErrorKind::NotFound => "write it (its form: winbootfs mount --help), name \
                 another with --config FILE, or mount without one: \
                 winbootfs mount SOURCE... MOUNTPOINT"
                .to_owned(),
            _ => format!("look at its permissions: ls -l {}", file.display()),
        },
    }
}
