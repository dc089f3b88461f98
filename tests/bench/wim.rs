//! Decoding a WIM, beside `wimlib-imagex` (Debian: wimtools).
//!
//! Both read one file of 64 MiB of programs and libraries of this machine from a WIM in
//! the page cache, whole and in order, and compare its SHA-1: wimlib in a process of
//! its own that writes to /dev/null, with one thread as always when it reads.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use winbootfs::source::ReadAt;
use winbootfs::wim::Wim;

use crate::ground::{Ground, MANY, driver};
use crate::measure::{Figure, in_turns};
use crate::rows::Measured;

const SIZE: usize = 64 << 20;
const BLOCK: usize = 128 << 10;

pub(crate) fn lzx(ground: &Ground) -> Measured {
    compare(ground, "LZX")
}

pub(crate) fn xpress(ground: &Ground) -> Measured {
    compare(ground, "XPRESS")
}

/// All names of an image, out of the page cache: what the first look into a boot.wim takes.
pub(crate) fn tree(ground: &Ground) -> Measured {
    let folder = ground.root().join("wim-tree");
    for number in 0..MANY {
        let folder = folder.join(format!("source/folder{:03}", number / 200));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(driver(number)), number.to_string()).unwrap();
    }
    let wim = capture(&folder, "LZX")?;
    let mut memory = 0;
    let mut load = || {
        let begun = Instant::now();
        let tree = open(&wim).tree(1).unwrap();
        let took = begun.elapsed().as_secs_f64() * 1e3;
        assert!(tree.len() > MANY);
        memory = tree.memory() * 1_000 / tree.len();
        took
    };
    let samples = (0..ground.rounds).map(|_| load()).collect();
    Ok(Figure::new(
        samples,
        format!("{memory} bytes for 1,000 of them"),
    ))
}

fn compare(ground: &Ground, compression: &str) -> Measured {
    let folder = ground.root().join("wim");
    let source = folder.join("source");
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join("big"), programs()?).unwrap();
    let wim = capture(&folder, compression)?;
    let wimlib = || speed(|| extract(&wim));
    let own = || speed(|| read(&wim));
    let sides = ["wimlib-imagex", "own"];
    Ok(in_turns(ground.rounds, "MB/s", sides, wimlib, own))
}

fn speed(read: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    read();
    SIZE as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// A WIM of what is in `source`.
fn capture(folder: &Path, compression: &str) -> Result<PathBuf, String> {
    let wim = folder.join(format!("{compression}.wim"));
    let made = Command::new("wimlib-imagex")
        .args(["capture", "--compress", compression])
        .args([&folder.join("source"), &wim])
        .stdout(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => Ok(wim),
        Ok(status) => Err(format!("wimlib-imagex: {status}")),
        Err(error) => Err(format!("wimlib-imagex (Debian: wimtools): {error}")),
    }
}

/// What Windows files are like is not to be had here; programs are the most of them.
fn programs() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut folders = vec![PathBuf::from("/usr/lib"), PathBuf::from("/usr/bin")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort_unstable();
        for path in paths {
            match path.symlink_metadata() {
                Ok(entry) if entry.is_dir() => folders.push(path),
                Ok(entry) if entry.is_file() => {
                    let file = fs::read(path).unwrap_or_default();
                    if file.starts_with(b"\x7fELF") {
                        bytes.extend(file);
                    }
                }
                _ => {}
            }
            if bytes.len() >= SIZE {
                bytes.truncate(SIZE);
                return Ok(bytes);
            }
        }
    }
    Err("there are too few programs here".to_owned())
}

fn extract(wim: &Path) {
    let mut command = Command::new("wimlib-imagex");
    let command = command.arg("extract").arg(wim);
    let status = command
        .args(["1", "/big", "--to-stdout"])
        .stdout(Stdio::null());
    assert!(status.status().unwrap().success());
}

#[derive(Debug)]
struct OnDisk(File);

impl ReadAt for OnDisk {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

fn open(path: &Path) -> Wim {
    let file = File::open(path).unwrap();
    let size = file.metadata().unwrap().len();
    Wim::open(Arc::new(OnDisk(file)), size).unwrap()
}

fn read(path: &Path) {
    let tree = open(path).tree(1).unwrap();
    let blob = tree.find(b"big").unwrap().open().unwrap();
    let mut block = vec![0; BLOCK];
    for offset in (0..SIZE as u64).step_by(BLOCK) {
        assert_eq!(blob.read_at(&mut block, offset).unwrap(), BLOCK);
    }
}
