//! Menus with one entry for each image, for the programs that show menus over the network.
//!
//! An entry starts the image's boot program under `images/`; by that its client has chosen
//! (see [`crate::boots`]). Pure: what to start in, text out.
//!
//! What each of them can start decided what is printed:
//!
//! - pxelinux starts another boot program only if its name ends in `.0`, and no UEFI program
//!   at all. It splits what it starts at blanks and knows no quotes.
//! - iPXE starts both kinds. It takes a URL, so every odd byte is written as `%XX`.
//! - GRUB starts UEFI programs. Its BIOS edition starts no boot program of another. With
//!   GRUB 2.06 on OVMF what it started found no network: the menu says so.

use std::fmt::Write;

use crate::servers::Transport;

/// For which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// pxelinux, BIOS.
    Pxelinux,
    /// iPXE, BIOS and UEFI.
    Ipxe,
    /// GRUB, UEFI.
    Grub,
}

/// One entry: an image and what of it can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub image: String,
    /// The path of its BIOS boot program below the mountpoint; none if it has none.
    pub bios: Option<String>,
    /// The same for UEFI, without the letters of the machine (`x64`) and `.efi`.
    pub uefi: Option<String>,
    /// Whether it is what a client gets that chooses nothing.
    pub default: bool,
}

impl Kind {
    /// Whether this program can start anything of an image.
    pub fn starts(self, entry: &Entry) -> bool {
        match self {
            Self::Pxelinux => entry.bios.is_some(),
            Self::Ipxe => entry.bios.is_some() || entry.uefi.is_some(),
            Self::Grub => entry.uefi.is_some(),
        }
    }
}

/// The menu.
pub fn menu(kind: Kind, entries: &[Entry], transport: Transport) -> String {
    match kind {
        Kind::Pxelinux => pxelinux(entries),
        Kind::Ipxe => ipxe(entries, transport),
        Kind::Grub => grub(entries, transport),
    }
}

/// How long a menu waits before it starts the default, in seconds.
const PATIENCE: u32 = 30;

fn pxelinux(entries: &[Entry]) -> String {
    let mut text = format!(
        "# A menu for BIOS clients. Save it as pxelinux.cfg/default, beside pxelinux.0, ldlinux.c32,\n\
         # menu.c32 and libutil.c32. Not lpxelinux.0: what it starts cannot load anything more.\n\
         # UEFI clients need another menu: winbootfs init --menu ipxe\n\
         UI menu.c32\nMENU TITLE Windows images\nTIMEOUT {}\n",
        PATIENCE * 10
    );
    for (number, entry) in (1..).zip(entries) {
        text += &match &entry.bios {
            Some(path) if path.contains(char::is_whitespace) => format!(
                "\n# {}: pxelinux cannot start what has a blank in its name; rename the image\n",
                entry.image
            ),
            Some(path) => {
                let default = if entry.default {
                    "  MENU DEFAULT\n"
                } else {
                    ""
                };
                let title = entry.image.replace('^', "^^");
                let label = label(entry, number);
                format!("\nLABEL {label}\n  MENU LABEL {title}\n{default}  KERNEL ::{path}\n")
            }
            None => format!("\n# {} has no BIOS boot program\n", entry.image),
        };
    }
    text
}

fn ipxe(entries: &[Entry], transport: Transport) -> String {
    let mut text = format!(
        "#!ipxe\n\
         # A menu for BIOS and UEFI clients. Save it below the server's root, and let DHCP name it\n\
         # to clients that are iPXE already, or start it with: chain {0}SERVER/menu.ipxe\n\
         set server {0}${{next-server}}\n\
         set efi x64\n\
         iseq ${{buildarch}} i386 && set efi ia32 ||\n\
         iseq ${{buildarch}} arm64 && set efi aa64 ||\n\
         iseq ${{platform}} efi && set firmware uefi || set firmware bios\n\n\
         :menu\nmenu Windows images\n",
        transport.scheme()
    );
    for (number, entry) in (1..).zip(entries) {
        // Variables would be expanded.
        let title = entry.image.replace('$', "");
        let _ = writeln!(text, "item {} {title}", label(entry, number));
    }
    let mut numbered = (1..).zip(entries);
    let default = numbered.find(|(_, entry)| entry.default);
    let default = default.map(|(number, entry)| format!(" --default {}", label(entry, number)));
    let default = default.unwrap_or_default();
    let _ = write!(
        text,
        "choose{default} --timeout {} image || exit\ngoto ${{firmware}}_${{image}}\n",
        PATIENCE * 1000
    );
    for (number, entry) in (1..).zip(entries) {
        text += &ipxe_target("bios", &label(entry, number), entry.bios.as_deref(), "");
        text += &ipxe_target(
            "uefi",
            &label(entry, number),
            entry.uefi.as_deref(),
            "${efi}.efi",
        );
    }
    text + "\n:failed\nprompt Not started. Press a key for the menu. && goto menu\n"
}

fn ipxe_target(firmware: &str, label: &str, path: Option<&str>, ending: &str) -> String {
    let start = match path {
        Some(path) => format!("chain ${{server}}/{}{ending} || goto failed", in_url(path)),
        None => format!(
            "echo This image has no {} boot program.\ngoto failed",
            firmware.to_uppercase()
        ),
    };
    format!("\n:{firmware}_{label}\n{start}\n")
}

/// What may not stand in a URL, or means something to iPXE, as `%XX`.
fn in_url(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let written = path.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    written.collect()
}

fn grub(entries: &[Entry], transport: Transport) -> String {
    let scheme = transport.scheme().trim_end_matches("://");
    let mut text = format!(
        "# A menu for UEFI clients. Save it as grub/grub.cfg. BIOS clients need another, for the BIOS\n\
         # edition of GRUB starts no network boot program: winbootfs init --menu pxelinux\n\
         #\n\
         # Try it before you rely on it. GRUB 2.06 kept the network card to itself when it was\n\
         # tested, and the program that it started found no network. iPXE does not:\n\
         # winbootfs init --menu ipxe\n\
         set root={scheme},$net_default_server\n\
         set timeout={PATIENCE}\nset efi=x64\n\
         if [ \"$grub_cpu\" = i386 ]; then set efi=ia32; fi\n\
         if [ \"$grub_cpu\" = arm64 ]; then set efi=aa64; fi\n"
    );
    for (number, entry) in (1..).zip(entries) {
        let Some(path) = &entry.uefi else {
            let _ = writeln!(text, "\n# {} has no UEFI boot program", entry.image);
            continue;
        };
        if entry.default {
            let _ = writeln!(text, "\nset default={}", label(entry, number));
        }
        let _ = writeln!(
            text,
            "\nmenuentry {} --id {} {{\n  chainloader {}\"$efi.efi\"\n}}",
            in_quotes(&entry.image),
            label(entry, number),
            in_quotes(&format!("/{path}"))
        );
    }
    text
}

/// What the menu calls an entry: the image's name where all three take it as one word.
fn label(entry: &Entry, number: u32) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    match entry.image.chars().all(plain) && entry.image.starts_with(char::is_alphabetic) {
        true => entry.image.clone(),
        false => format!("image-{number}"),
    }
}

/// As one word of GRUB's language, in which nothing is expanded.
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl Transport {
    fn scheme(self) -> &'static str {
        match self {
            Self::Tftp => "tftp://",
            Self::Http => "http://",
        }
    }
}
