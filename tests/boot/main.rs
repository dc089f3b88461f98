//! Real firmware in a virtual machine boots real network boot programs through a mount.
//!
//! Each computer has its serial line read by the test: what a boot program prints there
//! says which image it came from, and which image answered when it asked for
//! `\Boot\BCD`. `site` the network, the mount and the servers; `vm` one computer; `tools`
//! firmware and boot programs as they come; `programs` those that the tests make;
//! `menu` the menus. Then the boots: `bios`, `uefi`, and `follow`, where the menu decides.
//!
//! Without KVM: the processor is emulated, so that this runs on any machine. BIOS takes
//! three seconds to its boot program and UEFI ten.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod bios;
mod follow;
mod menu;
mod programs;
mod site;
mod tools;
mod uefi;
mod vm;
