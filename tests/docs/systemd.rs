//! The unit for systemd: systemd accepts it, what it allows is enough, and the daemon
//! keeps its side of the protocol.

use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::skip::skip;
use crate::common::wait;
use crate::common::world::{World, below};
use crate::text;

const UNIT: &str = "systemd/winbootfs.service";
const INSTALLED: &str = "/usr/local/bin/winbootfs";

/// All values of a key in the unit.
fn values(key: &str) -> Vec<String> {
    let unit = text(UNIT);
    let lines = unit.lines().filter_map(|line| line.strip_prefix(key));
    let values = lines.filter_map(|rest| rest.strip_prefix('='));
    values.map(str::to_owned).collect()
}

fn value(key: &str) -> String {
    let [value] = values(key)
        .try_into()
        .unwrap_or_else(|all| panic!("{key}: {all:?}"));
    value
}

/// A folder with the unit, its program replaced by the one that was built.
fn units() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let built = program().get_program().to_str().unwrap().to_owned();
    let unit = text(UNIT);
    assert!(unit.contains(INSTALLED));
    std::fs::write(
        folder.path().join("winbootfs.service"),
        unit.replace(INSTALLED, &built),
    )
    .unwrap();
    folder
}

fn analyze(folder: &TempDir, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("systemd-analyze");
    command
        .args(arguments)
        .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()));
    match command.output() {
        Ok(output) => Some(output),
        Err(_) => {
            skip("no systemd-analyze here: apt-get install systemd");
            None
        }
    }
}

fn accepted(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("winbootfs"), "{said}");
}

#[test]
fn systemd_accepts_the_unit() {
    let folder = units();
    let unit = folder.path().join("winbootfs.service");
    if let Some(output) = analyze(&folder, &["verify", unit.to_str().unwrap()]) {
        accepted(&output);
    }
}

/// A server tied to the mount waits for it.
#[test]
fn systemd_accepts_the_lines_for_a_server() {
    let folder = units();
    let server = folder.path().join("tftpd-hpa.service");
    std::fs::write(&server, "[Service]\nExecStart=/bin/true\n").unwrap();
    let own = folder.path().join("tftpd-hpa.service.d");
    std::fs::create_dir(&own).unwrap();
    let lines = text("systemd/examples/after-winbootfs.conf");
    std::fs::write(own.join("after-winbootfs.conf"), lines).unwrap();
    if let Some(output) = analyze(&folder, &["verify", server.to_str().unwrap()]) {
        accepted(&output);
    }
}

/// With the page the unit allows just the sockets that this needs.
#[test]
fn systemd_accepts_the_lines_for_the_page() {
    let folder = units();
    let own = folder.path().join("winbootfs.service.d");
    std::fs::create_dir(&own).unwrap();
    let built = program().get_program().to_str().unwrap().to_owned();
    let lines = text("systemd/examples/page.conf");
    assert!(lines.contains("--web 127.0.0.1:8069\n"));
    std::fs::write(own.join("page.conf"), lines.replace(INSTALLED, &built)).unwrap();
    let unit = folder.path().join("winbootfs.service");
    if let Some(output) = analyze(&folder, &["verify", unit.to_str().unwrap()]) {
        accepted(&output);
    }
}

/// Set by anything but the environment, glibc would learn to keep what large files take.
#[test]
fn memory_that_was_large_goes_back_to_the_kernel() {
    assert_eq!(value("Environment"), "MALLOC_MMAP_THRESHOLD_=131072");
}

/// A mount in a namespace of its own would be seen by nobody.
#[test]
fn nothing_in_the_unit_hides_the_mount() {
    let hiding = [
        "Protect",
        "Private",
        "ReadOnlyPaths",
        "ReadWritePaths",
        "InaccessiblePaths",
        "ExecPaths",
        "NoExecPaths",
        "BindPaths",
        "BindReadOnlyPaths",
        "TemporaryFileSystem",
        "RootDirectory",
        "RootImage",
        "MountFlags",
        "DynamicUser",
        "ProcSubset",
        "User=",
    ];
    let unit = text(UNIT);
    let settings: Vec<&str> = unit.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(settings.len() > 20);
    for line in settings {
        assert!(!hiding.iter().any(|word| line.starts_with(word)), "{line}");
    }
}

