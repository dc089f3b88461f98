//! A menu decides: the client gets the image whose boot program it opened last.

use std::cell::Cell;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use winbootfs::Error;
use winbootfs::address::{Address, Mac};
use winbootfs::boots::Boot;
use winbootfs::catalog::Catalog;
use winbootfs::choice::Peers;
use winbootfs::nodes::ROOT;
use winbootfs::program::Firmware;
use winbootfs::tree::{Asking, Belief, Choosing, Now, Tree};

use crate::common::world::{Unseen, World, surroundings};

const MAC: &str = "52:54:00:00:00:01";

/// A server that works for clients, on a thread, at some time.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    peers: Vec<IpAddr>,
    thread: u32,
    serves_one: bool,
    cards: Vec<(IpAddr, Mac)>,
    steady: Instant,
    wall: SystemTime,
}

impl Server {
    pub(crate) fn of(clients: &[&str]) -> Self {
        Self {
            peers: clients
                .iter()
                .map(|client| client.parse().unwrap())
                .collect(),
            thread: 1,
            serves_one: false,
            cards: Vec::new(),
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn later(&self, by: Duration) -> Self {
        Self {
            steady: self.steady + by,
            wall: self.wall + by,
            ..self.clone()
        }
    }

    pub(crate) fn on_thread(&self, thread: u32) -> Self {
        Self {
            thread,
            ..self.clone()
        }
    }

    /// It works for one client at a time, whichever that is.
    pub(crate) fn serving_one(&self) -> Self {
        Self {
            serves_one: true,
            ..self.clone()
        }
    }

    /// This address has this network card.
    pub(crate) fn with_card(&self, address: &str, mac: &str) -> Self {
        let Some(Address::Mac(mac)) = Address::parse(mac.as_bytes()) else {
            panic!("{mac}");
        };
        Self {
            cards: vec![(address.parse().unwrap(), mac)],
            ..self.clone()
        }
    }
}

impl Asking for Server {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn peers(&self) -> Peers {
        match self.peers.as_slice() {
            [] => Peers::Nobody,
            peers => Peers::These(peers.to_vec()),
        }
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        let card = self.cards.iter().find(|(known, _)| *known == address);
        card.map(|(_, mac)| *mac)
    }

    fn serves_one(&self) -> bool {
        self.serves_one
    }

    fn now(&self) -> Now {
        Now {
            steady: self.steady,
            wall: self.wall,
        }
    }
}

/// What a server does: looks each part up, then opens.
pub(crate) fn open(tree: &Tree, server: &dyn Asking, name: &str) -> Result<String, Error> {
    let id = look_up(tree, server, name)?.0;
    tree.opens(id, server);
    read(tree, id)
}

/// The number, and how long the last step may be believed.
pub(crate) fn look_up(
    tree: &Tree,
    server: &dyn Asking,
    name: &str,
) -> Result<(u64, Belief), Error> {
    let mut parts = name.split('/').filter(|part| !part.is_empty());
    parts.try_fold((ROOT, Belief::UntilChanged), |(parent, _), part| {
        let answer = tree.lookup(parent, part.as_bytes(), server);
        Ok((answer.found?.id, answer.belief))
    })
}

fn read(tree: &Tree, id: u64) -> Result<String, Error> {
    let file = tree.open(id)?;
    let mut buffer = [0; 64];
    let count = file.read_at(&mut buffer, 0).unwrap();
    Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
}

fn booted(choosing: Choosing) -> (Address, Boot) {
    match choosing {
        Choosing::Booted(address, boot) => (address, boot),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn bcd(tree: &Tree, server: &dyn Asking) -> String {
    let asked = open(tree, server, r"\Boot\BCD");
    asked.unwrap_or_else(|error| format!("<{error:?}>"))
}

/// Three images with everything, a menu in the base, and the default.
fn site() -> World {
    let world = World::new()
        .default_image("x")
        .base(&[("pxelinux.0", "base")]);
    ["x", "y", "z"].iter().fold(world, |world, image| {
        world.image(
            image,
            &[
                ("Boot/BCD", *image),
                ("Boot/pxeboot.n12", "program"),
                ("Boot/bootmgr.exe", "manager"),
                ("EFI/Boot/bootx64.efi", "program"),
                ("sources/boot.wim", "four"),
                ("Boot/notes.txt", "text"),
            ],
        )
    })
}

#[test]
fn the_image_whose_boot_program_was_opened_last_decides() {
    let world = site();
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]);
    assert_eq!(bcd(tree, &client), "x", "the default");
    for (name, image) in [
        ("images/y/Boot/pxeboot.n12", "y"),
        ("images/z/pxeboot.0", "z"),
        (r"\images\Y\boot\PXEBOOT.N12", "y"),
        ("images/z/EFI/Boot/bootx64.efi", "z"),
        ("images/y/bootmgr.exe", "y"),
        ("images/z/bootmgfw.efi", "z"),
        ("clients/10.0.0.5/images/y/Boot/pxeboot.n12", "y"),
        ("10.0.0.5/images/z/Boot/pxeboot.n12", "z"),
        ("0A000005/images/y/Boot/pxeboot.n12", "y"),
        ("::ffff:10.0.0.5/images/z/Boot/pxeboot.n12", "z"),
    ] {
        open(tree, &client, name).unwrap();
        assert_eq!(bcd(tree, &client), image, "{name}");
        for path in ["clients/10.0.0.5", "10.0.0.5", "0a000005"] {
            let asked = open(tree, &Server::of(&[]), &format!("{path}/boot/bcd"));
            assert_eq!(asked.unwrap(), image, "{path} after {name}");
        }
    }
    assert_eq!(bcd(tree, &Server::of(&["10.0.0.6"])), "x", "another client");
    assert_eq!(bcd(tree, &Server::of(&[])), "x", "nobody");
}

#[test]
fn nothing_else_chooses() {
    let world = site();
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]);
    for name in [
        "images/y/Boot/BCD",
        "images/y/sources/boot.wim",
        "images/y/Boot/notes.txt",
        "pxelinux.0",
        "Boot/pxeboot.n12",
        "clients/10.0.0.6/images/y/Boot/pxeboot.n12",
    ] {
        open(tree, &client, name).unwrap();
        assert_eq!(bcd(tree, &client), "x", "{name}");
    }
    // To look is not to open: `stat`, `find` and dnsmasq's test for a folder.
    look_up(tree, &client, "images/y/Boot/pxeboot.n12").unwrap();
    assert_eq!(bcd(tree, &client), "x", "a look");
    // Nor does it choose later, when another file is opened.
    look_up(tree, &client, "images/y/Boot/pxeboot.n12").unwrap();
    open(tree, &client, "images/y/Boot/BCD").unwrap();
    assert_eq!(bcd(tree, &client), "x", "a look before another opening");
}

