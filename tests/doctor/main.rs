//! `doctor`: what each server is set up to do, what follows from what a machine shows, and
//! the real command on real servers over a real mount.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod advised;
mod alone;
mod bounds;
mod broken;
mod case;
mod disk;
mod firewall;
mod hosts;
mod judged;
mod lines;
mod machine;
mod named;
mod odd;
mod options;
mod report;
mod tftp;
