//! Real servers over a real mount: what is found of each, and that it is found no more when
//! the lines that were advised are followed to the letter.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::servers::{self, Server};
use crate::common::world::World;
use crate::common::{skip, wait};

/// One thing that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) level: String,
    pub(crate) about: String,
    pub(crate) what: String,
    pub(crate) next: String,
}

impl Found {
    /// The lines that are to be written somewhere: they are set off.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.next
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .collect()
    }
}

/// Everything that the doctor finds for a world whose `mounts.toml` is written.
pub(crate) fn examine(world: &World) -> Vec<Found> {
    let mut command = program();
    command
        .args(["doctor", "--json", "--config"])
        .arg(world.path("mounts.toml"));
    let done = command.output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    let found: Vec<Value> =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{err}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found: Vec<Found> = found
        .iter()
        .map(|found| Found {
            level: text(&found["level"]),
            about: text(&found["about"]),
            what: text(&found["what"]),
            next: text(&found["next"]),
        })
        .collect();
    let problem = found.iter().any(|found| found.level == "problem");
    assert_eq!(done.status.code(), Some(i32::from(problem)), "{found:?}");
    found
}

/// What is found about one server. Other tests have servers of their own.
pub(crate) fn found(world: &World, server: &Server) -> Vec<Found> {
    let id = format!(" {}", server.pid());
    let mut found = examine(world);
    found.retain(|found| found.about.ends_with(&id));
    found
}

/// The only thing that is found about it.
#[track_caller]
pub(crate) fn only(world: &World, server: &Server) -> Found {
    let found = found(world, server);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[track_caller]
pub(crate) fn is_well(world: &World, server: &Server, known: &str) {
    let found = only(world, server);
    assert_eq!(found.level, "ok", "{found:?}");
    assert!(found.what.ends_with(known), "{found:?}");
}

/// Two images, and a rule for one client.
pub(crate) fn site() -> World {
    World::new()
        .image("ash", &[("Boot/BCD", "ash")])
        .image("elm", &[("Boot/BCD", "elm")])
        .client("127.0.0.2", "ash")
        .default_image("elm")
}

/// Writes the configuration of a world with this mountpoint, for whoever mounts it himself.
pub(crate) fn configure(world: &World, mountpoint: &Path) {
    let config = format!("mountpoint = {mountpoint:?}\n{}", world.config_text());
    fs::write(world.path("mounts.toml"), config).unwrap();
}

/// A site whose mountpoint is there, and nothing on it yet.
pub(crate) fn unmounted() -> Option<(World, PathBuf)> {
    if !can_mount() {
        return None;
    }
    let world = site();
    let root = world.path("mnt");
    fs::create_dir(&root).unwrap();
    configure(&world, &root);
    Some((world, root))
}

pub(crate) fn mounted() -> Option<(World, Mounted)> {
    let world = site();
    let mounted = Mounted::new(&world)?;
    Some((world, mounted))
}

const BY_PATH: &str = "each client is known by its path";
const BY_SOCKET: &str = "each client is known by the socket of the process that asks";

#[test]
fn dnsmasq_is_told_its_line() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(plain) = skip::or_skip(servers::dnsmasq(mounted.root(), &[])) else {
        return;
    };
    let advice = only(&world, &plain);
    assert_eq!(advice.level, "problem");
    assert_eq!(
        advice.what,
        "does not say who its client is: everybody gets the default image elm, whatever the client \
         rule says"
    );
    assert_eq!(advice.lines(), ["tftp-unique-root=ip"]);
    let then = format!("then stop process {}, and start dnsmasq again", plain.pid());
    assert!(advice.next.ends_with(&then), "{advice:?}");
    drop(plain);
    let options: Vec<String> = advice
        .lines()
        .iter()
        .map(|line| format!("--{line}"))
        .collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(advised) = skip::or_skip(servers::dnsmasq(mounted.root(), &options)) else {
        return;
    };
    is_well(&world, &advised, BY_PATH);
    assert!(only(&world, &advised).what.contains(" on UDP port 69, "));
}

/// The lines stand in files, one of which is changed while it runs.
#[test]
fn dnsmasq_is_told_to_read_what_was_changed() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let (folder, file) = (world.path("d"), world.path("d/pxe.conf"));
    fs::create_dir(&folder).unwrap();
    fs::write(&file, "# nothing\n").unwrap();
    let option = format!("--conf-dir={},*.conf", folder.display());
    let start = || skip::or_skip(servers::dnsmasq(mounted.root(), &[&option]));
    let Some(server) = start() else {
        return;
    };
    let advice = only(&world, &server);
    assert!(advice.what.starts_with("does not say"), "{advice:?}");
    let changed = wait::until("the change to be seen", PATIENCE, || {
        // The clocks of files and of processes differ by a little: it is written until it
        // certainly is later.
        fs::write(&file, format!("{}\n", advice.lines().join("\n"))).unwrap();
        let found = found(&world, &server);
        (found.len() == 2).then_some(found)
    });
    let pid = server.pid();
    assert!(changed[0].what.ends_with(BY_PATH), "{changed:?}");
    assert_eq!(changed[1].level, "problem");
    assert!(
        changed[1]
            .what
            .contains("d/pxe.conf was changed after it was started"),
        "{changed:?}"
    );
    assert_eq!(
        changed[1].next,
        format!("stop process {pid}, and start dnsmasq again")
    );
    drop(server);
    let Some(server) = start() else {
        return;
    };
    is_well(&world, &server, BY_PATH);
}

