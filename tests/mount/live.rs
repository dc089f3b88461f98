//! Changes show at once, and transfers keep what they began with.

use std::fs;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::servers;
use crate::common::skip;
use crate::common::wait;
use crate::common::world::World;

/// "At once": an event has to arrive, and one notice to the kernel. Generous for a loaded
/// machine, and far below the belief that would otherwise last (a minute).
const AT_ONCE: Duration = Duration::from_secs(2);

/// What was promised where no events exist.
const WITHOUT_EVENTS: Duration = Duration::from_secs(2);

fn image() -> World {
    let files = [
        ("Boot/BCD", "old store"),
        ("sources/boot.wim", "old wim"),
        ("Boot/empty/x", "x"),
    ];
    World::new().image("x", &files).default_image("x")
}

/// Waits until a file reads as this, under a name that the kernel already believes in.
fn reads(mounted: &Mounted, name: &[u8], expected: Option<&str>) -> Duration {
    let begun = Instant::now();
    let what = format!("{} to be {expected:?}", String::from_utf8_lossy(name));
    wait::until(&what, PATIENCE, || {
        let found = mounted.read(name).ok();
        (found.as_deref() == expected.map(str::as_bytes)).then_some(())
    });
    begun.elapsed()
}

/// Every kind of change, in names that were all asked for before.
fn changes_show(world: &World, mounted: &Mounted, within: Duration) {
    let prefixes: [&[u8]; 3] = [b"", b"images/x/", b"127.0.0.9/"];
    let at = |prefix: &[u8], name: &str| [prefix, name.as_bytes()].concat();
    for prefix in prefixes {
        reads(mounted, &at(prefix, "Boot/BCD"), Some("old store"));
        reads(mounted, &at(prefix, "BOOT\\bcd"), Some("old store"));
        reads(mounted, &at(prefix, "Boot/new.sdi"), None);
        reads(mounted, &at(prefix, "\\boot\\New.SDI"), None);
        reads(mounted, &at(prefix, "fresh/deep/file"), None);
        reads(mounted, &at(prefix, "bootmgr.exe"), None);
    }
    world.put("x/Boot/BCD", b"new store");
    world.put("x/Boot/new.sdi", b"new sdi");
    world.put("x/fresh/deep/file", b"deep");
    world.put("x/Boot/bootmgr.exe", b"manager");
    for prefix in prefixes {
        for (name, now) in [
            ("Boot/BCD", "new store"),
            ("BOOT\\bcd", "new store"),
            ("Boot/new.sdi", "new sdi"),
            ("\\boot\\New.SDI", "new sdi"),
            ("fresh/deep/file", "deep"),
            ("bootmgr.exe", "manager"),
        ] {
            let took = reads(mounted, &at(prefix, name), Some(now));
            assert!(took < within, "{name} took {took:?}");
        }
    }
    fs::remove_file(world.path("x/Boot/new.sdi")).unwrap();
    fs::remove_dir_all(world.path("x/fresh")).unwrap();
    fs::write(world.path("x/Boot/BCD"), "written in place").unwrap();
    for prefix in prefixes {
        for (name, now) in [
            ("Boot/new.sdi", None),
            ("fresh/deep/file", None),
            ("Boot/BCD", Some("written in place")),
        ] {
            let took = reads(mounted, &at(prefix, name), now);
            assert!(took < within, "{name} took {took:?}");
        }
    }
}

#[test]
fn changes_show_at_once() {
    let world = image();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    changes_show(&world, &mounted, AT_ONCE);
}

#[test]
fn without_events_changes_show_within_two_seconds() {
    let world = image().line("poll = true");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    changes_show(&world, &mounted, WITHOUT_EVENTS);
}

