//! What a client boots from a menu decides, behind real servers: two computers at once, each
//! boots the first entry of its menu and then the second, and gets the store, the font, the
//! sdi and the wim of that image, each time.
//!
//! And rules that other programs drop into `clients.d/` while the daemon runs, with those
//! that end once a computer has been installed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::netns::Netns;
use crate::common::servers::{self, Missing, Server};
use crate::common::tftp::{TftpError, Transfer};
use crate::common::wait;
use crate::common::world::World;
use crate::common::{http, skip};

/// The images, and the one for whoever chose none.
const IMAGES: [&str; 2] = ["ash", "birch"];
const DEFAULT: &str = "elm";

/// How often each computer goes through its menu.
const ROUNDS: usize = 6;

/// How often a computer may be refused one file before that counts as never.
const MOST_TRIES: usize = 100;

/// What a boot manager asks for once it runs, and where an image keeps that.
const ASKED: [(&[u8], &str); 5] = [
    (b"\\Boot\\BCD", "Boot/BCD"),
    (b"\\Boot\\Fonts\\wgl4_boot.ttf", "Boot/Fonts/wgl4_boot.ttf"),
    (b"\\boot\\boot.sdi", "Boot/boot.sdi"),
    (b"\\Sources\\boot.wim", "sources/boot.wim"),
    (b"\\Boot\\BCD", "Boot/BCD"),
];

/// What a menu entry starts, for either firmware.
const PROGRAMS: [&str; 3] = [
    "Boot/pxeboot.n12",
    "EFI/Boot/bootx64.efi",
    "Boot/bootmgr.exe",
];

/// Long enough for several blocks, and no block of one image is one of another.
fn bytes(image: &str, path: &str) -> Vec<u8> {
    let words = if path.ends_with(".wim") { 20_000 } else { 300 };
    format!("{image} {path} ").repeat(words).into_bytes()
}

fn site() -> World {
    let world = World::new()
        .base(&[("pxelinux.0", "pxelinux")])
        .default_image(DEFAULT);
    let paths: Vec<&str> = ASKED
        .iter()
        .map(|(_, path)| *path)
        .chain(PROGRAMS)
        .collect();
    [IMAGES[0], IMAGES[1], DEFAULT]
        .iter()
        .fold(world, |world, image| {
            let files = paths.iter().map(|path| (*path, bytes(image, path)));
            world.image(image, &files.collect::<Vec<_>>())
        })
}

/// A computer: how it fetches a file, and how it asks for a size; nothing is an answer that
/// makes it ask again.
struct Computer<'a> {
    name: String,
    fetch: Ask<'a, Vec<u8>>,
    size: Ask<'a, u64>,
}

type Ask<'a, T> = Box<dyn Fn(&[u8]) -> Option<T> + Send + Sync + 'a>;

impl Computer<'_> {
    /// Over TFTP: asks for the size and drops the transfer with code 8, as ROMs do.
    fn over_tftp<'a>(transfer: &Transfer) -> Computer<'a> {
        let (fetching, sizing) = (transfer.clone(), transfer.clone());
        Computer {
            name: transfer.from.to_string(),
            fetch: Box::new(move |name| unless_refused(fetching.get(name))),
            size: Box::new(move |name| unless_refused(sizing.size(name))),
        }
    }

    /// Over HTTP: HEAD for the size, then GET.
    fn over_http(server: &Server, from: IpAddr) -> Computer<'_> {
        Computer {
            name: from.to_string(),
            fetch: Box::new(move |name| {
                let reply = http::get(server.address, from, name).unwrap();
                (reply.status == 200).then_some(reply.body)
            }),
            size: Box::new(move |name| {
                let reply = http::head(server.address, from, name).unwrap();
                reply.header("content-length")?.parse().ok()
            }),
        }
    }

    /// Asks for the size of the entry's program, and then for the program.
    fn boots(&self, image: &str, program: &str) {
        self.asks_for_the_size(image, program);
        let got = self.until_served(&entry(image, program), &self.fetch);
        assert!(got == bytes(image, program), "{}: {program}", self.name);
    }

    fn asks_for_the_size(&self, image: &str, program: &str) {
        let size = self.until_served(&entry(image, program), &self.size);
        assert_eq!(size, bytes(image, program).len() as u64, "{program}");
    }

    /// Every name that its boot manager asks for is of this image.
    fn has(&self, image: &str) {
        for (name, path) in ASKED {
            let shown = String::from_utf8_lossy(name);
            let got = self.until_served(&shown, &self.fetch);
            let begin = String::from_utf8_lossy(&got[..got.len().min(30)]).into_owned();
            let computer = &self.name;
            assert!(
                got == bytes(image, path),
                "{computer} booted {image}, asked for {shown} and got {begin}"
            );
        }
    }

    /// Somebody who is refused asks again: behind atftpd two that begin in one instant
    /// cannot be told apart.
    fn until_served<T>(&self, name: &str, ask: &Ask<'_, T>) -> T {
        let served = (0..MOST_TRIES).find_map(|_| ask(name.as_bytes()));
        served.unwrap_or_else(|| panic!("{}: {name} never came", self.name))
    }

    /// Goes through the menu again and again: an entry, then the other one.
    fn goes_through_its_menu(&self, first: usize, start: &Barrier) {
        for round in 0..ROUNDS {
            let image = IMAGES[(first + round) % IMAGES.len()];
            start.wait();
            self.boots(image, PROGRAMS[round / IMAGES.len() % PROGRAMS.len()]);
            self.has(image);
        }
    }
}

