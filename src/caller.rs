//! From the process that asks to the client it serves.
//!
//! A FUSE request carries the id of the thread that asked. A server that has a process or
//! a thread for each client holds, when it opens the file, a socket connected to that
//! client: `pidfd_getfd` borrows it for a moment and `getpeername` tells the address. That
//! takes 60 to 200 microseconds; the tables in `/proc/<pid>/net` would take 10,000.
//!
//! Which of several sockets is the one? It cannot be told, and so all their peers are
//! named and the tree answers only if all would get the same. There is one exception:
//! `THREAD_PER_TRANSFER` lists servers known to give every transfer a thread of its own,
//! which makes, connects and keeps its socket until the thread ends. There a socket that
//! another live thread must have is no candidate ([`claims`]). For a server that is not known
//! that conclusion would be wrong: a pool of threads, or of coroutines, hands a
//! connection from thread to thread, and the socket left over is somebody else's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CStr;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Dir, Mode, OFlags, open, readlinkat};
use rustix::net::getpeername;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::choice::Peers;
use crate::servers::Server;

use claims::{Claims, Socket};

pub mod claims;

/// Servers of which every thread serves one transfer and keeps its socket for life.
const THREAD_PER_TRANSFER: [&str; 1] = ["atftpd"];

/// Programs that serve files, besides the servers whose settings are known. Which clients
/// they have may be unknown all the same: dnsmasq connects no socket.
const OTHER_SERVERS: [&str; 6] = [
    "tftpd",
    "darkhttpd",
    "thttpd",
    "busybox",
    "smbd",
    "udp-sender",
];

/// `PIDFD_THREAD`, which `libc` does not name: the same bit as `O_EXCL`.
const THREAD_NOT_PROCESS: u32 = libc::O_EXCL as u32;

/// A process with more open files than this is not looked through: it serves many
/// clients at once and could not be told apart anyway, and the look would take long.
const MOST_FILES: usize = 512;

/// Finds out whom a thread serves, and remembers which thread holds which socket.
#[derive(Debug, Default)]
pub struct Callers {
    claims: Mutex<HashMap<Process, Claims>>,
}

/// A process, told from a later one with the same id by the time at which it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Process {
    id: i32,
    began: u64,
}

impl Callers {
    /// Whom the thread serves.
    pub fn peers(&self, thread: u32) -> Peers {
        let Some(thread) = i32::try_from(thread).ok().filter(|id| *id > 0) else {
            return Peers::Hidden("it runs outside of the daemon's PID namespace".to_owned());
        };
        match self.look(thread) {
            Ok(peers) if peers.is_empty() => Peers::Nobody,
            Ok(peers) => Peers::These(peers),
            Err(error) => Peers::Hidden(explain(&error)),
        }
    }

    /// Whether the thread is one of a server that gives every transfer a thread: it serves
    /// one client even where [`peers`](Self::peers) names several.
    pub fn serves_one(&self, thread: u32) -> bool {
        let thread = i32::try_from(thread);
        thread.is_ok_and(|thread| open_leader(thread).is_none() && is_thread_per_transfer(thread))
    }

    fn look(&self, thread: i32) -> io::Result<Vec<IpAddr>> {
        let mut peers: Vec<IpAddr> = match open_leader(thread) {
            // The first thread of a process, and for nearly all servers the only one.
            Some(process) => connected(thread, &process)?.into_values().collect(),
            None if is_thread_per_transfer(thread) => self.possible_peers(thread)?,
            None => connected(thread, &open_thread(thread)?)?
                .into_values()
                .collect(),
        };
        peers.sort_unstable();
        peers.dedup();
        Ok(peers)
    }

    /// The peers of the sockets that can be this thread's, after all that is known of
    /// the others. Under one lock, or what was seen earlier would be concluded from later;
    /// nothing but the kernel's own tables is read under it.
    fn possible_peers(&self, thread: i32) -> io::Result<Vec<IpAddr>> {
        let mut all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        // First of all: with every moment one more thread may have connected its socket.
        let sockets = connected(thread, &open_thread(thread)?)?;
        let leader = leader(thread)?;
        let living = threads(leader)?;
        let began = began(leader)?;
        all.retain(|process, _| process.id == leader || is_alive(process.id));
        let claims = all.entry(Process { id: leader, began }).or_default();
        let possible = claims.ask(thread, &sockets.keys().copied().collect());
        claims.living(&living);
        if possible.is_empty() && !sockets.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EBUSY));
        }
        let peers = possible.iter().filter_map(|socket| sockets.get(socket));
        Ok(peers.copied().collect())
    }
}

/// The process of a thread, if it is the first one of it: no other can be opened so.
fn open_leader(thread: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(thread)?, PidfdFlags::empty()).ok()
}