/// Or the kernel would open by a number alone, and nobody would know who chose.
#[test]
fn the_name_of_a_boot_program_is_never_believed() {
    let world = site();
    let tree = world.tree();
    let nobody = Server::of(&[]);
    let beliefs = |name| look_up(tree, &nobody, name).unwrap().1;
    for name in [
        "images/y/Boot/pxeboot.n12",
        "images/y/Boot/BOOTMGR.exe",
        "images/y/EFI/Boot/bootx64.efi",
        "clients/10.0.0.5/Boot/pxeboot.n12",
    ] {
        assert_eq!(beliefs(name), Belief::Never, "{name}");
    }
    assert_ne!(beliefs("images/y/Boot/BCD"), Belief::Never);
    assert_ne!(beliefs("images/y/sources/boot.wim"), Belief::Never);
}

/// The number is the same for all: only the look-up before tells who opens what.
#[test]
fn two_clients_that_open_one_file_choose_each_for_itself() {
    let world = site();
    let tree = world.tree();
    let one = Server::of(&["10.0.0.1"]);
    let other = Server::of(&["10.0.0.2"]).on_thread(2);
    let (program, _) = look_up(tree, &one, "clients/10.0.0.1/images/y/bootmgr.exe").unwrap();
    let (same, _) = look_up(tree, &other, "clients/10.0.0.2/images/y/bootmgr.exe").unwrap();
    assert_eq!(program, same);
    let (address, boot) = booted(tree.opens(program, &other));
    assert_eq!(address.to_string(), "10.0.0.2");
    assert_eq!(boot.image.as_deref(), Some("y"));
    assert_eq!(bcd(tree, &other), "y");
    assert_eq!(bcd(tree, &one.on_thread(3)), "x");
    // The thread of the first now opens what it looked up.
    booted(tree.opens(program, &one));
    assert_eq!(bcd(tree, &one), "y");
    assert_eq!(tree.opens(program, &one), Choosing::Nothing, "opened twice");
}

/// Of two clients of one server the one that asked may be gone when the file is opened.
#[test]
fn who_is_left_when_the_file_is_opened_has_not_chosen() {
    let world = site();
    let tree = world.tree();
    let both = Server::of(&["10.0.0.1", "10.0.0.2"]);
    let (id, _) = look_up(tree, &both, "images/y/Boot/pxeboot.n12").unwrap();
    let left = Server::of(&["10.0.0.2"]);
    assert_eq!(tree.opens(id, &left), Choosing::Unknown);
    assert_eq!(bcd(tree, &left), "x");
}

