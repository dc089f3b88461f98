//! The real program on a real kernel, behind real servers, asked by real clients.
//!
//! `servers` one row of the README's table each; `mixup` that no client ever sees a byte
//! of another's image; `traces` real boots through real servers; `kernel` what Linux makes
//! of our answers; `live` that changes show and transfers keep what they began with; `passed`
//! that the kernel reads files itself; `load` many clients at once; `leases` and `neighbours` from
//! an address to a MAC, by a real dnsmasq and by the kernel; `journal` what is told of boots.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod boots;
mod follow;
mod journal;
mod kernel;
mod leases;
mod live;
mod load;
mod mixup;
mod neighbours;
mod passed;
mod servers;
mod site;
mod sources;
mod traces;
