//! Damaged stores, by the thousand, and ones made to be a burden: an error or a store,
//! without a panic or an end that never comes, and never more than 64 MiB of memory.
//!
//! A test binary of its own, for it counts every byte that is allocated; its tests take
//! turns for the same reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod burdens;
#[path = "../bcd/cells.rs"]
#[allow(
    dead_code,
    reason = "some of what is shared with the other tests of stores"
)]
mod cells;
mod corpus;
#[path = "../bcd/everything.rs"]
mod everything;
#[path = "../bcd/made.rs"]
#[allow(
    dead_code,
    reason = "some of what is shared with the other tests of stores"
)]
mod made;
mod mutants;
#[path = "../wim/noise.rs"]
#[allow(dead_code, reason = "half of what is shared with the tests of WIMs")]
mod noise;
mod templates;

#[path = "../common/turn.rs"]
mod turn;

use std::time::Duration;

use turn::Turn;

/// Processor time, and no measure of speed: a small file that takes so long has no end.
/// The tests are built without optimization, with which it is a tenth.
const HANGING: Duration = Duration::from_secs(10);
