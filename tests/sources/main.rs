//! What every source owes, whatever it is; and ISO images, which are made here by the
//! usual programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "not all of it is for every test")]
#[path = "../common/media.rs"]
mod media;
#[path = "../common/skip.rs"]
mod skip;
#[allow(dead_code, reason = "not all of it is for every test")]
#[path = "../common/wims.rs"]
mod wims;

mod contract;
mod damage;
mod kinds;
mod large;
mod live;
mod made;
mod names;
mod progress;
mod wim;
