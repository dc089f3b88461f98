//! What `iptables -S` prints: a command line for each policy, chain and rule.

use std::ops::RangeInclusive;

use super::chain::{Chain, Policy, Rule, Verdict};
use crate::doctor::machine::sockets::Protocol;
use crate::doctor::setup::words::words;

/// Reads it: the chains of the table `filter`, in their order.
pub fn parse(said: &str) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for line in said.lines() {
        let line = words(line);
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["-P", name, policy] => {
                let policy = match *policy {
                    "ACCEPT" => Policy::Accept,
                    _ => Policy::Drop,
                };
                chains.push(Chain {
                    name: (*name).to_owned(),
                    input: (*name == "INPUT").then_some(policy),
                    rules: Vec::new(),
                });
            }
            ["-N", name] => chains.push(Chain {
                name: (*name).to_owned(),
                ..Chain::default()
            }),
            ["-A", name, rest @ ..] => {
                if let Some(chain) = chains.iter_mut().find(|chain| chain.name == *name) {
                    chain.rules.push(rule(rest));
                }
            }
            _ => {}
        }
    }
    chains
}

fn rule(words: &[&str]) -> Rule {
    let mut rule = Rule::default();
    let mut rest = words;
    while let [option, behind @ ..] = rest {
        rest = match (*option, behind) {
            ("!", [_, _, after @ ..]) => {
                rule.is_limited = true;
                after
            }
            (option, [value, after @ ..])
                if says_nothing(option, value) || narrow(&mut rule, option, value) =>
            {
                after
            }
            _ => {
                rule.is_limited = true;
                behind
            }
        };
    }
    rule
}

/// Words that are no condition: a remark, how a refusal looks, and modules whose options
/// follow.
fn says_nothing(option: &str, value: &str) -> bool {
    const MODULES: [&str; 7] = [
        "udp",
        "tcp",
        "comment",
        "multiport",
        "conntrack",
        "state",
        "addrtype",
    ];
    match option {
        "--comment" | "--reject-with" => true,
        "-m" => MODULES.contains(&value),
        _ => false,
    }
}

/// Whether the option and its value are understood.
fn narrow(rule: &mut Rule, option: &str, value: &str) -> bool {
    match (option, value) {
        ("-p", "udp") => rule.protocol = Some(Protocol::Udp),
        ("-p", "tcp") => rule.protocol = Some(Protocol::Tcp),
        ("-p", _) | ("-i", "lo") => rule.is_for_others = true,
        ("--dport" | "--dports", ports) => match ranges(ports) {
            Some(ranges) => rule.ports = Some(ranges),
            None => return false,
        },
        ("--ctstate" | "--state", states) => begins(rule, states),
        // All that comes in is for this machine.
        ("--dst-type", "LOCAL") => {}
        ("--dst-type", _) => rule.is_for_others = true,
        ("-j", target) => rule.verdict = verdict(target),
        ("-g", target) => rule.verdict = Verdict::Goto(target.to_owned()),
        _ => return false,
    }
    true
}

fn begins(rule: &mut Rule, states: &str) {
    let mut states = states.split(',');
    match (
        states.clone().any(|state| state == "NEW"),
        states.any(|state| state == "ESTABLISHED"),
    ) {
        (true, true) => {}
        (false, false) => rule.is_for_others = true,
        (new, _) => rule.begins = Some(new),
    }
}

fn verdict(target: &str) -> Verdict {
    match target {
        "ACCEPT" => Verdict::Accept,
        "DROP" | "REJECT" => Verdict::Drop,
        "RETURN" => Verdict::Return,
        "LOG" | "NFLOG" | "CONNMARK" | "MARK" | "TRACE" | "AUDIT" => Verdict::Other,
        other => Verdict::Jump(other.to_owned()),
    }
}

/// `69`, `69,80` or `1000:2000`.
fn ranges(ports: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let range = |part: &str| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    ports.split(',').map(range).collect()
}
