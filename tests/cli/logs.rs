//! What the daemon writes down: for people, for programs, for the journal of systemd; and that
//! nobody on the network can make it write without end.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::wait;
use crate::common::world::World;

fn site() -> World {
    World::new()
        .image("x", &[("pxeboot.n12", "pxe"), ("bootmgr.exe", "mgr")])
        .default_image("x")
}

fn mounted(world: &World, more: &[&str], level: &str) -> Option<Mounted> {
    if !can_mount() {
        return None;
    }
    let root = world.path("mnt");
    fs::create_dir_all(&root).unwrap();
    let config = format!("mountpoint = {root:?}\n{}", world.config_text());
    fs::write(world.path("mounts.toml"), config).unwrap();
    let mut command = program();
    command
        .args(["mount", "--config"])
        .arg(world.path("mounts.toml"))
        .args(more)
        .env("WINBOOTFS_LOG", level);
    Some(Mounted::start(command, &root))
}

#[test]
fn each_stage_is_a_line_and_a_boot_that_fails_says_why() {
    let world = site();
    let Some(mounted) = mounted(&world, &[], "info") else {
        return;
    };
    mounted.read(b"clients/10.0.0.1/pxeboot.n12").unwrap();
    mounted.read(b"clients/10.0.0.1/bootmgr.exe").unwrap();
    assert!(mounted.read(br"clients/10.0.0.1/\Boot\BCD").is_err());
    mounted.wait_for_log(r"WARN 10.0.0.1: image x has no \Boot\BCD, the boot configuration");
    mounted.wait_for_log("on the screen: 0xc000000f (An error occurred");
    let log = mounted.log();
    assert!(
        log.contains("INFO 10.0.0.1, x: boot manager (bootmgr.exe)\n"),
        "{log}"
    );
    assert!(!log.contains("opened"), "requests are for debug: {log}");
}

#[test]
fn as_json_each_line_is_an_object_with_its_fields() {
    let world = site();
    let Some(mounted) = mounted(&world, &["--log-format", "json"], "debug") else {
        return;
    };
    mounted.read(b"clients/10.0.0.1/bootmgr.exe").unwrap();
    assert!(mounted.read(b"clients/10.0.0.1/Boot/no.sdi").is_err());
    mounted.wait_for_log("has no Boot/no.sdi");
    let log = mounted.log();
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let with = |stage: &str, level: &str| {
        let is_so = |line: &&serde_json::Value| line["stage"] == stage && line["level"] == level;
        let found = lines.iter().find(is_so);
        found.unwrap_or_else(|| panic!("no {level} of {stage} in {log}"))
    };
    let stage = with("boot manager", "INFO");
    assert_eq!(
        (&stage["client"], &stage["image"]),
        (&"10.0.0.1".into(), &"x".into())
    );
    assert_eq!(stage["name"], "bootmgr.exe");
    let asked = with("boot manager", "DEBUG");
    assert!(
        asked["path"].as_str().unwrap().ends_with("x/bootmgr.exe"),
        "{asked}"
    );
    assert_eq!(with("boot manager", "WARN")["client"], "10.0.0.1");
}

#[test]
fn a_flood_of_misses_is_counted_and_not_written() {
    let world = site();
    let Some(mounted) = mounted(&world, &[], "debug") else {
        return;
    };
    for number in 0..2_000 {
        let name = format!("clients/10.0.0.1/no-such-{number}.ttf");
        assert!(mounted.read(name.as_bytes()).is_err());
    }
    mounted.wait_for_log("lines about requests were left out");
    let written = |log: &str| log.matches("missing: no-such-").count();
    let left_out = |log: &str| -> usize {
        let lines = log
            .lines()
            .filter(|line| line.contains("lines about requests were left out"));
        let numbers = lines.filter_map(|line| line.split("WARN ").nth(1)?.split(' ').next());
        numbers.map(|number| number.parse::<usize>().unwrap()).sum()
    };
    wait::until("all to be told of", PATIENCE, || {
        let log = mounted.log();
        (written(&log) + left_out(&log) == 2_000).then_some(())
    });
    let log = mounted.log();
    assert!(written(&log) < 1_000, "{}", written(&log));
    let lines = log.lines().count();
    assert!(lines < 1_100, "{lines}: somebody else writes a line each");
}

