//! What the daemon may do, and what is lost where it may not.

use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::daemon::Daemon;
use crate::doctor::machine::process::User;

const ABOUT: &str = "capabilities";

const DAC_READ_SEARCH: u32 = 2;
const SYS_PTRACE: u32 = 19;
const SYS_ADMIN: u32 = 21;

/// Yama forbids everybody to look at another process.
const NOBODY: u32 = 3;

/// Capabilities, and what is lost without each.
const NEEDED: [(u32, &str, &str); 3] = [
    (
        SYS_ADMIN,
        "CAP_SYS_ADMIN",
        "files are read through it, which is slower",
    ),
    (
        SYS_PTRACE,
        "CAP_SYS_PTRACE",
        "the clients of servers of other users are known by path only",
    ),
    (
        DAC_READ_SEARCH,
        "CAP_DAC_READ_SEARCH",
        "sources that are not for everybody cannot be read, and the clients of servers of other \
         users are known by path only",
    ),
];

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let mut findings = match &case.daemon {
        None => Vec::new(),
        Some(Ok(daemon)) => daemon_may(daemon),
        Some(Err(why)) => vec![Finding::note(
            ABOUT,
            format!("what the daemon may do is not known: {why}"),
            "run this as root; if it is root, the daemon is to be started by the unit in systemd/",
        )],
    };
    if case.this.user.id != 0 {
        findings.push(Finding::note(
            "this look",
            format!("as {} not everything can be seen", case.this.user.name()),
            "run it as root: sudo winbootfs doctor",
        ));
    }
    findings
}

fn daemon_may(daemon: &Daemon) -> Vec<Finding> {
    let id = daemon.process.id;
    let user = &daemon.process.user;
    if !daemon.is_of_machine {
        return vec![Finding::note(
            ABOUT,
            format!(
                "the daemon (process {id}) runs in a user namespace: its capabilities do not hold \
                 outside of it, so clients are known by path only, and files are read through it"
            ),
            "run it as root, with no PrivateUsers= in its unit",
        )];
    }
    let missing = NEEDED.iter().filter(|(number, ..)| !user.may(*number));
    let missing: Vec<Finding> = missing
        .map(|(_, name, lost)| {
            Finding::note(
                ABOUT,
                format!("the daemon (process {id}) has no {name}: {lost}"),
                format!("run it as root, with {name} in CapabilityBoundingSet= of its unit"),
            )
        })
        .collect();
    match missing.is_empty() {
        true => vec![Finding::ok(
            ABOUT,
            format!("the daemon (process {id}) has all that it needs"),
        )],
        false => missing,
    }
}

/// Why the daemon cannot tell the clients of a server by its sockets, and what would help;
/// nothing where it can, or where that is not known.
pub(super) fn no_look_at(case: &Case, server: &User) -> Option<(String, &'static str)> {
    if case.kernel.ptrace_scope == Some(NOBODY) {
        return Some((
            "the kernel lets nobody look at them (kernel.yama.ptrace_scope is 3)".to_owned(),
            "set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d, and start the machine again",
        ));
    }
    let daemon = case.daemon.as_ref()?.as_ref().ok()?;
    if daemon.process.namespaces > case.this.namespaces {
        return Some((
            "winbootfs runs in a PID namespace of its own".to_owned(),
            "run it outside of the container",
        ));
    }
    let user = &daemon.process.user;
    let may = user.may(SYS_PTRACE) && user.may(DAC_READ_SEARCH) && daemon.is_of_machine;
    let is_own = user.id == server.id;
    (!may && !is_own).then(|| {
        let name = server.name();
        (
            format!("winbootfs may not look at the sockets of user {name}"),
            "run winbootfs as root, with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        )
    })
}
