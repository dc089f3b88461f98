//! What was tried to break it: files that are none, names that are traps, and ways to the
//! mount that are not its own name.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use winbootfs::doctor::machine::view::{MOST_NAMES, View};
use winbootfs::doctor::setup::reader::Files;

use crate::advised::{configure, examine, is_well, mounted, only, site, unmounted};
use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::servers;
use crate::common::{skip, wait};

/// Configurations are read as somebody else has them, who may have anything.
#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pipe = mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR, 0);
    pipe.unwrap();
    symlink("loop", path("loop")).unwrap();
    symlink("/etc/hostname-that-is-not-there", path("dangling")).unwrap();
    fs::File::create(path("huge"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    for number in 0..MOST_NAMES + 10 {
        fs::write(path(&format!("n{number}")), "").unwrap();
    }
    let view = View::of(i32::try_from(std::process::id()).unwrap()).unwrap();
    let began = Instant::now();
    assert_eq!(view.read(&path("pipe")).unwrap(), b"");
    assert_eq!(view.read(Path::new("/dev/zero")).unwrap(), b"");
    assert_eq!(view.read(&path("huge")).unwrap().len(), 1 << 20);
    assert!(view.read(&path("loop")).is_err() && view.read(&path("dangling")).is_err());
    assert!(view.read(folder.path()).is_err() && view.read(&path("none")).is_err());
    assert_eq!(view.names(folder.path()).unwrap().len(), MOST_NAMES);
    assert!(view.names(&path("pipe")).is_err());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// A process that calls itself a server and is none. It goes when its input ends.
struct Sham(Child);

impl Sham {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let file = folder.join("dnsmasq");
        fs::copy("/bin/sh", &file).unwrap();
        let mut command = Command::new(file);
        command.args(["-c", "read line", "sham"]).args(arguments);
        let child = command.stdin(Stdio::piped()).spawn().unwrap();
        let sham = Self(child);
        wait::until("the sham to be called so", PATIENCE, || {
            let name = fs::read_to_string(format!("/proc/{}/comm", sham.0.id())).ok()?;
            (name.trim() == "dnsmasq").then_some(())
        });
        sham
    }
}

impl Drop for Sham {
    fn drop(&mut self) {
        let _ = self.0.stdin.take().unwrap().write_all(b"\n");
        let _ = self.0.wait();
    }
}

/// Any user can run a program of that name. What it says of itself reaches the terminal of
/// root, who is told what to type.
#[test]
fn names_that_somebody_chose_are_no_lines() {
    let Some((world, _mounted)) = mounted() else {
        return;
    };
    let trap = "/x\u{1b}[2J\nthen run it: reboot";
    let arguments = [
        format!("--conf-file={trap}"),
        "--enable-tftp".to_owned(),
        format!("--tftp-root={trap}"),
    ];
    let sham = Sham::start(&world.path(""), &arguments.each_ref().map(String::as_str));
    let found = examine(&world);
    let about = format!("dnsmasq {}", sham.0.id());
    let found = found
        .iter()
        .find(|found| found.about == about)
        .expect("it is seen");
    assert!(
        found.what.contains("/x\\u{1b}[2J\\nthen run it: reboot"),
        "{found:?}"
    );
    assert!(!found.next.contains("reboot"), "{found:?}");
    let mut command = program();
    command
        .arg("doctor")
        .arg("--config")
        .arg(world.path("mounts.toml"));
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let is_trap = |line: &str| line.trim().starts_with("then run it: reboot");
    assert!(
        !printed.contains('\u{1b}') && !printed.lines().any(is_trap),
        "{printed}"
    );
}

/// The mountpoint and the server's root are other names of one folder, with a blank in it.
#[test]
fn a_mountpoint_behind_a_link() {
    if !can_mount() {
        return;
    }
    let world = site().key("base", "other");
    let (real, link, other) = (
        world.path("a b\\c"),
        world.path("link"),
        world.path("other"),
    );
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    symlink("link", &other).unwrap();
    configure(&world, &link);
    let mut command = program();
    command
        .args(["mount", "--config"])
        .arg(world.path("mounts.toml"));
    let _mounted = Mounted::start(command, &link);
    let Some(server) = skip::or_skip(servers::dnsmasq(&other, &["--tftp-unique-root=ip"])) else {
        return;
    };
    is_well(&world, &server, "known by its path");
    drop(server);
    let Some(server) = skip::or_skip(servers::tftpd_hpa(&other)) else {
        return;
    };
    is_well(
        &world,
        &server,
        "known by the socket of the process that asks",
    );
    let mount = examine(&world)
        .into_iter()
        .find(|found| found.about == "mount");
    assert!(mount.unwrap().what.contains("a b\\c, and answers"));
    let hidden = examine(&world)
        .into_iter()
        .find(|found| found.about == "folder beneath");
    assert!(hidden.is_none(), "the base is the mountpoint: {hidden:?}");
}

/// As a container has it: a folder of the tree, bound to another place.
#[test]
fn a_folder_of_the_mount_bound_elsewhere() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Ok(dnsmasq) = servers::find("dnsmasq", "dnsmasq-base") else {
        return skip::skip("no dnsmasq here: apt-get install dnsmasq-base");
    };
    fs::create_dir(world.path("data")).unwrap();
    let script = "mount --bind \"$1\" \"$2\" && exec \"$3\" --keep-in-foreground \
                  --conf-file=/dev/null --pid-file --port=0 --user=root --bind-interfaces \
                  --listen-address=127.61.0.11 --enable-tftp --tftp-root=\"$2\"";
    let mut command = servers::command(&servers::find("unshare", "util-linux").unwrap());
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command
        .arg(mounted.path(b"images/ash"))
        .arg(world.path("data"))
        .arg(dnsmasq);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let about = format!("dnsmasq {}", child.id());
    let found = wait::within(PATIENCE, || {
        let found = examine(&world)
            .into_iter()
            .find(|found| found.about == about)?;
        (!found.what.contains("no such")).then_some(found)
    });
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(
        found.expect("dnsmasq is seen").what,
        "gives everybody images/ash, whatever client rules say"
    );
}

/// Where nothing is mounted yet, a server that waits for it is told apart all the same.
#[test]
fn a_server_on_a_mountpoint_without_a_mount() {
    let Some((world, root)) = unmounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::dnsmasq(&root, &["--tftp-unique-root=ip"])) else {
        return;
    };
    is_well(&world, &server, "known by its path");
    let mount = examine(&world)
        .into_iter()
        .find(|found| found.about == "mount")
        .unwrap();
    assert_eq!(mount.level, "problem");
    drop(server);
    let Some(server) = skip::or_skip(servers::dnsmasq(&root, &[])) else {
        return;
    };
    assert!(only(&world, &server).what.starts_with("does not say"));
}
