//! Many computers at once, through nginx and tftpd-hpa, each byte looked at.
//!
//! Eight images, two spellings, two roads for every computer: its large file over HTTP, its
//! small one over TFTP. One image is replaced meanwhile: whoever has begun gets all of the
//! old file or all of the new, whoever begins later all of the new. No time is asserted; the
//! same with files of full size, their sha256 and the time it takes is a row of the bench.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::crowd::{Age, BLOCK, Check, Computer, IMAGES, Version};
use crate::common::http;
use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::servers::{self, Server};
use crate::common::skip;
use crate::common::wait;
use crate::common::world::World;

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
    let Some(site) = Site::new(&world, load) else {
        return;
    };
    let (received, begun, replaced) = (AtomicU64::new(0), OnceLock::new(), OnceLock::new());
    let every = load.clients as u64 * (load.http + load.tftp) as u64;
    thread::scope(|scope| {
        for number in 0..load.clients {
            let (site, received, computer) = (&site, &received, Computer::new(number));
            scope.spawn(move || site.fetch_http(computer, received));
            scope.spawn(move || site.fetch_tftp(computer, received));
        }
        scope.spawn(|| site.fetch_slowly(&begun, &replaced));
        let third = wait::within(LONGEST, || {
            begun.get()?;
            (received.load(Ordering::Relaxed) > every / 3).then_some(())
        });
        replace_first_image(&world);
        // Before anything is asserted, or the slow one would wait for ever.
        replaced.set(()).unwrap();
        assert!(third.is_some(), "a third of the bytes did not come");
        assert_bounded(&site.mounted, 2 * load.clients);
        site.late_ones_get_the_new_image();
    });
    assert_bounded(&site.mounted, 0);
    let log = site.mounted.log();
    let unexpected = ["panicked", "ERROR"].iter().any(|word| log.contains(word));
    assert!(!unexpected, "{log}");
}

/// A running site, and what is fetched from it.
struct Site {
    /// Dropped before the mount in which they stand.
    nginx: Server,
    tftpd: Server,
    mounted: Mounted,
    load: Load,
}

impl Site {
    fn new(world: &World, load: Load) -> Option<Self> {
        let mounted = Mounted::new(world)?;
        let root = format!("root {}/clients/$remote_addr;", mounted.root().display());
        Some(Self {
            nginx: skip::or_skip(servers::nginx(&root))?,
            tftpd: skip::or_skip(servers::tftpd_hpa(mounted.root()))?,
            mounted,
            load,
        })
    }

    /// The others are still at it. Some kernels believe an old answer for a second.
    fn late_ones_get_the_new_image(&self) {
        let nothing = AtomicU64::new(0);
        for late in [Computer::new(0), Computer::new(IMAGES)] {
            wait::until("the new image", PATIENCE, || {
                let ages = [
                    self.fetch_tftp(late, &nothing),
                    self.fetch_http(late, &nothing),
                ];
                (ages == [Age::New; 2]).then_some(())
            });
        }
    }

    /// A computer that is in the middle of the file while it is replaced: a server that
    /// has a file open has all of it.
    fn fetch_slowly(&self, begun: &OnceLock<()>, replaced: &OnceLock<()>) {
        let check = Check::new(0, self.load.http);
        let wait = |_| {
            begun.get_or_init(|| ());
            replaced.wait();
        };
        let first = Computer::new(0);
        let age = self.download(first, "/sources/boot.wim", check, wait);
        assert_eq!(age, Age::Old);
    }

    fn fetch_http(&self, computer: Computer, received: &AtomicU64) -> Age {
        let path = match computer.shouting {
            true => "/SOURCES/BOOT.WIM",
            false => "/%5CSources%5CBoot.wim",
        };
        let check = Check::new(computer.image, self.load.http);
        self.download(computer, path, check, |length| {
            received.fetch_add(length as u64, Ordering::Relaxed);
        })
    }

    /// Fetches a file and compares it as it comes, for it is too long to be kept.
    fn download(
        &self,
        by: Computer,
        path: &str,
        mut check: Check,
        mut taken: impl FnMut(usize),
    ) -> Age {
        let from = by.address;
        let mut body = http::stream(self.nginx.address, from, path, LONGEST).unwrap();
        let mut block = vec![0; BLOCK];
        loop {
            let length = http::fill(&mut body, &mut block).unwrap();
            if length == 0 {
                return check.whole();
            }
            check.take(&block[..length]);
            taken(length);
        }
    }

    fn fetch_tftp(&self, computer: Computer, received: &AtomicU64) -> Age {
        let name: &[u8] = match computer.shouting {
            true => b"\\BOOT\\TFTP.WIM",
            false => b"Boot/tftp.wim",
        };
        let transfer = self.tftpd.client(computer.address).deadline(LONGEST);
        let bytes = transfer
            .get(name)
            .unwrap_or_else(|error| panic!("{}: {error}", computer.address));
        let mut check = Check::new(computer.image, self.load.tftp);
        check.take(&bytes);
        received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        check.whole()
    }
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
    let world = (0..IMAGES).fold(World::new(), |world, image| {
        let name = format!("image{image}");
        let version = Version::new(image, Age::Old);
        let world = world.image::<&str, &str>(&name, &[]);
        version.write(&world.path(&format!("{name}/sources/boot.wim")), load.http);
        version.write(&world.path(&format!("{name}/Boot/tftp.wim")), load.tftp);
        world.client(&Computer::subnet(image), &name)
    });
    let new = Version::new(0, Age::New);
    new.write(&world.path("image0/sources/boot.new"), load.http);
    new.write(&world.path("image0/Boot/tftp.new"), load.tftp);
    world
}

/// As a careful operator does it: written beside before, then renamed.
fn replace_first_image(world: &World) {
    for name in ["sources/boot.wim", "Boot/tftp.wim"] {
        let path = world.path(&format!("image0/{name}"));
        fs::rename(path.with_extension("new"), path).unwrap();
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
    for (file, name, _) in files {
        let path = world.path(&format!("base/{name}"));
        Version::new(file, Age::Old).write(&path, load.http);
    }
    let Some(site) = Site::new(&world, load) else {
        return;
    };
    thread::scope(|scope| {
        for number in 0..load.clients {
            let (site, computer) = (&site, Computer::new(number));
            scope.spawn(move || {
                for (file, _, path) in files {
                    let check = Check::new(file, load.http);
                    assert_eq!(site.download(computer, path, check, |_| ()), Age::Old);
                }
            });
        }
    });
    assert_bounded(&site.mounted, 0);
    let missing = site.mounted.read(b"nothing").unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
}
