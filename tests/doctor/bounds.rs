//! Whatever stands in a file, on a command line or in what the kernel and other programs
//! print: it is read to its end, within bounds, and nothing panics.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use winbootfs::doctor::machine::firewall::chain::Packet;
use winbootfs::doctor::machine::firewall::{Keeper, Rules, iptables, nft};
use winbootfs::doctor::machine::sockets::{self, Protocol};
use winbootfs::doctor::machine::{kernel, process};
use winbootfs::doctor::setup::{defaults, inetd};
use winbootfs::fuse::mountpoint::table::Mount;
use winbootfs::servers::SERVERS;

use crate::disk::{Disk, set_up, set_up_by};

/// Every file that any of the servers looks for.
const FILES: [&str; 6] = [
    "/etc/dnsmasq.conf",
    "/etc/map",
    "/etc/nginx/nginx.conf",
    "/etc/apache2/apache2.conf",
    "/etc/lighttpd/lighttpd.conf",
    "/Caddyfile",
];

const COMMANDS: [&str; 7] = [
    "dnsmasq",
    "in.tftpd -s -m /etc/map /srv",
    "atftpd",
    "nginx",
    "apache2",
    "lighttpd",
    "caddy run",
];

/// Words that mean something to one of them, so that noise gets beyond the first line.
const WORDS: [&str; 40] = [
    "enable-tftp",
    "tftp-root=",
    "conf-file=/etc/dnsmasq.conf",
    "conf-dir=/etc,",
    "root ",
    "include /etc/nginx/*;",
    "server {",
    "http {",
    "location / {",
    "}",
    ";",
    "$remote_addr",
    "/clients/",
    "rewrite ^/(.*)$ ",
    "DocumentRoot ",
    "<VirtualHost *>",
    "</VirtualHost>",
    "<IfModule !x>",
    "</IfModule>",
    "RewriteRule ",
    "%{REMOTE_ADDR}",
    "Define a ${a}${a}",
    "${a}",
    "include \"*\"",
    "$HTTP[\"remoteip\"] =~ \"",
    "url.rewrite-once = (",
    " => ",
    ")",
    "server.document-root = ",
    "var.x + ",
    "\\",
    "\"",
    "'",
    "#",
    "\n",
    " ",
    "import *",
    "root * ",
    "{remote_host}",
    "r ^(.*)$ \\i/",
];

fn all_from(bytes: &[u8]) {
    let disk = FILES
        .iter()
        .fold(Disk::default(), |disk, file| disk.with(file, bytes));
    for command in COMMANDS {
        let (setup, troubles) = set_up(command, &disk);
        assert!(setup.roots.len() <= bytes.len().max(4) * 500, "{command}");
        assert!(troubles.len() <= 16, "{command}");
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = (inetd::tftp(&text), defaults::value(&text, "A"));
    let _ = (
        Mount::all(bytes),
        process::Process::parse(&text),
        process::unit_of(&text),
    );
    let _ = (
        kernel::version(&text),
        kernel::is_built_with(&text, "CONFIG_X"),
    );
    let _ = sockets::parse(Protocol::Udp, &text);
    let chains = nft::parse(bytes).unwrap_or_default();
    for chains in [chains, iptables::parse(&text)] {
        let rules = Rules {
            chains,
            keeper: Keeper::Nft,
        };
        let _ = rules.fate(Packet::Request(Protocol::Udp, 69));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        all_from(&bytes);
    }

    #[test]
    fn any_words_are_borne(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        all_from(words.concat().as_bytes());
    }

    #[test]
    fn any_command_line_is_borne(words in prop::collection::vec("-{0,2}[a-zA-Z7=/:.]{0,12}", 0..8)) {
        for server in SERVERS {
            let command = [server.programs[0].to_owned()].into_iter().chain(words.clone());
            let _ = set_up_by(command.collect(), &Disk::default());
        }
    }
}

/// Blocks in each other by the hundred thousand, and files that include themselves.
#[test]
fn what_has_no_end_ends() {
    let began = Instant::now();
    for text in [
        "{".repeat(1 << 18),
        "}".repeat(1 << 18),
        ";".repeat(1 << 18),
        "(".repeat(1 << 18),
        "<x>\n".repeat(1 << 16),
        "\"".repeat(1 << 18),
        "${a".repeat(1 << 16),
        "include /etc/nginx/nginx.conf;\n".repeat(100),
        "conf-file=/etc/dnsmasq.conf\n".repeat(100),
        "Include /etc/apache2/apache2.conf\n".repeat(100),
        "include \"/etc/lighttpd/lighttpd.conf\"\n".repeat(100),
        "import /Caddyfile\n".repeat(100),
        "[".repeat(1 << 18),
        "-A INPUT -j INPUT\n-P INPUT DROP\n-A INPUT -j INPUT\n".repeat(10),
    ] {
        all_from(text.as_bytes());
    }
    // Built without optimization; with it this is a tenth.
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}
