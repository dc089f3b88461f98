//! The menus, with one entry for each image, as `winbootfs init` prints them.

use std::path::Path;

use crate::common::mounted::program;

/// Whose menu.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Menu {
    /// `pxelinux.cfg/default`, for BIOS.
    Pxelinux,
    /// A script, for BIOS and for UEFI.
    Ipxe,
    /// `grub/grub.cfg`, for UEFI: GRUB for BIOS cannot start a network boot program.
    Grub,
}

impl Menu {
    /// Where its boot loader looks for it, from the root.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Pxelinux => "pxelinux.cfg/default",
            Self::Ipxe => "menu.ipxe",
            Self::Grub => "grub/grub.cfg",
        }
    }

    /// What it says once it waits for a key. GRUB counts down when all is drawn.
    pub(crate) fn ready<'a>(self, entries: &[&'a str]) -> &'a str {
        match self {
            Self::Pxelinux | Self::Ipxe => entries[entries.len() - 1],
            Self::Grub => "automatically in 29s",
        }
    }

    /// How the entry at which it stands can be told, if it can. GRUB forgets keys that come
    /// before it has drawn what the last one did.
    pub(crate) fn at(self, entry: &str) -> Option<String> {
        match self {
            Self::Pxelinux | Self::Ipxe => None,
            Self::Grub => Some(format!("*{entry}")),
        }
    }
}

/// The menu that the program prints for a configuration.
pub(crate) fn menu(kind: Menu, configuration: &Path) -> String {
    let name = match kind {
        Menu::Pxelinux => "pxelinux",
        Menu::Ipxe => "ipxe",
        Menu::Grub => "grub",
    };
    let mut command = program();
    command.args(["init", "--menu", name, "--config"]);
    let done = command.arg(configuration).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}
