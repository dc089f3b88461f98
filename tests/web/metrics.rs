//! What Prometheus reads, by a reader that shares nothing with us.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;
use winbootfs::metrics::{METRICS, text};
use winbootfs::status::{State, Status};

use crate::answers::get;
use crate::common::skip::or_skip;
use crate::played::{MARKUP, Played, client, failed, image, reading, status};

const ORACLE: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
families = parse(sys.stdin.read())
print(json.dumps([{'name': f.name, 'kind': f.type, 'help': f.documentation,
  'samples': [[s.name, s.labels, s.value] for s in f.samples]} for f in families]))";

type Labels = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
struct Family {
    name: String,
    kind: String,
    help: String,
    samples: Vec<(String, Labels, f64)>,
}

/// What the client library of Prometheus for Python makes of a text, or a counted skip.
fn parsed(text: &str) -> Option<Vec<Family>> {
    let mut command = Command::new("/usr/bin/python3");
    command
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .map_err(|error| format!("no python3 here ({error}): apt-get install python3"));
    let mut child = or_skip(child)?;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let is_there = !said.contains("No module named 'prometheus_client'");
    or_skip(
        is_there
            .then_some(())
            .ok_or("apt-get install python3-prometheus-client"),
    )?;
    assert!(output.status.success(), "{said}\n{text}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn value(families: &[Family], name: &str, label: Option<(&str, &str)>) -> Option<f64> {
    let wanted: Labels = label
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut samples = families.iter().flat_map(|family| &family.samples);
    let found = samples.find(|(known, labels, _)| known == name && *labels == wanted);
    found.map(|(_, _, value)| *value)
}

fn many() -> Status {
    let mut all = status(vec![
        client("10.0.7.1"),
        failed("10.0.7.2"),
        failed("10.0.7.3"),
        reading("10.0.7.4", 512 << 20),
    ]);
    all.warnings.push("something".to_owned());
    all.images[1].sources[0].fault = Some("gone".to_owned());
    all.images[1].clients = 0;
    all
}

#[test]
fn prometheus_reads_what_the_status_says() {
    let all = many();
    let Some(read) = parsed(&text(&all)) else {
        return;
    };
    let is =
        |name: &str, expected: f64| assert_eq!(value(&read, name, None), Some(expected), "{name}");
    is("winbootfs_lookups_total", 12_345.0);
    is("winbootfs_misses_total", 678.0);
    is("winbootfs_refused_total", 9.0);
    is("winbootfs_forgets_total", 11_000.0);
    is("winbootfs_opens_total", 4321.0);
    is("winbootfs_read_bytes_total", 98_765_432_100.0);
    is("winbootfs_nodes", 321.0);
    is("winbootfs_journal_clients", 4.0);
    is("winbootfs_journal_requests", 654.0);
    is("winbootfs_boots_total", 87.0);
    is("winbootfs_boots_done_total", 65.0);
    is("winbootfs_boots_failed_total", 4.0);
    is("winbootfs_passthrough", 1.0);
    is("winbootfs_warnings", 1.0);
    is(
        "winbootfs_start_time_seconds",
        all.started_ms as f64 / 1000.0,
    );
    let of = |name: &str, label, expected| {
        assert_eq!(
            value(&read, name, Some(label)),
            Some(expected),
            "{name} {label:?}"
        )
    };
    of("winbootfs_build_info", ("version", "0.1.0"), 1.0);
    of("winbootfs_clients", ("state", "under-way"), 1.0);
    of("winbootfs_clients", ("state", "failed"), 2.0);
    of("winbootfs_clients", ("state", "stopped"), 0.0);
    of("winbootfs_clients", ("state", "done"), 1.0);
    of("winbootfs_image_healthy", ("image", "rescue"), 1.0);
    of("winbootfs_image_healthy", ("image", "win11"), 0.0);
    of("winbootfs_image_clients", ("image", "rescue"), 1.0);
    of("winbootfs_image_clients", ("image", "win11"), 0.0);
}

/// Each of the table is written, with its kind and meaning, and nothing else is.
#[test]
fn the_table_is_what_is_written() {
    let Some(read) = parsed(&text(&many())) else {
        return;
    };
    assert_eq!(read.len(), METRICS.len());
    for metric in METRICS {
        // The reader takes the ending of a counter for no part of its name.
        let name = match metric.kind() {
            "counter" => metric
                .name
                .strip_suffix("_total")
                .expect("a counter ends so"),
            _ => metric.name,
        };
        let found = read.iter().find(|family| family.name == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not written"));
        assert_eq!(
            (found.kind.as_str(), found.help.as_str()),
            (metric.kind(), metric.help)
        );
        for (_, labels, _) in &found.samples {
            let labels: Vec<&str> = labels.keys().map(String::as_str).collect();
            assert_eq!(labels, metric.label().into_iter().collect::<Vec<_>>());
        }
    }
    let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len(), "a name is there twice");
}

/// As Prometheus wants names to be, so that a person knows what a number is.
#[test]
fn the_names_are_as_usual() {
    for metric in METRICS {
        let letters = metric
            .name
            .bytes()
            .all(|letter| letter == b'_' || letter.is_ascii_lowercase());
        assert!(
            metric.name.starts_with("winbootfs_") && letters,
            "{}",
            metric.name
        );
        assert_eq!(
            metric.name.ends_with("_total"),
            metric.kind() == "counter",
            "{}",
            metric.name
        );
        assert_eq!(
            metric.name.contains("bytes"),
            metric.unit == "bytes",
            "{}",
            metric.name
        );
        assert_eq!(
            metric.name.contains("seconds"),
            metric.unit.contains("seconds"),
            "{}",
            metric.name
        );
        assert!(
            metric.help.ends_with('.') && !metric.unit.is_empty(),
            "{}",
            metric.name
        );
    }
}

/// Whoever is on the network must not fill somebody's data base.
#[test]
fn clients_and_names_are_no_labels() {
    let few = text(&status(vec![client("10.0.7.1")]));
    let clients = (0..2000).map(|number| {
        let mut client = failed(&format!("{MARKUP}{number}"));
        client.image = Some(format!("asked-for-{number}"));
        client.server = format!("server-{number}");
        client
    });
    let mut crowd = status(clients.collect());
    crowd.counts.journal_clients = 1;
    let many = text(&crowd);
    assert_eq!(few.lines().count(), many.lines().count());
    for word in ["onerror", "asked-for", "server-", "0xc000000f", "BCD"] {
        assert!(!many.contains(word), "{word}");
    }
}

/// What an operator may call an image stays one label.
#[test]
fn names_of_images_come_through_whole() {
    let names = [
        MARKUP,
        "a \"quoted\" \\ one",
        "\u{202e}gpj.exe",
        "caf\u{e9} {x=\"y\"} 1\u{2028}2",
        "# HELP",
        "nl \n x",
    ];
    let mut all = status(vec![]);
    all.images = names.iter().map(|name| image(name, false)).collect();
    let Some(read) = parsed(&text(&all)) else {
        return;
    };
    for name in names {
        assert_eq!(
            value(&read, "winbootfs_image_healthy", Some(("image", name))),
            Some(1.0),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut all = status(vec![]);
    all.reading.passthrough = None;
    let written = text(&all);
    assert!(!written.contains("winbootfs_passthrough"));
    assert!(written.contains("\nwinbootfs_clients{state=\"stopped\"} 0\n"));
    all.reading.passthrough = Some(false);
    assert!(text(&all).contains("\nwinbootfs_passthrough 0\n"));
    all.images.clear();
    assert!(!text(&all).contains("winbootfs_image"));
}

/// All clients are counted, not only those that the page shows.
#[test]
fn the_listener_tells_the_same() {
    let clients = (0..500).map(|number| client(&format!("10.0.7.{number}")));
    let mut all = status(clients.collect());
    all.clients[499].state = State::Failed;
    let web = Played::new(all.clone()).serve(false);
    let reply = get(&web, "/metrics");
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(reply.text(), text(&all));
    assert!(
        reply
            .text()
            .contains("winbootfs_clients{state=\"under-way\"} 499\n")
    );
}
