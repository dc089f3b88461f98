//! Everything that keeps a daemon from coming up, with its exit code and the next step.

use std::fs;
use std::process::Stdio;

use crate::common::mounted::{Mounted, can_mount, program};
use crate::common::world::World;
use crate::{Done, run, run_in};

#[test]
fn wrong_usage() {
    run(&["nonsense"]).failed(2, &["nonsense", "--help"]);
    run(&["mount", "--nonsense"]).failed(2, &["--nonsense"]);
    run(&["resolve"]).failed(2, &["<NAME>"]);
    run(&["mount", "/srv"]).failed(2, &["winbootfs mount SOURCE... MOUNTPOINT"]);
    run(&["mount", "--config", "x", "/srv", "/mnt"]).failed(2, &["cannot be used with"]);
}

/// An address in any form, or what `status` calls somebody who is not known.
#[test]
fn only_somebody_can_be_watched() {
    let watch = |client: &str| run(&["watch", "--client", client, "/nowhere"]);
    for client in ["nonsense", "10.0.7", ""] {
        watch(client).failed(2, &["is no address", "--client 10.0.7.5"]);
    }
    for client in ["10.0.7.5", "AA-BB-CC-DD-EE-FF", "somebody behind dnsmasq"] {
        watch(client).failed(1, &["no winbootfs runs on /nowhere"]);
    }
}

/// A mount may be there without one, so its mountpoint can be named.
#[test]
fn without_a_configuration_the_mountpoint_is_to_be_named() {
    if std::path::Path::new("/etc/winbootfs/mounts.toml").exists() {
        return;
    }
    let world = World::new();
    for command in ["status", "watch", "doctor"] {
        let next = format!("name it: winbootfs {command} /srv/tftp");
        run_in(&world.path(""), &[command]).failed(2, &["no ./mounts.toml", &next]);
    }
    run(&["doctor", "--config", "x", "/mnt"]).failed(2, &["cannot be used with"]);
}

/// Whatever the command, and also without one.
#[test]
fn a_missing_configuration() {
    let world = World::new();
    let missing = world.path("none.toml");
    for command in [
        &["mount"][..],
        &["check"],
        &["tree"],
        &["resolve", "x"],
        &[],
    ] {
        let mut arguments: Vec<_> = command.iter().map(std::convert::AsRef::as_ref).collect();
        arguments.extend(["--config".as_ref(), missing.as_os_str()]);
        run(&arguments).failed(
            2,
            &["none.toml: cannot be read", "--config FILE", "mount --help"],
        );
    }
}

#[test]
fn a_broken_configuration() {
    let world = World::new().image("x", &[("BCD", "x")]);
    for (text, said) in [
        ("mountpoint = ", &["mounts.toml:1:14: ", "mount --help"][..]),
        (
            "mountpoint = \"m\"\nbsae = \"m\"\n",
            &["mounts.toml:2:1: unknown key `bsae`", "`base`"],
        ),
        (
            "default = \"y\"\n[image.x]\nsource = \"x\"\n",
            &[
                "mounts.toml:1:11: unknown image \"y\"",
                "known images: \"x\"",
            ],
        ),
        (
            "mountpoint = \"x\"\n[image.x]\nsource = \"gone\"\n",
            &[
                "mounts.toml:3:10: source ",
                "gone cannot be used",
                "mkdir -p",
            ],
        ),
        (
            "mountpoint = \"x\"\nbase = \"mounts.toml\"\n[image.x]\nsource = \"x\"\n",
            &["mounts.toml:2:8: base ", "is a file", "name a folder"],
        ),
        (
            "mountpoint = \"x\"\nowner = \"nobody-of-that-name\"\n",
            &["mounts.toml:2:9: owner: this machine knows no user"],
        ),
        (
            "[image.x]\nsource = \"x\"\n[[client]]\nmatch = \"10.0.0.1/8\"\nimage = \"x\"\n",
            &["mounts.toml:4:9: ", "\"10.0.0.0/8\""],
        ),
    ] {
        fs::write(world.path("mounts.toml"), text).unwrap();
        for command in ["mount", "check"] {
            run_in(&world.path(""), &[command]).failed(2, said);
        }
    }
}

#[test]
fn a_configuration_without_a_mountpoint() {
    let world = World::new().image("x", &[("BCD", "x")]);
    world.config_file();
    run_in(&world.path(""), &["mount"]).failed(2, &["names no mountpoint", "mountpoint = "]);
}

#[test]
fn folders_on_the_command_line_that_cannot_be_images() {
    let world = World::new()
        .image("a/x", &[("BCD", "x")])
        .image("b/X", &[("BCD", "x")]);
    fs::create_dir(world.path("mnt")).unwrap();
    let folder = world.path("");
    run_in(&folder, &["mount", "a/x", "b/X", "mnt"])
        .failed(2, &["two sources are named x", "rename"]);
    run_in(&folder, &["mount", "gone", "mnt"]).failed(2, &["gone: No such file", "name a folder"]);
    run_in(&folder, &["mount", "a/x/BCD", "mnt"])
        .failed(2, &["a/x/BCD is neither a folder, an ISO nor a WIM"]);
    run_in(&folder, &["mount", "/", "mnt"]).failed(2, &["cannot name an image"]);
}

