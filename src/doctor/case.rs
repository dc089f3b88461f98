//! Everything that a judgement needs, looked at once.

use super::machine::beneath;
use super::machine::daemon::{self, Daemon};
use super::machine::firewall::Rules;
use super::machine::idle::{self, Idle};
use super::machine::kernel::Kernel;
use super::machine::mount::{Mountpoint, State};
use super::machine::process::Process;
use super::machine::server::{self, Seen};
use super::site::Site;

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the configuration asks for.
    pub site: Site,
    /// What is at the mountpoint.
    pub own: Mountpoint,
    /// The names in the folder at the mountpoint, whatever is mounted over it.
    pub beneath: Result<Vec<String>, String>,
    /// The daemon of the mount; none where there is no mount.
    pub daemon: Option<Result<Daemon, String>>,
    /// A process that has mounted it where nobody else sees it.
    pub elsewhere: Option<i32>,
    /// All servers that run.
    pub servers: Vec<Seen>,
    /// Servers that are set up, whether or not they run.
    pub idle: Vec<Idle>,
    /// What filters packets.
    pub firewall: Result<Rules, String>,
    /// The kernel.
    pub kernel: Kernel,
    /// This process, which looked.
    pub this: Process,
    /// Whether `/etc/fuse.conf` lets users show their mounts to others.
    pub may_share: bool,
}

impl Case {
    /// Looks at everything.
    pub fn look(site: Site, own: Mountpoint) -> Self {
        let fuse = std::fs::read_to_string("/etc/fuse.conf").unwrap_or_default();
        Self {
            beneath: match own.state {
                State::Missing | State::NotFolder => Ok(Vec::new()),
                _ => beneath::look(&own),
            },
            daemon: match own.state {
                State::Up => Some(daemon::look(&own.path)),
                _ => None,
            },
            elsewhere: match own.state {
                State::Down => daemon::elsewhere(&own),
                _ => None,
            },
            servers: server::look(&own),
            idle: idle::look(),
            firewall: Rules::look(),
            kernel: Kernel::look(),
            this: Process::own().unwrap_or_default(),
            may_share: may_share(&fuse),
            site,
            own,
        }
    }
}

/// Whether a line of `/etc/fuse.conf` says so.
pub fn may_share(fuse: &str) -> bool {
    fuse.lines().any(|line| line.trim() == "user_allow_other")
}
