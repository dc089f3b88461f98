//! Files inside an ISO, which the daemon reads, beside `dd` of the same bytes of the ISO.
//!
//! The ISO has 5 GiB: a `boot.wim` of 400 MiB, an `install.wim` that is a hole, and small
//! files, 1,000 in all, made by `genisoimage` (and with its ISO 9660 side, of which UDF makes
//! no use). What is read again lies in the page cache, on both sides; what is read first only
//! as a part of the ISO, and has to come through the daemon.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{Advice, fadvise};
use winbootfs::source::Source;
use winbootfs::source::dir::OwnMount;
use winbootfs::source::iso::IsoSource;

use crate::bounds::{STARTS, resident, start_once};
use crate::common::mounted::{Mounted, program};
use crate::ground::{Ground, WIM, WIM_SIZE, large};
use crate::measure::{Figure, in_turns, median};
use crate::rows::Measured;

const SIZE: u64 = 5 << 30;
const FILES: usize = 1_000;
/// So many that what each costs is more than what the rest costs.
const MANY: usize = 20_000;
/// What a round of thirty readers costs allows no more.
const FEW_ROUNDS: usize = 5;
const BLOCK: usize = 1 << 20;
const SECTOR: usize = 2048;
/// Files in one folder of the ISO.
const FOLDER: usize = 500;

/// An ISO on the disk.
struct Iso {
    path: PathBuf,
    /// Its `boot.wim`, as it was put in.
    wim: PathBuf,
}

/// Beyond a start without any image, each time with no byte of the ISO in the page cache.
pub(crate) fn start(ground: &Ground) -> Measured {
    let iso = Iso::large(ground)?;
    let folder = |name: &str| ground.root().join(name);
    let configured = |name: &str, images: &str| {
        fs::create_dir_all(folder(name)).unwrap();
        let config = folder(&format!("{name}.toml"));
        fs::write(
            &config,
            format!("mountpoint = {:?}\n{images}", folder(name)),
        )
        .unwrap();
        config
    };
    let empty = configured("mnt-iso-none", "");
    let full = configured("mnt-iso-start", &iso.image());
    let round = |_| {
        let without = start_once(&empty, &folder("mnt-iso-none"), "");
        iso.forget_pages();
        let name = format!("images/x/{WIM}");
        let with = start_once(&full, &folder("mnt-iso-start"), &name);
        (without, with)
    };
    let starts: Vec<_> = (0..ground.rounds.min(STARTS)).map(round).collect();
    let sides: (Vec<f64>, Vec<f64>) = starts.iter().copied().unzip();
    let note = format!(
        "{:.1} ms without, {:.1} ms with it",
        median(&sides.0),
        median(&sides.1)
    );
    let beyond = starts.iter().map(|(without, with)| with - without);
    Ok(Figure::new(beyond.collect(), note))
}

pub(crate) fn first(ground: &Ground) -> Measured {
    compare(ground, ground.rounds, 1, true)
}

pub(crate) fn first_by_30(ground: &Ground) -> Measured {
    compare(ground, ground.rounds.min(FEW_ROUNDS), 30, true)
}

pub(crate) fn again(ground: &Ground) -> Measured {
    compare(ground, ground.rounds, 1, false)
}

pub(crate) fn again_by_30(ground: &Ground) -> Measured {
    compare(ground, ground.rounds.min(FEW_ROUNDS), 30, false)
}

fn compare(ground: &Ground, rounds: usize, readers: usize, first: bool) -> Measured {
    let iso = Iso::large(ground)?;
    // In the page cache as it came from the disk: what was just written lies there in larger
    // pieces, which are faster to copy.
    iso.forget_pages();
    let daemon = iso.mounted(ground, "mnt-iso");
    let mounted = daemon.root().join("images/x").join(WIM);
    let at = iso.place_of_wim();
    assert_same(&mounted, &iso.wim);
    let native = || speed(&iso.path, at, readers);
    let mounted = || {
        if first {
            forget_pages(&mounted);
        }
        speed(&mounted, 0, readers)
    };
    let sides = ["dd of the ISO", "dd of the file"];
    Ok(in_turns(rounds, "MB/s", sides, native, mounted))
}

