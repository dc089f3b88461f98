//! Whoever else waits on a port of TFTP or HTTP, and servers that are started by somebody
//! who waits in their place.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{Seen, serves};
use crate::doctor::machine::mount::Mountpoint;
use crate::doctor::machine::process::{self, Process, User};
use crate::doctor::machine::sockets::{self, Protocol, Socket};
use crate::doctor::setup::{Running, inetd};
use crate::servers::Server;

/// Where somebody who is not known is looked for.
const PORTS: [(Protocol, u16); 2] = [(Protocol::Udp, 69), (Protocol::Tcp, 80)];

/// Programs that wait for somebody, and then start a server.
const INETD: [&str; 2] = ["inetd", "inetutils-inetd"];

/// Those who have the sockets of our own network that no known server has.
pub(super) fn look(processes: &[Process], seen: &[Seen], own: &Mountpoint) -> Vec<Seen> {
    let Some(this) = Process::own() else {
        return Vec::new();
    };
    let taken = seen.iter().flat_map(|seen| &seen.sockets);
    let taken: BTreeSet<u64> = taken.map(|socket| socket.inode).collect();
    let mut left = sockets::waiting(this.id);
    left.retain(|socket| PORTS.contains(&(socket.protocol, socket.port)));
    left.retain(|socket| !taken.contains(&socket.inode));
    let network = process::namespace(this.id, "net");
    let mut others = Vec::new();
    for process in processes {
        if left.is_empty() {
            return others;
        }
        let open = process::sockets(process.id).unwrap_or_default();
        let (held, rest) = left
            .into_iter()
            .partition(|socket| open.contains(&socket.inode));
        left = rest;
        others.extend(held_by(process, held, network.as_ref(), own));
    }
    // Whose sockets may not be seen, has some of these: it is told of already.
    let is_hidden = seen.iter().any(|seen| seen.serves.is_err());
    if !left.is_empty() && !is_hidden {
        others.push(unknown(left, network.as_ref()));
    }
    others
}

fn held_by(
    process: &Process,
    held: Vec<Socket>,
    network: Option<&String>,
    own: &Mountpoint,
) -> Vec<Seen> {
    if held.is_empty() {
        return Vec::new();
    }
    let seen = Seen {
        program: process.program.clone(),
        id: Some(process.id),
        user: process.user.clone(),
        unit: process::unit(process.id),
        ..unknown(held, network)
    };
    let waits = INETD.contains(&process.program.as_str());
    let text = fs::read_to_string("/etc/inetd.conf").unwrap_or_default();
    let commands = inetd::tftp(&text).into_iter().filter(|_| waits);
    let started: Vec<Seen> = commands
        .filter_map(|command| started(&seen, process.id, command, own))
        .collect();
    match started.is_empty() {
        true => vec![seen],
        false => started,
    }
}

/// A server that is not there before somebody asks.
fn started(seen: &Seen, id: i32, command: Vec<String>, own: &Mountpoint) -> Option<Seen> {
    let program = inetd::program(&command).to_owned();
    let server = Server::of_program(&program)?;
    let running = Running {
        command,
        folder: PathBuf::from("/"),
    };
    Some(Seen {
        server: Some(server),
        program,
        serves: serves(server, id, &running, None, own),
        ..seen.clone()
    })
}

fn unknown(sockets: Vec<Socket>, network: Option<&String>) -> Seen {
    Seen {
        server: None,
        program: "somebody".to_owned(),
        id: None,
        user: User::default(),
        network: network.cloned(),
        sockets,
        unit: None,
        prefork: None,
        serves: Err("it is none of the servers that are known".to_owned()),
    }
}
