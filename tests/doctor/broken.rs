//! Machines that are broken in the ways that machines are.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::advised::{Found, configure, examine, found, is_well, mounted, only, site, unmounted};
use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::servers;
use crate::common::world::World;
use crate::common::{skip, wait};

fn about(world: &World, about: &str) -> Vec<Found> {
    let mut found = examine(world);
    found.retain(|found| found.about == about);
    found
}

/// tftpd-hpa goes into its folder when it starts; the mount then comes over its head.
#[test]
fn a_server_that_was_started_before_the_mount() {
    let Some((world, root)) = unmounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::tftpd_hpa(&root)) else {
        return;
    };
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(advice.level, "problem");
    assert!(
        advice
            .what
            .starts_with("stands in the folder beneath the mount"),
        "{advice:?}"
    );
    let then = format!("stop process {}, and start in.tftpd again\n", server.pid());
    assert!(advice.next.starts_with(&then), "{advice:?}");
    drop(server);
    let Some(server) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    is_well(
        &world,
        &server,
        "known by the socket of the process that asks",
    );
}

/// The same server when the daemon is started again: it stands in a mount that is gone.
#[test]
fn a_server_that_stands_in_an_older_mount() {
    let Some((world, first)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::tftpd_hpa(first.root())) else {
        return;
    };
    drop(first);
    let Some(_second) = Mounted::new(&world) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(
        (advice.level.as_str(), advice.what.as_str()),
        ("problem", "stands in a mount that is gone")
    );
}

#[test]
fn a_server_with_its_root_elsewhere() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::dnsmasq(&world.path("ash"), &[])) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(advice.level, "problem");
    assert!(
        advice.what.ends_with("/ash, and not in the mount"),
        "{advice:?}"
    );
    let root = format!("tftp-root={}", mounted.root().display());
    assert_eq!(advice.lines(), ["enable-tftp", root.as_str()]);
    // Clients that boot ask on port 69, and this one waits on another.
    let Some(_aside) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    assert_eq!(only(&world, &server).level, "problem");
    // Where another one serves the mount there, this one may be for other things.
    let Some(_other) = skip::or_skip(servers::dnsmasq(mounted.root(), &[])) else {
        return;
    };
    assert_eq!(only(&world, &server).level, "note");
}

#[test]
fn a_dnsmasq_without_tftp() {
    let Some((world, _mounted)) = mounted() else {
        return;
    };
    let Ok(dnsmasq) = servers::find("dnsmasq", "dnsmasq-base") else {
        return skip::skip("no dnsmasq here: apt-get install dnsmasq-base");
    };
    let mut command = servers::command(&dnsmasq);
    command.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file",
    ]);
    command.args([
        "--listen-address=127.61.0.9",
        "--bind-interfaces",
        "--port=5399",
        "--user=root",
    ]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let name = format!("dnsmasq {}", child.id());
    let found = wait::within(PATIENCE, || {
        let found = about(&world, &name);
        (!found.is_empty()).then_some(found)
    });
    let _ = child.kill();
    let _ = child.wait();
    let found = found.expect("dnsmasq is seen");
    assert_eq!(found[0].what, "its TFTP is not switched on");
    assert_eq!(found[0].level, "note", "it may be there for names");
    assert_eq!(found[0].lines()[0], "enable-tftp");
}

/// New mounts do not come to a namespace that was split off.
#[test]
fn a_server_with_mounts_of_its_own() {
    let Some((world, root)) = unmounted() else {
        return;
    };
    let Ok(dnsmasq) = servers::find("dnsmasq", "dnsmasq-base") else {
        return skip::skip("no dnsmasq here: apt-get install dnsmasq-base");
    };
    let mut command = servers::command(&servers::find("unshare", "util-linux").unwrap());
    command
        .args(["--mount", "--propagation", "private"])
        .arg(dnsmasq);
    command.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file",
        "--user=root",
    ]);
    command.args([
        "--listen-address=127.61.0.10",
        "--bind-interfaces",
        "--port=0",
        "--enable-tftp",
    ]);
    command.arg(format!("--tftp-root={}", root.display()));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let comm = format!("/proc/{}/comm", child.id());
    wait::until("dnsmasq to be started", PATIENCE, || {
        (fs::read_to_string(&comm).ok()?.trim() == "dnsmasq").then_some(())
    });
    let mounted = Mounted::new(&world);
    let found = about(&world, &format!("dnsmasq {}", child.id()));
    let _ = child.kill();
    let _ = child.wait();
    let path = mounted.unwrap().root().display().to_string();
    assert_eq!(
        found[0].what,
        format!("has mounts of its own, and {path} is not among them")
    );
    assert!(
        found[0].next.contains(&format!("bind {path} with rslave")),
        "{found:?}"
    );
}

/// The daemon itself may have such a namespace: then nobody sees its mount.
#[test]
fn a_daemon_with_mounts_of_its_own() {
    let Some((world, root)) = unmounted() else {
        return;
    };
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]);
    command
        .arg(program().get_program())
        .args(["mount", "--config"]);
    command.arg(world.path("mounts.toml"));
    let daemon = Mounted::start(command, &root);
    let found = about(&world, "mount");
    let words = format!("process {} has mounted winbootfs on ", daemon.pid());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.starts_with(&words), "{found:?}");
    assert!(found[0].next.contains("no ProtectSystem="), "{found:?}");
}

