//! Passthrough: the kernel reads the file on disk itself, and nothing is lost by it.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Resource;

use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::skip;
use crate::common::wait;
use crate::common::world::World;

const LENGTH: usize = 32 << 20;

/// What the log says where files are read through the daemon.
const FALLEN_BACK: &str = "read through the daemon";

/// What it says where they are not.
const PASSED: &str = "files are read by the kernel itself";

fn image() -> World {
    World::new()
        .image("x", &[("sources/boot.wim", pattern(LENGTH))])
        .default_image("x")
        .client("127.0.0.2", "x")
}

/// No two blocks alike.
fn pattern(length: usize) -> Vec<u8> {
    let words = 0..u32::try_from(length / 4).unwrap();
    words
        .flat_map(|word| word.wrapping_mul(0x9E37_79B1).to_ne_bytes())
        .collect()
}

/// A mount that passes files through, or a counted skip.
fn passing(world: &World) -> Option<Mounted> {
    let mounted = Mounted::new(world)?;
    // Only the first open tells.
    let first = mounted.read(b"images/x/sources/boot.wim").unwrap();
    assert!(first == pattern(LENGTH), "other bytes");
    if mounted.log().contains(FALLEN_BACK) {
        skip::skip("passthrough is not to be had here");
        return None;
    }
    Some(mounted)
}

#[test]
fn the_daemon_is_not_asked_for_bytes() {
    let world = image();
    let Some(mounted) = passing(&world) else {
        return;
    };
    let names: [&[u8]; 4] = [
        b"images/x/sources/boot.wim",
        b"images/X/SOURCES\\Boot.WIM",
        b"clients/127.0.0.2/sources/boot.wim",
        b"127.0.0.9/Sources/boot.wim",
    ];
    let open: Vec<File> = names
        .map(|name| File::open(mounted.path(name)).unwrap())
        .into();
    for name in names {
        assert!(
            mounted.read(name).unwrap() == pattern(LENGTH),
            "other bytes"
        );
    }
    let mut end = [0; 4096];
    let at = LENGTH - end.len();
    for file in &open {
        file.read_exact_at(&mut end, at as u64).unwrap();
        assert_eq!(end[..], pattern(LENGTH)[at..]);
    }
    assert!(mounted.counter("opens") >= 8);
    assert_eq!(mounted.counter("bytes"), 0);
    mounted.wait_for_log(PASSED);
    let said = mounted.log().matches(PASSED).count();
    assert_eq!(said, 1, "once is enough: {}", mounted.log());
}

/// Two caches of one file would halve the memory of a server. The machine's own figure is
/// moved by everybody, so the least of several tries is taken: others' reading can hide
/// nothing ten times.
#[test]
fn a_file_is_cached_once() {
    let world = image();
    let Some(mounted) = passing(&world) else {
        return;
    };
    let extra = || {
        let before = cached();
        for name in ["images/x/sources/boot.wim", "images/x/SOURCES/BOOT.WIM"] {
            drop(mounted.read(name.as_bytes()).unwrap());
            drop_pages(&mounted.path(name.as_bytes()));
            drop(mounted.read(name.as_bytes()).unwrap());
        }
        cached().saturating_sub(before)
    };
    let least = (0..10).map(|_| extra()).min().unwrap();
    let size = LENGTH as u64 / 1024;
    assert!(
        least < size / 4,
        "{least} KiB more in the cache for a file of {size} KiB"
    );
}

