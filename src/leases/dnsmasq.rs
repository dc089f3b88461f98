//! dnsmasq's lease file: a line for each lease it has now.
//!
//! `1795350000 52:54:00:12:34:56 10.0.0.5 name 01:52:54:00:12:34:56`: when it ends, the
//! MAC, the address, the name, the client's id; `*` for none. A MAC that is not
//! Ethernet's has its type before it: `06-52:54:...`. After a line `duid ...`, which
//! holds the server's own, come the leases of DHCPv6: there the second word is a number
//! of the client's (with a `T` before it for temporary addresses), and its DUID comes last.
//!
//! The file is written anew at every change, so what stands in it is what dnsmasq
//! believes; leases that run out leave it within seconds.
//!
//! A machine without a clock that keeps time has a dnsmasq built to write how *long* a
//! lease is, not when it ends. No lease ends in the 1970s: such a number is a length, and
//! the lease counts as long as its line is there. The same is right where the clock itself
//! stands at 1970.

use std::net::IpAddr;

use super::octets::{card_in_duid, card_of, octets};
use super::{Lease, NEVER, Said};

/// 1980-01-01, and as a length ten years.
const FIRST_TIME: u64 = 315_532_800;

/// Whether a line can only be dnsmasq's.
pub(super) fn is_line(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("duid"), Some(duid), None) => octets(duid).is_some(),
        (Some(end), Some(_), Some(address)) => {
            ends(end).is_some() && address.parse::<IpAddr>().is_ok()
        }
        _ => false,
    }
}

/// What a line says. The server's own DUID is nobody's lease.
pub(super) fn said(line: &str) -> Result<Option<Said>, &'static str> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(5).collect();
    let [end, hardware, address, _, client] = words.as_slice() else {
        let own = matches!(words.as_slice(), ["duid", _]);
        return own.then_some(None).ok_or("a lease has five words");
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| "its third word is no address")?;
    let lease = lease(&address, end, hardware, client);
    Ok(Some(Said { address, lease }))
}

fn lease(
    address: &IpAddr,
    end: &str,
    hardware: &str,
    client: &str,
) -> Result<Option<Lease>, &'static str> {
    let ends = ends(end).ok_or("it does not begin with the time it ends at")?;
    let mac = match address {
        IpAddr::V4(_) => hardware_mac(hardware).ok_or("its second word is no MAC"),
        IpAddr::V6(_) => client_mac(client).ok_or("its last word is no client id"),
    };
    Ok(mac?.map(|mac| Lease { mac, ends }))
}

fn ends(word: &str) -> Option<u64> {
    match word {
        "infinite" => Some(NEVER),
        _ => match word.parse().ok()? {
            ..FIRST_TIME => Some(NEVER),
            ends => Some(ends),
        },
    }
}

/// The outer `None` is a word that is no hardware address, the inner one that it is one
/// without a MAC. A client that gave none has the type alone: `01-`.
fn hardware_mac(word: &str) -> Option<Option<[u8; 6]>> {
    let (kind, address) = word.split_once('-').unwrap_or(("1", word));
    let kind = u8::from_str_radix(kind, 16).ok()?;
    if address.is_empty() {
        return Some(None);
    }
    Some(card_of(kind, &octets(address)?))
}

fn client_mac(word: &str) -> Option<Option<[u8; 6]>> {
    if word == "*" {
        return Some(None);
    }
    Some(card_in_duid(&octets(word)?))
}
