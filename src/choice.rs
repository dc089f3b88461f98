//! Which image a client gets, and why.
//!
//! Pure: rules and an address in, a decision out. Where the address comes from is not
//! known here.
//!
//! First that answers: the client rule with the longest prefix that holds the address,
//! then the default image, then none (only the base is shown).

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::Address;
use crate::config::{Config, ImageName};

/// Who could be asking, as far as the sockets of the asking process tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peers {
    /// It talks to nobody: a shell, or a server that does not connect its sockets.
    Nobody,
    /// It talks to these; one of them is being served, and it cannot be told which when
    /// there are several.
    These(Vec<IpAddr>),
    /// Its sockets cannot be seen; the reason, as the end of a sentence.
    Hidden(String),
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// A client rule: its network, and the line of the configuration it stands on.
    Rule(IpNet, usize),
    /// No rule matched; the default image.
    Default,
    /// No rule matched, and there is no default image.
    Nothing,
}

/// Which image, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The image, or none: only the base.
    pub image: Option<ImageName>,
    /// What decided.
    pub because: Because,
}

/// All rules, ready to decide.
#[derive(Debug, Default)]
pub struct Choice {
    rules: HashMap<IpNet, (ImageName, usize)>,
    lengths: Lengths,
    default: Option<ImageName>,
}

/// The prefix lengths that occur in rules, longest first.
#[derive(Debug, Default)]
struct Lengths {
    v4: Vec<u8>,
    v6: Vec<u8>,
}

impl Choice {
    /// The rules of a configuration.
    pub fn new(config: &Config) -> Self {
        let mut choice = Self {
            default: config.default.as_ref().map(|image| image.value.clone()),
            ..Self::default()
        };
        for rule in &config.rules {
            for network in &rule.matches {
                let decided = (rule.image.value.clone(), network.line);
                choice.rules.insert(network.value, decided);
                choice.lengths.add(&network.value);
            }
        }
        choice
    }

    /// What a client with this address gets.
    pub fn decide(&self, address: &Address) -> Decision {
        match address {
            Address::Ip(address) => self.by_rule(address.to_canonical()),
            Address::Mac(_) => None,
        }
        .unwrap_or_else(|| self.by_default())
    }

    /// What somebody without an address gets.
    pub fn by_default(&self) -> Decision {
        Decision {
            image: self.default.clone(),
            because: match self.default {
                Some(_) => Because::Default,
                None => Because::Nothing,
            },
        }
    }

    /// Whether every client gets the same, so that nobody needs to ask who it is.
    pub fn is_same_for_all(&self) -> bool {
        self.rules.is_empty()
    }

    /// The single addresses that rules name, in order: the clients known by name.
    pub fn known_clients(&self) -> Vec<IpAddr> {
        let mut known: Vec<IpAddr> = self
            .rules
            .keys()
            .filter(|network| network.prefix_len() == network.max_prefix_len())
            .map(IpNet::addr)
            .collect();
        known.sort_unstable();
        known
    }

    fn by_rule(&self, address: IpAddr) -> Option<Decision> {
        self.lengths.of(address).iter().find_map(|length| {
            let network = IpNet::new(address, *length).ok()?.trunc();
            let (image, line) = self.rules.get(&network)?;
            Some(Decision {
                image: Some(image.clone()),
                because: Because::Rule(network, *line),
            })
        })
    }
}

impl Lengths {
    fn add(&mut self, network: &IpNet) {
        let lengths = match network {
            IpNet::V4(_) => &mut self.v4,
            IpNet::V6(_) => &mut self.v6,
        };
        let place = lengths.binary_search_by(|length| network.prefix_len().cmp(length));
        if let Err(place) = place {
            lengths.insert(place, network.prefix_len());
        }
    }

    fn of(&self, address: IpAddr) -> &[u8] {
        match address {
            IpAddr::V4(_) => &self.v4,
            IpAddr::V6(_) => &self.v6,
        }
    }
}
