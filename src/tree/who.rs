//! Who asks, and what they look at: from an address, or from the sockets of the asking
//! process, to the image.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::place::Sight;
use crate::address::{Address, Mac};
use crate::boots::{Boot, Boots};
use crate::catalog::Catalog;
use crate::choice::{Decision, Peers, Ruling};
use crate::client::{Client, Macs};
use crate::config::ImageName;
use crate::error::Error;
use crate::openings::BootProgram;
use crate::program::Program;

/// Who asks. Looked at only where the answer depends on it: finding out takes a while.
pub trait Asking {
    /// The thread that asks: what it looks up now it perhaps opens next.
    fn thread(&self) -> u32;

    /// The clients that the asking process talks to.
    fn peers(&self) -> Peers;

    /// The network card that has an IP address at present, if that is known.
    fn mac_of(&self, address: IpAddr) -> Option<Mac>;

    /// Whether it serves one client alone, also where it cannot be told which of several.
    fn serves_one(&self) -> bool {
        false
    }

    /// When it asks.
    fn now(&self) -> Now;
}

/// A moment, on the clock that never jumps and on the one on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For how long something is ago.
    pub steady: Instant,
    /// For what was written down as a date.
    pub wall: SystemTime,
}

impl Now {
    /// This moment.
    pub fn read() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}

/// A client that is named, instead of found out from a process.
#[derive(Debug)]
pub struct Named<'a> {
    client: Option<Address>,
    macs: &'a dyn Macs,
}

impl<'a> Named<'a> {
    /// The client at an address, or nobody.
    pub fn new(client: Option<Address>, macs: &'a dyn Macs) -> Self {
        Self { client, macs }
    }
}

impl Asking for Named<'_> {
    fn thread(&self) -> u32 {
        0
    }

    fn peers(&self) -> Peers {
        match self.client {
            Some(Address::Ip(address)) => Peers::These(vec![address]),
            Some(Address::Mac(_)) | None => Peers::Nobody,
        }
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        self.macs.mac_of(address)
    }

    fn now(&self) -> Now {
        Now::read()
    }
}

/// What the opening of a file means for the choice of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choosing {
    /// Nothing.
    Nothing,
    /// This client boots; what is now remembered of it.
    Booted(Address, Boot),
    /// Somebody chooses an image, and it cannot be told who.
    Unknown,
}

/// One request, and everything that tells who makes it.
#[derive(Clone)]
pub(super) struct Who<'a> {
    pub(super) catalog: Arc<Catalog>,
    pub(super) boots: &'a Boots,
    pub(super) asking: &'a dyn Asking,
}

impl Who<'_> {
    /// The client at an address. Its MAC is looked for only where it could decide.
    pub(super) fn client(&self, address: &Address) -> Client {
        let client = Client::at(address);
        match self.catalog.wants_macs() {
            true => client.with_mac(|ip| self.asking.mac_of(ip)),
            false => client,
        }
    }

    /// What the client at an address gets.
    pub(super) fn decide(&self, address: &Address) -> Decision {
        let client = self.client(address);
        let booted = self.booted(&client);
        let choice = self.catalog.choice();
        choice.decide(&client, booted.as_ref(), self.asking.now().wall)
    }

    /// The image that a client chose by what it booted.
    pub(super) fn booted(&self, client: &Client) -> Option<ImageName> {
        if self.boots.is_empty() {
            return None;
        }
        let (now, idle) = (self.asking.now().steady, self.idle());
        self.boots.booted(client, now, idle)?.image
    }

    /// A boot program is opened: its client has chosen. Several clients behind one process
    /// cannot be told apart, and so none of them has.
    pub(super) fn opens(&self, program: &BootProgram) -> Choosing {
        // Whose choice of an image it is was found out at the look-up. To ask once more would
        // take time, and could name another: a server's clients come and go.
        let chooses = program.image.is_some();
        let asked = || (!chooses).then(|| self.only_peer()).flatten();
        let Some(address) = program.client.or_else(asked) else {
            return match chooses {
                true => Choosing::Unknown,
                false => Choosing::Nothing,
            };
        };
        let (client, now) = (self.client(&address), self.asking.now().steady);
        let image = program.image.as_ref();
        let boot = self
            .boots
            .opened(&client, &program.program, image, now, self.idle());
        boot.map_or(Choosing::Nothing, |boot| Choosing::Booted(address, boot))
    }

    /// The rule that ends once a client has read the boot image whole, where such a rule
    /// gives it what it is about to read.
    pub(super) fn once(&self, client: Option<&Address>) -> Option<Arc<Ruling>> {
        let address = client.copied().or_else(|| self.only_peer())?;
        let client = self.client(&address);
        let rule = self
            .catalog
            .choice()
            .rule(&client, self.asking.now().wall)?;
        rule.once.then_some(rule)
    }

    /// What those who could be asking look at, each once.
    pub(super) fn sights(&self) -> Result<Vec<Sight>, Error> {
        let choice = self.catalog.choice();
        if choice.has_no_rules() && self.boots.is_empty() {
            return Ok(vec![Sight::over_base(choice.by_default().image)]);
        }
        let images: BTreeSet<Option<ImageName>> = match self.asking.peers() {
            Peers::Nobody => [choice.by_default().image].into(),
            Peers::These(peers) => {
                let peers = peers.into_iter().map(Address::ip);
                peers.map(|peer| self.decide(&peer).image).collect()
            }
            Peers::Hidden(_) => return Err(Error::Undecided),
        };
        Ok(images.into_iter().map(Sight::over_base).collect())
    }

    /// The boot program that whoever asks has opened. None where nothing is known of them; and
    /// for a server that shares its work between clients who booted different ones. One that
    /// does not is asked to try again.
    pub(super) fn program(&self, client: Option<&Address>) -> Result<Option<Program>, Error> {
        if self.boots.is_empty() {
            return Ok(None);
        }
        if let Some(client) = client {
            return Ok(self.program_of(client));
        }
        let Peers::These(peers) = self.asking.peers() else {
            return Ok(None);
        };
        let programs = peers
            .into_iter()
            .map(|peer| self.program_of(&Address::ip(peer)));
        let programs: BTreeSet<Option<Program>> = programs.collect();
        match programs.len() {
            0 | 1 => Ok(programs.into_iter().next().flatten()),
            _ if self.asking.serves_one() => Err(Error::Undecided),
            _ => Ok(None),
        }
    }

    fn program_of(&self, address: &Address) -> Option<Program> {
        let (now, idle) = (self.asking.now().steady, self.idle());
        let boot = self.boots.booted(&self.client(address), now, idle);
        boot.map(|boot| boot.program)
    }

    /// The client that is about to choose. A server that shares its work between clients
    /// without a word chooses for none of them, as ever; one that does not is asked to try
    /// again.
    pub(super) fn chooser(&self) -> Result<Option<Address>, Error> {
        match self.asking.peers() {
            Peers::These(peers) if peers.len() > 1 && self.asking.serves_one() => {
                Err(Error::Undecided)
            }
            _ => Ok(self.only_peer()),
        }
    }

    fn only_peer(&self) -> Option<Address> {
        match self.asking.peers() {
            Peers::These(peers) => match peers.as_slice() {
                [only] => Some(Address::ip(*only)),
                _ => None,
            },
            Peers::Nobody | Peers::Hidden(_) => None,
        }
    }

    fn idle(&self) -> std::time::Duration {
        self.catalog.config().follow_idle
    }
}
