//! From a command to the one function that does it, and from an error to an exit code.

mod ask;
mod bcd;
mod check;
mod client;
mod doctor;
mod init;
mod log;
mod mount;
mod out;
mod resolve;
mod status;
mod tree;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::address::Address;
use crate::boots::Boots;
use crate::cards::Cards;
use crate::catalog::{Catalog, Surroundings};
use crate::cli::{Cli, Command, MountArgs};
use crate::config::{Config, Problems, dropped};
use crate::failure::Failure;
use crate::layer::Watch;
use crate::source::Identity;
use crate::source::dir::OwnMount;
use crate::tree::{Named, Walker};

/// Does what the command line says.
pub fn run(cli: &Cli) -> ExitCode {
    let file = cli.config.as_deref();
    let done = match &cli.command {
        None => mount::run(file, &MountArgs::default()),
        Some(Command::Mount(args)) => mount::run(file, args),
        Some(Command::Check) => check::run(file),
        Some(Command::Resolve(args)) => resolve::run(file, args),
        Some(Command::Tree(args)) => tree::run(file, args),
        Some(Command::Doctor(args)) => doctor::run(file, args),
        Some(Command::Status(args)) => status::run(file, args),
        Some(Command::Watch(args)) => watch::run(file, args),
        Some(Command::Init(args)) => init::run(file, args),
        Some(Command::Client(args)) => client::run(file, &args.command),
        Some(Command::Bcd(args)) => bcd::run(file, &args.command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Found) {
                eprintln!("winbootfs: {failure}");
            }
            ExitCode::from(failure.code())
        }
    }
}

/// The configuration file: the one named, else the one here, else the machine's.
fn config_file(named: Option<&Path>) -> PathBuf {
    let here = Path::new("mounts.toml");
    match named {
        Some(named) => named.to_owned(),
        None if here.exists() => here.to_owned(),
        None => PathBuf::from("/etc/winbootfs/mounts.toml"),
    }
}

/// What the configuration says, opened for a look and without a mount.
struct Opened {
    catalog: Arc<Catalog>,
    /// What is wrong in `clients.d/`.
    problems: Vec<Problems>,
    cards: Cards,
    /// Nobody boots here: nothing is ever remembered.
    boots: Boots,
}

fn open(file: Option<&Path>) -> Result<Opened, Failure> {
    log::progress();
    let config = Config::read(&config_file(file))?;
    let surroundings = Surroundings {
        watch: Arc::new(NoWatch),
        own_mount: Arc::new(own_mount(&config)),
    };
    let mut dropped = dropped::Folder::beside(&config.file);
    dropped.read(&config);
    let catalog = Catalog::open(config, &dropped.rules(), &surroundings, None)?;
    Ok(Opened {
        problems: dropped.problems(),
        cards: Cards::new(catalog.config()),
        boots: Boots::default(),
        catalog: Arc::new(catalog),
    })
}

impl Opened {
    /// A walker for a client that is named on the command line.
    fn walker<'a>(&'a self, asking: &'a Named<'_>) -> Walker<'a> {
        Walker::new(self.catalog.clone(), &self.boots, asking)
    }

    /// Whoever asks: the client at that address, or nobody.
    fn asking(&self, client: Option<Address>) -> Named<'_> {
        Named::new(client, &self.cards)
    }
}

/// A running daemon may cover the base; without one there is nothing to see through.
fn own_mount(config: &Config) -> OwnMount {
    let mountpoint = config.mountpoint.as_ref();
    let own_mount = mountpoint.and_then(|path| OwnMount::at(path).ok());
    own_mount.unwrap_or_default()
}

/// A command that looks once needs no events.
#[derive(Debug)]
struct NoWatch;

impl Watch for NoWatch {
    fn watch(&self, _path: &Path, _identity: Identity) -> bool {
        false
    }
}

fn address(text: Option<&str>) -> Result<Option<Address>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    match Address::parse(text.as_bytes()) {
        Some(address) => Ok(Some(address)),
        None => Err(Failure::Usage(format!(
            "{text:?} is no address\n  write it as the client has it: --client 10.0.7.5"
        ))),
    }
}