/// Whoever can send from many addresses can make as many boots fail.
#[test]
fn a_flood_of_failing_boots_is_counted_and_not_written() {
    const CLIENTS: usize = 600;
    let world = site();
    let Some(mounted) = mounted(&world, &[], "info") else {
        return;
    };
    for number in 0..CLIENTS {
        let name = format!("clients/10.0.{}.{}/Boot/BCD", number / 250, number % 250);
        assert!(mounted.read(name.as_bytes()).is_err());
    }
    mounted.wait_for_log("lines about requests were left out");
    let log = mounted.log();
    let told = log.matches("the boot configuration").count();
    assert!(told < CLIENTS / 2, "{told}");
}

/// A daemon in a mount namespace of its own, in which the journal's socket is ours.
struct UnderSystemd {
    child: Child,
    journal: UnixDatagram,
    root: PathBuf,
}

impl UnderSystemd {
    fn start(world: &World) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let root = world.path("mnt");
        fs::create_dir_all(&root).unwrap();
        let config = format!("mountpoint = {root:?}\n{}", world.config_text());
        fs::write(world.path("mounts.toml"), config).unwrap();
        let socket = world.path("journal.socket");
        let journal = UnixDatagram::bind(&socket).unwrap();
        journal.set_read_timeout(Some(PATIENCE)).unwrap();
        let stderr = File::create(world.path("stderr")).unwrap();
        let stream = stderr.metadata().unwrap();
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c"])
            .arg(
                "mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && \
                 mkdir /run/systemd/journal && : >/run/systemd/journal/socket && \
                 mount --bind \"$0\" /run/systemd/journal/socket && exec \"$@\"",
            )
            .arg(&socket)
            .arg(program().get_program())
            .args(["mount", "--config"])
            .arg(world.path("mounts.toml"))
            .env(
                "JOURNAL_STREAM",
                format!("{}:{}", stream.dev(), stream.ino()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("stop it with")),
            "it did not start"
        );
        Some(Self {
            child,
            journal,
            root,
        })
    }

    /// The next entry with this text.
    fn entry_with(&self, text: &str) -> Vec<u8> {
        let until = Instant::now() + PATIENCE;
        let mut bytes = vec![0; 1 << 16];
        while Instant::now() < until {
            let count = self.journal.recv(&mut bytes).unwrap();
            let entry = &bytes[..count];
            if String::from_utf8_lossy(entry).contains(text) {
                return entry.to_vec();
            }
        }
        panic!("{text:?} never came");
    }
}

impl Drop for UnderSystemd {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        if wait::within(Duration::from_secs(5), || self.child.try_wait().ok()?).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// As the journal takes what may have line ends in it: a name, a length, and so many bytes.
fn field_of(name: &str, value: &str) -> Vec<u8> {
    let length = (value.len() as u64).to_le_bytes();
    [name.as_bytes(), b"\n", &length, value.as_bytes(), b"\n"].concat()
}

#[test]
fn under_systemd_the_journal_has_the_fields() {
    let world = site();
    let Some(daemon) = UnderSystemd::start(&world) else {
        return;
    };
    // Nobody else is in its namespace.
    let seen = PathBuf::from(format!("/proc/{}/root", daemon.child.id()));
    let seen = seen.join(daemon.root.strip_prefix("/").unwrap());
    fs::read(seen.join("clients/10.0.0.1/bootmgr.exe")).unwrap();
    let entry = daemon.entry_with("x: boot manager");
    for (field, value) in [
        ("CLIENT", "10.0.0.1"),
        ("IMAGE", "x"),
        ("STAGE", "boot manager"),
        ("PRIORITY", "5"),
    ] {
        let wanted = field_of(field, value);
        let is_there = entry.windows(wanted.len()).any(|part| part == wanted);
        assert!(
            is_there,
            "{field} is not in {:?}",
            String::from_utf8_lossy(&entry)
        );
    }
    let said = fs::read_to_string(world.path("stderr")).unwrap();
    assert_eq!(said, "", "not twice");
}
