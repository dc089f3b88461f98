//! What `nft -j list ruleset` prints.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::chain::{Chain, Policy, Rule, Verdict};
use crate::doctor::machine::sockets::Protocol;

/// Reads it: the chains of IPv4, in their order.
///
/// # Errors
/// That it is not what nft prints.
pub fn parse(said: &[u8]) -> Result<Vec<Chain>, String> {
    let said: Value = serde_json::from_slice(said).map_err(|error| format!("nft: {error}"))?;
    let list = said.get("nftables").and_then(Value::as_array);
    let list = list.ok_or("nft prints something else than its rules")?;
    let mut chains: Vec<Chain> = list
        .iter()
        .filter_map(|entry| chain(entry.get("chain")?))
        .collect();
    for rule in list.iter().filter_map(|entry| entry.get("rule")) {
        let Some(name) = name(rule, "chain") else {
            continue;
        };
        if let Some(chain) = chains.iter_mut().find(|chain| chain.name == name) {
            chain.rules.extend(read(rule));
        }
    }
    Ok(chains)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// `inet filter input`: as the program takes it, and without a namesake.
fn name(value: &Value, key: &str) -> Option<String> {
    let family = text(value, "family")?;
    let is_of_ipv4 = ["ip", "inet"].contains(&family);
    is_of_ipv4.then_some(())?;
    Some(format!(
        "{family} {} {}",
        text(value, "table")?,
        text(value, key)?
    ))
}

fn chain(value: &Value) -> Option<Chain> {
    let is_input = text(value, "hook") == Some("input") && text(value, "type") == Some("filter");
    let policy = match text(value, "policy") {
        Some("drop") => Policy::Drop,
        _ => Policy::Accept,
    };
    Some(Chain {
        name: name(value, "name")?,
        input: is_input.then_some(policy),
        rules: Vec::new(),
    })
}

/// One rule; where it is a map of verdicts, one for each of its entries.
fn read(value: &Value) -> Vec<Rule> {
    let mut rule = Rule::default();
    let table = name(value, "table").unwrap_or_default();
    let table = table.rsplit_once(' ').map_or("", |(table, _)| table);
    let parts = value.get("expr").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let Some((kind, of)) = entry(part) else {
            continue;
        };
        match (kind, verdict(kind, of, table)) {
            (_, Some(verdict)) => rule.verdict = verdict,
            ("match", _) => narrow(&mut rule, of),
            ("vmap", _) => return mapped(&rule, of, table),
            ("counter" | "log" | "mangle" | "notrack" | "comment", _) => {}
            // What iptables wrote and nft has no words for: a condition, unless it says that
            // it is what is done.
            ("xt", _) if text(of, "type") == Some("target") => {}
            _ => rule.is_limited = true,
        }
    }
    vec![rule]
}

/// A statement is an object with one key.
fn entry(value: &Value) -> Option<(&str, &Value)> {
    let (kind, of) = value.as_object()?.iter().next()?;
    Some((kind.as_str(), of))
}

fn verdict(kind: &str, of: &Value, table: &str) -> Option<Verdict> {
    let target = || format!("{table} {}", text(of, "target").unwrap_or_default());
    match kind {
        "accept" => Some(Verdict::Accept),
        "drop" | "reject" => Some(Verdict::Drop),
        "return" => Some(Verdict::Return),
        "jump" => Some(Verdict::Jump(target())),
        "goto" => Some(Verdict::Goto(target())),
        _ => None,
    }
}

fn mapped(rule: &Rule, of: &Value, table: &str) -> Vec<Rule> {
    let key = of.get("key").unwrap_or(&Value::Null);
    let pairs = of.get("data").and_then(|data| data.get("set"));
    let Some(pairs) = pairs.and_then(Value::as_array) else {
        let verdict = Verdict::Unknown;
        return vec![Rule {
            verdict,
            ..rule.clone()
        }];
    };
    let pairs = pairs
        .iter()
        .filter_map(|pair| match pair.as_array()?.as_slice() {
            [value, done] => {
                let (kind, of) = entry(done)?;
                let mut own = rule.clone();
                narrow(&mut own, &json!({"left": key, "right": value}));
                own.verdict = verdict(kind, of, table).unwrap_or(Verdict::Unknown);
                Some(own)
            }
            _ => None,
        });
    pairs.collect()
}

