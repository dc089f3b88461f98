//! The tree without a kernel: names, aliases, clients, layers, changes, laws.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod aliases;
mod boots;
mod choice;
mod claims;
mod clients;
mod config;
mod crowd;
mod dropped;
mod events;
mod follow;
mod kept;
mod laws;
mod layers;
mod leases;
mod live;
mod live_world;
mod meanwhile;
mod names;
mod nodes;
mod once;
mod promised;
mod said;
mod security;
mod seen;
mod sources;
mod stores;
mod traces;

use promised::events_promised;
