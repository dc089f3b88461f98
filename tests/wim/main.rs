//! The WIM reader, on WIMs that wimlib makes here, and on ones made byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/skip.rs"]
mod skip;

mod contents;
mod damage;
mod encoders;
mod large;
mod laws;
mod made;
mod medium;
mod noise;
mod refused;
mod sources;
mod text;
