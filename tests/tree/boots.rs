//! What each client booted last, without a tree: who is remembered as whom, for how long,
//! and who is forgotten first.
//!
//! A table of short stories, and random ones held against a list that is read from the
//! beginning for every question.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use winbootfs::address::Mac;
use winbootfs::boots::{Boot, Boots};
use winbootfs::client::Client;
use winbootfs::config::ImageName;
use winbootfs::program::{Firmware, Program};

/// The time after which a silent client is forgotten, in seconds.
const IDLE: u64 = 600;

/// Changes of image within so many seconds count together; so many of them are too many.
const QUICK: u64 = 120;
const QUICK_CHANGES: usize = 4;

fn ip(last: u8) -> Client {
    Client {
        ip: Some(IpAddr::from(Ipv4Addr::new(10, 0, 0, last))),
        mac: None,
    }
}

fn mac(last: u8) -> Client {
    let mac: Mac = [0x52, 0x54, 0, 0, 0, last];
    Client {
        ip: None,
        mac: Some(mac),
    }
}

/// A client of which both are known.
fn both(address: u8, card: u8) -> Client {
    Client {
        mac: mac(card).mac,
        ..ip(address)
    }
}

fn image(name: &str) -> ImageName {
    ImageName::new(name).unwrap()
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Asks for any name.
    Asks,
    /// Opens a boot program of this image.
    Opens(&'static str),
    /// Opens one that is not under `images/`.
    OpensAny,
}

use Does::{Asks, Opens, OpensAny};

/// At this second, this client, does this, and has this image then.
type Step = (u64, Client, Does, Option<&'static str>);

/// A memory and the moment in which its story began.
struct Memory {
    boots: Boots,
    begun: Instant,
}

impl Memory {
    fn of_at_most(most: usize) -> Self {
        let (boots, begun) = (Boots::of_at_most(most), Instant::now());
        Self { boots, begun }
    }

    fn at(&self, second: u64) -> Instant {
        self.begun + Duration::from_secs(second)
    }

    fn does(&self, second: u64, client: &Client, does: Does, firmware: Firmware) -> Option<Boot> {
        let (now, idle) = (self.at(second), Duration::from_secs(IDLE));
        let program = Program::of(firmware);
        match does {
            Asks => self.boots.booted(client, now, idle),
            OpensAny => self.boots.opened(client, &program, None, now, idle),
            Opens(name) => {
                let image = image(name);
                self.boots.opened(client, &program, Some(&image), now, idle)
            }
        }
    }

    fn tell(&self, story: &str, steps: &[Step]) {
        for (number, (second, client, does, wanted)) in steps.iter().enumerate() {
            let boot = self.does(*second, client, *does, Firmware::Bios);
            let image = boot.and_then(|boot| boot.image);
            assert_eq!(
                image.as_deref(),
                *wanted,
                "{story}: step {number}, {does:?}"
            );
        }
    }
}

#[test]
fn stories() {
    let nobody = Client {
        ip: None,
        mac: None,
    };
    let stories: &[(&str, &[Step])] = &[
        ("nothing is known at first", &[(0, ip(1), Asks, None)]),
        (
            "the last image counts",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (1, ip(1), Asks, Some("x")),
                (2, ip(1), Opens("y"), Some("y")),
                (3, ip(1), Asks, Some("y")),
                (3, ip(2), Asks, None),
            ],
        ),
        (
            "a program from elsewhere changes no image",
            &[
                (0, ip(1), OpensAny, None),
                (1, ip(1), Opens("x"), Some("x")),
                (2, ip(1), OpensAny, Some("x")),
                (3, ip(1), Asks, Some("x")),
            ],
        ),
        (
            "silence of the whole time, and not of a second less",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (IDLE - 1, ip(1), Asks, Some("x")),
                (2 * IDLE - 2, ip(1), Asks, Some("x")),
                (3 * IDLE - 2, ip(1), Asks, None),
                (3 * IDLE - 1, ip(1), Asks, None),
            ],
        ),
        (
            "a program from elsewhere ends the silence too",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (IDLE - 1, ip(1), OpensAny, Some("x")),
                (2 * IDLE - 2, ip(1), Asks, Some("x")),
            ],
        ),
        (
            "after the silence a program from elsewhere brings nothing back",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (IDLE, ip(1), OpensAny, None),
                (IDLE + 1, ip(1), Asks, None),
            ],
        ),
        (
            "what was learnt under the address goes over to the card, and not back",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (1, both(1, 9), Asks, Some("x")),
                (2, mac(9), Asks, Some("x")),
                (3, both(2, 9), Asks, Some("x")),
                (4, both(1, 8), Asks, None),
            ],
        ),
        (
            "what went over was last heard of when it was heard of",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (IDLE, both(1, 9), Asks, None),
                (IDLE, ip(1), Asks, None),
            ],
        ),
        (
            "the card was not known for a while, and a program was opened meanwhile",
            &[
                (0, both(1, 9), Opens("x"), Some("x")),
                (1, ip(1), Opens("y"), Some("y")),
                (2, both(1, 9), Asks, Some("y")),
                (3, mac(9), Asks, Some("y")),
            ],
        ),
        (
            "an address that changes hands takes nothing along, and leaves nothing behind",
            &[
                (0, ip(1), Opens("x"), Some("x")),
                (1, both(2, 9), Opens("y"), Some("y")),
                (2, both(1, 9), Asks, Some("y")),
                (3, ip(3), Asks, None),
            ],
        ),
        (
            "one who has no address at all is not remembered",
            &[(0, nobody, Opens("x"), None), (1, nobody, Asks, None)],
        ),
    ];
    for (story, steps) in stories {
        Memory::of_at_most(10).tell(story, steps);
    }
}