/// Since Linux 6.9 any thread can be opened; before, only by way of its process. Both have
/// the same files.
fn open_thread(thread: i32) -> io::Result<OwnedFd> {
    let this_thread = PidfdFlags::from_bits_retain(THREAD_NOT_PROCESS);
    let opened = Pid::from_raw(thread).and_then(|pid| pidfd_open(pid, this_thread).ok());
    if let Some(opened) = opened {
        return Ok(opened);
    }
    let ended = || io::Error::from_raw_os_error(libc::ESRCH);
    open_leader(leader(thread)?).ok_or_else(ended)
}

/// The first thread of the process of a thread.
fn leader(thread: i32) -> io::Result<i32> {
    let status = fs::read_to_string(proc_path(thread, "status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let id = line.and_then(|id| id.trim().parse().ok());
    id.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
}

/// The sockets of a process that are connected to another computer, and to which.
fn connected(thread: i32, process: &OwnedFd) -> io::Result<BTreeMap<Socket, IpAddr>> {
    let mut sockets = BTreeMap::new();
    for (number, socket) in socket_files(thread)? {
        if let Some(peer) = peer(process, number)? {
            sockets.insert(socket, peer);
        }
    }
    Ok(sockets)
}

/// The sockets among the open files of a thread, and their numbers in it. Read by names
/// relative to the one folder: the way through `/proc` is what takes the time.
///
/// # Errors
/// That they may not be looked at, or are too many.
pub fn socket_files(thread: i32) -> io::Result<Vec<(i32, Socket)>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = Dir::new(open(proc_path(thread, "fd"), flags, Mode::empty())?)?;
    let mut numbers: Vec<i32> = Vec::new();
    while let Some(entry) = folder.read() {
        let entry = entry?;
        numbers.extend(
            entry
                .file_name()
                .to_str()
                .ok()
                .and_then(|name| name.parse::<i32>().ok()),
        );
        if numbers.len() > MOST_FILES {
            return Err(io::Error::from_raw_os_error(libc::E2BIG));
        }
    }
    let folder = folder.fd()?;
    let sockets = numbers.into_iter().filter_map(|number| {
        let target = readlinkat(folder, number.to_string(), Vec::new()).ok()?;
        Some((number, socket_inode(&target)?))
    });
    Ok(sockets.collect())
}

fn socket_inode(target: &CStr) -> Option<Socket> {
    let inode = target.to_str().ok()?.strip_prefix("socket:[")?;
    inode.strip_suffix(']')?.parse().ok()
}

/// The address at the other end; none for a socket that is not connected, not of an
/// IP family, or has been closed meanwhile.
fn peer(process: &OwnedFd, number: i32) -> io::Result<Option<IpAddr>> {
    let socket = match pidfd_getfd(process.as_fd(), number, PidfdGetfdFlags::empty()) {
        Ok(socket) => socket,
        Err(rustix::io::Errno::BADF) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let address = getpeername(&socket).ok().flatten();
    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
    Ok(address.map(|address| address.ip().to_canonical()))
}

fn is_thread_per_transfer(thread: i32) -> bool {
    let name = server_name(thread);
    name.is_some_and(|name| THREAD_PER_TRANSFER.contains(&name.as_str()))
}

/// Whether a program of that name is known to serve files to clients.
pub fn is_server(name: &str) -> bool {
    Server::of_program(name).is_some() || OTHER_SERVERS.contains(&name)
}

/// The name of the program that a process or thread runs, as `ps` shows it.
pub fn server_name(id: i32) -> Option<String> {
    let name = fs::read_to_string(proc_path(id, "comm")).ok()?;
    Some(name.trim_end().to_owned())
}

fn threads(id: i32) -> io::Result<BTreeSet<i32>> {
    let entries = fs::read_dir(proc_path(id, "task"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse::<i32>().ok()).collect())
}

fn is_alive(id: i32) -> bool {
    fs::exists(proc_path(id, "")).unwrap_or(false)
}

/// When a process began, in clock ticks since the machine did: field 22 of `stat`,
/// counted behind the name, which may itself hold blanks and brackets.
///
/// # Errors
/// That it has ended.
pub fn began(id: i32) -> io::Result<u64> {
    let stat = fs::read_to_string(proc_path(id, "stat"))?;
    let behind_name = stat.rsplit_once(')').map(|(_, rest)| rest);
    let field = behind_name.and_then(|rest| rest.split_ascii_whitespace().nth(19));
    let ticks = field.and_then(|ticks| ticks.parse().ok());
    ticks.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
}

fn proc_path(id: i32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{id}/{file}"))
}

fn explain(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "its sockets may not be looked at: winbootfs needs CAP_SYS_PTRACE and \
             CAP_DAC_READ_SEARCH for a server of another user"
                .to_owned()
        }
        Some(libc::E2BIG) => format!("it has more than {MOST_FILES} files open"),
        Some(libc::EBUSY) => "its threads share their sockets".to_owned(),
        Some(libc::ESRCH | libc::ENOENT) => "it has ended meanwhile".to_owned(),
        _ => format!("its sockets cannot be looked at: {error}"),
    }
}
