//! `mounts.toml`: what the operator meant, checked, with the place of everything that
//! is wrong.
//!
//! [`Config::parse`] is pure: text in, configuration or [`Problems`] out. What can only
//! be told from the disk (is the source there, does the owner exist) is a second step,
//! [`Config::verify`], so that `check` can report both and a test needs no files.
//!
//! All problems are reported at once, each with file, line, column and a next step.

mod bcd;
pub mod dropped;
mod raw;
mod rules;

use std::fmt;
use std::net::IpAddr;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

pub use bcd::{BcdSpec, StoreSource};

use crate::address::{Address, Mac};
use crate::name::{Folded, fold};
use crate::source::dir::OwnMount;
use crate::source::open::Written;

/// A value and where it stands in the file, counted from 1. Two are equal when the
/// values are, wherever they stand.
#[derive(Debug, Clone, Copy)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: usize,
    /// Its column, in characters.
    pub column: usize,
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Located<T> {
    /// Something that is wrong with it.
    fn problem(&self, what: String, next: String) -> Problem {
        let (line, column) = (self.line, self.column);
        Problem {
            line,
            column,
            what,
            next,
        }
    }
}

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

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The next step to take.
    pub next: String,
}

/// Everything that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, in the order of the file; never empty.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, problem) in self.list.iter().enumerate() {
            if count > 0 {
                writeln!(out)?;
            }
            let file = self.file.display();
            match problem.line {
                // Made from the command line: there is no file to point at.
                _ if self.file.as_os_str().is_empty() => {}
                0 => write!(out, "{file}: ")?,
                line => write!(out, "{file}:{line}:{}: ", problem.column)?,
            }
            write!(out, "{}\n  {}", problem.what, problem.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

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
        let mut checker = raw::Checker::new(text, file);
        let config = checker.config();
        match (config, checker.problems.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(checker.into_problems()),
        }
    }

    /// Checks what only the disk can tell.
    ///
    /// # Errors
    /// Every source, base, owner or group that is not there.
    pub fn verify(&self, own_mount: &OwnMount) -> Result<(), Problems> {
        let mut list: Vec<Problem> = Vec::new();
        for image in &self.images {
            let sources = image.sources.iter();
            list.extend(sources.filter_map(|path| missing_source(path, own_mount)));
        }
        let base = self.base.iter();
        list.extend(base.filter_map(|path| missing_base(path, own_mount)));
        list.extend(self.owner.iter().filter_map(missing_owner));
        list.extend(self.status_group.iter().filter_map(missing_group));
        if list.is_empty() {
            return Ok(());
        }
        let file = self.file.clone();
        Err(Problems { file, list })
    }

    /// The image of that name.
    pub fn image(&self, name: &ImageName) -> Option<&ImageSpec> {
        self.images.iter().find(|image| *image.name == *name)
    }
}

impl OwnerSpec {
    /// The numbers of the user and the group.
    ///
    /// # Errors
    /// Which of the two this machine does not know.
    pub fn ids(&self) -> Result<(u32, u32), String> {
        let unknown = |what, name: &str| format!("this machine knows no {what} {name:?}");
        let user = self.user_ids().ok_or_else(|| unknown("user", &self.user))?;
        let Some(group) = &self.group else {
            return Ok(user);
        };
        Ok((
            user.0,
            group_id(group).ok_or_else(|| unknown("group", group))?,
        ))
    }

    fn user_ids(&self) -> Option<(u32, u32)> {
        if let Ok(number) = self.user.parse() {
            return Some((number, number));
        }
        let user = nix::unistd::User::from_name(&self.user).ok().flatten()?;
        Some((user.uid.as_raw(), user.gid.as_raw()))
    }
}

/// The number of a group that is written by name or as a number.
pub fn group_id(group: &str) -> Option<u32> {
    let named = || nix::unistd::Group::from_name(group).ok().flatten();
    let number = group.parse().ok();
    number.or_else(|| named().map(|group| group.gid.as_raw()))
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

fn missing_source(path: &Located<PathBuf>, own_mount: &OwnMount) -> Option<Problem> {
    let written = Written::understand(path, own_mount);
    match std::fs::metadata(own_mount.beneath(&written.path)) {
        Ok(found) if found.is_dir() || found.is_file() => None,
        Ok(_) => Some(path.problem(
            format!(
                "source {} is neither a folder, an ISO nor a WIM",
                path.display()
            ),
            "name one of these".to_owned(),
        )),
        Err(error) => Some(unusable(path, "source", &error)),
    }
}

fn missing_base(path: &Located<PathBuf>, own_mount: &OwnMount) -> Option<Problem> {
    match std::fs::metadata(own_mount.beneath(path)) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(path.problem(
            format!("base {} is a file", path.display()),
            "name a folder; an ISO or a WIM can be the source of an image".to_owned(),
        )),
        Err(error) => Some(unusable(path, "base", &error)),
    }
}

fn unusable(path: &Located<PathBuf>, what: &str, error: &std::io::Error) -> Problem {
    let shown = path.display();
    let is_file = path.extension().is_some_and(|end| {
        let end = end.to_string_lossy().to_ascii_lowercase();
        end == "iso" || end.starts_with("wim")
    });
    path.problem(
        format!("{what} {shown} cannot be used: {error}"),
        match is_file {
            true => "correct the path, or put the file there".to_owned(),
            false => format!("correct the path, or make it: mkdir -p {shown}"),
        },
    )
}

fn missing_owner(owner: &Located<OwnerSpec>) -> Option<Problem> {
    let what = owner.ids().err()?;
    let next = "write a user that exists, or numbers, for example owner = \"0:0\"";
    Some(owner.problem(format!("owner: {what}"), next.to_owned()))
}

fn missing_group(group: &Located<String>) -> Option<Problem> {
    let is_there = group_id(group).is_some();
    let what = format!("status_group: this machine knows no group {:?}", **group);
    let next = format!("make it: groupadd {}; or write one that exists", **group);
    (!is_there).then(|| group.problem(what, next))
}

/// Line and column, both from 1, of a byte offset.
fn line_and_column(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return (0, 0);
    };
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before
        .get(line_start..)
        .map_or(0, |line| line.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}
