//! One model for what `nft` and `iptables` print: chains of rules, and what becomes of a
//! packet in them.
//!
//! A rule is understood as far as the question needs. What is not understood makes an answer
//! uncertain and never a wrong one.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::doctor::machine::sockets::Protocol;

/// Chains that jump into each other: the kernel allows as many.
const DEEPEST: usize = 16;

/// A packet that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet {
    /// Somebody begins to talk to a port.
    Request(Protocol, u16),
    /// Somebody answers us, to whatever port we spoke from.
    Answer(Protocol),
}

/// What becomes of a packet; more than one where that depends on what is not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// It may come in.
    pub comes_in: bool,
    /// It may be dropped.
    pub is_dropped: bool,
    through: bool,
}

/// A list of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Its name, as the program that prints it takes it.
    pub name: String,
    /// Whether all that comes in goes through it, and is dropped at its end or not.
    pub input: Option<Policy>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// What becomes of a packet at the end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It comes in.
    Accept,
    /// It is dropped.
    Drop,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// For one protocol only.
    pub protocol: Option<Protocol>,
    /// For something that is neither UDP nor TCP.
    pub is_for_others: bool,
    /// For these ports only.
    pub ports: Option<Vec<RangeInclusive<u16>>>,
    /// Only for packets that begin something, or only for those that do not.
    pub begins: Option<bool>,
    /// For some of these packets only: from here or there, or by what is not understood.
    pub is_limited: bool,
    /// What it does.
    pub verdict: Verdict,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Lets it in.
    Accept,
    /// Drops it, with or without a word.
    Drop,
    /// Goes on in a chain, and comes back if nothing there decides.
    Jump(String),
    /// Goes on in a chain for good.
    Goto(String),
    /// Leaves the chain.
    Return,
    /// Something else, such as counting.
    #[default]
    Other,
    /// Perhaps any of these.
    Unknown,
}

impl Rule {
    /// Whether it may be about a packet, and whether it then certainly is.
    fn fits(&self, packet: Packet) -> Option<bool> {
        let (protocol, port, begins) = match packet {
            Packet::Request(protocol, port) => (protocol, Some(port), true),
            Packet::Answer(protocol) => (protocol, None, false),
        };
        let other = |own: Protocol| own != protocol;
        if self.is_for_others || self.protocol.is_some_and(other) {
            return None;
        }
        if self.begins.is_some_and(|own| own != begins) {
            return None;
        }
        let certain = !self.is_limited;
        match (&self.ports, port) {
            (None, _) => Some(certain),
            (Some(ports), Some(port)) => ports
                .iter()
                .any(|range| range.contains(&port))
                .then_some(certain),
            // The port from which we spoke is any of those that are free.
            (Some(_), None) => Some(false),
        }
    }
}

/// What becomes of a packet, and the first chain that may drop it.
pub(super) fn fate(chains: &[Chain], packet: Packet) -> (Fate, Option<&Chain>) {
    let by_name: HashMap<&str, &Chain> = chains
        .iter()
        .map(|chain| (chain.name.as_str(), chain))
        .collect();
    let mut fate = Fate {
        comes_in: true,
        ..Fate::default()
    };
    let mut dropping = None;
    for chain in chains {
        let Some(policy) = chain.input else {
            continue;
        };
        let own = walk(chain, packet, &by_name, DEEPEST).ended(policy);
        fate.comes_in &= own.comes_in;
        fate.is_dropped |= own.is_dropped;
        dropping = dropping.or(own.is_dropped.then_some(chain));
    }
    (fate, dropping)
}

impl Fate {
    fn ended(self, policy: Policy) -> Self {
        Self {
            comes_in: self.comes_in || (self.through && policy == Policy::Accept),
            is_dropped: self.is_dropped || (self.through && policy == Policy::Drop),
            through: false,
        }
    }
}

fn walk(chain: &Chain, packet: Packet, chains: &HashMap<&str, &Chain>, deep: usize) -> Fate {
    let mut fate = Fate::default();
    for rule in &chain.rules {
        let Some(certain) = rule.fits(packet) else {
            continue;
        };
        let own = effect(&rule.verdict, packet, chains, deep);
        fate.comes_in |= own.comes_in;
        fate.is_dropped |= own.is_dropped;
        let leaves = matches!(rule.verdict, Verdict::Return | Verdict::Goto(_));
        fate.through |= own.through && (leaves || rule.verdict == Verdict::Unknown);
        if certain && (leaves || !own.through) {
            return fate;
        }
    }
    fate.through = true;
    fate
}

fn effect(verdict: &Verdict, packet: Packet, chains: &HashMap<&str, &Chain>, deep: usize) -> Fate {
    let (comes_in, is_dropped, through) = match verdict {
        Verdict::Accept => (true, false, false),
        Verdict::Drop => (false, true, false),
        Verdict::Return | Verdict::Other => (false, false, true),
        Verdict::Unknown => (true, true, true),
        Verdict::Jump(name) | Verdict::Goto(name) => match chains.get(name.as_str()) {
            Some(chain) if deep > 0 => return walk(chain, packet, chains, deep - 1),
            _ => (true, true, true),
        },
    };
    Fate {
        comes_in,
        is_dropped,
        through,
    }
}