/// To be asked about is to be heard of: whoever boots for a long time is not forgotten
/// because others begin.
#[test]
fn the_one_silent_longest_is_forgotten_first() {
    let memory = Memory::of_at_most(3);
    memory.tell(
        "three, then a fourth",
        &[
            (0, ip(1), Opens("x"), Some("x")),
            (1, ip(2), Opens("x"), Some("x")),
            (2, ip(3), Opens("x"), Some("x")),
            (3, ip(1), Asks, Some("x")),
            (4, ip(4), Opens("y"), Some("y")),
            (5, ip(2), Asks, None),
            (6, ip(1), Asks, Some("x")),
            (7, ip(3), Asks, Some("x")),
            (8, ip(4), Asks, Some("y")),
        ],
    );
    assert_eq!(memory.boots.len(), 3);
    let none = Memory::of_at_most(0);
    none.tell("no room", &[(0, ip(1), Opens("x"), None)]);
    assert!(none.boots.is_empty());
}

#[test]
fn the_silent_ones_are_thrown_out_all_at_once() {
    let memory = Memory::of_at_most(10);
    for number in 0..5 {
        memory.does(u64::from(number), &ip(number), Opens("x"), Firmware::Bios);
    }
    memory.does(IDLE, &ip(0), Asks, Firmware::Bios);
    assert_eq!(memory.boots.len(), 4, "the one that asked too late is gone");
    let idle = Duration::from_secs(IDLE);
    memory.boots.forget_idle(memory.at(IDLE + 2), idle);
    assert_eq!(memory.boots.len(), 2);
    memory.boots.forget_idle(memory.at(2 * IDLE), idle);
    assert!(memory.boots.is_empty());
}

#[test]
fn those_who_are_meant_are_forgotten() {
    let memory = Memory::of_at_most(10);
    memory.does(0, &both(1, 9), Opens("x"), Firmware::Bios);
    memory.does(0, &ip(2), Opens("x"), Firmware::Bios);
    memory.does(0, &ip(3), Opens("y"), Firmware::Uefi);
    // Now it is known under its card alone; where it was is not forgotten.
    memory.does(1, &mac(9), Asks, Firmware::Bios);
    memory
        .boots
        .forget(|client, boot| client.ip == ip(1).ip && boot.program.firmware == Firmware::Bios);
    memory.tell(
        "one is forgotten",
        &[
            (2, mac(9), Asks, None),
            (2, ip(2), Asks, Some("x")),
            (2, ip(3), Asks, Some("y")),
        ],
    );
}

#[test]
fn the_last_program_tells_the_firmware() {
    let memory = Memory::of_at_most(10);
    for (does, firmware) in [
        (OpensAny, Firmware::Uefi),
        (Opens("x"), Firmware::Bios),
        (OpensAny, Firmware::Uefi),
    ] {
        memory.does(0, &ip(1), does, firmware);
        let boot = memory.does(0, &ip(1), Asks, Firmware::Bios).unwrap();
        assert_eq!(boot.program.firmware, firmware);
    }
}

/// Two computers behind one address take turns quicker than one can start again.
#[test]
fn who_changes_quicker_than_a_computer_can_flips() {
    let flips = |seconds: &[u64]| {
        let memory = Memory::of_at_most(10);
        let images = ["x", "y"].iter().cycle();
        let opened = seconds.iter().zip(images).map(|(second, image)| {
            memory
                .does(*second, &ip(1), Opens(image), Firmware::Bios)
                .unwrap()
        });
        opened.map(|boot| boot.flips).collect::<Vec<_>>()
    };
    assert_eq!(flips(&[0, 1, 2, 3, 4]), [false, false, false, false, true]);
    assert_eq!(flips(&[0, 100, 200, 300, 400, 500]), [false; 6]);
    // The same program again and again is no change.
    let memory = Memory::of_at_most(10);
    for second in 0..20 {
        let boot = memory.does(second, &ip(1), Opens("x"), Firmware::Bios);
        assert!(!boot.unwrap().flips);
    }
}

