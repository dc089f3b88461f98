//! Do requests come in, and what clients answer?

use std::collections::BTreeSet;

use super::servers;
use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::firewall::chain::{Fate, Packet};
use crate::doctor::machine::firewall::{Keeper, Rules};
use crate::doctor::machine::server::Seen;
use crate::doctor::machine::sockets::Protocol;

const ABOUT: &str = "firewall";

const KEEP: &str = "and write it where your rules are kept: so it holds until the next start only";

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let ports = ports(case);
    let rules = match &case.firewall {
        Ok(rules) => rules,
        Err(why) => {
            return vec![Finding::note(
                ABOUT,
                format!("it was not looked at: {why}"),
                format!(
                    "see yourself that {} is open, and that answers to what this machine sends \
                     come in",
                    all(&ports)
                ),
            )];
        }
    };
    let mut findings: Vec<Finding> = ports
        .iter()
        .flat_map(|(protocol, port)| requests(rules, *protocol, *port))
        .collect();
    if ports.iter().any(|(protocol, _)| *protocol == Protocol::Udp) {
        findings.extend(answers(rules));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ABOUT, format!("{} is open", all(&ports))));
    }
    findings
}

/// Where the servers of the mount wait for others than this machine; TFTP's own port where
/// there are none.
fn ports(case: &Case) -> BTreeSet<(Protocol, u16)> {
    let serving = case.servers.iter().filter(|seen| servers::is_serving(seen));
    let sockets = serving.flat_map(Seen::waiting);
    let outside = sockets.filter(|socket| !socket.address.is_loopback());
    let ports = outside.map(|socket| (socket.protocol, socket.port));
    let ports: BTreeSet<_> = ports.collect();
    match ports.is_empty() {
        true => BTreeSet::from([(Protocol::Udp, 69)]),
        false => ports,
    }
}

fn requests(rules: &Rules, protocol: Protocol, port: u16) -> Option<Finding> {
    let (fate, chain) = rules.fate(Packet::Request(protocol, port));
    let chain = &chain?.name;
    let port_shown = shown(&(protocol, port));
    match fate {
        Fate {
            is_dropped: false, ..
        } => None,
        Fate {
            comes_in: false, ..
        } => Some(Finding::problem(
            ABOUT,
            format!("{chain} drops what comes to {port_shown}"),
            opening(rules.keeper, chain, protocol, port),
        )),
        Fate { .. } => Some(Finding::note(
            ABOUT,
            format!("{chain} drops some of what comes to {port_shown}: its rules have conditions"),
            format!(
                "if clients get no answer: {}",
                opening(rules.keeper, chain, protocol, port)
            ),
        )),
    }
}

/// TFTP sends a file from another port than the one it was asked at, and the client answers
/// to that: nothing but a rule for answers lets these in.
fn answers(rules: &Rules) -> Option<Finding> {
    let (fate, chain) = rules.fate(Packet::Answer(Protocol::Udp));
    let chain = &chain?.name;
    (!fate.comes_in).then(|| {
        let rule = match rules.keeper {
            Keeper::Nft | Keeper::Firewalld => {
                format!("nft insert rule {chain} ct state established,related accept")
            }
            Keeper::Iptables | Keeper::Ufw => {
                format!("iptables -I {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
            }
        };
        Finding::problem(
            ABOUT,
            format!(
                "{chain} drops the answers of clients: TFTP sends each file from a port of its own"
            ),
            format!("{rule}\n{KEEP}\non a router between, load nf_conntrack_tftp"),
        )
    })
}

fn all(ports: &BTreeSet<(Protocol, u16)>) -> String {
    let ports: Vec<String> = ports.iter().map(shown).collect();
    ports.join(" and ")
}

fn shown((protocol, port): &(Protocol, u16)) -> String {
    match protocol {
        Protocol::Udp => format!("UDP port {port}"),
        Protocol::Tcp => format!("TCP port {port}"),
    }
}

fn opening(keeper: Keeper, chain: &str, protocol: Protocol, port: u16) -> String {
    let protocol = match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
    };
    match keeper {
        Keeper::Nft => format!("nft insert rule {chain} {protocol} dport {port} accept\n{KEEP}"),
        Keeper::Iptables => {
            format!("iptables -I {chain} -p {protocol} --dport {port} -j ACCEPT\n{KEEP}")
        }
        Keeper::Ufw => format!("ufw allow {port}/{protocol}"),
        Keeper::Firewalld => format!(
            "firewall-cmd --permanent --add-port={port}/{protocol} && firewall-cmd --reload"
        ),
    }
}