/// MB per second of all readers together.
fn speed(path: &Path, at: u64, readers: usize) -> f64 {
    let mut dd = Command::new("dd");
    let dd = dd
        .arg(format!("if={}", path.display()))
        .args(["of=/dev/null", "bs=128K", "iflag=skip_bytes,count_bytes"])
        .args([format!("skip={at}"), format!("count={WIM_SIZE}")])
        .stderr(Stdio::null());
    let begun = Instant::now();
    let running: Vec<_> = (0..readers).map(|_| dd.spawn().unwrap()).collect();
    for mut reader in running {
        assert!(reader.wait().unwrap().success(), "{}", path.display());
    }
    (readers * WIM_SIZE) as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

fn forget_pages(path: &Path) {
    let file = File::open(path).unwrap();
    // What is still to be written to the disk would stay.
    rustix::fs::fsync(&file).unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
}

fn assert_same(one: &Path, other: &Path) {
    let files = [one, other].map(|path| File::open(path).unwrap());
    let mut blocks = [vec![0; BLOCK], vec![1; BLOCK]];
    for offset in (0..WIM_SIZE as u64).step_by(BLOCK) {
        for (file, block) in files.iter().zip(&mut blocks) {
            file.read_exact_at(block, offset).unwrap();
        }
        assert!(blocks[0] == blocks[1], "other bytes behind {offset}");
    }
}

/// What the daemon holds beyond one that has an ISO of one file, for each 1,000 files.
pub(crate) fn memory(ground: &Ground) -> Measured {
    let few = Iso::small(ground, 1)?.mounted(ground, "mnt-iso-1");
    let many = Iso::small(ground, MANY)?.mounted(ground, "mnt-iso-many");
    let (few, many) = (resident(&few), resident(&many));
    let note = format!("{few:.1} MiB with 1 file, {many:.1} MiB with {MANY}");
    let each = (many - few) * 1024.0 / (MANY as f64 / 1e3);
    Ok(Figure::new(vec![each], note))
}

/// What it takes to read all names and places, from the page cache.
pub(crate) fn index(ground: &Ground) -> Measured {
    let iso = Iso::small(ground, MANY)?;
    let round = |_| {
        let begun = Instant::now();
        let source = IsoSource::open(&iso.path, Arc::new(OwnMount::default())).unwrap();
        let took = begun.elapsed().as_secs_f64() * 1e3;
        assert!(source.description().ends_with(" 20,000 files"));
        took / (MANY as f64 / 1e3)
    };
    let samples = (0..ground.rounds).map(round).collect();
    Ok(Figure::new(samples, format!("an ISO of {MANY} files")))
}

impl Iso {
    fn large(ground: &Ground) -> Result<Self, String> {
        let folder = ground.root().join("iso/large");
        let wim = folder.join(WIM);
        let build = || {
            large(&wim, WIM_SIZE);
            let rest = File::create(folder.join("sources/install.wim")).unwrap();
            rest.set_len(SIZE - WIM_SIZE as u64).unwrap();
            small(&folder, FILES - 2);
        };
        let path = make(&folder, build)?;
        Ok(Self { path, wim })
    }

    fn small(ground: &Ground, files: usize) -> Result<Self, String> {
        let folder = ground.root().join(format!("iso/{files}"));
        let path = make(&folder, || small(&folder, files))?;
        let wim = folder.join(WIM);
        Ok(Self { path, wim })
    }

    fn image(&self) -> String {
        format!("[image.x]\nsource = {:?}\n", self.path)
    }

    fn mounted(&self, ground: &Ground, mountpoint: &str) -> Mounted {
        ground.daemon_of(mountpoint, &self.image(), program())
    }

    fn forget_pages(&self) {
        forget_pages(&self.path);
    }

    /// Where in the ISO its `boot.wim` begins.
    fn place_of_wim(&self) -> u64 {
        let (mut wanted, mut found) = ([0; SECTOR], [0; SECTOR]);
        let wim = File::open(&self.wim).unwrap();
        wim.read_exact_at(&mut wanted, 0).unwrap();
        let iso = File::open(&self.path).unwrap();
        let mut sectors = (0..SIZE).step_by(SECTOR);
        let place = sectors.find(|at| {
            iso.read_exact_at(&mut found, *at).unwrap();
            found == wanted
        });
        place.unwrap()
    }
}

fn small(folder: &Path, files: usize) {
    for number in 0..files {
        let folder = folder.join(format!("folder{:03}", number / FOLDER));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("file{number:05}.dat")), [7; 100]).unwrap();
    }
}

/// An ISO of what `build` puts into the folder, unless there is one already. Through a
/// pipe that leaves out the zeros.
fn make(folder: &Path, build: impl FnOnce()) -> Result<PathBuf, String> {
    let iso = folder.with_extension("iso");
    if iso.exists() {
        return Ok(iso);
    }
    fs::create_dir_all(folder).unwrap();
    build();
    let line = "set -o pipefail; \
                genisoimage -quiet -udf -allow-limited-size -iso-level 3 \"$0\" | \
                dd bs=1M iflag=fullblock conv=sparse status=none of=\"$1\"";
    let mut shell = Command::new("bash");
    let made = shell.args(["-c", line]).args([folder, &iso]).status();
    match made.unwrap().success() {
        true => Ok(iso),
        false => Err("genisoimage (Debian: genisoimage) did not make an ISO".to_owned()),
    }
}
