//! Who has which address now, as the lease file of a DHCP server tells it.
//!
//! Pure: text in, a table out, and what time it is comes from the caller. The file on the
//! disk, and when to read it again, are in [`LeaseFile`].
//!
//! Three servers' files are known, and recognised by what is in them: dnsmasq's table, the
//! log of ISC dhcpd (`dhcpd.leases`, `dhcpd6.leases`), and the CSV log of Kea (`memfile`).
//! In a log the last entry of an address counts, and it may say that the lease has ended.
//! An entry that cannot be read also ends what was said of its address before: better no
//! MAC than that of the computer which had the address last week.
//!
//! What is at the end of the file and not yet whole is being written just now. It does not
//! count, and is no mistake.
//!
//! A DHCPv6 client is known by its DUID, which holds a MAC only if its maker chose that
//! kind (DUID-LLT, DUID-LL). UEFI firmware uses DUID-UUID, which holds none.

mod dhcpd;
mod dnsmasq;
mod file;
mod kea;
mod octets;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;

pub use file::{LeaseFile, LeaseFileError, Trouble};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// The most addresses that can be leased at once.
pub const MAX_LEASES: usize = 1_000_000;

/// The most complaints about one file; one more says that there were more.
const MAX_COMPLAINTS: usize = 20;

/// An end that never comes.
const NEVER: u64 = u64::MAX;

/// Who has which address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leases {
    table: HashMap<IpAddr, Lease>,
}

/// One address given to one network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lease {
    mac: [u8; 6],
    /// The first second at which it is over, since 1970.
    ends: u64,
}

impl Lease {
    fn mac_at(&self, now: u64) -> Option<[u8; 6]> {
        (now < self.ends).then_some(self.mac)
    }
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Counted from 1. In a log of blocks, where the block begins.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.what)
    }
}

/// Why the text as a whole is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No line looks like one of the known formats.
    #[error("no line in it is from dnsmasq, ISC dhcpd or Kea (memfile)")]
    Unknown,
    /// Longer than [`MAX_BYTES`].
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// More than [`MAX_LEASES`].
    #[error("it has more than {MAX_LEASES} leases")]
    TooMany,
}

impl Leases {
    /// Reads a whole lease file. An empty one is an empty table.
    ///
    /// # Errors
    /// When the text is none of the known formats, or beyond the bounds.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Complaint>), Unusable> {
        let mut findings = Findings::default();
        Progress::default().read(bytes, &mut findings)?;
        Ok((findings.leases, findings.complaints))
    }

    /// The MAC of who has this address at a time in seconds since 1970.
    pub fn mac_of(&self, address: IpAddr, now: u64) -> Option<[u8; 6]> {
        self.table.get(&address.to_canonical())?.mac_at(now)
    }

    /// How many addresses there are, those of leases that have run out included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

/// What one entry says of its address.
#[derive(Debug)]
struct Said {
    address: IpAddr,
    /// `None`: it is nobody's, or somebody's without a MAC.
    lease: Result<Option<Lease>, &'static str>,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Findings {
    leases: Leases,
    complaints: Vec<Complaint>,
}

impl Findings {
    /// Takes in one entry: the last one of an address counts.
    fn take(&mut self, line: usize, said: &Said) -> Result<(), Unusable> {
        let lease = said.lease.unwrap_or_else(|what| {
            self.complain(line, what);
            None
        });
        let full = self.leases.len() >= MAX_LEASES;
        let entry = self.leases.table.entry(said.address.to_canonical());
        match (lease, entry) {
            (Some(_), Entry::Vacant(_)) if full => return Err(Unusable::TooMany),
            (Some(lease), entry) => drop(entry.insert_entry(lease)),
            (None, Entry::Occupied(entry)) => drop(entry.remove()),
            (None, Entry::Vacant(_)) => {}
        }
        Ok(())
    }

    fn complain(&mut self, line: usize, what: &'static str) {
        let what = match self.complaints.len() {
            MAX_COMPLAINTS => "this line and others after it cannot be read either",
            more if more > MAX_COMPLAINTS => return,
            _ => what,
        };
        self.complaints.push(Complaint { line, what });
    }
}

/// Whose file it is.
#[derive(Debug)]
enum Format {
    Dnsmasq,
    Dhcpd,
    Kea(kea::Columns),
}

impl Format {
    /// What a line of only one of the formats can be.
    fn of(line: &str) -> Option<Self> {
        if let Some(columns) = kea::Columns::of(line) {
            return Some(Self::Kea(columns));
        }
        if dhcpd::is_beginning(line) {
            return Some(Self::Dhcpd);
        }
        dnsmasq::is_line(line).then_some(Self::Dnsmasq)
    }

    /// Whether its server only ever adds to the end of the file. dnsmasq writes all of
    /// it again, into the same file.
    fn is_log(&self) -> bool {
        !matches!(self, Self::Dnsmasq)
    }
}

/// How far a file has been read.
#[derive(Debug, Default)]
struct Progress {
    /// `None` as long as nothing told which.
    format: Option<Format>,
    /// Lines before the part that comes next.
    lines: usize,
}

impl Progress {
    fn is_log(&self) -> bool {
        self.format.as_ref().is_some_and(Format::is_log)
    }

    fn is_rewritten(&self) -> bool {
        self.format.as_ref().is_some_and(|format| !format.is_log())
    }

    /// Reads what follows in the file. Returns how many bytes of it are done with; what
    /// comes after them is not whole yet.
    fn read(&mut self, bytes: &[u8], findings: &mut Findings) -> Result<usize, Unusable> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Unusable::TooLarge);
        }
        let whole = whole_lines(bytes);
        if self.format.is_none() {
            self.format = recognise(whole)?;
        }
        match &mut self.format {
            None => Ok(0),
            Some(Format::Dhcpd) => dhcpd::read(whole, &mut self.lines, findings),
            Some(Format::Dnsmasq) => {
                each_line(whole, &mut self.lines, findings, dnsmasq::said)?;
                Ok(whole.len())
            }
            Some(Format::Kea(columns)) => {
                each_line(whole, &mut self.lines, findings, |line| columns.said(line))?;
                Ok(whole.len())
            }
        }
    }
}

/// Everything up to the last line break.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    end.and_then(|at| bytes.get(..=at)).unwrap_or_default()
}

/// By the first line that tells. Lines before it were damaged, or are comments; a file of
/// nothing but comments and blank lines can be anybody's.
fn recognise(text: &[u8]) -> Result<Option<Format>, Unusable> {
    let mut significant = false;
    for line in text.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        if is_blank(&line) {
            continue;
        }
        significant = true;
        if let Some(format) = Format::of(&line) {
            return Ok(Some(format));
        }
    }
    if significant {
        return Err(Unusable::Unknown);
    }
    Ok(None)
}

fn is_blank(line: &str) -> bool {
    let text = line.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// Hands each line that says something to `said`, and takes in what it makes of it.
fn each_line(
    text: &[u8],
    lines: &mut usize,
    findings: &mut Findings,
    mut said: impl FnMut(&str) -> Result<Option<Said>, &'static str>,
) -> Result<(), Unusable> {
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        *lines += 1;
        let line = String::from_utf8_lossy(line);
        if is_blank(&line) {
            continue;
        }
        match said(line.trim_end()) {
            Ok(Some(said)) => findings.take(*lines, &said)?,
            Ok(None) => {}
            Err(what) => findings.complain(*lines, what),
        }
    }
    Ok(())
}
