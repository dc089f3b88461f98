//! How much memory the boot journal takes, whatever is asked for; and how long one request
//! takes, which is printed and not judged.
//!
//! A test binary of its own, for it counts every byte that is allocated; its tests take
//! turns for the same reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::alloc::System;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cap::Cap;
use winbootfs::address::Address;
use winbootfs::journal::entry::{File, Opened, Outcome};
use winbootfs::journal::{Asked, Journal, LONGEST_NAME, MOST_CLIENTS, MOST_REQUESTS, Ticket, Who};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// For all of it, whatever clients ask.
const MOST_MEMORY: usize = 64 << 20;

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a boot manager for UEFI asks for, in its order; whether that is there.
const BOOT: [(&str, bool); 25] = [
    (r"bootmgfw.efi", true),
    (r"bootmgfw.efi", true),
    (r"\Boot\BCD", true),
    (r"\Boot\BCD", true),
    (r"\EFI\Microsoft\Boot\Policies\SbcpFlightToken.p7b", false),
    (r"\EFI\Microsoft\Boot\SecureBootPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SkuSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\WinSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\ATPSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SkuSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\WinSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\ATPSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\SkuSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\WinSiPolicy.p7b", false),
    (r"\EFI\Microsoft\Boot\ATPSiPolicy.p7b", false),
    (r"\bootmgfw.efi", true),
    (r"\bootmgfw.efi", true),
    (r"\sources\boot.wim", true),
    (r"\Boot\boot.sdi", true),
    (r"\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf", true),
    (r"\boot\boot.sdi", true),
    (r"\sources\boot.wim", true),
];

/// Clients that ask one journal, and what that costs.
struct Crowd {
    journal: Journal,
    server: Arc<str>,
    file: Arc<File>,
    now: Instant,
    /// How many bytes were allocated before.
    before: usize,
    asked: u32,
}

impl Crowd {
    fn new() -> Self {
        let file = File {
            image: None,
            source: "/srv/images/win11.iso".into(),
            path: (*b"sources/boot.wim").into(),
            size: 500 << 20,
            made: None,
        };
        let (server, file) = ("in.tftpd[812]".into(), Arc::new(file));
        let before = MEMORY.allocated();
        Self {
            journal: Journal::default(),
            server,
            file,
            now: Instant::now(),
            before,
            asked: 0,
        }
    }

    fn request(&self, client: u32, name: &[u8], is_there: bool) -> Asked {
        let opened = Opened {
            file: self.file.clone(),
            read: None,
            open_for: None,
            broken: None,
        };
        Asked {
            who: Who::Client(Address::ip(Ipv4Addr::from_bits(client).into())),
            server: self.server.clone(),
            name: name.into(),
            outcome: match is_there {
                true => Outcome::Opened(opened),
                false => Outcome::Missing,
            },
        }
    }

    fn asks(&mut self, client: u32, name: &[u8], is_there: bool) -> Ticket {
        self.now += Duration::from_micros(50);
        self.asked += 1;
        let request = self.request(client, name, is_there);
        self.journal.asked(request, self.now).1
    }

    fn boots(&mut self, client: u32) {
        for (name, is_there) in BOOT {
            let ticket = self.asks(client, name.as_bytes(), is_there);
            if is_there {
                self.journal.closed(&ticket, None, self.now);
            }
        }
    }

    /// Prints what it cost, and returns how many bytes are kept.
    fn cost(&self, what: &str) -> usize {
        let bytes = MEMORY.allocated() - self.before;
        let size = self.journal.size();
        println!(
            "{what}: {} clients, {} requests kept of {}: {} KiB",
            size.clients,
            size.requests,
            self.asked,
            bytes >> 10,
        );
        bytes
    }

    fn is_within_bounds(&self) {
        let size = self.journal.size();
        assert!(size.clients <= MOST_CLIENTS, "{size:?}");
        assert!(size.requests <= MOST_REQUESTS, "{size:?}");
        let all = self.journal.all();
        let kept = all.iter().flat_map(|(_, history)| history.boots());
        assert_eq!(kept.map(|boot| boot.len()).sum::<usize>(), size.requests);
    }
}

