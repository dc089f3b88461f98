//! What it costs to remember what clients booted: time for a name, memory for a client.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use winbootfs::boots::{Boots, MOST_CLIENTS};
use winbootfs::client::Client;
use winbootfs::config::ImageName;
use winbootfs::program::{Firmware, Program};

use crate::common::mounted::{Mounted, program};
use crate::ground::{Ground, SMALL};
use crate::measure::{Awake, Figure, in_turns, mebibytes, typical};
use crate::rows::Measured;
use crate::spelling::Random;

/// The first argument of a process that remembers clients and measures itself.
pub(crate) const ROLE: &str = "--as-a-memory";

const FOLLOWED: u16 = 10_000;
const TURN: Duration = Duration::from_millis(250);

/// A file of the image that a client booted, asked for under its folder; beside it that of a
/// client that gets the same image by a rule. The names are never believed, so
/// each is a question to the daemon.
pub(crate) fn lookup(ground: &Ground) -> Measured {
    let daemon = ground.another("mnt-choice", program());
    for number in 0..FOLLOWED {
        let program = followed(&daemon, number).join("images/x/Boot/pxeboot.n12");
        assert_eq!(fs::read(program).unwrap().len(), 16 << 10);
    }
    let _awake = Awake::new();
    let mut numbers = [Random::new(11), Random::new(12)]
        .map(|mut random| move || u16::try_from(random.below(usize::from(FOLLOWED))).unwrap());
    let [rule, choice] = &mut numbers;
    let stat = |folder: PathBuf| {
        let found = fs::metadata(folder.join(SMALL)).unwrap();
        assert_eq!(found.len(), 16 << 10);
    };
    let by_rule = || typical(TURN, || stat(ruled(&daemon, rule())));
    let by_choice = || typical(TURN, || stat(followed(&daemon, choice())));
    let sides = ["by a rule", "followed"];
    Ok(in_turns(ground.rounds, "us", sides, by_rule, by_choice))
}

/// No rule is for these: without their choice they would get another image.
fn followed(daemon: &Mounted, number: u16) -> PathBuf {
    let [high, low] = number.to_be_bytes();
    daemon.root().join(format!("clients/10.0.{high}.{low}"))
}

fn ruled(daemon: &Mounted, number: u16) -> PathBuf {
    let [high, low] = number.to_be_bytes();
    daemon.root().join(format!("clients/127.0.{high}.{low}"))
}

/// In a process of its own, which has nothing else in memory.
pub(crate) fn memory(_ground: &Ground) -> Measured {
    let output = Command::new(env::current_exe().unwrap()).arg(ROLE).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let bytes = told.trim().parse().unwrap();
    let note = format!("{:.1} MiB in all", bytes * clients() / 1048576.0);
    Ok(Figure::new(vec![bytes], note))
}

fn clients() -> f64 {
    f64::from(u32::try_from(MOST_CLIENTS).unwrap())
}

/// That process: remembers as many as it may, and tells how many bytes each has cost.
pub(crate) fn play() {
    let resident = || mebibytes("/proc/self/status", "VmRSS");
    let (boots, now, idle) = (Boots::default(), Instant::now(), Duration::from_secs(60));
    let image = ImageName::new("x").unwrap();
    let before = resident();
    for number in 0..u32::try_from(MOST_CLIENTS).unwrap() {
        let [_, high, middle, low] = number.to_be_bytes();
        let client = Client {
            ip: Some([10, high, middle, low].into()),
            mac: Some([0x52, 0x54, 0, high, middle, low]),
        };
        boots.opened(
            &client,
            &Program::of(Firmware::Bios),
            Some(&image),
            now,
            idle,
        );
    }
    println!("{:.0}", (resident() - before) * 1048576.0 / clients());
    assert_eq!(boots.len(), MOST_CLIENTS);
}