/// Pages that the mount itself holds for the file; none of the file below.
fn drop_pages(path: &Path) {
    let file = File::open(path).unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

/// The page cache of the machine, in KiB.
fn cached() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Cached:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// The kernel holds a file that it passes through. Once it is closed and removed, nobody
/// may: a server that replaces images every night would run full.
#[test]
fn a_removed_file_frees_its_space() {
    let world = World::new().image::<&str, &str>("x", &[]);
    let Some((disk, mounted)) = on_a_disk(&world) else {
        return;
    };
    let mut open = File::open(mounted.path(b"images/x/sources/boot.wim")).unwrap();
    let mut begun = vec![0; 4096];
    open.read_exact(&mut begun).unwrap();
    fs::remove_file(world.path("x/sources/boot.wim")).unwrap();
    let mut rest = Vec::new();
    open.read_to_end(&mut rest).unwrap();
    assert_eq!(begun.len() + rest.len(), LENGTH, "an open file stays whole");
    assert!(disk.holds_the_file(), "the open file has its space");
    drop(open);
    disk.wait_until_free();
}

/// The same for a file that was replaced, as images are.
#[test]
fn a_replaced_file_frees_its_space() {
    let world = World::new().image::<&str, &str>("x", &[]);
    let Some((disk, mounted)) = on_a_disk(&world) else {
        return;
    };
    let name = b"images/x/sources/boot.wim";
    let open = File::open(mounted.path(name)).unwrap();
    world.put("x/sources/boot.wim", b"the next version");
    wait::until("the next version", PATIENCE, || {
        let read = mounted.read(name).unwrap();
        (read == b"the next version").then_some(())
    });
    assert!(disk.holds_the_file(), "the open file has its space");
    drop(open);
    disk.wait_until_free();
}

fn on_a_disk(world: &World) -> Option<(Disk, Mounted)> {
    if !can_mount() {
        return None;
    }
    let disk = Disk::new(world.path("x"));
    world.put("x/sources/boot.wim", &pattern(LENGTH));
    Some((disk, passing(world)?))
}

/// A file system for one test alone: nobody else moves its free space.
struct Disk(PathBuf);

impl Disk {
    fn new(at: PathBuf) -> Self {
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", &at, "tmpfs", flags, c"size=256m,mode=0755").unwrap();
        Self(at)
    }

    fn holds_the_file(&self) -> bool {
        let told = rustix::fs::statvfs(&self.0).unwrap();
        (told.f_blocks - told.f_bfree) * told.f_frsize > LENGTH as u64 / 2
    }

    fn wait_until_free(&self) {
        wait::until("the space to be free", PATIENCE, || {
            (!self.holds_the_file()).then_some(())
        });
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

/// A hundred clients have a hundred files open; the daemon none.
#[test]
fn ten_thousand_open_files_need_no_descriptors() {
    const FILES: usize = 10_000;
    let files: Vec<(String, String)> = (0..FILES)
        .map(|number| (format!("Drivers/{number}.inf"), format!("driver {number}")))
        .collect();
    let world = World::new().image("x", &files);
    if !can_mount() || !may_open(FILES + 500) {
        return;
    }
    let mounted = limited_to_256(&world);
    let folder = mounted.path(b"images/x/DRIVERS");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), FILES);
    let open: Vec<File> = (0..FILES)
        .map(|number| File::open(folder.join(format!("{number}.INF"))).unwrap())
        .collect();
    if mounted.log().contains(FALLEN_BACK) {
        return skip::skip("passthrough is not to be had here");
    }
    for (number, mut file) in open.iter().enumerate() {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("driver {number}"));
    }
    let used = fs::read_dir(format!("/proc/{}/fd", mounted.pid())).unwrap();
    let used = used.count();
    assert!(used <= 64, "{used} descriptors");
}

fn limited_to_256(world: &World) -> Mounted {
    let root = world.path("mnt");
    fs::create_dir_all(&root).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 256 && exec \"$0\" mount \"$@\""]);
    command
        .arg(program().get_program())
        .arg(world.path("x"))
        .arg(&root);
    Mounted::start(command, &root)
}

/// This process holds the files, and needs the descriptors that the daemon does not.
fn may_open(files: usize) -> bool {
    let needed = u64::try_from(files).unwrap();
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return true;
    }
    limit.current = Some(needed);
    limit.maximum = limit.maximum.map(|maximum| maximum.max(needed));
    let raised = rustix::process::setrlimit(Resource::Nofile, limit);
    skip::or_skip(raised.map_err(|error| format!("{files} open files: {error}"))).is_some()
}

