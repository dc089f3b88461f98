//! The life of a daemon as an operator sees it: start without a file, reload, end.

use std::fs;
use std::io::{IsTerminal, Read};

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::Signal;

use crate::common::mounted::{Mounted, can_mount, program};
use crate::common::wait;
use crate::common::world::World;

fn site() -> World {
    World::new()
        .image("x", &[("BCD", "one")])
        .default_image("x")
}

fn is_mounted(world: &World) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    mounts.contains(&world.path("mnt").display().to_string())
}

#[test]
fn folders_instead_of_a_configuration() {
    if !can_mount() {
        return;
    }
    let world = World::new()
        .layer("first", &[("BCD", "first"), ("boot.sdi", "x")])
        .layer("second", &[("boot/bcd", "second")])
        .layer("mnt", &[("pxelinux.0", "beneath")]);
    let mut command = program();
    command
        .current_dir(world.path(""))
        .args(["mount", "first", "second", "second/../mnt"]);
    let mounted = Mounted::start(command, &world.path("mnt"));
    assert_eq!(
        mounted.read(b"\\BOOT\\bcd").unwrap(),
        b"first",
        "the first is the default"
    );
    assert_eq!(mounted.read(b"images/Second/Boot/BCD").unwrap(), b"second");
    assert_eq!(mounted.read(b"PXELINUX.0").unwrap(), b"beneath");
    // The whole path, whatever was typed: others read it elsewhere.
    let root = mounted.root().canonicalize().unwrap();
    let root = root.display();
    for said in [
        &format!("2 images on {root}\n"),
        "first, second",
        "default: first",
        &format!("umount {root}\n"),
    ] {
        assert!(mounted.log().contains(said), "{said}: {}", mounted.log());
    }
}

/// The program prints what to try, and what it prints works.
#[test]
fn what_is_printed_can_be_tried() {
    if !can_mount() {
        return;
    }
    let world = site()
        .image("y", &[("Boot/BCD", "two")])
        .client("127.0.0.10", "y");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let log = mounted.log();
    let tries: Vec<&str> = log
        .lines()
        .filter(|line| line.starts_with("    "))
        .collect();
    assert_eq!(tries.len(), 3, "{log}");
    for line in tries {
        let done = std::process::Command::new("sh")
            .arg("-c")
            .arg(line)
            .output()
            .unwrap();
        assert!(
            done.status.success() && !done.stdout.is_empty(),
            "{line}: {done:?}"
        );
    }
}

#[test]
fn ends_when_told_to() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = site();
        let Some(mut mounted) = Mounted::new(&world) else {
            return;
        };
        assert!(is_mounted(&world));
        mounted.signal(signal);
        assert_eq!(mounted.wait_for_end().code(), Some(0), "{signal:?}");
        assert!(!is_mounted(&world), "{signal:?}");
    }
}

#[test]
fn ends_while_a_file_is_open() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = site();
        let Some(mut mounted) = Mounted::new(&world) else {
            return;
        };
        let mut open = fs::File::open(mounted.path(b"Boot/BCD")).unwrap();
        mounted.signal(signal);
        assert_eq!(mounted.wait_for_end().code(), Some(0), "{signal:?}");
        assert!(!is_mounted(&world), "the mountpoint is free");
        fs::write(world.path("mnt/free"), "x").unwrap();
        // Whatever it gives, it gives at once and never another file's bytes.
        let mut bytes = Vec::new();
        let read = open.read_to_end(&mut bytes);
        assert!(
            read.is_err() || bytes == b"one" || bytes.is_empty(),
            "{bytes:?}"
        );
    }
}

#[test]
fn ends_when_somebody_unmounts() {
    for flags in [UnmountFlags::empty(), UnmountFlags::DETACH] {
        let world = site();
        let Some(mut mounted) = Mounted::new(&world) else {
            return;
        };
        // Somebody of the machine may be looking at all mounts just now.
        wait::until("umount", crate::common::mounted::PATIENCE, || {
            unmount(mounted.root(), flags).ok()
        });
        assert_eq!(mounted.wait_for_end().code(), Some(0));
        mounted.wait_for_log("somebody unmounted");
    }
}

#[test]
fn a_broken_configuration_is_reported_once_and_the_old_one_kept() {
    let world = site().image("y", &[("BCD", "two")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let good = fs::read_to_string(world.path("mounts.toml")).unwrap();
    world.put(
        "mounts.toml",
        format!("{good}\n[[client]]\nmatch = 1\n").as_bytes(),
    );
    mounted.wait_for_log("the old configuration stays in force");
    mounted.wait_for_log("mounts.toml:");
    assert_eq!(mounted.read(b"Boot/BCD").unwrap(), b"one");
    let complaints = |log: &str| log.matches("stays in force").count();
    assert_eq!(complaints(&mounted.log()), 1);
    mounted.signal(Signal::HUP);
    wait::until(
        "another complaint",
        crate::common::mounted::PATIENCE,
        || (complaints(&mounted.log()) == 2).then_some(()),
    );
    assert_eq!(mounted.read(b"Boot/BCD").unwrap(), b"one");
    world.put(
        "mounts.toml",
        good.replace("default = \"x\"", "default = \"y\"")
            .as_bytes(),
    );
    mounted.wait_for_log("new configuration in force: 2 images");
    assert_eq!(mounted.read(b"Boot/BCD").unwrap(), b"two");
}

#[test]
fn counters_are_written_on_request() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    mounted.read(b"\\Boot\\BCD").unwrap();
    assert!(mounted.path(b"nothing").symlink_metadata().is_err());
    assert!(mounted.counter("lookups") >= 2);
    assert!(mounted.counter("misses") >= 1);
}

/// `WINBOOTFS_LOG` chooses how much is said; what nobody can read as levels changes nothing.
#[test]
fn the_log_is_as_long_as_wanted() {
    if !can_mount() {
        return;
    }
    // Whether our own details are there, and what the library says of calls without an answer.
    for (wanted, is_there) in [
        (None, [false, false]),
        (Some("loud"), [false, false]),
        (Some("winbootfs=loud"), [false, false]),
        (Some("winbootfs::watch=debug"), [false, false]),
        (Some("info"), [false, false]),
        (Some("info,fuser=debug"), [true, true]),
        (Some("debug"), [true, false]),
    ] {
        let world = site();
        let mounted = logging(&world, wanted);
        let file = fs::File::open(mounted.path(b"clients/10.0.0.1/\\Boot\\BCD")).unwrap();
        assert!(!file.is_terminal(), "asked by a call that has no answer");
        assert_eq!(mounted.counter("opens"), 1);
        let log = mounted.log();
        let found = ["DEBUG", "Not Implemented"].map(|word| log.contains(word));
        assert_eq!(found, is_there, "{wanted:?}: {log}");
    }
}

fn logging(world: &World, wanted: Option<&str>) -> Mounted {
    let root = world.path("mnt");
    fs::create_dir_all(&root).unwrap();
    let mut command = program();
    command.args([
        "mount".as_ref(),
        world.path("x").as_os_str(),
        root.as_os_str(),
    ]);
    command.env_remove("WINBOOTFS_LOG");
    command.envs(wanted.map(|wanted| ("WINBOOTFS_LOG", wanted)));
    Mounted::start(command, &root)
}

/// Files beneath that nobody asked to hide.
#[test]
fn hidden_files_are_mentioned() {
    let world = site().layer("mnt", &[("kernel", "x")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    mounted.wait_for_log("are hidden by the mount; to show them beneath, add: base = ");
}
