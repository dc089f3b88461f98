//! What the daemon itself needs: memory, descriptors, time to start.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Resource, Signal, kill_process};

use crate::common::mounted::{Mounted, program};
use crate::common::wait;
use crate::ground::{Ground, MANY, SMALL, driver};
use crate::measure::{Figure, mebibytes};
use crate::rows::Measured;
use crate::spelling::Random;

const LOOKUPS: usize = 100_000;
const VIEWS: usize = 1_000;
const OPEN: usize = 10_000;
const IMAGES: usize = 50;
const FILES: usize = 2_000;
/// A start is seldom disturbed, and each costs an end.
pub(crate) const STARTS: usize = 7;

pub(crate) fn memory(ground: &Ground) -> Measured {
    let daemon = ground.another("mnt-memory", program());
    let begun = resident(&daemon);
    look_up(&daemon, &mut Random::new(8));
    let looked_up = resident(&daemon);
    view(&daemon, 0);
    let note = format!("{begun:.1} MiB at the start, {looked_up:.1} before the views");
    Ok(Figure::new(vec![resident(&daemon)], note))
}

/// What comes on top when everything is done once more, in other spellings and for other
/// clients.
pub(crate) fn growth(ground: &Ground) -> Measured {
    let daemon = ground.another("mnt-growth", program());
    let mut random = Random::new(9);
    let mut seen = Vec::new();
    for time in 0..4 {
        look_up(&daemon, &mut random);
        view(&daemon, time);
        seen.push(resident(&daemon));
    }
    let note = format!(
        "{:.1}, {:.1}, {:.1}, {:.1} MiB",
        seen[0], seen[1], seen[2], seen[3]
    );
    let grown = seen.windows(2).map(|two| two[1] - two[0]).collect();
    Ok(Figure::new(grown, note))
}

pub(crate) fn resident(daemon: &Mounted) -> f64 {
    mebibytes(&format!("/proc/{}/status", daemon.pid()), "VmRSS")
}

fn look_up(daemon: &Mounted, random: &mut Random) {
    for _ in 0..LOOKUPS {
        let name = format!("Drivers/BigDir/{}", driver(random.below(MANY)));
        let path = daemon.root().join("images/x").join(random.respell(&name));
        fs::metadata(path).unwrap();
    }
}

fn view(daemon: &Mounted, time: usize) {
    for number in 0..VIEWS {
        let [high, low] = u16::try_from(time * VIEWS + number).unwrap().to_be_bytes();
        let folder = daemon.root().join(format!("clients/127.0.{high}.{low}"));
        fs::metadata(folder.join(SMALL)).unwrap();
        assert!(fs::read_dir(folder.join("boot")).unwrap().count() > 1);
    }
}

pub(crate) fn descriptors(ground: &Ground) -> Measured {
    let needed = u64::try_from(OPEN).unwrap() + 100;
    allow_open_files(needed).map_err(|error| format!("cannot open {OPEN} files: {error}"))?;
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]);
    limited.arg(program().get_program());
    let daemon = ground.another("mnt-limited", limited);
    let folder = daemon.root().join("images/x/Drivers/BigDir");
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(names.len(), MANY);
    let open: Vec<File> = names[..OPEN]
        .iter()
        .map(|name| File::open(name).unwrap())
        .collect();
    let mut bytes = vec![0; 512];
    for file in &open {
        std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).unwrap();
    }
    let used = fs::read_dir(format!("/proc/{}/fd", daemon.pid()))
        .unwrap()
        .count();
    let used = f64::from(u32::try_from(used).unwrap());
    Ok(Figure::new(
        vec![used],
        format!("with {OPEN} files open, all read"),
    ))
}

/// The limit is that of this process, which holds the files.
fn allow_open_files(needed: u64) -> rustix::io::Result<()> {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed);
        limit.maximum = limit.maximum.map(|maximum| maximum.max(needed));
        rustix::process::setrlimit(Resource::Nofile, limit)?;
    }
    Ok(())
}

pub(crate) fn start(ground: &Ground) -> Measured {
    let config = many_images(ground.root());
    let mountpoint = ground.root().join("mnt-start");
    let start = |_| start_once(&config, &mountpoint, "images/i49/Boot");
    let samples = (0..ground.rounds.min(STARTS)).map(start).collect();
    Ok(Figure::new(
        samples,
        "until it says so and the mount answers",
    ))
}

fn many_images(root: &Path) -> std::path::PathBuf {
    fs::create_dir_all(root.join("mnt-start")).unwrap();
    let mut text = format!("mountpoint = {:?}\n", root.join("mnt-start"));
    for image in 0..IMAGES {
        let folder = root.join(format!("many/{image}/Boot"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..FILES {
            File::create(folder.join(driver(file))).unwrap();
        }
        text += &format!("[image.i{image}]\nsource = \"many/{image}\"\n");
    }
    let config = root.join("mnt-start.toml");
    fs::write(&config, text).unwrap();
    config
}

/// Milliseconds from the start of the program to the first answer of the mount, for a name
/// in it.
pub(crate) fn start_once(config: &Path, mountpoint: &Path, name: &str) -> f64 {
    let begun = Instant::now();
    let mut command = program();
    command.args(["mount", "--config"]).arg(config);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut daemon = Started(command.spawn().unwrap(), mountpoint.to_owned());
    let output = BufReader::new(daemon.0.stdout.take().unwrap());
    let up = output
        .lines()
        .any(|line| line.unwrap().contains("stop it with"));
    assert!(up, "the daemon ended");
    fs::metadata(mountpoint.join(name)).unwrap();
    begun.elapsed().as_secs_f64() * 1e3
}

/// A daemon without anybody who waits for it in steps.
#[derive(Debug)]
struct Started(Child, std::path::PathBuf);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let ended = || self.0.try_wait().ok().flatten();
        if wait::within(Duration::from_secs(10), ended).is_none() {
            let _ = self.0.kill();
            let _ = self.0.wait();
            let _ = unmount(&self.1, UnmountFlags::DETACH);
        }
    }
}
