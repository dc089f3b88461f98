//! Client rules, in `mounts.toml` and in the files of `clients.d/`: from what TOML has to
//! [`RuleSpec`], and everything that can be wrong with them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::checker::{Checker, OneOrMany, many};
use super::{ImageName, ImageSpec, Located, Match, Problem, RuleSpec, single};
use crate::address::{self, Address, Mac};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    #[serde(rename = "match")]
    matches: Spanned<OneOrMany>,
    image: Spanned<String>,
    follow: Option<bool>,
    until: Option<Spanned<Datetime>>,
    once: Option<Spanned<bool>>,
}

/// A file of `clients.d/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDropped {
    #[serde(default)]
    client: Vec<RawRule>,
}

impl Checker<'_> {
    /// The rules of a file of `clients.d/`.
    pub(super) fn dropped(&mut self, images: &[ImageSpec]) -> Vec<RuleSpec> {
        let Some(raw) = self.toml::<RawDropped>() else {
            return Vec::new();
        };
        let rules = self.rules(raw.client, images);
        self.said_twice_anywhere(&rules);
        if rules.len() > 1 || rules.iter().any(|rule| !rule.is_of_one_client()) {
            rules
                .iter()
                .for_each(|rule| self.once_is_alone(rule.once.as_ref()));
        }
        rules
    }

    /// The rules of `mounts.toml`, which nobody rewrites behind its author's back.
    pub(super) fn standing(&mut self, raw: Vec<RawRule>, images: &[ImageSpec]) -> Vec<RuleSpec> {
        let rules = self.rules(raw, images);
        self.said_twice_anywhere(&rules);
        self.rules_that_cannot_win(&rules);
        for once in rules.iter().filter_map(|rule| rule.once.as_ref()) {
            self.problem_at(
                once,
                "a rule that ends by itself cannot stand in this file".to_owned(),
                "put it into the folder clients.d: winbootfs client set ADDRESS IMAGE --once",
            );
        }
        rules
    }

    /// When the rule has done its work its file is removed: nothing else may be in it.
    fn once_is_alone(&mut self, once: Option<&Located<()>>) {
        if let Some(once) = once {
            self.problem_at(
                once,
                "once = true is for one client alone in its file".to_owned(),
                "write one address or MAC, and other rules into files of their own",
            );
        }
    }

    fn rules(&mut self, raw: Vec<RawRule>, images: &[ImageSpec]) -> Vec<RuleSpec> {
        let rules = raw.into_iter();
        rules.filter_map(|rule| self.rule(rule, images)).collect()
    }

    fn rule(&mut self, raw: RawRule, images: &[ImageSpec]) -> Option<RuleSpec> {
        let image = self.known_image(&raw.image, images);
        let until = raw.until.and_then(|until| self.until(&until));
        let once = raw.once.filter(|once| *once.as_ref());
        let at = raw.matches.span();
        let listed = many(raw.matches);
        if listed.is_empty() {
            let what = "a client rule that matches nobody".to_owned();
            let next = "add an address: match = \"10.0.7.0/24\"";
            self.problem(&Spanned::new(at, ()), what, next);
        }
        let matches = listed.iter().filter_map(|text| self.matched(text));
        Some(RuleSpec {
            matches: matches.collect(),
            image: image?,
            follow: raw.follow.unwrap_or(true),
            until,
            once: once.map(|once| self.located(&once, ())),
        })
    }

    fn matched(&mut self, text: &Spanned<String>) -> Option<Located<Match>> {
        match matched(text.as_ref()) {
            Ok(matched) => Some(self.located(text, matched)),
            Err((what, next)) => {
                self.problem(text, what, next);
                None
            }
        }
    }

    fn until(&mut self, text: &Spanned<Datetime>) -> Option<SystemTime> {
        let written = text.as_ref().to_string();
        let time = humantime::parse_rfc3339(&written);
        if time.is_err() {
            let what = format!("until = {written} is no point in time");
            let next = "write it in UTC: until = 2026-12-24T18:00:00Z";
            self.problem(text, what, next);
        }
        time.ok()
    }

    /// What stands twice decides only once: its author believes something else.
    fn said_twice_anywhere(&mut self, rules: &[RuleSpec]) {
        let mut seen: HashMap<Match, (usize, &ImageName)> = HashMap::new();
        for rule in rules {
            for matched in &rule.matches {
                let image = &rule.image.value;
                match seen.get(&matched.value) {
                    Some((line, other)) => self.said_twice(matched, *line, image == *other),
                    None => _ = seen.insert(matched.value, (matched.line, image)),
                }
            }
        }
    }

    fn said_twice(&mut self, matched: &Located<Match>, line: usize, same_image: bool) {
        let shown = matched.value;
        let what = match same_image {
            true => format!("{shown} is matched twice, first on line {line}"),
            false => format!("this rule for {shown} can never win: line {line} has it already"),
        };
        self.problem_at(matched, what, "keep one of the two");
    }

    /// A network whose every address is matched by a longer prefix elsewhere.
    fn rules_that_cannot_win(&mut self, rules: &[RuleSpec]) {
        let matches = rules.iter().flat_map(|rule| &rule.matches);
        let networks: Vec<(&Located<Match>, IpNet)> = matches
            .filter_map(|matched| Some((matched, matched.network()?)))
            .collect();
        for (at, network) in &networks {
            if covered_by_longer(network, &networks) {
                let what = format!(
                    "this rule for {network} can never win: longer prefixes match all of its addresses"
                );
                self.problem_at(at, what, "remove it, or one of the longer ones");
            }
        }
    }

    fn problem_at<T>(&mut self, at: &Located<T>, what: String, next: &str) {
        self.problems.push(Problem {
            line: at.line,
            column: at.column,
            what,
            next: next.to_owned(),
        });
    }
}

fn covered_by_longer(network: &IpNet, all: &[(&Located<Match>, IpNet)]) -> bool {
    let others = all.iter().map(|(_, other)| *other);
    let longer =
        others.filter(|other| network.contains(other) && other.prefix_len() > network.prefix_len());
    IpNet::aggregate(&longer.collect::<Vec<_>>()).contains(network)
}

/// Reads an address, a CIDR or a MAC, or says what is wrong and what to write.
pub(super) fn matched(text: &str) -> Result<Match, (String, String)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Match::Net(single(address)));
    }
    if let Some(Address::Mac(mac)) = Address::parse(text.as_bytes()) {
        return of_one_card(mac).map(Match::Mac);
    }
    let network: IpNet = text.parse().map_err(|_| {
        let what = format!("{text:?} is neither an address, a subnet nor a MAC");
        let next = "write \"10.0.7.5\", \"10.0.7.0/24\", \"fd00::/64\" or \"52:54:00:12:34:56\"";
        (what, next.to_owned())
    })?;
    if network.trunc() != network {
        let what = format!("{text:?} has bits set behind its prefix");
        let (network, address) = (network.trunc().to_string(), network.addr().to_string());
        return Err((what, format!("did you mean {network:?} or {address:?}?")));
    }
    Ok(Match::Net(plain(network)))
}

/// No network card has a group address, nor all zeros.
fn of_one_card(mac: Mac) -> Result<Mac, (String, String)> {
    if let Some(mac) = address::card(&mac) {
        return Ok(mac);
    }
    let what = format!("{} is the address of no single computer", Address::Mac(mac));
    Err((what, "write the MAC of its network card".to_owned()))
}

/// `::ffff:10.0.0.0/120` means `10.0.0.0/24`: clients are compared in plain form.
fn plain(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    match (address, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        _ => network,
    }
}
