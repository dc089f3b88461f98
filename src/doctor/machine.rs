//! What the machine shows: processes, sockets, mounts, folders, rules of a firewall.
//!
//! The thin part of the doctor. Each file has a parser that is pure and a few lines that
//! read what is parsed; what it means is for [`crate::doctor::judge`]. Nothing is written,
//! and nothing is waited for without an end.

pub mod above;
pub mod beneath;
pub mod commands;
pub mod daemon;
pub mod firewall;
pub mod idle;
pub mod kernel;
pub mod mount;
pub mod process;
pub mod server;
pub mod sockets;
pub mod view;
