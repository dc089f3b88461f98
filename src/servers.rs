//! The servers that are known: how each lets the mount know its client, and the lines of its
//! configuration that the mount needs.
//!
//! The one place for these lines. What the daemon warns of, what `doctor` says and what lies
//! in `systemd/examples` are the same words; `tests/doctor/lines.rs` compares them. Pure.

use std::path::Path;

/// How the files come: what stands before the server's name in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TFTP.
    Tftp,
    /// HTTP.
    Http,
}

/// When the process that asks tells by its socket for whom it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Always: it has a process, or a thread with a socket of its own, for each client.
    Tells,
    /// With Apache's `mpm_prefork`, which has a process for each connection.
    TellsIfPrefork,
    /// Never: one process talks to all clients.
    IsSilent,
}

/// Lines of a configuration, with `ROOT` for the mountpoint.
#[derive(Debug)]
pub struct Lines {
    /// Where they belong, as the end of a sentence.
    pub place: &'static str,
    lines: &'static [&'static str],
}

impl Lines {
    const NONE: Self = Self {
        place: "",
        lines: &[],
    };

    /// The lines for a mountpoint.
    pub fn on(&self, mountpoint: &Path) -> Vec<String> {
        let root = mountpoint.display().to_string();
        let lines = self.lines.iter();
        lines.map(|line| line.replace("ROOT", &root)).collect()
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// A server.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: &'static str,
    /// Its program, as `ps` shows it; under another name on other systems.
    pub programs: &'static [&'static str],
    /// How files come from it.
    pub transport: Transport,
    /// Whether its processes tell by their sockets for whom they ask.
    pub caller: Caller,
    /// By these its root is the mount.
    pub root: Lines,
    /// By these it names its client in the path.
    pub by_path: Lines,
    /// Its file in `systemd/examples`.
    pub example: Option<&'static str>,
}

impl Server {
    /// The server whose program has that name.
    pub fn of_program(program: &str) -> Option<&'static Self> {
        let mut servers = SERVERS.iter();
        servers.find(|server| server.programs.contains(&program))
    }
}

/// All that are known.
pub const SERVERS: &[Server] = &[
    Server {
        name: "dnsmasq",
        programs: &["dnsmasq"],
        transport: Transport::Tftp,
        caller: Caller::IsSilent,
        root: Lines {
            place: "in dnsmasq.conf",
            lines: &["enable-tftp", "tftp-root=ROOT"],
        },
        by_path: Lines {
            place: "in dnsmasq.conf",
            lines: &["tftp-unique-root=ip"],
        },
        example: Some("dnsmasq.conf"),
    },
    Server {
        name: "tftpd-hpa",
        programs: &["in.tftpd"],
        transport: Transport::Tftp,
        caller: Caller::Tells,
        root: Lines {
            place: "in /etc/default/tftpd-hpa",
            lines: &["TFTP_DIRECTORY=\"ROOT\"", "TFTP_OPTIONS=\"--secure\""],
        },
        by_path: Lines {
            place: "in a map file, which the option --map-file names",
            lines: &["r ^(.*)$ /clients/\\i/\\1"],
        },
        example: Some("tftpd-hpa.default"),
    },
    Server {
        name: "atftpd",
        programs: &["atftpd"],
        transport: Transport::Tftp,
        caller: Caller::Tells,
        root: Lines {
            place: "in /etc/default/atftpd",
            lines: &["OPTIONS=\"--daemon --maxthread 200 ROOT\""],
        },
        by_path: Lines::NONE,
        example: Some("atftpd.default"),
    },
    Server {
        name: "nginx",
        programs: &["nginx"],
        transport: Transport::Http,
        caller: Caller::IsSilent,
        root: Lines {
            place: "in the server block",
            lines: &["root ROOT/clients/$remote_addr;"],
        },
        by_path: Lines {
            place: "in the server block",
            lines: &["root ROOT/clients/$remote_addr;"],
        },
        example: Some("nginx.conf"),
    },
    Server {
        name: "Apache",
        programs: &["apache2", "httpd"],
        transport: Transport::Http,
        caller: Caller::TellsIfPrefork,
        root: Lines {
            place: "in the virtual host",
            lines: &[
                "DocumentRoot \"ROOT\"",
                "<Directory \"ROOT\">",
                "    Options FollowSymLinks",
                "    AllowOverride None",
                "    Require all granted",
                "</Directory>",
            ],
        },
        by_path: Lines {
            place: "in the virtual host (or use mpm_prefork)",
            lines: &[
                "RewriteEngine On",
                "RewriteRule \"^/(.*)$\" \"ROOT/clients/%{REMOTE_ADDR}/$1\"",
            ],
        },
        example: Some("apache.conf"),
    },
    Server {
        name: "lighttpd",
        programs: &["lighttpd"],
        transport: Transport::Http,
        caller: Caller::IsSilent,
        root: Lines {
            place: "in lighttpd.conf",
            lines: &["server.document-root = \"ROOT\""],
        },
        by_path: Lines {
            place: "in lighttpd.conf",
            lines: &[
                "server.modules += (\"mod_rewrite\")",
                "$HTTP[\"remoteip\"] =~ \"^(.*)$\" {",
                "    url.rewrite-once = (\"^/(.*)$\" => \"/clients/%1/$1\")",
                "}",
            ],
        },
        example: Some("lighttpd.conf"),
    },
    // Tried by hand, with Caddy 2.6: the tests install no Caddy.
    Server {
        name: "Caddy",
        programs: &["caddy"],
        transport: Transport::Http,
        caller: Caller::IsSilent,
        root: Lines {
            place: "in the site block of the Caddyfile",
            lines: &["root * ROOT/clients/{remote_host}", "file_server"],
        },
        by_path: Lines {
            place: "in the site block of the Caddyfile",
            lines: &["root * ROOT/clients/{remote_host}"],
        },
        example: None,
    },
];

/// What makes lighttpd look at the disk each time instead of remembering files for a second.
pub const LIGHTTPD_FORGETS: &str = "server.stat-cache-engine = \"disable\"";
