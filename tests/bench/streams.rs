//! Large files, front to back.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::ground::{CLIENT, Ground, WIM, WIM_SIZE};
use crate::measure::{self, Figure, SIDES, in_turns, mebibytes, median};
use crate::rows::Measured;
use crate::spelling::Random;

const BLOCK: usize = 128 << 10;
const SIZE: f64 = (WIM_SIZE >> 20) as f64;
/// What one round of thirty readers costs allows no more.
const FEW_ROUNDS: usize = 5;

pub(crate) fn first(ground: &Ground) -> Measured {
    Ok(compare(ground, ground.rounds * 3, 1, true))
}

pub(crate) fn again(ground: &Ground) -> Measured {
    Ok(compare(ground, ground.rounds * 3, 1, false))
}

pub(crate) fn first_by_30(ground: &Ground) -> Measured {
    Ok(compare(ground, ground.rounds.min(FEW_ROUNDS), 30, true))
}

pub(crate) fn again_by_30(ground: &Ground) -> Measured {
    Ok(compare(ground, ground.rounds.min(FEW_ROUNDS), 30, false))
}

fn compare(ground: &Ground, rounds: usize, readers: usize, first: bool) -> Figure {
    let native = ground.native(WIM);
    let mut random = Random::new(3);
    let mounted = || {
        if !first {
            return speed(&ground.mounted(WIM), readers);
        }
        let spelled = ground.mounted(&random.respell(WIM));
        forget_pages(&spelled);
        speed(&spelled, readers)
    };
    let native = || speed(&native, readers);
    in_turns(rounds, "MiB/s", SIDES, native, mounted)
}

/// Makes the next read a first one: drops what the mount itself has cached of a file, and
/// leaves the pages below, which belong to another file.
fn forget_pages(path: &Path) {
    let file = File::open(path).unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

/// MiB per second of all readers together, from the first that begins to the last that
/// ends: by their own clocks, for this thread may be woken long after them.
fn speed(path: &Path, readers: usize) -> f64 {
    let ready = Barrier::new(readers);
    let read = || {
        let mut block = vec![0; BLOCK];
        ready.wait();
        let begun = Instant::now();
        read_through(path, &mut block);
        (begun, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let running: Vec<_> = (0..readers).map(|_| scope.spawn(read)).collect();
        let joined = running.into_iter().map(|reader| reader.join().unwrap());
        joined.collect()
    });
    let begun = times.iter().map(|time| time.0).min().unwrap();
    let ended = times.iter().map(|time| time.1).max().unwrap();
    SIZE * f64::from(u32::try_from(readers).unwrap()) / (ended - begun).as_secs_f64()
}

fn read_through(path: &Path, block: &mut [u8]) {
    let mut file = File::open(path).unwrap();
    let mut seen = 0;
    while let count @ 1.. = file.read(block).unwrap() {
        seen += count;
    }
    assert_eq!(seen, WIM_SIZE, "{}", path.display());
}

pub(crate) fn processor_time(ground: &Ground) -> Measured {
    let mut block = vec![0; BLOCK];
    let mut random = Random::new(4);
    let mut sample = || {
        let spelled = ground.mounted(&random.respell(WIM));
        forget_pages(&spelled);
        let before = measure::processor_time(ground.daemon());
        read_through(&spelled, &mut block);
        measure::processor_time(ground.daemon()) - before
    };
    let samples = (0..ground.rounds).map(|_| sample()).collect();
    Ok(Figure::new(
        samples,
        "by the scheduler's clock, open and look-up included",
    ))
}

/// One file under many names, in several views: what the machine caches more than before,
/// as part of the file. Others use the cache too, hence rounds.
pub(crate) fn page_cache(ground: &Ground) -> Measured {
    let mut block = vec![0; BLOCK];
    read_through(&ground.native(WIM), &mut block);
    let names = [
        ground.mounted(WIM),
        ground.mounted("SOURCES/BOOT.WIM"),
        ground.mounted("\\Sources\\Boot.wim"),
        ground.mount("IMAGES/X/sources/boot.wim"),
        ground.client(WIM),
        ground.client("Sources/BOOT.wim"),
        ground.mount(&format!("{CLIENT}/sources\\boot.wim")),
        ground.mount("clients/127.0.0.3/sources/boot.wim"),
    ];
    let mut sample = || {
        forget_pages(&names[0]);
        let before = mebibytes("/proc/meminfo", "Cached");
        names.iter().for_each(|name| read_through(name, &mut block));
        (mebibytes("/proc/meminfo", "Cached") - before) / SIZE * 100.0
    };
    let samples: Vec<f64> = (0..ground.rounds.min(FEW_ROUNDS))
        .map(|_| sample())
        .collect();
    let note = format!("{:.1} MiB", median(&samples) / 100.0 * SIZE);
    Ok(Figure::new(samples, note))
}
