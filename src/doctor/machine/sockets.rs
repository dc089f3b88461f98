//! Sockets that wait for somebody, as `/proc/PID/net` lists them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kernel's word for a UDP socket that is not connected.
const UNCONNECTED: &str = "07";

/// The kernel's word for a TCP socket that waits for connections.
const LISTENING: &str = "0A";

/// What is spoken on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// A socket that waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its number, as its owner's open files show it.
    pub inode: u64,
}

impl Socket {
    /// Whether a packet to one may as well be one to the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let same_family = self.address.is_ipv4() == other.address.is_ipv4();
        let everywhere = self.address.is_unspecified() || other.address.is_unspecified();
        (self.protocol, self.port) == (other.protocol, other.port)
            && same_family
            && (everywhere || self.address == other.address)
    }
}

impl std::fmt::Display for Socket {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = match self.protocol {
            Protocol::Udp => "UDP",
            Protocol::Tcp => "TCP",
        };
        write!(out, "{protocol} port {}", self.port)
    }
}

/// Reads a list of the kernel.
pub fn parse(protocol: Protocol, list: &str) -> Vec<Socket> {
    let waiting = match protocol {
        Protocol::Udp => UNCONNECTED,
        Protocol::Tcp => LISTENING,
    };
    let lines = list.lines().skip(1);
    lines
        .filter_map(|line| socket(protocol, line, waiting))
        .collect()
}

/// Number, own address, the other's address, state; the tenth is the socket's number.
fn socket(protocol: Protocol, line: &str, waiting: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != waiting {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    Some(Socket {
        protocol,
        address: parse_address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// Numbers of four bytes, each as this machine keeps them.
fn parse_address(digits: &str) -> Option<IpAddr> {
    let number = |at: usize| u32::from_str_radix(digits.get(at..at + 8)?, 16).ok();
    let bytes = |at| number(at).map(u32::to_ne_bytes);
    match digits.len() {
        8 => Some(Ipv4Addr::from(bytes(0)?).into()),
        32 => {
            let all = [bytes(0)?, bytes(8)?, bytes(16)?, bytes(24)?].concat();
            let octets: [u8; 16] = all.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// All that wait in the network of a process.
pub fn waiting(id: i32) -> Vec<Socket> {
    let lists = [
        ("udp", Protocol::Udp),
        ("udp6", Protocol::Udp),
        ("tcp", Protocol::Tcp),
        ("tcp6", Protocol::Tcp),
    ];
    let mut sockets: Vec<Socket> = lists
        .into_iter()
        .flat_map(|(list, protocol)| {
            let text = fs::read_to_string(format!("/proc/{id}/net/{list}"));
            parse(protocol, &text.unwrap_or_default())
        })
        .collect();
    sockets.sort_unstable();
    sockets
}
