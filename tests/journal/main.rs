//! The boot journal without a kernel and without a clock: what it makes of the boots that
//! were seen, where one boot ends and the next begins, and laws that hold for any requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod endings;
mod histories;
mod laws;
mod loaders;
mod parts;
mod player;
mod seen;
#[path = "../common/traces.rs"]
#[allow(
    dead_code,
    reason = "some of what is shared with the tests of the tree"
)]
mod traces;