/// Processor time of this thread, by the scheduler's own clock: a machine that is busy
/// elsewhere does not count.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Printed only; built without optimization it is several times as much.
#[test]
fn what_a_request_takes() {
    let _turn = turn();
    let crowd = Crowd::new();
    let requests = (0..200_000_u32).map(|number| {
        let (name, is_there) = BOOT[(number / 1_000) as usize % BOOT.len()];
        crowd.request(number % 1_000, name.as_bytes(), is_there)
    });
    let requests: Vec<Asked> = requests.collect();
    let mut tickets = Vec::with_capacity(requests.len());
    let begun = processor_time();
    for request in requests {
        tickets.push(crowd.journal.asked(request, crowd.now).1);
    }
    let asked = processor_time();
    for ticket in &tickets {
        crowd.journal.closed(ticket, None, crowd.now);
    }
    let closed = processor_time();
    for _ in 0..10 {
        assert_eq!(crowd.journal.all().len(), 1_000);
    }
    println!(
        "{} ns a request, {} ns a closed file, {:?} for a copy of {} requests",
        (asked - begun).as_nanos() / 200_000,
        (closed - asked).as_nanos() / 200_000,
        (processor_time() - closed) / 10,
        crowd.journal.size().requests,
    );
}

#[test]
fn a_thousand_clients_with_two_hundred_requests_each() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    for number in 0..200_u32 {
        let (name, is_there) = BOOT[number as usize % BOOT.len()];
        for client in 0..1_000 {
            // Each is another name: none is only counted.
            let name = format!("{name}{number}");
            let ticket = crowd.asks(client, name.as_bytes(), is_there);
            if is_there {
                crowd.journal.closed(&ticket, None, crowd.now);
            }
        }
    }
    crowd.is_within_bounds();
    assert_eq!(crowd.journal.size().clients, 1_000);
    let bytes = crowd.cost("1,000 clients, 200 requests each");
    assert!(bytes < MOST_MEMORY / 2, "{bytes} bytes");
}

#[test]
fn a_thousand_clients_that_boot_again_and_again() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    for _ in 0..5 {
        for client in 0..1_000 {
            crowd.boots(client);
        }
        crowd.now += Duration::from_secs(600);
        crowd.is_within_bounds();
    }
    assert_eq!(crowd.journal.size().clients, 1_000);
    let bytes = crowd.cost("1,000 clients, 5 boots each");
    assert!(bytes < MOST_MEMORY / 2, "{bytes} bytes");
}

/// More boots than can be kept, even if only a few requests of each are.
#[test]
fn more_clients_than_are_kept_that_boot_again_and_again() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    let clients = u32::try_from(MOST_CLIENTS).unwrap() + 1_000;
    for _ in 0..2 {
        for client in 0..clients {
            crowd.boots(client);
        }
        crowd.now += Duration::from_secs(600);
        crowd.is_within_bounds();
    }
    assert!(crowd.journal.size().clients > 1_000);
    let last = Who::Client(Address::ip(Ipv4Addr::from_bits(clients - 1).into()));
    assert_eq!(crowd.journal.of(&last).unwrap().now.len(), BOOT.len());
    let bytes = crowd.cost("5,096 clients, 2 boots each");
    assert!(bytes < MOST_MEMORY / 2, "{bytes} bytes");
}

/// A client that is there once, and never again: a scan of the network.
#[test]
fn clients_that_ask_once() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    for client in 0..100_000 {
        crowd.asks(client, b"bootmgfw.efi", client % 2 == 0);
    }
    crowd.is_within_bounds();
    assert_eq!(crowd.journal.size().clients, MOST_CLIENTS);
    let bytes = crowd.cost("100,000 clients, 1 request each");
    assert!(bytes < MOST_MEMORY / 2, "{bytes} bytes");
}

/// The longest names that a kernel hands over, each another one.
#[test]
fn long_names_take_no_more_than_their_share() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    let long = vec![b'x'; 4_000];
    for number in 0..70_u32 {
        for client in 0..1_000 {
            let name = [&number.to_le_bytes()[..], &long, b".efi"].concat();
            crowd.asks(client, &name, false);
        }
    }
    crowd.is_within_bounds();
    let one = crowd.journal.all().pop().unwrap().1.now;
    let longest = one.entries().map(|entry| entry.name.len()).max();
    assert_eq!(longest, Some(LONGEST_NAME));
    let bytes = crowd.cost("1,000 clients, names of 4,008 bytes");
    assert!(bytes < MOST_MEMORY, "{bytes} bytes");
}

/// What has ended is told when somebody asks; if nobody does, it is not gathered for ever.
#[test]
fn ends_that_nobody_asks_for_are_bounded() {
    let _turn = turn();
    let mut crowd = Crowd::new();
    for _ in 0..3 {
        for client in 0..2_000 {
            crowd.asks(client, b"bootmgfw.efi", true);
            crowd.asks(client, br"\Boot\BCD", false);
        }
        crowd.now += Duration::from_secs(600);
    }
    let bytes = crowd.cost("2,000 clients, 3 boots each without a store");
    assert!(bytes < MOST_MEMORY / 2, "{bytes} bytes");
    let told = crowd.journal.take_ended(crowd.now).len();
    assert!((2_000..2_300).contains(&told), "{told}");
    assert_eq!(crowd.journal.take_ended(crowd.now).len(), 0);
}
