//! Who waits on TFTP's own port, and whether two do.

use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::server::Seen;
use crate::doctor::machine::sockets::{Protocol, Socket};

/// Where firmware asks.
const TFTP: u16 = 69;

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let servers = case.servers.iter().enumerate();
    let pairs = servers.flat_map(|(at, one)| {
        let others = case.servers.iter().skip(at + 1);
        others.filter_map(move |other| Some((one, other, shared(one, other)?)))
    });
    pairs
        .map(|(one, other, socket)| both(one, other, socket))
        .collect()
}

/// The socket of TFTP that two servers have in one network. Two of inetd are one.
fn shared<'a>(one: &'a Seen, other: &Seen) -> Option<&'a Socket> {
    let is_same = one.network != other.network || (one.id.is_some() && one.id == other.id);
    let mut own = one.sockets.iter().filter(|_| !is_same);
    own.find(|socket| {
        let is_tftp = socket.protocol == Protocol::Udp && socket.port == TFTP;
        is_tftp && other.sockets.iter().any(|other| other.overlaps(socket))
    })
}

fn both(one: &Seen, other: &Seen, socket: &Socket) -> Finding {
    let (first, second) = (super::servers::about(one), super::servers::about(other));
    let stop = match (&one.unit, &other.unit) {
        (Some(one), Some(other)) => format!("systemctl disable --now {one}, or {other}"),
        _ => format!("{first}, or {second}"),
    };
    Finding::problem(
        "ports",
        format!("{first} and {second} both wait on {socket}: which of them answers cannot be told"),
        format!("stop one of them: {stop}"),
    )
}
