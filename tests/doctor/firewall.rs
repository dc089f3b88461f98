//! What becomes of a packet, by the rules that nft and iptables print.

use winbootfs::doctor::case::Case;
use winbootfs::doctor::machine::firewall::chain::Packet;
use winbootfs::doctor::machine::firewall::{Keeper, Rules, iptables, nft};
use winbootfs::doctor::machine::server::place::Place;
use winbootfs::doctor::machine::sockets::Protocol;
use winbootfs::doctor::setup::By;

use crate::case::{about, healthy, is_whole, placed};

const TFTP: Packet = Packet::Request(Protocol::Udp, 69);
const ANSWER: Packet = Packet::Answer(Protocol::Udp);

const PORT: &str = r#"{"payload":{"protocol":"udp","field":"dport"}}"#;
const STATE: &str = r#"{"ct":{"key":"state"}}"#;

/// `in`, `out` or `perhaps`.
fn fate(rules: &Rules, packet: Packet) -> &'static str {
    let (fate, chain) = rules.fate(packet);
    assert_eq!(chain.is_some(), fate.is_dropped, "whoever drops is named");
    match (fate.comes_in, fate.is_dropped) {
        (true, false) => "in",
        (false, true) => "out",
        (true, true) => "perhaps",
        (false, false) => panic!("nothing becomes of it"),
    }
}

/// One chain of input with this policy and these rules, each a list of expressions.
fn nft_rules(policy: &str, rules: &[&str]) -> Rules {
    let rules: Vec<String> = rules
        .iter()
        .map(|expr| {
            format!(
                r#"{{"rule":{{"family":"inet","table":"filter","chain":"input","expr":[{expr}]}}}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"nftables":[{{"metainfo":{{}}}},
        {{"chain":{{"family":"inet","table":"filter","name":"input","type":"filter","hook":"input","prio":0,"policy":"{policy}"}}}},
        {{"chain":{{"family":"inet","table":"filter","name":"output","type":"filter","hook":"output","prio":0,"policy":"drop"}}}},
        {{"chain":{{"family":"inet","table":"filter","name":"more"}}}},
        {{"rule":{{"family":"inet","table":"filter","chain":"more","expr":[{}]}}}}{}{}]}}"#,
        format_args!("{},{{\"accept\":null}}", port("udp", "69")),
        if rules.is_empty() { "" } else { "," },
        rules.join(",")
    );
    Rules {
        chains: nft::parse(text.as_bytes()).unwrap(),
        keeper: Keeper::Nft,
    }
}

fn port(protocol: &str, right: &str) -> String {
    format!(
        r#"{{"match":{{"op":"==","left":{{"payload":{{"protocol":"{protocol}","field":"dport"}}}},"right":{right}}}}}"#
    )
}

