//! Damaged WIMs, by the thousand, and ones made to be a burden: an error or the right
//! bytes, without a panic, and never more than 64 MiB of memory.
//!
//! A test binary of its own, for it counts every byte that is allocated; its tests take
//! turns for the same reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(
    dead_code,
    reason = "half of what is shared with the other tests of WIMs"
)]

#[path = "../wim/encoders.rs"]
mod encoders;
#[path = "../wim/everything.rs"]
mod everything;
#[path = "../wim/made.rs"]
mod made;
#[path = "../wim/noise.rs"]
mod noise;
#[path = "../common/skip.rs"]
mod skip;
#[path = "../wim/sources.rs"]
mod sources;

mod burdens;
mod corpus;
mod kept;
mod mutants;

#[path = "../common/turn.rs"]
mod turn;

use turn::Turn;
