//! Names: found, missing, respelled, listed, replaced.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::mounted::PATIENCE;
use crate::common::wait;
use crate::ground::{FEW, Ground, LONG, MANY, SMALL, driver, font};
use crate::measure::{Awake, Figure, SIDES, in_turns, rate, timed, typical};
use crate::rows::Measured;
use crate::spelling::Random;

/// How long one side of one round takes.
const TURN: Duration = Duration::from_millis(120);

const SMALL_FOLDER: &str = "Boot/Fonts";
const BIG_FOLDER: &str = "Drivers/BigDir";

pub(crate) fn small_exact(ground: &Ground) -> Measured {
    Ok(small(ground, &ground.mounted(SMALL)))
}

pub(crate) fn small_wrong_case(ground: &Ground) -> Measured {
    Ok(small(ground, &ground.mounted("BOOT/SMALL.bin")))
}

pub(crate) fn small_clients(ground: &Ground) -> Measured {
    Ok(small(ground, &ground.client(SMALL)))
}

fn small(ground: &Ground, mounted: &Path) -> Figure {
    let native = ground.native(SMALL);
    let mut block = vec![0; 64 << 10];
    let mut again = block.clone();
    compare_rates(
        ground,
        &mut || {
            read_small(&native, &mut block);
        },
        &mut || {
            read_small(mounted, &mut again);
        },
    )
}

fn compare_rates(ground: &Ground, native: &mut dyn FnMut(), mounted: &mut dyn FnMut()) -> Figure {
    let _awake = Awake::new();
    let native = || rate(TURN, &mut *native);
    let mounted = || rate(TURN, &mut *mounted);
    in_turns(ground.rounds, "/s", SIDES, native, mounted)
}

fn compare_times(ground: &Ground, native: &mut dyn FnMut(), mounted: &mut dyn FnMut()) -> Figure {
    let _awake = Awake::new();
    let native = || typical(TURN, &mut *native);
    let mounted = || typical(TURN, &mut *mounted);
    in_turns(ground.rounds, "us", SIDES, native, mounted)
}

/// Reads until the end, as a program does that does not know the size.
fn read_small(path: &Path, block: &mut [u8]) {
    let mut file = File::open(path).unwrap();
    while file.read(block).unwrap() > 0 {}
}

/// `Boot/Fonts/...` in a spelling of the whole path that nobody has used. Of so short a
/// folder name there are few spellings, and they are soon known.
pub(crate) fn unseen_spelling(ground: &Ground) -> Measured {
    Ok(unseen(ground, SMALL_FOLDER))
}

/// The same with long folder names: each of the three parts is one question.
pub(crate) fn unseen_parts(ground: &Ground) -> Measured {
    Ok(unseen(ground, &LONG.join("/")))
}

fn unseen(ground: &Ground, folder: &str) -> Figure {
    let exact = format!("{folder}/{}", font(7));
    let native = ground.native(&exact);
    let (mut block, mut again) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut random = Random::new(5);
    let mut spellings = Vec::new();
    let mut mounted = || {
        let spelled = next(&mut spellings, || ground.mounted(&random.respell(&exact)));
        read_small(&spelled, &mut again);
    };
    let native = &mut || read_small(&native, &mut block);
    compare_times(ground, native, &mut mounted)
}

/// Takes from a store that is filled now and then, so that making a name costs the typical
/// operation nothing.
fn next(store: &mut Vec<PathBuf>, mut make: impl FnMut() -> PathBuf) -> PathBuf {
    if store.is_empty() {
        store.extend((0..256).map(|_| make()));
    }
    store.pop().unwrap()
}