/// Another machine whose disk a source is on may be away for long. Here it is a daemon that
/// stands still: whoever looks at a file behind it waits, and nobody else does.
#[test]
fn a_source_that_does_not_answer_delays_nothing_else() {
    let behind = image();
    let Some(away) = Mounted::new(&behind) else {
        return;
    };
    let wim = away.path(b"images/x/sources/boot.wim");
    let world = image().line(&format!("[image.y]\nsource = {wim:?}"));
    let Some(mut mounted) = Mounted::new(&world) else {
        return;
    };
    reads(&mounted, b"Boot/BCD", Some("old store"));
    away.signal(Signal::STOP);
    wait::until("a thread to wait for the other machine", PATIENCE, || {
        waits_for_fuse(mounted.pid()).then_some(())
    });
    world.put("x/Boot/BCD", b"new store");
    reads(&mounted, b"Boot/BCD", Some("new store"));
    mounted.signal(Signal::TERM);
    assert!(mounted.wait_for_end().success());
    away.signal(Signal::CONT);
}

/// Whether a thread of that process waits for an answer to a request to FUSE, by the name of
/// the place in the kernel where it sleeps.
fn waits_for_fuse(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let sleeps_at = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("wchan"));
    let mut places = threads.filter_map(|thread| sleeps_at(thread.ok()?).ok());
    places.any(|place| place == "request_wait_answer")
}

/// A source on a file system that raises no events: the mount itself, seen through a
/// second one.
#[test]
fn a_source_behind_fuse_is_looked_at_without_events() {
    let world = image();
    let Some(first) = Mounted::new(&world) else {
        return;
    };
    let over = World::new();
    let root = over.path("mnt");
    fs::create_dir_all(&root).unwrap();
    let mut command = crate::common::mounted::program();
    command.arg("mount").arg(first.path(b"images/x")).arg(&root);
    let second = Mounted::start(command, &root);
    reads(&second, b"boot/bcd", Some("old store"));
    world.put("x/Boot/BCD", b"new store");
    let took = reads(&second, b"boot/bcd", Some("new store"));
    assert!(took < WITHOUT_EVENTS * 2, "two mounts took {took:?}");
}

/// All of the old or all of the new: whoever opens a file while it is being replaced.
#[test]
fn nobody_reads_a_mixture() {
    const LENGTH: usize = 300_000;
    let world = World::new()
        .image("x", &[("boot.wim", vec![b'a'; LENGTH])])
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let over = AtomicBool::new(false);
    let reader = || {
        let mut seen = 0;
        while !over.load(Ordering::Relaxed) {
            let bytes = mounted.read(b"images/x/boot.wim").unwrap();
            assert_eq!(bytes.len(), LENGTH);
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
            seen += 1;
        }
        seen
    };
    let seen: usize = thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(reader)).collect();
        for round in 0..200_usize {
            world.put(
                "x/boot.wim",
                &vec![b'a' + u8::try_from(round % 26).unwrap(); LENGTH],
            );
        }
        over.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum()
    });
    assert!(seen > 10, "only {seen} reads");
}

#[test]
fn a_transfer_under_way_keeps_its_bytes() {
    const LENGTH: usize = 8 << 20;
    let world = World::new()
        .image("x", &[("boot.wim", vec![b'a'; LENGTH])])
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let mut file = fs::File::open(mounted.path(b"boot.wim")).unwrap();
    let mut begun = vec![0; 1000];
    file.read_exact(&mut begun).unwrap();
    world.put("x/boot.wim", &vec![b'b'; LENGTH]);
    reads_all(&mounted, b"boot.wim", b'b', LENGTH);
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).unwrap();
    assert_eq!(begun.len() + rest.len(), LENGTH);
    assert!(
        rest.iter().all(|byte| *byte == b'a'),
        "bytes of the new file in the old"
    );
    fs::remove_file(world.path("x/boot.wim")).unwrap();
    wait::until("the file to be gone", PATIENCE, || {
        mounted.read(b"boot.wim").is_err().then_some(())
    });
}

fn reads_all(mounted: &Mounted, name: &[u8], byte: u8, length: usize) {
    wait::until("the new file", PATIENCE, || {
        let bytes = mounted.read(name).unwrap();
        (bytes == vec![byte; length]).then_some(())
    });
}

