//! Nobody ever gets a byte of another client's image.
//!
//! Four clients with four images ask at once, for the same names in changing spellings.
//! tftpd-hpa has a process for each request, so nobody may be refused. atftpd has threads:
//! two that begin in one instant cannot be told apart and are refused. A client that was
//! refused asks again; how often that was is printed. With four clients that ask without
//! a break, and all on one machine of two cores, it is often; it must never be for ever.

use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use crate::common::mounted::Mounted;
use crate::common::servers::{self, Server};
use crate::common::skip;
use crate::common::tftp::TftpError;
use crate::site::{CLIENTS, STORE, clients, site, store};

/// Transfers of each client; with four clients and two servers more than 2,000 in all.
const ROUNDS: usize = 300;

/// How often a client may be refused one file before that counts as never.
const MOST_TRIES: usize = 200;

/// A spelling that nobody else uses in this round.
fn spelling(round: usize) -> Vec<u8> {
    let mut name = STORE[round % STORE.len()].to_vec();
    for (at, byte) in name.iter_mut().enumerate() {
        if (round >> (at % 8)) & 1 == 1 {
            *byte = if byte.is_ascii_lowercase() {
                byte.to_ascii_uppercase()
            } else {
                byte.to_ascii_lowercase()
            };
        }
    }
    name
}

/// One client's transfers, each asked for until it comes; returns how many were refused.
fn ask_often(server: &Server, client: IpAddr, image: &str) -> usize {
    let fetch = |round| match server.client(client).get(&spelling(round)) {
        Ok(bytes) => {
            let begin = String::from_utf8_lossy(&bytes[..20]).into_owned();
            assert!(bytes == store(image), "{client} got {begin}");
            Some(())
        }
        Err(TftpError::Refused { .. }) => {
            // A client that is refused takes a moment before it asks again, each its own.
            thread::sleep(Duration::from_millis(u64::from(pause(client))));
            None
        }
        Err(error) => panic!("{client}: {error}"),
    };
    (0..ROUNDS)
        .map(|round| {
            (0..MOST_TRIES)
                .position(|_| fetch(round).is_some())
                .unwrap()
        })
        .sum()
}

/// Milliseconds, another number for each client: real ones wait for seconds.
fn pause(client: IpAddr) -> u8 {
    match client {
        IpAddr::V4(address) => address.octets()[3] * 2,
        IpAddr::V6(_) => 1,
    }
}

/// All clients at once; returns how many transfers were refused on the way.
fn all_at_once(server: &Server) -> usize {
    thread::scope(|scope| {
        let asking: Vec<_> = clients()
            .map(|(client, image)| scope.spawn(move || ask_often(server, client, image)))
            .collect();
        asking
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    })
}

#[test]
fn behind_tftpd_hpa_everybody_is_served() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    assert_eq!(all_at_once(&server), 0);
}

#[test]
fn behind_atftpd_at_worst_somebody_is_refused() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::atftpd(mounted.root())) else {
        return;
    };
    let refused = all_at_once(&server);
    let right = ROUNDS * CLIENTS.len();
    println!("atftpd: {right} transfers right, {refused} refused on the way, none wrong");
}
