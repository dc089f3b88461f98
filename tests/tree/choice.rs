//! Who gets which image, as one table, and random rules held against a naive reading of
//! all of them. No tree, no clock.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use winbootfs::address::Address;
use winbootfs::choice::{Because, Choice, Decision};
use winbootfs::client::Client;
use winbootfs::config::dropped::{DroppedRule, Stamp};
use winbootfs::config::{
    BcdSpec, Config, ImageName, ImageSpec, Located, Match, RuleSpec, SecureBoot,
};

const STANDING: &str = "mounts.toml";
const DROPPED: &str = "clients.d/a.toml";

/// The year in which the tables play begins so many seconds after 1970.
const NOW: u64 = 1_800_000_000;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn image(name: &str) -> ImageName {
    ImageName::new(name).unwrap()
}

fn located<T>(value: T) -> Located<T> {
    Located {
        value,
        line: 1,
        column: 1,
    }
}

fn rule(matched: &str, to: &str) -> RuleSpec {
    RuleSpec {
        matches: vec![located(Match::parse(matched).unwrap())],
        image: located(image(to)),
        follow: true,
        until: None,
        once: None,
    }
}

fn deaf(rule: RuleSpec) -> RuleSpec {
    RuleSpec {
        follow: false,
        ..rule
    }
}

/// Ends so many seconds after now, or has ended so many before.
fn until(rule: RuleSpec, seconds: i64) -> RuleSpec {
    let at = NOW.checked_add_signed(seconds).unwrap();
    RuleSpec {
        until: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(at)),
        ..rule
    }
}

fn dropped(rules: &[RuleSpec]) -> Vec<DroppedRule> {
    let file: Arc<Path> = Path::new(DROPPED).into();
    let rules = rules.iter().cloned();
    let with_file = |rule| DroppedRule {
        file: file.clone(),
        state: Stamp::default(),
        rule,
    };
    rules.map(with_file).collect()
}

fn choice(default: Option<&str>, standing: &[RuleSpec], dropped_rules: &[RuleSpec]) -> Choice {
    let spec = |name: &str| ImageSpec {
        name: located(image(name)),
        sources: Vec::new(),
        aliases: Vec::new(),
        poll: false,
        secure_boot: SecureBoot::default(),
        bcd: BcdSpec::default(),
    };
    let config = Config {
        file: STANDING.into(),
        default: default.map(|name| located(image(name))),
        images: ["w", "x", "y", "z"].map(spec).into(),
        rules: standing.to_vec(),
        ..Config::default()
    };
    Choice::new(&config, &dropped(dropped_rules))
}

/// `10.0.7.5`, `52:54:00:00:00:01`, or both with a blank between.
fn client(text: &str) -> Client {
    let known = text.split(' ').fold(
        Client {
            ip: None,
            mac: None,
        },
        |known, part| {
            let one = Client::at(&Address::parse(part.as_bytes()).unwrap());
            Client {
                ip: known.ip.or(one.ip),
                mac: known.mac.or(one.mac),
            }
        },
    );
    assert!(known.key().is_some(), "{text}");
    known
}

/// `image because`, such as `y clients.d/a.toml: 10.0.7.0/24`.
fn shown(decision: &Decision) -> String {
    let image = decision.image.as_deref().unwrap_or("-");
    match &decision.because {
        Because::Booted => format!("{image} booted"),
        Because::Default => format!("{image} default"),
        Because::Nothing => format!("{image} nothing"),
        Because::Rule(rule) => format!("{image} {}: {}", rule.file.display(), rule.matched),
    }
}

