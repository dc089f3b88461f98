//! What a daemon says of itself, asked as programs ask: `winbootfs status --json`.

use std::path::Path;
use std::process::Output;

use winbootfs::status::{Answer, Boots, Client, Request, Status};

use super::mounted::{PATIENCE, program};
use super::wait;

/// Everything.
pub(crate) fn status(mountpoint: &Path) -> Status {
    parsed(&run(mountpoint, &[]))
}

/// The boots of one client.
pub(crate) fn boots(mountpoint: &Path, client: &str) -> Boots {
    parsed(&run(mountpoint, &["--client", client]))
}

/// A client, as soon as its boot is like this.
#[track_caller]
pub(crate) fn client_when(
    mountpoint: &Path,
    client: &str,
    is_so: impl Fn(&Client) -> bool,
) -> Client {
    let mut last = None;
    let found = wait::within(PATIENCE, || {
        let all = status(mountpoint).clients;
        last = all.into_iter().find(|known| known.client == client);
        last.clone().filter(|known| is_so(known))
    });
    found.unwrap_or_else(|| panic!("{client} is not so, but {last:#?}"))
}

/// What a client asked for in its present boot: `opened`, `missing` or `refused`, and the name.
pub(crate) fn asked(boots: &Boots) -> Vec<(&'static str, &str)> {
    let now = boots.boots.first().expect("a boot");
    let word = |request: &Request| match request.answer {
        Answer::Opened { .. } => "opened",
        Answer::Missing => "missing",
        Answer::Refused { .. } => "refused",
    };
    let requests = now.requests.iter();
    requests
        .map(|request| (word(request), request.name.as_str()))
        .collect()
}

fn run(mountpoint: &Path, more: &[&str]) -> Output {
    let mut command = program();
    command
        .args(["status", "--json"])
        .args(more)
        .arg(mountpoint);
    command.output().unwrap()
}

#[track_caller]
fn parsed<T: serde::de::DeserializeOwned>(done: &Output) -> T {
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{said}");
    serde_json::from_slice(&done.stdout).unwrap()
}
