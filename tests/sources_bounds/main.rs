//! Damaged images, by the thousand, and ones made to be a burden: an error or data,
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
#![allow(
    dead_code,
    reason = "half of what is shared with the other tests of sources"
)]

mod burdens;
mod corpus;
mod everything;
#[path = "../sources/made.rs"]
mod made;
#[path = "../common/media.rs"]
mod media;
mod mutants;
mod rare;
#[path = "../common/skip.rs"]
mod skip;
mod templates;

#[path = "../common/turn.rs"]
mod turn;

use std::time::Duration;

use turn::Turn;

/// Processor time, and no measure of speed: a small image that takes so long has no end.
const HANGING: Duration = Duration::from_secs(2);
