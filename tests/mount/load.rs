//! Many computers at once, through nginx and tftpd-hpa, each byte looked at.
//!
//! Eight images, two spellings, two roads for every computer: its large file over HTTP, its
//! small one over TFTP. One image is replaced meanwhile: whoever has begun gets all of the
//! old files, whoever begins later all of the new. No time is asserted.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::servers::{self, Server};
use crate::common::skip;
use crate::common::wait;
use crate::common::world::World;

const IMAGES: usize = 8;

/// For the slowest of 200 transfers on two loaded cores.
const LONGEST: Duration = Duration::from_secs(120);

/// What each computer fetches.
#[derive(Clone, Copy)]
struct Load {
    clients: usize,
    /// Of the file fetched over HTTP, and of the one over TFTP.
    http: usize,
    tftp: usize,
}

#[test]
fn thirty_clients_at_once() {
    let load = Load {
        clients: 30,
        http: 64 << 20,
        tftp: 4 << 20,
    };
    many_clients(load);
}

#[test]
fn two_hundred_clients_at_once() {
    let load = Load {
        clients: 200,
        http: 4 << 20,
        tftp: 256 << 10,
    };
    many_clients(load);
}

fn many_clients(load: Load) {
    let world = site(load);
    let Some((mounted, nginx, tftpd)) = served(&world) else {
        return;
    };
    let received = AtomicU64::new(0);
    let every = load.clients as u64 * (load.http + load.tftp) as u64;
    thread::scope(|scope| {
        for number in 0..load.clients {
            let client = Client::new(number);
            let (tftpd, received, address) = (&tftpd, &received, nginx.address);
            scope.spawn(move || client.fetch_http(address, load, received));
            scope.spawn(move || client.fetch_tftp(tftpd, load, received));
        }
        wait::until("a third of the bytes", LONGEST, || {
            (received.load(Ordering::Relaxed) > every / 3).then_some(())
        });
        replace_first_image(&world, load);
        assert_bounded(&mounted, 2 * load.clients);
    });
    all_is_well_again(&mounted, &nginx, load);
}

/// Afterwards: little memory, few descriptors, and every client gets the newest files.
fn all_is_well_again(mounted: &Mounted, nginx: &Server, load: Load) {
    assert_bounded(mounted, 0);
    let renewed = Version::new(0, Age::New);
    let first = Client::new(0);
    let name = format!("clients/{}/boot/tftp.wim", first.address);
    wait::until("the new image", PATIENCE, || {
        let bytes = mounted.read(name.as_bytes()).unwrap();
        renewed.is_all_of(&bytes, load.tftp).then_some(())
    });
    for number in 1..load.clients.min(2 * IMAGES) {
        let nothing = AtomicU64::new(0);
        Client::new(number).fetch_http(nginx.address, load, &nothing);
    }
    let unexpected = ["panicked", "ERROR"]
        .iter()
        .any(|word| mounted.log().contains(word));
    assert!(!unexpected, "{}", mounted.log());
}