#[test]
fn a_new_configuration_takes_effect_and_a_broken_one_does_not() {
    let world = World::new()
        .image("one", &[("Boot/BCD", "one")])
        .image("two", &[("Boot/BCD", "two")])
        .default_image("one");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    reads(&mounted, b"Boot/BCD", Some("one"));
    reads(&mounted, b"clients/127.0.0.9/Boot/BCD", Some("one"));
    let file = world.path("mounts.toml");
    let old = fs::read_to_string(&file).unwrap();
    let replaced = |text: &str| {
        fs::write(world.path("mounts.new"), text).unwrap();
        fs::rename(world.path("mounts.new"), &file).unwrap();
    };
    replaced(&old.replace("default = \"one\"", "default = \"two\""));
    assert!(reads(&mounted, b"Boot/BCD", Some("two")) < AT_ONCE);
    replaced("default = nonsense");
    mounted.wait_for_log("the old configuration stays in force");
    mounted.wait_for_log("mounts.toml:1:11");
    assert_eq!(mounted.read(b"Boot/BCD").unwrap(), b"two");
    let rule = "\n[[client]]\nmatch = \"127.0.0.9\"\nimage = \"two\"\n";
    replaced(&format!("{old}{rule}"));
    reads(&mounted, b"clients/127.0.0.9/Boot/BCD", Some("two"));
    reads(&mounted, b"Boot/BCD", Some("one"));
    replaced(&old.replace("[image.\"two\"]\nsource = \"two\"", ""));
    wait::until("the image to be gone", PATIENCE, || {
        fs::metadata(mounted.path(b"images/two"))
            .is_err()
            .then_some(())
    });
}

#[test]
fn hup_reads_the_configuration_again() {
    let world = World::new().image("one", &[("Boot/BCD", "one")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    reads(&mounted, b"Boot/BCD", None);
    // Written in place, as some editors do; and without an event nobody could rely on.
    let file = world.path("mounts.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("default = \"one\"\n{text}")).unwrap();
    mounted.signal(Signal::HUP);
    reads(&mounted, b"Boot/BCD", Some("one"));
}

/// The base is the mountpoint itself, and its files change under the mount: through the
/// folder that was opened before. A source beneath it is found there too, also by a
/// configuration that names it later.
#[test]
fn the_base_may_be_the_mountpoint() {
    let world = World::new();
    let root = world.path("tftp");
    world.put("tftp/pxelinux.cfg/default", b"menu");
    world.put("tftp/winpe/one/Boot/BCD", b"one");
    world.put("tftp/winpe/two/Boot/BCD", b"two");
    if !crate::common::mounted::can_mount() {
        return;
    }
    let old = "mountpoint = \"tftp\"\nbase = \"tftp\"\ndefault = \"one\"\n[image.one]\nsource = \"tftp/winpe/one\"\n";
    world.put("mounts.toml", old.as_bytes());
    let beneath = fs::File::open(&root).unwrap();
    let mut command = crate::common::mounted::program();
    command
        .args(["mount", "--config"])
        .arg(world.path("mounts.toml"));
    let mounted = Mounted::start(command, &root);
    reads(&mounted, b"Boot/BCD", Some("one"));
    reads(&mounted, b"pxelinux.cfg/default", Some("menu"));
    reads(&mounted, b"pxelinux.cfg/01-aa", None);
    assert!(fs::read_dir(&root).unwrap().count() > 3);
    let folder = format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(&beneath)
    );
    fs::write(format!("{folder}/pxelinux.cfg/01-aa"), "new").unwrap();
    assert!(reads(&mounted, b"pxelinux.cfg/01-aa", Some("new")) < AT_ONCE);
    let two = old.replace("default = \"one\"", "default = \"two\"")
        + "[image.two]\nsource = \"tftp/winpe/two\"\n";
    world.put("mounts.toml", two.as_bytes());
    reads(&mounted, b"Boot/BCD", Some("two"));
}