/// How a menu names a program of an image.
fn entry(image: &str, program: &str) -> String {
    format!("images/{image}/{program}")
}

fn unless_refused<T>(asked: Result<T, TftpError>) -> Option<T> {
    match asked {
        Ok(answer) => Some(answer),
        Err(TftpError::Refused { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 21));
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 22));

/// One that chooses nothing.
const SILENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 23));

/// Both at once, each with the other's entry first.
fn both_go_through_their_menus(computers: &[Computer<'_>; 2]) {
    let start = &Barrier::new(computers.len());
    thread::scope(|scope| {
        for (first, computer) in computers.iter().enumerate() {
            scope.spawn(move || computer.goes_through_its_menu(first, start));
        }
    });
}

/// The whole matrix behind one server, and that a size query alone counts as opening.
fn proven(computers: &[Computer<'_>; 2], silent: &Computer<'_>) {
    both_go_through_their_menus(computers);
    let [one, other] = computers;
    let [first, second] = IMAGES;
    for program in PROGRAMS {
        one.asks_for_the_size(first, program);
        other.asks_for_the_size(second, program);
        one.has(first);
        other.has(second);
        one.asks_for_the_size(second, program);
        one.has(second);
    }
    silent.has(DEFAULT);
}

fn over_tftp_behind(start: impl Fn(&Path) -> Result<Server, Missing>) {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(start(mounted.root())) else {
        return;
    };
    let computer = |from: IpAddr| Computer::over_tftp(&server.client(from));
    proven(&[ONE, OTHER].map(computer), &computer(SILENT));
    // A boot manager drops a transfer with code 0.
    let entry = entry(IMAGES[0], "Boot/bootmgr.exe");
    server.client(OTHER).size_code0(entry.as_bytes()).unwrap();
    computer(OTHER).has(IMAGES[0]);
    mounted.wait_for_log(&format!("{ONE} boots {}", IMAGES[0]));
}

#[test]
fn behind_tftpd_hpa_without_a_map() {
    over_tftp_behind(servers::tftpd_hpa);
}

#[test]
fn behind_atftpd() {
    over_tftp_behind(servers::atftpd);
}

#[test]
fn behind_dnsmasq_with_unique_root_by_ip() {
    over_tftp_behind(|root| servers::dnsmasq(root, &["--tftp-unique-root=ip"]));
}

#[test]
fn behind_nginx_by_path() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = format!("root {}/clients/$remote_addr;", mounted.root().display());
    let Some(server) = skip::or_skip(servers::nginx(&root)) else {
        return;
    };
    let computer = |from| Computer::over_http(&server, from);
    proven(&[ONE, OTHER].map(computer), &computer(SILENT));
}

/// dnsmasq names the folder after the card that the neighbour table has for a client. So
/// there has to be such a table: the server and each computer get a network of their own.
#[test]
fn behind_dnsmasq_with_unique_root_by_mac() {
    const CARDS: [&str; 3] = [
        "52:54:00:00:02:01",
        "52:54:00:00:02:02",
        "52:54:00:00:02:03",
    ];
    let world = site().client(CARDS[2], IMAGES[1]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(network) = skip::or_skip(Network::new(CARDS)) else {
        return;
    };
    let options = ["--tftp-unique-root=mac"];
    let started = servers::dnsmasq_in(
        &network.server,
        &network.gateways(),
        mounted.root(),
        &options,
    );
    let Some(_server) = skip::or_skip(started) else {
        return;
    };
    let computers = [0, 1].map(|number| network.computer(number));
    proven(&computers, &network.computer(3));
    // By its card the third has a rule, and goes by its menu nevertheless.
    let third = network.computer(2);
    third.has(IMAGES[1]);
    third.boots(IMAGES[0], PROGRAMS[0]);
    third.has(IMAGES[0]);
    mounted.wait_for_log("52-54-00-00-02-03 boots ash, BIOS");
}

/// A server and some computers, each at the end of a cable of its own.
struct Network {
    /// Dropped first: the cables go with it.
    server: Netns,
    computers: Vec<Netns>,
}

impl Network {
    /// One computer for each card, and one more.
    fn new(cards: [&str; 3]) -> Result<Self, String> {
        let server = Netns::new()?;
        let mut computers = Vec::new();
        let cards = cards.into_iter().chain(["52:54:00:00:02:04"]);
        for (number, card) in cards.enumerate() {
            let computer = Netns::new()?;
            let port = format!("port{number}");
            let own = format!("52:54:00:00:01:{number:02x}");
            server.plug((&port, &own), &computer, ("eth0", card));
            let [gateway, address] = addresses(number);
            server.ip(&format!("addr add {gateway}/24 dev {port}"));
            computer.ip(&format!("addr add {address}/24 dev eth0"));
            computers.push(computer);
        }
        Ok(Self { server, computers })
    }

    /// The addresses of the server, one for each computer.
    fn gateways(&self) -> Vec<Ipv4Addr> {
        let numbers = 0..self.computers.len();
        numbers.map(|number| addresses(number)[0]).collect()
    }

    fn computer(&self, number: usize) -> Computer<'_> {
        let netns = &self.computers[number];
        let [gateway, address] = addresses(number);
        let transfer = Transfer::new(SocketAddr::from((gateway, 69)), address);
        let (fetching, sizing) = (transfer.clone(), transfer);
        Computer {
            name: address.to_string(),
            fetch: Box::new(move |name| netns.inside(|| unless_refused(fetching.get(name)))),
            size: Box::new(move |name| netns.inside(|| unless_refused(sizing.size(name)))),
        }
    }
}

/// The server's end and the computer's.
fn addresses(number: usize) -> [Ipv4Addr; 2] {
    let number = u8::try_from(number).unwrap();
    [1, 2].map(|end| Ipv4Addr::new(10, 99, number, end))
}

/// What stands in `clients.d/` counts from the moment it is there.
#[test]
fn a_rule_that_is_dropped_is_in_force_at_once() {
    let world = site().client(&ONE.to_string(), IMAGES[0]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    let computer = Computer::over_tftp(&server.client(ONE));
    computer.has(IMAGES[0]);
    // The folder itself was not there before.
    drop_rule(&world, "other.toml", OTHER, DEFAULT, "");
    wait_for_store(&mounted, OTHER, DEFAULT);
    drop_rule(&world, "one.toml", ONE, IMAGES[1], "");
    wait_for_store(&mounted, ONE, IMAGES[1]);
    computer.has(IMAGES[1]);
    // What it chose comes before an old rule, and a new rule before what it chose.
    computer.boots(DEFAULT, PROGRAMS[0]);
    computer.has(DEFAULT);
    drop_rule(&world, "one.toml", ONE, IMAGES[0], "");
    wait_for_store(&mounted, ONE, IMAGES[0]);
    computer.has(IMAGES[0]);
    // A broken one is reported, and the old one stays in force.
    world.put("clients.d/one.toml", b"[[client]]\nmatch = 1\n");
    mounted.wait_for_log("clients.d/one.toml:2:9");
    computer.has(IMAGES[0]);
    drop_rule(&world, "one.toml", ONE, IMAGES[1], "");
    wait_for_store(&mounted, ONE, IMAGES[1]);
    fs::remove_dir_all(world.path("clients.d")).unwrap();
    wait_for_store(&mounted, ONE, IMAGES[0]);
    computer.has(IMAGES[0]);
    // And once more, in a new folder of that name.
    drop_rule(&world, "one.toml", ONE, IMAGES[1], "");
    wait_for_store(&mounted, ONE, IMAGES[1]);
}

fn drop_rule(world: &World, file: &str, client: IpAddr, image: &str, further: &str) {
    let client = client.to_string();
    let text = format!("[[client]]\nmatch = {client:?}\nimage = {image:?}\n{further}\n");
    world.put(&format!("clients.d/{file}"), text.as_bytes());
}

fn wait_for_store(mounted: &Mounted, client: IpAddr, image: &str) {
    let what = format!("{client} to get {image}");
    let name = format!("clients/{client}/Boot/BCD");
    wait::until(&what, PATIENCE, || {
        let got = mounted.read(name.as_bytes()).unwrap();
        (got == bytes(image, "Boot/BCD")).then_some(())
    });
}

/// A computer is installed: it gets the image for that until it has read the wim whole.
fn installs_once(start: impl Fn(&Path) -> Result<Server, Missing>) {
    let world = [ONE, OTHER].iter().fold(site(), |world, client| {
        world.client(&client.to_string(), IMAGES[1])
    });
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(start(mounted.root())) else {
        return;
    };
    let wim = b"\\Sources\\boot.wim";
    // The second time is another installation, of which nothing was read yet.
    for _ in 0..2 {
        for (client, file) in [(ONE, "one.toml"), (OTHER, "other.toml")] {
            drop_rule(&world, file, client, IMAGES[0], "once = true");
            wait_for_store(&mounted, client, IMAGES[0]);
        }
        let one = server.client(ONE);
        one.size(wim).unwrap();
        one.first(wim, 20 * 512, |_| {}).unwrap();
        no_transfer_is_left(&server);
        let whole = server.client(OTHER).get(wim).unwrap();
        assert!(whole == bytes(IMAGES[0], "sources/boot.wim"));
        wait_for_end(&world, &mounted, "other.toml", OTHER);
        // What the first closed was closed before, and did not end its rule.
        assert!(world.path("clients.d/one.toml").exists());
        wait_for_store(&mounted, ONE, IMAGES[0]);
        assert!(one.get(wim).unwrap() == bytes(IMAGES[0], "sources/boot.wim"));
        wait_for_end(&world, &mounted, "one.toml", ONE);
    }
    let left: Vec<_> = fs::read_dir(world.path("clients.d")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The file is gone, and the next boot is the standing rule's.
fn wait_for_end(world: &World, mounted: &Mounted, file: &str, client: IpAddr) {
    let file = world.path("clients.d").join(file);
    wait::until("the rule to end", PATIENCE, || {
        (!file.exists()).then_some(())
    });
    wait_for_store(mounted, client, IMAGES[1]);
    mounted.wait_for_log(&format!(
        "{client} has read the boot image of {}",
        IMAGES[0]
    ));
}

/// tftpd-hpa's children end with their transfers, and close their files.
fn no_transfer_is_left(server: &Server) {
    wait::until("all transfers to end", PATIENCE, || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut stats =
            processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        let is_child = |stat: &String| {
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            let mut fields = fields.split(' ');
            let lives = fields.next() != Some("Z");
            lives && fields.next() == Some(server.pid().to_string().as_str())
        };
        (!stats.any(|stat| is_child(&stat))).then_some(())
    });
}

#[test]
fn an_installation_behind_tftpd_hpa_ends_its_rule() {
    installs_once(servers::tftpd_hpa);
}

/// It shares descriptors between clients by device and inode, and keeps none of a transfer
/// that was dropped.
#[test]
fn an_installation_behind_dnsmasq_ends_its_rule() {
    installs_once(|root| servers::dnsmasq(root, &["--tftp-unique-root=ip"]));
}
