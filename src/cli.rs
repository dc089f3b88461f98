//! What the operator may type. Types only; what is done about it is in [`crate::cmd`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The form of the configuration file, shown by `mount --help`.
const CONFIGURATION: &str = "\
The configuration, mounts.toml (relative paths are relative to the file):

  mountpoint = \"/srv/tftp\"              # where the tree appears
  base       = \"/srv/tftp\"              # optional: existing files shown beneath
  default    = \"rescue\"                 # optional: image for everybody else
  owner      = \"root:root\"              # optional: who owns every file
  leases     = \"/var/lib/misc/dnsmasq.leases\"  # optional: where MACs are known from
  follow_idle = \"30m\"                  # optional: how long a choice in a menu holds
  status_group = \"adm\"                # optional: who may look at boots, besides root

  [image.rescue]
  source = \"/srv/winpe/rescue\"          # a folder ...

  [image.win11]
  source = [\"extra\", \"/srv/win11\"]      # ... or layers: the first that has a name wins
  alias  = { \"Boot/WinPE.wim\" = \"sources/boot.wim\", \"Boot/pxeboot.com\" = false }
  poll   = true                         # optional: other machines write to it too

  [image.setup]
  source = \"Win11.iso\"                 # ... or an ISO or a WIM; \"boot.wim:2\": its image 2
  secure_boot = \"2023\"                # optional: the newer signature of boot programs

  [image.setup.bcd]                    # optional: its boot configuration (BCD)
  source  = \"made\"                   # or \"auto\", \"image\"
  wim     = \"tools/pe.wim\"           # the boot images of a made one
  timeout = 20

  [[client]]
  match  = [\"10.0.7.0/24\", \"52:54:00:12:34:56\"]  # addresses, subnets, MACs
  image  = \"win11\"
  follow = false                        # optional: whatever it booted from images/

Changes of the file take effect at once; a broken one is reported and the old one kept.

Reading: the kernel reads the files itself, and no byte passes through the daemon, if
  - it is Linux 6.9 or newer,
  - winbootfs runs as root (CAP_SYS_ADMIN), and
  - the files are on a disk, or on one overlay over disks.
This is called passthrough. Otherwise they are read through the daemon, which is slower.
The log says which, and why, when the first file is opened: \"files are read by the kernel
itself\" or \"... are read through the daemon: ...\". What passed through the daemon is
`bytes` among the counters.

Examples:
  winbootfs mount /srv/winpe/rescue /srv/win11 /srv/tftp
  winbootfs mount --config /etc/winbootfs/mounts.toml

Signals: INT and TERM unmount, HUP reads the configuration again, USR1 writes counters
to the log.";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed, `check` found a boot that cannot work, or `doctor` a problem
  2  wrong usage, or something is wrong with the configuration";

const CHECK_NOTES: &str = "\
Four ways to boot are looked at: BIOS and UEFI over PXE, UEFI under iPXE, UEFI over HTTP. For
each the boot configuration (BCD) is read that its boot manager would read, and what that leads
to: boot.sdi, the boot.wim, the loader inside. Not looked at: signatures, and a BCD that DHCP
names (option 252).

A remark is something to know; a boot may still work. What is missing or wrong ends the boot,
with the status that the screen then shows, as far as that is known. A FAULT is an image that
cannot boot in any of the four ways.

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

const INIT_NOTES: &str = "\
An entry starts an image's boot program under images/. By opening it the client has chosen:
whatever it asks for next, it gets from that image.

Examples:
  winbootfs init --menu pxelinux > /srv/tftp/pxelinux.cfg/default
  winbootfs init --menu ipxe --server nginx > /srv/tftp/menu.ipxe";

const DOCTOR_NOTES: &str = "\
It looks at the mount and beneath it, at the TFTP and HTTP servers that run, whether their roots
lie in the mount and they let it know their clients, at ports and firewall, at the kernel, and
at what the daemon may do. Run it as root: other users cannot see everything.

A note is something to know, or something that could not be seen. A PROBLEM keeps a client from
booting, or gives it the wrong image. Beneath each stands what to do.

Exit code: 0 if there is no problem, 1 if there is one, 2 if the configuration is wrong.";

const STATUS_NOTES: &str = "\
A boot goes through these stages: NBP (the boot program, or a menu), boot manager, BCD,
boot.sdi, boot image, done. What is wrong with one stands beneath it, with what the screen
shows and what to do.

Only root may ask, and the group that the configuration names: status_group = \"adm\".

Examples:
  winbootfs status
  winbootfs status --client 10.0.7.5
  winbootfs status --json | jq '.clients[] | {client, image, stage, state}'

Exit code: 0 if the daemon answered, 1 if not, 2 if the configuration is wrong.";

const WATCH_NOTES: &str = "\
One line a request: when, who, how long its boot lasts, what became of it, the name as it was
asked for, and the file behind it. It goes on when the daemon is started anew.

What the kernel still believes it does not ask again: the second request for a name within a
minute may be missing here, but for names that a boot cannot do without.

Examples:
  winbootfs watch
  winbootfs watch --client 10.0.7.5
  winbootfs watch --json | jq 'select(.worth == \"fatal\")'";

const BCD_MAKE_NOTES: &str = "\
What is written is what the mount serves as \\Boot\\BCD: the image's own where that boots this
firmware, completed where it lacks something, else made from its boot images. The table
[image.NAME.bcd] of the configuration holds here too.

Examples:
  winbootfs bcd make --image win11 --firmware uefi --program '\\bootx64.efi' BCD
  winbootfs bcd make --image rescue --firmware bios /srv/pe/Boot/BCD

Exit code: 0 if it was written, 1 if not, 2 if the configuration is wrong.";

const BCD_SHOW_NOTES: &str = "\
With --image, beneath each path for which a boot manager asks its server stands the stored
file that answers, or why none does. Windows' own paths within a boot.wim are not asked for.

Examples:
  winbootfs bcd show /srv/win11/boot/bcd
  winbootfs bcd show /srv/win11/boot/bcd --image win11
  winbootfs bcd show BCD --json | jq '.objects[] | {title, elements}'

Exit code: 0 if it was read, 1 if not, 2 if the configuration is wrong.";

const CLIENT_NOTES: &str = "\
Each rule is a file in the folder clients.d beside the configuration; a running daemon sees
it at once. Other programs may write such files too: under another name first, then renamed
to *.toml.

Examples:
  winbootfs client set 10.0.7.5 win11 --once
  winbootfs client set 52:54:00:12:34:56 rescue --for 2h
  winbootfs client clear 10.0.7.5";

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
    /// Look for what keeps servers and clients from the mount; changes nothing
    #[command(after_help = DOCTOR_NOTES)]
    Doctor(DoctorArgs),
    /// Show what a running daemon does: images, clients and their boots
    Status(StatusArgs),
    /// Show what clients ask for, as it happens
    Watch(WatchArgs),
    /// Print a menu with one entry for each image
    #[command(after_help = INIT_NOTES)]
    Init(InitArgs),
    /// Choose images for single clients, for a while or for one boot
    Client(ClientArgs),
    /// Look into boot configurations (BCD)
    Bcd(BcdArgs),
}

/// What `bcd` takes.
#[derive(Debug, Args)]
pub struct BcdArgs {
    /// What to do with boot configurations.
    #[command(subcommand)]
    pub command: BcdCommand,
}

/// What can be done with boot configurations.
#[derive(Debug, Subcommand)]
pub enum BcdCommand {
    /// Show what one says, in the words of bcdedit; needs no Windows
    Show(BcdShowArgs),
    /// Write the one that a client would get into a file
    #[command(after_help = BCD_MAKE_NOTES)]
    Make(BcdMakeArgs),
}

/// What `bcd make` takes.
#[derive(Debug, Args)]
pub struct BcdMakeArgs {
    /// The image
    #[arg(long, value_name = "IMAGE")]
    pub image: String,

    /// The firmware whose boot manager is to read it
    #[arg(long, value_name = "FIRMWARE")]
    pub firmware: FirmwareArg,

    /// Where a UEFI client finds its boot manager on the server [default: where the image has
    /// it]
    #[arg(long, value_name = "PATH")]
    pub program: Option<String>,

    /// Take the place of a file that is there
    #[arg(long)]
    pub force: bool,

    /// The file that is written
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Kinds of firmware.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[expect(missing_docs, reason = "they are names")]
pub enum FirmwareArg {
    Bios,
    Uefi,
}

/// What `bcd show` takes.
#[derive(Debug, Args)]
#[command(after_help = BCD_SHOW_NOTES)]
pub struct BcdShowArgs {
    /// The BCD
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Tell what this image has under the paths
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the tree is mounted, if that was said to `mount` and not in a configuration file
    /// [default: the configured mountpoint]
    #[arg(value_name = "MOUNTPOINT", conflicts_with = "config")]
    pub mountpoint: Option<PathBuf>,

    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// What `status` takes.
#[derive(Debug, Args)]
#[command(after_help = STATUS_NOTES)]
pub struct StatusArgs {
    /// Where the daemon has mounted its tree [default: the configured mountpoint]
    #[arg(value_name = "MOUNTPOINT")]
    pub mountpoint: Option<PathBuf>,

    /// Show the boots of this client, request by request
    #[arg(long, value_name = "ADDRESS")]
    pub client: Option<String>,

    /// For programs
    #[arg(long)]
    pub json: bool,

    /// For the textfile collector of Prometheus
    #[arg(long, conflicts_with_all = ["json", "client"])]
    pub prometheus: bool,
}

/// What `watch` takes.
#[derive(Debug, Args)]
#[command(after_help = WATCH_NOTES)]
pub struct WatchArgs {
    /// Where the daemon has mounted its tree [default: the configured mountpoint]
    #[arg(value_name = "MOUNTPOINT")]
    pub mountpoint: Option<PathBuf>,

    /// Show only what this client asks for
    #[arg(long, value_name = "ADDRESS")]
    pub client: Option<String>,

    /// For programs: one object a line
    #[arg(long)]
    pub json: bool,
}

/// What `init` takes.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The program that shows the menu
    #[arg(long, value_name = "PROGRAM")]
    pub menu: Menu,

    /// The server from which it loads
    #[arg(long, value_name = "SERVER", default_value = "dnsmasq")]
    pub server: Server,
}

/// Programs that show menus over the network.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Menu {
    /// BIOS
    Pxelinux,
    /// BIOS and UEFI
    Ipxe,
    /// UEFI
    Grub,
}

/// Servers.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[expect(missing_docs, reason = "they are names")]
pub enum Server {
    Dnsmasq,
    TftpdHpa,
    Atftpd,
    Nginx,
    Apache,
    Lighttpd,
}

/// What `client` takes.
#[derive(Debug, Args)]
#[command(after_help = CLIENT_NOTES)]
pub struct ClientArgs {
    /// What to do with the rules of single clients.
    #[command(subcommand)]
    pub command: ClientCommand,
}

/// What can be done with the rules of single clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Give a client an image; replaces what was set for it before
    Set(ClientSetArgs),
    /// Show what is set
    List,
    /// Take away what is set
    Clear(ClientClearArgs),
}

/// What `client set` takes.
#[derive(Debug, Args)]
pub struct ClientSetArgs {
    /// The client: IP address, subnet or MAC
    #[arg(value_name = "ADDRESS")]
    pub address: String,

    /// The image that it gets
    #[arg(value_name = "IMAGE")]
    pub image: String,

    /// End after this time, such as 30m, 2h or 7days
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub lasting: Option<Duration>,

    /// End when the client has read a boot image (*.wim) whole
    #[arg(long)]
    pub once: bool,
}

/// What `client clear` takes.
#[derive(Debug, Args)]
#[group(required = true)]
pub struct ClientClearArgs {
    /// The clients, as they were set
    #[arg(value_name = "ADDRESS", conflicts_with_all = ["expired", "all"])]
    pub addresses: Vec<String>,

    /// Everything whose time is over
    #[arg(long, conflicts_with = "all")]
    pub expired: bool,

    /// Everything
    #[arg(long)]
    pub all: bool,
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

    /// How the log is written [default: text, and under systemd fields of its journal]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// Serve a page with images and clients, and metrics for Prometheus, at this address; to
    /// nobody else: 127.0.0.1:8069
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = page_address)]
    pub web: Option<SocketAddr>,

    /// Let whoever sees the page choose the images of clients; needs a configuration file
    #[arg(long, requires = "web")]
    pub web_write: bool,
}

fn page_address(text: &str) -> Result<SocketAddr, &'static str> {
    let meant = "write an address of this machine and a port: 127.0.0.1:8069, or [::1]:8069";
    text.parse().map_err(|_| meant)
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
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