/// The same question in a folder of 20 files and in one of 20,000, both in the mount and
/// in a spelling of the folder that is known.
pub(crate) fn stat_in_big_folder(ground: &Ground) -> Measured {
    let _awake = Awake::new();
    let mut random = [Random::new(6), Random::new(7)];
    let mut stores = [Vec::new(), Vec::new()];
    let [few, many] = &mut random;
    let [small, big] = &mut stores;
    let mut in_few = || {
        stat_next(small, || {
            let number = few.below(FEW);
            ground
                .mounted("BOOT/fonts")
                .join(few.respell(&font(number)))
        });
    };
    let mut in_many = || {
        stat_next(big, || {
            let number = many.below(MANY);
            ground
                .mounted("DRIVERS/bigdir")
                .join(many.respell(&driver(number)))
        });
    };
    let few = || typical(TURN, &mut in_few);
    let many = || typical(TURN, &mut in_many);
    Ok(in_turns(ground.rounds, "us", ["20", "20,000"], few, many))
}

fn stat_next(store: &mut Vec<PathBuf>, make: impl FnMut() -> PathBuf) {
    fs::metadata(next(store, make)).unwrap();
}

pub(crate) fn two_spellings(ground: &Ground) -> Measured {
    let native = ground.native(SMALL);
    let spelled = [ground.mounted(SMALL), ground.mounted("BOOT/SMALL.BIN")];
    let mut turn = 0;
    let mut mounted = || {
        turn = 1 - turn;
        assert_there(&spelled[turn]);
    };
    let native = &mut || assert_there(&native);
    Ok(compare_rates(ground, native, &mut mounted))
}

pub(crate) fn missing_again(ground: &Ground) -> Measured {
    let name = "Boot/Resources/bootres.dll";
    let (native, mounted) = (ground.native(name), ground.mounted(name));
    let native = &mut || assert_missing(&native);
    Ok(compare_rates(ground, native, &mut || {
        assert_missing(&mounted);
    }))
}

pub(crate) fn missing_new(ground: &Ground) -> Measured {
    Ok(missing(ground, SMALL_FOLDER))
}

pub(crate) fn missing_new_in_big_folder(ground: &Ground) -> Measured {
    Ok(missing(ground, BIG_FOLDER))
}

fn missing(ground: &Ground, folder: &str) -> Figure {
    let folders = [ground.native(folder), ground.mounted(folder)];
    let mut numbers = [0_u64; 2];
    let [first, second] = &mut numbers;
    let ask = |folder: &Path, number: &mut u64| {
        *number += 1;
        assert_missing(&folder.join(format!("no_such_file_{number}.ttf")));
    };
    compare_rates(
        ground,
        &mut || {
            ask(&folders[0], first);
        },
        &mut || {
            ask(&folders[1], second);
        },
    )
}

fn assert_there(path: &Path) {
    assert!(fs::metadata(path).is_ok(), "{}", path.display());
}

fn assert_missing(path: &Path) {
    assert!(fs::metadata(path).is_err(), "{}", path.display());
}

pub(crate) fn listing_again(ground: &Ground) -> Measured {
    let (native, mounted) = (ground.native(BIG_FOLDER), ground.mounted(BIG_FOLDER));
    let listings = |folder: &Path| 1e6 / timed(|| list(folder));
    let (first, second) = (|| listings(&native), || listings(&mounted));
    Ok(in_turns(ground.rounds * 3, "/s", SIDES, first, second))
}

fn list(folder: &Path) {
    assert_eq!(fs::read_dir(folder).unwrap().count(), MANY);
}

/// From the rename to the first read of the new bytes, under a name of which the kernel
/// was sure.
pub(crate) fn edit_shows(ground: &Ground) -> Measured {
    let (native, mounted) = (ground.native("Boot/edited"), ground.mounted("BOOT/Edited"));
    let mut sample = |number: usize| {
        let bytes = format!("version {number}").into_bytes();
        let _ = fs::read(&mounted);
        fs::write(native.with_extension("new"), &bytes).unwrap();
        fs::rename(native.with_extension("new"), &native).unwrap();
        let shows = || {
            fs::read(&mounted)
                .is_ok_and(|read| read == bytes)
                .then_some(())
        };
        timed(|| wait::until("the edit to show", PATIENCE, shows)) / 1e3
    };
    let samples = (0..ground.rounds).map(&mut sample).collect();
    Ok(Figure::new(samples, "looked at every 5 ms"))
}
