//! A lease file on the disk, read again when it has changed. A thin door: what is in it,
//! [`super`] knows.
//!
//! How the servers write decides how it is read:
//!
//! - dnsmasq empties its file and fills it again, many times a second when many computers
//!   start. Who looks in between sees no leases, or half of them. So what such a reading
//!   takes away is still believed for a second.
//! - dhcpd and Kea add to the end: only that is read. From time to time dhcpd renames a
//!   fresh file into place.
//! - Kea from time to time puts its log aside (as `.1`) and begins an empty one, while
//!   another program makes `.2` and `.1` into `.completed`, which then becomes `.2`. Until
//!   a lease changes again it is in these only. So they are read before the main file, as
//!   Kea itself does when it starts; and files that were renamed while they were read are
//!   read once more.
//!
//! A file that is gone, or no lease file any more, takes nothing away: leases end by
//! themselves.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Complaint, Findings, Format, Lease, Leases, MAX_BYTES, Progress, Unusable, recognise};

/// What Kea's other files are called, in the order in which they are read. `.completed`
/// replaces those after it, even while they are still there.
const COMPLETED: &str = ".completed";
const EARLIER: [&str; 2] = [".2", ".1"];

/// A file that changed less than this ago may change again without looking different: times
/// on a disk are coarse.
const UNSETTLED: Duration = Duration::from_secs(2);

/// How long is still believed what a file that is written in place does not say any more.
const HELD: Duration = Duration::from_secs(1);

/// How often to begin again when files change while they are read.
const TRIES: usize = 4;

/// Of what was read before, so many bytes are compared before more is read: a log that was
/// rewritten in place is not what it was.
const OVERLAP: usize = 64;

/// Why a lease file says nothing new. What was known before is still known.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the lease file {}: {why}", path.display())]
pub struct LeaseFileError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub why: Trouble,
}

/// What is wrong with a lease file.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It is not there, or cannot be read.
    #[error("{0}; is this the file that the DHCP server writes?")]
    Io(#[from] io::Error),
    /// It is no lease file, or too large.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

/// The lease file of one server.
#[derive(Debug)]
pub struct LeaseFile {
    path: PathBuf,
    known: Findings,
    /// What a file that is written in place does not say any more, and since when.
    held: HashMap<IpAddr, (Lease, SystemTime)>,
    /// `None` until the file could be read.
    reading: Option<Reading>,
    settled: bool,
}

/// What was read, and how far.
#[derive(Debug)]
struct Reading {
    seen: Seen,
    progress: Progress,
    /// Bytes of the main file that are done with.
    done: u64,
    /// The last few of them.
    last: Vec<u8>,
}

impl LeaseFile {
    /// Nothing is read yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            known: Findings::default(),
            held: HashMap::new(),
            reading: None,
            settled: false,
        }
    }

    /// Looks at the file, and reads it if it has changed: for a log, what was added.
    /// Returns the lines that cannot be read, if they are not those of last time.
    ///
    /// # Errors
    /// When the file cannot be read, and, once for each change, when it is no lease file.
    pub fn renew(&mut self, now: SystemTime) -> Result<Vec<Complaint>, LeaseFileError> {
        self.held
            .retain(|_, (_, since)| now >= *since && now < *since + HELD);
        let before = self.known.complaints.clone();
        let looked = Seen::look(&self.path).map_err(Trouble::Io);
        let outcome = looked.and_then(|seen| self.catch_up(seen, now));
        outcome.map_err(|why| LeaseFileError {
            path: self.path.clone(),
            why,
        })?;
        if self.known.complaints == before {
            return Ok(Vec::new());
        }
        Ok(self.known.complaints.clone())
    }

    /// The MAC of who has this address at a time in seconds since 1970, by what the last
    /// [`renew`](Self::renew) has read.
    pub fn mac_of(&self, address: IpAddr, now: u64) -> Option<[u8; 6]> {
        let known = self.known.leases.table.get(&address.to_canonical());
        let held = || self.held.get(&address.to_canonical());
        let lease = known.or_else(|| held().map(|(lease, _)| lease))?;
        lease.mac_at(now)
    }

    /// What the last [`renew`](Self::renew) has read.
    pub fn leases(&self) -> &Leases {
        &self.known.leases
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn catch_up(&mut self, seen: Seen, now: SystemTime) -> Result<(), Trouble> {
        let read = self.reading.as_ref();
        if self.settled && read.is_some_and(|read| read.seen == seen) {
            return Ok(());
        }
        self.settled = !seen.main.is_fresh(now);
        if !self.read_on(&seen)? {
            self.read_anew(seen, now)?;
        }
        Ok(())
    }

    /// Reads what was added to a log. Returns whether that is what happened to it.
    fn read_on(&mut self, seen: &Seen) -> Result<bool, Trouble> {
        let reading = self.reading.as_mut();
        let Some(reading) = reading.filter(|reading| reading.grows_to(seen)) else {
            return Ok(false);
        };
        let overlap = reading.last.len();
        let from = reading.done - overlap as u64;
        // Renamed away just now, or too large: reading everything tells which.
        let Ok(text) = read(&self.path, &seen.main, from) else {
            return Ok(false);
        };
        let (Some(again), Some(added)) = (text.get(..overlap), text.get(overlap..)) else {
            return Ok(false);
        };
        if again != reading.last {
            return Ok(false);
        }
        reading.seen = seen.clone();
        let done = reading.progress.read(added, &mut self.known)?;
        reading.advance(&text, overlap + done, done as u64);
        Ok(true)
    }

    /// Reads everything. Files that do not stay as they are while they are read are left
    /// for the next time.
    fn read_anew(&mut self, mut seen: Seen, now: SystemTime) -> Result<(), Trouble> {
        for _ in 0..TRIES {
            let outcome = read_all(&self.path, &seen);
            let after = Seen::look(&self.path)?;
            match outcome {
                Ok((known, reading)) if reading.is_of(&after) => {
                    self.replace(known, reading, now);
                    return Ok(());
                }
                Err(why) if seen == after => return self.give_up(why, seen),
                _ => seen = after,
            }
        }
        self.settled = false;
        Ok(())
    }

    /// What the file says will not get better by itself; what the disk says may.
    fn give_up(&mut self, why: Trouble, seen: Seen) -> Result<(), Trouble> {
        match why {
            Trouble::Unusable(_) => self.reading = Some(Reading::of_nothing(seen)),
            Trouble::Io(_) => self.settled = false,
        }
        Err(why)
    }

    fn replace(&mut self, known: Findings, reading: Reading, now: SystemTime) {
        let in_place = self.reading.as_ref().is_some_and(|before| {
            before.progress.is_rewritten() && reading.seen.main.is_file_of(&before.seen.main)
        });
        self.reading = Some(reading);
        let before = std::mem::replace(&mut self.known, known);
        let said = &self.known.leases.table;
        self.held.retain(|address, _| !said.contains_key(address));
        if in_place {
            let gone = before.leases.table.into_iter();
            let gone = gone.filter(|(address, _)| !said.contains_key(address));
            self.held
                .extend(gone.map(|(address, lease)| (address, (lease, now))));
        }
    }
}

