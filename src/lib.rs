//! winbootfs: a read-only file system that makes any TFTP or HTTP server a host for many
//! Windows boot images.
//!
//! # The house
//!
//! Imports only go down, and in one row to the right. Everything below the doors knows no
//! kernel, no clock and no threads, and is tested without a mount.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `main`, [`cmd`], [`cli`] | what the operator types, and one file for each command |
//! | [`service`] | signals, reload, readiness: the life of the daemon |
//! | [`doctor`] | what is to be mended on the machine around the mount |
//! | [`control`] | what commands ask the daemon |
//! | [`web`] | the page; the only room with an async runtime |
//! | [`chronicle`] | what the log says of boots |
//! | [`menu`] | menus for pxelinux, iPXE and GRUB |
//! | [`reporter`] | what the daemon says of itself, made when somebody asks |
//! | [`watchers`] | those who watch the journal live |
//! | [`advice`] | what the operator is told: first steps, and what a server needs |
//! | [`watch`] | events from the disk, and what they make stale |
//! | [`rounds`] | looks after sources of which no event tells |
//! | [`fuse`] | the door to the kernel; the only room that names `fuser` |
//! | [`witness`] | from what the kernel asks to the journal |
//! | [`transfers`], [`position`] | boot images on their way, and how far a server has read them |
//! | [`caller`], [`cards`] | from a process to the client it serves, and to its network card |
//! | [`diagnosis`] | why a boot does not go on, and what to do |
//! | [`seen`] | an image through the eyes of a boot manager |
//! | [`tally`] | counts of boots, and what the operator was told last |
//! | [`tree`] | the answer to every name |
//! | [`catalog`] | all images, the base and the rules, at one moment |
//! | [`openings`], [`once`] | files about to be opened, and files that end a rule |
//! | [`metrics`] | what a running daemon says of itself, for Prometheus |
//! | [`status`] | what a running daemon says of itself, as data |
//! | [`journal`] | what each client asked for, and how far its boot is |
//! | [`choice`] | who gets which image, and why |
//! | [`boots`] | what each client booted last |
//! | [`nodes`] | the numbers that the kernel holds |
//! | [`holds`] | the files that were looked up last, still in hand |
//! | [`way`] | from the root of a view to a folder |
//! | [`view`] | an image over the base |
//! | [`stores`] | the boot configuration that a client gets |
//! | [`image`], [`alias`] | layers and expected names as one tree |
//! | [`inside`] | what a boot.wim holds for network booting |
//! | [`layer`], [`index`] | one source with its folders indexed by folded name |
//! | [`expected`] | what a boot needs, one way to boot by another |
//! | [`failure`] | why a command ended badly, and its exit code |
//! | [`config`] | what `mounts.toml` says, checked |
//! | [`source`] | bytes and stored names, nothing about case |
//! | [`wim`] | images inside a boot.wim, and how they are compressed |
//! | [`bcd`] | boot configuration stores: what they say, what is wrong with them, and how they are made |
//! | [`servers`] | what each known server needs, line by line |
//! | [`leases`], [`neighbours`] | from an IP address to a MAC |
//! | [`limit`] | so many lines a while, and no more |
//! | [`client`], [`program`], [`error`], [`read`], [`name`], [`address`] | the ground floor |
//!
//! # Words
//!
//! - *image*: one bootable set of files, made of *layers*, each from a *source*.
//! - *base*: the files that were on the server before, shown beneath.
//! - *folded*: in the form in which names are compared.
//! - *alias*: a name that an image has besides its stored ones.
//! - *client*: the computer that boots; *caller*: the server process that asks for it.
//! - *place*: what a number of the kernel stands for.
//! - *belief*: how long the kernel may go without asking again.

pub mod address;
pub mod advice;
pub mod alias;
pub mod bcd;
pub mod boots;
pub mod caller;
pub mod cards;
pub mod catalog;
pub mod choice;
pub mod chronicle;
pub mod cli;
pub mod client;
pub mod cmd;
pub mod config;
pub mod control;
pub mod diagnosis;
pub mod doctor;
pub mod error;
pub mod expected;
pub mod failure;
pub mod fuse;
pub mod holds;
pub mod image;
pub mod index;
pub mod inside;
pub mod journal;
pub mod layer;
pub mod leases;
pub mod limit;
pub mod menu;
pub mod metrics;
pub mod name;
pub mod neighbours;
pub mod nodes;
pub mod once;
pub mod openings;
pub mod position;
pub mod program;
pub mod read;
pub mod reporter;
pub mod rounds;
pub mod seen;
pub mod servers;
pub mod service;
pub mod source;
pub mod status;
pub mod stores;
pub mod tally;
pub mod transfers;
pub mod tree;
pub mod view;
pub mod watch;
pub mod watchers;
pub mod way;
pub mod web;
pub mod wim;
pub mod witness;

pub use error::Error;