/// With no more than the unit's capabilities the daemon mounts, and finds out the client
/// of a server that runs as another user.
#[test]
fn the_capabilities_of_the_unit_are_enough() {
    let world = World::new()
        .image("one", &[("BCD", "one")])
        .image("two", &[("BCD", "two")])
        .default_image("one")
        .client("127.0.0.10", "two");
    if !can_mount() {
        return;
    }
    let root = world.path("mnt");
    std::fs::create_dir(&root).unwrap();
    let config = format!("mountpoint = {root:?}\n{}", world.config_text());
    let file = world.path("mounts.toml");
    std::fs::write(&file, config).unwrap();
    let capabilities = value("CapabilityBoundingSet")
        .to_lowercase()
        .replace("cap_", "+");
    let capabilities = capabilities.replace(' ', ",");
    assert_eq!(value("NoNewPrivileges"), "yes");
    let mut command = Command::new("setpriv");
    command.args(["--no-new-privs", "--inh-caps=-all"]);
    command.arg(format!("--bounding-set=-all,{capabilities}"));
    command
        .arg(program().get_program())
        .arg("mount")
        .arg("--config")
        .arg(&file);
    let mounted = Mounted::start(command, &root);
    assert_eq!(asked_by_a_server(&mounted, "127.0.0.10"), "two");
    assert_eq!(asked_by_a_server(&mounted, "127.0.0.11"), "one");
}

/// What a process of another user reads, whose only socket is connected to `client`.
fn asked_by_a_server(mounted: &Mounted, client: &str) -> String {
    let client = std::net::UdpSocket::bind((client, 0)).unwrap();
    let server = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    server.connect(client.local_addr().unwrap()).unwrap();
    let mut reader = Command::new("cat");
    reader
        .arg(mounted.path(b"\\Boot\\BCD"))
        .uid(65534)
        .gid(65534);
    reader.stdin(std::os::fd::OwnedFd::from(server));
    let read = reader.output().unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    String::from_utf8(read.stdout).unwrap()
}

/// What `systemd` would hear: a socket as it makes them for `Type=notify`.
struct Ear {
    _folder: TempDir,
    path: PathBuf,
    socket: UnixDatagram,
}

impl Ear {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            _folder: folder,
            path,
            socket,
        }
    }

    fn next(&self) -> String {
        let mut message = [0; 4096];
        let length = self
            .socket
            .recv(&mut message)
            .expect("a message to systemd");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }

    fn hears_nothing(&self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let nothing = self.socket.recv(&mut [0; 16]).is_err();
        self.socket.set_nonblocking(false).unwrap();
        nothing
    }
}

#[test]
fn systemd_is_told_when_the_mount_answers_reloads_and_ends() {
    assert_eq!(value("Type"), "notify");
    let world = World::new()
        .image("one", &[("BCD", "one")])
        .default_image("one");
    if !can_mount() {
        return;
    }
    let root = world.path("mnt");
    std::fs::create_dir(&root).unwrap();
    let file = world.path("mounts.toml");
    std::fs::write(
        &file,
        format!("mountpoint = {root:?}\n{}", world.config_text()),
    )
    .unwrap();
    let ear = Ear::new();
    let mut command = program();
    command
        .args(["mount", "--config"])
        .arg(&file)
        .env("NOTIFY_SOCKET", &ear.path);
    // The first message is waited for before anything else: no other sign of readiness.
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    assert_eq!(ear.next().trim_end(), "READY=1");
    assert_eq!(std::fs::read(below(&root, b"\\boot\\bcd")).unwrap(), b"one");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::HUP).unwrap();
    let reloading = ear.next();
    assert!(
        reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(ear.next().trim_end(), "READY=1");
    assert!(ear.hears_nothing());
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(ear.next().trim_end(), "STOPPING=1");
    let ended = wait::until("the daemon to end", Duration::from_secs(20), || {
        child.try_wait().unwrap()
    });
    assert!(ended.success());
    assert!(!is_mounted(&root));
}

/// A daemon that cannot mount never says that it is ready.
#[test]
fn systemd_is_not_told_of_a_mount_that_failed() {
    let world = World::new().image("one", &[("BCD", "one")]);
    let ear = Ear::new();
    let mut command = program();
    command
        .arg("mount")
        .arg(world.path("one"))
        .arg(world.path("missing"));
    let done = command.env("NOTIFY_SOCKET", &ear.path).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(ear.hears_nothing());
}

fn is_mounted(root: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    mounts.contains(root.to_str().unwrap())
}