/// A base that contains the mountpoint must not make the daemon wait for itself.
#[test]
fn the_base_may_contain_the_mountpoint() {
    let world = World::new().base(&[("linux/vmlinuz", "kernel"), ("win/hidden", "x")]);
    if !crate::common::mounted::can_mount() {
        return;
    }
    let root = world.path("base/win");
    let config = format!("mountpoint = {root:?}\n{}", world.config_text());
    world.put("mounts.toml", config.as_bytes());
    let mut command = crate::common::mounted::program();
    command
        .args(["mount", "--config"])
        .arg(world.path("mounts.toml"));
    let mounted = Mounted::start(command, &root);
    reads(&mounted, b"linux/vmlinuz", Some("kernel"));
    assert!(
        fs::metadata(mounted.path(b"win")).is_err(),
        "the mount within itself"
    );
    assert!(fs::metadata(mounted.path(b"win/win/win")).is_err());
    let names: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(names.iter().any(|name| name == "linux"), "{names:?}");
}

/// A transfer that runs while its image is replaced, through a real server.
#[test]
fn a_server_serves_one_version() {
    const LENGTH: usize = 2 << 20;
    let world = World::new()
        .image("x", &[("boot.wim", vec![b'a'; LENGTH])])
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    thread::scope(|scope| {
        let transfers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| server.client([127, 0, 0, 2]).get(b"\\Boot.wim").unwrap()))
            .collect();
        world.put("x/boot.wim", &vec![b'b'; LENGTH]);
        for transfer in transfers {
            let bytes = transfer.join().unwrap();
            assert!(bytes.len() == LENGTH && bytes.iter().all(|byte| *byte == bytes[0]));
        }
    });
}

/// A source that goes away takes its own image down, and no other; and however often
/// somebody asks for it, the log does not grow with it.
#[test]
fn a_lost_source_takes_only_its_own_image_down() {
    const QUESTIONS: usize = 500;
    let world = World::new()
        .image("lost", &[("Boot/BCD", "lost")])
        .image("kept", &[("Boot/BCD", "kept")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    reads(&mounted, b"images/lost/Boot/BCD", Some("lost"));
    fs::rename(world.path("lost"), world.path("away")).unwrap();
    wait::until("the loss to be noticed", PATIENCE, || {
        let read = mounted.read(b"images/lost/Boot/BCD").err()?;
        (read.raw_os_error() == Some(libc::EIO)).then_some(())
    });
    mounted.wait_for_log("/lost went away; put it back");
    for number in 0..QUESTIONS {
        let name = format!("images/lost/{number}");
        assert!(mounted.read(name.as_bytes()).is_err());
        assert_eq!(mounted.read(b"images/kept/boot/bcd").unwrap(), b"kept");
    }
    let complaints = mounted.log().matches("error").count();
    assert!(
        complaints < QUESTIONS / 10,
        "{complaints} lines for {QUESTIONS} questions"
    );
    fs::rename(world.path("away"), world.path("lost")).unwrap();
    reads(&mounted, b"images/lost/Boot/BCD", Some("lost"));
    mounted.wait_for_log("/lost is read anew: a folder");
}

/// The disk of an image may come up later than the machine.
#[test]
fn a_source_that_is_not_there_at_the_start_is_taken_up_when_it_comes() {
    let world = World::new()
        .image("kept", &[("Boot/BCD", "kept")])
        .line("[image.late]\nsource = \"late\"");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    mounted.wait_for_log("/late cannot be read: No such file or directory");
    reads(&mounted, b"images/kept/boot/bcd", Some("kept"));
    assert!(mounted.read(b"images/late/boot/bcd").is_err());
    world.put("late/Boot/BCD", b"late");
    reads(&mounted, b"images/late/boot/bcd", Some("late"));
    mounted.wait_for_log("/late is read anew: a folder");
}

/// An editor that removes the file before it writes the new one, or an operator who lost
/// it: what was in force stays in force.
#[test]
fn a_lost_configuration_changes_nothing() {
    let world = image();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let file = world.path("mounts.toml");
    fs::rename(&file, world.path("elsewhere")).unwrap();
    mounted.wait_for_log("the old configuration stays in force");
    reads(&mounted, b"Boot/BCD", Some("old store"));
    fs::rename(world.path("elsewhere"), &file).unwrap();
    reads(&mounted, b"Boot/BCD", Some("old store"));
}