/// Bounded whatever was asked: no descriptor for a name, a client or a view.
fn assert_bounded(mounted: &Mounted, open_files: usize) {
    let used = fs::read_dir(format!("/proc/{}/fd", mounted.pid()))
        .unwrap()
        .count();
    assert!(
        used <= 64 + open_files,
        "{used} descriptors, {open_files} files open"
    );
    let status = fs::read_to_string(format!("/proc/{}/status", mounted.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let resident: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    assert!(resident < 40 << 10, "{resident} KiB resident");
}

fn site(load: Load) -> World {
    (0..IMAGES).fold(World::new(), |world, image| {
        let name = format!("image{image}");
        let version = Version::new(image, Age::Old);
        let world = world.image::<&str, &str>(&name, &[]);
        version.write(&world.path(&format!("{name}/sources/boot.wim")), load.http);
        version.write(&world.path(&format!("{name}/Boot/tftp.wim")), load.tftp);
        world.client(&format!("127.0.{}.0/24", image + 1), &name)
    })
}

/// As a careful operator does it: written beside, then renamed.
fn replace_first_image(world: &World, load: Load) {
    let version = Version::new(0, Age::New);
    for (name, length) in [
        ("sources/boot.wim", load.http),
        ("Boot/tftp.wim", load.tftp),
    ] {
        let path = world.path(&format!("image0/{name}"));
        version.write(&path.with_extension("new"), length);
        fs::rename(path.with_extension("new"), path).unwrap();
    }
}

fn served(world: &World) -> Option<(Mounted, Server, Server)> {
    let mounted = Mounted::new(world)?;
    let root = format!("root {}/clients/$remote_addr;", mounted.root().display());
    let nginx = skip::or_skip(servers::nginx(&root))?;
    let tftpd = skip::or_skip(servers::tftpd_hpa(mounted.root()))?;
    Some((mounted, nginx, tftpd))
}

/// One of several computers of an image.
#[derive(Clone, Copy)]
struct Client {
    image: usize,
    address: IpAddr,
    shouting: bool,
}

impl Client {
    fn new(number: usize) -> Self {
        let (image, computer) = (number % IMAGES, number / IMAGES);
        let [image_byte, computer_byte] =
            [image + 1, computer + 2].map(|byte| u8::try_from(byte).unwrap());
        Self {
            image,
            address: Ipv4Addr::new(127, 0, image_byte, computer_byte).into(),
            shouting: computer % 2 == 1,
        }
    }

    fn fetch_http(self, server: SocketAddr, load: Load, received: &AtomicU64) {
        let path = match self.shouting {
            true => "/SOURCES/BOOT.WIM",
            false => "/%5CSources%5CBoot.wim",
        };
        download(
            server,
            self.address,
            path,
            Check::new(self.image, load.http),
            received,
        );
    }

    fn fetch_tftp(self, server: &Server, load: Load, received: &AtomicU64) {
        let name: &[u8] = match self.shouting {
            true => b"\\BOOT\\TFTP.WIM",
            false => b"Boot/tftp.wim",
        };
        let transfer = server.client(self.address).deadline(LONGEST);
        let bytes = transfer
            .get(name)
            .unwrap_or_else(|error| panic!("{}: {error}", self.address));
        let mut check = Check::new(self.image, load.tftp);
        bytes.chunks(BLOCK).for_each(|block| check.next(block));
        assert_eq!(
            check.seen,
            check.length(),
            "{}: not the whole file",
            self.address
        );
        received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
}

/// Fetches a file and compares it as it comes, for it is too long to be kept.
fn download(server: SocketAddr, from: IpAddr, path: &str, mut check: Check, received: &AtomicU64) {
    let mut body = get(server, from, path);
    let mut block = vec![0; BLOCK];
    while check.seen < check.length() {
        body.read_exact(&mut block)
            .unwrap_or_else(|error| panic!("{from}: {error} after {} bytes", check.seen));
        check.next(&block);
        received.fetch_add(BLOCK as u64, Ordering::Relaxed);
    }
    assert_eq!(body.read(&mut block).unwrap(), 0, "more than the file");
}

/// Asks for a file from an address; gives the body.
fn get(server: SocketAddr, from: IpAddr, path: &str) -> impl Read {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    socket.connect(&server.into()).unwrap();
    socket.set_read_timeout(Some(LONGEST)).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = BufReader::with_capacity(BLOCK, stream);
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{from}: {line}");
    while line != "\r\n" {
        line.clear();
        assert!(
            answer.read_line(&mut line).unwrap() > 0,
            "the head has no end"
        );
    }
    answer
}

/// A block of a file; each file has a whole number of them.
const BLOCK: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Old,
    New,
}

/// The bytes of one version of an image: every block says whose it is and which.
#[derive(Clone, PartialEq, Eq)]
struct Version {
    age: Age,
    block: Vec<u8>,
}

impl Version {
    fn new(image: usize, age: Age) -> Self {
        let key = 2 * image as u64 + u64::from(age == Age::New) + 1;
        let words = 0..(BLOCK / 8) as u64;
        let word = |at: u64| (at + key * 0x1_0001).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let block = words.flat_map(|at| word(at).to_ne_bytes()).collect();
        Self { age, block }
    }

    /// A new version has another length too.
    fn length(&self, length: usize) -> usize {
        length + if self.age == Age::New { BLOCK } else { 0 }
    }

    fn write(&self, path: &Path, length: usize) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create(path).unwrap();
        let mut block = self.block.clone();
        for number in 0..self.length(length) / BLOCK {
            block[..8].copy_from_slice(&(number as u64).to_ne_bytes());
            file.write_all(&block).unwrap();
        }
    }

    fn is_block(&self, number: usize, block: &[u8]) -> bool {
        let (stamp, rest) = block.split_at(8);
        stamp == (number as u64).to_ne_bytes() && rest == &self.block[8..]
    }

    fn is_all_of(&self, bytes: &[u8], length: usize) -> bool {
        let mut blocks = bytes.chunks(BLOCK).enumerate();
        bytes.len() == self.length(length) && blocks.all(|(at, block)| self.is_block(at, block))
    }
}

/// Compares a file as it comes: the first block says which version it has to be.
struct Check {
    old: Version,
    new: Version,
    begun: Option<Age>,
    asked: usize,
    seen: usize,
}

impl Check {
    fn new(image: usize, asked: usize) -> Self {
        Self {
            old: Version::new(image, Age::Old),
            new: Version::new(image, Age::New),
            begun: None,
            asked,
            seen: 0,
        }
    }

    fn version(&self) -> &Version {
        match self.begun {
            Some(Age::New) => &self.new,
            _ => &self.old,
        }
    }

    fn length(&self) -> usize {
        self.version().length(self.asked)
    }

    fn next(&mut self, block: &[u8]) {
        if self.begun.is_none() {
            let new = self.new.is_block(0, block);
            self.begun = Some(if new { Age::New } else { Age::Old });
        }
        let at = self.seen / BLOCK;
        assert!(
            self.version().is_block(at, block),
            "other bytes in block {at}"
        );
        self.seen += block.len();
    }
}

/// The roads on which a whole disk or DVD is loaded: two more large files, for everybody.
#[test]
fn whole_images_for_thirty_clients() {
    let load = Load {
        clients: 30,
        http: 32 << 20,
        tftp: 0,
    };
    let world = World::new().base::<&str, &str>(&[]);
    let files = [(0, "winpe.dd", "/WinPE.DD"), (1, "winpe.iso", "/winpe.iso")];
    for (image, name, _) in files {
        let path = world.path(&format!("base/{name}"));
        Version::new(image, Age::Old).write(&path, load.http);
    }
    let Some((mounted, nginx, _tftpd)) = served(&world) else {
        return;
    };
    thread::scope(|scope| {
        for number in 0..load.clients {
            let (from, server) = (Client::new(number).address, nginx.address);
            scope.spawn(move || {
                for (image, _, path) in files {
                    let (check, nothing) = (Check::new(image, load.http), AtomicU64::new(0));
                    download(server, from, path, check, &nothing);
                }
            });
        }
    });
    assert_bounded(&mounted, 0);
    assert_eq!(
        mounted.read(b"nothing").unwrap_err().raw_os_error(),
        Some(libc::ENOENT)
    );
}