impl Reading {
    /// Of a file that is of no use; it is not read again until it changes.
    fn of_nothing(seen: Seen) -> Self {
        Self {
            seen,
            progress: Progress::default(),
            done: 0,
            last: Vec::new(),
        }
    }

    /// Whether the files are still those that were read. A log may have grown meanwhile.
    fn is_of(&self, after: &Seen) -> bool {
        *after == self.seen || self.grows_to(after)
    }

    fn grows_to(&self, seen: &Seen) -> bool {
        let same = self.seen.main.is_file_of(&seen.main) && self.seen.others == seen.others;
        same && self.progress.is_log() && seen.main.size >= self.done
    }

    /// So many bytes of the main file are done with, up to `end` in `text`.
    fn advance(&mut self, text: &[u8], end: usize, bytes: u64) {
        self.done += bytes;
        let last = text.get(end.saturating_sub(OVERLAP)..end);
        self.last = last.unwrap_or_default().to_vec();
    }
}

/// Reads the main file, and before it what belongs to it.
fn read_all(path: &Path, seen: &Seen) -> Result<(Findings, Reading), Trouble> {
    let main = read(path, &seen.main, 0)?;
    let mut findings = Findings::default();
    if matches!(
        recognise(super::whole_lines(&main))?,
        None | Some(Format::Kea(_))
    ) {
        for (other, look) in &seen.others {
            read_other(&read(other, look, 0)?, &mut findings)?;
        }
    }
    let mut reading = Reading::of_nothing(seen.clone());
    let done = reading.progress.read(&main, &mut findings)?;
    reading.advance(&main, done, done as u64);
    Ok((findings, reading))
}

/// A file called like one of Kea's need not be Kea's. What is wrong in it was Kea's to
/// complain about: the numbers of its lines would mislead.
fn read_other(text: &[u8], findings: &mut Findings) -> Result<(), Unusable> {
    let format = recognise(super::whole_lines(text));
    if matches!(format, Ok(Some(Format::Kea(_)))) {
        Progress::default().read(text, findings)?;
        findings.complaints.clear();
    }
    Ok(())
}

/// The bytes from a place on, of the file that was looked at.
fn read(path: &Path, look: &Look, from: u64) -> Result<Vec<u8>, Trouble> {
    if look.size > MAX_BYTES {
        return Err(Unusable::TooLarge.into());
    }
    let mut file = File::open(path)?;
    if !Look::of(&file.metadata()?)?.is_file_of(look) {
        return Err(io::Error::from(io::ErrorKind::StaleNetworkFileHandle).into());
    }
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// How the files look from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    main: Look,
    others: Vec<(PathBuf, Look)>,
}

impl Seen {
    fn look(path: &Path) -> io::Result<Self> {
        let main = Look::of(&fs::metadata(path)?)?;
        let mut others: Vec<_> = found(path, COMPLETED).into_iter().collect();
        if others.is_empty() {
            others.extend(EARLIER.iter().filter_map(|end| found(path, end)));
        }
        Ok(Self { main, others })
    }
}

fn found(path: &Path, end: &str) -> Option<(PathBuf, Look)> {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    let look = Look::of(&fs::metadata(&name).ok()?).ok()?;
    Some((name.into(), look))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: u64,
    /// In seconds and nanoseconds since 1970.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Look {
    /// Reading a pipe or a device could wait for ever.
    fn of(stat: &fs::Metadata) -> io::Result<Self> {
        if !stat.is_file() {
            return Err(io::Error::other("it is no ordinary file"));
        }
        Ok(Self {
            device: stat.dev(),
            inode: stat.ino(),
            size: stat.size(),
            modified: (stat.mtime(), stat.mtime_nsec()),
            changed: (stat.ctime(), stat.ctime_nsec()),
        })
    }

    fn is_file_of(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        let (seconds, nanos) = self.modified;
        let since = u64::try_from(seconds).unwrap_or_default();
        let nanos = u32::try_from(nanos).unwrap_or_default();
        // A time beyond all reckoning is not now.
        let Some(modified) = SystemTime::UNIX_EPOCH.checked_add(Duration::new(since, nanos)) else {
            return false;
        };
        let distance = now.duration_since(modified);
        distance.unwrap_or_else(|ahead| ahead.duration()) < UNSETTLED
    }
}
