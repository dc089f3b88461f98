//! Many computers at once, at full size, through real servers: 30 or 200 of them fetch a
//! `boot.wim` of 400 MiB through nginx and its first 16 MiB through tftpd-hpa, from eight
//! images and in two spellings; and 30 fetch a whole disk and a whole DVD.
//!
//! Told is the total time as a ratio. The same two servers, with the mount and the plain
//! folder beneath their root, serve both sides. Every image is a file of its own: one file
//! for all would stay in the processor's cache.
//!
//! In every pass of both sides the first file is replaced when a third of all bytes has
//! come: whoever has begun gets all of the old one or all of the new. Some computers begin
//! with that file only then, and get the new one.
//!
//! How bytes are checked: in a first pass through the mount, which no figure comes from,
//! every computer takes the sha256 of what it gets. In the passes that are timed every
//! byte is compared with what it has to be, which says as much. A pass with sha256 takes
//! between 1.6 times and three times as long: a ratio of times that are mostly the clients'
//! own would say little about the mount.

use std::fs;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::crowd::{Age, BLOCK, Computer, IMAGES};
use crate::common::mounted::{Mounted, PATIENCE, program};
use crate::common::servers::{self, Server};
use crate::common::{http, wait};
use crate::ground::Ground;
use crate::measure::{Figure, SIDES, in_turns_warm, mebibytes};
use crate::plain::{By, Extent, Large, PART, Plain, Witness};
use crate::rows::Measured;

const WIM: usize = 400 << 20;
const DISK: usize = 200 << 20;

/// For the slowest of 200 transfers on two loaded cores.
const LONGEST: Duration = Duration::from_secs(600);

/// What a pass costs allows no more.
const ROUNDS: usize = 3;

/// What the daemon may need for all this: no open file costs it a descriptor.
const MOST_MEMORY: f64 = 40.0;
const MOST_DESCRIPTORS: usize = 64;

pub(crate) fn by_30(ground: &Ground) -> Measured {
    boots(ground, 30)
}

pub(crate) fn by_200(ground: &Ground) -> Measured {
    boots(ground, 200)
}

fn boots(ground: &Ground, computers: usize) -> Measured {
    let images = (0..IMAGES).map(|image| format!("image{image}/sources/boot.wim"));
    let files: Vec<_> = images.map(|name| (name, WIM)).collect();
    let roads = |computer: Computer| [Extent::Whole, Extent::Part].map(|to| (computer.image, to));
    let site = Site::new(ground, &files, computers, roads)?;
    Ok(site.compare(ground.rounds.min(ROUNDS)))
}

