//! The page and the metrics: over HTTP as programs ask, and in a browser as people do.
//!
//! `played` is a daemon that says whatever a test wants; `answers` what is answered to which
//! request; `guarded` who is refused; `bounds` what those can do who mean harm; `metrics` what
//! Prometheus reads; `page` what a person sees and does; `daemon` the real program; `boots` three
//! computers that boot meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod boots;
mod bounds;
mod daemon;
mod guarded;
mod metrics;
mod page;
mod played;