/// Understands `LEFT == RIGHT`.
fn narrow(rule: &mut Rule, of: &Value) {
    let left = of.get("left");
    let right = of.get("right").unwrap_or(&Value::Null);
    let is_not = text(of, "op") == Some("!=");
    let payload = left.and_then(|left| left.get("payload"));
    let meta = left.and_then(|left| text(left.get("meta")?, "key"));
    let field =
        payload.and_then(|payload| Some((text(payload, "protocol")?, text(payload, "field")?)));
    match (field, meta) {
        _ if is_not => rule.is_limited = true,
        (Some((protocol @ ("udp" | "tcp" | "th"), "dport")), _) => {
            rule.protocol = rule.protocol.or(named(protocol));
            rule.ports = ports(right);
            rule.is_limited |= rule.ports.is_none();
        }
        (Some((protocol @ ("udp" | "tcp"), _)), _) => {
            rule.protocol = named(protocol);
            rule.is_limited = true;
        }
        (Some(("ip" | "ip6", "protocol" | "nexthdr")), _) | (_, Some("l4proto")) => {
            for_protocols(rule, &words(right));
        }
        (Some(("icmp" | "icmpv6" | "ip6", _)), _) => rule.is_for_others = true,
        (_, Some("iif" | "iifname")) if words(right) == ["lo"] => rule.is_for_others = true,
        (_, Some("nfproto")) => rule.is_for_others |= words(right) == ["ipv6"],
        _ if left.is_some_and(|left| left.get("ct").is_some_and(is_state)) => {
            begins(rule, &words(right));
        }
        _ => rule.is_limited = true,
    }
}

fn is_state(ct: &Value) -> bool {
    text(ct, "key") == Some("state")
}

fn begins(rule: &mut Rule, states: &[&str]) {
    let (new, old) = (states.contains(&"new"), states.contains(&"established"));
    match (new, old) {
        (true, true) => {}
        (new, old) if new || old => rule.begins = Some(new),
        // Invalid and untracked: neither of the two.
        _ => rule.is_for_others = true,
    }
}

fn for_protocols(rule: &mut Rule, names: &[&str]) {
    match (names.contains(&"udp"), names.contains(&"tcp")) {
        (true, true) => {}
        (true, false) => rule.protocol = Some(Protocol::Udp),
        (false, true) => rule.protocol = Some(Protocol::Tcp),
        (false, false) => rule.is_for_others = true,
    }
}

fn named(protocol: &str) -> Option<Protocol> {
    match protocol {
        "udp" => Some(Protocol::Udp),
        "tcp" => Some(Protocol::Tcp),
        _ => None,
    }
}

/// One word, a list, or a set of them.
fn words(value: &Value) -> Vec<&str> {
    let list = value.get("set").unwrap_or(value);
    match list.as_array() {
        Some(list) => list.iter().filter_map(Value::as_str).collect(),
        None => list.as_str().into_iter().collect(),
    }
}

/// Ports and ranges of ports; nothing where it is something else, as a named set.
fn ports(value: &Value) -> Option<Vec<RangeInclusive<u16>>> {
    let list = value.get("set").unwrap_or(value);
    match list.as_array() {
        Some(list) => list.iter().map(range).collect(),
        None => Some(vec![range(list)?]),
    }
}

fn range(value: &Value) -> Option<RangeInclusive<u16>> {
    let number = |value: &Value| u16::try_from(value.as_u64()?).ok();
    match value
        .get("range")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        Some([first, last]) => Some(number(first)?..=number(last)?),
        _ => number(value).map(|port| port..=port),
    }
}
