//! How much of a boot image was read by the time it was closed, from looks now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winbootfs::journal::entry::Outcome;
use winbootfs::journal::{Asked, Journal, Ticket, Who};
use winbootfs::transfers::Transfers;

const SIZE: u64 = 400_000_000;

fn ticket() -> Ticket {
    let asked = Asked {
        who: Who::Server("in.tftpd".into()),
        server: Arc::from("in.tftpd[1]"),
        name: (*b"boot.wim").into(),
        outcome: Outcome::Missing,
    };
    Journal::default().asked(asked, Instant::now()).1
}

/// What is known of a transfer of so many bytes that was looked at then, and closed then.
fn known(size: u64, looks: &[(u64, u64)], closed_ms: u64) -> Option<u64> {
    let (transfers, ticket, began) = (Transfers::default(), ticket(), Instant::now());
    let at = |ms| began + Duration::from_millis(ms);
    transfers.begin(ticket.clone(), 1, 1, size, began);
    for (ms, place) in looks {
        transfers.seen(&ticket, *place, at(*ms));
    }
    transfers.end(&ticket, at(closed_ms))
}

#[test]
fn what_may_have_come_to_its_end_is_not_known() {
    for (looks, closed_ms) in [
        // Never looked at, or by a server that does not move the place.
        (&[][..], 3_000),
        (&[(2_000, 0)], 3_000),
        // At the usual speed, with the last look up to two seconds ago.
        (&[(2_000, 250_000_000)], 3_300),
        (&[(2_000, 130_000_000), (4_000, 260_000_000)], 5_990),
        // Looked at when it had hardly begun; what followed was as fast as a network is.
        (&[(10, 1456)], 1_500),
        (&[(200, 65_536)], 2_000),
        // It stood still, and then went on.
        (&[(2_000, 390_000_000), (30_000, 391_000_000)], 31_000),
    ] {
        assert_eq!(
            known(SIZE, looks, closed_ms),
            None,
            "{looks:?}, {closed_ms}"
        );
    }
}

#[test]
fn what_was_seen_at_its_end_is_whole() {
    assert_eq!(known(SIZE, &[(2_000, SIZE)], 60_000), Some(SIZE));
    assert_eq!(known(SIZE, &[(10, SIZE)], 11), Some(SIZE));
}

#[test]
fn what_ended_too_soon_is_broken_off() {
    for (looks, closed_ms, read) in [
        (&[(2_000, 20_000_000)][..], 4_000, 20_000_000),
        (
            &[(2_000, 20_000_000), (4_000, 40_000_000)],
            5_900,
            40_000_000,
        ),
        // The first second is no measure, but a moment is too short for any network.
        (&[(500, 50_000_000)], 510, 50_000_000),
    ] {
        assert_eq!(known(SIZE, looks, closed_ms), Some(read), "{looks:?}");
    }
}

/// A HEAD, or a transfer that is broken off behind its first answer.
#[test]
fn a_look_at_the_size_is_nothing_read() {
    assert_eq!(known(SIZE, &[], 5), Some(0));
    assert_eq!(known(1_000_000, &[], 0), None, "that may be in the buffers");
}
