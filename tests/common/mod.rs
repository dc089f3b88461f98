//! The vocabulary of the tests: worlds, mounts, networks, stock servers, clients, waiting.
//!
//! Included by every test binary; none uses all of it.
#![allow(dead_code)]

pub(crate) mod crowd;
pub(crate) mod http;
pub(crate) mod layouts;
pub(crate) mod media;
pub(crate) mod mounted;
pub(crate) mod netns;
pub(crate) mod network;
pub(crate) mod sealed;
pub(crate) mod servers;
pub(crate) mod skip;
pub(crate) mod status;
pub(crate) mod stores;
pub(crate) mod tftp;
pub(crate) mod traces;
pub(crate) mod wait;
pub(crate) mod webdriver;
pub(crate) mod wims;
pub(crate) mod world;
