//! Laws that hold for any requests of any clients, tried with random ones.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use winbootfs::journal::boot::{Boot, Ending, MOST_ENTRIES};
use winbootfs::journal::entry::{Entry, Outcome};
use winbootfs::journal::part::Part;
use winbootfs::journal::progress::Stage;
use winbootfs::journal::{Journal, MOST_EARLIER, Ticket, Who};

use crate::player::{asked, client, opened};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}

/// One of each kind, some in two spellings.
const NAMES: [&str; 24] = [
    "bootmgfw.efi",
    r"\bootmgfw.efi",
    "pxeboot.n12",
    "pxelinux.0",
    "wimboot",
    "undionly.kpxe",
    "bootmgr.exe",
    r"\Boot\BCD",
    r"\BCD",
    "/EFI/Microsoft/Boot/BCD",
    "/x/BCD",
    r"\Tmp\x.bcd",
    r"\Boot\boot.sdi",
    r"\sources\boot.wim",
    r"\SOURCES\boot.wim",
    "other.wim",
    "x.iso",
    r"\EFI\Microsoft\Boot\SiPolicy.p7b",
    r"\Boot\Fonts\wgl4_boot.ttf",
    "pxelinux.cfg/default",
    "EFI",
    "sources",
    "x.boot.var",
    "",
];

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => select(&NAMES[..]).prop_map(|name| name.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

/// What happens to a journal.
#[derive(Debug, Clone)]
enum Event {
    Missing(u8, Vec<u8>),
    Refused(u8, Vec<u8>),
    Opened(u8, Vec<u8>, u64),
    /// Any ticket that was ever given out, also of a miss, also twice.
    Closed(Index, Option<u64>),
    Read(Index, u64),
    Waits(u64),
    /// The clock of another thread.
    Back(u64),
    TakeEnded,
}

/// So many clients ask.
const CLIENTS: u8 = 4;

fn event() -> impl Strategy<Value = Event> {
    let who = || 0..CLIENTS;
    let read = || 0..1200_u64;
    prop_oneof![
        6 => (who(), name()).prop_map(|(who, name)| Event::Missing(who, name)),
        1 => (who(), name()).prop_map(|(who, name)| Event::Refused(who, name)),
        8 => (who(), name(), read()).prop_map(|(who, name, size)| Event::Opened(who, name, size)),
        6 => (any::<Index>(), proptest::option::of(read()))
            .prop_map(|(ticket, read)| Event::Closed(ticket, read)),
        1 => (any::<Index>(), read()).prop_map(|(ticket, read)| Event::Read(ticket, read)),
        3 => select(vec![20, 3_000, 6_000, 70_000, 2_000_000]).prop_map(Event::Waits),
        1 => (0..5_000_u64).prop_map(Event::Back),
        1 => Just(Event::TakeEnded),
    ]
}

/// The same without any bounds: a list for each client, and the tickets.
#[derive(Debug, Default)]
struct Reference {
    asked: BTreeMap<Who, Vec<(Vec<u8>, Kind)>>,
    tickets: Vec<Ticket>,
    open: Vec<Ticket>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Refused,
    Opened,
}

fn kind(outcome: &Outcome) -> Kind {
    match outcome {
        Outcome::Missing => Kind::Missing,
        Outcome::Refused(_) => Kind::Refused,
        Outcome::Opened(_) => Kind::Opened,
    }
}

/// A journal and its reference, to which the same happens.
#[derive(Debug)]
struct Twin {
    journal: Journal,
    reference: Reference,
    began: Instant,
    now: Instant,
    stages: HashMap<u64, Stage>,
}

impl Twin {
    fn new() -> Self {
        let now = Instant::now() + Duration::from_secs(1_000_000);
        Self {
            journal: Journal::default(),
            reference: Reference::default(),
            began: now,
            now,
            stages: HashMap::new(),
        }
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Missing(who, name) => drop(self.asks(*who, name, Outcome::Missing)),
            Event::Refused(who, name) => {
                self.asks(*who, name, Outcome::Refused("busy".into()));
            }
            Event::Opened(who, name, size) => {
                let ticket = self.asks(*who, name, Outcome::Opened(opened(*size)));
                self.reference.open.push(ticket);
            }
            Event::Closed(index, read) => self.closes(index, *read),
            Event::Read(index, read) => {
                let ticket = self.ticket(index);
                ticket.inspect(|ticket| self.journal.read(ticket, *read));
            }
            Event::Waits(millis) => self.now += Duration::from_millis(*millis),
            Event::Back(millis) => {
                let before = self.now - Duration::from_millis(*millis);
                self.now = before.max(self.began);
            }
            Event::TakeEnded => self.takes_ended(),
        }
    }

    /// Those that failed, each once.
    fn takes_ended(&self) {
        for (_, boot) in self.journal.take_ended(self.now) {
            let ending = boot.ending(self.now);
            let has_failed = !matches!(ending, Ending::Running | Ending::Done);
            assert!(has_failed, "{boot:?}");
        }
        assert!(self.journal.take_ended(self.now).is_empty());
    }

    fn asks(&mut self, who: u8, name: &[u8], outcome: Outcome) -> Ticket {
        let who = client(who);
        let list = self.reference.asked.entry(who.clone()).or_default();
        list.push((name.to_vec(), kind(&outcome)));
        let (news, ticket) = self.journal.asked(asked(&who, name, outcome), self.now);
        assert_eq!(news.who, who);
        assert_eq!(*news.entry.name, *name);
        assert_eq!(news.entry.part, Part::of(name));
        self.reference.tickets.push(ticket.clone());
        ticket
    }

    fn ticket(&self, index: &Index) -> Option<Ticket> {
        let tickets = &self.reference.tickets;
        (!tickets.is_empty()).then(|| index.get(tickets).clone())
    }

    fn closes(&mut self, index: &Index, read: Option<u64>) {
        let Some(ticket) = self.ticket(index) else {
            return;
        };
        let before = self.journal.size();
        let told = self.journal.closed(&ticket, read, self.now);
        let mut open = self.reference.open.iter();
        if let Some(at) = open.position(|open| *open == ticket) {
            self.reference.open.remove(at);
        }
        assert_eq!(self.journal.size(), before);
        assert!(told.is_none_or(|news| news.who == ticket.who));
    }

    fn boots(&self, who: &Who) -> Vec<Boot> {
        let history = self.journal.of(who).unwrap();
        history.boots().cloned().collect()
    }

    fn check(&mut self) {
        let all = self.journal.all();
        let size = self.journal.size();
        assert_eq!(size.clients, all.len());
        let boots = all.iter().flat_map(|(_, history)| history.boots());
        assert_eq!(size.requests, boots.map(Boot::len).sum::<usize>());
        for (_, history) in &all {
            assert!(history.earlier.len() <= MOST_EARLIER);
            for boot in history.boots() {
                self.check_boot(boot);
            }
        }
    }

    fn check_boot(&mut self, boot: &Boot) {
        assert!(boot.len() <= MOST_ENTRIES && !boot.is_empty());
        assert!(boot.misses <= boot.requests && boot.began <= boot.last);
        let numbers: Vec<u32> = boot.entries().map(|entry| entry.number).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        for entry in boot.entries() {
            assert_eq!(boot.entry(entry.number).map(|kept| &**kept), Some(entry));
        }
        let stage = boot.progress.stage;
        let before = self.stages.insert(boot.serial, stage).unwrap_or(stage);
        let again = (before, stage) == (Stage::Done, Stage::Image);
        assert!(stage >= before || again, "{before:?}, then {stage:?}");
        if stage < Stage::Image {
            assert!(
                boot.progress.lost.is_some()
                    || !matches!(
                        boot.ending(self.now),
                        Ending::Done | Ending::BrokenOff { .. } | Ending::Lost(_)
                    )
            );
        }
    }

    /// While nothing is forgotten, all that was asked for is kept, in its order, and each file
    /// that was not closed is open.
    fn is_like_the_reference(&self) {
        for (who, asked) in &self.reference.asked {
            let boots = self.boots(who);
            if boots.len() > MOST_EARLIER {
                continue;
            }
            let entries = boots.iter().rev().flat_map(Boot::entries);
            let kept: Vec<(Vec<u8>, Kind)> = entries.flat_map(each_time).collect();
            assert_eq!(&kept, asked);
            let open: u32 = boots.iter().map(|boot| boot.open).sum();
            let tickets = self.reference.open.iter();
            assert_eq!(
                open as usize,
                tickets.filter(|ticket| ticket.who == *who).count()
            );
            let requests: u32 = boots.iter().map(|boot| boot.requests).sum();
            assert_eq!(requests as usize, asked.len());
        }
    }
}

