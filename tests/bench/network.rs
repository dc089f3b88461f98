//! Through real servers: one server, the plain folder and the mount both beneath its root.

use std::fmt::Display;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::servers::{self, Server};
use crate::ground::{Ground, WIM, WIM_SIZE};
use crate::measure::{Awake, SIDES, in_turns};
use crate::rows::Measured;

/// How much of the large file is fetched over TFTP.
const PART: usize = 16 << 20;
/// How much each of thirty clients fetches over HTTP.
const SHARE: usize = 128 << 20;

const NATIVE: &str = "native/images/x";
const MOUNTED: &str = "mnt/images/x";

pub(crate) fn dnsmasq_1456(ground: &Ground) -> Measured {
    tftp(ground, servers::dnsmasq(ground.root(), &[]), 1456, 1)
}

pub(crate) fn dnsmasq_1024(ground: &Ground) -> Measured {
    tftp(ground, servers::dnsmasq(ground.root(), &[]), 1024, 1)
}

pub(crate) fn hpa_1456(ground: &Ground) -> Measured {
    tftp(ground, servers::tftpd_hpa(ground.root()), 1456, 1)
}

pub(crate) fn hpa_1024(ground: &Ground) -> Measured {
    tftp(ground, servers::tftpd_hpa(ground.root()), 1024, 1)
}

pub(crate) fn atftpd_1456(ground: &Ground) -> Measured {
    tftp(ground, servers::atftpd(ground.root()), 1456, 1)
}

pub(crate) fn atftpd_1024(ground: &Ground) -> Measured {
    tftp(ground, servers::atftpd(ground.root()), 1024, 1)
}

pub(crate) fn atftpd_window(ground: &Ground) -> Measured {
    tftp(ground, servers::atftpd(ground.root()), 1456, 16)
}

fn tftp<E: Display>(
    ground: &Ground,
    server: Result<Server, E>,
    block: usize,
    window: usize,
) -> Measured {
    let server = server.map_err(|missing| missing.to_string())?;
    // Lock-step: each block waits for somebody to wake.
    let _awake = Awake::new();
    let speed = |place| fetch(server.address, &format!("{place}/{WIM}"), block, window);
    let (native, mounted) = (|| speed(NATIVE), || speed(MOUNTED));
    Ok(in_turns(ground.rounds * 2, "MiB/s", SIDES, native, mounted))
}

/// Fetches the first part of a file as lean as a client can, or the client's own work would
/// hide that of the server. A lost packet ends the bench: on loopback there is none.
fn fetch(server: SocketAddr, name: &str, block: usize, window: usize) -> f64 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let begun = Instant::now();
    let mut options = format!("\0octet\0blksize\0{block}\0");
    if window > 1 {
        options += &format!("windowsize\0{window}\0");
    }
    let request = [&[0, 1], name.as_bytes(), options.as_bytes()].concat();
    socket.send_to(&request, server).unwrap();
    let mut packet = vec![0; block + 4];
    let (length, peer) = socket.recv_from(&mut packet).unwrap();
    assert_eq!(
        packet[1],
        6,
        "{}",
        String::from_utf8_lossy(&packet[4..length])
    );
    socket.connect(peer).unwrap();
    socket.send(&[0, 4, 0, 0]).unwrap();
    let received = blocks(&socket, &mut packet, window);
    let took = begun.elapsed().as_secs_f64();
    // What is under way is not waited for: the server hears it and stops.
    socket
        .send(&[&[0, 5, 0, 0][..], b"enough\0"].concat())
        .unwrap();
    (received >> 10) as f64 / 1024.0 / took
}

fn blocks(socket: &UdpSocket, packet: &mut [u8], window: usize) -> usize {
    let (mut received, mut next) = (0, 1_u16);
    while received < PART {
        for _ in 0..window {
            let length = socket.recv(packet).unwrap();
            assert_eq!((packet[1], [packet[2], packet[3]]), (3, next.to_be_bytes()));
            received += length - 4;
            next = next.wrapping_add(1);
        }
        let [high, low] = next.wrapping_sub(1).to_be_bytes();
        socket.send(&[0, 4, high, low]).unwrap();
    }
    received
}

pub(crate) fn http_by_1(ground: &Ground) -> Measured {
    http(ground, 1, WIM_SIZE)
}

pub(crate) fn http_by_30(ground: &Ground) -> Measured {
    http(ground, 30, SHARE)
}

fn http(ground: &Ground, clients: usize, length: usize) -> Measured {
    let server = servers::nginx(&format!("root {};", ground.root().display()));
    let server = server.map_err(|missing| missing.to_string())?;
    let speed = |place: &str| {
        let request = format!(
            "GET /{place}/{WIM} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Range: bytes=0-{}\r\n\r\n",
            length - 1
        );
        let begun = Instant::now();
        thread::scope(|scope| {
            let fetch = || download(server.address, &request, length);
            let running: Vec<_> = (0..clients).map(|_| scope.spawn(fetch)).collect();
            running
                .into_iter()
                .for_each(|client| client.join().unwrap());
        });
        ((clients * length) >> 20) as f64 / begun.elapsed().as_secs_f64()
    };
    let (native, mounted) = (|| speed(NATIVE), || speed(MOUNTED));
    Ok(in_turns(ground.rounds * 2, "MiB/s", SIDES, native, mounted))
}

fn download(server: SocketAddr, request: &str, length: usize) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut block = vec![0; 256 << 10];
    let mut received = 0;
    while let count @ 1.. = stream.read(&mut block).unwrap() {
        received += count;
    }
    assert!(received > length, "only {received} bytes, head included");
}
