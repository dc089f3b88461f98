//! What the operator may type. Types only; what is done about it is in [`crate::cmd`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The form of the configuration file, shown by `mount --help`.
const CONFIGURATION: &str = "\
The configuration, mounts.toml (relative paths are relative to the file):

  mountpoint = \"/srv/tftp\"              # where the tree appears
  base       = \"/srv/tftp\"              # optional: existing files shown beneath
  default    = \"rescue\"                 # optional: image for everybody else
  owner      = \"root:root\"              # optional: who owns every file

  [image.rescue]
  source = \"/srv/winpe/rescue\"          # a folder ...

  [image.win11]
  source = [\"extra\", \"/srv/win11\"]      # ... or layers: the first that has a name wins
  alias  = { \"Boot/WinPE.wim\" = \"sources/boot.wim\", \"Boot/pxeboot.com\" = false }
  poll   = true                         # optional: other machines write to it too

  [[client]]
  match = [\"10.0.7.0/24\", \"10.0.8.15\"]  # addresses and subnets, IPv4 and IPv6
  image = \"win11\"

Changes of the file take effect at once; a broken one is reported and the old one kept.

Examples:
  winbootfs mount /srv/winpe/rescue /srv/win11 /srv/tftp
  winbootfs mount --config /etc/winbootfs/mounts.toml

Signals: INT and TERM unmount, HUP reads the configuration again, USR1 writes counters
to the log.";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed, or `check` found a boot that cannot work
  2  wrong usage, or something is wrong with the configuration";

const CHECK_NOTES: &str = "\
A remark is something to know; a boot may still work. A FAULT is an image that no kind of
firmware can boot. Only names are looked at, not what is inside a BCD or a boot.wim.

Exit code: 0 if every image can boot, 1 after a FAULT, 2 if the configuration is wrong.";

const RESOLVE_EXAMPLES: &str = "\
Examples:
  winbootfs resolve --client 10.0.7.5 '\\Boot\\BCD'
  winbootfs resolve /images/win11/sources/boot.wim

Exit code: 0 if there is such a name, 1 if not, 2 if the configuration is wrong.";

const TREE_EXAMPLES: &str = "\
Behind each name stands its size; behind an alias also the stored file that answers.

Examples:
  winbootfs tree --client 10.0.7.5
  winbootfs tree --image win11";

/// Many Windows boot images behind any TFTP or HTTP server.
///
/// Mounts a read-only tree in which the names that Windows network boot programs ask
/// for are found in any case and with any separator, and in which every client sees its
/// own image under the same \Boot.
///
/// Without a command: mounts what ./mounts.toml, or else /etc/winbootfs/mounts.toml, says.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Cli {
    /// The configuration file [default: ./mounts.toml, else /etc/winbootfs/mounts.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do; `mount` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Mount the tree and serve it until it is told to stop (the default)
    #[command(after_long_help = CONFIGURATION)]
    Mount(MountArgs),
    /// Look for everything that would keep an image from booting; needs no mount
    #[command(after_help = CHECK_NOTES)]
    Check,
    /// Show, step by step, what a client would get for a name; needs no mount
    Resolve(ResolveArgs),
    /// Show all names that a client, or an image, has; needs no mount
    Tree(TreeArgs),
}

/// What `mount` takes.
#[derive(Debug, Default, Args)]
#[command(override_usage = "winbootfs mount [--config FILE]\n       \
                            winbootfs mount SOURCE... MOUNTPOINT")]
pub struct MountArgs {
    /// Folders to serve as images, then the mountpoint; no configuration file is read.
    /// Images are named after their folders, the first is the default, and what lies in
    /// the mountpoint stays visible beneath.
    #[arg(value_name = "SOURCE... MOUNTPOINT", conflicts_with = "config")]
    pub paths: Vec<PathBuf>,
}

/// What `resolve` takes.
#[derive(Debug, Args)]
#[command(after_help = RESOLVE_EXAMPLES)]
pub struct ResolveArgs {
    /// The client's address; without one, a client that nobody knows
    #[arg(long, value_name = "ADDRESS")]
    pub client: Option<String>,

    /// The name as the boot program asks for it, such as '\Boot\BCD'
    #[arg(value_name = "NAME")]
    pub name: std::ffi::OsString,
}

/// What `tree` takes.
#[derive(Debug, Args)]
#[command(after_help = TREE_EXAMPLES)]
pub struct TreeArgs {
    /// The view of this client
    #[arg(long, value_name = "ADDRESS", conflicts_with = "image")]
    pub client: Option<String>,

    /// This image, without the base
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
}

/// Reads the command line; says what is wrong with it and ends with code 2.
pub fn parse() -> Cli {
    Cli::parse()
}