#[test]
fn a_choice_of_nobody_known_is_told() {
    let world = site();
    let tree = world.tree();
    for server in [
        &Unseen as &dyn Asking,
        &Server::of(&["10.0.0.1", "10.0.0.2"]),
    ] {
        for (name, told) in [
            ("images/y/Boot/pxeboot.n12", Choosing::Unknown),
            ("Boot/pxeboot.n12", Choosing::Nothing),
            ("images/y/Boot/BCD", Choosing::Nothing),
        ] {
            let (id, _) = look_up(tree, server, name).unwrap();
            assert_eq!(tree.opens(id, server), told, "{name}");
        }
    }
}

#[test]
fn a_server_with_several_clients_that_does_not_name_them_chooses_for_none() {
    let world = site();
    let tree = world.tree();
    let both = Server::of(&["10.0.0.1", "10.0.0.2"]);
    open(tree, &both, "images/y/Boot/pxeboot.n12").unwrap();
    assert_eq!(bcd(tree, &both), "x");
    open(
        tree,
        &Server::of(&["10.0.0.1"]),
        "images/y/Boot/pxeboot.n12",
    )
    .unwrap();
    assert_eq!(bcd(tree, &both), "<Undecided>", "they differ now");
    assert_eq!(open(tree, &both, "pxelinux.0").unwrap(), "base");
    let named = open(tree, &both, "clients/10.0.0.1/Boot/BCD");
    assert_eq!(named.unwrap(), "y");
}

/// A server with a thread for each client, of which two began in one instant. The program
/// would be served, nobody would have chosen, and both would go on with another image.
#[test]
fn who_cannot_be_told_from_another_for_a_moment_is_asked_to_try_again() {
    let world = site();
    let tree = world.tree();
    let both = Server {
        serves_one: true,
        ..Server::of(&["10.0.0.1", "10.0.0.2"])
    };
    for program in ["images/y/Boot/pxeboot.n12", "images/y/EFI/Boot/bootx64.efi"] {
        let answer = open(tree, &both, program);
        assert!(matches!(answer, Err(Error::Undecided)), "{answer:?}");
    }
    for name in [
        "images/y/Boot/BCD",
        "images/y/sources/boot.wim",
        "Boot/pxeboot.n12",
        "pxelinux.0",
        "clients/10.0.0.1/images/y/Boot/pxeboot.n12",
    ] {
        open(tree, &both, name).unwrap();
    }
    let one = Server {
        peers: vec!["10.0.0.2".parse().unwrap()],
        ..both
    };
    assert_eq!(bcd(tree, &one), "x");
    open(tree, &one, "images/z/Boot/pxeboot.n12").unwrap();
    assert_eq!(bcd(tree, &one), "z");
    let nobody = Server {
        peers: Vec::new(),
        ..one
    };
    open(tree, &nobody, "images/y/Boot/pxeboot.n12").unwrap();
}

#[test]
fn it_is_forgotten_after_the_time_without_a_request() {
    let world = site().key("follow_idle", "10m");
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]);
    open(tree, &client, "images/y/Boot/pxeboot.n12").unwrap();
    let minutes = |minutes: u64| client.later(Duration::from_secs(60 * minutes));
    assert_eq!(bcd(tree, &minutes(9)), "y");
    assert_eq!(bcd(tree, &minutes(18)), "y", "each request counts anew");
    assert_eq!(bcd(tree, &minutes(28)), "x", "ten minutes later");
    assert_eq!(tree.boots().len(), 0);
}

#[test]
fn a_rule_may_say_not_to_follow() {
    let world = site()
        .line("[[client]]\nmatch = \"10.0.7.0/24\"\nimage = \"z\"\nfollow = false")
        .line("[[client]]\nmatch = \"10.0.7.9\"\nimage = \"z\"");
    let tree = world.tree();
    for (address, wanted) in [("10.0.7.1", "z"), ("10.0.7.9", "y"), ("10.0.8.1", "y")] {
        let client = Server::of(&[address]);
        open(tree, &client, "images/y/Boot/pxeboot.n12").unwrap();
        assert_eq!(bcd(tree, &client), wanted, "{address}");
    }
}

#[test]
fn an_image_that_is_configured_no_more_is_no_choice() {
    let world = site();
    let client = Server::of(&["10.0.0.5"]);
    open(world.tree(), &client, "images/y/Boot/pxeboot.n12").unwrap();
    let smaller = World::new()
        .default_image("x")
        .image("x", &[("Boot/BCD", "x")]);
    let catalog = smaller.catalog();
    world.tree().replace(catalog);
    assert_eq!(bcd(world.tree(), &client), "x");
}

