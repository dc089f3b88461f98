//! Servers that are set up by Debian's `/etc/default`, whether or not they run.

use std::fs;
use std::path::PathBuf;

use crate::doctor::setup::defaults::value;
use crate::servers::Server;

/// A server that could run.
#[derive(Debug, Clone)]
pub struct Idle {
    /// Which it is.
    pub server: &'static Server,
    /// The unit of systemd that starts it.
    pub unit: &'static str,
    /// The folder that it would serve.
    pub folder: PathBuf,
}

/// Those that are set up here.
pub fn look() -> Vec<Idle> {
    let read = |name: &str| fs::read_to_string(format!("/etc/default/{name}")).ok();
    let hpa = read("tftpd-hpa").and_then(|text| tftpd_hpa(&text));
    let atftpd = read("atftpd").and_then(|text| atftpd(&text));
    hpa.into_iter().chain(atftpd).collect()
}

/// What `/etc/default/tftpd-hpa` sets up.
pub fn tftpd_hpa(text: &str) -> Option<Idle> {
    Some(Idle {
        server: Server::of_program("in.tftpd")?,
        unit: "tftpd-hpa",
        folder: value(text, "TFTP_DIRECTORY")?.into(),
    })
}

/// What `/etc/default/atftpd` sets up, unless it leaves that to inetd.
pub fn atftpd(text: &str) -> Option<Idle> {
    let by_inetd = value(text, "USE_INETD").is_some_and(|value| value == "true");
    let options = value(text, "OPTIONS").filter(|_| !by_inetd)?;
    Some(Idle {
        server: Server::of_program("atftpd")?,
        unit: "atftpd",
        folder: options.split_whitespace().last()?.into(),
    })
}
