//! Networks for one test: network namespaces, tied together by virtual cables.

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a network that cannot be made is a failed test"
)]

use std::fs::{self, File};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace; it goes with this value, and with it what is plugged in.
#[derive(Debug)]
pub(crate) struct Netns {
    pub(crate) name: String,
}

impl Netns {
    /// A new one, with nothing in it but a loopback interface.
    pub(crate) fn new() -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            return Err("a network namespace needs root: run tests/run".to_owned());
        }
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("winbootfs-test-{}-{number}", process::id());
        ip(&["netns", "add", &name])?;
        let netns = Self { name };
        netns.ip("link set lo up");
        Ok(netns)
    }

    /// `ip` in there; a failure is a failed test.
    #[track_caller]
    pub(crate) fn ip(&self, words: &str) {
        let words: Vec<&str> = words.split(' ').collect();
        ip(&[&["-n", &self.name], words.as_slice()].concat())
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Many commands of `ip` at once.
    pub(crate) fn batch(&self, lines: impl Iterator<Item = String>) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let text: String = lines.map(|line| line + "\n").collect();
        fs::write(file.path(), text).expect("room for a temporary file");
        self.ip(&format!("-batch {}", file.path().display()));
    }

    /// A cable from an interface here to one there, each with its MAC, both up.
    pub(crate) fn plug(&self, here: (&str, &str), there: &Netns, peer: (&str, &str)) {
        let (name, mac) = here;
        let (peer_name, peer_mac) = peer;
        self.ip(&format!(
            "link add {name} address {mac} type veth peer name {peer_name} address {peer_mac} netns {}",
            there.name
        ));
        self.ip(&format!("link set {name} up"));
        there.ip(&format!("link set {peer_name} up"));
    }

    /// Does something in there, on a thread of its own: that is what a namespace is of.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let file =
            File::open(format!("/run/netns/{}", self.name)).expect("the namespace just made");
        thread::scope(|scope| {
            let inside = scope.spawn(move || {
                move_into_link_name_space(
                    std::os::fd::AsFd::as_fd(&file),
                    Some(LinkNameSpaceType::Network),
                )
                .expect("root may move");
                work()
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A program that runs in there.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let output = Command::new("ip")
        .args(words)
        .output()
        .map_err(|error| format!("no ip here ({error}): apt-get install iproute2"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("ip {}: {said}", words.join(" ")))
}
