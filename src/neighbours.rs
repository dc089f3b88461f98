//! From an address to the MAC that the kernel sends to: its neighbour table, which ARP
//! (IPv4) and neighbour discovery (IPv6) fill.
//!
//! Only what is on the same link as this machine is in there; a client behind a router
//! or a DHCP relay is not, and for it a lease file tells more. The table is that of the
//! network namespace in which the daemon runs.
//!
//! The whole table of the address family is asked for. The kernel would answer for one
//! address too, but only of an interface that is named; and whether another interface has
//! a neighbour of the same address is just what must be known. Who it is cannot be told
//! then, and nobody is named.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    RecvFlags, SendFlags, SocketFlags, SocketType, bind, recvfrom, sendto, socket_with,
};

use crate::address::card;

type Message = NetlinkMessage<RouteNetlinkMessage>;

/// How long to wait for the kernel. It answers at once, or something is badly wrong; a boot
/// manager repeats itself after three seconds.
const PATIENCE: Duration = Duration::from_millis(500);

/// The kernel sends no more than this in one piece.
const LARGEST_PIECE: usize = 32 << 10;

/// How often to ask again when the table changes while it is read.
const TRIES: usize = 3;

/// The MAC behind an address on one of this machine's links; `None` if there is none, or
/// if links disagree. An address of this machine itself has none.
///
/// # Errors
/// Those of a netlink socket; `EAFNOSUPPORT` where `RestrictAddressFamilies=` forbids it,
/// and [`io::ErrorKind::TimedOut`] when the kernel does not answer within half a second.
pub fn mac_of(address: IpAddr) -> io::Result<Option<[u8; 6]>> {
    let address = address.to_canonical();
    if !can_be_neighbour(address) {
        return Ok(None);
    }
    let deadline = Instant::now() + PATIENCE;
    let kernel = connect()?;
    for sequence in 1..=TRIES {
        let mut search = Search::new(address, u32::try_from(sequence).unwrap_or_default());
        ask(&kernel, address, search.sequence)?;
        listen(&kernel, deadline, &mut search)?;
        if !search.interrupted {
            return Ok(search.found.mac());
        }
    }
    Err(io::Error::from(io::ErrorKind::Interrupted))
}

/// Spares the question where the answer is known.
fn can_be_neighbour(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || broadcast)
}

fn connect() -> io::Result<OwnedFd> {
    let family = rustix::net::AddressFamily::NETLINK;
    // No protocol means NETLINK_ROUTE.
    let kernel = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&kernel, Timeout::Recv, Some(PATIENCE))?;
    bind(&kernel, &SocketAddrNetlink::new(0, 0))?;
    Ok(kernel)
}

fn ask(kernel: &OwnedFd, address: IpAddr, sequence: u32) -> io::Result<()> {
    let mut neighbour = NeighbourMessage::default();
    neighbour.header.family = match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    header.sequence_number = sequence;
    let request = RouteNetlinkMessage::GetNeighbour(neighbour);
    let mut message = Message::new(header, NetlinkPayload::InnerMessage(request));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    sendto(
        kernel,
        &bytes,
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    Ok(())
}

fn listen(kernel: &OwnedFd, deadline: Instant, search: &mut Search) -> io::Result<()> {
    let mut buffer = vec![0; LARGEST_PIECE];
    while !search.done {
        if Instant::now() > deadline {
            return Err(late());
        }
        let (_, length, from) = match recvfrom(kernel, &mut *buffer, RecvFlags::TRUNC) {
            Err(rustix::io::Errno::AGAIN) => return Err(late()),
            Err(rustix::io::Errno::INTR) => continue,
            received => received?,
        };
        let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
        // Only the kernel has the number 0; others could write to this socket too.
        if from.is_some_and(|from| from.pid() == 0) {
            let piece = buffer.get(..length).ok_or_else(|| garbled(&"cut short"))?;
            search.read(piece)?;
        }
    }
    Ok(())
}

fn late() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the kernel does not say who its neighbours are",
    )
}

fn garbled(what: &dyn ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

/// One reading of the table.
#[derive(Debug)]
struct Search {
    address: IpAddr,
    sequence: u32,
    found: Found,
    /// The table changed meanwhile, and something may be missing.
    interrupted: bool,
    done: bool,
}

/// Whose address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nobody,
    One([u8; 6]),
    Several,
}

impl Found {
    fn mac(self) -> Option<[u8; 6]> {
        match self {
            Self::One(mac) => Some(mac),
            Self::Nobody | Self::Several => None,
        }
    }

