//! What a server is set up to do: its command line and its configuration, as far as they say
//! which folder it serves and whether it names its client in the path.
//!
//! Pure: words and texts in, a [`Setup`] out. Each server has a file with as much of its
//! language as the question needs. What is not understood is told as such and never guessed:
//! a setting that is taken for another one would send somebody the wrong way.

use std::path::{Path, PathBuf};

use crate::servers::Server;

use reader::Reader;
use words::Prefix;

pub mod apache;
pub mod atftpd;
pub mod caddy;
pub mod defaults;
pub mod dnsmasq;
pub mod inetd;
pub mod lighttpd;
pub mod nginx;
pub mod options;
pub mod reader;
pub mod tftpd_hpa;
pub mod words;

/// What a server is set up to do.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The folders that it serves.
    pub roots: Vec<Root>,
    /// It serves no files, and why.
    pub off: Option<String>,
    /// What would stop a boot whatever the folder.
    pub flaws: Vec<Flaw>,
    /// It went into its folder when it started, and stays there.
    pub stands: bool,
}

/// A folder that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The folder, as far as it is the same for all clients.
    pub folder: PathBuf,
    /// How names reach it.
    pub by: By,
    /// The file that says so; none where it is the command line.
    pub file: Option<PathBuf>,
}

/// What a server puts between its folder and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Nothing.
    Nothing,
    /// The address of the client.
    Address,
    /// The MAC of the client.
    Mac,
    /// It cannot be told, and why.
    Unknown(String),
}

/// A setting that keeps clients from booting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Only what belongs to the server's own user is served.
    OwnFilesOnly,
    /// Names that do not begin with `/` are refused; those of Windows begin with `\`.
    RelativeRefused,
    /// An address is to be put in front, but there is no root to put it behind.
    NoRoot,
    /// What was found on the disk is remembered for a second, for all clients.
    Remembers,
}

impl Root {
    /// A folder that names reach as they are.
    pub fn plain(folder: impl Into<PathBuf>, file: Option<&Path>) -> Self {
        Self {
            folder: folder.into(),
            by: By::Nothing,
            file: file.map(Path::to_owned),
        }
    }

    /// The same with something put in front of names, unless something is already.
    #[must_use]
    pub fn behind(self, prefix: Option<Prefix>) -> Self {
        match prefix {
            Some(Prefix::Address("")) if self.by == By::Nothing => Self {
                by: By::Address,
                ..self
            },
            Some(Prefix::Address(folder)) if self.by == By::Nothing => Self {
                folder: self.folder.join(folder),
                by: By::Address,
                ..self
            },
            Some(Prefix::Unknown(why)) if self.by == By::Nothing => Self {
                by: By::Unknown(why.to_owned()),
                ..self
            },
            _ => self,
        }
    }
}

impl Setup {
    /// One that serves nothing.
    pub fn off(why: &str) -> Self {
        Self {
            off: Some(why.to_owned()),
            ..Self::default()
        }
    }
}

/// How a server runs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its command line, the program first.
    pub command: Vec<String>,
    /// The folder that it is in: what it names relatively begins there.
    pub folder: PathBuf,
}

/// What a known server is set up to do.
pub fn of(server: &Server, running: &Running, reader: &Reader<'_>) -> Setup {
    match server.name {
        "dnsmasq" => dnsmasq::setup(running, reader),
        "tftpd-hpa" => tftpd_hpa::setup(running, reader),
        "atftpd" => atftpd::setup(running),
        "nginx" => nginx::setup(running, reader),
        "Apache" => apache::setup(running, reader),
        "lighttpd" => lighttpd::setup(running, reader),
        "Caddy" => caddy::setup(running, reader),
        other => Setup::off(&format!("{other} is not understood")),
    }
}
