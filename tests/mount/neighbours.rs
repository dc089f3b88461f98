//! The kernel's neighbour table, in networks the test makes itself.

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use winbootfs::address::Mac;
use winbootfs::neighbours::mac_of;

use crate::common::netns::Netns;
use crate::common::{skip, wait};

const SERVER: &str = "52:54:00:aa:00:01";
const CLIENT: &str = "52:54:00:aa:00:02";
const CLIENT_MAC: [u8; 6] = [0x52, 0x54, 0, 0xaa, 0, 2];
const PATIENCE: Duration = Duration::from_secs(10);

/// A server and a client on one cable.
fn cable() -> Option<(Netns, Netns)> {
    let server = skip::or_skip(Netns::new())?;
    let client = skip::or_skip(Netns::new())?;
    server.plug(("lan", SERVER), &client, ("eth0", CLIENT));
    server.ip("addr add 10.77.0.1/16 dev lan");
    server.ip("addr add fd77::1/64 dev lan nodad");
    client.ip("addr add 10.77.0.2/16 dev eth0");
    client.ip("addr add fd77::2/64 dev eth0 nodad");
    Some((server, client))
}

fn known(netns: &Netns, address: &str) -> Option<[u8; 6]> {
    let address: IpAddr = address.parse().unwrap();
    netns.inside(|| mac_of(address).unwrap())
}

#[test]
fn who_has_sent_a_packet_is_known() {
    let Some((server, client)) = cable() else {
        return;
    };
    for (own, server_address) in [("10.77.0.2", "10.77.0.1"), ("fd77::2", "fd77::1")] {
        assert_eq!(known(&server, own), None, "{own} has said nothing yet");
        wait::until("the kernels to meet", PATIENCE, || {
            client.inside(|| {
                let socket = UdpSocket::bind((own, 0)).unwrap();
                // To a port where nobody listens: the refusal needs the MAC.
                let _ = socket.send_to(b"x", (server_address, 9));
            });
            known(&server, own)
        });
        assert_eq!(known(&server, own), Some(CLIENT_MAC), "{own}");
    }
    assert_eq!(known(&server, "::ffff:10.77.0.2"), Some(CLIENT_MAC));
    assert_eq!(known(&server, "10.77.0.1"), None, "the server itself");
}

#[test]
fn only_what_is_resolved_counts() {
    let Some((server, _client)) = cable() else {
        return;
    };
    for (number, (state, counts)) in [
        ("permanent", true),
        ("reachable", true),
        ("stale", true),
        ("delay", true),
        ("noarp", false),
    ]
    .iter()
    .enumerate()
    {
        for address in [format!("10.77.1.{number}"), format!("fd77::1:{number}")] {
            server.ip(&format!(
                "neigh add {address} lladdr {CLIENT} dev lan nud {state}"
            ));
            let expected = counts.then_some(CLIENT_MAC);
            assert_eq!(known(&server, &address), expected, "{address} {state}");
        }
    }
    server.ip("neigh add 10.77.2.1 dev lan nud incomplete");
    assert_eq!(known(&server, "10.77.2.1"), None);
    server.ip("neigh add 10.77.2.2 lladdr ff:ff:ff:ff:ff:ff dev lan nud permanent");
    assert_eq!(known(&server, "10.77.2.2"), None);
    server.ip("neigh add proxy 10.77.2.3 dev lan");
    assert_eq!(known(&server, "10.77.2.3"), None);
}

#[test]
fn interfaces_that_disagree_name_nobody() {
    let Some((server, client)) = cable() else {
        return;
    };
    server.plug(
        ("lan2", "52:54:00:aa:00:03"),
        &client,
        ("eth1", "52:54:00:aa:00:04"),
    );
    for address in ["10.77.0.9", "fe80::9"] {
        server.ip(&format!(
            "neigh add {address} lladdr {CLIENT} dev lan nud permanent"
        ));
        server.ip(&format!(
            "neigh add {address} lladdr {CLIENT} dev lan2 nud permanent"
        ));
        assert_eq!(known(&server, address), Some(CLIENT_MAC), "they agree");
        server.ip(&format!(
            "neigh replace {address} lladdr {SERVER} dev lan2 nud permanent"
        ));
        assert_eq!(known(&server, address), None, "they do not");
        server.ip(&format!("neigh del {address} dev lan2"));
        assert_eq!(known(&server, address), Some(CLIENT_MAC), "one is left");
    }
}

/// A kernel that is busy elsewhere answers later than the program waits; it is asked again.
fn patiently(address: IpAddr) -> Option<Mac> {
    let mut tries = std::iter::repeat_with(|| mac_of(address)).take(20);
    tries.find_map(Result::ok).unwrap()
}

/// More than the kernel says in one piece. What it costs is printed, not asserted.
#[test]
fn a_large_table_is_read_to_its_end() {
    let Some((server, _client)) = cable() else {
        return;
    };
    for (count, from) in [(10, 0), (1000, 10)] {
        server.batch((from..count).map(|number| {
            let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
            format!(
                "neigh add 10.77.{}.{low} lladdr 52:54:00:bb:{high:02x}:{low:02x} dev lan nud permanent",
                100 + high
            )
        }));
        let (took, found) = server.inside(|| {
            let begun = std::time::Instant::now();
            for _ in 0..200 {
                patiently(IpAddr::from([10, 77, 100, 9]));
            }
            let took = begun.elapsed() / 200;
            let all = (0..count).map(|number| {
                let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
                let found = patiently(IpAddr::from([10, 77, 100 + high, low]));
                assert_eq!(found, Some([0x52, 0x54, 0, 0xbb, high, low]), "{number}");
            });
            (took, all.count())
        });
        assert_eq!(found, count);
        println!("a table of {count}: {took:?} a question");
    }
}