    fn and(self, mac: [u8; 6]) -> Self {
        match self {
            Self::Nobody => Self::One(mac),
            Self::One(known) if known == mac => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

impl Search {
    fn new(address: IpAddr, sequence: u32) -> Self {
        Self {
            address,
            sequence,
            found: Found::Nobody,
            interrupted: false,
            done: false,
        }
    }

    /// One piece of the answer: several messages, each with its length in front.
    fn read(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !self.done && !piece.is_empty() {
            let message = Message::deserialize(piece).map_err(|error| garbled(&error))?;
            let length = usize::try_from(message.header.length).map_err(|error| garbled(&error))?;
            // Each begins at a multiple of four bytes.
            piece = piece.get(length.next_multiple_of(4)..).unwrap_or_default();
            if message.header.sequence_number == self.sequence {
                self.message(message)?;
            }
        }
        Ok(())
    }

    fn message(&mut self, message: Message) -> io::Result<()> {
        self.interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
        match message.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(neighbour)) => {
                if let Some(mac) = self.mac_in(&neighbour) {
                    self.found = self.found.and(mac);
                }
            }
            NetlinkPayload::Done(done) if done.code == 0 => self.done = true,
            NetlinkPayload::Done(done) => return Err(io::Error::from_raw_os_error(-done.code)),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
        Ok(())
    }

    /// The MAC, if this is a neighbour of the address and is known to have one.
    fn mac_in(&self, neighbour: &NeighbourMessage) -> Option<[u8; 6]> {
        let mut attributes = neighbour.attributes.iter();
        let is_meant = attributes.any(|attribute| match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(ip)) => self.address == *ip,
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(ip)) => self.address == *ip,
            _ => false,
        });
        if !is_meant || !is_resolved(neighbour.header.state) {
            return None;
        }
        let mut attributes = neighbour.attributes.iter();
        attributes.find_map(|attribute| match attribute {
            NeighbourAttribute::LinkLayerAddress(mac) => card(mac),
            _ => None,
        })
    }
}

/// A stale entry counts: who asks for a file has just written to this machine, and the
/// kernel corrects the entry at the first sign that another has the address.
fn is_resolved(state: NeighbourState) -> bool {
    matches!(
        state,
        NeighbourState::Reachable
            | NeighbourState::Stale
            | NeighbourState::Delay
            | NeighbourState::Probe
            | NeighbourState::Permanent
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

    fn ip() -> IpAddr {
        IpAddr::from([10, 0, 0, 5])
    }

    fn neighbour(state: NeighbourState, mac: [u8; 6]) -> Message {
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.state = state;
        message.attributes = vec![
            NeighbourAttribute::Destination(NeighbourAddress::Inet([10, 0, 0, 5].into())),
            NeighbourAttribute::LinkLayerAddress(mac.to_vec()),
        ];
        let inner = RouteNetlinkMessage::NewNeighbour(message);
        let mut header = NetlinkHeader::default();
        header.sequence_number = 1;
        Message::new(header, NetlinkPayload::InnerMessage(inner))
    }

    fn bytes(messages: Vec<Message>) -> Vec<u8> {
        let bytes = messages.into_iter().map(|mut message| {
            message.finalize();
            let mut bytes = vec![0; message.buffer_len()];
            message.serialize(&mut bytes);
            bytes
        });
        bytes.flatten().collect()
    }

    fn found(messages: Vec<Message>) -> Option<[u8; 6]> {
        let mut search = Search::new(ip(), 1);
        assert!(search.read(&bytes(messages)).is_ok());
        search.found.mac()
    }

    #[test]
    fn only_states_with_a_known_mac_count() {
        for (state, counts) in [
            (NeighbourState::Reachable, true),
            (NeighbourState::Stale, true),
            (NeighbourState::Delay, true),
            (NeighbourState::Probe, true),
            (NeighbourState::Permanent, true),
            (NeighbourState::Failed, false),
            (NeighbourState::Incomplete, false),
            (NeighbourState::Noarp, false),
            (NeighbourState::None, false),
        ] {
            let expected = counts.then_some(MAC);
            assert_eq!(found(vec![neighbour(state, MAC)]), expected, "{state}");
        }
    }

    #[test]
    fn links_that_disagree_name_nobody() {
        let one = || neighbour(NeighbourState::Stale, MAC);
        let other = || neighbour(NeighbourState::Reachable, [2, 0, 0, 0, 0, 1]);
        assert_eq!(found(vec![one(), one()]), Some(MAC));
        assert_eq!(found(vec![one(), other()]), None);
        assert_eq!(found(vec![one(), other(), one()]), None);
    }

    #[test]
    fn a_group_and_an_empty_address_are_no_cards() {
        for junk in [[0; 6], [0xff; 6], [1, 0, 0x5e, 0, 0, 1]] {
            assert_eq!(
                found(vec![neighbour(NeighbourState::Permanent, junk)]),
                None
            );
        }
    }

    #[test]
    fn answers_to_other_questions_are_passed_over() {
        let mut late = neighbour(NeighbourState::Stale, [2, 0, 0, 0, 0, 1]);
        late.header.sequence_number = 7;
        let one = neighbour(NeighbourState::Stale, MAC);
        assert_eq!(found(vec![late, one]), Some(MAC));
    }

    #[test]
    fn an_interrupted_reading_says_so() {
        let mut message = neighbour(NeighbourState::Stale, MAC);
        message.header.flags = NLM_F_DUMP_INTR;
        let mut search = Search::new(ip(), 1);
        assert!(search.read(&bytes(vec![message])).is_ok());
        assert!(search.interrupted);
    }

    #[test]
    fn damaged_answers_are_errors_or_nothing() {
        let whole = bytes(vec![neighbour(NeighbourState::Stale, MAC)]);
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                if let Some(byte) = damaged.get_mut(at) {
                    *byte = value;
                }
                // Whatever it says: it ends, and it does not panic.
                let _ = Search::new(ip(), 1).read(&damaged);
                let _ = Search::new(ip(), 1).read(whole.get(..at).unwrap_or_default());
            }
        }
    }

    #[test]
    fn nobody_is_a_neighbour_behind_these() {
        for address in [
            "127.0.0.1",
            "::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            let address: IpAddr = address.parse().unwrap_or_else(|_| ip());
            assert!(!can_be_neighbour(address), "{address}");
        }
    }
}
