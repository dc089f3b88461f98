//! `init`: text to begin with, on standard output. It writes no file.

use std::path::Path;

use super::out::print;
use super::{Opened, open};
use crate::cli::{InitArgs, Menu, Server};
use crate::config::ImageName;
use crate::failure::Failure;
use crate::menu::{self, Entry, Kind};
use crate::servers::Transport;
use crate::tree::{IMAGES, Place, Walker};

/// The letters of the machine in the names of UEFI boot programs.
const MACHINES: [&str; 3] = ["x64", "aa64", "ia32"];

/// Where the BIOS boot program is, best first: beside it the boot manager is looked for.
const BIOS_PROGRAMS: [&str; 2] = ["Boot/pxeboot.0", "pxeboot.0"];

pub(super) fn run(file: Option<&Path>, args: &InitArgs) -> Result<(), Failure> {
    let opened = open(file)?;
    let entries = entries(&opened);
    let kind = match args.menu {
        Menu::Pxelinux => Kind::Pxelinux,
        Menu::Ipxe => Kind::Ipxe,
        Menu::Grub => Kind::Grub,
    };
    if !entries.iter().any(|entry| kind.starts(entry)) {
        return Err(Failure::Failed(
            "no image has a boot program that this menu could start\n  \
             see what is missing: winbootfs check"
                .to_owned(),
        ));
    }
    if kind == Kind::Pxelinux && transport(args.server) == Transport::Http {
        return Err(Failure::Usage(
            "pxelinux loads over TFTP\n  name a TFTP server, or print the menu of ipxe or grub"
                .to_owned(),
        ));
    }
    print(&menu::menu(kind, &entries, transport(args.server)))
}

fn entries(opened: &Opened) -> Vec<Entry> {
    let asking = opened.asking(None);
    let walker = opened.walker(&asking);
    let default = opened.catalog.choice().by_default().image;
    let images = opened.catalog.images();
    let entry = |name: &ImageName| Entry {
        image: name.to_string(),
        bios: program(&walker, name, &BIOS_PROGRAMS.map(str::to_owned)),
        uefi: program(
            &walker,
            name,
            &MACHINES.map(|machine| format!("boot{machine}.efi")),
        )
        .map(|_| path(name, "boot")),
        default: default.as_ref() == Some(name),
    };
    images.map(|(spec, _)| entry(&spec.name)).collect()
}

/// The path of the first of these programs that the image has.
fn program(walker: &Walker<'_>, image: &ImageName, programs: &[String]) -> Option<String> {
    let paths = programs.iter().map(|program| path(image, program));
    let is_there = |path: &String| {
        let found = walker.find(&Place::Caller, path.as_bytes()).found;
        matches!(found, Ok((Place::File(_), _)))
    };
    paths.into_iter().find(is_there)
}

fn path(image: &ImageName, program: &str) -> String {
    format!("{IMAGES}/{image}/{program}")
}

fn transport(server: Server) -> Transport {
    match server {
        Server::Dnsmasq | Server::TftpdHpa | Server::Atftpd => Transport::Tftp,
        Server::Nginx | Server::Apache | Server::Lighttpd => Transport::Http,
    }
}