/// A request that was repeated, as often as it was.
fn each_time(entry: &Entry) -> impl Iterator<Item = (Vec<u8>, Kind)> + use<> {
    let (name, kind) = (entry.name.to_vec(), kind(&entry.outcome));
    (0..entry.times).map(move |_| (name.clone(), kind))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn whatever_happens_the_journal_keeps_its_bounds_and_its_count(events in vec(event(), 0..120)) {
        let mut twin = Twin::new();
        for event in &events {
            twin.happens(event);
            twin.check();
        }
        twin.is_like_the_reference();
    }

    #[test]
    fn any_bytes_are_a_name(name in vec(any::<u8>(), 0..60), often in 1..4_u32) {
        let mut twin = Twin::new();
        for _ in 0..often {
            twin.happens(&Event::Missing(1, name.clone()));
        }
        twin.check();
        twin.is_like_the_reference();
        let boot = &twin.boots(&client(1))[0];
        prop_assert_eq!(boot.len(), 1);
        prop_assert_eq!(boot.entries().next().unwrap().times, often);
    }
}

/// More than is kept: the first and the last stay.
#[test]
fn of_a_long_boot_the_first_and_the_last_requests_are_kept() {
    let mut twin = Twin::new();
    for number in 0..1_000_u32 {
        twin.happens(&Event::Missing(1, format!("name{number}").into_bytes()));
        twin.check();
    }
    let boot = &twin.boots(&client(1))[0];
    let names: Vec<&[u8]> = boot.entries().map(|entry| &*entry.name).collect();
    assert_eq!(names.len(), MOST_ENTRIES);
    assert_eq!((names[0], names[39]), (&b"name0"[..], &b"name39"[..]));
    assert_eq!((names[40], names[199]), (&b"name840"[..], &b"name999"[..]));
    assert_eq!(
        (boot.left_out(), boot.requests, boot.misses),
        (800, 1_000, 1_000)
    );
}