/// The two stages of a chained boot ask for one name and need two answers.
#[test]
fn the_second_program_of_a_chained_boot_decides_the_second_time() {
    let world = site();
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]);
    let chain = [
        ("images/y/Boot/pxeboot.n12", "y"),
        ("images/z/bootmgr.exe", "z"),
    ];
    for (program, wanted) in chain {
        open(tree, &client, program).unwrap();
        // The first stage reads its own store more than once.
        assert_eq!(bcd(tree, &client), wanted);
        assert_eq!(bcd(tree, &client), wanted);
    }
}

#[test]
fn the_kind_of_program_tells_the_firmware() {
    let world = site();
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]);
    for (name, firmware, image) in [
        ("Boot/pxeboot.n12", Firmware::Bios, None),
        ("bootx64.efi", Firmware::Uefi, None),
        ("images/y/pxeboot.0", Firmware::Bios, Some("y")),
        ("EFI/Boot/bootx64.efi", Firmware::Uefi, Some("y")),
        ("pxelinux.0", Firmware::Bios, Some("y")),
        ("images/z/bootmgfw.efi", Firmware::Uefi, Some("z")),
    ] {
        let (id, _) = look_up(tree, &client, name).unwrap();
        let (_, boot) = booted(tree.opens(id, &client));
        assert_eq!(
            (boot.program.firmware, boot.image.as_deref()),
            (firmware, image),
            "{name}"
        );
    }
}

/// A site that matches MACs.
fn site_with_macs() -> World {
    site().client(MAC, "z")
}

#[test]
fn an_address_that_changes_hands_takes_no_choice_along() {
    let world = site_with_macs();
    let tree = world.tree();
    let first = Server::of(&["10.0.0.5"]).with_card("10.0.0.5", "52:54:00:00:00:0a");
    open(tree, &first, "images/y/Boot/pxeboot.n12").unwrap();
    assert_eq!(bcd(tree, &first), "y");
    let second = first.with_card("10.0.0.5", "52:54:00:00:00:0b");
    assert_eq!(bcd(tree, &second), "x");
    let ruled = first.with_card("10.0.0.5", MAC);
    assert_eq!(bcd(tree, &ruled), "z", "a rule for the card");
    // The first has another address now.
    let moved = Server::of(&["10.0.0.6"]).with_card("10.0.0.6", "52:54:00:00:00:0a");
    assert_eq!(bcd(tree, &moved), "y");
    let by_card = open(tree, &Server::of(&[]), "52-54-00-00-00-0a/Boot/BCD");
    assert_eq!(by_card.unwrap(), "y", "under the name of its card");
}

#[test]
fn what_was_learnt_before_the_card_is_known_stays_known() {
    let world = site_with_macs();
    let tree = world.tree();
    let unknown = Server::of(&["10.0.0.5"]);
    open(tree, &unknown, "images/y/Boot/pxeboot.n12").unwrap();
    let known = unknown.with_card("10.0.0.5", "52:54:00:00:00:0a");
    assert_eq!(bcd(tree, &known), "y");
    assert_eq!(tree.boots().len(), 1);
}

/// The last rule for a card ends while others boot: they are remembered by their cards, and
/// must not become strangers.
#[test]
fn who_is_remembered_by_its_card_stays_so_without_any_rule_for_one() {
    let world = site_with_macs();
    let tree = world.tree();
    let client = Server::of(&["10.0.0.5"]).with_card("10.0.0.5", "52:54:00:00:00:0a");
    open(tree, &client, "images/y/Boot/pxeboot.n12").unwrap();
    tree.replace(tree.catalog().with_dropped(&[]));
    assert_eq!(bcd(tree, &client), "y");
    let fewer = site();
    let config = fewer.config().unwrap();
    let before = tree.catalog();
    let catalog = Catalog::open(config, &[], &surroundings(), Some(&before)).unwrap();
    assert!(!catalog.choice().matches_macs());
    tree.replace(catalog);
    assert_eq!(bcd(tree, &client), "y");
}

#[test]
fn cards_are_asked_for_only_where_they_could_decide() {
    #[derive(Debug)]
    struct Counting(Server, Cell<usize>);
    impl Asking for Counting {
        fn thread(&self) -> u32 {
            self.0.thread()
        }
        fn peers(&self) -> Peers {
            self.0.peers()
        }
        fn mac_of(&self, _address: IpAddr) -> Option<Mac> {
            self.1.set(self.1.get() + 1);
            None
        }
        fn now(&self) -> Now {
            self.0.now()
        }
    }
    for (world, asked) in [(site().client("10.0.0.0/8", "y"), 0), (site_with_macs(), 1)] {
        let counting = Counting(Server::of(&["10.0.0.5"]), Cell::new(0));
        look_up(world.tree(), &counting, "Boot").unwrap();
        assert_eq!(counting.1.get(), asked);
    }
}
