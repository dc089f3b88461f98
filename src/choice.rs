//! Which image a client gets, and why.
//!
//! Pure: rules, a client and what it booted in, a decision out. Where the client is known
//! from ([`crate::caller`], a path, a lease) and what it booted ([`crate::boots`]) is not
//! known here, nor what time it is.
//!
//! First that answers:
//!
//! 1. what the client booted from `images/`, unless the rule that fits it best says
//!    `follow = false`;
//! 2. the client rule that fits best: its MAC, then the longest prefix that holds its
//!    address; of two that fit alike, the one in `clients.d/`;
//! 3. the default image, then none (only the base is shown).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use ipnet::IpNet;

use crate::address::Address;
use crate::client::Client;
use crate::config::dropped::{DroppedRule, Stamp};
use crate::config::{Config, ImageName, Match, RuleSpec};

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
    /// It opened a boot program of that image.
    Booted,
    /// A client rule.
    Rule(Arc<Ruling>),
    /// No rule matched; the default image.
    Default,
    /// No rule matched, and there is no default image.
    Nothing,
}

impl fmt::Display for Because {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booted => out.write_str("what it booted last"),
            Self::Rule(rule) => {
                let once = if rule.once { ", once" } else { "" };
                let (matched, file, line) = (rule.matched, rule.file.display(), rule.line);
                write!(out, "{matched}{once}, {file}:{line}")
            }
            Self::Default => out.write_str("default, where no rule matches"),
            Self::Nothing => out.write_str("default, where no rule matches; there is none"),
        }
    }
}

/// A rule that decides.
#[derive(Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What of it matched.
    pub matched: Match,
    /// The file it stands in.
    pub file: Arc<Path>,
    /// The state of that file, where it is one of `clients.d/`.
    pub state: Stamp,
    /// The line of `matched` there.
    pub line: usize,
    /// Whether it ends once its client has read the boot image whole.
    pub once: bool,
    image: ImageName,
    follow: bool,
    until: Option<SystemTime>,
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
    /// For each match those of `clients.d/` first.
    rules: HashMap<Match, Vec<Arc<Ruling>>>,
    lengths: Lengths,
    default: Option<ImageName>,
    images: HashSet<ImageName>,
    /// Both are asked for every name, and there may be many rules.
    matches_macs: bool,
    has_once: bool,
}

/// The prefix lengths that occur in rules, longest first.
#[derive(Debug, Default)]
struct Lengths {
    v4: Vec<u8>,
    v6: Vec<u8>,
}

impl Choice {
    /// The rules of a configuration, and those dropped into `clients.d/`.
    pub fn new(config: &Config, dropped: &[DroppedRule]) -> Self {
        let images = config.images.iter();
        let mut choice = Self {
            default: config.default.as_ref().map(|image| image.value.clone()),
            images: images.map(|image| image.name.value.clone()).collect(),
            ..Self::default()
        };
        for dropped in dropped {
            choice.add(&dropped.rule, &dropped.file, dropped.state);
        }
        let file: Arc<Path> = config.file.as_path().into();
        for rule in &config.rules {
            choice.add(rule, &file, Stamp::default());
        }
        choice
    }

    fn add(&mut self, rule: &RuleSpec, file: &Arc<Path>, state: Stamp) {
        for matched in &rule.matches {
            let ruling = Ruling {
                matched: matched.value,
                file: file.clone(),
                state,
                line: matched.line,
                once: rule.once.is_some(),
                image: rule.image.value.clone(),
                follow: rule.follow,
                until: rule.until,
            };
            let rules = self.rules.entry(matched.value).or_default();
            self.matches_macs |= matches!(ruling.matched, Match::Mac(_));
            self.has_once |= ruling.once;
            rules.push(Arc::new(ruling));
            if let Match::Net(network) = &matched.value {
                self.lengths.add(network);
            }
        }
    }

