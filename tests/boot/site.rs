//! A site: a network, a mount, its servers, two computers, and an image for each of them.
//!
//! Both images have the same names in them, so only a computer's address tells them
//! apart, or its choice.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::common::mounted::Mounted;
use crate::common::network::Network;
use crate::common::servers::{self, Missing, Server};
use crate::common::skip;
use crate::common::world::World;
use crate::menu::{Menu, menu};
use crate::programs::{font, store};
use crate::vm::{Computer, Firmware, Vm};

/// The images, in the order of a menu.
pub(crate) const IMAGES: [&str; 2] = ["ash", "birch"];

/// The image of everybody else. It must never be seen.
const DEFAULT: &str = "sycamore";

/// The entries of a menu: all images as they are configured. The menu stands at the default
/// one when it appears, so that is the first.
pub(crate) const ENTRIES: [&str; 3] = [DEFAULT, IMAGES[0], IMAGES[1]];

/// The computers; a rule gives each of them the image beside it in [`IMAGES`].
pub(crate) const COMPUTERS: [Computer; 2] = [
    Computer {
        cable: 0,
        number: 17,
    },
    Computer {
        cable: 1,
        number: 18,
    },
];

/// Files by their paths.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Emulated processors are hungry: one site at a time, with two computers at most.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What gives out the files.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Front {
    /// tftpd-hpa: the client is known by the process.
    TftpdHpa,
    /// dnsmasq with `tftp-unique-root=ip`: the client is known by the path.
    Dnsmasq,
    /// nginx with `$remote_addr`: the client is known by the path.
    Nginx,
}

/// A site that is up. The order of the fields is the one in which it goes down.
#[derive(Debug)]
pub(crate) struct Site {
    _servers: Vec<Server>,
    pub(crate) network: Network,
    pub(crate) mounted: Mounted,
    _world: World,
    _alone: MutexGuard<'static, ()>,
}

/// What a site is made from.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) front: Front,
    /// What DHCP announces, as dnsmasq's options.
    pub(crate) announce: &'a [&'a str],
    /// What lies at the root for everybody.
    pub(crate) base: Files,
    /// The boot programs of an image.
    pub(crate) programs: fn(&str) -> Result<Files, Missing>,
    /// The menu that lies there too.
    pub(crate) menu: Option<Menu>,
}

impl Plan<'_> {
    /// The site, or an aloud skip with the reason why there is none.
    pub(crate) fn build(&self) -> Option<Site> {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let network = skip::or_skip(Network::new(COMPUTERS.len()))?;
        let world = skip::or_skip(self.world())?;
        let mounted = Mounted::new(&world)?;
        let servers = skip::or_skip(self.servers(&network, &mounted))?;
        Some(Site {
            _servers: servers,
            network,
            mounted,
            _world: world,
            _alone: alone,
        })
    }

    fn world(&self) -> Result<World, Missing> {
        let mut world = World::new().base(&self.base).default_image(DEFAULT);
        for image in ENTRIES {
            let mut files = (self.programs)(image)?;
            files.push(("Boot/BCD".into(), store(image).into()));
            files.push(("Boot/Fonts/wgl4_boot.ttf".into(), font(image).into()));
            world = world.image(image, &files);
        }
        let rules = COMPUTERS.iter().zip(IMAGES);
        let world = rules.fold(world, |world, (computer, image)| {
            world.client(&computer.address(), image)
        });
        if let Some(kind) = self.menu {
            let text = menu(kind, &world.config_file());
            world.put(&format!("base/{}", kind.path()), text.as_bytes());
        }
        Ok(world)
    }

    fn servers(&self, network: &Network, mounted: &Mounted) -> Result<Vec<Server>, Missing> {
        let root = mounted.root().display();
        let mut dhcp = self.dhcp();
        let front = match self.front {
            Front::TftpdHpa => Some(servers::tftpd_hpa_in(network, mounted.root())?),
            Front::Nginx => {
                let line = format!("root {root}/clients/$remote_addr;");
                Some(servers::nginx_in(network, &line)?)
            }
            Front::Dnsmasq => {
                dhcp.extend(["--enable-tftp", "--tftp-unique-root=ip"].map(str::to_owned));
                dhcp.push(format!("--tftp-root={root}"));
                None
            }
        };
        let dhcp = servers::dhcp_in(network, &dhcp)?;
        Ok(front.into_iter().chain([dhcp]).collect())
    }

    /// Fixed addresses; and the words without which firmware waits: `PXEClient` ends
    /// iPXE's search for a second DHCP server, `HTTPClient` is what HTTP boot asks for,
    /// and the router's advertisement ends iPXE's search for IPv6.
    fn dhcp(&self) -> Vec<String> {
        let fixed = [
            "--dhcp-range=10.77.0.0,static",
            "--dhcp-range=fd77::,ra-only",
            "--enable-ra",
            "--dhcp-match=set:ipxe,175",
            "--dhcp-option-force=tag:ipxe,60,PXEClient",
            "--dhcp-vendorclass=set:http,HTTPClient",
            "--dhcp-option-force=tag:http,60,HTTPClient",
        ];
        let hosts = COMPUTERS.iter().map(|computer| {
            let (hardware, address) = (computer.hardware_address(), computer.address());
            format!("--dhcp-host={hardware},{address}")
        });
        let announced = self
            .announce
            .iter()
            .map(|boot| format!("--dhcp-boot={boot}"));
        let fixed = fixed.into_iter().map(str::to_owned);
        fixed.chain(hosts).chain(announced).collect()
    }
}

impl Site {
    /// Switches a computer on.
    pub(crate) fn boot(&self, computer: Computer, firmware: Firmware) -> Option<Vm> {
        skip::or_skip(Vm::boot(&self.network, computer, firmware))
    }
}

/// A site behind tftpd-hpa where everybody is announced a boot loader with this menu.
pub(crate) fn with_menu(
    kind: Menu,
    announce: &str,
    base: Result<Files, Missing>,
    programs: fn(&str) -> Result<Files, Missing>,
) -> Option<Site> {
    let plan = Plan {
        front: Front::TftpdHpa,
        announce: &[announce],
        base: skip::or_skip(base)?,
        programs,
        menu: Some(kind),
    };
    plan.build()
}

/// The lines of a transcript from the one that begins so, without empty ones.
pub(crate) fn lines_from(said: &str, begin: &str) -> Vec<String> {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let from = lines.skip_while(|line| !line.starts_with(begin));
    from.map(str::to_owned).collect()
}
