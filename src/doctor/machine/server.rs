//! The servers that run: which they are, what they serve as they see it, and as whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::above::{self, Folder};
use super::mount::{Mountpoint, State};
use super::process::{self, Process, User};
use super::sockets::{self, Socket};
use super::view::View;
use crate::doctor::setup::reader::Reader;
use crate::doctor::setup::{self, Running, Setup};
use crate::fuse::mountpoint::table::Mount;
use crate::servers::Server;
use place::Place;

mod newer;
mod others;
pub mod place;

/// Programs of which a reload replaces all children.
const RENEWED: [&str; 3] = ["nginx", "apache2", "httpd"];

/// The ports of DNS and DHCP.
const NAMES_AND_ADDRESSES: [u16; 4] = [53, 67, 547, 4011];

/// A server that runs.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which it is, if it is known.
    pub server: Option<&'static Server>,
    /// Its program.
    pub program: String,
    /// Its first process, if that can be seen.
    pub id: Option<i32>,
    /// As whom it reads files.
    pub user: User,
    /// The network that its sockets are of.
    pub network: Option<String>,
    /// Where it waits for clients.
    pub sockets: Vec<Socket>,
    /// The unit of systemd that it is.
    pub unit: Option<String>,
    /// Whether it has a process for each connection, where that can be told.
    pub prefork: Option<bool>,
    /// What it serves, or why that is not known.
    pub serves: Result<Serves, String>,
}

/// What a server serves.
#[derive(Debug, Clone, Default)]
pub struct Serves {
    /// What it is set up to do.
    pub setup: Setup,
    /// Where each of its folders is.
    pub places: Vec<Place>,
    /// Whether our mount is among those that it sees.
    pub sees_mount: bool,
    /// The folders above the mountpoint, as it sees them; none where it is past them.
    pub above: Vec<Folder>,
    /// What was not understood.
    pub troubles: Vec<String>,
    /// A file that it was set up by, and that is newer than it.
    pub changed: Option<PathBuf>,
}

impl Seen {
    /// Where it waits for those who want files, without the other ports of dnsmasq.
    pub fn waiting(&self) -> impl Iterator<Item = &Socket> {
        let sockets = self.sockets.iter();
        sockets.filter(|socket| !NAMES_AND_ADDRESSES.contains(&socket.port))
    }

    /// The same for people, each port once.
    pub fn ports(&self) -> Vec<String> {
        let ports: BTreeSet<String> = self.waiting().map(ToString::to_string).collect();
        ports.into_iter().collect()
    }
}

/// All servers that run.
pub fn look(own: &Mountpoint) -> Vec<Seen> {
    let processes = process::all();
    let mut networks = Networks::default();
    let known = leaders(&processes).into_iter();
    let mut seen: Vec<Seen> = known
        .map(|(server, leader)| known_server(server, leader, &processes, &mut networks, own))
        .collect();
    let others = others::look(&processes, &seen, own);
    seen.extend(others);
    seen
}

/// The first process of each known server: the others of that program are its children.
fn leaders(processes: &[Process]) -> Vec<(&'static Server, &Process)> {
    let programs = processes
        .iter()
        .map(|process| (process.id, process.program.as_str()));
    let programs: BTreeMap<i32, &str> = programs.collect();
    let leads = |process: &&Process| {
        programs.get(&process.parent).copied() != Some(process.program.as_str())
    };
    let known = processes.iter().filter(leads).filter_map(|process| {
        let server = Server::of_program(&process.program)?;
        Some((server, process))
    });
    known.collect()
}

/// The sockets of each network, read once.
#[derive(Default)]
struct Networks {
    known: BTreeMap<String, Vec<Socket>>,
}

impl Networks {
    /// Those that a process has open.
    fn of(&mut self, id: i32, network: Option<&str>) -> Vec<Socket> {
        let open: BTreeSet<u64> = process::sockets(id).into_iter().flatten().collect();
        let network = network.unwrap_or_default().to_owned();
        let known = self.known.entry(network);
        let waiting = known.or_insert_with(|| sockets::waiting(id)).iter();
        let own = waiting.filter(|socket| open.contains(&socket.inode));
        own.copied().collect()
    }
}