/// A client, the image it booted, and what it gets.
type Row = (&'static str, Option<&'static str>, &'static str);

#[test]
fn the_table() {
    let standing = [
        rule("10.0.0.0/8", "w"),
        rule("10.0.7.0/24", "x"),
        deaf(rule("10.0.7.128/25", "y")),
        rule("10.0.7.200", "z"),
        rule("52:54:00:00:00:01", "y"),
        deaf(rule("52:54:00:00:00:02", "z")),
        rule("fd00:7::/64", "y"),
        rule("fd00:7::5", "z"),
        rule("10.9.0.1", "x"),
        until(deaf(rule("10.9.0.2", "x")), 0),
        until(deaf(rule("10.9.0.3", "x")), 1),
        rule("10.9.0.4", "x"),
    ];
    let dropped = [
        rule("10.9.0.1", "z"),
        until(rule("10.9.0.4", "z"), -60),
        rule("52:54:00:00:00:01", "z"),
        rule("10.0.0.0/9", "z"),
    ];
    let rows: &[Row] = &[
        // Nothing matches.
        ("192.168.0.1", None, "w default"),
        ("fd00:8::1", None, "w default"),
        ("52:54:00:00:00:09", None, "w default"),
        // The longest prefix, wherever it stands.
        ("10.128.0.1", None, "w mounts.toml: 10.0.0.0/8"),
        ("10.1.0.1", None, "z clients.d/a.toml: 10.0.0.0/9"),
        ("10.0.7.5", None, "x mounts.toml: 10.0.7.0/24"),
        ("10.0.7.129", None, "y mounts.toml: 10.0.7.128/25"),
        ("10.0.7.200", None, "z mounts.toml: 10.0.7.200"),
        ("fd00:7::1", None, "y mounts.toml: fd00:7::/64"),
        ("fd00:7::5", None, "z mounts.toml: fd00:7::5"),
        ("::ffff:10.0.7.200", None, "z mounts.toml: 10.0.7.200"),
        // A MAC before any address; of equals, the one that was dropped.
        (
            "10.0.7.200 52:54:00:00:00:01",
            None,
            "z clients.d/a.toml: 52-54-00-00-00-01",
        ),
        (
            "10.0.7.200 52:54:00:00:00:02",
            None,
            "z mounts.toml: 52-54-00-00-00-02",
        ),
        (
            "10.0.7.200 52:54:00:00:00:09",
            None,
            "z mounts.toml: 10.0.7.200",
        ),
        ("10.9.0.1", None, "z clients.d/a.toml: 10.9.0.1"),
        // Over, and not yet; what lies beneath counts then.
        ("10.9.0.2", None, "z clients.d/a.toml: 10.0.0.0/9"),
        ("10.9.0.3", None, "x mounts.toml: 10.9.0.3"),
        ("10.9.0.4", None, "x mounts.toml: 10.9.0.4"),
        // What it booted comes before all of it ...
        ("192.168.0.1", Some("x"), "x booted"),
        ("10.0.7.5", Some("y"), "y booted"),
        ("10.0.7.200", Some("y"), "y booted"),
        ("10.0.7.200 52:54:00:00:00:01", Some("x"), "x booted"),
        // ... unless the best rule says not to follow; that of a rule beneath it counts not.
        ("10.0.7.129", Some("z"), "y mounts.toml: 10.0.7.128/25"),
        (
            "52:54:00:00:00:02",
            Some("x"),
            "z mounts.toml: 52-54-00-00-00-02",
        ),
        ("10.0.7.200", Some("x"), "x booted"),
        ("10.0.7.129 52:54:00:00:00:01", Some("x"), "x booted"),
        // A rule that is over forbids nothing.
        ("10.9.0.2", Some("y"), "y booted"),
        ("10.9.0.3", Some("y"), "x mounts.toml: 10.9.0.3"),
        // An image that is gone was never booted.
        ("10.0.7.5", Some("gone"), "x mounts.toml: 10.0.7.0/24"),
        ("192.168.0.1", Some("gone"), "w default"),
    ];
    let choice = choice(Some("w"), &standing, &dropped);
    for (name, booted, wanted) in rows {
        let booted = booted.map(image);
        let decided = choice.decide(&client(name), booted.as_ref(), now());
        assert_eq!(shown(&decided), *wanted, "{name}, {booted:?}");
    }
}

#[test]
fn without_a_default_there_is_nothing() {
    let choice = choice(None, &[rule("10.0.0.1", "x")], &[]);
    let decided =
        |name, booted: Option<&ImageName>| shown(&choice.decide(&client(name), booted, now()));
    assert_eq!(decided("10.0.0.2", None), "- nothing");
    assert_eq!(decided("10.0.0.2", Some(&image("gone"))), "- nothing");
    assert_eq!(decided("10.0.0.2", Some(&image("y"))), "y booted");
    assert_eq!(decided("10.0.0.1", None), "x mounts.toml: 10.0.0.1");
    assert_eq!(shown(&choice.by_default()), "- nothing");
}

/// What `resolve` shows: everything that stands behind what decides, in order.
#[test]
fn all_candidates_in_their_order() {
    let standing = [
        rule("10.0.0.0/8", "w"),
        rule("10.0.0.1", "x"),
        rule("52:54:00:00:00:01", "y"),
    ];
    let choice = choice(Some("w"), &standing, &[rule("10.0.0.1", "z")]);
    let client = client("10.0.0.1 52:54:00:00:00:01");
    let booted = image("w");
    let candidates = choice.candidates(&client, Some(&booted), now());
    let candidates: Vec<_> = candidates.map(|decision| shown(&decision)).collect();
    assert_eq!(
        candidates,
        [
            "w booted",
            "y mounts.toml: 52-54-00-00-00-01",
            "z clients.d/a.toml: 10.0.0.1",
            "x mounts.toml: 10.0.0.1",
            "w mounts.toml: 10.0.0.0/8",
            "w default",
        ]
    );
}

/// A new rule of its own makes forgotten what a client booted; anything else does not.
#[test]
fn only_a_rule_of_its_own_is_news() {
    let before = || {
        choice(
            Some("w"),
            &[rule("10.0.0.1", "x")],
            &[rule("10.0.0.2", "x")],
        )
    };
    let after = |dropped: &[RuleSpec]| choice(Some("w"), &[rule("10.0.0.1", "x")], dropped);
    let rows: &[(&str, &[RuleSpec], bool)] = &[
        ("10.0.0.1", &[rule("10.0.0.2", "x")], false),
        ("10.0.0.2", &[rule("10.0.0.2", "x")], false),
        ("10.0.0.2", &[rule("10.0.0.2", "y")], true),
        ("10.0.0.2", &[until(rule("10.0.0.2", "x"), 60)], true),
        ("10.0.0.2", &[], false),
        ("10.0.0.1", &[rule("10.0.0.1", "y")], true),
        ("10.0.0.1", &[rule("10.0.0.0/24", "y")], false),
        ("10.0.0.3", &[rule("10.0.0.3", "x")], true),
        ("10.0.0.3", &[rule("52:54:00:00:00:01", "x")], false),
        (
            "10.0.0.3 52:54:00:00:00:01",
            &[rule("52:54:00:00:00:01", "x")],
            true,
        ),
    ];
    for (name, dropped, wanted) in rows {
        let is_news = after(dropped).is_news(&client(name), &before());
        assert_eq!(is_news, *wanted, "{name} {dropped:?}");
    }
}

const MATCHES: [&str; 12] = [
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.0.1",
    "10.0.0.2",
    "10.1.0.0/16",
    "0.0.0.0/0",
    "fd00::/16",
    "fd00::1",
    "::/0",
    "52:54:00:00:00:01",
    "52:54:00:00:00:02",
];

const ADDRESSES: [&str; 7] = [
    "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1", "11.0.0.1", "fd00::1", "fe80::1",
];

fn any_rule() -> impl Strategy<Value = RuleSpec> {
    (
        vec(select(&MATCHES[..]), 1..4),
        select(&["w", "x", "y", "z"][..]),
        any::<bool>(),
        select(&[None, Some(-1), Some(0), Some(1)][..]),
    )
        .prop_map(|(matches, to, follow, seconds)| {
            let parse = |text: &str| located(Match::parse(text).unwrap());
            let rule = RuleSpec {
                matches: matches.into_iter().map(parse).collect(),
                follow,
                ..rule(MATCHES[0], to)
            };
            seconds.map_or(rule.clone(), |seconds| until(rule, seconds))
        })
}

fn any_client() -> impl Strategy<Value = Client> {
    let address = proptest::option::of(select(&ADDRESSES[..]));
    let card = proptest::option::of(0..4_u8);
    (address, card).prop_map(|(address, card)| Client {
        ip: address.map(|address| address.parse::<IpAddr>().unwrap()),
        mac: card.map(|last| [0x52, 0x54, 0, 0, 0, last]),
    })
}

/// How well a match fits: nothing, or the longer the better, a MAC best of all.
fn fit(matched: &Match, client: &Client) -> Option<u16> {
    match matched {
        Match::Mac(mac) => (client.mac == Some(*mac)).then_some(1000),
        Match::Net(network) => client
            .ip
            .filter(|ip| network.contains(&IpNet::from(*ip)))
            .map(|_| u16::from(network.prefix_len())),
    }
}

/// Reads every rule, and keeps the first of those that fit best.
fn naive(
    rules: &[(RuleSpec, bool)],
    client: &Client,
    booted: Option<&ImageName>,
) -> (Option<ImageName>, bool) {
    let mut best: Option<(u16, bool, &RuleSpec)> = None;
    for (rule, is_dropped) in rules {
        if rule.until.is_some_and(|until| until <= now()) {
            continue;
        }
        for matched in &rule.matches {
            let Some(fit) = fit(&matched.value, client) else {
                continue;
            };
            if best.is_none_or(|(other, dropped, _)| (fit, *is_dropped) > (other, dropped)) {
                best = Some((fit, *is_dropped, rule));
            }
        }
    }
    let follows = best.is_none_or(|(_, _, rule)| rule.follow);
    match booted.filter(|image| follows && &***image != "gone") {
        Some(image) => (Some(image.clone()), true),
        None => (
            best.map_or(Some(image("w")), |(_, _, rule)| {
                Some(rule.image.value.clone())
            }),
            false,
        ),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_decides_as_a_reader_of_all_rules_does(
        standing in vec(any_rule(), 0..6),
        fresh in vec(any_rule(), 0..4),
        client in any_client(),
        booted in proptest::option::of(select(&["w", "x", "gone"][..])),
    ) {
        let booted = booted.map(image);
        let choice = choice(Some("w"), &standing, &fresh);
        let decided = choice.decide(&client, booted.as_ref(), now());
        let all: Vec<(RuleSpec, bool)> = standing
            .iter()
            .map(|rule| (rule.clone(), false))
            .chain(fresh.iter().map(|rule| (rule.clone(), true)))
            .collect();
        let (wanted, by_boot) = naive(&all, &client, booted.as_ref());
        prop_assert_eq!(&decided.image, &wanted);
        prop_assert_eq!(decided.because == Because::Booted, by_boot);
    }
}