/// The root of a user namespace may mount, and may not pass files through.
#[test]
fn without_the_privilege_files_are_read_through_the_daemon() {
    let world = image();
    if !can_mount() {
        return;
    }
    let tools = ["unshare", "nsenter"];
    let missing = tools
        .iter()
        .find(|tool| Command::new(tool).arg("--version").output().is_err());
    if let Some(tool) = missing {
        return skip::skip(&format!("no {tool} here: apt-get install util-linux"));
    }
    let Some(mounted) = in_a_user_namespace(&world) else {
        return;
    };
    let target = mounted.pid().to_string();
    let read = |name: &[u8]| {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--mount", "--target", &target, "cat"]);
        command.arg(mounted.path(name)).output().unwrap()
    };
    for name in [&b"images/x/sources/boot.wim"[..], b"SOURCES\\boot.wim"] {
        let output = read(name);
        assert!(output.stdout == pattern(LENGTH), "{output:.300?}");
    }
    fell_back(&mounted, "CAP_SYS_ADMIN");
}

/// The kernel lets no stack grow: a mount that passes files through counts as two already.
#[test]
fn above_another_mount_files_are_read_through_the_daemon() {
    let beneath = image();
    let Some(below) = passing(&beneath) else {
        return;
    };
    let world = World::new().default_image("x").line(&format!(
        "[image.x]\nsource = {:?}",
        below.path(b"images/x")
    ));
    let above = Mounted::new(&world).unwrap();
    for name in [&b"images/x/sources/boot.wim"[..], b"SOURCES\\boot.wim"] {
        assert!(above.read(name).unwrap() == pattern(LENGTH), "other bytes");
    }
    fell_back(&above, "passthrough needs a disk");
    let file = below.path(b"images/x/sources/boot.wim");
    let named = above.log().contains(&file.display().to_string());
    assert!(named, "{}", above.log());
}

/// It is said once, with the reason, and the counter shows it.
fn fell_back(mounted: &Mounted, reason: &str) {
    mounted.wait_for_log(FALLEN_BACK);
    let log = mounted.log();
    let said: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(FALLEN_BACK))
        .collect();
    assert_eq!(said.len(), 1, "once is enough: {log}");
    assert!(said[0].contains(reason), "{log}");
    assert!(!log.contains(PASSED), "{log}");
    assert!(mounted.counter("bytes") >= LENGTH as u64);
}

fn in_a_user_namespace(world: &World) -> Option<Mounted> {
    let unshare = ["--user", "--map-root-user", "--mount"];
    let able = Command::new("unshare").args(unshare).arg("true").status();
    if !able.is_ok_and(|status| status.success()) {
        skip::skip("this machine has no user namespaces");
        return None;
    }
    let root = world.path("mnt");
    fs::create_dir_all(&root).unwrap();
    let mut command = Command::new("unshare");
    command.args(unshare).arg(program().get_program());
    command.arg("mount").arg(world.path("x")).arg(&root);
    Some(Mounted::start(command, &root))
}

/// Both promises in one run: the kernel is not asked twice, and an edit shows at once.
#[test]
fn an_edit_shows_although_nobody_asks() {
    let world = World::new().image("x", &[("Boot/BCD", "version 0"), ("Boot/other", "other")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let path = mounted.path(b"images/x/BOOT/bcd");
    let missing = mounted.path(b"images/x/Boot/missing");
    for version in 1..=5 {
        let before = mounted.counter("lookups");
        for _ in 0..5_000 {
            fs::metadata(&path).unwrap();
            fs::metadata(&missing).unwrap_err();
        }
        let asked = mounted.counter("lookups") - before;
        // Not 0: another test may make the kernel drop its caches meanwhile.
        assert!(asked <= 200, "{asked} look-ups for 10,000 stats");
        let text = format!("version {version}");
        world.put("x/Boot/BCD", text.as_bytes());
        wait::until("the edit to show", PATIENCE, || {
            (fs::read_to_string(&path).ok()? == text).then_some(())
        });
    }
}
