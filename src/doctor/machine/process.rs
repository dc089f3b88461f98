//! Processes, as `/proc` tells of them.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::caller;

/// The most processes that are looked at.
const MOST: usize = 20_000;

/// The clock ticks of a second that `/proc` counts in: the same on every Linux.
const TICKS: u64 = 100;

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: i32,
    /// The number of the one that started it.
    pub parent: i32,
    /// The name of its program, as `ps` shows it.
    pub program: String,
    /// As whom it acts.
    pub user: User,
    /// How many threads it has.
    pub threads: usize,
    /// In how many PID namespaces it is, one in the other.
    pub namespaces: usize,
}

/// A user, with what it may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: u32,
    /// All its groups.
    pub groups: Vec<u32>,
    /// Its capabilities, a bit each.
    pub capabilities: u64,
}

impl Process {
    /// Reads `/proc/PID/status`.
    pub fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        // Real, effective, saved, and the one for files, which follows the effective one.
        let acting = |name| field(name)?.split_whitespace().nth(1)?.parse::<u32>().ok();
        let groups = field("Groups").unwrap_or_default().split_whitespace();
        let groups = groups.filter_map(|group| group.parse().ok());
        let capabilities = field("CapEff").unwrap_or_default().trim();
        Some(Self {
            id: field("Pid")?.trim().parse().ok()?,
            parent: field("PPid")?.trim().parse().ok()?,
            program: field("Name")?.trim().to_owned(),
            user: User {
                id: acting("Uid")?,
                groups: acting("Gid").into_iter().chain(groups).collect(),
                capabilities: u64::from_str_radix(capabilities, 16).unwrap_or_default(),
            },
            threads: field("Threads").map_or(1, |count| count.trim().parse().unwrap_or(1)),
            namespaces: field("NSpid").map_or(1, |ids| ids.split_whitespace().count()),
        })
    }

    /// A process that lives.
    pub fn read(id: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/status")).ok()?)
    }

    /// This one.
    pub fn own() -> Option<Self> {
        Self::read(i32::try_from(std::process::id()).ok()?)
    }
}

impl User {
    /// Whether it has a capability.
    pub fn may(&self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }

    /// Its name, or its number where it has none.
    pub fn name(&self) -> String {
        name(self.id)
    }
}

/// The name of a user, or its number where it has none.
pub fn name(user: u32) -> String {
    let known = nix::unistd::User::from_uid(user.into()).ok().flatten();
    known.map_or_else(|| user.to_string(), |known| known.name)
}

/// All that live, in the order of their numbers.
pub fn all() -> Vec<Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<i32>().ok());
    let mut ids: Vec<i32> = ids.take(MOST).collect();
    ids.sort_unstable();
    ids.into_iter().filter_map(Process::read).collect()
}

/// The words with which a process was started, or what it shows in their place.
pub fn command(id: i32) -> Vec<String> {
    let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    split(&words)
}

/// Each word ends with a zero byte.
pub fn split(words: &[u8]) -> Vec<String> {
    let words = words.strip_suffix(b"\0").unwrap_or(words);
    let words = words.split(|byte| *byte == 0);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The unit of systemd in which a process runs: without one, nobody can restart it by name.
pub fn unit(id: i32) -> Option<String> {
    unit_of(&fs::read_to_string(format!("/proc/{id}/cgroup")).ok()?)
}

/// The last part of the path of a control group that is a service of the machine. A user may
/// have services too, and call them what he likes.
pub fn unit_of(cgroup: &str) -> Option<String> {
    let mut lines = cgroup.lines().filter(|line| !line.contains("/user.slice/"));
    let service = lines.find_map(|line| {
        let mut parts = line.rsplit('/');
        parts.find_map(|part| part.strip_suffix(".service"))
    })?;
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || ":_.@-".contains(letter);
    service.chars().all(is_of_names).then(|| service.to_owned())
}

/// When a process began, by the clock that files are stamped with.
pub fn began(id: i32) -> Option<SystemTime> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
    let began = Duration::from_millis(caller::began(id).ok()?.saturating_mul(1000) / TICKS);
    let up = Duration::try_from_secs_f64(uptime).ok()?;
    SystemTime::now().checked_sub(up.saturating_sub(began))
}

/// The numbers of its open sockets; nothing where they may not be seen.
pub fn sockets(id: i32) -> Option<Vec<u64>> {
    let files = caller::socket_files(id).ok()?;
    Some(files.into_iter().map(|(_, socket)| socket).collect())
}

/// What one of its namespaces is called, to be compared with that of another.
pub fn namespace(id: i32, kind: &str) -> Option<String> {
    let link = fs::read_link(format!("/proc/{id}/ns/{kind}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}