pub(crate) fn whole_images_by_30(ground: &Ground) -> Measured {
    let files = ["base/winpe.dd", "base/winpe.iso"].map(|name| (name.to_owned(), DISK));
    let roads = |_| [0, 1].map(|file| (file, Extent::Whole));
    let site = Site::new(ground, &files, 30, roads)?;
    Ok(site.compare(ground.rounds.min(ROUNDS)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Native,
    Mounted,
}

/// The two files that a computer fetches, one after the other: whole ones over HTTP, parts
/// over TFTP.
type Roads = fn(Computer) -> [(usize, Extent); 2];

/// The plain folder, the mount beside it, and the servers above both.
struct Site {
    /// Dropped before the mount in which they stand.
    nginx: Server,
    tftpd: Server,
    daemon: Mounted,
    plain: Plain,
    computers: usize,
    roads: Roads,
    descriptors: AtomicUsize,
    serving: Mutex<Age>,
}

impl Site {
    fn new(
        ground: &Ground,
        files: &[(String, usize)],
        computers: usize,
        roads: Roads,
    ) -> Result<Self, String> {
        let plain = Plain::new(ground.root(), files);
        let daemon = ground.daemon_of("mnt-load", &plain.config(), program());
        let (root, views) = (ground.root().display(), daemon.root().join("clients"));
        let views = views.display();
        let nginx = servers::nginx(&format!(
            "root {root};\nlocation /view/ {{ alias {views}/$remote_addr/; }}"
        ));
        Ok(Self {
            nginx: nginx.map_err(|missing| missing.to_string())?,
            tftpd: servers::tftpd_hpa(ground.root()).map_err(|missing| missing.to_string())?,
            daemon,
            plain,
            computers,
            roads,
            descriptors: AtomicUsize::new(0),
            serving: Mutex::new(Age::Old),
        })
    }

    fn compare(&self, rounds: usize) -> Figure {
        let hashing = self.pass(Side::Mounted, By::Digest);
        let native = || self.pass(Side::Native, By::Bytes);
        let mounted = || self.pass(Side::Mounted, By::Bytes);
        let mut figure = in_turns_warm(rounds, "s", SIDES, native, mounted);
        let (memory, descriptors) = (self.memory(), self.descriptors.load(Ordering::Relaxed));
        figure.note += &format!(
            ", with sha256 {hashing:.1} s; daemon {memory:.1} MiB and {descriptors} fds at most"
        );
        figure
    }

    /// All computers once; gives the seconds that they took together.
    fn pass(&self, side: Side, by: By) -> f64 {
        let mut serving = self.serving.lock().unwrap();
        *serving = serving.other();
        let pass = Pass {
            site: self,
            side,
            by,
            next: *serving,
            received: AtomicU64::new(0),
            replaced: OnceLock::new(),
        };
        let begun = Instant::now();
        pass.run();
        let took = begun.elapsed().as_secs_f64();
        self.assert_bounded();
        took
    }

    fn assert_bounded(&self) {
        let used = fs::read_dir(format!("/proc/{}/fd", self.daemon.pid())).unwrap();
        let used = used.count();
        self.descriptors.fetch_max(used, Ordering::Relaxed);
        assert!(used <= MOST_DESCRIPTORS, "{used} descriptors");
        let resident = self.memory();
        assert!(resident < MOST_MEMORY, "{resident} MiB resident");
    }

    /// The most that ever was resident.
    fn memory(&self) -> f64 {
        mebibytes(&format!("/proc/{}/status", self.daemon.pid()), "VmHWM")
    }
}

/// All computers at once, on one side.
struct Pass<'a> {
    site: &'a Site,
    side: Side,
    by: By,
    /// The version by which the first file is replaced.
    next: Age,
    received: AtomicU64,
    /// Set when it is, and shows.
    replaced: OnceLock<()>,
}

impl Pass<'_> {
    fn run(&self) {
        thread::scope(|scope| {
            let computers = (0..self.site.computers).map(Computer::new);
            let running: Vec<_> = computers
                .map(|computer| scope.spawn(move || self.boot(computer)))
                .collect();
            // One that is done so early has failed.
            let third = self.all_bytes() / 3;
            let waited = wait::within(LONGEST, || {
                let done = running.iter().any(thread::ScopedJoinHandle::is_finished);
                (done || self.received.load(Ordering::Relaxed) > third).then_some(())
            });
            let shown = self.replace_first();
            // Before anything is asserted, or those who wait for it would wait for ever.
            self.replaced.set(()).unwrap();
            assert!(waited.is_some() && shown, "it was not replaced in time");
            self.site.assert_bounded();
        });
    }

    fn all_bytes(&self) -> u64 {
        let computers = (0..self.site.computers).map(Computer::new);
        let fetched = computers.flat_map(self.site.roads);
        let bytes = fetched.map(|(file, extent)| match extent {
            Extent::Part => PART,
            Extent::Whole => self.site.plain.files[file].size,
        });
        bytes.sum::<usize>() as u64
    }

    /// Replaces the first file, and waits until a name for it shows the new one.
    fn replace_first(&self) -> bool {
        let length = self.site.plain.replace_first(self.next);
        let views = self.site.daemon.root().join("clients");
        let view = views.join(Computer::new(0).address.to_string());
        let name = view.join(self.site.plain.files[0].spelled(true));
        let shows = || fs::metadata(&name).is_ok_and(|seen| seen.len() == length);
        wait::within(PATIENCE, || shows().then_some(())).is_some()
    }

    /// Half of the computers fetch their files in the other order, so that some come to
    /// the first file only when it was replaced.
    fn boot(&self, computer: Computer) {
        let [mut first, mut second] = (self.site.roads)(computer);
        if computer.shouting {
            (first, second) = (second, first);
        }
        self.fetch(computer, first);
        let is_late = computer.shouting && second.0 == 0;
        if is_late {
            self.replaced.wait();
        }
        let age = self.fetch(computer, second);
        assert!(
            !is_late || age == self.next,
            "the old file after the new one"
        );
    }

    fn fetch(&self, computer: Computer, (file, extent): (usize, Extent)) -> Age {
        let file = &self.site.plain.files[file];
        let mut witness = file.witness(self.by);
        match extent {
            Extent::Whole => self.over_http(computer, file, &mut witness),
            Extent::Part => self.over_tftp(computer, file, &mut witness),
        }
        file.version(witness, extent)
    }

    fn over_http(&self, computer: Computer, file: &Large, witness: &mut Witness) {
        let target = match self.side {
            Side::Native => format!("load/{}", file.name),
            Side::Mounted => format!("view/{}", file.spelled(computer.shouting)),
        };
        let target = String::from_utf8(http::encode(target.as_bytes())).unwrap();
        let server = self.site.nginx.address;
        let mut body = http::stream(server, computer.address, &target, LONGEST).unwrap();
        let mut block = vec![0; 4 * BLOCK];
        while let count @ 1.. = http::fill(&mut body, &mut block).unwrap() {
            witness.take(&block[..count]);
            self.received.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    fn over_tftp(&self, computer: Computer, file: &Large, witness: &mut Witness) {
        let name = match self.side {
            Side::Native => format!("load/{}", file.name),
            Side::Mounted => format!("mnt-load/{}", file.spelled(computer.shouting)),
        };
        let transfer = self.site.tftpd.client(computer.address).deadline(LONGEST);
        let received = transfer.first(name.as_bytes(), PART, |bytes| {
            witness.take(bytes);
            self.received
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        });
        received.unwrap_or_else(|error| panic!("{}: {error}", computer.address));
    }
}
