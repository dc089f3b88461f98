//! The real program with a page: what the mount does is there, and what is chosen there holds.

use std::net::SocketAddr;
use std::path::Path;

use winbootfs::status::Status;

use crate::common::http::send;
use crate::common::mounted::{Mounted, can_mount, program};
use crate::common::wait;
use crate::common::webdriver::PATIENCE;
use crate::common::world::World;

fn world() -> World {
    World::new()
        .image("rescue", &[("Boot/BCD", "rescue")])
        .image("win11", &[("Boot/BCD", "win11")])
        .default_image("rescue")
}

/// A daemon with these options, and where its page is.
pub(crate) fn served(world: &World, options: &[&str]) -> Option<(Mounted, SocketAddr)> {
    if !can_mount() {
        return None;
    }
    let root = world.path("mnt");
    std::fs::create_dir_all(&root).unwrap();
    let config = format!("mountpoint = {root:?}\n{}", world.config_text());
    let file = world.path("mounts.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = program();
    command.arg("mount").args(options).arg("--config").arg(file);
    let mounted = Mounted::start(command, &root);
    let address = wait::until("the page", PATIENCE, || {
        let log = mounted.log();
        let (_, rest) = log.split_once("the page is at http://")?;
        rest.split_once('/')?.0.parse().ok()
    });
    Some((mounted, address))
}

fn status(address: SocketAddr) -> Status {
    let reply = send(address, "GET", "/api/status", &[], b"").unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

fn choose(address: SocketAddr, choice: &str) -> u16 {
    let json = [("Content-Type", "application/json")];
    let reply = send(address, "POST", "/api/choose", &json, choice.as_bytes());
    reply.unwrap().status
}

const STORE: &[u8] = b"clients/10.0.7.5/boot/bcd";

#[test]
fn the_page_shows_the_mount_and_chooses() {
    let world = world();
    let Some((mounted, address)) = served(&world, &["--web", "127.0.0.1:0", "--web-write"]) else {
        return;
    };
    assert_eq!(mounted.read(STORE).unwrap(), b"rescue");
    let told = status(address);
    assert_eq!(told.clients[0].client, "10.0.7.5");
    assert_eq!(told.mountpoint, mounted.root().to_str().unwrap());
    assert_eq!(
        choose(address, r#"{"client": "10.0.7.5", "image": "win11"}"#),
        204
    );
    let read = |expected: &'static [u8]| {
        wait::until("the choice", PATIENCE, || {
            (mounted.read(STORE).unwrap() == expected).then_some(())
        });
    };
    read(b"win11");
    assert_eq!(
        choose(address, r#"{"client": "10.0.7.5", "image": null}"#),
        204
    );
    read(b"rescue");
    assert_eq!(
        choose(address, r#"{"client": "10.0.7.5", "image": "win99"}"#),
        409
    );
    assert_eq!(
        choose(address, r#"{"client": "../../x", "image": "win11"}"#),
        409
    );
    assert!(!mounted.log().contains("without a password"));
    mounted.wait_for_log("chosen on the page: 10.0.7.5 gets win11\n");
    mounted.wait_for_log("chosen on the page: 10.0.7.5 gets what the other rules say\n");
}

/// A rule for its MAC comes before every rule for its address.
#[test]
fn a_choice_holds_for_a_client_with_a_rule_for_its_mac() {
    let world = world().line("[[client]]\nmatch = \"52:54:00:12:34:56\"\nimage = \"rescue\"");
    world.put("leases.txt", b"0 52:54:00:12:34:56 10.0.7.5 pc *\n");
    world.put(
        "clients.d/10.0.7.5.toml",
        b"[[client]]\nmatch = \"10.0.7.5\"\nimage = \"rescue\"\n",
    );
    let world = world.key("leases", "leases.txt");
    let Some((mounted, address)) = served(&world, &["--web", "127.0.0.1:0", "--web-write"]) else {
        return;
    };
    let chosen = |choice: &str, expected: &[u8]| {
        assert_eq!(choose(address, choice), 204);
        wait::until("the choice", PATIENCE, || {
            (mounted.read(STORE).unwrap() == expected).then_some(())
        });
    };
    chosen(r#"{"client": "10.0.7.5", "image": "win11"}"#, b"win11");
    let file = world.path("clients.d/52-54-00-12-34-56.toml");
    assert!(file.exists());
    chosen(r#"{"client": "10.0.7.5", "image": null}"#, b"rescue");
    let left = std::fs::read_dir(world.path("clients.d")).unwrap();
    assert_eq!(left.count(), 0, "neither for its MAC nor for its address");
}

/// It was started once, and says so without wavering: its clock may be set meanwhile.
#[test]
fn the_start_is_one_moment() {
    let world = world();
    let Some((_mounted, address)) = served(&world, &["--web", "127.0.0.1:0"]) else {
        return;
    };
    let started = status(address).started_ms;
    assert!((0..50).all(|_| status(address).started_ms == started));
    assert_eq!(
        choose(address, r#"{"client": "10.0.7.5", "image": "win11"}"#),
        403
    );
}

/// The command for the textfile collector says what the listener says.
#[test]
fn the_command_tells_the_same_metrics() {
    let world = world();
    let Some((mounted, address)) = served(&world, &["--web", "127.0.0.1:0"]) else {
        return;
    };
    let names = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let names: Vec<String> = lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        names
    };
    let told = send(address, "GET", "/metrics", &[], b"").unwrap().text();
    let done = program()
        .args(["status", "--prometheus"])
        .arg(mounted.root())
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success());
    assert!(names(&said).len() > 20, "{said}");
    assert_eq!(names(&said), names(&told));
}

/// Whoever opens it to the network is told what that means.
#[test]
fn an_address_for_everybody_is_warned_of() {
    let world = world();
    let Some((mounted, address)) = served(&world, &["--web", "0.0.0.0:0", "--web-write"]) else {
        return;
    };
    mounted.wait_for_log("sees the page without a password, and may choose images there");
    mounted.wait_for_log(&format!("ssh -L {0}:127.0.0.1:{0}", address.port()));
}

/// Nothing is mounted where the page cannot be served.
#[test]
fn a_port_that_is_taken_ends_the_start() {
    if !can_mount() {
        return;
    }
    let world = world();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let root = world.path("mnt");
    std::fs::create_dir(&root).unwrap();
    let done = mount(&root, &world, &["--web", &address]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("in use") && said.contains("--web 127.0.0.1:8070"),
        "{said}"
    );
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(root.to_str().unwrap()));
}

#[test]
fn what_is_no_address_is_told_so() {
    let world = world();
    for wrong in ["8069", "localhost:8069", "127.0.0.1", "127.0.0.1:99999", ""] {
        let done = mount(Path::new("/nowhere"), &world, &["--web", wrong]);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains("127.0.0.1:8069"), "{said}");
    }
    let done = mount(Path::new("/nowhere"), &world, &["--web-write"]);
    assert_eq!(done.status.code(), Some(2), "nothing to write on");
    let page = ["--web", "127.0.0.1:0", "--web-write"];
    let done = mount(Path::new("/nowhere"), &world, &page);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("needs a configuration file"), "{said}");
}

fn mount(root: &Path, world: &World, options: &[&str]) -> std::process::Output {
    let mut command = program();
    command
        .arg("mount")
        .args(options)
        .arg(world.path("rescue"))
        .arg(root);
    command.output().unwrap()
}