fn meta(key: &str, right: &str) -> String {
    format!(r#"{{"match":{{"op":"==","left":{{"meta":{{"key":"{key}"}}}},"right":"{right}"}}}}"#)
}

fn state(right: &str) -> String {
    format!(r#"{{"match":{{"op":"in","left":{{"ct":{{"key":"state"}}}},"right":{right}}}}}"#)
}

#[test]
fn nft_is_understood() {
    let accept = r#"{"accept":null}"#;
    let drop = r#"{"drop":null}"#;
    let from = r#"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"10.0.0.0"}}"#;
    let with = |parts: &[&str]| parts.join(",");
    for (policy, rules, found) in [
        ("accept", vec![], "in"),
        ("drop", vec![], "out"),
        ("drop", vec![with(&[&port("udp", "69"), accept])], "in"),
        ("drop", vec![with(&[&port("udp", "53"), accept])], "out"),
        ("drop", vec![with(&[&port("tcp", "69"), accept])], "out"),
        ("drop", vec![with(&[&port("th", "69"), accept])], "in"),
        (
            "drop",
            vec![with(&[
                &port("udp", r#"{"set":[53,{"range":[60,70]}]}"#),
                r#"{"counter":{"packets":1}}"#,
                accept,
            ])],
            "in",
        ),
        (
            "drop",
            vec![with(&[&port("udp", r#""@allowed""#), accept])],
            "perhaps",
        ),
        (
            "drop",
            vec![with(&[from, &port("udp", "69"), accept])],
            "perhaps",
        ),
        ("drop", vec![with(&[&meta("iifname", "lo"), accept])], "out"),
        (
            "drop",
            vec![with(&[&meta("iifname", "eth0"), accept])],
            "perhaps",
        ),
        (
            "drop",
            vec![with(&[&meta("l4proto", "icmp"), accept])],
            "out",
        ),
        ("drop", vec![with(&[&meta("l4proto", "udp"), accept])], "in"),
        (
            "drop",
            vec![with(&[&state(r#"["established","related"]"#), accept])],
            "out",
        ),
        (
            "drop",
            vec![with(&[&state(r#""new""#), &port("udp", "69"), accept])],
            "in",
        ),
        (
            "drop",
            vec![
                with(&[&state(r#""invalid""#), drop]),
                with(&[&port("udp", "69"), accept]),
            ],
            "in",
        ),
        ("drop", vec![r#"{"jump":{"target":"more"}}"#.into()], "in"),
        ("drop", vec![r#"{"goto":{"target":"more"}}"#.into()], "in"),
        (
            "drop",
            vec![r#"{"jump":{"target":"gone"}}"#.into()],
            "perhaps",
        ),
        (
            "accept",
            vec![r#"{"reject":{"type":"icmpx"}}"#.into()],
            "out",
        ),
        ("accept", vec![with(&[&port("udp", "69"), drop])], "out"),
        ("accept", vec![with(&[from, drop])], "perhaps"),
        ("accept", vec![r#"{"vmap":{}}"#.into()], "perhaps"),
        (
            "drop",
            vec![format!(
                r#"{{"vmap":{{"key":{PORT},"data":{{"set":[[53,{{"drop":null}}],[69,{{"jump":{{"target":"more"}}}}]]}}}}}}"#
            )],
            "in",
        ),
        (
            "drop",
            vec![
                format!(
                    r#"{{"vmap":{{"key":{STATE},"data":{{"set":[["invalid",{{"drop":null}}],["established",{{"accept":null}}]]}}}}}}"#
                ),
                with(&[&port("udp", "69"), accept]),
            ],
            "in",
        ),
        (
            "drop",
            vec![r#"{"xt":{"type":"match","name":"u32"}},{"accept":null}"#.into()],
            "perhaps",
        ),
        (
            "drop",
            vec![r#"{"xt":{"type":"target","name":"LOG"}}"#.into()],
            "out",
        ),
        (
            "accept",
            vec![r#"{"return":null}"#.into(), drop.into()],
            "in",
        ),
        (
            "drop",
            vec![r#"{"limit":{"rate":1}},{"accept":null}"#.into()],
            "perhaps",
        ),
    ] {
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        assert_eq!(
            fate(&nft_rules(policy, &rules), TFTP),
            found,
            "{policy} {rules:?}"
        );
    }
}

/// A client answers to a port that is in no rule.
#[test]
fn answers_need_a_rule_of_their_own() {
    let accept = r#"{"accept":null}"#;
    let open = format!("{},{accept}", port("udp", "69"));
    let answers = format!("{},{accept}", state(r#"{"set":["established","related"]}"#));
    let only = nft_rules("drop", &[&open]);
    assert_eq!((fate(&only, TFTP), fate(&only, ANSWER)), ("in", "perhaps"));
    let both = nft_rules("drop", &[&answers, &open]);
    assert_eq!((fate(&both, TFTP), fate(&both, ANSWER)), ("in", "in"));
    assert_eq!(fate(&nft_rules("drop", &[]), ANSWER), "out");
}

#[test]
fn what_is_not_of_nft_is_refused() {
    assert!(nft::parse(b"").is_err() && nft::parse(b"{}").is_err());
    assert_eq!(nft::parse(br#"{"nftables":[]}"#), Ok(Vec::new()));
    let ipv6 = br#"{"nftables":[{"chain":{"family":"ip6","table":"f","name":"input","type":"filter","hook":"input","policy":"drop"}}]}"#;
    assert_eq!(nft::parse(ipv6), Ok(Vec::new()), "IPv6 is not looked at");
}

fn iptables_rules(text: &str) -> Rules {
    Rules {
        chains: iptables::parse(text),
        keeper: Keeper::Iptables,
    }
}

#[test]
fn iptables_is_understood() {
    for (rules, found) in [
        ("-P INPUT ACCEPT", "in"),
        ("-P INPUT DROP\n-P OUTPUT ACCEPT", "out"),
        ("-P OUTPUT DROP", "in"),
        (
            "-P INPUT DROP\n-A INPUT -p udp -m udp --dport 69 -j ACCEPT",
            "in",
        ),
        (
            "-P INPUT DROP\n-A INPUT -p udp -m multiport --dports 53,60:70 -j ACCEPT",
            "in",
        ),
        (
            "-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 69 -j ACCEPT",
            "out",
        ),
        ("-P INPUT DROP\n-A INPUT -i lo -j ACCEPT", "out"),
        ("-P INPUT DROP\n-A INPUT ! -i lo -j ACCEPT", "perhaps"),
        (
            "-P INPUT DROP\n-A INPUT -s 10.0.0.0/8 -p udp --dport 69 -j ACCEPT",
            "perhaps",
        ),
        (
            "-P INPUT DROP\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "out",
        ),
        (
            "-P INPUT DROP\n-A INPUT -p udp -m state --state NEW -m udp --dport 69 -j ACCEPT",
            "in",
        ),
        (
            "-P INPUT DROP\n-A INPUT -p udp --dport 69 -m comment --comment \"boot them all\" -j ACCEPT",
            "in",
        ),
        (
            "-P INPUT ACCEPT\n-A INPUT -j REJECT --reject-with icmp-port-unreachable",
            "out",
        ),
        (
            "-P INPUT DROP\n-N more\n-A more -p udp --dport 69 -j ACCEPT\n-A INPUT -j more",
            "in",
        ),
        (
            "-P INPUT DROP\n-N more\n-A more -p udp --dport 69 -j RETURN\n-A more -j ACCEPT\n-A INPUT -j more",
            "out",
        ),
        ("-P INPUT DROP\n-A INPUT -g gone", "perhaps"),
        ("-P INPUT ACCEPT\n-A INPUT -j LOG --log-prefix x", "in"),
    ] {
        assert_eq!(fate(&iptables_rules(rules), TFTP), found, "{rules}");
    }
}

/// As Debian's ufw prints it, shortened; without and with a rule of its own for TFTP.
#[test]
fn the_chains_of_ufw() {
    let ufw = |own: &str| {
        iptables_rules(&format!(
            "-P INPUT DROP\n-N ufw-before-input\n-N ufw-not-local\n-N ufw-user-input\n\
             -A INPUT -j ufw-before-input\n-A INPUT -j ufw-user-input\n\
             -A ufw-before-input -i lo -j ACCEPT\n\
             -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
             -A ufw-before-input -m conntrack --ctstate INVALID -j DROP\n\
             -A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT\n\
             -A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT\n\
             -A ufw-before-input -j ufw-not-local\n\
             -A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n\
             -A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN\n\
             -A ufw-not-local -j DROP\n{own}"
        ))
    };
    let closed = ufw("");
    assert_eq!((fate(&closed, TFTP), fate(&closed, ANSWER)), ("out", "in"));
    let open = ufw("-A ufw-user-input -p udp -m udp --dport 69 -j ACCEPT\n");
    assert_eq!((fate(&open, TFTP), fate(&open, ANSWER)), ("in", "in"));
}

#[test]
fn the_firewall_is_judged() {
    let judged = |text: &str, keeper| {
        let chains = iptables::parse(text);
        let case = Case {
            servers: vec![placed("dnsmasq", By::Address, Place::Within(String::new()))],
            firewall: Ok(Rules { chains, keeper }),
            ..healthy()
        };
        is_whole(&case);
        let next = winbootfs::doctor::judge::all(&case);
        let next = next.into_iter().find(|finding| finding.about == "firewall");
        (
            about(&case, "firewall"),
            next.unwrap().next.unwrap_or_default(),
        )
    };
    assert_eq!(
        judged("-P INPUT ACCEPT", Keeper::Iptables).0,
        ["ok UDP port 69 is open"]
    );
    let (found, next) = judged("-P INPUT DROP", Keeper::Iptables);
    assert_eq!(
        found,
        [
            "problem INPUT drops what comes to UDP port 69",
            "problem INPUT drops the answers of clients: TFTP sends each file from a port of its own"
        ]
    );
    let (first, rest) = next.split_once('\n').unwrap();
    assert_eq!(first, "iptables -I INPUT -p udp --dport 69 -j ACCEPT");
    assert!(rest.starts_with("and write it where"), "{rest}");
    let answers = "-P INPUT DROP\n-A INPUT -m state --state ESTABLISHED -j ACCEPT";
    assert_eq!(judged(answers, Keeper::Ufw).1, "ufw allow 69/udp");
    let (found, next) = judged(
        &format!("{answers}\n-A INPUT -i eth0 -j ACCEPT"),
        Keeper::Nft,
    );
    assert_eq!(
        found,
        ["note INPUT drops some of what comes to UDP port 69: its rules have conditions"]
    );
    assert_eq!(
        next,
        "if clients get no answer: nft insert rule INPUT udp dport 69 accept\n\
         and write it where your rules are kept: so it holds until the next start only"
    );
    assert!(
        judged(answers, Keeper::Firewalld)
            .1
            .contains("--add-port=69/udp")
    );
    let case = Case {
        firewall: Err("there is no nft".into()),
        ..healthy()
    };
    is_whole(&case);
    assert_eq!(
        about(&case, "firewall"),
        ["note it was not looked at: there is no nft"]
    );
}