fn known_server(
    server: &'static Server,
    leader: &Process,
    processes: &[Process],
    networks: &mut Networks,
    own: &Mountpoint,
) -> Seen {
    let children = children(leader, processes);
    let network = process::namespace(leader.id, "net");
    let running = Running {
        command: process::command(leader.id),
        folder: fs::read_link(format!("/proc/{}/cwd", leader.id)).unwrap_or_default(),
    };
    Seen {
        server: Some(server),
        program: leader.program.clone(),
        id: Some(leader.id),
        user: reader(leader, &children),
        sockets: networks.of(leader.id, network.as_deref()),
        network,
        unit: process::unit(leader.id),
        prefork: children.first().map(|child| child.threads == 1),
        serves: serves(server, leader.id, &running, began(leader, &children), own),
    }
}

/// Those of the same program that it started, without the ones that are about to end.
fn children<'a>(leader: &Process, processes: &'a [Process]) -> Vec<&'a Process> {
    let is_child =
        |process: &&Process| process.parent == leader.id && process.program == leader.program;
    let is_ending = |process: &Process| {
        let title = process::command(process.id);
        title.iter().any(|word| word.contains("is shutting down"))
    };
    let children = processes.iter().filter(is_child);
    children.filter(|child| !is_ending(child)).collect()
}

/// Who reads the files: a child, where children do the work and are somebody else.
fn reader(leader: &Process, children: &[&Process]) -> User {
    let mut children = children.iter();
    let other = children.find(|child| child.user.id != leader.user.id);
    other.map_or_else(|| leader.user.clone(), |child| child.user.clone())
}

/// Since when it is set up as it is.
fn began(leader: &Process, children: &[&Process]) -> Option<SystemTime> {
    let renewed = RENEWED.contains(&leader.program.as_str());
    let children = children.iter().filter(|_| renewed);
    let oldest = children.filter_map(|child| process::began(child.id)).min();
    oldest.or_else(|| process::began(leader.id))
}

/// `began` is none for a server that is not there before somebody asks.
fn serves(
    server: &Server,
    id: i32,
    running: &Running,
    began: Option<SystemTime>,
    own: &Mountpoint,
) -> Result<Serves, String> {
    if own.state == State::Silent {
        return Err("the mount does not answer, so nothing is asked of it".to_owned());
    }
    let view = View::of(id).map_err(|error| explain(&error))?;
    let reader = Reader::new(&view);
    let setup = setup::of(server, running, &reader);
    let (read, troubles) = reader.into_parts();
    let mounts = fs::read(format!("/proc/{id}/mountinfo"));
    let mounts = Mount::all(&mounts.unwrap_or_default());
    let stands = began.is_some() && setup.stands;
    let places = setup.roots.iter().map(|root| match stands {
        true => place::standing(id, root, own, &mounts),
        false => place::named(&view, &root.folder, own, &mounts),
    });
    let is_own = |mount: &Mount| Some(mount.device) == own.device();
    Ok(Serves {
        places: places.collect(),
        sees_mount: mounts.iter().any(is_own),
        above: past_them(&setup, || above::look(&view, &own.path)),
        troubles,
        changed: began.and_then(|began| newer::first(&view, &read, began)),
        setup,
    })
}

/// Whoever stands in his folder has passed all above it, as root.
fn past_them(setup: &Setup, above: impl FnOnce() -> Vec<Folder>) -> Vec<Folder> {
    match setup.stands {
        true => Vec::new(),
        false => above(),
    }
}

fn explain(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => "this user may not look at it".to_owned(),
        Some(libc::ESRCH | libc::ENOENT) => "it has ended meanwhile".to_owned(),
        _ => error.to_string(),
    }
}
