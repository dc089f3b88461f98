//! What to tell the operator: first steps, and how a server lets the mount know its
//! client.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::address::Address;
use crate::boots::Boot;
use crate::caller::server_name;
use crate::catalog::Catalog;
use crate::choice::Peers;
use crate::name::visible;
use crate::servers::Server;

/// How many servers are warned about; enough for any machine, and a bound.
const MOST_WARNED: usize = 64;

/// Warns, once for each server, when its clients cannot be told apart.
#[derive(Debug)]
pub struct Advice {
    mountpoint: PathBuf,
    warned: Mutex<HashSet<String>>,
}

impl Advice {
    /// Advice for a mount.
    pub fn new(mountpoint: &Path) -> Self {
        Self {
            mountpoint: mountpoint.to_owned(),
            warned: Mutex::default(),
        }
    }

    fn is_news(&self, server: &str) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.len() < MOST_WARNED && warned.insert(server.to_owned())
    }
}

impl Advice {
    /// A thread has opened a boot program under `images/`, and whose choice that is cannot
    /// be told. A shell that does so boots nothing; a server should have said it.
    pub fn unknown_choice(&self, thread: u32, peers: &Peers) {
        let server = i32::try_from(thread).ok().and_then(server_name);
        let server = server.unwrap_or_else(|| "a server".to_owned());
        let is_server = Server::of_program(&server).is_some();
        if (*peers == Peers::Nobody && !is_server) || !self.is_news(&format!("{server} chooses")) {
            return;
        }
        tracing::warn!(
            "a client of {server} chose an image from a menu, but which client cannot be told ({}): \
             what it asks for next is not from that image. {}",
            reason(peers),
            by_path(&server, &self.mountpoint)
        );
    }

    /// A thread asked for a name and was refused, because its client cannot be told.
    pub fn refused(&self, thread: u32, name: &[u8], peers: &Peers) {
        let server = i32::try_from(thread).ok().and_then(server_name);
        let server = server.unwrap_or_else(|| "a server".to_owned());
        let name = visible(name);
        if !self.is_news(&server) {
            tracing::debug!("refused {name} to {server}: {}", reason(peers));
            return;
        }
        tracing::warn!(
            "refused {name} to {server}: which client asks cannot be told, and they would get \
             different images ({}). {}",
            reason(peers),
            by_path(&server, &self.mountpoint)
        );
    }
}

impl Advice {
    /// A client has opened a boot program, and this is now remembered of it.
    pub fn booted(&self, client: &Address, boot: &Boot) {
        let Some(image) = &boot.image else {
            return tracing::debug!("{client} boots, {}", boot.program.firmware);
        };
        tracing::info!("{client} boots {image}, {}", boot.program.firmware);
        if boot.flips && self.is_news(&client.to_string()) {
            tracing::warn!(
                "{client} changes between images quicker than one computer can: several behind one \
                 address (NAT, a proxy, a relay) cannot be told apart and get each other's image. \
                 Give each an address of its own, or match MACs"
            );
        }
    }
}

fn reason(peers: &Peers) -> String {
    match peers {
        Peers::Nobody => "it talks to nobody".to_owned(),
        Peers::These(peers) => format!("it talks to {} clients at once", peers.len()),
        Peers::Hidden(why) => why.clone(),
    }
}

/// The lines by which a server tells the mount its client.
pub fn by_path(server: &str, mountpoint: &Path) -> String {
    let known = Server::of_program(server).map(|server| &server.by_path);
    match known.filter(|lines| !lines.is_empty()) {
        Some(lines) => format!(
            "Let it name the client in the path, {}:\n  {}",
            lines.place,
            lines.on(mountpoint).join("\n  ")
        ),
        None => format!(
            "Let it name the client in the path: {}/clients/ADDRESS/...",
            mountpoint.display()
        ),
    }
}

/// What a new mount prints: that it is there, and what to try.
pub fn first_steps(catalog: &Catalog, mountpoint: &Path) -> String {
    let root = mountpoint.display();
    let images: Vec<String> = catalog
        .images()
        .map(|(spec, _)| spec.name.to_string())
        .collect();
    let default = catalog.choice().by_default().image;
    let default = default.map_or("none".to_owned(), |image| image.to_string());
    let rules = catalog.config().rules.len();
    let mut text = format!(
        "winbootfs: {} on {root}\n  images: {}  default: {default}  client rules: {rules}\n  try:\n",
        count(images.len(), "image"),
        images.join(", ")
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "    ls {root} {root}/images");
    let _ = writeln!(text, "    cat '{root}/\\Boot\\BCD'");
    for client in catalog.choice().known_clients().iter().take(2) {
        let _ = writeln!(text, "    cat '{root}/clients/{client}/boot/bcd'");
    }
    let _ = writeln!(text, "  stop it with Ctrl-C, or: {} {root}", unmounting());
    text
}

/// The program by which whoever runs us can unmount.
fn unmounting() -> &'static str {
    match rustix::process::geteuid().is_root() {
        true => "umount",
        false => "fusermount3 -u",
    }
}

/// A number of things, for people.
pub fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