/// A ticket may outlive its request: of a boot that is forgotten, or left out in its middle.
#[test]
fn a_ticket_of_what_is_forgotten_does_nothing() {
    let mut twin = Twin::new();
    let first = twin.asks(1, b"a.efi", Outcome::Opened(opened(9)));
    twin.journal.closed(&first, None, twin.now);
    for _ in 0..MOST_EARLIER + 1 {
        twin.now += Duration::from_secs(60);
        let ticket = twin.asks(1, b"a.efi", Outcome::Opened(opened(9)));
        twin.journal.closed(&ticket, None, twin.now);
    }
    let before = twin.journal.of(&client(1)).unwrap();
    assert_eq!(twin.journal.closed(&first, Some(5), twin.now), None);
    twin.journal.read(&first, 7);
    let after = twin.journal.of(&client(1)).unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

/// Its file is closed all the same.
#[test]
fn a_ticket_of_a_request_that_was_left_out_closes_its_file() {
    let mut twin = Twin::new();
    for number in 0..50 {
        twin.happens(&Event::Missing(1, format!("name{number}").into_bytes()));
    }
    let ticket = twin.asks(1, b"x.iso", Outcome::Opened(opened(9)));
    for number in 0..300 {
        twin.happens(&Event::Missing(1, format!("other{number}").into_bytes()));
    }
    let boot = &twin.boots(&client(1))[0];
    assert_eq!((boot.open, boot.progress.stage), (1, Stage::Image));
    assert_eq!(twin.journal.closed(&ticket, Some(4), twin.now), None);
    let boot = &twin.boots(&client(1))[0];
    assert_eq!((boot.open, boot.progress.stage), (0, Stage::Done));
}
