//! What is known of one client.

use std::fmt::Debug;
use std::net::IpAddr;

use crate::address::{Address, Mac};

/// Somebody who knows which network card has an IP address.
pub trait Macs: Debug + Send + Sync {
    /// The card that has it at present.
    fn mac_of(&self, address: IpAddr) -> Option<Mac>;
}

/// A client as far as it is known: by its IP address, its MAC, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// Its IP address, in plain form.
    pub ip: Option<IpAddr>,
    /// The address of its network card.
    pub mac: Option<Mac>,
}

impl Client {
    /// The client that a path or a socket names.
    pub fn at(address: &Address) -> Self {
        match *address {
            Address::Ip(ip) => Self {
                ip: Some(ip.to_canonical()),
                mac: None,
            },
            Address::Mac(mac) => Self {
                ip: None,
                mac: Some(mac),
            },
        }
    }

    /// The same client with its MAC, where that is not known already.
    pub fn with_mac(self, mac_of: impl FnOnce(IpAddr) -> Option<Mac>) -> Self {
        let mac = self.mac.or_else(|| self.ip.and_then(mac_of));
        Self { mac, ..self }
    }

    /// By what it is remembered. The MAC if it is known: an IP address changes hands.
    pub fn key(&self) -> Option<Address> {
        let ip = self.ip.map(Address::ip);
        self.mac.map(Address::Mac).or(ip)
    }
}