/// One thing that happened, and when.
#[derive(Debug, Clone, Copy)]
struct Event {
    after: u64,
    client: Client,
    does: Does,
    firmware: Firmware,
}

/// What is remembered of one, as a naive reader of the list has it.
#[derive(Debug, Clone)]
struct Entry {
    key: Client,
    boot: Boot,
    last: u64,
    window: u64,
    changes: usize,
}

/// The naive reader: a list, the one silent longest first, and a clock.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<Entry>,
    most: usize,
    clock: u64,
}

/// The MAC alone if there is one, else the IP address alone.
fn key(client: &Client) -> Client {
    match client.mac {
        Some(_) => Client {
            ip: None,
            ..*client
        },
        None => *client,
    }
}

impl Model {
    /// What is remembered after all of these events: the answer to the last.
    fn replay(most: usize, events: &[Event]) -> (Option<Boot>, usize) {
        let mut model = Self {
            most,
            ..Self::default()
        };
        let mut answer = None;
        for event in events {
            answer = model.happens(event);
        }
        (answer, model.entries.len())
    }

    fn happens(&mut self, event: &Event) -> Option<Boot> {
        self.clock += event.after;
        let key = key(&event.client);
        let known = self.take(&event.client);
        let entry = match (known, event.does) {
            (None, Asks) => return None,
            (Some(known), _) => known,
            (None, _) => Entry {
                key,
                boot: Boot {
                    image: None,
                    program: Program::of(event.firmware),
                    flips: false,
                },
                last: self.clock,
                window: self.clock,
                changes: 0,
            },
        };
        let entry = self.changed(entry, event);
        let boot = entry.boot.clone();
        self.entries.push(entry);
        let too_many = self.entries.len().saturating_sub(self.most);
        self.entries.drain(..too_many);
        Some(boot).filter(|_| self.most > 0)
    }

    /// Takes out what is known of a client: under its card and under its address, the
    /// later of the two; nothing of it if that is too long ago.
    fn take(&mut self, client: &Client) -> Option<Entry> {
        let at = Client {
            mac: None,
            ..*client
        };
        let keys = [key(client), key(&at)];
        let (mut mine, others): (Vec<_>, Vec<_>) = self
            .entries
            .drain(..)
            .partition(|entry| keys.contains(&entry.key));
        self.entries = others;
        let last = mine.pop()?;
        let clock = self.clock;
        let known = Entry {
            key: key(client),
            ..last
        };
        (clock - known.last < IDLE).then_some(known)
    }

    fn changed(&self, entry: Entry, event: &Event) -> Entry {
        let mut entry = Entry {
            last: self.clock,
            ..entry
        };
        if event.does == Asks {
            return entry;
        }
        entry.boot.program = Program::of(event.firmware);
        let Opens(name) = event.does else {
            return entry;
        };
        if entry
            .boot
            .image
            .as_deref()
            .is_some_and(|other| other != name)
        {
            if self.clock - entry.window > QUICK {
                (entry.window, entry.changes) = (self.clock, 0);
            }
            entry.changes += 1;
            entry.boot.flips = entry.changes >= QUICK_CHANGES;
        }
        entry.boot.image = Some(image(name));
        entry
    }
}

fn event() -> impl Strategy<Value = Event> {
    let client = prop_oneof![
        (0..4_u8).prop_map(ip),
        (0..3_u8).prop_map(mac),
        (0..4_u8, 0..3_u8).prop_map(|(address, card)| both(address, card)),
    ];
    let does = prop_oneof![
        3 => Just(Asks),
        1 => Just(OpensAny),
        2 => prop_oneof![Just("x"), Just("y"), Just("z")].prop_map(Opens),
    ];
    let after = prop_oneof![4 => 1..5_u64, 2 => 5..QUICK, 1 => IDLE - 5..IDLE + 5];
    let firmware = prop_oneof![Just(Firmware::Bios), Just(Firmware::Uefi)];
    (after, client, does, firmware).prop_map(|(after, client, does, firmware)| Event {
        after,
        client,
        does,
        firmware,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_remembers_what_a_list_of_all_that_happened_says(
        most in 0..6_usize,
        events in vec(event(), 1..40),
    ) {
        let memory = Memory::of_at_most(most);
        let mut second = 0;
        for (number, event) in events.iter().enumerate() {
            second += event.after;
            let said = memory.does(second, &event.client, event.does, event.firmware);
            let (wanted, known) = Model::replay(most, &events[..=number]);
            prop_assert_eq!(said, wanted, "event {} of {:#?}", number, events);
            prop_assert_eq!(memory.boots.len(), known, "after event {}", number);
        }
    }
}
