//! The process behind a request of the kernel.

use std::cell::OnceCell;
use std::net::IpAddr;

use fuser::Request;

use crate::address::Mac;
use crate::caller::Callers;
use crate::choice::Peers;
use crate::client::Macs;
use crate::tree::{Asking, Now};
use crate::witness;

/// The process behind a request; looked at once, and only if the tree wants to know.
pub(super) struct Caller<'a> {
    callers: &'a Callers,
    macs: &'a dyn Macs,
    pub(super) thread: u32,
    peers: OnceCell<Peers>,
}

impl<'a> Caller<'a> {
    /// The one behind this request.
    pub(super) fn of(request: &Request, callers: &'a Callers, macs: &'a dyn Macs) -> Self {
        Self {
            callers,
            macs,
            thread: request.pid(),
            peers: OnceCell::new(),
        }
    }
}

impl Asking for Caller<'_> {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn peers(&self) -> Peers {
        let look = || self.callers.peers(self.thread);
        self.peers.get_or_init(look).clone()
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        self.macs.mac_of(address)
    }

    fn serves_one(&self) -> bool {
        self.callers.serves_one(self.thread)
    }

    fn now(&self) -> Now {
        Now::read()
    }
}

impl witness::Caller for Caller<'_> {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn known_peers(&self) -> Option<Peers> {
        self.peers.get().cloned()
    }

    fn peers(&self) -> Peers {
        Asking::peers(self)
    }

    fn serves_one(&self) -> bool {
        Asking::serves_one(self)
    }
}
