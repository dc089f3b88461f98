//! A real dnsmasq gives real leases, and its file says whose they are.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use winbootfs::leases::LeaseFile;

use crate::common::netns::Netns;
use crate::common::{skip, wait};

const PATIENCE: Duration = Duration::from_secs(20);
const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const RELEASE: u8 = 7;

/// A running dnsmasq; it ends with this value.
struct Dhcp(Child);

impl Drop for Dhcp {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn dnsmasq(netns: &Netns, folder: &Path) -> Dhcp {
    let mut command = netns.command("dnsmasq");
    command
        .args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0"])
        .args(["--interface=lan", "--bind-interfaces", "--no-ping"])
        .args([
            "--dhcp-range=10.77.0.100,10.77.0.250,1h",
            "--dhcp-authoritative",
        ])
        .args(["--user=root", "--group=root", "--log-facility=-"])
        .arg(format!(
            "--dhcp-leasefile={}",
            folder.join("leases").display()
        ))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    Dhcp(command.spawn().expect("ip can run dnsmasq"))
}

/// A message of a client's, as firmware sends it.
fn message(kind: u8, mac: [u8; 6], options: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 236];
    // A question, Ethernet, six bytes; the number of the exchange; answer by broadcast.
    message[..4].copy_from_slice(&[1, 1, 6, 0]);
    message[4..8].copy_from_slice(&mac[2..]);
    message[10] = 0x80;
    message[28..34].copy_from_slice(&mac);
    message.extend(MAGIC);
    message.extend([53, 1, kind]);
    message.extend(options);
    message.push(255);
    message
}

/// The address in an answer of this kind, if it is for this client.
fn given(answer: &[u8], kind: u8, mac: [u8; 6]) -> Option<Ipv4Addr> {
    let is_mine = answer.get(28..34)? == mac && answer.get(236..240)? == MAGIC;
    let is_kind = answer.get(240..243)? == [53, 1, kind];
    let address: [u8; 4] = answer.get(16..20)?.try_into().ok()?;
    (is_mine && is_kind).then(|| address.into())
}

/// Asks again as long as nobody answers, as clients do.
fn exchange(socket: &UdpSocket, message: &[u8], kind: u8, mac: [u8; 6]) -> Ipv4Addr {
    wait::until("an answer of the DHCP server", PATIENCE, || {
        socket.send_to(message, ("255.255.255.255", 67)).unwrap();
        loop {
            let mut buffer = [0; 1500];
            match socket.recv(&mut buffer) {
                Ok(length) => {
                    let given = given(&buffer[..length], kind, mac);
                    if given.is_some() {
                        return given;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => panic!("{error}"),
            }
        }
    })
}

/// Takes a lease for a card.
fn lease(socket: &UdpSocket, mac: [u8; 6]) -> Ipv4Addr {
    let offered = exchange(socket, &message(DISCOVER, mac, &[]), OFFER, mac);
    let mut options = vec![50, 4];
    options.extend(offered.octets());
    options.extend([54, 4, 10, 77, 0, 1]);
    exchange(socket, &message(REQUEST, mac, &options), ACK, mac)
}

/// Gives it back; there is no answer to that.
fn release(socket: &UdpSocket, mac: [u8; 6], address: Ipv4Addr) {
    let mut message = message(RELEASE, mac, &[54, 4, 10, 77, 0, 1]);
    message[12..16].copy_from_slice(&address.octets());
    socket.send_to(&message, ("10.77.0.1", 67)).unwrap();
}

fn client_socket() -> UdpSocket {
    let socket = UdpSocket::bind(("0.0.0.0", 68)).unwrap();
    socket.set_broadcast(true).unwrap();
    let patience = Duration::from_millis(500);
    socket.set_read_timeout(Some(patience)).unwrap();
    socket
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// What has been given so far, and asking for it all the time.
struct Reader<'a> {
    file: LeaseFile,
    given: &'a Mutex<HashMap<Ipv4Addr, [u8; 6]>>,
    seen: HashSet<Ipv4Addr>,
    /// How often the file itself said less than before.
    gaps: usize,
}

impl Reader<'_> {
    /// Whoever was known once stays known. Returns whether all are known.
    fn look(&mut self, all: usize) -> bool {
        assert_eq!(self.file.renew(SystemTime::now()).unwrap(), []);
        for (address, mac) in self.given.lock().unwrap().iter() {
            match self.file.mac_of(IpAddr::V4(*address), now()) {
                Some(found) => {
                    assert_eq!(found, *mac, "{address}");
                    self.seen.insert(*address);
                }
                None => assert!(!self.seen.contains(address), "{address} was known"),
            }
        }
        self.gaps += usize::from(self.file.leases().len() < self.seen.len());
        self.seen.len() == all
    }
}

/// As a class room starts: the file is written anew with every lease, and read all the time.
#[test]
fn dnsmasq_says_who_has_which_address() {
    const ALL: usize = 120;
    let Some(server) = skip::or_skip(Netns::new()) else {
        return;
    };
    let client = Netns::new().expect("as the first one");
    if !Path::new("/usr/sbin/dnsmasq").exists() {
        return skip::skip("no dnsmasq here: apt-get install dnsmasq-base");
    }
    server.plug(
        ("lan", "52:54:00:aa:00:01"),
        &client,
        ("eth0", "52:54:00:aa:00:02"),
    );
    server.ip("addr add 10.77.0.1/16 dev lan");
    client.ip("addr add 10.77.0.2/16 dev eth0");
    client.ip("route add default dev eth0");
    let folder = tempfile::tempdir().unwrap();
    let _dnsmasq = dnsmasq(&server, folder.path());
    let path = folder.path().join("leases");
    wait::until("dnsmasq to make its file", PATIENCE, || {
        path.exists().then_some(())
    });

    let given = Mutex::new(HashMap::new());
    let mut reader = Reader {
        file: LeaseFile::new(&path),
        given: &given,
        seen: HashSet::new(),
        gaps: 0,
    };
    thread::scope(|scope| {
        scope.spawn(|| client.inside(|| take_leases(ALL, &given)));
        let begun = Instant::now();
        while !reader.look(ALL) {
            let late = begun.elapsed() > 3 * PATIENCE;
            assert!(!late, "{} of {ALL} leases in the file", reader.seen.len());
        }
    });
    println!("{} looks saw dnsmasq in the middle of writing", reader.gaps);

    let (address, mac) = given.lock().unwrap().drain().next().unwrap();
    client.inside(|| release(&client_socket(), mac, address));
    wait::until("the lease to be gone", PATIENCE, || {
        reader.look(ALL);
        let found = reader.file.mac_of(IpAddr::V4(address), now());
        (found.is_none() && reader.file.leases().len() == ALL - 1).then_some(())
    });
}

/// One card after the other.
fn take_leases(all: usize, given: &Mutex<HashMap<Ipv4Addr, [u8; 6]>>) {
    let socket = client_socket();
    for number in 0..u8::try_from(all).unwrap() {
        let mac = [0x52, 0x54, 0, 0xbb, 0, number];
        let address = lease(&socket, mac);
        let before = given.lock().unwrap().insert(address, mac);
        assert_eq!(before, None, "{address} twice");
    }
}