#[test]
fn dnsmasq_as_another_user_is_told_the_owner() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let options = ["--tftp-unique-root=ip", "--tftp-secure", "--user=nobody"];
    let Some(server) = skip::or_skip(servers::dnsmasq(mounted.root(), &options)) else {
        return;
    };
    let found = found(&world, &server);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1].level, "problem");
    assert_eq!(found[1].lines(), ["owner = \"nobody\""]);
    let config = fs::read_to_string(world.path("mounts.toml")).unwrap();
    world.put(
        "mounts.toml",
        format!("{}\n{config}", found[1].lines()[0]).as_bytes(),
    );
    mounted.wait_for_log("new configuration in force");
    wait::until("the owner to be right", PATIENCE, || {
        (crate::advised::found(&world, &server).len() == 1).then_some(())
    });
    is_well(&world, &server, BY_PATH);
}

#[test]
fn nginx_is_told_its_line() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let plain = format!("root {};", mounted.root().display());
    let Some(server) = skip::or_skip(servers::nginx(&plain)) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(advice.level, "problem");
    assert!(
        advice
            .what
            .starts_with("does not say who its client is: whoever asks"),
        "{advice:?}"
    );
    let line = format!("root {}/clients/$remote_addr;", mounted.root().display());
    assert_eq!(advice.lines(), [line.as_str()]);
    assert!(
        advice.next.starts_with("in the server block ("),
        "{advice:?}"
    );
    drop(server);
    let Some(server) = skip::or_skip(servers::nginx(advice.lines()[0])) else {
        return;
    };
    is_well(&world, &server, BY_PATH);
}

#[test]
fn nginx_with_its_root_elsewhere_is_told_the_root() {
    let Some((world, _mounted)) = mounted() else {
        return;
    };
    let elsewhere = format!("root {};", world.path("ash").display());
    let Some(server) = skip::or_skip(servers::nginx(&elsewhere)) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(advice.level, "problem", "nobody else serves this mount");
    assert!(
        advice.what.ends_with("/ash, and not in the mount"),
        "{advice:?}"
    );
    drop(server);
    let Some(server) = skip::or_skip(servers::nginx(advice.lines()[0])) else {
        return;
    };
    is_well(&world, &server, BY_PATH);
}

#[test]
fn apache_is_told_its_lines() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::apache_event(mounted.root(), None)) else {
        return;
    };
    let advice = only(&world, &server);
    assert_eq!(advice.level, "problem");
    let root = mounted.root().display();
    assert_eq!(
        advice.lines(),
        [
            "RewriteEngine On",
            &format!("RewriteRule \"^/(.*)$\" \"{root}/clients/%{{REMOTE_ADDR}}/$1\"")
        ]
    );
    drop(server);
    let lines = advice.lines().join("\n");
    let Some(server) = skip::or_skip(servers::apache_event(mounted.root(), Some(&lines))) else {
        return;
    };
    is_well(&world, &server, BY_PATH);
    let Some(prefork) = skip::or_skip(servers::apache(mounted.root(), None)) else {
        return;
    };
    is_well(&world, &prefork, BY_SOCKET);
}

#[test]
fn lighttpd_is_told_its_lines() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(server) = skip::or_skip(servers::lighttpd(mounted.root(), "")) else {
        return;
    };
    let found = found(&world, &server);
    let levels: Vec<&str> = found.iter().map(|found| found.level.as_str()).collect();
    assert_eq!(levels, ["problem", "note"], "{found:?}");
    drop(server);
    let lines: Vec<&str> = found.iter().flat_map(Found::lines).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let Some(server) = skip::or_skip(servers::lighttpd(mounted.root(), &lines.join("\n"))) else {
        return;
    };
    is_well(&world, &server, BY_PATH);
}

/// Servers with a process or a thread for each client need no line.
#[test]
fn tftpd_hpa_and_atftpd_are_well_as_they_are() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let Some(tftpd) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    is_well(&world, &tftpd, BY_SOCKET);
    let Some(atftpd) = skip::or_skip(servers::atftpd(mounted.root())) else {
        return;
    };
    is_well(&world, &atftpd, BY_SOCKET);
}

/// A server for everybody, of one image, is told apart from one that forgot its clients.
#[test]
fn a_root_in_the_tree_is_named() {
    let Some((world, mounted)) = mounted() else {
        return;
    };
    let image = mounted.path(b"images/ash");
    let Some(server) = skip::or_skip(servers::dnsmasq(&image, &[])) else {
        return;
    };
    let found = only(&world, &server);
    assert_eq!(
        (found.level.as_str(), found.what.as_str()),
        (
            "note",
            "gives everybody images/ash, whatever client rules say"
        )
    );
    drop(server);
    let Some(server) = skip::or_skip(servers::dnsmasq(&image, &["--tftp-unique-root=ip"])) else {
        return;
    };
    let found = only(&world, &server);
    assert!(
        found
            .what
            .starts_with("puts the address of the client behind images/ash"),
        "{found:?}"
    );
    assert_eq!(
        found.lines(),
        [
            "enable-tftp",
            &format!("tftp-root={}", mounted.root().display())
        ]
    );
}