#[test]
fn a_folder_above_that_does_not_let_pass() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::apache(mounted.root(), None)) else {
        return;
    };
    is_well(&world, &server, "asks");
    let folder = world.path("");
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o700);
    let closed = found(&world, &server);
    assert_eq!(closed.len(), 2, "{closed:?}");
    let shown = folder.display().to_string();
    let shown = shown.trim_end_matches('/');
    assert_eq!(
        closed[1].what,
        format!("its user www-data may not pass {shown}, so it sees no file of the mount")
    );
    assert_eq!(closed[1].next, format!("chmod o+x {shown}"));
    let done = Command::new("sh")
        .arg("-c")
        .arg(&closed[1].next)
        .status()
        .unwrap();
    assert!(done.success());
    is_well(&world, &server, "asks");
}

#[test]
fn a_copy_of_an_image_beneath_the_mount() {
    if !can_mount() {
        return;
    }
    let world = site().layer("mnt", &[("Boot/BCD", "stale"), ("pxelinux.0", "x")]);
    let before = {
        configure(&world, &world.path("mnt"));
        about(&world, "folder beneath")
    };
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    assert!(mounted.read(b"pxelinux.0").is_err(), "the mount hides it");
    let stale = about(&world, "folder beneath");
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert_eq!(stale[0].level, "problem");
    assert!(
        stale[0].what.contains("beneath the mount (Boot)"),
        "{stale:?}"
    );
    assert_eq!(
        before[0].what, stale[0].what,
        "it is the same before the mount"
    );
    drop(mounted);
    fs::remove_dir_all(world.path("mnt/Boot")).unwrap();
    let Some(_mounted) = Mounted::new(&world) else {
        return;
    };
    let hidden = about(&world, "folder beneath");
    assert_eq!(hidden[0].level, "note");
    assert!(hidden[0].what.contains("(pxelinux.0)"), "{hidden:?}");
}

#[test]
fn a_base_that_is_the_mountpoint() {
    if !can_mount() {
        return;
    }
    let world = site()
        .layer("mnt", &[("Boot/BCD", "base"), ("pxelinux.0", "x")])
        .key("base", "mnt");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    assert_eq!(mounted.read(b"pxelinux.0").unwrap(), b"x");
    let found = about(&world, "folder beneath");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].level, "note");
    assert!(
        found[0].what.contains("lie files of a boot (Boot)"),
        "{found:?}"
    );
}

#[test]
fn no_mount_a_dead_one_and_one_that_hangs() {
    let Some((world, mut mounted)) = mounted() else {
        return;
    };
    let what = |words: &str| {
        let found = about(&world, "mount");
        assert!(found[0].what.contains(words), "{found:?}");
        found[0].level.clone()
    };
    assert_eq!(what("is mounted on"), "ok");
    mounted.signal(Signal::STOP);
    assert_eq!(what("does not answer within 3 seconds"), "problem");
    mounted.signal(Signal::CONT);
    assert_eq!(what("and answers"), "ok");
    mounted.signal(Signal::KILL);
    mounted.wait_for_end();
    assert_eq!(what("a dead winbootfs is on"), "problem");
    drop(mounted);
    assert_eq!(what("winbootfs is not mounted on"), "problem");
    fs::remove_dir(world.path("mnt")).unwrap();
    assert_eq!(what("is missing"), "problem");
    fs::write(world.path("mnt"), "").unwrap();
    assert_eq!(what("is not a folder"), "problem");
}

/// Both say that they reuse the address, so the kernel lets them.
#[test]
fn two_that_wait_on_one_port() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::dnsmasq(mounted.root(), &[])) else {
        return;
    };
    let ours = |world: &World| {
        let mut found = about(world, "ports");
        found.retain(|found| found.what.contains(&format!("dnsmasq {} ", server.pid())));
        found
    };
    assert!(ours(&world).is_empty());
    let own = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    own.set_reuse_address(true).unwrap();
    if own
        .bind(&SocketAddr::new(server.address.ip(), 69).into())
        .is_err()
    {
        return skip::skip("this dnsmasq does not share its port");
    }
    let found = ours(&world);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].level, "problem");
    assert!(
        found[0].what.contains("both wait on UDP port 69"),
        "{found:?}"
    );
    let id = format!(" {}", std::process::id());
    let stranger = examine(&world)
        .into_iter()
        .find(|found| found.about.ends_with(&id));
    let stranger = stranger.expect("this test is somebody too");
    assert!(
        stranger
            .what
            .starts_with("waits on UDP port 69, and what it serves is not known")
    );
    drop(own);
    assert!(ours(&world).is_empty());
}

#[test]
fn configurations_that_are_wrong() {
    let world = site();
    let run = |text: &str| {
        fs::write(world.path("mounts.toml"), text).unwrap();
        let mut command = program();
        command
            .args(["doctor", "--config"])
            .arg(world.path("mounts.toml"));
        let done = command.output().unwrap();
        let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
        (done.status.code(), said.concat())
    };
    for (text, code, words) in [
        ("mountpoint = ", 2, "mounts.toml:1:14: "),
        (
            "mountpoint = \"mnt\"\n[image.x]\nsource = \"gone\"\n",
            2,
            "gone cannot be used",
        ),
        (
            "[image.x]\nsource = \"ash\"\n",
            1,
            "names no mountpoint\n           add one: mountpoint = \"/srv/tftp\"",
        ),
        (
            "mountpoint = \"mnt\"\n[image.x]\nsource = \"ash\"\n",
            1,
            "is missing\n           make it: mkdir -p ",
        ),
    ] {
        let (found, said) = run(text);
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
    world.put(
        "clients.d/wrong.toml",
        b"[[client]]\nmatch = \"10.0.0.1\"\nimage = \"none\"\n",
    );
    let (code, said) = run("mountpoint = \"mnt\"\n[image.x]\nsource = \"ash\"\n");
    assert_eq!(code, Some(1));
    assert!(
        said.contains("PROBLEM  clients.d: ") && said.contains("wrong.toml:3: unknown image"),
        "{said}"
    );
}
