//! Whose socket is whose: threads and sockets played through, with the truth known.
//!
//! The law: a thread's own socket is always possible for it. So a single possible one is
//! its own, and nobody is ever served as somebody else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use winbootfs::caller::claims::{Claims, Socket, Thread};

/// One thing that happens in a server. Threads are named by a small number, so that they
/// come together often.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A thread begins and connects its socket.
    Connects,
    /// The so-and-so-many-th living thread asks.
    Asks(usize),
    /// It closes its socket, and lives on for a moment.
    Closes(usize),
    /// It ends.
    Ends(usize),
    /// The list of threads is read.
    Counted,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Connects),
        4 => (0..6_usize).prop_map(Event::Asks),
        2 => (0..6_usize).prop_map(Event::Closes),
        2 => (0..6_usize).prop_map(Event::Ends),
        1 => Just(Event::Counted),
    ]
}

/// A server as it really is: its living threads, and the socket each still has open.
#[derive(Default)]
struct Server {
    began: i32,
    threads: BTreeMap<Thread, Option<Socket>>,
}

impl Server {
    fn open(&self) -> BTreeSet<Socket> {
        self.threads.values().copied().flatten().collect()
    }

    fn living(&self) -> BTreeSet<Thread> {
        self.threads.keys().copied().collect()
    }

    fn nth(&self, at: usize) -> Option<Thread> {
        let count = self.threads.len().max(1);
        self.threads.keys().nth(at % count).copied()
    }

    fn connects(&mut self) {
        self.began += 1;
        // Numbers of sockets say nothing about their order.
        let socket = u64::from(self.began.unsigned_abs()).wrapping_mul(7919) % 1009;
        self.threads.insert(self.began, Some(socket));
    }
}

/// Plays the events through; returns how often a thread was told apart from all others.
fn play(events: &[Event]) -> Result<usize, TestCaseError> {
    let mut server = Server::default();
    let mut claims = Claims::default();
    let mut decided = 0;
    for event in events {
        match *event {
            Event::Connects => server.connects(),
            Event::Asks(at) => {
                let Some(thread) = server.nth(at) else {
                    continue;
                };
                let Some(own) = server.threads[&thread] else {
                    continue;
                };
                let possible = claims.ask(thread, &server.open());
                claims.living(&server.living());
                prop_assert!(possible.contains(&own), "{thread} lost {own}: {possible:?}");
                decided += usize::from(possible.len() == 1);
            }
            Event::Closes(at) => {
                if let Some(thread) = server.nth(at) {
                    server.threads.insert(thread, None);
                }
            }
            Event::Ends(at) => {
                if let Some(thread) = server.nth(at) {
                    server.threads.remove(&thread);
                }
            }
            Event::Counted => claims.living(&server.living()),
        }
    }
    Ok(decided)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn its_own_socket_is_always_possible_for_a_thread(
        events in proptest::collection::vec(event(), 0..60)
    ) {
        play(&events)?;
    }
}

/// The law would hold if nobody were ever told apart: so somebody must be.
#[test]
fn threads_that_come_one_after_the_other_are_told_apart() {
    let turns = (0..20).flat_map(|_| [Event::Connects, Event::Asks(5)]);
    let events: Vec<Event> = turns.collect();
    assert!(play(&events).unwrap() >= 5);
}
