//! The boot journal without a kernel and without a clock: what it makes of the boots that
//! were seen, where one boot ends and the next begins, and laws that hold for any requests.
//! And how it is talked of on the socket of a daemon.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod diagnosis;
mod endings;
mod histories;
mod laws;
mod loaders;
mod parts;
mod player;
mod seen;
mod talk;
mod transfers;

use common::traces;
