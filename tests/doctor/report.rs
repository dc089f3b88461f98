//! What is printed, and that the README shows it as it is.

use winbootfs::doctor::machine::server::place::Place;
use winbootfs::doctor::setup::{By, Root};
use winbootfs::doctor::{judge, report};

use crate::case::{healthy, placed, serving};

/// A machine with a plain dnsmasq, and a tftpd-hpa that was started too early.
fn ill() -> winbootfs::doctor::case::Case {
    let mut case = healthy();
    let dnsmasq = serving(
        placed("dnsmasq", By::Nothing, Place::Within(String::new())),
        |serves| {
            let file = Some("/etc/dnsmasq.d/pxe.conf".as_ref());
            serves.setup.roots = vec![Root::plain("/srv/tftp", file)];
        },
    );
    let mut tftpd = placed("in.tftpd", By::Nothing, Place::Beneath);
    (tftpd.id, tftpd.network) = (Some(698), Some("net:[2]".to_owned()));
    case.servers = vec![dnsmasq, tftpd];
    case.firewall = Err("there is no nft, and there is no iptables".to_owned());
    case
}

#[test]
fn the_readme_shows_what_is_printed() {
    let printed = report::text(&judge::all(&ill()));
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let shown = readme
        .split("```text\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap());
    let shown = shown.into_iter().find(|block| block.contains("PROBLEM"));
    assert_eq!(
        shown,
        Some(printed.as_str()),
        "put this into the README:\n{printed}"
    );
}

#[test]
fn json_is_for_programs() {
    let findings = judge::all(&ill());
    let json: serde_json::Value = serde_json::from_str(&report::json(&findings)).unwrap();
    let list = json.as_array().unwrap();
    assert_eq!(list.len(), findings.len());
    for (json, finding) in list.iter().zip(&findings) {
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["about", "level", "next", "what"]);
        assert_eq!(json["about"], finding.about.as_str());
        assert_eq!(json["what"], finding.what.as_str());
        assert_eq!(json["next"].as_str(), finding.next.as_deref());
    }
    let levels: Vec<&str> = list
        .iter()
        .map(|json| json["level"].as_str().unwrap())
        .collect();
    for level in ["ok", "note", "problem"] {
        assert!(levels.contains(&level), "{levels:?}");
    }
}

/// A name can hold anything, and a terminal is to get none of it.
#[test]
fn names_are_made_visible() {
    let mut case = ill();
    case.servers[0].program = "dns\u{1b}[2J".to_owned();
    case.servers[0].server = None;
    case.servers[1] = placed("nginx", By::Nothing, Place::Elsewhere);
    case.servers[1].serves.as_mut().unwrap().setup.roots[0].folder = "/srv/\u{7}\n".into();
    case.beneath = Ok(vec!["boot\u{1b}]0;x".to_owned(), "Boot".to_owned()]);
    let printed = report::text(&judge::all(&case));
    let odd = printed
        .chars()
        .find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(odd, None, "{printed:?}");
    assert!(printed.contains("dns\\u{1b}[2J 712"), "{printed}");
}