    /// What a client gets that booted this image last, at this time.
    pub fn decide(
        &self,
        client: &Client,
        booted: Option<&ImageName>,
        time: SystemTime,
    ) -> Decision {
        let mut candidates = self.candidates(client, booted, time);
        candidates.next().unwrap_or_else(|| self.by_default())
    }

    /// All that would decide, were it not for what stands before it. Never empty.
    pub fn candidates<'a>(
        &'a self,
        client: &'a Client,
        booted: Option<&'a ImageName>,
        time: SystemTime,
    ) -> impl Iterator<Item = Decision> + 'a {
        let best = self.rules_for(client, time).next();
        let follows = best.is_none_or(|rule| rule.follow);
        let booted = booted.filter(|image| follows && self.images.contains(*image));
        let booted = booted.map(|image| Decision {
            image: Some(image.clone()),
            because: Because::Booted,
        });
        let rules = self.rules_for(client, time).map(|rule| Decision {
            image: Some(rule.image.clone()),
            because: Because::Rule(rule.clone()),
        });
        booted.into_iter().chain(rules).chain([self.by_default()])
    }

    /// The rule that fits a client best at this time.
    pub fn rule(&self, client: &Client, time: SystemTime) -> Option<Arc<Ruling>> {
        self.rules_for(client, time).next().cloned()
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

    /// Whether this rule is one of them, and the first for whom it matches.
    pub fn has(&self, rule: &Ruling) -> bool {
        let first = self.first(&rule.matched);
        first.is_some_and(|first| first.says_the_same(rule))
    }

    /// Whether no rule tells clients apart.
    pub fn has_no_rules(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a client has a rule of its own that it did not have before, or that said
    /// something else.
    pub fn is_news(&self, client: &Client, before: &Self) -> bool {
        let own = [
            client.mac.map(Match::Mac),
            client.ip.map(|ip| Match::of(&Address::ip(ip))),
        ];
        own.into_iter().flatten().any(|own| {
            let now = self.first(&own);
            now.is_some_and(|now| {
                before
                    .first(&own)
                    .is_none_or(|then| !now.says_the_same(then))
            })
        })
    }

    fn first(&self, matched: &Match) -> Option<&Ruling> {
        let rules = self.rules.get(matched)?;
        rules.first().map(|rule| &**rule)
    }

    /// Whether any rule matches a MAC.
    pub fn matches_macs(&self) -> bool {
        self.matches_macs
    }

    /// Whether any rule ends once its client has read the boot image whole.
    pub fn has_once(&self) -> bool {
        self.has_once
    }

    /// The single addresses that rules name, in order: the clients known by name.
    pub fn known_clients(&self) -> Vec<Address> {
        let mut known: Vec<Address> = self.rules.keys().filter_map(Match::single).collect();
        known.sort_unstable();
        known
    }

    /// The rules that match a client and are not over, the best first.
    fn rules_for<'a>(
        &'a self,
        client: &'a Client,
        time: SystemTime,
    ) -> impl Iterator<Item = &'a Arc<Ruling>> + 'a {
        let macs = client.mac.map(Match::Mac).into_iter();
        let networks = client.ip.into_iter().flat_map(|ip| self.networks(ip));
        let matched = macs.chain(networks);
        let rules = matched.filter_map(|matched| self.rules.get(&matched));
        rules.flatten().filter(move |rule| !rule.is_over(time))
    }

    /// The networks that could be in rules and hold an address, the smallest first.
    fn networks(&self, address: IpAddr) -> impl Iterator<Item = Match> + '_ {
        let lengths = self.lengths.of(address).iter();
        let networks = lengths.filter_map(move |length| IpNet::new(address, *length).ok());
        networks.map(|network| Match::Net(network.trunc()))
    }
}

impl Ruling {
    /// The image it gives.
    pub fn image(&self) -> &ImageName {
        &self.image
    }

    /// Wherever in its file it stands, and however often that was written.
    fn says_the_same(&self, other: &Self) -> bool {
        (&self.image, &self.file, self.once, self.until)
            == (&other.image, &other.file, other.once, other.until)
    }

    fn is_over(&self, time: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= time)
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
