//! From the process that asks to the client it serves.
//!
//! A FUSE request carries the id of the thread that asked. A server that has a process or
//! a thread for each client holds, when it opens the file, a socket connected to that
//! client: `pidfd_getfd` borrows it for a moment and `getpeername` tells the address. That
//! takes 60 to 200 microseconds; the tables in `/proc/<pid>/net` would take 10,000.
//!
//! Which of several sockets is the one? It cannot be told, and so all their peers are
//! named and the tree answers only if all would get the same. There is one exception:
//! [`THREAD_PER_TRANSFER`] lists servers known to give every transfer a thread of its own,
//! which makes, connects and keeps its socket until the thread ends. There a socket that
//! another live thread has claimed is no candidate. For a server that is not known
//! that conclusion would be wrong: a pool of threads, or of coroutines, hands a
//! connection from thread to thread, and the socket left over is somebody else's.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::getpeername;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::choice::Peers;

/// Servers of which every thread serves one transfer and keeps its socket for life.
const THREAD_PER_TRANSFER: [&str; 1] = ["atftpd"];

/// A process with more open files than this is not looked through: it serves many
/// clients at once and could not be told apart anyway, and the look would take long.
const MOST_FILES: usize = 512;

/// Finds out whom a thread serves, and remembers which thread holds which socket.
#[derive(Debug, Default)]
pub struct Callers {
    /// By process: the socket that each thread was found to serve.
    claims: Mutex<HashMap<Process, HashMap<i32, u64>>>,
}

/// A process, told from a later one with the same id by the time at which it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Process {
    id: i32,
    began: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Socket {
    inode: u64,
    peer: IpAddr,
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

    fn look(&self, thread: i32) -> io::Result<Vec<IpAddr>> {
        let (leader, process) = leader(thread)?;
        let sockets = connected_sockets(leader, &process)?;
        let several = sockets.len() > 1;
        let candidates = match several && is_thread_per_transfer(leader) {
            true => self.unclaimed(leader, thread, sockets)?,
            false => sockets,
        };
        let mut peers: Vec<IpAddr> = candidates.iter().map(|socket| socket.peer).collect();
        peers.sort_unstable();
        peers.dedup();
        Ok(peers)
    }

    /// The sockets that no other live thread has claimed; a single one is claimed.
    fn unclaimed(&self, leader: i32, thread: i32, sockets: Vec<Socket>) -> io::Result<Vec<Socket>> {
        let began = began(leader)?;
        let threads = threads(leader)?;
        let mut all = self.claims();
        let process = Process { id: leader, began };
        all.retain(|other, _| *other == process || is_alive(other.id));
        let claims = all.entry(process).or_default();
        claims.retain(|holder, held| {
            threads.contains(holder) && sockets.iter().any(|socket| socket.inode == *held)
        });
        let others: Vec<u64> = claims
            .iter()
            .filter(|(holder, _)| **holder != thread)
            .map(|(_, held)| *held)
            .collect();
        let free: Vec<Socket> = sockets
            .into_iter()
            .filter(|socket| !others.contains(&socket.inode))
            .collect();
        claim(claims, thread, &free);
        Ok(free)
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<Process, HashMap<i32, u64>>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread claims a socket when all it could be serving have one peer. Of several to the
/// same peer any will do: whichever the thread really has, the answer is the same.
fn claim(claims: &mut HashMap<i32, u64>, thread: i32, free: &[Socket]) {
    let Some(first) = free.first() else { return };
    if free.iter().all(|socket| socket.peer == first.peer) {
        claims.insert(thread, first.inode);
    }
}

/// The process of a thread, opened. Opening fails for a thread that is not the first of
/// its process, which is the cheapest way to tell.
fn leader(thread: i32) -> io::Result<(i32, OwnedFd)> {
    if let Ok(process) = open_process(thread) {
        return Ok((thread, process));
    }
    let status = fs::read_to_string(proc_path(thread, "status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let id = line.and_then(|id| id.trim().parse().ok());
    let id = id.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
    Ok((id, open_process(id)?))
}

fn open_process(id: i32) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(id).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// All sockets of a process that are connected to another computer.
fn connected_sockets(id: i32, process: &OwnedFd) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for (count, entry) in fs::read_dir(proc_path(id, "fd"))?.enumerate() {
        if count >= MOST_FILES {
            return Err(io::Error::from_raw_os_error(libc::E2BIG));
        }
        let entry = entry?;
        let Some(inode) = socket_inode(&entry.path()) else {
            continue;
        };
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let peer = number.map(|number| peer(process, number)).transpose()?;
        if let Some(peer) = peer.flatten() {
            sockets.push(Socket { inode, peer });
        }
    }
    sockets.sort_unstable_by_key(|socket| socket.inode);
    sockets.dedup();
    Ok(sockets)
}

fn socket_inode(link: &std::path::Path) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    let inode = target.to_str()?.strip_prefix("socket:[")?;
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

fn is_thread_per_transfer(id: i32) -> bool {
    let name = server_name(id);
    name.is_some_and(|name| THREAD_PER_TRANSFER.contains(&name.as_str()))
}

/// The name of the program that a process or thread runs, as `ps` shows it.
pub fn server_name(id: i32) -> Option<String> {
    let name = fs::read_to_string(proc_path(id, "comm")).ok()?;
    Some(name.trim_end().to_owned())
}

fn threads(id: i32) -> io::Result<Vec<i32>> {
    let entries = fs::read_dir(proc_path(id, "task"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

fn is_alive(id: i32) -> bool {
    fs::exists(proc_path(id, "")).unwrap_or(false)
}

/// When a process began, in clock ticks since the machine did: field 22 of `stat`,
/// counted behind the name, which may itself hold blanks and brackets.
fn began(id: i32) -> io::Result<u64> {
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
        Some(libc::ESRCH | libc::ENOENT) => "it has ended meanwhile".to_owned(),
        _ => format!("its sockets cannot be looked at: {error}"),
    }
}