#[test]
fn a_mountpoint_that_is_missing_or_a_file() {
    let world = World::new().image("x", &[("BCD", "x")]);
    let folder = world.path("");
    run_in(&folder, &["mount", "x", "gone"]).failed(1, &["/gone is missing", "mkdir -p /"]);
    run_in(&folder, &["mount", "x", "x/BCD"]).failed(1, &["/x/BCD is not a folder"]);
}

#[test]
fn a_mountpoint_in_use() {
    let world = World::new().image("x", &[("BCD", "x")]).default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let second = run_in(&world.path(""), &["mount", "x", "mnt"]);
    second.failed(1, &["winbootfs is already mounted on /", "/mnt\n"]);
    assert_eq!(
        mounted.read(b"\\Boot\\BCD").unwrap(),
        b"x",
        "the first one goes on"
    );
}

/// A killed daemon leaves a mount at which every call fails; the next one replaces it.
#[test]
fn a_stale_mountpoint() {
    let world = World::new().image("x", &[("BCD", "x")]).default_image("x");
    let Some(mut killed) = Mounted::new(&world) else {
        return;
    };
    killed.signal(rustix::process::Signal::KILL);
    killed.wait_for_end();
    let dead = fs::read_dir(killed.root()).map(|_| ()).unwrap_err();
    assert_eq!(
        dead.raw_os_error(),
        Some(107),
        "transport endpoint is not connected"
    );
    let mut command = program();
    command
        .arg("mount")
        .arg("--config")
        .arg(world.path("mounts.toml"));
    let next = Mounted::start(command, killed.root());
    assert!(
        next.log().contains("taking away the dead mount"),
        "{}",
        next.log()
    );
    assert_eq!(next.read(b"\\Boot\\BCD").unwrap(), b"x");
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let named = world.path("mnt").display().to_string();
    assert_eq!(mounts.matches(&named).count(), 1, "the dead one is gone");
}

#[test]
fn a_mountpoint_that_is_not_permitted() {
    if !can_mount() {
        return;
    }
    let world = World::new().image("x", &[("BCD", "x")]);
    fs::create_dir(world.path("mnt")).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(program().get_program()).arg("mount");
    let output = command
        .arg(world.path("x"))
        .arg(world.path("mnt"))
        .output()
        .unwrap();
    let done = Done::new(output);
    assert_eq!(done.code, Some(1), "{done:?}");
    let hints = ["run it as root", "apt install fuse3"];
    assert!(hints.iter().any(|hint| done.err.contains(hint)), "{done:?}");
}

/// No error is a bare number or a debug print: each ends in a line that says what to do.
#[test]
fn every_error_has_a_second_line() {
    let world = World::new().image("x", &[("BCD", "x")]);
    let folder = world.path("");
    for arguments in [
        &["mount", "x", "gone"][..],
        &["mount", "gone", "x"],
        &["check"],
        &["tree", "--config", "x/BCD"],
        &["resolve", "--config", "mounts.toml", "--client", "x", "y"],
    ] {
        let done = run_in(&folder, arguments);
        assert_ne!(done.code, Some(0), "{done:?}");
        let lines: Vec<&str> = done.err.lines().collect();
        assert!(lines[0].starts_with("winbootfs: "), "{done:?}");
        assert!(lines.len() > 1 && lines[1].starts_with("  "), "{done:?}");
    }
}

/// Whoever reads may have seen enough; a full disk is told.
#[test]
fn what_cannot_be_printed() {
    let world = World::new().image("x", &[("bootmgfw.efi", "a boot program")]);
    world.config_file();
    for (command, code) in [
        (&["check"][..], 1),
        (&["tree", "--image", "x"], 0),
        (&["resolve", "images/x/bootmgfw.efi"], 0),
        (&["client", "list"], 0),
        (&["init", "--menu", "ipxe"], 0),
        (&["doctor"], 1),
    ] {
        let into = |stdout: Stdio| {
            let mut program = program();
            let program = program.current_dir(world.path("")).args(command);
            let done = program
                .stdout(stdout)
                .stderr(Stdio::piped())
                .output()
                .unwrap();
            (done.status.code(), String::from_utf8(done.stderr).unwrap())
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            into(writer.into()),
            (Some(code), String::new()),
            "{command:?}"
        );
        let full = fs::File::create("/dev/full").unwrap();
        let (found, said) = into(full.into());
        assert_eq!(found, Some(1), "{command:?}: {said}");
        let wanted = "winbootfs: cannot print it: No space left on device";
        assert!(said.starts_with(wanted), "{command:?}: {said}");
    }
}
